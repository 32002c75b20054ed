/* SPDX-License-Identifier: MIT */
/* The progress line, read from the run's shared memory: it costs the workers nothing. */
#include "cli/progress.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "cli/ui.h"
#include "os/clock.h"

#define BAR_WIDTH 20

int lp_progress_parse(const char *text, enum lp_progress_when *when, struct lp_err *err)
{
    static const char *const names[] = {"auto", "always", "never"};
    *when = LP_PROGRESS_AUTO;
    if (!text)
        return 0;
    for (size_t i = 0; i < LP_ARRAY_LEN(names); i++) {
        if (strcmp(names[i], text) == 0) {
            *when = (enum lp_progress_when)i;
            return 0;
        }
    }
    return lp_err_set(err, LP_ERR_USAGE, "option '--progress': '%s' is none of auto, always, never",
                      text);
}

bool lp_progress_wanted(enum lp_progress_when when)
{
    return when == LP_PROGRESS_ALWAYS || (when == LP_PROGRESS_AUTO && lp_ui_stderr_is_terminal());
}

static double part_done(const struct lp_scenario *scenario, uint64_t rounds, uint32_t workers,
                        uint64_t elapsed_ns)
{
    double part = 0;
    if (scenario->rounds)
        part = (double)rounds / ((double)scenario->rounds * workers);
    if (scenario->duration_ns) {
        double of_time = (double)elapsed_ns / (double)scenario->duration_ns;
        part = of_time > part ? of_time : part;
    }
    return part > 1 ? 1 : part;
}

void lp_progress_show(void *context, const struct lp_scenario *scenario,
                      const struct lp_control *control)
{
    (void)context;
    uint64_t rounds = 0;
    unsigned inside = 0;
    for (uint32_t i = 0; i < control->worker_count; i++) {
        rounds += atomic_load_explicit(&control->slots[i].rounds, memory_order_relaxed);
        inside += atomic_load_explicit(&control->slots[i].inside, memory_order_relaxed) != 0;
    }
    uint64_t opened_ns = atomic_load(&control->opened_ns);
    uint64_t now_ns = lp_clock_ns();
    uint64_t elapsed_ns = opened_ns && now_ns > opened_ns ? now_ns - opened_ns : 0;
    double rate = elapsed_ns ? (double)rounds * (double)LP_SEC / (double)elapsed_ns : 0;
    int filled = (int)(part_done(scenario, rounds, control->worker_count, elapsed_ns) * BAR_WIDTH);
    char line[160];
    snprintf(line, sizeof line, "%-32.32s [%.*s%.*s] %8.0f rounds/s  %u inside  %u of %u ended",
             scenario->name, filled, "####################", BAR_WIDTH - filled,
             "....................", rate, inside, atomic_load(&control->ended),
             control->worker_count);
    lp_ui_status(line);
}

void lp_progress_clear(void)
{
    lp_ui_status("");
}
