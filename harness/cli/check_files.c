/* SPDX-License-Identifier: MIT */
/* Exports and linearizations, each made in memory and written at once. */
#include "cli/check_files.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/nearest.h"
#include "cli/output.h"
#include "cli/ui.h"
#include "history/write.h"
#include "os/file.h"
#include "reports/model.h"

static const struct form {
    const char *name; /* first: searched by lp_nearest */
    enum lp_export form;
} forms[] = {
    {"edn", LP_EXPORT_EDN},
    {"json", LP_EXPORT_JSON},
    {"porcupine", LP_EXPORT_PORCUPINE},
};

static int find_form(const char *text, size_t len, enum lp_export *form, struct lp_err *err)
{
    char name[32];
    for (size_t i = 0; i < LP_ARRAY_LEN(forms); i++)
        if (strlen(forms[i].name) == len && memcmp(forms[i].name, text, len) == 0) {
            *form = forms[i].form;
            return 0;
        }
    size_t shown = len < sizeof name ? len : sizeof name - 1;
    memcpy(name, text, shown);
    name[shown] = '\0';
    const char *near = lp_nearest(name, forms, LP_ARRAY_LEN(forms), sizeof forms[0]);
    if (near)
        return lp_err_set(err, LP_ERR_USAGE,
                          "option '--export': unknown form '%s', did you mean '%s'?", name, near);
    return lp_err_set(err, LP_ERR_USAGE,
                      "option '--export': unknown form '%s'; there are edn, json, porcupine", name);
}

static int parse_export(struct lp_check_files *files, const char *text, struct lp_err *err)
{
    const char *equals = strchr(text, '=');
    size_t len = equals ? (size_t)(equals - text) : strlen(text);
    enum lp_export form = LP_EXPORT_EDN;
    if (find_form(text, len, &form, err) == -1)
        return -1;
    if (equals && !equals[1])
        return lp_err_set(err, LP_ERR_USAGE, "option '--export': no file after '%s'", text);
    if (equals && lp_output_check_folder(equals + 1, err) == -1)
        return -1;
    if (!equals && files->takes_stdout)
        return lp_err_set(err, LP_ERR_USAGE,
                          "option '--export': two of them go to standard output");
    files->takes_stdout |= !equals;
    files->wants_order |= form == LP_EXPORT_PORCUPINE;
    files->exports[files->count].form = form;
    files->exports[files->count++].file = equals ? equals + 1 : NULL;
    return 0;
}

int lp_check_files_parse(struct lp_check_files *files, const struct lp_texts *exports,
                         const char *linearization, size_t histories, struct lp_err *err)
{
    *files = (struct lp_check_files){.linearization = linearization,
                                     .wants_order = linearization != NULL};
    for (size_t i = 0; i < exports->count; i++)
        if (parse_export(files, exports->text[i], err) == -1)
            return -1;
    if (linearization && lp_output_check_folder(linearization, err) == -1)
        return -1;
    if (histories > 1 && (files->count > 0 || linearization))
        return lp_err_set(err, LP_ERR_USAGE,
                          "options '--export' and '--linearization' take one history at a time");
    return 0;
}

static void write_form(enum lp_export form, const struct lp_calls *calls,
                       const struct lp_decision *decision, const struct lp_shrunk *shrunk,
                       struct lp_str *out)
{
    switch (form) {
    case LP_EXPORT_EDN:
        lp_calls_write_edn(calls, out);
        return;
    case LP_EXPORT_JSON:
        lp_calls_write_json(calls, out);
        return;
    case LP_EXPORT_PORCUPINE:
        lp_calls_write_picture(calls, decision ? decision->order : NULL,
                               decision ? decision->order_count : 0, shrunk ? shrunk->calls : NULL,
                               shrunk ? shrunk->count : 0, out);
        return;
    }
}

/* One call a line: place, line in the history, process, object, operation, outcome, interval. */
static void write_order(const struct lp_calls *calls, const struct lp_decision *decision,
                        struct lp_str *out)
{
    lp_str_add(out, "# place\tline\tprocess\tobject\toperation\toutcome\tinvoked\treturned\n");
    for (size_t i = 0; i < decision->order_count; i++) {
        const struct lp_call *call = &calls->calls[decision->order[i]];
        lp_str_addf(out, "%zu\t%" PRIu32 "\t%s\t%s\t", i + 1, call->source,
                    calls->processes[call->process], calls->keys[call->key]);
        lp_call_step(calls, call, out);
        lp_str_addf(out, "\t%s\t%" PRIu64 "\t", lp_call_outcome(call), call->invoke_ns);
        if (call->return_ns == LP_CALL_NEVER)
            lp_str_add(out, "never\n");
        else
            lp_str_addf(out, "%" PRIu64 "\n", call->return_ns);
    }
}

static int write_text(const char *file, const struct lp_str *text, struct lp_err *err)
{
    if (file)
        return lp_file_write(file, text->ptr, text->len, err);
    if (!lp_ui_print(text->ptr) || !lp_ui_flush())
        return lp_err_sys(err, LP_ERR_SELF, errno, "unable to write the export");
    return 0;
}

int lp_check_files_write(const struct lp_check_files *files, const struct lp_calls *calls,
                         const struct lp_decision *decision, const struct lp_shrunk *shrunk,
                         struct lp_err *err)
{
    struct lp_str text;
    int result = 0;
    lp_str_init(&text);
    for (size_t i = 0; i < files->count && result == 0; i++) {
        lp_str_clear(&text);
        write_form(files->exports[i].form, calls, decision, shrunk, &text);
        result = write_text(files->exports[i].file, &text, err);
    }
    if (result == 0 && files->linearization && decision && decision->decided == LP_DECIDED_HELD) {
        lp_str_clear(&text);
        write_order(calls, decision, &text);
        result = write_text(files->linearization, &text, err);
    }
    lp_str_release(&text);
    return result;
}
