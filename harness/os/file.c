/* SPDX-License-Identifier: MIT */
/* Files and folders over openat(2), nftw(3) and statfs(2). */
#include "os/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define READ_CHUNK 65536

int lp_file_read(const char *path, size_t limit, struct lp_str *text, struct lp_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd == -1)
        return lp_err_sys(err, LP_ERR_USAGE, errno, "unable to read '%s'", path);
    char chunk[READ_CHUNK];
    ssize_t got;
    while ((got = read(fd, chunk, sizeof chunk)) > 0) {
        if (text->len + (size_t)got > limit) {
            close(fd);
            return lp_err_set(err, LP_ERR_USAGE, "'%s' is larger than %zu bytes", path, limit);
        }
        lp_str_add_bytes(text, chunk, (size_t)got);
    }
    int failed = got == -1 ? errno : 0;
    close(fd);
    if (failed)
        return lp_err_sys(err, LP_ERR_USAGE, failed, "unable to read '%s'", path);
    return 0;
}

int lp_file_write(const char *path, const void *bytes, size_t size, struct lp_err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd == -1)
        return lp_err_sys(err, LP_ERR_SELF, errno, "unable to write '%s'", path);
    const char *from = bytes;
    while (size > 0) {
        ssize_t put = write(fd, from, size);
        if (put == -1 && errno == EINTR)
            continue;
        if (put <= 0) {
            int failed = errno;
            close(fd);
            return lp_err_sys(err, LP_ERR_SELF, failed, "unable to write '%s'", path);
        }
        from += put;
        size -= (size_t)put;
    }
    if (close(fd) == -1)
        return lp_err_sys(err, LP_ERR_SELF, errno, "unable to write '%s'", path);
    return 0;
}

int lp_folder_make(const char *path, struct lp_err *err)
{
    char *copy = lp_strdup(path);
    int failed = 0;
    for (char *at = copy + 1; !failed; at++) {
        if (*at != '/' && *at != '\0')
            continue;
        char kept = *at;
        *at = '\0';
        if (mkdir(copy, 0755) == -1 && errno != EEXIST)
            failed = errno;
        *at = kept;
        if (kept == '\0')
            break;
    }
    if (!failed && !lp_is_folder(path))
        failed = ENOTDIR;
    free(copy);
    if (failed)
        return lp_err_sys(err, LP_ERR_SELF, failed, "unable to make folder '%s'", path);
    return 0;
}

int lp_folder_of(const char *path, struct lp_err *err)
{
    const char *slash = strrchr(path, '/');
    if (!slash || slash == path)
        return 0;
    char *folder = lp_strdup(path);
    folder[slash - path] = '\0';
    int result = lp_folder_make(folder, err);
    free(folder);
    return result;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    (void)info, (void)kind, (void)where;
    remove(path);
    return 0;
}

void lp_folder_remove(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

void lp_files_remove(const char *folder, const char *prefix)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    while (dir && (entry = readdir(dir)))
        if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0)
            unlinkat(dirfd(dir), entry->d_name, 0);
    if (dir)
        closedir(dir);
}

bool lp_is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

bool lp_is_file(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

static const struct {
    unsigned long magic;
    const char *name;
} filesystems[] = {
    {TMPFS_MAGIC, "tmpfs"},
    {EXT4_SUPER_MAGIC, "ext4"},
    {XFS_SUPER_MAGIC, "xfs"},
    {BTRFS_SUPER_MAGIC, "btrfs"},
    {OVERLAYFS_SUPER_MAGIC, "overlay"},
    {NFS_SUPER_MAGIC, "nfs"},
    {FUSE_SUPER_MAGIC, "fuse"},
    {V9FS_MAGIC, "9p"},
    {SMB2_SUPER_MAGIC, "smb2"},
    {CIFS_SUPER_MAGIC, "cifs"},
    {RAMFS_MAGIC, "ramfs"},
    {F2FS_SUPER_MAGIC, "f2fs"},
    {0x2fc12fc1, "zfs"},
    {MSDOS_SUPER_MAGIC, "vfat"},
};

void lp_filesystem_name(const char *path, char *name, size_t size)
{
    struct statfs info;
    if (statfs(path, &info) == -1) {
        snprintf(name, size, "unknown");
        return;
    }
    for (size_t i = 0; i < LP_ARRAY_LEN(filesystems); i++) {
        if (filesystems[i].magic == (unsigned long)info.f_type) {
            snprintf(name, size, "%s", filesystems[i].name);
            return;
        }
    }
    snprintf(name, size, "type 0x%lx", (unsigned long)info.f_type);
}

uint64_t lp_filesystem_free(const char *path)
{
    struct statfs info;
    if (statfs(path, &info) == -1)
        return 0;
    return (uint64_t)info.f_bavail * (uint64_t)info.f_bsize;
}
