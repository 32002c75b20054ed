/* SPDX-License-Identifier: MIT */
/* lockproof explain: the story of a scenario, or of a cause. */
#include "cli/commands.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "base/str.h"
#include "cli/catalogue.h"
#include "cli/options.h"
#include "cli/ui.h"
#include "os/file.h"
#include "reports/layout.h"
#include "verdict/verdict.h"

const struct lp_command_line lp_line_explain = {
    .synopsis = "explain SCENARIO|CAUSE",
    .summary = "Tells the story of a bundled scenario or a scenario file, or what a cause means "
               "and\nhow it is mended.",
};

#define WIDTH 100
#define INDENT 2
#define WITNESS_MAX 65536 /* bytes */

static void paragraph(struct lp_str *out, const char *heading, const char *text)
{
    if (!text || !text[0])
        return;
    lp_str_addf(out, "%s\n", heading);
    lp_blanks(out, INDENT);
    lp_wrap(out, text, INDENT, WIDTH);
    lp_str_add(out, "\n");
}

static void add_cause(struct lp_str *out, const struct lp_cause_row *row)
{
    lp_str_addf(out, "%s: %s\n\n", row->name, row->summary);
    paragraph(out, "What happens", row->story);
    paragraph(out, "What to do", row->fix);
}

static const struct lp_cause_row *find_cause(const char *name)
{
    for (size_t i = 0; i < lp_cause_row_count; i++)
        if (strcmp(lp_cause_rows[i].name, name) == 0)
            return &lp_cause_rows[i];
    return NULL;
}

/* Each line of it as it is, indented. */
static void add_lines(struct lp_str *out, const char *text)
{
    for (const char *end; *text; text = *end ? end + 1 : end) {
        end = text + strcspn(text, "\n");
        lp_blanks(out, INDENT);
        lp_str_addf(out, "%.*s\n", (int)(end - text), text);
    }
    lp_str_add(out, "\n");
}

/* The lane diagram that is kept beside the scenario: NAME.witness of NAME.yaml (ci/witnesses). Its
   first line says where it comes from. None is none. */
static void add_witness(struct lp_str *out, const char *file)
{
    struct lp_str path, text;
    struct lp_err ignored;
    const char *suffix = strrchr(file, '.');
    if (!suffix || strcmp(suffix, ".yaml") != 0)
        return;
    lp_str_init(&path);
    lp_str_init(&text);
    lp_str_addf(&path, "%.*s.witness", (int)(suffix - file), file);
    if (lp_file_read(path.ptr, WITNESS_MAX, &text, &ignored) == 0 && text.ptr[0] == '#') {
        const char *lanes = text.ptr + strcspn(text.ptr, "\n");
        lp_str_addf(out, "Witness, as of%.*s\n", (int)(lanes - text.ptr - 1), text.ptr + 1);
        add_lines(out, *lanes ? lanes + 1 : lanes);
    }
    lp_str_release(&path);
    lp_str_release(&text);
}

static void add_scenario(struct lp_str *out, const struct lp_scenario *scenario, const char *file)
{
    lp_str_addf(out, "%s: %s\n\n", scenario->name, scenario->title);
    paragraph(out, "Summary", scenario->summary);
    paragraph(out, "Why", scenario->why);
    paragraph(out, "Interleaving", scenario->interleaving);
    add_witness(out, file);
    paragraph(out, "Fix", scenario->fix);
    paragraph(out, "Who was bitten", scenario->sources);
    lp_str_addf(out, "Expected: %s%s%s\n\n", scenario->expect == LP_EXPECT_HELD ? "held" : "broken",
                scenario->cause ? ", cause " : "", scenario->cause ? scenario->cause : "");
    const struct lp_cause_row *cause = scenario->cause ? find_cause(scenario->cause) : NULL;
    if (cause)
        add_cause(out, cause);
    lp_str_addf(out, "See it happen: lockproof run -v %s\n", scenario->name);
    if (scenario->twin)
        lp_str_addf(out, "Its twin: lockproof explain %s\n", scenario->twin);
}

/* A scenario's page holds that of its cause, so a name that both have is told as the scenario. */
static int explain(const char *name, struct lp_str *out, struct lp_err *err)
{
    struct lp_catalogue catalogue;
    struct lp_scenario_files files = {0};
    struct lp_scenario scenario;
    const struct lp_cause_row *cause = find_cause(name);
    if (lp_catalogue_init(&catalogue, NULL, 0, err) == -1)
        return -1;
    int result = lp_catalogue_find(&catalogue, name, &files, err);
    const char *near = lp_nearest(name, lp_cause_rows, lp_cause_row_count, sizeof *lp_cause_rows);
    if (result == -1 && cause) {
        add_cause(out, cause);
        result = 0;
    } else if (result == -1 && near) {
        lp_err_set(err, LP_ERR_USAGE, "no scenario and no cause '%s', did you mean '%s'?", name,
                   near);
    }
    for (size_t i = 0; i < files.count && result == 0; i++) {
        result = lp_catalogue_load(&catalogue, files.file[i], &scenario, err);
        if (result == 0) {
            add_scenario(out, &scenario, files.file[i]);
            lp_scenario_release(&scenario);
        }
    }
    free(files.file);
    lp_catalogue_release(&catalogue);
    return result;
}

static int carry_out(const char **words, size_t count, struct lp_err *err)
{
    if (count != 1)
        return lp_err_set(err, LP_ERR_USAGE,
                          "name one scenario or cause; `lockproof list` knows "
                          "them");
    struct lp_str out;
    lp_str_init(&out);
    int status = explain(words[0], &out, err);
    if (status == 0 && (!lp_ui_print(out.ptr) || !lp_ui_flush()))
        status = lp_err_set(err, LP_ERR_SELF, "unable to write");
    lp_str_release(&out);
    return status;
}

int lp_command_explain(int argc, char **argv)
{
    struct lp_err err = {0};
    const char **words = lp_alloc((size_t)argc, sizeof *words);
    size_t count;
    bool help;
    int status = -1;
    if (lp_options_parse(&lp_line_explain, argc, argv, NULL, words, &count, &help, &err) == 0)
        status = help ? lp_help_show(&lp_line_explain) : carry_out(words, count, &err);
    free(words);
    return lp_ui_end(status, &err);
}
