/* SPDX-License-Identifier: MIT */
/*
 * Small histories whose truth is known. A program of steps is carried out on one register in a
 * random order, under a lock or without; each step takes effect at one instant, and is recorded
 * with an invocation before and a completion after it. Some end unknown, some workers are killed.
 * What really happened to the register is kept beside.
 */
#ifndef LP_TESTS_SIMULATE_H
#define LP_TESTS_SIMULATE_H

#include "base/random.h"
#include "tests/unit/history_builder.h"

#define SIM_WORKERS_MAX 3
#define SIM_OPS_MAX 64

struct sim {
    struct lp_random random;
    struct hb_op ops[SIM_OPS_MAX]; /* of all workers, in order of their effects */
    uint64_t effect_ns[SIM_OPS_MAX];
    size_t count;
    uint32_t workers;
    unsigned killed;
    int64_t reg, start;
    uint64_t acknowledged; /* truth: */
    uint64_t applied;      /*   unknown ones that took effect */
    uint64_t unknown;
};

static inline bool sim_chance(struct sim *sim, unsigned one_in)
{
    return one_in > 0 && lp_random_between(&sim->random, 1, one_in) == 1;
}

static inline void sim_init(struct sim *sim, uint64_t seed, uint64_t number)
{
    *sim = (struct sim){.workers = 0};
    lp_random_init(&sim->random, seed, number);
    sim->workers = (uint32_t)lp_random_between(&sim->random, 2, SIM_WORKERS_MAX);
    sim->start = (int64_t)lp_random_between(&sim->random, 0, 3);
    sim->reg = sim->start;
}

static inline struct hb_op *sim_step(struct sim *sim, uint32_t worker, unsigned kind, int64_t value)
{
    uint64_t previous_ns = sim->count ? sim->effect_ns[sim->count - 1] : 10;
    if (sim->count == SIM_OPS_MAX)
        LP_BUG("a longer history than the simulation has room for");
    sim->effect_ns[sim->count] = previous_ns + lp_random_between(&sim->random, 1, 20);
    struct hb_op *op = &sim->ops[sim->count++];
    *op = (struct hb_op){.worker = worker, .kind = kind, .value = value};
    return op;
}

static inline void sim_write(struct sim *sim, uint32_t worker, int64_t value, unsigned unknown_in)
{
    struct hb_op *op = sim_step(sim, worker, LP_STEP_WRITE, value);
    bool unknown = sim_chance(sim, unknown_in);
    bool applied = !unknown || sim_chance(sim, 2);
    if (applied)
        sim->reg = value;
    sim->acknowledged += !unknown;
    sim->unknown += unknown;
    sim->applied += unknown && applied;
    op->outcome = unknown ? LP_UNKNOWN : LP_OK;
}

static inline void sim_add(struct sim *sim, uint32_t worker)
{
    sim->reg++;
    sim->acknowledged++;
    sim_step(sim, worker, LP_STEP_ADD, sim->reg);
}

static inline size_t sim_next_of(const struct sim *sim, size_t from)
{
    for (size_t i = from + 1; i < sim->count; i++)
        if (sim->ops[i].worker == sim->ops[from].worker)
            return i;
    return SIZE_MAX;
}

/* Invocations and completions at random places around the effects, in each worker's own order. */
static inline void sim_times(struct sim *sim)
{
    uint64_t free_from[SIM_WORKERS_MAX] = {5, 5, 5};
    for (size_t i = 0; i < sim->count; i++) {
        struct hb_op *op = &sim->ops[i];
        uint64_t effect_ns = sim->effect_ns[i];
        size_t next = sim_next_of(sim, i);
        bool last_of_killed = next == SIZE_MAX && hb_in(sim->killed, op->worker);
        uint64_t latest = next == SIZE_MAX ? effect_ns + 15 : sim->effect_ns[next] - 1;
        /* Killed before anything else happens: its lock is released for it by then. */
        if (last_of_killed && i + 1 < sim->count)
            latest = sim->effect_ns[i + 1] - 1;
        op->from = lp_random_between(&sim->random, free_from[op->worker], effect_ns);
        op->to = lp_random_between(&sim->random, effect_ns, latest);
        free_from[op->worker] = op->to + (op->to < latest);
        if (last_of_killed && op->outcome == LP_UNKNOWN)
            op->to = 0;
        op->attempt_ns = op->kind == LP_STEP_LOCK ? op->from : 0;
    }
}

static inline void sim_build(struct sim *sim, struct hb *hb)
{
    sim_times(sim);
    hb_build(hb, &(struct hb_run){.ops = sim->ops,
                                  .op_count = sim->count,
                                  .workers = sim->workers,
                                  .start = sim->start,
                                  .final = sim->reg,
                                  .killed = sim->killed,
                                  .lock_count = 1});
}

/* A lock that holds: sections one after the other. A worker may be killed inside its section; the
   kernel releases for it. */
static inline void sim_locked(struct sim *sim, unsigned unknown_in, unsigned kill_in)
{
    size_t sections = lp_random_between(&sim->random, 1, 9);
    while (sections-- > 0) {
        uint32_t worker = (uint32_t)lp_random_between(&sim->random, 0, sim->workers - 1);
        bool killed = sim_chance(sim, kill_in);
        size_t steps = killed ? lp_random_between(&sim->random, 1, 3) : 4;
        if (hb_in(sim->killed, worker))
            continue;
        sim_step(sim, worker, LP_STEP_LOCK, 0);
        int64_t seen = sim->reg;
        if (steps > 1)
            sim_step(sim, worker, LP_STEP_READ, seen);
        if (steps > 2)
            sim_write(sim, worker, seen + 1, killed ? 2 : unknown_in);
        if (steps > 3)
            sim_step(sim, worker, LP_STEP_UNLOCK, 0);
        if (killed)
            sim->killed |= 1u << worker;
    }
}

/* No lock: reads and writes of all workers in any order. */
static inline void sim_unlocked(struct sim *sim, unsigned unknown_in, unsigned add_in)
{
    struct {
        size_t left;
        bool has_read;
        int64_t seen;
    } state[SIM_WORKERS_MAX] = {{0}};
    size_t left = 0;
    for (uint32_t i = 0; i < sim->workers; i++)
        left += state[i].left = lp_random_between(&sim->random, 1, 4);
    while (left > 0) {
        uint32_t worker = (uint32_t)lp_random_between(&sim->random, 0, sim->workers - 1);
        if (state[worker].left == 0)
            continue;
        if (!state[worker].has_read && sim_chance(sim, add_in)) {
            sim_add(sim, worker);
            state[worker].left--;
            left--;
        } else if (!state[worker].has_read) {
            state[worker].seen = sim->reg;
            state[worker].has_read = true;
            sim_step(sim, worker, LP_STEP_READ, sim->reg);
        } else {
            sim_write(sim, worker, state[worker].seen + 1, unknown_in);
            state[worker].has_read = false;
            state[worker].left--;
            left--;
        }
    }
}

#endif
