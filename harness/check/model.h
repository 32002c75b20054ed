/* SPDX-License-Identifier: MIT */
/*
 * Models: is there an order of the calls in which each takes effect within its interval and every
 * answer is the one that the object would have given (linearizability; Herlihy, Wing 1990)? What
 * each model demands, from what evidence and in which complexity is told in docs/MODELS.md.
 *
 * Three-valued, and never a wrong verdict:
 *   held     there is such an order. It is found, not assumed, and told on request
 *   broken   there is none, whatever became of the calls of unknown outcome
 *   unknown  out of time or memory, or nothing that the model could judge
 *
 * Of two calls a is before b when a returned at an earlier time than b was invoked. Calls that
 * touch in one instant may have happened in either order, unless one process made both: it makes
 * one call at a time, in the order of the array. Where clocks of different processes may differ
 * (calls->uncertainty_ns = u), a is before b of another process only if a returned more than 2u
 * earlier.
 *
 * Calls on different keys are decided apart (P-compositionality; Horn, Kroening 2015), by as many
 * threads as the budget allows.
 */
#ifndef LP_CHECK_MODEL_H
#define LP_CHECK_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "base/str.h"
#include "history/calls.h"

enum lp_model_kind {
    LP_MODEL_MUTEX,       /* held or free; whoever holds it, anybody may release it */
    LP_MODEL_OWNED_MUTEX, /* only the holder releases */
    LP_MODEL_REENTRANT,   /* the holder may acquire again; as many releases make it free */
    LP_MODEL_FENCED,      /* tokens grow from grant to grant; no write with an older token than
                             one accepted before */
    LP_MODEL_SEMAPHORE,   /* at most `capacity` at once */
    LP_MODEL_RW_LOCK,     /* many shared holds or one exclusive one */
    LP_MODEL_LEASE,       /* a hold ends at its release or by itself: only certain overlap counts */
    LP_MODEL_COUNTER,     /* add, add-and-get, read */
    LP_MODEL_REGISTER,    /* read, write */
    LP_MODEL_CAS_REGISTER, /* read, write, compare-and-set */
    LP_MODEL_KINDS,
};

struct lp_model {
    enum lp_model_kind kind;
    uint32_t capacity; /* SEMAPHORE: 1 or more */
};

/* "mutex", "semaphore:3" ...; a wrong name is an LP_ERR_USAGE that tells the nearest right one. */
int lp_model_parse(struct lp_model *model, const char *text, struct lp_err *err) LP_MUST_CHECK;
/* As lp_model_parse takes it; appended to `out`. */
void lp_model_name(const struct lp_model *model, struct lp_str *out);
/* One line of what it demands, for `--help` and messages; NULL when there is no such kind. */
const char *lp_model_summary(enum lp_model_kind kind);
/* Does the model say anything about such calls? Others are counted as `ignored`. */
bool lp_model_judges(enum lp_model_kind kind, enum lp_call_kind call);

struct lp_budget {
    uint64_t deadline_ns; /* lp_clock_ns() time; 0: none */
    size_t memory;        /* bytes beyond the calls themselves; 0: no limit */
    unsigned threads;     /* 0 and 1: the caller's alone */
    bool want_order;      /* fill decision.order when held */
    bool search_only;     /* no fast rules: the general search alone (tests, benches) */
};

enum lp_decided {
    LP_DECIDED_HELD,
    LP_DECIDED_BROKEN,
    LP_DECIDED_UNKNOWN,
};

enum lp_why {
    LP_WHY_NOTHING, /* it is decided */
    LP_WHY_TIMEOUT,
    LP_WHY_MEMORY,
    LP_WHY_EMPTY,    /* no call that the model judges has an outcome that says anything */
    LP_WHY_UNSUITED, /* calls that the model cannot judge and must not ignore: shared ones in a
                        mutex, for example; or LP_CALL_TEXT in a counter */
    LP_WHY_ONE_PASS, /* lp_feed: it takes more than one pass to tell; lp_model_decide can */
};

struct lp_decision {
    enum lp_decided decided;
    enum lp_why why;
    char detail[200]; /* one line: what was found, or why nothing was */
    const char *rule; /* how: "holds do not overlap", "search", ... */
    uint32_t key;     /* broken: of this object; unknown: the first such one */
    uint64_t judged;  /* calls that the model took into account */
    uint64_t ignored; /* calls of kinds that it says nothing about */
    uint64_t keys;    /* objects with a call that was judged */
    uint64_t keys_held, keys_broken, keys_unknown;
    /* Broken: calls whose facts prove it alone, whatever became of all others (lp_calls_relax);
       indexes into calls->calls, ascending. Not necessarily the fewest. */
    size_t *witness;
    size_t witness_count;
    /* Held and wanted: every call that took effect, and every LP_BUSY one that was an observation,
       in an order that explains all answers. A call of unknown outcome that is absent did not
       happen. Of several keys one after the other. Empty for `lease`, which demands no order. */
    size_t *order;
    size_t order_count;
};

/* Decides all keys. A violation of one key outranks unknowns of others. The calls must be sorted as
   calls.h says. `truncated` and `foreign` are the caller's to judge. The first object that is found
   broken ends the work; the decision is of it alone. */
void lp_model_decide(const struct lp_model *model, const struct lp_calls *calls,
                     const struct lp_budget *budget, struct lp_decision *decision);
void lp_decision_release(struct lp_decision *decision); /* takes a zeroed struct too */

/*
 * "Whatever became of it": an LP_OK call becomes one that may have taken effect in its interval, or
 * never; an observation (a read, LP_BUSY) becomes nothing. A history that is broken with some calls
 * relaxed is broken; so a violation is shrunk by relaxing calls, never by taking them away: a
 * history without one of its writes proves nothing.
 */
void lp_call_relax(struct lp_call *call);

/*
 * One pass over a history larger than memory, for locks and counters: calls are fed in order of
 * invocation (then source), all keys mixed. Memory grows with the number of calls in flight at once
 * and of unknown outcome, of keys and of processes, not with the length of the history.
 */
struct lp_feed;

/* NULL when the model cannot be decided in one pass (register, cas-register); `err` says so.
   `start` and `uncertainty_ns` are as in struct lp_calls. */
struct lp_feed *lp_feed_new(const struct lp_model *model, const struct lp_budget *budget,
                            int64_t start, uint64_t uncertainty_ns, struct lp_err *err);
/* Kinds of calls that must come in order, a bit each; the model passes over the others. */
uint32_t lp_feed_kinds(const struct lp_model *model);
/* False when it need not go on: a violation is proven, or it gave up. */
bool lp_feed_add(struct lp_feed *feed, const struct lp_call *call);
/* The decision after all were fed. Its witness holds numbers of calls as counted by lp_feed_add,
   from 0: two that prove it alone; or one, at which it showed, and the proof is all until then.
   There is no order. */
void lp_feed_end(struct lp_feed *feed, struct lp_decision *decision);
void lp_feed_free(struct lp_feed *feed); /* takes NULL too */

#endif
