/* SPDX-License-Identifier: MIT */
/* The mapping that a run's processes share. */
#include "run/control.h"

#include <stdatomic.h>
#include <sys/mman.h>

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
