/* SPDX-License-Identifier: MIT */
/*
 * Whom each fault means, and whether it can be done: a target that does not exist, a fault that
 * would never end, or one that its target cannot suffer is a mistake in the scenario, told before
 * anything runs. A fault that is silently not done would make every lock look good.
 */
#include <string.h>

#include "base/units.h"
#include "scenario/parse.h"

static const struct {
    const char *name;
    enum lp_target_kind kind;
    unsigned takes; /* words that may follow */
} words[] = {
    {"holder", LP_TARGET_HOLDER, 0},       {"waiter", LP_TARGET_WAITER, 0},
    {"worker", LP_TARGET_WORKER, 1},       {"group", LP_TARGET_GROUP, 1},
    {"container", LP_TARGET_CONTAINER, 1}, {"server", LP_TARGET_SERVER, 2},
    {"primary", LP_TARGET_SERVER, 0},      {"replica", LP_TARGET_SERVER, 0},
};

/* The word at `*text`, ended; *text moves behind it. NULL at the end. */
static const char *next_word(struct lp_parse *parse, const char **text)
{
    *text += strspn(*text, " ");
    const size_t len = strcspn(*text, " ");
    if (len == 0)
        return NULL;
    const char *word = lp_arena_strndup(&parse->scenario->arena, *text, len);
    *text += len;
    return word;
}

static int expect_number(struct lp_parse *parse, struct lp_fault_target *target, const char *what,
                         const char *word, unsigned count)
{
    uint64_t number = 0;

    if (word && lp_number_parse(word, 0, UINT32_MAX, &number) == 0 && number < count) {
        target->index = (unsigned)number;
        return 0;
    }
    return lp_parse_fail(parse, target->mark,
                         "target `%s`: there is no such %s, expected one from "
                         "0 to %u",
                         target->text, what, count - 1);
}

static int find_group(struct lp_parse *parse, struct lp_fault_target *target, const char *name)
{
    const struct lp_scenario *scenario = parse->scenario;

    for (size_t i = 0; name && i < scenario->group_count; i++) {
        if (strcmp(scenario->groups[i].name, name) == 0) {
            target->index = (unsigned)i;
            return 0;
        }
    }
    return lp_parse_fail(parse, target->mark, "target `%s`: there is no such group%s", target->text,
                         lp_hint(name ? name : "", scenario->groups, scenario->group_count,
                                 sizeof(scenario->groups[0]))
                             .text);
}

static int find_server(struct lp_parse *parse, struct lp_fault_target *target, const char *name,
                       const char *number)
{
    const struct lp_scenario *scenario = parse->scenario;

    for (unsigned i = 0; name && i < scenario->server_count; i++) {
        if (strcmp(scenario->servers[i].name, name) != 0)
            continue;
        target->server = i;
        if (!number)
            return 0;
        return expect_number(parse, target, "server", number, scenario->servers[i].count);
    }
    if (scenario->server_count == 0)
        return lp_parse_fail(parse, target->mark, "target `%s`: this scenario has no server",
                             target->text);
    return lp_parse_fail(parse, target->mark, "target `%s`: there is no such server%s",
                         target->text,
                         lp_hint(name ? name : "", scenario->servers, scenario->server_count,
                                 sizeof(scenario->servers[0]))
                             .text);
}

/* "primary", "replica": of the kind that has them. */
static int find_role(struct lp_parse *parse, struct lp_fault_target *target, bool replica)
{
    const struct lp_scenario *scenario = parse->scenario;

    for (unsigned i = 0; i < scenario->server_count; i++) {
        if (scenario->servers[i].topology != LP_TOPOLOGY_REPLICA)
            continue;
        target->server = i;
        target->index = replica ? 1 : 0;
        return 0;
    }
    return lp_parse_fail(parse, target->mark,
                         "target `%s`: no server of this scenario has "
                         "`topology: replica`",
                         target->text);
}

static int resolve(struct lp_parse *parse, struct lp_fault_target *target)
{
    const struct lp_scenario *scenario = parse->scenario;
    const char *text = target->text;
    const char *word = next_word(parse, &text);
    const char *first = next_word(parse, &text), *second = next_word(parse, &text);
    size_t row = 0;

    while (row < LP_ARRAY_LEN(words) && !(word && strcmp(words[row].name, word) == 0))
        row++;
    if (row == LP_ARRAY_LEN(words))
        return lp_parse_fail(
            parse, target->mark, "unknown target %s%s", lp_quote(target->text).text,
            lp_hint(word ? word : "", words, LP_ARRAY_LEN(words), sizeof(words[0])).text);
    target->kind = words[row].kind;
    unsigned given = (first != NULL) + (second != NULL) + (next_word(parse, &text) != NULL);
    if (given > words[row].takes)
        return lp_parse_fail(parse, target->mark, "target %s has too many words",
                             lp_quote(target->text).text);
    switch (target->kind) {
    case LP_TARGET_WORKER:
        return expect_number(parse, target, "worker", first, lp_scenario_workers(scenario));
    case LP_TARGET_CONTAINER:
        return expect_number(parse, target, "container", first, scenario->containers);
    case LP_TARGET_GROUP:
        return find_group(parse, target, first);
    case LP_TARGET_SERVER:
        if (strcmp(word, "server") == 0)
            return find_server(parse, target, first, second);
        return find_role(parse, target, strcmp(word, "replica") == 0);
    case LP_TARGET_HOLDER:
        if (scenario->lock_count == 0)
            return lp_parse_fail(parse, target->mark, "target `holder`: this scenario has no lock");
        return 0;
    case LP_TARGET_WAITER:
    case LP_TARGET_NONE:
        break;
    }
    return 0;
}

/* ---- can it be done? ---- */

static bool some_driver_has_harm(const struct lp_parse *parse)
{
    const struct lp_scenario *scenario = parse->scenario;

    for (size_t i = 0; i < scenario->lock_count; i++)
        if (parse->vocabulary->drivers[scenario->locks[i].driver_index].has_harm)
            return true;
    return false;
}

static int check_kind(struct lp_parse *parse, const struct lp_fault *fault)
{
    const struct lp_fault_row *row = &lp_fault_rows[fault->kind];
    const bool harms = fault->kind == LP_FAULT_RESET || fault->kind == LP_FAULT_EXPIRE;
    const struct lp_scenario *scenario = parse->scenario;

    if (fault->kind == LP_FAULT_CLOCK_JUMP)
        return lp_parse_fail(parse, fault->mark, "fault `clock-jump` is %s", row->help);
    if (!(row->targets & fault->target.kind))
        return lp_parse_fail(parse, fault->target.mark, "fault `%s` cannot be done to `%s`",
                             row->name, fault->target.text);
    if (harms && !some_driver_has_harm(parse))
        return lp_parse_fail(parse, fault->mark,
                             "fault `%s`, expected a lock of a driver whose "
                             "server can do that to a session",
                             row->name);
    if (fault->kind == LP_FAULT_FAILOVER &&
        (scenario->servers[fault->target.server].topology != LP_TOPOLOGY_REPLICA ||
         fault->target.index != 0))
        return lp_parse_fail(parse, fault->target.mark,
                             "fault `failover`, expected the primary of "
                             "servers with `topology: replica`");
    if (row->network && fault->target.kind == LP_TARGET_CONTAINER && !scenario->placement_needed)
        return lp_parse_fail(parse, fault->mark,
                             "fault `%s` of a container, expected `needs: "
                             "[namespace]` in the scenario",
                             row->name);
    return 0;
}

static int check_from(struct lp_parse *parse, struct lp_fault *fault)
{
    if (fault->kind != LP_FAULT_PARTITION) {
        if (fault->from.text)
            return lp_parse_fail(parse, fault->from.mark, "`from` belongs to `fault: partition`");
        return 0;
    }
    if (!fault->from.text)
        return lp_parse_fail(parse, fault->mark,
                             "fault `partition` without `from`, expected one "
                             "such as `from: server redis`");
    if (resolve(parse, &fault->from) != 0)
        return -1;
    if (fault->from.kind != LP_TARGET_SERVER)
        return lp_parse_fail(parse, fault->from.mark, "`from` is `%s`, expected a server",
                             fault->from.text);
    return 0;
}

/* A holder is caught where it certainly is one. */
static void set_default_point(struct lp_fault *fault)
{
    if (fault->target.kind == LP_TARGET_HOLDER && fault->after.step == LP_STEP_NONE)
        fault->after = (struct lp_fault_point){LP_STEP_LOCK, 1};
}

static int check_by(struct lp_parse *parse, struct lp_fault *fault)
{
    if (!fault->by.text)
        return 0;
    if (fault->after.step == LP_STEP_NONE)
        return lp_parse_fail(parse, fault->by.mark,
                             "`by` without `after`, expected the step that "
                             "must have been done");
    if (resolve(parse, &fault->by) != 0)
        return -1;
    if (fault->by.kind & (LP_TARGET_WORKER | LP_TARGET_GROUP | LP_TARGET_CONTAINER))
        return 0;
    return lp_parse_fail(parse, fault->by.mark,
                         "`by` is `%s`, expected a worker, a group or a "
                         "container",
                         fault->by.text);
}

static int check_times(struct lp_parse *parse, const struct lp_fault *fault)
{
    const struct lp_fault_row *row = &lp_fault_rows[fault->kind];
    const bool ends = fault->for_ns || fault->until.step != LP_STEP_NONE;

    if (row->lasts && !ends)
        return lp_parse_fail(parse, fault->mark,
                             "fault `%s` never ends, expected `for: T` or "
                             "`until: STEP`",
                             row->name);
    if (fault->for_ns && fault->until.step != LP_STEP_NONE)
        return lp_parse_fail(parse, fault->mark,
                             "`for` and `until` in one fault, expected one of "
                             "the two");
    if (fault->every_ns && fault->random.max_ns)
        return lp_parse_fail(parse, fault->mark,
                             "`every` and `random` in one fault, expected one "
                             "of the two");
    if (ends && parse->scenario->burst > 0)
        return lp_parse_fail(parse, fault->mark,
                             "fault `%s` lasts, expected `burst: 0`: who is "
                             "stopped would keep the others waiting at the next burst",
                             row->name);
    if (fault->target.kind == LP_TARGET_WAITER && fault->after.step != LP_STEP_NONE)
        return lp_parse_fail(parse, fault->mark,
                             "`after` with `target: waiter`: who has done the "
                             "step does not wait");
    if (fault->target.kind == LP_TARGET_CONTAINER && fault->after.step != LP_STEP_NONE &&
        !row->network)
        return lp_parse_fail(parse, fault->mark,
                             "`after` with a container, expected one worker or "
                             "a group");
    return 0;
}

int lp_check_faults(struct lp_parse *parse)
{
    struct lp_scenario *scenario = parse->scenario;

    for (size_t i = 0; i < scenario->fault_count; i++) {
        struct lp_fault *fault = &scenario->faults[i];
        if (fault->kind != LP_FAULT_CLOCK_JUMP) {
            if (!fault->target.text)
                return lp_parse_fail(parse, fault->mark,
                                     "a fault without `target`, expected one "
                                     "such as `target: holder`");
            if (resolve(parse, &fault->target) != 0)
                return -1;
        }
        set_default_point(fault);
        if (check_kind(parse, fault) != 0 || check_from(parse, fault) != 0 ||
            check_by(parse, fault) != 0 || check_times(parse, fault) != 0)
            return -1;
    }
    return 0;
}
