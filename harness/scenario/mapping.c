/* SPDX-License-Identifier: MIT */
/*
 * The keys of one mapping against the table: unknown ones, doubled ones, ones that belong
 * elsewhere.
 */
#include <string.h>

#include "scenario/parse.h"

static const struct lp_key *find_key(const char *name, unsigned places)
{
    for (size_t i = 0; i < lp_key_count; i++)
        if ((lp_keys[i].places & places) && strcmp(lp_keys[i].name, name) == 0)
            return &lp_keys[i];
    return NULL;
}

/* A right key in the wrong place deserves a better hint than a similar one. */
static int unknown_key(struct lp_parse *parse, const yaml_node_t *node, const char *name,
                       unsigned places, const char *what)
{
    static const struct {
        unsigned place;
        const char *text;
    } homes[] = {
        {LP_KEY_ROOT, "the top level"},      {LP_KEY_GROUP, "one of `groups`"},
        {LP_KEY_EXPLORE, "`explore`"},       {LP_KEY_DOCKER, "`docker`"},
        {LP_KEY_SERVER, "one of `servers`"}, {LP_KEY_FAULT, "one of `faults`"},
    };
    const char *names[LP_KEYS_MAX];
    size_t count = 0;

    for (size_t i = 0; i < lp_key_count; i++)
        if (lp_keys[i].places & places)
            names[count++] = lp_keys[i].name;
    for (size_t i = 0; i < LP_ARRAY_LEN(homes); i++)
        if (find_key(name, homes[i].place))
            return lp_parse_fail(parse, lp_mark_of(node), "key `%s` in %s, expected it in %s", name,
                                 what, homes[i].text);
    return lp_parse_fail(parse, lp_mark_of(node), "unknown key %s in %s%s", lp_quote(name).text,
                         what, lp_hint(name, names, count, sizeof(names[0])).text);
}

int lp_parse_keys(struct lp_parse *parse, const yaml_node_t *node, unsigned places,
                  const char *what, struct lp_members *members)
{
    *members = (struct lp_members){{NULL}, {NULL}};
    if (node->type != YAML_MAPPING_NODE)
        return lp_parse_fail(parse, lp_mark_of(node), "%s is %s, expected a mapping of keys", what,
                             lp_kind_name(node));
    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < node->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = yaml_document_get_node(parse->document, pair->key);
        const char *name = NULL;
        if (lp_parse_scalar(parse, key, "a key", &name) != 0)
            return -1;
        const struct lp_key *row = find_key(name, places);
        if (!row)
            return unknown_key(parse, key, name, places, what);
        const size_t i = (size_t)(row - lp_keys);
        if (members->keys[i])
            return lp_parse_fail(parse, lp_mark_of(key),
                                 "duplicate key `%s`, expected it once (it stands in line %u)",
                                 name, lp_mark_of(members->keys[i]).line);
        members->keys[i] = key;
        members->values[i] = yaml_document_get_node(parse->document, pair->value);
    }
    return 0;
}

int lp_parse_members(struct lp_parse *parse, const struct lp_members *members, unsigned places,
                     void *base)
{
    for (size_t i = 0; i < lp_key_count; i++)
        if ((lp_keys[i].places & places) && members->values[i] &&
            lp_parse_member(parse, &lp_keys[i], base, members->values[i]) != 0)
            return -1;
    return 0;
}
