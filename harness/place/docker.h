/* SPDX-License-Identifier: MIT */
/*
 * Containers of a Docker engine on this host. Each runs our worker as its first process: the static
 * executable is put in from outside, so that image, user, mounts and security options are the
 * user's; our own image has a worker of its own, which can load plug-ins. Inside, the run is seen
 * below LP_DOCKER_ROOT:
 *
 *     shared, node   folders of the scratch folder        RUN_ID   the run folder
 *     private        of the container's own layer         server-N where server N has its socket
 *     worker         the executable                       plan     what it is to do
 *
 * Everything made in the engine is labelled (place/owner.h), named after the run, and removed at
 * its end; lp_docker_clean() finds what a killed run left.
 */
#ifndef LP_PLACE_DOCKER_H
#define LP_PLACE_DOCKER_H

#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"
#include "base/str.h"
#include "place/engine.h"
#include "scenario/scenario.h"

#define LP_DOCKER_ROOT "/lockproof"
/* Our own image: the one that `docker build -t` makes of the Dockerfile. */
#define LP_DOCKER_IMAGE "lockproof:" LP_VERSION
#define LP_DOCKER_FOLDERS_MAX 8

/* One run in the engine. All texts are borrowed. */
struct lp_docker {
    const struct lp_scenario *scenario;
    const char *run_id;  /* unique; begins all names */
    const char *owner;   /* lp_owner_self() of the command */
    const char *scratch; /* on the host, like all below */
    const char *run_dir;
    const char *plan;   /* file */
    const char *worker; /* the static executable; NULL: there is none */
    struct {
        const char *folder; /* shown at LP_DOCKER_ROOT/server-N */
    } servers[LP_DOCKER_FOLDERS_MAX];
    size_t server_count;
    bool host_network; /* some server is at the host's loopback address: unless said otherwise */
};

/* Whether an engine is there, in a word and a remedy. */
int lp_docker_usable(struct lp_err *err) LP_MUST_CHECK;

/* Before the first container: looks for the images, makes volumes and networks. LP_ERR_NEED when an
   image is missing. */
int lp_docker_prepare(const struct lp_docker *docker, struct lp_err *err) LP_MUST_CHECK;

/* One container's whole life: made, started, waited for, removed. `wait_turn` is called before it
   is started (NULL: not). When `interrupt_fd` becomes readable LP_DOCKER_SIGNAL is sent to it once.
   -1 when it could not be started or its worker failed. */
#define LP_DOCKER_SIGNAL "SIGUSR1"
struct lp_docker_life {
    unsigned number;
    int interrupt_fd;
    void (*wait_turn)(void *context);
    void *context;
};
int lp_docker_run(const struct lp_docker *docker, const struct lp_docker_life *life,
                  struct lp_err *err) LP_MUST_CHECK;

/* Removes what is left of one run; silent when there is nothing or no engine. */
void lp_docker_sweep(const char *run_id);

/* What lp_docker_clean() found. */
struct lp_docker_leavings {
    unsigned containers, volumes, networks, services, secrets, folders; /* removed */
    unsigned kept;   /* belong to a run that goes on, or to another host */
    unsigned failed; /* could not be removed: `complaint` says why the first could not */
    char complaint[256];
};
/* Removes all labelled objects whose run is gone, and their scratch folders. Each removed one is
   added to `list` as a line, "container NAME". LP_ERR_NEED when there is no engine. */
int lp_docker_clean(struct lp_docker_leavings *leavings, struct lp_str *list,
                    struct lp_err *err) LP_MUST_CHECK;

#endif
