/* SPDX-License-Identifier: MIT */
/*
 * Runs whose containers an engine makes. What processes of one run otherwise inherit lies in files
 * of the run folder, which every container sees: the control block, mapped by all, and a pipe with
 * a name instead of the eventfd. The runner has a child for each container as ever: it asks the
 * engine for the container, waits for it, and removes it.
 *
 * A container cannot be on a leash: it is no child. Instead the runner holds a record lock on the
 * control block's file, which the kernel takes away when the runner dies, however; a thread in each
 * container waits for that lock.
 */
#ifndef LP_RUN_OUTSIDE_H
#define LP_RUN_OUTSIDE_H

#include "run/container.h"
#include "place/docker.h"

struct lp_outside {
    bool used;  /* false: nothing here is */
    bool files; /* containers of this host, which share files with us */
    struct lp_docker docker;
    char owner[192];
    char run_id[64];
    const char *history_dir;
    const char *control_file; /* in the run folder; the arena's of the run */
    const char *event_file;
    const char *plan_file; /* in the scratch folder: it may hold a server's password */
};

struct lp_folders;
/* In the command: names everything; makes control block and pipe, which go into *control and
 * *event_fd. `worker`: the static executable, or NULL. */
int lp_outside_init(struct lp_outside *outside, const struct lp_folders *folders,
                    const struct lp_scenario *scenario, const char *worker, struct lp_arena *arena,
                    struct lp_control **control, int *event_fd, struct lp_err *err) LP_MUST_CHECK;
/* Only names things: for the objects of a Swarm. */
void lp_outside_name(struct lp_outside *outside, const struct lp_folders *folders,
                     const struct lp_scenario *scenario);
/* Takes away what was made. Takes a zeroed struct too. */
void lp_outside_release(struct lp_outside *outside);

/* A driver of the scenario that an image of the user's need not have, or NULL. */
const char *lp_outside_lacks(const struct lp_scenario *scenario);

/* In the runner, when the servers are there and before the first container. */
int lp_outside_prepare(struct lp_outside *outside, const struct lp_container_plan *plan,
                       struct lp_err *err) LP_MUST_CHECK;
/* In the runner's child for one container. Never returns. */
void lp_outside_main(const struct lp_outside *outside, const struct lp_container_plan *plan,
                     unsigned number) LP_NORETURN;
/* In the runner, at the end: whatever is left in the engine. */
void lp_outside_sweep(const struct lp_outside *outside);

/* In a container: `plan_file` says what to do. Returns only on failure. */
int lp_inside_main(const char *plan_file, unsigned number, const struct lp_registry *registry,
                   const struct lp_vocabulary *vocabulary, struct lp_err *err);

#endif
