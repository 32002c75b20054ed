/* SPDX-License-Identifier: MIT */
/* The world of a scenario: stepping its workers. */
#include "explore/scene.h"

#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "base/str.h"

static struct lp_hand *hand_of(const struct lp_scene *scene, unsigned player)
{
    return &scene->board->players[player];
}

/* ---- stepping ---- */

static bool are_all_over(const struct lp_scene *scene)
{
    for (unsigned i = 0; i < scene->players; i++)
        if (lp_scene_report(scene, i)->where != LP_AT_END)
            return false;
    return true;
}

/* Faults and time have nothing more to come to when all workers have ended. */
static bool is_over(const struct lp_scene *scene, unsigned actor)
{
    if (actor < scene->players)
        return lp_scene_report(scene, actor)->where == LP_AT_END;
    bool done = !lp_scene_is_time(scene, actor) && scene->fault_done[actor - scene->players];
    return done || are_all_over(scene);
}

static bool scene_next(void *self, unsigned actor, struct lp_intent *intent)
{
    const struct lp_scene *scene = self;
    if (is_over(scene, actor))
        return false;
    lp_scene_intent(scene, actor, intent);
    return true;
}

static uint64_t changes_by_others(const struct lp_scene *scene, unsigned player)
{
    return scene->changes - scene->parts[player].changes;
}

static bool touches(const struct lp_intent *intent, unsigned object)
{
    for (unsigned i = 0; i < intent->count; i++)
        if (intent->access[i].object == object)
            return true;
    return intent->everything;
}

static void note_change(struct lp_scene *scene, unsigned player, const struct lp_intent *intent)
{
    struct lp_part *part = &scene->parts[player];
    bool store = touches(intent, scene->store_object);
    scene->changes += store;
    part->changes += store;
    for (size_t i = 0; i < scene->scenario->lock_count; i++) {
        bool lock = touches(intent, scene->lock_object[i]);
        scene->lock_changes[i] += lock;
        part->lock_changes[i] += lock;
    }
}

/* Of the lock that its step is about. */
static uint64_t lock_changes_by_others(const struct lp_scene *scene, unsigned player)
{
    const struct lp_part *part = &scene->parts[player];
    int lock = part->group->steps[lp_scene_report(scene, player)->step].target;
    return lock < 0 ? 0 : scene->lock_changes[lock] - part->lock_changes[lock];
}

static void note_refusal(struct lp_scene *scene, unsigned player)
{
    struct lp_part *part = &scene->parts[player];
    uint64_t changes = changes_by_others(scene, player);
    part->must_wait = lp_scene_report(scene, player)->attempt > 1 && part->refused_at == changes;
    part->refused_at = changes;
}

/* ---- who waits for whom ---- */

static bool waits_for(const struct lp_scene *scene, unsigned player, unsigned other)
{
    const struct lp_report *report = lp_scene_report(scene, player);
    const struct lp_step *step = &scene->parts[player].group->steps[report->step];
    return report->where == LP_AT_WAIT && report->pure && step->target >= 0 && player != other &&
           (lp_scene_report(scene, other)->held & 1u << step->target);
}

/* Would the kernel find that this wait closes a circle? */
static bool closes_circle(const struct lp_scene *scene, unsigned player)
{
    uint32_t reached = 0, more = 1u << player;
    while (more & ~reached) {
        unsigned from = (unsigned)__builtin_ctz(more & ~reached);
        reached |= 1u << from;
        for (unsigned to = 0; to < scene->players; to++) {
            if (!waits_for(scene, from, to))
                continue;
            if (to == player)
                return true;
            more |= 1u << to;
        }
    }
    return false;
}

/* ---- one step ---- */

static int go(struct lp_scene *scene, unsigned player, bool refuse, struct lp_err *err)
{
    struct lp_hand *hand = hand_of(scene, player);
    hand->prompt = (struct lp_prompt){.thorough = scene->thorough,
                                      .refuse = refuse,
                                      .rounds = scene->rounds,
                                      .timed = scene->timed,
                                      .now_ns = scene->now_ns};
    if (lp_stage_player(&scene->stage, player, LP_TASK_GO, err) == -1)
        return -1;
    scene->parts[player].begun = true;
    if (hand->report.error[0])
        return lp_err_set(err, LP_ERR_SELF, "worker %u: %s", player, hand->report.error);
    return 0;
}

/* The player has to wait: did it change anything by that? */
static int went_waiting(struct lp_scene *scene, unsigned player, enum lp_where before,
                        struct lp_effect *effect, struct lp_err *err)
{
    const struct lp_report *report = lp_scene_report(scene, player);
    bool began = before != LP_AT_WAIT || report->kind != 0;
    bool tried = before == LP_AT_STEP || before == LP_AT_RETRY;
    if (report->pure && scene->finds_deadlock && closes_circle(scene, player)) {
        effect->went = LP_WENT_DONE;
        return go(scene, player, true, err);
    }
    /* What a try of several operations saw at its beginning may be true no more at its end: then
       there is nothing to wait for. */
    if (report->pure && !tried &&
        scene->parts[player].tried_at != lock_changes_by_others(scene, player))
        return 0;
    bool changed = began && !(report->pure && tried && !scene->finds_deadlock);
    effect->went = changed ? LP_WENT_WAITING : LP_WENT_BLOCKED;
    return 0;
}

static void note_holds(struct lp_scene *scene, unsigned player)
{
    uint32_t held = lp_scene_report(scene, player)->held;
    for (unsigned i = 0; held && i < scene->players; i++)
        if (i != player && (lp_scene_report(scene, i)->held & held))
            scene->overlapped = true;
}

static uint64_t fingerprint_of(const struct lp_report *report)
{
    uint64_t seen = lp_mix((uint64_t)report->where << 32 | report->step,
                           (uint64_t)report->kind << 8 | report->outcome);
    for (const char *c = report->point; *c; c++)
        seen = lp_mix(seen, (unsigned char)*c);
    return report->kind ? lp_mix(seen, (uint64_t)report->value) : seen;
}

static int step_player(struct lp_scene *scene, unsigned player, struct lp_effect *effect,
                       struct lp_err *err)
{
    struct lp_part *part = &scene->parts[player];
    const struct lp_report *report = lp_scene_report(scene, player);
    enum lp_where before = report->where;
    const struct lp_step *step = &part->group->steps[report->step];
    struct lp_intent intent;
    bool refused = before == LP_AT_RETRY && part->must_wait &&
                   part->refused_at == changes_by_others(scene, player);
    if (refused || part->thinks_until_ns > scene->now_ns) {
        effect->went = LP_WENT_BLOCKED;
        return 0;
    }
    lp_scene_intent(scene, player, &intent);
    if (before != LP_AT_POINT)
        part->tried_at = lock_changes_by_others(scene, player);
    if (go(scene, player, false, err) == -1)
        return -1;
    if (report->where == LP_AT_WAIT && went_waiting(scene, player, before, effect, err) == -1)
        return -1;
    if (effect->went == LP_WENT_BLOCKED)
        return 0;
    note_change(scene, player, &intent);
    if (scene->leased)
        lp_scene_note_time(scene, player, step);
    if (report->where == LP_AT_RETRY)
        note_refusal(scene, player);
    note_holds(scene, player);
    effect->result = fingerprint_of(report);
    part->told = lp_mix(part->told, effect->result);
    return 0;
}

/* The try in which it was had been refused: it certainly holds nothing by it. */
static void end_try(struct lp_scene *scene, unsigned player)
{
    char *memory = lp_board_memory(scene->board, player);
    struct lp_record *record = (void *)(memory + LP_HISTORY_HEADER_SIZE);
    while (record->state == LP_RECORD_COMPLETE)
        record++;
    if (record->state != LP_RECORD_INVOKED)
        return;
    record->outcome = LP_BUSY;
    record->complete_ns = lp_scene_stamp(scene);
    record->state = LP_RECORD_COMPLETE;
}

static int kill_player(struct lp_scene *scene, unsigned player, struct lp_effect *effect,
                       struct lp_err *err)
{
    struct lp_hand *hand = hand_of(scene, player);
    if (hand->report.where == LP_AT_END)
        return 0;
    /* Half-way inside a library: it cannot be left there. */
    if (hand->report.where == LP_AT_WAIT && !hand->report.pure) {
        effect->went = LP_WENT_BLOCKED;
        return 0;
    }
    if (hand->report.where == LP_AT_WAIT)
        end_try(scene, player);
    scene->parts[player].killed = true;
    scene->parts[player].killed_ns = lp_scene_stamp(scene);
    hand->report.where = LP_AT_END;
    hand->report.held = 0;
    hand->report.plain = false;
    return lp_stage_kill(&scene->stage, player, err);
}

static void note_change_of_all(struct lp_scene *scene)
{
    scene->changes++;
    for (size_t i = 0; i < scene->scenario->lock_count; i++)
        scene->lock_changes[i]++;
}

static void step_time(struct lp_scene *scene, uint64_t until_ns, struct lp_effect *effect)
{
    if (until_ns == 0 || !lp_scene_pass_time(scene, until_ns))
        effect->went = LP_WENT_BLOCKED;
    effect->result = scene->now_ns;
}

static int step_fault(struct lp_scene *scene, unsigned number, struct lp_effect *effect,
                      struct lp_err *err)
{
    const struct lp_led_fault *fault = &scene->request->faults[number];
    int status = 0;
    if (fault->kind == LP_LED_KILL)
        status = kill_player(scene, fault->target, effect, err);
    else
        step_time(scene, lp_scene_lease_end(scene, fault->target), effect);
    scene->fault_done[number] = effect->went == LP_WENT_DONE;
    return status;
}

static int scene_step(void *self, unsigned actor, struct lp_effect *effect, struct lp_err *err)
{
    struct lp_scene *scene = self;
    int status = 0;
    *effect = (struct lp_effect){.went = LP_WENT_DONE};
    if (actor < scene->players)
        return step_player(scene, actor, effect, err);
    if (lp_scene_is_time(scene, actor))
        step_time(scene, lp_scene_next_time(scene), effect);
    else
        status = step_fault(scene, actor - scene->players, effect, err);
    if (effect->went == LP_WENT_DONE)
        note_change_of_all(scene);
    return status;
}

static int scene_judge(void *self, enum lp_ending ending, struct lp_outcome_seen *seen,
                       struct lp_err *err)
{
    return lp_scene_judge(self, ending, seen, err);
}

static void scene_tell(void *self, unsigned actor, const struct lp_effect *effect,
                       struct lp_str *out)
{
    lp_scene_tell(self, actor, effect, out);
}

/* ---- life cycle ---- */

static void learn_locks(struct lp_scene *scene, const struct lp_registry *registry)
{
    const struct lp_scenario *scenario = scene->scenario;
    unsigned finding = 0;
    for (size_t i = 0; i < scenario->lock_count; i++) {
        const struct lp_driver_row *row = lp_registry_find(registry, scenario->locks[i].driver);
        uint32_t abilities = row && row->driver ? row->driver->abilities : 0;
        scene->leased |= (abilities & (LP_LEASE | LP_TIMED)) != 0;
        scene->timed |= (abilities & LP_TIMED) != 0;
        finding += (abilities & LP_FINDS_DEADLOCK) != 0;
    }
    scene->finds_deadlock = finding > 1;
}

int lp_scene_init(struct lp_scene *scene, const struct lp_container_plan *plan,
                  struct lp_board *board, enum lp_stage_kind kind, struct lp_err *err)
{
    *scene = (struct lp_scene){
        .board = board,
        .request = board->request,
        .scenario = plan->scenario,
        .players = board->player_count,
        .present = UINT32_MAX,
        .rounds = UINT32_MAX,
        .parts = lp_alloc(board->player_count, sizeof *scene->parts),
    };
    for (unsigned i = 0; i < scene->players; i++) {
        struct lp_seat seat = lp_scenario_seat(plan->scenario, i);
        scene->parts[i].group = &plan->scenario->groups[seat.group];
        scene->parts[i].container = seat.container;
    }
    lp_scene_objects(scene);
    learn_locks(scene, plan->registry);
    return lp_stage_init(&scene->stage, plan, board, kind, err);
}

void lp_scene_release(struct lp_scene *scene)
{
    lp_stage_release(&scene->stage);
    free(scene->parts);
}

struct lp_world lp_scene_world(struct lp_scene *scene)
{
    return (struct lp_world){
        .self = scene,
        .workers = scene->players + scene->request->fault_count + scene->timed,
        .in_time = scene->timed ? scene->players : 0,
        .reset = lp_scene_reset,
        .next = scene_next,
        .step = scene_step,
        .judge = scene_judge,
        .tell = scene_tell,
    };
}
