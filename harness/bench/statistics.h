/* SPDX-License-Identifier: MIT */
/* Medians and intervals of few, noisy figures. Pure. */
#ifndef LP_BENCH_STATISTICS_H
#define LP_BENCH_STATISTICS_H

#include <stddef.h>

/* A figure that was measured several times. */
struct lp_figure {
    double median, low, high; /* low and high: smallest and largest, or the ends of an interval */
};

/* Sorts `values`. All 0 when there are none. */
struct lp_figure lp_figure_of(double *values, size_t count);

/*
 * The median and an interval that holds the true median with at least the given confidence (0..1),
 * whatever the distribution: the ends are those two values between which the median lies unless
 * the signs of the differences were as uneven as a binomial makes them rarely (the sign test's
 * interval; Conover, Practical Nonparametric Statistics, 3rd edition, 3.2). It asks for independent
 * values only, not for normal ones: times of a machine that others use too are not. Sorts `values`.
 * With too few of them for that confidence the ends are 0 and infinity.
 */
struct lp_figure lp_figure_interval(double *values, size_t count, double confidence);

/* Jain's index of fairness (Jain, Chiu, Hawe 1984): 1 all the same, 1/count one has all; 1 when all
   are 0. */
double lp_jain(const double *shares, size_t count);

#endif
