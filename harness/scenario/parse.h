/* SPDX-License-Identifier: MIT */
/*
 * What the files of the parser share; nobody outside this room includes it. Every function returns
 * 0, or -1 with the error filled: the first mistake ends the parsing.
 */
#ifndef LP_SCENARIO_PARSE_H
#define LP_SCENARIO_PARSE_H

#include <yaml.h>
#include "scenario/scenario.h"
#include "scenario/schema.h"

/* The values of enum lp_role in the drivers' header, which this room must not know. */
enum { LP_PLAYS_LOCK = 1, LP_PLAYS_STORE = 2 };

/* `think` and `pause` longer than this are slips: a run would hang until its timeout. */
#define LP_PAUSE_MAX_NS (3600 * LP_SEC)

struct lp_parse {
    struct lp_scenario *scenario;
    const struct lp_vocabulary *vocabulary;
    yaml_document_t *document;
    struct lp_err *err;
};

/* source.c: bytes to one YAML document without loops, foreign tags and '\0' in texts. On 0 the
   caller deletes the document. */
int lp_source_load(struct lp_parse *parse, const char *text, size_t len,
                   yaml_document_t *document) LP_MUST_CHECK;

/* complain.c: `FILE:LINE:COL: ...`, and the pieces that messages are made of. */
int lp_parse_fail(struct lp_parse *parse, struct lp_mark mark, const char *fmt, ...)
    LP_PRINTF(3, 4);
struct lp_mark lp_mark_of(const yaml_node_t *node);
/* "a text", "a list", "a mapping" */
const char *lp_kind_name(const yaml_node_t *node);
/* `TEXT` in backquotes: shortened, without control characters. */
struct lp_quoted {
    char text[72];
};
struct lp_quoted lp_quote(const char *text);
/* ", did you mean `NAME`?" or ", expected one of A, B, C"; names as for lp_nearest. */
struct lp_hint {
    char text[352];
};
struct lp_hint lp_hint(const char *word, const void *names, size_t count, size_t stride);

/* value.c: one scalar. `what` names it in messages. */
int lp_parse_scalar(struct lp_parse *parse, const yaml_node_t *node, const char *what,
                    const char **text) LP_MUST_CHECK;
/* A name for a group or a lock: letters, digits, '_', '-', '.'; fits a history's header. */
int lp_parse_name(struct lp_parse *parse, const yaml_node_t *node, const char *what,
                  const char **name) LP_MUST_CHECK;
int lp_parse_range(struct lp_parse *parse, struct lp_mark mark, const char *what, const char *text,
                   struct lp_range *range) LP_MUST_CHECK;
/* Stores the node's value in the member that the row names. */
int lp_parse_member(struct lp_parse *parse, const struct lp_key *key, void *base,
                    const yaml_node_t *node) LP_MUST_CHECK;

/* mapping.c: the keys of one mapping, each at the index of its row in lp_keys; NULL: not given. */
struct lp_members {
    const yaml_node_t *keys[LP_KEYS_MAX];
    const yaml_node_t *values[LP_KEYS_MAX];
};
int lp_parse_keys(struct lp_parse *parse, const yaml_node_t *node, unsigned places,
                  const char *what, struct lp_members *members) LP_MUST_CHECK;
/* Parses those of `places` into `base`, in the order of the table. */
int lp_parse_members(struct lp_parse *parse, const struct lp_members *members, unsigned places,
                     void *base) LP_MUST_CHECK;

/* write.c: a text in double quotes; the members of one place, each as a line. */
struct lp_str;
void lp_write_quoted(struct lp_str *out, const char *text);
void lp_write_members(const struct lp_scenario *scenario, unsigned place, const void *base,
                      int indent, struct lp_str *out);

/* group.c: the one group whose keys stand at top level. */
int lp_parse_sole_group(struct lp_parse *parse, const yaml_node_t *root,
                        const struct lp_members *members) LP_MUST_CHECK;

/* steptext.c: one step as written, its lock and modes looked up. */
int lp_parse_step(struct lp_parse *parse, const yaml_node_t *node,
                  struct lp_step *step) LP_MUST_CHECK;

/* serverspec.c: the servers that drivers need and `servers` does not name. */
int lp_add_servers(struct lp_parse *parse) LP_MUST_CHECK;

/* faultcheck.c: whom do the faults mean, and can it be done? */
int lp_check_faults(struct lp_parse *parse) LP_MUST_CHECK;

/* sequence.c: can the drivers do these steps, and does the round make sense? */
int lp_check_sequence(struct lp_parse *parse, const struct lp_group *group) LP_MUST_CHECK;

#endif
