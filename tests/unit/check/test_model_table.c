/* SPDX-License-Identifier: MIT */
/* What each model demands: what must be called broken, and its nearest neighbour that must not. */
#include <inttypes.h>
#include <string.h>

#include "check/model.h"
#include "tests/unit/unit.h"

#define OK LP_OK
#define NO LP_CALL_NOTHING

/* process, invoke, return, kind, outcome, a, b, lease */
struct row {
    uint32_t process;
    uint64_t invoke_ns, return_ns;
    enum lp_call_kind kind;
    enum lp_outcome outcome;
    int64_t a, b;
    uint64_t lease_ns;
};

#define ACQ(p, i, r)                                                                               \
    {                                                                                              \
        p, i, r, LP_CALL_ACQUIRE, LP_OK, NO, NO, 0                                                 \
    }
#define TOKEN(p, i, r, t)                                                                          \
    {                                                                                              \
        p, i, r, LP_CALL_ACQUIRE, LP_OK, t, NO, 0                                                  \
    }
#define LEASE(p, i, r, l)                                                                          \
    {                                                                                              \
        p, i, r, LP_CALL_ACQUIRE, LP_OK, NO, NO, l                                                 \
    }
#define BUSY(p, i, r)                                                                              \
    {                                                                                              \
        p, i, r, LP_CALL_ACQUIRE, LP_BUSY, NO, NO, 0                                               \
    }
#define ACQ_X(p, i)                                                                                \
    {                                                                                              \
        p, i, LP_CALL_NEVER, LP_CALL_ACQUIRE, LP_UNKNOWN, NO, NO, 0                                \
    }
#define SH(p, i, r)                                                                                \
    {                                                                                              \
        p, i, r, LP_CALL_ACQUIRE_SHARED, LP_OK, NO, NO, 0                                          \
    }
#define REL(p, i, r)                                                                               \
    {                                                                                              \
        p, i, r, LP_CALL_RELEASE, LP_OK, NO, NO, 0                                                 \
    }
#define REL_F(p, i, r)                                                                             \
    {                                                                                              \
        p, i, r, LP_CALL_RELEASE, LP_FAIL, NO, NO, 0                                               \
    }
#define REL_X(p, i)                                                                                \
    {                                                                                              \
        p, i, LP_CALL_NEVER, LP_CALL_RELEASE, LP_UNKNOWN, NO, NO, 0                                \
    }
#define RD(p, i, r, v)                                                                             \
    {                                                                                              \
        p, i, r, LP_CALL_READ, LP_OK, v, NO, 0                                                     \
    }
#define WR(p, i, r, v)                                                                             \
    {                                                                                              \
        p, i, r, LP_CALL_WRITE, LP_OK, v, NO, 0                                                    \
    }
#define WR_X(p, i, v)                                                                              \
    {                                                                                              \
        p, i, LP_CALL_NEVER, LP_CALL_WRITE, LP_UNKNOWN, v, NO, 0                                   \
    }
#define WR_T(p, i, r, t)                                                                           \
    {                                                                                              \
        p, i, r, LP_CALL_WRITE, LP_OK, 0, t, 0                                                     \
    }
#define CAS(p, i, r, x, y)                                                                         \
    {                                                                                              \
        p, i, r, LP_CALL_CAS, LP_OK, x, y, 0                                                       \
    }
#define CAS_N(p, i, r, x, y)                                                                       \
    {                                                                                              \
        p, i, r, LP_CALL_CAS, LP_BUSY, x, y, 0                                                     \
    }
#define ADD(p, i, r, d)                                                                            \
    {                                                                                              \
        p, i, r, LP_CALL_ADD, LP_OK, d, NO, 0                                                      \
    }
#define ADDGET(p, i, r, d, v)                                                                      \
    {                                                                                              \
        p, i, r, LP_CALL_ADD, LP_OK, d, v, 0                                                       \
    }
#define ADD_X(p, i, d)                                                                             \
    {                                                                                              \
        p, i, LP_CALL_NEVER, LP_CALL_ADD, LP_UNKNOWN, d, NO, 0                                     \
    }

static const struct model_case {
    const char *model;
    const char *name;
    enum lp_decided decided;
    struct row rows[8];
} cases[] = {
    {"mutex", "one after the other", LP_DECIDED_HELD, {ACQ(0, 1, 2), REL(0, 3, 4), ACQ(1, 5, 6)}},
    {"mutex",
     "granted before the release was asked for",
     LP_DECIDED_BROKEN,
     {ACQ(0, 1, 2), ACQ(1, 3, 4), REL(0, 5, 6)}},
    {"mutex",
     "granted in the instant of the release",
     LP_DECIDED_HELD,
     {ACQ(0, 1, 2), ACQ(1, 3, 5), REL(0, 5, 6)}},
    {"mutex", "another one releases", LP_DECIDED_HELD, {ACQ(0, 1, 2), REL(1, 3, 4), ACQ(1, 5, 6)}},
    {"owned-mutex",
     "another one releases",
     LP_DECIDED_BROKEN,
     {ACQ(0, 1, 2), REL(1, 3, 4), ACQ(1, 5, 6)}},
    {"mutex",
     "a release that failed did not release",
     LP_DECIDED_BROKEN,
     {ACQ(0, 1, 2), REL_F(0, 3, 4), ACQ(1, 5, 6)}},
    {"mutex",
     "a release that failed did not release: who finds it taken is right",
     LP_DECIDED_HELD,
     {ACQ(0, 1, 2), REL_F(0, 3, 4), BUSY(1, 5, 6)}},
    {"mutex",
     "a release that may have happened",
     LP_DECIDED_HELD,
     {ACQ(0, 1, 2), REL_X(0, 3), ACQ(1, 5, 6)}},
    {"mutex",
     "it can only have happened once",
     LP_DECIDED_BROKEN,
     {ACQ(0, 1, 2), REL_X(0, 3), ACQ(1, 5, 6), ACQ(0, 7, 8)}},
    {"mutex",
     "found taken while it was free",
     LP_DECIDED_BROKEN,
     {ACQ(0, 1, 2), REL(0, 3, 4), BUSY(1, 5, 6), ACQ(2, 7, 8)}},
    {"mutex",
     "found taken, perhaps by one that never answered",
     LP_DECIDED_HELD,
     {ACQ(0, 1, 2), REL(0, 3, 4), ACQ_X(2, 4), BUSY(1, 5, 6)}},
    {"reentrant",
     "twice by its holder",
     LP_DECIDED_HELD,
     {ACQ(0, 1, 2), ACQ(0, 3, 4), REL(0, 5, 6), REL(0, 7, 8), ACQ(1, 9, 10)}},
    {"reentrant",
     "released once of twice",
     LP_DECIDED_BROKEN,
     {ACQ(0, 1, 2), ACQ(0, 3, 4), REL(0, 5, 6), ACQ(1, 9, 10), REL(0, 11, 12)}},
    {"semaphore:2", "two of two", LP_DECIDED_HELD, {ACQ(0, 1, 2), ACQ(1, 3, 4)}},
    {"semaphore:2", "three of two", LP_DECIDED_BROKEN, {ACQ(0, 1, 2), ACQ(1, 3, 4), ACQ(2, 5, 6)}},
    {"rw-lock", "two readers", LP_DECIDED_HELD, {SH(0, 1, 2), SH(1, 3, 4)}},
    {"rw-lock",
     "a writer beside a reader",
     LP_DECIDED_BROKEN,
     {SH(0, 1, 2), ACQ(1, 3, 4), REL(0, 5, 6)}},
    {"lease",
     "over before the next grant",
     LP_DECIDED_HELD,
     {LEASE(0, 1, 2, 100), ACQ(1, 101, 102)}},
    {"lease", "a grant while it lasts", LP_DECIDED_BROKEN, {LEASE(0, 1, 2, 100), ACQ(1, 50, 60)}},
    {"lease",
     "a grant whose answer came late",
     LP_DECIDED_HELD,
     {LEASE(0, 1, 2, 100), ACQ(1, 50, 100)}},
    {"lease",
     "renewed by its holder",
     LP_DECIDED_HELD,
     {LEASE(0, 1, 2, 100), LEASE(0, 50, 60, 100), REL(0, 70, 71), ACQ(1, 80, 81)}},
    {"fenced", "tokens grow", LP_DECIDED_HELD, {TOKEN(0, 1, 2, 1), TOKEN(1, 3, 4, 2)}},
    {"fenced",
     "a later grant with an older token",
     LP_DECIDED_BROKEN,
     {TOKEN(0, 1, 2, 2), TOKEN(1, 3, 4, 1)}},
    {"fenced",
     "both at once may have come in either order",
     LP_DECIDED_HELD,
     {TOKEN(0, 1, 3, 2), TOKEN(1, 3, 4, 1)}},
    {"fenced", "one token for two", LP_DECIDED_BROKEN, {TOKEN(0, 1, 3, 2), TOKEN(1, 2, 4, 2)}},
    {"fenced", "a stale write accepted", LP_DECIDED_BROKEN, {WR_T(0, 1, 2, 2), WR_T(1, 3, 4, 1)}},
    {"fenced",
     "a stale write beside the newer one",
     LP_DECIDED_HELD,
     {WR_T(0, 1, 3, 2), WR_T(1, 2, 4, 1)}},
    {"counter",
     "every add is seen",
     LP_DECIDED_HELD,
     {ADD(0, 1, 2, 1), ADD(1, 1, 3, 1), RD(0, 4, 5, 2)}},
    {"counter",
     "an add is lost",
     LP_DECIDED_BROKEN,
     {ADD(0, 1, 2, 1), ADD(1, 1, 3, 1), RD(0, 4, 5, 1)}},
    {"counter",
     "one of unknown outcome widens the range",
     LP_DECIDED_HELD,
     {ADD(0, 1, 2, 1), ADD_X(1, 1, 1), RD(0, 4, 5, 1), RD(0, 6, 7, 2)}},
    {"counter",
     "but not by more than itself",
     LP_DECIDED_BROKEN,
     {ADD(0, 1, 2, 1), ADD_X(1, 1, 1), RD(0, 4, 5, 3)}},
    {"counter",
     "one value for two",
     LP_DECIDED_BROKEN,
     {ADDGET(0, 1, 4, 1, 1), ADDGET(1, 1, 4, 1, 1)}},
    {"register",
     "nothing was there before",
     LP_DECIDED_HELD,
     {RD(0, 1, 2, NO), WR(0, 3, 4, 7), RD(1, 5, 6, 7)}},
    {"register",
     "a stale read",
     LP_DECIDED_BROKEN,
     {WR(0, 1, 2, 6), WR(0, 3, 4, 7), RD(1, 5, 6, 6)}},
    {"register",
     "a write that may have come late",
     LP_DECIDED_HELD,
     {WR_X(0, 1, 6), WR(1, 3, 4, 7), RD(1, 5, 6, 6)}},
    {"register", "a value that nobody wrote", LP_DECIDED_BROKEN, {RD(0, 1, 2, 3)}},
    {"cas-register",
     "compared and set",
     LP_DECIDED_HELD,
     {WR(0, 1, 2, 1), CAS(1, 3, 4, 1, 2), RD(0, 5, 6, 2)}},
    {"cas-register",
     "set though it did not match",
     LP_DECIDED_BROKEN,
     {WR(0, 1, 2, 1), CAS(1, 3, 4, 3, 2), RD(0, 5, 6, 2)}},
    {"cas-register",
     "did not match though it was there",
     LP_DECIDED_BROKEN,
     {WR(0, 1, 2, 1), CAS_N(1, 3, 4, 1, 2)}},
};

static size_t build(struct lp_calls *calls, const struct model_case *test)
{
    lp_calls_init(calls);
    calls->calls = calloc(LP_ARRAY_LEN(test->rows), sizeof *calls->calls);
    for (size_t i = 0; i < LP_ARRAY_LEN(test->rows) && test->rows[i].invoke_ns != 0; i++) {
        const struct row *row = &test->rows[i];
        calls->calls[calls->count++] = (struct lp_call){.invoke_ns = row->invoke_ns,
                                                        .return_ns = row->return_ns,
                                                        .a = row->a,
                                                        .b = row->b,
                                                        .lease_ns = row->lease_ns,
                                                        .process = row->process,
                                                        .source = (uint32_t)i,
                                                        .kind = (uint8_t)row->kind,
                                                        .outcome = (uint8_t)row->outcome};
    }
    return calls->count;
}

START_TEST(decides)
{
    const struct model_case *test = &cases[_i];
    struct lp_model model;
    struct lp_err err = {0};
    struct lp_calls calls;
    ck_assert_msg(lp_model_parse(&model, test->model, &err) == 0, "%s", err.text);
    build(&calls, test);
    for (int search_only = 0; search_only < 2; search_only++) {
        struct lp_budget budget = {.want_order = true, .search_only = search_only == 1};
        struct lp_decision decision;
        lp_model_decide(&model, &calls, &budget, &decision);
        ck_assert_msg(decision.decided == test->decided, "%s: %s: %d, not %d", test->model,
                      test->name, decision.decided, test->decided);
        lp_decision_release(&decision);
    }
    struct lp_feed *feed = lp_feed_new(&model, NULL, LP_CALL_NOTHING, 0, &err);
    if (feed) {
        struct lp_decision decision;
        for (size_t i = 0; i < calls.count; i++)
            if (!lp_feed_add(feed, &calls.calls[i]))
                break;
        lp_feed_end(feed, &decision);
        ck_assert_msg(decision.decided == test->decided, "%s: %s: fed: %d, not %d", test->model,
                      test->name, decision.decided, test->decided);
        lp_decision_release(&decision);
        lp_feed_free(feed);
    }
    lp_calls_release(&calls);
}
END_TEST

START_TEST(names)
{
    struct lp_model model;
    struct lp_err err = {0};
    ck_assert_int_eq(lp_model_parse(&model, "semaphore:3", &err), 0);
    ck_assert_uint_eq(model.capacity, 3);
    ck_assert_int_eq(lp_model_parse(&model, "semaphore", &err), -1);
    ck_assert_int_eq(lp_model_parse(&model, "semaphore:0", &err), -1);
    ck_assert_int_eq(lp_model_parse(&model, "mutex:2", &err), -1);
    ck_assert_int_eq(lp_model_parse(&model, "mutx", &err), -1);
    ck_assert_msg(strstr(err.text, "did you mean 'mutex'") != NULL, "%s", err.text);
    for (unsigned kind = 0; kind < LP_MODEL_KINDS; kind++) {
        struct lp_model named = {.kind = (enum lp_model_kind)kind, .capacity = 4};
        struct lp_str text;
        lp_str_init(&text);
        lp_model_name(&named, &text);
        ck_assert_int_eq(lp_model_parse(&model, text.ptr, &err), 0);
        ck_assert_int_eq(model.kind, named.kind);
        ck_assert_ptr_nonnull(lp_model_summary(named.kind));
        lp_str_release(&text);
    }
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("models");
    TCase *tests = tcase_create("table");
    tcase_add_loop_test(tests, decides, 0, (int)LP_ARRAY_LEN(cases));
    tcase_add_test(tests, names);
    suite_add_tcase(suite, tests);
    return suite;
}

LP_UNIT_MAIN(make_suite)
