/* SPDX-License-Identifier: MIT */
/* The options about a program, checked before anything is run. */
#include "cli/program_options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/units.h"
#include "os/file.h"
#include "place/place.h"

#define TIMEOUT_DEFAULT (60 * LP_SEC)
#define COPIES_MAX 256

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash && slash[1] ? slash + 1 : path;
}

static bool is_interpreter(const char *program)
{
    static const char *const names[] = {"python", "node", "bash", "sh",  "dash",
                                        "perl",   "ruby", "java", "php", "deno"};
    const char *name = last_part(program);
    for (size_t i = 0; i < LP_ARRAY_LEN(names); i++) {
        size_t length = strlen(names[i]);
        if (strncmp(name, names[i], length) == 0 &&
            name[length + strspn(name + length, "0123456789.")] == '\0')
            return true;
    }
    return false;
}

/* "python3 count.py" is known as count.py: interpreters are many programs' first word. */
static const char *name_of(const char *const *argv, size_t count)
{
    for (size_t i = 1; i < count && is_interpreter(argv[0]); i++)
        if (argv[i][0] != '-' && lp_is_file(argv[i]))
            return last_part(argv[i]);
    return last_part(argv[0]);
}

static int parse_codes(struct lp_program *program, const char *list, struct lp_err *err)
{
    while (list && *list) {
        char *end;
        long code = strtol(list, &end, 10);
        if (end == list || (*end && *end != ',') || code < 1 || code > 255)
            return lp_err_set(err, LP_ERR_USAGE,
                              "option '--fail-codes': '%s' is no list of exits from 1 to 255, such "
                              "as 1,75",
                              list);
        program->fail_codes[code] = true;
        list = *end ? end + 1 : end;
    }
    return 0;
}

static int parse_adds(struct lp_program *program, const char *text, struct lp_err *err)
{
    char *end;
    program->adds = 1;
    if (!text)
        return 0;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (end == text || *end || errno || number > INT32_MAX || number < INT32_MIN)
        return lp_err_set(err, LP_ERR_USAGE, "option '--adds': '%s' is no whole number", text);
    program->adds = number;
    return 0;
}

static int parse_place(struct lp_program_line *line, const struct lp_program_options *options,
                       struct lp_err *err)
{
    const char *name = options->placement;
    bool namespaces = name && strcmp(name, "namespace") == 0;
    if (name && !namespaces && strcmp(name, "process") != 0)
        return lp_err_set(err, LP_ERR_USAGE,
                          "option '--placement': '%s' is none of process, "
                          "namespace",
                          name);
    if (options->share && !lp_is_folder(options->share))
        return lp_err_set(err, LP_ERR_USAGE, "option '--share': '%s' is no folder", options->share);
    if (options->share && !namespaces)
        return lp_err_set(err, LP_ERR_USAGE,
                          "option '--share' needs containers: give --placement namespace too");
    if (!namespaces)
        return 0;
    if (lp_place_namespace.usable(err) == -1)
        return -1;
    if (options->share)
        line->place.share = realpath(options->share, NULL);
    line->program.place = &line->place;
    return 0;
}

int lp_program_line_parse(struct lp_program_line *line, const struct lp_program_options *options,
                          const char **argv, size_t count, unsigned copies_default,
                          struct lp_arena *arena, struct lp_err *err)
{
    memset(line, 0, sizeof *line);
    struct lp_program *program = &line->program;
    if (count == 0)
        return lp_err_set(err, LP_ERR_USAGE, "no program given: name it behind '--'");
    argv[count] = NULL;
    program->argv = argv;
    program->name = lp_arena_strdup(arena, name_of(argv, count));
    program->copies = options->workers ? (unsigned)options->workers : copies_default;
    program->setup = options->setup;
    program->observe = options->observe;
    program->invariant = options->invariant;
    program->unique_file = options->unique;
    program->check_output = options->check_output;
    program->timeout_ns = options->timeout_ns ? options->timeout_ns : TIMEOUT_DEFAULT;
    if (program->copies > COPIES_MAX)
        return lp_err_set(err, LP_ERR_USAGE, "option '--workers': at most %d copies", COPIES_MAX);
    if (parse_adds(program, options->adds, err) == -1 ||
        parse_codes(program, options->fail_codes, err) == -1)
        return -1;
    return parse_place(line, options, err);
}

void lp_program_line_release(struct lp_program_line *line)
{
    free((void *)(uintptr_t)line->place.share);
    memset(line, 0, sizeof *line);
}
