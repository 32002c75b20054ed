/* SPDX-License-Identifier: MIT */
/*
 * The HTML report: one file that needs nothing else, neither a network nor a server. What can be
 * read is in the markup; the page's script only adds the timeline and the search over operations.
 *
 * The writer neither reads files nor knows the time: who calls it has found out all it shows.
 */
#ifndef LP_REPORTS_HTML_H
#define LP_REPORTS_HTML_H

#include <stddef.h>
#include <stdint.h>
#include "base/str.h"
#include "reports/result.h"

struct lp_page_fact {
    const char *name;
    const char *value;
};

struct lp_page_facts {
    struct lp_page_fact *rows;
    size_t count, cap;
};

/* One scenario's part. */
struct lp_page_entry {
    const struct lp_run_result *result;
    struct lp_page_facts environment; /* host, kernel, versions */
    struct lp_page_facts invariants;  /* what was checked, and what came of it */
    struct lp_page_facts explored;    /* how schedules were searched; none: it was a free run */
    const char *note; /* what the reader must know of how this was read back; or NULL */
};

/* A plot that another program drew; shown as an image, so that nothing in it can run. */
struct lp_page_plot {
    const char *title;
    const char *svg;
    size_t size;
};

struct json_t;

struct lp_page {
    const char *title;
    const char *version;
    const char *made;  /* when, as text */
    const char *nonce; /* random, of letters and digits: only scripts that carry it are run */
    const struct lp_page_entry *entries;
    size_t count;
    const struct lp_page_plot *plots;
    size_t plot_count;
    const struct json_t *bench;     /* result.json of a bench folder, or NULL */
    const struct json_t *hyperfine; /* hyperfine's export, or NULL */
};

void lp_page_write(const struct lp_page *page, struct lp_str *out);

#endif
