/* SPDX-License-Identifier: MIT */
/* Turns: by switching stacks, or through a futex. */
#include "explore/stage.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"
#include "base/units.h"
#include "os/clock.h"
#include "os/file.h"

#define STACK_SIZE ((size_t)512 * 1024) /* SQLite needs some, sanitizers more */
/* A player that does not come back in so long hangs in its backend, or is dead. */
#define TURN_NS (20 * LP_SEC)
#define GLANCE_NS (200 * LP_MS)

/* ---- where ---- */

static enum lp_owner owner_of(const struct lp_registry *registry, const char *name)
{
    const struct lp_driver_row *row = lp_registry_find(registry, name);
    return row && row->driver ? row->driver->owner : LP_OWNER_NAME;
}

enum lp_stage_kind lp_stage_kind_of(const struct lp_scenario *scenario,
                                    const struct lp_registry *registry)
{
    bool threads = scenario->placement == LP_PLACE_THREAD;
    enum lp_stage_kind kind = LP_STAGE_FIBERS;
    if (scenario->placement_needed >= LP_PLACE_NAMESPACE)
        return LP_STAGE_PROCESSES;
    for (size_t i = 0; i <= scenario->lock_count; i++) {
        const char *driver = i ? scenario->locks[i - 1].driver : scenario->store.driver;
        switch (owner_of(registry, driver)) {
        case LP_OWNER_PROCESS:
            if (!threads)
                return LP_STAGE_PROCESSES;
            break;
        case LP_OWNER_THREAD:
            if (!threads)
                return LP_STAGE_PROCESSES;
            kind = LP_STAGE_THREADS;
            break;
        case LP_OWNER_DESCRIPTION:
        case LP_OWNER_SESSION:
        case LP_OWNER_NAME:
            break;
        }
    }
    return kind;
}

unsigned lp_stage_containers(enum lp_stage_kind kind, const struct lp_scenario *scenario)
{
    return kind == LP_STAGE_PROCESSES ? scenario->containers : 1;
}

static unsigned container_of(const struct lp_stage *stage, uint32_t player)
{
    return lp_scenario_seat(stage->plan->scenario, player).container;
}

/* ---- handing over ---- */

static void give(_Atomic uint32_t *turn, uint32_t to)
{
    atomic_store_explicit(turn, to, memory_order_release);
    lp_futex_wake_all(turn);
}

static void await(_Atomic uint32_t *turn, uint32_t mine)
{
    while (atomic_load_explicit(turn, memory_order_acquire) != mine)
        lp_futex_wait(turn, !mine, LP_FOREVER);
}

/* False when it took too long. */
static bool await_director(struct lp_hand *hand)
{
    uint64_t until_ns = 0;
    while (atomic_load_explicit(&hand->turn, memory_order_acquire) != 0) {
        uint64_t now_ns = lp_clock_ns();
        if (!until_ns)
            until_ns = now_ns + TURN_NS;
        if (now_ns >= until_ns)
            return false;
        lp_futex_wait(&hand->turn, 1, now_ns + GLANCE_NS);
    }
    return true;
}

static int hand_over(struct lp_hand *hand, enum lp_task task, const char *who, uint32_t number,
                     struct lp_err *err)
{
    hand->task = task;
    hand->failed = false;
    give(&hand->turn, 1);
    if (!await_director(hand))
        return lp_err_set(err, LP_ERR_SELF, "%s %u does not come back from its step", who, number);
    if (!hand->failed)
        return 0;
    *err = hand->err;
    return -1;
}

/* ---- a player's own side ---- */

static int do_own_task(struct lp_player *player, enum lp_task task, struct lp_err *err)
{
    switch (task) {
    case LP_TASK_OPEN:
        return lp_player_open(player, err);
    case LP_TASK_CLOSE:
        lp_player_close(player);
        return 0;
    default:
        LP_BUG("a task that is no player's");
    }
}

static struct lp_hand *hand_of(const struct lp_seat_of_player *seat)
{
    return &seat->stage->board->players[seat->index];
}

/* All tasks but GO, which is for whoever called. */
static void serve_until_go(struct lp_seat_of_player *seat)
{
    struct lp_hand *hand = hand_of(seat);
    for (;;) {
        await(&hand->turn, 1);
        if (hand->task == LP_TASK_GO)
            return;
        hand->failed = do_own_task(&seat->player, hand->task, &hand->err) == -1;
        give(&hand->turn, 0);
    }
}

static void yield_by_futex(struct lp_player *player)
{
    struct lp_seat_of_player *seat = player->yield_context;
    give(&hand_of(seat)->turn, 0);
    serve_until_go(seat);
}

static void yield_by_fiber(struct lp_player *player)
{
    struct lp_seat_of_player *seat = player->yield_context;
    lp_fiber_leave(seat->fiber);
}

static void init_player(struct lp_seat_of_player *seat, const struct lp_crew *crew)
{
    const struct lp_stage *stage = seat->stage;
    struct lp_hand *hand = hand_of(seat);
    const struct lp_explore_request *request = stage->board->request;
    lp_player_init(&seat->player, crew, seat->index, request->scenario->rounds,
                   lp_board_memory(stage->board, seat->index), &stage->board->clock_ns,
                   &hand->report, &hand->prompt);
    seat->player.yield = stage->kind == LP_STAGE_FIBERS ? yield_by_fiber : yield_by_futex;
    seat->player.yield_context = seat;
}

static void fiber_main(void *argument)
{
    struct lp_seat_of_player *seat = argument;
    lp_player_main(&seat->player);
}

static void *thread_main(void *argument)
{
    struct lp_seat_of_player *seat = argument;
    serve_until_go(seat);
    lp_player_main(&seat->player);
}

static int fork_player(struct lp_stage *stage, uint32_t index, struct lp_err *err)
{
    struct lp_seat_of_player *seat = &stage->seats[index];
    atomic_store(&stage->board->players[index].turn, 0);
    if (lp_process_fork(&seat->child, 0) == -1)
        return lp_err_sys(err, LP_ERR_SELF, errno, "unable to start worker %u", index);
    if (seat->child.pid != 0)
        return 0;
    init_player(seat, &stage->hosts[0].crew);
    serve_until_go(seat);
    lp_player_main(&seat->player);
}

static int start_player(struct lp_stage *stage, uint32_t index, struct lp_err *err)
{
    struct lp_seat_of_player *seat = &stage->seats[index];
    int failed;
    switch (stage->kind) {
    case LP_STAGE_PROCESSES:
        return fork_player(stage, index, err);
    case LP_STAGE_FIBERS:
        init_player(seat, &stage->hosts[container_of(stage, index)].crew);
        seat->fiber = lp_fiber_make(STACK_SIZE, fiber_main, seat, err);
        return seat->fiber ? 0 : -1;
    case LP_STAGE_THREADS:
        init_player(seat, &stage->hosts[container_of(stage, index)].crew);
        failed = pthread_create(&seat->thread, NULL, thread_main, seat);
        if (failed)
            return lp_err_sys(err, LP_ERR_SELF, failed, "unable to start worker %u", index);
        pthread_detach(seat->thread);
        return 0;
    }
    return 0;
}

/* ---- a container ---- */

static int init_container(struct lp_stage *stage, struct lp_err *err)
{
    const struct lp_scenario *scenario = stage->plan->scenario;
    uint32_t players = stage->board->player_count;
    unsigned here = stage->kind == LP_STAGE_PROCESSES ? 1 : scenario->containers;
    stage->hosts = lp_alloc(here, sizeof *stage->hosts);
    stage->seats = lp_alloc(players, sizeof *stage->seats);
    for (unsigned i = 0; i < here; i++) {
        const char *own = lp_arena_printf(&stage->arena, "%s/container-%u", stage->plan->scratch,
                                          stage->number + i);
        if (lp_folder_make(own, err) == -1 ||
            lp_host_enter(&stage->hosts[i], stage->plan, stage->number + i, &stage->arena, err) ==
                -1)
            return -1;
    }
    for (uint32_t i = 0; i < players; i++) {
        stage->seats[i].stage = stage;
        stage->seats[i].index = i;
        if (stage->kind == LP_STAGE_PROCESSES && container_of(stage, i) != stage->number)
            continue;
        if (start_player(stage, i, err) == -1)
            return -1;
    }
    return 0;
}

static int kill_here(struct lp_stage *stage, uint32_t index)
{
    struct lp_seat_of_player *seat = &stage->seats[index];
    if (seat->child.pid > 0) {
        lp_process_kill(&seat->child, SIGKILL);
        lp_process_wait(&seat->child);
        seat->child.pid = 0;
    }
    return 0;
}

static int do_container_task(struct lp_stage *stage, struct lp_hand *hand, enum lp_task task,
                             struct lp_err *err)
{
    if (task == LP_TASK_KILL)
        return kill_here(stage, hand->player);
    if (task == LP_TASK_FORK)
        return fork_player(stage, hand->player, err);
    return lp_host_do(&stage->hosts[0], hand, task, err);
}

/* Only one of them runs at a time: on one processor a turn is a switch and no wake-up of another.
   Where that is forbidden it only takes longer. */
static void stay_together(const struct lp_board *board)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    if (board->cpu < 0 || board->cpu >= CPU_SETSIZE)
        return;
    CPU_SET(board->cpu, &set);
    (void)sched_setaffinity(0, sizeof set, &set);
}

static int enter_stage(struct lp_stage *stage, const struct lp_container_plan *plan,
                       struct lp_board *board, enum lp_stage_kind kind, unsigned number,
                       struct lp_err *err)
{
    *stage = (struct lp_stage){.kind = kind, .plan = plan, .board = board, .number = number};
    lp_arena_init(&stage->arena);
    if (kind != LP_STAGE_FIBERS)
        stay_together(board);
    return init_container(stage, err);
}

void lp_stage_serve(const struct lp_container_plan *plan, struct lp_board *board, unsigned number)
{
    struct lp_stage stage;
    struct lp_hand *hand = &board->containers[number];
    hand->failed = enter_stage(&stage, plan, board, LP_STAGE_PROCESSES, number, &hand->err) == -1;
    if (hand->failed) {
        lp_trouble_set(&plan->control->trouble, &hand->err);
        lp_event_tell(plan->event_fd);
        _exit(1);
    }
    atomic_fetch_add(&plan->control->prepared, 1);
    lp_futex_wake_all(&plan->control->prepared);
    lp_event_tell(plan->event_fd);
    for (;;) {
        await(&hand->turn, 1);
        if (hand->task == LP_TASK_QUIT)
            break;
        hand->failed = do_container_task(&stage, hand, hand->task, &hand->err) == -1;
        give(&hand->turn, 0);
    }
    lp_stage_release(&stage);
    give(&hand->turn, 0);
    _exit(0);
}

/* ---- the director's side ---- */

int lp_stage_init(struct lp_stage *stage, const struct lp_container_plan *plan,
                  struct lp_board *board, enum lp_stage_kind kind, struct lp_err *err)
{
    return enter_stage(stage, plan, board, kind, 0, err);
}

static int give_turn(struct lp_stage *stage, uint32_t player, enum lp_task task, struct lp_err *err)
{
    struct lp_seat_of_player *seat = &stage->seats[player];
    if (stage->kind != LP_STAGE_FIBERS)
        return hand_over(&stage->board->players[player], task, "worker", player, err);
    if (task != LP_TASK_GO)
        return do_own_task(&seat->player, task, err);
    lp_fiber_enter(seat->fiber);
    return 0;
}

static void count_turn(struct lp_board *board)
{
    uint64_t turns = atomic_load_explicit(&board->turns, memory_order_relaxed);
    atomic_store_explicit(&board->turns, turns + 1, memory_order_relaxed);
}

int lp_stage_player(struct lp_stage *stage, uint32_t player, enum lp_task task, struct lp_err *err)
{
    stage->board->turn_of = player;
    count_turn(stage->board);
    int status = give_turn(stage, player, task, err);
    count_turn(stage->board);
    return status;
}

int lp_stage_container(struct lp_stage *stage, uint32_t container, enum lp_task task,
                       struct lp_err *err)
{
    struct lp_hand *hand = &stage->board->containers[container];
    if (stage->kind != LP_STAGE_PROCESSES)
        return lp_host_do(&stage->hosts[container], hand, task, err);
    if (container == 0)
        return do_container_task(stage, hand, task, err);
    return hand_over(hand, task, "container", container, err);
}

int lp_stage_kill(struct lp_stage *stage, uint32_t player, struct lp_err *err)
{
    struct lp_seat_of_player *seat = &stage->seats[player];
    unsigned container = container_of(stage, player);
    switch (stage->kind) {
    case LP_STAGE_PROCESSES:
        stage->board->containers[container].player = player;
        return lp_stage_container(stage, container, LP_TASK_KILL, err);
    case LP_STAGE_FIBERS:
        /* What the kernel does for a process that dies: descriptors are closed, and nothing else.
           The stack is dropped as it is. */
        lp_player_close(&seat->player);
        lp_fiber_free(seat->fiber);
        seat->fiber = NULL;
        return 0;
    case LP_STAGE_THREADS:
        break;
    }
    return lp_err_set(err, LP_ERR_USAGE, "a thread cannot be killed alone");
}

int lp_stage_revive(struct lp_stage *stage, uint32_t player, struct lp_err *err)
{
    unsigned container = container_of(stage, player);
    if (stage->kind != LP_STAGE_PROCESSES)
        return start_player(stage, player, err);
    stage->board->containers[container].player = player;
    return lp_stage_container(stage, container, LP_TASK_FORK, err);
}

static void dismiss_containers(struct lp_stage *stage)
{
    struct lp_err err;
    for (unsigned i = 1; i < stage->board->container_count; i++)
        if (stage->kind == LP_STAGE_PROCESSES && stage->number == 0)
            (void)!lp_stage_container(stage, i, LP_TASK_QUIT, &err);
}

void lp_stage_release(struct lp_stage *stage)
{
    dismiss_containers(stage);
    for (uint32_t i = 0; stage->seats && i < stage->board->player_count; i++) {
        if (stage->kind == LP_STAGE_FIBERS && stage->seats[i].fiber) {
            lp_player_close(&stage->seats[i].player);
            lp_fiber_free(stage->seats[i].fiber);
        }
        kill_here(stage, i);
    }
    free(stage->seats);
    free(stage->hosts);
    lp_arena_release(&stage->arena);
}
