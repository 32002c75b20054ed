/* SPDX-License-Identifier: MIT */
/* Carrying a schedule out for people: with all evidence, and in words. */
#include "explore/director.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "os/file.h"

void lp_director_note(struct lp_director *director, size_t at, unsigned actor, const char *step,
                      const struct lp_effect *effect)
{
    struct lp_str text;
    director->words =
        lp_grow(director->words, &director->word_cap, at + 1, sizeof *director->words);
    struct lp_step_words *words = &director->words[at];
    lp_str_init(&text);
    director->world.tell(director->world.self, actor, effect, &text);
    snprintf(words->step, sizeof words->step, "%s", step);
    snprintf(words->result, sizeof words->result, "%s", text.ptr);
    lp_str_release(&text);
    director->word_count = at + 1;
}

/* ---- a world that takes notes ---- */

struct notes {
    struct lp_director *director;
    size_t at;
};

static int noting_reset(void *self, bool fresh, struct lp_err *err)
{
    struct notes *notes = self;
    notes->at = 0;
    return notes->director->world.reset(notes->director->world.self, fresh, err);
}

static bool noting_next(void *self, unsigned actor, struct lp_intent *intent)
{
    const struct notes *notes = self;
    return notes->director->world.next(notes->director->world.self, actor, intent);
}

static int noting_step(void *self, unsigned actor, struct lp_effect *effect, struct lp_err *err)
{
    struct notes *notes = self;
    struct lp_director *director = notes->director;
    struct lp_str step;
    lp_str_init(&step);
    director->world.tell(director->world.self, actor, NULL, &step);
    int status = director->world.step(director->world.self, actor, effect, err);
    if (status == 0 && effect->went != LP_WENT_BLOCKED)
        lp_director_note(director, notes->at++, actor, step.ptr, effect);
    lp_str_release(&step);
    return status;
}

static int noting_judge(void *self, enum lp_ending ending, struct lp_outcome_seen *seen,
                        struct lp_err *err)
{
    const struct notes *notes = self;
    return notes->director->world.judge(notes->director->world.self, ending, seen, err);
}

int lp_director_perform(struct lp_director *director, const struct lp_trace *trace,
                        struct lp_err *err)
{
    struct notes notes = {.director = director};
    struct lp_world world = {
        .self = &notes,
        .workers = director->world.workers,
        .in_time = director->world.in_time,
        .reset = noting_reset,
        .next = noting_next,
        .step = noting_step,
        .judge = noting_judge,
        .tell = director->world.tell,
    };
    struct lp_followed followed = {0};
    unsigned *order = lp_alloc(trace->count + 1, sizeof *order);
    for (size_t i = 0; i < trace->count; i++)
        order[i] = trace->moves[i].worker;
    director->scene.thorough = true;
    director->word_count = 0;
    int status = lp_follow(&world, order, trace->count, LP_FOLLOW_STRICT, true, 0, &followed, err);
    director->scene.thorough = false;
    lp_followed_release(&followed);
    free(order);
    return status;
}

/* ---- the file ---- */

static void write_absent(const struct lp_director *director, struct lp_str *out)
{
    struct lp_str names;
    lp_str_init(&names);
    for (unsigned i = 0; i < director->scene.players; i++)
        if (!(director->scene.present & 1u << i))
            lp_str_addf(&names, "%s%u", names.len ? " " : "", i);
    if (names.len)
        lp_schedule_write_key(out, "without", names.ptr);
    lp_str_release(&names);
}

static void write_head(const struct lp_director *director, struct lp_str *out)
{
    const struct lp_explore_request *request = director->scene.request;
    const struct lp_explore_outcome *outcome = &director->scene.board->outcome;
    char number[16];
    lp_schedule_write_head(out);
    lp_schedule_write_comment(out, request->scenario->title);
    if (outcome->swap_found) {
        lp_str_add(out, "# Nothing is lost with ");
        lp_str_addf(out, "%s.\n", outcome->swap);
    }
    if (outcome->deadlock[0])
        lp_schedule_write_comment(out, outcome->deadlock);
    lp_schedule_write_key(out, "scenario", request->scenario_ref);
    snprintf(number, sizeof number, "%u", director->scene.players);
    lp_schedule_write_key(out, "workers", number);
    snprintf(number, sizeof number, "%u", request->scenario->rounds);
    lp_schedule_write_key(out, "rounds", number);
    if (director->scene.rounds < request->scenario->rounds) {
        snprintf(number, sizeof number, "%u", director->scene.rounds);
        lp_schedule_write_key(out, "only-rounds", number);
    }
    write_absent(director, out);
    lp_schedule_write_key(out, "verdict", outcome->broken ? "broken" : "held");
    lp_str_add(out, "\n");
}

int lp_director_save(struct lp_director *director, const struct lp_trace *trace, struct lp_err *err)
{
    struct lp_str out, path;
    lp_str_init(&out);
    lp_str_init(&path);
    lp_str_addf(&path, "%s/schedule", director->scene.request->run_dir);
    write_head(director, &out);
    for (size_t i = 0; i < trace->count && i < director->word_count; i++) {
        unsigned actor = trace->moves[i].worker;
        const char *name = actor < director->scene.players             ? NULL
                           : lp_scene_is_time(&director->scene, actor) ? LP_SCHEDULE_TIME
                                                                       : "fault";
        lp_schedule_write_line(&out, name, actor, director->words[i].step,
                               director->words[i].result);
    }
    int status = lp_file_write(path.ptr, out.ptr, out.len, err);
    lp_str_release(&path);
    lp_str_release(&out);
    return status;
}
