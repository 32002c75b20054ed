/* SPDX-License-Identifier: MIT */
#include "doctor/probe.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "drivers/driver.h"

static const struct {
    const char *name, *purpose;
} rows[LP_PROBE_KINDS] = {
    [LP_PROBE_FLOCK] = {"flock", "flock(2), flock(1), Python fcntl.flock"},
    [LP_PROBE_POSIX] = {"POSIX lock", "fcntl(2) F_SETLK, lockf(3), Python fcntl.lockf, Java"},
    [LP_PROBE_OFD] = {"OFD lock", "fcntl(2) F_OFD_SETLK"},
    [LP_PROBE_LOCKFILE] = {"O_EXCL", "lock files made with O_CREAT|O_EXCL"},
    [LP_PROBE_MKDIR] = {"mkdir", "lock folders"},
    [LP_PROBE_SQLITE] = {"SQLite rollback", "SQLite with journal_mode=DELETE"},
    [LP_PROBE_SQLITE_WAL] = {"SQLite WAL", "SQLite with journal_mode=WAL"},
    [LP_PROBE_MMAP] = {"shared mmap", "mapped counters, mutexes and semaphores"},
};

const char *lp_probe_name(enum lp_probe_kind kind)
{
    return rows[kind].name;
}

const char *lp_probe_purpose(enum lp_probe_kind kind)
{
    return rows[kind].purpose;
}

/* One probe: the two sides, and how far it came. */
struct trial {
    struct lp_probe *probe;
    enum lp_probe_kind kind;
    struct lp_side *side[2];
    const char *path[2];
    struct lp_side_answer answer; /* the latest */
};

enum { A, B };

static enum lp_outcome tell(struct trial *trial, int who, enum lp_side_act act, int64_t value)
{
    struct lp_side_order order = {.act = act, .driver = trial->kind, .value = value};
    snprintf(order.path, sizeof order.path, "%s", trial->path[who]);
    lp_side_do(trial->side[who], &order, &trial->answer);
    return trial->answer.outcome;
}

static enum lp_probe_result end(struct trial *trial, enum lp_probe_result result, const char *what)
{
    snprintf(trial->probe->text, sizeof trial->probe->text, "%s%s%.150s", what,
             trial->answer.text[0] ? ": " : "", trial->answer.text);
    return result;
}

/* B could not even open what A made: it is another folder, or B has no right to it. */
static enum lp_probe_result set_up(struct trial *trial)
{
    if (tell(trial, A, LP_SIDE_PREPARE, 0) != LP_OK || tell(trial, A, LP_SIDE_OPEN, 0) != LP_OK)
        return end(trial, LP_PROBE_UNAVAILABLE, "cannot be used here");
    if (tell(trial, B, LP_SIDE_OPEN, 1) != LP_OK)
        return end(trial, LP_PROBE_UNCLEAR, "the other side cannot open it");
    return LP_PROBE_WORKS;
}

static enum lp_probe_result excludes(struct trial *trial)
{
    enum lp_outcome outcome = tell(trial, A, LP_SIDE_TRY, 0);
    if (outcome == LP_BUSY)
        return end(trial, LP_PROBE_IN_USE, "somebody holds it now");
    if (outcome != LP_OK)
        return end(trial, LP_PROBE_UNAVAILABLE, "refused");
    outcome = tell(trial, B, LP_SIDE_TRY, 0);
    if (outcome == LP_OK)
        return end(trial, LP_PROBE_TWICE, "granted to both at once");
    if (outcome != LP_BUSY)
        return end(trial, LP_PROBE_UNCLEAR, "the other side's try failed");
    if (tell(trial, A, LP_SIDE_RELEASE, 0) != LP_OK)
        return end(trial, LP_PROBE_UNCLEAR, "it could not be released");
    outcome = tell(trial, B, LP_SIDE_TRY, 0);
    if (outcome != LP_OK)
        return end(trial, LP_PROBE_UNCLEAR, "not granted after it was released");
    tell(trial, B, LP_SIDE_RELEASE, 0);
    trial->probe->text[0] = '\0';
    return LP_PROBE_WORKS;
}

static enum lp_probe_result is_seen(struct trial *trial, int64_t value)
{
    if (tell(trial, A, LP_SIDE_WRITE_VALUE, value) != LP_OK)
        return end(trial, LP_PROBE_UNAVAILABLE, "cannot be written");
    if (tell(trial, B, LP_SIDE_READ_VALUE, 0) != LP_OK)
        return end(trial, LP_PROBE_UNCLEAR, "the other side cannot read it");
    if (trial->answer.value == value)
        return LP_PROBE_WORKS;
    snprintf(trial->probe->text, sizeof trial->probe->text,
             "one side wrote %lld, the other read %lld", (long long)value,
             (long long)trial->answer.value);
    return LP_PROBE_UNSEEN;
}

void lp_probe_try(struct lp_probe *probe, enum lp_probe_kind kind, struct lp_side *a,
                  const char *path_a, struct lp_side *b, const char *path_b)
{
    struct trial trial = {.probe = probe, .kind = kind, .side = {a, b}, .path = {path_a, path_b}};
    const struct lp_probe_driver *driver = &lp_probe_drivers[kind];
    memset(probe, 0, sizeof *probe);
    probe->result = set_up(&trial);
    if (probe->result == LP_PROBE_WORKS && driver->role == LP_ROLE_STORE)
        probe->result = is_seen(&trial, 4711);
    if (probe->result == LP_PROBE_WORKS && kind != LP_PROBE_MMAP)
        probe->result = excludes(&trial);
    tell(&trial, A, LP_SIDE_CLOSE, 0);
    tell(&trial, B, LP_SIDE_CLOSE, 0);
}

static enum lp_outcome order_file(struct lp_side *side, enum lp_side_act act, const char *path,
                                  const char *text, struct lp_side_answer *answer)
{
    struct lp_side_order order = {.act = act};
    snprintf(order.path, sizeof order.path, "%s", path);
    snprintf(order.text, sizeof order.text, "%s", text);
    lp_side_do(side, &order, answer);
    return answer->outcome;
}

void lp_probe_names(struct lp_probe *probe, struct lp_side *a, const char *path_a,
                    struct lp_side *b, const char *path_b)
{
    struct lp_side_answer answer;
    memset(probe, 0, sizeof *probe);
    probe->result = LP_PROBE_UNCLEAR;
    if (order_file(a, LP_SIDE_MAKE, path_a, "old", &answer) != LP_OK) {
        probe->result = LP_PROBE_UNAVAILABLE;
    } else if (order_file(b, LP_SIDE_MAKE, path_b, "mine", &answer) == LP_OK) {
        probe->result = LP_PROBE_TWICE;
        snprintf(answer.text, sizeof answer.text, "O_EXCL made one name twice");
    } else if (answer.errnum == EEXIST &&
               order_file(a, LP_SIDE_RENAME, path_a, "new", &answer) == LP_OK &&
               order_file(b, LP_SIDE_READ, path_b, "", &answer) == LP_OK) {
        bool seen = strcmp(answer.text, "new") == 0;
        probe->result = seen ? LP_PROBE_WORKS : LP_PROBE_UNSEEN;
        snprintf(answer.text, sizeof answer.text, "%s",
                 seen ? "" : "a file replaced by rename is not seen by the other side");
    }
    snprintf(probe->text, sizeof probe->text, "%s", answer.text);
}
