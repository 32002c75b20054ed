/* SPDX-License-Identifier: MIT */
/*
 * From bytes to one YAML document. libyaml's document API keeps the place where each node begins,
 * which libraries that fill structs do not; so every later mistake can be told with line and
 * column. Here: UTF-8, syntax, exactly one document, no alias that contains itself, no foreign
 * tags, no '\0'.
 */
#include <string.h>
#include <stdlib.h>

#include "base/str.h"
#include "scenario/parse.h"

/* Far more than any scenario. libyaml takes quadratic time over anchors and over open brackets, so
   both bound what a mistaken file can cost. */
enum { SOURCE_MAX = 1 << 16, DEPTH_MAX = 16 };

/* Line and column of a byte; the column counts characters, as libyaml does. */
static struct lp_mark mark_of_byte(const char *text, size_t len, size_t offset)
{
    struct lp_mark mark = {1, 1};

    for (size_t i = 0; i < len && i < offset; i++) {
        if (text[i] == '\n') {
            mark.line++;
            mark.column = 1;
        } else if (((unsigned char)text[i] & 0xc0) != 0x80) {
            mark.column++;
        }
    }
    return mark;
}

static struct lp_mark mark_of(yaml_mark_t mark)
{
    return (struct lp_mark){(unsigned)mark.line + 1, (unsigned)mark.column + 1};
}

/* Length of the UTF-8 character that begins here, 0 when none does (RFC 3629, section 4). */
static size_t utf8_length(const unsigned char *s, size_t left)
{
    static const struct {
        unsigned char first_min, first_max, second_min, second_max;
        size_t len;
    } forms[] = {
        {0x00, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };

    for (size_t i = 0; i < LP_ARRAY_LEN(forms); i++) {
        if (s[0] < forms[i].first_min || s[0] > forms[i].first_max)
            continue;
        if (forms[i].len > left)
            return 0;
        if (forms[i].len > 1 && (s[1] < forms[i].second_min || s[1] > forms[i].second_max))
            return 0;
        for (size_t j = 2; j < forms[i].len; j++)
            if ((s[j] & 0xc0) != 0x80)
                return 0;
        return forms[i].len;
    }
    return 0;
}

static int check_bytes(struct lp_parse *parse, const char *text, size_t len)
{
    if (len > SOURCE_MAX)
        return lp_parse_fail(parse, (struct lp_mark){1, 1},
                             "the file has %zu bytes, expected at most %d", len, SOURCE_MAX);
    for (size_t i = 0, step; i < len; i += step) {
        step = utf8_length((const unsigned char *)text + i, len - i);
        if (step == 0)
            return lp_parse_fail(parse, mark_of_byte(text, len, i),
                                 "byte 0x%02x is not UTF-8, expected a text file in UTF-8",
                                 (unsigned)(unsigned char)text[i]);
    }
    return 0;
}

static int syntax_error(struct lp_parse *parse, const yaml_parser_t *yaml, const char *text,
                        size_t len)
{
    const char *problem = yaml->problem ? yaml->problem : "not YAML";
    const char *context = yaml->context ? yaml->context : "";

    if (yaml->error == YAML_MEMORY_ERROR)
        return lp_err_set(parse->err, LP_ERR_SELF, "no memory to parse \"%s\"",
                          parse->scenario->file);
    if (yaml->error == YAML_READER_ERROR)
        return lp_parse_fail(parse, mark_of_byte(text, len, yaml->problem_offset), "%s", problem);
    return lp_parse_fail(parse, mark_of(yaml->problem_mark), "%s%s%s", problem, *context ? " " : "",
                         context);
}

/* A pass over the events alone, ended at the first that is too deep. A syntax error is left to the
   pass that builds the nodes, which tells it. */
static int check_depth(struct lp_parse *parse, yaml_parser_t *yaml)
{
    struct lp_mark mark = {0};
    yaml_event_t event;
    int depth = 0;

    for (bool end = false; !end && depth <= DEPTH_MAX; yaml_event_delete(&event)) {
        if (!yaml_parser_parse(yaml, &event))
            return 0;
        mark = mark_of(event.start_mark);
        end = event.type == YAML_STREAM_END_EVENT;
        if (event.type == YAML_SEQUENCE_START_EVENT || event.type == YAML_MAPPING_START_EVENT)
            depth++;
        else if (event.type == YAML_SEQUENCE_END_EVENT || event.type == YAML_MAPPING_END_EVENT)
            depth--;
    }
    if (depth <= DEPTH_MAX)
        return 0;
    return lp_parse_fail(parse, mark, "nested too deep, expected at most %d levels", DEPTH_MAX);
}

/* What a node's tag is when none was written. */
static const char *default_tag(const yaml_node_t *node)
{
    switch (node->type) {
    case YAML_NO_NODE:
        break;
    case YAML_SCALAR_NODE:
        return YAML_DEFAULT_SCALAR_TAG;
    case YAML_SEQUENCE_NODE:
        return YAML_DEFAULT_SEQUENCE_TAG;
    case YAML_MAPPING_NODE:
        return YAML_DEFAULT_MAPPING_TAG;
    }
    return "";
}

static int check_node(struct lp_parse *parse, const yaml_node_t *node)
{
    const char *tag = (const char *)node->tag;

    if (tag && strcmp(tag, default_tag(node)) != 0)
        return lp_parse_fail(parse, lp_mark_of(node), "unknown tag %s, expected none",
                             lp_quote(tag).text);
    if (node->type == YAML_SCALAR_NODE &&
        memchr(node->data.scalar.value, '\0', node->data.scalar.length))
        return lp_parse_fail(parse, lp_mark_of(node), "a text with a zero byte, expected none");
    return 0;
}

/* The node's `i`th child, 0 behind the last. */
static int child_of(const yaml_node_t *node, size_t i)
{
    if (node->type == YAML_SEQUENCE_NODE) {
        const size_t count =
            (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
        return i < count ? node->data.sequence.items.start[i] : 0;
    }
    if (node->type == YAML_MAPPING_NODE) {
        const yaml_node_pair_t *pairs = node->data.mapping.pairs.start;
        const size_t count = (size_t)(node->data.mapping.pairs.top - pairs);
        if (i / 2 < count)
            return i % 2 ? pairs[i / 2].value : pairs[i / 2].key;
    }
    return 0;
}

struct visit {
    int node;
    size_t next_child;
};

/* Depth first from the root, without recursion: a node that is met again while it is still open
   contains itself. */
static int check_tree(struct lp_parse *parse, yaml_document_t *document)
{
    const size_t count = (size_t)(document->nodes.top - document->nodes.start);
    enum { NEW, OPEN, DONE };
    unsigned char *state = lp_alloc(count + 1, 1);
    struct visit *stack = lp_alloc(count + 1, sizeof(*stack));
    size_t depth = 0;
    int result = 0;

    stack[depth++] = (struct visit){.node = 1};
    state[1] = OPEN;
    while (depth > 0 && result == 0) {
        struct visit *top = &stack[depth - 1];
        const yaml_node_t *node = yaml_document_get_node(document, top->node);
        if (top->next_child == 0)
            result = check_node(parse, node);
        const int child = child_of(node, top->next_child++);
        if (result != 0)
            break;
        if (child == 0) {
            state[top->node] = DONE;
            depth--;
        } else if (state[child] == OPEN) {
            result = lp_parse_fail(parse, lp_mark_of(yaml_document_get_node(document, child)),
                                   "this node contains itself by an alias, expected no loop");
        } else if (state[child] == NEW) {
            state[child] = OPEN;
            stack[depth++] = (struct visit){.node = child};
        }
    }
    free(stack);
    free(state);
    return result;
}

/* After the first document nothing may follow. */
static int check_end(struct lp_parse *parse, yaml_parser_t *yaml, const char *text, size_t len)
{
    yaml_document_t second;
    int result = 0;

    if (!yaml_parser_load(yaml, &second))
        return syntax_error(parse, yaml, text, len);
    const yaml_node_t *root = yaml_document_get_root_node(&second);
    if (root)
        result = lp_parse_fail(parse, lp_mark_of(root),
                               "a second document begins here, expected one scenario in a file");
    yaml_document_delete(&second);
    return result;
}

static int load_one(struct lp_parse *parse, yaml_parser_t *yaml, const char *text, size_t len,
                    yaml_document_t *document)
{
    if (!yaml_parser_load(yaml, document))
        return syntax_error(parse, yaml, text, len);
    const yaml_node_t *root = yaml_document_get_root_node(document);
    int result;
    if (!root || (root->type == YAML_SCALAR_NODE && root->data.scalar.length == 0))
        result = lp_parse_fail(parse, (struct lp_mark){1, 1},
                               "the file is empty, expected a scenario with `store` and `steps`");
    else
        result = check_tree(parse, document);
    if (result == 0)
        result = check_end(parse, yaml, text, len);
    if (result != 0)
        yaml_document_delete(document);
    return result;
}

int lp_source_load(struct lp_parse *parse, const char *text, size_t len, yaml_document_t *document)
{
    int result = check_bytes(parse, text, len);

    for (int pass = 0; result == 0 && pass < 2; pass++) {
        yaml_parser_t yaml;
        if (!yaml_parser_initialize(&yaml))
            return lp_err_set(parse->err, LP_ERR_SELF, "no memory to parse \"%s\"",
                              parse->scenario->file);
        yaml_parser_set_input_string(&yaml, (const unsigned char *)text, len);
        result =
            pass == 0 ? check_depth(parse, &yaml) : load_one(parse, &yaml, text, len, document);
        yaml_parser_delete(&yaml);
    }
    return result;
}
