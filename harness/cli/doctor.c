/* SPDX-License-Identifier: MIT */
/* lockproof doctor: can locks work on this path, between these containers, with this file? */
#include "cli/commands.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/options.h"
#include "cli/ui.h"
#include "doctor/examine.h"
#include "doctor/recipe.h"
#include "doctor/tell.h"
#include "os/file.h"
#include "place/docker.h"

struct options {
    bool clean, quiet, no_color;
    struct lp_texts containers;
    const char *compose, *kubernetes;
    struct lp_texts formats;
};

static const struct lp_option rows[] = {
    {"container", '\0', "NAME", LP_OPTION_LIST, offsetof(struct options, containers), 0,
     "look from inside this container (a name, an id, or pid:N); give it twice"},
    {"compose", '\0', "FILE", LP_OPTION_TEXT, offsetof(struct options, compose), 0,
     "name lock hazards in a Compose file"},
    {"kubernetes", '\0', "FILE", LP_OPTION_TEXT, offsetof(struct options, kubernetes), 0,
     "name lock hazards in Kubernetes manifests"},
    {"clean", '\0', NULL, LP_OPTION_FLAG, offsetof(struct options, clean), 0,
     "remove what killed runs left in the Docker engine"},
    {"format", 'f', "F[=FILE]", LP_OPTION_LIST, offsetof(struct options, formats), 0,
     "text or json, on stdout or into a file; repeatable"},
    {"quiet", 'q', NULL, LP_OPTION_FLAG, offsetof(struct options, quiet), 0,
     "only what is wrong, and the last line"},
    {"no-color", '\0', NULL, LP_OPTION_FLAG, offsetof(struct options, no_color), 0,
     "plain text; so does NO_COLOR in the environment"},
};
const struct lp_command_line lp_line_doctor = {
    .options = rows,
    .option_count = LP_ARRAY_LEN(rows),
    .synopsis = "doctor [OPTION...] [PATH...]",
    .summary =
        "Says whether locks can work on a path, from two processes here or from inside two\n"
        "containers; each kind of lock is really tried. Several paths are also tried against\n"
        "one another. --compose and --kubernetes read a file and run nothing.\n\n"
        "Exit status: 0 nothing is wrong, 1 a problem or hazard, 3 something could not be "
        "tried.",
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

static void absolute(struct lp_findings *findings, const char *given, const char **path)
{
    char here[4096];
    *path = given[0] == '/' || !getcwd(here, sizeof here)
                ? given
                : lp_findings_say(findings, "%s/%s", here, given);
}

static int look_at_paths(const char **words, size_t count, struct lp_findings *findings,
                         struct lp_err *err)
{
    for (size_t i = 0; i < count; i++) {
        const char *path;
        absolute(findings, words[i], &path);
        if (lp_doctor_path(findings, path, err) == -1)
            return -1;
    }
    for (size_t i = 0; i + 1 < count; i++) {
        struct lp_doctor_place a = {.name = words[i], .side = words[i]};
        struct lp_doctor_place b = {.name = words[i + 1], .side = words[i + 1]};
        absolute(findings, words[i], &a.path);
        absolute(findings, words[i + 1], &b.path);
        if (lp_is_folder(a.path) == lp_is_folder(b.path) &&
            lp_doctor_pair(findings, &a, &b, false, err) == -1)
            return -1;
    }
    return 0;
}

static int look_from_containers(const struct options *options, const char **words, size_t count,
                                struct lp_findings *findings, struct lp_err *err)
{
    const char *const *name = options->containers.text;
    struct lp_doctor_place place[2];
    if (options->containers.count != 2 || count != 1)
        return lp_err_set(err, LP_ERR_USAGE,
                          "usage: lockproof doctor --container A --container B PATH");
    if (words[0][0] != '/')
        return lp_err_set(err, LP_ERR_USAGE, "'%s': inside a container a path begins with '/'",
                          words[0]);
    for (int i = 0; i < 2; i++) {
        place[i] = (struct lp_doctor_place){
            .name = lp_findings_say(findings, "%s in %s", words[0], name[i]),
            .path = words[0],
            .side = name[i],
        };
        if (lp_doctor_container(name[i], &place[i].pid, err) == -1)
            return -1;
    }
    return lp_doctor_pair(findings, &place[0], &place[1], true, err);
}

static int look(const struct options *options, const char **words, size_t count,
                struct lp_findings *findings, struct lp_err *err)
{
    int kinds = (options->compose != NULL) + (options->kubernetes != NULL) +
                (options->containers.count > 0);
    if (kinds > 1)
        return lp_err_set(err, LP_ERR_USAGE,
                          "--container, --compose and --kubernetes are for one look each");
    if (options->containers.count > 0)
        return look_from_containers(options, words, count, findings, err);
    if (kinds == 0 && count == 0)
        return lp_err_set(err, LP_ERR_USAGE,
                          "nothing to look at: name a path, --compose FILE, "
                          "--kubernetes FILE, or two --container and a path");
    if (kinds > 0 && count > 0)
        return lp_err_set(err, LP_ERR_USAGE, "'%s': no path is wanted beside a file", words[0]);
    if (options->compose)
        return lp_doctor_compose(findings, options->compose, err);
    if (options->kubernetes)
        return lp_doctor_kubernetes(findings, options->kubernetes, err);
    return look_at_paths(words, count, findings, err);
}

static int tell_one(const struct options *options, const struct lp_findings *findings,
                    const char *format, struct lp_err *err)
{
    const char *equals = strchr(format, '=');
    size_t len = equals ? (size_t)(equals - format) : strlen(format);
    struct lp_str text;
    bool json = len == 4 && strncmp(format, "json", len) == 0;
    lp_str_init(&text);
    if (json)
        lp_doctor_json(findings, &text);
    else
        lp_doctor_text(findings, !equals && lp_ui_color(options->no_color), options->quiet,
                       lp_ui_width(), &text);
    int result = 0;
    if (equals)
        result = lp_file_write(equals + 1, text.ptr, text.len, err);
    else if (!lp_ui_print(text.ptr) || !lp_ui_flush())
        result = lp_err_set(err, LP_ERR_SELF, "unable to write the report");
    lp_str_release(&text);
    return result;
}

static int check_formats(const struct lp_texts *formats, struct lp_err *err)
{
    for (size_t i = 0; i < formats->count; i++) {
        size_t len = strcspn(formats->text[i], "=");
        if (len != 4 || (strncmp(formats->text[i], "text", 4) != 0 &&
                         strncmp(formats->text[i], "json", 4) != 0))
            return lp_err_set(err, LP_ERR_USAGE, "unknown format '%s'; there are: text json",
                              formats->text[i]);
    }
    return 0;
}

static int tell(const struct options *options, const struct lp_findings *findings,
                struct lp_err *err)
{
    if (options->formats.count == 0 && tell_one(options, findings, "text", err) == -1)
        return -1;
    for (size_t i = 0; i < options->formats.count; i++)
        if (tell_one(options, findings, options->formats.text[i], err) == -1)
            return -1;
    if (lp_findings_count(findings, LP_PROBLEM) + lp_findings_count(findings, LP_HAZARD) > 0)
        return LP_EXIT_FINDING;
    return lp_findings_count(findings, LP_OPEN) > 0 ? LP_EXIT_UNDECIDED : LP_EXIT_OK;
}

static int carry_out(const struct options *options, const char **words, size_t count,
                     struct lp_err *err)
{
    struct lp_findings findings;
    if (options->clean &&
        (count > 0 || options->compose || options->kubernetes || options->containers.count > 0))
        return lp_err_set(err, LP_ERR_USAGE, "--clean stands alone");
    if (options->clean)
        return clean(err);
    if (check_formats(&options->formats, err) == -1)
        return -1;
    lp_findings_init(&findings);
    int status = look(options, words, count, &findings, err);
    if (status == 0)
        status = tell(options, &findings, err);
    lp_findings_release(&findings);
    return status;
}

int lp_command_doctor(int argc, char **argv)
{
    struct options options = {0};
    struct lp_err err = {0};
    const char **words = lp_alloc((size_t)argc, sizeof *words);
    size_t count;
    bool help;
    int status = -1;
    if (lp_options_parse(&lp_line_doctor, argc, argv, &options, words, &count, &help, &err) == 0)
        status = help ? lp_help_show(&lp_line_doctor) : carry_out(&options, words, count, &err);
    free(words);
    return lp_ui_end(status, &err);
}
