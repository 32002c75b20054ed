/* SPDX-License-Identifier: MIT */
/* Inside the room: what the files that carry out steps share. */
#ifndef LP_RUN_DOING_H
#define LP_RUN_DOING_H

#include "run/worker.h"

uint64_t lp_deadline(const struct lp_worker *worker);
bool lp_told_to_stop(const struct lp_worker *worker);
/* For the progress display: does the worker hold anything? */
void lp_set_inside(struct lp_worker *worker);
void lp_set_identity(struct lp_worker *worker, struct lp_record *record,
                     const struct lp_identity *identity);
/* Keeps the first refusal's words for the report; what it means for the verdict is in the record.
 */
void lp_complain(const struct lp_worker *worker, const struct lp_client *client);

/* locking.c */
enum lp_flow lp_do_lock(struct lp_worker *worker, const struct lp_step *step);
enum lp_flow lp_do_unlock(struct lp_worker *worker, int lock);
enum lp_flow lp_do_upgrade(struct lp_worker *worker, const struct lp_step *step);
enum lp_flow lp_do_renew(struct lp_worker *worker, int lock);

#endif
