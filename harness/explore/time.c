/* SPDX-License-Identifier: MIT */
/*
 * Virtual time. It moves by jumps, from one end of a thought or lease to the next; between two
 * jumps nothing takes any time, but that each stamp of what is recorded is a little later than the
 * one before. Nothing depends on the machine's clock: on a busy one the time that really passed
 * could be longer than any lease. (Where a server ends leases by its own, lp_scene_is_blurred().)
 */
#include "explore/scene.h"

#include "os/clock.h"

/* So that nothing is older than time itself. */
#define START_NS UINT64_C(1000000000000)
/* Within one schedule; more would not end. */
#define PASSES_MAX 256

void lp_scene_begin_time(struct lp_scene *scene)
{
    scene->now_ns = scene->board->clock_ns = START_NS;
    scene->begun_ns = scene->leased ? lp_clock_ns() : 0;
    scene->shortest_ns = UINT64_MAX;
    scene->passes = 0;
}

bool lp_scene_pass_time(struct lp_scene *scene, uint64_t until_ns)
{
    if (scene->passes == PASSES_MAX)
        return false;
    scene->passes++;
    scene->board->clock_ns += until_ns - scene->now_ns;
    scene->now_ns = until_ns;
    return true;
}

uint64_t lp_scene_stamp(const struct lp_scene *scene)
{
    return scene->board->clock_ns += LP_RECORDER_GRAIN_NS;
}

void lp_scene_note_time(struct lp_scene *scene, unsigned player, const struct lp_step *step)
{
    struct lp_part *part = &scene->parts[player];
    const struct lp_report *report = lp_scene_report(scene, player);
    if (report->thinks_ns)
        part->thinks_until_ns = scene->now_ns + report->thinks_ns;
    if (step->target < 0)
        return;
    uint64_t *end_ns = &part->lease_ends_ns[step->target], ttl_ns = (uint64_t)report->value;
    bool grants = report->kind == LP_STEP_LOCK || report->kind == LP_STEP_TRYLOCK ||
                  report->kind == LP_STEP_RENEW;
    if (report->kind == LP_STEP_UNLOCK && report->outcome != LP_UNKNOWN)
        *end_ns = 0;
    else if (grants && report->outcome == LP_OK)
        *end_ns = ttl_ns ? scene->now_ns + ttl_ns : 0;
    if (grants && report->outcome == LP_OK && ttl_ns && ttl_ns < scene->shortest_ns)
        scene->shortest_ns = ttl_ns;
}

bool lp_scene_is_blurred(const struct lp_scene *scene)
{
    uint64_t late_ns = scene->board->clock_ns - scene->now_ns;
    if (scene->leased && !scene->timed)
        late_ns = lp_clock_ns() - scene->begun_ns;
    return late_ns >= scene->shortest_ns;
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
