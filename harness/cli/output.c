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

static const char *name_of(const void *formats, size_t index, size_t stride)
{
    return *(const char *const *)((const char *)formats + index * stride);
}

static int unknown_format(const char *name, const void *formats, size_t count, size_t stride,
                          struct lp_err *err)
{
    const char *near = lp_nearest(name, formats, count, stride);
    struct lp_str all;
    lp_str_init(&all);
    for (size_t i = 0; i < count; i++)
        lp_str_addf(&all, " %s", name_of(formats, i, stride));
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

int lp_output_choose(const char *given, const void *formats, size_t count, size_t stride,
                     size_t *index, const char **file, struct lp_err *err)
{
    const char *equals = strchr(given, '=');
    size_t len = equals ? (size_t)(equals - given) : strlen(given);
    for (*index = 0; *index < count; (*index)++) {
        const char *name = name_of(formats, *index, stride);
        if (strlen(name) == len && memcmp(name, given, len) == 0)
            break;
    }
    *file = equals ? equals + 1 : NULL;
    if (*index == count)
        return unknown_format(given, formats, count, stride, err);
    if (equals && !(*file)[0])
        return lp_err_set(err, LP_ERR_USAGE, "option '--format': no file after '%s'", given);
    return *file ? lp_output_check_folder(*file, err) : 0;
}

int lp_outputs_parse(struct lp_outputs *outputs, const struct lp_texts *given, struct lp_err *err)
{
    outputs->count = 0;
    for (size_t i = 0; i < given->count; i++) {
        struct lp_output *output = &outputs->output[outputs->count++];
        size_t index;
        if (lp_output_choose(given->text[i], lp_report_formats, lp_report_format_count,
                             sizeof *lp_report_formats, &index, &output->file, err) == -1)
            return -1;
        output->format = &lp_report_formats[index];
    }
    if (outputs->count == 0)
        outputs->output[outputs->count++] = (struct lp_output){.format = &lp_report_formats[0]};
    return 0;
}

int lp_output_write(const char *file, const struct lp_str *text, struct lp_err *err)
{
    if (file)
        return lp_file_write(file, text->ptr, text->len, err);
    if (!lp_ui_print(text->ptr) || !lp_ui_flush())
        return lp_err_sys(err, LP_ERR_SELF, errno, "unable to write the report");
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
    int result = lp_output_write(output->file, &text, err);
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
