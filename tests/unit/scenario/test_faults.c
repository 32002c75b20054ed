/* SPDX-License-Identifier: MIT */
/* Servers and faults as scenarios name them: what is understood, and what is refused where. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include "base/str.h"
#include "base/units.h"
#include "tests/unit/scenario/vocabulary.h"

#define HEAD                                                                                       \
    "store: {driver: word}\nlock: {driver: redis, key: x}\nburst: 0\ncontainers: 2\n"              \
    "servers: [{name: redis, topology: replica}]\n"                                                \
    "groups: [{name: slow, workers: 2, steps: [lock, unlock]}, {name: fast, steps: [lock, "        \
    "unlock]}]\n"

static struct lp_scenario scenario;
static struct lp_err err;

static int parse(const char *head, const char *rest)
{
    char text[2048];
    int len = snprintf(text, sizeof text, "%s%s", head, rest);
    return lp_scenario_parse(&scenario, text, (size_t)len, "x.yaml", &test_vocabulary, &err);
}

START_TEST(faults_are_understood)
{
    ck_assert_msg(parse(HEAD,
                        "faults:\n"
                        "  - {fault: pause, target: holder, after: lock, until: lock 3}\n"
                        "  - {fault: kill, target: worker 1, at: 20ms, every: 1s, times: 4}\n"
                        "  - {fault: pause, target: group fast, random: 1ms..2ms, for: 5ms}\n"
                        "  - {fault: crash, target: server redis 1, lose-data: yes}\n"
                        "  - {fault: failover, target: primary, after: lock, by: group slow}\n"
                        "  - {fault: partition, target: replica, from: primary, way: out, "
                        "for: 1s}\n") == 0,
                  "%s", err.text);
    const struct lp_fault *faults = scenario.faults;
    ck_assert_uint_eq(scenario.fault_count, 6);
    ck_assert_int_eq(faults[0].target.kind, LP_TARGET_HOLDER);
    ck_assert_int_eq(faults[0].until.step, LP_STEP_LOCK);
    ck_assert_uint_eq(faults[0].until.count, 3);
    ck_assert_uint_eq(faults[1].target.index, 1);
    ck_assert_uint_eq(faults[1].at_ns, 20 * LP_MS);
    ck_assert_uint_eq(faults[1].times, 4);
    ck_assert_uint_eq(faults[2].target.index, 1);
    ck_assert_uint_eq(faults[2].random.max_ns, 2 * LP_MS);
    ck_assert_uint_eq(faults[3].target.index, 1);
    ck_assert(faults[3].lose_data);
    ck_assert_int_eq(faults[4].by.kind, LP_TARGET_GROUP);
    ck_assert_uint_eq(faults[5].target.index, 1);
    ck_assert_uint_eq(faults[5].from.index, 0);
    ck_assert_int_eq(faults[5].way, LP_WAY_OUT);
    ck_assert_uint_eq(scenario.servers[0].count, 2);
    lp_scenario_release(&scenario);
}
END_TEST

START_TEST(a_holder_is_caught_after_its_lock)
{
    ck_assert_int_eq(parse(HEAD, "faults: [{fault: kill, target: holder}]\n"), 0);
    ck_assert_int_eq(scenario.faults[0].after.step, LP_STEP_LOCK);
    lp_scenario_release(&scenario);
}
END_TEST

START_TEST(what_is_written_reads_back)
{
    struct lp_str text;
    lp_str_init(&text);
    ck_assert_int_eq(parse(HEAD, "faults: [{fault: partition, target: replica, from: primary, for: "
                                 "1s}, {fault: pause, target: waiter, for: 3ms, at: 1ms}]\n"),
                     0);
    lp_scenario_write(&scenario, &text);
    lp_scenario_release(&scenario);
    ck_assert_msg(
        lp_scenario_parse(&scenario, text.ptr, text.len, "y.yaml", &test_vocabulary, &err) == 0,
        "%s", err.text);
    ck_assert_uint_eq(scenario.fault_count, 2);
    ck_assert_uint_eq(scenario.faults[0].for_ns, LP_SEC);
    ck_assert_int_eq(scenario.faults[1].target.kind, LP_TARGET_WAITER);
    ck_assert_int_eq(scenario.servers[0].topology, LP_TOPOLOGY_REPLICA);
    lp_scenario_release(&scenario);
    lp_str_release(&text);
}
END_TEST

static const struct {
    const char *fault;
    const char *says;
} wrong[] = {
    {"{fault: kill, target: worker 99}", "there is no such worker"},
    {"{fault: kill, target: worker}", "there is no such worker"},
    {"{fault: kill, target: group slo}", "did you mean `slow`"},
    {"{fault: pause, target: container 2, for: 1s}", "there is no such container"},
    {"{fault: crash, target: server postgres}", "there is no such server"},
    {"{fault: crash, target: server redis 2}", "there is no such server"},
    {"{fault: kill, target: holdr}", "did you mean `holder`"},
    {"{fault: kill, target: holder now}", "too many words"},
    {"{fault: kill}", "a fault without `target`"},
    {"{target: holder}", "no `fault`"},
    {"{fault: kil, target: holder}", "did you mean `kill`"},
    {"{fault: kill, target: server redis}", "cannot be done to"},
    {"{fault: pause, target: holder}", "never ends"},
    {"{fault: pause, target: holder, for: 1s, until: lock}", "one of the two"},
    {"{fault: kill, target: worker 0, every: 1s, random: 1s}", "one of the two"},
    {"{fault: pause, target: waiter, after: lock, for: 1s}", "does not wait"},
    {"{fault: failover, target: replica}", "expected the primary"},
    {"{fault: partition, target: replica, for: 1s}", "without `from`"},
    {"{fault: partition, target: replica, from: holder, for: 1s}", "expected a server"},
    {"{fault: partition, target: container 0, from: primary, for: 1s}", "needs: [namespace]"},
    {"{fault: kill, target: holder, after: lck}", "did you mean `lock`"},
    {"{fault: kill, target: holder, after: lock x}", "a step and a number"},
    {"{fault: kill, target: worker 0, by: worker 1}", "without `after`"},
    {"{fault: clock-jump, target: server redis}", "not reproducible"},
};

START_TEST(what_cannot_be_done_is_refused)
{
    char text[256];
    snprintf(text, sizeof text, "faults:\n  - %s\n", wrong[_i].fault);
    ck_assert_msg(parse(HEAD, text) == -1, "%s is accepted", wrong[_i].fault);
    ck_assert_int_eq(err.kind, LP_ERR_USAGE);
    ck_assert_msg(strstr(err.text, wrong[_i].says) != NULL, "%s: %s", wrong[_i].fault, err.text);
    ck_assert_msg(strncmp(err.text, "x.yaml:8:", 9) == 0, "%s", err.text);
}
END_TEST

START_TEST(a_fault_that_lasts_wants_no_bursts)
{
    ck_assert_int_eq(parse("store: {driver: word}\nlock: {driver: flock, path: x}\nsteps: [lock, "
                           "unlock]\n",
                           "faults: [{fault: pause, target: holder, for: 1s}]\n"),
                     -1);
    ck_assert(strstr(err.text, "burst: 0") != NULL);
    ck_assert_int_eq(parse("store: {driver: word}\nlock: {driver: flock, path: x}\nsteps: [lock, "
                           "unlock]\n",
                           "faults: [{fault: kill, target: holder}]\n"),
                     0);
    lp_scenario_release(&scenario);
}
END_TEST

static const struct {
    const char *servers;
    const char *says;
} wrong_servers[] = {
    {"{name: redis, topology: replica, count: 1}", "at least 2"},
    {"{name: redis, topology: one, count: 2}", "expected 1"},
    {"{name: reds}", "did you mean `redis`"},
    {"{topology: one}", "without `name`"},
    {"{name: redis}, {name: redis}", "duplicate server"},
};

START_TEST(servers_are_looked_at)
{
    char text[256];
    snprintf(text, sizeof text, "store: {driver: word}\nsteps: [read]\nservers: [%s]\n",
             wrong_servers[_i].servers);
    ck_assert_msg(parse(text, "") == -1, "%s is accepted", wrong_servers[_i].servers);
    ck_assert_msg(strstr(err.text, wrong_servers[_i].says) != NULL, "%s", err.text);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("scenario/faults");
    TCase *tcase = tcase_create("faults");
    tcase_add_test(tcase, faults_are_understood);
    tcase_add_test(tcase, a_holder_is_caught_after_its_lock);
    tcase_add_test(tcase, what_is_written_reads_back);
    tcase_add_loop_test(tcase, what_cannot_be_done_is_refused, 0, LP_ARRAY_LEN(wrong));
    tcase_add_test(tcase, a_fault_that_lasts_wants_no_bursts);
    tcase_add_loop_test(tcase, servers_are_looked_at, 0, LP_ARRAY_LEN(wrong_servers));
    suite_add_tcase(suite, tcase);
    return suite;
}

LP_UNIT_MAIN(make_suite)
