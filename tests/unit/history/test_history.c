/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/history_builder.h"
#include "tests/unit/unit.h"

static struct hb hb;
static struct lp_err err;

static const struct hb_op two_workers[] = {
    HB_LOCK(0, 10, 12), HB_READ(0, 13, 14, 0), HB_WRITE(0, 15, 16, 1), HB_UNLOCK(0, 17, 18),
    HB_LOCK(1, 11, 20), HB_READ(1, 21, 22, 1), HB_WRITE(1, 23, 24, 2), HB_UNLOCK(1, 25, 26),
};

static const struct hb_run two_workers_run = {HB_OPS(two_workers), .final = 2};

static void tear_down(void)
{
    hb_release(&hb);
    err = (struct lp_err){0};
}

static int load(void)
{
    return lp_history_from_images(&hb.history, hb.images, hb.image_count, &err);
}

static struct lp_history_header *header_of(size_t image)
{
    return (void *)(uintptr_t)hb.images[image].bytes;
}

static struct lp_record *record_of(size_t image, size_t index)
{
    return hb_records((char *)(uintptr_t)hb.images[image].bytes) + index;
}

START_TEST(operations_come_in_order_of_invocation)
{
    hb_build(&hb, &two_workers_run);
    const struct lp_history *history = &hb.history;
    ck_assert_uint_eq(history->worker_count, 2);
    ck_assert_uint_eq(history->op_count, 8);
    for (size_t i = 1; i < history->op_count; i++)
        ck_assert_uint_le(history->ops[i - 1].record->invoke_ns, history->ops[i].record->invoke_ns);
    ck_assert_uint_eq(history->ops[1].worker, 1); /* invoked at 11, between the lock and the read */
    ck_assert_uint_eq(history->ops[1].sequence, 0);
    ck_assert_uint_eq(history->ops[7].sequence, 3);
    ck_assert(!history->damaged);
    ck_assert(history->complete);
    ck_assert_uint_eq(history->workers[1].last_ns, 26);
}
END_TEST

START_TEST(equal_times_are_ordered_by_worker_and_sequence)
{
    const struct hb_op ops[] = {HB_ADD(1, 5, 6, 1), HB_ADD(1, 5, 6, 2), HB_ADD(0, 5, 6, 3)};
    hb_build(&hb, &(struct hb_run){HB_OPS(ops)});
    ck_assert_int_eq(hb.history.ops[0].record->value, 3);
    ck_assert_int_eq(hb.history.ops[1].record->value, 1);
    ck_assert_int_eq(hb.history.ops[2].record->value, 2);
}
END_TEST

START_TEST(observers_tell_ends_and_views)
{
    hb_build(&hb, &(struct hb_run){HB_OPS(two_workers), .final = 2, .killed = 1 << 1});
    const struct lp_history_worker *workers = hb.history.workers;
    ck_assert(workers[0].exited && workers[1].exited);
    ck_assert_int_eq(workers[0].exit_status, 0);
    ck_assert_int_eq(workers[1].exit_status, SIGKILL);
    ck_assert_uint_eq(workers[0].exit_ns, 18);
    ck_assert_uint_eq(hb.history.view_count, 1);
    ck_assert(hb.history.views[0].known);
    ck_assert_int_eq(hb.history.views[0].value, 2);
}
END_TEST

START_TEST(without_an_observer_the_run_is_not_complete)
{
    hb_build(&hb, &(struct hb_run){HB_OPS(two_workers), .no_final = true});
    ck_assert(!hb.history.complete);
    ck_assert(!hb.history.views[0].known);
    ck_assert(!hb.history.workers[0].exited);
}
END_TEST

START_TEST(an_operation_that_never_completed_is_unknown)
{
    const struct hb_op ops[] = {HB_WRITE(0, 5, 0, 1)};
    hb_build(&hb, &(struct hb_run){HB_OPS(ops)});
    const struct lp_op *op = &hb.history.ops[0];
    ck_assert_int_eq(lp_op_result(op), LP_UNKNOWN);
    ck_assert_uint_eq(lp_op_end_ns(op), UINT64_MAX);
    ck_assert_uint_eq(hb.history.workers[0].last_ns, 5);
}
END_TEST

/* ---- files that are damaged in their records: read as far as they make sense ---- */

static void state_from_nowhere(struct lp_record *record)
{
    record->state = 7;
}

static void unknown_kind(struct lp_record *record)
{
    record->kind = 200;
}

static void observation_by_a_worker(struct lp_record *record)
{
    record->kind = LP_STEP_OBSERVE;
}

static void lock_beyond_the_table(struct lp_record *record)
{
    record->kind = LP_STEP_LOCK;
    record->lock = 1;
}

static void outcome_of_nothing(struct lp_record *record)
{
    record->outcome = 0;
}

static void outcome_beyond_all(struct lp_record *record)
{
    record->outcome = 5;
}

static void done_before_invoked(struct lp_record *record)
{
    record->complete_ns = record->invoke_ns - 1;
}

static void time_goes_back(struct lp_record *record)
{
    record->invoke_ns = 1;
}

static void time_beyond_all(struct lp_record *record)
{
    record->complete_ns = UINT64_MAX;
}

static void invoked_beyond_all(struct lp_record *record)
{
    record->invoke_ns = LP_HISTORY_TIME_MAX + 1;
    record->state = LP_RECORD_INVOKED;
}

static const struct damage {
    const char *name;
    void (*do_it)(struct lp_record *record);
} damages[] = {
    {"state", state_from_nowhere},
    {"kind", unknown_kind},
    {"observation", observation_by_a_worker},
    {"lock", lock_beyond_the_table},
    {"outcome 0", outcome_of_nothing},
    {"outcome 5", outcome_beyond_all},
    {"completed before invoked", done_before_invoked},
    {"back in time", time_goes_back},
    {"completed in the far future", time_beyond_all},
    {"invoked in the far future", invoked_beyond_all},
};

START_TEST(an_impossible_record_ends_the_file_and_is_told)
{
    const struct damage *damage = &damages[_i];
    hb_images(&hb, &two_workers_run);
    damage->do_it(record_of(1, 2));
    ck_assert_int_eq(load(), 0);
    ck_assert_msg(hb.history.workers[1].record_count == 2, "%s", damage->name);
    ck_assert(hb.history.workers[1].cut);
    ck_assert(hb.history.damaged);
    ck_assert_ptr_nonnull(strstr(hb.history.damage, "worker 1"));
    ck_assert_uint_eq(hb.history.op_count, 6);
}
END_TEST

START_TEST(an_empty_record_ends_the_file_without_damage)
{
    hb_images(&hb, &two_workers_run);
    record_of(1, 2)->state = LP_RECORD_EMPTY;
    ck_assert_int_eq(load(), 0);
    ck_assert_uint_eq(hb.history.workers[1].record_count, 2);
    ck_assert(!hb.history.workers[1].cut);
    ck_assert(!hb.history.damaged);
}
END_TEST

START_TEST(a_file_may_end_in_the_middle_of_a_record)
{
    hb_images(&hb, &two_workers_run);
    hb.images[0].size -= sizeof(struct lp_record) / 2;
    ck_assert_int_eq(load(), 0);
    ck_assert_uint_eq(hb.history.workers[0].record_count, 3);
    ck_assert(hb.history.damaged);
}
END_TEST

START_TEST(a_file_that_ends_before_its_workers_last_round_is_damaged)
{
    const bool truncated = _i;
    hb_images(&hb, &two_workers_run);
    header_of(0)->rounds_done = truncated ? 2 : 1; /* all records are of round 0 */
    ck_assert_int_eq(load(), 0);
    ck_assert_int_eq(hb.history.damaged, truncated);
}
END_TEST

START_TEST(a_missing_worker_is_damage)
{
    hb_build(&hb, &(struct hb_run){HB_OPS(two_workers), .final = 2, .missing = 1});
    ck_assert_uint_eq(hb.history.worker_count, 1);
    ck_assert(hb.history.damaged);
}
END_TEST

/* ---- files that are not what they should be: refused by name ---- */

static void no_magic(void)
{
    header_of(0)->magic[0] = 'X';
}

static void other_byte_order(void)
{
    header_of(0)->byte_order = 0x04030201;
}

static void other_version(void)
{
    header_of(0)->version = 9;
}

static void other_record_size(void)
{
    header_of(0)->record_size = 32;
}

static void other_kind(void)
{
    header_of(0)->kind = 3;
}

static void no_workers(void)
{
    header_of(0)->workers = 0;
}

static void too_many_workers(void)
{
    header_of(0)->workers = 1u << 30;
}

static void worker_out_of_range(void)
{
    header_of(0)->worker = 2;
}

static void too_many_containers(void)
{
    header_of(0)->containers = 1u << 30;
}

static void container_out_of_range(void)
{
    header_of(0)->container = 1;
}

static void too_many_locks(void)
{
    header_of(0)->lock_count = LP_HISTORY_LOCKS + 1;
}

static void start_out_of_range(void)
{
    header_of(0)->start_ns = UINT64_MAX;
}

static void text_without_end(void)
{
    memset(header_of(0)->group, 'x', sizeof header_of(0)->group);
}

static void lock_name_without_end(void)
{
    memset(header_of(0)->locks[7].name, 'x', sizeof header_of(0)->locks[7].name);
}

static void too_short(void)
{
    hb.images[0].size = LP_HISTORY_HEADER_SIZE - 1;
}

static void same_worker_twice(void)
{
    header_of(1)->worker = 0;
}

static void of_another_run(void)
{
    header_of(1)->start_value = 77;
}

static void of_another_boot(void)
{
    snprintf(header_of(0)->boot_id, sizeof header_of(0)->boot_id, "a");
    snprintf(header_of(1)->boot_id, sizeof header_of(1)->boot_id, "b");
}

static void other_number_of_locks(void)
{
    header_of(1)->lock_count = 2;
}

static void observers_only(void)
{
    hb.images[0] = hb.images[2];
    hb.image_count = 1;
}

static const struct refusal {
    void (*make)(void);
    const char *says;
} refusals[] = {
    {no_magic, "not a history"},
    {other_byte_order, "byte order"},
    {other_version, "version 9"},
    {other_record_size, "version"},
    {other_kind, "neither"},
    {no_workers, "number of workers"},
    {too_many_workers, "number of workers"},
    {worker_out_of_range, "worker out of range"},
    {too_many_containers, "number of containers"},
    {container_out_of_range, "container out of range"},
    {too_many_locks, "number of locks"},
    {start_out_of_range, "start"},
    {text_without_end, "no end"},
    {lock_name_without_end, "no end"},
    {too_short, "not a history"},
    {same_worker_twice, "two histories of worker 0"},
    {of_another_run, "not of one run"},
    {of_another_boot, "not of one run"},
    {other_number_of_locks, "another number of locks"},
};

START_TEST(what_is_no_history_of_this_run_is_refused)
{
    hb_images(&hb, &two_workers_run);
    refusals[_i].make();
    ck_assert_int_eq(load(), -1);
    ck_assert_int_eq(err.kind, LP_ERR_USAGE);
    ck_assert_msg(strstr(err.text, refusals[_i].says) != NULL, "%s", err.text);
}
END_TEST

START_TEST(a_history_without_workers_is_refused)
{
    hb_images(&hb, &two_workers_run);
    struct hb kept = hb;
    observers_only();
    ck_assert_int_eq(load(), -1);
    ck_assert_ptr_nonnull(strstr(err.text, "no worker"));
    hb = kept;
    ck_assert_int_eq(lp_history_from_images(&hb.history, hb.images, 0, &err), -1);
}
END_TEST

START_TEST(ends_of_unknown_workers_are_ignored)
{
    hb_images(&hb, &two_workers_run);
    record_of(2, 0)->value = 4711;
    record_of(2, 1)->value = -1;
    ck_assert_int_eq(load(), 0);
    ck_assert(!hb.history.workers[0].exited && !hb.history.workers[1].exited);
}
END_TEST

START_TEST(identities_are_told_by_name_where_a_worker_knows_it)
{
    struct lp_str text;
    hb_images(&hb, &two_workers_run);
    header_of(1)->identities[0] =
        (struct lp_history_identity){.domain = 4, .object = 5, .text = "flock on inode 5"};
    memset(header_of(0)->identities[0].text, 'y', sizeof header_of(0)->identities[0].text);
    header_of(0)->identities[0].domain = 6;
    ck_assert_int_eq(load(), 0);
    lp_str_init(&text);
    lp_history_identity_text(&hb.history, 4, 5, &text);
    ck_assert_str_eq(text.ptr, "flock on inode 5");
    lp_str_clear(&text);
    lp_history_identity_text(&hb.history, 4, 0xff, &text);
    ck_assert_str_eq(text.ptr, "object ff in 4");
    lp_str_clear(&text);
    lp_history_identity_text(&hb.history, 6, 0, &text);
    ck_assert_uint_eq(text.len, sizeof header_of(0)->identities[0].text);
    lp_str_release(&text);
}
END_TEST

/* ---- folders ---- */

static char folder[] = "/tmp/lp-history-XXXXXX";

static void make_folder(void)
{
    memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void write_file(const char *name, const void *bytes, size_t size)
{
    int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ck_assert_int_ne(fd, -1);
    ck_assert_int_eq(write(fd, bytes, size), (ssize_t)size);
    close(fd);
    close(dir);
}

static void remove_folder(void)
{
    static const char *const names[] = {"w0.lph", "w1.lph", "c0.lph", "note.txt", "bad.lph"};
    int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (size_t i = 0; i < LP_ARRAY_LEN(names); i++)
        unlinkat(dir, names[i], 0);
    close(dir);
    ck_assert_int_eq(rmdir(folder), 0);
}

START_TEST(a_folder_is_read_and_other_files_are_left_alone)
{
    struct lp_history history;
    hb_images(&hb, &two_workers_run);
    make_folder();
    for (size_t i = 0; i < hb.image_count; i++)
        write_file(hb.images[i].name, hb.images[i].bytes, hb.images[i].size);
    write_file("note.txt", "hello", 5);
    int result = lp_history_load(&history, folder, &err);
    remove_folder();
    ck_assert_int_eq(result, 0);
    ck_assert_uint_eq(history.op_count, 8);
    ck_assert_int_eq(history.views[0].value, 2);
    lp_history_release(&history);
    lp_history_release(&history); /* a second time does no harm */
}
END_TEST

START_TEST(a_bad_file_in_a_folder_is_named)
{
    struct lp_history history;
    hb_images(&hb, &two_workers_run);
    make_folder();
    write_file(hb.images[0].name, hb.images[0].bytes, hb.images[0].size);
    write_file("bad.lph", "hello", 5);
    int result = lp_history_load(&history, folder, &err);
    remove_folder();
    ck_assert_int_eq(result, -1);
    ck_assert_ptr_nonnull(strstr(err.text, "'bad.lph'"));
}
END_TEST

START_TEST(a_folder_without_histories_is_refused)
{
    struct lp_history history;
    make_folder();
    write_file("note.txt", "hello", 5);
    int empty = lp_history_load(&history, folder, &err);
    remove_folder();
    ck_assert_int_eq(empty, -1);
    ck_assert_ptr_nonnull(strstr(err.text, "no history"));
    ck_assert_int_eq(lp_history_load(&history, folder, &err), -1); /* it is gone now */
    ck_assert_int_eq(err.kind, LP_ERR_USAGE);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("history");
    TCase *tcase = tcase_create("history");
    tcase_add_checked_fixture(tcase, NULL, tear_down);
    tcase_add_test(tcase, operations_come_in_order_of_invocation);
    tcase_add_test(tcase, equal_times_are_ordered_by_worker_and_sequence);
    tcase_add_test(tcase, observers_tell_ends_and_views);
    tcase_add_test(tcase, without_an_observer_the_run_is_not_complete);
    tcase_add_test(tcase, an_operation_that_never_completed_is_unknown);
    tcase_add_loop_test(tcase, an_impossible_record_ends_the_file_and_is_told, 0,
                        LP_ARRAY_LEN(damages));
    tcase_add_test(tcase, an_empty_record_ends_the_file_without_damage);
    tcase_add_test(tcase, a_file_may_end_in_the_middle_of_a_record);
    tcase_add_loop_test(tcase, a_file_that_ends_before_its_workers_last_round_is_damaged, 0, 2);
    tcase_add_test(tcase, a_missing_worker_is_damage);
    tcase_add_loop_test(tcase, what_is_no_history_of_this_run_is_refused, 0,
                        LP_ARRAY_LEN(refusals));
    tcase_add_test(tcase, a_history_without_workers_is_refused);
    tcase_add_test(tcase, ends_of_unknown_workers_are_ignored);
    tcase_add_test(tcase, identities_are_told_by_name_where_a_worker_knows_it);
    tcase_add_test(tcase, a_folder_is_read_and_other_files_are_left_alone);
    tcase_add_test(tcase, a_bad_file_in_a_folder_is_named);
    tcase_add_test(tcase, a_folder_without_histories_is_refused);
    suite_add_tcase(suite, tcase);
    return suite;
}

LP_UNIT_MAIN(make_suite)
