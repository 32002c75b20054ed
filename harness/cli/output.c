/* SPDX-License-Identifier: MIT */
/* Choosing report formats and writing them. */
#include "cli/output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/nearest.h"
#include "cli/ui.h"
#include "os/file.h"

static const struct lp_report_format *find_format(const char *name, size_t len)
{
    for (size_t i = 0; i < lp_report_format_count; i++) {
        const struct lp_report_format *format = &lp_report_formats[i];
        if (strlen(format->name) == len && memcmp(format->name, name, len) == 0)
            return format;
    }
    return NULL;
}

static int unknown_format(const char *name, struct lp_err *err)
{
    const char *near =
        lp_nearest(name, lp_report_formats, lp_report_format_count, sizeof *lp_report_formats);
    struct lp_str all;
    lp_str_init(&all);
    for (size_t i = 0; i < lp_report_format_count; i++)
        lp_str_addf(&all, " %s", lp_report_formats[i].name);
    if (near)
        lp_err_set(err, LP_ERR_USAGE, "unknown format '%s', did you mean '%s'?", name, near);
    else
        lp_err_set(err, LP_ERR_USAGE, "unknown format '%s'; there are:%s", name, all.ptr);
    lp_str_release(&all);
    return -1;
}

int lp_output_check_folder(const char *file, struct lp_err *err)
{
    const char *slash = strrchr(file, '/');
    char *folder = slash ? lp_strdup(file) : lp_strdup(".");
    if (slash)
        folder[slash == file ? 1 : slash - file] = '\0';
    int result = 0;
    if (lp_is_folder(file))
        result = lp_err_set(err, LP_ERR_SELF, "unable to write '%s': it is a folder", file);
    else if (access(folder, W_OK) == -1)
        result = lp_err_sys(err, LP_ERR_SELF, errno, "unable to write '%s'", file);
    free(folder);
    return result;
}

int lp_outputs_parse(struct lp_outputs *outputs, const struct lp_texts *given, struct lp_err *err)
{
    outputs->count = 0;
    for (size_t i = 0; i < given->count; i++) {
        const char *equals = strchr(given->text[i], '=');
        size_t len = equals ? (size_t)(equals - given->text[i]) : strlen(given->text[i]);
        struct lp_output *output = &outputs->output[outputs->count++];
        output->format = find_format(given->text[i], len);
        output->file = equals ? equals + 1 : NULL;
        if (!output->format)
            return unknown_format(given->text[i], err);
        if (equals && !output->file[0])
            return lp_err_set(err, LP_ERR_USAGE, "option '--format': no file after '%s'",
                              given->text[i]);
        if (output->file && lp_output_check_folder(output->file, err) == -1)
            return -1;
    }
    if (outputs->count == 0)
        outputs->output[outputs->count++] = (struct lp_output){.format = find_format("text", 4)};
    return 0;
}

bool lp_outputs_for_people(const struct lp_outputs *outputs)
{
    for (size_t i = 0; i < outputs->count; i++)
        if (!outputs->output[i].file && strcmp(outputs->output[i].format->name, "text") == 0)
            return true;
    return false;
}

static int write_one(const struct lp_output *output, const struct lp_report_set *set,
                     struct lp_err *err)
{
    struct lp_report_set own = *set;
    struct lp_str text;
    lp_str_init(&text);
    own.color = set->color && !output->file;
    output->format->write(&own, &text);
    int result = 0;
    if (output->file)
        result = lp_file_write(output->file, text.ptr, text.len, err);
    else if (!lp_ui_print(text.ptr) || !lp_ui_flush())
        result = lp_err_sys(err, LP_ERR_SELF, errno, "unable to write the report");
    lp_str_release(&text);
    return result;
}

int lp_outputs_write(const struct lp_outputs *outputs, const struct lp_report_set *set,
                     struct lp_err *err)
{
    int result = 0;
    for (size_t i = 0; i < outputs->count; i++) {
        struct lp_err later = {0};
        if (write_one(&outputs->output[i], set, &later) == 0)
            continue;
        if (result == 0)
            *err = later;
        result = -1;
    }
    return result;
}
