/* SPDX-License-Identifier: MIT */
/* Inside the room: one file's bytes, validated. */
#ifndef LP_HISTORY_IMAGE_H
#define LP_HISTORY_IMAGE_H

#include "history/history.h"

struct lp_image {
    const struct lp_history_header *header;
    const struct lp_record *records;
    size_t record_count;
    uint64_t last_ns;
    bool cut;
};

int lp_image_read(struct lp_image *image, const struct lp_history_image *source,
                  struct lp_err *err) LP_MUST_CHECK;

/* lp_history_from_images() but for the order of all operations. */
int lp_history_of_files(struct lp_history *history, const struct lp_history_image *images,
                        size_t count, struct lp_err *err) LP_MUST_CHECK;

#endif
