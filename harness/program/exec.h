/* SPDX-License-Identifier: MIT */
/*
 * `lockproof exec`: copies of a program side by side, over and over, until a loss is seen, enough
 * meetings are, or time is over. Bursts come first: copies that are let go together at their first
 * call that matters. Then steady rounds, in which each slot starts its program again and again.
 */
#ifndef LP_PROGRAM_EXEC_H
#define LP_PROGRAM_EXEC_H

#include "program/lapse.h"
#include "program/program.h"
#include "program/trial.h"
#include "reports/result.h"

struct lp_exec_options {
    const struct lp_program *program;
    unsigned rounds;      /* bursts; 0: as many as the verdict needs, within the time */
    uint64_t duration_ns; /* 0: 30 s */
    unsigned min_meetings;
    uint64_t seed;          /* 0: chosen */
    const char *run_dir;    /* made; what copies print is kept in it */
    const char *trace_file; /* NULL: none */
    const char *command;    /* how it was called, for "repeat" */
    void (*progress)(void *context, unsigned trial, unsigned copies, uint64_t meetings);
    void *progress_context;
};

struct lp_exec {
    struct lp_run_result result;
    struct lp_scenario scenario; /* only what reports read: name, title, number of workers */
    struct lp_checks checks;
    struct lp_judgement judgement;
    struct lp_arena arena;
    struct lp_program_outcome total; /* over all trials */
    unsigned bursts, steady, losing; /* trials */
    unsigned copies;                 /* in all */
    unsigned silent;                 /* exits of 0 of copies that wrote nothing, in losing trials */
    struct lp_paths shared;
    bool directed; /* the loss was arranged, after a lapse was seen */
    bool interrupted;
};

/* 0 with a verdict in exec->result. -1: not done; *err. */
int lp_exec_run(struct lp_exec *exec, const struct lp_exec_options *options,
                struct lp_err *err) LP_MUST_CHECK;
void lp_exec_release(struct lp_exec *exec); /* takes a zeroed struct too */

/* ---- inside the room: from sums to a verdict (verdict.c) ---- */

/* The trial that is told about: the first one in which something was lost, else the first with a
   lapse. */
struct lp_exec_evidence {
    bool losing;
    unsigned trial;
    char *outcome;       /* one sentence */
    char *lapse_path;    /* the file that it is about */
    char *lapse_text;    /* of the lapse that explains it, or NULL */
    enum lp_cause cause; /* LP_CAUSE_NONE: the trace does not say */
    bool hint;           /* the lapse is a hint only */
    unsigned silent;     /* copies that said 0 and wrote nothing */
    uint64_t lost;
    char *example;                        /* what a failing copy printed, first lines */
    bool foreign, full, mapped, services; /* what the trace cannot see */
    char service[64];
};

void lp_exec_judge(struct lp_exec *exec, const struct lp_exec_options *options,
                   const struct lp_exec_evidence *evidence);

/* A lapse that lost nothing so far: arranges exactly its two accesses, one copy stopped between its
   read and its write of `path` while another goes first (direct.c). *lost: what came of it, in one
   sentence; NULL when nothing was lost or it could not be arranged. Text in `arena`. */
int lp_direct(const struct lp_program *program, const char *path, const char *folder, uint64_t seed,
              struct lp_program_outcome *outcome, const char **lost, struct lp_arena *arena,
              struct lp_err *err) LP_MUST_CHECK;

/* Copies that ended with 0 although they wrote to none of the files that the others wrote to. */
unsigned lp_silent_copies(const struct lp_trial *trial);

#endif
