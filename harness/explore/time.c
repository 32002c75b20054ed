/* SPDX-License-Identifier: MIT */
/*
 * Virtual time. It moves by jumps, from one end of a thought or lease to the next; between two
 * jumps nothing takes any time. The stamps of what is recorded are made so too, for the checkers:
 * on a busy machine the time that really passed could be longer than any lease.
 */
#include "explore/scene.h"

#include <stdlib.h>

#include "base/str.h"
#include "os/clock.h"

/* So that nothing is older than time itself. */
#define START_NS UINT64_C(1000000000000)
/* Stamps that really differ, and virtually do not, are so far apart. */
#define GRAIN_NS 1000

void lp_scene_begin_time(struct lp_scene *scene)
{
    scene->now_ns = START_NS;
    scene->shift_count = 0;
    scene->stamp_count = 0;
}

bool lp_scene_pass_time(struct lp_scene *scene, uint64_t until_ns)
{
    if (scene->shift_count == LP_SHIFTS_MAX)
        return false;
    scene->now_ns = until_ns;
    scene->shifts[scene->shift_count++] =
        (struct lp_shift){.at_ns = lp_clock_ns(), .now_ns = until_ns};
    return true;
}

void lp_scene_note_time(struct lp_scene *scene, unsigned player, const struct lp_step *step)
{
    struct lp_part *part = &scene->parts[player];
    const struct lp_report *report = lp_scene_report(scene, player);
    if (report->thinks_ns)
        part->thinks_until_ns = scene->now_ns + report->thinks_ns;
    if (step->target < 0)
        return;
    uint64_t *end_ns = &part->lease_ends_ns[step->target];
    bool grants = report->kind == LP_STEP_LOCK || report->kind == LP_STEP_TRYLOCK ||
                  report->kind == LP_STEP_RENEW;
    if (report->kind == LP_STEP_UNLOCK && report->outcome != LP_UNKNOWN)
        *end_ns = 0;
    else if (grants && report->outcome == LP_OK)
        *end_ns = report->value ? scene->now_ns + (uint64_t)report->value : 0;
}

/* ---- when ---- */

static uint64_t earlier(const struct lp_scene *scene, uint64_t found_ns, uint64_t at_ns)
{
    return at_ns > scene->now_ns && (found_ns == 0 || at_ns < found_ns) ? at_ns : found_ns;
}

uint64_t lp_scene_next_time(const struct lp_scene *scene)
{
    uint64_t found_ns = 0;
    for (unsigned i = 0; i < scene->players; i++) {
        const struct lp_part *part = &scene->parts[i];
        if (lp_scene_report(scene, i)->where != LP_AT_END)
            found_ns = earlier(scene, found_ns, part->thinks_until_ns);
        for (size_t k = 0; k < scene->scenario->lock_count; k++)
            found_ns = earlier(scene, found_ns, part->lease_ends_ns[k]);
    }
    return found_ns;
}

uint64_t lp_scene_lease_end(const struct lp_scene *scene, unsigned lock)
{
    uint64_t found_ns = 0;
    for (unsigned i = 0; i < scene->players; i++) {
        uint64_t end_ns = scene->parts[i].lease_ends_ns[lock];
        if (end_ns > scene->now_ns && end_ns > found_ns)
            found_ns = end_ns;
    }
    return found_ns;
}

/* ---- stamps ---- */

struct stamps {
    uint64_t *at_ns; /* really; sorted, each once */
    size_t count, cap;
};

static void add(struct stamps *stamps, uint64_t at_ns)
{
    if (at_ns == 0)
        return;
    stamps->at_ns = lp_grow(stamps->at_ns, &stamps->cap, stamps->count + 1, sizeof *stamps->at_ns);
    stamps->at_ns[stamps->count++] = at_ns;
}

/* READ and WRITE have a token there. */
static bool has_attempt(const struct lp_record *record)
{
    return record->kind == LP_STEP_LOCK || record->kind == LP_STEP_UPGRADE ||
           record->kind == LP_STEP_BEGIN;
}

static int compare(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

static void collect(const struct lp_scene *scene, struct stamps *stamps)
{
    for (unsigned i = 0; i < scene->players; i++) {
        size_t count;
        const struct lp_record *records = lp_scene_records(scene, i, &count);
        add(stamps, scene->parts[i].killed_ns);
        for (size_t k = 0; k < count; k++) {
            add(stamps, records[k].invoke_ns);
            add(stamps, records[k].complete_ns);
            if (has_attempt(&records[k]))
                add(stamps, records[k].attempt_ns);
        }
    }
    if (stamps->count)
        qsort(stamps->at_ns, stamps->count, sizeof *stamps->at_ns, compare);
    size_t kept = 0;
    for (size_t i = 0; i < stamps->count; i++)
        if (i == 0 || stamps->at_ns[i] != stamps->at_ns[i - 1])
            stamps->at_ns[kept++] = stamps->at_ns[i];
    stamps->count = kept;
}

static void put(const struct lp_scene *scene, const struct stamps *stamps, uint64_t *stamp)
{
    if (*stamp == 0)
        return;
    const uint64_t *found = bsearch(stamp, stamps->at_ns, stamps->count, sizeof *stamp, compare);
    uint64_t now_ns = START_NS;
    for (size_t i = 0; i < scene->shift_count && scene->shifts[i].at_ns <= *stamp; i++)
        now_ns = scene->shifts[i].now_ns;
    *stamp = now_ns + (uint64_t)(found - stamps->at_ns) * GRAIN_NS;
}

void lp_scene_stamp(struct lp_scene *scene)
{
    struct stamps stamps = {0};
    if (!scene->timed && scene->shift_count == 0)
        return;
    collect(scene, &stamps);
    for (unsigned i = 0; i < scene->players; i++) {
        size_t count;
        struct lp_record *records = lp_scene_records(scene, i, &count);
        put(scene, &stamps, &scene->parts[i].killed_ns);
        for (size_t k = 0; k < count; k++) {
            put(scene, &stamps, &records[k].invoke_ns);
            put(scene, &stamps, &records[k].complete_ns);
            if (has_attempt(&records[k]))
                put(scene, &stamps, &records[k].attempt_ns);
        }
    }
    scene->stamp_count = stamps.count;
    free(stamps.at_ns);
}

uint64_t lp_scene_stamp_now(const struct lp_scene *scene)
{
    if (!scene->timed && scene->shift_count == 0)
        return lp_clock_ns();
    return scene->now_ns + (scene->stamp_count + 1) * GRAIN_NS;
}
