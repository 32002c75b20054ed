/* SPDX-License-Identifier: MIT */
/* lockproof report: a run folder in, one HTML file out that needs nothing else. */
#include "cli/report.h"

#include <dirent.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "cli/catalogue.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/ui.h"
#include "os/clock.h"
#include "os/file.h"
#include "run/saved.h"

#define FILE_NAME "report.html"

struct options {
    const char *out;
};

#define AT(member) offsetof(struct options, member)
static const struct lp_option rows[] = {
    {"out", 'o', "FILE", LP_OPTION_TEXT, AT(out), 0, "the page (RUN_DIR/" FILE_NAME ")"},
};
const struct lp_command_line lp_line_report = {
    .options = rows,
    .option_count = LP_ARRAY_LEN(rows),
    .synopsis = "report [OPTION...] RUN_DIR",
    .summary = "Makes one HTML file of a run folder, also of one whose run was killed, and of one "
               "with the\nfolders of several scenarios. The page needs no network and no server.",
};

struct report {
    struct lp_arena arena;
    const char *dir;
    const struct lp_vocabulary *vocabulary;
    struct lp_saved **saved; /* each in memory of its own: they must not move */
    size_t count, cap;
    struct json_t *bench, *hyperfine; /* of a bench folder; or NULL */
    struct lp_page_plot *plots;
    size_t plot_count, plot_cap;
};

static int add(struct report *report, const char *dir, const json_t *said, struct lp_err *err)
{
    struct lp_saved *saved = lp_alloc(1, sizeof *saved);
    if (lp_saved_load(saved, dir, said, report->vocabulary, err) == -1) {
        free(saved);
        return -1;
    }
    report->saved =
        lp_grow(report->saved, &report->cap, report->count + 1, sizeof(struct lp_saved *));
    report->saved[report->count++] = saved;
    return 0;
}

/* ---- which folders ---- */

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Where a scenario's folder is now: the whole may have been moved since. */
static const char *folder_of(struct report *report, const json_t *said, size_t count)
{
    const char *told = json_string_value(json_object_get(said, "run_dir"));
    if (!told || !told[0])
        return NULL;
    if (count == 1)
        return report->dir;
    const char *inside = lp_arena_printf(&report->arena, "%s/%s", report->dir, base_name(told));
    return lp_is_folder(inside) ? inside : NULL;
}

static int add_all_said(struct report *report, const json_t *scenarios, struct lp_err *err)
{
    size_t count = json_array_size(scenarios), i;
    json_t *said;
    json_array_foreach(scenarios, i, said) if (add(report, folder_of(report, said, count), said,
                                                   err) == -1) return -1;
    return 0;
}

static bool is_run_folder(struct report *report, const char *path)
{
    return lp_is_folder(lp_arena_printf(&report->arena, "%s/history", path));
}

static bool is_there(const struct report *report, const char *name)
{
    for (size_t i = 0; i < report->count; i++)
        if (strcmp(base_name(report->saved[i]->result.run_dir), name) == 0)
            return true;
    return false;
}

/* Folders that no result.json told of: the whole run was killed. Each may have a result of its own.
 */
static int add_untold(struct report *report, struct lp_err *err)
{
    struct dirent **entries;
    int found = scandir(report->dir, &entries, NULL, alphasort), result = 0;
    for (int i = 0; i < found; i++) {
        const char *name = entries[i]->d_name;
        const char *path = lp_arena_printf(&report->arena, "%s/%s", report->dir, name);
        if (result == 0 && name[0] != '.' && strcmp(name, "history") != 0 &&
            is_run_folder(report, path) && !is_there(report, name)) {
            struct lp_err ignored = {0}; /* a half-written result: the history decides */
            json_t *root = lp_saved_result(path, &ignored);
            result = add(report, path, json_array_get(json_object_get(root, "scenarios"), 0), err);
            json_decref(root);
        }
        free(entries[i]);
    }
    if (found >= 0)
        free(entries);
    return result;
}

/* ---- a benchmark ---- */

#define SVG_SIZE_MAX ((size_t)16 * 1024 * 1024)

/* "throughput" of ".../throughput.svg". */
static bool is_plot(const char *name, size_t *len)
{
    static const char suffix[] = ".svg";
    size_t all = strlen(name);
    *len = all > strlen(suffix) ? all - strlen(suffix) : 0;
    return *len > 0 && strcmp(name + *len, suffix) == 0;
}

static void add_plot(struct report *report, const char *path, const char *name, size_t name_len)
{
    struct lp_str text;
    struct lp_err ignored = {0};
    lp_str_init(&text);
    if (lp_file_read(path, SVG_SIZE_MAX, &text, &ignored) == 0) {
        report->plots = lp_grow(report->plots, &report->plot_cap, report->plot_count + 1,
                                sizeof *report->plots);
        report->plots[report->plot_count++] = (struct lp_page_plot){
            .title = lp_arena_strndup(&report->arena, name, name_len),
            .svg = lp_arena_strndup(&report->arena, text.ptr, text.len),
            .size = text.len,
        };
    }
    lp_str_release(&text);
}

static void find_plots(struct report *report)
{
    struct dirent **entries;
    const char *folder = lp_arena_printf(&report->arena, "%s/plots", report->dir);
    int found = scandir(folder, &entries, NULL, alphasort);
    for (int i = 0; i < found; i++) {
        size_t len;
        if (is_plot(entries[i]->d_name, &len))
            add_plot(report, lp_arena_printf(&report->arena, "%s/%s", folder, entries[i]->d_name),
                     entries[i]->d_name, len);
        free(entries[i]);
    }
    if (found >= 0)
        free(entries);
}

/* Benchmarks say of themselves that they are one. hyperfine's export may lie beside it, or alone.
 */
static bool find_bench(struct report *report)
{
    struct lp_err ignored = {0};
    json_t *root = lp_saved_json(report->dir, "result.json", &ignored);
    const char *kind = json_string_value(json_object_get(root, "kind"));
    if (kind && strcmp(kind, "bench") == 0)
        report->bench = json_incref(root);
    json_decref(root);
    report->hyperfine = lp_saved_json(report->dir, "hyperfine.json", &ignored);
    find_plots(report);
    return report->bench || report->hyperfine;
}

static int find_all(struct report *report, struct lp_err *err)
{
    if (!lp_is_folder(report->dir))
        return lp_err_set(err, LP_ERR_USAGE, "'%s' is no folder", report->dir);
    if (find_bench(report))
        return 0;
    bool single = is_run_folder(report, report->dir);
    struct lp_err trouble = {0};
    json_t *root = lp_saved_result(report->dir, &trouble);
    int result = 0;
    if (!root && trouble.kind != LP_ERR_NONE && !single) {
        *err = trouble;
        return -1;
    }
    if (root)
        result = add_all_said(report, json_object_get(root, "scenarios"), err);
    else if (single)
        result = add(report, report->dir, NULL, err);
    json_decref(root);
    if (result == 0 && !single)
        result = add_untold(report, err);
    if (result == 0 && report->count == 0)
        return lp_err_set(err, LP_ERR_USAGE, "'%s' holds no run: neither a result nor a history",
                          report->dir);
    return result;
}

/* ---- the page ---- */

/* "20260131T101502Z" as people write it. */
static const char *made_text(struct lp_arena *arena)
{
    char stamp[32];
    lp_clock_stamp(stamp, sizeof stamp);
    return lp_arena_printf(arena, "made %.4s-%.2s-%.2s %.2s:%.2s UTC", stamp, stamp + 4, stamp + 6,
                           stamp + 9, stamp + 11);
}

/* 128 bits as hexadecimal digits. */
static int make_nonce(char *nonce, size_t size, struct lp_err *err)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[16];
    if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
        return lp_err_sys(err, LP_ERR_SELF, errno, "unable to get random numbers");
    for (size_t i = 0; i < size - 1 && i / 2 < sizeof bytes; i++)
        nonce[i] = digits[i % 2 ? bytes[i / 2] & 15 : bytes[i / 2] >> 4];
    nonce[size - 1] = '\0';
    return 0;
}

static int write_page(struct report *report, const char *file, struct lp_err *err)
{
    char nonce[33];
    if (make_nonce(nonce, sizeof nonce, err) == -1)
        return -1;
    struct lp_page_entry *entries = lp_alloc(report->count, sizeof *entries);
    for (size_t i = 0; i < report->count; i++)
        entries[i] = report->saved[i]->entry;
    struct lp_page page = {
        .title = base_name(report->dir),
        .version = LP_VERSION,
        .made = made_text(&report->arena),
        .nonce = nonce,
        .entries = entries,
        .count = report->count,
        .plots = report->plots,
        .plot_count = report->plot_count,
        .bench = report->bench,
        .hyperfine = report->hyperfine,
    };
    struct lp_str out;
    lp_str_init(&out);
    lp_page_write(&page, &out);
    int result = lp_file_write(file, out.ptr, out.len, err);
    lp_str_release(&out);
    free(entries);
    return result;
}

int lp_report_folder(const char *dir, const char *file, const struct lp_vocabulary *vocabulary,
                     struct lp_err *err)
{
    struct report report = {.vocabulary = vocabulary};
    lp_arena_init(&report.arena);
    char *real = realpath(dir, NULL);
    report.dir = real ? real : dir;
    int result = find_all(&report, err);
    if (result == 0)
        result = write_page(&report, file, err);
    for (size_t i = 0; i < report.count; i++) {
        lp_saved_release(report.saved[i]);
        free(report.saved[i]);
    }
    free(report.saved);
    free(report.plots);
    json_decref(report.bench);
    json_decref(report.hyperfine);
    free(real);
    lp_arena_release(&report.arena);
    return result;
}

static int carry_out(const struct options *options, const char **words, size_t count,
                     struct lp_err *err)
{
    struct lp_catalogue catalogue;
    if (count != 1)
        return lp_err_set(err, LP_ERR_USAGE, "name one run folder");
    if (lp_catalogue_init(&catalogue, NULL, 0, err) == -1)
        return -1;
    size_t len = strlen(words[0]);
    while (len > 1 && words[0][len - 1] == '/')
        len--;
    const char *dir = lp_arena_strndup(&catalogue.arena, words[0], len);
    const char *file =
        options->out ? options->out : lp_arena_printf(&catalogue.arena, "%s/" FILE_NAME, dir);
    int result = lp_report_folder(dir, file, &catalogue.vocabulary, err);
    if (result == 0 &&
        (!lp_ui_print(lp_arena_printf(&catalogue.arena, "%s\n", file)) || !lp_ui_flush()))
        result = lp_err_set(err, LP_ERR_SELF, "unable to write");
    lp_catalogue_release(&catalogue);
    return result;
}

int lp_command_report(int argc, char **argv)
{
    struct options options = {0};
    struct lp_err err = {0};
    const char **words = lp_alloc((size_t)argc, sizeof *words);
    size_t count;
    bool help;
    int status = -1;
    if (lp_options_parse(&lp_line_report, argc, argv, &options, words, &count, &help, &err) == 0)
        status = help ? lp_help_show(&lp_line_report) : carry_out(&options, words, count, &err);
    free(words);
    return lp_ui_end(status, &err);
}
