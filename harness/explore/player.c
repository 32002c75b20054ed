/* SPDX-License-Identifier: MIT */
/* A worker that is led. */
#include "explore/player.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

static struct lp_player *player_of(struct lp_worker *worker)
{
    return (struct lp_player *)((char *)worker - offsetof(struct lp_player, worker));
}

static struct lp_player *player_of_client(struct lp_client *client)
{
    struct lp_host *host = client->host;
    return player_of((struct lp_worker *)((char *)host - offsetof(struct lp_worker, host)));
}

/* ---- stopping ---- */

/* What was recorded since the last stop, as far as who leads has to know of it. */
static void digest(struct lp_player *player, const struct lp_record *record)
{
    struct lp_report *report = player->report;
    bool ok = record->outcome == LP_OK;
    switch ((enum lp_step_kind)record->kind) {
    case LP_STEP_WRITE:
    case LP_STEP_ADD:
    case LP_STEP_CAS:
        if (ok && record->flags & LP_FLAG_IN_TX)
            player->pending++;
        else
            report->acknowledged += ok;
        break;
    case LP_STEP_COMMIT:
        if (ok)
            report->acknowledged += player->pending;
        player->pending = 0;
        break;
    case LP_STEP_ROLLBACK:
        player->pending = 0;
        break;
    case LP_STEP_UNLOCK:
        report->unclean |= !ok;
        break;
    case LP_STEP_CLOSE:
    case LP_STEP_REOPEN:
        report->unclean = true;
        break;
    default:
        break;
    }
    if (record->state != LP_RECORD_COMPLETE)
        return;
    report->kind = record->kind;
    report->outcome = record->outcome;
    report->value = record->value;
    report->plain &= ok || record->outcome == LP_BUSY;
}

static void digest_from(struct lp_player *player, size_t first)
{
    const struct lp_recorder *recorder = &player->worker.recorder;
    for (size_t i = first; i < recorder->used; i++)
        if (recorder->chunk[i].kind != LP_STEP_TOKEN && recorder->chunk[i].kind != LP_STEP_TRY)
            digest(player, &recorder->chunk[i]);
}

static void stop_at(struct lp_player *player, enum lp_where where, const char *point)
{
    struct lp_report *report = player->report;
    const struct lp_worker *worker = &player->worker;
    report->where = where;
    memccpy(report->point, point, '\0', sizeof report->point - 1); /* its last byte stays 0 */
    report->round = worker->recorder.round;
    report->attempt = worker->recorder.attempt;
    report->in_transaction = worker->in_transaction;
    report->held = 0;
    for (size_t i = 0; i < worker->crew->scenario->lock_count; i++)
        if (worker->held[i])
            report->held |= 1u << i;
    player->yield(player);
    player->direction.thorough = player->prompt->thorough;
    report->kind = 0;
    report->thinks_ns = 0;
}

static void between(struct lp_worker *worker, const char *name)
{
    struct lp_player *player = player_of(worker);
    if (!player->prompt->drain)
        stop_at(player, LP_AT_POINT, name);
}

static enum lp_waited wait_for_others(struct lp_player *player, bool pure)
{
    if (player->prompt->drain)
        return LP_WAIT_NO_MORE;
    player->report->pure = pure;
    stop_at(player, LP_AT_WAIT, "");
    if (player->prompt->drain)
        return LP_WAIT_NO_MORE;
    return player->prompt->refuse ? LP_WAIT_REFUSED : LP_WAITED;
}

static enum lp_waited wait_for_lock(struct lp_worker *worker)
{
    return wait_for_others(player_of(worker), true);
}

/* ---- what its drivers are offered ---- */

static uint64_t virtual_now(struct lp_client *client)
{
    return player_of_client(client)->prompt->now_ns;
}

static void point(struct lp_client *client, const char *name)
{
    between(&player_of_client(client)->worker, name);
}

static enum lp_waited wait_in_call(struct lp_client *client)
{
    return wait_for_others(player_of_client(client), false);
}

static void no_alarm_start(struct lp_client *client, uint64_t deadline_ns)
{
    (void)client, (void)deadline_ns;
}

static void no_alarm_stop(struct lp_client *client)
{
    (void)client;
}

static const struct lp_services led_services = {
    .now_ns = virtual_now,
    .point = point,
    .wait = wait_in_call,
    .alarm_start = no_alarm_start,
    .alarm_stop = no_alarm_stop,
};

/* ---- playing ---- */

uint32_t lp_player_stop(const struct lp_group *group, uint32_t step, bool timed)
{
    while (step < group->step_count && !timed && group->steps[step].kind == LP_STEP_THINK)
        step++;
    return step;
}

static enum lp_flow do_step(struct lp_player *player, const struct lp_step *step)
{
    size_t first = player->worker.recorder.used;
    if (step->kind == LP_STEP_THINK) {
        player->report->thinks_ns = step->think.max_ns;
        return LP_FLOW_NEXT;
    }
    enum lp_flow flow = lp_step_do(&player->worker, step);
    digest_from(player, first);
    return flow;
}

static bool holds_something(const struct lp_worker *worker)
{
    bool holds = worker->in_transaction;
    for (size_t i = 0; i < worker->crew->scenario->lock_count; i++)
        holds |= worker->held[i];
    return holds;
}

/* What a round that did not come to its end still holds. */
static void let_go(struct lp_player *player)
{
    if (!holds_something(&player->worker))
        return;
    between(&player->worker, "gives up");
    size_t first = player->worker.recorder.used;
    lp_step_let_go(&player->worker);
    digest_from(player, first);
}

/* `told` is true when the go-ahead for the first step has been given already. */
static enum lp_flow try_round(struct lp_player *player, bool told)
{
    const struct lp_group *group = player->worker.group;
    bool timed = player->prompt->timed;
    uint32_t step = lp_player_stop(group, 0, timed);
    while (step < group->step_count) {
        player->report->step = step;
        if (!told)
            stop_at(player, LP_AT_STEP, "");
        told = false;
        if (player->prompt->drain)
            return LP_FLOW_STOPPED;
        enum lp_flow flow = do_step(player, &group->steps[step]);
        if (flow != LP_FLOW_NEXT)
            return flow;
        step = lp_player_stop(group, step + 1, timed);
    }
    return LP_FLOW_NEXT;
}

static enum lp_flow do_round(struct lp_player *player, bool told)
{
    struct lp_worker *worker = &player->worker;
    worker->recorder.attempt = 0;
    for (;;) {
        enum lp_flow flow = try_round(player, told);
        if (flow == LP_FLOW_NEXT)
            return flow;
        let_go(player);
        if (flow != LP_FLOW_RETRY || player->prompt->drain)
            return flow;
        if (worker->recorder.attempt + 1 == LP_ATTEMPTS_MAX) {
            player->report->cut = true;
            return LP_FLOW_END_ROUND;
        }
        worker->recorder.attempt++;
        player->report->step = lp_player_stop(worker->group, 0, player->prompt->timed);
        stop_at(player, LP_AT_RETRY, "");
        told = true;
    }
}

static enum lp_worker_end end_of(enum lp_flow flow)
{
    switch (flow) {
    case LP_FLOW_NEXT:
    case LP_FLOW_END_ROUND:
        return LP_END_DONE;
    case LP_FLOW_DEADLINE:
        return LP_END_DEADLINE;
    case LP_FLOW_ERROR:
        return LP_END_ERROR;
    case LP_FLOW_FULL:
        return LP_END_FULL;
    case LP_FLOW_RETRY:
    case LP_FLOW_STOPPED:
        break;
    }
    return LP_END_STOPPED;
}

static bool more_rounds(const struct lp_player *player)
{
    uint32_t round = player->worker.recorder.round;
    return round < player->rounds && round < player->prompt->rounds;
}

static void play(struct lp_player *player)
{
    struct lp_worker *worker = &player->worker;
    struct lp_history_header *header = worker->recorder.header;
    enum lp_flow flow = LP_FLOW_NEXT;
    for (bool told = true; more_rounds(player); worker->recorder.round++) {
        flow = do_round(player, told);
        told = false;
        if (flow != LP_FLOW_NEXT && flow != LP_FLOW_END_ROUND)
            break;
        worker->rounds_done++;
    }
    header->rounds_done = worker->rounds_done;
    header->finished = 1 + (uint64_t)end_of(flow);
    if (flow == LP_FLOW_FULL)
        snprintf(player->report->error, sizeof player->report->error,
                 "more than %d operations in one schedule", LP_PLAYER_RECORDS);
    player->report->unclean |= holds_something(worker) || flow == LP_FLOW_ERROR;
}

static void clear(struct lp_player *player)
{
    struct lp_worker *worker = &player->worker;
    struct lp_recorder *recorder = &worker->recorder;
    memset(recorder->chunk, 0, recorder->used * sizeof *recorder->chunk);
    recorder->used = 0;
    if (player->prompt->thorough) /* those of earlier schedules would fill the table */
        memset(recorder->header->identities, 0, sizeof recorder->header->identities);
    recorder->round = 0;
    recorder->attempt = 0;
    recorder->full = false;
    recorder->header->finished = 0;
    recorder->header->rounds_done = 0;
    worker->rounds_done = 0;
    worker->value_read = 0;
    player->pending = 0;
}

/* A try that was given up may have kept what it opened, for a next one that does not come. */
static void let_handles_go(struct lp_player *player)
{
    struct lp_worker *worker = &player->worker;
    for (size_t i = 0; i < worker->crew->scenario->lock_count; i++) {
        struct lp_client *client = worker->locks[i];
        const struct lp_lock_ops *ops = client->driver->lock;
        if (ops->drop && ops->reopen &&
            (ops->drop(client) != LP_OK || ops->reopen(client) != LP_OK))
            player->report->unclean = true;
    }
}

void lp_player_main(struct lp_player *player)
{
    for (;;) {
        clear(player);
        player->direction.thorough = player->prompt->thorough;
        play(player);
        if (player->prompt->drain)
            let_handles_go(player);
        stop_at(player, LP_AT_END, "");
    }
}

/* ---- life cycle ---- */

void lp_player_init(struct lp_player *player, const struct lp_crew *crew, uint32_t index,
                    unsigned rounds, void *memory, uint64_t *clock_ns, struct lp_report *report,
                    const struct lp_prompt *prompt)
{
    struct lp_seat seat = lp_scenario_seat(crew->scenario, index);
    const struct lp_group *group = &crew->scenario->groups[seat.group];
    *player = (struct lp_player){
        .direction = {.services = &led_services, .wait = wait_for_lock, .between = between},
        .rounds = group->rounds && group->rounds < rounds ? group->rounds : rounds,
        .report = report,
        .prompt = prompt,
    };
    player->worker.crew = crew;
    player->worker.group = group;
    player->worker.slot = &crew->control->slots[index];
    player->worker.index = index;
    lp_random_init(&player->worker.random, crew->seed, index);
    memset(memory, 0, LP_PLAYER_MEMORY); /* an earlier player's, who was killed */
    lp_recorder_over(&player->worker.recorder, memory, LP_PLAYER_MEMORY, clock_ns);
    lp_worker_fill_header(&player->worker);
    player->worker.recorder.header->start_ns = 0; /* of another time */
    player->worker.recorder.header->rounds = player->rounds;
}

int lp_player_open(struct lp_player *player, struct lp_err *err)
{
    player->worker.direction = &player->direction;
    player->open = true;
    return lp_worker_open_clients(&player->worker, err);
}

void lp_player_close(struct lp_player *player)
{
    struct lp_worker *worker = &player->worker;
    if (player->open)
        lp_worker_close_clients(worker);
    player->open = false;
    memset(worker->held, 0, sizeof worker->held);
    worker->in_transaction = false;
}

void lp_report_begin(struct lp_report *report, const struct lp_group *group, bool timed)
{
    *report = (struct lp_report){
        .where = LP_AT_STEP,
        .step = lp_player_stop(group, 0, timed),
        .plain = true,
    };
}
