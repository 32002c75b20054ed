/* SPDX-License-Identifier: MIT */
/*
 * How fast schedules are explored, as a ratio to what cannot be avoided, measured in the same run:
 *
 *   flock    one thread leads: to a bare loop of the same system calls (lock, read, write, unlock,
 *            and the counter put back and looked at once a schedule)
 *   mutex    a process for each worker: to the bare hand-overs, one to the worker and one back for
 *            each step, through the same futexes
 *   sqlite   no ratio: schedules a second
 *
 * The program under test is ../../lockproof, seen from here.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/futex.h"

#define STEPS 4 /* lock, read, write, unlock */
#define BARE_SCHEDULES 20000
#define HAND_OVERS 20000

struct speed {
    double schedules, seconds;
};

static double number_behind(const char *text, const char *key)
{
    const char *at = strstr(text, key);
    return at ? strtod(at + strlen(key), NULL) : 0;
}

static struct speed explore(const char *program, const char *arguments)
{
    static char text[1 << 20];
    char command[1024], folder[] = "/tmp/lp-bench.XXXXXX";
    if (!mkdtemp(folder))
        return (struct speed){0};
    snprintf(command, sizeof command, "%s explore -q --progress never -o %s/run -f json %s",
             program, folder, arguments);
    FILE *pipe = popen(command, "r");
    size_t size = pipe ? fread(text, 1, sizeof text - 1, pipe) : 0;
    text[size] = '\0';
    if (pipe)
        pclose(pipe);
    snprintf(command, sizeof command, "rm -r %s", folder);
    if (system(command) != 0)
        fprintf(stderr, "%s is left behind\n", folder);
    return (struct speed){number_behind(text, "\"schedules\": "),
                          number_behind(text, "\"elapsed_s\": ")};
}

/* Seconds for one schedule of so many rounds. */
static double bare_flock(unsigned rounds)
{
    char lock_path[] = "/dev/shm/lp-bench-lock.XXXXXX", path[] = "/dev/shm/lp-bench.XXXXXX";
    char text[32] = "00000000000000000000\n";
    int lock = mkstemp(lock_path), store = mkstemp(path);
    uint64_t start_ns = lp_clock_ns();
    for (unsigned i = 0; i < BARE_SCHEDULES; i++) {
        if (pwrite(store, text, 21, 0) != 21)
            exit(1);
        for (unsigned k = 0; k < rounds; k++)
            if (flock(lock, LOCK_EX | LOCK_NB) == -1 || pread(store, text, 22, 0) != 21 ||
                pwrite(store, text, 21, 0) != 21 || flock(lock, LOCK_UN) == -1)
                exit(1);
        if (pread(store, text, 22, 0) != 21)
            exit(1);
    }
    uint64_t end_ns = lp_clock_ns();
    close(lock);
    close(store);
    unlink(lock_path);
    unlink(path);
    return (double)(end_ns - start_ns) / 1e9 / BARE_SCHEDULES;
}

static void wait_for(_Atomic uint32_t *turn, uint32_t mine)
{
    while (atomic_load(turn) != mine)
        lp_futex_wait(turn, !mine, LP_FOREVER);
}

/* Seconds for one turn: to another process and back. */
static double bare_turn(void)
{
    void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        exit(1);
    _Atomic uint32_t *turn = memory;
    pid_t child = fork();
    for (unsigned i = 0; child == 0 && i < HAND_OVERS; i++) {
        wait_for(turn, 1);
        atomic_store(turn, 0);
        lp_futex_wake_all(turn);
    }
    if (child == 0)
        _exit(0);
    uint64_t start_ns = lp_clock_ns();
    for (unsigned i = 0; i < HAND_OVERS; i++) {
        atomic_store(turn, 1);
        lp_futex_wake_all(turn);
        wait_for(turn, 0);
    }
    uint64_t end_ns = lp_clock_ns();
    waitpid(child, NULL, 0);
    munmap(memory, 4096);
    return (double)(end_ns - start_ns) / 1e9 / HAND_OVERS;
}

int main(int argc, char **argv)
{
    char here[4096], program[4200];
    (void)argc;
    snprintf(here, sizeof here, "%s", argv[0]);
    snprintf(program, sizeof program, "%s/../../lockproof", dirname(here));

    double bare = bare_flock(8);
    struct speed flocks = explore(program, "flock -w 4 -r 2 --reduction none");
    printf("explore flock:  %.0f schedules/s of 4 workers x 2 rounds, %.2f of a bare loop\n",
           flocks.schedules / flocks.seconds, bare * flocks.schedules / flocks.seconds);

    double turn = bare_turn();
    struct speed mutexes = explore(program, "mutex -w 4 -r 2 --reduction none");
    double per_turn = mutexes.seconds / mutexes.schedules / (8 * STEPS);
    printf("explore mutex:  %.0f schedules/s of 4 workers x 2 rounds, %.2f times its hand-overs\n",
           mutexes.schedules / mutexes.seconds, per_turn / turn);

    struct speed sqlite = explore(program, "sqlite-immediate -w 2 -r 2 --schedules 2000");
    printf("explore sqlite: %.0f schedules/s of 2 workers x 2 rounds\n",
           sqlite.schedules / sqlite.seconds);
    return flocks.schedules > 0 && mutexes.schedules > 0 && sqlite.schedules > 0 ? 0 : 1;
}
