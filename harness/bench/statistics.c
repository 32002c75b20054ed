/* SPDX-License-Identifier: MIT */
/* Order statistics. */
#include "bench/statistics.h"

#include <math.h>
#include <stdlib.h>

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double middle(const double *sorted, size_t count)
{
    return count % 2 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2;
}

struct lp_figure lp_figure_of(double *values, size_t count)
{
    if (count == 0)
        return (struct lp_figure){0};
    qsort(values, count, sizeof *values, by_size);
    return (struct lp_figure){middle(values, count), values[0], values[count - 1]};
}

/* The largest k for which at most k of `count` fair coins show heads with probability at most
   `tail`; -1: none. Summed as logarithms, since 0.5^1000 is no number. */
static long rank_of(size_t count, double tail)
{
    double log_term = -(double)count * log(2), sum = 0;
    for (size_t k = 0; k <= count / 2; k++) {
        sum += exp(log_term);
        if (sum > tail)
            return (long)k - 1;
        log_term += log((double)(count - k)) - log((double)(k + 1));
    }
    return (long)(count / 2);
}

struct lp_figure lp_figure_interval(double *values, size_t count, double confidence)
{
    struct lp_figure figure = lp_figure_of(values, count);
    long rank = rank_of(count, (1 - confidence) / 2);
    figure.low = rank < 0 ? 0 : values[rank];
    figure.high = rank < 0 ? HUGE_VAL : values[count - 1 - (size_t)rank];
    return figure;
}

double lp_jain(const double *shares, size_t count)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < count; i++) {
        sum += shares[i];
        squares += shares[i] * shares[i];
    }
    return squares > 0 ? sum * sum / ((double)count * squares) : 1;
}
