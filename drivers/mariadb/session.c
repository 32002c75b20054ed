/* SPDX-License-Identifier: MIT */
/*
 * A connection through the non-blocking half of MariaDB Connector/C, so that every wait has a
 * deadline of ours (MariaDB manual, "Using the Non-blocking Library"). Errors of the server:
 *
 *     1205 lock wait timeout, 1213 deadlock, 1020 changed since last read   LP_BUSY
 *     any other                                                             LP_FAIL
 *     2006, 2013: the connection is gone     LP_UNKNOWN if the statement writes, else LP_FAIL
 *
 * While exploring nobody else goes on unless this client says that it waits: what is not answered
 * soon is looked at from a second connection. INNODB_TRX is made anew only when nobody has read it
 * for 100 ms (MariaDB manual, "Information Schema INNODB_TRX Table"): looking sooner would show
 * what was.
 */
#include "drivers/mariadb/mariadb.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLIENT_ERROR_FIRST 2000
#define CLIENT_ERROR_LAST 2999
#define SEEN_ANEW_MS 120

static uint64_t deadline_of(struct lp_client *client)
{
    return lp_now_ns(client) + my_params_of(client)->timeout_ns;
}

void my_hang_up(struct lp_client *client)
{
    struct my_state *state = my_state_of(client);
    if (state->connection)
        mysql_close(state->connection);
    if (state->watcher)
        mysql_close(state->watcher);
    state->connection = state->watcher = NULL;
    state->in_transaction = false;
    client->session.id = 0;
}

/* ---- led ---- */

static bool ask_watcher(struct lp_client *client, const char *sql)
{
    MYSQL *watcher = my_state_of(client)->watcher;
    MYSQL_RES *result = NULL;
    if (watcher && mysql_query(watcher, sql) == 0)
        result = mysql_store_result(watcher);
    bool any = result && mysql_num_rows(result) > 0;
    if (result)
        mysql_free_result(result);
    return any;
}

/* Does the statement that was sent wait for another session? */
static bool is_blocked(struct lp_client *client)
{
    char sql[160];
    snprintf(sql, sizeof sql,
             "SELECT 1 FROM information_schema.INNODB_TRX WHERE trx_mysql_thread_id = %" PRIu64
             " AND trx_state = 'LOCK WAIT'",
             client->session.id);
    return ask_watcher(client, sql);
}

static void give_up(struct lp_client *client)
{
    char sql[64];
    my_state_of(client)->given_up = true;
    snprintf(sql, sizeof sql, "KILL QUERY %" PRIu64, client->session.id);
    (void)ask_watcher(client, sql);
}

/* The deadline is virtual: nothing ends by it, but what a server that is not blocked takes. */
static int poll_led(struct lp_client *client, struct pollfd *polled)
{
    uint64_t looks = my_params_of(client)->timeout_ns / 1000000 / SEEN_ANEW_MS + 1;
    while (looks-- > 0) {
        int ready = poll(polled, 1, SEEN_ANEW_MS);
        if (ready != 0)
            return ready;
        if (is_blocked(client) && lp_wait(client) != LP_WAITED)
            give_up(client);
    }
    return 0;
}

/* What the library waits for, waited for by us: its MYSQL_WAIT_* bits; 0 when the time is over. */
static int wait_for(struct lp_client *client, int wanted, uint64_t deadline_ns)
{
    struct pollfd polled = {.fd = (int)mysql_get_socket(my_state_of(client)->connection)};
    polled.events = (short)((wanted & MYSQL_WAIT_READ ? POLLIN : 0) |
                            (wanted & MYSQL_WAIT_WRITE ? POLLOUT : 0) |
                            (wanted & MYSQL_WAIT_EXCEPT ? POLLPRI : 0));
    for (;;) {
        uint64_t now = lp_now_ns(client);
        if (now >= deadline_ns)
            return 0;
        uint64_t left = deadline_ns - now;
        struct timespec timeout = {.tv_sec = (time_t)(left / 1000000000),
                                   .tv_nsec = (long)(left % 1000000000)};
        int ready =
            lp_is_led(client) ? poll_led(client, &polled) : ppoll(&polled, 1, &timeout, NULL);
        if (ready == -1 && errno == EINTR)
            continue;
        if (ready <= 0)
            return 0;
        return (polled.revents & (POLLIN | POLLHUP | POLLERR) ? MYSQL_WAIT_READ : 0) |
               (polled.revents & POLLOUT ? MYSQL_WAIT_WRITE : 0) |
               (polled.revents & POLLPRI ? MYSQL_WAIT_EXCEPT : 0);
    }
}

/* ---- connecting ---- */

struct my_address {
    char host[128], user[64], password[128], database[64];
    const char *socket;
    unsigned port;
};

/* "unix:/path", "host:port", or "mysql://user:password@host:port/database". */
static bool parse_address(struct my_address *address, const char *url)
{
    *address = (struct my_address){.user = "root", .port = 3306};
    if (!url || !*url)
        return false;
    if (strncmp(url, "unix:", 5) == 0) {
        address->socket = url + 5;
        return true;
    }
    const char *at = strncmp(url, "mysql://", 8) == 0 ? url + 8 : url;
    if (strstr(at, "://"))
        return false;
    const char *host = strrchr(at, '@');
    if (host) {
        snprintf(address->user, sizeof address->user, "%.*s", (int)strcspn(at, ":@"), at);
        const char *colon = memchr(at, ':', (size_t)(host - at));
        if (colon)
            snprintf(address->password, sizeof address->password, "%.*s", (int)(host - colon - 1),
                     colon + 1);
        at = host + 1;
    }
    size_t len = strcspn(at, ":/");
    snprintf(address->host, sizeof address->host, "%.*s", (int)len, at);
    if (at[len] == ':')
        address->port = (unsigned)strtoul(at + len + 1, NULL, 10);
    const char *slash = strchr(at, '/');
    if (slash)
        snprintf(address->database, sizeof address->database, "%s", slash + 1);
    return address->host[0] != '\0' && address->port != 0;
}

static bool dial(struct lp_client *client, const struct my_address *address)
{
    MYSQL *connection = my_state_of(client)->connection;
    const char *host = address->socket ? NULL : address->host;
    const char *password = address->password[0] ? address->password : NULL;
    const char *database = address->database[0] ? address->database : NULL;
    uint64_t deadline_ns = deadline_of(client);
    MYSQL *made = NULL;
    int wanted =
        mysql_real_connect_start(&made, connection, host, address->user, password, database,
                                 address->port, address->socket, CLIENT_FOUND_ROWS);
    while (wanted) {
        int ready = wait_for(client, wanted, deadline_ns);
        if (ready == 0)
            return false;
        wanted = mysql_real_connect_cont(&made, connection, ready);
    }
    return made != NULL;
}

/* The second connection of a client that is led. */
static bool dial_watcher(struct lp_client *client, const struct my_address *address)
{
    struct my_state *state = my_state_of(client);
    state->watcher = mysql_init(NULL);
    return state->watcher &&
           mysql_real_connect(state->watcher, address->socket ? NULL : address->host, address->user,
                              address->password[0] ? address->password : NULL,
                              address->database[0] ? address->database : NULL, address->port,
                              address->socket, 0);
}

/* Two servers do not share a folder of data; a restarted one keeps it. */
static enum lp_outcome ask_who(struct lp_client *client)
{
    int64_t number = 0;
    enum lp_outcome outcome = my_do(
        client, "SELECT CONV(LEFT(MD5(CONCAT_WS('|', @@hostname, @@port, @@datadir)), 15), 16, 10)",
        false, 0, NULL, &number);
    my_state_of(client)->server = (uint64_t)number;
    return outcome;
}

enum lp_outcome my_connect(struct lp_client *client)
{
    struct my_state *state = my_state_of(client);
    struct my_address address;
    if (state->connection)
        return LP_OK;
    if (!parse_address(&address, client->server_url))
        return lp_fail(client, LP_FAIL, 0,
                       "the server's URL is not unix:/PATH, HOST:PORT or mysql://...");
    state->connection = mysql_init(NULL);
    if (!state->connection)
        return lp_fail(client, LP_FAIL, ENOMEM, "cannot connect to MariaDB");
    mysql_options(state->connection, MYSQL_OPT_NONBLOCK, 0);
    bool made = dial(client, &address) && (!lp_is_led(client) || dial_watcher(client, &address));
    explicit_bzero(&address, sizeof address);
    if (!made) {
        lp_fail(client, LP_FAIL, 0, "cannot connect to MariaDB: %s",
                mysql_error(state->connection));
        my_hang_up(client);
        return LP_FAIL;
    }
    client->session.id = mysql_thread_id(state->connection);
    if (ask_who(client) == LP_OK)
        return LP_OK;
    my_hang_up(client);
    return LP_FAIL;
}

/* ---- one statement ---- */

static enum lp_outcome refused(struct lp_client *client, bool writes)
{
    MYSQL *connection = my_state_of(client)->connection;
    unsigned number = mysql_errno(connection);
    if (number >= CLIENT_ERROR_FIRST && number <= CLIENT_ERROR_LAST) {
        enum lp_outcome outcome = writes ? LP_UNKNOWN : LP_FAIL;
        lp_fail(client, outcome, 0, "MariaDB: %s", mysql_error(connection));
        my_hang_up(client);
        return outcome;
    }
    bool conflict =
        my_state_of(client)->given_up || number == 1205 || number == 1213 || number == 1020;
    return lp_fail(client, conflict ? LP_BUSY : LP_FAIL, 0, "MariaDB: %s", mysql_error(connection));
}

/* 0, or -1: the time was over, and nothing of this connection can be used any more. */
static int query(struct lp_client *client, const char *sql, uint64_t deadline_ns, int *failed)
{
    MYSQL *connection = my_state_of(client)->connection;
    int wanted = mysql_real_query_start(failed, connection, sql, strlen(sql));
    while (wanted) {
        int ready = wait_for(client, wanted, deadline_ns);
        if (ready == 0)
            return -1;
        wanted = mysql_real_query_cont(failed, connection, ready);
    }
    return 0;
}

static int store(struct lp_client *client, uint64_t deadline_ns, MYSQL_RES **result)
{
    MYSQL *connection = my_state_of(client)->connection;
    int wanted = mysql_store_result_start(result, connection);
    while (wanted) {
        int ready = wait_for(client, wanted, deadline_ns);
        if (ready == 0)
            return -1;
        wanted = mysql_store_result_cont(result, connection, ready);
    }
    return 0;
}

static enum lp_outcome too_late(struct lp_client *client, bool writes)
{
    enum lp_outcome outcome = writes ? LP_UNKNOWN : LP_FAIL;
    lp_fail(client, outcome, ETIMEDOUT, "no answer from MariaDB");
    my_hang_up(client);
    return outcome;
}

enum lp_outcome my_do(struct lp_client *client, const char *sql, bool writes, uint64_t deadline_ns,
                      bool *found, int64_t *value)
{
    int failed = 0;
    MYSQL_RES *result = NULL;
    uint64_t until_ns = deadline_ns ? deadline_ns : deadline_of(client);
    enum lp_outcome outcome = my_state_of(client)->connection ? LP_OK : my_connect(client);
    if (found)
        *found = false;
    if (outcome != LP_OK)
        return outcome;
    my_state_of(client)->given_up = false;
    if (query(client, sql, until_ns, &failed) == -1)
        return too_late(client, writes);
    if (failed)
        return refused(client, writes);
    if (store(client, until_ns, &result) == -1)
        return too_late(client, writes);
    if (!result)
        return mysql_errno(my_state_of(client)->connection) ? refused(client, writes) : LP_OK;
    MYSQL_ROW row = mysql_fetch_row(result);
    bool number = row && row[0];
    if (found)
        *found = number;
    if (value && number)
        *value = strtoll(row[0], NULL, 10);
    mysql_free_result(result);
    return LP_OK;
}

uint64_t my_matched(struct lp_client *client)
{
    struct my_state *state = my_state_of(client);
    return state->connection ? mysql_affected_rows(state->connection) : 0;
}

const char *my_quote(struct lp_client *client, const char *name, char *buf, size_t size)
{
    size_t len = strnlen(name, (size - 3) / 2), used = 0;
    (void)client;
    buf[used++] = '\'';
    for (size_t i = 0; i < len; i++) {
        if (name[i] == '\'' || name[i] == '\\')
            buf[used++] = '\\';
        buf[used++] = name[i];
    }
    buf[used++] = '\'';
    buf[used] = '\0';
    return buf;
}

/* FNV-1a (Fowler, Noll, Vo). */
void my_identity(struct lp_client *client, const char *text, struct lp_identity *identity)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (const char *at = text; *at; at++)
        hash = (hash ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
    identity->domain = my_state_of(client)->server;
    identity->object = hash;
    snprintf(identity->text, sizeof identity->text, "%.50s of MariaDB %" PRIx64, text,
             my_state_of(client)->server);
}
