/* SPDX-License-Identifier: MIT */
/*
 * A run folder read back: what the run said of itself (result.json), decided again from the history
 * where it did not come to say it (killed), and the history with all facts drawn from it.
 */
#ifndef LP_RUN_SAVED_H
#define LP_RUN_SAVED_H

#include <jansson.h>
#include "base/arena.h"
#include "reports/html.h"
#include "reports/result.h"

struct lp_saved {
    struct lp_arena arena;
    struct lp_scenario scenario;
    struct lp_history history; /* of no worker when the folder has none */
    struct lp_checks checks;
    struct lp_judgement judgement;
    struct lp_run_result result;
    struct lp_page_entry entry; /* of `result`; for the HTML report */
};

/* `dir`: the folder; NULL: a scenario that has none (skipped). `said`: its object in a result.json,
   or NULL. One of both is needed. `vocabulary` is for its scenario.yaml; one that cannot be read
   any more is passed over, with a note. The struct must not be moved afterwards. */
int lp_saved_load(struct lp_saved *saved, const char *dir, const json_t *said,
                  const struct lp_vocabulary *vocabulary, struct lp_err *err) LP_MUST_CHECK;
void lp_saved_release(struct lp_saved *saved); /* takes a zeroed struct too */

/* A JSON file of a folder, to be freed with json_decref; NULL when there is none or, with *err set,
   when it cannot be read. */
json_t *lp_saved_json(const char *dir, const char *name, struct lp_err *err);
/* result.json of a folder, to be freed with json_decref; NULL when there is none, or with *err set
   when it is none of ours. */
json_t *lp_saved_result(const char *dir, struct lp_err *err);

#endif
