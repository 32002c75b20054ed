/* SPDX-License-Identifier: MIT */
/*
 * One step as people write it, "lock a shared" or "think 1ms..2ms", to struct lp_step: the word's
 * row in the table of steps, then its arguments by the row's form.
 */
#include <ctype.h>
#include <string.h>

#include "scenario/parse.h"

enum { WORDS_MAX = 8 };

struct words {
    struct lp_parse *parse;
    const char *word[WORDS_MAX];
    struct lp_mark mark[WORDS_MAX];
    size_t count;
    size_t used;
    const struct lp_step_row *row;
};

/* Cuts the text at white space. A word's own column is known when the text stands in the file as it
   is: unquoted, on one line. */
static int split(struct words *words, const yaml_node_t *node)
{
    const char *text = (const char *)node->data.scalar.value;
    const bool as_is = node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
                       node->start_mark.line == node->end_mark.line;
    struct lp_mark mark = lp_mark_of(node);

    for (;;) {
        for (; isspace((unsigned char)*text); text++)
            mark.column += as_is;
        if (!*text)
            return 0;
        if (words->count == WORDS_MAX)
            return lp_parse_fail(words->parse, lp_mark_of(node),
                                 "too many words in a step, expected one such as `lock a shared`");
        const char *begin = text;
        words->mark[words->count] = mark;
        for (; *text && !isspace((unsigned char)*text); text++)
            mark.column += as_is && ((unsigned char)*text & 0xc0) != 0x80;
        words->word[words->count++] =
            lp_arena_strndup(&words->parse->scenario->arena, begin, (size_t)(text - begin));
    }
}

static const char *peek(const struct words *words)
{
    return words->used < words->count ? words->word[words->used] : NULL;
}

static bool take(struct words *words, const char *word)
{
    const char *next = peek(words);

    if (!next || strcmp(next, word) != 0)
        return false;
    words->used++;
    return true;
}

static int lock_index(const struct lp_scenario *scenario, const char *name)
{
    for (size_t i = 0; i < scenario->lock_count; i++)
        if (strcmp(scenario->locks[i].name, name) == 0)
            return (int)i;
    return -1;
}

/* No name stands for the only lock. */
static int default_lock(struct words *words, int *target)
{
    const struct lp_scenario *scenario = words->parse->scenario;

    if (scenario->lock_count == 1) {
        *target = 0;
        return 0;
    }
    if (scenario->lock_count == 0)
        return lp_parse_fail(words->parse, words->mark[0],
                             "step `%s` without a lock, expected `lock: {driver: ...}` in the "
                             "scenario",
                             words->row->name);
    return lp_parse_fail(words->parse, words->mark[0],
                         "step `%s` names no lock, expected `%s %s` or another of the %zu locks",
                         words->row->name, words->row->name, scenario->locks[0].name,
                         scenario->lock_count);
}

/* `shared` and `store` may follow or stand instead of a name; `also` is the one, or NULL. */
static int take_lock(struct words *words, const char *also, int *target)
{
    const struct lp_scenario *scenario = words->parse->scenario;
    const char *name = peek(words);
    const char *names[LP_LOCKS_MAX + 1];
    size_t count = 0;

    if (!name || (also && strcmp(name, also) == 0))
        return default_lock(words, target);
    *target = lock_index(scenario, name);
    if (*target >= 0) {
        words->used++;
        return 0;
    }
    for (size_t i = 0; i < scenario->lock_count; i++)
        names[count++] = scenario->locks[i].name;
    if (also)
        names[count++] = also;
    return lp_parse_fail(words->parse, words->mark[words->used], "unknown lock %s%s",
                         lp_quote(name).text,
                         scenario->lock_count ? lp_hint(name, names, count, sizeof(names[0])).text
                                              : ", expected `lock: {driver: ...}` in the scenario");
}

static int take_lock_mode(struct words *words, struct lp_step *step)
{
    if (take_lock(words, "shared", &step->target) != 0)
        return -1;
    step->mode = take(words, "shared") ? 1 : 0; /* enum lp_lock_mode */
    return 0;
}

static int take_handle(struct words *words, struct lp_step *step)
{
    if (take(words, "store") || (!peek(words) && words->parse->scenario->lock_count == 0)) {
        step->target = -1;
        return 0;
    }
    return take_lock(words, "store", &step->target);
}

static int take_begin(struct words *words, struct lp_step *step)
{
    const char *mode = peek(words);
    size_t count = 0;

    for (; lp_begin_names[count]; count++) {
        if (mode && strcmp(mode, lp_begin_names[count]) == 0) {
            step->mode = (unsigned)count;
            words->used++;
            return 0;
        }
    }
    if (!mode)
        return lp_parse_fail(words->parse, words->mark[0],
                             "step `begin` names no mode, expected %s", words->row->synopsis);
    return lp_parse_fail(words->parse, words->mark[words->used], "unknown mode %s of `begin`%s",
                         lp_quote(mode).text,
                         lp_hint(mode, lp_begin_names, count, sizeof(lp_begin_names[0])).text);
}

static int take_range(struct words *words, struct lp_step *step)
{
    const char *text = peek(words);

    if (!text)
        return lp_parse_fail(words->parse, words->mark[0],
                             "step `%s` names no time, expected one such as `%s 200us`",
                             words->row->name, words->row->name);
    words->used++;
    return lp_parse_range(words->parse, words->mark[words->used - 1], "`think`", text,
                          &step->think);
}

static int take_fence(struct words *words, struct lp_step *step)
{
    int lock = -1;

    if (!take(words, "fenced"))
        return 0;
    if (take_lock(words, NULL, &lock) != 0)
        return -1;
    step->fence = 1 + (unsigned)lock;
    return 0;
}

static int take_arguments(struct words *words, struct lp_step *step)
{
    switch (words->row->arg) {
    case LP_ARG_NONE:
        return 0;
    case LP_ARG_LOCK:
        return take_lock(words, NULL, &step->target);
    case LP_ARG_LOCK_MODE:
        return take_lock_mode(words, step);
    case LP_ARG_BEGIN:
        return take_begin(words, step);
    case LP_ARG_RANGE:
        return take_range(words, step);
    case LP_ARG_HANDLE:
        return take_handle(words, step);
    case LP_ARG_FENCE:
        return take_fence(words, step);
    }
    LP_BUG("a step of no form");
}

int lp_parse_step(struct lp_parse *parse, const yaml_node_t *node, struct lp_step *step)
{
    struct words words = {.parse = parse};

    if (node->type != YAML_SCALAR_NODE)
        return lp_parse_fail(parse, lp_mark_of(node),
                             "a step is %s, expected a text such as `think 200us`, without a colon",
                             lp_kind_name(node));
    if (split(&words, node) != 0)
        return -1;
    if (words.count == 0)
        return lp_parse_fail(parse, lp_mark_of(node),
                             "a step is empty, expected one such as `lock`");
    for (size_t i = 0; i < lp_step_row_count; i++)
        if (strcmp(lp_step_rows[i].name, words.word[0]) == 0)
            words.row = &lp_step_rows[i];
    if (!words.row)
        return lp_parse_fail(
            parse, words.mark[0], "unknown step %s%s", lp_quote(words.word[0]).text,
            lp_hint(words.word[0], lp_step_rows, lp_step_row_count, sizeof(lp_step_rows[0])).text);
    *step = (struct lp_step){.kind = words.row->kind, .target = -1, .mark = lp_mark_of(node)};
    words.used = 1;
    if (take_arguments(&words, step) != 0)
        return -1;
    if (words.used < words.count)
        return lp_parse_fail(parse, words.mark[words.used], "%s after step `%s`, expected `%s`",
                             lp_quote(words.word[words.used]).text, words.row->name,
                             words.row->synopsis);
    return 0;
}
