/* SPDX-License-Identifier: MIT */
/*
 * Private servers: what a scenario's drivers need is started for the run and ended with it, each in
 * a folder of its own, reachable by a unix socket or by an address that nobody else knows. Servers
 * that the user names in LOCKPROOF_<NAME>_URL are taken instead, and nothing is started.
 *
 * This header is one server's life; which several belong together is run/topology.h.
 */
#ifndef LP_RUN_SERVER_H
#define LP_RUN_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "os/process.h"

#define LP_SERVER_PORTS_MAX 3
#define LP_SERVER_EXTRA_MAX 8

struct lp_server;

/* A server is ready when it answers `ask` (NULL: nothing is sent) with something in which `answer`
   stands. */
struct lp_probe {
    const char *ask;
    size_t ask_size;
    const char *answer;
    size_t answer_size;
};

/* How one kind of server is found, started and known to be ready. Rows start with their name, which
   is that of struct lp_driver's member `server`. In arguments and URLs {folder}, {socket}, {host},
   {port}, {port2}, {port3}, {number} and {peers} are replaced. */
struct lp_server_row {
    const char *name;
    const char *url_env;         /* names existing ones, separated by commas */
    const char *const *programs; /* looked for in PATH and beside it, in this order; NULL at last */
    const char *package;         /* of Debian, that brings the first of them */
    const char *const *setup;    /* run to its end before the first start: program, arguments */
    const char *const *args;     /* behind the program, */
    const char *const *local;    /*   then these when clients come by a unix socket, */
    const char *const *remote;   /*   or these when they come by an address; NULL: never so */
    const char *url_local, *url_remote;
    const char *alone; /* {peers} of one that has none; or NULL */
    int (*configure)(struct lp_server *server, struct lp_err *err); /* writes its files; or NULL */
    struct lp_probe probe;
    bool not_root;   /* refuses to run as root: runs as `nobody` then */
    int stop_signal; /* asks for an orderly end */
    int quit_signal; /* ends it at once, when nobody will ask for its data again */
};
extern const struct lp_server_row lp_server_rows[];
extern const size_t lp_server_row_count;

/* NULL when there is no row of that name. */
const struct lp_server_row *lp_server_find(const char *name);

struct lp_server {
    const struct lp_server_row *row;
    struct lp_child child; /* pid 0: not ours, or not running. pidfd: readable when it has ended */
    char *url;    /* for clients; may hold a secret when the user gave it: never print it */
    char *folder; /* NULL when not ours, like all that follows */
    char *socket; /* path */
    char *log;    /* path of what it printed */
    char *host;
    char *peers;     /* all members of an ensemble, as its configuration tells them */
    unsigned number; /* from 1 among its kind */
    unsigned ports[LP_SERVER_PORTS_MAX];
    bool remote;                      /* reached by an address */
    int net_fd;                       /* network namespace to live in; -1: ours */
    char *extra[LP_SERVER_EXTRA_MAX]; /* more arguments, ended by NULL */
    const struct lp_probe *probe;     /* instead of the row's; or NULL */
};

/* A server of row `name` that will live in `folder`, which exists and is not shared with another
   server; nothing is started. Members may be changed until lp_server_launch(). */
int lp_server_init(struct lp_server *server, const char *name, const char *folder,
                   struct lp_err *err) LP_MUST_CHECK;
/* Starts it for the first time. Call it from the main thread: the server is killed when the
 *thread* that started it ends (PR_SET_PDEATHSIG). LP_ERR_NEED when the program is not installed.
 */
int lp_server_launch(struct lp_server *server, struct lp_err *err) LP_MUST_CHECK;
/* Waits until it answers. */
int lp_server_wait_ready(struct lp_server *server, struct lp_err *err) LP_MUST_CHECK;
/* Ends it with a signal and waits for that; returns the wait(2) status, or -1 when it was not
   running. What does not end within 2 s is killed. It can be started again: with what it had, or
   (`lose_data`) as for the first time, at the same place. */
int lp_server_end(struct lp_server *server, int signal);
int lp_server_again(struct lp_server *server, bool lose_data, struct lp_err *err) LP_MUST_CHECK;

/*
 * All of it for one that stands alone. On -1 nothing is left but the log. A unix socket's path has
 * room for 107 bytes, so `folder` must be short. A server named in the environment is taken
 * instead.
 */
int lp_server_start(struct lp_server *server, const char *name, const char *folder,
                    struct lp_err *err) LP_MUST_CHECK;

/* Ends it, removes the socket and keeps the log. Takes a zeroed struct too. */
void lp_server_release(struct lp_server *server);

/* A TCP port of the loopback interface that is free now. 0: none. */
unsigned lp_port_free(void);

/* One question over one connection: does the answer have `answer` in it? `probe` as above. */
bool lp_server_answers(const struct lp_server *server, const struct lp_probe *probe);

#endif
