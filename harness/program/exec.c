/* SPDX-License-Identifier: MIT */
/* Trials, one after the other, until it is known. */
#include "program/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/units.h"
#include "os/clock.h"
#include "os/file.h"
#include "program/meetings.h"
#include "program/printed.h"

#define DURATION_DEFAULT (30 * LP_SEC)
/* Each slot starts its program so many times in a steady trial. */
#define STEADY_ROUNDS 3
#define BURSTS_FIRST 10
#define TRIALS_MAX 100000

struct bench {
    struct lp_exec *exec;
    const struct lp_exec_options *options;
    struct lp_exec_evidence evidence;
    struct lp_printed reference; /* --check-output: of copies one after the other */
    uint64_t until_ns;
    unsigned trials;
    bool hung; /* some trial was ended by its time-out */
};

/* ---- what a trial adds ---- */

static void add_outcome(struct lp_program_outcome *total, const struct lp_program_outcome *one)
{
    total->succeeded += one->succeeded;
    total->failed += one->failed;
    total->unknown += one->unknown;
    total->counted |= one->counted;
    total->final += one->final - one->start;
    total->lost_min += one->lost_min;
    total->lost_max += one->lost_max;
    total->extra += one->extra;
    total->duplicates += one->duplicates;
    total->lines_missing += one->lines_missing;
}

/* The explanation: of lapses that were seen to happen before those that may, causes in their
   order of precedence. */
static const struct lp_lapse *best_lapse(const struct lp_lapses *lapses, bool losing)
{
    const struct lp_lapse *best = NULL;
    for (size_t i = 0; i < lapses->count; i++) {
        const struct lp_lapse *lapse = &lapses->lapse[i];
        if (lapse->hint && !losing)
            continue;
        if (!best || lapse->seen > best->seen ||
            (lapse->seen == best->seen && lapse->cause < best->cause))
            best = lapse;
    }
    return best;
}

static void tell_lapse(struct bench *bench, const struct lp_trial *trial, bool losing)
{
    struct lp_exec_evidence *evidence = &bench->evidence;
    struct lp_lapses lapses;
    lp_lapses_find(&lapses, &trial->tape);
    const struct lp_lapse *lapse = best_lapse(&lapses, losing);
    if (lapse) {
        struct lp_str text;
        lp_str_init(&text);
        lp_lapse_text(&trial->tape, lapse, &text);
        evidence->lapse_text = lp_arena_strdup(&bench->exec->arena, text.ptr);
        evidence->cause = lapse->cause;
        evidence->lapse_path = lp_arena_strdup(
            &bench->exec->arena, trial->tape.objects[trial->tape.events[lapse->write].object].path);
        evidence->hint = lapse->hint;
        lp_str_release(&text);
    } else if (losing) {
        evidence->cause = LP_CAUSE_NONE;
        evidence->lapse_text = NULL;
    }
    lp_lapses_release(&lapses);
}

static void note_blindness(struct bench *bench, const struct lp_tape *tape)
{
    struct lp_exec_evidence *evidence = &bench->evidence;
    evidence->foreign |= tape->foreign;
    evidence->full |= tape->full;
    if (tape->service_count > 0 && !evidence->services) {
        evidence->services = true;
        snprintf(evidence->service, sizeof evidence->service, "%s", tape->services[0]);
    }
    for (size_t i = 0; i < tape->object_count; i++)
        evidence->mapped |=
            tape->objects[i].mapped && tape->objects[i].shared && !tape->objects[i].sqlite;
}

static const char *folder_of(struct bench *bench, unsigned trial)
{
    return lp_arena_printf(&bench->exec->arena, "%s/trial-%04u", bench->options->run_dir, trial);
}

static void losing_trial(struct bench *bench, const struct lp_trial *trial)
{
    struct lp_exec_evidence *evidence = &bench->evidence;
    struct lp_str text;
    evidence->losing = true;
    evidence->trial = bench->trials;
    evidence->silent = lp_silent_copies(trial);
    evidence->lost = trial->outcome.lost_min + trial->outcome.lines_missing;
    lp_str_init(&text);
    lp_outcome_text(&trial->outcome, &text);
    evidence->outcome = lp_arena_strdup(&bench->exec->arena, text.ptr);
    lp_str_clear(&text);
    lp_printed_example(folder_of(bench, bench->trials), trial, evidence->silent > 0, &text);
    evidence->example = text.len ? lp_arena_strdup(&bench->exec->arena, text.ptr) : NULL;
    lp_str_release(&text);
    tell_lapse(bench, trial, true);
}

static int save_trace(const struct bench *bench, const struct lp_tape *tape, struct lp_err *err)
{
    const char *path = bench->options->trace_file;
    struct lp_str text;
    if (!path)
        return 0;
    int fd =
        open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (bench->trials ? O_APPEND : O_TRUNC), 0644);
    if (fd == -1)
        return lp_err_sys(err, LP_ERR_SELF, errno, "unable to write '%s'", path);
    lp_str_init(&text);
    lp_tape_write(tape, bench->trials, &text);
    size_t done = 0;
    while (done < text.len) {
        ssize_t put = write(fd, text.ptr + done, text.len - done);
        if (put <= 0 && errno != EINTR)
            break;
        done += put > 0 ? (size_t)put : 0;
    }
    bool whole = done == text.len;
    int failed = errno;
    lp_str_release(&text);
    close(fd);
    return whole ? 0 : lp_err_sys(err, LP_ERR_SELF, failed, "unable to write '%s'", path);
}

/* ---- one trial ---- */

static int compare_output(struct bench *bench, struct lp_trial *trial, const char *folder,
                          struct lp_err *err)
{
    struct lp_printed printed;
    if (!bench->options->program->check_output)
        return 0;
    if (lp_printed_read(&printed, folder, trial, err) == -1)
        return -1;
    trial->outcome.output_asked = true;
    trial->outcome.output_differs = !lp_printed_same(&printed, &bench->reference);
    lp_printed_release(&printed);
    return 0;
}

static int run_trial(struct bench *bench, bool aligned, unsigned rounds, struct lp_err *err)
{
    struct lp_exec *exec = bench->exec;
    struct lp_trial trial;
    /* Copies that meet at their locks show whether those exclude; copies that meet before their
       first access show what is done without a lock. Bursts are of both kinds, in turn. */
    bool at_locks = exec->bursts % 2 == 1 && exec->checks.contention.acquires > 0;
    const struct lp_trial_plan plan = {
        .program = bench->options->program,
        .slots = bench->options->program->copies,
        .rounds = rounds,
        .aligned = aligned,
        .at_locks = at_locks,
        .shared = &exec->shared,
        .folder = folder_of(bench, bench->trials),
        .seed = exec->result.seed + bench->trials,
    };
    if (lp_folder_make(plan.folder, err) == -1 || lp_trial_run(&trial, &plan, err) == -1)
        return -1;
    int result = 0;
    if (rounds == 1 && !trial.interrupted)
        result = compare_output(bench, &trial, plan.folder, err);
    exec->interrupted |= trial.interrupted;
    bench->hung |= trial.timed_out;
    exec->copies += trial.copies;
    exec->result.elapsed_ns += trial.elapsed_ns;
    add_outcome(&exec->total, &trial.outcome);
    lp_trial_learn(&trial.tape, &exec->shared);
    note_blindness(bench, &trial.tape);
    if (aligned)
        lp_meetings_add(&exec->checks.contention, &trial.tape);
    lp_meetings_times(&trial.tape, &exec->result.acquire_ns, &exec->result.hold_ns);
    bool bad = !trial.interrupted && lp_outcome_is_bad(&trial.outcome);
    exec->losing += bad;
    if (bad && !bench->evidence.losing)
        losing_trial(bench, &trial);
    else if (!bench->evidence.losing && !bench->evidence.lapse_text)
        tell_lapse(bench, &trial, false);
    if (result == 0)
        result = save_trace(bench, &trial.tape, err);
    bench->trials++;
    lp_trial_release(&trial);
    if (bench->options->progress)
        bench->options->progress(bench->options->progress_context, bench->trials, exec->copies,
                                 exec->checks.contention.meetings);
    return result;
}

/* Twice one after the other: only what is the same both times can be expected of copies side by
   side. */
static int make_reference(struct bench *bench, struct lp_err *err)
{
    struct lp_printed both[2] = {{0}, {0}};
    int result = 0;
    for (int i = 0; i < 2 && result == 0; i++) {
        struct lp_trial trial;
        const struct lp_trial_plan plan = {
            .program = bench->options->program,
            .slots = bench->options->program->copies,
            .rounds = 1,
            .serial = true,
            .shared = &bench->exec->shared,
            .folder =
                lp_arena_printf(&bench->exec->arena, "%s/serial-%d", bench->options->run_dir, i),
            .seed = bench->exec->result.seed,
        };
        if (lp_folder_make(plan.folder, err) == -1 || lp_trial_run(&trial, &plan, err) == -1) {
            result = -1;
            break;
        }
        result = lp_printed_read(&both[i], plan.folder, &trial, err);
        lp_trial_release(&trial);
    }
    if (result == 0 && !lp_printed_same(&both[0], &both[1]))
        result = lp_err_set(err, LP_ERR_USAGE,
                            "option '--check-output': copies print something else each time, even "
                            "one after the other");
    lp_printed_release(&both[1]);
    if (result == 0)
        bench->reference = both[0];
    else
        lp_printed_release(&both[0]);
    return result;
}

/* ---- all trials ---- */

static bool is_over(const struct bench *bench)
{
    return bench->exec->interrupted || bench->evidence.losing || bench->hung ||
           bench->trials >= TRIALS_MAX || lp_clock_ns() >= bench->until_ns;
}

static bool wants_burst(const struct bench *bench)
{
    const struct lp_exec *exec = bench->exec;
    unsigned rounds = bench->options->rounds;
    if (exec->bursts == 0)
        return true;
    if (is_over(bench))
        return false;
    if (rounds > 0)
        return exec->bursts < rounds;
    return exec->bursts < BURSTS_FIRST ||
           (exec->shared.count > 0 &&
            exec->checks.contention.meetings < bench->options->min_meetings);
}

static int run_trials(struct bench *bench, struct lp_err *err)
{
    struct lp_exec *exec = bench->exec;
    if (bench->options->program->check_output && make_reference(bench, err) == -1)
        return -1;
    for (; wants_burst(bench); exec->bursts++)
        if (run_trial(bench, true, 1, err) == -1)
            return -1;
    if (!is_over(bench) && exec->shared.count > 0) {
        if (run_trial(bench, false, STEADY_ROUNDS, err) == -1)
            return -1;
        exec->steady++;
    }
    return 0;
}

/* What lies open is shown to lose something, if it does. */
static int direct(struct bench *bench, struct lp_err *err)
{
    struct lp_exec *exec = bench->exec;
    struct lp_exec_evidence *evidence = &bench->evidence;
    const struct lp_program *program = bench->options->program;
    struct lp_program_outcome outcome = {0};
    const char *lost = NULL;
    if (evidence->losing || exec->interrupted || !evidence->lapse_text || evidence->hint ||
        !lp_program_is_observed(program) || program->copies < 2)
        return 0;
    const char *folder = lp_arena_printf(&exec->arena, "%s/directed", bench->options->run_dir);
    if (lp_folder_make(folder, err) == -1 ||
        lp_direct(program, evidence->lapse_path, folder, exec->result.seed, &outcome, &lost,
                  &exec->arena, err) == -1)
        return -1;
    if (!lost)
        return 0;
    evidence->losing = true;
    evidence->outcome = lp_arena_strdup(&exec->arena, lost);
    evidence->lost = outcome.lost_min + outcome.lines_missing;
    add_outcome(&exec->total, &outcome);
    exec->losing++;
    exec->directed = true;
    return 0;
}

/* ---- telling ---- */

static void describe(struct bench *bench)
{
    struct lp_exec *exec = bench->exec;
    const struct lp_program *program = bench->options->program;
    struct lp_scenario *scenario = &exec->scenario;
    struct lp_run_result *result = &exec->result;
    struct lp_str text;
    lp_str_init(&text);
    for (const char *const *arg = program->argv; *arg; arg++)
        lp_str_addf(&text, "%s%s", arg == program->argv ? "" : " ", *arg);
    lp_arena_init(&scenario->arena);
    scenario->name = program->name;
    scenario->title = lp_arena_strdup(&exec->arena, text.ptr);
    scenario->expect = LP_EXPECT_HELD;
    scenario->groups[0].workers = program->copies;
    scenario->group_count = 1;
    scenario->containers = program->place ? program->copies : 1;
    scenario->min_meetings = bench->options->min_meetings;
    result->scenario = scenario;
    result->checks = &exec->checks;
    result->judgement = &exec->judgement;
    result->placement = program->place ? LP_PLACE_NAMESPACE : LP_PLACE_PROCESS;
    result->jain = -1;
    snprintf(result->run_dir, sizeof result->run_dir, "%s", bench->options->run_dir);
    snprintf(result->reproduce, sizeof result->reproduce, "%.1000s", bench->options->command);
    lp_str_clear(&text);
    lp_str_addf(&text, "by ptrace, every copy; %u bursts, %u steady trials, %u copies",
                exec->bursts, exec->steady, exec->copies);
    if (exec->directed)
        lp_str_add(&text, ", one schedule in which exactly these two accesses were arranged");
    if (bench->evidence.mapped)
        lp_str_add(&text, "; stores into a shared mapping are not seen");
    if (bench->evidence.services)
        lp_str_addf(&text, "; what happens at %s is not seen", bench->evidence.service);
    if (bench->evidence.foreign)
        lp_str_add(&text, "; processes of another architecture are not seen");
    if (bench->evidence.full)
        lp_str_add(&text, "; there were more calls than are kept");
    result->traced = lp_arena_strdup(&exec->arena, text.ptr);
    result->printed = bench->evidence.example;
    lp_str_release(&text);
}

static void stay_on_one_processor(cpu_set_t *before)
{
    cpu_set_t one;
    CPU_ZERO(before);
    CPU_ZERO(&one);
    int here = sched_getcpu();
    if (sched_getaffinity(0, sizeof *before, before) == -1 || here < 0)
        return;
    CPU_SET(here, &one);
    sched_setaffinity(0, sizeof one, &one);
}

int lp_exec_run(struct lp_exec *exec, const struct lp_exec_options *options, struct lp_err *err)
{
    cpu_set_t before;
    memset(exec, 0, sizeof *exec);
    lp_arena_init(&exec->arena);
    exec->result.seed = options->seed;
    lp_histogram_init(&exec->result.acquire_ns);
    lp_histogram_init(&exec->result.hold_ns);
    uint64_t duration = options->duration_ns ? options->duration_ns : DURATION_DEFAULT;
    struct bench bench = {
        .exec = exec,
        .options = options,
        .evidence.cause = LP_CAUSE_NONE,
        .until_ns = lp_clock_ns() + duration,
    };
    stay_on_one_processor(&before);
    int result = lp_folder_make(options->run_dir, err);
    if (result == 0)
        result = run_trials(&bench, err);
    if (result == 0)
        result = direct(&bench, err);
    sched_setaffinity(0, sizeof before, &before);
    if (result == 0) {
        lp_exec_judge(exec, options, &bench.evidence);
        describe(&bench);
        if (bench.hung && exec->judgement.verdict == LP_HELD)
            exec->judgement.verdict = LP_INCONCLUSIVE;
        exec->result.as_expected = exec->judgement.verdict == LP_HELD;
        exec->result.unasked = true;
    }
    lp_printed_release(&bench.reference);
    if (result == -1)
        lp_exec_release(exec);
    return result;
}

void lp_exec_release(struct lp_exec *exec)
{
    lp_judgement_release(&exec->judgement);
    lp_paths_release(&exec->shared);
    lp_arena_release(&exec->scenario.arena);
    lp_arena_release(&exec->arena);
    memset(exec, 0, sizeof *exec);
}
