/* SPDX-License-Identifier: MIT */
/* The files that `check` writes besides its report: exports of a history, and a linearization. */
#ifndef LP_CLI_CHECK_FILES_H
#define LP_CLI_CHECK_FILES_H

#include "check/model.h"
#include "check/shrink.h"
#include "cli/options.h"

enum lp_export { LP_EXPORT_EDN, LP_EXPORT_JSON, LP_EXPORT_PORCUPINE };

struct lp_check_files {
    struct {
        enum lp_export form;
        const char *file; /* NULL: stdout */
    } exports[16];
    size_t count;
    const char *linearization; /* or NULL */
    bool wants_order, takes_stdout;
};

/* Arguments of --export and --linearization. `histories`: how many are to be decided. LP_ERR_USAGE
   names the nearest form; LP_ERR_SELF a file that cannot be written, before anything is read. */
int lp_check_files_parse(struct lp_check_files *files, const struct lp_texts *exports,
                         const char *linearization, size_t histories, struct lp_err *err);

/* `decision` and `shrunk` may be NULL: nothing was decided by a model. A linearization is written
   only when it was held. LP_ERR_SELF when a file cannot be written. */
int lp_check_files_write(const struct lp_check_files *files, const struct lp_calls *calls,
                         const struct lp_decision *decision, const struct lp_shrunk *shrunk,
                         struct lp_err *err);

#endif
