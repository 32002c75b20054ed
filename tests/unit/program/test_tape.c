/* SPDX-License-Identifier: MIT */
/* Objects, holds by ranges, meetings, and the sums of a trial. */
#include <check.h>
#include <string.h>

#include "program/limits.h"
#include "program/meetings.h"
#include "program/program.h"
#include "tests/unit/program/tape_builder.h"
#include "tests/unit/unit.h"

static struct lp_tape tape;
static uint32_t lock;

static void set_up(void)
{
    lp_tape_init(&tape);
    lock = tb_file(&tape, "/lock", 11);
    tb_start(&tape, 0);
    tb_start(&tape, 1);
}

static void tear_down(void)
{
    lp_tape_release(&tape);
}

START_TEST(objects_are_known_again)
{
    ck_assert_uint_eq(tb_file(&tape, "/lock", 11), lock);
    ck_assert_uint_eq(tb_file(&tape, "/elsewhere", 11), lock); /* the inode counts, not the path */
    ck_assert_uint_ne(tb_file(&tape, "/lock", 12), lock);
    ck_assert_uint_ne(tb_name(&tape, "/a"), tb_name(&tape, "/b"));
    for (unsigned i = 0; i < 3000; i++)
        tb_file(&tape, "/many", 1000 + i);
    ck_assert_uint_eq(tb_file(&tape, "/lock", 11), lock);
}
END_TEST

START_TEST(unlocking_the_middle_leaves_both_ends)
{
    tb_lock(&tape, 0, lock, LP_FAMILY_POSIX, true, 0, 100);
    tb_unlock(&tape, 0, lock, LP_FAMILY_POSIX, 40, 60);
    ck_assert_uint_eq(tape.open_count, 2);
    uint64_t held = 0;
    for (size_t i = 0; i < tape.open_count; i++)
        held += tape.holds[tape.open[i]].to - tape.holds[tape.open[i]].from;
    ck_assert_uint_eq(held, 80);
}
END_TEST

START_TEST(another_process_does_not_unlock)
{
    tb_lock(&tape, 0, lock, LP_FAMILY_POSIX, true, 0, 100);
    tb_unlock(&tape, 1, lock, LP_FAMILY_POSIX, 0, 100);
    ck_assert_uint_eq(tape.open_count, 1);
}
END_TEST

START_TEST(a_change_of_mode_follows_on)
{
    tb_lock(&tape, 0, lock, LP_FAMILY_POSIX, false, 0, 10);
    uint32_t upgraded = tb_lock(&tape, 0, lock, LP_FAMILY_POSIX, true, 0, 10);
    ck_assert_uint_eq(tape.hold_count, 2);
    ck_assert_uint_eq(tape.holds[0].release, upgraded);
    ck_assert_uint_eq(tape.holds[1].acquire, upgraded);
    ck_assert(!tape.holds[1].converted);
    ck_assert(tape.holds[1].exclusive);
}
END_TEST

static struct lp_event attempt(uint32_t copy, uint64_t from_ns, uint64_t to_ns)
{
    return (struct lp_event){.invoke_ns = from_ns,
                             .complete_ns = to_ns,
                             .to = LP_RANGE_END,
                             .object = lock,
                             .copy = copy,
                             .kind = LP_EVENT_LOCK,
                             .family = LP_FAMILY_FLOCK,
                             .flags = LP_EVENT_EXCLUSIVE};
}

START_TEST(grants_that_overlap_an_attempt_are_meetings)
{
    struct lp_contention contention = {0};
    struct lp_event first = attempt(0, 10, 20), second = attempt(1, 15, 40);
    lp_tape_add(&tape, &first);
    lp_tape_add(&tape, &second);
    lp_meetings_add(&contention, &tape);
    ck_assert_uint_eq(contention.acquires, 2);
    ck_assert_uint_eq(contention.meetings, 2);
    ck_assert_uint_eq(contention.handovers, 1);
}
END_TEST

START_TEST(grants_apart_are_none)
{
    struct lp_contention contention = {0};
    struct lp_event first = attempt(0, 10, 20), second = attempt(1, 30, 40);
    lp_tape_add(&tape, &first);
    lp_tape_add(&tape, &second);
    lp_meetings_add(&contention, &tape);
    ck_assert_uint_eq(contention.acquires, 2);
    ck_assert_uint_eq(contention.meetings, 0);
}
END_TEST

/* ---- what a verdict must not overlook ---- */

START_TEST(a_shared_mapping_is_not_seen)
{
    uint32_t data = tb_file(&tape, "/data", 12);
    tb_read(&tape, 1, data);
    ck_assert_ptr_null(lp_tape_unseen(&tape));
    tb_event(&tape, 1, LP_EVENT_MAP, data, 0, 0);
    ck_assert_ptr_null(lp_tape_unseen(&tape)); /* the copy's own */
    tb_event(&tape, 0, LP_EVENT_MAP, data, 0, 0);
    ck_assert_ptr_nonnull(lp_tape_unseen(&tape));
}
END_TEST

START_TEST(a_locked_file_that_is_removed)
{
    uint32_t name = tb_name(&tape, "/lock"), other = tb_name(&tape, "/data");
    tb_flock(&tape, 0, lock);
    tb_event(&tape, 0, LP_EVENT_REMOVE, other, 0, 0);
    ck_assert_ptr_null(lp_tape_removed_lock(&tape));
    tb_event(&tape, 0, LP_EVENT_REMOVE, name, 0, 0);
    ck_assert_str_eq(lp_tape_removed_lock(&tape), "/lock");
}
END_TEST

START_TEST(a_name_that_another_copy_removes)
{
    uint32_t name = tb_name(&tape, "/made");
    for (uint32_t copy = 0; copy < 2; copy++) {
        tb_lock(&tape, copy, name, LP_FAMILY_NAME, true, 0, 0);
        tb_event(&tape, copy, LP_EVENT_REMOVE, name, 0, 0);
    }
    ck_assert_ptr_null(lp_tape_removed_lock(&tape)); /* each its own */
    tb_lock(&tape, 0, name, LP_FAMILY_NAME, true, 0, 0);
    tb_event(&tape, 1, LP_EVENT_REMOVE, name, 0, 0);
    ck_assert_str_eq(lp_tape_removed_lock(&tape), "/made");
}
END_TEST

START_TEST(names_left_in_one_folder)
{
    uint32_t first = tb_name(&tape, "/1"), gone = tb_name(&tape, "/t"),
             second = tb_name(&tape, "/2");
    tb_event(&tape, 0, LP_EVENT_MAKE, first, 0, 0);
    tb_event(&tape, 1, LP_EVENT_MAKE, gone, 0, 0);
    tb_event(&tape, 1, LP_EVENT_REMOVE, gone, 0, 0);
    ck_assert_ptr_null(lp_tape_common_folder(&tape));
    tb_event(&tape, 1, LP_EVENT_MAKE, second, 0, 0);
    ck_assert_str_eq(lp_tape_common_folder(&tape), "/2");
}
END_TEST

/* ---- sums ---- */

static struct lp_program_outcome judged(const char *observe, unsigned succeeded, unsigned unknown)
{
    const struct lp_program program = {
        .observe = observe, .adds = 1, .timeout_ns = UINT64_C(10000000000)};
    struct lp_program_outcome outcome = {.succeeded = succeeded, .unknown = unknown};
    struct lp_err err = {0};
    ck_assert_int_eq(lp_program_judge(&program, &outcome, &err), 0);
    return outcome;
}

START_TEST(what_was_acknowledged_and_is_not_there_is_lost)
{
    struct lp_program_outcome outcome = judged("echo 6", 8, 0);
    ck_assert_uint_eq(outcome.lost_min, 2);
    ck_assert(lp_outcome_is_bad(&outcome));
    outcome = judged("echo 8", 8, 0);
    ck_assert(!lp_outcome_is_bad(&outcome));
}
END_TEST

START_TEST(what_is_unknown_proves_nothing)
{
    struct lp_program_outcome outcome = judged("echo 7", 7, 1);
    ck_assert_uint_eq(outcome.lost_min, 0);
    ck_assert_uint_eq(outcome.lost_max, 1); /* it may have been the unknown one that counted */
    ck_assert(!lp_outcome_is_bad(&outcome));
    outcome = judged("echo 9", 7, 1);
    ck_assert_uint_eq(outcome.extra, 1);
    ck_assert(lp_outcome_is_bad(&outcome));
}
END_TEST

START_TEST(a_counter_that_cannot_be_read_any_more)
{
    struct lp_program_outcome outcome = judged("echo nothing", 2, 0);
    ck_assert(outcome.unreadable);
    ck_assert(lp_outcome_is_bad(&outcome));
}
END_TEST

START_TEST(exits_and_fail_codes)
{
    struct lp_program program = {.adds = 1};
    struct lp_program_outcome outcome = {0};
    program.fail_codes[75] = true;
    lp_outcome_count(&program, &outcome, 0);
    lp_outcome_count(&program, &outcome, 75 << 8);
    lp_outcome_count(&program, &outcome, 1 << 8);
    lp_outcome_count(&program, &outcome, 9); /* killed */
    ck_assert_uint_eq(outcome.succeeded, 1);
    ck_assert_uint_eq(outcome.failed, 1);
    ck_assert_uint_eq(outcome.unknown, 2);
}
END_TEST

static Suite *suite(void)
{
    const TTest *const tests[] = {
        objects_are_known_again,
        unlocking_the_middle_leaves_both_ends,
        another_process_does_not_unlock,
        a_change_of_mode_follows_on,
        grants_that_overlap_an_attempt_are_meetings,
        grants_apart_are_none,
        a_shared_mapping_is_not_seen,
        a_locked_file_that_is_removed,
        a_name_that_another_copy_removes,
        names_left_in_one_folder,
        what_was_acknowledged_and_is_not_there_is_lost,
        what_is_unknown_proves_nothing,
        a_counter_that_cannot_be_read_any_more,
        exits_and_fail_codes,
    };
    Suite *all = suite_create("tape");
    TCase *tcase = tcase_create("tape");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    for (size_t i = 0; i < LP_ARRAY_LEN(tests); i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(all, tcase);
    return all;
}

LP_UNIT_MAIN(suite)
