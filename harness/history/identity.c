/* SPDX-License-Identifier: MIT */
/* Identities as words: each worker's header names those it met first. */
#include "history/history.h"

#include <inttypes.h>
#include <stdio.h>

static const struct lp_history_identity *find(const struct lp_history_header *header,
                                              uint64_t domain, uint64_t object)
{
    for (size_t i = 0; i < LP_HISTORY_IDENTITIES; i++) {
        const struct lp_history_identity *identity = &header->identities[i];
        if (identity->text[0] && identity->domain == domain && identity->object == object)
            return identity;
    }
    return NULL;
}

void lp_history_identity_text(const struct lp_history *history, uint64_t domain, uint64_t object,
                              struct lp_str *out)
{
    for (size_t i = 0; i < history->worker_count; i++) {
        const struct lp_history_identity *known = find(history->workers[i].header, domain, object);
        if (!known)
            continue;
        /* A worker may have been killed while it wrote the text: it need not end. */
        lp_str_addf(out, "%.*s", (int)sizeof known->text, known->text);
        return;
    }
    lp_str_addf(out, "object %" PRIx64 " in %" PRIx64, object, domain);
}
