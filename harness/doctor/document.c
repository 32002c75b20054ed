/* SPDX-License-Identifier: MIT */
#include "doctor/document.h"

#include <stdlib.h>
#include <string.h>

#include "os/file.h"

/* Far more than people write by hand. */
#define SIZE_MAX_BYTES ((size_t)4 << 20)

static int read_all(struct lp_documents *documents, yaml_parser_t *parser, struct lp_err *err)
{
    for (;;) {
        if (documents->count == LP_DOCUMENTS_MAX)
            return lp_err_set(err, LP_ERR_USAGE, "%s: more than %d documents", documents->file,
                              LP_DOCUMENTS_MAX);
        yaml_document_t *document = &documents->document[documents->count];
        if (!yaml_parser_load(parser, document))
            return lp_err_set(err, LP_ERR_USAGE, "%s:%zu:%zu: not YAML: %s", documents->file,
                              parser->problem_mark.line + 1, parser->problem_mark.column + 1,
                              parser->problem ? parser->problem : "it cannot be read");
        documents->count++;
        if (!yaml_document_get_root_node(document))
            return 0;
    }
}

int lp_documents_read(struct lp_documents *documents, const char *file, struct lp_err *err)
{
    struct lp_str text;
    yaml_parser_t parser;
    memset(documents, 0, sizeof *documents);
    documents->file = file;
    lp_str_init(&text);
    int result = lp_file_read(file, SIZE_MAX_BYTES, &text, err);
    if (result == 0 && !yaml_parser_initialize(&parser)) {
        result = lp_err_set(err, LP_ERR_SELF, "out of memory");
    } else if (result == 0) {
        yaml_parser_set_input_string(&parser, (const unsigned char *)text.ptr, text.len);
        result = read_all(documents, &parser, err);
        yaml_parser_delete(&parser);
    }
    lp_str_release(&text);
    if (result == -1)
        lp_documents_release(documents);
    return result;
}

void lp_documents_release(struct lp_documents *documents)
{
    while (documents->count > 0)
        yaml_document_delete(&documents->document[--documents->count]);
    memset(documents, 0, sizeof *documents);
}

struct lp_node lp_node_root(yaml_document_t *document)
{
    return (struct lp_node){document, yaml_document_get_root_node(document)};
}

static struct lp_node node_of(yaml_document_t *document, int index)
{
    return (struct lp_node){document, yaml_document_get_node(document, index)};
}

bool lp_node_is_mapping(struct lp_node node)
{
    return node.node && node.node->type == YAML_MAPPING_NODE;
}

/* Merges of merges: an alias may contain itself. */
#define MERGE_DEPTH_MAX 8

static struct lp_node member(struct lp_node mapping, const char *name, int depth)
{
    struct lp_node merged = {mapping.document, NULL};
    for (size_t i = 0; lp_node_is_mapping(mapping) && i < lp_node_count(mapping); i++) {
        const char *key = lp_node_text(lp_node_key(mapping, i));
        if (key && strcmp(key, name) == 0)
            return lp_node_value(mapping, i);
        if (key && strcmp(key, "<<") == 0)
            merged = lp_node_value(mapping, i);
    }
    if (!merged.node || depth == MERGE_DEPTH_MAX)
        return (struct lp_node){mapping.document, NULL};
    if (lp_node_is_mapping(merged))
        return member(merged, name, depth + 1);
    for (size_t i = 0; i < lp_node_count(merged); i++) {
        struct lp_node found = member(lp_node_value(merged, i), name, depth + 1);
        if (found.node)
            return found;
    }
    return (struct lp_node){mapping.document, NULL};
}

struct lp_node lp_node_member(struct lp_node mapping, const char *name)
{
    return member(mapping, name, 0);
}

struct lp_node lp_node_path(struct lp_node mapping, const char *path)
{
    char name[64];
    while (*path) {
        size_t len = strcspn(path, ".");
        if (len >= sizeof name)
            return (struct lp_node){mapping.document, NULL};
        memcpy(name, path, len);
        name[len] = '\0';
        mapping = lp_node_member(mapping, name);
        path += len + (path[len] == '.');
    }
    return mapping;
}

size_t lp_node_count(struct lp_node node)
{
    if (!node.node)
        return 0;
    if (node.node->type == YAML_MAPPING_NODE)
        return (size_t)(node.node->data.mapping.pairs.top - node.node->data.mapping.pairs.start);
    if (node.node->type == YAML_SEQUENCE_NODE)
        return (size_t)(node.node->data.sequence.items.top - node.node->data.sequence.items.start);
    return 0;
}

struct lp_node lp_node_key(struct lp_node mapping, size_t i)
{
    return node_of(mapping.document, mapping.node->data.mapping.pairs.start[i].key);
}

struct lp_node lp_node_value(struct lp_node node, size_t i)
{
    int index = node.node->type == YAML_MAPPING_NODE ? node.node->data.mapping.pairs.start[i].value
                                                     : node.node->data.sequence.items.start[i];
    return node_of(node.document, index);
}

const char *lp_node_text(struct lp_node node)
{
    return node.node && node.node->type == YAML_SCALAR_NODE
               ? (const char *)node.node->data.scalar.value
               : NULL;
}

long lp_node_number(struct lp_node node, long otherwise)
{
    const char *text = lp_node_text(node);
    char *end;
    long number = text ? strtol(text, &end, 10) : otherwise;
    return text && (end == text || *end) ? otherwise : number;
}

struct lp_spot lp_node_spot(struct lp_node node, const char *file)
{
    if (!node.node)
        return (struct lp_spot){.file = file};
    return (struct lp_spot){.file = file,
                            .line = (unsigned)node.node->start_mark.line + 1,
                            .column = (unsigned)node.node->start_mark.column + 1};
}
