/* SPDX-License-Identifier: MIT */
/* The file of faults beside the histories: see harness/history/record.h. */
#ifndef LP_FAULT_NOTES_H
#define LP_FAULT_NOTES_H

#include <stddef.h>
#include "base/err.h"
#include "history/record.h"

struct lp_notes {
    int fd;
    size_t count;
};

/* Makes the file in the folder of histories. */
int lp_notes_open(struct lp_notes *notes, int folder_fd, struct lp_err *err) LP_MUST_CHECK;
void lp_notes_close(struct lp_notes *notes); /* takes a zeroed struct too */
/* A new entry; returns its number. Whole or not at all, also when we are killed. */
size_t lp_notes_add(struct lp_notes *notes, const struct lp_fault_record *record);
/* The same entry again, when more is known. */
void lp_notes_update(struct lp_notes *notes, size_t number, const struct lp_fault_record *record);

#endif
