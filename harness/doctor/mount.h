/* SPDX-License-Identifier: MIT */
/*
 * What a path really is: which mount it lies on, of what kind. Read from /proc/self/mountinfo
 * (proc_pid_mountinfo(5)), by the mount id that statx(2) gives, so that mounts over mounts are told
 * apart.
 */
#ifndef LP_DOCTOR_MOUNT_H
#define LP_DOCTOR_MOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a kind of filesystem means for locks. */
enum lp_mount_class {
    LP_MOUNT_LOCAL,   /* one kernel keeps all locks of it */
    LP_MOUNT_RAM,     /* the same, but of this mount only: each container has its own */
    LP_MOUNT_LAYER,   /* overlay: a container's own layer over an image */
    LP_MOUNT_NETWORK, /* locks of other hosts are kept elsewhere, or not at all */
    LP_MOUNT_FUSE,    /* a program decides what locks mean */
};

struct lp_look {
    int errnum; /* of stat(2): the path cannot be looked at; nothing else is set then */
    bool is_folder, is_file;
    unsigned device_major, device_minor;
    uint64_t inode;
    uint64_t born_ns; /* 0: unknown */
    unsigned links;
    unsigned mode;
    int64_t size;
    uint64_t mount_id;
    char type[32];    /* "ext4" */
    char root[256];   /* what of the filesystem is mounted: "/", "/data/lock//deleted" */
    char at[256];     /* where */
    char source[128]; /* "/dev/vda1", "server:/export" */
    char options[192];
    char upper[192]; /* overlay: its upper folder */
    enum lp_mount_class class;
};

/* Follows symbolic links. Never fails: what is unknown is empty. */
void lp_look_at(struct lp_look *look, const char *path);

enum lp_mount_class lp_mount_class_of(const char *type);

/* The file that was mounted there has been unlinked or replaced since: the kernel says so. */
bool lp_look_is_deleted(const struct lp_look *look);

/* One line for people; `buf` of `size` bytes. Returns buf. */
char *lp_look_text(const struct lp_look *look, char *buf, size_t size);

#endif
