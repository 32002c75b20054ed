/* SPDX-License-Identifier: MIT */
/* The services of a free run. */
#include "run/services.h"

#include "os/clock.h"

static uint64_t now_ns(struct lp_client *client)
{
    (void)client;
    return lp_clock_ns();
}

static void pass_point(struct lp_client *client, const char *name)
{
    (void)client, (void)name;
}

static void start_alarm(struct lp_client *client, uint64_t deadline_ns)
{
    struct lp_host *host = client->host;
    lp_alarm_arm(&host->alarm, deadline_ns);
}

static void stop_alarm(struct lp_client *client)
{
    struct lp_host *host = client->host;
    lp_alarm_disarm(&host->alarm);
}

const struct lp_services lp_free_services = {
    .now_ns = now_ns,
    .point = pass_point,
    .alarm_start = start_alarm,
    .alarm_stop = stop_alarm,
};
