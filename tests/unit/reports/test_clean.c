/* SPDX-License-Identifier: MIT */
#include "tests/unit/unit.h"

#include <string.h>
#include "reports/clean.h"
#include "reports/layout.h"

static const struct utf8 {
    const char *bytes;
    size_t size; /* 0: not well-formed */
    uint32_t code;
} utf8[] = {
    {"a", 1, 'a'},
    {"\x7f", 1, 0x7f},
    {"\xc2\x80", 2, 0x80},
    {"\xc1\xbf", 0, 0}, /* too long a form of 0x7f */
    {"\xdf\xbf", 2, 0x7ff},
    {"\xe0\x9f\xbf", 0, 0}, /* of 0x7ff */
    {"\xe0\xa0\x80", 3, 0x800},
    {"\xed\x9f\xbf", 3, 0xd7ff},
    {"\xed\xa0\x80", 0, 0}, /* a surrogate */
    {"\xee\x80\x80", 3, 0xe000},
    {"\xf0\x8f\xbf\xbf", 0, 0}, /* of 0xffff */
    {"\xf0\x90\x80\x80", 4, 0x10000},
    {"\xf4\x8f\xbf\xbf", 4, 0x10ffff},
    {"\xf4\x90\x80\x80", 0, 0}, /* beyond Unicode */
    {"\xf5\x80\x80\x80", 0, 0},
    {"\x80", 0, 0},
    {"\xff", 0, 0},
    {"\xe2\x82", 0, 0}, /* cut short */
    {"\xe2\x82(", 0, 0},
};

START_TEST(utf8_is_accepted_in_its_one_form_only)
{
    uint32_t code = 0;

    ck_assert_uint_eq(lp_utf8_decode(utf8[_i].bytes, strlen(utf8[_i].bytes), &code), utf8[_i].size);
    if (utf8[_i].size)
        ck_assert_uint_eq(code, utf8[_i].code);
}
END_TEST

static const struct line {
    const char *text, *line;
} lines[] = {
    {"plain, with ` | < % :", "plain, with ` | < % :"},
    {"caf\xc3\xa9", "caf\xc3\xa9"},
    {"two\r\nlines\tand", "two  lines and"},
    {"\033[31m", "\\x1b[31m"},
    {"\x01\x7f\xc2\x9b", "\\x01\\x7f\\x9b"},
    {"\xff!", "\xef\xbf\xbd!"},
    {"a\xe2\x80\xae"
     "b",
     "a\\u202e"
     "b"},
    {"\xe2\x80\xa8", "\\u2028"},
    {"\xe2\x80\xa6", "\xe2\x80\xa6"}, /* an ellipsis, not far from it */
    {"\xef\xbf\xbe", "\\ufffe"},
    {"", ""},
};

START_TEST(line_shows_what_would_act)
{
    struct lp_str out;

    lp_str_init(&out);
    lp_clean_line(&out, lines[_i].text);
    ck_assert_str_eq(out.ptr, lines[_i].line);
    lp_str_release(&out);
}
END_TEST

START_TEST(field_ends_at_its_size_without_a_terminator)
{
    const char field[4] = {'a', 'b', 'c', 'd'};
    struct lp_str out;

    lp_str_init(&out);
    lp_clean_field(&out, field, sizeof(field));
    lp_clean_field(&out, "xy", 64);
    ck_assert_str_eq(out.ptr, "abcdxy");
    lp_str_release(&out);
}
END_TEST

START_TEST(utf8_keeps_control_characters_for_the_format_to_escape)
{
    struct lp_str out;

    lp_str_init(&out);
    lp_clean_utf8(&out, "a\n\x01\xfe");
    ck_assert_str_eq(out.ptr, "a\n\x01\xef\xbf\xbd");
    lp_str_release(&out);
}
END_TEST

static const struct wrapped {
    const char *text;
    size_t indent, width;
    const char *expected;
} wraps[] = {
    {"one two three", 0, 20, "one two three\n"},
    {"one two three", 0, 13, "one two three\n"},
    {"one two three", 0, 12, "one two\nthree\n"},
    {"one two three", 2, 9, "one two\n  three\n"},
    {"a /very/long/path/that/stays b", 2, 10, "a\n  /very/long/path/that/stays\n  b\n"},
    {"  blanks   between ", 0, 20, "blanks between\n"},
    {"\xc3\xa9\xc3\xa9 \xc3\xa9\xc3\xa9", 0, 5, "\xc3\xa9\xc3\xa9 \xc3\xa9\xc3\xa9\n"},
    {"", 4, 20, "\n"},
};

START_TEST(text_wraps_at_blanks)
{
    struct lp_str out;

    lp_str_init(&out);
    lp_wrap(&out, wraps[_i].text, wraps[_i].indent, wraps[_i].width);
    ck_assert_str_eq(out.ptr, wraps[_i].expected);
    lp_str_release(&out);
}
END_TEST

START_TEST(cell_is_padded_by_columns_not_bytes_or_colour)
{
    struct lp_str out;

    lp_str_init(&out);
    lp_cell(&out, false, LP_INK_RED, "\xc3\xa9", 3);
    lp_cell(&out, true, LP_INK_GREEN, "ab", 4);
    lp_cell(&out, true, LP_INK_PLAIN, "longer", 2);
    ck_assert_str_eq(out.ptr, "\xc3\xa9  \033[32mab\033[0m  longer");
    lp_str_release(&out);
}
END_TEST

static Suite *clean_suite(void)
{
    Suite *suite = suite_create("reports/clean");
    TCase *cases = tcase_create("clean");

    tcase_add_loop_test(cases, utf8_is_accepted_in_its_one_form_only, 0, (int)LP_ARRAY_LEN(utf8));
    tcase_add_loop_test(cases, line_shows_what_would_act, 0, (int)LP_ARRAY_LEN(lines));
    tcase_add_test(cases, field_ends_at_its_size_without_a_terminator);
    tcase_add_test(cases, utf8_keeps_control_characters_for_the_format_to_escape);
    tcase_add_loop_test(cases, text_wraps_at_blanks, 0, (int)LP_ARRAY_LEN(wraps));
    tcase_add_test(cases, cell_is_padded_by_columns_not_bytes_or_colour);
    suite_add_tcase(suite, cases);
    return suite;
}

LP_UNIT_MAIN(clean_suite)
