/* SPDX-License-Identifier: MIT */
/* Futex ping-pong between two processes. */
#include "bench/wake.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/units.h"
#include "bench/worker.h"
#include "os/futex.h"
#include "os/process.h"

#define DURATION_NS (80 * LP_MS)
#define DEADLINE_NS (5 * LP_SEC)
#define TURNS_WARM 20
/* So many are measured however long it takes: a busy machine gives few turns to two that wait. */
#define TURNS_MIN 50

enum { TURN_FIRST, TURN_SECOND, TURN_OVER };

struct table {
    _Atomic uint32_t turn;
    struct lp_histogram wake_ns;
};

static void play_second(struct table *table, uint64_t until_ns)
{
    while (lp_futex_wait(&table->turn, TURN_FIRST, until_ns) &&
           atomic_load(&table->turn) == TURN_SECOND) {
        atomic_store(&table->turn, TURN_FIRST);
        lp_futex_wake_all(&table->turn);
    }
}

static void play_first(struct table *table, uint64_t until_ns)
{
    uint64_t now_ns = lp_clock_ns(), end_ns = now_ns + DURATION_NS;
    for (unsigned turns = 0; now_ns < end_ns || turns < TURNS_WARM + TURNS_MIN; turns++) {
        uint64_t start_ns = now_ns;
        atomic_store(&table->turn, TURN_SECOND);
        lp_futex_wake_all(&table->turn);
        if (!lp_futex_wait(&table->turn, TURN_SECOND, until_ns))
            break;
        now_ns = lp_clock_ns();
        if (turns >= TURNS_WARM)
            lp_histogram_add(&table->wake_ns, (now_ns - start_ns) / 2);
    }
    atomic_store(&table->turn, TURN_OVER);
    lp_futex_wake_all(&table->turn);
}

/* Both players are children: the caller's own processor is not to be changed. */
static int start_player(struct lp_child *child, unsigned number, enum lp_cpus cpus,
                        struct table *table, uint64_t until_ns)
{
    if (lp_process_fork(child, 0) == -1)
        return -1;
    if (child->pid != 0)
        return 0;
    if (lp_cpus_apply(cpus, number) == -1)
        _exit(1);
    if (number == 0)
        play_first(table, until_ns);
    else
        play_second(table, until_ns);
    _exit(0);
}

int lp_wake_measure(struct lp_wake *wake, enum lp_cpus cpus, struct lp_err *err)
{
    struct table *table = mmap(NULL, sizeof *table, PROT_READ | PROT_WRITE,
                               MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (table == MAP_FAILED)
        return lp_err_sys(err, LP_ERR_SELF, errno, "unable to share memory");
    struct lp_child players[2];
    uint64_t until_ns = lp_clock_ns() + DEADLINE_NS;
    int result = 0;
    for (unsigned started = 0; started < 2; started++) {
        if (start_player(&players[started], started, cpus, table, until_ns) == 0)
            continue;
        result = lp_err_sys(err, LP_ERR_SELF, errno, "unable to start a process");
        if (started == 1) {
            lp_process_kill(&players[0], SIGKILL);
            lp_process_wait(&players[0]);
        }
        break;
    }
    if (result == 0) {
        lp_process_wait(&players[0]);
        lp_process_wait(&players[1]);
        *wake = (struct lp_wake){lp_histogram_quantile(&table->wake_ns, 0.5),
                                 lp_histogram_quantile(&table->wake_ns, 0.99)};
        if (table->wake_ns.count == 0)
            result = lp_err_set(err, LP_ERR_SELF, "two processes were unable to wake each other");
    }
    munmap(table, sizeof *table);
    return result;
}
