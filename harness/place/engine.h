/* SPDX-License-Identifier: MIT */
/*
 * The Docker Engine API over its unix socket (docs.docker.com/engine/api, version 1.41): one
 * request, one answer, both JSON. Which socket: DOCKER_HOST when it begins with unix://, else
 * /var/run/docker.sock. Built without libcurl every call is an LP_ERR_NEED that names the package.
 */
#ifndef LP_PLACE_ENGINE_H
#define LP_PLACE_ENGINE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"

struct lp_engine {
    void *curl; /* one connection; not shared by processes: each opens its own after fork */
    char socket[108];
};

/* LP_ERR_NEED when there is no engine to be reached, or it is too old. */
int lp_engine_open(struct lp_engine *engine, struct lp_err *err) LP_MUST_CHECK;
void lp_engine_release(struct lp_engine *engine); /* takes a zeroed struct too */

struct lp_engine_call {
    const char *method; /* "GET", "POST", "DELETE" */
    const char *path;   /* "/containers/json?all=1" */
    json_t *body;       /* released by the call; NULL: none */
    /* Readable: give up waiting for the answer; -1: none. */
    int interrupt_fd;
};

/* The HTTP status, or -1 (LP_ERR_SELF) when no answer came. A status of 400 and above fills *err
   with the engine's own words; the caller decides whether it minds. *answer (may be NULL) is the
   parsed body or NULL; the caller releases it. 0: interrupted. */
int lp_engine_call(struct lp_engine *engine, const struct lp_engine_call *call, json_t **answer,
                   struct lp_err *err);

/* The same for calls that must succeed (2xx, 304): 0 or -1. */
int lp_engine_do(struct lp_engine *engine, const char *method, const char *path, json_t *body,
                 json_t **answer, struct lp_err *err) LP_MUST_CHECK;

/* What a container printed, as text without the stream's frames; shortened to fit. */
void lp_engine_logs(struct lp_engine *engine, const char *container, char *text, size_t size);

#endif
