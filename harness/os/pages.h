/* SPDX-License-Identifier: MIT */
/* Memory by the page. */
#ifndef LP_OS_PAGES_H
#define LP_OS_PAGES_H

#include <stddef.h>

/* Asks for huge pages under a large array (madvise(2)): a fault for each 4 kB of it costs more than
   many a pass over it. A wish: nothing is said when it is not granted. */
void lp_pages_prefer_huge(void *array, size_t size);

#endif
