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
#include "run/agent.h"
#include "run/outside.h"

struct options {
    const char *join, *secret;
    uint64_t patience_ns;
};

#define AT(member) offsetof(struct options, member)
static const struct lp_option rows[] = {
    {"join", '\0', "HOST:PORT", LP_OPTION_TEXT, AT(join), 0, "of the coordinator"},
    {"secret-file", '\0', "FILE", LP_OPTION_TEXT, AT(secret), 0, "holds the one-time secret"},
    {"patience", '\0', "T", LP_OPTION_DURATION, AT(patience_ns), 0,
     "how long the coordinator may take to appear (1m)"},
};
const struct lp_command_line lp_line_worker = {
    .options = rows,
    .option_count = LP_ARRAY_LEN(rows),
    .synopsis = "worker PLAN NUMBER | worker --join HOST:PORT --secret-file FILE",
    .summary =
        "Runs the workers of one container. With --join it joins a run of another host as one\n"
        "of its containers; placement docker names a file that says what to do, and the\n"
        "container's number.",
};

static int be_container(const struct options *options, const char **words, size_t count,
                        const struct lp_registry *registry, const struct lp_vocabulary *vocabulary,
                        struct lp_err *err)
{
    uint64_t number;
    struct lp_agent_options agent = {
        .address = options->join,
        .key_file = options->secret,
        .patience_ns = options->patience_ns,
        .registry = registry,
        .vocabulary = vocabulary,
    };
    if (options->join && options->secret && count == 0)
        return lp_agent_main(&agent, err);
    if (options->join || options->secret || count != 2 ||
        lp_number_parse(words[1], 0, LP_CONTAINERS_MAX - 1, &number) == -1)
        return lp_err_set(err, LP_ERR_USAGE, "usage: lockproof %s", lp_line_worker.synopsis);
    return lp_inside_main(words[0], (unsigned)number, registry, vocabulary, err);
}

static int carry_out(const struct options *options, const char **words, size_t count,
                     struct lp_err *err)
{
    struct lp_registry registry;
    struct lp_vocabulary vocabulary;
    struct lp_arena arena;
    lp_arena_init(&arena);
    lp_registry_init(&registry, lp_plugin_folder());
    lp_vocabulary_make(&vocabulary, &registry, &arena);
    int result = be_container(options, words, count, &registry, &vocabulary, err);
    lp_registry_release(&registry);
    lp_arena_release(&arena);
    return result;
}

int lp_command_worker(int argc, char **argv)
{
    struct options options = {.patience_ns = 60 * LP_SEC};
    struct lp_err err = {0};
    const char **words = lp_alloc((size_t)argc, sizeof *words);
    size_t count;
    bool help;
    int status = -1;
    if (lp_options_parse(&lp_line_worker, argc, argv, &options, words, &count, &help, &err) == 0)
        status = help ? lp_help_show(&lp_line_worker) : carry_out(&options, words, count, &err);
    free(words);
    return lp_ui_end(status, &err);
}
