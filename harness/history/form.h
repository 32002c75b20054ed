/* SPDX-License-Identifier: MIT */
/*
 * One value as written in EDN or JSON: a slice of the input and what was recognised in it. Nothing
 * is built: a composite value is opened by scanning its inside, so reading takes the memory of the
 * deepest brackets only, and of JSON no more than of EDN. (jansson builds the whole document, some
 * twenty times its size.)
 *
 * EDN: https://github.com/edn-format/edn; and what Clojure's printer writes besides it (records
 * `#ns.Type{...}`, namespaced maps `#:ns{...}`, patterns `#"..."`, ratios). JSON: RFC 8259; commas
 * and colons are demanded by the reader of rows, and taken as blanks inside of values.
 */
#ifndef LP_HISTORY_FORM_H
#define LP_HISTORY_FORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "base/str.h"

#define LP_FORM_DEPTH_MAX 256

enum lp_form_kind {
    LP_FORM_NONE = 0, /* not there */
    LP_FORM_NIL,
    LP_FORM_INTEGER,  /* fits an int64_t */
    LP_FORM_WORD,     /* keyword, symbol, character, boolean, any other number */
    LP_FORM_STRING,   /* in quotes */
    LP_FORM_SEQUENCE, /* vector, list, array */
    LP_FORM_MAP,      /* map, object */
    LP_FORM_SET,
    LP_FORM_TAGGED, /* a tag before a word, string or sequence; one before a map is passed over */
};

struct lp_form {
    enum lp_form_kind kind;
    const char *begin, *end; /* as written; of a composite with its brackets */
    int64_t integer;
};

struct lp_scan {
    const char *name;  /* of the input, for messages */
    const char *begin; /* of the whole input: places are told from here */
    const char *at, *end;
    struct lp_err *err;
    unsigned depth; /* of discards within discards */
    bool json;
    bool ran_out; /* the last failure was the end of the input in the middle of something */
};

/* Passes over white space, commas, comments and discarded forms. 1: `*scan->at` is the first byte
   of something; 0: the end; -1: error. */
int lp_scan_blanks(struct lp_scan *scan) LP_MUST_CHECK;

/* Takes the next form. 1: taken; 0: no more (the end, or a closing bracket, which stays); -1:
   error, told in scan->err with file, line and column. */
int lp_scan_form(struct lp_scan *scan, struct lp_form *form) LP_MUST_CHECK;

/* A scan of the inside of a sequence, map or set. */
struct lp_scan lp_form_open(const struct lp_scan *scan, const struct lp_form *form);

/* The first `max` elements of a sequence; returns how many there are, counted up to max + 1. */
size_t lp_form_elements(const struct lp_scan *scan, const struct lp_form *form,
                        struct lp_form *elements, size_t max);
/* The value of a map under a keyword or string; LP_FORM_NONE when it has none. */
struct lp_form lp_form_get(const struct lp_scan *scan, const struct lp_form *form, const char *key);

/* The letters of a keyword without its colon, of a string without its quotes; of others as they
   are. An empty slice for what is no word. */
void lp_form_word(const struct lp_form *form, const char **text, size_t *len);
/* Whether a keyword, symbol or string is this word. */
bool lp_form_is(const struct lp_form *form, const char *word);

/* The same value always in the same words: blanks and comments gone, entries of maps and sets
   sorted, lists as vectors, escapes decoded. Two values are equal when these are. */
void lp_form_canonical(const struct lp_scan *scan, const struct lp_form *form, struct lp_str *out);

/* "FILE:LINE:COLUMN: TEXT" of a place in the input; returns -1. */
int lp_scan_error(struct lp_scan *scan, const char *at, const char *fmt, ...) LP_PRINTF(3, 4);
/* The same for an input that ended inside of what began at `at`. */
int lp_scan_short(struct lp_scan *scan, const char *at, const char *what);
/* Line of a place, from 1. */
size_t lp_scan_line(const struct lp_scan *scan, const char *at);

#endif
