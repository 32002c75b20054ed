/* SPDX-License-Identifier: MIT */
/* What is plain is inferred, what is not is asked for; and a violation is told by few calls. */
#include <string.h>

#include "check/infer.h"
#include "check/shrink.h"
#include "check/uncertain.h"
#include "history/read.h"
#include "tests/unit/unit.h"

static struct lp_calls calls;
static struct lp_err err;

static void tear_down(void)
{
    lp_calls_release(&calls);
    err = (struct lp_err){0};
}

static void parse(const char *text, uint64_t uncertainty_ns)
{
    struct lp_read_options options = {.uncertainty_ns = uncertainty_ns};
    struct lp_reading reading;
    int result = lp_calls_parse(&calls, "h", text, strlen(text), &options, &reading, &err);
    ck_assert_msg(result == 0, "%s", err.text);
}

/* "P acquire": invoked and ok; "P acquire?" invoked only; "P acquire VALUE". */
#define OK(p, f) "{:type :invoke :process " #p " :f " f "}{:type :ok :process " #p " :f " f "}"
#define OPEN(p, f) "{:type :invoke :process " #p " :f " f "}"

static const struct {
    const char *text, *model; /* NULL: refused */
    const char *words;        /* in the refusal */
} inferences[] = {
    {OK(0, ":acquire") OK(0, ":release") OK(1, ":acquire"), "owned-mutex", NULL},
    {OK(0, ":acquire") OK(1, ":release") OK(1, ":acquire"), "mutex", NULL},
    {OK(0, ":acquire") OK(0, ":acquire") OK(0, ":release"), NULL, "reentrant"},
    {OPEN(0, ":acquire") OPEN(0, ":acquire"), "owned-mutex", NULL},
    {OK(0, ":acquire-shared") OK(0, ":release"), "rw-lock", NULL},
    {OK(0, ":acquire :value 5") OK(0, ":release"), NULL, "fenced"},
    {OK(0, ":acquire :lease-ns 5") OK(0, ":release"), "lease", NULL},
    {OK(0, ":acquire :token 5") OK(0, ":write :value 1 :token 5"), "fenced", NULL},
    {OK(0, ":acquire") OK(0, ":write :value 1"), NULL, "register"},
    {OK(0, ":add :value 1") OK(0, ":read :value 1"), "counter", NULL},
    {OK(0, ":add :value 1") OK(0, ":read :value #{1}"), NULL, "sets"},
    {OK(0, ":add :value 1") OK(0, ":write :value 1"), NULL, "counter"},
    {OK(0, ":write :value 1") OK(0, ":read :value 1"), "register", NULL},
    {OK(0, ":write :value 1") OK(0, ":cas :value [1 2]"), "cas-register", NULL},
    {OK(0, ":read :value 1"), NULL, "reads only"},
    {"[]", NULL, "no operation"},
};

START_TEST(models_are_inferred_where_they_are_plain)
{
    struct lp_inference inference;
    struct lp_str name;
    lp_str_init(&name);
    parse(inferences[_i].text, 0);
    int result = lp_model_infer(&calls, &inference, &err);
    if (inferences[_i].model) {
        ck_assert_msg(result == 0, "%s", err.text);
        lp_model_name(&inference.model, &name);
        ck_assert_str_eq(name.ptr, inferences[_i].model);
        ck_assert(inference.why[0] != '\0');
    } else {
        ck_assert_int_eq(result, -1);
        ck_assert_int_eq(err.kind, LP_ERR_USAGE);
        ck_assert_msg(strstr(err.text, inferences[_i].words) != NULL, "%s", err.text);
    }
    lp_str_release(&name);
}
END_TEST

START_TEST(what_a_model_cannot_judge_is_named)
{
    struct lp_model model;
    ck_assert_int_eq(lp_model_parse(&model, "register", &err), 0);
    parse(OK(0, ":read :value 1") OK(0, ":append :value 1"), 0);
    ck_assert_int_eq(lp_model_suits(&model, &calls, "file", &err), -1);
    ck_assert_str_eq(err.text,
                     "file:1: operation 'append' (1 of them) is none that a model here knows");
    lp_calls_release(&calls);
    ck_assert_int_eq(lp_model_parse(&model, "counter", &err), 0);
    parse(OK(0, ":read :value 1") OK(0, ":read :value :x"), 0);
    ck_assert_int_eq(lp_model_suits(&model, &calls, "file", &err), -1);
    lp_calls_release(&calls);
    parse(OK(0, ":read :value 1") OK(0, ":read :value nil"), 0);
    ck_assert_int_eq(lp_model_suits(&model, &calls, "file", &err), 0);
}
END_TEST

/* ---- shrinking ---- */

static const struct {
    const char *model, *text;
    size_t count; /* of calls that prove it */
} violations[] = {
    {"owned-mutex",
     OK(5, ":acquire") OK(5, ":release") OK(0, ":acquire") OK(1, ":acquire") OK(0, ":release"), 2},
    {"register",
     OK(3, ":write :value 9") OK(0, ":write :value 1") OK(1, ":write :value 2")
         OK(2, ":read :value 1"),
     3},
    {"register", OK(0, ":write :value 1") OK(2, ":read :value 7") OK(0, ":write :value 2"), 1},
    {"counter", OK(0, ":add :value 1") OK(0, ":add :value 1") OK(2, ":read :value 3"), 1},
};

static bool proves(const struct lp_model *model, const size_t *kept, size_t count, size_t without)
{
    struct lp_calls relaxed = calls;
    struct lp_decision decision;
    struct lp_budget budget = {0};
    relaxed.calls = lp_alloc(calls.count, sizeof *relaxed.calls);
    for (size_t i = 0; i < calls.count; i++) {
        bool keep = false;
        for (size_t j = 0; j < count; j++)
            keep |= kept[j] == i && j != without;
        relaxed.calls[i] = calls.calls[i];
        if (!keep)
            lp_call_relax(&relaxed.calls[i]);
    }
    lp_model_decide(model, &relaxed, &budget, &decision);
    bool broken = decision.decided == LP_DECIDED_BROKEN;
    lp_decision_release(&decision);
    free(relaxed.calls);
    return broken;
}

START_TEST(what_is_left_proves_it_and_nothing_less_does)
{
    struct lp_model model;
    struct lp_budget budget = {0};
    struct lp_decision decision;
    struct lp_shrunk shrunk;
    ck_assert_int_eq(lp_model_parse(&model, violations[_i].model, &err), 0);
    parse(violations[_i].text, 0);
    lp_model_decide(&model, &calls, &budget, &decision);
    ck_assert_int_eq(decision.decided, LP_DECIDED_BROKEN);
    lp_model_shrink(&model, &calls, &decision, &budget, &shrunk);
    ck_assert(shrunk.minimal);
    ck_assert_uint_le(shrunk.count, violations[_i].count);
    ck_assert(proves(&model, shrunk.calls, shrunk.count, SIZE_MAX));
    for (size_t i = 0; i < shrunk.count; i++)
        ck_assert(!proves(&model, shrunk.calls, shrunk.count, i));
    lp_shrunk_release(&shrunk);
    lp_decision_release(&decision);
}
END_TEST

/* ---- clocks ---- */

#define AT(p, f, from, to)                                                                         \
    "{:type :invoke :process " #p " :time " #from " :f " f "}"                                     \
    "{:type :ok :process " #p " :time " #to " :f " f "}"

/* Held by the times as they are, which may be wrong by 10 each. */
static const struct {
    const char *text;
    bool certain;
} clocks[] = {
    {AT(0, ":acquire", 100, 200) AT(0, ":release", 300, 400) AT(1, ":acquire", 500, 600), true},
    {AT(0, ":acquire", 100, 200) AT(0, ":release", 300, 302) AT(1, ":acquire", 305, 306), false},
    {AT(0, ":acquire", 100, 200) AT(0, ":release", 300, 400) AT(1, ":acquire", 200, 315), false},
    {AT(0, ":acquire", 100, 200) AT(0, ":release", 300, 400) AT(1, ":acquire", 200, 345), true},
};

START_TEST(held_must_hold_however_the_clocks_were_off)
{
    struct lp_model model;
    struct lp_budget budget = {0};
    struct lp_decision decision;
    struct lp_calls strict;
    bool ambiguous;
    ck_assert_int_eq(lp_model_parse(&model, "owned-mutex", &err), 0);
    parse(clocks[_i].text, 10);
    lp_model_decide(&model, &calls, &budget, &decision);
    ck_assert_int_eq(decision.decided, LP_DECIDED_HELD);
    lp_decision_release(&decision);
    lp_calls_narrow(&calls, &model, &strict, &ambiguous);
    lp_model_decide(&model, &strict, &budget, &decision);
    bool certain = !ambiguous && decision.decided == LP_DECIDED_HELD;
    ck_assert_int_eq(certain, clocks[_i].certain);
    lp_decision_release(&decision);
    free(strict.calls);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("infer");
    TCase *tcase = tcase_create("infer");
    tcase_add_checked_fixture(tcase, NULL, tear_down);
    tcase_add_loop_test(tcase, models_are_inferred_where_they_are_plain, 0,
                        LP_ARRAY_LEN(inferences));
    tcase_add_test(tcase, what_a_model_cannot_judge_is_named);
    tcase_add_loop_test(tcase, what_is_left_proves_it_and_nothing_less_does, 0,
                        LP_ARRAY_LEN(violations));
    tcase_add_loop_test(tcase, held_must_hold_however_the_clocks_were_off, 0, LP_ARRAY_LEN(clocks));
    suite_add_tcase(suite, tcase);
    return suite;
}

LP_UNIT_MAIN(make_suite)
