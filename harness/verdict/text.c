/* SPDX-License-Identifier: MIT */
/*
 * One sentence of evidence for a finding: which workers, which values, when. Times are from the
 * start of the run.
 */
#include "verdict/evidence.h"

#include <inttypes.h>
#include <string.h>

#include "base/units.h"

struct text {
    const struct lp_evidence_base *base;
    const struct lp_finding *finding;
    struct lp_str *out;
};

/* ---- words ---- */

static bool has_groups(const struct lp_history *history)
{
    const char *first = lp_history_any_header(history)->group;
    for (size_t i = 1; i < history->worker_count; i++)
        if (strcmp(history->workers[i].header->group, first) != 0)
            return true;
    return false;
}

static void add_worker(const struct text *text, uint32_t worker)
{
    const struct lp_history *history = text->base->history;
    const struct lp_history_header *header = history->workers[worker].header;
    bool group = header->group[0] && has_groups(history);
    bool container = history->containers > 1;
    lp_str_addf(text->out, "worker %u", header->worker);
    if (group && container)
        lp_str_addf(text->out, " (%s, container %u)", header->group, header->container);
    else if (group)
        lp_str_addf(text->out, " (%s)", header->group);
    else if (container)
        lp_str_addf(text->out, " (container %u)", header->container);
}

static void add_time(const struct text *text, uint64_t time_ns)
{
    uint64_t start_ns = text->base->history->start_ns;
    char buf[32];
    lp_str_add(text->out,
               lp_duration_format(time_ns > start_ns ? time_ns - start_ns : 0, buf, sizeof buf));
}

static void add_lock(const struct text *text, uint8_t lock)
{
    if (lock >= LP_HISTORY_LOCKS)
        lp_str_add(text->out, "its transaction");
    else
        lp_str_addf(text->out, "`%s`",
                    lp_history_any_header(text->base->history)->locks[lock].name);
}

static void add_identity(const struct text *text, uint64_t domain, uint64_t object)
{
    lp_history_identity_text(text->base->history, domain, object, text->out);
}

static const struct lp_update *update_of(const struct text *text, unsigned side)
{
    return &text->base->checks->updates[text->finding->update[side]];
}

static const struct lp_hold *hold_of(const struct text *text, unsigned side)
{
    return &text->base->checks->holds[text->finding->hold[side]];
}

static const struct lp_op *op_of(const struct text *text, size_t op)
{
    return &text->base->history->ops[op];
}

static bool has_updates(const struct text *text)
{
    return text->finding->update[0] != LP_NOWHERE;
}

/* "worker 7 (rogue) read 41 and wrote 42" */
static void add_update(const struct text *text, unsigned side)
{
    const struct lp_update *update = update_of(text, side);
    add_worker(text, update->worker);
    if (op_of(text, update->write)->record->kind == LP_STEP_ADD)
        lp_str_addf(text->out, " added one and got %" PRId64, update->value_written);
    else
        lp_str_addf(text->out, " read %" PRId64 " and wrote %" PRId64, update->value_read,
                    update->value_written);
    if (update->outcome == LP_UNKNOWN)
        lp_str_add(text->out, " (its outcome is unknown)");
}

static void add_worker_of(const struct text *text, unsigned side)
{
    add_worker(text,
               has_updates(text) ? update_of(text, side)->worker : hold_of(text, side)->worker);
}

/* " (12.1ms to 12.5ms)": from read to write */
static void add_window(const struct text *text, unsigned side)
{
    const struct lp_update *update = update_of(text, side);
    const struct lp_op *end = op_of(text, lp_update_end(update));
    lp_str_add(text->out, " (");
    add_time(text, op_of(text, update->read)->record->invoke_ns);
    lp_str_add(text->out, " to ");
    add_time(text, lp_op_done(end) ? end->record->complete_ns : end->record->invoke_ns);
    lp_str_add(text->out, ")");
}

/* What came of it: "; both wrote 42" or "; 47 became 42". */
static void add_loss(const struct text *text)
{
    if (!has_updates(text))
        return;
    int64_t first = update_of(text, 0)->value_written, second = update_of(text, 1)->value_written;
    if (first == second)
        lp_str_addf(text->out, "; both wrote %" PRId64, first);
    else
        lp_str_addf(text->out, "; they wrote %" PRId64 " and %" PRId64, first, second);
}

/* ---- one function a cause ---- */

static void tell_stores(const struct text *text)
{
    if (!has_updates(text)) {
        lp_str_add(text->out, text->base->checks->lost_update.detail);
        return;
    }
    for (unsigned i = 0; i < 2; i++) {
        const struct lp_record *write = op_of(text, update_of(text, i)->write)->record;
        lp_str_add(text->out, i ? " while " : "");
        add_worker_of(text, i);
        lp_str_addf(text->out, " wrote %" PRId64 " to ", write->value);
        add_identity(text, write->domain, write->object);
    }
}

static void tell_locks(const struct text *text)
{
    for (unsigned i = 0; i < 2; i++) {
        const struct lp_hold *hold = hold_of(text, i);
        lp_str_add(text->out, i ? " while " : "");
        add_worker(text, hold->worker);
        lp_str_add(text->out, " held ");
        add_lock(text, hold->lock);
        if (hold->domain || hold->object) {
            lp_str_add(text->out, " = ");
            add_identity(text, hold->domain, hold->object);
        }
    }
    lp_str_add(text->out, " at ");
    add_time(text, hold_of(text, 1)->from_ns);
    add_loss(text);
}

static void tell_dropped(const struct text *text)
{
    unsigned loser = has_updates(text) && text->finding->reason ? text->finding->blamed : 0;
    const struct lp_hold *hold = hold_of(text, loser);
    add_worker(text, hold->worker);
    if (hold->end == LP_HOLD_CLOSED) {
        lp_str_add(text->out, " closed the handle of ");
        add_lock(text, hold->lock);
        lp_str_add(text->out, " between its read and its write at ");
        add_time(text, hold->until_ns);
    } else {
        lp_str_add(text->out, " lost ");
        add_lock(text, hold->lock);
        lp_str_add(text->out, " without unlocking it: ");
        add_worker_of(text, 1);
        lp_str_add(text->out, " was granted it at ");
        add_time(text, hold_of(text, 1)->from_ns);
    }
    add_loss(text);
}

static void tell_foreign(const struct text *text)
{
    const struct lp_op *release = op_of(text, text->finding->other_op);
    add_worker(text, release->worker);
    lp_str_add(text->out, " released ");
    add_lock(text, release->record->lock);
    lp_str_add(text->out, " at ");
    add_time(text, release->record->invoke_ns);
    lp_str_add(text->out, " though it did not hold it any more; that let in ");
    add_worker(text, hold_of(text, 1)->worker);
    lp_str_add(text->out, " at ");
    add_time(text, hold_of(text, 1)->from_ns);
    lp_str_add(text->out, " while ");
    add_worker(text, hold_of(text, 0)->worker);
    lp_str_add(text->out, " was at work");
    add_loss(text);
}

static void tell_lease(const struct text *text)
{
    const struct lp_hold *hold = hold_of(text, 0);
    lp_str_add(text->out, "the lease of ");
    add_worker(text, hold->worker);
    lp_str_add(text->out, " on ");
    add_lock(text, hold->lock);
    lp_str_add(text->out, " could be over at ");
    add_time(text, hold->lease_end_ns);
    lp_str_add(text->out, "; ");
    add_worker(text, hold_of(text, 1)->worker);
    lp_str_add(text->out, " was granted it at ");
    add_time(text, hold_of(text, 1)->from_ns);
    lp_str_add(text->out, " while the first was still at work");
    add_loss(text);
}

static void tell_unfenced(const struct text *text)
{
    const struct lp_finding *finding = text->finding;
    const struct lp_op *op = op_of(text, finding->other_op);
    if (finding->hold[0] == LP_NOWHERE) {
        lp_str_add(text->out, text->base->checks->fencing.detail);
        return;
    }
    add_worker(text, op->worker);
    lp_str_addf(text->out, " wrote %" PRId64 " at ", op->record->value);
    add_time(text, op->record->invoke_ns);
    lp_str_addf(text->out, " as holder number %" PRIu64 ", when ", hold_of(text, 0)->token);
    add_worker(text, hold_of(text, 1)->worker);
    lp_str_addf(text->out, " had number %" PRIu64 "; the store was not shown the number",
                hold_of(text, 1)->token);
}

static void tell_double(const struct text *text)
{
    const struct lp_hold *first = hold_of(text, 0), *second = hold_of(text, 1);
    uint32_t capacity = lp_lock_capacity(text->base->history, second->lock);
    add_worker(text, second->worker);
    lp_str_add(text->out, " was granted ");
    add_lock(text, second->lock);
    lp_str_add(text->out, " at ");
    add_time(text, second->from_ns);
    lp_str_add(text->out, " while ");
    add_worker(text, first->worker);
    lp_str_add(text->out, " had held it since ");
    add_time(text, first->from_ns);
    if (capacity > 1)
        lp_str_addf(text->out, " (it admits %u)", capacity);
    add_loss(text);
}

static void tell_bypass(const struct text *text)
{
    unsigned rogue = text->finding->blamed;
    const struct lp_update *other = update_of(text, 1 - rogue);
    add_update(text, rogue);
    lp_str_add(text->out, " without any lock");
    add_window(text, rogue);
    lp_str_add(text->out, " while ");
    add_worker(text, other->worker);
    if (other->hold == LP_NOWHERE) {
        lp_str_add(text->out, " did so too");
    } else {
        lp_str_add(text->out, " held ");
        add_lock(text, text->base->checks->holds[other->hold].lock);
    }
    add_loss(text);
}

static void tell_no_lock(const struct text *text)
{
    add_update(text, 1);
    add_window(text, 1);
    lp_str_add(text->out, " while ");
    add_update(text, 0);
    lp_str_add(text->out, ", neither under any lock");
}

static const char *const scopes[] = {
    [LP_REASON_NONE] = " did not cover its update",
    [LP_REASON_ROLLED_BACK] = " did not cover its update",
    [LP_REASON_UPGRADED] = " did not cover its update",
    [LP_REASON_ISOLATION] = " covered only its write",
    [LP_REASON_SHARED] = " was held only in shared mode",
    [LP_REASON_READ_ONLY] = " covered only its read",
    [LP_REASON_WRITE_ONLY] = " covered only its write",
    [LP_REASON_GAP] = " was given up between its read and its write",
};

static void add_other(const struct text *text)
{
    const struct lp_update *other = update_of(text, 1 - text->finding->blamed);
    lp_str_add(text->out, "; ");
    add_worker(text, other->worker);
    lp_str_addf(text->out, " wrote %" PRId64 " meanwhile", other->value_written);
}

static void tell_narrow(const struct text *text)
{
    unsigned side = text->finding->blamed;
    add_update(text, side);
    add_window(text, side);
    lp_str_add(text->out, ", but ");
    add_lock(text, text->base->checks->holds[update_of(text, side)->hold].lock);
    lp_str_add(text->out, scopes[text->finding->reason]);
    add_other(text);
}

static void tell_snapshot(const struct text *text)
{
    unsigned side = text->finding->blamed;
    add_update(text, side);
    add_window(text, side);
    if (text->finding->reason == LP_REASON_UPGRADED) {
        lp_str_add(text->out, ", read under a shared ");
        add_lock(text, text->base->checks->holds[update_of(text, side)->hold].lock);
        lp_str_add(text->out, " that the upgrade gave up");
    } else if (text->finding->reason == LP_REASON_ROLLED_BACK) {
        lp_str_add(text->out, ", a value read before it was refused and began again");
    } else {
        lp_str_add(text->out, " in one transaction, from a snapshot that was old by then");
    }
    add_other(text);
}

static void tell_torn(const struct text *text)
{
    const struct lp_update *update = update_of(text, text->finding->blamed);
    const struct lp_op *write = op_of(text, text->finding->other_op);
    add_worker(text, update->worker);
    lp_str_addf(text->out, " read %" PRId64 " at ", update->value_read);
    add_time(text, op_of(text, update->read)->record->invoke_ns);
    lp_str_add(text->out, ", which the store did not hold then, while ");
    add_worker(text, write->worker);
    lp_str_addf(text->out, " was writing %" PRId64, write->record->value);
}

static void tell_non_atomic(const struct text *text)
{
    if (!has_updates(text)) {
        lp_str_add(text->out, text->base->checks->lost_update.detail);
        return;
    }
    add_update(text, 1);
    add_window(text, 1);
    lp_str_add(text->out, " while ");
    add_update(text, 0);
    if (op_of(text, update_of(text, 1)->write)->record->kind != LP_STEP_ADD)
        lp_str_add(text->out, ", in steps, though the store offers one atomic update");
}

static void tell_stuck(const struct text *text)
{
    const struct lp_stuck *stuck = text->finding->stuck;
    const struct lp_op *op = op_of(text, stuck->acquire);
    char buf[32];
    add_worker(text, stuck->worker);
    lp_str_add(text->out, " waited ");
    lp_str_add(text->out, lp_duration_format(op->record->complete_ns - op->record->invoke_ns, buf,
                                             sizeof buf));
    lp_str_add(text->out, " for ");
    add_lock(text, op->record->lock);
    if (stuck->hold == LP_NOWHERE) {
        lp_str_add(text->out, ", which nobody held during the last half of that time");
        return;
    }
    const struct lp_hold *hold = &text->base->checks->holds[stuck->hold];
    bool circle = stuck->reason == LP_STUCK_CYCLE;
    if (circle && hold->worker == stuck->worker) {
        lp_str_add(text->out, ", which it held itself");
        return;
    }
    lp_str_add(text->out, ", held since ");
    add_time(text, hold->from_ns);
    lp_str_add(text->out, " by ");
    add_worker(text, hold->worker);
    lp_str_add(text->out, circle ? ", which waited for it in turn"
                                 : ", which was gone and had not released it");
}

static void tell_nothing(const struct text *text)
{
    (void)text;
}

static void (*const tellers[])(const struct text *) = {
    [LP_CAUSE_DIFFERENT_STORE] = tell_stores,
    [LP_CAUSE_DIFFERENT_LOCK] = tell_locks,
    [LP_CAUSE_DROPPED_LOCK] = tell_dropped,
    [LP_CAUSE_FOREIGN_RELEASE] = tell_foreign,
    [LP_CAUSE_LEASE_EXPIRED] = tell_lease,
    [LP_CAUSE_UNFENCED_WRITE] = tell_unfenced,
    [LP_CAUSE_DOUBLE_GRANT] = tell_double,
    [LP_CAUSE_ADVISORY_BYPASS] = tell_bypass,
    [LP_CAUSE_NO_LOCK] = tell_no_lock,
    [LP_CAUSE_NARROW_SCOPE] = tell_narrow,
    [LP_CAUSE_STALE_SNAPSHOT] = tell_snapshot,
    [LP_CAUSE_TORN_READ] = tell_torn,
    [LP_CAUSE_NON_ATOMIC_UPDATE] = tell_non_atomic,
    [LP_CAUSE_LOST_WRITE] = tell_nothing,
    [LP_CAUSE_FALSE_SUCCESS] = tell_nothing,
    [LP_CAUSE_ORPHANED_LOCK] = tell_stuck,
    [LP_CAUSE_DEADLOCK] = tell_stuck,
    [LP_CAUSE_STARVATION] = tell_stuck,
    [LP_CAUSE_NO_CONTENTION] = tell_nothing,
    [LP_CAUSE_NONE] = tell_nothing,
};

char *lp_finding_text(const struct lp_evidence_base *base, const struct lp_finding *finding,
                      struct lp_arena *arena)
{
    struct lp_str out;
    struct text text = {.base = base, .finding = finding, .out = &out};
    lp_str_init(&out);
    tellers[finding->cause](&text);
    char *kept = lp_arena_strdup(arena, out.ptr);
    lp_str_release(&out);
    return kept;
}
