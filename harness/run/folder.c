/* SPDX-License-Identifier: MIT */
/* Run folder and scratch folder. */
#include "run/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/random.h"
#include "base/str.h"
#include "os/clock.h"
#include "os/file.h"

/* Less room than this is no room for stores, locks and a server's socket. */
#define SCRATCH_FREE_MIN (UINT64_C(64) * 1024 * 1024)

const char *lp_scratch_name(const char *workdir, struct lp_arena *arena)
{
    uint64_t number;
    if (getrandom(&number, sizeof number, 0) != sizeof number)
        number = lp_mix(lp_clock_ns(), (uint64_t)getpid());
    return lp_arena_printf(arena, "%s/lockproof-%08llx", workdir,
                           (unsigned long long)(number & UINT32_MAX));
}

/* Candidates for the scratch folder, in order; NULL members are passed over. */
int lp_scratch_choose(struct lp_folders *folders, const char *workdir, struct lp_arena *arena,
                      struct lp_err *err)
{
    const char *candidates[] = {workdir, workdir ? NULL : "/dev/shm",
                                workdir ? NULL : getenv("TMPDIR"), workdir ? NULL : "/tmp"};
    int failed = ENOENT;
    const char *last = "/tmp";
    for (size_t i = 0; i < LP_ARRAY_LEN(candidates); i++) {
        if (!candidates[i])
            continue;
        last = candidates[i];
        if (!workdir && lp_filesystem_free(candidates[i]) < SCRATCH_FREE_MIN)
            continue;
        char *real = realpath(candidates[i], NULL);
        if (real && access(real, W_OK | X_OK) == 0) {
            folders->workdir = lp_arena_strdup(arena, real);
            folders->scratch = lp_scratch_name(folders->workdir, arena);
            folders->id = strrchr(folders->scratch, '/') + 1;
            free(real);
            return 0;
        }
        failed = errno;
        free(real);
    }
    return lp_err_sys(err, LP_ERR_SELF, failed, "unable to make a scratch folder in '%s'", last);
}

/* Makes SCRATCH/NAME. */
static int make_in(const char *scratch, const char *name, struct lp_err *err)
{
    struct lp_str path;
    lp_str_init(&path);
    lp_str_addf(&path, "%s/%s", scratch, name);
    int result = lp_folder_make(path.ptr, err);
    lp_str_release(&path);
    return result;
}

int lp_scratch_make(const char *scratch, unsigned containers, struct lp_err *err)
{
    static const char *const names[] = {"shared", "node", "private"};
    if (mkdir(scratch, 0700) == -1)
        return lp_err_sys(err, LP_ERR_SELF, errno, "unable to make '%s'", scratch);
    for (size_t i = 0; i < LP_ARRAY_LEN(names); i++)
        if (make_in(scratch, names[i], err) == -1)
            return -1;
    for (unsigned i = 0; i < containers; i++) {
        char name[32];
        snprintf(name, sizeof name, "container-%u", i);
        if (make_in(scratch, name, err) == -1)
            return -1;
    }
    return 0;
}

int lp_folders_make(struct lp_folders *folders, const char *run_dir, const char *workdir,
                    struct lp_arena *arena, struct lp_err *err)
{
    *folders = (struct lp_folders){.history_fd = -1};
    if (lp_folder_make(run_dir, err) == -1)
        return -1;
    folders->run_dir = realpath(run_dir, NULL);
    if (!folders->run_dir)
        return lp_err_sys(err, LP_ERR_SELF, errno, "unable to find '%s'", run_dir);
    char *resolved = lp_arena_strdup(arena, folders->run_dir);
    free((void *)(uintptr_t)folders->run_dir);
    folders->run_dir = resolved;
    folders->history_dir = lp_arena_printf(arena, "%s/history", resolved);
    if (mkdir(folders->history_dir, 0755) == -1) {
        if (errno == EEXIST)
            return lp_err_set(err, LP_ERR_USAGE, "'%s' holds a run already; name another folder",
                              run_dir);
        return lp_err_sys(err, LP_ERR_SELF, errno, "unable to make '%s'", folders->history_dir);
    }
    folders->history_fd = open(folders->history_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folders->history_fd == -1)
        return lp_err_sys(err, LP_ERR_SELF, errno, "unable to open '%s'", folders->history_dir);
    return lp_scratch_choose(folders, workdir, arena, err);
}

void lp_folders_release(struct lp_folders *folders)
{
    if (folders->scratch)
        lp_folder_remove(folders->scratch);
    if (folders->history_fd > 0)
        close(folders->history_fd);
    *folders = (struct lp_folders){.history_fd = -1};
}

void lp_boot_id(char *text, size_t size)
{
    struct lp_str read;
    struct lp_err err = {0};
    lp_str_init(&read);
    if (lp_file_read("/proc/sys/kernel/random/boot_id", size, &read, &err) == -1)
        lp_str_add(&read, "unknown");
    size_t len = strcspn(read.ptr, "\n");
    if (len >= size)
        len = size - 1;
    memcpy(text, read.ptr, len);
    text[len] = '\0';
    lp_str_release(&read);
}

static char *system_json(const struct lp_folders *folders, const char *boot_id)
{
    struct utsname host = {0};
    char scratch_name[32], run_name[32];
    uname(&host);
    lp_filesystem_name(folders->workdir, scratch_name, sizeof scratch_name);
    lp_filesystem_name(folders->run_dir, run_name, sizeof run_name);
    json_t *root = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:{s:s, s:s}}", "lockproof", LP_VERSION, "host",
        host.nodename, "kernel", host.release, "machine", host.machine, "boot_id", boot_id,
        "compiler", __VERSION__, "processors", (json_int_t)sysconf(_SC_NPROCESSORS_ONLN), "uid",
        (json_int_t)geteuid(), "filesystems", "scratch", scratch_name, "run", run_name);
    char *text = root ? json_dumps(root, JSON_INDENT(2)) : NULL;
    json_decref(root);
    return text;
}

static int write_in(const struct lp_folders *folders, const char *name, const char *text,
                    struct lp_err *err)
{
    struct lp_str path;
    lp_str_init(&path);
    lp_str_addf(&path, "%s/%s", folders->run_dir, name);
    int result = lp_file_write(path.ptr, text, strlen(text), err);
    lp_str_release(&path);
    return result;
}

int lp_folders_describe(const struct lp_folders *folders, const struct lp_scenario *scenario,
                        const char *boot_id, struct lp_err *err)
{
    struct lp_str yaml;
    lp_str_init(&yaml);
    lp_scenario_write(scenario, &yaml);
    int result = write_in(folders, "scenario.yaml", yaml.ptr, err);
    lp_str_release(&yaml);
    if (result == -1)
        return -1;
    char *json = system_json(folders, boot_id);
    if (!json)
        return lp_err_set(err, LP_ERR_SELF, "unable to describe this machine");
    result = write_in(folders, "system.json", json, err);
    free(json);
    return result;
}
