/* SPDX-License-Identifier: MIT */
/*
 * The table of keys. Rows are parsed in this order, wherever they stand in the file: what a later
 * row refers to (locks in steps, containers in groups, misuse in rounds) comes first.
 */
#include "scenario/schema.h"

#include "base/units.h"
#include "scenario/parse.h"

const char *const lp_expect_names[] = {"held", "broken", NULL};
const char *const lp_placement_names[] = {"auto",   "thread", "process", "namespace",
                                          "docker", "swarm",  "remote",  NULL};
const char *const lp_on_error_names[] = {"end-round", "continue", NULL};
const char *const lp_on_busy_names[] = {"retry-round", "retry-write", "end-round", NULL};
const char *const lp_topology_names[] = {"one",      "replica", "independent",
                                         "ensemble", "pooler",  NULL};
const char *const lp_way_names[] = {"both", "out", "in", NULL};
const char *const lp_begin_names[] = {"deferred", "immediate", "exclusive", NULL};

const char *const lp_variables[] = {"shared", "private", "node", "run", "id"};
const size_t lp_variable_count = LP_ARRAY_LEN(lp_variables);

/* Choices are stored through an unsigned. */
_Static_assert(sizeof(enum lp_expect) == sizeof(unsigned), "enums are unsigned");

#define ROUNDS_MAX 1000000000
#define TIME_MAX ((int64_t)(24 * 3600 * LP_SEC))
/* A store may keep the counter as text of 20 digits; far from the ends nothing overflows. */
#define START_MAX INT64_C(1000000000000000)

#define IN_SCENARIO(member) .offset = offsetof(struct lp_scenario, member)
#define IN_DOCKER(member) .offset = offsetof(struct lp_docker_row, member)
#define IN_GROUP(member) .offset = offsetof(struct lp_group, member)
#define IN_SERVER(member) .offset = offsetof(struct lp_server_need, member)
#define IN_FAULT(member) .offset = offsetof(struct lp_fault, member)

/* clang-format off */
const struct lp_key lp_keys[] = {
    {"title", LP_KEY_ROOT, LP_KEY_LINE, IN_SCENARIO(title),
     .help = "one line that says what is tried"},
    {"summary", LP_KEY_ROOT, LP_KEY_TEXT, IN_SCENARIO(summary),
     .help = "a sentence or two for lists and reports"},
    {"why", LP_KEY_ROOT, LP_KEY_TEXT, IN_SCENARIO(why),
     .help = "the mechanism, in prose"},
    {"fix", LP_KEY_ROOT, LP_KEY_TEXT, IN_SCENARIO(fix),
     .help = "how to do it right, in prose"},
    {"interleaving", LP_KEY_ROOT, LP_KEY_TEXT, IN_SCENARIO(interleaving),
     .help = "the shortest order of steps that shows it, `A:read B:read A:write ...`"},
    {"sources", LP_KEY_ROOT, LP_KEY_TEXT, IN_SCENARIO(sources),
     .help = "who was bitten, and where it is documented"},
    {"twin", LP_KEY_ROOT, LP_KEY_LINE, IN_SCENARIO(twin),
     .help = "the scenario that does the same rightly, or wrongly"},
    {"expect", LP_KEY_ROOT, LP_KEY_CHOICE, IN_SCENARIO(expect), .choices = lp_expect_names,
     .help = "the verdict that is expected"},
    {"cause", LP_KEY_ROOT, LP_KEY_CUSTOM, IN_SCENARIO(cause),
     .parse = lp_parse_cause, .write = lp_write_cause,
     .help = "the cause that the diagnosis must name when the lock is broken"},
    {"store", LP_KEY_ROOT, LP_KEY_CUSTOM, IN_SCENARIO(store),
     .parse = lp_parse_store, .write = lp_write_store,
     .help = "what holds the counter: a driver and its settings"},
    {"lock", LP_KEY_ROOT, LP_KEY_CUSTOM, IN_SCENARIO(locks),
     .parse = lp_parse_lock, .write = lp_write_lock,
     .help = "the lock that protects it: a driver and its settings"},
    {"locks", LP_KEY_ROOT, LP_KEY_CUSTOM, IN_SCENARIO(locks),
     .parse = lp_parse_locks, .write = lp_write_locks,
     .help = "several locks by name, instead of `lock`"},
    {"servers", LP_KEY_ROOT, LP_KEY_CUSTOM, IN_SCENARIO(servers),
     .parse = lp_parse_servers, .write = lp_write_servers,
     .help = "servers that are more than one of each kind"},
    {"containers", LP_KEY_ROOT, LP_KEY_COUNT, IN_SCENARIO(containers), 1, LP_CONTAINERS_MAX,
     .help = "how many isolated places the workers are dealt to"},
    {"placement", LP_KEY_ROOT, LP_KEY_CHOICE, IN_SCENARIO(placement),
     .choices = lp_placement_names, .help = "how workers are placed"},
    {"needs", LP_KEY_ROOT, LP_KEY_CUSTOM, IN_SCENARIO(placement_needed),
     .parse = lp_parse_needs, .write = lp_write_needs,
     .help = "what must not be replaced by something weaker"},
    {"docker", LP_KEY_ROOT, LP_KEY_CUSTOM, IN_SCENARIO(docker),
     .parse = lp_parse_docker, .write = lp_write_docker,
     .help = "how an engine makes the containers: a mapping for all, or a list"},
    {"rounds", LP_KEY_ROOT, LP_KEY_COUNT, IN_SCENARIO(rounds), 1, ROUNDS_MAX,
     .help = "how often each worker does its steps"},
    {"duration", LP_KEY_ROOT, LP_KEY_DURATION, IN_SCENARIO(duration_ns), LP_MS, TIME_MAX,
     .help = "how long workers go on; wins over `rounds`"},
    {"start", LP_KEY_ROOT, LP_KEY_SIGNED, IN_SCENARIO(start), -START_MAX, START_MAX,
     .help = "the counter's first value"},
    {"deadline", LP_KEY_ROOT, LP_KEY_DURATION, IN_SCENARIO(deadline_ns), LP_US, TIME_MAX,
     .help = "how long one step may take before it counts as stuck"},
    {"timeout", LP_KEY_ROOT, LP_KEY_DURATION, IN_SCENARIO(timeout_ns), LP_MS, TIME_MAX,
     .help = "how long the whole run may take"},
    {"min-meetings", LP_KEY_ROOT, LP_KEY_COUNT, IN_SCENARIO(min_meetings), 1, ROUNDS_MAX,
     .help = "how many contested grants `held` needs"},
    {"burst", LP_KEY_ROOT, LP_KEY_COUNT, IN_SCENARIO(burst), 0, ROUNDS_MAX,
     .help = "every so many rounds all workers start together; 0: only the first"},
    {"misuse", LP_KEY_ROOT, LP_KEY_BOOL, IN_SCENARIO(misuse),
     .help = "steps that break the lock's own rules are meant"},
    {"seed", LP_KEY_ROOT, LP_KEY_SEED, IN_SCENARIO(seed),
     .help = "of all random choices; 0: chosen at start"},
    {"explore", LP_KEY_ROOT, LP_KEY_CUSTOM, IN_SCENARIO(explore),
     .parse = lp_parse_explore, .write = lp_write_explore,
     .help = "the smallest run whose interleavings show the bug"},
    {"groups", LP_KEY_ROOT, LP_KEY_CUSTOM, IN_SCENARIO(groups),
     .parse = lp_parse_groups, .write = lp_write_groups,
     .help = "a list of groups of workers; one group may stand at top level instead"},
    {"faults", LP_KEY_ROOT, LP_KEY_CUSTOM, IN_SCENARIO(faults),
     .parse = lp_parse_faults, .write = lp_write_faults,
     .help = "what is done to the run on purpose, a list"},

    {"name", LP_KEY_GROUP, LP_KEY_NAME, IN_GROUP(name),
     .help = "the group's name in reports"},
    {"workers", LP_KEY_GROUP | LP_KEY_SOLE, LP_KEY_COUNT, IN_GROUP(workers), 1, LP_WORKERS_MAX,
     .help = "how many clients do these steps at the same time"},
    {"rounds", LP_KEY_GROUP, LP_KEY_COUNT, IN_GROUP(rounds), 0, ROUNDS_MAX,
     .help = "how often; 0: as often as the scenario says"},
    {"pause", LP_KEY_GROUP | LP_KEY_SOLE, LP_KEY_RANGE, IN_GROUP(pause),
     .help = "a random time outside the lock before each round"},
    {"container", LP_KEY_GROUP, LP_KEY_INDEX, IN_GROUP(container), 0, LP_CONTAINERS_MAX - 1,
     .help = "all of the group in this container, counted from 0"},
    {"on-error", LP_KEY_GROUP | LP_KEY_SOLE, LP_KEY_CHOICE, IN_GROUP(on_error),
     .choices = lp_on_error_names, .help = "what follows when a lock step fails"},
    {"on-busy", LP_KEY_GROUP | LP_KEY_SOLE, LP_KEY_CHOICE, IN_GROUP(on_busy),
     .choices = lp_on_busy_names, .help = "what follows when a transaction is refused"},
    {"steps", LP_KEY_GROUP | LP_KEY_SOLE, LP_KEY_CUSTOM, IN_GROUP(steps),
     .parse = lp_parse_steps, .write = lp_write_steps,
     .help = "what a worker does in each round, in order"},

    {"container", LP_KEY_DOCKER, LP_KEY_INDEX, IN_DOCKER(container), 0, LP_CONTAINERS_MAX - 1,
     .help = "only for this container, counted from 0"},
    {"image", LP_KEY_DOCKER, LP_KEY_LINE, IN_DOCKER(image),
     .help = "the image; our own worker is put into it"},
    {"volumes", LP_KEY_DOCKER, LP_KEY_CUSTOM, IN_DOCKER(mounts),
     .parse = lp_parse_volumes, .write = lp_write_volumes,
     .help = "volumes made for the run, each `NAME:/TARGET`"},
    {"binds", LP_KEY_DOCKER, LP_KEY_CUSTOM, IN_DOCKER(mounts),
     .parse = lp_parse_binds, .write = lp_write_binds,
     .help = "folders or files of the host, each `SOURCE:/TARGET`"},
    {"tmpfs", LP_KEY_DOCKER, LP_KEY_CUSTOM, IN_DOCKER(mounts),
     .parse = lp_parse_tmpfs, .write = lp_write_tmpfs,
     .help = "folders that are a tmpfs of each container's own"},
    {"ipc", LP_KEY_DOCKER, LP_KEY_CUSTOM, IN_DOCKER(ipc),
     .parse = lp_parse_ipc, .write = lp_write_ipc,
     .help = "whose /dev/shm and IPC it has"},
    {"pid", LP_KEY_DOCKER, LP_KEY_CUSTOM, IN_DOCKER(pid),
     .parse = lp_parse_pid, .write = lp_write_pid,
     .help = "whose processes it sees"},
    {"network", LP_KEY_DOCKER, LP_KEY_NAME, IN_DOCKER(network),
     .help = "its network"},
    {"user", LP_KEY_DOCKER, LP_KEY_LINE, IN_DOCKER(user),
     .help = "as whom its workers run, `USER` or `UID:GID`"},
    {"read-only", LP_KEY_DOCKER, LP_KEY_BOOL, IN_DOCKER(read_only),
     .help = "its root cannot be written to"},
    {"memory", LP_KEY_DOCKER, LP_KEY_CUSTOM, IN_DOCKER(memory),
     .parse = lp_parse_memory, .write = lp_write_memory,
     .help = "how much memory it may use"},
    {"cpus", LP_KEY_DOCKER, LP_KEY_CUSTOM, IN_DOCKER(cpus),
     .parse = lp_parse_cpus, .write = lp_write_cpus,
     .help = "how many processors it may use"},
    {"pids", LP_KEY_DOCKER, LP_KEY_COUNT, IN_DOCKER(pids), 1, 1000000,
     .help = "how many processes it may have"},

    {"name", LP_KEY_SERVER, LP_KEY_CUSTOM, IN_SERVER(name),
     .parse = lp_parse_server_name, .write = lp_write_server_name,
     .help = "the kind of server, such as redis"},
    {"topology", LP_KEY_SERVER, LP_KEY_CHOICE, IN_SERVER(topology), .choices = lp_topology_names,
     .help = "how several of them belong together"},
    {"count", LP_KEY_SERVER, LP_KEY_COUNT, IN_SERVER(count), 1, LP_SERVERS_EACH_MAX,
     .help = "how many servers"},

    {"fault", LP_KEY_FAULT, LP_KEY_CHOICE, IN_FAULT(kind), .choices = lp_fault_names,
     .help = "what is done; `lockproof list faults` names them"},
    {"target", LP_KEY_FAULT, LP_KEY_CUSTOM, IN_FAULT(target),
     .parse = lp_parse_fault_target, .write = lp_write_fault_target,
     .help = "to whom it is done"},
    {"from", LP_KEY_FAULT, LP_KEY_CUSTOM, IN_FAULT(from),
     .parse = lp_parse_fault_from, .write = lp_write_fault_from,
     .help = "the other side of a network fault: a server"},
    {"way", LP_KEY_FAULT, LP_KEY_CHOICE, IN_FAULT(way), .choices = lp_way_names,
     .help = "which packets a partition drops, seen from the target"},
    {"at", LP_KEY_FAULT, LP_KEY_DURATION, IN_FAULT(at_ns), 0, TIME_MAX,
     .help = "how long after the start it is due"},
    {"every", LP_KEY_FAULT, LP_KEY_DURATION, IN_FAULT(every_ns), LP_MS, TIME_MAX,
     .help = "how long after its end it is due again"},
    {"random", LP_KEY_FAULT, LP_KEY_RANGE, IN_FAULT(random),
     .help = "the same, a random time of this range"},
    {"times", LP_KEY_FAULT, LP_KEY_COUNT, IN_FAULT(times), 1, 10000,
     .help = "how often in all"},
    {"after", LP_KEY_FAULT, LP_KEY_CUSTOM, IN_FAULT(after),
     .parse = lp_parse_fault_after, .write = lp_write_fault_after,
     .help = "strikes when this step was done; who did it waits there until it is over"},
    {"by", LP_KEY_FAULT, LP_KEY_CUSTOM, IN_FAULT(by),
     .parse = lp_parse_fault_by, .write = lp_write_fault_by,
     .help = "who must have done the step of `after`: a worker, group or container"},
    {"until", LP_KEY_FAULT, LP_KEY_CUSTOM, IN_FAULT(until),
     .parse = lp_parse_fault_until, .write = lp_write_fault_until,
     .help = "over when others have done this step, so many times"},
    {"for", LP_KEY_FAULT, LP_KEY_DURATION, IN_FAULT(for_ns), LP_MS, TIME_MAX,
     .help = "over after this time"},
    {"lose-data", LP_KEY_FAULT, LP_KEY_BOOL, IN_FAULT(lose_data),
     .help = "the server starts again without what it had"},

    {"workers", LP_KEY_EXPLORE, LP_KEY_COUNT, IN_SCENARIO(explore.workers), 1, LP_WORKERS_MAX,
     .help = "so many workers"},
    {"rounds", LP_KEY_EXPLORE, LP_KEY_COUNT, IN_SCENARIO(explore.rounds), 1, ROUNDS_MAX,
     .help = "so many rounds of each"},
    {"cannot", LP_KEY_EXPLORE, LP_KEY_TEXT, IN_SCENARIO(explore.cannot),
     .help = "why exploring cannot show the bug, in prose"},
};
/* clang-format on */
const size_t lp_key_count = LP_ARRAY_LEN(lp_keys);
_Static_assert(LP_ARRAY_LEN(lp_keys) <= LP_KEYS_MAX, "lp_members has room");
