/* SPDX-License-Identifier: MIT */
#include "os/pages.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#define HUGE_MIN ((size_t)4 << 20) /* less may hold no whole huge page */

void lp_pages_prefer_huge(void *array, size_t size)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t begin = ((uintptr_t)array + page - 1) & ~(page - 1);
    if (size >= HUGE_MIN)
        (void)!madvise((void *)begin, size - (begin - (uintptr_t)array), MADV_HUGEPAGE);
}
