/* SPDX-License-Identifier: MIT */
/*
 * Inside the HTML report: the only ways in which something from outside gets into the page. A text
 * becomes text, wherever it stands (HTML 13.1.2 and 13.3); data for the page's own script is JSON
 * without '<', or base64, so that no content can end the element it is in.
 */
#ifndef LP_REPORTS_HTML_MARKUP_H
#define LP_REPORTS_HTML_MARKUP_H

#include <jansson.h>
#include <stddef.h>
#include "base/str.h"

/* As text or as a quoted attribute's value; one printable line. */
void lp_html_text(struct lp_str *out, const char *text);
/* The same with line feeds kept, for <pre>. */
void lp_html_lines(struct lp_str *out, const char *text);
/* RFC 4648, with padding. */
void lp_html_base64(struct lp_str *out, const void *bytes, size_t len);
/* <script type="application/json" id="ID">...</script> */
void lp_html_json(struct lp_str *out, const char *id, const json_t *value);
/* <script type="text/plain" id="ID">base64</script> */
void lp_html_bytes(struct lp_str *out, const char *id, const void *bytes, size_t len);

/* json_object_set_new and the like that end the program when memory is short, as lp_alloc does. */
void lp_json_set(json_t *object, const char *key, json_t *value);
void lp_json_append(json_t *array, json_t *value);
json_t *lp_json_text(const char *text); /* made well-formed first */

/* The page's own files, built into the program; '\0' behind each. */
extern const char lp_asset_page_css[], lp_asset_page_js[], lp_asset_data_js[],
    lp_asset_timeline_js[], lp_asset_table_js[];

#endif
