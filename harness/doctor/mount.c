/* SPDX-License-Identifier: MIT */
#include "doctor/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/units.h"

enum lp_mount_class lp_mount_class_of(const char *type)
{
    static const struct {
        const char *type;
        enum lp_mount_class class;
    } rows[] = {
        {"tmpfs", LP_MOUNT_RAM},          {"ramfs", LP_MOUNT_RAM},
        {"overlay", LP_MOUNT_LAYER},      {"aufs", LP_MOUNT_LAYER},
        {"nfs", LP_MOUNT_NETWORK},        {"nfs4", LP_MOUNT_NETWORK},
        {"cifs", LP_MOUNT_NETWORK},       {"smb3", LP_MOUNT_NETWORK},
        {"9p", LP_MOUNT_NETWORK},         {"virtiofs", LP_MOUNT_NETWORK},
        {"ceph", LP_MOUNT_NETWORK},       {"afs", LP_MOUNT_NETWORK},
        {"lustre", LP_MOUNT_NETWORK},     {"ocfs2", LP_MOUNT_NETWORK},
        {"gfs2", LP_MOUNT_NETWORK},       {"fuse.glusterfs", LP_MOUNT_NETWORK},
        {"fuse.sshfs", LP_MOUNT_NETWORK},
    };
    for (size_t i = 0; i < LP_ARRAY_LEN(rows); i++)
        if (strcmp(rows[i].type, type) == 0)
            return rows[i].class;
    return strncmp(type, "fuse", 4) == 0 ? LP_MOUNT_FUSE : LP_MOUNT_LOCAL;
}

/* mountinfo writes blanks and the like as \040. */
static void unescape(char *to, size_t size, const char *from)
{
    size_t len = 0;
    for (; *from && len + 1 < size; len++) {
        bool octal = from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] && from[3];
        to[len] =
            octal ? (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + (from[3] - '0')) : *from;
        from += octal ? 4 : 1;
    }
    to[len] = '\0';
}

/* The value of one option of a list "a=b,c=d". */
static void option_of(const char *options, const char *name, char *to, size_t size)
{
    size_t len = strlen(name);
    to[0] = '\0';
    for (const char *at = options; at; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, name, len) != 0 || at[len] != '=')
            continue;
        snprintf(to, size, "%.*s", (int)strcspn(at + len + 1, ","), at + len + 1);
        return;
    }
}

/* "36 35 98:0 /root /at rw,noatime shared:1 - ext3 /dev/root rw,errors=continue" */
static void read_line(struct lp_look *look, char *line)
{
    char *field[6] = {NULL}, *rest = NULL;
    for (size_t i = 0; i < LP_ARRAY_LEN(field); i++)
        field[i] = strtok_r(i ? NULL : line, " ", &rest);
    char *behind = rest ? strstr(rest, "- ") : NULL;
    if (!field[5] || !behind)
        return;
    char *type = strtok_r(behind + 2, " ", &rest);
    char *source = strtok_r(NULL, " ", &rest);
    char *super = strtok_r(NULL, " \n", &rest);
    unescape(look->root, sizeof look->root, field[3]);
    unescape(look->at, sizeof look->at, field[4]);
    snprintf(look->options, sizeof look->options, "%s", field[5]);
    snprintf(look->type, sizeof look->type, "%s", type ? type : "");
    unescape(look->source, sizeof look->source, source ? source : "");
    option_of(super ? super : "", "upperdir", look->upper, sizeof look->upper);
}

static void find_mount(struct lp_look *look)
{
    FILE *file = fopen("/proc/self/mountinfo", "re");
    char *line = NULL;
    size_t cap = 0;
    while (file && getline(&line, &cap, file) != -1) {
        if (strtoull(line, NULL, 10) == look->mount_id) {
            read_line(look, line);
            break;
        }
    }
    free(line);
    if (file)
        fclose(file);
    look->class = lp_mount_class_of(look->type);
}

void lp_look_at(struct lp_look *look, const char *path)
{
    struct statx got;
    memset(look, 0, sizeof *look);
    if (statx(AT_FDCWD, path, 0, STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID, &got) == -1) {
        look->errnum = errno;
        return;
    }
    look->is_folder = S_ISDIR(got.stx_mode);
    look->is_file = S_ISREG(got.stx_mode);
    look->device_major = got.stx_dev_major;
    look->device_minor = got.stx_dev_minor;
    look->inode = got.stx_ino;
    look->links = got.stx_nlink;
    look->mode = got.stx_mode & 07777;
    look->size = (int64_t)got.stx_size;
    if (got.stx_mask & STATX_BTIME)
        look->born_ns = (uint64_t)got.stx_btime.tv_sec * LP_SEC + got.stx_btime.tv_nsec;
    look->mount_id = got.stx_mask & STATX_MNT_ID ? got.stx_mnt_id : 0;
    find_mount(look);
}

bool lp_look_is_deleted(const struct lp_look *look)
{
    static const char mark[] = "//deleted";
    size_t len = strlen(look->root);
    return look->links == 0 ||
           (len >= sizeof mark - 1 && strcmp(look->root + len - (sizeof mark - 1), mark) == 0);
}

char *lp_look_text(const struct lp_look *look, char *buf, size_t size)
{
    static const char *const means[] = {
        [LP_MOUNT_LOCAL] = "",
        [LP_MOUNT_RAM] = ", in memory: each mount is another one",
        [LP_MOUNT_LAYER] = ", a layer over an image: each container has its own",
        [LP_MOUNT_NETWORK] = ", over a network or from a host",
        [LP_MOUNT_FUSE] = ", served by a program",
    };
    if (look->errnum) {
        snprintf(buf, size, "cannot be looked at: %s", strerrordesc_np(look->errnum));
        return buf;
    }
    snprintf(buf, size, "%s, inode %llu of device %u:%u; %s%s, %s mounted at %s (%s)%s",
             look->is_folder ? "folder"
             : look->is_file ? "file"
                             : "neither file nor folder",
             (unsigned long long)look->inode, look->device_major, look->device_minor, look->type,
             means[look->class], look->source, look->at, look->options,
             lp_look_is_deleted(look) ? "; what was mounted has been removed or replaced since"
                                      : "");
    return buf;
}
