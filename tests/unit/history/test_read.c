/* SPDX-License-Identifier: MIT */
/* Each notation, and each rule of docs/FORMATS.md beside its nearest neighbour. */
#include <string.h>
#include <unistd.h>

#include "history/read.h"
#include "tests/unit/history/dump.h"
#include "tests/unit/unit.h"

static struct lp_calls calls;
static struct lp_reading reading;
static struct lp_err err;

static void tear_down(void)
{
    lp_calls_release(&calls);
    err = (struct lp_err){0};
}

static int parse(const char *text, const char *key)
{
    struct lp_read_options options = {.key = key};
    return lp_calls_parse(&calls, "h", text, strlen(text), &options, &reading, &err);
}

static void expect_calls(const char *text, const char *key, const char *wanted)
{
    struct lp_str out;
    int result = parse(text, key);
    ck_assert_msg(result == 0, "%s\nof: %s", err.text, text);
    lp_str_init(&out);
    dump_calls(&calls, &out);
    ck_assert_msg(strcmp(out.ptr, wanted) == 0, "%s\ngave\n%swanted\n%s", text, out.ptr, wanted);
    lp_str_release(&out);
}

struct sample {
    const char *text, *wanted, *key;
};

/* ---- one history in each notation ---- */

static const char mutex_wanted[] = "1 release fail 341187643..342667129\n"
                                   "3 acquire ok 371408519..371408600\n"
                                   "0 release unknown 34821084511\n";

static const char *const mutex_texts[] = {
    /* a vector, with a nemesis, unknown keys and errors of every shape */
    "[{:type :invoke, :f :release, :process 1, :time 341187643, :index 0}\n"
    "{:type :fail, :f :release, :process 1, :time 342667129, :error :not-held, :index 1}\n"
    "{:type :invoke, :f :acquire, :process 3, :time 371408519, :index 2}\n"
    "{:type :info, :f :start, :process :nemesis, :time 371408520, :index 169}\n"
    "{:type :ok, :f :acquire, :process 3, :time 371408600 :index 170, :op-index 7}\n"
    "{:type :invoke, :f :release, :process 0, :time 34821084511, :index 1134}\n"
    "{:type :info, :f :release, :process 0, :time 34821084512,\n"
    " :error [:not-found \"etcdserver: [requested} lease not found\"], :index 1135}]",
    /* a list, in lines and comments that no row is the better for */
    "; recorded\n( #_ {:type :ok} {:process 1 :time 341187643\n  :f :release\n :type :invoke } ; "
    "x\n"
    "{:type :fail, :f :release, :process 1, :time 342667129}\n"
    "{:type :invoke, :f :acquire, :process 3, :time 371408519}\n"
    "{:type :ok, :f :acquire, :process 3, :time 371408600, :x #inst \"2019\" :y \\} :z #{1 2}}\n"
    "{:type :invoke, :f :release, :process 0, :time 34821084511 :w (\\( \\] \"\\\"]\")})\n",
    /* maps one after another, as records print */
    "#jepsen.history.Op{:type :invoke, :f :release, :process 1, :time 341187643}\n"
    "#jepsen.history.Op{:type :fail, :f :release, :process 1, :time 342667129}\n"
    "{:type :invoke, :f :acquire, :process 3, :time 371408519}"
    "{:type :ok, :f :acquire, :process 3, :time 371408600}"
    "{:type :invoke, :f :release, :process 0, :time 34821084511}",
    /* JSON */
    "[{\"type\":\"invoke\",\"f\":\"release\",\"process\":1,\"time\":341187643,\"index\":0},\n"
    "{\"type\":\"fail\",\"f\":\"release\",\"process\":1,\"time\":342667129,\"error\":\"not-held\"},"
    "{\"type\":\"invoke\",\"f\":\"acquire\",\"process\":3,\"time\":371408519,\"value\":null},"
    "{\"type\":\"info\",\"f\":\"start\",\"process\":\"nemesis\",\"time\":371408520},"
    "{\"f\":\"acquire\",\"process\":3,\"type\":\"ok\",\"time\":371408600,\"x\":{\"y\":[1,{}]}},"
    "{\"type\":\"invoke\",\"f\":\"release\",\"process\":0,\"time\":34821084511}]",
    /* JSON, an object a line; keywords with their colons */
    "{\"type\":\":invoke\",\"f\":\":release\",\"process\":1,\"time\":341187643}\n"
    "{\"type\":\":fail\",\"f\":\":release\",\"process\":1,\"time\":342667129}\n"
    "{\"type\":\"invoke\",\"f\":\"acquire\",\"process\":3,\"time\":3.71408519e8}\n"
    "{\"type\":\"ok\",\"f\":\"acquire\",\"process\":3,\"time\":371408600}\n"
    "{\"type\":\"invoke\",\"f\":\"release\",\"process\":0,\"time\":34821084511}\n",
};

START_TEST(notations_differ_and_calls_do_not)
{
    expect_calls(mutex_texts[_i], NULL, mutex_wanted);
    ck_assert(calls.timed);
}
END_TEST

/* ---- rules ---- */

static const struct sample samples[] = {
    /* a register without times */
    {"; This used to expose a bug in Knossos\n"
     "[{:process 4, :type :invoke, :f :write, :value 2}\n"
     " {:process 4, :type :ok, :f :write, :value 2}\n"
     " {:process 6, :type :invoke, :f :read, :value nil}\n"
     " {:process 6, :type :ok, :f :read, :value 2}]",
     "4 write a=2 ok 1..2\n6 read a=2 ok 3..4\n", NULL},
    {"[]", "", NULL},
    {"", "", NULL},
    /* lines: a failed cas is a result there, a timed-out read is none; anything may stand before */
    {"INFO  jepsen.util - 0\t:invoke\t:read\tnil\n"
     "INFO  jepsen.util - 2   :invoke :cas  [3 0]\n"
     "INFO [2019-04-17 17:38:16,855] jepsen worker 0 - jepsen.util 4  :invoke :write  3\n"
     "INFO  jepsen.util - 2\t:fail\t:cas\t[3 0]\n"
     "WARN  jepsen.core - something else: 7 of 9\n"
     "INFO  jepsen.util - 0\t:fail\t:read\t:timed-out\n"
     "INFO  jepsen.util - 4\t:info\t:write\t:timed-out\n"
     "INFO  jepsen.util - :nemesis\t:info\t:start\tnil\n",
     "0 read fail 1..5\n2 cas a=3 b=0 busy 2..4\n4 write a=3 unknown 3\n", NULL},
    {"0\t:invoke\t:cas\t[1 2]\n0\t:fail\t:cas\t[1 2]\t:timeout\n", "0 cas a=1 b=2 fail 1..2\n",
     NULL},
    {"0 :invoke :read nil\n0 :ok :read nil\n", "0 read ok 1..2\n", NULL},
    {"0 :invoke :append \"x 9 0 y\"\n0 :ok :append \"x 9 0 y\"\n", "foreign append 1\n", NULL},
    /* elsewhere a failure is only that, unless it says what it saw */
    {"{:type :invoke :process 0 :f :cas :value [1 2]}{:type :fail :process 0 :f :cas}",
     "0 cas a=1 b=2 fail 1..2\n", NULL},
    {"{:type :invoke :process 0 :f :cas :value [1 2]}"
     "{:type :fail :process 0 :f :cas :error :mismatch}",
     "0 cas a=1 b=2 busy 1..2\n", NULL},
    {"{:type :invoke :process 0 :f :acquire}{:type :fail :process 0 :f :acquire :error :busy}"
     "{:type :invoke :process 0 :f :acquire}{:type :fail :process 0 :f :acquire :error :down}",
     "0 acquire busy 1..2\n0 acquire fail 3..4\n", NULL},
    /* independent keys */
    {"{:type :invoke :process 0 :f :write :value [\"k\" 1]}"
     "{:type :invoke :process 1 :f :cas :value [7 [1 2]]}"
     "{:type :ok :process 0 :f :write :value [\"k\" 1]}"
     "{:type :ok :process 1 :f :cas :value [7 [1 2]]}"
     "{:type :invoke :process 1 :f :read :value [7 nil]}"
     "{:type :ok :process 1 :f :read :value [7 2]}",
     "0 write@\"k\" a=1 ok 1..3\n1 cas@7 a=1 b=2 ok 2..4\n1 read@7 a=2 ok 5..6\n", NULL},
    /* pairs that are values: one row says so, and all are read again */
    {"{:type :invoke :process 0 :f :write :value [3 1]}"
     "{:type :ok :process 0 :f :write :value [3 1]}"
     "{:type :invoke :process 1 :f :read :value nil}"
     "{:type :ok :process 1 :f :read :value ( 3, 1 )}",
     "0 write a=[3 1] ok 1..2\n1 read a=[3 1] ok 3..4\n", NULL},
    {"{:type :invoke :process 0 :f :cas :value [0 1]}{:type :ok :process 0 :f :cas}",
     "0 cas a=0 b=1 ok 1..2\n", NULL},
    /* and as the user says */
    {"{:type :invoke :process 0 :f :write :value [3 1]}", "0 write a=[3 1] unknown 1\n", "none"},
    {"{:type :invoke :process 0 :f :write :value [3 1]}", "0 write@3 a=1 unknown 1\n", "value"},
    {"{:type :invoke :process 0 :f :write :value 1 :reg :x}", "0 write@:x a=1 unknown 1\n", "reg"},
    /* key-value */
    {"{:process 0, :type :invoke, :f :get, :key \"9\", :value nil}\n"
     "{:process 1, :type :invoke, :f :put, :key \"0\", :value \"x 0 0 y\"}\n"
     "{:process 0, :type :ok, :f :get, :key \"9\", :value \"\"}\n",
     "0 read@\"9\" a=\"\" ok 1..3\n1 write@\"0\" a=\"x 0 0 y\" unknown 2\n", NULL},
    /* counters: a number that may be an echo says nothing */
    {"{:type :invoke :process 0 :f :add :value 2}{:type :ok :process 0 :f :add :value 2}"
     "{:type :invoke :process 0 :f :add :value 2}{:type :ok :process 0 :f :add :value 4}"
     "{:type :invoke :process 0 :f :add :value 2}{:type :ok :process 0 :f :add :value [2 2]}"
     "{:type :invoke :process 0 :f :dec}{:type :ok :process 0 :f :dec :value 5}"
     "{:type :invoke :process 0 :f :fetch-and-add :value 3}"
     "{:type :ok :process 0 :f :fetch-and-add :value 5}",
     "0 add a=2 ok 1..2\n0 add a=2 b=4 ok 3..4\n0 add a=2 b=2 ok 5..6\n0 add a=-1 b=5 ok 7..8\n"
     "0 add a=3 b=8 ok 9..10\n",
     NULL},
    {"{:type :invoke :process 0 :f :add :value :x}{:type :ok :process 0 :f :add :value :x}",
     "foreign add of something that is no number 1\n", NULL},
    /* grants with tokens and leases */
    {"{:type :invoke :process 0 :f :acquire :lease-ns 900}"
     "{:type :ok :process 0 :f :acquire :value 12}"
     "{:type :invoke :process 1 :f :acquire :value nil}"
     "{:type :ok :process 1 :f :acquire :value {:client \"n1\", :fence 13}}"
     "{:type :invoke :process 1 :f :write :value 5 :token 13}",
     "0 acquire a=12 lease=900 ok 1..2\n1 acquire a=13 ok 3..4\n1 write a=5 b=13 unknown 5\n",
     NULL},
    /* values are equal however they are written */
    {"{:type :invoke :process 0 :f :write :value {:a 1, :b #{2 1}}}"
     "{:type :invoke :process 1 :f :write :value { :b #{1,2} ; x\n :a #_ 3 1 }}"
     "{:type :invoke :process 2 :f :write :value \"a\\u0062\\n\"}"
     "{:type :invoke :process 3 :f :write :value 1.50}"
     "{:type :invoke :process 4 :f :write :value 99999999999999999999}"
     "{:type :invoke :process 5 :f :write :value #foo/bar  [1  2]}",
     "0 write a={:a 1 :b #{1 2}} unknown 1\n1 write a={:a 1 :b #{1 2}} unknown 2\n"
     "2 write a=\"ab\\n\" unknown 3\n3 write a=1.5 unknown 4\n"
     "4 write a=99999999999999999999 unknown 5\n5 write a=#foo/bar [1 2] unknown 6\n",
     NULL},
    {"{:type :invoke :process 0 :f :write :value #a #b #{2 1}}"
     "{:type :invoke :process 1 :f :write :value {:a}}"
     "{:type :invoke :process 2 :f :write :value #:a{:b 1}}",
     "0 write a=#a #b #{1 2} unknown 1\n1 write a={:a} unknown 2\n2 write a={:b 1} unknown 3\n",
     NULL},
    /* operations that no model knows */
    {"{:index 2 :process 0 :type :invoke, :value [[:append 255 8] [:r 253 nil]]}\n"
     "{:index 3 :process 0 :type :ok, :value [[:append 255 8] [:r 253 [1 3 4]]]}\n"
     "{:process 1 :type :invoke :f :txn :value []}{:process 2 :type :invoke :f :txn :value []}",
     "foreign (without a name) 1\nforeign txn 2\n", NULL},
    /* an invocation while another is open: that one stays unknown */
    {"{:type :invoke :process 0 :f :write :value 1}{:type :invoke :process 0 :f :write :value 2}"
     "{:type :ok :process 0 :f :write :value 2}",
     "0 write a=1 unknown 1\n0 write a=2 ok 2..3\n", NULL},
    /* times that stand still or go back give way to the order of the rows */
    {"{:type :invoke :process 0 :f :read :time 10}{:type :ok :process 0 :f :read :time 10}"
     "{:type :invoke :process 0 :f :read :time 4}{:type :ok :process 0 :f :read :time -1}"
     "{:type :invoke :process 0 :f :read :time 20}",
     "0 read ok 10..11\n0 read ok 12..13\n0 read unknown 20\n", NULL},
    /* ends that are too early */
    {"[{:type :invoke :process 0 :f :write :value 1} {:type :ok :process 0 :f :wr",
     "0 write a=1 unknown 1\ntruncated\n", NULL},
    {"[{:type :invoke :process 0 :f :write :value 1}", "0 write a=1 unknown 1\ntruncated\n", NULL},
    {"{:type :invoke :process 0 :f :write :value 1}", "0 write a=1 unknown 1\n", NULL},
    {"{:type :invoke :process 0 :f :write :value \"un", "truncated\n", NULL},
    {"[{\"type\":\"invoke\",\"process\":0,\"f\":\"read\"},{\"type\":\"ok\",\"proc",
     "0 read unknown 1\ntruncated\n", NULL},
    {"0 :invoke :read nil\n0 :ok :read [1 ", "0 read unknown 1\ntruncated\n", NULL},
};

START_TEST(rows_become_calls)
{
    expect_calls(samples[_i].text, samples[_i].key, samples[_i].wanted);
}
END_TEST

START_TEST(without_times_places_stand_for_them)
{
    ck_assert_int_eq(parse("{:type :invoke :process 0 :f :read}", NULL), 0);
    ck_assert(!calls.timed);
}
END_TEST

START_TEST(a_file_that_ends_early_says_how_much_was_read)
{
    ck_assert_int_eq(parse("[{:type :invoke :process 0 :f :read}\n{:type :ok :process", NULL), 0);
    ck_assert_str_eq(reading.early, "the file ends early, in line 2: 1 rows were read");
}
END_TEST

/* Rows of several clocks need not be in order, and are sorted. */
START_TEST(with_an_uncertainty_times_are_as_written)
{
    static const char text[] =
        "{:type :invoke :process 0 :f :read :time 10}{:type :ok :process 0 :f :read :time 12}"
        "{:type :invoke :process 1 :f :read :time 4}{:type :ok :process 1 :f :read :time 6}";
    struct lp_read_options options = {.uncertainty_ns = 5};
    ck_assert_int_eq(lp_calls_parse(&calls, "h", text, strlen(text), &options, &reading, &err), 0);
    ck_assert_uint_eq(calls.calls[0].invoke_ns, 4);
    ck_assert_uint_eq(calls.calls[1].invoke_ns, 10);
    ck_assert_uint_eq(calls.uncertainty_ns, 5);
    lp_calls_release(&calls);
    static const char untimed[] = "{:type :invoke :process 0 :f :read}";
    ck_assert_int_eq(
        lp_calls_parse(&calls, "h", untimed, strlen(untimed), &options, &reading, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.text, "without a time"));
}
END_TEST

/* No nesting, of brackets or of discards, is deep enough to hurt. */
START_TEST(deep_nesting_is_refused)
{
    static const char *const pieces[] = {"[", "#_ ", "{:a ", "#{", "#_ [#_ "};
    struct lp_str text;
    lp_str_init(&text);
    lp_str_add(&text, "{:type :invoke :process 0 :f :write :value ");
    for (int i = 0; i < 100000; i++)
        lp_str_add(&text, pieces[_i]);
    ck_assert_int_eq(parse(text.ptr, NULL), -1);
    ck_assert_ptr_nonnull(strstr(err.text, "nested deeper than 256"));
    lp_str_release(&text);
}
END_TEST

/* ---- one pass ---- */

static char path[] = "/tmp/lp-read.XXXXXX";

static void write_file(const char *text)
{
    strcpy(path + sizeof path - 7, "XXXXXX");
    int fd = mkstemp(path);
    ck_assert_int_ne(fd, -1);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static struct lp_call taken[64];
static size_t taken_count, taken_max;

static bool take(void *context, const struct lp_call *call)
{
    ck_assert_ptr_eq(context, taken);
    taken[taken_count++] = *call;
    return taken_count < taken_max;
}

static int stream(const char *text, size_t window)
{
    struct lp_read_options options = {.calls_max = window};
    taken_count = 0;
    taken_max = LP_ARRAY_LEN(taken);
    write_file(text);
    int result = lp_calls_stream(&calls, path, &options, take, taken, &reading, &err);
    unlink(path);
    return result;
}

START_TEST(one_by_one_calls_are_the_same)
{
    struct lp_calls all;
    const char *text = samples[_i].text;
    if (samples[_i].key || strstr(text, "( 3, 1 )"))
        return; /* the latter needs a second look */
    ck_assert_int_eq(parse(text, NULL), 0);
    all = calls;
    calls = (struct lp_calls){0};
    for (size_t window = 0; window < 2; window++) {
        lp_calls_release(&calls);
        ck_assert_msg(stream(text, window ? 3 : 0) == 0, "%s", err.text);
        ck_assert_uint_eq(taken_count, all.count);
        for (size_t i = 0; i < all.count; i++)
            ck_assert_mem_eq(&taken[i], &all.calls[i], sizeof taken[i]);
        ck_assert_int_eq(calls.truncated, all.truncated);
    }
    lp_calls_release(&all);
}
END_TEST

#define READ_OK "{:type :invoke :process 1 :f :read}{:type :ok :process 1 :f :read}"

START_TEST(who_is_open_too_long_is_unknown_and_must_not_complete)
{
    static const char open[] = "{:type :invoke :process 0 :f :read}" READ_OK READ_OK READ_OK;
    ck_assert_int_eq(stream(open, 2), 0);
    ck_assert_uint_eq(taken_count, 4);
    ck_assert_int_eq(taken[0].outcome, LP_UNKNOWN);
    lp_calls_release(&calls);
    static const char late[] =
        "{:type :invoke :process 0 :f :read}" READ_OK READ_OK READ_OK "{:type :ok :process 0}";
    ck_assert_int_eq(stream(late, 2), -1);
    ck_assert_ptr_nonnull(strstr(err.text, "completed so late"));
    ck_assert_int_eq(stream(late, 8), 0);
    ck_assert_int_eq(taken[0].outcome, LP_OK);
}
END_TEST

START_TEST(a_few_calls_may_be_enough)
{
    static const char text[] = READ_OK READ_OK READ_OK;
    write_file(text);
    taken_count = 0;
    taken_max = 2;
    struct lp_read_options options = {0};
    int result = lp_calls_stream(&calls, path, &options, take, taken, &reading, &err);
    unlink(path);
    ck_assert_int_eq(result, 0);
    ck_assert_uint_eq(taken_count, 2);
    lp_calls_release(&calls);
    options.calls_max = 2;
    ck_assert_int_eq(lp_calls_parse(&calls, "h", text, strlen(text), &options, &reading, &err), 0);
    ck_assert_uint_eq(calls.count, 2);
    ck_assert(reading.full);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("read");
    TCase *tcase = tcase_create("read");
    tcase_add_checked_fixture(tcase, NULL, tear_down);
    tcase_add_loop_test(tcase, notations_differ_and_calls_do_not, 0, LP_ARRAY_LEN(mutex_texts));
    tcase_add_loop_test(tcase, rows_become_calls, 0, LP_ARRAY_LEN(samples));
    tcase_add_test(tcase, without_times_places_stand_for_them);
    tcase_add_test(tcase, a_file_that_ends_early_says_how_much_was_read);
    tcase_add_test(tcase, with_an_uncertainty_times_are_as_written);
    tcase_add_loop_test(tcase, deep_nesting_is_refused, 0, 5);
    tcase_add_loop_test(tcase, one_by_one_calls_are_the_same, 0, LP_ARRAY_LEN(samples));
    tcase_add_test(tcase, who_is_open_too_long_is_unknown_and_must_not_complete);
    tcase_add_test(tcase, a_few_calls_may_be_enough);
    suite_add_tcase(suite, tcase);
    return suite;
}

LP_UNIT_MAIN(make_suite)
