/* SPDX-License-Identifier: MIT */
/*
 * The two folders of a run: the run folder, which stays (scenario, history, result, system), and
 * the scratch folder, which holds what is under test and goes. Scratch is on tmpfs where there is
 * one with room, since the disk decides how fast races strike; the report names its filesystem.
 */
#ifndef LP_RUN_FOLDER_H
#define LP_RUN_FOLDER_H

#include "base/arena.h"
#include "base/err.h"
#include "scenario/scenario.h"

struct lp_folders {
    const char *run_dir;
    const char *history_dir;
    const char *workdir; /* where the scratch folder lies */
    const char *scratch; /* its path; lp_scratch_make() makes it */
    const char *id;      /* of the run: the last part of scratch */
    int history_fd;
};

/* Makes the run folder, if it is not there; a history in it is refused. Names the scratch folder,
   but does not make it. `workdir`: where that is to lie; NULL: chosen. Texts belong to `arena`. */
int lp_folders_make(struct lp_folders *folders, const char *run_dir, const char *workdir,
                    struct lp_arena *arena, struct lp_err *err) LP_MUST_CHECK;
/* Its parts: where the scratch folder is to lie and what it is called ... */
int lp_scratch_choose(struct lp_folders *folders, const char *workdir, struct lp_arena *arena,
                      struct lp_err *err) LP_MUST_CHECK;
/* ... a new name each time; who makes the folder finds out whether it is free: among so many it
   is. */
const char *lp_scratch_name(const char *workdir, struct lp_arena *arena);
/* Makes the scratch folder and what is in it. Called by the process that also removes it when the
   command is killed: made any earlier, it would be left behind. */
int lp_scratch_make(const char *scratch, unsigned containers, struct lp_err *err) LP_MUST_CHECK;
/* Removes scratch if it is still there, and closes what is open. Takes a zeroed struct too. */
void lp_folders_release(struct lp_folders *folders);

/* scenario.yaml as resolved, and system.json. */
int lp_folders_describe(const struct lp_folders *folders, const struct lp_scenario *scenario,
                        const char *boot_id, struct lp_err *err) LP_MUST_CHECK;

/* This boot of this host, or "unknown". `size` of at least 40. */
void lp_boot_id(char *text, size_t size);

#endif
