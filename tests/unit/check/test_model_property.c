/* SPDX-License-Identifier: MIT */
/*
 * Every model against an oracle that tries all orders, on random small histories: 10,000 a model,
 * or as many as LOCKPROOF_TEST_HISTORIES says, from the seed LOCKPROOF_TEST_SEED. Each verdict is
 * confirmed from the other side too: the order told with `held` is verified, and a violation is
 * decided again by the oracle with all calls relaxed that are not in the witness.
 */
#include <inttypes.h>
#include <stdio.h>

#include "tests/unit/check/model_random.h"
#include "tests/unit/unit.h"

#define HISTORIES 10000

static uint64_t number_from(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 10) : otherwise;
}

static void print_calls(const struct lp_calls *calls)
{
    static const char *kinds[] = {"acquire", "acquire-shared", "release", "read", "write", "add",
                                  "cas"};
    static const char *outcomes[] = {"", "ok", "busy", "fail", "unknown"};
    printf("start %" PRId64 ", uncertainty %" PRIu64 "\n", calls->start, calls->uncertainty_ns);
    for (size_t i = 0; i < calls->count; i++) {
        const struct lp_call *call = &calls->calls[i];
        printf("  %zu: key %u process %u [%" PRIu64 ", %" PRId64 "] %s %s a=%" PRId64 " b=%" PRId64
               " lease %" PRIu64 "\n",
               i, call->key, call->process, call->invoke_ns, (int64_t)call->return_ns,
               kinds[call->kind], outcomes[call->outcome], call->a, call->b, call->lease_ns);
    }
    fflush(stdout);
}

/* Broken with nothing known of the calls that are not in the witness? */
static bool still_broken(const struct lp_model *model, const struct lp_calls *calls,
                         const struct lp_decision *decision)
{
    struct lp_call copies[ORACLE_CALLS];
    struct lp_calls relaxed = *calls;
    relaxed.calls = copies;
    size_t at = 0;
    for (size_t i = 0; i < calls->count; i++) {
        copies[i] = calls->calls[i];
        if (at < decision->witness_count && decision->witness[at] == i)
            at++;
        else
            lp_call_relax(&copies[i]);
    }
    return !oracle_holds(model, &relaxed);
}

static const char *disagreement(const struct lp_model *model, const struct lp_calls *calls,
                                bool holds, const struct lp_decision *decision)
{
    bool empty = decision->decided == LP_DECIDED_UNKNOWN && decision->why == LP_WHY_EMPTY;
    if (empty)
        return holds ? NULL : "nothing to judge, says the checker";
    if (decision->decided == LP_DECIDED_UNKNOWN)
        return "unknown without a limit";
    if ((decision->decided == LP_DECIDED_HELD) != holds)
        return holds ? "broken, but it holds" : "held, but it is broken";
    if (!holds && !still_broken(model, calls, decision)) {
        printf("%s; witness:", decision->detail);
        for (size_t i = 0; i < decision->witness_count; i++)
            printf(" %zu", decision->witness[i]);
        printf("\n");
        return "the witness does not prove it";
    }
    return NULL;
}

static const char *decide_all_ways(const struct lp_model *model, const struct lp_calls *calls,
                                   bool holds)
{
    const char *wrong = NULL;
    for (int way = 0; way < 3 && wrong == NULL; way++) {
        struct lp_budget budget = {.want_order = way < 2, .search_only = way == 1};
        struct lp_decision decision;
        lp_model_decide(model, calls, &budget, &decision);
        wrong = disagreement(model, calls, holds, &decision);
        if (wrong == NULL && decision.decided == LP_DECIDED_HELD && budget.want_order &&
            model->kind != LP_MODEL_LEASE)
            wrong = oracle_verify(model, calls, decision.order, decision.order_count);
        lp_decision_release(&decision);
    }
    return wrong;
}

static uint64_t doubts; /* of one pass */

static const char *feed_all(const struct lp_model *model, const struct lp_calls *calls, bool holds)
{
    struct lp_err err = {0};
    struct lp_feed *feed = lp_feed_new(model, NULL, calls->start, calls->uncertainty_ns, &err);
    if (feed == NULL)
        return NULL;
    struct lp_decision decision;
    for (size_t i = 0; i < calls->count; i++)
        if (!lp_feed_add(feed, &calls->calls[i]))
            break;
    lp_feed_end(feed, &decision);
    bool in_doubt = decision.decided == LP_DECIDED_UNKNOWN && decision.why == LP_WHY_ONE_PASS;
    bool at_least_two = decision.decided != LP_DECIDED_BROKEN || decision.witness_count > 1;
    const char *wrong = NULL;
    if (in_doubt)
        doubts++;
    else if (at_least_two)
        wrong = disagreement(model, calls, holds, &decision);
    else if (holds)
        wrong = "fed: broken, but it holds";
    lp_decision_release(&decision);
    lp_feed_free(feed);
    return wrong;
}

/* A second oracle, plainer still: every sequence of calls is written down and verified as a whole.
   For few calls of one object. */
#define FEW 5
static bool any_sequence(const struct lp_model *model, const struct lp_calls *calls, size_t *order,
                         size_t count)
{
    if (oracle_verify(model, calls, order, count) == NULL)
        return true;
    for (size_t i = 0; i < calls->count; i++) {
        bool used = !oracle_counts(model->kind, &calls->calls[i]);
        for (size_t j = 0; j < count; j++)
            used |= order[j] == i;
        order[count] = i;
        if (!used && any_sequence(model, calls, order, count + 1))
            return true;
    }
    return false;
}

static const char *second_oracle(const struct lp_model *model, const struct lp_calls *calls,
                                 bool holds)
{
    size_t order[ORACLE_CALLS + 1];
    if (model->kind == LP_MODEL_LEASE || calls->count > FEW)
        return NULL;
    for (size_t i = 1; i < calls->count; i++)
        if (oracle_group(model->kind, &calls->calls[i]) !=
            oracle_group(model->kind, &calls->calls[0]))
            return NULL;
    return any_sequence(model, calls, order, 0) == holds ? NULL : "the oracles disagree";
}

START_TEST(agree_with_the_oracle)
{
    struct lp_model model = {.kind = (enum lp_model_kind)_i, .capacity = 2};
    uint64_t histories = number_from("LOCKPROOF_TEST_HISTORIES", HISTORIES);
    uint64_t seed = number_from("LOCKPROOF_TEST_SEED", 20260131);
    struct random_shape shape = {.calls_max = 8, .processes_max = 4};
    uint64_t held = 0;
    struct lp_random random;
    lp_random_init(&random, seed, (uint64_t)_i);
    for (uint64_t i = 0; i < histories; i++) {
        struct lp_calls calls;
        random_calls(&calls, &random, &model, &shape);
        bool holds = oracle_holds(&model, &calls);
        const char *wrong = second_oracle(&model, &calls, holds);
        if (wrong == NULL)
            wrong = decide_all_ways(&model, &calls, holds);
        if (wrong == NULL)
            wrong = feed_all(&model, &calls, holds);
        if (wrong) {
            print_calls(&calls);
            ck_abort_msg("model %d, seed %" PRIu64 ", history %" PRIu64 ": %s", _i, seed, i, wrong);
        }
        held += holds;
        lp_calls_release(&calls);
    }
    printf("model %d, seed %" PRIu64 ": %" PRIu64 " histories agree, %" PRIu64
           " held; one pass could "
           "not tell %" PRIu64 "\n",
           _i, seed, histories, held, doubts);
    if (histories >= HISTORIES)
        ck_assert_msg(held > histories / 20 && held < histories - histories / 20,
                      "both verdicts are tested");
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("models against an oracle");
    TCase *tests = tcase_create("property");
    tcase_set_timeout(tests, 0);
    tcase_add_loop_test(tests, agree_with_the_oracle, 0, LP_MODEL_KINDS);
    suite_add_tcase(suite, tests);
    return suite;
}

LP_UNIT_MAIN(make_suite)
