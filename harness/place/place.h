/* SPDX-License-Identifier: MIT */
/*
 * Where workers live. A container is one supervisor process; its workers are threads of it or
 * processes below it. A place says which of the two, and what surrounds the container.
 *
 *   thread     containers are processes, workers are their threads; nothing is isolated
 *   process    containers are processes, workers are processes; nothing is isolated but {private}
 *   namespace  each container has its own mount, PID, IPC, UTS and network namespace, its own
 *              /dev/shm, and sees its own folder at {private}; no image, no engine, no root
 *   docker     containers are made by a Docker engine (place/docker.h) and run our worker, which
 *              was put into them from outside
 *   swarm      a job of a Docker Swarm starts our worker on its nodes; it joins over the network
 *   remote     somebody else starts it: Compose, Kubernetes, a shell
 */
#ifndef LP_PLACE_PLACE_H
#define LP_PLACE_PLACE_H

#include <stdbool.h>
#include "base/err.h"

/* What a container must go on seeing, or see as its own. */
struct lp_place_view {
    const char *scratch;     /* shared by all containers; stays visible at the same path */
    const char *run_dir;     /* the same */
    const char *private_at;  /* the path at which every container sees its private folder */
    const char *private_dir; /* this container's own folder, shown there */
    unsigned container;
};

struct lp_place {
    const char *name;
    bool threads;
    bool engine; /* containers are no children of ours: somebody else starts our worker in them */
    bool joined; /* and on other hosts: they come over the network */
    int namespaces; /* CLONE_NEW* of a container's process, without the network's */
    /* Whether it can be used here: 0, or -1 with the reason. Tried for real, in a child. */
    int (*usable)(struct lp_err *err);
    /* In the process that will make the containers, once: what gives it the right to. */
    int (*prepare)(struct lp_err *err);
    /* In a new container's process, before anything is opened there. */
    int (*enter)(const struct lp_place_view *view, struct lp_err *err);
    /* One path seen as a different folder by each container? Otherwise the paths differ. */
    bool own_view;
};

extern const struct lp_place lp_place_thread;
extern const struct lp_place lp_place_process;
extern const struct lp_place lp_place_namespace;
extern const struct lp_place lp_place_docker;
extern const struct lp_place lp_place_swarm;
extern const struct lp_place lp_place_remote;

#endif
