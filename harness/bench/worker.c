/* SPDX-License-Identifier: MIT */
/* A worker of a cell: open, gate, loop or slices, figures into its lane, end. */
#include "bench/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/units.h"
#include "bench/loop.h"

/* An acquire has so long beyond the planned end before it is given up. */
#define PATIENCE_NS (5 * LP_SEC)
/* A history that has grown so far is begun anew, between two slices. */
#define HISTORY_MAX (UINT64_C(32) * 1024 * 1024)
#define RECORDS_EXPECTED 65536
/* The clock is looked at about so many times a slice. */
#define LOOKS_A_SLICE 16
#define PAIRS_MAX (1u << 20)
#define PROBES 20000
#define TIMER_SLACK_NS 1000

struct bench_worker {
    const struct lp_crew *crew;
    const struct lp_bench_task *task;
    const struct lp_cell *cell;
    struct lp_lane *lane;
    uint32_t index;
    struct lp_host host;
    struct lp_services services;
    struct lp_hand hands[2];
    size_t hand_count;
    struct lp_recorder recorder;
    int history_fd;
};

int lp_cpus_apply(enum lp_cpus cpus, unsigned index)
{
    cpu_set_t allowed, own;
    if (cpus == LP_CPUS_ANY)
        return 0;
    if (sched_getaffinity(0, sizeof allowed, &allowed) == -1)
        return -1;
    unsigned wanted = cpus == LP_CPUS_ONE ? 0 : index % (unsigned)CPU_COUNT(&allowed);
    for (unsigned cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, &allowed) || wanted-- > 0)
            continue;
        CPU_ZERO(&own);
        CPU_SET(cpu, &own);
        return sched_setaffinity(0, sizeof own, &own);
    }
    errno = ESRCH;
    return -1;
}

/* ---- opening and closing ---- */

/* Where a driver says that others may come in between, they do. */
static void give_way(struct lp_client *client, const char *name)
{
    (void)client, (void)name;
    sched_yield();
}

static int open_history(struct bench_worker *worker, struct lp_err *err)
{
    char path[512];
    snprintf(path, sizeof path, "%s/node", worker->task->scratch);
    worker->history_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (worker->history_fd == -1)
        return lp_err_sys(err, LP_ERR_SELF, errno, "unable to open '%s'", path);
    return lp_recorder_open(&worker->recorder, worker->history_fd, "bench.lph", RECORDS_EXPECTED,
                            err);
}

static void close_history(struct bench_worker *worker)
{
    lp_recorder_close(&worker->recorder);
    if (worker->history_fd != -1)
        close(worker->history_fd);
    worker->history_fd = -1;
}

static int renew_history(struct bench_worker *worker, struct lp_err *err)
{
    lp_recorder_close(&worker->recorder);
    unlinkat(worker->history_fd, "bench.lph", 0);
    return lp_recorder_open(&worker->recorder, worker->history_fd, "bench.lph", RECORDS_EXPECTED,
                            err);
}

static int open_hand(struct bench_worker *worker, size_t number, struct lp_err *err)
{
    const struct lp_cell *cell = worker->cell;
    struct lp_hand *hand = &worker->hands[number];
    bool gives_way = cell->kind == LP_CELL_CHECK;
    worker->services = lp_free_services;
    if (gives_way)
        worker->services.point = give_way;
    struct lp_client *client =
        lp_worker_client(worker->crew, worker->index, &worker->crew->locks[number], number,
                         &worker->host, &worker->services, err);
    if (!client)
        return -1;
    *hand = (struct lp_hand){
        .client = client,
        .ops = client->driver->lock,
        .bare = lp_bare_find(client),
        .ticks = &worker->task->host->ticks,
        .work = {.data = &worker->task->area->data[number],
                 .self = worker->index + 1,
                 .hold_ns = cell->hold_ns,
                 .think_ns = cell->think_ns,
                 .gives_way = gives_way,
                 .random = lp_mix(cell->seed, worker->index) | 1},
        .recorder = &worker->recorder,
        .acquire_ns = &worker->lane->acquire_ns,
        .hold_ns = &worker->lane->hold_ns,
        .until_sample = LP_SAMPLE_EVERY,
    };
    lp_random_init(&hand->random, cell->seed, worker->index);
    worker->hand_count = number + 1;
    return 0;
}

static int open_worker(struct bench_worker *worker, struct lp_err *err)
{
    prctl(PR_SET_TIMERSLACK, TIMER_SLACK_NS);
    if (lp_cpus_apply(worker->cell->cpus, worker->index) == -1)
        return lp_err_sys(err, LP_ERR_SELF, errno, "unable to choose a processor");
    if (lp_alarm_init(&worker->host.alarm, err) == -1)
        return -1;
    if (worker->cell->kind == LP_CELL_OVERHEAD && open_history(worker, err) == -1)
        return -1;
    size_t locks = worker->cell->kind == LP_CELL_PAIR ? 2 : 1;
    for (size_t i = 0; i < locks; i++)
        if (open_hand(worker, i, err) == -1)
            return -1;
    return 0;
}

static void close_worker(struct bench_worker *worker)
{
    for (size_t i = worker->hand_count; i > 0; i--)
        lp_worker_close_client(worker->hands[i - 1].client);
    close_history(worker);
    lp_alarm_release(&worker->host.alarm);
}

static bool complain(struct bench_worker *worker, const char *text)
{
    snprintf(worker->lane->error, sizeof worker->lane->error, "%.190s", text);
    worker->lane->failed = true;
    return false;
}

/* ---- slices ---- */

static long preemptions(void)
{
    struct rusage usage;
    getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_nivcsw;
}

static bool do_slice(struct bench_worker *worker, struct lp_hand *hand, enum lp_loop loop,
                     uint32_t pairs, struct lp_slice *slice)
{
    struct lp_err err = {0};
    if (loop == LP_LOOP_FULL && worker->recorder.file_size > HISTORY_MAX &&
        renew_history(worker, &err) == -1)
        return complain(worker, err.text);
    const struct lp_ticks *ticks = hand->ticks;
    long before = preemptions();
    hand->deadline_ns = lp_clock_ns() + worker->cell->duration_ns + PATIENCE_NS;
    uint64_t start_ns = lp_ticks_before(ticks);
    uint64_t now_ns;
    do {
        if (!lp_loop_do(loop, hand, pairs))
            return complain(worker, hand->error);
        slice->pairs += pairs;
        now_ns = lp_ticks_after(ticks);
    } while (now_ns - start_ns < worker->cell->duration_ns);
    slice->elapsed_ns += now_ns - start_ns;
    slice->disturbed = preemptions() != before;
    return true;
}

/* How many pairs fit between two looks at the clock. Warms everything up on the way. */
static bool calibrate(struct bench_worker *worker, struct lp_hand *hand, uint32_t *pairs)
{
    const uint64_t enough_ns = worker->cell->duration_ns / LOOKS_A_SLICE;
    hand->deadline_ns = lp_clock_ns() + PATIENCE_NS;
    for (*pairs = 1; *pairs < PAIRS_MAX; *pairs *= 2) {
        uint64_t start_ns = lp_ticks_before(hand->ticks);
        if (!lp_loop_do(LP_LOOP_OFF, hand, *pairs))
            return complain(worker, hand->error);
        if (lp_ticks_after(hand->ticks) - start_ns >= enough_ns)
            break;
    }
    return true;
}

/* Another order each round, the same for all workers: what comes first must not always come first.
 */
static void shuffle(struct lp_random *random, unsigned *order, unsigned count)
{
    for (unsigned i = count; i > 1; i--) {
        unsigned k = (unsigned)lp_random_between(random, 0, i - 1);
        unsigned kept = order[i - 1];
        order[i - 1] = order[k];
        order[k] = kept;
    }
}

/* The price of one record, and of one bare read of each clock. */
static bool probe_event(struct bench_worker *worker)
{
    struct lp_lane *lane = worker->lane;
    const struct lp_ticks *ticks = worker->hands[0].ticks;
    volatile uint64_t sink = 0;
    uint64_t start_ns = lp_clock_ns();
    for (int i = 0; i < PROBES; i++)
        sink = lp_clock_ns();
    uint64_t end_ns = lp_clock_ns();
    lane->clock_ns = (double)(end_ns - start_ns) / PROBES;
    start_ns = end_ns;
    for (int i = 0; i < PROBES && ticks->tsc; i++)
        sink = lp_ticks_raw();
    end_ns = lp_clock_ns();
    lane->tsc_ns = ticks->tsc ? (double)(end_ns - start_ns) / PROBES : 0;
    start_ns = end_ns;
    for (int i = 0; i < PROBES; i++) {
        struct lp_record *record = lp_recorder_begin(&worker->recorder, LP_STEP_LOCK, 0, 0);
        if (!record)
            return complain(worker, "no room for the history");
        lp_recorder_end(&worker->recorder, record, LP_OK);
    }
    lane->event_ns = (double)(lp_clock_ns() - start_ns) / PROBES;
    (void)sink;
    return true;
}

static bool overhead(struct bench_worker *worker)
{
    struct lp_hand *hand = &worker->hands[0];
    unsigned order[LP_LOOP_COUNT], count = 0;
    uint32_t pairs;
    worker->lane->has_bare = hand->bare != NULL;
    for (unsigned loop = hand->bare ? LP_LOOP_BARE : LP_LOOP_OFF; loop < LP_LOOP_COUNT; loop++)
        order[count++] = loop;
    if (!probe_event(worker) || !calibrate(worker, hand, &pairs))
        return false;
    struct lp_random random;
    lp_random_init(&random, worker->cell->seed, 0);
    for (unsigned round = 0; round < worker->cell->rounds; round++) {
        shuffle(&random, order, count);
        for (unsigned i = 0; i < count; i++)
            if (!do_slice(worker, hand, (enum lp_loop)order[i], pairs,
                          &worker->lane->slices[round][order[i]]))
                return false;
    }
    return true;
}

static bool compare(struct bench_worker *worker)
{
    struct lp_barrier *barrier = &worker->crew->control->burst;
    unsigned order[2] = {0, 1};
    uint32_t pairs[2];
    for (unsigned i = 0; i < 2; i++)
        if (!calibrate(worker, &worker->hands[i], &pairs[i]))
            return false;
    struct lp_random random;
    lp_random_init(&random, worker->cell->seed, 0);
    for (unsigned round = 0; round < worker->cell->rounds; round++) {
        /* A B, then B A: a drift of the machine then hits both alike. */
        if (round % 2 == 0)
            shuffle(&random, order, 2);
        else
            order[0] ^= 1, order[1] ^= 1;
        for (unsigned i = 0; i < 2; i++) {
            if (worker->cell->workers > 1)
                lp_barrier_arrive(barrier, LP_FOREVER);
            if (!do_slice(worker, &worker->hands[order[i]], LP_LOOP_OFF, pairs[order[i]],
                          &worker->lane->slices[round][order[i]]))
                return false;
        }
    }
    return true;
}

static bool point(struct bench_worker *worker)
{
    struct lp_hand *hand = &worker->hands[0];
    uint64_t start_ns = lp_ticks_before(hand->ticks);
    uint64_t duration_ns = worker->cell->duration_ns;
    hand->deadline_ns = lp_clock_ns() + duration_ns + PATIENCE_NS;
    if (!lp_loop_point(hand, worker->lane, start_ns, start_ns + duration_ns))
        return complain(worker, hand->error);
    return true;
}

/* ---- a life ---- */

static uint64_t time_of(const struct timeval *time)
{
    return (uint64_t)time->tv_sec * LP_SEC + (uint64_t)time->tv_usec * LP_US;
}

static void measure(struct bench_worker *worker)
{
    struct lp_lane *lane = worker->lane;
    struct rusage before, after;
    getrusage(RUSAGE_THREAD, &before);
    uint64_t start_ns = lp_clock_ns();
    switch (worker->cell->kind) {
    case LP_CELL_POINT:
    case LP_CELL_CHECK:
        point(worker);
        break;
    case LP_CELL_OVERHEAD:
        overhead(worker);
        break;
    case LP_CELL_PAIR:
        compare(worker);
        break;
    }
    lane->elapsed_ns = lp_clock_ns() - start_ns;
    getrusage(RUSAGE_THREAD, &after);
    lane->cpu_ns = time_of(&after.ru_utime) + time_of(&after.ru_stime) - time_of(&before.ru_utime) -
                   time_of(&before.ru_stime);
    lane->voluntary = (uint64_t)(after.ru_nvcsw - before.ru_nvcsw);
    lane->involuntary = (uint64_t)(after.ru_nivcsw - before.ru_nivcsw);
    for (size_t i = 0; i < worker->hand_count; i++) {
        const struct lp_work *work = &worker->hands[i].work;
        lane->entered[i] = work->entered;
        lane->intrusions[i] = work->intrusions;
        lane->handovers += work->handovers;
        lane->refusals += worker->hands[i].refusals;
    }
}

void lp_bench_worker_main(const struct lp_crew *crew, uint32_t index)
{
    const struct lp_bench_task *task = crew->task;
    struct bench_worker worker = {
        .crew = crew,
        .task = task,
        .cell = task->cell,
        .lane = &task->area->lanes[index],
        .index = index,
        .history_fd = -1,
    };
    struct lp_err err = {0};
    if (open_worker(&worker, &err) == -1) {
        lp_trouble_set(&crew->control->trouble, &err);
    } else if (lp_worker_pass_gate(crew, index)) {
        measure(&worker);
        lp_worker_leave(crew, index);
    }
    close_worker(&worker);
}
