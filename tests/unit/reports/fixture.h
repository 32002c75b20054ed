/* SPDX-License-Identifier: MIT */
/*
 * Hand-made results for the tests of reports: one of each standing, with fixed times, and hostile
 * texts for all places where a report shows what it was given. Also small helpers over files.
 */
#ifndef LP_TESTS_REPORTS_FIXTURE_H
#define LP_TESTS_REPORTS_FIXTURE_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/units.h"
#include "reports/result.h"

#define FIXTURE_WORKERS 8
#define FIXTURE_RECORDS 16

/* One operation of a hand-made history; times in us after the start. */
struct op_row {
    unsigned worker;
    enum lp_step_kind kind;
    uint64_t invoke_us, complete_us; /* complete 0: never ended */
    int64_t value;
    enum lp_outcome outcome;
    unsigned flags;
    unsigned lock;
    uint64_t object;
};

struct world {
    struct lp_history history;
    struct lp_history_worker workers[FIXTURE_WORKERS];
    struct lp_history_header headers[FIXTURE_WORKERS];
    struct lp_record records[FIXTURE_WORKERS][FIXTURE_RECORDS];
    struct lp_op ops[FIXTURE_WORKERS * FIXTURE_RECORDS];
    size_t witness[FIXTURE_WORKERS * FIXTURE_RECORDS]; /* all of them */
};

#define FIXTURE_START_NS (UINT64_C(77) * LP_SEC)

/* Rows stand in order of invocation. Worker w is of `groups[w]`, and of container w when several.
 */
static inline void world_build(struct world *world, const struct op_row *rows, size_t count,
                               const char *const *groups, size_t workers, unsigned containers)
{
    memset(world, 0, sizeof(*world));
    for (size_t i = 0; i < workers; i++) {
        struct lp_history_header *header = &world->headers[i];
        header->worker = (uint32_t)i;
        header->container = containers > 1 ? (uint32_t)i % containers : 0;
        header->containers = containers;
        header->lock_count = 1;
        header->locks[0] = (struct lp_history_lock){.name = "lock", .capacity = 1};
        header->locks[1] = (struct lp_history_lock){.name = "other", .capacity = 1};
        snprintf(header->group, sizeof(header->group), "%s", groups[i]);
        world->workers[i] =
            (struct lp_history_worker){.header = header, .records = world->records[i]};
    }
    for (size_t i = 0; i < count; i++) {
        struct lp_history_worker *worker = &world->workers[rows[i].worker];
        struct lp_record *record = &world->records[rows[i].worker][worker->record_count];
        ck_assert_uint_lt(worker->record_count, FIXTURE_RECORDS);
        record->invoke_ns = FIXTURE_START_NS + rows[i].invoke_us * LP_US;
        if (rows[i].complete_us)
            record->complete_ns = FIXTURE_START_NS + rows[i].complete_us * LP_US;
        record->value = rows[i].value;
        record->kind = (uint8_t)rows[i].kind;
        record->outcome = (uint8_t)rows[i].outcome;
        record->flags = (uint8_t)rows[i].flags;
        record->lock = (uint8_t)rows[i].lock;
        record->domain = 5;
        record->object = rows[i].object;
        record->state = rows[i].complete_us ? LP_RECORD_COMPLETE : LP_RECORD_INVOKED;
        world->ops[i] = (struct lp_op){record, rows[i].worker, (uint32_t)worker->record_count++};
        world->witness[i] = i;
        uint64_t seen_ns = rows[i].complete_us ? record->complete_ns : record->invoke_ns;
        if (seen_ns > worker->last_ns)
            worker->last_ns = seen_ns;
    }
    world->history = (struct lp_history){.workers = world->workers,
                                         .worker_count = workers,
                                         .ops = world->ops,
                                         .op_count = count,
                                         .start_ns = FIXTURE_START_NS,
                                         .containers = containers,
                                         .complete = true};
}

enum { HELD_ONE, BROKEN_ONE, OPEN_ONE, SKIPPED_ONE, BAD_ONE, RESULTS };

struct fixture {
    struct world rogue, twice;
    struct lp_scenario scenarios[RESULTS];
    struct lp_checks checks[RESULTS];
    struct lp_judgement judgements[RESULTS];
    struct lp_run_result results[RESULTS];
    const struct lp_run_result *pointers[RESULTS];
    struct lp_report_set set;
};

static const struct op_row rogue_rows[] = {
    {0, LP_STEP_LOCK, 1100, 1203, 0, LP_OK, 0, 0, 91},
    {0, LP_STEP_READ, 1209, 1210, 41, LP_OK, 0, 0xff, 7},
    {1, LP_STEP_READ, 1213, 1214, 41, LP_OK, 0, 0xff, 7},
    {0, LP_STEP_WRITE, 1418, 1420, 42, LP_OK, 0, 0xff, 7},
    {1, LP_STEP_WRITE, 1430, 1431, 42, LP_OK, 0, 0xff, 7},
    {0, LP_STEP_UNLOCK, 1440, 1442, 0, LP_OK, LP_FLAG_HELD_YES, 0, 91},
};

static const struct op_row twice_rows[] = {
    {0, LP_STEP_LOCK, 500, 510, 0, LP_OK, 0, 0, 3},
    {1, LP_STEP_LOCK, 505, 620, 0, LP_OK, 0, 0, 3},
    {0, LP_STEP_READ, 615, 622, 10, LP_OK, 0, 0xff, 7},
    {1, LP_STEP_READ, 630, 640, 10, LP_OK, 0, 0xff, 7},
    {0, LP_STEP_WRITE, 700, 710, 11, LP_OK, 0, 0xff, 7},
    {0, LP_STEP_UNLOCK, 712, 715, 0, LP_OK, 0, 0, 3},
    {1, LP_STEP_WRITE, 800, 810, 11, LP_OK, 0, 0xff, 7},
    {1, LP_STEP_UNLOCK, 815, 820, 0, LP_OK, 0, 0, 3},
};

static inline void fixture_scenario(struct fixture *f, size_t i, const char *name,
                                    const char *title, enum lp_expect expect, const char *cause,
                                    unsigned containers)
{
    struct lp_scenario *scenario = &f->scenarios[i];

    scenario->name = name;
    scenario->title = title;
    scenario->file = "scenarios/test/example.yaml";
    scenario->expect = expect;
    scenario->cause = cause;
    scenario->containers = containers;
    scenario->min_meetings = 30;
    scenario->group_count = 1;
    scenario->groups[0].name = "workers";
    scenario->groups[0].workers = 8;
    f->results[i] = (struct lp_run_result){.scenario = scenario,
                                           .checks = &f->checks[i],
                                           .judgement = &f->judgements[i],
                                           .as_expected = true,
                                           .placement = LP_PLACE_PROCESS,
                                           .seed = 42,
                                           .elapsed_ns = 412 * LP_MS,
                                           .store_filesystem = "tmpfs",
                                           .rounds_per_s = 3883.5,
                                           .jain = 0.97,
                                           .wait_ns_max = 3 * LP_MS};
    lp_histogram_init(&f->results[i].acquire_ns);
    lp_histogram_init(&f->results[i].hold_ns);
    snprintf(f->results[i].run_dir, sizeof(f->results[i].run_dir), "lockproof-runs/%s", name);
    snprintf(f->results[i].reproduce, sizeof(f->results[i].reproduce), "lockproof run %s --seed 42",
             name);
    f->pointers[i] = &f->results[i];
}

static inline void fixture_checks(struct lp_checks *checks, enum lp_result lost_update,
                                  int64_t final, uint64_t lost)
{
    checks->lost_update = (struct lp_lost_update){.result = lost_update,
                                                  .final_known = true,
                                                  .final = final,
                                                  .acknowledged = 1600,
                                                  .lost_min = lost,
                                                  .lost_max = lost,
                                                  .distinct_stores = 1};
    checks->mutual_exclusion = (struct lp_mutual_exclusion){.result = LP_PASS, .holds = 1600};
    checks->lease.result = checks->fencing.result = LP_NOT_APPLICABLE;
    checks->recovery.result = LP_NOT_APPLICABLE;
    checks->deadlock.result = checks->starvation.result = LP_NOT_APPLICABLE;
    checks->progress = (struct lp_progress){.result = LP_PASS, .finished = 8, .workers = 8};
    checks->contention = (struct lp_contention){
        .acquires = 1600, .meetings = 1204, .blocked = 311, .handovers = 1187, .windows = 1600};
    checks->ops_ok = 6400;
}

static inline void fixture_diagnose(struct fixture *f, size_t i, const char *cause,
                                    const char *text, const char *fix, struct world *world,
                                    size_t count)
{
    static char texts[RESULTS][512];
    struct lp_judgement *judgement = &f->judgements[i];

    snprintf(texts[i], sizeof(texts[i]), "%s", text);
    judgement->diagnoses[judgement->diagnosis_count++] =
        (struct lp_diagnosis){.cause = cause,
                              .text = texts[i],
                              .fix = fix,
                              .pairs = 12,
                              .witness = world ? world->witness : NULL,
                              .witness_count = count};
    if (world)
        f->checks[i].history = &world->history;
}

static inline void fixture_fill_good(struct fixture *f)
{
    static const char *const rogue_groups[] = {"polite", "rogue"};

    fixture_scenario(f, HELD_ONE, "flock", "flock protects a counter", LP_EXPECT_HELD, NULL, 1);
    fixture_checks(&f->checks[HELD_ONE], LP_PASS, 1600, 0);
    f->judgements[HELD_ONE].verdict = LP_HELD;
    f->judgements[HELD_ONE].failure_rate_max = 3.0 / 1204;
    snprintf(f->judgements[HELD_ONE].reason, sizeof(f->judgements[HELD_ONE].reason),
             "0 failures in 1,204 contested grants: if independent, fewer than 0.25 %% at 95 %%");
    for (uint64_t i = 1; i <= 100; i++) {
        lp_histogram_add(&f->results[HELD_ONE].acquire_ns, i * 10 * LP_US);
        lp_histogram_add(&f->results[HELD_ONE].hold_ns, 200 * LP_US);
    }

    fixture_scenario(f, BROKEN_ONE, "flock-one-rogue", "One writer ignores the flock",
                     LP_EXPECT_BROKEN, "advisory-bypass", 2);
    f->scenarios[BROKEN_ONE].fix = "let every writer take the lock, also the maintenance script";
    world_build(&f->rogue, rogue_rows, LP_ARRAY_LEN(rogue_rows), rogue_groups, 2, 2);
    fixture_checks(&f->checks[BROKEN_ONE], LP_VIOLATED, 1288, 312);
    f->checks[BROKEN_ONE].lost_update.first_loss_ns = 1431 * LP_US;
    snprintf(f->checks[BROKEN_ONE].lost_update.detail, 256,
             "312 acknowledged updates are not in the final value");
    f->checks[BROKEN_ONE].lost_update.witness = f->rogue.witness;
    f->checks[BROKEN_ONE].lost_update.witness_count = LP_ARRAY_LEN(rogue_rows);
    f->judgements[BROKEN_ONE].verdict = LP_BROKEN;
    f->judgements[BROKEN_ONE].failure_rate_max = -1;
    snprintf(f->judgements[BROKEN_ONE].reason, 256, "312 of 1,600 updates were lost");
    fixture_diagnose(f, BROKEN_ONE, "advisory-bypass",
                     "worker 1 (rogue) read 41 and wrote 42 without any lock while worker 0 "
                     "(polite) held `lock`",
                     "make every writer take the lock", &f->rogue, LP_ARRAY_LEN(rogue_rows));
    f->results[BROKEN_ONE].placement = LP_PLACE_PROCESS;
    f->results[BROKEN_ONE].fell_back = true;
    snprintf(f->results[BROKEN_ONE].placement_note, 160,
             "user namespaces are forbidden here (kernel.unprivileged_userns_clone = 0)");
}

static inline void fixture_fill_other(struct fixture *f)
{
    static const char *const twice_groups[] = {"workers", "workers"};

    fixture_scenario(f, OPEN_ONE, "short-run", "Too short to tell", LP_EXPECT_HELD, NULL, 1);
    fixture_checks(&f->checks[OPEN_ONE], LP_PASS, 1600, 0);
    f->checks[OPEN_ONE].contention.meetings = 3;
    f->judgements[OPEN_ONE].verdict = LP_INCONCLUSIVE;
    f->judgements[OPEN_ONE].failure_rate_max = -1;
    snprintf(f->judgements[OPEN_ONE].reason, 256, "3 of 30 meetings: the run proves nothing");
    fixture_diagnose(f, OPEN_ONE, "no-contention", "workers met 3 times; 30 are needed",
                     "run longer (-d) or with more workers (-w)", NULL, 0);

    fixture_scenario(f, SKIPPED_ONE, "redis-lock", "SET NX PX and a random token", LP_EXPECT_HELD,
                     NULL, 1);
    struct lp_run_result *skipped = &f->results[SKIPPED_ONE];
    skipped->checks = NULL;
    skipped->elapsed_ns = 0;
    skipped->run_dir[0] = '\0';
    skipped->store_filesystem[0] = '\0';
    skipped->jain = -1;
    skipped->wait_ns_max = 0;
    f->judgements[SKIPPED_ONE].verdict = LP_SKIPPED;
    snprintf(f->judgements[SKIPPED_ONE].reason, 256, "redis-server is not installed");
    skipped->needs[0] = (struct lp_need){"redis-server", "apt-get install redis-server"};
    skipped->need_count = 1;

    fixture_scenario(f, BAD_ONE, "my-lock", "A lock of one's own", LP_EXPECT_HELD, NULL, 1);
    world_build(&f->twice, twice_rows, LP_ARRAY_LEN(twice_rows), twice_groups, 2, 1);
    fixture_checks(&f->checks[BAD_ONE], LP_VIOLATED, 1596, 4);
    snprintf(f->checks[BAD_ONE].lost_update.detail, 256,
             "4 acknowledged updates are not in the final value");
    f->checks[BAD_ONE].mutual_exclusion.result = LP_VIOLATED;
    f->checks[BAD_ONE].mutual_exclusion.overlaps_total = 9;
    snprintf(f->checks[BAD_ONE].mutual_exclusion.detail, 256, "9 pairs of holds overlapped");
    f->judgements[BAD_ONE].verdict = LP_BROKEN;
    f->judgements[BAD_ONE].failure_rate_max = -1;
    snprintf(f->judgements[BAD_ONE].reason, 256, "4 of 1,600 updates were lost");
    f->results[BAD_ONE].as_expected = false;
    fixture_diagnose(f, BAD_ONE, "double-grant",
                     "worker 1 (workers) was granted `lock` 0.110 ms after worker 0 (workers), "
                     "which still held it",
                     "make the test and the taking of the lock one atomic operation", &f->twice,
                     LP_ARRAY_LEN(twice_rows));
}

/* Held, broken as expected, inconclusive, skipped, broken against its expectation. */
static inline struct fixture *fixture_new(void)
{
    struct fixture *f = lp_alloc(1, sizeof(*f));

    fixture_fill_good(f);
    fixture_fill_other(f);
    f->set = (struct lp_report_set){.results = f->pointers,
                                    .count = RESULTS,
                                    .version = "0.1.0",
                                    .width = 100,
                                    .reproduce = "lockproof run --seed 42",
                                    .exit_status = 1};
    return f;
}

/* Bytes that mean something to one format or another, or to none. */
#define HOSTILE                                                                                    \
    "]]></system-out> <b></script><script>alert(1)</script>&amp; \"q\" 'a' % \r\n::error::x | `` " \
    "``` * _ # SKIP \\ \033[31m \x01 "                                                             \
    "\x7f "                                                                                        \
    "\xff\xc0\xaf\xed\xa0\x80 \xe2\x80\xae \xc3\xa9 @user --- ..."

static const char hostile[] = HOSTILE;

/* Every text of `f` that comes from outside becomes hostile, one of them very long. */
static inline struct fixture *fixture_hostile(void)
{
    struct fixture *f = fixture_new();
    static char longest[40000];

    memset(longest, 'x', sizeof(longest) - 1);
    memcpy(longest + 20000, HOSTILE, sizeof(HOSTILE) - 1);
    for (size_t i = 0; i < RESULTS; i++) {
        struct lp_run_result *result = &f->results[i];
        f->scenarios[i].name = hostile;
        f->scenarios[i].title = longest;
        f->scenarios[i].file = hostile;
        f->scenarios[i].fix = hostile;
        snprintf(f->judgements[i].reason, sizeof(f->judgements[i].reason), "%s", hostile);
        for (size_t j = 0; j < f->judgements[i].diagnosis_count; j++) {
            static char text[sizeof(hostile)];
            memcpy(text, hostile, sizeof(hostile));
            f->judgements[i].diagnoses[j].text = text;
            f->judgements[i].diagnoses[j].fix = hostile;
        }
        snprintf(f->checks[i].lost_update.detail, 256, "%s", hostile);
        snprintf(result->run_dir, sizeof(result->run_dir), "%s", hostile);
        snprintf(result->reproduce, sizeof(result->reproduce), "%s", hostile);
        snprintf(result->placement_note, sizeof(result->placement_note), "%s", hostile);
        result->fell_back = true;
        /* These two without a '\0' at the end of the array. */
        memset(result->store_filesystem, '%', sizeof(result->store_filesystem));
        memset(result->needs[0].name, '<', sizeof(result->needs[0].name));
    }
    memcpy(f->rogue.headers[0].group, hostile, sizeof(f->rogue.headers[0].group));
    f->set.reproduce = hostile;
    return f;
}

static inline char *fixture_report(const struct fixture *f, const char *format)
{
    struct lp_str out;

    lp_str_init(&out);
    for (size_t i = 0; i < lp_report_format_count; i++)
        if (strcmp(lp_report_formats[i].name, format) == 0) {
            lp_report_formats[i].write(&f->set, &out);
            char *text = lp_str_detach(&out);
            lp_str_release(&out);
            return text;
        }
    ck_abort_msg("no format %s", format);
    return NULL;
}

static inline void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text, 1, strlen(text), file), strlen(text));
    ck_assert_int_eq(fclose(file), 0);
}

/* The whole text; the caller frees it. NULL when it cannot be read. */
static inline char *read_file(const char *path)
{
    FILE *file = fopen(path, "re");
    struct lp_str text;
    char chunk[4096];
    size_t got;

    if (!file)
        return NULL;
    lp_str_init(&text);
    while ((got = fread(chunk, 1, sizeof(chunk), file)) > 0)
        lp_str_add_bytes(&text, chunk, got);
    fclose(file);
    return text.ptr;
}

/* Runs a shell command and returns its exit status; its output goes to `output` if that is given.
 */
static inline int run_command(const char *command, struct lp_str *output)
{
    FILE *pipe = popen(command, "re");
    char chunk[4096];
    size_t got;

    ck_assert_ptr_nonnull(pipe);
    while ((got = fread(chunk, 1, sizeof(chunk), pipe)) > 0)
        if (output)
            lp_str_add_bytes(output, chunk, got);
    int status = pclose(pipe);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Tells which outside program is missing; the test then decides nothing. */
static inline bool have_program(const char *name)
{
    char command[128];

    snprintf(command, sizeof(command), "command -v %s >/dev/null", name);
    if (run_command(command, NULL) == 0)
        return true;
    fprintf(stderr, "skipped: %s is not installed\n", name);
    return false;
}

static inline void assert_contains(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part) != NULL, "\"%s\" is not in:\n%s", part, text);
}

static inline void assert_lacks(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part) == NULL, "\"%s\" is in:\n%s", part, text);
}

#endif
