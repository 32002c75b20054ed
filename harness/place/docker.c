/* SPDX-License-Identifier: MIT */
/* The life of one container, and what has to be there before it. */
#include "place/docker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/file.h"
#include "place/docker_spec.h"
#include "place/owner.h"
#include "place/place.h"

int lp_docker_usable(struct lp_err *err)
{
    struct lp_engine engine;
    if (lp_engine_open(&engine, err) == -1)
        return -1;
    lp_engine_release(&engine);
    return 0;
}

/* In a container, where the worker entered it: only the private folder is still to be made. Whoever
   may not make it there will be told when something is to be opened in it. */
static int enter_inside(const struct lp_place_view *view, struct lp_err *err)
{
    (void)err;
    if (mkdir(view->private_at, 0777) == 0 && chmod(view->private_at, 01777) == -1)
        errno = 0;
    return 0;
}

static int nothing(struct lp_err *err)
{
    (void)err;
    return 0;
}

const struct lp_place lp_place_docker = {
    .name = "docker",
    .engine = true,
    .usable = lp_docker_usable,
    .prepare = nothing,
    .enter = enter_inside,
    .own_view = true,
};

/* ---- before ---- */

static int need_image(struct lp_engine *engine, const char *image, struct lp_err *err)
{
    char path[512];
    snprintf(path, sizeof path, "/images/%s/json", image);
    struct lp_engine_call call = {.method = "GET", .path = path, .interrupt_fd = -1};
    int status = lp_engine_call(engine, &call, NULL, err);
    if (status == 200)
        return 0;
    if (status != 404)
        return -1;
    bool own = strcmp(image, LP_DOCKER_IMAGE) == 0;
    lp_err_set(err, LP_ERR_NEED, "image '%s' is not there", image);
    if (own)
        snprintf(err->remedy, sizeof err->remedy,
                 "docker build -t %s . (or any image of yours: --image debian:bookworm-slim)",
                 image);
    else
        snprintf(err->remedy, sizeof err->remedy, "docker pull %s", image);
    return -1;
}

static int make_volume(const struct lp_docker *docker, struct lp_engine *engine, const char *name,
                       struct lp_err *err)
{
    json_t *body = json_pack("{s:o, s:o}", "Name", lp_docker_name(docker->run_id, name), "Labels",
                             lp_docker_labels(docker));
    return lp_engine_do(engine, "POST", "/volumes/create", body, NULL, err);
}

static int make_network(const struct lp_docker *docker, struct lp_engine *engine, const char *name,
                        struct lp_err *err)
{
    json_t *body = json_pack("{s:o, s:b, s:o}", "Name", lp_docker_name(docker->run_id, name),
                             "CheckDuplicate", 1, "Labels", lp_docker_labels(docker));
    struct lp_engine_call call = {
        .method = "POST", .path = "/networks/create", .body = body, .interrupt_fd = -1};
    int status = lp_engine_call(engine, &call, NULL, err);
    return status == 201 || status == 409 ? 0 : -1; /* 409: another row of the scenario made it */
}

static int prepare_row(const struct lp_docker *docker, struct lp_engine *engine,
                       const struct lp_docker_row *row, struct lp_err *err)
{
    for (size_t i = 0; i < row->mount_count; i++)
        if (row->mounts[i].kind == LP_MOUNT_VOLUME &&
            make_volume(docker, engine, row->mounts[i].source, err) == -1)
            return -1;
    if (row->network && !lp_docker_is_builtin_network(row->network))
        return make_network(docker, engine, row->network, err);
    return 0;
}

/* A container of a user's image runs what is put into it, which must be there. */
static int check_images(const struct lp_docker *docker, struct lp_engine *engine,
                        struct lp_err *err)
{
    const struct lp_scenario *scenario = docker->scenario;
    const char *seen = NULL;
    for (unsigned i = 0; i < scenario->containers; i++) {
        struct lp_docker_row row = lp_scenario_docker(scenario, i);
        const char *image = lp_docker_image(&row);
        if (seen && strcmp(seen, image) == 0)
            continue;
        if (need_image(engine, image, err) == -1)
            return -1;
        if (!docker->worker && strcmp(image, LP_DOCKER_IMAGE) != 0) {
            lp_err_set(err, LP_ERR_NEED, "no static worker to put into image '%s'", image);
            snprintf(err->remedy, sizeof err->remedy, "make worker");
            return -1;
        }
        seen = image;
    }
    return 0;
}

int lp_docker_prepare(const struct lp_docker *docker, struct lp_err *err)
{
    struct lp_engine engine;
    if (lp_engine_open(&engine, err) == -1)
        return -1;
    int result = check_images(docker, &engine, err);
    for (size_t i = 0; i < docker->scenario->docker_count && result == 0; i++)
        result = prepare_row(docker, &engine, &docker->scenario->docker[i], err);
    lp_engine_release(&engine);
    return result;
}

/* ---- one container ---- */

/* Makes the files that are to be bound: Docker would make folders of them. A new one takes the name
   of the old by rename(2), as editors and deployments do; what was bound before stays bound. */
static int make_file(const struct lp_docker *docker, unsigned number, const struct lp_mount *mount,
                     struct lp_err *err)
{
    struct lp_str path, fresh;
    lp_str_init(&path);
    lp_str_init(&fresh);
    lp_docker_bind_source(docker, number, mount->source, &path);
    lp_str_addf(&fresh, "%s.new-%u", path.ptr, number);
    const char *name = mount->new_file ? fresh.ptr : path.ptr;
    int result = lp_folder_of(path.ptr, err);
    int fd = result == 0 ? open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0666) : -1;
    if (result == 0 && (fd == -1 || fchmod(fd, 0666) == -1))
        result = lp_err_sys(err, LP_ERR_SELF, errno, "unable to make '%s'", name);
    if (fd != -1)
        close(fd);
    if (result == 0 && mount->new_file && rename(fresh.ptr, path.ptr) == -1)
        result = lp_err_sys(err, LP_ERR_SELF, errno, "unable to replace '%s'", path.ptr);
    lp_str_release(&fresh);
    lp_str_release(&path);
    return result;
}

static int make_files(const struct lp_docker *docker, unsigned number,
                      const struct lp_docker_row *row, struct lp_err *err)
{
    for (size_t i = 0; i < row->mount_count; i++)
        if (row->mounts[i].file && make_file(docker, number, &row->mounts[i], err) == -1)
            return -1;
    return 0;
}

/* Waits for its end; its exit status, or -1. */
static int wait_for_end(struct lp_engine *engine, const char *id, int interrupt_fd,
                        struct lp_err *err)
{
    char path[256];
    for (;;) {
        json_t *answer;
        snprintf(path, sizeof path, "/containers/%s/wait", id);
        struct lp_engine_call call = {.method = "POST", .path = path, .interrupt_fd = interrupt_fd};
        int status = lp_engine_call(engine, &call, &answer, err);
        if (status == 0) {
            interrupt_fd = -1;
            snprintf(path, sizeof path, "/containers/%s/kill?signal=" LP_DOCKER_SIGNAL, id);
            struct lp_err ended; /* in the meantime, perhaps */
            if (lp_engine_do(engine, "POST", path, NULL, NULL, &ended) == 0)
                continue;
            continue;
        }
        int code = (int)json_integer_value(json_object_get(answer, "StatusCode"));
        json_decref(answer);
        return status == 200 ? code : -1;
    }
}

static int start(const struct lp_docker *docker, struct lp_engine *engine,
                 const struct lp_docker_life *life, const char *name, struct lp_err *err)
{
    struct lp_docker_row row = lp_scenario_docker(docker->scenario, life->number);
    char path[256];
    if (life->wait_turn)
        life->wait_turn(life->context);
    if (make_files(docker, life->number, &row, err) == -1)
        return -1;
    snprintf(path, sizeof path, "/containers/create?name=%s", name);
    if (lp_engine_do(engine, "POST", path, lp_docker_spec(docker, life->number, &row), NULL, err) ==
        -1)
        return -1;
    snprintf(path, sizeof path, "/containers/%s/start", name);
    return lp_engine_do(engine, "POST", path, NULL, NULL, err);
}

/* Its last words say more than its exit status. */
static int failed(struct lp_engine *engine, const char *name, unsigned number, int code,
                  struct lp_err *err)
{
    char words[300];
    lp_engine_logs(engine, name, words, sizeof words);
    return lp_err_set(err, LP_ERR_SELF, "container %u ended with exit status %d%s%s", number, code,
                      words[0] ? ": " : "", words);
}

int lp_docker_run(const struct lp_docker *docker, const struct lp_docker_life *life,
                  struct lp_err *err)
{
    struct lp_engine engine;
    char name[128], path[256];
    if (lp_engine_open(&engine, err) == -1)
        return -1;
    snprintf(name, sizeof name, "%s-%u", docker->run_id, life->number);
    int result = start(docker, &engine, life, name, err);
    if (result == 0) {
        int code = wait_for_end(&engine, name, life->interrupt_fd, err);
        if (code > 0)
            failed(&engine, name, life->number, code, err);
        result = code == 0 ? 0 : -1;
    }
    struct lp_err ignored;
    snprintf(path, sizeof path, "/containers/%s?force=1&v=1", name);
    if (lp_engine_do(&engine, "DELETE", path, NULL, NULL, &ignored) == -1)
        lp_docker_sweep(docker->run_id);
    lp_engine_release(&engine);
    return result;
}
