/* SPDX-License-Identifier: MIT */
/* The world of a scenario before and after a schedule: made, put back, closed. */
#include "explore/scene.h"

#include <string.h>

static int all_containers(struct lp_scene *scene, enum lp_task task, struct lp_err *err)
{
    for (unsigned i = 0; i < lp_scene_containers(scene); i++)
        if (lp_stage_container(&scene->stage, i, task, err) == -1)
            return -1;
    return 0;
}

static int all_players(struct lp_scene *scene, enum lp_task task, struct lp_err *err)
{
    for (unsigned i = 0; i < scene->players; i++)
        if (lp_stage_player(&scene->stage, i, task, err) == -1)
            return -1;
    return 0;
}

static int revive(struct lp_scene *scene, struct lp_err *err)
{
    for (unsigned i = 0; i < scene->players; i++) {
        if (scene->parts[i].killed && lp_stage_revive(&scene->stage, i, err) == -1)
            return -1;
        scene->parts[i].killed = false;
    }
    return 0;
}

static int close_all(struct lp_scene *scene, struct lp_err *err)
{
    return all_players(scene, LP_TASK_CLOSE, err) == -1 ? -1
                                                        : all_containers(scene, LP_TASK_CLOSE, err);
}

/* Everything made anew: what was prepared is removed first. */
static int rebuild(struct lp_scene *scene, struct lp_err *err)
{
    if (revive(scene, err) == -1)
        return -1;
    /* What a server keeps is not removed, but put back, so that prepare finds it as at the start.
     */
    if (scene->built && all_containers(scene, LP_TASK_RESET, err) == -1)
        return -1;
    if (scene->built &&
        (close_all(scene, err) == -1 || all_containers(scene, LP_TASK_REMOVE, err) == -1))
        return -1;
    scene->built = true;
    if (all_containers(scene, LP_TASK_PREPARE, err) == -1 ||
        all_containers(scene, LP_TASK_OPEN, err) == -1 ||
        all_players(scene, LP_TASK_OPEN, err) == -1)
        return -1;
    /* What could not be removed was there before us, and only reset puts it back. */
    return all_containers(scene, LP_TASK_RESET, err);
}

/* What its history says of its end, which it may not come to: it may never begin. */
static void empty_header(struct lp_scene *scene, unsigned player, bool present)
{
    struct lp_history_header *header = lp_board_memory(scene->board, player);
    header->finished = present ? 0 : 1 + (uint64_t)LP_END_DONE;
    header->rounds_done = 0;
}

static void begin(struct lp_scene *scene)
{
    for (unsigned i = 0; i < scene->players; i++) {
        struct lp_part *part = &scene->parts[i];
        struct lp_hand *hand = &scene->board->players[i];
        *part = (struct lp_part){.group = part->group, .container = part->container};
        hand->prompt = (struct lp_prompt){
            .thorough = scene->thorough, .timed = scene->timed, .rounds = scene->rounds};
        lp_report_begin(&hand->report, part->group, scene->timed);
        bool present = scene->present & 1u << i;
        empty_header(scene, i, present);
        if (!present)
            hand->report.where = LP_AT_END; /* it has nothing to do */
    }
    memset(scene->fault_done, 0, sizeof scene->fault_done);
    scene->overlapped = scene->drained = scene->stale = false;
    scene->changes = 0;
    memset(scene->lock_changes, 0, sizeof scene->lock_changes);
    lp_scene_begin_time(scene);
}

int lp_scene_reset(void *self, bool fresh, struct lp_err *err)
{
    struct lp_scene *scene = self;
    if (scene->built && lp_scene_drain(scene, err) == -1)
        return -1;
    for (unsigned i = 0; i < scene->players; i++)
        scene->stale |= lp_scene_report(scene, i)->unclean || scene->parts[i].killed;
    int status = fresh || scene->stale || !scene->built ? rebuild(scene, err)
                                                        : all_containers(scene, LP_TASK_RESET, err);
    begin(scene);
    return status;
}

int lp_scene_close(struct lp_scene *scene, struct lp_err *err)
{
    if (!scene->built)
        return 0;
    scene->built = false;
    if (lp_scene_drain(scene, err) == -1 || revive(scene, err) == -1)
        return -1;
    return close_all(scene, err);
}
