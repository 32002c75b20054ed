/* SPDX-License-Identifier: MIT */
/*
 * Faults as people write them: the table of faults, their keys, and the way back to text. Whom a
 * target means is only known when all groups and servers are: faultcheck.c.
 */
#include <ctype.h>
#include <string.h>

#include "base/str.h"
#include "base/units.h"
#include "scenario/parse.h"

/* clang-format off */
const struct lp_fault_row lp_fault_rows[] = {
    [LP_FAULT_KILL] = {"kill", LP_FAULT_KILL, LP_TARGETS_WORKERS, false, false,
     "SIGKILL to a worker", "its process has ended by that signal"},
    [LP_FAULT_PAUSE] = {"pause", LP_FAULT_PAUSE, LP_TARGETS_WORKERS | LP_TARGET_SERVER, true, false,
     "SIGSTOP to a worker or a server, SIGCONT when it is over",
     "/proc shows the process in state T, and later not"},
    [LP_FAULT_RESET] = {"reset", LP_FAULT_RESET,
     LP_TARGET_HOLDER | LP_TARGET_WAITER | LP_TARGET_WORKER, false, false,
     "the server cuts the connection of a worker's lock", "the server tells that it did"},
    [LP_FAULT_EXPIRE] = {"expire", LP_FAULT_EXPIRE, LP_TARGET_HOLDER | LP_TARGET_WORKER, false,
     false, "the server ends the session or lease of a worker's lock before its time",
     "the server does not know the session any more"},
    [LP_FAULT_CRASH] = {"crash", LP_FAULT_CRASH, LP_TARGET_SERVER, false, false,
     "SIGKILL to a server; with `for` or `until` it is started again",
     "its process has ended; the new one answers"},
    [LP_FAULT_RESTART] = {"restart", LP_FAULT_RESTART, LP_TARGET_SERVER, false, false,
     "a server is ended in order and started again",
     "its process has ended; the new one answers"},
    [LP_FAULT_FAILOVER] = {"failover", LP_FAULT_FAILOVER, LP_TARGET_SERVER, false, false,
     "SIGKILL to the primary; its replica is made the primary",
     "its process has ended; the replica says that it is the primary"},
    [LP_FAULT_PARTITION] = {"partition", LP_FAULT_PARTITION,
     LP_TARGET_CONTAINER | LP_TARGET_SERVER, true, true,
     "packets between a container or a server and a server are dropped (nftables)",
     "the rules' counters of dropped packets"},
    [LP_FAULT_SLOW] = {"slow", LP_FAULT_SLOW, LP_TARGET_CONTAINER | LP_TARGET_SERVER, true, true,
     "the link of a container or a server is narrowed to 64 kbit/s (tc tbf)",
     "the queue's counter of packets that had to wait"},
    [LP_FAULT_DISK_FULL] = {"disk-full", LP_FAULT_DISK_FULL, LP_TARGET_SERVER, true, false,
     "the filesystem of a server's data, a small tmpfs of its own, is filled up",
     "a write there was refused with ENOSPC"},
    [LP_FAULT_CLOCK_JUMP] = {"clock-jump", LP_FAULT_CLOCK_JUMP, LP_TARGET_SERVER, false, false,
     "not reproducible here: time namespaces do not shift the wall clock, libfaketime makes "
     "redis-server fail at start and does not reach etcd, which is static; needs a virtual machine",
     "none"},
};
/* clang-format on */
const size_t lp_fault_row_count = LP_ARRAY_LEN(lp_fault_rows);

const char *const lp_fault_names[] = {
    "kill",     "pause",     "reset", "expire",    "crash",      "restart",
    "failover", "partition", "slow",  "disk-full", "clock-jump", NULL,
};
_Static_assert(LP_ARRAY_LEN(lp_fault_names) == LP_ARRAY_LEN(lp_fault_rows) + 1, "the same faults");

int lp_parse_faults(struct lp_parse *parse, void *base, const void *node)
{
    struct lp_scenario *scenario = base;
    const yaml_node_t *list = node;

    if (list->type != YAML_SEQUENCE_NODE)
        return lp_parse_fail(parse, lp_mark_of(list),
                             "`faults` is %s, expected a list such as [{fault: kill, target: "
                             "holder}]",
                             lp_kind_name(list));
    for (const yaml_node_item_t *item = list->data.sequence.items.start;
         item < list->data.sequence.items.top; item++) {
        const yaml_node_t *child = yaml_document_get_node(parse->document, *item);
        struct lp_members members;
        if (scenario->fault_count == LP_FAULTS_MAX)
            return lp_parse_fail(parse, lp_mark_of(child), "too many faults, expected at most %d",
                                 LP_FAULTS_MAX);
        struct lp_fault *fault = &scenario->faults[scenario->fault_count++];
        *fault = (struct lp_fault){.kind = (enum lp_fault_kind)lp_fault_row_count,
                                   .mark = lp_mark_of(child)};
        if (lp_parse_keys(parse, child, LP_KEY_FAULT, "a fault", &members) != 0 ||
            lp_parse_members(parse, &members, LP_KEY_FAULT, fault) != 0)
            return -1;
        if (fault->kind >= lp_fault_row_count)
            return lp_parse_fail(parse, fault->mark,
                                 "no `fault`, expected one such as `fault: "
                                 "pause`");
    }
    return 0;
}

static int parse_target(struct lp_parse *parse, struct lp_fault_target *target, const char *what,
                        const void *node)
{
    const char *text = NULL;

    if (lp_parse_scalar(parse, node, what, &text) != 0)
        return -1;
    target->text = lp_arena_strdup(&parse->scenario->arena, text);
    target->mark = lp_mark_of(node);
    return 0;
}

int lp_parse_fault_target(struct lp_parse *parse, void *base, const void *node)
{
    return parse_target(parse, &((struct lp_fault *)base)->target, "`target`", node);
}

int lp_parse_fault_from(struct lp_parse *parse, void *base, const void *node)
{
    return parse_target(parse, &((struct lp_fault *)base)->from, "`from`", node);
}

int lp_parse_fault_by(struct lp_parse *parse, void *base, const void *node)
{
    return parse_target(parse, &((struct lp_fault *)base)->by, "`by`", node);
}

/* "write" or "write 3". */
static int parse_point(struct lp_parse *parse, struct lp_fault_point *point, const char *what,
                       const void *node)
{
    const char *text = NULL;
    uint64_t count = 1;

    if (lp_parse_scalar(parse, node, what, &text) != 0)
        return -1;
    const size_t len = strcspn(text, " ");
    const char *number = text + len + strspn(text + len, " ");
    if (*number && lp_number_parse(number, 1, 1000000, &count) != 0)
        return lp_parse_fail(parse, lp_mark_of(node), "%s is %s, expected a step and a number",
                             what, lp_quote(text).text);
    for (size_t i = 0; i < lp_step_row_count; i++) {
        if (strlen(lp_step_rows[i].name) != len || strncmp(lp_step_rows[i].name, text, len) != 0)
            continue;
        *point = (struct lp_fault_point){lp_step_rows[i].kind, (unsigned)count};
        return 0;
    }
    return lp_parse_fail(
        parse, lp_mark_of(node), "unknown step %s in %s%s", lp_quote(text).text, what,
        lp_hint(text, lp_step_rows, lp_step_row_count, sizeof(lp_step_rows[0])).text);
}

int lp_parse_fault_after(struct lp_parse *parse, void *base, const void *node)
{
    return parse_point(parse, &((struct lp_fault *)base)->after, "`after`", node);
}

int lp_parse_fault_until(struct lp_parse *parse, void *base, const void *node)
{
    return parse_point(parse, &((struct lp_fault *)base)->until, "`until`", node);
}

/* ---- back to text ---- */

static void write_target(const char *key, const struct lp_fault_target *target, int indent,
                         struct lp_str *out)
{
    if (target->text)
        lp_str_addf(out, "%*s%s: %s\n", indent, "", key, target->text);
}

static void write_point(const char *key, const struct lp_fault_point *point, int indent,
                        struct lp_str *out)
{
    if (point->step == LP_STEP_NONE)
        return;
    lp_str_addf(out, "%*s%s: %s", indent, "", key, lp_step_name(point->step));
    if (point->count > 1)
        lp_str_addf(out, " %u", point->count);
    lp_str_add(out, "\n");
}

void lp_write_fault_target(const struct lp_scenario *scenario, const void *base, int indent,
                           struct lp_str *out)
{
    (void)scenario;
    write_target("target", &((const struct lp_fault *)base)->target, indent, out);
}

void lp_write_fault_from(const struct lp_scenario *scenario, const void *base, int indent,
                         struct lp_str *out)
{
    (void)scenario;
    write_target("from", &((const struct lp_fault *)base)->from, indent, out);
}

void lp_write_fault_by(const struct lp_scenario *scenario, const void *base, int indent,
                       struct lp_str *out)
{
    (void)scenario;
    write_target("by", &((const struct lp_fault *)base)->by, indent, out);
}

void lp_write_fault_after(const struct lp_scenario *scenario, const void *base, int indent,
                          struct lp_str *out)
{
    (void)scenario;
    write_point("after", &((const struct lp_fault *)base)->after, indent, out);
}

void lp_write_fault_until(const struct lp_scenario *scenario, const void *base, int indent,
                          struct lp_str *out)
{
    (void)scenario;
    write_point("until", &((const struct lp_fault *)base)->until, indent, out);
}

void lp_write_faults(const struct lp_scenario *scenario, const void *base, int indent,
                     struct lp_str *out)
{
    (void)base;
    if (scenario->fault_count == 0)
        return;
    lp_str_addf(out, "%*sfaults:\n", indent, "");
    for (size_t i = 0; i < scenario->fault_count; i++)
        lp_write_item(scenario, LP_KEY_FAULT, &scenario->faults[i], indent, out);
}
