/* SPDX-License-Identifier: MIT */
/*
 * One client of one driver, made from "name=value" texts as a scenario would give them, with hooks
 * in place of the harness's clock and points. For tests that speak to a driver directly.
 */
#ifndef LP_TESTS_ONE_CLIENT_H
#define LP_TESTS_ONE_CLIENT_H

#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "drivers/registry.h"

/* What a test wants to happen inside the driver; NULL: the real clock, no point, no alarm. */
struct one_hooks {
    uint64_t (*now_ns)(void);
    void (*point)(struct lp_client *client, const char *name);
    void (*alarm_start)(uint64_t deadline_ns);
    void (*alarm_stop)(void);
};
static struct one_hooks one_hooks;

static uint64_t one_now_ns(struct lp_client *client)
{
    (void)client;
    struct timespec now;
    if (one_hooks.now_ns)
        return one_hooks.now_ns();
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void one_point(struct lp_client *client, const char *name)
{
    if (one_hooks.point)
        one_hooks.point(client, name);
}

static void one_alarm_start(struct lp_client *client, uint64_t deadline_ns)
{
    (void)client;
    ck_assert_msg(one_hooks.alarm_start != NULL, "no alarm is wanted here");
    one_hooks.alarm_start(deadline_ns);
}

static void one_alarm_stop(struct lp_client *client)
{
    (void)client;
    one_hooks.alarm_stop();
}

static const struct lp_services one_services = {
    .now_ns = one_now_ns,
    .point = one_point,
    .alarm_start = one_alarm_start,
    .alarm_stop = one_alarm_stop,
};

/* `settings` is ended by NULL; its texts must live as long as the client. */
static struct lp_client *one_client(const struct lp_driver *driver, const char *const *settings,
                                    const char *url, uint64_t worker)
{
    struct lp_client *client = calloc(1, sizeof *client);
    void *params = calloc(1, driver->params_size);
    struct lp_err err = {.text = ""};

    lp_params_default(driver, params);
    for (; *settings; settings++) {
        const char *value = strchr(*settings, '=') + 1;
        size_t len = (size_t)(value - *settings) - 1;
        int rc = -1;
        for (size_t i = 0; i < driver->param_count; i++) {
            if (strlen(driver->params[i].name) == len &&
                strncmp(driver->params[i].name, *settings, len) == 0)
                rc = lp_param_set(&driver->params[i], params, value, &err);
        }
        ck_assert_msg(rc == 0, "%s: %s", *settings, err.text);
    }
    client->driver = driver;
    client->params = params;
    client->state = calloc(1, driver->state_size);
    client->server_url = url;
    client->server_urls = &client->server_url;
    client->server_count = url ? 1 : 0;
    client->worker = worker;
    client->seed = 1000 + worker;
    client->services = &one_services;
    return client;
}

static void one_client_free(struct lp_client *client)
{
    client->driver->close(client);
    free(client->state);
    free((void *)(uintptr_t)client->params);
    free(client);
}

#endif
