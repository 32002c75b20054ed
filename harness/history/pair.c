/* SPDX-License-Identifier: MIT */
/*
 * Rows come in the order of real time, so calls are appended when they are invoked and filled in
 * when they complete: nothing has to be sorted. Times of the file are kept where they follow its
 * order; where they stand still or go back, each row is one nanosecond after the one before.
 */
#include "history/pair.h"

#include <stdlib.h>
#include <string.h>

#include "history/names.h"
#include "history/window.h"

#define SMALL_PROCESSES 1024
#define NO_CALL SIZE_MAX       /* nothing is open */
#define FOREIGN (SIZE_MAX - 1) /* something is, that no model knows */

struct lp_open {
    size_t call;
    const struct lp_call_name *name;
    bool set;
    uint64_t last_ns; /* raw times: of its latest row */
};

void lp_pairing_init(struct lp_pairing *pairing, struct lp_calls *calls, struct lp_rows *rows,
                     enum lp_keying keying, bool raw_times)
{
    *pairing = (struct lp_pairing){.calls = calls,
                                   .rows = rows,
                                   .keying = keying,
                                   .raw_times = raw_times,
                                   .last_index = INT64_MIN,
                                   .timed = true};
    lp_intern_init(&pairing->keys, &calls->keys, &calls->key_count, &calls->arena);
    lp_intern_init(&pairing->processes, &calls->processes, &calls->process_count, &calls->arena);
    lp_intern_init(&pairing->texts, &calls->texts, &calls->text_count, &calls->arena);
    lp_str_init(&pairing->text);
    pairing->small = lp_alloc(SMALL_PROCESSES, sizeof *pairing->small);
}

void lp_pairing_release(struct lp_pairing *pairing)
{
    lp_intern_release(&pairing->keys);
    lp_intern_release(&pairing->processes);
    lp_intern_release(&pairing->texts);
    lp_str_release(&pairing->text);
    free(pairing->open);
    free(pairing->small);
}

/* ---- numbers of names and values ---- */

static uint32_t intern_form(struct lp_pairing *pairing, struct lp_intern *intern,
                            const struct lp_form *form)
{
    lp_str_clear(&pairing->text);
    lp_form_canonical(&pairing->rows->scan, form, &pairing->text);
    return lp_intern(intern, pairing->text.ptr, pairing->text.len);
}

static uint32_t process_of(struct lp_pairing *pairing, const struct lp_form *form)
{
    bool small =
        form->kind == LP_FORM_INTEGER && form->integer >= 0 && form->integer < SMALL_PROCESSES;
    if (small && pairing->small[form->integer] > 0)
        return pairing->small[form->integer] - 1;
    uint32_t number = intern_form(pairing, &pairing->processes, form);
    if (small)
        pairing->small[form->integer] = number + 1;
    if (number >= pairing->open_cap)
        pairing->open =
            lp_grow(pairing->open, &pairing->open_cap, number + 1, sizeof *pairing->open);
    return number;
}

/* The far negative end is where texts are numbered. */
#define NUMBER_MIN (INT64_MIN + 1 + (INT64_C(1) << 32))

static int64_t value_of(struct lp_pairing *pairing, const struct lp_form *form)
{
    if (form->kind == LP_FORM_NONE || form->kind == LP_FORM_NIL)
        return LP_CALL_NOTHING;
    if (form->kind == LP_FORM_INTEGER && form->integer >= NUMBER_MIN)
        return form->integer;
    return LP_CALL_TEXT(intern_form(pairing, &pairing->texts, form));
}

/* ---- keys ---- */

/* [key value]; of a compare-and-set the value is a pair itself. */
static bool is_keyed(const struct lp_pairing *pairing, const struct lp_form *value,
                     const struct lp_call_name *name, struct lp_form pair[2])
{
    const struct lp_scan *scan = &pairing->rows->scan;
    struct lp_form inner[2];
    if (value->kind != LP_FORM_SEQUENCE || lp_form_elements(scan, value, pair, 2) != 2)
        return false;
    return !name || name->kind != LP_CALL_CAS ||
           (pair[1].kind == LP_FORM_SEQUENCE && lp_form_elements(scan, &pair[1], inner, 2) == 2);
}

/* Takes the key off the value of an invocation. */
static int take_key(struct lp_pairing *pairing, const struct lp_row *row,
                    const struct lp_call_name *name, struct lp_form *value, uint32_t *key)
{
    struct lp_form pair[2];
    *key = LP_CALL_NO_KEY;
    if (row->key.kind != LP_FORM_NONE && row->key.kind != LP_FORM_NIL) {
        if (pairing->keying == LP_KEYED_AUTO && !pairing->decided)
            pairing->keying = LP_KEYED_FIELD;
        *key = intern_form(pairing, &pairing->keys, &row->key);
        return 0;
    }
    if (pairing->keying == LP_KEYED_FIELD)
        return 0;
    bool keyed = is_keyed(pairing, value, name, pair);
    if (pairing->keying == LP_KEYED_AUTO && !pairing->decided) {
        pairing->decided = true;
        pairing->keying = keyed ? LP_KEYED_AUTO : LP_KEYED_FIELD;
    }
    if (keyed) {
        *key = intern_form(pairing, &pairing->keys, &pair[0]);
        *value = pair[1];
    } else if (pairing->keying == LP_KEYED_VALUE) {
        return lp_scan_error(&pairing->rows->scan, row->at,
                             "expected a value of the form [key value]");
    } else if (pairing->keying == LP_KEYED_AUTO) {
        pairing->contradicted = true;
    }
    return 0;
}

/* The value of a completion, without its key. */
static struct lp_form plain_value(const struct lp_pairing *pairing, const struct lp_row *row,
                                  const struct lp_call_name *name)
{
    struct lp_form pair[2];
    if (row->key.kind == LP_FORM_NONE && pairing->keying != LP_KEYED_FIELD &&
        is_keyed(pairing, &row->value, name, pair))
        return pair[1];
    return row->value;
}

static void settle(struct lp_pairing *pairing, const struct lp_open *open)
{
    if (open->set && open->call != FOREIGN && open->call >= pairing->dropped)
        lp_window_call(pairing, open->call)->reserved[0] = 0;
}

/* ---- invocations ---- */

static void add_foreign(struct lp_pairing *pairing, const struct lp_row *row, const char *what)
{
    struct lp_calls *calls = pairing->calls;
    const char *text;
    size_t len;
    lp_form_word(&row->f, &text, &len);
    lp_str_clear(&pairing->text);
    lp_str_add_bytes(&pairing->text, text, len);
    lp_str_addf(&pairing->text, "%s%s", len == 0 ? "(without a name)" : "", what);
    for (size_t i = 0; i < calls->foreign_count; i++)
        if (strcmp(calls->foreign[i].name, pairing->text.ptr) == 0) {
            calls->foreign[i].count++;
            return;
        }
    calls->foreign = lp_grow(calls->foreign, &pairing->foreign_cap, calls->foreign_count + 1,
                             sizeof *calls->foreign);
    calls->foreign[calls->foreign_count++] = (struct lp_foreign){
        lp_arena_strndup(&calls->arena, pairing->text.ptr, pairing->text.len), 1, row->line, false};
}

static int take_cas(struct lp_pairing *pairing, const struct lp_row *row,
                    const struct lp_form *value, struct lp_call *call)
{
    struct lp_form pair[2];
    if (value->kind != LP_FORM_SEQUENCE ||
        lp_form_elements(&pairing->rows->scan, value, pair, 2) != 2)
        return lp_scan_error(&pairing->rows->scan, value->begin ? value->begin : row->at,
                             "expected [old new] as the value of a cas");
    call->a = value_of(pairing, &pair[0]);
    call->b = value_of(pairing, &pair[1]);
    return 0;
}

/* What an invocation says already. false: an add of what is no number. */
static int take_argument(struct lp_pairing *pairing, const struct lp_row *row,
                         const struct lp_call_name *name, const struct lp_form *value,
                         struct lp_call *call)
{
    call->a = call->b = LP_CALL_NOTHING;
    switch (call->kind) {
    case LP_CALL_WRITE:
        call->a = value_of(pairing, value);
        call->b = row->token.kind == LP_FORM_INTEGER ? row->token.integer : LP_CALL_NOTHING;
        return 0;
    case LP_CALL_CAS:
        return take_cas(pairing, row, value, call);
    case LP_CALL_ADD:
        call->a = name->sign * (value->kind == LP_FORM_INTEGER ? value->integer : 1);
        return 0;
    case LP_CALL_ACQUIRE:
    case LP_CALL_ACQUIRE_SHARED:
        if (row->lease_ns.kind == LP_FORM_INTEGER && row->lease_ns.integer > 0)
            call->lease_ns = (uint64_t)row->lease_ns.integer;
        return 0;
    default:
        return 0;
    }
}

static bool adds_no_number(const struct lp_call_name *name, const struct lp_form *value)
{
    return name->kind == LP_CALL_ADD && value->kind != LP_FORM_NONE && value->kind != LP_FORM_NIL &&
           (value->kind != LP_FORM_INTEGER || value->integer < NUMBER_MIN);
}

static int invoke(struct lp_pairing *pairing, const struct lp_row *row, uint32_t process,
                  uint64_t time_ns)
{
    struct lp_calls *calls = pairing->calls;
    const struct lp_call_name *name = lp_call_name_find(&row->f);
    struct lp_form value = row->value;
    uint32_t owner = process, key;
    if (row->owner.kind != LP_FORM_NONE)
        owner = process_of(pairing, &row->owner);
    struct lp_open *open = &pairing->open[process]; /* the array may have moved until here */
    settle(pairing, open);                          /* what it had open stays unknown */
    open->call = FOREIGN;
    open->name = name;
    open->set = true;
    if (!name) {
        add_foreign(pairing, row, "");
        return 0;
    }
    if (take_key(pairing, row, name, &value, &key) == -1)
        return -1;
    if (adds_no_number(name, &value)) {
        add_foreign(pairing, row, " of something that is no number");
        return 0;
    }
    struct lp_call call = {.invoke_ns = time_ns,
                           .return_ns = LP_CALL_NEVER,
                           .process = owner,
                           .key = key,
                           .source = row->line,
                           .kind = (uint8_t)name->kind,
                           .outcome = LP_UNKNOWN,
                           .reserved = {pairing->sink ? LP_WINDOW_OPEN : 0}};
    if (take_argument(pairing, row, name, &value, &call) == -1)
        return -1;
    if (!lp_window_room(pairing))
        return 0;
    open->call = pairing->dropped + calls->count;
    calls->calls[calls->count++] = call;
    if (pairing->sink && pairing->calls_max > 0 &&
        calls->count - pairing->head > pairing->calls_max)
        lp_window_drain(pairing, true);
    return 0;
}

/* ---- completions ---- */

/* A token comes as a number where the invocation had nothing, or by a name. */
static int64_t token_of(const struct lp_pairing *pairing, const struct lp_row *row,
                        const struct lp_form *value)
{
    static const char *const fields[] = {"fence", "fencing-token", "token"};
    if (row->token.kind == LP_FORM_INTEGER)
        return row->token.integer;
    if (value->kind == LP_FORM_INTEGER)
        return value->integer;
    for (size_t i = 0; i < LP_ARRAY_LEN(fields); i++) {
        struct lp_form form = lp_form_get(&pairing->rows->scan, value, fields[i]);
        if (form.kind == LP_FORM_INTEGER)
            return form.integer;
    }
    return LP_CALL_NOTHING;
}

/* "[added after]" for certain; a number by itself only if it cannot be an echo of the argument. */
static void take_sum(struct lp_pairing *pairing, const struct lp_form *value,
                     const struct lp_call_name *name, struct lp_call *call)
{
    struct lp_form pair[2];
    if (value->kind == LP_FORM_SEQUENCE &&
        lp_form_elements(&pairing->rows->scan, value, pair, 2) == 2 &&
        pair[1].kind == LP_FORM_INTEGER) {
        call->b = pair[1].integer;
        return;
    }
    if (value->kind != LP_FORM_INTEGER)
        return;
    if (name->tells == LP_ADD_TELLS_BEFORE) {
        if (__builtin_add_overflow(value->integer, call->a, &call->b))
            call->b = LP_CALL_NOTHING;
    } else if (value->integer != call->a * name->sign) {
        call->b = value->integer;
    }
}

static void take_result(struct lp_pairing *pairing, const struct lp_row *row,
                        const struct lp_call_name *name, struct lp_call *call)
{
    struct lp_form value = plain_value(pairing, row, name);
    switch (call->kind) {
    case LP_CALL_READ:
        call->a = value_of(pairing, &value);
        return;
    case LP_CALL_ADD:
        take_sum(pairing, &value, name, call);
        return;
    case LP_CALL_ACQUIRE:
    case LP_CALL_ACQUIRE_SHARED:
        call->a = token_of(pairing, row, &value);
        return;
    default:
        return;
    }
}

/* A refusal that is an observation too. In lines of old logs a failed cas is one by itself: the
   compare did not match. In Jepsen's own histories `:fail` says only that nothing happened. */
static enum lp_outcome refusal_of(const struct lp_pairing *pairing, const struct lp_row *row,
                                  const struct lp_call *call)
{
    static const char *const mismatches[] = {"mismatch", "precondition-failed", "did-not-succeed",
                                             "cas-mismatch", "compare-failed"};
    bool cas = call->kind == LP_CALL_CAS;
    bool lock = call->kind == LP_CALL_ACQUIRE || call->kind == LP_CALL_ACQUIRE_SHARED;
    if (lock && lp_form_is(&row->error, "busy"))
        return LP_BUSY;
    if (cas && row->error.kind == LP_FORM_NONE && pairing->rows->notation == LP_NOTATION_LINES)
        return LP_BUSY;
    for (size_t i = 0; cas && i < LP_ARRAY_LEN(mismatches); i++)
        if (lp_form_is(&row->error, mismatches[i]))
            return LP_BUSY;
    return LP_FAIL;
}

static int wrong_completion(struct lp_pairing *pairing, const struct lp_row *row)
{
    int shown = (int)(row->process.end - row->process.begin);
    return lp_scan_error(&pairing->rows->scan, row->at,
                         "process %.*s completes something that it did not invoke",
                         shown > 40 ? 40 : shown, row->process.begin);
}

static int complete(struct lp_pairing *pairing, const struct lp_row *row, uint32_t process,
                    uint64_t time_ns)
{
    struct lp_open *open = &pairing->open[process];
    if (!open->set) /* what nemeses and generators say completes nothing */
        return row->type == LP_ROW_INFO ? 0 : wrong_completion(pairing, row);
    if (row->f.kind != LP_FORM_NONE && lp_call_name_find(&row->f) != open->name)
        return lp_scan_error(&pairing->rows->scan, row->f.begin,
                             "the completion of another operation than was invoked");
    open->set = false;
    if (open->call == FOREIGN)
        return 0;
    if (open->call < pairing->dropped + pairing->head)
        return lp_scan_error(&pairing->rows->scan, row->at,
                             "completed so late that more memory is needed (--memory): %zu calls "
                             "were invoked in between",
                             pairing->calls_max);
    struct lp_call *call = lp_window_call(pairing, open->call);
    call->reserved[0] = 0;
    if (row->type == LP_ROW_INFO)
        return 0;
    if (time_ns < call->invoke_ns)
        return lp_scan_error(&pairing->rows->scan, row->at, "completed before it was invoked");
    call->return_ns = time_ns;
    call->outcome = (uint8_t)(row->type == LP_ROW_OK ? LP_OK : refusal_of(pairing, row, call));
    if (row->type == LP_ROW_OK)
        take_result(pairing, row, open->name, call);
    return 0;
}

/* ---- rows ---- */

static int check_index(struct lp_pairing *pairing, const struct lp_row *row)
{
    if (row->index.kind != LP_FORM_INTEGER)
        return 0;
    if (row->index.integer < pairing->last_index)
        return lp_scan_error(&pairing->rows->scan, row->index.begin,
                             "index %lld after %lld: the rows are not in their order",
                             (long long)row->index.integer, (long long)pairing->last_index);
    pairing->last_index = row->index.integer;
    return 0;
}

static int time_of(struct lp_pairing *pairing, const struct lp_row *row, uint64_t *time_ns)
{
    bool known = row->time.kind == LP_FORM_INTEGER && row->time.integer >= 0;
    if (pairing->raw_times && !known)
        return lp_scan_error(&pairing->rows->scan, row->at,
                             "a row without a time; an uncertainty of clocks needs one on each");
    pairing->timed &= known;
    *time_ns = pairing->last_ns + 1;
    if (known && (pairing->raw_times || (uint64_t)row->time.integer > pairing->last_ns))
        *time_ns = (uint64_t)row->time.integer;
    pairing->last_ns = *time_ns;
    return 0;
}

int lp_pairing_add(struct lp_pairing *pairing, const struct lp_row *row, struct lp_err *err)
{
    uint64_t time_ns = 0;
    pairing->rows->scan.err = err;
    if (row->process.kind == LP_FORM_NONE || row->process.kind == LP_FORM_NIL)
        return lp_scan_error(&pairing->rows->scan, row->at, "a row without a process");
    if (lp_form_is(&row->process, "nemesis"))
        return 0;
    if (check_index(pairing, row) == -1 || time_of(pairing, row, &time_ns) == -1)
        return -1;
    uint32_t process = process_of(pairing, &row->process);
    struct lp_open *open = &pairing->open[process];
    if (pairing->raw_times && time_ns < open->last_ns)
        return lp_scan_error(&pairing->rows->scan, row->at,
                             "the process's own clock goes back here");
    open->last_ns = time_ns;
    int result = row->type == LP_ROW_INVOKE ? invoke(pairing, row, process, time_ns)
                                            : complete(pairing, row, process, time_ns);
    if (pairing->sink && row->type != LP_ROW_INVOKE)
        lp_window_drain(pairing, false);
    return result;
}
