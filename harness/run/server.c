/* SPDX-License-Identifier: MIT */
/*
 * A server's life: made, launched, ended, started again. It is a leader of its own session, so that
 * Ctrl-C at the terminal reaches lockproof only, which then ends it in order; and it is on a leash
 * (see os/process.h), so that it does not outlive a lockproof that was killed.
 */
#include "run/server_parts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/units.h"
#include "os/clock.h"
#include "os/file.h"

#define STOP_NS_MAX (2 * LP_SEC)

/* Where clients and the server itself must get in as another user. */
static void open_folder(const struct lp_server *server)
{
    if (!server->row->not_root || geteuid() != 0)
        return;
    char *parent = lp_strdup(server->folder);
    char *slash = strrchr(parent, '/');
    if (slash && slash != parent) {
        *slash = '\0';
        /* Nobody may look into it, but go through. */
        if (chmod(parent, 0711) == -1)
            errno = 0;
    }
    free(parent);
    if (chown(server->folder, LP_SERVER_NOBODY, LP_SERVER_NOBODY) == -1 ||
        chmod(server->folder, 0755) == -1)
        errno = 0; /* it will say itself what it misses */
}

int lp_server_launch(struct lp_server *server, struct lp_err *err)
{
    const struct lp_server_row *row = server->row;
    struct lp_str path;
    lp_str_init(&path);
    int result = lp_server_find_program(row, &path, err);
    lp_str_release(&path);
    if (result == -1)
        return -1;
    open_folder(server);
    if (!server->peers && row->alone)
        server->peers = lp_server_fill_in(server, row->alone);
    if (lp_server_set_up(server, err) == -1 ||
        (row->configure && row->configure(server, err) == -1))
        return -1;
    free(server->url);
    server->url = lp_server_fill_in(server, server->remote ? row->url_remote : row->url_local);
    return lp_server_spawn(server, err);
}

/* ---- made ---- */

unsigned lp_port_free(void)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof name;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool found = fd != -1 && bind(fd, (struct sockaddr *)&name, sizeof name) == 0 &&
                 getsockname(fd, (struct sockaddr *)&name, &size) == 0;
    if (fd != -1)
        close(fd);
    return found ? ntohs(name.sin_port) : 0;
}

static int name_socket(struct lp_server *server, struct lp_err *err)
{
    struct lp_str text;
    lp_str_init(&text);
    lp_str_addf(&text, "%s/%s.sock", server->folder, server->row->name);
    /* PostgreSQL and its pooler choose the name themselves, after the port. */
    if (server->row->not_root) {
        lp_str_clear(&text);
        lp_str_addf(&text, "%s/.s.PGSQL.%u", server->folder, server->ports[0]);
    }
    size_t room = sizeof((struct sockaddr_un *)NULL)->sun_path - 1;
    if (text.len > room) {
        lp_err_set(err, LP_ERR_SELF,
                   "the path of a socket, '%s', has %zu bytes and there is room for %zu: "
                   "a shorter folder is needed",
                   text.ptr, text.len, room);
        lp_str_release(&text);
        return -1;
    }
    server->socket = lp_str_detach(&text);
    lp_str_release(&text);
    return 0;
}

int lp_server_init(struct lp_server *server, const char *name, const char *folder,
                   struct lp_err *err)
{
    *server = (struct lp_server){.child = {.pidfd = -1}, .net_fd = -1, .number = 1};
    server->row = lp_server_find(name);
    if (!server->row)
        return lp_err_set(err, LP_ERR_SELF, "no server of the name '%s' is known", name);
    struct lp_str text;
    server->folder = lp_strdup(folder);
    server->host = lp_strdup("127.0.0.1");
    server->remote = server->row->local == NULL;
    for (size_t i = 0; i < LP_SERVER_PORTS_MAX; i++)
        server->ports[i] = lp_port_free();
    lp_str_init(&text);
    lp_str_addf(&text, "%s/%s.log", folder, server->row->name);
    server->log = lp_str_detach(&text);
    lp_str_release(&text);
    if (name_socket(server, err) == 0)
        return 0;
    lp_server_release(server);
    return -1;
}

int lp_server_start(struct lp_server *server, const char *name, const char *folder,
                    struct lp_err *err)
{
    const struct lp_server_row *row = lp_server_find(name);
    const char *given = row ? getenv(row->url_env) : NULL;
    if (given && *given) {
        *server = (struct lp_server){
            .row = row, .url = lp_strdup(given), .child = {.pidfd = -1}, .net_fd = -1};
        return 0;
    }
    if (lp_server_init(server, name, folder, err) == -1)
        return -1;
    if (lp_server_launch(server, err) == 0 && lp_server_wait_ready(server, err) == 0)
        return 0;
    lp_server_release(server);
    return -1;
}

/* ---- ended ---- */

int lp_server_end(struct lp_server *server, int signal)
{
    if (server->child.pid <= 0)
        return -1;
    lp_process_kill(&server->child, signal);
    if (!lp_server_has_ended(server, lp_clock_ns() + STOP_NS_MAX)) {
        lp_process_kill(&server->child, SIGCONT);
        lp_process_kill(&server->child, SIGKILL);
    }
    int status = lp_process_wait(&server->child);
    server->child = (struct lp_child){.pidfd = -1};
    unlink(server->socket);
    return status;
}

int lp_server_again(struct lp_server *server, bool lose_data, struct lp_err *err)
{
    struct lp_str data;
    int result = 0;
    if (lose_data) {
        lp_str_init(&data);
        lp_str_addf(&data, "%s/data", server->folder);
        lp_folder_remove(data.ptr);
        lp_str_release(&data);
        if (server->row->configure && !server->row->setup)
            result = server->row->configure(server, err);
        else if (server->row->setup)
            return lp_server_launch(server, err);
    }
    return result == 0 ? lp_server_spawn(server, err) : -1;
}

void lp_server_release(struct lp_server *server)
{
    if (server->child.pid > 0)
        lp_server_end(server, server->row->quit_signal);
    free(server->url);
    free(server->folder);
    free(server->socket);
    free(server->log);
    free(server->host);
    free(server->peers);
    for (size_t i = 0; i < LP_SERVER_EXTRA_MAX; i++)
        free(server->extra[i]);
    *server = (struct lp_server){.child = {.pidfd = -1}, .net_fd = -1};
}
