/* SPDX-License-Identifier: MIT */
/* Options to a plan. */
#include "cli/bench_plan.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/str.h"
#include "base/units.h"
#include "place/place.h"

#define DURATION_DEFAULT (120 * LP_MS)
#define REPEATS_DEFAULT 3
#define REPEATS_MAX 50
/* Of a comparison: what the lock costs by itself. What several make of it takes a quiet machine to
   tell. */
#define WORKERS_AGAINST "1"
#define SEED_MAX 999999

static int parse_time(const char *option, const char *text, uint64_t *ns, struct lp_err *err)
{
    if (lp_duration_parse(text, ns) == 0)
        return 0;
    return lp_err_set(err, LP_ERR_USAGE, "option '--%s': '%s' is not " LP_DURATION_EXPECTED, option,
                      text);
}

static int parse_workers(struct lp_bench_plan *plan, const char *text, struct lp_err *err)
{
    char *copy = lp_strdup(text), *rest = copy;
    int result = 0;
    while (rest && result == 0) {
        const char *part = strsep(&rest, ",");
        uint64_t number;
        if (plan->worker_count == LP_BENCH_COUNTS_MAX)
            result = lp_err_set(err, LP_ERR_USAGE, "option '--workers': more than %d counts",
                                LP_BENCH_COUNTS_MAX);
        else if (lp_number_parse(part, 1, LP_BENCH_WORKERS_MAX, &number) == -1)
            result = lp_err_set(err, LP_ERR_USAGE,
                                "option '--workers': '%s' is no list of numbers from 1 to %d such "
                                "as " LP_BENCH_WORKERS,
                                text, LP_BENCH_WORKERS_MAX);
        else
            plan->workers[plan->worker_count++] = (unsigned)number;
    }
    free(copy);
    return result;
}

static int parse_cpus(const char *text, enum lp_cpus *cpus, struct lp_err *err)
{
    for (unsigned i = 0; i <= LP_CPUS_SPREAD; i++) {
        if (strcmp(lp_cpus_names[i], text) == 0) {
            *cpus = (enum lp_cpus)i;
            return 0;
        }
    }
    return lp_err_set(err, LP_ERR_USAGE, "option '--cpus': '%s' is none of any, one, spread", text);
}

int lp_percent_parse(const char *text, double *part, struct lp_err *err)
{
    char *end;
    errno = 0;
    double percent = strtod(text, &end);
    if (end == text || (strcmp(end, "%") != 0 && *end) || errno || !isfinite(percent) ||
        percent < 0 || percent > 10000)
        return lp_err_set(err, LP_ERR_USAGE,
                          "option '--max-regress': '%s' is no percentage such as 10%%", text);
    *part = percent / 100;
    return 0;
}

/* Namespaces where there are several containers, as in a run. */
static int choose_placement(struct lp_bench_plan *plan, const char *text, struct lp_err *err)
{
    if (text &&
        (lp_placement_parse(text, &plan->placement) == -1 || plan->placement > LP_PLACE_NAMESPACE))
        return lp_err_set(err, LP_ERR_USAGE,
                          "option '--placement': '%s' is none of thread, process, namespace", text);
    if (plan->placement == LP_PLACE_AUTO)
        plan->placement = plan->containers > 1 ? LP_PLACE_NAMESPACE : LP_PLACE_PROCESS;
    if (plan->placement == LP_PLACE_NAMESPACE && lp_place_namespace.usable(err) == -1)
        return -1;
    return 0;
}

static uint64_t choose_seed(uint64_t given)
{
    uint64_t seed = given;
    while (seed == 0) {
        if (getrandom(&seed, sizeof seed, 0) != sizeof seed)
            seed = (uint64_t)getpid();
        seed %= SEED_MAX + 1;
    }
    return seed;
}

int lp_bench_choose(struct lp_bench_plan *plan, const struct lp_bench_choice *choice,
                    const struct lp_registry *registry, struct lp_err *err)
{
    *plan = (struct lp_bench_plan){
        .registry = registry,
        .workdir = choice->workdir,
        .duration_ns = choice->duration_ns ? choice->duration_ns : DURATION_DEFAULT,
        .repeats = choice->repeats ? (unsigned)choice->repeats : REPEATS_DEFAULT,
        .containers = choice->containers ? (unsigned)choice->containers : 1,
        .seed = choose_seed(choice->seed),
        .interrupt_fd = -1,
    };
    if (plan->repeats > REPEATS_MAX)
        return lp_err_set(err, LP_ERR_USAGE, "option '--repeats': at most %d", REPEATS_MAX);
    const char *workers = choice->workers   ? choice->workers
                          : choice->against ? WORKERS_AGAINST
                                            : LP_BENCH_WORKERS;
    const char *think = choice->think ? choice->think : LP_BENCH_THINK;
    if (parse_workers(plan, workers, err) == -1 ||
        parse_time("hold", choice->hold ? choice->hold : "0", &plan->hold_ns, err) == -1 ||
        parse_time("think", think, &plan->think_ns, err) == -1 ||
        (choice->cpus && parse_cpus(choice->cpus, &plan->cpus, err) == -1))
        return -1;
    return choose_placement(plan, choice->placement, err);
}

/* What only its user can say (a program, a key) has no default. */
static bool needs_telling(const struct lp_driver *driver)
{
    for (size_t i = 0; i < driver->param_count; i++)
        if (!driver->params[i].initial && (driver->params[i].roles & LP_ROLE_LOCK) &&
            driver->params[i].type != LP_PARAM_PATH)
            return true;
    return false;
}

static bool is_default(const struct lp_driver_row *row)
{
    return row->driver && (row->driver->roles & LP_ROLE_LOCK) && !row->driver->server &&
           !needs_telling(row->driver) && strncmp(row->name, "broken-", strlen("broken-")) != 0;
}

int lp_bench_choose_locks(struct lp_bench *bench, const char **names, size_t count,
                          struct lp_err *err)
{
    const struct lp_registry *registry = bench->plan.registry;
    bench->locks = lp_alloc(count + registry->count + 1, sizeof *bench->locks);
    for (size_t i = 0; count == 0 && i < registry->count; i++) {
        if (!is_default(&registry->rows[i]))
            continue;
        size_t number = bench->lock_count++;
        if (lp_bench_lock_parse(&bench->locks[number], registry->rows[i].name, number, registry,
                                &bench->arena, err) == -1)
            return -1;
    }
    for (size_t i = 0; i < count; i++) {
        size_t number = bench->lock_count++;
        if (lp_bench_lock_parse(&bench->locks[number], names[i], number, registry, &bench->arena,
                                err) == -1)
            return -1;
    }
    return 0;
}
