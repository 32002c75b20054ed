/* SPDX-License-Identifier: MIT */
/*
 * What the tests of the Redis plug-in need around it: a private server, a plain connection to ask
 * it things, the plug-in itself, and a proxy that loses replies. No client library: the core of the
 * program is built without one, and so are its tests.
 */
#ifndef LP_TESTS_REDIS_WORLD_H
#define LP_TESTS_REDIS_WORLD_H

#include <dlfcn.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "os/file.h"
#include "os/process.h"
#include "tests/unit/drivers/one_client.h"

static void *plugin;
static const struct lp_driver *redis;

/* A plug-in finds this in the program that loads it; nothing else here would link it in. */
__attribute__((used)) static const void *const offered_to_plugins = (const void *)lp_fail;

/* $LOCKPROOF_TEST_PLUGINS, or the folder "drivers" of the build that this program belongs to. */
static const char *plugin_folder(void)
{
    static char path[4096];
    const char *given = getenv("LOCKPROOF_TEST_PLUGINS");
    if (given)
        return given;
    ssize_t len = readlink("/proc/self/exe", path, sizeof path - 32);
    path[len > 0 ? len : 0] = '\0';
    char *at = strstr(path, "/tests/unit/");
    if (!at)
        return NULL;
    strcpy(at, "/drivers");
    return path;
}

static bool program_in_path(const char *name)
{
    char folders[4096], path[4200], *rest = NULL;
    snprintf(folders, sizeof folders, "%s", getenv("PATH") ? getenv("PATH") : "");
    for (char *at = strtok_r(folders, ":", &rest); at; at = strtok_r(NULL, ":", &rest)) {
        snprintf(path, sizeof path, "%s/%s", at, name);
        if (access(path, X_OK) == 0)
            return true;
    }
    return false;
}

/* NULL when the tests can be run, else what is missing. */
static const char *redis_missing(void)
{
    static char text[4200];
    const char *folder = plugin_folder();
    snprintf(text, sizeof text, "%s/redis.so", folder ? folder : "build/drivers");
    if (access(text, R_OK) != 0)
        return strcat(text, " (make plugins)");
    return program_in_path("redis-server") ? NULL : "redis-server (apt-get install redis-server)";
}

struct server {
    struct lp_child child;
    int output;
    char folder[64];
    char socket[80];
    char url[96];
};
static struct server server;

/* Started, and waited for until it says so. */
static void server_run(void)
{
    int output[2];
    char text[8192];
    size_t len = 0;

    ck_assert_int_eq(pipe2(output, O_CLOEXEC), 0);
    ck_assert_int_eq(lp_process_fork(&server.child, 0), 0);
    if (server.child.pid == 0) {
        dup2(output[1], STDOUT_FILENO);
        execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", server.socket,
               "--save", "", "--dir", server.folder, NULL);
        _exit(127);
    }
    close(output[1]);
    server.output = output[0];
    do {
        ssize_t got = read(server.output, text + len, sizeof text - 1 - len);
        ck_assert_msg(got > 0, "redis-server did not start");
        len += (size_t)got;
        text[len] = '\0';
    } while (!strstr(text, "eady to accept connections"));
}

static void server_end(void)
{
    lp_process_kill(&server.child, SIGKILL);
    lp_process_wait(&server.child);
    close(server.output);
}

static void world_make(void)
{
    const char *folder = plugin_folder();
    char file[4200];
    struct lp_err err;

    snprintf(server.folder, sizeof server.folder, "/tmp/lp-redis-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(server.folder));
    snprintf(server.socket, sizeof server.socket, "%s/s", server.folder);
    snprintf(server.url, sizeof server.url, "unix:%s", server.socket);
    server_run();
    snprintf(file, sizeof file, "%s/redis.so", folder);
    plugin = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    ck_assert_msg(plugin != NULL, "%s", dlerror());
    redis = *(const struct lp_driver *const *)dlsym(plugin, "lockproof_driver");
    ck_assert_msg(lp_driver_check(redis, file, &err) == 0, "%s", err.text);
}

static void world_release(void)
{
    server_end();
    lp_folder_remove(server.folder);
    dlclose(plugin);
}

static int dial_server(void)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    snprintf(name.sun_path, sizeof name.sun_path, "%s", server.socket);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&name, sizeof name), 0);
    return fd;
}

/* One inline command, behind the driver's back; the raw reply, good until the next one. */
static const char *ask(const char *command)
{
    static char reply[16384];
    char line[256];
    int fd = dial_server();
    snprintf(line, sizeof line, "%s\r\nQUIT\r\n", command);
    ck_assert_int_gt(send(fd, line, strlen(line), MSG_NOSIGNAL), 0);
    size_t len = 0;
    ssize_t got;
    while ((got = recv(fd, reply + len, sizeof reply - 1 - len, 0)) > 0)
        len += (size_t)got;
    close(fd);
    reply[len] = '\0';
    char *quit = len >= 5 ? strstr(reply + len - 5, "+OK\r\n") : NULL;
    ck_assert_ptr_nonnull(quit);
    *quit = '\0';
    return reply;
}

/*
 * A proxy at 127.0.0.1 in a thread of its own, for one connection after the other. When a command
 * holds `trigger`, it closes the connection instead of answering: without having handed the command
 * on, or after the server has carried it out.
 */
struct proxy {
    pthread_t thread;
    int listening;
    int port;
    char url[64];
    /* Set by the test while the proxy's thread runs. */
    _Atomic(const char *) trigger;
    atomic_bool hand_on;
    atomic_bool kill_server; /* with the trigger, instead of handing on */
};

/* Everything that one readiness gave; false when the connection has to be closed. */
static bool proxy_move(struct proxy *proxy, int from, int to, bool is_command)
{
    char bytes[16384];
    ssize_t got = recv(from, bytes, sizeof bytes, 0);
    if (got <= 0)
        return false;
    const char *trigger = is_command ? proxy->trigger : NULL;
    bool hit = trigger && memmem(bytes, (size_t)got, trigger, strlen(trigger));
    if (hit && !proxy->hand_on) {
        if (proxy->kill_server)
            lp_process_kill(&server.child, SIGKILL);
        return false;
    }
    send(to, bytes, (size_t)got, MSG_NOSIGNAL);
    if (hit)
        recv(to, bytes, sizeof bytes, 0); /* the reply: it is done, and nobody will know */
    return !hit;
}

static void *proxy_run(void *context)
{
    struct proxy *proxy = context;
    int client;
    while ((client = accept4(proxy->listening, NULL, NULL, SOCK_CLOEXEC)) != -1) {
        int backend = dial_server();
        struct pollfd fds[] = {{.fd = client, .events = POLLIN}, {.fd = backend, .events = POLLIN}};
        bool open = true;
        while (open && poll(fds, 2, -1) > 0) {
            if (fds[0].revents)
                open = proxy_move(proxy, client, backend, true);
            else if (fds[1].revents)
                open = proxy_move(proxy, backend, client, false);
        }
        close(backend);
        close(client);
    }
    return NULL;
}

static void proxy_init(struct proxy *proxy)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof name;
    *proxy = (struct proxy){.trigger = NULL};
    proxy->listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(proxy->listening, (struct sockaddr *)&name, size), 0);
    ck_assert_int_eq(listen(proxy->listening, 8), 0);
    ck_assert_int_eq(getsockname(proxy->listening, (struct sockaddr *)&name, &size), 0);
    proxy->port = ntohs(name.sin_port);
    snprintf(proxy->url, sizeof proxy->url, "127.0.0.1:%d", proxy->port);
    ck_assert_int_eq(pthread_create(&proxy->thread, NULL, proxy_run, proxy), 0);
}

/* After its clients: it ends when the last one has hung up. */
static void proxy_release(struct proxy *proxy)
{
    shutdown(proxy->listening, SHUT_RDWR);
    pthread_join(proxy->thread, NULL);
    close(proxy->listening);
}

#endif
