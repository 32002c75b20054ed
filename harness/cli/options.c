/* SPDX-License-Identifier: MIT */
/* Parsing options by their table. */
#include "cli/options.h"

#include <string.h>

#include "base/nearest.h"
#include "base/units.h"
#include "cli/commands.h"
#include "cli/ui.h"

struct parse {
    const struct lp_command_line *line;
    char *into;
    bool *help;
    struct lp_err *err;
};

static const struct lp_option *by_name(const struct lp_command_line *line, const char *name,
                                       size_t len)
{
    for (size_t i = 0; i < line->option_count; i++)
        if (strlen(line->options[i].name) == len && memcmp(line->options[i].name, name, len) == 0)
            return &line->options[i];
    return NULL;
}

static const struct lp_option *by_letter(const struct lp_command_line *line, char letter)
{
    for (size_t i = 0; i < line->option_count; i++)
        if (line->options[i].letter == letter)
            return &line->options[i];
    return NULL;
}

static int unknown_name(const struct parse *parse, const char *name)
{
    const char *near = lp_nearest(name, parse->line->options, parse->line->option_count,
                                  sizeof *parse->line->options);
    if (near)
        return lp_err_set(parse->err, LP_ERR_USAGE, "unknown option '--%s', did you mean '--%s'?",
                          name, near);
    return lp_err_set(parse->err, LP_ERR_USAGE, "unknown option '--%s'; --help lists them", name);
}

static int add_text(struct lp_texts *texts, const char *value, const struct lp_option *option,
                    struct lp_err *err)
{
    if (texts->count == LP_ARRAY_LEN(texts->text))
        return lp_err_set(err, LP_ERR_USAGE, "option '--%s' may be given %zu times at most",
                          option->name, LP_ARRAY_LEN(texts->text));
    texts->text[texts->count++] = value;
    return 0;
}

static int set_value(const struct parse *parse, const struct lp_option *option, const char *value)
{
    void *at = parse->into + option->offset;
    uint64_t number;
    switch (option->type) {
    case LP_OPTION_FLAG:
        *(bool *)at = true;
        return 0;
    case LP_OPTION_TEXT:
        *(const char **)at = value;
        return 0;
    case LP_OPTION_LIST:
        return add_text(at, value, option, parse->err);
    case LP_OPTION_NUMBER:
        if (lp_number_parse(value, option->min, UINT32_MAX, &number) == -1)
            return lp_err_set(parse->err, LP_ERR_USAGE,
                              "option '--%s': '%s' is no whole number of at least %llu",
                              option->name, value, (unsigned long long)option->min);
        *(uint64_t *)at = number;
        return 0;
    case LP_OPTION_DURATION:
        if (lp_duration_parse(value, &number) == -1 || number == 0)
            return lp_err_set(parse->err, LP_ERR_USAGE,
                              "option '--%s': '%s' is not " LP_DURATION_EXPECTED, option->name,
                              value);
        *(uint64_t *)at = number;
        return 0;
    }
    LP_BUG("an option of no type");
}

/* Returns how many further arguments were used, or -1. */
static int long_option(const struct parse *parse, const char *text, const char *next)
{
    const char *equals = strchr(text, '=');
    size_t len = equals ? (size_t)(equals - text) : strlen(text);
    if (!equals && strcmp(text, "help") == 0) {
        *parse->help = true;
        return 0;
    }
    const struct lp_option *option = by_name(parse->line, text, len);
    if (!option) {
        char name[64];
        size_t shown = len < sizeof name ? len : sizeof name - 1;
        memcpy(name, text, shown);
        name[shown] = '\0';
        return unknown_name(parse, name);
    }
    if (!option->argument && equals)
        return lp_err_set(parse->err, LP_ERR_USAGE, "option '--%s' takes no value", option->name);
    const char *value = equals ? equals + 1 : next;
    if (option->argument && !value)
        return lp_err_set(parse->err, LP_ERR_USAGE, "option '--%s' needs a value: %s", option->name,
                          option->argument);
    if (set_value(parse, option, value) == -1)
        return -1;
    return option->argument && !equals ? 1 : 0;
}

static int short_options(const struct parse *parse, const char *letters, const char *next)
{
    for (const char *at = letters; *at; at++) {
        const struct lp_option *option = by_letter(parse->line, *at);
        if (!option && *at == 'h') {
            *parse->help = true;
            continue;
        }
        if (!option)
            return lp_err_set(parse->err, LP_ERR_USAGE, "unknown option '-%c'; --help lists them",
                              *at);
        if (!option->argument) {
            if (set_value(parse, option, NULL) == -1)
                return -1;
            continue;
        }
        const char *value = at[1] ? at + 1 : next;
        if (!value)
            return lp_err_set(parse->err, LP_ERR_USAGE, "option '-%c' needs a value: %s", *at,
                              option->argument);
        if (set_value(parse, option, value) == -1)
            return -1;
        return at[1] ? 0 : 1;
    }
    return 0;
}

int lp_options_parse(const struct lp_command_line *line, int argc, char **argv, void *into,
                     const char **rest, size_t *rest_count, bool *help, struct lp_err *err)
{
    const struct parse parse = {.line = line, .into = into, .help = help, .err = err};
    bool only_rest = false;
    *rest_count = 0;
    *help = false;
    for (int i = 1; i < argc; i++) {
        const char *text = argv[i];
        const char *next = i + 1 < argc ? argv[i + 1] : NULL;
        int used = 0;
        if (only_rest || text[0] != '-' || text[1] == '\0')
            rest[(*rest_count)++] = text;
        else if (strcmp(text, "--") == 0)
            only_rest = true;
        else if (text[1] == '-')
            used = long_option(&parse, text + 2, next);
        else
            used = short_options(&parse, text + 1, next);
        if (used == -1)
            return -1;
        i += used;
    }
    return 0;
}

void lp_options_help(const struct lp_command_line *line, struct lp_str *out)
{
    lp_str_addf(out, "usage: lockproof %s\n\n%s\n\noptions:\n", line->synopsis, line->summary);
    for (size_t i = 0; i < line->option_count; i++) {
        const struct lp_option *option = &line->options[i];
        struct lp_str left;
        lp_str_init(&left);
        if (option->letter)
            lp_str_addf(&left, "  -%c, --%s", option->letter, option->name);
        else
            lp_str_addf(&left, "      --%s", option->name);
        if (option->argument)
            lp_str_addf(&left, " %s", option->argument);
        lp_str_addf(out, left.len < 32 ? "%-32s %s\n" : "%s\n                                 %s\n",
                    left.ptr, option->help);
        lp_str_release(&left);
    }
    lp_str_add(out, "  -h, --help                     show this\n");
}

int lp_help_show(const struct lp_command_line *line)
{
    struct lp_str out;
    lp_str_init(&out);
    lp_options_help(line, &out);
    bool written = lp_ui_print(out.ptr) && lp_ui_flush();
    lp_str_release(&out);
    return written ? LP_EXIT_OK : LP_EXIT_FAILURE;
}
