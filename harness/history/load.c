/* SPDX-License-Identifier: MIT */
/* A folder's history files, mapped: read by the page, and only as far as they were written. */
#include "history/image.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUFFIX ".lph"

struct lp_history_map {
    void *address;
    size_t size;
};

struct names {
    char **names;
    size_t count, cap;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool has_suffix(const char *name)
{
    size_t len = strlen(name);
    return len > strlen(SUFFIX) && strcmp(name + len - strlen(SUFFIX), SUFFIX) == 0;
}

static void release_names(struct names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->names[i]);
    free(names->names);
}

/* Sorted: what is read must not depend on the order of a directory. */
static int list_names(struct names *names, const char *folder, DIR *dir, struct lp_err *err)
{
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(dir);
        if (!entry && errno)
            return lp_err_sys(err, LP_ERR_USAGE, errno, "unable to read folder '%s'", folder);
        if (!entry)
            break;
        if (!has_suffix(entry->d_name))
            continue;
        names->names = lp_grow(names->names, &names->cap, names->count + 1, sizeof(char *));
        names->names[names->count++] = lp_strdup(entry->d_name);
    }
    if (names->count == 0)
        return lp_err_set(err, LP_ERR_USAGE, "no history in folder '%s'", folder);
    qsort(names->names, names->count, sizeof(char *), by_name);
    return 0;
}

static int map_file(int folder_fd, const char *name, size_t size_min, struct lp_history_map *map,
                    struct lp_err *err)
{
    int fd = openat(folder_fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat status;
    if (fd == -1)
        return lp_err_sys(err, LP_ERR_USAGE, errno, "unable to open '%s'", name);
    int result = 0;
    if (fstat(fd, &status) == -1)
        result = lp_err_sys(err, LP_ERR_USAGE, errno, "unable to tell the size of '%s'", name);
    else if (!S_ISREG(status.st_mode) || status.st_size < (off_t)size_min)
        result = lp_err_set(err, LP_ERR_USAGE, "'%s' is not a history of lockproof", name);
    if (result == 0) {
        map->size = (size_t)status.st_size;
        map->address = mmap(NULL, map->size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (map->address == MAP_FAILED) {
            map->address = NULL;
            result = lp_err_sys(err, LP_ERR_SELF, errno, "unable to map '%s'", name);
        }
    }
    close(fd);
    return result;
}

static void release_maps(struct lp_history_map *maps, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (maps[i].address)
            munmap(maps[i].address, maps[i].size);
    free(maps);
}

/* The faults come last in `maps`; a run without any has no such file. */
static int load_faults(struct lp_history *history, int folder_fd, struct lp_history_map *map,
                       struct lp_err *err)
{
    struct stat status;
    if (fstatat(folder_fd, LP_FAULTS_FILE, &status, 0) == -1)
        return 0;
    if (map_file(folder_fd, LP_FAULTS_FILE, sizeof(struct lp_faults_header), map, err) == -1)
        return -1;
    struct lp_history_image image = {map->address, map->size, LP_FAULTS_FILE};
    return lp_history_take_faults(history, &image, err);
}

static int load_names(struct lp_history *history, int folder_fd, const struct names *names,
                      struct lp_err *err)
{
    struct lp_history_map *maps = lp_alloc(names->count + 1, sizeof *maps);
    struct lp_history_image *images = lp_alloc(names->count, sizeof *images);
    int result = 0;
    for (size_t i = 0; i < names->count && result == 0; i++) {
        result = map_file(folder_fd, names->names[i], LP_HISTORY_HEADER_SIZE, &maps[i], err);
        images[i] = (struct lp_history_image){maps[i].address, maps[i].size, names->names[i]};
    }
    if (result == 0)
        result = lp_history_of_files(history, images, names->count, err);
    if (result == 0 && load_faults(history, folder_fd, &maps[names->count], err) == -1) {
        lp_history_release(history);
        result = -1;
    }
    free(images);
    if (result == -1) {
        release_maps(maps, names->count + 1);
        return -1;
    }
    history->maps = maps;
    history->map_count = names->count + 1;
    return 0;
}

int lp_history_open(struct lp_history *history, const char *folder, struct lp_err *err)
{
    *history = (struct lp_history){0};
    DIR *dir = opendir(folder); /* sets close-on-exec */
    if (!dir)
        return lp_err_sys(err, LP_ERR_USAGE, errno, "unable to open folder '%s'", folder);
    struct names names = {0};
    int result = list_names(&names, folder, dir, err);
    if (result == 0)
        result = load_names(history, dirfd(dir), &names, err);
    release_names(&names);
    closedir(dir);
    return result;
}

int lp_history_load(struct lp_history *history, const char *folder, struct lp_err *err)
{
    if (lp_history_open(history, folder, err) == -1)
        return -1;
    lp_history_merge(history);
    return 0;
}

void lp_history_release(struct lp_history *history)
{
    free(history->workers);
    free(history->views);
    free(history->ops);
    release_maps(history->maps, history->map_count);
    *history = (struct lp_history){0};
}
