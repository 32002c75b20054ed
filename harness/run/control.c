/* SPDX-License-Identifier: MIT */
/* The mapping that a run's processes share. */
#include "run/control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static size_t control_size(uint32_t workers)
{
    return sizeof(struct lp_control) + workers * sizeof(struct lp_slot);
}

struct lp_control *lp_control_map(uint32_t workers, uint32_t containers)
{
    struct lp_control *control = mmap(NULL, control_size(workers), PROT_READ | PROT_WRITE,
                                      MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (control == MAP_FAILED)
        return NULL;
    control->worker_count = workers;
    control->container_count = containers;
    return control;
}

static struct lp_control *map_file(int fd, size_t size)
{
    void *mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
    return mapped == MAP_FAILED ? NULL : mapped;
}

/* Every user of every container may write to it, as every process of one run may. */
struct lp_control *lp_control_make(const char *path, uint32_t workers, uint32_t containers,
                                   struct lp_err *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    struct lp_control *control = NULL;
    int failed = fd == -1 || fchmod(fd, 0666) == -1 ? errno : 0;
    if (!failed)
        failed = posix_fallocate(fd, 0, (off_t)control_size(workers));
    if (!failed && !(control = map_file(fd, control_size(workers))))
        failed = errno;
    if (fd != -1)
        close(fd);
    if (!control) {
        lp_err_sys(err, LP_ERR_SELF, failed, "unable to make '%s'", path);
        return NULL;
    }
    control->worker_count = workers;
    control->container_count = containers;
    return control;
}

struct lp_control *lp_control_open(const char *path, struct lp_err *err)
{
    struct stat status;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    struct lp_control *control = NULL;
    if (fd != -1 && fstat(fd, &status) == 0 && status.st_size >= (off_t)sizeof *control)
        control = map_file(fd, (size_t)status.st_size);
    if (!control)
        lp_err_sys(err, LP_ERR_SELF, errno, "unable to share '%s'", path);
    if (fd != -1)
        close(fd);
    return control;
}

void lp_control_unmap(struct lp_control *control)
{
    if (control)
        munmap(control, control_size(control->worker_count));
}

void lp_trouble_set(struct lp_trouble *trouble, const struct lp_err *err)
{
    if (atomic_load(&trouble->claimed) || atomic_exchange(&trouble->claimed, 1))
        return;
    trouble->err = *err;
    atomic_store(&trouble->set, 1);
}

int lp_trouble_get(struct lp_trouble *trouble, struct lp_err *err)
{
    if (atomic_load(&trouble->set) == 0)
        return 0;
    *err = trouble->err;
    return -1;
}
