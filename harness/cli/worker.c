/* SPDX-License-Identifier: MIT */
/* lockproof worker: a container's first process. Started by a placement, not by people. */
#include "cli/commands.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "cli/options.h"
#include "cli/ui.h"
#include "cli/vocabulary.h"
#include "cli/worker.h"
#include "os/file.h"
#include "run/outside.h"

const struct lp_command_line lp_line_worker = {
    .synopsis = "worker PLAN NUMBER",
    .summary = "Runs the workers of one container. The placement docker starts it in its\n"
               "containers; PLAN is the file that says what to do, NUMBER the container's.",
};

static int carry_out(const char **words, size_t count, struct lp_err *err)
{
    struct lp_registry registry;
    struct lp_vocabulary vocabulary;
    struct lp_arena arena;
    uint64_t number;
    if (count != 2 || lp_number_parse(words[1], 0, LP_CONTAINERS_MAX - 1, &number) == -1)
        return lp_err_set(err, LP_ERR_USAGE, "usage: lockproof %s", lp_line_worker.synopsis);
    lp_arena_init(&arena);
    lp_registry_init(&registry, lp_plugin_folder());
    lp_vocabulary_make(&vocabulary, &registry, &arena);
    int result = lp_inside_main(words[0], (unsigned)number, &registry, &vocabulary, err);
    lp_registry_release(&registry);
    lp_arena_release(&arena);
    return result;
}

int lp_command_worker(int argc, char **argv)
{
    struct lp_err err = {0};
    const char **words = lp_alloc((size_t)argc, sizeof *words);
    size_t count;
    bool help;
    int status = -1;
    if (lp_options_parse(&lp_line_worker, argc, argv, NULL, words, &count, &help, &err) == 0)
        status = help ? lp_help_show(&lp_line_worker) : carry_out(words, count, &err);
    free(words);
    return lp_ui_end(status, &err);
}
