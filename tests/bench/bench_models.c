/* SPDX-License-Identifier: MIT */
/*
 * How fast histories are decided: bench_models [OUT.json]
 *
 * The histories are those that Porcupine's recorded figures belong to: 10 processes that contend
 * all the time for one mutex, one counter or one cas-register of 5 values; valid, or with one
 * violation at 99 %; with or without 10 calls that never returned, spread evenly. Porcupine (commit
 * 55508eb, Go 1.19) was not run here: its figures stand in the table below as they were recorded on
 * a Xeon of two processors. What is timed is the decision; the calls are in memory, as they are
 * when our own format is mapped. Each figure is the median of several runs; "pass" is one plain
 * pass over the same records in the same run, the bytes of each added up.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/random.h"
#include "base/str.h"
#include "check/model.h"
#include "tests/bench/median.h"

#define PROCESSES 10
#define VALUES 5
#define RUNS_MAX 31

struct shape {
    const char *model;
    size_t operations;
    bool violation;
    unsigned crashed;
    double porcupine_ms; /* recorded; 0: it gave up (memory, or a minute) or was not tried */
};

static const struct shape shapes[] = {
    {"mutex", 1000, false, 0, 4.8},         {"mutex", 10000, false, 0, 92},
    {"mutex", 100000, false, 0, 3200},      {"mutex", 1000000, false, 0, 0},
    {"mutex", 1000, true, 0, 7.3},          {"mutex", 10000, true, 0, 144},
    {"mutex", 100000, true, 0, 5300},       {"mutex", 1000000, true, 0, 0},
    {"mutex", 1000, false, 10, 3.7},        {"mutex", 10000, false, 10, 76},
    {"mutex", 100000, false, 10, 3200},     {"mutex", 10000, true, 10, 2400},
    {"mutex", 100000, true, 10, 0},         {"owned-mutex", 100000, false, 0, 3200},
    {"owned-mutex", 100000, true, 0, 5300}, {"fenced", 100000, false, 0, 3200},
    {"fenced", 100000, true, 0, 5300},      {"fenced", 1000000, false, 0, 0},
    {"counter", 1000, false, 0, 2.5},       {"counter", 10000, false, 0, 47},
    {"counter", 100000, false, 0, 1370},    {"counter", 1000000, false, 0, 0},
    {"counter", 10000, true, 0, 49},        {"counter", 100000, true, 0, 1390},
    {"counter", 1000, false, 10, 79},       {"counter", 1000, true, 10, 204},
    {"counter", 10000, false, 10, 9600},    {"counter", 10000, true, 10, 0},
    {"counter", 100000, true, 10, 0},       {"register", 100000, false, 0, 0},
    {"register", 100000, true, 0, 0},       {"cas-register", 1000, false, 0, 11.8},
    {"cas-register", 10000, false, 0, 205}, {"cas-register", 100000, false, 0, 10000},
    {"cas-register", 1000, true, 0, 142},   {"cas-register", 10000, true, 0, 4500},
    {"cas-register", 100000, true, 0, 0},   {"cas-register", 1000, false, 10, 6.6},
    {"cas-register", 1000, true, 10, 0},    {"cas-register", 10000, false, 10, 152},
    {"cas-register", 10000, true, 10, 0},
};

/* ---- the histories ---- */

struct world {
    struct lp_calls calls;
    struct lp_random random;
    enum lp_model_kind kind;
    uint64_t now_ns;
    int64_t value, token; /* of the object */
    unsigned holder;      /* 1 + process; 0: nobody */
    struct {
        bool busy, done; /* a call is in flight; it has taken effect */
        size_t call;
        bool holds;
        uint32_t number; /* a process whose call never returned is followed by a new one */
    } of[PROCESSES];
    uint32_t process_count;
};

static struct lp_call *call_of(struct world *world, unsigned process)
{
    return &world->calls.calls[world->of[process].call];
}

static void invoke(struct world *world, unsigned process)
{
    struct lp_call call = {.invoke_ns = world->now_ns,
                           .return_ns = LP_CALL_NEVER,
                           .a = LP_CALL_NOTHING,
                           .b = LP_CALL_NOTHING,
                           .process = world->of[process].number,
                           .source = (uint32_t)world->calls.count,
                           .outcome = LP_UNKNOWN};
    uint64_t roll = lp_random_between(&world->random, 0, 2);
    int64_t value = (int64_t)lp_random_between(&world->random, 0, VALUES - 1);
    switch (world->kind) {
    case LP_MODEL_COUNTER:
        call.kind = LP_CALL_ADD;
        call.a = 1;
        break;
    case LP_MODEL_REGISTER:
        call.kind = roll == 0 ? LP_CALL_WRITE : LP_CALL_READ;
        call.a = roll == 0 ? (int64_t)world->calls.count : LP_CALL_NOTHING;
        break;
    case LP_MODEL_CAS_REGISTER:
        call.kind = roll == 0 ? LP_CALL_READ : roll == 1 ? LP_CALL_WRITE : LP_CALL_CAS;
        call.a = roll == 0 ? LP_CALL_NOTHING : value;
        if (roll == 2)
            call.b = (int64_t)lp_random_between(&world->random, 0, VALUES - 1);
        break;
    default:
        call.kind = world->of[process].holds ? LP_CALL_RELEASE : LP_CALL_ACQUIRE;
        break;
    }
    world->of[process].busy = true;
    world->of[process].done = false;
    world->of[process].call = world->calls.count;
    world->calls.calls[world->calls.count++] = call;
}

/* The call takes effect; false when it has to wait. */
static bool take_effect(struct world *world, unsigned process)
{
    struct lp_call *call = call_of(world, process);
    switch (call->kind) {
    case LP_CALL_ACQUIRE:
        if (world->holder != 0)
            return false;
        world->holder = process + 1;
        world->of[process].holds = true;
        if (world->kind == LP_MODEL_FENCED)
            call->a = ++world->token;
        break;
    case LP_CALL_RELEASE:
        world->holder = 0;
        world->of[process].holds = false;
        break;
    case LP_CALL_ADD:
        call->b = ++world->value;
        break;
    case LP_CALL_READ:
        call->a = world->value;
        break;
    case LP_CALL_WRITE:
        world->value = call->a;
        break;
    default:
        call->outcome = world->value == call->a ? LP_OK : LP_BUSY;
        if (call->outcome == LP_OK)
            world->value = call->b;
        break;
    }
    world->of[process].done = true;
    return true;
}

static void complete(struct world *world, unsigned process)
{
    struct lp_call *call = call_of(world, process);
    call->return_ns = world->now_ns;
    if (call->outcome != LP_BUSY)
        call->outcome = LP_OK;
    world->of[process].busy = false;
}

/* One call whose answer is wrong, near the end. */
static void spoil(struct world *world)
{
    struct lp_calls *calls = &world->calls;
    for (size_t i = calls->count * 99 / 100; i < calls->count; i++) {
        struct lp_call *call = &calls->calls[i];
        if (call->outcome != LP_OK)
            continue;
        if (world->kind == LP_MODEL_FENCED && call->kind == LP_CALL_ACQUIRE) {
            call->a -= (int64_t)calls->count / 100;
            return;
        }
        if (world->kind == LP_MODEL_COUNTER) {
            call->b--;
            return;
        }
        if (call->kind == LP_CALL_READ) {
            call->a = world->kind == LP_MODEL_REGISTER ? 0 : VALUES;
            return;
        }
        bool released = call->kind == LP_CALL_RELEASE && world->kind != LP_MODEL_FENCED;
        if (world->kind <= LP_MODEL_LEASE && released) {
            call->outcome = LP_FAIL; /* it did not release, and yet the next one was granted */
            return;
        }
    }
}

static void generate(struct world *world, const struct shape *shape, uint64_t seed)
{
    struct lp_model model;
    struct lp_err err;
    if (lp_model_parse(&model, shape->model, &err) == -1)
        abort();
    *world = (struct world){.kind = model.kind, .now_ns = 1000};
    lp_random_init(&world->random, seed, 0);
    lp_calls_init(&world->calls);
    world->calls.start = model.kind == LP_MODEL_CAS_REGISTER ? 0 : LP_CALL_NOTHING;
    world->value = model.kind == LP_MODEL_REGISTER ? LP_CALL_NOTHING : 0;
    world->calls.calls = lp_alloc(shape->operations + 4 * PROCESSES, sizeof(struct lp_call));
    size_t crashes = 0;
    for (; world->process_count < PROCESSES; world->process_count++)
        world->of[world->process_count].number = world->process_count;
    for (bool open = true; world->calls.count < shape->operations || open;) {
        unsigned process = (unsigned)lp_random_between(&world->random, 0, PROCESSES - 1);
        world->now_ns += lp_random_between(&world->random, 1, 100);
        open = false;
        for (unsigned i = 0; i < PROCESSES; i++)
            open |= world->of[i].busy;
        if (!world->of[process].busy) {
            if (world->calls.count < shape->operations ||
                (world->of[process].holds && world->kind <= LP_MODEL_LEASE))
                invoke(world, process);
        } else if (world->of[process].done) {
            /* Of those that are to crash, one in each part of the history: its answer is lost. */
            if (crashes < shape->crashed &&
                world->calls.count > (crashes + 1) * shape->operations / (shape->crashed + 1) &&
                call_of(world, process)->outcome == LP_UNKNOWN &&
                call_of(world, process)->kind != LP_CALL_ACQUIRE &&
                call_of(world, process)->kind != LP_CALL_READ) {
                crashes++;
                world->of[process].busy = false;
                world->of[process].number = world->process_count++;
                if (world->kind == LP_MODEL_COUNTER)
                    call_of(world, process)->b = LP_CALL_NOTHING;
            } else {
                complete(world, process);
            }
        } else {
            take_effect(world, process);
        }
    }
    if (shape->violation)
        spoil(world);
}

/* ---- the clock ---- */

/* Processor time: other programs on the machine do not count. */
static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t plain_pass(const struct lp_calls *calls)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < calls->count; i++) {
        const struct lp_call *call = &calls->calls[i];
        sum += call->invoke_ns + call->return_ns + (uint64_t)call->a + (uint64_t)call->b +
               call->process + call->key + call->kind + call->outcome;
    }
    return sum;
}

static long peak_kb(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

struct figures {
    double rule_ms, search_ms, pass_ms;
    enum lp_decided decided;
    const char *rule;
};

static double time_decision(const struct shape *shape, const struct lp_calls *calls,
                            bool search_only, unsigned runs, struct figures *figures)
{
    double times[RUNS_MAX];
    struct lp_model model;
    struct lp_err err;
    if (lp_model_parse(&model, shape->model, &err) == -1)
        abort();
    for (unsigned i = 0; i < runs; i++) {
        struct lp_budget budget = {.search_only = search_only, .threads = 1};
        struct lp_decision decision;
        uint64_t begin = now_ns();
        lp_model_decide(&model, calls, &budget, &decision);
        times[i] = (double)(now_ns() - begin) / 1e6;
        if (decision.decided != (shape->violation ? LP_DECIDED_BROKEN : LP_DECIDED_HELD))
            fprintf(stderr, "bench: %s %zu: wrongly decided (%d, %s)\n", shape->model,
                    shape->operations, decision.decided, decision.detail);
        figures->decided = decision.decided;
        if (!search_only)
            figures->rule = decision.rule;
        lp_decision_release(&decision);
    }
    return median_of(times, runs);
}

static void time_all(const struct shape *shape, struct figures *figures)
{
    struct world world;
    double times[RUNS_MAX];
    unsigned runs = shape->operations >= 1000000 ? 3 : shape->operations >= 100000 ? 7 : 21;
    volatile uint64_t sink;
    generate(&world, shape, 20260131);
    for (unsigned i = 0; i < runs; i++) {
        uint64_t begin = now_ns();
        sink = plain_pass(&world.calls);
        times[i] = (double)(now_ns() - begin) / 1e6;
    }
    (void)sink;
    figures->pass_ms = median_of(times, runs);
    figures->rule_ms = time_decision(shape, &world.calls, false, runs, figures);
    /* All waiting acquires with their tokens, in all their orders: minutes, and nobody's case. */
    if (world.kind != LP_MODEL_FENCED)
        figures->search_ms = time_decision(shape, &world.calls, true, runs > 7 ? 7 : 3, figures);
    lp_calls_release(&world.calls);
}

static void tell(const struct shape *shape, const struct figures *figures, FILE *json, bool first)
{
    double recorded = shape->porcupine_ms;
    char rule_ratio[32] = "-", search_ratio[32] = "-";
    if (recorded > 0)
        snprintf(rule_ratio, sizeof rule_ratio, "%.0f", recorded / figures->rule_ms);
    if (recorded > 0 && figures->search_ms > 0)
        snprintf(search_ratio, sizeof search_ratio, "%.1f", recorded / figures->search_ms);
    printf("%-12s %8zu %-9s %2u  %10.3f %10.3f %8.2f %10.3f %9s %9s  %6.1f\n", shape->model,
           shape->operations, shape->violation ? "violation" : "valid", shape->crashed,
           figures->rule_ms, figures->search_ms, figures->rule_ms / figures->pass_ms, recorded,
           rule_ratio, search_ratio, (double)peak_kb() / 1024);
    fflush(stdout);
    if (json)
        fprintf(json,
                "%s{\"model\":\"%s\",\"operations\":%zu,\"violation\":%s,\"crashed\":%u,"
                "\"decided_ms\":%.4f,\"search_ms\":%.4f,\"pass_ms\":%.4f,\"porcupine_ms\":%.4f,"
                "\"rule\":\"%s\"}",
                first ? "" : ",\n", shape->model, shape->operations,
                shape->violation ? "true" : "false", shape->crashed, figures->rule_ms,
                figures->search_ms, figures->pass_ms, recorded, figures->rule);
}

int main(int argc, char **argv)
{
    FILE *json = argc > 1 ? fopen(argv[1], "w") : NULL;
    const char *only = getenv("BENCH_MODEL");
    bool first = true;
    if (json)
        fprintf(json, "[\n");
    printf("%-12s %8s %-9s %2s  %10s %10s %8s %10s %9s %9s  %6s\n", "model", "ops", "", "cr",
           "decided ms", "search ms", "passes", "recorded", "times", "search", "MB");
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        struct figures figures = {.rule = ""};
        if (only && strcmp(only, shapes[i].model) != 0)
            continue;
        time_all(&shapes[i], &figures);
        tell(&shapes[i], &figures, json, first);
        first = false;
    }
    if (json) {
        fprintf(json, "\n]\n");
        fclose(json);
    }
    return 0;
}
