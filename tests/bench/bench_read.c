/* SPDX-License-Identifier: MIT */
/*
 * How fast foreign histories are read: bench_read [CALLS]
 *
 * A history of a mutex and one of a cas-register, written as EDN, JSON and lines of text, are read
 * into calls; beside it, in the same run and turn by turn, the plainest pass over the same bytes:
 * counting their newlines with memchr. Median of the pairs, and of their ratios.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "base/str.h"
#include "history/names.h"
#include "history/read.h"
#include "history/write.h"
#include "os/clock.h"
#include "tests/bench/median.h"

#define PAIRS 7
#define CALLS 200000

static void make_calls(struct lp_calls *calls, size_t count, bool lock)
{
    struct lp_random random;
    lp_random_init(&random, 1, 0);
    lp_calls_init(calls);
    calls->timed = true;
    calls->process_count = 10;
    calls->processes = lp_alloc(10, sizeof *calls->processes);
    for (unsigned i = 0; i < 10; i++)
        calls->processes[i] = lp_arena_printf(&calls->arena, "%u", i);
    calls->calls = lp_alloc(count, sizeof *calls->calls);
    calls->count = count;
    for (size_t i = 0; i < count; i++) {
        uint64_t from_ns = 1000000000 + i * 2000;
        uint8_t kind = lock ? (i % 2 ? LP_CALL_RELEASE : LP_CALL_ACQUIRE)
                            : (uint8_t)(LP_CALL_READ + lp_random_between(&random, 0, 1));
        kind = !lock && i % 3 == 0 ? LP_CALL_CAS : kind;
        int64_t a = lock ? LP_CALL_NOTHING : (int64_t)lp_random_between(&random, 0, 4);
        calls->calls[i] = (struct lp_call){.invoke_ns = from_ns,
                                           .return_ns = from_ns + 1500,
                                           .a = a,
                                           .b = kind == LP_CALL_CAS ? 3 : LP_CALL_NOTHING,
                                           .process = (uint32_t)(lock ? i / 2 % 10 : i % 10),
                                           .kind = kind,
                                           .outcome = LP_OK};
    }
}

/* Old logs have no writer of their own in the program. */
static void write_lines(const struct lp_calls *calls, struct lp_str *out)
{
    size_t count;
    struct lp_instant *instants = lp_calls_instants(calls, &count);
    for (size_t i = 0; i < count; i++) {
        const struct lp_call *call = &calls->calls[instants[i].call];
        lp_str_addf(out, "INFO  jepsen.util - %" PRIu32 "\t:%s\t:%s\t", call->process,
                    instants[i].returns ? "ok" : "invoke", lp_call_kind_name(call->kind));
        if (call->kind == LP_CALL_CAS)
            lp_str_addf(out, "[%" PRId64 " %" PRId64 "]\n", call->a, call->b);
        else if (call->a == LP_CALL_NOTHING)
            lp_str_add(out, "nil\n");
        else
            lp_str_addf(out, "%" PRId64 "\n", call->a);
    }
    free(instants);
}

static size_t count_lines(const struct lp_str *text)
{
    size_t lines = 0;
    const char *end = text->ptr + text->len;
    for (const char *at = text->ptr; (at = memchr(at, '\n', (size_t)(end - at))); at++)
        lines++;
    return lines;
}

static void measure(const char *what, const char *notation, const struct lp_str *text, size_t count)
{
    double read_ns[PAIRS], pass_ns[PAIRS], ratio[PAIRS];
    struct lp_read_options options = {0};
    volatile size_t lines = 0;
    for (unsigned i = 0; i < PAIRS; i++) {
        struct lp_calls calls;
        struct lp_reading reading;
        struct lp_err err = {0};
        uint64_t start_ns = lp_clock_ns();
        lines = count_lines(text);
        uint64_t middle_ns = lp_clock_ns();
        if (lp_calls_parse(&calls, "bench", text->ptr, text->len, &options, &reading, &err) == -1 ||
            calls.count != count) {
            fprintf(stderr, "bench_read: %s\n", err.text);
            exit(EXIT_FAILURE);
        }
        uint64_t end_ns = lp_clock_ns();
        lp_calls_release(&calls);
        pass_ns[i] = (double)(middle_ns - start_ns);
        read_ns[i] = (double)(end_ns - middle_ns);
        ratio[i] = read_ns[i] / pass_ns[i];
    }
    double size = (double)text->len;
    double read = median_of(read_ns, PAIRS);
    printf("%-13s %-6s %7.1f MB %8.0f MB/s %7.2f M rows/s %9.0f MB/s %6.1f\n", what, notation,
           size / 1e6, size / read * 1e3, (double)lines / read * 1e3,
           size / median_of(pass_ns, PAIRS) * 1e3, median_of(ratio, PAIRS));
}

int main(int argc, char **argv)
{
    size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : CALLS;
    if (count < 10)
        return EXIT_FAILURE;
    printf("%-13s %-6s %10s %13s %15s %14s %6s\n", "history", "form", "size", "read", "",
           "newlines", "ratio");
    for (int lock = 1; lock >= 0; lock--) {
        struct lp_calls calls;
        struct lp_str text;
        const char *what = lock ? "mutex" : "cas-register";
        make_calls(&calls, count, lock);
        lp_str_init(&text);
        lp_calls_write_edn(&calls, &text);
        measure(what, "EDN", &text, count);
        lp_str_clear(&text);
        lp_calls_write_json(&calls, &text);
        measure(what, "JSON", &text, count);
        lp_str_clear(&text);
        write_lines(&calls, &text);
        measure(what, "lines", &text, count);
        lp_str_release(&text);
        lp_calls_release(&calls);
    }
    return EXIT_SUCCESS;
}
