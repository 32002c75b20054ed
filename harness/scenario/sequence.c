/* SPDX-License-Identifier: MIT */
/*
 * One round of a group, step by step, as if every step succeeded: can the drivers do it, and does
 * it make sense? What is wrong with the lock's own rules (unlock without lock, a round that ends
 * holding it) is an error unless the scenario says `misuse: true`. A write without a fresh read is
 * always one: it would write a value twice by itself and pass for a lost update of somebody else.
 */
#include "scenario/parse.h"

struct round {
    struct lp_parse *parse;
    const struct lp_scenario *scenario;
    const struct lp_step *held[LP_LOCKS_MAX]; /* the step that acquired it */
    bool closed[LP_LOCKS_MAX + 1];            /* by handle: locks, then the store */
    const struct lp_step *transaction;        /* its begin */
    bool fresh;                               /* read and not written since */
};

static const struct lp_vocabulary_driver *driver_of(const struct round *round, int target)
{
    const struct lp_scenario *scenario = round->scenario;
    const struct lp_resource *resource = target < 0 ? &scenario->store : &scenario->locks[target];

    return &round->parse->vocabulary->drivers[resource->driver_index];
}

static const char *handle_name(const struct round *round, int target)
{
    return target < 0 ? "store" : round->scenario->locks[target].name;
}

static bool *closed_of(struct round *round, int target)
{
    return &round->closed[target < 0 ? LP_LOCKS_MAX : target];
}

/* The drivers' abilities that steps ask for; for a driver that is not available nothing is known.
 */
static int check_ability(const struct round *round, const struct lp_step *step)
{
    const struct lp_vocabulary_driver *driver = driver_of(round, step->target);
    const struct {
        bool asked, has;
        const char *offer;
    } abilities[] = {
        {step->kind == LP_STEP_ADD, driver->has_add, "an atomic add"},
        {step->kind == LP_STEP_CAS, driver->has_cas, "compare-and-set"},
        {step->kind == LP_STEP_BEGIN || step->kind == LP_STEP_COMMIT ||
             step->kind == LP_STEP_ROLLBACK,
         driver->has_begin, "transactions"},
        {step->kind == LP_STEP_UPGRADE, driver->has_upgrade, "an upgrade"},
        {step->kind == LP_STEP_RENEW, driver->has_renew, "leases that can be renewed"},
        {step->fence != 0, driver->has_fence, "a fence"},
        {(step->kind == LP_STEP_LOCK || step->kind == LP_STEP_TRYLOCK) && step->mode == 1,
         driver->has_shared, "a shared mode"},
    };

    if (!driver->known)
        return 0;
    for (size_t i = 0; i < LP_ARRAY_LEN(abilities); i++)
        if (abilities[i].asked && !abilities[i].has)
            return lp_parse_fail(
                round->parse, step->mark, "step `%s`%s, expected a driver with %s: `%s` has none",
                lp_step_name(step->kind),
                step->mode == 1 && step->kind != LP_STEP_BEGIN ? " in shared mode" : "",
                abilities[i].offer, driver->name);
    return 0;
}

/* A token that a lock does not give cannot be shown. */
static int check_token(const struct round *round, const struct lp_step *step)
{
    if (step->fence == 0)
        return 0;
    const struct lp_vocabulary_driver *driver = driver_of(round, (int)step->fence - 1);
    if (!driver->known || driver->has_token)
        return 0;
    return lp_parse_fail(round->parse, step->mark,
                         "step `%s fenced`, expected a lock with tokens: `%s` has none",
                         lp_step_name(step->kind), driver->name);
}

/* `broken`: the step breaks the lock's rules. */
static int check_rule(const struct round *round, const struct lp_step *step, bool broken,
                      const char *wrong, const char *expected)
{
    if (!broken || round->scenario->misuse)
        return 0;
    return lp_parse_fail(round->parse, step->mark,
                         "step `%s` %s `%s`, expected %s (or `misuse: true` if it is meant)",
                         lp_step_name(step->kind), wrong, handle_name(round, step->target),
                         expected);
}

static int check_open(struct round *round, const struct lp_step *step)
{
    return check_rule(round, step, *closed_of(round, step->target), "uses the closed handle of",
                      "`reopen` before");
}

static int do_lock(struct round *round, const struct lp_step *step)
{
    if (check_rule(round, step, round->held[step->target] != NULL,
                   "takes what it holds already:", "`unlock` before") != 0)
        return -1;
    round->held[step->target] = step;
    return 0;
}

static int do_unlock(struct round *round, const struct lp_step *step)
{
    if (check_rule(round, step, round->held[step->target] == NULL, "without holding",
                   "`lock` before") != 0)
        return -1;
    round->held[step->target] = NULL;
    return 0;
}

static int do_upgrade(struct round *round, const struct lp_step *step)
{
    const struct lp_step *held = round->held[step->target];

    if (check_rule(round, step, !held || held->kind == LP_STEP_UPGRADE || held->mode != 1,
                   "without a shared hold of", "`lock shared` before") != 0)
        return -1;
    round->held[step->target] = step;
    return 0;
}

static int do_renew(const struct round *round, const struct lp_step *step)
{
    return check_rule(round, step, round->held[step->target] == NULL, "without holding",
                      "`lock` before");
}

static int do_begin(struct round *round, const struct lp_step *step)
{
    if (check_rule(round, step, round->transaction != NULL, "inside a transaction of",
                   "`commit` or `rollback` before") != 0)
        return -1;
    round->transaction = step;
    return 0;
}

static int do_end(struct round *round, const struct lp_step *step)
{
    if (check_rule(round, step, round->transaction == NULL, "without a transaction of",
                   "`begin` before") != 0)
        return -1;
    round->transaction = NULL;
    return 0;
}

static int do_write(struct round *round, const struct lp_step *step)
{
    if (!round->fresh)
        return lp_parse_fail(round->parse, step->mark,
                             "step `%s` without a fresh value, expected a `read` before it in the "
                             "round that no other write has used up",
                             lp_step_name(step->kind));
    round->fresh = false;
    return 0;
}

/* Closing lets go of what the handle held, as close(2) does. */
static int do_close(struct round *round, const struct lp_step *step)
{
    if (step->target >= 0)
        round->held[step->target] = NULL;
    else
        round->transaction = NULL;
    *closed_of(round, step->target) = true;
    return 0;
}

static int do_reopen(struct round *round, const struct lp_step *step)
{
    if (check_rule(round, step, !*closed_of(round, step->target),
                   "opens again what is open:", "`close` before") != 0)
        return -1;
    *closed_of(round, step->target) = false;
    return 0;
}

static int do_step(struct round *round, const struct lp_step *step)
{
    if (check_ability(round, step) != 0 || check_token(round, step) != 0)
        return -1;
    if (step->kind != LP_STEP_THINK && step->kind != LP_STEP_REOPEN && check_open(round, step) != 0)
        return -1;
    switch (step->kind) {
    case LP_STEP_LOCK:
    case LP_STEP_TRYLOCK:
        return do_lock(round, step);
    case LP_STEP_UNLOCK:
        return do_unlock(round, step);
    case LP_STEP_UPGRADE:
        return do_upgrade(round, step);
    case LP_STEP_RENEW:
        return do_renew(round, step);
    case LP_STEP_BEGIN:
        return do_begin(round, step);
    case LP_STEP_COMMIT:
    case LP_STEP_ROLLBACK:
        return do_end(round, step);
    case LP_STEP_READ:
        round->fresh = true;
        return 0;
    case LP_STEP_WRITE:
    case LP_STEP_CAS:
        return do_write(round, step);
    case LP_STEP_CLOSE:
        return do_close(round, step);
    case LP_STEP_REOPEN:
        return do_reopen(round, step);
    case LP_STEP_ADD:
    case LP_STEP_THINK:
        return 0;
    case LP_STEP_NONE:
    case LP_STEP_TRY:
    case LP_STEP_OBSERVE:
    case LP_STEP_EXIT:
    case LP_STEP_TOKEN:
        break;
    }
    LP_BUG("a step that no scenario can name");
}

/* What a round leaves behind would be there when the next one begins. */
static int check_left(const struct round *round, const struct lp_step *step, const char *left,
                      const char *expected)
{
    if (!step || round->scenario->misuse)
        return 0;
    return lp_parse_fail(round->parse, step->mark,
                         "the round ends %s `%s`, expected `%s` after this step (or `misuse: true` "
                         "if it is meant)",
                         left, handle_name(round, step->target), expected);
}

static int check_round_end(struct round *round, const struct lp_group *group)
{
    const struct lp_step *closed = NULL;

    for (size_t i = 0; i < round->scenario->lock_count; i++)
        if (check_left(round, round->held[i], "holding", "unlock") != 0)
            return -1;
    for (size_t i = 0; i < group->step_count; i++)
        if (group->steps[i].kind == LP_STEP_CLOSE && *closed_of(round, group->steps[i].target))
            closed = &group->steps[i];
    if (check_left(round, round->transaction, "in a transaction of", "commit") != 0)
        return -1;
    return check_left(round, closed, "with a closed handle of", "reopen");
}

int lp_check_sequence(struct lp_parse *parse, const struct lp_group *group)
{
    struct round round = {.parse = parse, .scenario = parse->scenario};

    for (size_t i = 0; i < group->step_count; i++)
        if (do_step(&round, &group->steps[i]) != 0)
            return -1;
    return check_round_end(&round, group);
}
