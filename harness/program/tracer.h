/* SPDX-License-Identifier: MIT */
/*
 * Runs copies of a program under ptrace(2), sees the calls of program/sys.h, and writes the tape.
 * Whoever uses it may hold a task before any call that touches data or a lock, and let it go on
 * later: that is how bursts are aligned and schedules carried out.
 *
 * Everything is done by one thread, which must be the one that started the copies. When it dies,
 * the kernel kills them all (PTRACE_O_EXITKILL). Tracer and copies stay on one processor: a stop is
 * then 10 times cheaper.
 *
 * With `clocks`, time is virtual: sleeps end and timeouts expire when lp_tracer_advance() says so.
 */
#ifndef LP_PROGRAM_TRACER_H
#define LP_PROGRAM_TRACER_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/err.h"
#include "base/random.h"
#include "program/arch.h"
#include "program/sys.h"
#include "program/tape.h"

enum lp_task_state {
    LP_TASK_NEW,     /* seen before its parent's report */
    LP_TASK_RUNNING, /* also: blocked in the kernel */
    LP_TASK_HELD,    /* before a call, waiting for lp_tracer_go() */
    LP_TASK_ASLEEP,  /* virtual time: until wake_ns, or until something happens */
};

/* A call that a task is about to make, or is in. */
struct lp_pending {
    const struct lp_sys_row *row; /* NULL: its end */
    struct lp_regs regs;
    struct lp_event events[2]; /* what it will be on the tape */
    unsigned event_count;
    char *path;        /* of the object; malloc'd */
    char *path2;       /* of the second one */
    uint32_t gave_up;  /* UNLOCK event of a name of the copy's own that it removes; 0: none */
    bool visible;      /* may be held */
    bool drop;         /* output that nobody will read: pretended to be written */
    bool may_wait;     /* a lock call that waits */
    bool tried;        /* made as an attempt that does not wait */
    uint64_t wake_ns;  /* ASLEEP; UINT64_MAX: no time-out */
    uint64_t saved[2]; /* a time-out that was changed for the call */
    uint64_t saved_at; /* its address; 0: none */
    bool expired;      /* the time-out is over: the call may say so */
    bool again;        /* the same call once more */
    bool deadlock;     /* ... which is answered with EDEADLK */
};

struct lp_task {
    pid_t tid, pid;
    uint32_t copy;
    enum lp_task_state state;
    bool in_call; /* between its two stops */
    bool waits;   /* HELD: the lock was tried and is taken */
    bool exiting;
    bool vforked; /* sleeps until its child has gone its own way */
    struct lp_pending pending;
};

struct lp_copy {
    pid_t root;
    bool running;
    int status;     /* wait status of the root, when not running */
    uint32_t calls; /* traced so far */
    uint64_t started_ns, ended_ns;
    uint64_t output_dev, output_ino, output_size; /* where it prints */
    bool silenced;                                /* it printed more than is kept */
    uint64_t wrote; /* bytes written to files that are not its output */
};

/* Real time at which virtual time, since the start of the trial, had moved to `now_ns`. */
struct lp_age {
    uint64_t real_ns, now_ns;
};

/* When an exploration began, and what the virtual clocks say at the start of each of its trials;
   both CLOCK_REALTIME. */
struct lp_epoch {
    uint64_t real_ns, virtual_ns;
};

struct lp_tracer {
    struct lp_tape *tape;
    bool clocks;
    bool trying;     /* lock calls that wait are made as attempts */
    uint64_t now_ns; /* virtual, since the start of the trial */
    uint64_t reads;  /* of the clock, in a row */
    struct lp_epoch epoch;
    struct lp_age *ages; /* in order */
    size_t age_count, age_cap;
    struct lp_random random;
    struct lp_task **tasks;
    size_t task_count, task_cap;
    struct lp_copy *copies;
    size_t copy_count, copy_cap;
    bool interrupted; /* SIGINT, SIGTERM or SIGHUP came */
    sigset_t signals;
    uint64_t progress; /* grows with every stop */
    /* May be NULL. Before a visible call: true holds the task. */
    bool (*gate)(void *self, struct lp_tracer *tracer, struct lp_task *task);
    /* May be NULL. After a visible call; `event` is its first one on the tape, or LP_NO_EVENT. */
    void (*after)(void *self, struct lp_tracer *tracer, struct lp_task *task, uint32_t event);
    void *self;
};

struct lp_spawn {
    const char *const *argv;                      /* ended by NULL */
    const char *folder;                           /* to start in; NULL: the caller's */
    const char *output;                           /* file for stdout and stderr, made anew */
    int (*enter)(void *self, struct lp_err *err); /* in the new process, before exec; may be NULL */
    void *self;
};

/* Blocks the signals that are read from then on by the tracer: SIGCHLD, SIGINT, SIGTERM, SIGHUP. */
void lp_tracer_init(struct lp_tracer *tracer, struct lp_tape *tape, uint64_t seed);
/* Kills what still runs. Takes a zeroed struct too. */
void lp_tracer_release(struct lp_tracer *tracer);

/* Starts one more copy; its number is the next one. LP_ERR_USAGE when the program cannot be
   executed, LP_ERR_NEED when tracing is forbidden here. */
int lp_tracer_spawn(struct lp_tracer *tracer, const struct lp_spawn *spawn,
                    struct lp_err *err) LP_MUST_CHECK;

/* Handles what has happened; when nothing has, waits for it until `deadline_ns` (lp_clock_ns).
   Returns how many stops were handled; 0: the deadline passed, or interrupted. */
unsigned lp_tracer_turn(struct lp_tracer *tracer, uint64_t deadline_ns);

/* Lets a held task make its call. */
void lp_tracer_go(struct lp_tracer *tracer, struct lp_task *task);

/* ---- virtual time ---- */

struct lp_epoch lp_epoch_now(void);
/* For times of files: a trial begins; virtual time has moved on. */
void lp_ages_begin(struct lp_tracer *tracer);
void lp_ages_note(struct lp_tracer *tracer);
/* Does the call tell times of a file? Then they are told anew behind it. */
bool lp_ages_asked(const struct lp_sys_row *row);
/* Does it name the file by its descriptor only? (A path that is nobody's object is the system's,
   and its file an old one.) */
bool lp_ages_of_open_file(const struct lp_task *task);
void lp_ages_tell(const struct lp_tracer *tracer, const struct lp_task *task);

/* The task that would wake first, of a copy or (UINT32_MAX) of all; NULL: none sleeps. */
struct lp_task *lp_tracer_sleeper(const struct lp_tracer *tracer, uint32_t copy);
/* Time goes on to the task's waking, and it goes on. */
void lp_tracer_wake(struct lp_tracer *tracer, struct lp_task *task);
/* Tasks of the copy that wait for events with a time-out look again whether they have happened. */
void lp_tracer_look_again(struct lp_tracer *tracer, uint32_t copy);

/* Is nothing of the copy going on: every task held, asleep, or blocked in the kernel? */
bool lp_tracer_quiet(const struct lp_tracer *tracer, uint32_t copy);

void lp_tracer_signal(const struct lp_tracer *tracer, int signal); /* to all tasks' processes */
/* Kills all and waits for their ends. */
void lp_tracer_kill(struct lp_tracer *tracer);
size_t lp_tracer_running(const struct lp_tracer *tracer); /* copies */

/* ---- inside the room ---- */

/* What the call is about (enter.c). False: nothing to see in it. */
bool lp_enter_call(struct lp_tracer *tracer, struct lp_task *task);
/* Just before it is made: what is given up is given up now. */
void lp_enter_go(struct lp_tracer *tracer, struct lp_task *task);
/* It is over (leave.c). Returns the first event, or LP_NO_EVENT. */
uint32_t lp_leave_call(struct lp_tracer *tracer, struct lp_task *task);
/* A lock call that has to wait: a flock that converts has lost its old mode by now (flock(2)). */
void lp_leave_conversion(struct lp_tracer *tracer, struct lp_task *task);
/* Does any process of the copy but for descriptor `but_fd` of `but_pid` still have the hold's open
   file description? */
bool lp_leave_shared(const struct lp_tracer *tracer, const struct lp_tape_hold *hold, pid_t but_pid,
                     int but_fd);
/* The process is at its end: what it holds is given up. `before`: would it give up anything? */
bool lp_leave_holds_any(const struct lp_tracer *tracer, const struct lp_task *task);
void lp_leave_process(struct lp_tracer *tracer, const struct lp_task *task);

/* What a time call is answered (clocks.c). True: it is dealt with, the task goes on or sleeps. */
enum lp_clock_answer { LP_CLOCK_MAKE_CALL, LP_CLOCK_ANSWERED, LP_CLOCK_SLEEPS };
enum lp_clock_answer lp_clock_call(struct lp_tracer *tracer, struct lp_task *task);
/* A wait with a changed time-out is over: puts the time-out back. True: nothing has happened, the
   task has to sleep on. */
bool lp_clock_again(struct lp_tracer *tracer, struct lp_task *task, int64_t result);
/* After an exec: hides the clock that is read without a call. */
void lp_clock_hide(pid_t pid);

/* Lets it run until its next stop, with a signal or 0. */
void lp_task_resume(struct lp_task *task, int signal);
struct lp_task *lp_tracer_add_task(struct lp_tracer *tracer, pid_t tid);
/* A new process that waits to be traced (spawn.c). */
int lp_spawn_process(const struct lp_tracer *tracer, const struct lp_spawn *spawn, pid_t *pid,
                     int *go_fd, struct lp_err *err) LP_MUST_CHECK;

void lp_pending_clear(struct lp_pending *pending);
uint64_t lp_tracer_now(const struct lp_tracer *tracer);

#endif
