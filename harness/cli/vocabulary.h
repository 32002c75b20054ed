/* SPDX-License-Identifier: MIT */
/* What the scenario parser must know of drivers and causes, made from their own tables. */
#ifndef LP_CLI_VOCABULARY_H
#define LP_CLI_VOCABULARY_H

#include "base/arena.h"
#include "drivers/registry.h"
#include "scenario/scenario.h"

/* Arrays belong to `arena`; the registry must outlive the vocabulary. */
void lp_vocabulary_make(struct lp_vocabulary *vocabulary, const struct lp_registry *registry,
                        struct lp_arena *arena);

#endif
