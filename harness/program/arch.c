/* SPDX-License-Identifier: MIT */
/* Registers of a stopped task (ptrace(2), PTRACE_GETREGSET). */
#include "program/arch.h"

#include <elf.h>
#include <linux/audit.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>

#if defined(__x86_64__)
#define SYSCALL_LENGTH 2 /* bytes of the instruction */
typedef struct user_regs_struct lp_raw_regs;

static void unpack(const lp_raw_regs *raw, struct lp_regs *regs)
{
    regs->nr = raw->orig_rax;
    regs->args[0] = raw->rdi;
    regs->args[1] = raw->rsi;
    regs->args[2] = raw->rdx;
    regs->args[3] = raw->r10;
    regs->args[4] = raw->r8;
    regs->args[5] = raw->r9;
    regs->result = (int64_t)raw->rax;
}

static void pack_args(lp_raw_regs *raw, const uint64_t args[6])
{
    raw->rdi = args[0];
    raw->rsi = args[1];
    raw->rdx = args[2];
    raw->r10 = args[3];
    raw->r8 = args[4];
    raw->r9 = args[5];
}

static void pack_result(lp_raw_regs *raw, int64_t result)
{
    raw->rax = (uint64_t)result;
}

static void pack_again(lp_raw_regs *raw, uint64_t nr)
{
    raw->rax = nr;
    raw->rip -= SYSCALL_LENGTH;
}

static uint64_t stack_of(const lp_raw_regs *raw)
{
    return raw->rsp;
}

static int set_number(pid_t tid, lp_raw_regs *raw, int nr)
{
    (void)tid;
    raw->orig_rax = (uint64_t)(int64_t)nr;
    return 0;
}

bool lp_arch_supported(void)
{
    return true;
}

uint32_t lp_arch_audit(void)
{
    return AUDIT_ARCH_X86_64;
}

#elif defined(__aarch64__)
#define SYSCALL_LENGTH 4
typedef struct user_regs_struct lp_raw_regs;

static void unpack(const lp_raw_regs *raw, struct lp_regs *regs)
{
    regs->nr = raw->regs[8];
    for (int i = 0; i < 6; i++)
        regs->args[i] = raw->regs[i];
    regs->result = (int64_t)raw->regs[0];
}

static void pack_args(lp_raw_regs *raw, const uint64_t args[6])
{
    for (int i = 0; i < 6; i++)
        raw->regs[i] = args[i];
}

static void pack_result(lp_raw_regs *raw, int64_t result)
{
    raw->regs[0] = (uint64_t)result;
}

static void pack_again(lp_raw_regs *raw, uint64_t nr)
{
    raw->regs[8] = nr;
    raw->pc -= SYSCALL_LENGTH;
}

static uint64_t stack_of(const lp_raw_regs *raw)
{
    return raw->sp;
}

static int set_number(pid_t tid, lp_raw_regs *raw, int nr)
{
    struct iovec part = {.iov_base = &nr, .iov_len = sizeof nr};
    (void)raw;
    return ptrace(PTRACE_SETREGSET, tid, NT_ARM_SYSTEM_CALL, &part) == -1 ? -1 : 0;
}

bool lp_arch_supported(void)
{
    return true;
}

uint32_t lp_arch_audit(void)
{
    return AUDIT_ARCH_AARCH64;
}

#else
typedef struct {
    uint64_t none;
} lp_raw_regs;

static void unpack(const lp_raw_regs *raw, struct lp_regs *regs)
{
    (void)raw;
    *regs = (struct lp_regs){0};
}

static void pack_args(lp_raw_regs *raw, const uint64_t args[6])
{
    (void)raw;
    (void)args;
}

static void pack_result(lp_raw_regs *raw, int64_t result)
{
    (void)raw;
    (void)result;
}

static void pack_again(lp_raw_regs *raw, uint64_t nr)
{
    (void)raw;
    (void)nr;
}

static uint64_t stack_of(const lp_raw_regs *raw)
{
    (void)raw;
    return 0;
}

static int set_number(pid_t tid, lp_raw_regs *raw, int nr)
{
    (void)tid;
    (void)raw;
    (void)nr;
    return -1;
}

bool lp_arch_supported(void)
{
    return false;
}

uint32_t lp_arch_audit(void)
{
    return 0;
}
#endif

static int get(pid_t tid, lp_raw_regs *raw)
{
    struct iovec part = {.iov_base = raw, .iov_len = sizeof *raw};
    return ptrace(PTRACE_GETREGSET, tid, NT_PRSTATUS, &part) == -1 ? -1 : 0;
}

static int put(pid_t tid, lp_raw_regs *raw)
{
    struct iovec part = {.iov_base = raw, .iov_len = sizeof *raw};
    return ptrace(PTRACE_SETREGSET, tid, NT_PRSTATUS, &part) == -1 ? -1 : 0;
}

int lp_regs_load(pid_t tid, struct lp_regs *regs)
{
    lp_raw_regs raw;
    if (get(tid, &raw) == -1)
        return -1;
    unpack(&raw, regs);
    return 0;
}

int lp_regs_set_args(pid_t tid, const uint64_t args[6])
{
    lp_raw_regs raw;
    if (get(tid, &raw) == -1)
        return -1;
    pack_args(&raw, args);
    return put(tid, &raw);
}

int lp_regs_skip(pid_t tid, int64_t result)
{
    lp_raw_regs raw;
    if (get(tid, &raw) == -1 || set_number(tid, &raw, -1) == -1)
        return -1;
    pack_result(&raw, result);
    return put(tid, &raw);
}

int lp_regs_set_result(pid_t tid, int64_t result)
{
    lp_raw_regs raw;
    if (get(tid, &raw) == -1)
        return -1;
    pack_result(&raw, result);
    return put(tid, &raw);
}

int lp_regs_again(pid_t tid, uint64_t nr, const uint64_t args[6])
{
    lp_raw_regs raw;
    if (get(tid, &raw) == -1)
        return -1;
    pack_args(&raw, args);
    pack_again(&raw, nr);
    return put(tid, &raw);
}

uint64_t lp_regs_stack(pid_t tid)
{
    lp_raw_regs raw;
    return get(tid, &raw) == -1 ? 0 : stack_of(&raw);
}
