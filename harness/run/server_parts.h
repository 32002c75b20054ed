/* SPDX-License-Identifier: MIT */
/* Inside the room: what the files of a server's life share. */
#ifndef LP_RUN_SERVER_PARTS_H
#define LP_RUN_SERVER_PARTS_H

#include "base/str.h"
#include "run/server.h"

/* The user of servers that refuse to run as root: `nobody` of every distribution that we know. */
#define LP_SERVER_NOBODY 65534

/* server_spawn.c */
/* LP_ERR_NEED when none of the row's programs is there. */
int lp_server_find_program(const struct lp_server_row *row, struct lp_str *path,
                           struct lp_err *err) LP_MUST_CHECK;
/* A copy of the text with the server's variables replaced. */
char *lp_server_fill_in(const struct lp_server *server, const char *text);
/* Runs the row's setup to its end. */
int lp_server_set_up(const struct lp_server *server, struct lp_err *err) LP_MUST_CHECK;
/* Forks it and waits until the program runs or could not be run. */
int lp_server_spawn(struct lp_server *server, struct lp_err *err) LP_MUST_CHECK;

/* server_probe.c */
bool lp_server_has_ended(const struct lp_server *server, uint64_t until_ns);
/* The last line of a log, without its end. */
void lp_server_last_line(const char *log, char *line, size_t size);

#endif
