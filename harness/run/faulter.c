/* SPDX-License-Identifier: MIT */
/*
 * One loop over all faults of the scenario. It looks up every millisecond: what it waits for (a
 * lock held, others' steps, a time) are counters in the control block, which workers change without
 * telling anybody.
 */
#include "run/faulter.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/str.h"
#include "base/units.h"
#include "os/clock.h"
#include "run/strike.h"

#define LOOK_UP_MS 1
#define FINISH_NS (10 * LP_SEC)

/* ---- who is who ---- */

int lp_faulter_init(struct lp_faulter *faulter, struct lp_container_plan *plan, struct lp_err *err)
{
    int ends[2];
    *faulter = (struct lp_faulter){.finish_fd = -1, .gather_fd = -1, .give_fd = -1};
    plan->give_fd = -1;
    if (plan->scenario->fault_count == 0)
        return 0;
    if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends) == -1)
        return lp_err_sys(err, LP_ERR_SELF, errno, "unable to make a socket");
    faulter->gather_fd = ends[0];
    faulter->give_fd = plan->give_fd = ends[1];
    atomic_store(&plan->control->parking.active, 1);
    return 0;
}

union descriptor_room {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr align;
};

int lp_faulter_introduce(int give_fd, uint32_t worker, struct lp_err *err)
{
    if (give_fd == -1)
        return 0;
    int self = (int)syscall(SYS_pidfd_open, getpid(), 0);
    if (self == -1)
        return lp_err_sys(err, LP_ERR_SELF, errno, "unable to name a worker's process");
    union descriptor_room room = {.bytes = {0}};
    struct iovec text = {.iov_base = &worker, .iov_len = sizeof worker};
    struct msghdr message = {.msg_iov = &text,
                             .msg_iovlen = 1,
                             .msg_control = room.bytes,
                             .msg_controllen = sizeof room.bytes};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof self);
    memcpy(CMSG_DATA(header), &self, sizeof self);
    ssize_t sent;
    while ((sent = sendmsg(give_fd, &message, MSG_NOSIGNAL)) == -1 && errno == EINTR)
        ;
    int failed = errno;
    close(self);
    return sent == -1 ? lp_err_sys(err, LP_ERR_SELF, failed, "unable to name a worker") : 0;
}

/* One worker's pidfd; -1 when there is no message. */
static int take_descriptor(int gather_fd, uint32_t *worker)
{
    union descriptor_room room;
    struct iovec text = {.iov_base = worker, .iov_len = sizeof *worker};
    struct msghdr message = {.msg_iov = &text,
                             .msg_iovlen = 1,
                             .msg_control = room.bytes,
                             .msg_controllen = sizeof room.bytes};
    int fd = -1;
    if (recvmsg(gather_fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) != sizeof *worker)
        return -1;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header && header->cmsg_type == SCM_RIGHTS)
        memcpy(&fd, CMSG_DATA(header), sizeof fd);
    return fd;
}

static void gather(struct lp_strikes *strikes, int gather_fd)
{
    uint32_t workers = strikes->plan->control->worker_count, worker;
    strikes->pidfds = lp_alloc(workers, sizeof *strikes->pidfds);
    for (uint32_t i = 0; i < workers; i++)
        strikes->pidfds[i] = -1;
    for (int fd; (fd = take_descriptor(gather_fd, &worker)) != -1;) {
        if (worker < workers && strikes->pidfds[worker] == -1)
            strikes->pidfds[worker] = fd;
        else
            close(fd);
    }
}

/* ---- when ---- */

enum phase {
    PHASE_WAITING, /* until due_ns */
    PHASE_ARMED,   /* for a step */
    PHASE_STRUCK,  /* until it is over */
    PHASE_DONE,
};

struct course {
    enum phase phase;
    uint64_t due_ns;
    unsigned struck;     /* times */
    uint64_t done_count; /* steps of `until` that had been done when it struck */
    struct lp_strike strike;
};

struct faulter {
    struct lp_strikes strikes;
    struct course courses[LP_FAULTS_MAX];
    struct lp_random random;
    const struct course *parking; /* who has the one place, or NULL */
};

static const struct lp_fault *fault_of(const struct faulter *faulter, const struct course *course)
{
    return &faulter->strikes.plan->scenario->faults[course - faulter->courses];
}

static struct lp_parking *parking_of(const struct faulter *faulter)
{
    return &faulter->strikes.plan->control->parking;
}

static uint64_t steps_done(const struct faulter *faulter, const struct lp_fault *fault)
{
    return atomic_load(&parking_of(faulter)->done[fault->until.step % LP_PARKING_KINDS]);
}

/* Waits are short and everybody else has left: nothing will ever fulfil `until`. */
static bool others_have_left(const struct faulter *faulter, const struct course *course)
{
    const struct lp_control *control = faulter->strikes.plan->control;
    for (uint32_t i = 0; i < control->worker_count; i++)
        if (!lp_strike_is_on(&course->strike, i) &&
            atomic_load(&control->slots[i].state) != LP_WORKER_LEFT)
            return false;
    return true;
}

static bool is_over(const struct faulter *faulter, const struct course *course)
{
    const struct lp_fault *fault = fault_of(faulter, course);
    if (fault->for_ns && lp_clock_ns() < course->strike.note.complete_ns + fault->for_ns)
        return false;
    if (fault->until.step == LP_STEP_NONE)
        return true;
    return steps_done(faulter, fault) >= course->done_count + fault->until.count ||
           others_have_left(faulter, course);
}

static void next_time(struct faulter *faulter, struct course *course)
{
    const struct lp_fault *fault = fault_of(faulter, course);
    bool repeats = fault->every_ns || fault->random.max_ns || fault->times > 1;
    if (!repeats || (fault->times && course->struck >= fault->times)) {
        course->phase = PHASE_DONE;
        return;
    }
    uint64_t distance_ns =
        fault->random.max_ns
            ? lp_random_between(&faulter->random, fault->random.min_ns, fault->random.max_ns)
            : fault->every_ns;
    course->due_ns = lp_clock_ns() + distance_ns;
    course->phase = PHASE_WAITING;
}

static void let_go(struct faulter *faulter, const struct course *course)
{
    if (faulter->parking != course)
        return;
    faulter->parking = NULL;
    lp_parking_let_go(parking_of(faulter));
}

static void lift(struct faulter *faulter, struct course *course)
{
    lp_strike_lift(&faulter->strikes, fault_of(faulter, course), &course->strike);
    let_go(faulter, course);
    next_time(faulter, course);
}

static void strike(struct faulter *faulter, struct course *course, uint32_t worker)
{
    const struct lp_fault *fault = fault_of(faulter, course);
    course->strike =
        (struct lp_strike){.worker = worker, .row = (uint32_t)(course - faulter->courses)};
    course->done_count = steps_done(faulter, fault);
    if (!lp_strike_do(&faulter->strikes, fault, &course->strike))
        return; /* nobody there: tried again at the next look */
    course->struck++;
    course->phase = PHASE_STRUCK;
    if (lp_fault_rows[fault->kind].network)
        let_go(faulter, course); /* a link is cut for those who go on */
    /* Who is struck for good goes on at once, or never. */
    if (is_over(faulter, course))
        lift(faulter, course);
}

/* Whom `by` or the target means, for the parking place. */
static struct lp_wanted wanted_of(const struct lp_fault *fault)
{
    const struct lp_fault_target *target = fault->by.text ? &fault->by : &fault->target;
    uint32_t number = target->index + 1;
    return (struct lp_wanted){
        .worker = target->kind == LP_TARGET_WORKER ? number : 0,
        .group = target->kind == LP_TARGET_GROUP ? number : 0,
        .container = target->kind == LP_TARGET_CONTAINER ? number : 0,
        .inside = fault->target.kind == LP_TARGET_HOLDER,
    };
}

/* There is one place only. Who stands there for another fault after the same step is struck by this
   one too; otherwise this one waits for its turn. */
static void arm(struct faulter *faulter, struct course *course)
{
    const struct lp_fault *fault = fault_of(faulter, course);
    const struct course *owner = faulter->parking;
    if (owner && owner->phase == PHASE_STRUCK &&
        fault_of(faulter, owner)->after.step == fault->after.step)
        strike(faulter, course, owner->strike.worker);
    if (owner)
        return;
    struct lp_wanted wanted = wanted_of(fault);
    faulter->parking = course;
    course->phase = PHASE_ARMED;
    lp_parking_arm(parking_of(faulter), fault->after.step, &wanted);
}

static void look_after(struct faulter *faulter, struct course *course)
{
    const struct lp_fault *fault = fault_of(faulter, course);
    uint32_t parked;
    switch (course->phase) {
    case PHASE_WAITING:
        if (lp_clock_ns() < course->due_ns)
            return;
        if (fault->after.step != LP_STEP_NONE)
            arm(faulter, course);
        else
            strike(faulter, course, LP_FAULT_NOBODY);
        return;
    case PHASE_ARMED:
        parked = atomic_load(&parking_of(faulter)->parked);
        if (parked)
            strike(faulter, course, parked - 1);
        return;
    case PHASE_STRUCK:
        if (is_over(faulter, course))
            lift(faulter, course);
        return;
    case PHASE_DONE:
        return;
    }
}

/* ---- the process ---- */

static void end(struct faulter *faulter)
{
    size_t count = faulter->strikes.plan->scenario->fault_count;
    lp_parking_disarm(parking_of(faulter));
    for (size_t i = 0; i < count; i++) {
        struct course *course = &faulter->courses[i];
        if (course->phase == PHASE_STRUCK)
            lp_strike_lift(&faulter->strikes, fault_of(faulter, course), &course->strike);
        else if (course->struck == 0)
            lp_strike_missed(&faulter->strikes, fault_of(faulter, course), (uint32_t)i);
    }
    atomic_store(&parking_of(faulter)->active, 0);
    lp_parking_let_go(parking_of(faulter));
    lp_strikes_release(&faulter->strikes);
}

/* Everybody is gone, or the run is to end: what is paused must not stay so. */
static bool must_end(const struct faulter *faulter, int finish_fd)
{
    struct pollfd finish = {.fd = finish_fd, .events = POLLIN};
    const struct lp_control *control = faulter->strikes.plan->control;
    if (poll(&finish, 1, LOOK_UP_MS) > 0)
        return true;
    return atomic_load(&control->stop) != 0;
}

static void faulter_main(struct faulter *faulter, int finish_fd)
{
    struct lp_control *control = faulter->strikes.plan->control;
    size_t count = faulter->strikes.plan->scenario->fault_count;
    while (atomic_load(&control->gate) == LP_GATE_CLOSED)
        lp_futex_wait(&control->gate, LP_GATE_CLOSED, LP_FOREVER);
    uint64_t opened_ns = atomic_load(&control->opened_ns);
    for (size_t i = 0; i < count; i++)
        faulter->courses[i].due_ns += opened_ns;
    while (!must_end(faulter, finish_fd))
        for (size_t i = 0; i < count; i++)
            look_after(faulter, &faulter->courses[i]);
    end(faulter);
}

/* Whoever is caught at his first step is so before the gate opens: later may be too late. */
static void set_out(struct faulter *faulter)
{
    const struct lp_scenario *scenario = faulter->strikes.plan->scenario;
    for (size_t i = 0; i < scenario->fault_count; i++) {
        const struct lp_fault *fault = &scenario->faults[i];
        faulter->courses[i].due_ns = fault->at_ns;
        if (fault->after.step != LP_STEP_NONE && fault->at_ns == 0 && !faulter->parking)
            arm(faulter, &faulter->courses[i]);
    }
}

int lp_faulter_start(struct lp_faulter *faulter, struct lp_backends *backends,
                     const struct lp_container_plan *plan, struct lp_err *err)
{
    int ends[2];
    struct faulter own = {.strikes = {.plan = plan, .backends = backends}};
    if (plan->scenario->fault_count == 0)
        return 0;
    lp_random_init(&own.random, plan->seed, UINT32_MAX);
    if (lp_notes_open(&own.strikes.notes, plan->history_fd, err) == -1)
        return -1;
    set_out(&own);
    if (pipe2(ends, O_CLOEXEC) == -1 || lp_process_fork(&faulter->child, 0) == -1)
        return lp_err_sys(err, LP_ERR_SELF, errno, "unable to start the faults");
    if (faulter->child.pid == 0) {
        close(ends[1]);
        gather(&own.strikes, faulter->gather_fd);
        faulter_main(&own, ends[0]);
        _exit(0);
    }
    close(ends[0]);
    lp_notes_close(&own.strikes.notes);
    faulter->finish_fd = ends[1];
    return 0;
}

void lp_faulter_finish(struct lp_faulter *faulter)
{
    if (faulter->child.pid > 0) {
        close(faulter->finish_fd);
        struct pollfd ended = {.fd = faulter->child.pidfd, .events = POLLIN};
        if (poll(&ended, 1, (int)(FINISH_NS / LP_MS)) != 1)
            lp_process_kill(&faulter->child, 9);
        lp_process_wait(&faulter->child);
    }
    if (faulter->gather_fd > 0)
        close(faulter->gather_fd);
    if (faulter->give_fd > 0)
        close(faulter->give_fd);
    *faulter = (struct lp_faulter){.finish_fd = -1, .gather_fd = -1, .give_fd = -1};
}
