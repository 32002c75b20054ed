/* SPDX-License-Identifier: MIT */
/* lockproof doctor: --clean removes what killed runs left in a Docker engine. */
#include "cli/commands.h"

#include <stddef.h>
#include <stdlib.h>

#include "cli/options.h"
#include "cli/ui.h"
#include "place/docker.h"

struct options {
    bool clean;
};

static const struct lp_option rows[] = {
    {"clean", '\0', NULL, LP_OPTION_FLAG, offsetof(struct options, clean), 0,
     "remove what killed runs left in the Docker engine"},
};
const struct lp_command_line lp_line_doctor = {
    .options = rows,
    .option_count = LP_ARRAY_LEN(rows),
    .synopsis = "doctor --clean",
    .summary =
        "Removes containers, volumes, networks, services, secrets and scratch folders of runs\n"
        "that are gone. Exit status: 0 nothing is left, 3 something could not be removed.",
};

static int clean(struct lp_err *err)
{
    struct lp_docker_leavings leavings;
    struct lp_str text;
    lp_str_init(&text);
    int result = lp_docker_clean(&leavings, &text, err);
    if (result == 0) {
        unsigned removed = leavings.containers + leavings.volumes + leavings.networks +
                           leavings.services + leavings.secrets + leavings.folders;
        lp_str_addf(&text, "%u removed, %u kept (of runs that go on, or of other hosts)", removed,
                    leavings.kept);
        if (leavings.failed)
            lp_str_addf(&text, ", %u could not be removed: %s", leavings.failed,
                        leavings.complaint);
        lp_str_add(&text, "\n");
        bool written = lp_ui_print(text.ptr) && lp_ui_flush();
        result = !written ? LP_EXIT_FAILURE : leavings.failed ? LP_EXIT_UNDECIDED : LP_EXIT_OK;
    }
    lp_str_release(&text);
    return result;
}

int lp_command_doctor(int argc, char **argv)
{
    struct options options = {0};
    struct lp_err err = {0};
    const char **words = lp_alloc((size_t)argc, sizeof *words);
    size_t count;
    bool help;
    int status = -1;
    if (lp_options_parse(&lp_line_doctor, argc, argv, &options, words, &count, &help, &err) == 0) {
        if (help)
            status = lp_help_show(&lp_line_doctor);
        else if (!options.clean || count > 0)
            status = lp_err_set(&err, LP_ERR_USAGE, "usage: lockproof %s", lp_line_doctor.synopsis);
        else
            status = clean(&err);
    }
    free(words);
    return lp_ui_end(status, &err);
}
