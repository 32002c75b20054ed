/* SPDX-License-Identifier: MIT */
/*
 * YAML files of other programs (Compose, Kubernetes), read without a schema: nodes with their
 * places. A mapping's member or a scalar that is not there is NULL, and every function takes NULL,
 * so that a path of members can be followed without asking at each.
 */
#ifndef LP_DOCTOR_DOCUMENT_H
#define LP_DOCTOR_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <yaml.h>
#include "base/err.h"
#include "doctor/finding.h"

#define LP_DOCUMENTS_MAX 256

struct lp_documents {
    const char *file;
    yaml_document_t document[LP_DOCUMENTS_MAX];
    size_t count;
};

/* LP_ERR_USAGE with file, line and column when it cannot be read. `file` is borrowed. */
int lp_documents_read(struct lp_documents *documents, const char *file,
                      struct lp_err *err) LP_MUST_CHECK;
void lp_documents_release(struct lp_documents *documents); /* takes a zeroed struct too */

/* A node and the document that it is in. */
struct lp_node {
    yaml_document_t *document;
    yaml_node_t *node;
};

struct lp_node lp_node_root(yaml_document_t *document);
/* Merge keys (`<<: *common`) are followed. */
struct lp_node lp_node_member(struct lp_node mapping, const char *name);
/* "spec.template.spec": members of members. */
struct lp_node lp_node_path(struct lp_node mapping, const char *path);
/* Pairs of a mapping, items of a sequence. */
size_t lp_node_count(struct lp_node node);
struct lp_node lp_node_key(struct lp_node mapping, size_t i);
struct lp_node lp_node_value(struct lp_node mapping_or_sequence, size_t i);
/* A scalar's text, or NULL. */
const char *lp_node_text(struct lp_node node);
long lp_node_number(struct lp_node node, long otherwise);
bool lp_node_is_mapping(struct lp_node node);
struct lp_spot lp_node_spot(struct lp_node node, const char *file);

#endif
