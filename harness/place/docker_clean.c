/* SPDX-License-Identifier: MIT */
/* Finding what runs left in the engine, by its labels, and removing it. */
#include "place/docker.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os/file.h"
#include "place/owner.h"

/* One kind of object: how all are listed, what names one, where its labels are. */
struct kind {
    const char *word;
    const char *list;
    const char *array; /* member of the answer that holds them; NULL: the answer is the array */
    const char *id;    /* member that names one ... */
    const char *name;  /* ... and one that people know it by: an array's first, or a text */
    const char *spec;  /* member that holds the labels; NULL: the object itself */
    const char *remove;
    size_t counter;
};

#define COUNTS(member) offsetof(struct lp_docker_leavings, member)
/* In this order: what is used goes after its users. */
static const struct kind kinds[] = {
    {"service", "/services", NULL, "ID", "ID", "Spec", "/services/%s", COUNTS(services)},
    {"container", "/containers/json?all=1", NULL, "Id", "Names", NULL, "/containers/%s?force=1&v=1",
     COUNTS(containers)},
    {"network", "/networks", NULL, "Id", "Name", NULL, "/networks/%s", COUNTS(networks)},
    {"volume", "/volumes", "Volumes", "Name", "Name", NULL, "/volumes/%s?force=1", COUNTS(volumes)},
    {"secret", "/secrets", NULL, "ID", "ID", "Spec", "/secrets/%s", COUNTS(secrets)},
};

struct cleaning {
    struct lp_engine *engine;
    const char *run_id; /* NULL: all whose owner is gone */
    struct lp_docker_leavings *leavings;
    struct lp_str *list; /* or NULL */
};

static const char *name_of(const struct kind *kind, const json_t *object)
{
    const json_t *name = json_object_get(object, kind->name);
    if (json_is_array(name))
        name = json_array_get(name, 0);
    const char *text = json_string_value(name);
    return !text ? "?" : text[0] == '/' ? text + 1 : text;
}

/* Of this run; or of any that is gone. */
static bool is_meant(const struct cleaning *cleaning, const json_t *labels)
{
    const char *run = json_string_value(json_object_get(labels, LP_LABEL_RUN));
    const char *owner = json_string_value(json_object_get(labels, LP_LABEL_OWNER));
    if (!run)
        return false;
    if (cleaning->run_id)
        return strcmp(run, cleaning->run_id) == 0;
    if (owner && lp_owner_look(owner) == LP_OWNER_GONE)
        return true;
    cleaning->leavings->kept++;
    return false;
}

/* Only a folder that has our name and lies where scratch folders do is taken for one. */
static void remove_scratch(struct cleaning *cleaning, const char *path)
{
    const char *slash = path ? strrchr(path, '/') : NULL;
    if (cleaning->run_id || !slash || path[0] != '/' || strstr(path, "/../") ||
        strncmp(slash, "/lockproof-", 11) != 0 || strspn(slash + 11, "0123456789abcdef") != 8 ||
        !lp_is_folder(path))
        return;
    char prefix[64];
    snprintf(prefix, sizeof prefix, "%.48s-", slash + 1);
    lp_files_remove("/dev/shm", prefix);
    lp_folder_remove(path);
    if (lp_is_folder(path))
        return;
    cleaning->leavings->folders++;
    if (cleaning->list)
        lp_str_addf(cleaning->list, "folder %s\n", path);
}

static void remove_object(struct cleaning *cleaning, const struct kind *kind, const json_t *object,
                          const json_t *labels)
{
    struct lp_err err;
    char path[512];
    const char *id = json_string_value(json_object_get(object, kind->id));
    if (!id)
        return;
    /* The path's pattern is a row of the table above. */
    const char *hole = strstr(kind->remove, "%s");
    snprintf(path, sizeof path, "%.*s%s%s", (int)(hole - kind->remove), kind->remove, id, hole + 2);
    struct lp_engine_call call = {.method = "DELETE", .path = path, .interrupt_fd = -1};
    int status = lp_engine_call(cleaning->engine, &call, NULL, &err);
    if (status >= 300 && status != 404) {
        if (cleaning->leavings->failed++ == 0)
            snprintf(cleaning->leavings->complaint, sizeof cleaning->leavings->complaint, "%.255s",
                     err.text);
        return;
    }
    unsigned *counter = (void *)((char *)cleaning->leavings + kind->counter);
    (*counter)++;
    if (cleaning->list)
        lp_str_addf(cleaning->list, "%s %s\n", kind->word, name_of(kind, object));
    remove_scratch(cleaning, json_string_value(json_object_get(labels, LP_LABEL_SCRATCH)));
}

static int clean_kind(struct cleaning *cleaning, const struct kind *kind, struct lp_err *err)
{
    json_t *answer;
    struct lp_engine_call call = {.method = "GET", .path = kind->list, .interrupt_fd = -1};
    int status = lp_engine_call(cleaning->engine, &call, &answer, err);
    if (status != 200) {
        json_decref(answer);
        return status == 503 ? 0 : -1; /* services and secrets of an engine that is in no Swarm */
    }
    const json_t *objects = kind->array ? json_object_get(answer, kind->array) : answer;
    for (size_t i = 0; i < json_array_size(objects); i++) {
        const json_t *object = json_array_get(objects, i);
        const json_t *labels =
            json_object_get(kind->spec ? json_object_get(object, kind->spec) : object, "Labels");
        if (is_meant(cleaning, labels))
            remove_object(cleaning, kind, object, labels);
    }
    json_decref(answer);
    return 0;
}

static int clean_all(struct cleaning *cleaning, struct lp_err *err)
{
    for (size_t i = 0; i < LP_ARRAY_LEN(kinds); i++)
        if (clean_kind(cleaning, &kinds[i], err) == -1)
            return -1;
    return 0;
}

void lp_docker_sweep(const char *run_id)
{
    struct lp_engine engine;
    struct lp_docker_leavings leavings = {0};
    struct lp_err err;
    if (lp_engine_open(&engine, &err) == -1)
        return;
    struct cleaning cleaning = {.engine = &engine, .run_id = run_id, .leavings = &leavings};
    /* What cannot be removed now is found again by its labels. */
    if (clean_all(&cleaning, &err) == -1)
        leavings.failed++;
    lp_engine_release(&engine);
}

int lp_docker_clean(struct lp_docker_leavings *leavings, struct lp_str *list, struct lp_err *err)
{
    struct lp_engine engine;
    *leavings = (struct lp_docker_leavings){0};
    if (lp_engine_open(&engine, err) == -1)
        return -1;
    struct cleaning cleaning = {.engine = &engine, .leavings = leavings, .list = list};
    int result = clean_all(&cleaning, err);
    lp_engine_release(&engine);
    return result;
}
