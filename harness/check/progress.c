/* SPDX-License-Identifier: MIT */
/*
 * Did every worker get to its end, and if not, was it the lock's doing? Being slow or unlucky is no
 * finding: only what waits.c proves is. A worker that was killed, told to stop or still waiting
 * when the history ends proves nothing either way; one that a fault of the scenario killed is where
 * it was meant to be.
 */
#include "check/parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "check/waits.h"

/* Each wait is explained by a pass over the history. */
#define WAITS_EXPLAINED 64

static void add_stuck(struct lp_progress *progress, const struct lp_stuck *stuck)
{
    progress->stuck = lp_grow(progress->stuck, &progress->stuck_cap, progress->stuck_count + 1,
                              sizeof *progress->stuck);
    progress->stuck[progress->stuck_count++] = *stuck;
}

static bool ended_at_deadline(const struct lp_op *op)
{
    const struct lp_record *record = op->record;
    return (record->kind == LP_STEP_LOCK || record->kind == LP_STEP_UPGRADE) && lp_op_done(op) &&
           record->outcome == LP_BUSY && record->flags & LP_FLAG_DEADLINE;
}

static void explain_waits(struct lp_checks *checks, bool *explained)
{
    const struct lp_history *history = checks->history;
    size_t tried = 0;
    for (size_t i = 0; i < history->op_count && tried < WAITS_EXPLAINED; i++) {
        struct lp_stuck stuck;
        if (!ended_at_deadline(&history->ops[i]))
            continue;
        tried++;
        if (!lp_explain_wait(checks, i, &stuck))
            continue;
        add_stuck(&checks->progress, &stuck);
        explained[stuck.worker] = true;
    }
}

static bool is_done(const struct lp_history_worker *worker)
{
    return worker->header->finished == 1 + (uint64_t)LP_END_DONE && !worker->cut;
}

/* The acquire in which a worker's history ends; or LP_NOWHERE. */
static size_t last_acquire(const struct lp_checks *checks, size_t worker)
{
    for (size_t i = checks->trail.first[worker + 1]; i-- > checks->trail.first[worker];) {
        size_t index = checks->trail.ops[i];
        const struct lp_op *op = &checks->history->ops[index];
        if (op->record->kind == LP_STEP_TRY)
            continue;
        bool acquires = op->record->kind == LP_STEP_LOCK || op->record->kind == LP_STEP_UPGRADE;
        return acquires && !lp_op_ok(op) ? index : LP_NOWHERE;
    }
    return LP_NOWHERE;
}

bool lp_was_slain(const struct lp_history *history, uint32_t worker)
{
    const struct lp_history_worker *own = &history->workers[worker];
    if (!own->exited || !WIFSIGNALED(own->exit_status))
        return false;
    for (size_t i = 0; i < history->fault_count; i++) {
        const struct lp_fault_record *fault = &history->faults[i];
        bool crowd =
            fault->worker == LP_FAULT_NOBODY &&
            (fault->container == LP_FAULT_NOBODY || fault->container == own->header->container);
        if (strcmp(fault->fault, "kill") == 0 && fault->outcome == LP_OK &&
            fault->invoke_ns <= own->exit_ns && (fault->worker == own->header->worker || crowd))
            return true;
    }
    return false;
}

static void note_others(struct lp_checks *checks, const bool *explained)
{
    const struct lp_history *history = checks->history;
    struct lp_progress *progress = &checks->progress;
    for (size_t i = 0; i < history->worker_count; i++) {
        if (is_done(&history->workers[i])) {
            progress->finished++;
            continue;
        }
        if (explained[i] || lp_was_slain(history, (uint32_t)i))
            continue;
        add_stuck(progress, &(struct lp_stuck){.worker = (uint32_t)i,
                                               .acquire = last_acquire(checks, i),
                                               .hold = LP_NOWHERE,
                                               .last_release = LP_NOWHERE,
                                               .reason = LP_STUCK_OTHER});
    }
}

static const char *why_unfinished(const struct lp_history_worker *worker, char *buf, size_t size)
{
    static const char *const ends[] = {
        [LP_END_DONE] = "left a damaged history",
        [LP_END_STOPPED] = "was told to stop",
        [LP_END_DEADLINE] = "gave up at a deadline",
        [LP_END_ERROR] = "could not go on after an error",
        [LP_END_FULL] = "had no room left for its history",
    };
    uint64_t end = worker->header->finished;
    if (worker->exited && WIFSIGNALED(worker->exit_status)) {
        snprintf(buf, size, "was killed by signal %d", WTERMSIG(worker->exit_status));
        return buf;
    }
    if (end >= 1 && end <= LP_ARRAY_LEN(ends))
        return ends[end - 1];
    return worker->exited ? "went away before its end" : "had not come to its end";
}

static const char *const proofs[] = {
    [LP_STUCK_FREE_LOCK] = "waited to its deadline for a lock that nobody held",
    [LP_STUCK_ORPHAN] = "waited to its deadline for a lock whose holder was gone",
    [LP_STUCK_CYCLE] = "waited in a circle of workers that wait for each other",
    [LP_STUCK_OTHER] = "did not come to its end",
};

static void add_witness(struct lp_checks *checks, const struct lp_stuck *stuck)
{
    struct lp_progress *progress = &checks->progress;
    size_t ops[3] = {stuck->acquire, stuck->last_release, LP_NOWHERE};
    if (stuck->hold != LP_NOWHERE)
        ops[2] = checks->holds[stuck->hold].acquire;
    for (size_t i = 0; i < LP_ARRAY_LEN(ops); i++)
        if (ops[i] != LP_NOWHERE)
            lp_witness_add(&progress->witness, &progress->witness_count, ops[i]);
}

void lp_check_progress(struct lp_checks *checks)
{
    const struct lp_history *history = checks->history;
    struct lp_progress *progress = &checks->progress;
    bool *explained = lp_alloc(history->worker_count, sizeof *explained);
    char buf[64];
    progress->workers = history->worker_count;
    explain_waits(checks, explained);
    size_t proven = progress->stuck_count;
    note_others(checks, explained);
    free(explained);
    if (proven > 0) {
        const struct lp_stuck *first = &progress->stuck[0];
        progress->result = LP_VIOLATED;
        snprintf(progress->detail, sizeof progress->detail, "worker %u %s (%zu such waits)",
                 history->workers[first->worker].header->worker, proofs[first->reason], proven);
        add_witness(checks, first);
    } else if (progress->stuck_count > 0) {
        const struct lp_history_worker *worker = &history->workers[progress->stuck[0].worker];
        progress->result = LP_UNDECIDED;
        snprintf(progress->detail, sizeof progress->detail,
                 "%zu of %" PRIu64 " workers did not come to their end: worker %u %s",
                 progress->stuck_count, progress->workers, worker->header->worker,
                 why_unfinished(worker, buf, sizeof buf));
    } else {
        progress->result = LP_PASS;
    }
}
