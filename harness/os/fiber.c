/* SPDX-License-Identifier: MIT */
/*
 * Switching stacks. ucontext(3) does it portably, with a system call for the signal mask at each
 * switch; a mask that never differs need not be set, so on the two machines that matter a switch is
 * the few registers that a call preserves. Both sanitizers are told.
 */
#include "os/fiber.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "base/str.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#define ASAN 1
#else
#define ASAN 0
#endif
#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#define TSAN 1
#else
#define TSAN 0
#endif
#if defined(__x86_64__) && !ASAN && !TSAN
#define BY_HAND 1
#else
#define BY_HAND 0
#endif

#define GUARD_SIZE ((size_t)4096)

struct lp_fiber {
    void (*main)(void *argument);
    void *argument;
    char *memory; /* a guard page, then the stack */
    size_t size;
#if BY_HAND
    void *inside, *outside; /* stack pointers, while not running */
#else
    ucontext_t inside, outside;
#endif
#if ASAN
    const void *outer_stack;
    size_t outer_size;
    void *inner_fake, *outer_fake;
#endif
#if TSAN
    void *inner_tsan, *outer_tsan;
#endif
};

#if BY_HAND
/* Saves the registers that a call preserves (System V ABI, AMD64, 3.2.1) on this stack, and goes on
   where the other one was left. */
__asm__(".text\n"
        ".local lp_fiber_switch\n"
        ".type lp_fiber_switch, @function\n"
        "lp_fiber_switch:\n"
        "  pushq %rbp\n  pushq %rbx\n  pushq %r12\n  pushq %r13\n  pushq %r14\n  pushq %r15\n"
        "  movq %rsp, (%rdi)\n"
        "  movq %rsi, %rsp\n"
        "  popq %r15\n  popq %r14\n  popq %r13\n  popq %r12\n  popq %rbx\n  popq %rbp\n"
        "  ret\n"
        ".size lp_fiber_switch, .-lp_fiber_switch\n"
        /* The first entry: the fiber is in r12. */
        ".local lp_fiber_begin\n"
        ".type lp_fiber_begin, @function\n"
        "lp_fiber_begin:\n"
        "  movq %r12, %rdi\n"
        "  call *%r13\n"
        "  ud2\n"
        ".size lp_fiber_begin, .-lp_fiber_begin\n");
void lp_fiber_switch(void **save, void *load);
void lp_fiber_begin(void);
#endif

/* ---- what sanitizers are told ---- */

static void before_entering(struct lp_fiber *fiber)
{
#if ASAN
    __sanitizer_start_switch_fiber(&fiber->outer_fake, fiber->memory + GUARD_SIZE,
                                   fiber->size - GUARD_SIZE);
#elif TSAN
    fiber->outer_tsan = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(fiber->inner_tsan, 0);
#else
    (void)fiber;
#endif
}

static void after_entering(struct lp_fiber *fiber)
{
#if ASAN
    __sanitizer_finish_switch_fiber(fiber->inner_fake, &fiber->outer_stack, &fiber->outer_size);
#else
    (void)fiber;
#endif
}

static void before_leaving(struct lp_fiber *fiber)
{
#if ASAN
    __sanitizer_start_switch_fiber(&fiber->inner_fake, fiber->outer_stack, fiber->outer_size);
#elif TSAN
    __tsan_switch_to_fiber(fiber->outer_tsan, 0);
#else
    (void)fiber;
#endif
}

static void after_leaving(struct lp_fiber *fiber)
{
#if ASAN
    __sanitizer_finish_switch_fiber(fiber->outer_fake, NULL, NULL);
#else
    (void)fiber;
#endif
}

/* ---- the fiber ---- */

static void begin(struct lp_fiber *fiber)
{
    after_entering(fiber);
    fiber->main(fiber->argument);
    LP_BUG("a fiber that returned");
}

#if BY_HAND
static void set_up(struct lp_fiber *fiber)
{
    uintptr_t top = ((uintptr_t)fiber->memory + fiber->size) & ~(uintptr_t)15;
    uintptr_t *stack = (uintptr_t *)top;
    *--stack = 0; /* keeps the stack aligned at the call in lp_fiber_begin */
    *--stack = 0;
    *--stack = (uintptr_t)lp_fiber_begin; /* return address of lp_fiber_switch */
    *--stack = 0;                         /* rbp: the end of the chain of frames */
    *--stack = 0;                         /* rbx */
    *--stack = (uintptr_t)fiber;          /* r12 */
    *--stack = (uintptr_t)begin;          /* r13 */
    *--stack = 0;                         /* r14 */
    *--stack = 0;                         /* r15 */
    fiber->inside = stack;
}

static void enter(struct lp_fiber *fiber)
{
    lp_fiber_switch(&fiber->outside, fiber->inside);
}

static void leave(struct lp_fiber *fiber)
{
    lp_fiber_switch(&fiber->inside, fiber->outside);
}
#else
/* makecontext(3) passes ints only. */
static void begin_in_halves(unsigned high, unsigned low)
{
    begin((struct lp_fiber *)((uintptr_t)high << 16 << 16 | low));
}

static void set_up(struct lp_fiber *fiber)
{
    uintptr_t word = (uintptr_t)fiber;
    getcontext(&fiber->inside);
    fiber->inside.uc_stack.ss_sp = fiber->memory + GUARD_SIZE;
    fiber->inside.uc_stack.ss_size = fiber->size - GUARD_SIZE;
    fiber->inside.uc_link = NULL;
    makecontext(&fiber->inside, (void (*)(void))begin_in_halves, 2, (unsigned)(word >> 16 >> 16),
                (unsigned)word);
}

static void enter(struct lp_fiber *fiber)
{
    swapcontext(&fiber->outside, &fiber->inside);
}

static void leave(struct lp_fiber *fiber)
{
    swapcontext(&fiber->inside, &fiber->outside);
}
#endif

struct lp_fiber *lp_fiber_make(size_t stack_size, void (*main)(void *argument), void *argument,
                               struct lp_err *err)
{
    struct lp_fiber *fiber = lp_alloc(1, sizeof *fiber);
    fiber->main = main;
    fiber->argument = argument;
    fiber->size = GUARD_SIZE + (stack_size + GUARD_SIZE - 1) / GUARD_SIZE * GUARD_SIZE;
    fiber->memory = mmap(NULL, fiber->size, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (fiber->memory == MAP_FAILED || mprotect(fiber->memory, GUARD_SIZE, PROT_NONE) == -1) {
        int failed = errno;
        if (fiber->memory != MAP_FAILED)
            munmap(fiber->memory, fiber->size);
        free(fiber);
        lp_err_sys(err, LP_ERR_SELF, failed, "no memory for a stack");
        return NULL;
    }
#if TSAN
    fiber->inner_tsan = __tsan_create_fiber(0);
#endif
    set_up(fiber);
    return fiber;
}

void lp_fiber_free(struct lp_fiber *fiber)
{
    if (!fiber)
        return;
#if TSAN
    __tsan_destroy_fiber(fiber->inner_tsan);
#endif
    munmap(fiber->memory, fiber->size);
    free(fiber);
}

void lp_fiber_enter(struct lp_fiber *fiber)
{
    before_entering(fiber);
    enter(fiber);
    after_leaving(fiber);
}

void lp_fiber_leave(struct lp_fiber *fiber)
{
    before_leaving(fiber);
    leave(fiber);
    after_entering(fiber);
}
