/* SPDX-License-Identifier: MIT */
/*
 * How one operation ended. Part of the driver ABI: values are fixed.
 * Confusing LP_FAIL with LP_UNKNOWN is the classic way to certify a broken lock, so: LP_FAIL and
 * LP_BUSY only on an explicit refusal by the backend; a timeout, a lost connection or an error that
 * does not say so is LP_UNKNOWN.
 */
#ifndef LP_BASE_OUTCOME_H
#define LP_BASE_OUTCOME_H

enum lp_outcome {
    LP_OK = 1,      /* done */
    LP_BUSY = 2,    /* certainly not done: somebody else has it; trying again makes sense */
    LP_FAIL = 3,    /* certainly not done: refused */
    LP_UNKNOWN = 4, /* it may or may not have happened */
};

/*
 * Which object an operation really touched. Two identities are equal when both numbers are.
 * `domain` names the place and the kind of lock table (device number or boot id or server, mixed
 * with the kind: flock and fcntl locks on one inode are two objects); `object` the object in it
 * (inode and its birth time, key). `text` says the same to people: "flock on inode 91 of 0:31".
 */
struct lp_identity {
    unsigned long long domain;
    unsigned long long object;
    char text[96];
};

#endif
