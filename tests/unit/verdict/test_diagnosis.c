/* SPDX-License-Identifier: MIT */
/* The cause of a loss, decided for each pair by where it lay in its workers' own holds. */
#include "base/units.h"
#include "tests/unit/history_builder.h"
#include "tests/unit/unit.h"
#include "verdict/verdict.h"

#define TABLE(...)                                                                                 \
    (const struct hb_op[])                                                                         \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define OPS(...)                                                                                   \
    .ops = TABLE(__VA_ARGS__), .op_count = sizeof(TABLE(__VA_ARGS__)) / sizeof(struct hb_op)
#define LEASE(ns) .value = (ns)
#define HELD_NO .flags = LP_FLAG_HELD_NO

/* Worker w reads v and writes v + 1: bare, or with steps around. */
#define BARE(w, t, v) HB_READ(w, t, (t) + 1, v), HB_WRITE(w, (t) + 20, (t) + 21, (v) + 1)
#define LOCKED(w, t, v)                                                                            \
    HB_LOCK(w, (t)-3, (t)-2), HB_READ(w, t, (t) + 1, v), HB_WRITE(w, (t) + 20, (t) + 21, (v) + 1), \
        HB_UNLOCK(w, (t) + 22, (t) + 23)

#define TRANSACTION(w, t, v)                                                                       \
    HB_BEGIN(w, t, (t) + 1), HB_READ(w, (t) + 2, (t) + 3, v, HB_TX),                               \
        HB_WRITE(w, (t) + 6, (t) + 7, (v) + 1, HB_TX), HB_COMMIT(w, (t) + 8, (t) + 9)

static const struct cause_case {
    const char *name;
    struct hb_run run;
    const char *cause; /* of diagnoses[0]; NULL: none */
    const char *also;  /* of another one, or NULL */
    const char *text;  /* some words of its sentence, or NULL */
} cases[] = {
    /* neither side covered */
    {"nobody locks",
     {OPS(BARE(0, 10, 0), BARE(1, 15, 0)), .final = 1},
     "no-lock",
     NULL,
     "worker 1 read 0 and wrote 1 (14ns to 35ns) while worker 0 read 0 and wrote 1"},
    {"nobody locks, though the store could have done it in one step",
     {OPS(BARE(0, 10, 0), BARE(1, 15, 0)), .final = 1, .store_flags = LP_STORE_ATOMIC_ADD},
     "no-lock",
     "non-atomic-update",
     NULL},
    {"two go round a lock that a third one takes",
     {OPS(BARE(0, 10, 0), BARE(1, 15, 0), LOCKED(2, 60, 1)), .final = 2},
     "advisory-bypass",
     NULL,
     "did so too"},
    {"two plain adds",
     {OPS(HB_ADD(0, 10, 20, 1), HB_ADD(1, 15, 25, 1)), .final = 1},
     "non-atomic-update",
     NULL,
     "added one and got 1"},
    {"adds whose sum is short, with no pair to show for it",
     {OPS(HB_ADD(0, 10, 20, 1), HB_ADD(1, 30, 35, 2)), .final = 1},
     "non-atomic-update",
     NULL,
     NULL},

    /* one side covered */
    {"one locks, one does not",
     {OPS(LOCKED(0, 10, 0), BARE(1, 15, 0)), .final = 1, .groups = {"polite", "rogue"}},
     "advisory-bypass",
     NULL,
     "worker 1 (rogue) read 0 and wrote 1 without any lock (14ns to 35ns) while worker 0 (polite) "
     "held `lock`"},
    {"the same, the rogue wrote first",
     {OPS(BARE(0, 10, 0), LOCKED(1, 15, 0)), .final = 1, .groups = {"rogue", "polite"}},
     "advisory-bypass",
     NULL,
     "worker 0 (rogue)"},
    {"a rogue is about, but the loss was between two that lock",
     {OPS(LOCKED(0, 10, 0), LOCKED(1, 15, 0), BARE(2, 100, 1)), .final = 2},
     "double-grant",
     NULL,
     NULL},

    /* covered in part */
    {"the lock covers the write only",
     {OPS(HB_READ(0, 10, 11, 0), HB_LOCK(0, 12, 13), HB_WRITE(0, 14, 15, 1), HB_UNLOCK(0, 16, 17),
          HB_READ(1, 10, 11, 0), HB_LOCK(1, 12, 18), HB_WRITE(1, 19, 20, 1), HB_UNLOCK(1, 21, 22)),
      .final = 1},
     "narrow-scope",
     NULL,
     "covered only its write"},
    {"the lock covers the read only",
     {OPS(HB_LOCK(0, 8, 9), HB_READ(0, 10, 11, 0), HB_UNLOCK(0, 12, 13), HB_WRITE(0, 30, 31, 1),
          HB_LOCK(1, 12, 14), HB_READ(1, 15, 16, 0), HB_UNLOCK(1, 17, 18), HB_WRITE(1, 32, 33, 1)),
      .final = 1},
     "narrow-scope",
     NULL,
     "covered only its read"},
    {"two holds with a gap between",
     {OPS(HB_LOCK(0, 8, 9), HB_READ(0, 10, 11, 0), HB_UNLOCK(0, 12, 13), HB_LOCK(0, 40, 41),
          HB_WRITE(0, 42, 43, 1), HB_UNLOCK(0, 44, 45), LOCKED(1, 17, 0)),
      .final = 1},
     "narrow-scope",
     NULL,
     "worker 0 read 0 and wrote 1 (9ns to 42ns), but `lock` was given up between"},
    {"in part beats not at all",
     {OPS(HB_READ(0, 10, 11, 0), HB_LOCK(0, 12, 13), HB_WRITE(0, 14, 15, 1), HB_UNLOCK(0, 16, 17),
          BARE(1, 12, 0)),
      .final = 1},
     "narrow-scope",
     NULL,
     "worker 0"},
    {"a shared lock is no lock to write under",
     {OPS(HB_LOCK(0, 8, 9, HB_SHARED), BARE(0, 10, 0), HB_UNLOCK(0, 40, 41),
          HB_LOCK(1, 8, 9, HB_SHARED), BARE(1, 15, 0), HB_UNLOCK(1, 40, 41)),
      .final = 1},
     "narrow-scope",
     NULL,
     "only in shared mode"},
    {"read and write in two transactions",
     {OPS(HB_BEGIN(0, 8, 9, HB_IMMEDIATE), HB_READ(0, 10, 11, 0, HB_TX), HB_COMMIT(0, 12, 13),
          HB_BEGIN(0, 40, 41, HB_IMMEDIATE), HB_WRITE(0, 42, 43, 1, HB_TX), HB_COMMIT(0, 44, 45),
          HB_BEGIN(1, 14, 15, HB_IMMEDIATE), HB_READ(1, 16, 17, 0, HB_TX),
          HB_WRITE(1, 18, 19, 1, HB_TX), HB_COMMIT(1, 20, 21)),
      .final = 1},
     "narrow-scope",
     NULL,
     "its transaction was given up"},
    {"committed under the lock is what counts, not written",
     {OPS(HB_LOCK(0, 6, 7), HB_BEGIN(0, 8, 9), HB_READ(0, 10, 11, 0, HB_TX),
          HB_WRITE(0, 12, 13, 1, HB_TX), HB_UNLOCK(0, 14, 15), LOCKED(1, 20, 0),
          HB_COMMIT(0, 50, 51)),
      .final = 1},
     "stale-snapshot",
     NULL,
     NULL},

    /* old snapshots */
    {"only the refused write is repeated",
     {OPS(HB_BEGIN(0, 8, 9), HB_READ(0, 10, 11, 0, HB_TX),
          HB_WRITE(0, 30, 31, 1, HB_TX, .outcome = LP_BUSY), HB_ROLLBACK(0, 32, 33),
          HB_BEGIN(0, 34, 35), HB_WRITE(0, 36, 37, 1, HB_TX), HB_COMMIT(0, 38, 39),
          HB_BEGIN(1, 12, 13), HB_READ(1, 14, 15, 0, HB_TX), HB_WRITE(1, 16, 17, 1, HB_TX),
          HB_COMMIT(1, 18, 19)),
      .final = 1},
     "stale-snapshot",
     NULL,
     "worker 0 read 0 and wrote 1 (9ns to 38ns), a value read before it was refused"},
    {"a shared lock given up for the upgrade",
     {OPS(HB_LOCK(0, 8, 9, HB_SHARED), HB_READ(0, 10, 11, 0), HB_UPGRADE(0, 12, 40),
          HB_WRITE(0, 41, 42, 1), HB_UNLOCK(0, 43, 44), HB_LOCK(1, 8, 9, HB_SHARED),
          HB_READ(1, 10, 11, 0), HB_UPGRADE(1, 12, 20), HB_WRITE(1, 21, 22, 1),
          HB_UNLOCK(1, 23, 24)),
      .final = 1},
     "stale-snapshot",
     NULL,
     "read under a shared `lock` that the upgrade gave up"},
    {"the store does not keep transactions apart",
     {OPS(HB_BEGIN(0, 8, 9), HB_READ(0, 10, 11, 0, HB_TX), HB_WRITE(0, 12, 13, 1, HB_TX),
          HB_COMMIT(0, 14, 15), HB_BEGIN(1, 8, 9), HB_READ(1, 10, 11, 0, HB_TX),
          HB_WRITE(1, 20, 21, 1, HB_TX), HB_COMMIT(1, 22, 23)),
      .final = 1},
     "stale-snapshot",
     NULL,
     "in one transaction"},
    {"a plain write beside a transaction goes round it",
     {OPS(HB_BEGIN(0, 8, 9), HB_READ(0, 10, 11, 0, HB_TX), HB_WRITE(0, 12, 13, 1, HB_TX),
          HB_COMMIT(0, 14, 15), BARE(1, 12, 0)),
      .final = 1},
     "advisory-bypass",
     NULL,
     "worker 1"},

    /* both covered */
    {"one lock object, granted twice",
     {OPS(LOCKED(0, 10, 0), LOCKED(1, 15, 0)), .final = 1},
     "double-grant",
     NULL,
     "worker 1 was granted `lock` at 12ns while worker 0 had held it since 7ns"},
    {"a semaphore that admits two",
     {OPS(LOCKED(0, 10, 0), LOCKED(1, 15, 0)), .final = 1, .capacity = {2}},
     "double-grant",
     NULL,
     "admits 2"},
    {"two objects by one name",
     {OPS(LOCKED(0, 10, 0), HB_LOCK(1, 12, 13, .object = 77), BARE(1, 15, 0), HB_UNLOCK(1, 40, 41)),
      .final = 1},
     "different-lock",
     NULL,
     "object 1 in 2"},
    {"two locks by two names",
     {OPS(LOCKED(0, 10, 0), HB_LOCK(1, 12, 13, .lock = 1), BARE(1, 15, 0),
          HB_UNLOCK(1, 40, 41, .lock = 1)),
      .final = 1},
     "different-lock",
     NULL,
     "`lock1`"},
    {"a lock of its own besides the common one does not matter",
     {OPS(HB_LOCK(0, 5, 6, .lock = 1), LOCKED(0, 10, 0), HB_UNLOCK(0, 50, 51, .lock = 1),
          HB_LOCK(1, 5, 7, .lock = 2), LOCKED(1, 15, 0), HB_UNLOCK(1, 50, 51, .lock = 2)),
      .final = 1},
     "double-grant",
     NULL,
     "`lock0`"},
    {"a lock beside a transaction",
     {OPS(LOCKED(0, 10, 0), HB_BEGIN(1, 12, 13, HB_IMMEDIATE), HB_READ(1, 15, 16, 0, HB_TX),
          HB_WRITE(1, 35, 36, 1, HB_TX), HB_COMMIT(1, 37, 38)),
      .final = 1},
     "different-lock",
     NULL,
     NULL},
    {"lost without unlock, by its holder's doing",
     {OPS(HB_LOCK(0, 7, 8), BARE(0, 10, 0), HB_UNLOCK(0, 32, 33, HELD_NO), LOCKED(1, 15, 0),
          HB_READ(0, 90, 91, 1)),
      .final = 1},
     "dropped-lock",
     NULL,
     "worker 0 lost `lock` without unlocking it: worker 1 was granted it at 12ns"},
    {"lost because another holder of a lock granted twice released it",
     {OPS(HB_LOCK(0, 7, 8), BARE(0, 10, 0), HB_UNLOCK(0, 45, 46, HELD_NO), LOCKED(1, 15, 0),
          HB_READ(1, 90, 91, 1)),
      .final = 1},
     "double-grant",
     NULL,
     NULL},
    {"the handle closed between read and write",
     {OPS(HB_LOCK(0, 7, 8), HB_READ(0, 10, 11, 0), HB_CLOSE(0, 12, 13), HB_WRITE(0, 40, 41, 1),
          LOCKED(1, 17, 0)),
      .final = 1},
     "dropped-lock",
     NULL,
     "closed the handle of `lock`"},
    {"the lease was over",
     {OPS(HB_LOCK(0, 1000, 1010, LEASE(1000)), HB_READ(0, 1020, 1021, 0),
          HB_WRITE(0, 2500, 2501, 1), HB_UNLOCK(0, 2600, 2601, .outcome = LP_FAIL, HELD_NO),
          HB_LOCK(1, 1500, 2100, LEASE(1000)), HB_READ(1, 2110, 2111, 0),
          HB_WRITE(1, 2120, 2121, 1), HB_UNLOCK(1, 2130, 2131)),
      .final = 1},
     "lease-expired",
     NULL,
     "worker 0 on `lock` could be over at 1.989us"},
    {"granted again within the lease",
     {OPS(HB_LOCK(0, 1000, 1010, LEASE(1000)), HB_READ(0, 1020, 1021, 0),
          HB_WRITE(0, 1500, 1501, 1), HB_UNLOCK(0, 1600, 1601), HB_LOCK(1, 1000, 1100, LEASE(1000)),
          HB_READ(1, 1110, 1111, 0), HB_WRITE(1, 1520, 1521, 1), HB_UNLOCK(1, 1530, 1531)),
      .final = 1},
     "double-grant",
     NULL,
     NULL},
    {"a third one, whose lease was over, released it",
     {OPS(HB_LOCK(2, 100, 110, LEASE(500)), HB_UNLOCK(2, 1200, 1201, HELD_NO),
          HB_LOCK(0, 1000, 1010, LEASE(1000)), HB_READ(0, 1020, 1021, 0),
          HB_WRITE(0, 1500, 1501, 1), HB_UNLOCK(0, 1600, 1601), HB_LOCK(1, 1000, 1300, LEASE(1000)),
          HB_READ(1, 1310, 1311, 0), HB_WRITE(1, 1520, 1521, 1), HB_UNLOCK(1, 1530, 1531)),
      .final = 1},
     "foreign-release",
     NULL,
     "worker 2 released `lock` at 1.199us though it did not hold it any more; that let in worker "
     "1"},
    {"its release was refused: it did nothing",
     {OPS(HB_LOCK(2, 100, 110, LEASE(500)), HB_UNLOCK(2, 1200, 1201, HELD_NO, .outcome = LP_FAIL),
          HB_LOCK(0, 1000, 1010, LEASE(1000)), HB_READ(0, 1020, 1021, 0),
          HB_WRITE(0, 1500, 1501, 1), HB_UNLOCK(0, 1600, 1601), HB_LOCK(1, 1000, 1300, LEASE(1000)),
          HB_READ(1, 1310, 1311, 0), HB_WRITE(1, 1520, 1521, 1), HB_UNLOCK(1, 1530, 1531)),
      .final = 1},
     "double-grant",
     NULL,
     NULL},
    {"somebody who never had it released it",
     {OPS(LOCKED(0, 10, 0), LOCKED(1, 15, 0), HB_UNLOCK(2, 11, 12)), .final = 1},
     "foreign-release",
     NULL,
     NULL},

    /* stores */
    {"two stores side by side",
     {OPS(LOCKED(0, 10, 0), HB_LOCK(1, 12, 13, .object = 77), HB_READ(1, 15, 16, 0, .object = 9),
          HB_WRITE(1, 20, 21, 1, .object = 9)),
      .containers = 2, .final = 1, .views[1] = {.set = true, .value = 1, .object = 9}},
     "different-store",
     NULL,
     "worker 1 (container 1) wrote 1 to object 9 in 1 while worker 0 (container 0)"},
    {"two stores, one of them never written",
     {OPS(BARE(0, 10, 0), HB_READ(1, 50, 51, 0, .object = 9)), .containers = 2, .final = 1,
      .views[1] = {.set = true, .value = 0, .object = 9}},
     "different-store",
     NULL,
     NULL},
    {"a file replaced at each write, without a lock",
     {OPS(HB_READ(0, 10, 11, 0), HB_WRITE(0, 12, 13, 1, .object = 7), HB_READ(1, 10, 11, 0),
          HB_WRITE(1, 14, 15, 1, .object = 8)),
      .final = 1, .views[0] = {.set = true, .value = 1, .object = 8}},
     "no-lock",
     NULL,
     NULL},

    /* no update lost, but held by two */
    {"two holds at once and nothing lost",
     {OPS(HB_LOCK(0, 1, 5), HB_UNLOCK(0, 10, 12), HB_LOCK(1, 2, 6), HB_UNLOCK(1, 9, 10))},
     "double-grant",
     NULL,
     NULL},

    /* stuck */
    {"a wake-up was lost",
     {OPS(HB_LOCK(0, 1, 2), HB_UNLOCK(0, 3, 4), HB_LOCK(1, LP_MS, LP_SEC, HB_BUSY_AT_DEADLINE)),
      .deadline = 2},
     "starvation",
     NULL,
     "worker 1 waited 999ms for `lock`, which nobody held"},
    {"its holder is gone",
     {OPS(HB_LOCK(0, 1, 2), HB_LOCK(1, LP_MS, LP_SEC, HB_BUSY_AT_DEADLINE)), .killed = 1,
      .deadline = 2},
     "orphaned-lock",
     NULL,
     "held since 1ns by worker 0, which was gone"},
    {"each waits for the other",
     {OPS(HB_LOCK(0, 1, 2), HB_LOCK(1, 1, 2, .lock = 1),
          HB_LOCK(0, LP_MS, LP_SEC, HB_BUSY_AT_DEADLINE, .lock = 1),
          HB_LOCK(1, LP_MS, LP_SEC + 5, HB_BUSY_AT_DEADLINE)),
      .deadline = 3},
     "deadlock",
     NULL,
     "which waited for it in turn"},
    {"a loss and a lost wake-up: both are told",
     {OPS(BARE(0, 10, 0), BARE(1, 15, 0), HB_LOCK(1, LP_MS, LP_SEC, HB_BUSY_AT_DEADLINE)),
      .final = 1, .deadline = 2},
     "no-lock",
     "starvation",
     NULL},

    /* echoes are not blamed */
    {"after a rogue's stale write polite workers repeat values; the rogue is to blame",
     {OPS(HB_READ(2, 9, 10, 0), LOCKED(0, 20, 0), LOCKED(1, 60, 1), LOCKED(0, 100, 2),
          HB_WRITE(2, 140, 141, 1), LOCKED(1, 160, 1), LOCKED(0, 200, 2)),
      .final = 3},
     "advisory-bypass",
     NULL,
     "worker 2"},
    {"a rogue's write lands between two transactions, of which the second waited to read",
     {OPS(HB_READ(2, 9, 10, 0), TRANSACTION(0, 11, 0), HB_BEGIN(1, 28, 29), TRANSACTION(0, 30, 1),
          HB_WRITE(2, 34, 42, 1), HB_READ(1, 35, 45, 1, HB_TX), HB_WRITE(1, 46, 47, 2, HB_TX),
          HB_COMMIT(1, 48, 49)),
      .final = 2},
     "advisory-bypass",
     NULL,
     "worker 2"},
    {"the same with the rogue done before the first of them wrote",
     {OPS(HB_READ(2, 9, 10, 0), TRANSACTION(0, 11, 0), HB_BEGIN(1, 28, 29), TRANSACTION(0, 30, 1),
          HB_WRITE(2, 20, 21, 1), HB_READ(1, 35, 45, 1, HB_TX), HB_WRITE(1, 46, 47, 2, HB_TX),
          HB_COMMIT(1, 48, 49)),
      .final = 2},
     "advisory-bypass",
     "stale-snapshot",
     NULL},
    {"a read that caught the file between truncation and write",
     {OPS(BARE(0, 10, 0), BARE(0, 40, 1), HB_READ(0, 70, 71, 2), HB_WRITE(0, 80, 90, 3),
          HB_READ(1, 83, 84, 0), HB_WRITE(1, 95, 96, 1)),
      .final = 1},
     "torn-read",
     NULL,
     "worker 1 read 0 at 82ns, which the store did not hold then, while worker 0 was writing 3"},
    {"the same besides a race without a lock",
     {OPS(BARE(0, 10, 0), BARE(1, 15, 0), HB_READ(0, 70, 71, 1), HB_WRITE(0, 80, 90, 2),
          HB_READ(1, 83, 84, 0), HB_WRITE(1, 95, 96, 1)),
      .final = 1},
     "no-lock",
     "torn-read",
     NULL},
};

START_TEST(each_loss_has_its_own_cause)
{
    const struct cause_case *it = &cases[_i];
    struct hb hb;
    struct lp_checks checks;
    struct lp_judgement judgement;
    hb_build(&hb, &it->run);
    lp_checks_run(&checks, &hb.history);
    lp_judge(&judgement, &(struct lp_judge_input){.checks = &checks, .min_meetings = 30});
    ck_assert_msg(judgement.verdict == LP_BROKEN, "%s: %s (%s)", it->name,
                  lp_verdict_name(judgement.verdict), judgement.reason);
    ck_assert_msg(judgement.diagnosis_count >= 1, "%s: no diagnosis", it->name);
    ck_assert_msg(strcmp(judgement.diagnoses[0].cause, it->cause) == 0, "%s: %s (%s)", it->name,
                  judgement.diagnoses[0].cause, judgement.diagnoses[0].text);
    if (it->text)
        ck_assert_msg(strstr(judgement.diagnoses[0].text, it->text) != NULL, "%s: \"%s\"", it->name,
                      judgement.diagnoses[0].text);
    bool also = it->also == NULL;
    for (size_t i = 1; i < judgement.diagnosis_count; i++)
        also |= it->also && strcmp(judgement.diagnoses[i].cause, it->also) == 0;
    ck_assert_msg(also, "%s: no %s", it->name, it->also);
    if (!it->also)
        ck_assert_msg(judgement.diagnosis_count == 1, "%s: also %s", it->name,
                      judgement.diagnoses[1].cause);
    lp_judgement_release(&judgement);
    lp_judgement_release(&judgement); /* a second time does no harm */
    lp_checks_release(&checks);
    hb_release(&hb);
}
END_TEST

START_TEST(a_witness_is_complete_minimal_and_in_order)
{
    const struct hb_op ops[] = {LOCKED(2, 8, 0), LOCKED(0, 110, 1), LOCKED(1, 115, 1),
                                LOCKED(2, 200, 2)};
    static const unsigned kinds[] = {LP_STEP_LOCK,  LP_STEP_READ,   LP_STEP_LOCK,  LP_STEP_READ,
                                     LP_STEP_WRITE, LP_STEP_UNLOCK, LP_STEP_WRITE, LP_STEP_UNLOCK};
    struct hb hb;
    struct lp_checks checks;
    struct lp_judgement judgement;
    hb_build(&hb, &(struct hb_run){HB_OPS(ops), .final = 3});
    lp_checks_run(&checks, &hb.history);
    lp_judge(&judgement, &(struct lp_judge_input){.checks = &checks});
    const struct lp_diagnosis *diagnosis = &judgement.diagnoses[0];
    ck_assert_uint_eq(diagnosis->witness_count, LP_ARRAY_LEN(kinds));
    ck_assert_uint_eq(diagnosis->pairs, 1);
    for (size_t i = 0; i < diagnosis->witness_count; i++) {
        const struct lp_op *op = &hb.history.ops[diagnosis->witness[i]];
        ck_assert_uint_lt(op->worker, 2);
        ck_assert_uint_eq(op->record->kind, kinds[i]);
        if (i > 0)
            ck_assert_uint_lt(diagnosis->witness[i - 1], diagnosis->witness[i]);
    }
    lp_judgement_release(&judgement);
    lp_checks_release(&checks);
    hb_release(&hb);
}
END_TEST

START_TEST(the_cause_of_most_losses_comes_first)
{
    /* Two pairs went round the lock, one was granted twice. */
    const struct hb_op ops[] = {LOCKED(0, 10, 0), LOCKED(1, 15, 0),  LOCKED(0, 60, 1),
                                BARE(2, 65, 1),   LOCKED(0, 110, 2), BARE(2, 115, 2)};
    struct hb hb;
    struct lp_checks checks;
    struct lp_judgement judgement;
    hb_build(&hb, &(struct hb_run){HB_OPS(ops), .final = 3});
    lp_checks_run(&checks, &hb.history);
    lp_judge(&judgement, &(struct lp_judge_input){.checks = &checks});
    ck_assert_uint_eq(judgement.diagnosis_count, 2);
    ck_assert_str_eq(judgement.diagnoses[0].cause, "advisory-bypass");
    ck_assert_uint_eq(judgement.diagnoses[0].pairs, 2);
    ck_assert_str_eq(judgement.diagnoses[1].cause, "double-grant");
    lp_judgement_release(&judgement);
    lp_checks_release(&checks);
    hb_release(&hb);
}
END_TEST

START_TEST(every_cause_has_its_story)
{
    static const char *const names[] = {
        "no-lock",           "advisory-bypass", "narrow-scope",  "different-lock",
        "different-store",   "double-grant",    "lease-expired", "foreign-release",
        "unfenced-write",    "dropped-lock",    "lost-write",    "false-success",
        "non-atomic-update", "stale-snapshot",  "torn-read",     "orphaned-lock",
        "deadlock",          "starvation",      "no-contention"};
    ck_assert_uint_eq(lp_cause_row_count, LP_ARRAY_LEN(names));
    for (size_t i = 0; i < LP_ARRAY_LEN(names); i++) {
        const struct lp_cause_row *row = NULL;
        for (size_t k = 0; k < lp_cause_row_count; k++)
            if (strcmp(lp_cause_rows[k].name, names[i]) == 0)
                row = &lp_cause_rows[k];
        ck_assert_msg(row != NULL, "%s", names[i]);
        ck_assert_uint_gt(strlen(row->summary), 10);
        ck_assert_uint_gt(strlen(row->story), strlen(row->summary));
        ck_assert_uint_gt(strlen(row->fix), 10);
    }
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("diagnosis");
    TCase *tcase = tcase_create("diagnosis");
    tcase_add_loop_test(tcase, each_loss_has_its_own_cause, 0, LP_ARRAY_LEN(cases));
    tcase_add_test(tcase, a_witness_is_complete_minimal_and_in_order);
    tcase_add_test(tcase, the_cause_of_most_losses_comes_first);
    tcase_add_test(tcase, every_cause_has_its_story);
    suite_add_tcase(suite, tcase);
    return suite;
}

LP_UNIT_MAIN(make_suite)
