/* SPDX-License-Identifier: MIT */
/*
 * The one table of keys that a scenario may have. The parser, the writer and the hints read it;
 * docs/SCENARIO.md repeats its help texts word for word, and a test compares them.
 */
#ifndef LP_SCENARIO_SCHEMA_H
#define LP_SCENARIO_SCHEMA_H

#include <stddef.h>
#include <stdint.h>
#include "scenario/scenario.h"

#define LP_KEYS_MAX 96

enum lp_key_type {
    LP_KEY_LINE,     /* const char *, one line */
    LP_KEY_TEXT,     /* const char *, prose */
    LP_KEY_NAME,     /* const char *, a name of a group */
    LP_KEY_COUNT,    /* unsigned */
    LP_KEY_INDEX,    /* int; below `min`: not given */
    LP_KEY_SIGNED,   /* int64_t */
    LP_KEY_SEED,     /* uint64_t */
    LP_KEY_DURATION, /* uint64_t ns */
    LP_KEY_RANGE,    /* struct lp_range */
    LP_KEY_CHOICE,   /* an enum: index into `choices` */
    LP_KEY_BOOL,     /* bool */
    LP_KEY_CUSTOM,   /* `parse` and `write` know */
};

/* Where a key may stand; offsets are in struct lp_group, lp_server_need or lp_fault for GROUP,
   SERVER and FAULT, else in struct lp_scenario. */
enum lp_key_place {
    LP_KEY_ROOT = 1 << 0,
    LP_KEY_GROUP = 1 << 1,   /* in one of `groups` */
    LP_KEY_SOLE = 1 << 2,    /* of a group, but also at top level when there is only one */
    LP_KEY_EXPLORE = 1 << 3, /* in `explore` */
    LP_KEY_DOCKER = 1 << 4,  /* in one of `docker`; offsets are in struct lp_docker_row */
    LP_KEY_SERVER = 1 << 5,  /* in one of `servers` */
    LP_KEY_FAULT = 1 << 6,   /* in one of `faults` */
};

struct lp_parse;
struct lp_str;

struct lp_key {
    const char *name;
    unsigned places;
    enum lp_key_type type;
    size_t offset;
    int64_t min, max; /* of numbers; a written value below `min` means that it was not given */
    const char *const *choices; /* names, ended by NULL */
    /* `node` is a yaml_node_t, `base` the struct that `offset` is in. */
    int (*parse)(struct lp_parse *parse, void *base, const void *node);
    /* Appends "KEY: VALUE\n" with every line indented by `indent`, or nothing. */
    void (*write)(const struct lp_scenario *scenario, const void *base, int indent,
                  struct lp_str *out);
    const char *help; /* one line */
};

extern const struct lp_key lp_keys[];
extern const size_t lp_key_count;

/* Variables that driver settings may name in braces. */
extern const char *const lp_variables[];
extern const size_t lp_variable_count;

/* Names of enum values, ended by NULL. */
extern const char *const lp_expect_names[];
extern const char *const lp_placement_names[];
extern const char *const lp_on_error_names[];
extern const char *const lp_on_busy_names[];
extern const char *const lp_begin_names[]; /* enum lp_begin_mode */
extern const char *const lp_topology_names[];
extern const char *const lp_fault_names[];
extern const char *const lp_way_names[];

/* The rows' own functions. */
int lp_parse_cause(struct lp_parse *parse, void *base, const void *node);
int lp_parse_store(struct lp_parse *parse, void *base, const void *node);
int lp_parse_lock(struct lp_parse *parse, void *base, const void *node);
int lp_parse_locks(struct lp_parse *parse, void *base, const void *node);
int lp_parse_needs(struct lp_parse *parse, void *base, const void *node);
int lp_parse_explore(struct lp_parse *parse, void *base, const void *node);
int lp_parse_groups(struct lp_parse *parse, void *base, const void *node);
int lp_parse_steps(struct lp_parse *parse, void *base, const void *node);
int lp_parse_docker(struct lp_parse *parse, void *base, const void *node);
int lp_parse_volumes(struct lp_parse *parse, void *base, const void *node);
int lp_parse_binds(struct lp_parse *parse, void *base, const void *node);
int lp_parse_tmpfs(struct lp_parse *parse, void *base, const void *node);
int lp_parse_ipc(struct lp_parse *parse, void *base, const void *node);
int lp_parse_pid(struct lp_parse *parse, void *base, const void *node);
int lp_parse_memory(struct lp_parse *parse, void *base, const void *node);
int lp_parse_cpus(struct lp_parse *parse, void *base, const void *node);
int lp_parse_servers(struct lp_parse *parse, void *base, const void *node);
int lp_parse_server_name(struct lp_parse *parse, void *base, const void *node);
int lp_parse_faults(struct lp_parse *parse, void *base, const void *node);
int lp_parse_fault_target(struct lp_parse *parse, void *base, const void *node);
int lp_parse_fault_from(struct lp_parse *parse, void *base, const void *node);
int lp_parse_fault_after(struct lp_parse *parse, void *base, const void *node);
int lp_parse_fault_by(struct lp_parse *parse, void *base, const void *node);
int lp_parse_fault_until(struct lp_parse *parse, void *base, const void *node);
void lp_write_cause(const struct lp_scenario *, const void *base, int indent, struct lp_str *out);
void lp_write_store(const struct lp_scenario *, const void *base, int indent, struct lp_str *out);
void lp_write_lock(const struct lp_scenario *, const void *base, int indent, struct lp_str *out);
void lp_write_locks(const struct lp_scenario *, const void *base, int indent, struct lp_str *out);
void lp_write_needs(const struct lp_scenario *, const void *base, int indent, struct lp_str *out);
void lp_write_explore(const struct lp_scenario *, const void *base, int indent, struct lp_str *out);
void lp_write_groups(const struct lp_scenario *, const void *base, int indent, struct lp_str *out);
void lp_write_steps(const struct lp_scenario *, const void *base, int indent, struct lp_str *out);
void lp_write_docker(const struct lp_scenario *, const void *base, int indent, struct lp_str *out);
void lp_write_volumes(const struct lp_scenario *, const void *base, int indent, struct lp_str *out);
void lp_write_binds(const struct lp_scenario *, const void *base, int indent, struct lp_str *out);
void lp_write_tmpfs(const struct lp_scenario *, const void *base, int indent, struct lp_str *out);
void lp_write_ipc(const struct lp_scenario *, const void *base, int indent, struct lp_str *out);
void lp_write_pid(const struct lp_scenario *, const void *base, int indent, struct lp_str *out);
void lp_write_memory(const struct lp_scenario *, const void *base, int indent, struct lp_str *out);
void lp_write_cpus(const struct lp_scenario *, const void *base, int indent, struct lp_str *out);
void lp_write_servers(const struct lp_scenario *, const void *base, int indent, struct lp_str *out);
void lp_write_server_name(const struct lp_scenario *, const void *base, int indent,
                          struct lp_str *out);
void lp_write_faults(const struct lp_scenario *, const void *base, int indent, struct lp_str *out);
void lp_write_fault_target(const struct lp_scenario *, const void *base, int indent,
                           struct lp_str *out);
void lp_write_fault_from(const struct lp_scenario *, const void *base, int indent,
                         struct lp_str *out);
void lp_write_fault_after(const struct lp_scenario *, const void *base, int indent,
                          struct lp_str *out);
void lp_write_fault_by(const struct lp_scenario *, const void *base, int indent,
                       struct lp_str *out);
void lp_write_fault_until(const struct lp_scenario *, const void *base, int indent,
                          struct lp_str *out);

/* The members of `place` of one of a list's mappings: its first line begins with a dash. Inside the
   room. */
void lp_write_item(const struct lp_scenario *scenario, unsigned place, const void *base, int indent,
                   struct lp_str *out);

#endif
