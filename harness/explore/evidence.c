/* SPDX-License-Identifier: MIT */
/*
 * What came of a schedule. Most end with every operation ok, never two holders at once, and a
 * counter that is as high as was acknowledged: then nothing was lost, since each of n updates wrote
 * one more than it had read, and a counter n above its start needs all of them one after the other.
 * Whatever is not as plain as that goes to the checkers of every other run.
 */
#include "explore/scene.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/random.h"
#include "base/str.h"
#include "check/check.h"
#include "os/clock.h"

#define OBSERVER_RECORDS (LP_EXPLORE_WORKERS_MAX + 1)
#define OBSERVER_SIZE (LP_HISTORY_HEADER_SIZE + OBSERVER_RECORDS * sizeof(struct lp_record))

int lp_scene_drain(struct lp_scene *scene, struct lp_err *err)
{
    for (unsigned i = 0; i < scene->players; i++) {
        struct lp_hand *hand = &scene->board->players[i];
        hand->prompt.drain = true;
        while (scene->parts[i].begun && hand->report.where != LP_AT_END)
            if (lp_stage_player(&scene->stage, i, LP_TASK_GO, err) == -1)
                return -1;
        hand->prompt.drain = false;
    }
    scene->drained = true;
    return 0;
}

/* ---- images ---- */

struct lp_record *lp_scene_records(const struct lp_scene *scene, unsigned player, size_t *count)
{
    char *memory = lp_board_memory(scene->board, player);
    struct lp_record *records = (void *)(memory + LP_HISTORY_HEADER_SIZE);
    *count = 0;
    while (scene->parts[player].begun && /* else it is of an earlier schedule */
           *count < LP_PLAYER_RECORDS && records[*count].state != LP_RECORD_EMPTY)
        ++*count;
    return records;
}

static void put_record(struct lp_record *record, enum lp_step_kind kind, int64_t value,
                       uint64_t at_ns)
{
    *record = (struct lp_record){.invoke_ns = at_ns,
                                 .complete_ns = at_ns,
                                 .value = value,
                                 .kind = (uint8_t)kind,
                                 .outcome = LP_OK,
                                 .lock = 0xff,
                                 .state = LP_RECORD_COMPLETE};
}

/* What the supervisor of a container would have written; returns how many records. */
static size_t fill_observer(const struct lp_scene *scene, unsigned container, void *memory)
{
    struct lp_history_header *header = memory;
    struct lp_record *records = (void *)((char *)memory + LP_HISTORY_HEADER_SIZE);
    const struct lp_hand *hand = &scene->board->containers[container];
    uint64_t now_ns = lp_scene_stamp(scene);
    size_t count = 0;
    *header = (struct lp_history_header){
        .magic = LP_HISTORY_MAGIC,
        .version = LP_HISTORY_VERSION,
        .byte_order = LP_HISTORY_BYTE_ORDER,
        .record_size = sizeof(struct lp_record),
        .kind = LP_HISTORY_OBSERVER,
        .worker = container,
        .workers = scene->players,
        .container = container,
        .containers = lp_scene_containers(scene),
        .start_value = scene->scenario->start,
    };
    for (unsigned i = 0; i < scene->players; i++) { /* in order of time: the killed ones first */
        if (scene->parts[i].container != container || !scene->parts[i].killed)
            continue;
        put_record(&records[count], LP_STEP_EXIT, i, scene->parts[i].killed_ns);
        records[count++].round = SIGKILL; /* a wait status */
    }
    for (unsigned i = 0; i < scene->players; i++)
        if (scene->parts[i].container == container && !scene->parts[i].killed)
            put_record(&records[count++], LP_STEP_EXIT, i, now_ns);
    put_record(&records[count], LP_STEP_OBSERVE, hand->value, now_ns);
    records[count].outcome = hand->known ? LP_OK : LP_FAIL;
    records[count].domain = hand->identity.domain;
    records[count++].object = hand->identity.object;
    header->identities[0].domain = hand->identity.domain;
    header->identities[0].object = hand->identity.object;
    memcpy(header->identities[0].text, hand->identity.text, sizeof hand->identity.text);
    return count;
}

struct images {
    struct lp_history_image *image;
    size_t count;
    char *observers;
};

static void images_init(struct images *images, const struct lp_scene *scene)
{
    images->image = lp_alloc(scene->players + lp_scene_containers(scene), sizeof *images->image);
    images->observers = lp_alloc(lp_scene_containers(scene), OBSERVER_SIZE);
    images->count = 0;
    for (unsigned i = 0; i < scene->players; i++) {
        size_t count;
        lp_scene_records(scene, i, &count);
        images->image[images->count++] = (struct lp_history_image){
            .bytes = lp_board_memory(scene->board, i),
            .size = LP_HISTORY_HEADER_SIZE + count * sizeof(struct lp_record),
            .name = "worker",
        };
    }
    for (unsigned i = 0; i < lp_scene_containers(scene); i++) {
        char *memory = images->observers + i * OBSERVER_SIZE;
        size_t count = fill_observer(scene, i, memory);
        images->image[images->count++] = (struct lp_history_image){
            .bytes = memory,
            .size = LP_HISTORY_HEADER_SIZE + count * sizeof(struct lp_record),
            .name = "container",
        };
    }
}

static void images_release(struct images *images)
{
    free(images->observers);
    free(images->image);
}

/* ---- judging ---- */

static int look(struct lp_scene *scene, struct lp_err *err)
{
    for (unsigned i = 0; i < lp_scene_containers(scene); i++)
        if (lp_stage_container(&scene->stage, i, LP_TASK_LOOK, err) == -1)
            return -1;
    return 0;
}

static bool is_plain(const struct lp_scene *scene, enum lp_ending ending)
{
    const struct lp_hand *first = &scene->board->containers[0];
    int64_t expected = scene->scenario->start;
    if (ending != LP_ENDING_ALL || scene->overlapped || scene->stale)
        return false;
    for (unsigned i = 0; i < scene->players; i++) {
        const struct lp_report *report = lp_scene_report(scene, i);
        if (!report->plain || report->cut)
            return false;
        expected += (int64_t)report->acknowledged;
    }
    for (unsigned i = 0; i < lp_scene_containers(scene); i++) {
        const struct lp_hand *hand = &scene->board->containers[i];
        if (!hand->known || hand->value != expected ||
            hand->identity.domain != first->identity.domain ||
            hand->identity.object != first->identity.object)
            return false;
    }
    return true;
}

/* All wait for locks: nobody but another one could end that. What waits inside the store may have a
   time-out of its own. */
static bool is_deadlock(const struct lp_scene *scene, enum lp_ending ending)
{
    if (ending != LP_ENDING_DEADLOCK)
        return false;
    for (unsigned i = 0; i < scene->players; i++) {
        const struct lp_part *part = &scene->parts[i];
        if (part->killed || (part->stuck && !part->stuck_on_lock))
            return false;
    }
    return true;
}

/* A worker that was killed, or a lock that nobody wanted after that, leaves nothing open here: the
   orders in which somebody does want it are schedules of their own. */
static enum lp_found found_by(const struct lp_checks *checks, enum lp_ending ending)
{
    const struct {
        enum lp_result result;
        bool decides;
    } rows[] = {
        {checks->lost_update.result, true}, {checks->mutual_exclusion.result, true},
        {checks->lease.result, true},       {checks->fencing.result, true},
        {checks->recovery.result, false},   {checks->progress.result, false},
    };
    enum lp_found found = ending == LP_ENDING_ALL ? LP_FOUND_NOTHING : LP_FOUND_OPEN;
    for (size_t i = 0; i < LP_ARRAY_LEN(rows); i++) {
        if (rows[i].result == LP_VIOLATED)
            return LP_FOUND_VIOLATION;
        if (rows[i].result == LP_UNDECIDED && rows[i].decides)
            found = LP_FOUND_OPEN;
    }
    return found;
}

static int check(struct lp_scene *scene, enum lp_ending ending, enum lp_found *found,
                 struct lp_err *err)
{
    struct images images;
    struct lp_history history = {0};
    struct lp_checks checks = {0};
    images_init(&images, scene);
    int status = lp_history_from_images(&history, images.image, images.count, err);
    if (status == 0) {
        lp_checks_run(&checks, &history);
        *found = is_deadlock(scene, ending) ? LP_FOUND_VIOLATION : found_by(&checks, ending);
        lp_checks_release(&checks);
    }
    lp_history_release(&history);
    images_release(&images);
    return status;
}

static uint64_t fingerprint_of(const struct lp_scene *scene, enum lp_ending ending)
{
    uint64_t fingerprint = ending;
    for (unsigned i = 0; i < lp_scene_containers(scene); i++)
        fingerprint = lp_mix(fingerprint, (uint64_t)scene->board->containers[i].value);
    for (unsigned i = 0; i < scene->players; i++)
        fingerprint = lp_mix(fingerprint, scene->parts[i].told);
    return fingerprint;
}

static void add_holders(const struct lp_scene *scene, int lock, unsigned player, struct lp_str *out)
{
    const char *before = ", which worker";
    for (unsigned i = 0; i < scene->players; i++) {
        if (i == player || !(lp_scene_report(scene, i)->held & 1u << lock))
            continue;
        lp_str_addf(out, "%s %u", before, i);
        before = " and";
    }
    if (before[0] != ',')
        lp_str_add(out, " holds");
}

static void add_waiters(const struct lp_scene *scene, struct lp_str *out)
{
    for (unsigned i = 0; i < scene->players; i++) {
        const struct lp_report *report = lp_scene_report(scene, i);
        const struct lp_step *step = &scene->parts[i].group->steps[report->step];
        if (report->where != LP_AT_WAIT && report->where != LP_AT_RETRY)
            continue;
        lp_str_addf(out, "%sworker %u waits for ", out->len ? "; " : "", i);
        if (step->target < 0)
            lp_str_add(out, "the store");
        else
            lp_str_addf(out, "`%s`", scene->scenario->locks[step->target].name);
        if (step->target >= 0)
            add_holders(scene, step->target, i, out);
    }
}

static void tell_waiters(const struct lp_scene *scene)
{
    struct lp_explore_outcome *outcome = &scene->board->outcome;
    struct lp_str text;
    lp_str_init(&text);
    add_waiters(scene, &text);
    snprintf(outcome->deadlock, sizeof outcome->deadlock, "%s", text.ptr);
    lp_str_release(&text);
}

/* Where each one stands, before it is brought to its end. */
static void note_stuck(struct lp_scene *scene)
{
    for (unsigned i = 0; i < scene->players; i++) {
        const struct lp_report *report = lp_scene_report(scene, i);
        scene->parts[i].stuck = report->where != LP_AT_END;
        scene->parts[i].stuck_on_lock = report->where == LP_AT_WAIT && report->pure;
    }
}

/* Whoever is before a step that is known to have to wait begins to wait, as it would in a run. */
static int begin_waits(struct lp_scene *scene, struct lp_err *err)
{
    for (unsigned i = 0; i < scene->players; i++)
        if (scene->parts[i].begun && lp_scene_report(scene, i)->where == LP_AT_STEP &&
            lp_stage_player(&scene->stage, i, LP_TASK_GO, err) == -1)
            return -1;
    return 0;
}

int lp_scene_judge(struct lp_scene *scene, enum lp_ending ending, struct lp_outcome_seen *seen,
                   struct lp_err *err)
{
    scene->ending = ending;
    if (ending == LP_ENDING_DEADLOCK && begin_waits(scene, err) == -1)
        return -1;
    if (ending == LP_ENDING_DEADLOCK && scene->thorough)
        tell_waiters(scene);
    note_stuck(scene);
    if (ending == LP_ENDING_DEADLOCK) /* they wait to their deadline */
        (void)lp_scene_pass_time(scene, scene->now_ns + scene->scenario->deadline_ns);
    if (ending != LP_ENDING_ALL && lp_scene_drain(scene, err) == -1)
        return -1;
    if (look(scene, err) == -1)
        return -1;
    seen->fingerprint = fingerprint_of(scene, ending);
    seen->found = LP_FOUND_NOTHING;
    if (is_plain(scene, ending))
        return 0;
    if (lp_scene_is_blurred(scene)) {
        seen->found = LP_FOUND_OPEN;
        return 0;
    }
    return check(scene, ending, &seen->found, err);
}

/* ---- files ---- */

static int write_file(int folder_fd, const char *name, const struct lp_history_image *image,
                      struct lp_err *err)
{
    int fd = openat(folder_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    const char *bytes = image->bytes;
    size_t done = 0;
    ssize_t put = 0;
    while (fd != -1 && done < image->size &&
           (put = write(fd, bytes + done, image->size - done)) > 0)
        done += (size_t)put;
    bool failed = fd == -1 || done < image->size;
    if (fd != -1 && close(fd) == -1)
        failed = true;
    return failed ? lp_err_set(err, LP_ERR_SELF, "unable to write history file '%s'", name) : 0;
}

int lp_scene_dump(struct lp_scene *scene, int history_fd, struct lp_err *err)
{
    struct images images;
    int status = 0;
    images_init(&images, scene);
    for (unsigned i = 0; i < images.count && status == 0; i++) {
        bool worker = i < scene->players;
        char name[32];
        snprintf(name, sizeof name, worker ? "worker-%05u.lph" : "container-%05u.lph",
                 worker ? i : i - scene->players);
        status = write_file(history_fd, name, &images.image[i], err);
    }
    images_release(&images);
    return status;
}
