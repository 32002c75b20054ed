/* SPDX-License-Identifier: MIT */
/*
 * Which files a connection really has open. The path does not tell: it may have been unlinked and
 * made anew between our look and SQLite's open. And SQLite does not hand out its descriptor. But it
 * answers SQLITE_FCNTL_HAS_MOVED: is the inode that it has open still the one at the path? So:
 *
 *     look at the path; open; ask HAS_MOVED; look again
 *
 * and when both looks see one and the same file (device, inode, time of birth) and nothing has
 * moved in between, then this is the file that was opened. Otherwise the opening is done again.
 *
 * In WAL mode the locks live in the file "-shm" beside it, by *name*: two links to one database, or
 * a database that is bind-mounted alone into two containers, have two of them and do not exclude
 * each other. The lock's identity is then that of the -shm file. SQLite cannot be asked about that
 * one, so it must be seen among the descriptors of this process (all connections of a process to
 * one database share it). The store's identity takes in the folder and the name instead, because
 * the last connection that is closed removes the -shm and the next one makes another: an observer
 * that comes after all workers still looks at the same store.
 */
#include "drivers/sqlite/sqlite.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include "base/random.h"

#define OPEN_TRIES 16

struct look {
    uint64_t device;
    uint64_t inode;
    uint64_t birth_ns; /* 0 where the filesystem does not know */
};

/* statx(2) by path: opens nothing. */
static int look_at(const char *path, struct look *look)
{
    struct statx st;
    if (statx(AT_FDCWD, path, 0, STATX_INO | STATX_BTIME, &st) == -1)
        return -1;
    look->device = makedev(st.stx_dev_major, st.stx_dev_minor);
    look->inode = st.stx_ino;
    look->birth_ns = 0;
    if (st.stx_mask & STATX_BTIME)
        look->birth_ns = (uint64_t)st.stx_btime.tv_sec * 1000000000 + st.stx_btime.tv_nsec;
    return 0;
}

static bool same_look(const struct look *a, const struct look *b)
{
    return a->device == b->device && a->inode == b->inode && a->birth_ns == b->birth_ns;
}

/*
 * The descriptor by which this process has that file open, or -1. Looks through /proc: opens
 * nothing of it. While a connection has the file open, its inode's number cannot be given to
 * another one, so device and inode suffice. Whose descriptor it is, among those of one file, does
 * not matter.
 */
static int find_descriptor(const struct look *wanted)
{
    DIR *fds = opendir("/proc/self/fd");
    const struct dirent *entry;
    int found = -1;

    if (!fds)
        return -1;
    while (found == -1 && (entry = readdir(fds))) {
        struct stat st;
        int fd = (int)strtol(entry->d_name, NULL, 10);
        if (entry->d_name[0] != '.' && fd != dirfd(fds) && fstat(fd, &st) == 0 &&
            st.st_ino == wanted->inode && st.st_dev == wanted->device)
            found = fd;
    }
    closedir(fds);
    return found;
}

/* The identity of the file that this process has open and that looks so. */
static enum lp_outcome identify(struct lp_client *client, const char *kind, const char *path,
                                const struct look *look, struct lp_identity *identity)
{
    struct stat st;
    int fd = find_descriptor(look);

    if (fd == -1)
        return lp_fail(client, LP_FAIL, 0, "\"%s\" was replaced while it was opened", path);
    enum lp_outcome outcome =
        lp_identity_of_file(client, &sqlite_state_of(client)->kernel, kind, fd, identity);
    /* Another client in this process may have closed that very descriptor in the meantime. */
    if (fstat(fd, &st) == -1 || st.st_ino != look->inode || st.st_dev != look->device)
        return identify(client, kind, path, look, identity);
    return outcome;
}

/* One opening; *stable tells whether `look` is certainly the file that was opened. */
static int open_once(struct lp_client *client, int flags, struct look *look, bool *stable)
{
    struct sqlite_state *state = sqlite_state_of(client);
    const char *path = sqlite_params_of(client)->path;
    struct look before;
    int moved = 1;

    bool seen = look_at(path, &before) == 0;
    int rc = sqlite3_open_v2(path, &state->db, flags | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc != SQLITE_OK)
        return rc;
    sqlite3_extended_result_codes(state->db, 1);
    rc = sqlite3_file_control(state->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    if (rc != SQLITE_OK)
        return rc;
    /* A file that this very call may have made was not seen before. */
    bool known = seen || (flags & SQLITE_OPEN_CREATE);
    *stable = known && !moved && look_at(path, look) == 0 && (!seen || same_look(&before, look));
    return SQLITE_OK;
}

enum lp_outcome lp_sqlite_open_file(struct lp_client *client, int flags)
{
    struct sqlite_state *state = sqlite_state_of(client);
    const char *path = sqlite_params_of(client)->path;
    struct look look = {0};

    for (int i = 0; i < OPEN_TRIES; i++) {
        bool stable = false;
        int rc = open_once(client, flags, &look, &stable);
        if (rc == SQLITE_OK && stable) {
            enum lp_outcome outcome =
                identify(client, "SQLite database", path, &look, &state->store_identity);
            return outcome != LP_OK
                       ? outcome
                       : identify(client, "SQLite lock", path, &look, &state->lock_identity);
        }
        if (rc != SQLITE_OK)
            lp_sqlite_outcome(client, rc, false, path);
        lp_sqlite_close(client);
        if (rc != SQLITE_OK)
            return LP_FAIL;
    }
    return lp_fail(client, LP_FAIL, 0, "\"%s\" is being replaced all the time", path);
}

static uint64_t hash_text(const char *text)
{
    uint64_t hash = strlen(text);
    for (; *text; text++)
        hash = lp_mix(hash, (unsigned char)*text);
    return hash;
}

/* The folder and the name decide which -wal and -shm belong to the database. */
static int look_at_place(const char *path, struct look *folder, const char **name)
{
    char copy[4096];
    const char *slash = strrchr(path, '/');
    size_t len = slash ? (size_t)(slash - path) + 1 : 0;

    if (len + 2 > sizeof copy)
        return -1;
    memcpy(copy, path, len);
    memcpy(copy + len, ".", sizeof ".");
    *name = path + len;
    return look_at(copy, folder);
}

enum lp_outcome lp_sqlite_identify(struct lp_client *client)
{
    struct sqlite_state *state = sqlite_state_of(client);
    /* SQLite has followed symbolic links: this is the name that it puts "-shm" to. */
    const char *path = sqlite3_db_filename(state->db, "main");
    struct look folder, shm;
    const char *name;
    char shm_path[4096];

    if (sqlite_params_of(client)->journal != JOURNAL_WAL)
        return LP_OK;
    if (look_at_place(path, &folder, &name) == -1)
        return lp_fail(client, LP_FAIL, errno, "cannot look at the folder of \"%s\"", path);
    struct lp_identity *store = &state->store_identity;
    store->domain = lp_mix(store->domain, folder.device);
    store->object = lp_mix(lp_mix(store->object, folder.inode), hash_text(name));

    snprintf(shm_path, sizeof shm_path, "%s-shm", path);
    if (look_at(shm_path, &shm) == -1)
        return lp_fail(client, LP_FAIL, errno, "cannot look at \"%s\"", shm_path);
    return identify(client, "SQLite WAL lock", shm_path, &shm, &state->lock_identity);
}
