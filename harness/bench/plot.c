/* SPDX-License-Identifier: MIT */
/* Data files, scripts, and calling gnuplot. */
#include "bench/plot.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/units.h"
#include "bench/plotdata.h"
#include "bench/report.h"
#include "os/file.h"
#include "os/process.h"

#define SCRIPT_SIZE_MAX ((size_t)64 * 1024)
#define SVG_SIZE_MAX ((size_t)16 * 1024 * 1024)

static const char *const scripts[] = {"throughput", "latency", "share", "waits", "heat"};
static const char *const kinds[] = {"svg", "png"};
_Static_assert(LP_ARRAY_LEN(scripts) * LP_ARRAY_LEN(kinds) <= LP_PLOTS_MAX, "room for all");

/* On a dark page what is black becomes light. What has a colour of its own keeps it: the locks'
   colours can be read on both, and the numbers in coloured cells go with their cells. */
static const char dark_style[] = "<style>@media (prefers-color-scheme: dark){"
                                 "g[fill='rgb(0,0,0)']>text,g[fill='black']>text{fill:#e6e6e6}"
                                 "}</style>\n";

static int copy_script(const char *from_dir, const char *to_dir, const char *name,
                       struct lp_arena *arena, struct lp_err *err)
{
    struct lp_str text;
    lp_str_init(&text);
    int result = lp_file_read(lp_arena_printf(arena, "%s/%s.gp", from_dir, name), SCRIPT_SIZE_MAX,
                              &text, err);
    if (result == 0)
        result = lp_file_write(lp_arena_printf(arena, "%s/%s.gp", to_dir, name), text.ptr, text.len,
                               err);
    lp_str_release(&text);
    return result;
}

/* In the folder of the plots; what it prints goes to gnuplot.log there. */
static void become_gnuplot(const char *folder, const char *script, const char *kind) LP_NORETURN;
static void become_gnuplot(const char *folder, const char *script, const char *kind)
{
    char set[32], file[64];
    snprintf(set, sizeof set, "kind='%s'", kind);
    snprintf(file, sizeof file, "%s.gp", script);
    if (chdir(folder) == -1)
        _exit(126);
    int log = open("gnuplot.log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (log == -1 || nothing == -1 || dup2(nothing, STDIN_FILENO) == -1 ||
        dup2(log, STDOUT_FILENO) == -1 || dup2(log, STDERR_FILENO) == -1)
        _exit(126);
    execlp("gnuplot", "gnuplot", "-e", set, file, (char *)NULL);
    _exit(errno == ENOENT ? 127 : 126);
}

static int draw(const char *folder, const char *script, const char *kind)
{
    struct lp_child child;
    if (lp_process_fork(&child, 0) == -1)
        return 126;
    if (child.pid == 0)
        become_gnuplot(folder, script, kind);
    int status = lp_process_wait(&child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 126;
}

static int add_style(const char *file, struct lp_err *err)
{
    struct lp_str text, out;
    lp_str_init(&text);
    lp_str_init(&out);
    int result = lp_file_read(file, SVG_SIZE_MAX, &text, err);
    const char *svg = result == 0 ? strstr(text.ptr, "<svg") : NULL;
    const char *end = svg ? strchr(svg, '>') : NULL;
    if (end) {
        lp_str_add_bytes(&out, text.ptr, (size_t)(end + 1 - text.ptr));
        lp_str_add(&out, "\n");
        lp_str_add(&out, dark_style);
        lp_str_add(&out, end + 1);
        result = lp_file_write(file, out.ptr, out.len, err);
    }
    lp_str_release(&text);
    lp_str_release(&out);
    return result;
}

static int draw_all(struct lp_plots *plots, const char *folder, struct lp_arena *arena,
                    struct lp_err *err)
{
    for (size_t i = 0; i < LP_ARRAY_LEN(scripts); i++) {
        for (size_t k = 0; k < LP_ARRAY_LEN(kinds); k++) {
            int status = draw(folder, scripts[i], kinds[k]);
            if (status == 127)
                return lp_err_set(err, LP_ERR_NEED,
                                  "gnuplot is not installed; try: apt-get install gnuplot-nox");
            if (status != 0)
                return lp_err_set(err, LP_ERR_SELF, "gnuplot failed at %s: see %s/gnuplot.log",
                                  scripts[i], folder);
            const char *file = lp_arena_printf(arena, "plots/%s.%s", scripts[i], kinds[k]);
            plots->files[plots->count++] = file;
            if (k == 0 &&
                add_style(lp_arena_printf(arena, "%s/%s.svg", folder, scripts[i]), err) == -1)
                return -1;
        }
    }
    unlink(lp_arena_printf(arena, "%s/gnuplot.log", folder));
    return 0;
}

static int make(struct lp_plots *plots, struct lp_bench *bench, const char *script_dir,
                struct lp_err *err)
{
    struct lp_arena *arena = &bench->arena;
    const char *folder = lp_arena_printf(arena, "%s/plots", bench->host.run_dir);
    if (!script_dir)
        return lp_err_set(err, LP_ERR_SELF, "the gnuplot scripts are not installed");
    if (lp_folder_make(folder, err) == -1)
        return -1;
    size_t drawn = 0;
    if (lp_plotdata_write(bench, folder, &drawn, err) == -1 ||
        copy_script(script_dir, folder, "style", arena, err) == -1)
        return -1;
    for (size_t i = 0; i < LP_ARRAY_LEN(scripts); i++)
        if (copy_script(script_dir, folder, scripts[i], arena, err) == -1)
            return -1;
    if (drawn == 0)
        return lp_err_set(err, LP_ERR_SELF, "there is no lock whose figures mean anything");
    return draw_all(plots, folder, arena, err);
}

void lp_plots_make(struct lp_plots *plots, struct lp_bench *bench, const char *script_dir)
{
    struct lp_err err = {0};
    *plots = (struct lp_plots){0};
    if (make(plots, bench, script_dir, &err) == -1)
        snprintf(plots->trouble, sizeof plots->trouble, "%.150s", err.text);
}
