/* SPDX-License-Identifier: MIT */
/* Per-thread timers over timer_create(2) with SIGEV_THREAD_ID. */
#include "os/alarm.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include "base/units.h"

#ifndef sigev_notify_thread_id /* glibc before 2.38 does not name the member */
#define sigev_notify_thread_id _sigev_un._tid
#endif

#define ALARM_REPEAT_NS (5 * LP_MS)

/* Real-time, so that nobody's SIGALRM is taken; away from both ends, where the C library and
   valgrind take theirs. */
#define ALARM_SIGNAL (SIGRTMIN + 5)

static void on_alarm(int signal_number)
{
    (void)signal_number;
}

static struct timespec to_timespec(uint64_t ns)
{
    return (struct timespec){.tv_sec = (time_t)(ns / LP_SEC), .tv_nsec = (long)(ns % LP_SEC)};
}

int lp_alarm_init(struct lp_alarm *alarm, struct lp_err *err)
{
    memset(alarm, 0, sizeof *alarm);

    /* For the whole process, but the same each time: it does not matter who comes first. Without
       SA_RESTART, or the kernel would just go on waiting. */
    struct sigaction action = {.sa_handler = on_alarm};
    sigemptyset(&action.sa_mask);
    if (sigaction(ALARM_SIGNAL, &action, NULL) == -1)
        return lp_err_sys(err, LP_ERR_SELF, errno, "unable to handle the alarm signal");

    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = ALARM_SIGNAL};
    event.sigev_notify_thread_id = gettid();
    if (timer_create(CLOCK_MONOTONIC, &event, &alarm->timer) == -1)
        return lp_err_sys(err, LP_ERR_SELF, errno, "unable to make a timer");
    alarm->made = true;

    sigset_t through;
    sigemptyset(&through);
    sigaddset(&through, ALARM_SIGNAL);
    int failed = pthread_sigmask(SIG_UNBLOCK, &through, NULL);
    if (failed) {
        lp_alarm_release(alarm);
        return lp_err_sys(err, LP_ERR_SELF, failed, "unable to let the alarm signal through");
    }
    return 0;
}

void lp_alarm_release(struct lp_alarm *alarm)
{
    if (alarm->made)
        timer_delete(alarm->timer);
    alarm->made = false;
}

void lp_alarm_arm(struct lp_alarm *alarm, uint64_t deadline_ns)
{
    /* An it_value of 0 would disarm. */
    struct itimerspec when = {
        .it_value = to_timespec(deadline_ns ? deadline_ns : 1),
        .it_interval = to_timespec(ALARM_REPEAT_NS),
    };
    if (timer_settime(alarm->timer, TIMER_ABSTIME, &when, NULL) == -1)
        LP_BUG("an alarm was armed that was never made");
}

void lp_alarm_disarm(struct lp_alarm *alarm)
{
    static const struct itimerspec never;
    if (timer_settime(alarm->timer, 0, &never, NULL) == -1)
        LP_BUG("an alarm was disarmed that was never made");
}
