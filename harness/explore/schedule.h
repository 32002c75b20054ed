/* SPDX-License-Identifier: MIT */
/*
 * A schedule as a file that people read, edit and keep as a regression test:
 *
 *     lockproof schedule 1
 *     # What the two lose: both read 0 before either writes.
 *     scenario: sqlite-naive
 *     workers: 2
 *     rounds: 1
 *     verdict: broken
 *
 *     0: read   => ok 0
 *     1: read   => ok 0
 *     0: write  => ok 1
 *     1: write  => ok 1
 *
 * First the line that says what it is; then `key: value` lines, `scenario` or `program` among them;
 * then one line a step: the worker's number, what it does, and after `=>` what is expected to come
 * of it. Both may be left out (`1:` and `1: read` are steps too): then nothing is compared.
 * `=> <waiting>` says that the worker has to wait here; such a line is no step, the worker takes
 * the same one up again later. Instead of a number, a name in the first place (`fault: kill 1`)
 * is somebody who is no worker; `time: passes 50ms` is virtual time. After the last line all go on
 * to their end, in turn.
 * `#` begins a comment, at the start of a line or after a blank. Blanks at either end do not count.
 */
#ifndef LP_EXPLORE_SCHEDULE_H
#define LP_EXPLORE_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#define LP_SCHEDULE_HEAD "lockproof schedule 1"
#define LP_SCHEDULE_WAITING "<waiting>"
#define LP_SCHEDULE_TIME "time"
#define LP_SCHEDULE_STEPS_MAX 100000

struct lp_schedule_key {
    const char *name; /* first: searched by lp_nearest */
    const char *value;
    unsigned line, column; /* of the value; both from 1 */
};

struct lp_schedule_line {
    unsigned worker;    /* when `actor` is NULL */
    const char *actor;  /* "fault" and the like, or NULL */
    const char *step;   /* as written, blanks in it made one; "" when left out */
    const char *result; /* "ok 0", or NULL when left out */
    bool waiting;       /* => <waiting> */
    unsigned line, column, step_column, result_column;
};

struct lp_schedule {
    struct lp_arena arena; /* holds all texts */
    const char *file;      /* as given, for messages */
    struct lp_schedule_key *keys;
    size_t key_count, key_cap;
    struct lp_schedule_line *lines;
    size_t line_count, line_cap;
};

/* `text` of `len` bytes need not end in '\0'. LP_ERR_USAGE: "FILE:LINE:COL: what is wrong". On -1
   nothing is to be released. That there is one of `scenario` and `program`, and only one, is
   checked here; other keys by whoever knows them (lp_schedule_allow). */
int lp_schedule_parse(struct lp_schedule *schedule, const char *text, size_t len, const char *file,
                      struct lp_err *err) LP_MUST_CHECK;
void lp_schedule_release(struct lp_schedule *schedule); /* takes a zeroed struct too */

/* NULL when it is not there. */
const struct lp_schedule_key *lp_schedule_find(const struct lp_schedule *schedule,
                                               const char *name);
/* Refuses a key that is none of `names` (ended by NULL), with the nearest one. */
int lp_schedule_allow(const struct lp_schedule *schedule, const char *const *names,
                      struct lp_err *err) LP_MUST_CHECK;
/* Returns -1 with "FILE:LINE:COL: ..." in *err. */
int lp_schedule_fail(const struct lp_schedule *schedule, unsigned line, unsigned column,
                     struct lp_err *err, const char *fmt, ...) LP_PRINTF(5, 6);

/* Writing: head, keys, an empty line, steps. A text that would not be read back as it is (it has a
   newline, or "=>" in a step) is cleaned: it is for people, and the order is in the numbers. */
void lp_schedule_write_head(struct lp_str *out);
void lp_schedule_write_comment(struct lp_str *out, const char *text); /* may have several lines */
void lp_schedule_write_key(struct lp_str *out, const char *name, const char *value);
/* `actor` NULL: the worker's number. `result` NULL: none. */
void lp_schedule_write_line(struct lp_str *out, const char *actor, unsigned worker,
                            const char *step, const char *result);

#endif
