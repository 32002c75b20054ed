/* SPDX-License-Identifier: MIT */
/* Whoever is meant waits where it is caught; everybody else goes by and is counted. */
#include "tests/unit/unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include "base/units.h"
#include "fault/notes.h"
#include "history/history.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/futex.h"
#include "run/parking.h"
#include "scenario/step.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct lp_parking parking;
static _Atomic uint32_t stop;
static _Atomic uint32_t gone;

static void fresh(void)
{
    memset(&parking, 0, sizeof parking);
    atomic_store(&stop, 0);
    atomic_store(&gone, 0);
    atomic_store(&parking.active, 1);
}

static void *walk(void *argument)
{
    const struct lp_passer *passer = argument;
    lp_parking_pass(&parking, passer, LP_STEP_READ, &stop);
    atomic_store(&gone, 1);
    lp_futex_wake_all(&gone);
    return NULL;
}

static void await(_Atomic uint32_t *word, uint32_t other_than)
{
    while (atomic_load(word) == other_than)
        lp_futex_wait(word, other_than, lp_clock_ns() + LP_SEC);
}

START_TEST(who_is_meant_waits_until_let_go)
{
    struct lp_passer holder = {.worker = 3, .group = 1, .inside = true};
    pthread_t thread;
    fresh();
    lp_parking_arm(&parking, LP_STEP_READ, &(struct lp_wanted){.group = 2, .inside = true});
    ck_assert_int_eq(pthread_create(&thread, NULL, walk, &holder), 0);
    await(&parking.parked, 0);
    ck_assert_uint_eq(atomic_load(&parking.parked), 4);
    ck_assert_uint_eq(atomic_load(&gone), 0);
    /* The place is taken once: others go by. */
    lp_parking_pass(&parking, &(struct lp_passer){.worker = 5, .group = 1, .inside = true},
                    LP_STEP_READ, &stop);
    lp_parking_let_go(&parking);
    await(&gone, 0);
    pthread_join(thread, NULL);
    ck_assert_uint_eq(atomic_load(&parking.done[LP_STEP_READ]), 2);
}
END_TEST

START_TEST(an_early_end_lets_everybody_go)
{
    struct lp_passer holder = {.worker = 0, .inside = true};
    pthread_t thread;
    fresh();
    lp_parking_arm(&parking, LP_STEP_READ, &(struct lp_wanted){.inside = true});
    ck_assert_int_eq(pthread_create(&thread, NULL, walk, &holder), 0);
    await(&parking.parked, 0);
    atomic_store(&stop, 1);
    await(&gone, 0);
    pthread_join(thread, NULL);
}
END_TEST

static const struct {
    struct lp_wanted wanted;
    struct lp_passer passer;
    uint32_t step;
} others[] = {
    {{.worker = 2}, {.worker = 2}, LP_STEP_READ}, /* 1 + its number is meant */
    {{.group = 1}, {.group = 1}, LP_STEP_READ},
    {{.container = 1}, {.container = 1}, LP_STEP_READ},
    {{.inside = true}, {.inside = false}, LP_STEP_READ},
    {{.worker = 1}, {.worker = 0}, LP_STEP_WRITE},
};

/* Would hang if one of them were taken for the one that is meant. */
START_TEST(others_go_by)
{
    fresh();
    lp_parking_arm(&parking, LP_STEP_READ, &others[_i].wanted);
    lp_parking_pass(&parking, &others[_i].passer, others[_i].step, &stop);
    ck_assert_uint_eq(atomic_load(&parking.parked), 0);
    ck_assert_uint_eq(atomic_load(&parking.step), LP_STEP_READ);
    ck_assert_uint_eq(atomic_load(&parking.done[others[_i].step]), 1);
}
END_TEST

START_TEST(without_faults_nothing_is_counted)
{
    fresh();
    atomic_store(&parking.active, 0);
    lp_parking_pass(&parking, &(struct lp_passer){.worker = 0}, LP_STEP_READ, &stop);
    ck_assert_uint_eq(atomic_load(&parking.done[LP_STEP_READ]), 0);
}
END_TEST

/* ---- what is written down comes back ---- */

static const struct lp_fault_record example = {.invoke_ns = 5,
                                               .complete_ns = 7,
                                               .over_ns = 9,
                                               .worker = 2,
                                               .outcome = LP_OK,
                                               .fault = "pause",
                                               .target = "worker 2",
                                               .proof = "state T"};

/* Reads the file as an image; returns how many faults were taken, or -1. */
static int read_back(const char *path, bool spoil)
{
    struct lp_str text;
    struct lp_err err;
    lp_str_init(&text);
    ck_assert_int_eq(lp_file_read(path, 1 << 20, &text, &err), 0);
    struct lp_fault_record *copy = lp_alloc(1, text.len);
    memcpy(copy, text.ptr, text.len);
    if (spoil)
        memcpy(copy, "NOTHING", 7);
    struct lp_history history = {.op_count = 0};
    struct lp_history_image image = {copy, text.len, "faults.lpf"};
    int count = lp_history_take_faults(&history, &image, &err) == 0 ? (int)history.fault_count : -1;
    if (count > 0)
        ck_assert_str_eq(history.faults[0].proof, "state T, and awake again");
    free(copy);
    lp_str_release(&text);
    return count;
}

START_TEST(notes_are_read_back)
{
    char folder[] = "/tmp/lp-notes-XXXXXX", path[64];
    struct lp_fault_record record = example;
    struct lp_notes notes;
    struct lp_err err;
    ck_assert_ptr_nonnull(mkdtemp(folder));
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_eq(lp_notes_open(&notes, fd, &err), 0);
    size_t number = lp_notes_add(&notes, &record);
    lp_notes_add(&notes, &record);
    snprintf(record.proof, sizeof record.proof, "state T, and awake again");
    lp_notes_update(&notes, number, &record);
    record.complete_ns = 1; /* before it began */
    lp_notes_add(&notes, &record);
    lp_notes_close(&notes);
    snprintf(path, sizeof path, "%s/%s", folder, LP_FAULTS_FILE);
    ck_assert_int_eq(read_back(path, false), 2);
    ck_assert_int_eq(read_back(path, true), -1);
    ck_assert_int_eq(truncate(path, sizeof(struct lp_faults_header) + 256 + 100), 0);
    ck_assert_int_eq(read_back(path, false), 1);
    close(fd);
    lp_folder_remove(folder);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("run/parking");
    TCase *tcase = tcase_create("parking");
    tcase_set_timeout(tcase, 20);
    tcase_add_test(tcase, who_is_meant_waits_until_let_go);
    tcase_add_test(tcase, an_early_end_lets_everybody_go);
    tcase_add_loop_test(tcase, others_go_by, 0, LP_ARRAY_LEN(others));
    tcase_add_test(tcase, without_faults_nothing_is_counted);
    tcase_add_test(tcase, notes_are_read_back);
    suite_add_tcase(suite, tcase);
    return suite;
}

LP_UNIT_MAIN(make_suite)
