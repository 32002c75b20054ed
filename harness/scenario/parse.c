/* SPDX-License-Identifier: MIT */
/*
 * A scenario from YAML text: defaults, then the keys of the root in the table's order, then what
 * only shows when all of them are known.
 */
#include <string.h>

#include "base/units.h"
#include "scenario/parse.h"

/* A round count of none and a duration of none: this many rounds. */
enum { ROUNDS_DEFAULT = 200 };

static const char *name_of_file(struct lp_arena *arena, const char *file)
{
    static const char *const suffixes[] = {".yaml", ".yml"};
    const char *slash = strrchr(file, '/');
    const char *name = slash ? slash + 1 : file;
    size_t len = strlen(name);

    for (size_t i = 0; i < LP_ARRAY_LEN(suffixes); i++) {
        const size_t suffix_len = strlen(suffixes[i]);
        if (len > suffix_len && strcmp(name + len - suffix_len, suffixes[i]) == 0) {
            len -= suffix_len;
            break;
        }
    }
    return lp_arena_strndup(arena, name, len);
}

static void set_defaults(struct lp_scenario *scenario, const char *file)
{
    *scenario = (struct lp_scenario){
        .summary = "",
        .expect = LP_EXPECT_HELD,
        .containers = 1,
        .placement = LP_PLACE_AUTO,
        .deadline_ns = 10 * LP_SEC,
        .timeout_ns = 60 * LP_SEC,
        .min_meetings = 30,
        .burst = 16,
        .explore = {.workers = 2, .rounds = 2},
    };
    lp_arena_init(&scenario->arena);
    scenario->file = lp_arena_strdup(&scenario->arena, file);
    scenario->name = name_of_file(&scenario->arena, file);
    scenario->title = scenario->name;
}

int lp_parse_cause(struct lp_parse *parse, void *base, const void *node)
{
    struct lp_scenario *scenario = base;
    const char *const *causes = parse->vocabulary->causes;
    const char *text = NULL;
    size_t count = 0;

    if (lp_parse_scalar(parse, node, "`cause`", &text) != 0)
        return -1;
    if (scenario->expect == LP_EXPECT_HELD)
        return lp_parse_fail(parse, lp_mark_of(node),
                             "`cause` with `expect: held`, expected a cause only where the lock "
                             "is expected to be broken");
    for (; causes[count]; count++) {
        if (strcmp(causes[count], text) == 0) {
            scenario->cause = lp_arena_strdup(&scenario->arena, text);
            return 0;
        }
    }
    return lp_parse_fail(parse, lp_mark_of(node), "unknown cause %s%s", lp_quote(text).text,
                         lp_hint(text, causes, count, sizeof(*causes)).text);
}

int lp_parse_needs(struct lp_parse *parse, void *base, const void *node)
{
    static const struct {
        const char *name;
        enum lp_placement placement;
    } needs[] = {
        {"namespace", LP_PLACE_NAMESPACE}, {"docker", LP_PLACE_DOCKER}, {"swarm", LP_PLACE_SWARM}};
    struct lp_scenario *scenario = base;
    const yaml_node_t *list = node;

    if (list->type != YAML_SEQUENCE_NODE)
        return lp_parse_fail(parse, lp_mark_of(list), "`needs` is %s, expected a list: [namespace]",
                             lp_kind_name(list));
    for (const yaml_node_item_t *item = list->data.sequence.items.start;
         item < list->data.sequence.items.top; item++) {
        const yaml_node_t *need = yaml_document_get_node(parse->document, *item);
        const char *text;
        size_t i = 0;
        if (lp_parse_scalar(parse, need, "a need", &text) != 0)
            return -1;
        while (i < LP_ARRAY_LEN(needs) && strcmp(text, needs[i].name) != 0)
            i++;
        if (i == LP_ARRAY_LEN(needs))
            return lp_parse_fail(parse, lp_mark_of(need), "unknown need %s%s", lp_quote(text).text,
                                 lp_hint(text, needs, LP_ARRAY_LEN(needs), sizeof(needs[0])).text);
        if (scenario->placement != LP_PLACE_AUTO && scenario->placement < needs[i].placement)
            return lp_parse_fail(parse, lp_mark_of(need),
                                 "need `%s` with `placement: %s`, expected `placement: %s` or none",
                                 text, lp_placement_name(scenario->placement), text);
        if (scenario->placement == LP_PLACE_AUTO)
            scenario->placement = needs[i].placement;
        scenario->placement_needed = needs[i].placement;
    }
    return 0;
}

int lp_parse_explore(struct lp_parse *parse, void *base, const void *node)
{
    struct lp_members members;

    if (lp_parse_keys(parse, node, LP_KEY_EXPLORE, "`explore`", &members) != 0)
        return -1;
    return lp_parse_members(parse, &members, LP_KEY_EXPLORE, base);
}

static int parse_root(struct lp_parse *parse)
{
    struct lp_scenario *scenario = parse->scenario;
    const yaml_node_t *root = yaml_document_get_root_node(parse->document);
    struct lp_members members;

    if (lp_parse_keys(parse, root, LP_KEY_ROOT | LP_KEY_SOLE, "the scenario", &members) != 0 ||
        lp_parse_members(parse, &members, LP_KEY_ROOT, scenario) != 0)
        return -1;
    if (!scenario->store.driver)
        return lp_parse_fail(parse, lp_mark_of(root),
                             "no `store`, expected one such as store: {driver: file, path: "
                             "\"{shared}/counter\"}");
    if (lp_parse_sole_group(parse, root, &members) != 0 || lp_add_servers(parse) != 0)
        return -1;
    if (scenario->rounds == 0 && scenario->duration_ns == 0)
        scenario->rounds = ROUNDS_DEFAULT;
    return lp_check_faults(parse);
}

int lp_scenario_parse(struct lp_scenario *scenario, const char *text, size_t len, const char *file,
                      const struct lp_vocabulary *vocabulary, struct lp_err *err)
{
    yaml_document_t document;
    struct lp_parse parse = {scenario, vocabulary, &document, err};

    set_defaults(scenario, file);
    int result = lp_source_load(&parse, text, len, &document);
    if (result == 0) {
        result = parse_root(&parse);
        yaml_document_delete(&document);
    }
    if (result != 0)
        lp_scenario_release(scenario);
    return result;
}

void lp_scenario_release(struct lp_scenario *scenario)
{
    lp_arena_release(&scenario->arena);
    *scenario = (struct lp_scenario){0};
}
