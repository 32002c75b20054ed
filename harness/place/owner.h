/* SPDX-License-Identifier: MIT */
/*
 * Whose an object in an engine is. Each carries labels: the run, the process that wanted it, and
 * the run's scratch folder. Who finds objects later can tell a run that still goes on from one that
 * was killed: a process is named by host, boot, number and start time, which together never come
 * again.
 */
#ifndef LP_PLACE_OWNER_H
#define LP_PLACE_OWNER_H

#include <stdbool.h>
#include <stddef.h>

#define LP_LABEL_RUN "lockproof.run"
#define LP_LABEL_OWNER "lockproof.owner"
#define LP_LABEL_SCRATCH "lockproof.scratch"

/* The calling process. `size` of at least 192. */
void lp_owner_self(char *text, size_t size);

enum lp_owner_state {
    LP_OWNER_ALIVE,
    LP_OWNER_GONE,
    LP_OWNER_ELSEWHERE, /* of another host: cannot be told from here */
};
enum lp_owner_state lp_owner_look(const char *text);

#endif
