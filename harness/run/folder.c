/* SPDX-License-Identifier: MIT */
/* Run folder and scratch folder. */
#include "run/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/str.h"
#include "os/file.h"

/* Less room than this is no room for stores, locks and a server's socket. */
#define SCRATCH_FREE_MIN (UINT64_C(64) * 1024 * 1024)

/* Candidates for the scratch folder, in order; NULL members are passed over. */
static int make_scratch(struct lp_folders *folders, const char *workdir, struct lp_arena *arena,
                        struct lp_err *err)
{
    const char *candidates[] = {workdir, workdir ? NULL : "/dev/shm", workdir ? NULL : getenv("TMPDIR"),
                                workdir ? NULL : "/tmp"};
    int failed = ENOENT;
    const char *last = "/tmp";
    for (size_t i = 0; i < LP_ARRAY_LEN(candidates); i++) {
        if (!candidates[i])
            continue;
        last = candidates[i];
        if (!workdir && lp_filesystem_free(candidates[i]) < SCRATCH_FREE_MIN)
            continue;
        char *path = lp_arena_printf(arena, "%s/lockproof-XXXXXX", candidates[i]);
        if (mkdtemp(path)) {
            folders->scratch = path;
            return 0;
        }
        failed = errno;
    }
    return lp_err_sys(err, LP_ERR_SELF, failed, "unable to make a scratch folder in '%s'", last);
}

static int make_places(const struct lp_folders *folders, const struct lp_scenario *scenario,
                       struct lp_arena *arena, struct lp_err *err)
{
    static const char *const names[] = {"shared", "node", "private"};
    for (size_t i = 0; i < LP_ARRAY_LEN(names); i++)
        if (lp_folder_make(lp_arena_printf(arena, "%s/%s", folders->scratch, names[i]), err) == -1)
            return -1;
    for (unsigned i = 0; i < scenario->containers; i++) {
        const char *own = lp_arena_printf(arena, "%s/container-%u", folders->scratch, i);
        if (lp_folder_make(own, err) == -1)
            return -1;
    }
    return 0;
}

int lp_folders_make(struct lp_folders *folders, const char *run_dir, const char *workdir,
                    const struct lp_scenario *scenario, struct lp_arena *arena, struct lp_err *err)
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
    if (make_scratch(folders, workdir, arena, err) == -1)
        return -1;
    return make_places(folders, scenario, arena, err);
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
    lp_filesystem_name(folders->scratch, scratch_name, sizeof scratch_name);
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
