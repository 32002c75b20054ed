/* SPDX-License-Identifier: MIT */
/* A job of a Swarm. */
#include "place/swarm.h"

#include <stdio.h>
#include <string.h>

#include "place/docker_spec.h"
#include "place/place.h"

#define SECRET_NAME "lockproof"
#define READABLE_BY_ALL 0444

/* RFC 4648; the API wants secrets so. `size` of at least 4 * (len / 3 + 1) + 1. */
static void base64(const char *bytes, size_t len, char *text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t at = 0; at < len; at += 3) {
        unsigned group = 0;
        for (size_t i = 0; i < 3; i++)
            group = group << 8 | (at + i < len ? (unsigned char)bytes[at + i] : 0u);
        for (size_t i = 0; i < 4; i++)
            *text++ = at + i > len ? '=' : digits[group >> (18 - 6 * i) & 63];
    }
    *text = '\0';
}

static int info(struct lp_engine *engine, json_t **answer, struct lp_err *err)
{
    if (lp_engine_open(engine, err) == -1)
        return -1;
    return lp_engine_do(engine, "GET", "/info", NULL, answer, err);
}

int lp_swarm_usable(struct lp_err *err)
{
    struct lp_engine engine;
    json_t *answer = NULL;
    int result = info(&engine, &answer, err);
    if (result == 0 &&
        !json_is_true(json_object_get(json_object_get(answer, "Swarm"), "ControlAvailable"))) {
        result = lp_err_set(err, LP_ERR_NEED, "this engine is no manager of a Swarm");
        snprintf(err->remedy, sizeof err->remedy, "docker swarm init, or DOCKER_HOST of a manager");
    }
    json_decref(answer);
    lp_engine_release(&engine);
    return result;
}

static int nothing(struct lp_err *err)
{
    (void)err;
    return 0;
}

static int enter_nothing(const struct lp_place_view *view, struct lp_err *err)
{
    (void)view, (void)err;
    return 0;
}

const struct lp_place lp_place_swarm = {
    .name = "swarm",
    .joined = true,
    .usable = lp_swarm_usable,
    .prepare = nothing,
    .enter = enter_nothing,
};

/* Its id, to be released. */
static json_t *make_secret(const struct lp_swarm *swarm, struct lp_engine *engine,
                           struct lp_err *err)
{
    char data[256];
    json_t *answer = NULL;
    base64(swarm->secret, strlen(swarm->secret), data);
    json_t *body =
        json_pack("{s:o, s:o, s:s}", "Name", lp_docker_name(swarm->docker->run_id, "secret"),
                  "Labels", lp_docker_labels(swarm->docker), "Data", data);
    if (lp_engine_do(engine, "POST", "/secrets/create", body, &answer, err) == -1)
        return NULL;
    json_t *id = json_incref(json_object_get(answer, "ID"));
    json_decref(answer);
    return id;
}

static json_t *mounts_of(const struct lp_docker *docker, const struct lp_docker_row *row)
{
    json_t *mounts = json_pack("[{s:s, s:s, s:s}]", "Type", "bind", "Source", "/dev/shm", "Target",
                               LP_DOCKER_ROOT "/shared");
    for (size_t i = 0; i < row->mount_count; i++) {
        const struct lp_mount *mount = &row->mounts[i];
        static const char *const types[] = {"volume", "bind", "tmpfs"};
        json_t *spec = json_pack("{s:s, s:s, s:b}", "Type", types[mount->kind], "Target",
                                 mount->target, "ReadOnly", (int)mount->read_only);
        if (mount->kind == LP_MOUNT_VOLUME)
            json_object_set_new(spec, "Source", lp_docker_name(docker->run_id, mount->source));
        else if (mount->kind == LP_MOUNT_BIND)
            json_object_set_new(spec, "Source", json_string(mount->source));
        json_array_append_new(mounts, spec);
    }
    return mounts;
}

static json_t *container_spec(const struct lp_swarm *swarm, const char *address, json_t *secret_id)
{
    struct lp_docker_row row = lp_scenario_docker(swarm->docker->scenario, 0);
    json_t *file = json_pack("{s:s, s:s, s:s, s:i}", "Name", SECRET_NAME, "UID", "0", "GID", "0",
                             "Mode", READABLE_BY_ALL);
    json_t *secret = json_pack("{s:o, s:o, s:o}", "File", file, "SecretID", secret_id, "SecretName",
                               lp_docker_name(swarm->docker->run_id, "secret"));
    json_t *spec = json_pack("{s:s, s:[s, s], s:[s, s, s, s], s:o, s:[o], s:o}", "Image",
                             lp_docker_image(&row), "Command", "lockproof", "worker", "Args",
                             "--join", address, "--secret-file", "/run/secrets/" SECRET_NAME,
                             "Mounts", mounts_of(swarm->docker, &row), "Secrets", secret, "Labels",
                             lp_docker_labels(swarm->docker));
    if (row.user)
        json_object_set_new(spec, "User", json_string(row.user));
    return spec;
}

static json_t *service_spec(const struct lp_swarm *swarm, const char *address, json_t *secret_id)
{
    json_int_t count = swarm->docker->scenario->containers;
    json_t *task = json_pack("{s:o, s:{s:s}, s:[{s:s}]}", "ContainerSpec",
                             container_spec(swarm, address, secret_id), "RestartPolicy",
                             "Condition", "none", "Networks", "Target", "host");
    return json_pack("{s:o, s:o, s:o, s:{s:{s:I, s:I}}}", "Name",
                     lp_docker_name(swarm->docker->run_id, "job"), "Labels",
                     lp_docker_labels(swarm->docker), "TaskTemplate", task, "Mode", "ReplicatedJob",
                     "MaxConcurrent", count, "TotalCompletions", count);
}

int lp_swarm_start(const struct lp_swarm *swarm, struct lp_err *err)
{
    struct lp_engine engine;
    json_t *answer = NULL;
    char address[128];
    int result = info(&engine, &answer, err);
    const char *node =
        json_string_value(json_object_get(json_object_get(answer, "Swarm"), "NodeAddr"));
    snprintf(address, sizeof address, "%.100s:%u",
             swarm->address ? swarm->address
             : node         ? node
                            : "127.0.0.1",
             swarm->port);
    json_t *secret = result == 0 ? make_secret(swarm, &engine, err) : NULL;
    if (!secret)
        result = -1;
    if (result == 0)
        result = lp_engine_do(&engine, "POST", "/services/create",
                              service_spec(swarm, address, secret), NULL, err);
    json_decref(answer);
    lp_engine_release(&engine);
    return result;
}

void lp_swarm_complaint(const char *run_id, char *text, size_t size)
{
    struct lp_engine engine;
    struct lp_err err;
    json_t *answer = NULL;
    char path[256];
    text[0] = '\0';
    if (lp_engine_open(&engine, &err) == -1)
        return;
    /* {"service":["RUN-job"]}, percent-encoded */
    snprintf(path, sizeof path, "/tasks?filters=%%7B%%22service%%22%%3A%%5B%%22%s-job%%22%%5D%%7D",
             run_id);
    if (lp_engine_do(&engine, "GET", path, NULL, &answer, &err) == 0) {
        for (size_t i = 0; i < json_array_size(answer); i++) {
            const json_t *status = json_object_get(json_array_get(answer, i), "Status");
            const char *said = json_string_value(json_object_get(status, "Err"));
            if (said && !text[0])
                snprintf(text, size, "%s", said);
        }
    }
    json_decref(answer);
    lp_engine_release(&engine);
}
