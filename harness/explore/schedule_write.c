/* SPDX-License-Identifier: MIT */
/* Schedule files as lp_schedule_parse reads them. */
#include "explore/schedule.h"

#include <string.h>

#define STEP_WIDTH 24

/* One line of printable text that no part of the format can be mistaken for. */
static void add_clean(struct lp_str *out, const char *text)
{
    for (const char *c = text; *c; c++) {
        bool comment = *c == '#' && (c == text || c[-1] == ' ');
        bool arrow = c[0] == '=' && c[1] == '>';
        lp_str_add_bytes(out, (unsigned char)*c < ' ' || comment || arrow ? "." : c, 1);
    }
}

void lp_schedule_write_head(struct lp_str *out)
{
    lp_str_add(out, LP_SCHEDULE_HEAD "\n");
}

void lp_schedule_write_comment(struct lp_str *out, const char *text)
{
    for (const char *at = text; *at;) {
        size_t len = strcspn(at, "\n");
        lp_str_add(out, len ? "# " : "#");
        lp_str_add_bytes(out, at, len);
        lp_str_add(out, "\n");
        at += len + (at[len] == '\n');
    }
}

void lp_schedule_write_key(struct lp_str *out, const char *name, const char *value)
{
    lp_str_addf(out, "%s: ", name);
    add_clean(out, value);
    lp_str_add(out, "\n");
}

void lp_schedule_write_line(struct lp_str *out, const char *actor, unsigned worker,
                            const char *step, const char *result)
{
    size_t start = out->len;
    if (actor)
        lp_str_add(out, actor);
    else
        lp_str_addf(out, "%u", worker);
    lp_str_add(out, ":");
    if (*step) {
        lp_str_add(out, " ");
        add_clean(out, step);
    }
    if (result) {
        while (out->len - start < STEP_WIDTH)
            lp_str_add(out, " ");
        lp_str_add(out, " => ");
        add_clean(out, result);
    }
    lp_str_add(out, "\n");
}
