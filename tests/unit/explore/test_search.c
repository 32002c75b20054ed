/* SPDX-License-Identifier: MIT */
/* The strategies against each other, and against numbers that are known beforehand. */
#include "tests/unit/explore/toy.h"
#include "tests/unit/unit.h"

static struct lp_search_result search(struct toy *toy, struct lp_search_options options)
{
    struct lp_world world = toy_world(toy);
    struct lp_search_result result;
    struct lp_err err = {0};
    ck_assert_int_eq(lp_search(&world, &options, &result, &err), 0);
    return result;
}

static const struct lp_search_options everything = {
    .preemptions = LP_NO_BOUND, .reduction = LP_REDUCTION_NONE, .keep_going = true};
static const struct lp_search_options reduced = {
    .preemptions = LP_NO_BOUND, .reduction = LP_REDUCTION_DPOR, .keep_going = true};

/* Schedules and classes of small programs; the first column is the multinomial coefficient of the
   lengths where nothing blocks. */
static const struct {
    const char *programs[TOY_WORKERS];
    uint64_t schedules, classes, violations;
} cases[] = {
    {{"rw", "rw"}, 6, 4, 4},          /* 4! / 2! 2! */
    {{"rwrw", "rwrw"}, 70, 34, 64},   /* 8! / 4! 4!; all but 6 whose rounds are whole lose */
    {{"rw", "rw", "rw"}, 90, 36, 84}, /* 6! / 2! 2! 2! */
    {{"a", "a", "a"}, 6, 6, 0},       /* adds are dependent, none is lost */
    {{"--", "--", "--"}, 90, 1, 0},   /* independent of all */
    {{"r", "r", "r"}, 6, 1, 0},       /* reads are of each other */
    {{"rW", "-"}, 3, 1, 0},
    {{"lrwu", "lrwu"}, 2, 2, 0}, /* a lock that holds */
    {{"lrwu", "lrwu", "lrwu"}, 6, 6, 0},
    {{"trwu", "trwu"}, 0, 0, 0},
};

static void load(struct toy *toy, const char *const *programs)
{
    *toy = (struct toy){0};
    for (unsigned i = 0; i < TOY_WORKERS && programs[i]; i++)
        toy_program(toy, programs[i]);
}

START_TEST(counts_are_those_of_the_books)
{
    struct toy toy;
    if (cases[_i].schedules == 0)
        return;
    load(&toy, cases[_i].programs);
    struct lp_search_result all = search(&toy, everything), few = search(&toy, reduced);
    ck_assert_uint_eq(all.schedules, cases[_i].schedules);
    ck_assert_uint_eq(all.classes, cases[_i].classes);
    ck_assert_uint_eq(all.violations, cases[_i].violations);
    ck_assert_uint_eq(few.classes, cases[_i].classes);
    ck_assert_uint_eq(few.schedules, few.classes);
    ck_assert_uint_eq(few.outcomes, all.outcomes);
    ck_assert(all.exhaustive && few.exhaustive);
    lp_search_result_release(&all);
    lp_search_result_release(&few);
}
END_TEST

START_TEST(opposite_orders_deadlock_and_equal_ones_do_not)
{
    static const char *const opposite[TOY_WORKERS] = {"lLrwUu", "LlrwuU"};
    static const char *const equal[TOY_WORKERS] = {"lLrwUu", "lLrwUu"};
    struct toy toy;
    load(&toy, opposite);
    struct lp_search_result result = search(&toy, reduced);
    ck_assert_uint_gt(result.deadlocks, 0);
    ck_assert_int_eq(result.losing_ending, LP_ENDING_DEADLOCK);
    lp_search_result_release(&result);
    load(&toy, equal);
    result = search(&toy, reduced);
    ck_assert_uint_eq(result.deadlocks, 0);
    ck_assert_uint_eq(result.violations, 0);
    ck_assert(result.exhaustive);
    lp_search_result_release(&result);
}
END_TEST

START_TEST(a_lock_of_two_steps_is_seen_through)
{
    static const char *const broken[TOY_WORKERS] = {"ckrwu", "ckrwu"};
    struct toy toy;
    load(&toy, broken);
    struct lp_search_result result = search(&toy, reduced);
    ck_assert_uint_gt(result.violations, 0);
    lp_search_result_release(&result);
}
END_TEST

/* Two who let go of what they do not hold, and one who relies on it. */
START_TEST(a_foreign_release_needs_three)
{
    static const char *const two[TOY_WORKERS] = {"lrwu", "ulrwu"};
    struct toy toy;
    load(&toy, two);
    struct lp_search_result all = search(&toy, everything), few = search(&toy, reduced);
    ck_assert_uint_gt(few.violations, 0);
    ck_assert_uint_eq(few.outcomes, all.outcomes);
    ck_assert_uint_eq(few.classes, all.classes);
    lp_search_result_release(&all);
    lp_search_result_release(&few);
}
END_TEST

/* A lease is over only when somebody thinks for longer: steps take no time, and those who could go
   on are never left standing by it. */
START_TEST(time_passes_only_when_all_wait)
{
    static const struct {
        const char *programs[TOY_WORKERS];
        bool loses;
    } rows[] = {
        {{"erwu", "erwu"}, false},    {{"erhwu", "erhwu"}, false},
        {{"erhwu", "Herhwu"}, false}, /* the other's thinking beforehand holds nobody up */
        {{"erHwu", "erwu"}, true},    {{"lrHwu", "erwu"}, false}, /* no lease, no end */
        {{"erh", "lrwu"}, false}, /* whoever ends with it keeps it to its end, and no longer */
    };
    for (size_t i = 0; i < LP_ARRAY_LEN(rows); i++) {
        struct toy toy;
        load(&toy, rows[i].programs);
        toy.timed = true;
        struct lp_search_result all = search(&toy, everything), few = search(&toy, reduced);
        ck_assert_msg((few.violations > 0) == rows[i].loses, "row %zu", i);
        ck_assert_uint_eq(few.outcomes, all.outcomes);
        ck_assert_uint_eq(few.classes, all.classes);
        ck_assert(all.exhaustive && few.exhaustive);
        lp_search_result_release(&all);
        lp_search_result_release(&few);
    }
}
END_TEST

/* An order in which time comes too early is followed by having the others go first. */
START_TEST(followed_time_waits_for_others)
{
    static const char *const programs[TOY_WORKERS] = {"erhwu", "erhwu"};
    static const unsigned order[] = {0, 2, 2, 1, 0};
    struct toy toy;
    struct lp_followed followed = {0};
    struct lp_err err = {0};
    load(&toy, programs);
    toy.timed = true;
    struct lp_world world = toy_world(&toy);
    ck_assert_int_eq(
        lp_follow(&world, order, LP_ARRAY_LEN(order), LP_FOLLOW_LOOSE, false, 0, &followed, &err),
        0);
    ck_assert_int_eq(followed.ending, LP_ENDING_ALL);
    ck_assert_int_eq(followed.seen.found, LP_FOUND_NOTHING);
    /* Strictly it is a delay that the schedule asks for, and the lease ends. */
    ck_assert_int_eq(
        lp_follow(&world, order, LP_ARRAY_LEN(order), LP_FOLLOW_STRICT, false, 0, &followed, &err),
        0);
    ck_assert(followed.diverged || followed.seen.found == LP_FOUND_VIOLATION);
    lp_followed_release(&followed);
}
END_TEST

static void make_random(struct toy *toy, uint64_t seed, bool timed, bool killed)
{
    struct lp_random random;
    enum toy_op last = timed ? TOY_LEASE : TOY_NOTHING;
    lp_random_init(&random, seed, 1);
    *toy = (struct toy){.workers = (unsigned)lp_random_between(&random, 2, 3), .timed = timed};
    unsigned longest = toy->workers == 2 ? 6 : 3;
    for (unsigned w = 0; w < toy->workers; w++) {
        unsigned length = (unsigned)lp_random_between(&random, 1, longest);
        for (unsigned i = 0; i < length; i++) {
            enum toy_op op = (enum toy_op)lp_random_between(&random, TOY_READ, last);
            toy_add(toy, w, op, (unsigned)lp_random_between(&random, 0, 1));
        }
    }
    if (!killed)
        return;
    toy_add(toy, toy->workers, TOY_KILL, (unsigned)lp_random_between(&random, 0, 1));
    toy->workers++;
    toy->faults = 1;
}

static void tell_program(const struct toy *toy, char *out, size_t size)
{
    size_t used = 0;
    for (unsigned w = 0; w < toy->workers; w++) {
        for (unsigned i = 0; i < toy->length[w]; i++)
            used += (size_t)snprintf(out + used, size - used, "%u/%u ", toy->program[w][i].op,
                                     toy->program[w][i].object);
        used += (size_t)snprintf(out + used, size - used, "| ");
    }
}

#define RANDOM_PROGRAMS 3000

/* The claim of the reduction: every class once, and nothing else. Odd: with time; from 2 on: with
   somebody killed. */
START_TEST(reduced_is_as_good_as_everything)
{
    for (uint64_t seed = 0; seed < RANDOM_PROGRAMS; seed++) {
        struct toy toy;
        char text[512];
        make_random(&toy, seed, _i % 2, _i >= 2);
        tell_program(&toy, text, sizeof text);
        struct lp_search_result all = search(&toy, everything), few = search(&toy, reduced);
        ck_assert_msg(
            all.classes == few.classes && all.outcomes == few.outcomes &&
                (all.violations > 0) == (few.violations > 0) && few.schedules == few.classes,
            "seed %llu: %s: %llu of %llu classes in %llu schedules, %llu of %llu outcomes",
            (unsigned long long)seed, text, (unsigned long long)few.classes,
            (unsigned long long)all.classes, (unsigned long long)few.schedules,
            (unsigned long long)few.outcomes, (unsigned long long)all.outcomes);
        ck_assert(all.exhaustive && few.exhaustive);
        lp_search_result_release(&all);
        lp_search_result_release(&few);
    }
}
END_TEST

START_TEST(a_bound_is_kept_and_said)
{
    static const char *const programs[TOY_WORKERS] = {"rwrw", "rwrw"};
    struct lp_search_options bounded = everything;
    struct toy toy;
    uint64_t before = 0;
    for (uint32_t bound = 0; bound < 7; bound++) {
        load(&toy, programs);
        bounded.preemptions = bound;
        struct lp_search_result result = search(&toy, bounded);
        ck_assert_uint_gt(result.schedules, before);
        ck_assert(result.bound_complete);
        ck_assert_int_eq(result.violations > 0, bound > 0);
        ck_assert_int_eq(result.exhaustive, result.schedules == 70);
        before = result.schedules;
        lp_search_result_release(&result);
    }
    ck_assert_uint_eq(before, 70);
}
END_TEST

START_TEST(chance_finds_what_there_is_and_says_how_likely)
{
    static const char *const programs[TOY_WORKERS] = {"rw", "rw", "--"};
    struct toy toy;
    load(&toy, programs);
    struct lp_search_options options = {.strategy = LP_STRATEGY_PCT,
                                        .preemptions = LP_NO_BOUND,
                                        .pct_depth = 2,
                                        .seed = 7,
                                        .schedules_max = 100,
                                        .keep_going = true};
    struct lp_search_result result = search(&toy, options);
    ck_assert_uint_eq(result.schedules, 100);
    ck_assert_uint_gt(result.violations, 0);
    ck_assert(!result.exhaustive);
    /* The first schedule was only there to learn k = 6; then 99 chances of 1 in 3 * 6. */
    double miss = 1;
    for (int i = 0; i < 99; i++)
        miss *= 1 - 1 / 18.0;
    ck_assert_double_eq_tol(result.probability, 1 - miss, 1e-9);
    lp_search_result_release(&result);

    options.strategy = LP_STRATEGY_RANDOM;
    result = search(&toy, options);
    ck_assert_uint_eq(result.schedules, 100);
    ck_assert_uint_gt(result.violations, 0);
    ck_assert_double_lt(result.probability, 0);
    uint64_t classes = result.classes;
    lp_search_result_release(&result);
    result = search(&toy, options); /* the same seed, the same schedules */
    ck_assert_uint_eq(result.classes, classes);
    lp_search_result_release(&result);
}
END_TEST

/* PCT's bound is a lower one: of many single schedules at least the share that it promises shows
   the bug. */
START_TEST(the_bound_of_pct_is_kept)
{
    static const char *const programs[TOY_WORKERS] = {"rw", "rw"};
    unsigned found = 0, tries = 2000;
    for (unsigned seed = 0; seed < tries; seed++) {
        struct toy toy;
        load(&toy, programs);
        struct lp_search_options options = {.strategy = LP_STRATEGY_PCT,
                                            .preemptions = LP_NO_BOUND,
                                            .pct_depth = 2,
                                            .seed = seed,
                                            .schedules_max = 2,
                                            .keep_going = true};
        struct lp_search_result result = search(&toy, options);
        found += result.violations > 0;
        lp_search_result_release(&result);
    }
    ck_assert_uint_gt(found, tries / (2 * 4));
}
END_TEST

START_TEST(a_world_that_changes_is_noticed)
{
    static const char *const programs[TOY_WORKERS] = {"rwrw", "rwrw"};
    struct toy toy;
    load(&toy, programs);
    toy.drift_after = 3;
    struct lp_search_result result = search(&toy, reduced);
    ck_assert_uint_gt(result.unstable, 0);
    ck_assert(!result.exhaustive);
    lp_search_result_release(&result);
}
END_TEST

START_TEST(what_the_cheap_reset_forgets_is_noticed)
{
    static const char *const programs[TOY_WORKERS] = {"a", "--"};
    struct toy toy;
    struct lp_search_options options = everything;
    options.fresh_every = 2;
    load(&toy, programs);
    struct lp_search_result result = search(&toy, options);
    ck_assert_uint_eq(result.unstable, 0);
    ck_assert_uint_eq(result.renewed, result.schedules / 2);
    ck_assert(result.exhaustive);
    lp_search_result_release(&result);
    load(&toy, programs);
    toy.forgetful = 1;
    result = search(&toy, options);
    ck_assert_uint_gt(result.unstable, 0);
    ck_assert(!result.exhaustive);
    lp_search_result_release(&result);
}
END_TEST

START_TEST(limits_end_a_search_and_take_away_the_claim)
{
    static const char *const programs[TOY_WORKERS] = {"rwrw", "rwrw"};
    struct toy toy;
    struct lp_search_options options = everything;
    load(&toy, programs);
    options.schedules_max = 69;
    struct lp_search_result result = search(&toy, options);
    ck_assert_uint_eq(result.schedules, 69);
    ck_assert(!result.exhaustive);
    lp_search_result_release(&result);
    options.schedules_max = 0;
    options.steps_max = 5;
    result = search(&toy, options);
    ck_assert_uint_gt(result.cut, 0);
    ck_assert(!result.exhaustive);
    lp_search_result_release(&result);
}
END_TEST

/* ---- a sleeper that is woken by the last step of another ---- */

/* As programs under test are: worker 0 sleeps, which may be anything when it wakes, and then reads
   what nobody else touches; worker 1 ends with its only step. */
struct sleepy {
    bool never, asleep, done[2];
};

static int sleepy_reset(void *self, bool fresh, struct lp_err *err)
{
    struct sleepy *world = self;
    (void)fresh, (void)err;
    *world = (struct sleepy){.never = world->never, .asleep = true};
    return 0;
}

static bool sleepy_next(void *self, unsigned worker, struct lp_intent *intent)
{
    const struct sleepy *world = self;
    *intent = (struct lp_intent){.access = {{.object = worker, .kind = LP_ACCESS_READ}},
                                 .count = 1,
                                 .everything = worker == 0 && world->asleep};
    return !world->done[worker];
}

static bool sleepy_waits(void *self, unsigned worker)
{
    const struct sleepy *world = self;
    return worker == 0 && world->asleep;
}

static int sleepy_step(void *self, unsigned worker, struct lp_effect *effect, struct lp_err *err)
{
    struct sleepy *world = self;
    (void)err;
    ck_assert(!sleepy_waits(self, worker));
    world->done[worker] = true;
    if (worker == 1)
        world->asleep = world->never;
    *effect = (struct lp_effect){.went = LP_WENT_DONE};
    return 0;
}

static int sleepy_judge(void *self, enum lp_ending ending, struct lp_outcome_seen *seen,
                        struct lp_err *err)
{
    const struct sleepy *world = self;
    (void)ending, (void)err;
    seen->found = world->done[0] ? LP_FOUND_VIOLATION : LP_FOUND_NOTHING;
    return 0;
}

START_TEST(who_is_woken_by_the_end_of_another_goes_on)
{
    struct sleepy sleepy = {.never = _i & 1};
    struct lp_world world = {.self = &sleepy,
                             .workers = 2,
                             .reset = sleepy_reset,
                             .next = sleepy_next,
                             .step = sleepy_step,
                             .waits = sleepy_waits,
                             .judge = sleepy_judge};
    struct lp_search_options options = _i & 2 ? reduced : everything;
    struct lp_search_result result;
    struct lp_err err = {0};
    ck_assert_int_eq(lp_search(&world, &options, &result, &err), 0);
    ck_assert_uint_eq(result.violations, !sleepy.never);
    ck_assert_uint_eq(result.deadlocks, sleepy.never);
    lp_search_result_release(&result);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("search");
    TCase *tcase = tcase_create("search");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, counts_are_those_of_the_books, 0, (int)LP_ARRAY_LEN(cases));
    tcase_add_test(tcase, opposite_orders_deadlock_and_equal_ones_do_not);
    tcase_add_test(tcase, a_lock_of_two_steps_is_seen_through);
    tcase_add_test(tcase, a_foreign_release_needs_three);
    tcase_add_test(tcase, time_passes_only_when_all_wait);
    tcase_add_test(tcase, followed_time_waits_for_others);
    tcase_add_loop_test(tcase, who_is_woken_by_the_end_of_another_goes_on, 0, 4);
    tcase_add_loop_test(tcase, reduced_is_as_good_as_everything, 0, 4);
    tcase_add_test(tcase, a_bound_is_kept_and_said);
    tcase_add_test(tcase, chance_finds_what_there_is_and_says_how_likely);
    tcase_add_test(tcase, the_bound_of_pct_is_kept);
    tcase_add_test(tcase, a_world_that_changes_is_noticed);
    tcase_add_test(tcase, what_the_cheap_reset_forgets_is_noticed);
    tcase_add_test(tcase, limits_end_a_search_and_take_away_the_claim);
    suite_add_tcase(suite, tcase);
    return suite;
}

LP_UNIT_MAIN(make_suite)
