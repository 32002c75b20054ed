/* SPDX-License-Identifier: MIT */
/*
 * The history writer: what was recorded can be read back, whatever happens to the writer, and a
 * full disk is an answer and not a crash. Files are read back by the reader of histories.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/random.h"
#include "history/history.h"
#include "os/clock.h"
#include "os/file.h"
#include "run/recorder.h"

#define NAME "worker-00000.lph"

static char folder[64];
static int folder_fd;
static struct lp_recorder recorder;
static struct lp_history history;
static struct lp_err err;

static void setup(void)
{
    snprintf(folder, sizeof folder, "/tmp/lp-recorder-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_ge(folder_fd, 0);
    memset(&recorder, 0, sizeof recorder);
    memset(&history, 0, sizeof history);
}

static void teardown(void)
{
    lp_history_release(&history);
    lp_recorder_close(&recorder);
    close(folder_fd);
    lp_folder_remove(folder);
}

static void open_recorder(size_t expected)
{
    ck_assert_msg(lp_recorder_open(&recorder, folder_fd, NAME, expected, &err) == 0, "%s",
                  err.text);
    recorder.header->kind = LP_HISTORY_WORKER;
    recorder.header->workers = 1;
    recorder.header->containers = 1;
    recorder.header->lock_count = 1;
}

static void load(void)
{
    ck_assert_msg(lp_history_load(&history, folder, &err) == 0, "%s", err.text);
    ck_assert_uint_eq(history.worker_count, 1);
}

static off_t file_size(void)
{
    struct stat info;
    ck_assert_int_eq(fstatat(folder_fd, NAME, &info, 0), 0);
    return info.st_size;
}

/* Operation number `i`, whose value tells its number. */
static bool record_one(size_t i)
{
    struct lp_record *record = lp_recorder_begin(&recorder, LP_STEP_READ, 0xff, 0);
    if (!record)
        return false;
    record->value = (int64_t)i;
    lp_recorder_end(&recorder, record, LP_OK);
    return true;
}

/* From one record to more than the largest chunk holds. */
static const size_t counts[] = {0, 1, 255, 256, 257, 5000, 200000};

START_TEST(all_that_was_recorded_is_read_back_in_order)
{
    open_recorder(1);
    for (size_t i = 0; i < counts[_i]; i++)
        ck_assert(record_one(i));
    lp_recorder_close(&recorder);
    ck_assert_int_eq(file_size(),
                     (off_t)(LP_HISTORY_HEADER_SIZE + counts[_i] * sizeof(struct lp_record)));
    load();
    ck_assert_uint_eq(history.op_count, counts[_i]);
    ck_assert(!history.damaged);
    uint64_t last_ns = 0;
    for (size_t i = 0; i < history.op_count; i++) {
        const struct lp_record *record = history.ops[i].record;
        ck_assert_int_eq(record->value, (int64_t)i);
        ck_assert_uint_ge(record->invoke_ns, last_ns);
        ck_assert_uint_ge(record->complete_ns, record->invoke_ns);
        last_ns = record->complete_ns;
    }
}
END_TEST

START_TEST(an_operation_goes_on_while_others_are_recorded)
{
    open_recorder(1);
    /* At each place of a chunk, so that the others begin in the next one too. */
    for (size_t i = 0; i < 300; i++) {
        struct lp_record *outer = lp_recorder_begin(&recorder, LP_STEP_LOCK, 0, 0);
        ck_assert_ptr_nonnull(outer);
        struct lp_record try = {
            .invoke_ns = lp_clock_ns(), .kind = LP_STEP_TRY, .lock = 0, .outcome = LP_BUSY};
        try.complete_ns = try.invoke_ns;
        for (size_t k = 0; k < i % LP_RECORDER_NESTED + 1; k++)
            lp_recorder_note(&recorder, &try);
        outer->value = (int64_t)i;
        lp_recorder_end(&recorder, outer, LP_OK);
    }
    lp_recorder_close(&recorder);
    load();
    int64_t next = 0;
    for (size_t i = 0; i < history.op_count; i++) {
        ck_assert(lp_op_done(&history.ops[i]));
        if (history.ops[i].record->kind == LP_STEP_LOCK)
            ck_assert_int_eq(history.ops[i].record->value, next++);
    }
    ck_assert_int_eq(next, 300);
}
END_TEST

START_TEST(what_was_begun_and_not_ended_is_unknown)
{
    open_recorder(1);
    ck_assert(record_one(0));
    struct lp_record *open = lp_recorder_begin(&recorder, LP_STEP_WRITE, 0xff, LP_FLAG_IN_TX);
    ck_assert_ptr_nonnull(open);
    lp_recorder_close(&recorder);
    load();
    ck_assert_uint_eq(history.op_count, 2);
    ck_assert(lp_op_done(&history.ops[0]));
    ck_assert(!lp_op_done(&history.ops[1]));
    ck_assert_int_eq(lp_op_result(&history.ops[1]), LP_UNKNOWN);
    ck_assert_int_eq(history.ops[1].record->flags, LP_FLAG_IN_TX);
}
END_TEST

START_TEST(round_and_attempt_are_those_of_the_moment)
{
    open_recorder(4);
    recorder.round = 7;
    recorder.attempt = 2;
    ck_assert(record_one(0));
    recorder.round = 8;
    recorder.attempt = 0;
    ck_assert(record_one(1));
    lp_recorder_close(&recorder);
    load();
    ck_assert_uint_eq(history.ops[0].record->round, 7);
    ck_assert_uint_eq(history.ops[0].record->attempt, 2);
    ck_assert_uint_eq(history.ops[1].record->round, 8);
    ck_assert_uint_eq(history.ops[1].record->attempt, 0);
}
END_TEST

/* Records for ever, and says in shared memory how many operations have ended. */
static void record_until_killed(_Atomic uint64_t *ended)
{
    open_recorder(1);
    for (size_t i = 0;; i++) {
        if (!record_one(i))
            _exit(1);
        atomic_store(ended, i + 1);
    }
}

START_TEST(a_killed_writer_loses_nothing_that_had_ended)
{
    struct lp_random random;
    lp_random_init(&random, 5, (uint64_t)_i);
    _Atomic uint64_t *ended =
        mmap(NULL, sizeof *ended, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(ended, MAP_FAILED);
    uint64_t enough = lp_random_between(&random, 1, 3000);
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0)
        record_until_killed(ended);
    while (atomic_load(ended) < enough)
        ;
    ck_assert_int_eq(kill(pid, SIGKILL), 0);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
    load();
    ck_assert(!history.damaged);
    /* One more may have ended without having been counted, and one may have been under way. */
    ck_assert_uint_ge(history.op_count, atomic_load(ended));
    ck_assert_uint_le(history.op_count, atomic_load(ended) + 2);
    for (size_t i = 0; i < atomic_load(ended); i++) {
        ck_assert(lp_op_done(&history.ops[i]));
        ck_assert_int_eq(history.ops[i].record->value, (int64_t)i);
    }
}
END_TEST

/* A file that may not grow is what a full disk is to its writer: posix_fallocate fails. */
static void limit_file_size(rlim_t bytes)
{
    struct rlimit limit = {.rlim_cur = bytes, .rlim_max = RLIM_INFINITY};
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

START_TEST(without_room_to_grow_recording_stops_and_what_there_is_stays)
{
    open_recorder(1);
    limit_file_size((rlim_t)recorder.file_size);
    size_t done = 0;
    while (record_one(done))
        done++;
    ck_assert(recorder.full);
    ck_assert(!record_one(done));
    struct lp_record note = {.kind = LP_STEP_TRY};
    lp_recorder_note(&recorder, &note);
    ck_assert_uint_eq(done, recorder.chunk_records);
    lp_recorder_close(&recorder);
    load();
    ck_assert_uint_eq(history.op_count, done);
}
END_TEST

START_TEST(without_room_at_the_start_it_is_told)
{
    limit_file_size(LP_HISTORY_HEADER_SIZE);
    ck_assert_int_eq(lp_recorder_open(&recorder, folder_fd, NAME, 1, &err), -1);
    ck_assert_int_eq(err.kind, LP_ERR_SELF);
    ck_assert_ptr_nonnull(strstr(err.text, "no room for the history"));
    ck_assert_int_eq(recorder.fd, 0);
}
END_TEST

START_TEST(a_history_is_never_written_over)
{
    open_recorder(1);
    ck_assert(record_one(1));
    lp_recorder_close(&recorder);
    ck_assert_int_eq(lp_recorder_open(&recorder, folder_fd, NAME, 1, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.text, "File exists"));
    load();
    ck_assert_uint_eq(history.op_count, 1);
}
END_TEST

START_TEST(identities_are_noted_once_and_as_many_as_there_is_room)
{
    open_recorder(1);
    for (unsigned pass = 0; pass < 2; pass++) {
        for (unsigned i = 0; i < LP_HISTORY_IDENTITIES + 3; i++) {
            struct lp_identity identity = {.domain = 1 + i / 4, .object = i % 4};
            snprintf(identity.text, sizeof identity.text, "object %u", i);
            lp_recorder_identity(&recorder, &identity);
        }
    }
    for (unsigned i = 0; i < LP_HISTORY_IDENTITIES; i++) {
        char text[32];
        snprintf(text, sizeof text, "object %u", i);
        ck_assert_str_eq(recorder.header->identities[i].text, text);
        ck_assert_uint_eq(recorder.header->identities[i].domain, 1 + i / 4);
    }
}
END_TEST

START_TEST(closing_twice_or_nothing_is_allowed)
{
    lp_recorder_close(&recorder);
    open_recorder(1);
    lp_recorder_close(&recorder);
    lp_recorder_close(&recorder);
    ck_assert_int_eq(file_size(), LP_HISTORY_HEADER_SIZE);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("recorder");
    TCase *tcase = tcase_create("recorder");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, all_that_was_recorded_is_read_back_in_order, 0,
                        (int)LP_ARRAY_LEN(counts));
    tcase_add_test(tcase, an_operation_goes_on_while_others_are_recorded);
    tcase_add_test(tcase, what_was_begun_and_not_ended_is_unknown);
    tcase_add_test(tcase, round_and_attempt_are_those_of_the_moment);
    tcase_add_loop_test(tcase, a_killed_writer_loses_nothing_that_had_ended, 0, 20);
    tcase_add_test(tcase, without_room_to_grow_recording_stops_and_what_there_is_stays);
    tcase_add_test(tcase, without_room_at_the_start_it_is_told);
    tcase_add_test(tcase, a_history_is_never_written_over);
    tcase_add_test(tcase, identities_are_noted_once_and_as_many_as_there_is_room);
    tcase_add_test(tcase, closing_twice_or_nothing_is_allowed);
    suite_add_tcase(suite, tcase);
    return suite;
}

LP_UNIT_MAIN(make_suite)
