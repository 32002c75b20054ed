/* SPDX-License-Identifier: MIT */
/*
 * Inside the room: a scenario on its stage as a world (world.h). Its steps are the scenario's, cut
 * at the points that drivers mark. Faults are workers of one step behind the scenario's own.
 *
 * `think` is no step, but where a lock depends on time (LP_TIMED): there who thinks has to wait,
 * and virtual time is the last worker (time.c). It passes when all wait, to the next end of a
 * thought or a lease; steps take none. So what a schedule shows can happen without anybody being
 * held up, and whoever is to be held up is so by a fault.
 *
 * What a step is about, for the reduction (any two steps that touch one object are dependent unless
 * both only read it):
 *
 *   the store      read, begin deferred: READ. All else, a transaction's begin and end included:
 *                  more than READ
 *   each lock      every step of it: more than READ
 *   one object     for resources with one path or key: to close a file that is also the lock's
 *                  touches the lock
 *   everything     time that passes, killing a worker, ending a lease
 *
 * That is sound as far as a driver's call touches nothing but its own store or lock: two calls that
 * touch different objects, or only read one, have the same effects in either order.
 */
#ifndef LP_EXPLORE_SCENE_H
#define LP_EXPLORE_SCENE_H

#include "explore/stage.h"

/* What is known of a player beside its report. */
struct lp_part {
    const struct lp_group *group;
    unsigned container;
    bool begun, killed;
    uint64_t killed_ns;                  /* virtual, as all that follow */
    bool stuck, stuck_on_lock;           /* when the schedule ended */
    bool must_wait;                      /* refused twice with nothing changed in between */
    uint64_t refused_at;                 /* changes by others at its latest refusal */
    uint64_t changes;                    /* steps of its own that touched the store */
    uint64_t lock_changes[LP_LOCKS_MAX]; /* the same of each lock */
    uint64_t tried_at;                   /* changes by others when its try began */
    uint64_t told;                       /* fingerprint of all it saw */
    uint64_t thinks_until_ns;
    uint64_t lease_ends_ns[LP_LOCKS_MAX]; /* of its latest grant; 0: none */
};

struct lp_scene {
    struct lp_stage stage;
    struct lp_board *board;
    const struct lp_explore_request *request;
    const struct lp_scenario *scenario;
    struct lp_part *parts;
    unsigned players;
    bool fault_done[LP_LED_FAULTS_MAX];
    unsigned store_object, lock_object[LP_LOCKS_MAX];
    bool leased;         /* some lock may have a lease */
    bool timed;          /* some lock depends on virtual time */
    bool finds_deadlock; /* several locks that find deadlocks together */
    bool built;          /* everything is prepared and open */
    bool stale;          /* what the cheap reset puts back is not enough */
    bool overlapped;     /* two held one lock at once */
    bool drained;
    bool thorough; /* record all that a free run does */
    /* Smaller worlds: workers that take part, and rounds. */
    uint32_t present;
    uint32_t rounds;
    uint64_t now_ns; /* virtual; stamps are a little later, board->clock_ns */
    uint64_t changes, lock_changes[LP_LOCKS_MAX];
    unsigned passes;      /* so often it has passed */
    uint64_t shortest_ns; /* lease that was granted; UINT64_MAX: none */
    uint64_t begun_ns;    /* really */
    enum lp_ending ending;
};

int lp_scene_init(struct lp_scene *scene, const struct lp_container_plan *plan,
                  struct lp_board *board, enum lp_stage_kind kind, struct lp_err *err);
/* Lets go of what the workers and containers of a scene that went well have open. */
int lp_scene_close(struct lp_scene *scene, struct lp_err *err);
void lp_scene_release(struct lp_scene *scene);
struct lp_world lp_scene_world(struct lp_scene *scene);

static inline const struct lp_report *lp_scene_report(const struct lp_scene *scene, unsigned player)
{
    return &scene->board->players[player].report;
}

static inline unsigned lp_scene_containers(const struct lp_scene *scene)
{
    return scene->scenario->containers;
}

/* ---- scene_reset.c ---- */
/* Of struct lp_world. */
int lp_scene_reset(void *self, bool fresh, struct lp_err *err);

/* ---- time.c ---- */
static inline bool lp_scene_is_time(const struct lp_scene *scene, unsigned actor)
{
    return scene->timed && actor == scene->players + scene->request->fault_count;
}
void lp_scene_begin_time(struct lp_scene *scene);
/* The player's step was done; `step` is which one. */
void lp_scene_note_time(struct lp_scene *scene, unsigned player, const struct lp_step *step);
/* When the next thought or lease ends, or the lock's lease that ends last; 0: none does. */
uint64_t lp_scene_next_time(const struct lp_scene *scene);
uint64_t lp_scene_lease_end(const struct lp_scene *scene, unsigned lock);
/* False: it has passed too often in this schedule. */
bool lp_scene_pass_time(struct lp_scene *scene, uint64_t until_ns);
/* May a lease have ended by what is not told: a server's own clock, or so many stamps, each a
   little later than the one before, that they reach over its end? */
bool lp_scene_is_blurred(const struct lp_scene *scene);
/* A stamp like those of what is recorded. */
uint64_t lp_scene_stamp(const struct lp_scene *scene);

/* ---- intent.c ---- */
void lp_scene_objects(struct lp_scene *scene);
void lp_scene_intent(const struct lp_scene *scene, unsigned actor, struct lp_intent *intent);
/* The step's words, and what came of it. */
void lp_scene_tell(const struct lp_scene *scene, unsigned actor, const struct lp_effect *effect,
                   struct lp_str *out);

/* ---- evidence.c ---- */
/* What the player recorded in this schedule. */
struct lp_record *lp_scene_records(const struct lp_scene *scene, unsigned player, size_t *count);
/* Brings all players to their end, as by the deadline of whatever they wait for. */
int lp_scene_drain(struct lp_scene *scene, struct lp_err *err);
int lp_scene_judge(struct lp_scene *scene, enum lp_ending ending, struct lp_outcome_seen *seen,
                   struct lp_err *err);
/* The history of the schedule just judged, as files of a run. */
int lp_scene_dump(struct lp_scene *scene, int history_fd, struct lp_err *err);
#endif
