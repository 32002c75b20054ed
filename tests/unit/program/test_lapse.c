/* SPDX-License-Identifier: MIT */
/* What is reported, and its nearest neighbour that is not. */
#include <check.h>
#include <errno.h>
#include <string.h>

#include "program/lapse.h"
#include "tests/unit/program/tape_builder.h"
#include "tests/unit/unit.h"

static struct lp_tape tape;
static struct lp_lapses lapses;
static uint32_t data, lock;

static void set_up(void)
{
    lp_tape_init(&tape);
    data = tb_file(&tape, "/data", 10);
    lock = tb_file(&tape, "/data.lock", 11);
    tb_start(&tape, 0);
    tb_start(&tape, 1);
}

static void tear_down(void)
{
    lp_lapses_release(&lapses);
    lp_tape_release(&tape);
}

/* Of reportable ones. */
static size_t find(void)
{
    size_t count = 0;
    lp_lapses_find(&lapses, &tape);
    for (size_t i = 0; i < lapses.count; i++)
        count += !lapses.lapse[i].hint;
    return count;
}

static void update(uint32_t copy, bool locked)
{
    if (locked)
        tb_flock(&tape, copy, lock);
    tb_read(&tape, copy, data);
    tb_write(&tape, copy, data);
    if (locked)
        tb_unflock(&tape, copy, lock);
}

START_TEST(no_lock_at_all)
{
    update(0, false);
    update(1, false);
    ck_assert_uint_eq(find(), 1);
    ck_assert_int_eq(lapses.lapse[0].cause, LP_CAUSE_NO_LOCK);
    ck_assert(!lapses.lapse[0].seen);
}
END_TEST

START_TEST(both_under_one_lock)
{
    update(0, true);
    update(1, true);
    ck_assert_uint_eq(find(), 0);
}
END_TEST

START_TEST(one_does_not_ask)
{
    update(0, true);
    update(1, false);
    ck_assert_uint_eq(find(), 1);
    ck_assert_int_eq(lapses.lapse[0].cause, LP_CAUSE_ADVISORY_BYPASS);
}
END_TEST

START_TEST(lock_around_the_read_only)
{
    for (uint32_t copy = 0; copy < 2; copy++) {
        tb_flock(&tape, copy, lock);
        tb_read(&tape, copy, data);
        tb_unflock(&tape, copy, lock);
        tb_write(&tape, copy, data);
    }
    ck_assert_uint_eq(find(), 1);
    ck_assert_int_eq(lapses.lapse[0].cause, LP_CAUSE_NARROW_SCOPE);
}
END_TEST

START_TEST(same_path_other_inode)
{
    uint32_t other = tb_file(&tape, "/data.lock", 12);
    update(0, true);
    tb_flock(&tape, 1, other);
    tb_read(&tape, 1, data);
    tb_write(&tape, 1, data);
    tb_unflock(&tape, 1, other);
    ck_assert_uint_eq(find(), 1);
    ck_assert_int_eq(lapses.lapse[0].cause, LP_CAUSE_DIFFERENT_LOCK);
}
END_TEST

START_TEST(same_path_other_filesystem)
{
    for (uint32_t copy = 0; copy < 2; copy++) {
        data = lp_tape_object(&tape, LP_OBJECT_FILE, 50 + copy, 10, 0, "/data");
        update(copy, false);
    }
    ck_assert_uint_eq(find(), 1);
    ck_assert_int_eq(lapses.lapse[0].cause, LP_CAUSE_DIFFERENT_STORE);
}
END_TEST

START_TEST(flock_and_fcntl_do_not_see_each_other)
{
    update(0, true);
    tb_lock(&tape, 1, lock, LP_FAMILY_POSIX, true, 0, LP_RANGE_END);
    tb_read(&tape, 1, data);
    tb_write(&tape, 1, data);
    tb_unlock(&tape, 1, lock, LP_FAMILY_POSIX, 0, LP_RANGE_END);
    ck_assert_uint_eq(find(), 1);
    ck_assert_int_eq(lapses.lapse[0].cause, LP_CAUSE_DIFFERENT_LOCK);
}
END_TEST

START_TEST(fcntl_and_ofd_do)
{
    for (uint32_t copy = 0; copy < 2; copy++) {
        enum lp_family family = copy ? LP_FAMILY_OFD : LP_FAMILY_POSIX;
        tb_lock(&tape, copy, lock, family, true, 0, 1);
        tb_read(&tape, copy, data);
        tb_write(&tape, copy, data);
        tb_unlock(&tape, copy, lock, family, 0, 1);
    }
    ck_assert_uint_eq(find(), 0);
}
END_TEST

START_TEST(locks_on_different_bytes)
{
    for (uint32_t copy = 0; copy < 2; copy++) {
        tb_lock(&tape, copy, lock, LP_FAMILY_POSIX, true, copy, copy + 1);
        tb_read(&tape, copy, data);
        tb_write(&tape, copy, data);
        tb_unlock(&tape, copy, lock, LP_FAMILY_POSIX, copy, copy + 1);
    }
    ck_assert_uint_eq(find(), 1);
}
END_TEST

START_TEST(shared_locks_only)
{
    for (uint32_t copy = 0; copy < 2; copy++) {
        tb_lock(&tape, copy, lock, LP_FAMILY_FLOCK, false, 0, LP_RANGE_END);
        tb_read(&tape, copy, data);
        tb_write(&tape, copy, data);
        tb_unflock(&tape, copy, lock);
    }
    ck_assert_uint_eq(find(), 1);
    ck_assert_int_eq(lapses.lapse[0].cause, LP_CAUSE_NARROW_SCOPE);
}
END_TEST

/* As SQLite does it in rollback mode: shared for the read, the same bytes exclusive for the write.
 */
START_TEST(fcntl_upgrade_keeps_the_lock)
{
    for (uint32_t copy = 0; copy < 2; copy++) {
        tb_lock(&tape, copy, lock, LP_FAMILY_POSIX, false, 0, 10);
        tb_read(&tape, copy, data);
        tb_lock(&tape, copy, lock, LP_FAMILY_POSIX, true, 0, 10);
        tb_write(&tape, copy, data);
        tb_unlock(&tape, copy, lock, LP_FAMILY_POSIX, 0, 10);
    }
    ck_assert_uint_eq(find(), 0);
}
END_TEST

START_TEST(flock_upgrade_lets_go_first)
{
    for (uint32_t copy = 0; copy < 2; copy++) {
        tb_lock(&tape, copy, lock, LP_FAMILY_FLOCK, false, 0, LP_RANGE_END);
        tb_read(&tape, copy, data);
        tb_flock(&tape, copy, lock);
        tb_write(&tape, copy, data);
        tb_unflock(&tape, copy, lock);
    }
    ck_assert_uint_eq(find(), 1);
}
END_TEST

START_TEST(lost_by_a_close)
{
    for (uint32_t copy = 0; copy < 2; copy++) {
        tb_lock(&tape, copy, lock, LP_FAMILY_POSIX, true, 0, 1);
        tb_read(&tape, copy, data);
        uint32_t closed = tb_event(&tape, copy, LP_EVENT_UNLOCK, lock, 0, LP_RANGE_END);
        tape.events[closed].family = LP_FAMILY_POSIX;
        lp_tape_let_go(&tape, closed, true);
        tb_write(&tape, copy, data);
    }
    ck_assert_uint_eq(find(), 1);
    ck_assert_int_eq(lapses.lapse[0].cause, LP_CAUSE_DROPPED_LOCK);
}
END_TEST

/* The same, closed before the read; who takes the lock again has it. */
static void close_first(bool again)
{
    for (uint32_t copy = 0; copy < 2; copy++) {
        tb_lock(&tape, copy, lock, LP_FAMILY_POSIX, true, 0, 1);
        uint32_t closed = tb_event(&tape, copy, LP_EVENT_UNLOCK, lock, 0, LP_RANGE_END);
        tape.events[closed].family = LP_FAMILY_POSIX;
        lp_tape_let_go(&tape, closed, true);
        if (again)
            tb_lock(&tape, copy, lock, LP_FAMILY_POSIX, true, 0, 1);
        tb_read(&tape, copy, data);
        tb_write(&tape, copy, data);
        if (again)
            tb_unlock(&tape, copy, lock, LP_FAMILY_POSIX, 0, 1);
    }
}

START_TEST(lost_before_the_read)
{
    close_first(false);
    ck_assert_uint_eq(find(), 1);
    ck_assert_int_eq(lapses.lapse[0].cause, LP_CAUSE_DROPPED_LOCK);
}
END_TEST

START_TEST(lost_and_taken_again)
{
    close_first(true);
    ck_assert_uint_eq(find(), 0);
}
END_TEST

START_TEST(lock_made_of_a_name)
{
    uint32_t name = tb_name(&tape, "/data.lck");
    for (uint32_t copy = 0; copy < 2; copy++) {
        tb_lock(&tape, copy, name, LP_FAMILY_NAME, true, 0, LP_RANGE_END);
        tb_read(&tape, copy, data);
        tb_write(&tape, copy, data);
        uint32_t gone = tb_event(&tape, copy, LP_EVENT_REMOVE, name, 0, 0);
        lp_tape_end_hold(&tape, tape.open[0], gone, false);
    }
    ck_assert_uint_eq(find(), 0);
}
END_TEST

/* As a script with a PID file does it; `removed`: it is a lock, and not just a file that is made.
 */
static void look_then_make(bool removed)
{
    uint32_t name = tb_name(&tape, "/data.pid");
    for (uint32_t copy = 0; copy < 2; copy++)
        tape.events[tb_event(&tape, copy, LP_EVENT_LOOK, name, 0, 0)].result = -ENOENT;
    for (uint32_t copy = 0; copy < 2; copy++) {
        tb_event(&tape, copy, LP_EVENT_MAKE, name, 0, 0);
        tb_read(&tape, copy, data);
        tb_write(&tape, copy, data);
        if (removed)
            tb_event(&tape, copy, LP_EVENT_REMOVE, name, 0, 0);
    }
}

START_TEST(looked_for_then_made)
{
    look_then_make(true);
    ck_assert_uint_eq(find(), 1);
    ck_assert_int_eq(lapses.lapse[0].cause, LP_CAUSE_DOUBLE_GRANT);
}
END_TEST

START_TEST(made_and_kept)
{
    look_then_make(false);
    ck_assert_uint_eq(find(), 1);
    ck_assert_int_eq(lapses.lapse[0].cause, LP_CAUSE_NO_LOCK);
}
END_TEST

START_TEST(one_after_the_other)
{
    tape.event_count = 0;
    tape.copies = 0;
    tb_start(&tape, 0);
    update(0, false);
    tb_exit(&tape, 0);
    tb_start(&tape, 1);
    update(1, false);
    tb_exit(&tape, 1);
    ck_assert_uint_eq(find(), 0);
}
END_TEST

START_TEST(appending_to_a_log)
{
    for (uint32_t copy = 0; copy < 2; copy++) {
        tb_read(&tape, copy, data);
        tb_append(&tape, copy, data);
    }
    ck_assert_uint_eq(find(), 0);
}
END_TEST

START_TEST(a_monitor_that_only_reads)
{
    update(0, true);
    tb_read(&tape, 1, data);
    tb_read(&tape, 1, data);
    ck_assert_uint_eq(find(), 0);
}
END_TEST

START_TEST(different_parts_of_a_file)
{
    for (uint32_t copy = 0; copy < 2; copy++) {
        tb_event(&tape, copy, LP_EVENT_READ, data, 100 * copy, 100 * copy + 4);
        tb_event(&tape, copy, LP_EVENT_WRITE, data, 100 * copy, 100 * copy + 4);
    }
    ck_assert_uint_eq(find(), 0);
}
END_TEST

START_TEST(replaced_by_rename)
{
    uint32_t name = tb_name(&tape, "/data");
    for (uint32_t copy = 0; copy < 2; copy++) {
        uint32_t file = tb_file(&tape, "/data", 20 + copy);
        tb_read(&tape, copy, file);
        uint32_t made = tb_event(&tape, copy, LP_EVENT_MAKE, name, 0, 0);
        tape.events[made].flags = LP_EVENT_RENAMED;
    }
    ck_assert_uint_eq(find(), 1);
    ck_assert_int_eq(lapses.lapse[0].cause, LP_CAUSE_NO_LOCK);
}
END_TEST

START_TEST(what_an_interpreter_caches)
{
    data = tb_file(&tape, "/home/__pycache__/x.pyc", 30);
    update(0, false);
    update(1, false);
    ck_assert_uint_eq(find(), 0);
}
END_TEST

/* ---- SQLite ---- */

#define SHARED_FROM UINT64_C(0x40000002)
#define SHARED_TO (SHARED_FROM + 510)

static void shared(uint32_t copy, uint32_t base)
{
    tb_lock(&tape, copy, base, LP_FAMILY_POSIX, false, SHARED_FROM, SHARED_TO);
}

static void exclusive(uint32_t copy, uint32_t base)
{
    tb_lock(&tape, copy, base, LP_FAMILY_POSIX, true, SHARED_FROM, SHARED_TO);
}

static void done(uint32_t copy, uint32_t base)
{
    tb_unlock(&tape, copy, base, LP_FAMILY_POSIX, 0, LP_RANGE_END);
}

START_TEST(sqlite_in_two_transactions)
{
    uint32_t base = tb_file(&tape, "/base.db", 40);
    tape.objects[base].sqlite = true;
    for (uint32_t copy = 0; copy < 2; copy++) {
        shared(copy, base);
        tb_read(&tape, copy, base);
        done(copy, base);
    }
    for (uint32_t copy = 0; copy < 2; copy++) {
        shared(copy, base);
        exclusive(copy, base);
        tb_write(&tape, copy, base);
        done(copy, base);
    }
    ck_assert_uint_eq(find(), 0); /* by itself it is nothing to report ... */
    ck_assert_uint_eq(lapses.count, 1);
    ck_assert_int_eq(lapses.lapse[0].cause, LP_CAUSE_NARROW_SCOPE); /* ... but it explains a loss */
    ck_assert(lapses.lapse[0].seen);
}
END_TEST

START_TEST(sqlite_in_one_transaction)
{
    uint32_t base = tb_file(&tape, "/base.db", 40);
    tape.objects[base].sqlite = true;
    for (uint32_t copy = 0; copy < 2; copy++) {
        shared(copy, base);
        tb_read(&tape, copy, base);
        exclusive(copy, base);
        tb_write(&tape, copy, base);
        done(copy, base);
    }
    find();
    ck_assert_uint_eq(lapses.count, 0);
}
END_TEST

static Suite *suite(void)
{
    const TTest *const tests[] = {
        no_lock_at_all,
        both_under_one_lock,
        one_does_not_ask,
        lock_around_the_read_only,
        same_path_other_inode,
        same_path_other_filesystem,
        flock_and_fcntl_do_not_see_each_other,
        fcntl_and_ofd_do,
        locks_on_different_bytes,
        shared_locks_only,
        fcntl_upgrade_keeps_the_lock,
        flock_upgrade_lets_go_first,
        lost_by_a_close,
        lost_before_the_read,
        lost_and_taken_again,
        lock_made_of_a_name,
        looked_for_then_made,
        made_and_kept,
        one_after_the_other,
        appending_to_a_log,
        a_monitor_that_only_reads,
        different_parts_of_a_file,
        replaced_by_rename,
        what_an_interpreter_caches,
        sqlite_in_two_transactions,
        sqlite_in_one_transaction,
    };
    Suite *all = suite_create("lapse");
    TCase *tcase = tcase_create("lapse");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    for (size_t i = 0; i < LP_ARRAY_LEN(tests); i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(all, tcase);
    return all;
}

LP_UNIT_MAIN(suite)
