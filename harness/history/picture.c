/* SPDX-License-Identifier: MIT */
/*
 * The data of Porcupine's picture (anishathalye/porcupine, visualization.go): one partition an
 * object, times as ranks, and the order that was found, each step with the state behind it.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "history/names.h"
#include "history/write.h"

struct picture {
    const struct lp_calls *calls;
    struct lp_str *out;
    uint64_t *start, *end; /* ranks, by call */
    uint64_t ranks;
    uint32_t *place; /* of a call in its partition's history */
};

static void add_value(const struct lp_calls *calls, int64_t value, struct lp_str *out)
{
    uint64_t text = (uint64_t)value - (uint64_t)LP_CALL_TEXT(0);
    if (value == LP_CALL_NOTHING)
        lp_str_add(out, "nil");
    else if (text < calls->text_count)
        lp_str_add(out, calls->texts[text]);
    else
        lp_str_addf(out, "%" PRId64, value);
}

static const char *outcome_of(const struct lp_call *call)
{
    switch ((enum lp_outcome)call->outcome) {
    case LP_OK:
        return "ok";
    case LP_BUSY:
        return "busy";
    case LP_FAIL:
        return "fail";
    default:
        return "unknown";
    }
}

static void describe(const struct lp_calls *calls, const struct lp_call *call, struct lp_str *out)
{
    lp_str_addf(out, "%s(", lp_call_kind_name((enum lp_call_kind)call->kind));
    if (call->kind == LP_CALL_WRITE || call->kind == LP_CALL_ADD || call->kind == LP_CALL_CAS)
        add_value(calls, call->a, out);
    if (call->kind == LP_CALL_CAS) {
        lp_str_add(out, ", ");
        add_value(calls, call->b, out);
    }
    lp_str_addf(out, ") -> %s", outcome_of(call));
    if (call->kind == LP_CALL_READ && call->outcome == LP_OK) {
        lp_str_add(out, " ");
        add_value(calls, call->a, out);
    }
}

static void rank(struct picture *picture)
{
    size_t count;
    struct lp_instant *instants = lp_calls_instants(picture->calls, &count);
    picture->start = lp_alloc(picture->calls->count, sizeof *picture->start);
    picture->end = lp_alloc(picture->calls->count, sizeof *picture->end);
    for (size_t i = 0; i < count; i++) {
        uint64_t *ends = instants[i].returns ? picture->end : picture->start;
        ends[instants[i].call] = i;
    }
    for (size_t i = 0; i < picture->calls->count; i++)
        if (picture->end[i] == 0) /* never: 0 is the rank of an invocation */
            picture->end[i] = count;
    picture->ranks = count;
    free(instants);
}

static void add_operation(struct picture *picture, size_t index)
{
    const struct lp_call *call = &picture->calls->calls[index];
    struct lp_str text;
    lp_str_init(&text);
    describe(picture->calls, call, &text);
    lp_str_addf(picture->out,
                "{\"ClientId\":%" PRIu32 ",\"Start\":%" PRIu64 ",\"OriginalStart\":\"%" PRIu64
                "\",\"End\":%" PRIu64 ",",
                call->process, picture->start[index], call->invoke_ns, picture->end[index]);
    if (call->return_ns == LP_CALL_NEVER)
        lp_str_add(picture->out, "\"OriginalEnd\":\"never\",");
    else
        lp_str_addf(picture->out, "\"OriginalEnd\":\"%" PRIu64 "\",", call->return_ns);
    lp_str_add(picture->out, "\"Description\":");
    lp_json_quote(picture->out, text.ptr);
    lp_str_addf(picture->out, ",\"Metadata\":\"line %" PRIu32 "\"}", call->source);
    lp_str_release(&text);
}

/* The state of an object as far as a word can tell it. */
struct state {
    int64_t value;
    int64_t holds;
};

static void step(const struct lp_calls *calls, const struct lp_call *call, struct state *state,
                 struct lp_str *out)
{
    bool done = call->outcome == LP_OK || call->outcome == LP_UNKNOWN;
    switch ((enum lp_call_kind)call->kind) {
    case LP_CALL_ACQUIRE:
    case LP_CALL_ACQUIRE_SHARED:
        state->holds += done;
        break;
    case LP_CALL_RELEASE:
        state->holds -= done && state->holds > 0;
        break;
    case LP_CALL_WRITE:
        state->value = done ? call->a : state->value;
        break;
    case LP_CALL_CAS:
        state->value = done ? call->b : state->value;
        break;
    case LP_CALL_ADD:
        if (state->value == LP_CALL_NOTHING)
            state->value = 0;
        if (done && __builtin_add_overflow(state->value, call->a, &state->value))
            state->value = 0;
        break;
    case LP_CALL_READ:
    case LP_CALL_KINDS:
        break;
    }
    if (call->kind <= LP_CALL_RELEASE)
        lp_str_addf(out, state->holds == 0 ? "free" : "held by %" PRId64, state->holds);
    else
        add_value(calls, state->value, out);
}

static void add_order(struct picture *picture, const size_t *order, size_t count)
{
    struct state state = {.value = picture->calls->start};
    struct lp_str text;
    size_t placed = 0;
    lp_str_init(&text);
    lp_str_add(picture->out, "\"PartialLinearizations\":[");
    for (size_t i = 0; i < count; i++) {
        const struct lp_call *call = &picture->calls->calls[order[i]];
        lp_str_clear(&text);
        step(picture->calls, call, &state, &text);
        lp_str_addf(picture->out,
                    "%s{\"Index\":%" PRIu32 ",\"StateDescription\":", placed++ > 0 ? "," : "[",
                    picture->place[order[i]]);
        lp_json_quote(picture->out, text.ptr);
        lp_str_add(picture->out, "}");
    }
    lp_str_addf(picture->out, "%s],\"Largest\":{", placed > 0 ? "]" : "");
    for (size_t i = 0; i < count; i++)
        lp_str_addf(picture->out, "%s\"%" PRIu32 "\":0", i > 0 ? "," : "",
                    picture->place[order[i]]);
    lp_str_add(picture->out, "}");
    lp_str_release(&text);
}

/* Calls by key, in order: `index[first[k]]` to `index[first[k + 1] - 1]`. */
static uint32_t *by_key(const struct lp_calls *calls, size_t *first)
{
    uint32_t *index = lp_alloc(calls->count, sizeof *index);
    for (size_t i = 0; i < calls->count; i++)
        first[calls->calls[i].key + 1]++;
    for (size_t key = 0; key < calls->key_count; key++)
        first[key + 1] += first[key];
    for (size_t i = 0; i < calls->count; i++)
        index[first[calls->calls[i].key]++] = (uint32_t)i;
    for (size_t key = calls->key_count; key > 0; key--)
        first[key] = first[key - 1];
    first[0] = 0;
    return index;
}

/* Where each key's part of the order is; the keys follow one another there. */
struct stretch {
    size_t first, count;
};

static struct stretch *find_stretches(const struct lp_calls *calls, const size_t *order,
                                      size_t count)
{
    struct stretch *stretches = lp_alloc(calls->key_count, sizeof *stretches);
    for (size_t i = count; i-- > 0;) {
        struct stretch *stretch = &stretches[calls->calls[order[i]].key];
        stretch->first = i;
        stretch->count++;
    }
    return stretches;
}

static void add_annotations(struct picture *picture, const size_t *witness, size_t count)
{
    struct lp_str text;
    lp_str_init(&text);
    lp_str_add(picture->out, "],\"Annotations\":[");
    for (size_t i = 0; i < count; i++) {
        const struct lp_call *call = &picture->calls->calls[witness[i]];
        lp_str_clear(&text);
        describe(picture->calls, call, &text);
        lp_str_addf(picture->out,
                    "%s{\"ClientId\":%" PRIu32 ",\"Tag\":\"violation\",\"Start\":%" PRIu64
                    ",\"End\":%" PRIu64 ",\"Description\":",
                    i > 0 ? ",\n" : "", call->process, picture->start[witness[i]],
                    picture->end[witness[i]]);
        lp_json_quote(picture->out, text.ptr);
        lp_str_add(picture->out, ",\"Details\":\"one of the calls that no order explains\","
                                 "\"Annotation\":true,\"TextColor\":\"#ffffff\","
                                 "\"BackgroundColor\":\"#b71c1c\"}");
    }
    lp_str_add(picture->out, "]}\n");
    lp_str_release(&text);
}

void lp_calls_write_picture(const struct lp_calls *calls, const size_t *order, size_t order_count,
                            const size_t *witness, size_t witness_count, struct lp_str *out)
{
    struct picture picture = {.calls = calls, .out = out};
    size_t *first = lp_alloc(calls->key_count + 2, sizeof *first);
    uint32_t *index = by_key(calls, first);
    struct stretch *ordered = find_stretches(calls, order, order_count);
    bool any = false;
    rank(&picture);
    picture.place = lp_alloc(calls->count, sizeof *picture.place);
    lp_str_add(out, "{\"Partitions\":[");
    for (uint32_t key = 0; key < calls->key_count; key++) {
        if (first[key] == first[key + 1])
            continue;
        lp_str_add(out, any ? ",\n{\"History\":[" : "{\"History\":[");
        for (size_t i = first[key]; i < first[key + 1]; i++) {
            picture.place[index[i]] = (uint32_t)(i - first[key]);
            lp_str_add(out, i > first[key] ? ",\n" : "");
            add_operation(&picture, index[i]);
        }
        lp_str_add(out, "],");
        add_order(&picture, order_count > 0 ? order + ordered[key].first : NULL,
                  ordered[key].count);
        lp_str_add(out, "}");
        any = true;
    }
    add_annotations(&picture, witness, witness_count);
    free(picture.start);
    free(picture.end);
    free(picture.place);
    free(ordered);
    free(index);
    free(first);
}
