/* SPDX-License-Identifier: MIT */
/* lockproof list: what there is, from the tables that the program itself uses. */
#include "cli/commands.h"

#include <jansson.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "cli/catalogue.h"
#include "cli/options.h"
#include "cli/ui.h"
#include "scenario/fault.h"
#include "verdict/verdict.h"

struct options {
    const char *family;
    struct lp_texts formats;
};

#define AT(member) offsetof(struct options, member)
static const struct lp_option option_rows[] = {
    {"family", '\0', "NAME", LP_OPTION_TEXT, AT(family), 0, "scenarios of one family (a folder)"},
    {"format", 'f', "text|json", LP_OPTION_LIST, AT(formats), 0, "json for programs"},
};
const struct lp_command_line lp_line_list = {
    .options = option_rows,
    .option_count = LP_ARRAY_LEN(option_rows),
    .synopsis = "list [scenarios|drivers|steps|invariants|causes|faults]",
    .summary = "Lists bundled scenarios (the default), drivers, steps, invariants, causes or\n"
               "faults.",
};

/* A list is rows of three texts; JSON has some of it in parts too. */
struct row {
    const char *name, *kind, *summary;
    json_t *parts; /* or NULL */
};
struct list {
    struct lp_catalogue catalogue;
    const char *family;
    struct row *rows;
    size_t count, cap;
};

static struct row *add_row(struct list *list, const char *name, const char *kind,
                           const char *summary)
{
    list->rows = lp_grow(list->rows, &list->cap, list->count + 1, sizeof *list->rows);
    list->rows[list->count] = (struct row){.name = name, .kind = kind, .summary = summary};
    return &list->rows[list->count++];
}

static int list_scenarios(struct list *list, struct lp_err *err)
{
    struct lp_scenario_files files = {0};
    struct lp_arena *arena = &list->catalogue.arena;
    int result = lp_catalogue_find(&list->catalogue, NULL, &files, err);
    for (size_t i = 0; i < files.count && result == 0; i++) {
        struct lp_scenario scenario;
        const char *family = lp_catalogue_family(files.file[i], arena);
        if (list->family && strcmp(list->family, family) != 0)
            continue;
        result = lp_catalogue_load(&list->catalogue, files.file[i], &scenario, err);
        if (result == -1)
            break;
        const char *expect = scenario.expect == LP_EXPECT_HELD ? "held" : scenario.cause;
        struct row *row =
            add_row(list, lp_arena_strdup(arena, scenario.name),
                    lp_arena_printf(arena, "%s: %s", family, expect ? expect : "broken"),
                    lp_arena_strdup(arena, scenario.title));
        row->parts = json_pack("{s:s, s:s, s:s?, s:s}", "family", family, "expect",
                               scenario.expect == LP_EXPECT_HELD ? "held" : "broken", "cause",
                               scenario.cause, "file", files.file[i]);
        lp_scenario_release(&scenario);
    }
    free(files.file);
    if (result == 0 && list->count == 0)
        return lp_err_set(err, LP_ERR_USAGE, "no scenario of family '%s'", list->family);
    return result;
}

static int list_drivers(struct list *list, struct lp_err *err)
{
    (void)err;
    struct lp_arena *arena = &list->catalogue.arena;
    for (size_t i = 0; i < list->catalogue.registry.count; i++) {
        const struct lp_driver_row *row = &list->catalogue.registry.rows[i];
        if (!row->driver) {
            add_row(list, row->name, "missing",
                    lp_arena_printf(arena, "%s (%s)", row->reason, row->remedy));
            continue;
        }
        unsigned roles = row->driver->roles;
        const char *kind = roles == (LP_ROLE_LOCK | LP_ROLE_STORE) ? "lock, store"
                           : roles == LP_ROLE_LOCK                 ? "lock"
                                                                   : "store";
        add_row(list, row->name, kind, row->driver->summary)->parts =
            json_pack("{s:b, s:b}", "lock", (roles & LP_ROLE_LOCK) != 0, "store",
                      (roles & LP_ROLE_STORE) != 0);
    }
    return 0;
}

static int list_steps(struct list *list, struct lp_err *err)
{
    (void)err;
    for (size_t i = 0; i < lp_step_row_count; i++)
        add_row(list, lp_step_rows[i].name, lp_step_rows[i].synopsis, lp_step_rows[i].help);
    return 0;
}

static int list_invariants(struct list *list, struct lp_err *err)
{
    (void)err;
    add_row(list, "lost-update", "store",
            "every acknowledged update is in the final value, and no other");
    add_row(list, "mutual-exclusion", "locks",
            "no two certain holds of one lock overlap beyond what it allows");
    add_row(list, "progress", "workers", "every worker finished, or it is proved why it could not");
    add_row(list, "lease", "leases",
            "no write is accepted of a holder that had been succeeded before it wrote");
    add_row(list, "fencing", "tokens", "the tokens that the store accepts never go back");
    add_row(list, "recovery", "killed holders", "the lock of a dead holder is granted again");
    add_row(list, "deadlock", "locks", "nobody waits to the deadline in a circle of waits");
    add_row(list, "starvation", "locks", "nobody waits to the deadline for a lock that is free");
    return 0;
}

static int list_causes(struct list *list, struct lp_err *err)
{
    (void)err;
    for (size_t i = 0; i < lp_cause_row_count; i++)
        add_row(list, lp_cause_rows[i].name, "", lp_cause_rows[i].summary);
    return 0;
}

static int list_faults(struct list *list, struct lp_err *err)
{
    (void)err;
    for (size_t i = 0; i < lp_fault_row_count; i++)
        add_row(list, lp_fault_rows[i].name, "", lp_fault_rows[i].help)->parts =
            json_pack("{s:s}", "proof", lp_fault_rows[i].proof);
    return 0;
}

static const struct topic {
    const char *name; /* first: searched by lp_nearest */
    int (*fill)(struct list *list, struct lp_err *err);
} topics[] = {
    {"scenarios", list_scenarios},   {"drivers", list_drivers}, {"steps", list_steps},
    {"invariants", list_invariants}, {"causes", list_causes},   {"faults", list_faults},
};

static const struct topic *find_topic(const char *name, struct lp_err *err)
{
    for (size_t i = 0; i < LP_ARRAY_LEN(topics); i++)
        if (strcmp(topics[i].name, name) == 0)
            return &topics[i];
    const char *near = lp_nearest(name, topics, LP_ARRAY_LEN(topics), sizeof *topics);
    if (near)
        lp_err_set(err, LP_ERR_USAGE, "nothing called '%s' to list, did you mean '%s'?", name,
                   near);
    else
        lp_err_set(err, LP_ERR_USAGE,
                   "nothing called '%s' to list; there are scenarios, drivers, steps, invariants, "
                   "causes, faults",
                   name);
    return NULL;
}

static void as_text(const struct list *list, struct lp_str *out)
{
    size_t name_width = 0, kind_width = 0;
    for (size_t i = 0; i < list->count; i++) {
        size_t name = strlen(list->rows[i].name), kind = strlen(list->rows[i].kind);
        name_width = name > name_width ? name : name_width;
        kind_width = kind > kind_width ? kind : kind_width;
    }
    for (size_t i = 0; i < list->count; i++) {
        const struct row *row = &list->rows[i];
        lp_str_addf(out, "%-*s  ", (int)name_width, row->name);
        if (kind_width)
            lp_str_addf(out, "%-*s  ", (int)kind_width, row->kind);
        lp_str_addf(out, "%s\n", row->summary);
    }
}

static void as_json(const struct list *list, struct lp_str *out)
{
    json_t *array = json_array();
    for (size_t i = 0; i < list->count; i++) {
        const struct row *row = &list->rows[i];
        json_t *object = json_pack("{s:s, s:s, s:s}", "name", row->name, "kind", row->kind,
                                   "summary", row->summary);
        if (row->parts)
            json_object_update(object, row->parts);
        json_array_append_new(array, object);
    }
    char *text = json_dumps(array, JSON_INDENT(2));
    lp_str_addf(out, "%s\n", text ? text : "[]");
    free(text);
    json_decref(array);
}

static int show(const struct list *list, const struct options *options, struct lp_err *err)
{
    const char *format = options->formats.count ? options->formats.text[0] : "text";
    struct lp_str out;
    lp_str_init(&out);
    int status = LP_EXIT_OK;
    if (strcmp(format, "json") == 0)
        as_json(list, &out);
    else if (strcmp(format, "text") == 0)
        as_text(list, &out);
    else
        status =
            lp_err_set(err, LP_ERR_USAGE, "option '--format': '%s' is none of text, json", format);
    if (status == LP_EXIT_OK && (!lp_ui_print(out.ptr) || !lp_ui_flush()))
        status = lp_err_set(err, LP_ERR_SELF, "unable to write the list");
    lp_str_release(&out);
    return status;
}

static int carry_out(const struct options *options, const char **words, size_t count,
                     struct lp_err *err)
{
    struct list list = {.family = options->family};
    if (count > 1)
        return lp_err_set(err, LP_ERR_USAGE, "one thing at a time: '%s' is too many", words[1]);
    const struct topic *topic = find_topic(count ? words[0] : "scenarios", err);
    if (!topic || lp_catalogue_init(&list.catalogue, NULL, 0, err) == -1)
        return -1;
    int status = topic->fill(&list, err);
    if (status == 0)
        status = show(&list, options, err);
    for (size_t i = 0; i < list.count; i++)
        json_decref(list.rows[i].parts);
    free(list.rows);
    lp_catalogue_release(&list.catalogue);
    return status;
}

int lp_command_list(int argc, char **argv)
{
    struct options options = {0};
    struct lp_err err = {0};
    const char **words = lp_alloc((size_t)argc, sizeof *words);
    size_t count;
    bool help;
    int status = -1;
    if (lp_options_parse(&lp_line_list, argc, argv, &options, words, &count, &help, &err) == 0)
        status = help ? lp_help_show(&lp_line_list) : carry_out(&options, words, count, &err);
    free(words);
    return lp_ui_end(status, &err);
}
