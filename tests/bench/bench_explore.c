/* SPDX-License-Identifier: MIT */
/*
 * How fast schedules are explored, as a ratio to what cannot be avoided. Exploring and the bare
 * loop are measured in turn, and the median of the ratios is told.
 *
 *   flock    one thread leads: to a bare loop of the same system calls (lock, read, write, unlock,
 *            and the counter put back and looked at once a schedule)
 *   sqlite   one thread leads: to a bare loop of the same statements, prepared, of two connections
 *   mutex    a process for each worker: to the bare hand-overs, one to the worker and one back for
 *            each step, through the same futexes
 *
 * Tries that find the lock taken cost exploring time and are not in the bare loops.
 * The program under test is ../../lockproof, seen from here.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <sqlite3.h>
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
#include "tests/bench/median.h"

#define STEPS 4 /* lock, read, write, unlock */
#define TURNS 7
#define ROUNDS 3
#define BARE_SCHEDULES 10000
#define BARE_TRANSACTIONS 1000
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

static void run_sql(sqlite3 *db, const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        exit(1);
}

static sqlite3_stmt *prepared(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
        exit(1);
    return statement;
}

static void step(sqlite3_stmt *statement, int expected)
{
    if (sqlite3_step(statement) != expected)
        exit(1);
    sqlite3_reset(statement);
}

/* Seconds for one schedule of so many rounds, the connections taking turns. */
static double bare_sqlite(unsigned rounds)
{
    enum { BEGIN, READ, WRITE, COMMIT, KINDS };
    static const char *const text[KINDS] = {"BEGIN IMMEDIATE",
                                            "SELECT value FROM counter WHERE id = 1",
                                            "UPDATE counter SET value = ?1 WHERE id = 1", "COMMIT"};
    char folder[] = "/dev/shm/lp-bench.XXXXXX", path[64];
    sqlite3 *db[2];
    sqlite3_stmt *statement[2][KINDS];
    if (!mkdtemp(folder))
        exit(1);
    snprintf(path, sizeof path, "%s/counter.db", folder);
    for (unsigned i = 0; i < 2; i++) {
        if (sqlite3_open(path, &db[i]) != SQLITE_OK)
            exit(1);
        run_sql(
            db[i],
            "PRAGMA journal_mode = delete; PRAGMA synchronous = full;"
            "CREATE TABLE IF NOT EXISTS counter (id INTEGER PRIMARY KEY, value INTEGER NOT NULL);"
            "INSERT OR IGNORE INTO counter VALUES (1, 0)");
        for (unsigned k = 0; k < KINDS; k++)
            statement[i][k] = prepared(db[i], text[k]);
    }
    uint64_t start_ns = lp_clock_ns();
    for (unsigned i = 0; i < BARE_TRANSACTIONS; i++) {
        sqlite3_bind_int64(statement[0][WRITE], 1, 0);
        step(statement[0][WRITE], SQLITE_DONE);
        for (unsigned k = 0; k < rounds; k++) {
            sqlite3_stmt **mine = statement[k % 2];
            step(mine[BEGIN], SQLITE_DONE);
            step(mine[READ], SQLITE_ROW);
            sqlite3_bind_int64(mine[WRITE], 1, k + 1);
            step(mine[WRITE], SQLITE_DONE);
            step(mine[COMMIT], SQLITE_DONE);
        }
        step(statement[0][READ], SQLITE_ROW);
    }
    uint64_t end_ns = lp_clock_ns();
    for (unsigned i = 0; i < 2; i++) {
        for (unsigned k = 0; k < KINDS; k++)
            sqlite3_finalize(statement[i][k]);
        sqlite3_close(db[i]);
    }
    unlink(path);
    rmdir(folder);
    return (double)(end_ns - start_ns) / 1e9 / BARE_TRANSACTIONS;
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

/* Explores and measures what cannot be avoided in turn; false when nothing was explored. */
static bool compare(const char *program, const char *name, const char *arguments,
                    double (*bare)(unsigned rounds), unsigned rounds)
{
    double ratio[TURNS], rate[TURNS];
    char all[128];
    snprintf(all, sizeof all, "%s --reduction none", arguments);
    for (unsigned i = 0; i < TURNS; i++) {
        double before = bare(rounds);
        struct speed speed = explore(program, all);
        double after = bare(rounds);
        if (speed.schedules == 0)
            return false;
        rate[i] = speed.schedules / speed.seconds;
        ratio[i] = rate[i] * (before + after) / 2;
    }
    printf("explore %-7s %6.0f schedules/s, %.2f of the rate of a bare loop (%s)\n", name,
           median_of(rate, TURNS), median_of(ratio, TURNS), arguments);
    return true;
}

/* Seconds for the hand-overs of a schedule of so many rounds. */
static double bare_turns(unsigned rounds)
{
    return bare_turn() * rounds * STEPS;
}

int main(int argc, char **argv)
{
    char here[4096], program[4200];
    (void)argc;
    snprintf(here, sizeof here, "%s", argv[0]);
    snprintf(program, sizeof program, "%s/../../lockproof", dirname(here));
    bool done =
        compare(program, "flock", "flock -w 4 -r 3 --schedules 20000", bare_flock, 4 * ROUNDS);
    done &= compare(program, "sqlite", "sqlite-immediate -w 2 -r 3 --schedules 2000", bare_sqlite,
                    2 * ROUNDS);
    done &= compare(program, "mutex", "mutex -w 4 -r 3 --schedules 4000", bare_turns, 4 * ROUNDS);
    return done ? 0 : 1;
}
