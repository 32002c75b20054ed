/* SPDX-License-Identifier: MIT */
/* One function a kind of fault and direction; each leaves its proof in the note. */
#include "run/strike.h"

#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fault/disk.h"
#include "fault/process.h"
#include "os/clock.h"

bool lp_strike_is_on(const struct lp_strike *strike, uint32_t worker)
{
    return strike->worker == worker;
}

/* ---- workers ---- */

static bool is_running(const struct lp_strikes *strikes, uint32_t worker)
{
    return atomic_load(&strikes->plan->control->slots[worker].state) == LP_WORKER_RUNNING;
}

/* Does a fault of a group or container mean this one? */
static bool belongs(const struct lp_strikes *strikes, const struct lp_fault *fault, uint32_t worker)
{
    struct lp_seat seat = lp_scenario_seat(strikes->plan->scenario, worker);
    return fault->target.kind == LP_TARGET_GROUP ? seat.group == fault->target.index
                                                 : seat.container == fault->target.index;
}

static bool choose_waiter(const struct lp_strikes *strikes, struct lp_strike *strike)
{
    const struct lp_control *control = strikes->plan->control;
    for (uint32_t i = 0; i < control->worker_count; i++) {
        if (!is_running(strikes, i) || atomic_load(&control->slots[i].doing) != LP_STEP_LOCK)
            continue;
        strike->worker = i;
        return true;
    }
    return false;
}

static bool is_crowd(const struct lp_fault *fault, const struct lp_strike *strike)
{
    return strike->worker == LP_FAULT_NOBODY &&
           (fault->target.kind & (LP_TARGET_GROUP | LP_TARGET_CONTAINER));
}

static bool choose(const struct lp_strikes *strikes, const struct lp_fault *fault,
                   struct lp_strike *strike)
{
    if (strike->worker != LP_FAULT_NOBODY)
        return true; /* parked */
    switch (fault->target.kind) {
    case LP_TARGET_WAITER:
        return choose_waiter(strikes, strike);
    case LP_TARGET_WORKER:
        strike->worker = fault->target.index;
        return is_running(strikes, strike->worker);
    case LP_TARGET_GROUP:
        for (uint32_t i = 0; i < strikes->plan->control->worker_count; i++)
            if (belongs(strikes, fault, i) && is_running(strikes, i))
                return true;
        return false;
    case LP_TARGET_CONTAINER:
    case LP_TARGET_SERVER:
        return true;
    case LP_TARGET_HOLDER:
    case LP_TARGET_NONE:
        break;
    }
    return false;
}

typedef int (*signaller)(int pidfd, char *proof, size_t size, struct lp_err *err);

/* All of a group or container: the proof is that of the last, and how many. */
static int signal_crowd(struct lp_strikes *strikes, const struct lp_fault *fault,
                        struct lp_strike *strike, signaller act, struct lp_err *err)
{
    for (uint32_t i = 0; i < strikes->plan->control->worker_count; i++) {
        if (!belongs(strikes, fault, i) || !is_running(strikes, i))
            continue;
        if (act(strikes->pidfds[i], strike->note.proof, sizeof strike->note.proof, err) == -1)
            return -1;
        strike->note.count++;
    }
    size_t len = strlen(strike->note.proof);
    snprintf(strike->note.proof + len, sizeof strike->note.proof - len,
             " (the last of %" PRIu64 ")", strike->note.count);
    return 0;
}

static struct lp_server_set *set_of(struct lp_strikes *strikes,
                                    const struct lp_fault_target *target)
{
    return &strikes->backends->sets[target->server];
}

static struct lp_server *server_of(struct lp_strikes *strikes, const struct lp_fault_target *target)
{
    return &set_of(strikes, target)->servers[target->index];
}

static int signal_target(struct lp_strikes *strikes, const struct lp_fault *fault,
                         struct lp_strike *strike, signaller act, struct lp_err *err)
{
    if (fault->target.kind == LP_TARGET_SERVER)
        return act(server_of(strikes, &fault->target)->child.pidfd, strike->note.proof,
                   sizeof strike->note.proof, err);
    if (is_crowd(fault, strike))
        return signal_crowd(strikes, fault, strike, act, err);
    return act(strikes->pidfds[strike->worker], strike->note.proof, sizeof strike->note.proof, err);
}

static int do_kill(struct lp_strikes *strikes, const struct lp_fault *fault,
                   struct lp_strike *strike, struct lp_err *err)
{
    return signal_target(strikes, fault, strike, lp_process_slay, err);
}

static int do_pause(struct lp_strikes *strikes, const struct lp_fault *fault,
                    struct lp_strike *strike, struct lp_err *err)
{
    return signal_target(strikes, fault, strike, lp_process_pause, err);
}

static int wake(int pidfd, char *proof, size_t size, struct lp_err *err)
{
    (void)proof, (void)size;
    return lp_process_resume(pidfd, err);
}

static int undo_pause(struct lp_strikes *strikes, const struct lp_fault *fault,
                      struct lp_strike *strike, struct lp_err *err)
{
    if (is_crowd(fault, strike)) {
        /* Whoever has ended meanwhile need not be woken. */
        for (uint32_t i = 0; i < strikes->plan->control->worker_count; i++)
            if (belongs(strikes, fault, i) && is_running(strikes, i) &&
                lp_process_resume(strikes->pidfds[i], err) == -1)
                return -1;
        return 0;
    }
    return signal_target(strikes, fault, strike, wake, err);
}

/* ---- servers ---- */

static int end_server(struct lp_strikes *strikes, const struct lp_fault *fault,
                      struct lp_strike *strike, int number, struct lp_err *err)
{
    struct lp_server *server = server_of(strikes, &fault->target);
    pid_t pid = server->child.pid;
    if (set_of(strikes, &fault->target)->given)
        return lp_err_set(err, LP_ERR_SELF, "the server is not ours");
    if (pid <= 0)
        return lp_err_set(err, LP_ERR_SELF, "the server was not running");
    if (number == SIGKILL) {
        if (lp_process_slay(server->child.pidfd, strike->note.proof, sizeof strike->note.proof,
                            err) == -1)
            return -1;
    } else {
        snprintf(strike->note.proof, sizeof strike->note.proof, "process ended after signal %d",
                 number);
    }
    lp_server_end(server, number);
    return 0;
}

static int start_server(struct lp_strikes *strikes, const struct lp_fault *fault,
                        struct lp_strike *strike, struct lp_err *err)
{
    struct lp_server *server = server_of(strikes, &fault->target);
    if (lp_server_again(server, fault->lose_data, err) == -1 ||
        lp_server_wait_ready(server, err) == -1)
        return -1;
    size_t len = strlen(strike->note.proof);
    snprintf(strike->note.proof + len, sizeof strike->note.proof - len, "; a new one answers, %s",
             fault->lose_data ? "without its data" : "with its data");
    return 0;
}

static int do_crash(struct lp_strikes *strikes, const struct lp_fault *fault,
                    struct lp_strike *strike, struct lp_err *err)
{
    return end_server(strikes, fault, strike, SIGKILL, err);
}

static int undo_crash(struct lp_strikes *strikes, const struct lp_fault *fault,
                      struct lp_strike *strike, struct lp_err *err)
{
    bool lasts = fault->for_ns || fault->until.step != LP_STEP_NONE;
    return lasts ? start_server(strikes, fault, strike, err) : 0;
}

static int do_restart(struct lp_strikes *strikes, const struct lp_fault *fault,
                      struct lp_strike *strike, struct lp_err *err)
{
    int number = server_of(strikes, &fault->target)->row->stop_signal;
    if (end_server(strikes, fault, strike, number, err) == -1)
        return -1;
    return start_server(strikes, fault, strike, err);
}

static int do_failover(struct lp_strikes *strikes, const struct lp_fault *fault,
                       struct lp_strike *strike, struct lp_err *err)
{
    if (end_server(strikes, fault, strike, SIGKILL, err) == -1 ||
        lp_server_set_promote(set_of(strikes, &fault->target), err) == -1)
        return -1;
    size_t len = strlen(strike->note.proof);
    snprintf(strike->note.proof + len, sizeof strike->note.proof - len,
             "; the replica says role:master");
    return 0;
}

static int do_disk_full(struct lp_strikes *strikes, const struct lp_fault *fault,
                        struct lp_strike *strike, struct lp_err *err)
{
    const char *folder = server_of(strikes, &fault->target)->folder;
    if (lp_disk_fill(folder, &strike->note.count, err) == -1)
        return -1;
    snprintf(strike->note.proof, sizeof strike->note.proof,
             "after %" PRIu64 " bytes a write was refused: no space left", strike->note.count);
    return 0;
}

static int undo_disk_full(struct lp_strikes *strikes, const struct lp_fault *fault,
                          struct lp_strike *strike, struct lp_err *err)
{
    (void)strike;
    return lp_disk_relieve(server_of(strikes, &fault->target)->folder, err);
}

/* ---- the network ---- */

static unsigned node_of(struct lp_strikes *strikes, const struct lp_fault_target *target)
{
    const struct lp_backends *backends = strikes->backends;
    return target->kind == LP_TARGET_CONTAINER ? backends->first_container + target->index
                                               : set_of(strikes, target)->node + target->index;
}

static int do_partition(struct lp_strikes *strikes, const struct lp_fault *fault,
                        struct lp_strike *strike, struct lp_err *err)
{
    static const enum lp_cut_way ways[] = {
        [LP_WAY_BOTH] = LP_CUT_BOTH, [LP_WAY_OUT] = LP_CUT_OUT, [LP_WAY_IN] = LP_CUT_IN};
    return lp_network_cut(&strikes->backends->network, node_of(strikes, &fault->target),
                          node_of(strikes, &fault->from), ways[fault->way], &strike->cut, err);
}

/* Rules that nothing ran into prove no partition. */
static int undo_partition(struct lp_strikes *strikes, const struct lp_fault *fault,
                          struct lp_strike *strike, struct lp_err *err)
{
    (void)strikes, (void)fault;
    if (lp_network_dropped(strike->cut, &strike->note.count, err) == -1 ||
        lp_network_heal(strike->cut, err) == -1)
        return -1;
    if (strike->note.count == 0)
        return lp_err_set(err, LP_ERR_SELF, "no packet came that could be dropped");
    snprintf(strike->note.proof, sizeof strike->note.proof, "%" PRIu64 " packets dropped",
             strike->note.count);
    return 0;
}

static int do_slow(struct lp_strikes *strikes, const struct lp_fault *fault,
                   struct lp_strike *strike, struct lp_err *err)
{
    (void)strike;
    return lp_network_slow(&strikes->backends->network, node_of(strikes, &fault->target), err);
}

static int undo_slow(struct lp_strikes *strikes, const struct lp_fault *fault,
                     struct lp_strike *strike, struct lp_err *err)
{
    const struct lp_network *network = &strikes->backends->network;
    unsigned node = node_of(strikes, &fault->target);
    if (lp_network_delayed(network, node, &strike->note.count, err) == -1 ||
        lp_network_quicken(network, node, err) == -1)
        return -1;
    if (strike->note.count == 0)
        return lp_err_set(err, LP_ERR_SELF, "no packet came that had to wait");
    snprintf(strike->note.proof, sizeof strike->note.proof,
             "packets had to wait %" PRIu64 " times for the narrowed link", strike->note.count);
    return 0;
}

/* ---- the table ---- */

static const struct {
    int (*act)(struct lp_strikes *, const struct lp_fault *, struct lp_strike *, struct lp_err *);
    int (*undo)(struct lp_strikes *, const struct lp_fault *, struct lp_strike *, struct lp_err *);
    bool proved_late; /* only when it is over can it be known that it happened */
} acts[] = {
    [LP_FAULT_KILL] = {do_kill, NULL, false},
    [LP_FAULT_PAUSE] = {do_pause, undo_pause, false},
    [LP_FAULT_RESET] = {lp_strike_session, NULL, false},
    [LP_FAULT_EXPIRE] = {lp_strike_session, NULL, false},
    [LP_FAULT_CRASH] = {do_crash, undo_crash, false},
    [LP_FAULT_RESTART] = {do_restart, NULL, false},
    [LP_FAULT_FAILOVER] = {do_failover, NULL, false},
    [LP_FAULT_PARTITION] = {do_partition, undo_partition, true},
    [LP_FAULT_SLOW] = {do_slow, undo_slow, true},
    [LP_FAULT_DISK_FULL] = {do_disk_full, undo_disk_full, false},
};

static void name_target(const struct lp_strikes *strikes, const struct lp_fault *fault,
                        struct lp_strike *strike)
{
    struct lp_fault_record *note = &strike->note;
    bool parked = fault->after.step != LP_STEP_NONE;
    note->container = LP_FAULT_NOBODY;
    note->worker = LP_FAULT_NOBODY;
    snprintf(note->fault, sizeof note->fault, "%s", lp_fault_rows[fault->kind].name);
    snprintf(note->target, sizeof note->target, "%s", fault->target.text);
    if (fault->target.kind == LP_TARGET_CONTAINER)
        note->container = fault->target.index;
    if (strike->worker == LP_FAULT_NOBODY || fault->target.kind == LP_TARGET_SERVER ||
        lp_fault_rows[fault->kind].network)
        return;
    note->worker = strike->worker;
    note->container = lp_scenario_seat(strikes->plan->scenario, strike->worker).container;
    const char *role = fault->target.kind == LP_TARGET_HOLDER   ? ", the holder"
                       : fault->target.kind == LP_TARGET_WAITER ? ", a waiter"
                                                                : "";
    snprintf(note->target, sizeof note->target, "worker %u%s%s%s", strike->worker, role,
             parked ? ", after " : "", parked ? lp_step_name(fault->after.step) : "");
}

bool lp_strike_do(struct lp_strikes *strikes, const struct lp_fault *fault,
                  struct lp_strike *strike)
{
    struct lp_err err = {0};
    if (!choose(strikes, fault, strike))
        return false;
    strike->note = (struct lp_fault_record){.row = strike->row, .invoke_ns = lp_clock_ns()};
    name_target(strikes, fault, strike);
    int result = acts[fault->kind].act(strikes, fault, strike, &err);
    strike->note.complete_ns = lp_clock_ns();
    strike->note.outcome = result == -1                    ? LP_FAIL
                           : acts[fault->kind].proved_late ? LP_UNKNOWN
                                                           : LP_OK;
    if (result == -1)
        snprintf(strike->note.proof, sizeof strike->note.proof, "%.143s", err.text);
    strike->note_number = lp_notes_add(&strikes->notes, &strike->note);
    return true;
}

void lp_strike_lift(struct lp_strikes *strikes, const struct lp_fault *fault,
                    struct lp_strike *strike)
{
    struct lp_err err = {0};
    if (strike->note.outcome == LP_FAIL || !acts[fault->kind].undo)
        return;
    int result = acts[fault->kind].undo(strikes, fault, strike, &err);
    strike->note.over_ns = lp_clock_ns();
    strike->note.outcome = result == -1 ? LP_FAIL : LP_OK;
    if (result == -1)
        snprintf(strike->note.proof, sizeof strike->note.proof, "%.143s", err.text);
    lp_notes_update(&strikes->notes, strike->note_number, &strike->note);
}

void lp_strike_missed(struct lp_strikes *strikes, const struct lp_fault *fault, uint32_t row)
{
    struct lp_strike strike = {.worker = LP_FAULT_NOBODY, .row = row};
    strike.note = (struct lp_fault_record){.row = row, .outcome = LP_FAIL};
    strike.note.invoke_ns = strike.note.complete_ns = lp_clock_ns();
    name_target(strikes, fault, &strike);
    snprintf(strike.note.proof, sizeof strike.note.proof, "it never came to it: %s",
             fault->after.step != LP_STEP_NONE ? "nobody was seen to do that step"
                                               : "nobody was there when it was due");
    lp_notes_add(&strikes->notes, &strike.note);
}

void lp_strikes_release(struct lp_strikes *strikes)
{
    const struct lp_backends *backends = strikes->backends;
    /* Those of the runner are not our children: waiting for them fails, and they are left alone. */
    for (size_t i = 0; i < backends->count; i++)
        for (size_t k = 0; k < backends->sets[i].count; k++) {
            struct lp_server *server = &strikes->backends->sets[i].servers[k];
            siginfo_t info = {.si_pid = 0};
            if (server->child.pid > 0 &&
                waitid(P_PID, (id_t)server->child.pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0)
                lp_server_end(server, server->row->stop_signal);
        }
    for (uint32_t i = 0; strikes->pidfds && i < strikes->plan->control->worker_count; i++)
        if (strikes->pidfds[i] != -1)
            close(strikes->pidfds[i]);
    free(strikes->pidfds);
    lp_notes_close(&strikes->notes);
}
