/* SPDX-License-Identifier: MIT */
/* The table of traced calls, and the filter (seccomp(2), SECCOMP_RET_TRACE). */
#include "program/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/str.h"
#include "program/arch.h"

#define ON_FD(sys, class, fd)                                                                      \
    {                                                                                              \
#sys, SYS_##sys, class, fd, -1, -1, -1, 0                                                  \
    }
#define ON_PATH(sys, class, fd, path)                                                              \
    {                                                                                              \
#sys, SYS_##sys, class, fd, path, -1, -1, 0                                                \
    }
#define ON_TWO(sys, class, fd, path, fd2)                                                          \
    {                                                                                              \
#sys, SYS_##sys, class, fd, path, fd2, -1, 0                                               \
    }

const struct lp_sys_row lp_sys_rows[] = {
    ON_FD(read, LP_SYS_READ, 0),
    ON_FD(pread64, LP_SYS_READ, 0),
    ON_FD(readv, LP_SYS_READ, 0),
    ON_FD(preadv, LP_SYS_READ, 0),
    ON_FD(preadv2, LP_SYS_READ, 0),
    ON_FD(write, LP_SYS_WRITE, 0),
    ON_FD(pwrite64, LP_SYS_WRITE, 0),
    ON_FD(writev, LP_SYS_WRITE, 0),
    ON_FD(pwritev, LP_SYS_WRITE, 0),
    ON_FD(pwritev2, LP_SYS_WRITE, 0),
    ON_TWO(sendfile, LP_SYS_COPY, 0, -1, 1),
    ON_TWO(copy_file_range, LP_SYS_COPY, 2, -1, 0),
    ON_TWO(splice, LP_SYS_COPY, 2, -1, 0),
    ON_FD(ftruncate, LP_SYS_TRUNCATE, 0),
    ON_FD(fallocate, LP_SYS_TRUNCATE, 0),
    ON_PATH(truncate, LP_SYS_TRUNCATE, -1, 0),
    ON_PATH(openat, LP_SYS_OPEN, 0, 1),
    ON_PATH(openat2, LP_SYS_OPEN, 0, 1),
    ON_FD(close, LP_SYS_CLOSE, 0),
    ON_FD(dup3, LP_SYS_CLOSE, 1),
    ON_FD(close_range, LP_SYS_CLOSE, 0),
    ON_FD(flock, LP_SYS_FLOCK, 0),
    ON_FD(fcntl, LP_SYS_FCNTL, 0),
    {"mmap", SYS_mmap, LP_SYS_MMAP, 4, -1, -1, 3, MAP_SHARED},
    ON_PATH(newfstatat, LP_SYS_LOOK, 0, 1),
    ON_PATH(statx, LP_SYS_LOOK, 0, 1),
    ON_PATH(faccessat, LP_SYS_LOOK, 0, 1),
    ON_PATH(faccessat2, LP_SYS_LOOK, 0, 1),
    ON_PATH(readlinkat, LP_SYS_LOOK, 0, 1),
    ON_PATH(mkdirat, LP_SYS_MAKE, 0, 1),
    ON_PATH(linkat, LP_SYS_MAKE, 2, 3),
    ON_PATH(symlinkat, LP_SYS_MAKE, 1, 2),
    ON_PATH(unlinkat, LP_SYS_REMOVE, 0, 1),
    ON_TWO(renameat2, LP_SYS_RENAME, 0, 1, 2),
    ON_TWO(renameat, LP_SYS_RENAME, 0, 1, 2),
#ifdef SYS_open
    ON_PATH(open, LP_SYS_OPEN, -1, 0),
    ON_PATH(creat, LP_SYS_OPEN, -1, 0),
    ON_FD(dup2, LP_SYS_CLOSE, 1),
    ON_PATH(stat, LP_SYS_LOOK, -1, 0),
    ON_PATH(lstat, LP_SYS_LOOK, -1, 0),
    ON_PATH(access, LP_SYS_LOOK, -1, 0),
    ON_PATH(readlink, LP_SYS_LOOK, -1, 0),
    ON_PATH(mkdir, LP_SYS_MAKE, -1, 0),
    ON_PATH(link, LP_SYS_MAKE, -1, 1),
    ON_PATH(symlink, LP_SYS_MAKE, -1, 1),
    ON_PATH(unlink, LP_SYS_REMOVE, -1, 0),
    ON_PATH(rmdir, LP_SYS_REMOVE, -1, 0),
    ON_PATH(rename, LP_SYS_RENAME, -1, 0),
#endif
    ON_FD(connect, LP_SYS_CONNECT, 0),
    ON_FD(shmat, LP_SYS_SHMAT, -1),
    ON_FD(nanosleep, LP_SYS_SLEEP, -1),
    ON_FD(clock_nanosleep, LP_SYS_SLEEP, -1),
    ON_FD(ppoll, LP_SYS_WAIT_FD, -1),
    ON_FD(pselect6, LP_SYS_WAIT_FD, -1),
    ON_FD(epoll_pwait, LP_SYS_WAIT_FD, -1),
#ifdef SYS_poll
    ON_FD(poll, LP_SYS_WAIT_FD, -1),
    ON_FD(select, LP_SYS_WAIT_FD, -1),
    ON_FD(epoll_wait, LP_SYS_WAIT_FD, -1),
    ON_FD(time, LP_SYS_CLOCK, -1),
#endif
    ON_FD(futex, LP_SYS_FUTEX, -1),
    ON_FD(clock_gettime, LP_SYS_CLOCK, -1),
    ON_FD(gettimeofday, LP_SYS_CLOCK, -1),
    ON_FD(getrandom, LP_SYS_RANDOM, -1),
    ON_FD(fstat, LP_SYS_FSTAT, -1),
};
const size_t lp_sys_row_count = LP_ARRAY_LEN(lp_sys_rows);

const struct lp_sys_row *lp_sys_find(uint64_t nr)
{
    for (size_t i = 0; i < lp_sys_row_count; i++)
        if ((uint64_t)lp_sys_rows[i].nr == nr)
            return &lp_sys_rows[i];
    return NULL;
}

/* ---- the filter ---- */

struct builder {
    struct sock_filter *code;
    size_t count, cap;
};

static void emit(struct builder *builder, struct sock_filter instruction)
{
    builder->code =
        lp_grow(builder->code, &builder->cap, builder->count + 1, sizeof *builder->code);
    builder->code[builder->count++] = instruction;
}

static void load(struct builder *builder, size_t offset)
{
    emit(builder, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

static void give(struct builder *builder, uint32_t answer)
{
    emit(builder, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, answer));
}

/* Goes on behind the next `length` instructions unless the accumulator is `value`. */
static void unless_equal(struct builder *builder, uint32_t value, uint8_t length)
{
    emit(builder, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, length));
}

/* The low half of an argument, on a little-endian machine. */
static size_t argument(int number)
{
    return offsetof(struct seccomp_data, args) + (size_t)number * sizeof(uint64_t);
}

static void trace_lock_commands(struct builder *builder)
{
    static const uint32_t commands[] = {F_SETLK, F_SETLKW, F_OFD_SETLK, F_OFD_SETLKW};
    load(builder, argument(1));
    for (size_t i = 0; i < LP_ARRAY_LEN(commands); i++) {
        unless_equal(builder, commands[i], 1);
        give(builder, SECCOMP_RET_TRACE | LP_SYS_TRACED);
    }
    give(builder, SECCOMP_RET_ALLOW);
}

/* Waits only; those without a timeout are seen to sleep in the kernel. */
static void trace_futex_waits(struct builder *builder)
{
    static const uint32_t operations[] = {FUTEX_WAIT, FUTEX_WAIT_BITSET};
    load(builder, argument(1));
    emit(builder, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, FUTEX_CMD_MASK));
    for (size_t i = 0; i < LP_ARRAY_LEN(operations); i++) {
        unless_equal(builder, operations[i], 1);
        give(builder, SECCOMP_RET_TRACE | LP_SYS_TRACED);
    }
    give(builder, SECCOMP_RET_ALLOW);
}

static void trace_row(struct builder *builder, const struct lp_sys_row *row)
{
    struct builder own = {0};
    if (row->class == LP_SYS_FCNTL) {
        trace_lock_commands(&own);
    } else if (row->class == LP_SYS_FUTEX) {
        trace_futex_waits(&own);
    } else if (row->check_arg != -1) {
        load(&own, argument(row->check_arg));
        emit(&own, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, row->check_any, 0, 1));
        give(&own, SECCOMP_RET_TRACE | LP_SYS_TRACED);
        give(&own, SECCOMP_RET_ALLOW);
    } else {
        give(&own, SECCOMP_RET_TRACE | LP_SYS_TRACED);
    }
    unless_equal(builder, (uint32_t)row->nr, (uint8_t)own.count);
    for (size_t i = 0; i < own.count; i++)
        emit(builder, own.code[i]);
    free(own.code);
}

int lp_sys_filter(bool clocks)
{
    struct builder builder = {0};
    load(&builder, offsetof(struct seccomp_data, arch));
    emit(&builder, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, lp_arch_audit(), 1, 0));
    give(&builder, SECCOMP_RET_TRACE | LP_SYS_FOREIGN);
    load(&builder, offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < lp_sys_row_count; i++)
        if (clocks || lp_sys_rows[i].class < LP_SYS_SLEEP)
            trace_row(&builder, &lp_sys_rows[i]);
    give(&builder, SECCOMP_RET_ALLOW);
    const struct sock_fprog program = {.len = (unsigned short)builder.count,
                                       .filter = builder.code};
    /* Without this an ordinary user may not filter; programs that are set-uid lose that under a
       tracer anyhow. */
    int result = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (result == 0)
        result = prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
    int failed = errno;
    free(builder.code);
    errno = failed;
    return result;
}
