/* SPDX-License-Identifier: MIT */
/*
 * What a container is told that inherits nothing from the command: its plan as JSON. The scenario
 * travels as the YAML that it is resolved to, so one parser checks it on both sides.
 */
#ifndef LP_RUN_TOLD_H
#define LP_RUN_TOLD_H

#include "run/container.h"

/* As the container is to see them. */
struct lp_told_paths {
    const char *scratch;
    const char *run_dir;
    const char *urls[LP_SERVERS_MAX]; /* of plan->servers, in order */
};
/* To be freed. NULL when there is no memory. */
char *lp_told_write(const struct lp_container_plan *plan, const struct lp_told_paths *paths);

/* A server's address that means something on its own host only: the folder of its socket
   ("unix:/folder/socket", "postgresql:///db?host=/folder&..."), or a loopback address. */
struct lp_local_url {
    const char *folder; /* inside the URL */
    size_t folder_len;  /* 0: no socket */
    bool loopback;
};
struct lp_local_url lp_local_url(const char *url);

struct lp_told {
    struct lp_scenario scenario;
    struct lp_arena arena;
    uint64_t seed;
    const char *scratch;
    const char *run_dir;
    const char *run_id;
    struct lp_server_address servers[LP_SERVERS_MAX];
    size_t server_count;
};

int lp_told_read(struct lp_told *told, const char *text, size_t len,
                 const struct lp_vocabulary *vocabulary, struct lp_err *err) LP_MUST_CHECK;
void lp_told_release(struct lp_told *told); /* takes a zeroed struct too */

#endif
