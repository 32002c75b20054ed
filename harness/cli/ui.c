/* SPDX-License-Identifier: MIT */
/* Writing to the terminal, and what is known of it. */
#include "cli/ui.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/commands.h"

void lp_ui_error(const struct lp_err *err)
{
    fflush(stdout);
    fprintf(stderr, "lockproof: %s\n", err->text);
    if (err->remedy[0])
        fprintf(stderr, "lockproof: try: %s\n", err->remedy);
}

int lp_ui_end(int status, const struct lp_err *err)
{
    if (status != -1)
        return status;
    lp_ui_error(err);
    return err->kind == LP_ERR_USAGE ? LP_EXIT_USAGE : LP_EXIT_FAILURE;
}

/* Who stops reading (| head) wanted no more, and is told nothing; the exit status stays the
   verdict's. A full disk is a failure. */
static bool is_written(bool written)
{
    if (written || errno != EPIPE)
        return written;
    clearerr(stdout);
    return true;
}

bool lp_ui_print(const char *text)
{
    return is_written(fputs(text, stdout) != EOF);
}

bool lp_ui_flush(void)
{
    return is_written(fflush(stdout) == 0 && !ferror(stdout));
}

bool lp_ui_stdout_is_terminal(void)
{
    return isatty(STDOUT_FILENO);
}

bool lp_ui_stderr_is_terminal(void)
{
    return isatty(STDERR_FILENO);
}

unsigned lp_ui_width(void)
{
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == -1)
        return 0;
    return size.ws_col;
}

bool lp_ui_color(bool forbidden)
{
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    if (forbidden || (no_color && no_color[0]) || (term && strcmp(term, "dumb") == 0))
        return false;
    return lp_ui_stdout_is_terminal();
}

void lp_ui_status(const char *text)
{
    fprintf(stderr, "\r\033[K%s", text);
    fflush(stderr);
}
