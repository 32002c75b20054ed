/* SPDX-License-Identifier: MIT */
#include "program/printed.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>

#include "os/file.h"
#include "os/process.h"
#include "reports/clean.h"

#define PRINTED_MAX ((size_t)2 << 20)
#define EXAMPLE_MAX 160

static int read_one(const char *folder, unsigned copy, struct lp_str *text, struct lp_err *err)
{
    struct lp_str path;
    lp_str_init(&path);
    lp_str_addf(&path, "%s/copy-%u.txt", folder, copy);
    lp_str_clear(text);
    int result = lp_file_read(path.ptr, PRINTED_MAX, text, err);
    lp_str_release(&path);
    return result;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int lp_printed_read(struct lp_printed *printed, const char *folder, const struct lp_trial *trial,
                    struct lp_err *err)
{
    struct lp_str text;
    *printed = (struct lp_printed){.text = lp_alloc(trial->copies + 1, sizeof *printed->text)};
    lp_str_init(&text);
    int result = 0;
    for (unsigned i = 0; i < trial->copies && result == 0; i++) {
        result = read_one(folder, i, &text, err);
        if (result == 0)
            printed->text[printed->count++] = lp_strdup(text.ptr);
    }
    lp_str_release(&text);
    if (result == -1)
        lp_printed_release(printed);
    else if (printed->count > 0)
        qsort(printed->text, printed->count, sizeof *printed->text, by_text);
    return result;
}

void lp_printed_release(struct lp_printed *printed)
{
    for (size_t i = 0; i < printed->count; i++)
        free(printed->text[i]);
    free(printed->text);
    *printed = (struct lp_printed){0};
}

bool lp_printed_same(const struct lp_printed *a, const struct lp_printed *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (strcmp(a->text[i], b->text[i]) != 0)
            return false;
    return true;
}

static bool sounds_bad(const char *text)
{
    return strcasestr(text, "error") || strcasestr(text, "fail") || strcasestr(text, "locked") ||
           strcasestr(text, "unable") || strcasestr(text, "busy");
}

/* The last line says what it was; a stack trace stands before it. */
static void add_last_line(const char *text, struct lp_str *out)
{
    size_t end = strlen(text);
    while (end > 0 && (text[end - 1] == '\n' || text[end - 1] == ' '))
        end--;
    size_t begin = end;
    while (begin > 0 && text[begin - 1] != '\n')
        begin--;
    if (end - begin > EXAMPLE_MAX)
        end = begin + EXAMPLE_MAX;
    char *line = strndup(text + begin, end - begin);
    if (line)
        lp_clean_line(out, line);
    free(line);
}

void lp_printed_example(const char *folder, const struct lp_trial *trial, bool any,
                        struct lp_str *out)
{
    struct lp_err err = {0};
    struct lp_str text;
    char status[64];
    lp_str_init(&text);
    for (unsigned i = 0; i < trial->copies && out->len == 0; i++) {
        bool failed = !WIFEXITED(trial->statuses[i]) || WEXITSTATUS(trial->statuses[i]) != 0;
        if ((!failed && !any) || read_one(folder, i, &text, &err) == -1 ||
            (!failed && !sounds_bad(text.ptr)))
            continue;
        lp_str_addf(out, "copy %u (%s): ", i,
                    lp_process_status_text(trial->statuses[i], status, sizeof status));
        add_last_line(text.ptr, out);
    }
    lp_str_release(&text);
}
