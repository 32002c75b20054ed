/* SPDX-License-Identifier: MIT */
/*
 * Histories too long for an oracle: the rules and the search must agree, orders are verified,
 * violations proven by the search with all calls relaxed that are not in the witness. Budgets are
 * kept, and what is fed call by call does not pile up.
 */
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>

#include "os/clock.h"
#include "tests/unit/check/model_random.h"
#include "tests/unit/unit.h"

#define HISTORIES 60
#define CALLS_MAX 120

static enum lp_decided decide(const struct lp_model *model, const struct lp_calls *calls,
                              bool search_only, bool want_order)
{
    struct lp_budget budget = {.search_only = search_only, .want_order = want_order};
    struct lp_decision decision;
    lp_model_decide(model, calls, &budget, &decision);
    if (want_order && decision.decided == LP_DECIDED_HELD && model->kind != LP_MODEL_LEASE) {
        const char *wrong = oracle_verify(model, calls, decision.order, decision.order_count);
        ck_assert_msg(wrong == NULL, "model %d: %s", model->kind, wrong);
    }
    enum lp_decided decided = decision.why == LP_WHY_EMPTY ? LP_DECIDED_HELD : decision.decided;
    if (decided == LP_DECIDED_BROKEN && model->kind != LP_MODEL_LEASE) {
        struct lp_calls relaxed = *calls;
        size_t at = 0;
        relaxed.calls = calloc(calls->count, sizeof *relaxed.calls);
        for (size_t i = 0; i < calls->count; i++) {
            relaxed.calls[i] = calls->calls[i];
            if (at < decision.witness_count && decision.witness[at] == i)
                at++;
            else
                lp_call_relax(&relaxed.calls[i]);
        }
        struct lp_budget search = {.search_only = true};
        struct lp_decision again;
        lp_model_decide(model, &relaxed, &search, &again);
        ck_assert_msg(again.decided == LP_DECIDED_BROKEN, "model %d: the witness of '%s' proves %s",
                      model->kind, decision.detail, "nothing");
        lp_decision_release(&again);
        free(relaxed.calls);
    }
    lp_decision_release(&decision);
    return decided;
}

START_TEST(rules_and_search_agree)
{
    struct lp_model model = {.kind = (enum lp_model_kind)_i, .capacity = 3};
    struct random_shape shape = {.calls_max = CALLS_MAX, .processes_max = 5};
    struct lp_random random;
    uint64_t seed = 77, held = 0;
    lp_random_init(&random, seed, (uint64_t)_i);
    for (int i = 0; i < HISTORIES; i++) {
        struct lp_calls calls;
        random_calls(&calls, &random, &model, &shape);
        enum lp_decided by_search = decide(&model, &calls, true, true);
        ck_assert_msg(decide(&model, &calls, false, true) == by_search &&
                          decide(&model, &calls, false, false) == by_search,
                      "model %d, seed %" PRIu64 ", history %d: rules and search disagree", _i, seed,
                      i);
        held += by_search == LP_DECIDED_HELD;
        lp_calls_release(&calls);
    }
    printf("model %d, seed %" PRIu64 ": %" PRIu64 " of %d held\n", _i, seed, held, HISTORIES);
}
END_TEST

/* Whatever else happened, nobody wrote this. */
START_TEST(what_nobody_wrote)
{
    struct lp_model model = {.kind = LP_MODEL_CAS_REGISTER, .capacity = 1};
    struct random_shape shape = {.calls_max = 2 * CALLS_MAX, .processes_max = 8};
    struct lp_random random;
    lp_random_init(&random, 5, 5);
    for (int i = 0; i < 4 * HISTORIES; i++) {
        struct lp_calls calls;
        random_calls(&calls, &random, &model, &shape);
        struct lp_call *last = &calls.calls[calls.count - 1];
        last->kind = LP_CALL_READ;
        last->outcome = LP_OK;
        last->a = 777777;
        if (last->return_ns == LP_CALL_NEVER)
            last->return_ns = last->invoke_ns + 1;
        struct lp_decision decision;
        struct lp_budget budget = {.search_only = true};
        lp_model_decide(&model, &calls, &budget, &decision);
        ck_assert_int_eq(decision.decided, LP_DECIDED_BROKEN);
        lp_decision_release(&decision);
        lp_calls_release(&calls);
    }
}
END_TEST

/* More calls at once than a word has bits; then reads that agree, or not. */
START_TEST(many_in_flight)
{
    enum { WRITERS = 150 };
    struct lp_model model = {.kind = LP_MODEL_REGISTER, .capacity = 1};
    struct lp_calls calls;
    lp_calls_init(&calls);
    calls.calls = calloc(WRITERS + 2, sizeof *calls.calls);
    for (uint32_t i = 0; i < WRITERS + 2; i++) {
        bool reads = i >= WRITERS;
        uint64_t invoke_ns = reads ? 2000 + 10 * i : i + UINT64_C(1);
        calls.calls[i] = (struct lp_call){.invoke_ns = invoke_ns,
                                          .return_ns = reads ? invoke_ns + 5 : 1000 + i,
                                          .a = reads ? 7 : i % 75,
                                          .b = LP_CALL_NOTHING,
                                          .process = i,
                                          .kind = reads ? LP_CALL_READ : LP_CALL_WRITE,
                                          .outcome = LP_OK};
    }
    calls.count = WRITERS + 2;
    ck_assert_int_eq(decide(&model, &calls, true, true), LP_DECIDED_HELD);
    calls.calls[WRITERS + 1].a = 8;
    ck_assert_int_eq(decide(&model, &calls, true, true), LP_DECIDED_BROKEN);
    lp_calls_release(&calls);
}
END_TEST

/* Many objects, several threads; one of them is granted twice. */
START_TEST(many_objects)
{
    enum { KEYS = 64, CALLS = 50, BAD = 37 };
    struct lp_model model = {.kind = LP_MODEL_OWNED_MUTEX, .capacity = 1};
    struct lp_calls calls;
    lp_calls_init(&calls);
    calls.calls = calloc(KEYS * CALLS, sizeof *calls.calls);
    for (uint32_t i = 0; i < KEYS * CALLS; i++)
        calls.calls[i] =
            (struct lp_call){.invoke_ns = 10 * i + UINT64_C(10),
                             .return_ns = 10 * i + UINT64_C(15),
                             .a = LP_CALL_NOTHING,
                             .b = LP_CALL_NOTHING,
                             .process = i / KEYS / 2 % 3,
                             .key = i % KEYS,
                             .kind = i / KEYS % 2 ? LP_CALL_RELEASE : LP_CALL_ACQUIRE,
                             .outcome = i == 21 * KEYS + BAD && _i == 1 ? LP_FAIL : LP_OK};
    calls.count = KEYS * CALLS;
    for (unsigned threads = 1; threads <= 4; threads++) {
        struct lp_budget budget = {.threads = threads};
        struct lp_decision decision;
        lp_model_decide(&model, &calls, &budget, &decision);
        ck_assert_int_eq(decision.decided, _i == 1 ? LP_DECIDED_BROKEN : LP_DECIDED_HELD);
        if (_i == 1)
            ck_assert_uint_eq(decision.key, BAD);
        else
            ck_assert_uint_eq(decision.keys_held, KEYS);
        lp_decision_release(&decision);
    }
    lp_calls_release(&calls);
}
END_TEST

/* Additions of many amounts, all at once, and a sum that none of their subsets gives. */
static void build_hard(struct lp_calls *calls, size_t count)
{
    lp_calls_init(calls);
    calls->calls = calloc(count + 1, sizeof *calls->calls);
    for (size_t i = 0; i < count; i++)
        calls->calls[i] = (struct lp_call){.invoke_ns = 1,
                                           .return_ns = LP_CALL_NEVER,
                                           .a = (int64_t)1 << (i + 1),
                                           .b = LP_CALL_NOTHING,
                                           .process = (uint32_t)i,
                                           .kind = LP_CALL_ADD,
                                           .outcome = LP_UNKNOWN};
    calls->calls[count] = (struct lp_call){.invoke_ns = 2,
                                           .return_ns = 3,
                                           .a = 1,
                                           .b = LP_CALL_NOTHING,
                                           .process = (uint32_t)count,
                                           .kind = LP_CALL_READ,
                                           .outcome = LP_OK};
    calls->count = count + 1;
}

START_TEST(budgets_are_kept)
{
    struct lp_model model = {.kind = LP_MODEL_COUNTER, .capacity = 1};
    struct lp_calls calls;
    struct lp_decision decision;
    build_hard(&calls, 40);
    struct lp_budget memory = {.memory = (size_t)1 << 20};
    lp_model_decide(&model, &calls, &memory, &decision);
    ck_assert_int_eq(decision.decided, LP_DECIDED_UNKNOWN);
    ck_assert_int_eq(decision.why, LP_WHY_MEMORY);
    lp_decision_release(&decision);
    struct lp_budget time = {.deadline_ns = lp_clock_ns() + 30000000, .memory = (size_t)1 << 30};
    lp_model_decide(&model, &calls, &time, &decision);
    ck_assert_int_eq(decision.decided, LP_DECIDED_UNKNOWN);
    ck_assert_int_eq(decision.why, LP_WHY_TIMEOUT);
    ck_assert(lp_clock_ns() >= time.deadline_ns);
    lp_decision_release(&decision);
    lp_calls_release(&calls);
}
END_TEST

/* Two processes hand a lock to and fro, or count; the last call is wrong when `spoilt`. */
static enum lp_decided feed_many(enum lp_model_kind kind, size_t count, bool spoilt, size_t *grown)
{
    struct lp_model model = {.kind = kind, .capacity = 1};
    struct lp_err err = {0};
    struct lp_feed *feed = lp_feed_new(&model, NULL, LP_CALL_NOTHING, 0, &err);
    struct lp_decision decision;
    size_t before = mallinfo2().uordblks, most = 0;
    for (size_t i = 0; i < count; i++) {
        bool counts = kind == LP_MODEL_COUNTER;
        struct lp_call call = {.invoke_ns = 10 * i,
                               .return_ns = 10 * i + 12,
                               .a = counts ? 1 : (int64_t)i,
                               .b = counts ? (int64_t)i + 1 : LP_CALL_NOTHING,
                               .process = (uint32_t)(counts ? i % 2 : i / 2 % 2),
                               .kind = counts  ? LP_CALL_ADD
                                       : i % 2 ? LP_CALL_RELEASE
                                               : LP_CALL_ACQUIRE,
                               .outcome = LP_OK};
        if (!counts)
            call.return_ns -= 4;
        if (spoilt && i + 2 == count && counts)
            call.b = 7; /* a value that was there long ago */
        if (spoilt && i + 2 == count && kind == LP_MODEL_FENCED)
            call.a = -5; /* an old token */
        if (spoilt && i + 3 == count && !counts)
            call.outcome = LP_FAIL; /* it did not release, and yet the next one is granted */
        if (!lp_feed_add(feed, &call))
            break;
        size_t now = mallinfo2().uordblks - before;
        most = i % 4096 == 0 && now > most ? now : most;
    }
    *grown = most;
    lp_feed_end(feed, &decision);
    enum lp_decided decided = decision.decided;
    lp_decision_release(&decision);
    lp_feed_free(feed);
    return decided;
}

START_TEST(one_pass_does_not_pile_up)
{
    static const enum lp_model_kind kinds[] = {
        LP_MODEL_MUTEX,     LP_MODEL_OWNED_MUTEX, LP_MODEL_REENTRANT, LP_MODEL_FENCED,
        LP_MODEL_SEMAPHORE, LP_MODEL_RW_LOCK,     LP_MODEL_LEASE,     LP_MODEL_COUNTER};
    size_t grown;
    ck_assert_int_eq(feed_many(kinds[_i], 300000, false, &grown), LP_DECIDED_HELD);
    ck_assert_msg(grown < 100000, "model %d: %zu bytes for what is over", kinds[_i], grown);
    ck_assert_int_eq(feed_many(kinds[_i], 300000, true, &grown), LP_DECIDED_BROKEN);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("models on long histories");
    TCase *tests = tcase_create("long");
    tcase_set_timeout(tests, 0);
    tcase_add_loop_test(tests, rules_and_search_agree, 0, LP_MODEL_KINDS);
    tcase_add_test(tests, what_nobody_wrote);
    tcase_add_test(tests, many_in_flight);
    tcase_add_loop_test(tests, many_objects, 0, 2);
    tcase_add_test(tests, budgets_are_kept);
    tcase_add_loop_test(tests, one_pass_does_not_pile_up, 0, 8);
    suite_add_tcase(suite, tests);
    return suite;
}

LP_UNIT_MAIN(make_suite)
