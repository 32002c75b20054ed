/* SPDX-License-Identifier: MIT */
/* Entries have one size and are written by one call each. */
#include "fault/notes.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int lp_notes_open(struct lp_notes *notes, int folder_fd, struct lp_err *err)
{
    const struct lp_faults_header header = {.magic = LP_FAULTS_MAGIC,
                                            .version = LP_HISTORY_VERSION,
                                            .byte_order = LP_HISTORY_BYTE_ORDER,
                                            .record_size = sizeof(struct lp_fault_record)};
    *notes = (struct lp_notes){
        .fd = openat(folder_fd, LP_FAULTS_FILE, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644)};
    if (notes->fd == -1) {
        notes->fd = 0;
        return lp_err_sys(err, LP_ERR_SELF, errno, "unable to make '%s'", LP_FAULTS_FILE);
    }
    if (write(notes->fd, &header, sizeof header) == sizeof header)
        return 0;
    lp_err_sys(err, LP_ERR_SELF, errno, "unable to write '%s'", LP_FAULTS_FILE);
    lp_notes_close(notes);
    return -1;
}

void lp_notes_close(struct lp_notes *notes)
{
    if (notes->fd > 0)
        close(notes->fd);
    *notes = (struct lp_notes){.fd = 0};
}

size_t lp_notes_add(struct lp_notes *notes, const struct lp_fault_record *record)
{
    lp_notes_update(notes, notes->count, record);
    return notes->count++;
}

void lp_notes_update(struct lp_notes *notes, size_t number, const struct lp_fault_record *record)
{
    off_t at = (off_t)(sizeof(struct lp_faults_header) + number * sizeof *record);
    ssize_t put;
    while ((put = pwrite(notes->fd, record, sizeof *record, at)) == -1 && errno == EINTR)
        ;
    /* On a full disk the entry is missing: a fault without an entry counts as one that never was.
     */
    if (put != (ssize_t)sizeof *record && ftruncate(notes->fd, at) == -1)
        errno = 0;
}
