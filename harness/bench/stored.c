/* SPDX-License-Identifier: MIT */
/* Comparison with a stored result.json. */
#include "bench/gate.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/str.h"
#include "os/file.h"

#define FILE_SIZE_MAX ((size_t)64 * 1024 * 1024)
/* What remains unknown of two runs even where their bare loops agree. */
#define DOUBT_MIN 1.05
/* Where there is no bare loop to tell how the machine itself has changed: runs of one machine
   differ by 1.1 to 1.4 times. */
#define DOUBT_UNKNOWN 1.5

/* One lock's uncontended price, then and now. */
struct price {
    double bare_ns; /* 0: no bare loop */
    double pair_ns;
    struct lp_figure ratio; /* speed over that of the bare loop */
};

static double number_at(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

static bool price_then(const json_t *lock, struct price *price)
{
    const json_t *loops = json_object_get(json_object_get(lock, "overhead"), "loops");
    size_t index;
    const json_t *loop;
    *price = (struct price){0};
    json_array_foreach(loops, index, loop)
    {
        const char *name = json_string_value(json_object_get(loop, "loop"));
        double pair_ns = number_at(json_object_get(loop, "pair_ns"), "median");
        const json_t *ratio = json_object_get(loop, "ratio");
        if (name && strcmp(name, lp_loop_names[LP_LOOP_BARE]) == 0)
            price->bare_ns = pair_ns;
        if (name && strcmp(name, lp_loop_names[LP_LOOP_OFF]) == 0) {
            price->pair_ns = pair_ns;
            price->ratio = (struct lp_figure){number_at(ratio, "median"), number_at(ratio, "low"),
                                              number_at(ratio, "high")};
        }
    }
    return price->pair_ns > 0 && price->ratio.low > 0;
}

static bool price_now(const struct lp_bench_lock *lock, struct price *price)
{
    const struct lp_overhead *overhead = &lock->overhead;
    if (!overhead->measured)
        return false;
    *price = (struct price){
        .bare_ns = overhead->has_bare ? overhead->pair_ns[LP_LOOP_BARE].median : 0,
        .pair_ns = overhead->pair_ns[LP_LOOP_OFF].median,
        .ratio = overhead->ratio[LP_LOOP_OFF],
    };
    return price->pair_ns > 0 && price->ratio.low > 0;
}

/* The doubt, as a factor, and the ratio of the prices before it is applied. */
static double compare(const struct price *then, const struct price *now, struct lp_figure *ratio)
{
    if (then->bare_ns <= 0 || now->bare_ns <= 0) {
        double change = now->pair_ns / then->pair_ns;
        *ratio = (struct lp_figure){change, change, change};
        return DOUBT_UNKNOWN;
    }
    *ratio =
        (struct lp_figure){then->ratio.median / now->ratio.median,
                           then->ratio.low / now->ratio.high, then->ratio.high / now->ratio.low};
    double moved = now->bare_ns / then->bare_ns;
    return DOUBT_MIN * (moved > 1 ? moved : 1 / moved);
}

static void fill_row(struct lp_comparison_row *row, const struct price *then,
                     const struct price *now, double regress_max)
{
    double doubt = compare(then, now, &row->ratio);
    row->ratio.low /= doubt;
    row->ratio.high *= doubt;
    row->answer = lp_gate_decide(&row->ratio, regress_max);
    if (then->bare_ns > 0 && now->bare_ns > 0)
        snprintf(row->why, sizeof row->why,
                 "uncontended, over the bare loop: %.3f times as long (%.3f to %.3f, doubt %.2f: "
                 "the bare loop took %.0f ns then, %.0f ns now)",
                 row->ratio.median, row->ratio.low, row->ratio.high, doubt, then->bare_ns,
                 now->bare_ns);
    else
        snprintf(row->why, sizeof row->why,
                 "uncontended: %.3f times as long (%.3f to %.3f); without a bare loop nothing "
                 "tells how the machine has changed",
                 row->ratio.median, row->ratio.low, row->ratio.high);
}

static const json_t *find_lock(const json_t *root, const char *name)
{
    size_t index;
    const json_t *lock;
    json_array_foreach(json_object_get(root, "locks"), index, lock)
    {
        const char *text = json_string_value(json_object_get(lock, "name"));
        if (text && strcmp(text, name) == 0)
            return lock;
    }
    return NULL;
}

/* Another machine, or another kind of scratch folder: nothing to compare. NULL: the same. */
static const char *difference(const json_t *root, const struct lp_bench *bench)
{
    struct utsname host = {0};
    const json_t *machine = json_object_get(root, "machine");
    const char *name = json_string_value(json_object_get(machine, "host"));
    const char *filesystem = json_string_value(json_object_get(machine, "filesystem"));
    uname(&host);
    if (!name || strcmp(name, host.nodename) != 0)
        return "it is of another machine";
    if (!filesystem || strcmp(filesystem, bench->filesystem) != 0)
        return "its locks were on another kind of filesystem";
    if ((unsigned)json_integer_value(json_object_get(machine, "processors")) != bench->processors)
        return "it had another number of processors";
    return NULL;
}

static void compare_locks(struct lp_comparison *gate, const struct lp_bench *bench,
                          const json_t *root, const char *file)
{
    const char *other = difference(root, bench);
    for (size_t i = 0; i < bench->lock_count; i++) {
        const struct lp_bench_lock *lock = &bench->locks[i];
        const json_t *stored = find_lock(root, lock->text);
        struct price then, now;
        if (!stored || !lock->driver)
            continue;
        struct lp_comparison_row *row = &gate->rows[gate->row_count++];
        *row = (struct lp_comparison_row){
            .lock = lock->text, .reference = file, .workers = 1, .answer = LP_GATE_CANNOT_TELL};
        if (other)
            snprintf(row->why, sizeof row->why, "%s", other);
        else if (!price_then(stored, &then) || !price_now(lock, &now))
            snprintf(row->why, sizeof row->why, "its price was not measured");
        else
            fill_row(row, &then, &now, gate->regress_max);
    }
}

int lp_gate_stored(struct lp_comparison *gate, const struct lp_bench *bench, const char *file,
                   struct lp_err *err)
{
    struct lp_str text;
    json_error_t trouble;
    lp_str_init(&text);
    if (lp_file_read(file, FILE_SIZE_MAX, &text, err) == -1) {
        lp_str_release(&text);
        return -1;
    }
    json_t *root = json_loadb(text.ptr, text.len, 0, &trouble);
    lp_str_release(&text);
    const char *kind = json_string_value(json_object_get(root, "kind"));
    if (!kind || strcmp(kind, "bench") != 0) {
        json_decref(root);
        return lp_err_set(err, LP_ERR_USAGE, "'%s' is no result.json of `lockproof bench`", file);
    }
    gate->paired = false;
    gate->rows = lp_alloc(bench->lock_count + 1, sizeof *gate->rows);
    const json_t *wake = json_object_get(root, "wake_ns");
    const json_t *used = json_object_get(wake, lp_cpus_names[bench->plan.cpus]);
    gate->wake_then_ns = (uint64_t)json_integer_value(json_object_get(used, "p50"));
    compare_locks(gate, bench, root, file);
    json_decref(root);
    if (gate->row_count == 0)
        return lp_err_set(err, LP_ERR_USAGE, "'%s' holds none of these locks", file);
    return 0;
}
