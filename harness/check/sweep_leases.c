/* SPDX-License-Identifier: MIT */
/*
 * Leases. The holder of a grant had it at the latest from f, the return of its acquire, and at
 * least until u, the earliest of
 *   - the invocation of a release by its process whose outcome is not LP_FAIL
 *   - the invocation of the acquire + the lease, less a hundredth for a server whose clock runs
 * fast (u may lie before f). Two of different processes certainly overlap when f1 < u2 and f2 < u1:
 * then neither could have begun after the other's end (the zones of Gibbons, Korach 1997). Only
 * that is called broken: a lease says nothing of what comes after its end, and a try that found it
 * taken nothing at all. An acquire by the process that has it renews; a release ends all that it
 * has.
 *
 * In one pass: holds end in order of u, and no later acquire can overlap one that has ended. So
 * each is compared, when it ends, with those that have not; one whose u lies before its f once more
 * when time has passed its f. O(n c), c holds at once; memory O(c).
 */
#include <stdlib.h>

#include "check/sweep.h"

struct lease {
    uint64_t from_ns, until_ns;
    uint32_t process;
    size_t acquire;
};

struct leases {
    struct lp_sweep base;
    struct lease *holds; /* that have not ended, */
    size_t hold_count, hold_cap;
    struct lease *late; /* and some that have, before they had certainly begun */
    size_t late_count, late_cap;
    uint64_t first_ns; /* the earliest end of `holds` */
};

static void begin(struct lp_sweep *sweep)
{
    ((struct leases *)sweep)->first_ns = LP_CALL_NEVER;
}

static bool is_before(const struct leases *leases, uint64_t a_ns, uint64_t b_ns)
{
    return lp_is_past(&leases->base, a_ns, b_ns);
}

/* Is `other`, which ends at `until_ns` or later, certainly held at once with `hold`? */
static bool overlap(const struct leases *leases, const struct lease *hold,
                    const struct lease *other, uint64_t until_ns)
{
    return hold->process != other->process && is_before(leases, other->from_ns, hold->until_ns) &&
           is_before(leases, hold->from_ns, until_ns);
}

static void report(struct leases *leases, const struct lease *a, const struct lease *b)
{
    lp_sweep_witness(&leases->base, a->acquire);
    lp_sweep_witness(&leases->base, b->acquire);
    lp_sweep_broken(&leases->base, "granted while another process certainly had it");
}

/* Against all that have not ended: they end at `now_ns` or later. */
static void compare(struct leases *leases, const struct lease *hold, uint64_t now_ns)
{
    for (size_t i = 0; i < leases->hold_count && leases->base.state == LP_SWEEP_GOES; i++)
        if (overlap(leases, hold, &leases->holds[i], now_ns))
            report(leases, hold, &leases->holds[i]);
}

static void end_hold(struct leases *leases, size_t index, uint64_t until_ns)
{
    struct lease hold = leases->holds[index];
    hold.until_ns = until_ns < hold.until_ns ? until_ns : hold.until_ns;
    leases->holds[index] = leases->holds[--leases->hold_count];
    for (size_t i = 0; i < leases->late_count; i++)
        if (overlap(leases, &leases->late[i], &hold, hold.until_ns)) {
            report(leases, &leases->late[i], &hold);
            return;
        }
    compare(leases, &hold, hold.until_ns);
    if (is_before(leases, hold.from_ns, hold.until_ns))
        return;
    leases->late =
        lp_grow(leases->late, &leases->late_cap, leases->late_count + 1, sizeof *leases->late);
    leases->late[leases->late_count++] = hold;
}

static void find_first(struct leases *leases)
{
    leases->first_ns = LP_CALL_NEVER;
    for (size_t i = 0; i < leases->hold_count; i++)
        if (leases->holds[i].until_ns < leases->first_ns)
            leases->first_ns = leases->holds[i].until_ns;
}

static void end_first(struct leases *leases)
{
    for (size_t i = 0; i < leases->hold_count; i++)
        if (leases->holds[i].until_ns == leases->first_ns) {
            end_hold(leases, i, leases->first_ns);
            break;
        }
    find_first(leases);
}

static void advance(struct lp_sweep *sweep, uint64_t time_ns)
{
    struct leases *leases = (struct leases *)sweep;
    while (sweep->state == LP_SWEEP_GOES && leases->first_ns < time_ns)
        end_first(leases);
    for (size_t i = leases->late_count; i-- > 0 && sweep->state == LP_SWEEP_GOES;)
        if (is_before(leases, leases->late[i].from_ns, time_ns)) {
            compare(leases, &leases->late[i], time_ns);
            leases->late[i] = leases->late[--leases->late_count];
        }
    if (time_ns == LP_CALL_NEVER)
        while (leases->hold_count > 0 && sweep->state == LP_SWEEP_GOES)
            end_hold(leases, 0, LP_CALL_NEVER);
}

static void invoke(struct lp_sweep *sweep, const struct lp_item *item)
{
    struct leases *leases = (struct leases *)sweep;
    if (item->kind == LP_CALL_ACQUIRE) {
        for (size_t i = 0; i < leases->hold_count; i++)
            if (leases->holds[i].process == item->process &&
                leases->holds[i].until_ns == LP_CALL_NEVER)
                return; /* it has it for ever already */
        leases->holds = lp_grow(leases->holds, &leases->hold_cap, leases->hold_count + 1,
                                sizeof *leases->holds);
        leases->holds[leases->hold_count++] = (struct lease){
            .from_ns = item->return_ns,
            .until_ns = (uint64_t)item->b,
            .process = item->process,
            .acquire = item->call,
        };
        if ((uint64_t)item->b < leases->first_ns)
            leases->first_ns = (uint64_t)item->b;
        return;
    }
    for (size_t i = leases->hold_count; i-- > 0 && sweep->state == LP_SWEEP_GOES;)
        if (i < leases->hold_count && leases->holds[i].process == item->process)
            end_hold(leases, i, item->invoke_ns);
    find_first(leases);
}

static void release(struct lp_sweep *sweep)
{
    struct leases *leases = (struct leases *)sweep;
    free(leases->holds);
    free(leases->late);
}

const struct lp_sweep_rule lp_sweep_leases = {
    .name = "no two holds certainly overlap",
    .size = sizeof(struct leases),
    .takes_relaxed = true,
    .begin = begin,
    .advance = advance,
    .invoke = invoke,
    .release = release,
};
