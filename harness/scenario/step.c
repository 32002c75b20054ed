/* SPDX-License-Identifier: MIT */
/*
 * The table of steps. What a driver must offer for a step and what must come before it is checked
 * in sequence.c; here is only how steps are called and written.
 */
#include "scenario/step.h"

#include "base/attr.h"

const struct lp_step_row lp_step_rows[] = {
    {"lock", LP_STEP_LOCK, LP_ARG_LOCK_MODE, "lock [NAME] [shared]",
     "acquire the lock; waits until granted or the deadline"},
    {"trylock", LP_STEP_TRYLOCK, LP_ARG_LOCK_MODE, "trylock [NAME] [shared]",
     "acquire the lock if it is free; when it is taken the round ends"},
    {"unlock", LP_STEP_UNLOCK, LP_ARG_LOCK, "unlock [NAME]", "release the lock"},
    {"upgrade", LP_STEP_UPGRADE, LP_ARG_LOCK, "upgrade [NAME]",
     "turn the shared lock that is held into an exclusive one"},
    {"begin", LP_STEP_BEGIN, LP_ARG_BEGIN, "begin deferred|immediate|exclusive",
     "begin a transaction of the store"},
    {"commit", LP_STEP_COMMIT, LP_ARG_NONE, "commit", "commit the transaction"},
    {"rollback", LP_STEP_ROLLBACK, LP_ARG_NONE, "rollback", "undo the transaction"},
    {"renew", LP_STEP_RENEW, LP_ARG_LOCK, "renew [NAME]",
     "make the lease of the lock that is held begin again; when it is lost the round ends"},
    {"read", LP_STEP_READ, LP_ARG_FENCE, "read [fenced [NAME]]",
     "read the counter from the store; fenced: show it the lock's token"},
    {"write", LP_STEP_WRITE, LP_ARG_FENCE, "write [fenced [NAME]]",
     "write the value that this round read, plus one; uses up that read; fenced: refused when the "
     "store has seen a newer token"},
    {"add", LP_STEP_ADD, LP_ARG_NONE, "add",
     "add one by a single statement or instruction of the store"},
    {"cas", LP_STEP_CAS, LP_ARG_NONE, "cas",
     "write the value read plus one if it is still the value read; uses up that read"},
    {"think", LP_STEP_THINK, LP_ARG_RANGE, "think T|T..T", "let time pass; not recorded"},
    {"close", LP_STEP_CLOSE, LP_ARG_HANDLE, "close [NAME|store]",
     "let go of the handle without unlock, as close(2) does"},
    {"reopen", LP_STEP_REOPEN, LP_ARG_HANDLE, "reopen [NAME|store]",
     "open again what was closed in this round"},
};
const size_t lp_step_row_count = LP_ARRAY_LEN(lp_step_rows);

/* Those that only histories know. */
static const struct {
    enum lp_step_kind kind;
    const char *name;
} recorded[] = {
    {LP_STEP_TRY, "try"},
    {LP_STEP_OBSERVE, "observe"},
    {LP_STEP_EXIT, "exit"},
    {LP_STEP_TOKEN, "token"},
};

const char *lp_step_name(unsigned kind)
{
    for (size_t i = 0; i < lp_step_row_count; i++)
        if (lp_step_rows[i].kind == kind)
            return lp_step_rows[i].name;
    for (size_t i = 0; i < LP_ARRAY_LEN(recorded); i++)
        if (recorded[i].kind == kind)
            return recorded[i].name;
    return "?";
}
