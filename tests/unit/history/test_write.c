/* SPDX-License-Identifier: MIT */
/* What is written reads the same again; the picture is JSON of Porcupine's shape. */
#include <jansson.h>
#include <string.h>

#include "history/read.h"
#include "history/write.h"
#include "tests/unit/history/dump.h"
#include "tests/unit/unit.h"

static const struct lp_read_options options;

static void parse(const char *text, struct lp_calls *calls)
{
    struct lp_reading reading;
    struct lp_err err = {0};
    int result = lp_calls_parse(calls, "h", text, strlen(text), &options, &reading, &err);
    ck_assert_msg(result == 0, "%s", err.text);
}

static const char *const texts[] = {
    "{:type :invoke :process 3 :f :acquire :time 5 :lease-ns 900}"
    "{:type :ok :process 3 :f :acquire :value 12 :time 7}"
    "{:type :invoke :process 4 :f :acquire :time 9}"
    "{:type :fail :process 4 :f :acquire :time 10 :error :busy}"
    "{:type :invoke :process 3 :f :write :value 5 :token 12 :time 11}"
    "{:type :ok :process 3 :f :write :value 5 :time 12}"
    "{:type :invoke :process 3 :f :release :time 15}"
    "{:type :ok :process 3 :f :release :time 16}",
    "{:type :invoke :process 0 :f :write :value [\"a b\" 1]}"
    "{:type :invoke :process 1 :f :cas :value [7 [1 2]]}"
    "{:type :ok :process 0 :f :write :value [\"a b\" 1]}"
    "{:type :fail :process 1 :f :cas :value [7 [1 2]] :error :mismatch}"
    "{:type :invoke :process 0 :f :read :value [:k nil]}"
    "{:type :ok :process 0 :f :read :value [:k \"x\\\"\\n\"]}",
    "{:type :invoke :process 0 :f :add :value 2}{:type :ok :process 0 :f :add :value [2 2]}"
    "{:type :invoke :process 0 :f :add :value -3}{:type :fail :process 0 :f :add}"
    "{:type :invoke :process 0 :f :read}{:type :ok :process 0 :f :read :value 2}"
    "{:type :invoke :process 0 :f :add}",
    "[]",
};

static void expect_same(const char *text, bool json)
{
    struct lp_calls before, after;
    struct lp_str written, one, two;
    lp_str_init(&written);
    lp_str_init(&one);
    lp_str_init(&two);
    parse(text, &before);
    if (json)
        lp_calls_write_json(&before, &written);
    else
        lp_calls_write_edn(&before, &written);
    parse(written.ptr, &after);
    dump_calls(&before, &one);
    dump_calls(&after, &two);
    if (!json)
        ck_assert_msg(strcmp(one.ptr, two.ptr) == 0, "%s\nbecame\n%s\nfrom\n%s", two.ptr,
                      written.ptr, one.ptr);
    ck_assert_uint_eq(before.count, after.count);
    ck_assert_uint_eq(before.key_count, after.key_count);
    for (size_t i = 0; i < before.count; i++) {
        ck_assert_uint_eq(before.calls[i].outcome, after.calls[i].outcome);
        ck_assert_uint_eq(before.calls[i].kind, after.calls[i].kind);
        ck_assert_uint_eq(before.calls[i].invoke_ns, after.calls[i].invoke_ns);
        ck_assert_uint_eq(before.calls[i].return_ns, after.calls[i].return_ns);
        ck_assert_int_eq(before.calls[i].a, after.calls[i].a);
        ck_assert_int_eq(before.calls[i].b, after.calls[i].b);
    }
    lp_calls_release(&before);
    lp_calls_release(&after);
    lp_str_release(&written);
    lp_str_release(&one);
    lp_str_release(&two);
}

START_TEST(edn_reads_the_same_again)
{
    expect_same(texts[_i], false);
}
END_TEST

START_TEST(json_reads_the_same_again)
{
    expect_same(texts[_i], true);
}
END_TEST

/* Jepsen's processes end with a call of unknown outcome; ours may go on. */
START_TEST(a_process_goes_on_under_another_number)
{
    struct lp_calls calls;
    struct lp_str written;
    lp_str_init(&written);
    parse("{:type :invoke :process 5 :f :write :value 1}{:type :info :process 5 :f :write}"
          "{:type :invoke :process 5 :f :write :value 2}{:type :ok :process 5 :f :write}",
          &calls);
    lp_calls_write_edn(&calls, &written);
    ck_assert_ptr_nonnull(strstr(written.ptr, ":ok, :f :write, :value 2, :process 6"));
    ck_assert_ptr_nonnull(strstr(written.ptr, ":info, :f :write, :value 1, :process 5"));
    lp_calls_release(&calls);
    lp_str_release(&written);
}
END_TEST

START_TEST(pictures_have_their_shape)
{
    struct lp_calls calls;
    struct lp_str written;
    lp_str_init(&written);
    parse(texts[1], &calls);
    const size_t order[] = {0, 2};
    const size_t witness[] = {1};
    lp_calls_write_picture(&calls, order, 2, witness, 1, &written);
    json_error_t error;
    json_t *root = json_loads(written.ptr, 0, &error);
    ck_assert_msg(root != NULL, "%s\n%s", error.text, written.ptr);
    json_t *partitions = json_object_get(root, "Partitions");
    ck_assert_uint_eq(json_array_size(partitions), 3);
    json_t *first = json_array_get(partitions, 0);
    json_t *operation = json_array_get(json_object_get(first, "History"), 0);
    static const char *const fields[] = {"ClientId",    "Start",       "OriginalStart", "End",
                                         "OriginalEnd", "Description", "Metadata"};
    for (size_t i = 0; i < LP_ARRAY_LEN(fields); i++)
        ck_assert_ptr_nonnull(json_object_get(operation, fields[i]));
    json_t *step =
        json_array_get(json_array_get(json_object_get(first, "PartialLinearizations"), 0), 0);
    ck_assert_int_eq(json_integer_value(json_object_get(step, "Index")), 0);
    ck_assert_str_eq(json_string_value(json_object_get(step, "StateDescription")), "1");
    ck_assert_ptr_nonnull(json_object_get(json_object_get(first, "Largest"), "0"));
    ck_assert_uint_eq(json_array_size(json_object_get(root, "Annotations")), 1);
    json_decref(root);
    lp_calls_release(&calls);
    lp_str_release(&written);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("write");
    TCase *tcase = tcase_create("write");
    tcase_add_loop_test(tcase, edn_reads_the_same_again, 0, LP_ARRAY_LEN(texts));
    tcase_add_loop_test(tcase, json_reads_the_same_again, 0, 3);
    tcase_add_test(tcase, a_process_goes_on_under_another_number);
    tcase_add_test(tcase, pictures_have_their_shape);
    suite_add_tcase(suite, tcase);
    return suite;
}

LP_UNIT_MAIN(make_suite)
