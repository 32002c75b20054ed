/* SPDX-License-Identifier: MIT */
/* A small filesystem of its own for a folder, so that it can be filled up without harm to others.
 */
#ifndef LP_FAULT_DISK_H
#define LP_FAULT_DISK_H

#include <stdint.h>
#include "base/err.h"

/* Gives the calling process mounts that nobody else sees. LP_ERR_NEED when that is not allowed. */
int lp_disk_own_mounts(struct lp_err *err) LP_MUST_CHECK;
/* Mounts a tmpfs of `bytes` over `folder`. */
int lp_disk_mount(const char *folder, uint64_t bytes, struct lp_err *err) LP_MUST_CHECK;
/* Fills the filesystem that `folder` is on until a write is refused with ENOSPC; *bytes is what
   that took. */
int lp_disk_fill(const char *folder, uint64_t *bytes, struct lp_err *err) LP_MUST_CHECK;
int lp_disk_relieve(const char *folder, struct lp_err *err) LP_MUST_CHECK;

#endif
