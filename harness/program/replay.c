/* SPDX-License-Identifier: MIT */
/* Schedules of a program in files: written from a losing one, and followed again. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "os/file.h"
#include "program/explain.h"
#include "program/explore.h"
#include "program/quote.h"

/* ---- one step, with its words ---- */

struct told {
    struct lp_str step, result;
};

static void told_init(struct told *told)
{
    lp_str_init(&told->step);
    lp_str_init(&told->result);
}

static void told_release(struct told *told)
{
    lp_str_release(&told->step);
    lp_str_release(&told->result);
}

static int take_step(struct lp_program_world *world, unsigned copy, struct told *told,
                     struct lp_effect *effect, struct lp_err *err)
{
    const struct lp_world *w = &world->world;
    lp_str_clear(&told->step);
    lp_str_clear(&told->result);
    /* A sleeper is woken first, so that its step can be named. */
    if (world->states[copy] == LP_COPY_SLEEPS && world->free_time &&
        lp_world_wake(world, copy, err) == -1)
        return -1;
    w->tell(w->self, copy, NULL, &told->step);
    if (w->step(w->self, copy, effect, err) == -1)
        return -1;
    if (effect->went == LP_WENT_DONE)
        w->tell(w->self, copy, effect, &told->result);
    return 0;
}

int lp_explain_swap(struct lp_program_world *world, const struct lp_trace *losing, size_t first,
                    struct lp_str *out, struct lp_err *err)
{
    struct told told;
    struct lp_str earlier;
    struct lp_effect effect;
    struct lp_outcome_seen seen;
    lp_str_init(&earlier);
    told_init(&told);
    int result = world->world.reset(world, false, err);
    for (size_t i = 0; i < losing->count && i <= first + 1 && result == 0; i++) {
        result = take_step(world, losing->moves[i].worker, &told, &effect, err);
        if (i == first)
            lp_str_add(&earlier, told.step.ptr);
    }
    if (result == 0)
        lp_str_addf(out, "copy %u's '%s' before copy %u's '%s'", losing->moves[first + 1].worker,
                    told.step.ptr, losing->moves[first].worker, earlier.ptr);
    if (result == 0)
        result = world->world.judge(world, LP_ENDING_CUT, &seen, err);
    lp_str_release(&earlier);
    told_release(&told);
    return result;
}

/* ---- writing ---- */

void lp_program_write_keys(const struct lp_program *program, struct lp_str *out)
{
    char number[32];
    struct lp_str text;
    lp_str_init(&text);
    for (const char *const *arg = program->argv; *arg; arg++) {
        lp_str_add(&text, arg == program->argv ? "" : " ");
        lp_add_quoted(&text, *arg);
    }
    lp_schedule_write_key(out, "program", text.ptr);
    snprintf(number, sizeof number, "%u", program->copies);
    lp_schedule_write_key(out, "copies", number);
    if (program->setup)
        lp_schedule_write_key(out, "setup", program->setup);
    if (program->observe)
        lp_schedule_write_key(out, "observe", program->observe);
    if (program->invariant)
        lp_schedule_write_key(out, "invariant", program->invariant);
    if (program->unique_file)
        lp_schedule_write_key(out, "expect-unique", program->unique_file);
    if (program->adds != 1) {
        snprintf(number, sizeof number, "%" PRId64, program->adds);
        lp_schedule_write_key(out, "adds", number);
    }
    lp_str_clear(&text);
    for (int code = 1; code < 256; code++)
        if (program->fail_codes[code])
            lp_str_addf(&text, "%s%d", text.len ? "," : "", code);
    if (text.len)
        lp_schedule_write_key(out, "fail-codes", text.ptr);
    lp_str_release(&text);
}

int lp_write_schedule(struct lp_program_world *world, const struct lp_trace *losing,
                      const char *file, const char *comment, struct lp_err *err)
{
    struct told told;
    struct lp_str text;
    struct lp_effect effect;
    struct lp_outcome_seen seen;
    told_init(&told);
    lp_str_init(&text);
    lp_schedule_write_head(&text);
    if (comment)
        lp_schedule_write_comment(&text, comment);
    lp_program_write_keys(world->program, &text);
    lp_schedule_write_key(&text, "verdict", "broken");
    lp_str_add(&text, "\n");
    int result = world->world.reset(world, false, err);
    for (size_t i = 0; i < losing->count && result == 0; i++) {
        unsigned copy = losing->moves[i].worker;
        result = take_step(world, copy, &told, &effect, err);
        if (result == 0)
            lp_schedule_write_line(&text, NULL, copy, told.step.ptr,
                                   told.result.len ? told.result.ptr : NULL);
    }
    if (result == 0)
        result = world->world.judge(world, LP_ENDING_ALL, &seen, err);
    if (result == 0)
        result = lp_file_write(file, text.ptr, text.len, err);
    lp_str_release(&text);
    told_release(&told);
    return result;
}

/* ---- reading ---- */

static int key_number(const struct lp_schedule *schedule, const struct lp_schedule_key *key,
                      uint64_t max, uint64_t *number, struct lp_err *err)
{
    if (lp_number_parse(key->value, 1, max, number) == 0)
        return 0;
    return lp_schedule_fail(schedule, key->line, key->column, err,
                            "'%s' is no whole number from 1 to %" PRIu64, key->value, max);
}

static int read_codes(struct lp_program *program, const struct lp_schedule *schedule,
                      const struct lp_schedule_key *key, struct lp_err *err)
{
    for (const char *at = key->value; *at;) {
        char *end;
        long code = strtol(at, &end, 10);
        if (end == at || code < 1 || code > 255 || (*end && *end != ','))
            return lp_schedule_fail(schedule, key->line, key->column, err,
                                    "'%s' is no list of exits from 1 to 255", key->value);
        program->fail_codes[code] = true;
        at = *end ? end + 1 : end;
    }
    return 0;
}

int lp_program_read_keys(struct lp_program *program, const struct lp_schedule *schedule,
                         struct lp_arena *arena, struct lp_err *err)
{
    static const char *const names[] = {
        "program",       "copies", "setup",      "observe", "invariant",
        "expect-unique", "adds",   "fail-codes", "verdict", NULL};
    size_t words = 0;
    uint64_t number = 0;
    if (lp_schedule_allow(schedule, names, err) == -1)
        return -1;
    *program = (struct lp_program){.copies = 2, .adds = 1, .timeout_ns = 60 * LP_SEC};
    const struct {
        const char *name;
        const char **into;
    } texts[] = {{"setup", &program->setup},
                 {"observe", &program->observe},
                 {"invariant", &program->invariant},
                 {"expect-unique", &program->unique_file}};
    for (size_t i = 0; i < LP_ARRAY_LEN(texts); i++) {
        const struct lp_schedule_key *key = lp_schedule_find(schedule, texts[i].name);
        *texts[i].into = key ? key->value : NULL;
    }
    const struct lp_schedule_key *line = lp_schedule_find(schedule, "program");
    const struct lp_schedule_key *copies = lp_schedule_find(schedule, "copies");
    const struct lp_schedule_key *adds = lp_schedule_find(schedule, "adds");
    const struct lp_schedule_key *codes = lp_schedule_find(schedule, "fail-codes");
    program->argv = lp_split_quoted(line->value, arena, &words);
    if (words == 0)
        return lp_schedule_fail(schedule, line->line, line->column, err, "no program is named");
    if (copies && key_number(schedule, copies, LP_EXPLORE_WORKERS_MAX, &number, err) == -1)
        return -1;
    if (copies)
        program->copies = (unsigned)number;
    if (adds)
        program->adds = strtoll(adds->value, NULL, 10);
    if (codes && read_codes(program, schedule, codes, err) == -1)
        return -1;
    const char *slash = strrchr(program->argv[0], '/');
    program->name = slash ? slash + 1 : program->argv[0];
    return 0;
}

/* ---- following ---- */

static void diverge(struct lp_replayed *replayed, const struct lp_schedule *schedule,
                    const struct lp_schedule_line *line, const char *what, const char *now)
{
    replayed->diverged = true;
    snprintf(replayed->divergence, sizeof replayed->divergence, "%s:%u: copy %u %s '%.100s'",
             schedule->file, line->line, line->worker, what, now);
}

static int follow_line(struct lp_program_world *world, const struct lp_schedule *schedule,
                       const struct lp_schedule_line *line, struct lp_replayed *replayed,
                       struct lp_err *err)
{
    struct told told;
    struct lp_effect effect;
    if (line->actor || line->worker >= world->program->copies)
        return lp_schedule_fail(schedule, line->line, line->column, err,
                                "there is no copy of that number");
    if (world->states[line->worker] == LP_COPY_ENDED) {
        diverge(replayed, schedule, line, "is at its end before", line->step);
        return 0;
    }
    told_init(&told);
    int result = take_step(world, line->worker, &told, &effect, err);
    /* What is written is compared in the words in which it was written. */
    struct lp_str words;
    lp_str_init(&words);
    lp_schedule_write_line(&words, NULL, line->worker, told.step.ptr, NULL);
    if (result == 0 && effect.went == LP_WENT_BLOCKED && !line->waiting)
        diverge(replayed, schedule, line, "has to wait at", told.step.ptr);
    else if (result == 0 && line->waiting && effect.went == LP_WENT_DONE)
        diverge(replayed, schedule, line, "does not have to wait at", told.step.ptr);
    else if (result == 0 && line->step[0] && !strstr(words.ptr, line->step))
        diverge(replayed, schedule, line, "does another thing now:", told.step.ptr);
    else if (result == 0 && line->result && effect.went == LP_WENT_DONE &&
             strcmp(line->result, told.result.ptr) != 0)
        diverge(replayed, schedule, line, "is answered otherwise now:", told.result.ptr);
    lp_str_release(&words);
    told_release(&told);
    return result;
}

/* Behind the last line each goes on as long as it can. */
static int finish(struct lp_program_world *world, bool *all, struct lp_err *err)
{
    struct lp_effect effect;
    bool moved = true;
    *all = false;
    while (moved && !*all) {
        moved = false;
        *all = true;
        for (unsigned i = 0; i < world->program->copies; i++) {
            for (effect.went = LP_WENT_DONE;
                 world->states[i] != LP_COPY_ENDED && effect.went == LP_WENT_DONE;) {
                if (world->world.step(world, i, &effect, err) == -1)
                    return -1;
                moved |= effect.went == LP_WENT_DONE;
            }
            *all &= world->states[i] == LP_COPY_ENDED;
        }
    }
    return 0;
}

int lp_follow_schedule(struct lp_program_world *world, const struct lp_schedule *schedule,
                       struct lp_replayed *replayed, struct lp_err *err)
{
    bool all = false;
    *replayed = (struct lp_replayed){0};
    if (world->world.reset(world, true, err) == -1)
        return -1;
    for (size_t i = 0; i < schedule->line_count && !replayed->diverged; i++)
        if (follow_line(world, schedule, &schedule->lines[i], replayed, err) == -1)
            return -1;
    if (!replayed->diverged && finish(world, &all, err) == -1)
        return -1;
    replayed->ending = replayed->diverged ? LP_ENDING_CUT
                       : all              ? LP_ENDING_ALL
                                          : LP_ENDING_DEADLOCK;
    return world->world.judge(world, replayed->ending, &replayed->seen, err);
}
