/* SPDX-License-Identifier: MIT */
#ifndef LP_TESTS_MEDIAN_H
#define LP_TESTS_MEDIAN_H

#include <stdlib.h>

static inline int compare_numbers(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

/* Of `count` numbers, at least one; sorts them. */
static inline double median_of(double *numbers, size_t count)
{
    qsort(numbers, count, sizeof *numbers, compare_numbers);
    return numbers[count / 2];
}

#endif
