/* SPDX-License-Identifier: MIT */
/*
 * The kinds of servers. None of them is made durable against a crash of the machine (no fsync): a
 * run does not outlive it. All keep what they acknowledged over a crash of their own process, but
 * for Redis, which by default keeps nothing, as most people run it for locks.
 */
#include "run/server.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "os/file.h"

#define BYTES(text) (text), sizeof(text) - 1

/* ---- redis ---- */

static const char *const redis_programs[] = {"redis-server", "valkey-server", NULL};
static const char *const redis_args[] = {
    "--dir",
    "{folder}",
    "--save",
    "",
    "--appendonly",
    "no",
    "--logfile",
    "",
    "--databases",
    "16",
    "--daemonize",
    "no",
    "--repl-diskless-sync-delay",
    "0",
    NULL,
};
static const char *const redis_local[] = {
    "--port", "0", "--unixsocket", "{socket}", "--unixsocketperm", "700", NULL};
static const char *const redis_remote[] = {"--port",           "{port}", "--bind", "{host}",
                                           "--protected-mode", "no",     NULL};

/* ---- postgres, and a pooler in front of it ---- */

static const char *const postgres_programs[] = {"postgres", NULL};
static const char *const postgres_setup[] = {
    "initdb", "-D",        "{folder}/data", "-U", "postgres", "-A",
    "trust",  "--no-sync", "--no-locale",   "-E", "UTF8",     "--no-instructions",
    NULL,
};
static const char *const postgres_args[] = {
    "-D", "{folder}/data",
    "-k", "{folder}",
    "-c", "fsync=off",
    "-c", "shared_buffers=16MB",
    "-c", "max_connections=200",
    "-c", "deadlock_timeout=200ms",
    "-c", "dynamic_shared_memory_type=mmap",
    "-c", "autovacuum=off",
    "-c", "port={port}",
    NULL,
};
static const char *const postgres_local[] = {"-c", "listen_addresses=", NULL};
static const char *const postgres_remote[] = {"-c", "listen_addresses={host}", NULL};

/* Those who come by an address are trusted as well: it is one that only this run knows. */
static int configure_postgres(struct lp_server *server, struct lp_err *err)
{
    static const char rule[] = "local all all trust\nhost all all all trust\n";
    char path[256];
    snprintf(path, sizeof path, "%s/data/pg_hba.conf", server->folder);
    return lp_file_write(path, rule, sizeof rule - 1, err);
}

/* A startup packet of protocol 3.0 for user and database "postgres"; the answer asks for no
   password, while an error would say that the server is still starting. */
#define POSTGRES_WELCOME "R\0\0\0\010\0\0\0\0"
#define POSTGRES_HELLO "\0\0\0\x29\0\x03\0\0user\0postgres\0database\0postgres\0\0"

static const char *const pgbouncer_programs[] = {"pgbouncer", NULL};
static const char *const pgbouncer_args[] = {"{folder}/pgbouncer.ini", NULL};
static const char *const nothing[] = {NULL};

static int configure_pgbouncer(struct lp_server *server, struct lp_err *err)
{
    struct lp_str text;
    char path[256];
    lp_str_init(&text);
    lp_str_addf(&text,
                "[databases]\n* = %s\n[pgbouncer]\nlisten_addr =\nunix_socket_dir = %s\n"
                "listen_port = %u\nauth_type = any\npool_mode = transaction\n"
                "default_pool_size = 1\nmax_client_conn = 200\nlogfile =\npidfile =\n"
                "server_reset_query =\nignore_startup_parameters = extra_float_digits,options\n",
                server->peers, server->folder, server->ports[0]);
    snprintf(path, sizeof path, "%s/pgbouncer.ini", server->folder);
    int result = lp_file_write(path, text.ptr, text.len, err);
    lp_str_release(&text);
    return result;
}

/* ---- mariadb ---- */

static const char *const mariadb_programs[] = {"mariadbd", "mysqld", NULL};
/* Without the tables of rights nothing has to be installed first: a new data folder will do. */
static const char *const mariadb_args[] = {
    "--no-defaults",
    "--user=root",
    "--datadir={folder}/data",
    "--socket={socket}",
    "--pid-file={folder}/pid",
    "--skip-grant-tables",
    "--skip-log-bin",
    "--performance-schema=0",
    "--max-connections=300",
    "--innodb-log-file-size=4M",
    "--innodb-buffer-pool-size=16M",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-doublewrite=0",
    "--aria-log-dir-path={folder}/data",
    "--lc-messages=en_US",
    NULL,
};
static const char *const mariadb_local[] = {"--skip-networking", NULL};
static const char *const mariadb_remote[] = {"--bind-address={host}", "--port={port}", NULL};

static int configure_mariadb(struct lp_server *server, struct lp_err *err)
{
    char path[256];
    snprintf(path, sizeof path, "%s/data", server->folder);
    return lp_folder_make(path, err);
}

/* ---- etcd ---- */

static const char *const etcd_programs[] = {"etcd", NULL};
static const char *const etcd_args[] = {
    "--name=m{number}",
    "--data-dir={folder}/data",
    "--listen-client-urls=http://{host}:{port}",
    "--advertise-client-urls=http://{host}:{port}",
    "--listen-peer-urls=http://{host}:{port2}",
    "--initial-advertise-peer-urls=http://{host}:{port2}",
    "--initial-cluster={peers}",
    "--heartbeat-interval=100",
    "--election-timeout=1000",
    "--log-level=warn",
    "--logger=zap",
    "--unsafe-no-fsync",
    NULL,
};

/* ---- zookeeper ---- */

static const char *const zookeeper_programs[] = {"java", NULL};
static const char *const zookeeper_args[] = {
    "-Xmx96m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Dzookeeper.jmx.log4j.disable=true",
    "-Djava.io.tmpdir={folder}",
    "-cp",
    "/usr/share/java/zookeeper.jar:/usr/share/java/slf4j-simple.jar",
    "org.apache.zookeeper.server.quorum.QuorumPeerMain",
    "{folder}/zoo.cfg",
    NULL,
};

/* Sessions are as short as 400 ms: tickTime bounds them from below. */
static int configure_zookeeper(struct lp_server *server, struct lp_err *err)
{
    struct lp_str text;
    char path[256];
    if (access("/usr/share/java/zookeeper.jar", R_OK) == -1) {
        lp_err_set(err, LP_ERR_NEED, "there is no /usr/share/java/zookeeper.jar");
        snprintf(err->remedy, sizeof err->remedy, "apt-get install %s", server->row->package);
        return -1;
    }
    snprintf(path, sizeof path, "%s/data", server->folder);
    if (lp_folder_make(path, err) == -1)
        return -1;
    lp_str_init(&text);
    lp_str_addf(&text,
                "tickTime=200\ninitLimit=50\nsyncLimit=20\ndataDir=%s\nclientPort=%u\n"
                "clientPortAddress=%s\nadmin.enableServer=false\n4lw.commands.whitelist=*\n"
                "maxClientCnxns=0\nforceSync=no\nstandaloneEnabled=true\n%s",
                path, server->ports[0], server->host, server->peers ? server->peers : "");
    snprintf(path, sizeof path, "%s/zoo.cfg", server->folder);
    int result = lp_file_write(path, text.ptr, text.len, err);
    lp_str_clear(&text);
    lp_str_addf(&text, "%u\n", server->number);
    snprintf(path, sizeof path, "%s/data/myid", server->folder);
    if (result == 0)
        result = lp_file_write(path, text.ptr, text.len, err);
    lp_str_release(&text);
    return result;
}

const struct lp_server_row lp_server_rows[] = {
    {
        .name = "redis",
        .url_env = "LOCKPROOF_REDIS_URL",
        .programs = redis_programs,
        .package = "redis-server",
        .args = redis_args,
        .local = redis_local,
        .remote = redis_remote,
        .url_local = "unix:{socket}",
        .url_remote = "{host}:{port}",
        .probe = {BYTES("PING\r\n"), BYTES("+PONG\r\n")},
        .stop_signal = SIGTERM,
        .quit_signal = SIGTERM,
    },
    {
        .name = "postgres",
        .url_env = "LOCKPROOF_POSTGRES_URL",
        .programs = postgres_programs,
        .package = "postgresql",
        .setup = postgres_setup,
        .args = postgres_args,
        .local = postgres_local,
        .remote = postgres_remote,
        .url_local = "postgresql:///postgres?host={folder}&port={port}&user=postgres",
        .url_remote = "postgresql://postgres@{host}:{port}/postgres",
        .configure = configure_postgres,
        .probe = {BYTES(POSTGRES_HELLO), BYTES(POSTGRES_WELCOME)},
        .not_root = true,
        .stop_signal = SIGINT,
        .quit_signal = SIGQUIT,
    },
    {
        .name = "pgbouncer",
        .url_env = "LOCKPROOF_PGBOUNCER_URL",
        .programs = pgbouncer_programs,
        .package = "pgbouncer",
        .args = pgbouncer_args,
        .local = nothing,
        .url_local = "postgresql:///postgres?host={folder}&port={port}&user=postgres",
        .configure = configure_pgbouncer,
        .probe = {BYTES(POSTGRES_HELLO), BYTES(POSTGRES_WELCOME)},
        .not_root = true,
        .stop_signal = SIGTERM,
        .quit_signal = SIGKILL,
    },
    {
        .name = "mariadb",
        .url_env = "LOCKPROOF_MARIADB_URL",
        .programs = mariadb_programs,
        .package = "mariadb-server",
        .args = mariadb_args,
        .local = mariadb_local,
        .remote = mariadb_remote,
        .url_local = "unix:{socket}",
        .url_remote = "{host}:{port}",
        .configure = configure_mariadb,
        .probe = {NULL, 0, BYTES("MariaDB")}, /* it speaks first */
        .stop_signal = SIGTERM,
        .quit_signal = SIGKILL,
    },
    {
        .name = "etcd",
        .url_env = "LOCKPROOF_ETCD_URL",
        .programs = etcd_programs,
        .package = "etcd-server",
        .args = etcd_args,
        .remote = nothing,
        .url_remote = "http://{host}:{port}",
        .alone = "m{number}=http://{host}:{port2}",
        .probe = {BYTES("GET /health HTTP/1.0\r\n\r\n"), BYTES("\"true\"")},
        .stop_signal = SIGTERM,
        .quit_signal = SIGKILL,
    },
    {
        .name = "zookeeper",
        .url_env = "LOCKPROOF_ZOOKEEPER_URL",
        .programs = zookeeper_programs,
        .package = "libzookeeper-java default-jre-headless",
        .args = zookeeper_args,
        .remote = nothing,
        .url_remote = "{host}:{port}",
        .configure = configure_zookeeper,
        .probe = {BYTES("srvr"), BYTES("Zookeeper version")},
        .stop_signal = SIGTERM,
        .quit_signal = SIGKILL,
    },
};
const size_t lp_server_row_count = LP_ARRAY_LEN(lp_server_rows);

const struct lp_server_row *lp_server_find(const char *name)
{
    for (size_t i = 0; i < lp_server_row_count; i++) {
        if (strcmp(lp_server_rows[i].name, name) == 0)
            return &lp_server_rows[i];
    }
    return NULL;
}
