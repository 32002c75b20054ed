/* SPDX-License-Identifier: MIT */
/* Input and output go through files without a name: no pipe can fill up and hang either side. */
#include "fault/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/process.h"

#define OUTPUT_MAX (256 * 1024)

static const char *const folders[] = {"/usr/sbin", "/sbin", "/usr/bin", "/bin", "/usr/local/sbin"};

static int find(const char *name, char *path, size_t size, struct lp_err *err)
{
    for (size_t i = 0; i < LP_ARRAY_LEN(folders); i++) {
        snprintf(path, size, "%s/%s", folders[i], name);
        if (access(path, X_OK) == 0)
            return 0;
    }
    lp_err_set(err, LP_ERR_NEED, "there is no program '%s'", name);
    snprintf(err->remedy, sizeof err->remedy, "apt-get install %s",
             strcmp(name, "nft") == 0 ? "nftables" : "iproute2");
    return -1;
}

static void become(const char *path, const char *const *argv, int input, int output, int net_fd)
{
    sigset_t none;
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    dup2(input, STDIN_FILENO);
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    if (net_fd == -1 || setns(net_fd, CLONE_NEWNET) == 0)
        execv(path, (char *const *)(uintptr_t)argv);
    _exit(127);
}

static void take_output(int fd, struct lp_str *output)
{
    char part[4096];
    ssize_t got;
    if (lseek(fd, 0, SEEK_SET) == -1)
        return;
    while (output->len < OUTPUT_MAX && (got = read(fd, part, sizeof part)) > 0)
        lp_str_add_bytes(output, part, (size_t)got);
}

static int run(const char *path, const char *const *argv, int input, int out, int net_fd,
               struct lp_str *output, struct lp_err *err)
{
    struct lp_child child;
    if (lp_process_fork(&child, 0) == -1)
        return lp_err_sys(err, LP_ERR_SELF, errno, "unable to run '%s'", path);
    if (child.pid == 0)
        become(path, argv, input, out, net_fd);
    int status = lp_process_wait(&child);
    take_output(out, output);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    return lp_err_set(err, LP_ERR_SELF, "'%s %s' failed: %.*s", argv[0], argv[1] ? argv[1] : "",
                      (int)strcspn(output->ptr, "\n"), output->ptr);
}

int lp_tool_run(const char *const *argv, const char *input, int net_fd, struct lp_str *output,
                struct lp_err *err)
{
    char path[128];
    struct lp_str own;
    size_t size = input ? strlen(input) : 0;
    if (find(argv[0], path, sizeof path, err) == -1)
        return -1;
    int in = memfd_create("input", MFD_CLOEXEC), out = memfd_create("output", MFD_CLOEXEC);
    int result = -1;
    lp_str_init(&own);
    if (in == -1 || out == -1 || (input && write(in, input, size) != (ssize_t)size) ||
        lseek(in, 0, SEEK_SET) == -1)
        lp_err_sys(err, LP_ERR_SELF, errno, "unable to run '%s'", argv[0]);
    else
        result = run(path, argv, in, out, net_fd, output ? output : &own, err);
    lp_str_release(&own);
    if (in != -1)
        close(in);
    if (out != -1)
        close(out);
    return result;
}
