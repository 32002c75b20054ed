/* SPDX-License-Identifier: MIT */
/* Whole diagrams of small histories: a reader of this file sees what a user sees. */
#include "tests/unit/unit.h"

#include "tests/unit/reports/fixture.h"

#define MAX_OPS 12
#define NO_LOCK 0xff
static const char *const plain_groups[FIXTURE_WORKERS] = {"a", "b", "c", "d", "e", "f", "g", "h"};

static const struct lane_case {
    const char *name;
    struct op_row rows[MAX_OPS]; /* ended by kind 0 */
    unsigned workers;
    unsigned locks;
    const char *diagram;
} cases[] = {
    {"operations that only touch take a row each",
     {{0, LP_STEP_READ, 10, 20, 1, LP_OK, 0, NO_LOCK, 7},
      {1, LP_STEP_READ, 20, 30, 1, LP_OK, 0, NO_LOCK, 7}},
     2,
     1,
     "    time  worker 0 (a)  worker 1 (b)\n"
     "0.020 ms  read 1\n"
     "0.030 ms                read 1\n"},
    {"operations that overlap are told apart",
     {{0, LP_STEP_READ, 10, 21, 1, LP_OK, 0, NO_LOCK, 7},
      {1, LP_STEP_READ, 20, 30, 1, LP_OK, 0, NO_LOCK, 7}},
     2,
     1,
     "    time  worker 0 (a)  worker 1 (b)\n"
     "0.010 ms  read ...\n"
     "0.020 ms                read ...\n"
     "0.021 ms  ... read 1\n"
     "0.030 ms                ... read 1\n"},
    {"a grant after the release is not remarked upon",
     {{0, LP_STEP_LOCK, 10, 20, 0, LP_OK, 0, 0, 3},
      {0, LP_STEP_UNLOCK, 30, 31, 0, LP_OK, 0, 0, 3},
      {1, LP_STEP_LOCK, 32, 40, 0, LP_OK, 0, 0, 3}},
     2,
     1,
     "    time  worker 0 (a)  worker 1 (b)\n"
     "0.020 ms  + lock\n"
     "0.031 ms  + unlock\n"
     "0.040 ms                + lock\n"},
    {"a grant before the release is",
     {{0, LP_STEP_LOCK, 10, 20, 0, LP_OK, 0, 0, 3},
      {1, LP_STEP_LOCK, 22, 28, 0, LP_OK, 0, 0, 3},
      {0, LP_STEP_UNLOCK, 30, 31, 0, LP_OK, 0, 0, 3}},
     2,
     1,
     "    time  worker 0 (a)  worker 1 (b)\n"
     "0.020 ms  + lock\n"
     "0.028 ms  |             + lock        <- granted, and worker 0 had not released\n"
     "0.031 ms  + unlock      :\n"},
    {"a refused release changes nothing",
     {{0, LP_STEP_LOCK, 10, 20, 0, LP_OK, 0, 0, 3},
      {0, LP_STEP_UNLOCK, 21, 22, 0, LP_FAIL, 0, 0, 3},
      {1, LP_STEP_LOCK, 23, 28, 0, LP_OK, 0, 0, 3},
      {0, LP_STEP_READ, 30, 31, 5, LP_OK, 0, NO_LOCK, 7}},
     2,
     1,
     "    time  worker 0 (a)    worker 1 (b)\n"
     "0.020 ms  + lock\n"
     "0.022 ms  | unlock: fail\n"
     "0.028 ms  |               + lock        <- granted, and worker 0 had not released\n"
     "0.031 ms  | read 5        :\n"},
    {"a release whose outcome is unknown may have released",
     {{0, LP_STEP_LOCK, 10, 20, 0, LP_OK, 0, 0, 3},
      {0, LP_STEP_UNLOCK, 21, 22, 0, LP_UNKNOWN, 0, 0, 3},
      {1, LP_STEP_LOCK, 23, 28, 0, LP_OK, 0, 0, 3},
      {0, LP_STEP_READ, 30, 31, 5, LP_OK, 0, NO_LOCK, 7}},
     2,
     1,
     "    time  worker 0 (a)       worker 1 (b)\n"
     "0.020 ms  + lock\n"
     "0.022 ms  + unlock: unknown                <- it may or may not have happened\n"
     "0.028 ms                     + lock\n"
     "0.031 ms    read 5           :\n"},
    {"the lock of a worker that is gone may have been released for it",
     {{0, LP_STEP_LOCK, 10, 20, 0, LP_OK, 0, 0, 3}, {1, LP_STEP_LOCK, 23, 28, 0, LP_OK, 0, 0, 3}},
     2,
     1,
     "    time  worker 0 (a)  worker 1 (b)\n"
     "0.020 ms  + lock\n"
     "0.028 ms  :             + lock\n"},
    {"shared holds live together",
     {{0, LP_STEP_LOCK, 10, 20, 0, LP_OK, LP_FLAG_SHARED, 0, 3},
      {1, LP_STEP_LOCK, 22, 28, 0, LP_OK, LP_FLAG_SHARED, 0, 3},
      {0, LP_STEP_UNLOCK, 30, 31, 0, LP_OK, 0, 0, 3}},
     2,
     1,
     "    time  worker 0 (a)   worker 1 (b)\n"
     "0.020 ms  + lock shared\n"
     "0.028 ms  |              + lock shared\n"
     "0.031 ms  + unlock       :\n"},
    {"an exclusive hold does not live with a shared one",
     {{0, LP_STEP_LOCK, 10, 20, 0, LP_OK, LP_FLAG_SHARED, 0, 3},
      {1, LP_STEP_LOCK, 22, 28, 0, LP_OK, 0, 0, 3},
      {0, LP_STEP_UNLOCK, 30, 31, 0, LP_OK, 0, 0, 3}},
     2,
     1,
     "    time  worker 0 (a)   worker 1 (b)\n"
     "0.020 ms  + lock shared\n"
     "0.028 ms  |              + lock        <- granted, and worker 0 had not released\n"
     "0.031 ms  + unlock       :\n"},
    {"a lease is drawn as certain only while it lasts",
     {{0, LP_STEP_LOCK, 10, 20, 30000, LP_OK, 0, 0, 3},
      {0, LP_STEP_READ, 25, 30, 1, LP_OK, 0, NO_LOCK, 7},
      {1, LP_STEP_LOCK, 42, 50, 30000, LP_OK, 0, 0, 3},
      {0, LP_STEP_WRITE, 60, 61, 2, LP_OK, 0, NO_LOCK, 7},
      {0, LP_STEP_UNLOCK, 62, 63, 0, LP_FAIL, LP_FLAG_HELD_NO, 0, 3}},
     2,
     1,
     "    time  worker 0 (a)    worker 1 (b)\n"
     "0.020 ms  + lock\n"
     "0.030 ms  | read 1\n"
     "0.050 ms  :               + lock        <- granted when the lease of worker 0 could be over\n"
     "0.061 ms  : write 2       :\n"
     "0.063 ms  + unlock: fail  :             <- the backend says: not held any more\n"},
    {"a lock of the same name on another object is named",
     {{0, LP_STEP_LOCK, 10, 20, 0, LP_OK, 0, 0, 3},
      {1, LP_STEP_LOCK, 22, 28, 0, LP_OK, 0, 0, 4},
      {0, LP_STEP_UNLOCK, 30, 31, 0, LP_OK, 0, 0, 3}},
     2,
     1,
     NULL},
    {"two locks have a bar each",
     {{0, LP_STEP_LOCK, 10, 20, 0, LP_OK, 0, 0, 3},
      {0, LP_STEP_LOCK, 21, 22, 0, LP_OK, 0, 1, 4},
      {1, LP_STEP_LOCK, 30, 0, 0, LP_UNKNOWN, 0, 1, 4},
      {0, LP_STEP_UNLOCK, 40, 41, 0, LP_OK, 0, 0, 3}},
     2,
     2,
     "    time  worker 0 (a)    worker 1 (b)\n"
     "0.020 ms  +  lock lock\n"
     "0.022 ms  |+ lock other\n"
     "0.030 ms  ||                 lock other ...  <- never ended\n"
     "0.041 ms  +| unlock lock\n"},
    {"a write over one that was not seen is marked",
     {{0, LP_STEP_READ, 10, 11, 10, LP_OK, 0, NO_LOCK, 7},
      {1, LP_STEP_ADD, 20, 21, 11, LP_OK, 0, NO_LOCK, 7},
      {0, LP_STEP_WRITE, 30, 31, 11, LP_OK, 0, NO_LOCK, 7}},
     2,
     1,
     "    time  worker 0 (a)  worker 1 (b)\n"
     "0.011 ms  read 10\n"
     "0.021 ms                add 11\n"
     "0.031 ms  write 11                    <- overwrites the 11 of worker 1\n"},
    {"a write over one that was seen is not",
     {{1, LP_STEP_ADD, 5, 8, 11, LP_OK, 0, NO_LOCK, 7},
      {0, LP_STEP_READ, 10, 11, 11, LP_OK, 0, NO_LOCK, 7},
      {0, LP_STEP_WRITE, 30, 31, 12, LP_OK, 0, NO_LOCK, 7}},
     2,
     1,
     "    time  worker 0 (a)  worker 1 (b)\n"
     "0.008 ms                add 11\n"
     "0.011 ms  read 11\n"
     "0.031 ms  write 12\n"},
    {"the same value in another store is no overwriting",
     {{0, LP_STEP_READ, 10, 11, 10, LP_OK, 0, NO_LOCK, 7},
      {1, LP_STEP_WRITE, 20, 21, 11, LP_OK, 0, NO_LOCK, 8},
      {0, LP_STEP_WRITE, 30, 31, 11, LP_OK, 0, NO_LOCK, 7}},
     2,
     1,
     "    time  worker 0 (a)  worker 1 (b)\n"
     "0.011 ms  read 10\n"
     "0.021 ms                write 11\n"
     "0.031 ms  write 11\n"},
    {"a refused write overwrites nothing",
     {{0, LP_STEP_READ, 10, 11, 10, LP_OK, 0, NO_LOCK, 7},
      {1, LP_STEP_WRITE, 20, 21, 11, LP_OK, 0, NO_LOCK, 7},
      {0, LP_STEP_WRITE, 30, 31, 11, LP_BUSY, 0, NO_LOCK, 7}},
     2,
     1,
     "    time  worker 0 (a)    worker 1 (b)\n"
     "0.011 ms  read 10\n"
     "0.021 ms                  write 11\n"
     "0.031 ms  write 11: busy\n"},
    {"one that gave up says so",
     {{0, LP_STEP_LOCK, 10, 90, 0, LP_BUSY, LP_FLAG_DEADLINE, 0, 3}},
     1,
     1,
     "    time  worker 0 (a)\n"
     "0.090 ms  lock: busy    <- gave up at its deadline\n"},
    {"deferred transactions may both be open",
     {{0, LP_STEP_BEGIN, 10, 11, 0, LP_OK, 0, NO_LOCK, 7},
      {1, LP_STEP_BEGIN, 12, 13, 0, LP_OK, 0, NO_LOCK, 7},
      {0, LP_STEP_COMMIT, 14, 15, 0, LP_OK, 0, NO_LOCK, 7},
      {1, LP_STEP_COMMIT, 16, 17, 0, LP_BUSY, 0, NO_LOCK, 7}},
     2,
     1,
     "    time  worker 0 (a)      worker 1 (b)\n"
     "0.011 ms  + begin deferred\n"
     "0.013 ms  |                 + begin deferred\n"
     "0.015 ms  + commit          |\n"
     "0.017 ms                    | commit: busy\n"},
    {"immediate ones may not",
     {{0, LP_STEP_BEGIN, 10, 11, 0, LP_OK, 1 << LP_FLAG_BEGIN_SHIFT, NO_LOCK, 7},
      {1, LP_STEP_BEGIN, 12, 13, 0, LP_OK, 1 << LP_FLAG_BEGIN_SHIFT, NO_LOCK, 7},
      {0, LP_STEP_COMMIT, 14, 15, 0, LP_OK, 0, NO_LOCK, 7}},
     2,
     1,
     "    time  worker 0 (a)       worker 1 (b)\n"
     "0.011 ms  + begin immediate\n"
     "0.013 ms  |                  + begin immediate  <- granted, and worker 0 had not released\n"
     "0.015 ms  + commit           :\n"},
    {"many workers are listed",
     {{0, LP_STEP_READ, 10, 11, 1, LP_OK, 0, NO_LOCK, 7},
      {1, LP_STEP_READ, 12, 13, 1, LP_OK, 0, NO_LOCK, 7},
      {2, LP_STEP_READ, 14, 15, 1, LP_OK, 0, NO_LOCK, 7},
      {3, LP_STEP_READ, 16, 17, 1, LP_OK, 0, NO_LOCK, 7},
      {4, LP_STEP_READ, 18, 19, 1, LP_OK, 0, NO_LOCK, 7},
      {5, LP_STEP_LOCK, 20, 0, 0, LP_UNKNOWN, 0, 0, 3}},
     6,
     1,
     "0.011 ms  worker 0 (a)  read 1\n"
     "0.013 ms  worker 1 (b)  read 1\n"
     "0.015 ms  worker 2 (c)  read 1\n"
     "0.017 ms  worker 3 (d)  read 1\n"
     "0.019 ms  worker 4 (e)  read 1\n"
     "0.020 ms  worker 5 (f)  lock ...  <- never ended\n"},
};

static size_t build(struct world *world, const struct lane_case *lane_case)
{
    size_t count = 0;

    while (count < MAX_OPS && lane_case->rows[count].kind != LP_STEP_NONE)
        count++;
    world_build(world, lane_case->rows, count, plain_groups, lane_case->workers, 1);
    for (unsigned i = 0; i < lane_case->workers; i++)
        world->headers[i].lock_count = lane_case->locks;
    return count;
}

static char *draw(const struct world *world, const size_t *witness, size_t count)
{
    struct lp_str out;

    lp_str_init(&out);
    lp_report_lanes(&world->history, witness, count, false, &out);
    char *text = lp_str_detach(&out);
    lp_str_release(&out);
    return text;
}

START_TEST(diagram_shows_what_the_records_say)
{
    struct world *world = lp_alloc(1, sizeof(*world));
    size_t count = build(world, &cases[_i]);
    char *diagram = draw(world, world->witness, count);

    if (cases[_i].diagram)
        ck_assert_msg(strcmp(diagram, cases[_i].diagram) == 0, "%s:\n%s", cases[_i].name, diagram);
    else
        assert_contains(diagram, "<- not the object of worker 0: ");
    free(diagram);
    free(world);
}
END_TEST

START_TEST(order_repetition_and_wild_indexes_do_not_matter)
{
    static const size_t wild[] = {2, 99, 1, 0, 1, SIZE_MAX, 2};
    struct world *world = lp_alloc(1, sizeof(*world));
    size_t count = build(world, &cases[3]);
    char *plain = draw(world, world->witness, count);
    char *other = draw(world, wild, LP_ARRAY_LEN(wild));

    ck_assert_str_eq(other, plain);
    free(other);
    free(plain);
    free(world);
}
END_TEST

START_TEST(no_witness_draws_nothing)
{
    struct world *world = lp_alloc(1, sizeof(*world));
    static const size_t wild[] = {99};

    build(world, &cases[0]);
    char *none = draw(world, NULL, 0);
    char *outside = draw(world, wild, 1);
    ck_assert_str_eq(none, "");
    ck_assert_str_eq(outside, "");
    free(outside);
    free(none);
    free(world);
}
END_TEST

START_TEST(instants_that_differ_read_differently)
{
    struct world *world = lp_alloc(1, sizeof(*world));
    size_t count = build(world, &cases[0]);

    world->records[1][0].complete_ns = world->records[0][0].complete_ns + 250;
    world->records[1][0].invoke_ns = world->records[0][0].complete_ns;
    char *diagram = draw(world, world->witness, count);
    assert_contains(diagram, "0.020000 ms  read 1\n");
    assert_contains(diagram, "0.020250 ms                read 1\n");
    free(diagram);
    free(world);
}
END_TEST

START_TEST(release_outside_the_witness_ends_the_bar)
{
    static const size_t part[] = {0, 2}; /* without the unlock of worker 0 */
    struct world *world = lp_alloc(1, sizeof(*world));

    build(world, &cases[2]);
    char *diagram = draw(world, part, LP_ARRAY_LEN(part));
    ck_assert_str_eq(diagram, "    time  worker 0 (a)  worker 1 (b)\n"
                              "0.020 ms  + lock\n"
                              "0.040 ms                + lock\n");
    free(diagram);
    free(world);
}
END_TEST

static Suite *lanes_suite(void)
{
    Suite *suite = suite_create("reports/lanes");
    TCase *tests = tcase_create("lanes");

    tcase_add_loop_test(tests, diagram_shows_what_the_records_say, 0, (int)LP_ARRAY_LEN(cases));
    tcase_add_test(tests, order_repetition_and_wild_indexes_do_not_matter);
    tcase_add_test(tests, no_witness_draws_nothing);
    tcase_add_test(tests, instants_that_differ_read_differently);
    tcase_add_test(tests, release_outside_the_witness_ends_the_bar);
    suite_add_tcase(suite, tests);
    return suite;
}

LP_UNIT_MAIN(lanes_suite)
