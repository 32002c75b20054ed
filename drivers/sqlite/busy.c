/* SPDX-License-Identifier: MIT */
/*
 * Waiting for the locks of others. SQLite knows no queue: a waiter sleeps and tries again, and its
 * own handler sleeps longer and longer, up to 100 ms. A connection that is at work hardly ever
 * finds a lock taken, one that waits hardly ever finds it free: of 8 processes 6 can starve for a
 * whole run, which then looks like a fault of the lock. So here the pauses stay short (2 ms at
 * most, with jitter that keeps waiters from marching in step), and an old waiter tries about as
 * often as a new one.
 *
 * The deadline ends with one try that *begins* after it: "busy" is then true of that moment, even
 * if this thread was stopped for seconds between its earlier tries.
 */
#include "drivers/sqlite/sqlite.h"

#include <errno.h>
#include <time.h>

#define PAUSE_NS_FIRST UINT64_C(50000)
#define PAUSE_NS_MAX UINT64_C(2000000)
#define DOUBLINGS_MAX 6

/* splitmix64 (Steele, Lea, Flood 2014). */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Uniform between half of the step and one and a half of it. */
static uint64_t pause_ns(struct sqlite_wait *wait, int tries)
{
    uint64_t step = PAUSE_NS_FIRST << (tries < DOUBLINGS_MAX ? tries : DOUBLINGS_MAX);
    if (step > PAUSE_NS_MAX)
        step = PAUSE_NS_MAX;
    return step / 2 + next_random(&wait->random) % (step + 1);
}

static void sleep_ns(uint64_t duration_ns)
{
    struct timespec left = {.tv_sec = (time_t)(duration_ns / 1000000000),
                            .tv_nsec = (long)(duration_ns % 1000000000)};
    while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR)
        ;
}

/* SQLite asks: the lock was taken for the `tries`-th time in this statement; try again (1)? */
static int on_busy(void *context, int tries)
{
    struct lp_client *client = context;
    struct sqlite_wait *wait = &sqlite_state_of(client)->wait;

    enum lp_waited waited = lp_wait(client);
    if (waited != LP_WAIT_YOURSELF)
        return waited == LP_WAITED;
    uint64_t now = lp_now_ns(client);
    if (tries == 0) {
        wait->deadline_ns = now + wait->timeout_ns;
        wait->last_try = false;
    }
    if (wait->last_try)
        return 0;
    lp_point(client, "busy");
    if (now >= wait->deadline_ns) {
        wait->last_try = true;
        return 1;
    }
    uint64_t pause = pause_ns(wait, tries);
    uint64_t left = wait->deadline_ns - now;
    sleep_ns(pause < left ? pause : left);
    return 1;
}

void lp_sqlite_wait_install(struct lp_client *client, unsigned handler, uint64_t timeout_ns)
{
    struct sqlite_state *state = sqlite_state_of(client);
    state->wait.timeout_ns = timeout_ns;
    state->wait.random = client->seed ^ client->worker;
    if (timeout_ns == 0)
        sqlite3_busy_handler(state->db, NULL, NULL);
    else if (handler == HANDLER_DEFAULT && !lp_is_led(client)) /* nobody can wait in ours */
        sqlite3_busy_timeout(
            state->db,
            (int)(timeout_ns / 1000000 > INT32_MAX ? INT32_MAX : (timeout_ns + 999999) / 1000000));
    else
        sqlite3_busy_handler(state->db, on_busy, client);
}
