/* SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "base/random.h"
#include "base/units.h"
#include "tests/unit/unit.h"

static const struct {
    const char *text;
    uint64_t ns;
} durations[] = {
    {"0", 0},
    {"0s", 0},
    {"1ns", 1},
    {"500us", 500 * LP_US},
    {"10ms", 10 * LP_MS},
    {"2s", 2 * LP_SEC},
    {"1m", 60 * LP_SEC},
    {"1h", 3600 * LP_SEC},
    {"1.5s", 1500 * LP_MS},
    {"0.000000001s", 1},
    {"1.50000000000000000000s", 1500 * LP_MS},
    {"00007us", 7 * LP_US},
    {"9223372036854775807ns", INT64_MAX},
};

START_TEST(durations_are_read)
{
    uint64_t ns = 1;

    ck_assert_int_eq(lp_duration_parse(durations[_i].text, &ns), 0);
    ck_assert_uint_eq(ns, durations[_i].ns);
}
END_TEST

static const char *const no_durations[] = {
    "",
    "s",
    "5",
    "-1s",
    "+1s",
    "1 s",
    " 1s",
    "1s ",
    "1xs",
    "1S",
    "1.s",
    ".5s",
    "1,5s",
    "1e3s",
    "1.5",
    "1.5ns",
    "1ss",
    "1..s",
    "0x1s",
    "1.2.s",
    "1\ns",
    "1.0000000001s",
    "9223372036854775808ns",
    "99999999999999999999999s",
    "18446744073709551615h",
};

START_TEST(what_is_no_duration_is_refused)
{
    uint64_t ns = 77;

    ck_assert_int_eq(lp_duration_parse(no_durations[_i], &ns), -1);
    ck_assert_uint_eq(ns, 77);
}
END_TEST

static const struct {
    uint64_t ns;
    const char *text;
} formats[] = {
    {0, "0"},
    {1, "1ns"},
    {999, "999ns"},
    {1000, "1us"},
    {1203000, "1.203ms"},
    {1203400, "1.203ms"},
    {1203500, "1.204ms"},
    {12034567, "12.03ms"},
    {999949, "999.9us"},
    {999951, "1ms"},
    {999999999, "1s"},
    {90 * LP_SEC, "90s"},
    {599 * LP_SEC + 999999999, "10m"},
    {600 * LP_SEC, "10m"},
    {36000 * LP_SEC, "10h"},
    {UINT64_MAX, "5124096h"},
};

START_TEST(durations_are_written_with_four_digits)
{
    char buf[16];

    ck_assert_str_eq(lp_duration_format(formats[_i].ns, buf, sizeof(buf)), formats[_i].text);
}
END_TEST

START_TEST(what_is_written_is_read_back_within_half_a_digit)
{
    struct lp_random random;

    lp_random_init(&random, 3, 0);
    for (int i = 0; i < 10000; i++) {
        const uint64_t ns = lp_random_next(&random) >> lp_random_between(&random, 4, 63);
        uint64_t back;
        char buf[16];
        ck_assert_int_eq(lp_duration_parse(lp_duration_format(ns, buf, sizeof(buf)), &back), 0);
        const uint64_t error = back > ns ? back - ns : ns - back;
        ck_assert_msg(error <= ns / 1000, "%" PRIu64 " became %s", ns, buf);
    }
}
END_TEST

START_TEST(numbers_are_whole_and_within_their_range)
{
    static const struct {
        const char *text;
        uint64_t min, max;
        int result;
        uint64_t number;
    } cases[] = {
        {"0", 0, 9, 0, 0},
        {"9", 0, 9, 0, 9},
        {"10", 0, 9, -1, 0},
        {"0", 1, 9, -1, 0},
        {"007", 0, 9, 0, 7},
        {"18446744073709551615", 0, UINT64_MAX, 0, UINT64_MAX},
        {"18446744073709551616", 0, UINT64_MAX, -1, 0},
        {"", 0, 9, -1, 0},
        {"-1", 0, 9, -1, 0},
        {"+1", 0, 9, -1, 0},
        {" 1", 0, 9, -1, 0},
        {"1 ", 0, 9, -1, 0},
        {"1.0", 0, 9, -1, 0},
        {"0x1", 0, 9, -1, 0},
    };

    for (size_t i = 0; i < LP_ARRAY_LEN(cases); i++) {
        uint64_t number = 0;
        ck_assert_msg(lp_number_parse(cases[i].text, cases[i].min, cases[i].max, &number) ==
                          cases[i].result,
                      "\"%s\"", cases[i].text);
        ck_assert_uint_eq(number, cases[i].number);
    }
}
END_TEST

START_TEST(numbers_are_written_in_groups_of_three)
{
    static const struct {
        uint64_t number;
        const char *text;
    } cases[] = {
        {0, "0"},          {999, "999"},        {1000, "1,000"},
        {12431, "12,431"}, {100000, "100,000"}, {UINT64_MAX, "18,446,744,073,709,551,615"},
    };
    char buf[28];

    for (size_t i = 0; i < LP_ARRAY_LEN(cases); i++)
        ck_assert_str_eq(lp_number_format(cases[i].number, buf, sizeof(buf)), cases[i].text);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("base/units");
    TCase *tcase = tcase_create("units");

    tcase_add_loop_test(tcase, durations_are_read, 0, LP_ARRAY_LEN(durations));
    tcase_add_loop_test(tcase, what_is_no_duration_is_refused, 0, LP_ARRAY_LEN(no_durations));
    tcase_add_loop_test(tcase, durations_are_written_with_four_digits, 0, LP_ARRAY_LEN(formats));
    tcase_add_test(tcase, what_is_written_is_read_back_within_half_a_digit);
    tcase_add_test(tcase, numbers_are_whole_and_within_their_range);
    tcase_add_test(tcase, numbers_are_written_in_groups_of_three);
    suite_add_tcase(suite, tcase);
    return suite;
}

LP_UNIT_MAIN(make_suite)
