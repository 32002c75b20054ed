/* SPDX-License-Identifier: MIT */
/*
 * How fast a run of our own is decided by a model: bench_own RUN_DIR [MODEL...]
 *
 * From the files to the decision (mapped, validated, merged, made into calls, decided), beside one
 * plain pass over the same records, mapped anew in the same run and turn by turn: their words added
 * up. Median of the pairs, and of their ratios.
 */
#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "check/model.h"
#include "history/read.h"
#include "os/clock.h"
#include "tests/bench/median.h"

#define PAIRS 9

static uint64_t sum_of(const char *path, size_t *records)
{
    struct stat status;
    uint64_t sum = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd == -1 || fstat(fd, &status) == -1)
        exit(1);
    size_t size = (size_t)status.st_size;
    uint64_t *words = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (words == MAP_FAILED)
        exit(1);
    for (size_t i = LP_HISTORY_HEADER_SIZE / sizeof *words; i < size / sizeof *words; i++)
        sum += words[i];
    *records += (size - LP_HISTORY_HEADER_SIZE) / sizeof(struct lp_record);
    munmap(words, size);
    close(fd);
    return sum;
}

static double pass_ms(const glob_t *files, size_t *records)
{
    volatile uint64_t sink = 0;
    uint64_t begin_ns = lp_clock_ns();
    *records = 0;
    for (size_t i = 0; i < files->gl_pathc; i++)
        sink += sum_of(files->gl_pathv[i], records);
    return (double)(lp_clock_ns() - begin_ns) / 1e6;
}

static bool feed(void *context, const struct lp_call *call)
{
    return lp_feed_add(context, call);
}

static double decide_ms(const char *folder, const struct lp_model *model)
{
    struct lp_history history;
    struct lp_calls names;
    struct lp_decision decision;
    struct lp_err err;
    uint64_t begin_ns = lp_clock_ns();
    if (lp_history_open(&history, folder, &err) == -1)
        exit(1);
    struct lp_feed *calls = lp_feed_new(model, NULL, history.start_value, 0, &err);
    if (!calls || !lp_calls_stream_history(&names, &history, lp_feed_kinds(model), feed, calls))
        exit(1);
    lp_feed_end(calls, &decision);
    lp_feed_free(calls);
    lp_calls_release(&names);
    lp_history_release(&history);
    double elapsed_ms = (double)(lp_clock_ns() - begin_ns) / 1e6;
    if (decision.decided != LP_DECIDED_HELD)
        fprintf(stderr, "not held: %s\n", decision.detail);
    lp_decision_release(&decision);
    return elapsed_ms;
}

static void compare(const char *folder, const glob_t *files, const char *name)
{
    struct lp_model model;
    struct lp_err err;
    double pass[PAIRS], decided[PAIRS], ratio[PAIRS];
    size_t records = 0;
    if (lp_model_parse(&model, name, &err) == -1) {
        fprintf(stderr, "bench_own: %s\n", err.text);
        exit(2);
    }
    for (unsigned i = 0; i < PAIRS; i++) {
        pass[i] = pass_ms(files, &records);
        decided[i] = decide_ms(folder, &model);
        ratio[i] = decided[i] / pass[i];
    }
    printf("%-12s %9zu records  decided %7.1f ms  plain pass %6.1f ms  %5.2f passes\n", name,
           records, median_of(decided, PAIRS), median_of(pass, PAIRS), median_of(ratio, PAIRS));
}

int main(int argc, char **argv)
{
    static const char *const models[] = {"mutex", "owned-mutex", "lease"};
    struct lp_str folder, pattern;
    glob_t files;
    if (argc < 2) {
        fprintf(stderr, "usage: bench_own RUN_DIR [MODEL...]\n");
        return 2;
    }
    lp_str_init(&folder);
    lp_str_init(&pattern);
    lp_str_addf(&folder, "%s/history", argv[1]);
    lp_str_addf(&pattern, "%s/worker-*.lph", folder.ptr);
    if (glob(pattern.ptr, 0, NULL, &files) != 0) {
        fprintf(stderr, "bench_own: no history in '%s'\n", argv[1]);
        return 2;
    }
    for (int i = 2; i < argc; i++)
        compare(folder.ptr, &files, argv[i]);
    for (size_t i = 0; argc == 2 && i < LP_ARRAY_LEN(models); i++)
        compare(folder.ptr, &files, models[i]);
    globfree(&files);
    lp_str_release(&pattern);
    lp_str_release(&folder);
    return 0;
}
