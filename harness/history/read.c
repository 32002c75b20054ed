/* SPDX-License-Identifier: MIT */
/* A file mapped, its notation found, its rows paired. */
#include "history/read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "history/pair.h"

#define READ_CHUNK (1u << 20)

/* ---- rows to calls ---- */

static enum lp_keying keying_of(const char *key)
{
    if (!key)
        return LP_KEYED_AUTO;
    return strcmp(key, "value") == 0 ? LP_KEYED_VALUE : LP_KEYED_FIELD;
}

static const char *key_field_of(const char *key)
{
    if (!key || strcmp(key, "value") == 0)
        return NULL;
    return strcmp(key, "none") == 0 ? "" : key;
}

static void tell(struct lp_reading *reading, const struct lp_rows *rows)
{
    static const char *const formats[] = {
        [LP_NOTATION_EDN] = "EDN",
        [LP_NOTATION_JSON] = "JSON",
        [LP_NOTATION_LINES] = "lines of text",
    };
    *reading = (struct lp_reading){.format = formats[rows->notation], .rows = rows->count};
    if (rows->truncated)
        snprintf(reading->early, sizeof reading->early,
                 "the file ends early, in line %zu: %zu rows were read",
                 lp_scan_line(&rows->scan, rows->scan.end), rows->count);
}

/* Where calls go: into the array, or to who wants them one by one. */
struct target {
    lp_call_sink *sink;
    void *context;
};

/* One pass over the rows. 1: done; 0: to be done again, without keys in values; -1: error. */
static int pair_rows(struct lp_calls *calls, struct lp_rows *rows, enum lp_keying keying,
                     const struct lp_read_options *options, const struct target *target,
                     struct lp_reading *reading, struct lp_err *err)
{
    struct lp_pairing pairing;
    struct lp_row row;
    int taken;
    lp_pairing_init(&pairing, calls, rows, keying, options->uncertainty_ns > 0);
    pairing.calls_max = options->calls_max;
    pairing.sink = target->sink;
    pairing.sink_context = target->context;
    while ((taken = lp_rows_next(rows, &row)) == 1) {
        if (lp_pairing_add(&pairing, &row, err) == -1)
            taken = -1;
        if (taken == -1 || pairing.contradicted || pairing.full || pairing.stopped)
            break;
    }
    bool again = taken != -1 && pairing.contradicted;
    if (again && target->sink && pairing.dropped + pairing.head > 0)
        taken = lp_scan_error(&rows->scan, row.at,
                              "a value that is no [key value]; say --key none, or --key FIELD");
    if (taken != -1 && !again)
        lp_pairing_end(&pairing);
    calls->timed = pairing.timed && rows->count > 0;
    tell(reading, rows);
    reading->full = pairing.full;
    lp_pairing_release(&pairing);
    return taken == -1 ? -1 : !again;
}

static int read_rows(struct lp_calls *calls, const char *name, const char *bytes, size_t size,
                     const struct lp_read_options *options, enum lp_keying keying,
                     const struct target *target, struct lp_reading *reading, struct lp_err *err)
{
    struct lp_rows rows;
    lp_calls_init(calls);
    lp_rows_init(&rows, name, bytes, size, key_field_of(options->key), err);
    int result = pair_rows(calls, &rows, keying, options, target, reading, err);
    calls->truncated = rows.truncated;
    calls->uncertainty_ns = options->uncertainty_ns;
    if (result != 1)
        lp_calls_release(calls);
    return result;
}

static bool begins(const char *bytes, size_t size, const char *magic, size_t len)
{
    return size >= len && memcmp(bytes, magic, len) == 0;
}

/* Files that people may well try. */
static int check_magic(const char *name, const char *bytes, size_t size, struct lp_err *err)
{
    if (begins(bytes, size, LP_HISTORY_MAGIC, sizeof LP_HISTORY_MAGIC))
        return lp_err_set(err, LP_ERR_USAGE,
                          "'%s' is the file of one worker; name the folder that it lies in", name);
    if (begins(bytes, size, "JEPSEN", 6))
        return lp_err_set(err, LP_ERR_USAGE,
                          "'%s' is a whole test of Jepsen; the history.edn beside it can be read",
                          name);
    if (begins(bytes, size, "\x1f\x8b", 2) || begins(bytes, size, "\x28\xb5\x2f\xfd", 4))
        return lp_err_set(err, LP_ERR_USAGE, "'%s' is compressed; unpack it first", name);
    return 0;
}

static int parse(struct lp_calls *calls, const char *name, const char *bytes, size_t size,
                 const struct lp_read_options *options, const struct target *target,
                 struct lp_reading *reading, struct lp_err *err)
{
    *calls = (struct lp_calls){0};
    if (check_magic(name, bytes, size, err) == -1)
        return -1;
    int result =
        read_rows(calls, name, bytes, size, options, keying_of(options->key), target, reading, err);
    if (result == 0)
        result = read_rows(calls, name, bytes, size, options, LP_KEYED_FIELD, target, reading, err);
    if (result == 1 && !target->sink)
        lp_calls_sort(calls);
    return result == 1 ? 0 : -1;
}

int lp_calls_parse(struct lp_calls *calls, const char *name, const char *bytes, size_t size,
                   const struct lp_read_options *options, struct lp_reading *reading,
                   struct lp_err *err)
{
    struct target target = {0};
    return parse(calls, name, bytes, size, options, &target, reading, err);
}

/* ---- files ---- */

static int read_pipe(int fd, const char *path, struct lp_str *text, struct lp_err *err)
{
    char *chunk = lp_alloc(READ_CHUNK, 1);
    ssize_t got;
    do {
        got = read(fd, chunk, READ_CHUNK);
        if (got > 0)
            lp_str_add_bytes(text, chunk, (size_t)got);
    } while (got > 0 || (got == -1 && errno == EINTR));
    free(chunk);
    return got == -1 ? lp_err_sys(err, LP_ERR_USAGE, errno, "unable to read '%s'", path) : 0;
}

static int parse_fd(struct lp_calls *calls, int fd, const char *path,
                    const struct lp_read_options *options, const struct target *target,
                    struct lp_reading *reading, struct lp_err *err)
{
    struct stat status;
    if (fstat(fd, &status) == -1)
        return lp_err_sys(err, LP_ERR_USAGE, errno, "unable to read '%s'", path);
    if (S_ISREG(status.st_mode) && status.st_size > 0) {
        size_t size = (size_t)status.st_size;
        void *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (bytes != MAP_FAILED) {
            madvise(bytes, size, MADV_SEQUENTIAL);
            int result = parse(calls, path, bytes, size, options, target, reading, err);
            munmap(bytes, size);
            return result;
        }
    }
    struct lp_str text;
    lp_str_init(&text);
    int result = read_pipe(fd, path, &text, err);
    if (result == 0)
        result = parse(calls, path, text.ptr, text.len, options, target, reading, err);
    lp_str_release(&text);
    return result;
}

static int parse_path(struct lp_calls *calls, const char *path,
                      const struct lp_read_options *options, const struct target *target,
                      struct lp_reading *reading, struct lp_err *err)
{
    *calls = (struct lp_calls){0};
    *reading = (struct lp_reading){0};
    if (strcmp(path, "-") == 0)
        return parse_fd(calls, STDIN_FILENO, "standard input", options, target, reading, err);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd == -1)
        return lp_err_sys(err, LP_ERR_USAGE, errno, "unable to read '%s'", path);
    int result = parse_fd(calls, fd, path, options, target, reading, err);
    close(fd);
    return result;
}

int lp_calls_read(struct lp_calls *calls, const char *path, const struct lp_read_options *options,
                  struct lp_reading *reading, struct lp_err *err)
{
    struct target target = {0};
    return parse_path(calls, path, options, &target, reading, err);
}

int lp_calls_stream(struct lp_calls *names, const char *path, const struct lp_read_options *options,
                    lp_call_sink *take, void *context, struct lp_reading *reading,
                    struct lp_err *err)
{
    struct target target = {take, context};
    return parse_path(names, path, options, &target, reading, err);
}
