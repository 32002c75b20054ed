/* SPDX-License-Identifier: MIT */
/* A server's process: its program found, its arguments filled in, forked and put on the leash. */
#include "run/server_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGS_MAX 48
/* `nobody` of Debian and of every other distribution that we know. */
#define NOBODY LP_SERVER_NOBODY

/* ---- found ---- */

/* Debian keeps some servers where PATH does not look. */
static const char *const other_folders[] = {
    "/usr/sbin",
    "/usr/local/sbin",
    "/usr/lib/postgresql/*/bin",
};

static bool is_program(const struct lp_str *path)
{
    struct stat status;
    return stat(path->ptr, &status) == 0 && S_ISREG(status.st_mode) && access(path->ptr, X_OK) == 0;
}

static bool find_in_path(const char *name, struct lp_str *path)
{
    const char *folders = getenv("PATH");

    for (const char *at = folders ? folders : ""; *at; at += strspn(at, ":")) {
        size_t len = strcspn(at, ":");
        lp_str_clear(path);
        lp_str_add_bytes(path, at, len);
        lp_str_addf(path, "/%s", name);
        at += len;
        /* An empty or relative entry would mean the current folder: nothing is run from there. */
        if (path->ptr[0] == '/' && len > 0 && is_program(path))
            return true;
    }
    return false;
}

/* The newest version where there are several. */
static bool find_elsewhere(const char *name, struct lp_str *path)
{
    for (size_t i = 0; i < LP_ARRAY_LEN(other_folders); i++) {
        glob_t found;
        lp_str_clear(path);
        lp_str_addf(path, "%s/%s", other_folders[i], name);
        if (glob(path->ptr, 0, NULL, &found) != 0)
            continue;
        lp_str_clear(path);
        lp_str_add(path, found.gl_pathv[found.gl_pathc - 1]);
        globfree(&found);
        if (is_program(path))
            return true;
    }
    return false;
}

static int find_program(const struct lp_server_row *row, const char *name, struct lp_str *path,
                        struct lp_err *err)
{
    if (find_in_path(name, path) || find_elsewhere(name, path))
        return 0;
    lp_err_set(err, LP_ERR_NEED, "the program '%s', which is not in PATH", name);
    snprintf(err->remedy, sizeof err->remedy, "apt-get install %s", row->package);
    return -1;
}

int lp_server_find_program(const struct lp_server_row *row, struct lp_str *path, struct lp_err *err)
{
    for (const char *const *name = row->programs + 1; *name; name++)
        if (find_program(row, row->programs[0], path, err) == -1 &&
            find_program(row, *name, path, err) == 0)
            return 0;
    return find_program(row, row->programs[0], path, err);
}

/* ---- its arguments ---- */

static void add_value(const struct lp_server *server, const char *name, size_t len,
                      struct lp_str *out)
{
    const struct {
        const char *name;
        const char *text;
        unsigned number;
    } values[] = {
        {"folder", server->folder, 0},     {"socket", server->socket, 0},
        {"host", server->host, 0},         {"peers", server->peers, 0},
        {"port", NULL, server->ports[0]},  {"port2", NULL, server->ports[1]},
        {"port3", NULL, server->ports[2]}, {"number", NULL, server->number},
    };
    for (size_t i = 0; i < LP_ARRAY_LEN(values); i++) {
        if (strlen(values[i].name) != len || memcmp(values[i].name, name, len) != 0)
            continue;
        if (values[i].number)
            lp_str_addf(out, "%u", values[i].number);
        else
            lp_str_add(out, values[i].text ? values[i].text : "");
        return;
    }
    LP_BUG("a variable that no server has");
}

/* A copy with all variables replaced. */
char *lp_server_fill_in(const struct lp_server *server, const char *text)
{
    struct lp_str out;
    lp_str_init(&out);
    while (*text) {
        size_t len = strcspn(text, "{");
        lp_str_add_bytes(&out, text, len);
        text += len;
        if (*text != '{')
            break;
        len = strcspn(text, "}");
        add_value(server, text + 1, len - 1, &out);
        text += len + 1;
    }
    char *filled = lp_str_detach(&out);
    lp_str_release(&out);
    return filled;
}

struct argv {
    char *items[ARGS_MAX + 1];
    size_t count;
};

static void add_args(struct argv *argv, const struct lp_server *server, const char *const *args)
{
    for (; args && *args; args++) {
        if (argv->count == ARGS_MAX)
            LP_BUG("a server with more arguments than there is room for");
        argv->items[argv->count++] = lp_server_fill_in(server, *args);
    }
}

static void release_args(struct argv *argv)
{
    for (size_t i = 0; i < argv->count; i++)
        free(argv->items[i]);
}

/* ---- forked ---- */

/* A new user loses the leash, so it is put on again. */
static bool be_nobody(void)
{
    return setgroups(0, NULL) == 0 && setgid(NOBODY) == 0 && setuid(NOBODY) == 0 &&
           prctl(PR_SET_PDEATHSIG, SIGKILL) == 0;
}

/* In the child. The error of exec goes to `report`, closed by success. */
static void become(const struct lp_server *server, const struct argv *argv, int log, int report)
{
    sigset_t none;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    setsid();
    /* What the parent blocks or ignores would stay so through exec, and SIGTERM be in vain. */
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    dup2(null, STDIN_FILENO);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    bool ready = server->net_fd == -1 || setns(server->net_fd, CLONE_NEWNET) == 0;
    /* What it leaves in System V memory when it is killed goes with its own namespace; without the
       right to one, it stays. */
    if (ready && geteuid() == 0)
        unshare(CLONE_NEWIPC);
    if (ready && server->row->not_root && geteuid() == 0)
        ready = be_nobody();
    if (ready && chdir(server->folder) == 0)
        execv(argv->items[0], argv->items);
    int errnum = errno;
    if (write(report, &errnum, sizeof errnum) == -1)
        _exit(126);
    _exit(127);
}

/* Forks and waits until the program runs or could not be run. */
static int spawn(const struct lp_server *server, const struct argv *argv, struct lp_child *child,
                 struct lp_err *err)
{
    int report[2], errnum = 0;

    int log = open(server->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (log == -1)
        return lp_err_sys(err, LP_ERR_SELF, errno, "cannot write '%s'", server->log);
    if (pipe2(report, O_CLOEXEC) == -1) {
        close(log);
        return lp_err_sys(err, LP_ERR_SELF, errno, "cannot make a pipe");
    }
    int rc = lp_process_fork(child, 0);
    if (rc == 0 && child->pid == 0)
        become(server, argv, log, report[1]);
    if (rc == -1)
        errnum = errno;
    close(report[1]);
    close(log);
    while (rc == 0 && read(report[0], &errnum, sizeof errnum) == -1 && errno == EINTR)
        ;
    close(report[0]);
    if (errnum && rc == 0)
        lp_process_wait(child);
    if (errnum)
        *child = (struct lp_child){.pidfd = -1};
    return errnum ? lp_err_sys(err, LP_ERR_SELF, errnum, "cannot run '%s'", argv->items[0]) : 0;
}

int lp_server_set_up(const struct lp_server *server, struct lp_err *err)
{
    const char *const *setup = server->row->setup;
    struct lp_str path;
    struct argv argv = {.count = 0};
    struct lp_child child;
    char line[200];
    if (!setup)
        return 0;
    lp_str_init(&path);
    int result = find_program(server->row, setup[0], &path, err);
    if (result == 0) {
        argv.items[argv.count++] = lp_strdup(path.ptr);
        add_args(&argv, server, setup + 1);
        result = spawn(server, &argv, &child, err);
        release_args(&argv);
    }
    lp_str_release(&path);
    if (result == -1)
        return -1;
    int status = lp_process_wait(&child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    lp_server_last_line(server->log, line, sizeof line);
    return lp_err_set(err, LP_ERR_SELF, "%s failed: %s", setup[0], line);
}

int lp_server_spawn(struct lp_server *server, struct lp_err *err)
{
    const struct lp_server_row *row = server->row;
    struct lp_str path;
    struct argv argv = {.count = 0};

    lp_str_init(&path);
    int result = lp_server_find_program(row, &path, err);
    if (result == 0) {
        argv.items[argv.count++] = lp_strdup(path.ptr);
        add_args(&argv, server, row->args);
        add_args(&argv, server, server->remote ? row->remote : row->local);
        add_args(&argv, server, (const char *const *)server->extra);
        result = spawn(server, &argv, &server->child, err);
        release_args(&argv);
    }
    lp_str_release(&path);
    return result;
}
