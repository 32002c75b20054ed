/* SPDX-License-Identifier: MIT */
/*
 * Private servers: what a scenario's driver needs is started for the run and ended with it, in a
 * folder of its own, reachable by a unix socket only. A server that the user names in
 * LOCKPROOF_<NAME>_URL is taken instead, and nothing is started.
 */
#ifndef LP_RUN_SERVER_H
#define LP_RUN_SERVER_H

#include <stddef.h>
#include "base/err.h"
#include "os/process.h"

/* How one kind of server is found, started and known to be ready. Rows start with their name, which
   is that of struct lp_driver's member `server`. */
struct lp_server_row {
    const char *name;
    const char *url_env;         /* names an existing server */
    const char *const *programs; /* looked for in PATH in this order; ended by NULL */
    const char *package;         /* of Debian, that brings the first of them */
    const char *const *args;     /* behind the program; {folder} and {socket} are replaced; NULL */
    const char *greeting;        /* sent to the socket when it can be connected to ... */
    const char *answer;          /* ... and what a server that is ready answers to it */
};
extern const struct lp_server_row lp_server_rows[];
extern const size_t lp_server_row_count;

/* NULL when there is no row of that name. */
const struct lp_server_row *lp_server_find(const char *name);

struct lp_server {
    const struct lp_server_row *row;
    struct lp_child child; /* pid 0: not ours, or not started. pidfd: readable when it has ended */
    char *url;    /* for clients; may hold a secret when the user gave it: never print it */
    char *socket; /* path; NULL when not ours */
    char *log;    /* path of what it printed; NULL when not ours */
};

/*
 * Starts it in `folder`, which exists and is not shared with another server, and waits until it
 * answers. Call it from the main thread: the server is killed when the *thread* that started it
 * ends (PR_SET_PDEATHSIG). LP_ERR_NEED when the program is not installed. On -1 nothing is left but
 * the log. A unix socket's path has room for 107 bytes, so `folder` must be short.
 */
int lp_server_start(struct lp_server *server, const char *name, const char *folder,
                    struct lp_err *err) LP_MUST_CHECK;

/* Ends it: SIGTERM, 2 s, SIGKILL; removes the socket and keeps the log. Takes a zeroed struct too.
 */
void lp_server_release(struct lp_server *server);

#endif
