/* SPDX-License-Identifier: MIT */
/* The table of operation names: what `:f` may be, and what it then means. */
#ifndef LP_HISTORY_NAMES_H
#define LP_HISTORY_NAMES_H

#include <stdbool.h>
#include "history/calls.h"
#include "history/form.h"

/* What an add tells of the counter when it completes. */
enum lp_add_tells {
    LP_ADD_TELLS_AFTER, /* the value after it, when it differs from what was to be added */
    LP_ADD_TELLS_BEFORE,
};

struct lp_call_name {
    const char *name;
    enum lp_call_kind kind;
    int8_t sign; /* ADD: -1 takes away */
    enum lp_add_tells tells;
};

/* NULL: no model here knows such an operation. The first row of a kind is its name in exports. */
const struct lp_call_name *lp_call_name_find(const struct lp_form *f);
const char *lp_call_kind_name(enum lp_call_kind kind);

#endif
