/* SPDX-License-Identifier: MIT */
/*
 * Leases. The holder of a grant had it at the latest from f, the return of its acquire, and at
 * least until u, the earliest of
 *   - the invocation of a release by its process whose outcome is not LP_FAIL
 *   - the invocation of the acquire + the lease, less a hundredth for a server whose clock runs
 * fast (u may lie before f). Two of different processes certainly overlap when f1 < u2 and f2 < u1:
 * then neither could have begun after the other's end. At least one of them has f < u, so it is
 * enough to ask, for each, for the latest u of those that have f1 < u1 and f1 < u2. O(n log n).
 *
 * An acquire by the process that has it renews; a release ends all that its process has.
 */
#include "check/model_parts.h"

#include <stdio.h>
#include <stdlib.h>

#define CLOCK_RATE 100 /* a server's second is at least 99 hundredths of one of ours */
#define NONE UINT32_MAX

struct hold {
    uint64_t from_ns, until_ns;
    uint32_t process, acquire, release;
    uint32_t before; /* the process's hold before this one, or NONE */
};

/* Of the holds up to here in order of from_ns: those that last longest, of different processes. */
struct longest {
    uint32_t best, other;
};

static uint64_t lease_end(const struct lp_call *call)
{
    uint64_t lease_ns = call->lease_ns - call->lease_ns / CLOCK_RATE;
    if (call->lease_ns == 0 || call->invoke_ns > LP_CALL_NEVER - lease_ns)
        return LP_CALL_NEVER;
    return call->invoke_ns + lease_ns;
}

static void end_holds(struct hold *holds, uint32_t last, const struct lp_call *call,
                      uint32_t number)
{
    for (uint32_t at = last; at != NONE && holds[at].release == NONE; at = holds[at].before) {
        holds[at].release = number;
        if (call->invoke_ns < holds[at].until_ns)
            holds[at].until_ns = call->invoke_ns;
    }
}

static uint32_t collect(const struct lp_part *part, struct hold *holds)
{
    uint32_t count = 0;
    uint32_t *last = NULL; /* by process: 1 + index of its last hold */
    size_t last_cap = 0;
    lp_numbers_restart(part->numbers);
    for (size_t i = 0; i < part->count; i++) {
        const struct lp_call *call = lp_part_call(part, i);
        uint32_t number = (uint32_t)(call - part->calls->calls);
        uint32_t process = lp_numbers_get(part->numbers, call->process);
        last = lp_grow(last, &last_cap, process + 1u, sizeof *last);
        if (call->kind == LP_CALL_RELEASE &&
            (call->outcome == LP_OK || call->outcome == LP_UNKNOWN)) {
            end_holds(holds, last[process] - 1, call, number);
        } else if (call->kind == LP_CALL_ACQUIRE && call->outcome == LP_OK) {
            holds[count++] = (struct hold){.from_ns = call->return_ns,
                                           .until_ns = lease_end(call),
                                           .process = process,
                                           .acquire = number,
                                           .release = NONE,
                                           .before = last[process] - 1};
            last[process] = count;
        }
    }
    free(last);
    return count;
}

static int by_from(const void *a, const void *b)
{
    const struct hold *left = a, *right = b;
    return (left->from_ns > right->from_ns) - (left->from_ns < right->from_ns);
}

static void remember(struct longest *longest, const struct hold *holds, uint32_t index)
{
    const struct hold *hold = &holds[index];
    uint32_t best = longest->best;
    if (best == NONE || hold->until_ns > holds[best].until_ns) {
        if (best != NONE && holds[best].process != hold->process)
            longest->other = best;
        longest->best = index;
    } else if (holds[best].process != hold->process &&
               (longest->other == NONE || hold->until_ns > holds[longest->other].until_ns)) {
        longest->other = index;
    }
}

/* How many holds have from_ns + slack < time. */
static uint32_t count_before(const struct hold *holds, uint32_t count, uint64_t slack_ns,
                             uint64_t time_ns)
{
    uint32_t low = 0, high = count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (holds[middle].from_ns < time_ns && time_ns - holds[middle].from_ns > slack_ns)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void report(struct lp_ruling *ruling, const struct hold *first, const struct hold *second)
{
    ruling->decided = LP_DECIDED_BROKEN;
    snprintf(ruling->detail, sizeof ruling->detail,
             "granted while another process certainly had it");
    lp_ruling_witness(ruling, first->acquire);
    lp_ruling_witness(ruling, second->acquire);
}

void lp_rule_lease(const struct lp_part *part, struct lp_ruling *ruling)
{
    struct hold *holds = lp_alloc(part->count, sizeof *holds);
    uint32_t count = collect(part, holds);
    struct longest *longest = lp_alloc(count + 1u, sizeof *longest);
    ruling->rule = "no two holds certainly overlap";
    qsort(holds, count, sizeof *holds, by_from);
    longest[0] = (struct longest){NONE, NONE};
    for (uint32_t i = 0; i < count; i++) {
        longest[i + 1] = longest[i];
        if (holds[i].from_ns < holds[i].until_ns)
            remember(&longest[i + 1], holds, i);
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct hold *hold = &holds[i];
        const struct longest *of =
            &longest[count_before(holds, count, part->slack_ns, hold->until_ns)];
        uint32_t found = of->best;
        if (found != NONE && holds[found].process == hold->process)
            found = of->other;
        if (found != NONE && holds[found].until_ns > hold->from_ns &&
            holds[found].until_ns - hold->from_ns > part->slack_ns) {
            report(ruling, &holds[found], hold);
            break;
        }
    }
    free(longest);
    free(holds);
}
