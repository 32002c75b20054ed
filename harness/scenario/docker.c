/* SPDX-License-Identifier: MIT */
/*
 * How an engine makes containers: the items of `docker`, their mounts, and what of all of them one
 * container gets. Every form that Docker would refuse later is refused here, with its place.
 */
#include <ctype.h>
#include <string.h>

#include "base/str.h"
#include "base/units.h"
#include "scenario/parse.h"

static const char volume_form[] = "`NAME:/TARGET`, and `:ro` behind it for one that is read-only";
static const char bind_form[] = "`SOURCE:/TARGET` with an absolute source or one that begins with "
                                "a variable, and `:ro`, `:file` or `:new-file` behind it";
static const char tmpfs_form[] = "the absolute path of a folder";

/* ---- mounts ---- */

static bool is_absolute(const char *path)
{
    return path[0] == '/' && path[1] != '\0' && !strchr(path, ':');
}

static bool is_volume_name(const char *name)
{
    size_t len = 0;

    while (isascii(name[len]) && (isalnum((unsigned char)name[len]) ||
                                  (len > 0 && name[len] && strchr("_-.", name[len]))))
        len++;
    return len > 0 && len <= 31 && !name[len];
}

/* "{shared}/lock", "/etc/hosts" */
static bool is_bind_source(const char *source)
{
    if (source[0] == '/')
        return true;
    for (size_t i = 0; i < lp_variable_count; i++) {
        const size_t len = strlen(lp_variables[i]);
        if (strcmp(lp_variables[i], "id") == 0)
            continue; /* no folder */
        if (source[0] == '{' && strncmp(source + 1, lp_variables[i], len) == 0 &&
            source[1 + len] == '}')
            return source[2 + len] == '\0' || source[2 + len] == '/';
    }
    return false;
}

/* Flags behind the target; false when one is not known for this kind. */
static bool set_flag(struct lp_mount *mount, const char *flag)
{
    if (strcmp(flag, "ro") == 0)
        mount->read_only = true;
    else if (mount->kind == LP_MOUNT_BIND && strcmp(flag, "file") == 0)
        mount->file = true;
    else if (mount->kind == LP_MOUNT_BIND && strcmp(flag, "new-file") == 0)
        mount->file = mount->new_file = true;
    else
        return false;
    return true;
}

/* "SOURCE:TARGET:FLAG", cut into its parts in place. */
static bool split_mount(struct lp_mount *mount, char *text)
{
    char *target = strchr(text, ':');
    if (!target)
        return false;
    *target++ = '\0';
    mount->source = text;
    mount->target = target;
    for (char *flag = strchr(target, ':'); flag;) {
        *flag++ = '\0';
        char *next = strchr(flag, ':');
        if (next)
            *next = '\0';
        if (!set_flag(mount, flag))
            return false;
        flag = next;
    }
    if (!is_absolute(target))
        return false;
    return mount->kind == LP_MOUNT_VOLUME ? is_volume_name(text) : is_bind_source(text);
}

static int parse_mounts(struct lp_parse *parse, struct lp_docker_row *row, const yaml_node_t *list,
                        enum lp_mount_kind kind, const char *name, const char *form)
{
    if (list->type != YAML_SEQUENCE_NODE)
        return lp_parse_fail(parse, lp_mark_of(list), "`%s` is %s, expected a list", name,
                             lp_kind_name(list));
    for (const yaml_node_item_t *item = list->data.sequence.items.start;
         item < list->data.sequence.items.top; item++) {
        const yaml_node_t *node = yaml_document_get_node(parse->document, *item);
        const char *text;
        if (lp_parse_scalar(parse, node, "a mount", &text) != 0)
            return -1;
        if (row->mount_count == LP_MOUNTS_MAX)
            return lp_parse_fail(parse, lp_mark_of(node), "too many mounts, expected at most %d",
                                 LP_MOUNTS_MAX);
        struct lp_mount *mount = &row->mounts[row->mount_count++];
        char *copy = lp_arena_strdup(&parse->scenario->arena, text);
        *mount = (struct lp_mount){.kind = kind, .target = copy};
        bool right = kind == LP_MOUNT_TMPFS ? is_absolute(copy) : split_mount(mount, copy);
        if (!right)
            return lp_parse_fail(parse, lp_mark_of(node), "`%s` has %s, expected %s", name,
                                 lp_quote(text).text, form);
        for (const struct lp_mount *other = row->mounts; other < mount; other++)
            if (strcmp(other->target, mount->target) == 0)
                return lp_parse_fail(parse, lp_mark_of(node),
                                     "a second mount at `%s`, expected another target",
                                     mount->target);
    }
    return 0;
}

int lp_parse_volumes(struct lp_parse *parse, void *base, const void *node)
{
    return parse_mounts(parse, base, node, LP_MOUNT_VOLUME, "volumes", volume_form);
}

int lp_parse_binds(struct lp_parse *parse, void *base, const void *node)
{
    return parse_mounts(parse, base, node, LP_MOUNT_BIND, "binds", bind_form);
}

int lp_parse_tmpfs(struct lp_parse *parse, void *base, const void *node)
{
    return parse_mounts(parse, base, node, LP_MOUNT_TMPFS, "tmpfs", tmpfs_form);
}

/* ---- namespaces and limits ---- */

/* N of "container:N"; -1 when it is none. */
static int other_container(const char *mode)
{
    static const char prefix[] = "container:";
    uint64_t number;

    if (!mode || strncmp(mode, prefix, strlen(prefix)) != 0 ||
        lp_number_parse(mode + strlen(prefix), 0, LP_CONTAINERS_MAX - 1, &number) != 0)
        return -1;
    return (int)number;
}

static int parse_mode(struct lp_parse *parse, const yaml_node_t *node, const char *key,
                      const char *const *modes, size_t count, const char **mode)
{
    char what[16] = "`";
    const char *text;

    strncat(what, key, sizeof(what) - 3);
    strncat(what, "`", 2);
    if (lp_parse_scalar(parse, node, what, &text) != 0)
        return -1;
    bool right = other_container(text) >= 0;
    for (size_t i = 0; i < count; i++)
        right |= strcmp(text, modes[i]) == 0;
    if (!right)
        return lp_parse_fail(parse, lp_mark_of(node), "`%s` is %s%s", key, lp_quote(text).text,
                             lp_hint(text, modes, count, sizeof(modes[0])).text);
    *mode = lp_arena_strdup(&parse->scenario->arena, text);
    return 0;
}

int lp_parse_ipc(struct lp_parse *parse, void *base, const void *node)
{
    static const char *const modes[] = {"private", "shareable", "host", "none", "container:0"};
    struct lp_docker_row *row = base;
    return parse_mode(parse, node, "ipc", modes, LP_ARRAY_LEN(modes), &row->ipc);
}

int lp_parse_pid(struct lp_parse *parse, void *base, const void *node)
{
    static const char *const modes[] = {"private", "host", "container:0"};
    struct lp_docker_row *row = base;
    return parse_mode(parse, node, "pid", modes, LP_ARRAY_LEN(modes), &row->pid);
}

/* "64m", "1g": a whole number and a unit. */
int lp_parse_memory(struct lp_parse *parse, void *base, const void *node)
{
    struct lp_docker_row *row = base;
    const char *text;

    if (lp_parse_scalar(parse, node, "`memory`", &text) != 0)
        return -1;
    const size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 9 || !text[digits] || !strchr("kmg", text[digits]) ||
        text[digits + 1])
        return lp_parse_fail(parse, lp_mark_of(node), "`memory` is %s, expected one such as 64m",
                             lp_quote(text).text);
    row->memory = lp_arena_strdup(&parse->scenario->arena, text);
    return 0;
}

/* "2", "0.5" */
int lp_parse_cpus(struct lp_parse *parse, void *base, const void *node)
{
    struct lp_docker_row *row = base;
    const char *text;

    if (lp_parse_scalar(parse, node, "`cpus`", &text) != 0)
        return -1;
    const size_t whole = strspn(text, "0123456789");
    const size_t part = text[whole] == '.' ? strspn(text + whole + 1, "0123456789") : 0;
    const size_t len = text[whole] == '.' ? whole + 1 + part : whole;
    if (whole == 0 || whole > 4 || text[len] || (text[whole] == '.' && (part == 0 || part > 3)) ||
        strspn(text, "0.") == strlen(text))
        return lp_parse_fail(parse, lp_mark_of(node), "`cpus` is %s, expected one such as 0.5",
                             lp_quote(text).text);
    row->cpus = lp_arena_strdup(&parse->scenario->arena, text);
    return 0;
}

/* ---- the list ---- */

static int check_row(struct lp_parse *parse, const struct lp_docker_row *row)
{
    const struct lp_scenario *scenario = parse->scenario;
    const char *const modes[] = {row->ipc, row->pid};

    if (row->container >= (int)scenario->containers)
        return lp_parse_fail(parse, row->mark,
                             "`docker` for container %d, expected one from 0 to %u (see "
                             "`containers`)",
                             row->container, scenario->containers - 1);
    for (size_t i = 0; i < LP_ARRAY_LEN(modes); i++)
        if (other_container(modes[i]) >= 0 &&
            (row->container < 0 || other_container(modes[i]) >= row->container))
            return lp_parse_fail(parse, row->mark,
                                 "`%s` in `docker`, expected it for one container, and of one "
                                 "with a lower number",
                                 modes[i]);
    return 0;
}

static int parse_row(struct lp_parse *parse, const yaml_node_t *node)
{
    struct lp_scenario *scenario = parse->scenario;
    struct lp_members members;

    if (scenario->docker_count == LP_DOCKER_ROWS_MAX)
        return lp_parse_fail(parse, lp_mark_of(node), "too many items, expected at most %d",
                             LP_DOCKER_ROWS_MAX);
    struct lp_docker_row *row = &scenario->docker[scenario->docker_count++];
    *row = (struct lp_docker_row){.container = -1, .mark = lp_mark_of(node)};
    if (lp_parse_keys(parse, node, LP_KEY_DOCKER, "`docker`", &members) != 0 ||
        lp_parse_members(parse, &members, LP_KEY_DOCKER, row) != 0)
        return -1;
    return check_row(parse, row);
}

int lp_parse_docker(struct lp_parse *parse, void *base, const void *node)
{
    const yaml_node_t *list = node;

    (void)base;
    if (list->type != YAML_SEQUENCE_NODE)
        return parse_row(parse, list);
    for (const yaml_node_item_t *item = list->data.sequence.items.start;
         item < list->data.sequence.items.top; item++)
        if (parse_row(parse, yaml_document_get_node(parse->document, *item)) != 0)
            return -1;
    return 0;
}

/* ---- what one container gets ---- */

static void merge(struct lp_docker_row *into, const struct lp_docker_row *row)
{
    into->image = row->image ? row->image : into->image;
    into->ipc = row->ipc ? row->ipc : into->ipc;
    into->pid = row->pid ? row->pid : into->pid;
    into->network = row->network ? row->network : into->network;
    into->user = row->user ? row->user : into->user;
    into->memory = row->memory ? row->memory : into->memory;
    into->cpus = row->cpus ? row->cpus : into->cpus;
    into->pids = row->pids ? row->pids : into->pids;
    into->read_only |= row->read_only;
    for (size_t i = 0; i < row->mount_count && into->mount_count < LP_MOUNTS_MAX; i++)
        into->mounts[into->mount_count++] = row->mounts[i];
}

struct lp_docker_row lp_scenario_docker(const struct lp_scenario *scenario, unsigned container)
{
    struct lp_docker_row merged = {.container = (int)container};

    for (size_t i = 0; i < scenario->docker_count; i++)
        if (scenario->docker[i].container < 0 || scenario->docker[i].container == (int)container)
            merge(&merged, &scenario->docker[i]);
    return merged;
}

bool lp_scenario_docker_ordered(const struct lp_scenario *scenario)
{
    for (size_t i = 0; i < scenario->docker_count; i++) {
        const struct lp_docker_row *row = &scenario->docker[i];
        if (other_container(row->ipc) >= 0 || other_container(row->pid) >= 0)
            return true;
        for (size_t j = 0; j < row->mount_count; j++)
            if (row->mounts[j].new_file)
                return true;
    }
    return false;
}

/* ---- writing ---- */

static void write_mounts(const struct lp_docker_row *row, enum lp_mount_kind kind, const char *key,
                         int indent, struct lp_str *out)
{
    size_t count = 0;

    for (size_t i = 0; i < row->mount_count; i++) {
        const struct lp_mount *mount = &row->mounts[i];
        struct lp_str text;
        if (mount->kind != kind)
            continue;
        if (count++ == 0)
            lp_str_addf(out, "%*s%s: [", indent, "", key);
        else
            lp_str_add(out, ", ");
        lp_str_init(&text);
        lp_str_addf(&text, "%s%s%s%s%s", mount->source ? mount->source : "",
                    mount->source ? ":" : "", mount->target, mount->read_only ? ":ro" : "",
                    mount->new_file ? ":new-file"
                    : mount->file   ? ":file"
                                    : "");
        lp_write_quoted(out, text.ptr);
        lp_str_release(&text);
    }
    if (count)
        lp_str_add(out, "]\n");
}

void lp_write_volumes(const struct lp_scenario *scenario, const void *base, int indent,
                      struct lp_str *out)
{
    (void)scenario;
    write_mounts(base, LP_MOUNT_VOLUME, "volumes", indent, out);
}

void lp_write_binds(const struct lp_scenario *scenario, const void *base, int indent,
                    struct lp_str *out)
{
    (void)scenario;
    write_mounts(base, LP_MOUNT_BIND, "binds", indent, out);
}

void lp_write_tmpfs(const struct lp_scenario *scenario, const void *base, int indent,
                    struct lp_str *out)
{
    (void)scenario;
    write_mounts(base, LP_MOUNT_TMPFS, "tmpfs", indent, out);
}

static void write_text(const char *key, const char *text, int indent, struct lp_str *out)
{
    if (!text)
        return;
    lp_str_addf(out, "%*s%s: ", indent, "", key);
    lp_write_quoted(out, text);
    lp_str_add(out, "\n");
}

void lp_write_ipc(const struct lp_scenario *scenario, const void *base, int indent,
                  struct lp_str *out)
{
    (void)scenario;
    write_text("ipc", ((const struct lp_docker_row *)base)->ipc, indent, out);
}

void lp_write_pid(const struct lp_scenario *scenario, const void *base, int indent,
                  struct lp_str *out)
{
    (void)scenario;
    write_text("pid", ((const struct lp_docker_row *)base)->pid, indent, out);
}

void lp_write_memory(const struct lp_scenario *scenario, const void *base, int indent,
                     struct lp_str *out)
{
    (void)scenario;
    write_text("memory", ((const struct lp_docker_row *)base)->memory, indent, out);
}

void lp_write_cpus(const struct lp_scenario *scenario, const void *base, int indent,
                   struct lp_str *out)
{
    (void)scenario;
    write_text("cpus", ((const struct lp_docker_row *)base)->cpus, indent, out);
}

void lp_write_docker(const struct lp_scenario *scenario, const void *base, int indent,
                     struct lp_str *out)
{
    (void)base;
    if (scenario->docker_count == 0)
        return;
    lp_str_addf(out, "%*sdocker:\n", indent, "");
    for (size_t i = 0; i < scenario->docker_count; i++) {
        const size_t begin = out->len;
        lp_write_members(scenario, LP_KEY_DOCKER, &scenario->docker[i], indent + 4, out);
        /* The dash goes into the indentation of the first key; `read-only` is always written. */
        out->ptr[begin + (size_t)indent + 2] = '-';
    }
}
