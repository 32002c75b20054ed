/* SPDX-License-Identifier: MIT */
/* Identities over statx(2), FS_IOC_GETVERSION (ioctl_iflags(2)) and proc(5)'s boot_id. */
#include "drivers/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/random.h"

#define BOOT_ID_FILE "/proc/sys/kernel/random/boot_id"

struct inode {
    uint64_t boot;
    unsigned major, minor;
    uint64_t number;
    uint64_t birth;
    uint64_t generation;
};

static uint64_t hash_text(const char *text)
{
    uint64_t hash = strlen(text);
    for (; *text; text++)
        hash = lp_mix(hash, (unsigned char)*text);
    return hash;
}

/* Without the boot id two hosts could not be told apart, and a container that cannot read it would
   seem to use another lock than one that can: so it is not optional. */
static enum lp_outcome read_boot_id(struct lp_client *client, struct lp_kernel_id *kernel)
{
    if (kernel->known)
        return LP_OK;
    char text[64];
    int fd = open(BOOT_ID_FILE, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd == -1 ? -1 : read(fd, text, sizeof text - 1);
    int failed = errno;
    if (fd != -1)
        close(fd);
    if (len < 0)
        return lp_fail(client, LP_FAIL, failed, "unable to read %s", BOOT_ID_FILE);
    text[len] = '\0';
    kernel->boot = hash_text(text);
    kernel->known = true;
    return LP_OK;
}

static enum lp_outcome look(struct lp_client *client, struct lp_kernel_id *kernel, int fd,
                            struct inode *inode)
{
    struct statx status;
    enum lp_outcome outcome = read_boot_id(client, kernel);
    if (outcome != LP_OK)
        return outcome;
    inode->boot = kernel->boot;
    if (statx(fd, "", AT_EMPTY_PATH, STATX_INO | STATX_BTIME, &status) == -1)
        return lp_fail(client, LP_FAIL, errno, "unable to tell which file was opened");
    inode->major = status.stx_dev_major;
    inode->minor = status.stx_dev_minor;
    inode->number = status.stx_ino;
    inode->birth = 0;
    if (status.stx_mask & STATX_BTIME)
        inode->birth = lp_mix((uint64_t)status.stx_btime.tv_sec, status.stx_btime.tv_nsec);
    /* ext4 and others give an inode number again at once, within one tick of the clock that the
       birth time is taken from; their generation differs then. Declared as long, written as int. */
    union {
        unsigned generation;
        long room;
    } version = {.room = 0};
    inode->generation = ioctl(fd, FS_IOC_GETVERSION, &version) == 0 ? version.generation : 0;
    return LP_OK;
}

static void fill(const char *kind, const struct inode *inode, struct lp_identity *identity)
{
    const uint64_t device = (uint64_t)inode->major << 32 | inode->minor;
    identity->domain = lp_mix(lp_mix(hash_text(kind), inode->boot), device);
    identity->object = lp_mix(lp_mix(inode->number, inode->birth), inode->generation);
}

enum lp_outcome lp_identity_of_file(struct lp_client *client, struct lp_kernel_id *kernel,
                                    const char *kind, int fd, struct lp_identity *identity)
{
    struct inode inode;
    enum lp_outcome outcome = look(client, kernel, fd, &inode);
    if (outcome != LP_OK)
        return outcome;
    fill(kind, &inode, identity);
    snprintf(identity->text, sizeof identity->text, "%s, inode %llu of %u:%u", kind,
             (unsigned long long)inode.number, inode.major, inode.minor);
    return LP_OK;
}

enum lp_outcome lp_identity_of_name(struct lp_client *client, struct lp_kernel_id *kernel,
                                    const char *kind, int folder_fd, const char *name,
                                    struct lp_identity *identity)
{
    struct inode inode;
    enum lp_outcome outcome = look(client, kernel, folder_fd, &inode);
    if (outcome != LP_OK)
        return outcome;
    fill(kind, &inode, identity);
    identity->object = lp_mix(identity->object, hash_text(name));
    snprintf(identity->text, sizeof identity->text, "%s, name %.24s in inode %llu of %u:%u", kind,
             name, (unsigned long long)inode.number, inode.major, inode.minor);
    return LP_OK;
}
