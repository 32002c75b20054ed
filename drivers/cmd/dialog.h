/* SPDX-License-Identifier: MIT */
/*
 * A program spoken to line by line: a request on its standard input, one line of answer on its
 * standard output. docs/EXEC.md has the words; here they are only lines.
 */
#ifndef LP_DRIVERS_CMD_DIALOG_H
#define LP_DRIVERS_CMD_DIALOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "drivers/driver.h"

#define LP_DIALOG_LINE 512

struct lp_dialog {
    pid_t pid; /* 0: not running */
    int to, from;
    char buffer[LP_DIALOG_LINE]; /* what was read and not used yet */
    size_t buffered;
    bool
        lost; /* it did not answer in time, or went away: nothing it says can be matched any more */
};

/* Starts `sh -c PROGRAM`. LP_OK, or LP_FAIL with the reason. */
enum lp_outcome lp_dialog_open(struct lp_client *client, struct lp_dialog *dialog,
                               const char *program);
/* Ends it: closes its input, waits a little, kills. Takes a zeroed struct too. */
void lp_dialog_close(struct lp_dialog *dialog);

/*
 * One request, one answer; `answer` of LP_DIALOG_LINE bytes gets what stands behind the first word.
 * That word decides: "ok", "busy", "fail". Anything else, silence until the deadline and a program
 * that ended are LP_UNKNOWN: it may have been done.
 */
enum lp_outcome lp_dialog_ask(struct lp_client *client, struct lp_dialog *dialog,
                              uint64_t deadline_ns, char *answer, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

#endif
