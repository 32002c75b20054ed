/* SPDX-License-Identifier: MIT */
/*
 * Plots by gnuplot: data files and copies of the scripts go into the folder's plots/, where anybody
 * can change them and run gnuplot again; then gnuplot draws each as SVG and PNG.
 */
#ifndef LP_BENCH_PLOT_H
#define LP_BENCH_PLOT_H

#include "bench/bench.h"

#define LP_PLOTS_MAX 12

struct lp_plots {
    const char *files[LP_PLOTS_MAX + 1]; /* relative to the folder; ended by NULL */
    size_t count;
    char trouble[160]; /* why there are none, or not all; else "" */
};

/* `script_dir`: where the scripts are; NULL: not found. */
void lp_plots_make(struct lp_plots *plots, struct lp_bench *bench, const char *script_dir);

#endif
