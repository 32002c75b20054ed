/* SPDX-License-Identifier: MIT */
/*
 * Random small histories of every model, 2,000 each (LOCKPROOF_TEST_HISTORIES, from the seed
 * LOCKPROOF_TEST_SEED): what a violation is shrunk to proves it by the oracle that tries all
 * orders, and no fact less does; and a history that was written as EDN or JSON and read again has
 * the same verdict.
 */
#include <inttypes.h>
#include <stdio.h>

#include "check/shrink.h"
#include "history/read.h"
#include "history/write.h"
#include "tests/unit/check/model_random.h"
#include "tests/unit/unit.h"

#define HISTORIES 2000

static uint64_t number_from(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 10) : otherwise;
}

/* ---- shrinking ---- */

/* Does the violation stand with all calls relaxed but these (less one of them)? */
static bool proves(const struct lp_model *model, const struct lp_calls *calls,
                   const struct lp_shrunk *shrunk, size_t without)
{
    struct lp_call copies[ORACLE_CALLS];
    struct lp_calls relaxed = *calls;
    relaxed.calls = copies;
    for (size_t i = 0; i < calls->count; i++) {
        bool kept = false;
        for (size_t j = 0; j < shrunk->count; j++)
            kept |= shrunk->calls[j] == i && j != without;
        copies[i] = calls->calls[i];
        if (!kept)
            lp_call_relax(&copies[i]);
    }
    return !oracle_holds(model, &relaxed);
}

static const char *check_shrinking(const struct lp_model *model, const struct lp_calls *calls)
{
    struct lp_budget budget = {0};
    struct lp_decision decision;
    struct lp_shrunk shrunk = {0};
    const char *wrong = NULL;
    lp_model_decide(model, calls, &budget, &decision);
    if (decision.decided == LP_DECIDED_BROKEN) {
        lp_model_shrink(model, calls, &decision, &budget, &shrunk);
        if (shrunk.count == 0 || !shrunk.minimal)
            wrong = "not shrunk";
        else if (!proves(model, calls, &shrunk, SIZE_MAX))
            wrong = "what is left proves nothing";
        for (size_t i = 0; i < shrunk.count && !wrong; i++)
            if (proves(model, calls, &shrunk, i))
                wrong = "one of the calls left is not needed";
    }
    lp_shrunk_release(&shrunk);
    lp_decision_release(&decision);
    return wrong;
}

/* ---- there and back ---- */

/* Instants that coincide are set apart so that they mean the same in the order of a file: what
   touches may have happened in either order. False where a process's own calls touch. */
static bool spread(struct lp_calls *calls)
{
    if (calls->uncertainty_ns > 0 || calls->start != LP_CALL_NOTHING)
        return false;
    /* No format can say of a call of unknown outcome that it is over: it is read as one that is
     * not. */
    for (size_t i = 0; i < calls->count; i++)
        if (calls->calls[i].outcome == LP_UNKNOWN && calls->calls[i].return_ns != LP_CALL_NEVER)
            return false;
    for (size_t i = 0; i < calls->count; i++)
        for (size_t j = i + 1; j < calls->count; j++)
            if (calls->calls[i].process == calls->calls[j].process &&
                calls->calls[i].return_ns != LP_CALL_NEVER &&
                calls->calls[i].return_ns >= calls->calls[j].invoke_ns)
                return false;
    for (size_t i = 0; i < calls->count; i++) {
        struct lp_call *call = &calls->calls[i];
        call->invoke_ns *= 4;
        call->lease_ns *= 4;
        if (call->return_ns != LP_CALL_NEVER)
            call->return_ns = 4 * call->return_ns + 1;
    }
    return true;
}

static void name_all(struct lp_calls *calls)
{
    static const char *names[] = {"0", "1", "2", "3", "4", "5", "6", "7"};
    calls->timed = true;
    calls->process_count = ORACLE_PROCESSES;
    calls->processes = lp_alloc(ORACLE_PROCESSES, sizeof *calls->processes);
    for (size_t i = 0; i < ORACLE_PROCESSES; i++)
        calls->processes[i] = names[i];
    free(calls->keys);
    calls->key_count = 1;
    for (size_t i = 0; i < calls->count; i++)
        if (calls->calls[i].key >= calls->key_count)
            calls->key_count = calls->calls[i].key + 1;
    calls->keys = lp_alloc(calls->key_count, sizeof *calls->keys);
    for (size_t i = 0; i < calls->key_count; i++)
        calls->keys[i] = i > 0 ? names[i] : "";
}

static enum lp_decided verdict_of(const struct lp_model *model, const struct lp_calls *calls)
{
    struct lp_budget budget = {0};
    struct lp_decision decision;
    lp_model_decide(model, calls, &budget, &decision);
    enum lp_decided decided = decision.decided;
    lp_decision_release(&decision);
    return decided;
}

static const char *check_writing(const struct lp_model *model, struct lp_calls *calls, bool json,
                                 struct lp_str *text)
{
    struct lp_read_options options = {0};
    struct lp_reading reading;
    struct lp_err err = {0};
    struct lp_calls again;
    lp_str_clear(text);
    if (json)
        lp_calls_write_json(calls, text);
    else
        lp_calls_write_edn(calls, text);
    if (lp_calls_parse(&again, "again", text->ptr, text->len, &options, &reading, &err) == -1)
        return "what was written cannot be read";
    bool same = verdict_of(model, calls) == verdict_of(model, &again);
    lp_calls_release(&again);
    return same ? NULL : "written and read again it has another verdict";
}

START_TEST(violations_are_shrunk_and_histories_survive_writing)
{
    struct lp_model model = {.kind = (enum lp_model_kind)_i, .capacity = 2};
    uint64_t histories = number_from("LOCKPROOF_TEST_HISTORIES", HISTORIES);
    uint64_t seed = number_from("LOCKPROOF_TEST_SEED", 815);
    struct random_shape shape = {.calls_max = 7, .processes_max = 4};
    uint64_t written = 0;
    struct lp_random random;
    struct lp_str text;
    lp_str_init(&text);
    lp_random_init(&random, seed, (uint64_t)_i);
    for (uint64_t i = 0; i < histories; i++) {
        struct lp_calls calls;
        random_calls(&calls, &random, &model, &shape);
        name_all(&calls);
        const char *wrong = check_shrinking(&model, &calls);
        if (!wrong && spread(&calls)) {
            wrong = check_writing(&model, &calls, i % 2, &text);
            written++;
        }
        ck_assert_msg(!wrong, "model %d, seed %" PRIu64 ", history %" PRIu64 ": %s\n%s", _i, seed,
                      i, wrong, text.ptr);
        lp_calls_release(&calls);
    }
    if (histories >= HISTORIES)
        ck_assert_msg(written > histories / 20, "only %" PRIu64 " were written", written);
    printf("model %d, seed %" PRIu64 ": %" PRIu64 " shrunk, %" PRIu64 " written\n", _i, seed,
           histories, written);
    lp_str_release(&text);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("shrinking and writing");
    TCase *tests = tcase_create("property");
    tcase_set_timeout(tests, 0);
    tcase_add_loop_test(tests, violations_are_shrunk_and_histories_survive_writing, 0,
                        LP_MODEL_KINDS);
    suite_add_tcase(suite, tests);
    return suite;
}

LP_UNIT_MAIN(make_suite)
