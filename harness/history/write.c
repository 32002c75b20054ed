/* SPDX-License-Identifier: MIT */
/* One walk over the instants; EDN and JSON differ in how names and values are set. */
#include "history/write.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "history/names.h"
#include "history/rows.h"

/* ---- the order of time ---- */

/* Whoever says when a call of unknown outcome was given up says nothing of its effect. */
static bool answered(const struct lp_call *call)
{
    return call->return_ns != LP_CALL_NEVER && call->outcome != LP_UNKNOWN;
}

static int by_time(const void *a, const void *b)
{
    const struct lp_instant *left = a, *right = b;
    if (left->time_ns != right->time_ns)
        return left->time_ns < right->time_ns ? -1 : 1;
    if (left->rank != right->rank)
        return left->rank < right->rank ? -1 : 1;
    return (left->call > right->call) - (left->call < right->call);
}

struct lp_instant *lp_calls_instants(const struct lp_calls *calls, size_t *count)
{
    struct lp_instant *instants = lp_alloc(2 * calls->count, sizeof *instants);
    uint64_t *returned = lp_alloc(calls->process_count, sizeof *returned); /* latest, by process */
    *count = 0;
    for (size_t i = 0; i < calls->count; i++) {
        const struct lp_call *call = &calls->calls[i];
        bool follows = returned[call->process] == call->invoke_ns && call->invoke_ns > 0;
        uint8_t rank = follows ? 2 : 0;
        instants[(*count)++] = (struct lp_instant){call->invoke_ns, (uint32_t)i, rank, false};
        if (!answered(call))
            continue;
        rank = follows && call->return_ns == call->invoke_ns ? 3 : 1;
        instants[(*count)++] = (struct lp_instant){call->return_ns, (uint32_t)i, rank, true};
        returned[call->process] = call->return_ns;
    }
    qsort(instants, *count, sizeof *instants, by_time);
    free(returned);
    return instants;
}

/* ---- texts ---- */

/* Bytes of a well-formed character at `text` (RFC 3629), or 0. */
static size_t utf8_length(const unsigned char *text)
{
    size_t len = *text < 0x80                    ? 1
                 : *text >= 0xc2 && *text < 0xe0 ? 2
                 : (*text & 0xf0) == 0xe0        ? 3
                 : *text >= 0xf0 && *text < 0xf5 ? 4
                                                 : 0;
    for (size_t i = 1; i < len; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    bool wrong = (*text == 0xe0 && text[1] < 0xa0) || (*text == 0xed && text[1] > 0x9f) ||
                 (*text == 0xf0 && text[1] < 0x90) || (*text == 0xf4 && text[1] > 0x8f);
    return wrong ? 0 : len;
}

void lp_json_quote(struct lp_str *out, const char *text)
{
    lp_str_add(out, "\"");
    for (const unsigned char *at = (const unsigned char *)text; *at;) {
        size_t len = utf8_length(at);
        if (*at == '"' || *at == '\\')
            lp_str_addf(out, "\\%c", *at);
        else if (*at < ' ' || *at == 0x7f)
            lp_str_addf(out, "\\u%04x", *at);
        else if (len == 0)
            lp_str_add(out, "\\ufffd");
        else
            lp_str_add_bytes(out, at, len);
        at += len ? len : 1;
    }
    lp_str_add(out, "\"");
}

struct writer {
    const struct lp_calls *calls;
    struct lp_str *out;
    bool json;
    bool first_field;
    size_t index;
    int64_t *owners;  /* numbers of processes as they began */
    int64_t *numbers; /* of processes, as they are called now */
    uint32_t *open;   /* of processes: calls of unknown outcome since the number was new */
    int64_t next_number;
    int64_t *call_numbers; /* of calls of unknown outcome: the number under which it was invoked */
};

static bool is_number(const char *text)
{
    const char *at = text + (*text == '-');
    size_t digits = strspn(at, "0123456789");
    return digits > 0 && digits < 18 && at[digits] == '\0';
}

/* What EDN reads as one form, by what it begins with: everything that came from a history does. */
static bool is_edn(const char *text)
{
    return *text == '"' || *text == ':' || *text == '[' || *text == '{' || *text == '#' ||
           *text == '\\' || is_number(text);
}

/* A text that a history had as a value: canonical EDN (history/form.h). */
static void put_text(struct writer *writer, const char *text)
{
    if (is_number(text) || *text == '"')
        lp_str_add(writer->out, text);
    else if (writer->json)
        lp_json_quote(writer->out, *text == ':' ? text + 1 : text);
    else if (is_edn(text) || !strpbrk(text, " ,;()[]{}\"\n\t"))
        lp_str_add(writer->out, text);
    else
        lp_json_quote(writer->out, text);
}

static void put_value(struct writer *writer, int64_t value)
{
    uint64_t text = (uint64_t)value - (uint64_t)LP_CALL_TEXT(0);
    if (value == LP_CALL_NOTHING)
        lp_str_add(writer->out, writer->json ? "null" : "nil");
    else if (text < writer->calls->text_count)
        put_text(writer, writer->calls->texts[text]);
    else
        lp_str_addf(writer->out, "%" PRId64, value);
}

static void put_name(struct writer *writer, const char *name)
{
    const char *comma = writer->first_field ? "" : writer->json ? ", " : ", ";
    writer->first_field = false;
    lp_str_addf(writer->out, writer->json ? "%s\"%s\": " : "%s:%s ", comma, name);
}

static void put_word(struct writer *writer, const char *name, const char *word)
{
    put_name(writer, name);
    lp_str_addf(writer->out, writer->json ? "\"%s\"" : ":%s", word);
}

static void put_integer(struct writer *writer, const char *name, int64_t value)
{
    put_name(writer, name);
    lp_str_addf(writer->out, "%" PRId64, value);
}

/* ---- one row ---- */

static void put_pair(struct writer *writer, int64_t a, int64_t b)
{
    lp_str_add(writer->out, "[");
    put_value(writer, a);
    lp_str_add(writer->out, writer->json ? ", " : " ");
    put_value(writer, b);
    lp_str_add(writer->out, "]");
}

static void put_plain_value(struct writer *writer, const struct lp_call *call, bool ok)
{
    switch ((enum lp_call_kind)call->kind) {
    case LP_CALL_ACQUIRE:
    case LP_CALL_ACQUIRE_SHARED:
    case LP_CALL_READ:
        put_value(writer, ok ? call->a : LP_CALL_NOTHING);
        return;
    case LP_CALL_WRITE:
        put_value(writer, call->a);
        return;
    case LP_CALL_ADD:
        if (ok && call->b != LP_CALL_NOTHING)
            put_pair(writer, call->a, call->b);
        else
            put_value(writer, call->a);
        return;
    case LP_CALL_CAS:
        put_pair(writer, call->a, call->b);
        return;
    case LP_CALL_RELEASE:
    case LP_CALL_KINDS:
        put_value(writer, LP_CALL_NOTHING);
    }
}

static void put_row(struct writer *writer, const struct lp_call *call, const char *type,
                    int64_t number, uint64_t time_ns)
{
    bool ok = strcmp(type, "ok") == 0;
    lp_str_addf(writer->out, "%s{", writer->index == 0 ? "" : writer->json ? ",\n " : "\n ");
    writer->first_field = true;
    put_word(writer, "type", type);
    put_word(writer, "f", lp_call_kind_name((enum lp_call_kind)call->kind));
    put_name(writer, "value");
    if (call->key != LP_CALL_NO_KEY || writer->calls->key_count > 1) {
        lp_str_add(writer->out, "[");
        if (call->key == LP_CALL_NO_KEY)
            put_value(writer, LP_CALL_NOTHING);
        else
            put_text(writer, writer->calls->keys[call->key]);
        lp_str_add(writer->out, writer->json ? ", " : " ");
        put_plain_value(writer, call, ok);
        lp_str_add(writer->out, "]");
    } else {
        put_plain_value(writer, call, ok);
    }
    if (call->kind == LP_CALL_WRITE && call->b != LP_CALL_NOTHING)
        put_integer(writer, "token", call->b);
    if (call->lease_ns > 0 && call->lease_ns <= INT64_MAX)
        put_integer(writer, "lease-ns", (int64_t)call->lease_ns);
    if (call->outcome == LP_BUSY && strcmp(type, "fail") == 0)
        put_word(writer, "error", call->kind == LP_CALL_CAS ? "mismatch" : "busy");
    put_integer(writer, "process", number);
    if (number != writer->owners[call->process])
        put_integer(writer, LP_ROW_OWNER, writer->owners[call->process]);
    put_integer(writer, "time", writer->calls->timed ? (int64_t)time_ns : -1);
    put_integer(writer, "index", (int64_t)writer->index++);
    lp_str_add(writer->out, "}");
}

/* ---- all rows ---- */

static void number_processes(struct writer *writer)
{
    const struct lp_calls *calls = writer->calls;
    bool numbered = true;
    writer->numbers = lp_alloc(calls->process_count, sizeof *writer->numbers);
    writer->owners = lp_alloc(calls->process_count, sizeof *writer->owners);
    writer->open = lp_alloc(calls->process_count, sizeof *writer->open);
    writer->call_numbers = lp_alloc(calls->count, sizeof *writer->call_numbers);
    for (size_t i = 0; i < calls->process_count; i++)
        numbered &= is_number(calls->processes[i]) && calls->processes[i][0] != '-';
    for (size_t i = 0; i < calls->process_count; i++) {
        writer->numbers[i] = numbered ? strtoll(calls->processes[i], NULL, 10) : (int64_t)i;
        writer->owners[i] = writer->numbers[i];
        if (writer->numbers[i] >= writer->next_number)
            writer->next_number = writer->numbers[i] + 1;
    }
}

static void write_invocation(struct writer *writer, uint32_t index)
{
    const struct lp_call *call = &writer->calls->calls[index];
    uint32_t process = call->process;
    if (writer->open[process] > 0) {
        writer->numbers[process] = writer->next_number++;
        writer->open[process] = 0;
    }
    writer->open[process] += !answered(call);
    writer->call_numbers[index] = writer->numbers[process];
    put_row(writer, call, "invoke", writer->numbers[process], call->invoke_ns);
}

static void write_calls(const struct lp_calls *calls, bool json, struct lp_str *out)
{
    struct writer writer = {.calls = calls, .out = out, .json = json};
    uint64_t last_ns = 0;
    size_t count;
    struct lp_instant *instants = lp_calls_instants(calls, &count);
    number_processes(&writer);
    lp_str_add(out, "[");
    for (size_t i = 0; i < count; i++) {
        const struct lp_call *call = &calls->calls[instants[i].call];
        last_ns = instants[i].time_ns;
        if (!instants[i].returns)
            write_invocation(&writer, instants[i].call);
        else
            put_row(&writer, call, call->outcome == LP_OK ? "ok" : "fail",
                    writer.call_numbers[instants[i].call], last_ns);
    }
    for (size_t i = 0; i < calls->count; i++)
        if (!answered(&calls->calls[i]))
            put_row(&writer, &calls->calls[i], "info", writer.call_numbers[i], last_ns);
    lp_str_add(out, "]\n");
    free(writer.numbers);
    free(writer.owners);
    free(writer.open);
    free(writer.call_numbers);
    free(instants);
}

void lp_calls_write_edn(const struct lp_calls *calls, struct lp_str *out)
{
    write_calls(calls, false, out);
}

void lp_calls_write_json(const struct lp_calls *calls, struct lp_str *out)
{
    write_calls(calls, true, out);
}
