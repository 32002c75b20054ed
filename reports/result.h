/* SPDX-License-Identifier: MIT */
/*
 * What a run tells people and programs: plain structs that the runner fills and every report format
 * reads. Reports turn them into text; they never print, fork or read the clock.
 */
#ifndef LP_REPORTS_RESULT_H
#define LP_REPORTS_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/histogram.h"
#include "base/str.h"
#include "check/check.h"
#include "scenario/scenario.h"
#include "verdict/verdict.h"

struct lp_model_report; /* reports/model.h */

struct lp_need {
    char name[64];    /* "redis-server" */
    char remedy[256]; /* "apt-get install redis-server" */
};

/* What an exploration covered, and how sure its losing schedule is. Texts live as long as the
   result. */
struct lp_explored {
    const char *strategy; /* "exhaustive", "pct", ... or a list: "2 preemptions, then pct" */
    const char *bound;    /* "2 preemptions", "2 workers x 1 round"; NULL: none */
    uint64_t schedules;
    uint64_t classes; /* 0: not counted */
    bool exhaustive;
    double probability; /* of finding a bug of the depth looked for, at least; <0: none */
    bool losing;        /* there is a losing schedule: */
    unsigned reproduced, replays;
    const char *swap;  /* "copy 1's read before copy 0's write"; NULL: none was found */
    const char *waits; /* a deadlock: who waits for whom; NULL: none */
    const char *file;  /* to be replayed; NULL: none */
};

/* One scenario's result. `scenario`, `checks` and `judgement` belong to the runner and outlive it.
 */
struct lp_run_result {
    const struct lp_scenario *scenario;
    const struct lp_checks *checks;       /* NULL when skipped */
    const struct lp_model_report *model;  /* a history decided by a model: instead of checks */
    const struct lp_judgement *judgement; /* verdict skipped: only verdict and reason are set */
    bool as_expected;
    bool unasked;   /* explore, exec, check: nothing was expected; held is what one hopes for */
    bool fell_back; /* namespaces were wanted and are forbidden here */
    enum lp_placement placement; /* the one used, after falling back */
    char placement_note[160];    /* why, when it fell back; else "" */
    uint64_t seed;
    uint64_t elapsed_ns; /* from the opened gate to the last worker's end */
    char run_dir[512];
    char store_filesystem[32]; /* of {shared}: "tmpfs" */
    char reproduce[1024];      /* the command that repeats it */
    struct lp_histogram acquire_ns, hold_ns;
    double rounds_per_s;
    double jain; /* fairness of acquires (or updates) over workers, 0..1; <0: none */
    uint64_t wait_ns_max;
    char complaint[192]; /* the first refusal of a backend, when it may explain an inconclusive run
                          */
    const struct lp_explored *explored; /* NULL: a free run */
    const char *traced;  /* a program of the user's: how it was watched and what that cannot see */
    const char *printed; /* the same: what a copy that failed had to say; both may be NULL */
    struct lp_need needs[4]; /* when skipped */
    size_t need_count;
};

struct lp_report_set {
    const struct lp_run_result *const *results;
    size_t count;
    const char *version;
    bool color;            /* text only */
    bool verbose;          /* text: evidence for held ones too */
    bool quiet;            /* text: only what is not as expected, and the last line */
    unsigned width;        /* columns of the terminal; 0: 100 */
    const char *reproduce; /* the command that repeats all of it; NULL: each result's own */
    int exit_status;
};

/* One row a format; `write` appends the whole report. Searched by lp_nearest. */
struct lp_report_format {
    const char *name;
    const char *help;
    void (*write)(const struct lp_report_set *set, struct lp_str *out);
};
extern const struct lp_report_format lp_report_formats[];
extern const size_t lp_report_format_count;

/* Exit status of a run that came to its end: 1 a verdict contradicts its expectation, 3 something
   is undecided, 0 all is as expected. A run that decided nothing is undecided; so is a skipped
   scenario when the user named it (`named`) or with --require (`require`). */
int lp_report_exit_status(const struct lp_run_result *const *results, size_t count, bool named,
                          bool require);

/* The lane diagram of a witness: one lane a worker, time downwards. Shared by text and markdown. */
void lp_report_lanes(const struct lp_history *history, const size_t *witness, size_t count,
                     bool color, struct lp_str *out);

#endif
