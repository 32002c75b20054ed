/* SPDX-License-Identifier: MIT */
#include "doctor/side.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"
#include "base/units.h"
#include "doctor/side_client.h"
#include "os/file.h"

/* ---- who it is ---- */

static uint64_t namespace_of(const char *name)
{
    char path[64];
    struct stat status;
    snprintf(path, sizeof path, "/proc/self/ns/%s", name);
    return stat(path, &status) == 0 ? status.st_ino : 0;
}

static uint64_t clock_of(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * LP_SEC + (uint64_t)now.tv_nsec;
}

static void tell_self(struct lp_side_answer *answer)
{
    struct lp_side_self *self = &answer->self;
    struct stat shm;
    memset(self, 0, sizeof *self);
    self->pid = getpid();
    self->pid_ns = namespace_of("pid");
    self->mnt_ns = namespace_of("mnt");
    self->ipc_ns = namespace_of("ipc");
    self->uts_ns = namespace_of("uts");
    self->net_ns = namespace_of("net");
    self->time_ns = namespace_of("time");
    if (stat("/dev/shm", &shm) == 0) {
        self->shm_device = shm.st_dev;
        self->shm_inode = shm.st_ino;
    }
    self->realtime_ns = clock_of(CLOCK_REALTIME);
    self->monotonic_ns = clock_of(CLOCK_MONOTONIC);
    gethostname(self->host, sizeof self->host - 1);
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    if (fd != -1) {
        ssize_t len = read(fd, self->boot_id, sizeof self->boot_id - 1);
        self->boot_id[len > 36 ? 36 : len > 0 ? len : 0] = '\0';
        close(fd);
    }
    answer->outcome = LP_OK;
}

/* ---- files ---- */

static void fail(struct lp_side_answer *answer, const char *what)
{
    answer->errnum = errno;
    answer->outcome = LP_FAIL;
    snprintf(answer->text, sizeof answer->text, "%s: %s", what, strerrordesc_np(answer->errnum));
}

static void make_file(const char *path, const char *text, struct lp_side_answer *answer)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    ssize_t len = (ssize_t)strlen(text);
    if (fd == -1 || write(fd, text, (size_t)len) != len)
        fail(answer, "unable to make a file");
    else
        answer->outcome = LP_OK;
    if (fd != -1)
        close(fd);
}

static void rename_over(const char *path, const char *text, struct lp_side_answer *answer)
{
    char beside[sizeof((struct lp_side_order *)0)->path + 8];
    snprintf(beside, sizeof beside, "%s.new", path);
    make_file(beside, text, answer);
    if (answer->outcome == LP_OK && rename(beside, path) == -1)
        fail(answer, "unable to rename");
}

static void read_file(const char *path, struct lp_side_answer *answer)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd == -1 ? -1 : read(fd, answer->text, sizeof answer->text - 1);
    if (len == -1) {
        fail(answer, "unable to read");
    } else {
        answer->text[len] = '\0';
        answer->outcome = LP_OK;
    }
    if (fd != -1)
        close(fd);
}

static void make_folder(const char *path, struct lp_side_answer *answer)
{
    size_t len = strlen(path);
    if (len >= sizeof answer->text) {
        errno = ENAMETOOLONG;
        fail(answer, "unable to make a folder");
        return;
    }
    memcpy(answer->text, path, len + 1);
    /* Whoever the other side runs as has to be able to work in it. */
    if (!mkdtemp(answer->text) || chmod(answer->text, 0777) == -1)
        fail(answer, "unable to make a folder");
    else
        answer->outcome = LP_OK;
}

static void remove_all(const char *path)
{
    if (unlink(path) == -1)
        lp_folder_remove(path);
}

/* ---- orders ---- */

static void carry_out(struct lp_side_client *client, const struct lp_side_order *order,
                      struct lp_side_answer *answer)
{
    memset(answer, 0, sizeof *answer);
    switch (order->act) {
    case LP_SIDE_SELF:
        tell_self(answer);
        break;
    case LP_SIDE_LOOK:
        lp_look_at(&answer->look, order->path);
        answer->outcome = answer->look.errnum ? LP_FAIL : LP_OK;
        break;
    case LP_SIDE_MAKE:
        make_file(order->path, order->text, answer);
        break;
    case LP_SIDE_RENAME:
        rename_over(order->path, order->text, answer);
        break;
    case LP_SIDE_READ:
        read_file(order->path, answer);
        break;
    case LP_SIDE_FOLDER:
        make_folder(order->path, answer);
        break;
    case LP_SIDE_REMOVE:
        remove_all(order->path);
        answer->outcome = LP_OK;
        break;
    case LP_SIDE_SEES_PID:
        answer->errnum = kill((pid_t)order->value, 0) == -1 ? errno : 0;
        answer->outcome = LP_OK;
        break;
    default:
        lp_side_client_do(client, order, answer);
        break;
    }
}

static void serve(int fd)
{
    struct lp_side_client client = {.client = NULL};
    struct lp_side_order order;
    struct lp_side_answer answer;
    while (recv(fd, &order, sizeof order, 0) == sizeof order) {
        carry_out(&client, &order, &answer);
        if (send(fd, &answer, sizeof answer, MSG_NOSIGNAL) != sizeof answer)
            break;
    }
    _exit(0);
}

/* ---- entering ---- */

static int say_ready(int fd, int errnum)
{
    return send(fd, &errnum, sizeof errnum, MSG_NOSIGNAL) == sizeof errnum ? 0 : -1;
}

/* The namespaces of `pid`, the user's first where it is another one: it gives the right to the
   rest. The mount namespace comes last, since the others are found in /proc. 0, or an errno. */
static int enter(pid_t pid)
{
    static const struct {
        const char *name;
        int type;
    } rows[] = {
        {"user", CLONE_NEWUSER}, {"ipc", CLONE_NEWIPC}, {"uts", CLONE_NEWUTS},
        {"net", CLONE_NEWNET},   {"pid", CLONE_NEWPID}, {"mnt", CLONE_NEWNS},
    };
    int fds[LP_ARRAY_LEN(rows)];
    for (size_t i = 0; i < LP_ARRAY_LEN(rows); i++) {
        char own[64], other[64];
        struct stat a, b;
        snprintf(own, sizeof own, "/proc/self/ns/%s", rows[i].name);
        snprintf(other, sizeof other, "/proc/%d/ns/%s", (int)pid, rows[i].name);
        fds[i] = open(other, O_RDONLY | O_CLOEXEC);
        if (fds[i] == -1)
            return errno;
        /* Entering the user namespace that one is in already is refused (setns(2)). */
        if (stat(own, &a) == 0 && fstat(fds[i], &b) == 0 && a.st_ino == b.st_ino) {
            close(fds[i]);
            fds[i] = -1;
        }
    }
    for (size_t i = 0; i < LP_ARRAY_LEN(rows); i++) {
        if (fds[i] != -1 && setns(fds[i], rows[i].type) == -1)
            return errno;
        if (fds[i] != -1)
            close(fds[i]);
    }
    return chdir("/") == -1 ? errno : 0;
}

/* A PID namespace is entered by the next child only. */
static void live(int fd, pid_t pid)
{
    int failed = pid ? enter(pid) : 0;
    if (failed || !pid) {
        if (say_ready(fd, failed) == 0 && !failed)
            serve(fd);
        _exit(0);
    }
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (say_ready(fd, 0) == 0)
            serve(fd);
        _exit(0);
    }
    close(fd);
    if (child > 0)
        waitpid(child, NULL, 0);
    _exit(0);
}

int lp_side_start(struct lp_side *side, const char *name, pid_t pid, struct lp_err *err)
{
    int pair[2], failed;
    memset(side, 0, sizeof *side);
    side->name = name;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == -1)
        return lp_err_sys(err, LP_ERR_SELF, errno, "unable to make a socket pair");
    if (lp_process_fork(&side->child, 0) == -1) {
        failed = errno;
        close(pair[0]);
        close(pair[1]);
        return lp_err_sys(err, LP_ERR_SELF, failed, "unable to start a process");
    }
    if (side->child.pid == 0) {
        close(pair[0]);
        live(pair[1], pid);
    }
    close(pair[1]);
    side->fd = pair[0];
    if (recv(side->fd, &failed, sizeof failed, 0) != sizeof failed)
        failed = ESRCH;
    if (failed == 0)
        return 0;
    lp_side_release(side);
    lp_err_sys(err, LP_ERR_NEED, failed, "unable to enter the namespaces of process %d", (int)pid);
    snprintf(err->remedy, sizeof err->remedy,
             "run it as root on the host that the container is on");
    return -1;
}

void lp_side_release(struct lp_side *side)
{
    if (side->fd > 0) {
        /* Not only closed: a side that was started later has inherited a copy. */
        shutdown(side->fd, SHUT_RDWR);
        close(side->fd);
    }
    if (side->child.pid > 0)
        lp_process_wait(&side->child);
    memset(side, 0, sizeof *side);
}

void lp_side_do(struct lp_side *side, const struct lp_side_order *order,
                struct lp_side_answer *answer)
{
    if (send(side->fd, order, sizeof *order, MSG_NOSIGNAL) == sizeof *order &&
        recv(side->fd, answer, sizeof *answer, 0) == sizeof *answer)
        return;
    memset(answer, 0, sizeof *answer);
    answer->outcome = LP_UNKNOWN;
    snprintf(answer->text, sizeof answer->text, "the probe's process is gone");
}
