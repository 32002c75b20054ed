/* SPDX-License-Identifier: MIT */
/* Finding scenarios and plug-ins. */
#include "cli/catalogue.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/nearest.h"
#include "base/str.h"
#include "cli/vocabulary.h"
#include "os/file.h"

#define SCENARIO_SIZE_MAX ((size_t)1024 * 1024)
#define FOLDER_DEPTH_MAX 8
#define SUFFIX ".yaml"

/* The folder that the running program lies in. */
static const char *program_dir(struct lp_arena *arena)
{
    char path[4096];
    ssize_t len = readlink("/proc/self/exe", path, sizeof path - 1);
    if (len <= 0)
        return ".";
    path[len] = '\0';
    char *slash = strrchr(path, '/');
    if (slash)
        *slash = '\0';
    return lp_arena_strdup(arena, path);
}

/* A build folder lies in the source tree, one or two levels down. */
static const char *find_data(const char *program, const char *in_tree, const char *installed,
                             struct lp_arena *arena)
{
    static const char *const from_program[] = {"..", "../.."};
    for (size_t i = 0; i < LP_ARRAY_LEN(from_program); i++) {
        const char *path = lp_arena_printf(arena, "%s/%s/%s", program, from_program[i], in_tree);
        if (lp_is_folder(path)) {
            char *real = realpath(path, NULL);
            const char *kept = real ? lp_arena_strdup(arena, real) : path;
            free(real);
            return kept;
        }
    }
    return lp_is_folder(installed) ? installed : NULL;
}

static const char *find_plugins(const char *program, struct lp_arena *arena)
{
    const char *path = lp_arena_printf(arena, "%s/drivers", program);
    return lp_is_folder(path) ? path : LP_LIBDIR "/drivers";
}

static const char *find_worker(const char *program, struct lp_arena *arena)
{
    const char *path = lp_arena_printf(arena, "%s/lockproof-worker", program);
    if (lp_is_file(path))
        return path;
    return lp_is_file(LP_LIBDIR "/lockproof-worker") ? LP_LIBDIR "/lockproof-worker" : NULL;
}

int lp_catalogue_init(struct lp_catalogue *catalogue, const char *const *drivers,
                      size_t driver_count, struct lp_err *err)
{
    memset(catalogue, 0, sizeof *catalogue);
    lp_arena_init(&catalogue->arena);
    const char *program = program_dir(&catalogue->arena);
    catalogue->scenario_dir =
        find_data(program, "scenarios", LP_DATADIR "/scenarios", &catalogue->arena);
    catalogue->plot_dir =
        find_data(program, "reports/gnuplot", LP_DATADIR "/gnuplot", &catalogue->arena);
    catalogue->plugin_dir = find_plugins(program, &catalogue->arena);
    catalogue->worker = find_worker(program, &catalogue->arena);
    lp_registry_init(&catalogue->registry, catalogue->plugin_dir);
    for (size_t i = 0; i < driver_count; i++) {
        if (lp_registry_load(&catalogue->registry, drivers[i], err) == -1) {
            lp_catalogue_release(catalogue);
            return -1;
        }
    }
    lp_vocabulary_make(&catalogue->vocabulary, &catalogue->registry, &catalogue->arena);
    return 0;
}

void lp_catalogue_release(struct lp_catalogue *catalogue)
{
    lp_registry_release(&catalogue->registry);
    lp_arena_release(&catalogue->arena);
    memset(catalogue, 0, sizeof *catalogue);
}

static void add_file(struct lp_catalogue *catalogue, struct lp_scenario_files *files,
                     const char *file)
{
    files->file = lp_grow(files->file, &files->cap, files->count + 1, sizeof *files->file);
    files->file[files->count++] = lp_arena_strdup(&catalogue->arena, file);
}

static bool is_scenario_file(const char *name)
{
    size_t len = strlen(name);
    return len > strlen(SUFFIX) && strcmp(name + len - strlen(SUFFIX), SUFFIX) == 0;
}

static int add_folder(struct lp_catalogue *catalogue, const char *folder, unsigned depth,
                      struct lp_scenario_files *files)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        const char *path = lp_arena_printf(&catalogue->arena, "%s/%s", folder, name);
        if (name[0] != '.' && lp_is_folder(path) && depth < FOLDER_DEPTH_MAX)
            add_folder(catalogue, path, depth + 1, files);
        else if (is_scenario_file(name) && lp_is_file(path))
            add_file(catalogue, files, path);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    return count;
}

/* "naive" of "scenarios/sqlite/naive.yaml". */
static const char *name_of(const char *file, struct lp_arena *arena)
{
    const char *slash = strrchr(file, '/');
    const char *base = slash ? slash + 1 : file;
    return lp_arena_strndup(arena, base, strlen(base) - strlen(SUFFIX));
}

static int find_bundled(struct lp_catalogue *catalogue, const char *name,
                        struct lp_scenario_files *files, struct lp_err *err)
{
    struct lp_scenario_files all = {0};
    const char **names;
    if (catalogue->scenario_dir)
        add_folder(catalogue, catalogue->scenario_dir, 0, &all);
    names = lp_arena_array(&catalogue->arena, all.count + 1, sizeof *names);
    int result = -1;
    for (size_t i = 0; i < all.count; i++) {
        names[i] = name_of(all.file[i], &catalogue->arena);
        if (strcmp(names[i], name) == 0) {
            add_file(catalogue, files, all.file[i]);
            result = 0;
        }
    }
    if (result == -1) {
        const char *near = lp_nearest(name, names, all.count, sizeof *names);
        if (near)
            lp_err_set(err, LP_ERR_USAGE, "unknown scenario '%s', did you mean '%s'?", name, near);
        else
            lp_err_set(err, LP_ERR_USAGE,
                       "unknown scenario '%s': no bundled one (`lockproof list`), file or folder",
                       name);
    }
    free(all.file);
    return result;
}

/* "sqlite/naive": the bundled one of that family, should two families have the name. */
static bool find_in_family(struct lp_catalogue *catalogue, const char *name,
                           struct lp_scenario_files *files)
{
    if (!catalogue->scenario_dir || !strchr(name, '/') || is_scenario_file(name))
        return false;
    const char *path =
        lp_arena_printf(&catalogue->arena, "%s/%s" SUFFIX, catalogue->scenario_dir, name);
    if (!lp_is_file(path))
        return false;
    add_file(catalogue, files, path);
    return true;
}

int lp_catalogue_find(struct lp_catalogue *catalogue, const char *name,
                      struct lp_scenario_files *files, struct lp_err *err)
{
    const char *folder = name ? name : catalogue->scenario_dir;
    if (!folder)
        return lp_err_set(err, LP_ERR_SELF, "the bundled scenarios are not installed");
    if (lp_is_folder(folder)) {
        size_t before = files->count;
        if (add_folder(catalogue, folder, 0, files) == -1)
            return lp_err_set(err, LP_ERR_USAGE, "unable to read folder '%s'", folder);
        if (files->count == before)
            return lp_err_set(err, LP_ERR_USAGE, "no scenario (*.yaml) in folder '%s'", folder);
        return 0;
    }
    if (find_in_family(catalogue, name, files))
        return 0;
    if (is_scenario_file(name) || strchr(name, '/')) {
        add_file(catalogue, files, name);
        return 0;
    }
    return find_bundled(catalogue, name, files, err);
}

int lp_catalogue_load(const struct lp_catalogue *catalogue, const char *file,
                      struct lp_scenario *scenario, struct lp_err *err)
{
    struct lp_str text;
    lp_str_init(&text);
    int result = lp_file_read(file, SCENARIO_SIZE_MAX, &text, err);
    if (result == 0)
        result = lp_scenario_parse(scenario, text.ptr, text.len, file, &catalogue->vocabulary, err);
    lp_str_release(&text);
    return result;
}

const char *lp_catalogue_family(const char *file, struct lp_arena *arena)
{
    const char *last = strrchr(file, '/');
    if (!last)
        return "";
    const char *first = last;
    while (first > file && first[-1] != '/')
        first--;
    return lp_arena_strndup(arena, first, (size_t)(last - first));
}
