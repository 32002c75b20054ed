/* SPDX-License-Identifier: MIT */
/*
 * The rows of a history that another tool wrote: invocations and completions, one after the other
 * as they stand in the file. Notations: EDN and JSON (one vector, list or array of maps, or maps
 * one after another), and lines of text (Jepsen's history.txt, old logs). docs/FORMATS.md tells
 * what is read of each.
 */
#ifndef LP_HISTORY_ROWS_H
#define LP_HISTORY_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "history/form.h"

enum lp_notation { LP_NOTATION_EDN, LP_NOTATION_JSON, LP_NOTATION_LINES };

enum lp_row_type { LP_ROW_INVOKE, LP_ROW_OK, LP_ROW_FAIL, LP_ROW_INFO };

/* Slices point into the input. What the row does not have is of kind LP_FORM_NONE. */
struct lp_row {
    const char *at; /* where it begins */
    uint32_t line;
    enum lp_row_type type;
    struct lp_form process, f, value, time, index, error, key, token, lease_ns;
    struct lp_form owner; /* who it really is, when our export gave a process another number */
};

#define LP_ROW_OWNER "lockproof-process"

struct lp_rows {
    struct lp_scan scan;
    enum lp_notation notation;
    const char *key_field; /* the row's own field that names the object: "key" */
    size_t key_len;
    char closer; /* of the vector around the rows, or '\0' */
    bool closed, separated;
    bool truncated; /* the input ended early; said after the last row */
    size_t count;   /* rows so far */
    const char *line_at;
    uint32_t line;
};

/* Looks at the content to find the notation. `bytes` must outlive the rows; `name` is for messages.
   `key_field`: NULL is "key". */
void lp_rows_init(struct lp_rows *rows, const char *name, const char *bytes, size_t size,
                  const char *key_field, struct lp_err *err);

/* 1: a row; 0: no more; -1: LP_ERR_USAGE with file, line, column and what was expected. */
int lp_rows_next(struct lp_rows *rows, struct lp_row *row) LP_MUST_CHECK;

#endif
