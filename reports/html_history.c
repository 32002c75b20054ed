/* SPDX-License-Identifier: MIT */
/*
 * A run's history as data for the page's script: levels of detail and packed blocks in base64, and
 * one JSON object that says what they are. The script decodes a block when it is first looked at.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "reports/clean.h"
#include "reports/evidence.h"
#include "reports/html_markup.h"
#include "reports/html_parts.h"
#include "reports/witness.h"

struct writer {
    const struct lp_page_entry *entry;
    const struct lp_timeline *timeline;
    const struct lp_checks *checks;
    const struct lp_history *history;
    size_t index;
    struct lp_shapes shapes;
    struct lp_str *out;
    json_t *root;
};

static json_t *number(uint64_t value)
{
    return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

static json_t *field(const char *text, size_t size)
{
    struct lp_str clean;
    lp_str_init(&clean);
    lp_clean_field(&clean, text, size);
    json_t *value = json_stringn(clean.ptr, clean.len);
    lp_str_release(&clean);
    return value;
}

/* ---- blocks ---- */

static void write_levels(struct writer *writer)
{
    json_t *levels = json_array();
    for (size_t i = 0; i < writer->timeline->level_count; i++) {
        const struct lp_timeline_level *level = &writer->timeline->levels[i];
        size_t cells = writer->timeline->lanes * level->buckets;
        struct lp_str bytes;
        char id[48];
        lp_str_init(&bytes);
        lp_str_add_bytes(&bytes, level->ops, cells * sizeof *level->ops);
        lp_str_add_bytes(&bytes, level->bad, cells * sizeof *level->bad);
        lp_str_add_bytes(&bytes, level->held, cells);
        lp_str_add_bytes(&bytes, level->waited, cells);
        snprintf(id, sizeof id, "s%zu-l%zu", writer->index, i);
        lp_html_bytes(writer->out, id, bytes.ptr, bytes.len);
        lp_str_release(&bytes);
        json_t *row = json_object();
        lp_json_set(row, "buckets", number(level->buckets));
        lp_json_set(row, "width", number(level->width_ns));
        lp_json_append(levels, row);
    }
    lp_json_set(writer->root, "levels", levels);
}

static void add_block(json_t *blocks, size_t count, uint64_t begin_ns, uint64_t end_ns)
{
    json_t *row = json_array();
    lp_json_append(row, number(count));
    lp_json_append(row, number(begin_ns));
    lp_json_append(row, number(end_ns));
    lp_json_append(blocks, row);
}

static void write_ops(struct writer *writer)
{
    const struct lp_history *history = writer->history;
    json_t *blocks = json_array();
    struct lp_str bytes;
    lp_str_init(&bytes);
    for (size_t from = 0; from < history->op_count; from += LP_TIMELINE_BLOCK) {
        size_t left = history->op_count - from;
        size_t count = left < LP_TIMELINE_BLOCK ? left : LP_TIMELINE_BLOCK;
        char id[48];
        lp_str_clear(&bytes);
        lp_timeline_pack_ops(history, from, count, &writer->shapes, &bytes);
        snprintf(id, sizeof id, "s%zu-o%zu", writer->index, from / LP_TIMELINE_BLOCK);
        lp_html_bytes(writer->out, id, bytes.ptr, bytes.len);
        add_block(blocks, count, lp_since_start(history, history->ops[from].record->invoke_ns),
                  lp_timeline_ops_end(history, from, count));
    }
    lp_json_set(writer->root, "opBlocks", blocks);
    lp_str_release(&bytes);
}

static void write_holds(struct writer *writer)
{
    const struct lp_checks *checks = writer->checks;
    json_t *blocks = json_array();
    struct lp_str bytes;
    lp_str_init(&bytes);
    for (size_t from = 0; from < checks->hold_count; from += LP_TIMELINE_BLOCK) {
        size_t left = checks->hold_count - from;
        size_t count = left < LP_TIMELINE_BLOCK ? left : LP_TIMELINE_BLOCK;
        char id[48];
        lp_str_clear(&bytes);
        lp_timeline_pack_holds(checks, from, count, &bytes);
        snprintf(id, sizeof id, "s%zu-h%zu", writer->index, from / LP_TIMELINE_BLOCK);
        lp_html_bytes(writer->out, id, bytes.ptr, bytes.len);
        add_block(blocks, count, lp_since_start(writer->history, checks->holds[from].from_ns),
                  lp_timeline_holds_end(checks, from, count));
    }
    lp_json_set(writer->root, "holdBlocks", blocks);
    lp_str_release(&bytes);
}

/* ---- what they are ---- */

static void set_lanes(struct writer *writer)
{
    json_t *lanes = json_array();
    for (size_t i = 0; i < writer->history->worker_count; i++) {
        const struct lp_history_worker *worker = &writer->history->workers[i];
        json_t *row = json_object();
        lp_json_set(row, "worker", number(worker->header->worker));
        lp_json_set(row, "group", field(worker->header->group, sizeof worker->header->group));
        lp_json_set(row, "container", number(worker->header->container));
        lp_json_set(row, "ops", number(worker->record_count));
        lp_json_set(row, "last", number(lp_since_start(writer->history, worker->last_ns)));
        lp_json_append(lanes, row);
    }
    lp_json_set(writer->root, "lanes", lanes);
}

static void set_names(struct writer *writer)
{
    const struct lp_history_header *header = lp_history_any_header(writer->history);
    json_t *locks = json_array(), *steps = json_object();
    for (uint32_t i = 0; i < header->lock_count && i < LP_HISTORY_LOCKS; i++)
        lp_json_append(locks, field(header->locks[i].name, sizeof header->locks[i].name));
    json_t *shapes = json_array();
    for (size_t i = 0; i < writer->shapes.count; i++) {
        const struct lp_shape *shape = &writer->shapes.rows[i];
        const unsigned cells[] = {shape->lane,    shape->kind, shape->lock,    shape->flags,
                                  shape->outcome, shape->done, shape->was_busy};
        json_t *row = json_array();
        char key[16];
        for (size_t k = 0; k < LP_ARRAY_LEN(cells); k++)
            lp_json_append(row, number(cells[k]));
        lp_json_append(shapes, row);
        snprintf(key, sizeof key, "%u", shape->kind);
        lp_json_set(steps, key, lp_json_text(lp_step_name(shape->kind)));
    }
    lp_json_set(writer->root, "locks", locks);
    lp_json_set(writer->root, "steps", steps);
    lp_json_set(writer->root, "shapes", shapes);
}

static void set_witness(struct writer *writer)
{
    size_t count;
    const size_t *indexes = lp_evidence_witness(writer->entry->result, &count);
    json_t *rows = json_array();
    struct lp_witness witness;
    struct lp_str text;
    lp_witness_init(&witness, writer->history, indexes, count);
    lp_str_init(&text);
    for (size_t i = 0; i < witness.count; i++) {
        json_t *row = json_object();
        lp_json_set(row, "op", number((uint64_t)(witness.ops[i] - writer->history->ops)));
        lp_str_clear(&text);
        lp_op_step(writer->history, witness.ops[i], &text);
        lp_json_set(row, "step", lp_json_text(text.ptr));
        lp_str_clear(&text);
        lp_witness_note(&witness, i, &text);
        lp_json_set(row, "note", lp_json_text(text.ptr));
        lp_json_append(rows, row);
    }
    lp_str_release(&text);
    lp_witness_release(&witness);
    lp_json_set(writer->root, "witness", rows);
}

/* From when it was about to strike to when it was certainly lifted. */
static void set_faults(struct writer *writer)
{
    const struct lp_history *history = writer->history;
    json_t *rows = json_array();
    for (size_t i = 0; i < history->fault_count; i++) {
        const struct lp_fault_record *fault = &history->faults[i];
        uint64_t from_ns = lp_since_start(history, fault->invoke_ns);
        uint64_t until_ns = lp_since_start(history, fault->over_ns);
        json_t *row = json_object();
        lp_json_set(row, "from", number(from_ns));
        lp_json_set(row, "until", number(until_ns > from_ns ? until_ns : from_ns));
        lp_json_set(row, "fault", field(fault->fault, sizeof fault->fault));
        lp_json_set(row, "target", field(fault->target, sizeof fault->target));
        lp_json_append(rows, row);
    }
    lp_json_set(writer->root, "faults", rows);
}

static void set_big_values(struct writer *writer)
{
    json_t *big = json_object();
    for (size_t i = 0; i < writer->history->op_count; i++) {
        int64_t value = writer->history->ops[i].record->value;
        char key[24], digits[24];
        if (value <= LP_TIMELINE_VALUE_MAX && value >= -LP_TIMELINE_VALUE_MAX)
            continue;
        snprintf(key, sizeof key, "%zu", i);
        snprintf(digits, sizeof digits, "%" PRId64, value);
        lp_json_set(big, key, json_string(digits));
    }
    lp_json_set(writer->root, "big", big);
}

void lp_html_history(const struct lp_page_entry *entry, const struct lp_timeline *timeline,
                     size_t index, struct lp_str *out)
{
    const struct lp_checks *checks = entry->result->checks;
    struct writer writer = {.entry = entry,
                            .timeline = timeline,
                            .checks = checks,
                            .history = checks->history,
                            .index = index,
                            .out = out,
                            .root = json_object()};
    char id[32];
    write_levels(&writer);
    write_ops(&writer);
    write_holds(&writer);
    lp_json_set(writer.root, "span", number(timeline->span_ns));
    lp_json_set(writer.root, "count", number(checks->history->op_count));
    lp_json_set(writer.root, "block", number(LP_TIMELINE_BLOCK));
    lp_json_set(writer.root, "containers", number(checks->history->containers));
    set_lanes(&writer);
    set_names(&writer);
    set_witness(&writer);
    set_faults(&writer);
    set_big_values(&writer);
    snprintf(id, sizeof id, "s%zu-data", index);
    lp_html_json(out, id, writer.root);
    json_decref(writer.root);
    lp_shapes_release(&writer.shapes);
}
