/* SPDX-License-Identifier: MIT */
/*
 * The objects as they ought to be, one call at a time. Everything that decides rests on these few
 * lines; docs/MODELS.md tells why each answer is as it is.
 *
 *     mutex, semaphore   state[0]: how many hold it
 *     owned-mutex        state[0]: 1 + the holder; 0: free
 *     reentrant          the same, and in the upper half how many times
 *     rw-lock            state[0]: 1 + the exclusive holder; state[1]: shared holds in all;
 *                        then one byte a process: how many shared holds it has
 *     fenced             state[0]: the last token granted; state[1]: 1 + to whom;
 *                        state[2]: the newest token that a write came with
 *     counter, registers state[0]: the value
 */
#include "check/model_parts.h"

#include <string.h>

#define DEPTH_SHIFT 32
#define OWNER_MASK UINT32_MAX
#define SHARED_MAX 255u

size_t lp_state_words(const struct lp_model *model, uint32_t processes)
{
    if (model->kind == LP_MODEL_RW_LOCK)
        return 2 + (processes + 7) / 8;
    return model->kind == LP_MODEL_FENCED ? 3 : 1;
}

void lp_state_init(const struct lp_model *model, int64_t start, uint64_t *state, size_t words)
{
    memset(state, 0, words * sizeof *state);
    switch (model->kind) {
    case LP_MODEL_COUNTER:
        state[0] = start == LP_CALL_NOTHING ? 0 : (uint64_t)start;
        break;
    case LP_MODEL_REGISTER:
    case LP_MODEL_CAS_REGISTER:
        state[0] = (uint64_t)start;
        break;
    case LP_MODEL_FENCED:
        state[0] = state[2] = (uint64_t)LP_CALL_NOTHING;
        break;
    default:
        break;
    }
}

static bool step_semaphore(uint64_t capacity, uint64_t *state, const struct lp_item *item)
{
    if (item->observes)
        return state[0] == capacity;
    if (item->kind == LP_CALL_ACQUIRE)
        return state[0]++ < capacity;
    return state[0]-- > 0;
}

static bool step_owned(uint64_t *state, const struct lp_item *item)
{
    uint64_t me = item->process + UINT64_C(1);
    if (item->observes)
        return state[0] != 0;
    uint64_t before = state[0];
    state[0] = item->kind == LP_CALL_ACQUIRE ? me : 0;
    return before == (item->kind == LP_CALL_ACQUIRE ? 0 : me);
}

static bool step_reentrant(uint64_t *state, const struct lp_item *item)
{
    uint64_t me = item->process + UINT64_C(1), owner = state[0] & OWNER_MASK;
    uint64_t depth = state[0] >> DEPTH_SHIFT;
    if (item->observes)
        return owner != 0 && owner != me;
    if (owner != me && (owner != 0 || item->kind != LP_CALL_ACQUIRE))
        return false;
    depth = item->kind == LP_CALL_ACQUIRE ? depth + 1 : depth - 1;
    state[0] = depth == 0 ? 0 : depth << DEPTH_SHIFT | me;
    return true;
}

/* An exclusive acquire by one that holds it shared turns its holds into one, as flock does. */
static bool step_rw(uint64_t *state, const struct lp_item *item)
{
    uint64_t me = item->process + UINT64_C(1);
    unsigned char *own = (unsigned char *)&state[2] + item->process;
    if (item->observes)
        return state[0] != 0 || state[1] != 0;
    switch (item->kind) {
    case LP_CALL_ACQUIRE:
        if (state[0] != 0 || state[1] != *own)
            return false;
        state[0] = me;
        state[1] = *own = 0;
        return true;
    case LP_CALL_ACQUIRE_SHARED:
        if ((state[0] != 0 && state[0] != me) || *own == SHARED_MAX)
            return false;
        state[0] = 0;
        state[1]++;
        ++*own;
        return true;
    default:
        if (state[0] == me) {
            state[0] = 0;
            return true;
        }
        if (*own == 0)
            return false;
        state[1]--;
        --*own;
        return true;
    }
}

static bool step_fenced(uint64_t *state, const struct lp_item *item)
{
    uint64_t me = item->process + UINT64_C(1);
    if (item->kind == LP_CALL_ACQUIRE) {
        int64_t last = (int64_t)state[0];
        if (item->a < last || (item->a == last && state[1] != me))
            return false;
        state[0] = (uint64_t)item->a;
        state[1] = me;
        return true;
    }
    if (item->b < (int64_t)state[2])
        return false;
    state[2] = (uint64_t)item->b;
    return true;
}

static bool step_counter(uint64_t *state, const struct lp_item *item)
{
    if (item->observes)
        return (int64_t)state[0] == item->a;
    state[0] += (uint64_t)item->a;
    return item->b == LP_CALL_NOTHING || (int64_t)state[0] == item->b;
}

static bool step_register(uint64_t *state, const struct lp_item *item)
{
    int64_t value = (int64_t)state[0];
    switch (item->kind) {
    case LP_CALL_WRITE:
        state[0] = (uint64_t)item->a;
        return true;
    case LP_CALL_CAS:
        if (item->observes)
            return value != item->a;
        state[0] = (uint64_t)item->b;
        return value == item->a;
    default:
        return value == item->a;
    }
}

bool lp_state_step(const struct lp_model *model, uint64_t *state, const struct lp_item *item)
{
    switch (model->kind) {
    case LP_MODEL_MUTEX:
        return step_semaphore(1, state, item);
    case LP_MODEL_SEMAPHORE:
        return step_semaphore(model->capacity, state, item);
    case LP_MODEL_OWNED_MUTEX:
        return step_owned(state, item);
    case LP_MODEL_REENTRANT:
        return step_reentrant(state, item);
    case LP_MODEL_RW_LOCK:
        return step_rw(state, item);
    case LP_MODEL_FENCED:
        return step_fenced(state, item);
    case LP_MODEL_COUNTER:
        return step_counter(state, item);
    default:
        return step_register(state, item);
    }
}
