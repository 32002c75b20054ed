/* SPDX-License-Identifier: MIT */
/*
 * One scalar of the file to one member of a struct, as its row in the table of keys says.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "scenario/parse.h"

enum { NAME_LEN_MAX = 31 }; /* a history's header has 32 bytes for a name */

int lp_parse_scalar(struct lp_parse *parse, const yaml_node_t *node, const char *what,
                    const char **text)
{
    if (node->type != YAML_SCALAR_NODE)
        return lp_parse_fail(parse, lp_mark_of(node), "%s is %s, expected a text", what,
                             lp_kind_name(node));
    *text = (const char *)node->data.scalar.value;
    return 0;
}

int lp_parse_name(struct lp_parse *parse, const yaml_node_t *node, const char *what,
                  const char **name)
{
    const char *text = NULL;

    if (lp_parse_scalar(parse, node, what, &text) != 0)
        return -1;
    size_t len = 0;
    while (isascii(text[len]) && (isalnum((unsigned char)text[len]) ||
                                  (len > 0 && text[len] && strchr("_-.", text[len]))))
        len++;
    if (len == 0 || len > NAME_LEN_MAX || text[len])
        return lp_parse_fail(parse, lp_mark_of(node),
                             "%s is %s, expected a name of at most %d letters, digits, '_', '-', "
                             "'.'",
                             what, lp_quote(text).text, NAME_LEN_MAX);
    *name = lp_arena_strdup(&parse->scenario->arena, text);
    return 0;
}

int lp_parse_range(struct lp_parse *parse, struct lp_mark mark, const char *what, const char *text,
                   struct lp_range *range)
{
    const char *dots = strstr(text, "..");
    const char *low = text;
    const char *high = text;

    if (dots) {
        low = lp_arena_strndup(&parse->scenario->arena, text, (size_t)(dots - text));
        high = dots + 2;
    }
    if (lp_duration_parse(low, &range->min_ns) != 0 || lp_duration_parse(high, &range->max_ns) != 0)
        return lp_parse_fail(
            parse, mark, "%s is %s, expected " LP_DURATION_EXPECTED ", or a range such as 0..1ms",
            what, lp_quote(text).text);
    if (range->min_ns > range->max_ns)
        return lp_parse_fail(parse, mark, "%s is %s, expected the smaller time first", what,
                             lp_quote(text).text);
    if (range->max_ns > LP_PAUSE_MAX_NS)
        return lp_parse_fail(parse, mark, "%s is %s, expected at most 1h", what,
                             lp_quote(text).text);
    return 0;
}

/* Value and row as one, so that the setters have one shape. */
struct value {
    struct lp_parse *parse;
    const struct lp_key *key;
    const yaml_node_t *node;
    const char *text;
    void *member;
};

static int bad(const struct value *value, const char *expected)
{
    return lp_parse_fail(value->parse, lp_mark_of(value->node), "`%s` is %s, expected %s",
                         value->key->name, *value->text ? lp_quote(value->text).text : "empty",
                         expected);
}

static int set_text(const struct value *value, bool one_line)
{
    size_t len = strlen(value->text);

    while (len > 0 && isspace((unsigned char)value->text[len - 1]))
        len--; /* block scalars end in a newline */
    if (len == 0)
        return bad(value, "a text");
    if (one_line && memchr(value->text, '\n', len))
        return bad(value, "one line");
    *(const char **)value->member =
        lp_arena_strndup(&value->parse->scenario->arena, value->text, len);
    return 0;
}

static int set_name(const struct value *value)
{
    char what[32];

    snprintf(what, sizeof(what), "`%s`", value->key->name);
    return lp_parse_name(value->parse, value->node, what, value->member);
}

/* Whole numbers, with a sign when the row's minimum is below zero. */
static int parse_whole(const struct value *value, int64_t *number)
{
    const bool negative = value->text[0] == '-' && value->key->min < 0;
    const uint64_t limit = negative ? (uint64_t)-value->key->min : (uint64_t)value->key->max;
    const uint64_t least = value->key->min > 0 ? (uint64_t)value->key->min : 0;
    uint64_t magnitude;

    if (lp_number_parse(value->text + (negative ? 1 : 0), negative ? 0 : least, limit,
                        &magnitude) != 0) {
        char expected[80];
        snprintf(expected, sizeof(expected), "a whole number from %" PRId64 " to %" PRId64,
                 value->key->min, value->key->max);
        return bad(value, expected);
    }
    *number = negative ? -(int64_t)magnitude : (int64_t)magnitude;
    return 0;
}

static int set_number(const struct value *value)
{
    int64_t number = 0;

    if (parse_whole(value, &number) != 0)
        return -1;
    if (value->key->type == LP_KEY_COUNT)
        *(unsigned *)value->member = (unsigned)number;
    else if (value->key->type == LP_KEY_INDEX)
        *(int *)value->member = (int)number;
    else
        *(int64_t *)value->member = number;
    return 0;
}

static int set_duration(const struct value *value)
{
    const uint64_t min = (uint64_t)value->key->min, max = (uint64_t)value->key->max;
    uint64_t *member = value->member;

    if (lp_duration_parse(value->text, member) != 0)
        return bad(value, LP_DURATION_EXPECTED);
    if (*member < min || *member > max) {
        char low[24], high[24], expected[64];
        snprintf(expected, sizeof(expected), "from %s to %s",
                 lp_duration_format(min, low, sizeof(low)),
                 lp_duration_format(max, high, sizeof(high)));
        return bad(value, expected);
    }
    return 0;
}

static int set_range(const struct value *value)
{
    char what[32];

    snprintf(what, sizeof(what), "`%s`", value->key->name);
    return lp_parse_range(value->parse, lp_mark_of(value->node), what, value->text, value->member);
}

static int set_choice(const struct value *value)
{
    const char *const *choices = value->key->choices;
    unsigned count = 0;

    for (; choices[count]; count++) {
        if (strcmp(choices[count], value->text) == 0) {
            *(unsigned *)value->member = count;
            return 0;
        }
    }
    return lp_parse_fail(value->parse, lp_mark_of(value->node), "`%s` is %s%s", value->key->name,
                         lp_quote(value->text).text,
                         lp_hint(value->text, choices, count, sizeof(*choices)).text);
}

static int set_bool(const struct value *value)
{
    static const struct {
        const char *text;
        bool value;
    } words[] = {{"true", true}, {"false", false}, {"yes", true}, {"no", false}};

    for (size_t i = 0; i < LP_ARRAY_LEN(words); i++) {
        if (strcmp(words[i].text, value->text) == 0) {
            *(bool *)value->member = words[i].value;
            return 0;
        }
    }
    return bad(value, "true or false");
}

static int set_seed(const struct value *value)
{
    if (lp_number_parse(value->text, 0, UINT64_MAX, value->member) != 0)
        return bad(value, "a whole number of at most 64 bits");
    return 0;
}

int lp_parse_member(struct lp_parse *parse, const struct lp_key *key, void *base,
                    const yaml_node_t *node)
{
    struct value value = {parse, key, node, NULL, (char *)base + key->offset};
    char what[32];

    if (key->type == LP_KEY_CUSTOM)
        return key->parse(parse, base, node);
    snprintf(what, sizeof(what), "`%s`", key->name);
    if (lp_parse_scalar(parse, node, what, &value.text) != 0)
        return -1;
    switch (key->type) {
    case LP_KEY_LINE:
        return set_text(&value, true);
    case LP_KEY_TEXT:
        return set_text(&value, false);
    case LP_KEY_NAME:
        return set_name(&value);
    case LP_KEY_COUNT:
    case LP_KEY_INDEX:
    case LP_KEY_SIGNED:
        return set_number(&value);
    case LP_KEY_SEED:
        return set_seed(&value);
    case LP_KEY_DURATION:
        return set_duration(&value);
    case LP_KEY_RANGE:
        return set_range(&value);
    case LP_KEY_CHOICE:
        return set_choice(&value);
    case LP_KEY_BOOL:
        return set_bool(&value);
    case LP_KEY_CUSTOM:
        break;
    }
    LP_BUG("a key of no type");
}
