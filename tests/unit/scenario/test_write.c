/* SPDX-License-Identifier: MIT */
/* What is written is read back as the same; the second writing is the first, letter by letter. */
#include "base/random.h"
#include "base/str.h"
#include "tests/unit/scenario/equal.h"
#include "tests/unit/scenario/samples.h"
#include "tests/unit/scenario/vocabulary.h"
#include "tests/unit/unit.h"

static void check_round_trip(const struct lp_scenario *first)
{
    struct lp_scenario second;
    struct lp_str once, twice;
    struct lp_err err = {0};

    lp_str_init(&once);
    lp_str_init(&twice);
    lp_scenario_write(first, &once);
    ck_assert_msg(
        lp_scenario_parse(&second, once.ptr, once.len, first->file, &test_vocabulary, &err) == 0,
        "%s\n%s", err.text, once.ptr);
    const char *member = differs(first, &second);
    ck_assert_msg(member == NULL, "%s differs\n%s", member, once.ptr);
    lp_scenario_write(&second, &twice);
    ck_assert_str_eq(once.ptr, twice.ptr);
    lp_scenario_release(&second);
    lp_str_release(&twice);
    lp_str_release(&once);
}

START_TEST(samples_come_back_equal)
{
    struct lp_scenario scenario;
    struct lp_err err = {0};
    const char *text = samples[_i].text;

    ck_assert_msg(lp_scenario_parse(&scenario, text, strlen(text), samples[_i].name,
                                    &test_vocabulary, &err) == 0,
                  "%s", err.text);
    check_round_trip(&scenario);
    lp_scenario_release(&scenario);
}
END_TEST

static const char *const others[] = {
    "store: {driver: word}\nsteps: [read, cas]\n",
    "store: {driver: redis}\nsteps: [read, write]\n",
    "store: {driver: word}\nsteps: [read, write]\nworkers: 9\n",
    "store: {driver: word}\nsteps: [read, write]\npause: 0\n",
    "store: {driver: word}\nsteps: [read, write]\nsummary: x\n",
    "store: {driver: word}\nsteps: [read, write]\nseed: 1\n",
    "store: {driver: word}\nsteps: [read, write]\nlock: {driver: mutex}\n",
    "store: {driver: word}\nsteps: [read, write]\nexpect: broken\n",
    "store: {driver: word}\nsteps: [read, write]\nexplore: {rounds: 5}\n",
};

START_TEST(equality_sees_a_difference_in_each_member)
{
    static const char head[] = "store: {driver: word}\nsteps: [read, write]\n";
    struct lp_scenario a, b;
    struct lp_err err = {0};

    ck_assert_int_eq(lp_scenario_parse(&a, head, strlen(head), "x", &test_vocabulary, &err), 0);
    ck_assert_int_eq(
        lp_scenario_parse(&b, others[_i], strlen(others[_i]), "x", &test_vocabulary, &err), 0);
    ck_assert_ptr_nonnull(differs(&a, &b));
    lp_scenario_release(&a);
    lp_scenario_release(&b);
}
END_TEST

/* Any text of valid characters, also those that YAML folds, refuses or takes for syntax. */
static void random_text(struct lp_random *random, char *text, size_t size)
{
    static const char *const pieces[] = {
        "a",
        " ",
        "\n",
        "\t",
        "\r",
        "\"",
        "\\",
        "'",
        "#",
        ": ",
        "- ",
        "{",
        "}",
        "%",
        "\x01",
        "\x7f",
        "\xc2\x85",
        "\xc2\x80",
        "\xe2\x80\xa8",
        "\xef\xbb\xbf",
        "\xef\xbf\xbf",
        "\xc3\xa9",
        "\xf4\x8f\xbf\xbf",
        "\xed\x9f\xbf",
        "\xee\x80\x80",
        "\xc2\xa0",
    };
    size_t len = 0;
    const uint64_t count = lp_random_between(random, 0, 12);

    text[len++] = 'x'; /* a text is not empty, */
    for (uint64_t i = 0; i < count; i++) {
        const char *piece = pieces[lp_random_between(random, 0, LP_ARRAY_LEN(pieces) - 1)];
        if (len + strlen(piece) + 2 < size)
            len += strlen(strcpy(text + len, piece));
    }
    strcpy(text + len, "x"); /* and white space at its end is dropped */
}

START_TEST(texts_and_times_of_any_kind_come_back_equal)
{
    static const char text[] =
        "store: {driver: redis, key: v}\nlock: {driver: flock, path: p}\nwhy: w\nfix: f\n"
        "steps: [lock, read, think 1ms, write, unlock]\n";
    struct lp_random random;

    lp_random_init(&random, 1, (uint64_t)_i);
    for (int i = 0; i < 200; i++) {
        struct lp_scenario scenario;
        struct lp_err err = {0};
        char summary[96], why[96];
        ck_assert_int_eq(
            lp_scenario_parse(&scenario, text, strlen(text), "x", &test_vocabulary, &err), 0);
        random_text(&random, summary, sizeof(summary));
        random_text(&random, why, sizeof(why));
        scenario.summary = summary;
        scenario.why = why;
        scenario.groups[0].pause.min_ns =
            lp_random_next(&random) >> lp_random_between(&random, 24, 63);
        scenario.groups[0].pause.max_ns =
            scenario.groups[0].pause.min_ns + lp_random_between(&random, 0, 1000000);
        scenario.deadline_ns = lp_random_between(&random, LP_US, 24 * 3600 * LP_SEC);
        scenario.start = (int64_t)lp_random_between(&random, 0, 2000) - 1000;
        check_round_trip(&scenario);
        lp_scenario_release(&scenario);
    }
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("scenario/write");
    TCase *tcase = tcase_create("round trip");

    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, samples_come_back_equal, 0, LP_ARRAY_LEN(samples));
    tcase_add_loop_test(tcase, equality_sees_a_difference_in_each_member, 0, LP_ARRAY_LEN(others));
    tcase_add_loop_test(tcase, texts_and_times_of_any_kind_come_back_equal, 0, 4);
    suite_add_tcase(suite, tcase);
    return suite;
}

LP_UNIT_MAIN(make_suite)
