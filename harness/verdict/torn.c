/* SPDX-License-Identifier: MIT */
/*
 * Was a read torn? Its value is compared with everything that the store can have held while it was
 * read: a value counts as gone only when another acknowledged write certainly came after every
 * write of it and was done before the read began. A read of such a value during somebody's write
 * saw half of that write. One pass over the updates for each read asked about.
 */
#include "verdict/evidence.h"

#include <inttypes.h>

static uint64_t end_of(const struct lp_evidence_base *base, const struct lp_update *update)
{
    return lp_op_end_ns(&base->history->ops[lp_update_end(update)]);
}

static const struct lp_record *write_of(const struct lp_evidence_base *base,
                                        const struct lp_update *update)
{
    return base->history->ops[update->write].record;
}

/* The last time at which `value` can have been written before the read was over: 0 by nobody but
   the start, UINT64_MAX when it may be there still. */
static uint64_t last_written(const struct lp_evidence_base *base, const struct lp_record *read)
{
    uint64_t last_ns = 0;
    for (size_t i = 0; i < base->checks->update_count; i++) {
        const struct lp_update *update = &base->checks->updates[i];
        const struct lp_record *write = write_of(base, update);
        bool blind = write->kind == LP_STEP_ADD && update->outcome != LP_OK;
        if (write->invoke_ns > read->complete_ns ||
            (update->value_written != read->value && !blind))
            continue;
        uint64_t end_ns = end_of(base, update);
        last_ns = end_ns > last_ns ? end_ns : last_ns;
    }
    return last_ns;
}

static bool overwritten_since(const struct lp_evidence_base *base, const struct lp_record *read,
                              uint64_t since_ns)
{
    for (size_t i = 0; i < base->checks->update_count; i++) {
        const struct lp_update *update = &base->checks->updates[i];
        if (update->outcome == LP_OK && update->value_written != read->value &&
            write_of(base, update)->invoke_ns > since_ns && end_of(base, update) < read->invoke_ns)
            return true;
    }
    return false;
}

static bool was_never_there(const struct lp_evidence_base *base, const struct lp_record *read)
{
    uint64_t last_ns = last_written(base, read);
    if (last_ns == 0 && read->value != base->history->start_value)
        return true; /* nobody ever wrote it */
    return last_ns < read->invoke_ns && overwritten_since(base, read, last_ns);
}

size_t lp_torn_by(const struct lp_evidence_base *base, size_t read)
{
    const struct lp_op *op = &base->history->ops[read];
    if (op->record->kind != LP_STEP_READ || !lp_op_ok(op))
        return LP_NOWHERE;
    size_t torn = LP_NOWHERE;
    for (size_t i = 0; i < base->checks->update_count && torn == LP_NOWHERE; i++) {
        const struct lp_update *update = &base->checks->updates[i];
        const struct lp_record *write = write_of(base, update);
        bool meets = write->invoke_ns < op->record->complete_ns &&
                     lp_op_end_ns(&base->history->ops[update->write]) > op->record->invoke_ns;
        if (meets && update->worker != op->worker && write->domain == op->record->domain &&
            write->object == op->record->object)
            torn = update->write;
    }
    return torn != LP_NOWHERE && was_never_there(base, op->record) ? torn : LP_NOWHERE;
}
