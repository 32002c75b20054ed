/* SPDX-License-Identifier: MIT */
/* Inside the room: what the engine is asked for, as JSON. */
#ifndef LP_PLACE_DOCKER_SPEC_H
#define LP_PLACE_DOCKER_SPEC_H

#include "place/docker.h"

/* "RUN-NAME" and the labels of everything; new references. */
json_t *lp_docker_name(const char *run_id, const char *name);
json_t *lp_docker_labels(const struct lp_docker *docker);

const char *lp_docker_image(const struct lp_docker_row *row);
/* bridge, host, none: there in every engine. */
bool lp_docker_is_builtin_network(const char *network);

/* The path on the host of a bind's source: variables replaced. */
void lp_docker_bind_source(const struct lp_docker *docker, unsigned number, const char *source,
                           struct lp_str *path);

/* The body of /containers/create. */
json_t *lp_docker_spec(const struct lp_docker *docker, unsigned number,
                       const struct lp_docker_row *row);

#endif
