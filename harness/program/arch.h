/* SPDX-License-Identifier: MIT */
/*
 * What differs between processors when the system calls of another process are read and changed:
 * registers, and nothing else. x86-64 and AArch64; on others lp_arch_supported() is false and no
 * program can be traced.
 */
#ifndef LP_PROGRAM_ARCH_H
#define LP_PROGRAM_ARCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* A stopped task's system call: its number and arguments as made, its result when it is over. */
struct lp_regs {
    uint64_t nr;
    uint64_t args[6];
    int64_t result;
};

bool lp_arch_supported(void);
/* AUDIT_ARCH_* of the calls that the tracer understands. */
uint32_t lp_arch_audit(void);

/* All take a task that is stopped; 0, or -1 when it is gone (killed meanwhile). */
int lp_regs_load(pid_t tid, struct lp_regs *regs);
/* Before the call: other arguments. */
int lp_regs_set_args(pid_t tid, const uint64_t args[6]);
/* Before the call: it is not carried out at all, and seems to return `result`. */
int lp_regs_skip(pid_t tid, int64_t result);
/* After the call: another result. */
int lp_regs_set_result(pid_t tid, int64_t result);
/* After the call: the task makes the same call once more when it goes on. */
int lp_regs_again(pid_t tid, uint64_t nr, const uint64_t args[6]);
uint64_t lp_regs_stack(pid_t tid); /* the stack pointer; 0 when the task is gone */

#endif
