/* SPDX-License-Identifier: MIT */
/*
 * A benchmark for people and programs. docs/BENCH.md describes the JSON; reports of the same
 * benchmark say the same. Nothing here prints.
 */
#ifndef LP_BENCH_REPORT_H
#define LP_BENCH_REPORT_H

#include "base/str.h"
#include "bench/bench.h"
#include "bench/gate.h"

struct lp_bench_report {
    const struct lp_bench *bench;
    const struct lp_comparison *gate; /* NULL: nothing was compared */
    const char *command;              /* as typed */
    const char *const *plots;         /* files, relative to the folder; ended by NULL; or NULL */
    const char *plot_trouble;         /* why there are none; NULL: there are */
    bool color;                       /* text only */
    int exit_status;
};

/* One row a format; `write` appends all of it. Searched by lp_nearest. */
struct lp_bench_format {
    const char *name;
    void (*write)(const struct lp_bench_report *report, struct lp_str *out);
};
extern const struct lp_bench_format lp_bench_formats[];
extern const size_t lp_bench_format_count;

void lp_bench_write_text(const struct lp_bench_report *report, struct lp_str *out);
void lp_bench_write_markdown(const struct lp_bench_report *report, struct lp_str *out);
void lp_bench_write_json(const struct lp_bench_report *report, struct lp_str *out);
void lp_bench_write_csv(const struct lp_bench_report *report, struct lp_str *out);

/* "12.3k", "1.85M": three digits of a rate. `buf` of 16 bytes. Returns buf. */
char *lp_rate_format(double rate, char *buf, size_t size);
/* Warnings that belong to the whole, one line each, at most `max`; returns how many. The caller
   releases them. */
size_t lp_bench_warnings(const struct lp_bench_report *report, struct lp_str *lines, size_t max);

/* "#0072b2": the same for a driver in every plot and page. */
const char *lp_bench_color(const char *driver);

#endif
