/* SPDX-License-Identifier: MIT */
/* Clocks of other hosts: what round trips say, and what histories say after they were moved. */
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/units.h"
#include "os/file.h"
#include "run/relay.h"
#include "tests/unit/unit.h"

START_TEST(a_round_trip_bounds_the_offset)
{
    /* The other clock is 1,000 ahead; the way takes 10 there and 30 back. */
    struct lp_offset offset = lp_offset_of(500, 1510, 540);
    ck_assert(offset.known);
    ck_assert_int_eq(offset.low_ns, 970);
    ck_assert_int_eq(offset.high_ns, 1010);
    /* It is behind as well as it may be ahead. */
    offset = lp_offset_of(5000, 4010, 5040);
    ck_assert_int_eq(offset.low_ns, -1030);
    ck_assert_int_eq(offset.high_ns, -990);
}
END_TEST

START_TEST(bounds_follow_and_are_never_narrower_than_drift_allows)
{
    struct lp_offset current = {0}, none = {0};
    struct lp_offset narrow = {true, 100, 200}, wide = {true, -5000, 5000};
    lp_offset_follow(&current, &narrow, 0);
    lp_offset_follow(&current, &none, LP_SEC); /* nothing heard: nothing learned */
    ck_assert_int_eq(current.low_ns, 100);
    lp_offset_follow(&current, &wide, LP_MS); /* a slow answer takes nothing away but drift */
    ck_assert_int_ge(current.low_ns, 100 - 1010);
    ck_assert_int_lt(current.low_ns, 100 - 990);
    ck_assert_int_gt(current.high_ns, 200 + 990);
    struct lp_offset set = {true, 900000, 900100}; /* the clock was set */
    lp_offset_follow(&current, &set, LP_MS);
    ck_assert_int_eq(current.low_ns, 900000);
    ck_assert_int_eq(current.high_ns, 900100);
}
END_TEST

START_TEST(the_whole_run_is_covered)
{
    struct lp_offset all = {0};
    lp_offset_cover(&all, &(struct lp_offset){true, 10, 20}, 0);
    lp_offset_cover(&all, &(struct lp_offset){true, -30, 5}, 0);
    lp_offset_cover(&all, &(struct lp_offset){0}, 0);
    ck_assert_int_le(all.low_ns, -30);
    ck_assert_int_ge(all.high_ns, 20);
    ck_assert_int_ge(all.low_ns, -40);
    ck_assert_int_le(all.high_ns, 30);
}
END_TEST

static char folder[] = "/tmp/lp-offset-XXXXXX";
static int folder_fd;

static void set_up(void)
{
    memcpy(folder, "/tmp/lp-offset-XXXXXX", sizeof folder);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    folder_fd = open(folder, O_RDONLY | O_DIRECTORY);
}

static void tear_down(void)
{
    close(folder_fd);
    lp_folder_remove(folder);
}

static void put(const struct lp_record *records, size_t count)
{
    char header[LP_HISTORY_HEADER_SIZE] = LP_HISTORY_MAGIC;
    int fd = openat(folder_fd, "worker-00000.lph", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ck_assert_int_eq(write(fd, header, sizeof header), sizeof header);
    ck_assert_int_eq(write(fd, records, count * sizeof *records), count * sizeof *records);
    close(fd);
}

static off_t get(struct lp_record *records, size_t count)
{
    struct stat status;
    int fd = openat(folder_fd, "worker-00000.lph", O_RDONLY);
    ck_assert_int_ge(pread(fd, records, count * sizeof *records, LP_HISTORY_HEADER_SIZE), 0);
    ck_assert_int_eq(fstat(fd, &status), 0);
    close(fd);
    return status.st_size;
}

START_TEST(intervals_are_widened)
{
    struct lp_err err;
    struct lp_offset offset = {true, 990, 1010}; /* ahead by about 1,000 */
    struct lp_record records[] = {
        {.kind = LP_STEP_LOCK,
         .invoke_ns = 5000,
         .attempt_ns = 5000,
         .complete_ns = 5100,
         .state = LP_RECORD_COMPLETE},
        {.kind = LP_STEP_LOCK,
         .invoke_ns = 6000,
         .attempt_ns = 6050,
         .complete_ns = 6100,
         .state = LP_RECORD_COMPLETE},
        {.kind = LP_STEP_READ,
         .invoke_ns = 7000,
         .token = 5,
         .complete_ns = 7100,
         .state = LP_RECORD_COMPLETE},
        {.kind = LP_STEP_WRITE, .invoke_ns = 8000, .state = LP_RECORD_INVOKED},
    };
    put(records, LP_ARRAY_LEN(records));
    ck_assert_int_eq(lp_offset_apply(&offset, folder_fd, "worker-00000.lph", &err), 0);
    get(records, LP_ARRAY_LEN(records));
    struct lp_history_header header;
    int fd = openat(folder_fd, "worker-00000.lph", O_RDONLY | O_CLOEXEC);
    ck_assert_int_eq(pread(fd, &header, sizeof header, 0), sizeof header);
    close(fd);
    ck_assert_uint_eq(header.widened_ns, (uint64_t)(offset.high_ns - offset.low_ns));
    ck_assert_uint_gt(header.widened_ns, 0);
    ck_assert_uint_eq(records[0].invoke_ns, 3990);
    ck_assert_uint_eq(records[0].attempt_ns, 3990);
    ck_assert_uint_eq(records[0].complete_ns, 4110);
    ck_assert_uint_eq(records[1].attempt_ns, 5060);
    ck_assert_uint_eq(records[2].token, 5); /* no time */
    ck_assert_uint_eq(records[3].invoke_ns, 6990);
    ck_assert_uint_eq(records[3].complete_ns, 0);
}
END_TEST

START_TEST(a_lost_host_s_history_ends_in_what_is_no_record)
{
    struct lp_record records[2] = {
        {.kind = LP_STEP_READ, .invoke_ns = 1, .complete_ns = 2, .state = LP_RECORD_COMPLETE}};
    put(records, 1);
    lp_history_cut(folder_fd, "worker-00000.lph");
    ck_assert_int_eq(get(records, 2), LP_HISTORY_HEADER_SIZE + 2 * sizeof records[0]);
    ck_assert_uint_eq(records[0].state, LP_RECORD_COMPLETE);
    ck_assert_uint_eq(records[1].state, UINT32_MAX);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("run/offset");
    TCase *tcase = tcase_create("offset");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, a_round_trip_bounds_the_offset);
    tcase_add_test(tcase, bounds_follow_and_are_never_narrower_than_drift_allows);
    tcase_add_test(tcase, the_whole_run_is_covered);
    tcase_add_test(tcase, intervals_are_widened);
    tcase_add_test(tcase, a_lost_host_s_history_ends_in_what_is_no_record);
    suite_add_tcase(suite, tcase);
    return suite;
}

LP_UNIT_MAIN(make_suite)
