/* SPDX-License-Identifier: MIT */
/* What a step is about, for the search and for people. */
#include "explore/scene.h"

#include <inttypes.h>
#include <string.h>

#include "base/units.h"

/* Objects: a number each. */
enum { OBJECT_STORE = 2, OBJECT_LOCKS = 16 };

static const char *place_of(const struct lp_resource *resource)
{
    for (size_t i = 0; i < resource->setting_count; i++)
        if (strcmp(resource->settings[i].key, "path") == 0 ||
            strcmp(resource->settings[i].key, "key") == 0)
            return resource->settings[i].value;
    return "";
}

static bool same_place(const struct lp_resource *a, const struct lp_resource *b)
{
    const char *place = place_of(a);
    return *place && strcmp(place, place_of(b)) == 0;
}

void lp_scene_objects(struct lp_scene *scene)
{
    const struct lp_scenario *scenario = scene->scenario;
    scene->store_object = OBJECT_STORE;
    for (unsigned i = 0; i < scenario->lock_count; i++) {
        scene->lock_object[i] = OBJECT_LOCKS + i;
        for (unsigned k = 0; k < i; k++)
            if (same_place(&scenario->locks[i], &scenario->locks[k]))
                scene->lock_object[i] = scene->lock_object[k];
        if (same_place(&scenario->locks[i], &scenario->store))
            scene->lock_object[i] = OBJECT_STORE;
    }
}

static void touch(struct lp_intent *intent, unsigned object, enum lp_access_kind kind)
{
    if (intent->count < LP_ACCESSES_MAX)
        intent->access[intent->count++] = (struct lp_access){.object = object, .kind = kind};
    else
        intent->everything = true;
}

static void touch_lock(const struct lp_scene *scene, int lock, enum lp_access_kind kind,
                       struct lp_intent *intent)
{
    touch(intent, scene->lock_object[lock], kind);
}

static void touch_of_step(const struct lp_scene *scene, const struct lp_step *step,
                          struct lp_intent *intent)
{
    unsigned store = scene->store_object;
    switch (step->kind) {
    case LP_STEP_LOCK:
        touch_lock(scene, step->target, LP_ACCESS_LOCK, intent);
        break;
    case LP_STEP_TRYLOCK:
        touch_lock(scene, step->target, LP_ACCESS_TRY, intent);
        break;
    case LP_STEP_UNLOCK:
        touch_lock(scene, step->target, LP_ACCESS_UNLOCK, intent);
        break;
    case LP_STEP_UPGRADE:
        touch_lock(scene, step->target, LP_ACCESS_LOCK, intent);
        touch_lock(scene, step->target, LP_ACCESS_UNLOCK, intent);
        break;
    case LP_STEP_RENEW:
        touch_lock(scene, step->target, LP_ACCESS_WRITE, intent);
        break;
    case LP_STEP_BEGIN:
        touch(intent, store, step->mode == LP_BEGIN_DEFERRED ? LP_ACCESS_READ : LP_ACCESS_LOCK);
        break;
    case LP_STEP_COMMIT:
    case LP_STEP_ROLLBACK:
        touch(intent, store, LP_ACCESS_UNLOCK);
        break;
    case LP_STEP_READ:
        touch(intent, store, step->fence ? LP_ACCESS_WRITE : LP_ACCESS_READ);
        break;
    case LP_STEP_WRITE:
    case LP_STEP_ADD:
    case LP_STEP_CAS:
        touch(intent, store, LP_ACCESS_WRITE);
        break;
    case LP_STEP_THINK: /* only itself, and time is dependent on everything */
        break;
    case LP_STEP_CLOSE:
    case LP_STEP_REOPEN:
        touch(intent, step->target < 0 ? store : scene->lock_object[step->target],
              LP_ACCESS_UNLOCK);
        break;
    default:
        intent->everything = true;
        break;
    }
}

static bool inside_attempts(const struct lp_report *report)
{
    return report->where == LP_AT_POINT || report->where == LP_AT_RETRY;
}

/* What it holds is given up, or a refused transaction is begun again: inside one step of the
   scenario, but more than that step is about. */
static void touch_of_rest(const struct lp_scene *scene, const struct lp_report *report,
                          struct lp_intent *intent)
{
    bool gives_up = strcmp(report->point, "gives up") == 0;
    if (report->where == LP_AT_RETRY)
        touch(intent, scene->store_object, LP_ACCESS_LOCK);
    if (report->in_transaction)
        touch(intent, scene->store_object, LP_ACCESS_UNLOCK);
    for (unsigned i = 0; gives_up && i < scene->scenario->lock_count; i++)
        if (report->held & 1u << i)
            touch_lock(scene, (int)i, LP_ACCESS_UNLOCK, intent);
}

void lp_scene_intent(const struct lp_scene *scene, unsigned actor, struct lp_intent *intent)
{
    *intent = (struct lp_intent){0};
    if (actor >= scene->players) {
        intent->everything = true;
        return;
    }
    const struct lp_report *report = lp_scene_report(scene, actor);
    touch_of_step(scene, &scene->parts[actor].group->steps[report->step], intent);
    if (inside_attempts(report))
        touch_of_rest(scene, report, intent);
}

/* ---- words ---- */

static void tell_target(const struct lp_scene *scene, const struct lp_step *step,
                        struct lp_str *out)
{
    static const char *const modes[] = {"deferred", "immediate", "exclusive"};
    const struct lp_scenario *scenario = scene->scenario;
    bool handle = step->kind == LP_STEP_CLOSE || step->kind == LP_STEP_REOPEN;
    if (step->kind == LP_STEP_BEGIN)
        lp_str_addf(out, " %s", modes[step->mode]);
    else if (handle && step->target < 0)
        lp_str_add(out, " store");
    else if (step->target >= 0 && scenario->lock_count > 1)
        lp_str_addf(out, " %s", scenario->locks[step->target].name);
    if ((step->kind == LP_STEP_LOCK || step->kind == LP_STEP_TRYLOCK) && step->mode == LP_SHARED)
        lp_str_add(out, " shared");
}

static void tell_fault(const struct lp_scene *scene, const struct lp_led_fault *fault,
                       struct lp_str *out)
{
    if (fault->kind == LP_LED_KILL)
        lp_str_addf(out, "kill %u", fault->target);
    else
        lp_str_addf(out, "expire %s", scene->scenario->locks[fault->target].name);
}

static void tell_time(const struct lp_scene *scene, struct lp_str *out)
{
    char duration[32];
    uint64_t next_ns = lp_scene_next_time(scene);
    lp_str_add(out, "passes");
    if (next_ns)
        lp_str_addf(out, " %s",
                    lp_duration_format(next_ns - scene->now_ns, duration, sizeof duration));
}

static const char *outcome_word(unsigned outcome)
{
    static const char *const words[] = {
        [LP_OK] = "ok", [LP_BUSY] = "busy", [LP_FAIL] = "refused", [LP_UNKNOWN] = "unknown"};
    return outcome < LP_ARRAY_LEN(words) && words[outcome] ? words[outcome] : "?";
}

static bool has_value(unsigned kind)
{
    return kind == LP_STEP_READ || kind == LP_STEP_WRITE || kind == LP_STEP_ADD ||
           kind == LP_STEP_CAS;
}

static void tell_result(const struct lp_scene *scene, unsigned actor,
                        const struct lp_effect *effect, struct lp_str *out)
{
    const struct lp_report *report = lp_scene_report(scene, actor);
    if (effect->went != LP_WENT_DONE) {
        lp_str_add(out, LP_SCHEDULE_WAITING);
        return;
    }
    if (actor >= scene->players || report->kind == 0) {
        bool stopped = actor < scene->players && report->where == LP_AT_POINT;
        lp_str_addf(out, stopped ? "at \"%s\"" : "ok", report->point);
        return;
    }
    lp_str_add(out, outcome_word(report->outcome));
    if (has_value(report->kind) && report->outcome == LP_OK)
        lp_str_addf(out, " %" PRId64, report->value);
}

void lp_scene_tell(const struct lp_scene *scene, unsigned actor, const struct lp_effect *effect,
                   struct lp_str *out)
{
    if (effect) {
        tell_result(scene, actor, effect, out);
        return;
    }
    if (lp_scene_is_time(scene, actor)) {
        tell_time(scene, out);
        return;
    }
    if (actor >= scene->players) {
        tell_fault(scene, &scene->request->faults[actor - scene->players], out);
        return;
    }
    const struct lp_report *report = lp_scene_report(scene, actor);
    const struct lp_step *step = &scene->parts[actor].group->steps[report->step];
    lp_str_add(out, lp_step_name(step->kind));
    tell_target(scene, step, out);
    if (report->where == LP_AT_POINT)
        lp_str_addf(out, " from \"%s\"", report->point);
    else if (report->where == LP_AT_WAIT)
        lp_str_add(out, " again");
}
