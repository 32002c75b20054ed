/* SPDX-License-Identifier: MIT */
/* Parameters: the text of a value into the member of the driver's own struct. */
#include "drivers/registry.h"

#include <stdint.h>
#include <string.h>
#include "base/nearest.h"
#include "base/units.h"

/* Any parameter's value; lp_param_check() parses into it and throws it away. */
union any_value {
    const char *text;
    bool yes;
    uint64_t number;
    unsigned choice;
};

struct bool_word {
    const char *word;
    bool value;
};

static const struct bool_word bool_words[] = {
    {"yes", true},
    {"no", false},
    {"true", true},
    {"false", false},
};

static int set_bool(bool *target, const char *value, struct lp_err *err)
{
    for (size_t i = 0; i < LP_ARRAY_LEN(bool_words); i++) {
        if (strcmp(value, bool_words[i].word) == 0) {
            *target = bool_words[i].value;
            return 0;
        }
    }
    return lp_err_set(err, LP_ERR_USAGE, "'%s' where yes or no was expected", value);
}

/* "once or each"; cut short when there are very many. */
static void list_choices(const char *const *choices, char *buf, size_t size)
{
    size_t len = 0;
    buf[0] = '\0';
    for (size_t i = 0; choices[i] && len < size - 1; i++) {
        const char *before = i == 0 ? "" : choices[i + 1] ? ", " : " or ";
        size_t joint = strlen(before), part = joint + strlen(choices[i]);
        if (part >= size - len)
            return;
        memcpy(buf + len, before, joint);
        memcpy(buf + len + joint, choices[i], part - joint + 1);
        len += part;
    }
}

static int set_choice(const struct lp_param *param, unsigned *target, const char *value,
                      struct lp_err *err)
{
    size_t count = 0;
    for (; param->choices[count]; count++) {
        if (strcmp(value, param->choices[count]) == 0) {
            *target = (unsigned)count;
            return 0;
        }
    }
    char list[160];
    list_choices(param->choices, list, sizeof list);
    const char *near = lp_nearest(value, param->choices, count, sizeof *param->choices);
    if (near)
        return lp_err_set(err, LP_ERR_USAGE, "'%s' where %s was expected; did you mean '%s'?",
                          value, list, near);
    return lp_err_set(err, LP_ERR_USAGE, "'%s' where %s was expected", value, list);
}

int lp_param_set(const struct lp_param *param, void *params, const char *value, struct lp_err *err)
{
    void *target = (char *)params + param->offset;

    switch (param->type) {
    case LP_PARAM_PATH:
        if (*value == '\0')
            return lp_err_set(err, LP_ERR_USAGE, "an empty text where a path was expected");
        *(const char **)target = value;
        return 0;
    case LP_PARAM_TEXT:
        *(const char **)target = value;
        return 0;
    case LP_PARAM_BOOL:
        return set_bool(target, value, err);
    case LP_PARAM_NUMBER:
        if (lp_number_parse(value, 0, UINT64_MAX, target) == 0)
            return 0;
        return lp_err_set(err, LP_ERR_USAGE, "'%s' where a whole number was expected", value);
    case LP_PARAM_DURATION:
        if (lp_duration_parse(value, target) == 0)
            return 0;
        return lp_err_set(err, LP_ERR_USAGE, "'%s' where %s was expected", value,
                          LP_DURATION_EXPECTED);
    case LP_PARAM_CHOICE:
        return set_choice(param, target, value, err);
    }
    return lp_err_set(err, LP_ERR_USAGE, "parameter '%s' has a type %d that is not known",
                      param->name, (int)param->type);
}

int lp_param_check(const struct lp_param *param, const char *value, struct lp_err *err)
{
    union any_value scratch = {0};
    struct lp_param alone = *param;

    alone.offset = 0;
    return lp_param_set(&alone, &scratch, value, err);
}

void lp_params_default(const struct lp_driver *driver, void *params)
{
    for (size_t i = 0; i < driver->param_count; i++) {
        const struct lp_param *param = &driver->params[i];
        struct lp_err err;
        if (param->initial && lp_param_set(param, params, param->initial, &err) == -1)
            LP_BUG("a driver's default was not looked at by lp_driver_check");
    }
}
