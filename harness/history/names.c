/* SPDX-License-Identifier: MIT */
/* Names of operations as histories have them. */
#include "history/names.h"

#include <string.h>

static const struct lp_call_name rows[] = {
    {"acquire", LP_CALL_ACQUIRE, 0, 0},
    {"acquire-shared", LP_CALL_ACQUIRE_SHARED, 0, 0},
    {"release", LP_CALL_RELEASE, 0, 0},
    {"read", LP_CALL_READ, 0, 0},
    {"write", LP_CALL_WRITE, 0, 0},
    {"add", LP_CALL_ADD, 1, LP_ADD_TELLS_AFTER},
    {"cas", LP_CALL_CAS, 0, 0},
    {"lock", LP_CALL_ACQUIRE, 0, 0},
    {"trylock", LP_CALL_ACQUIRE, 0, 0},
    {"try-lock", LP_CALL_ACQUIRE, 0, 0},
    {"unlock", LP_CALL_RELEASE, 0, 0},
    {"read-lock", LP_CALL_ACQUIRE_SHARED, 0, 0},
    {"lock-shared", LP_CALL_ACQUIRE_SHARED, 0, 0},
    {"get", LP_CALL_READ, 0, 0},
    {"r", LP_CALL_READ, 0, 0},
    {"put", LP_CALL_WRITE, 0, 0},
    {"set", LP_CALL_WRITE, 0, 0},
    {"w", LP_CALL_WRITE, 0, 0},
    {"inc", LP_CALL_ADD, 1, LP_ADD_TELLS_AFTER},
    {"incr", LP_CALL_ADD, 1, LP_ADD_TELLS_AFTER},
    {"increment", LP_CALL_ADD, 1, LP_ADD_TELLS_AFTER},
    {"add-and-get", LP_CALL_ADD, 1, LP_ADD_TELLS_AFTER},
    {"dec", LP_CALL_ADD, -1, LP_ADD_TELLS_AFTER},
    {"decr", LP_CALL_ADD, -1, LP_ADD_TELLS_AFTER},
    {"decrement", LP_CALL_ADD, -1, LP_ADD_TELLS_AFTER},
    {"fetch-and-add", LP_CALL_ADD, 1, LP_ADD_TELLS_BEFORE},
    {"get-and-add", LP_CALL_ADD, 1, LP_ADD_TELLS_BEFORE},
    {"compare-and-set", LP_CALL_CAS, 0, 0},
    {"compare-and-swap", LP_CALL_CAS, 0, 0},
};

const struct lp_call_name *lp_call_name_find(const struct lp_form *f)
{
    const char *text;
    size_t len;
    lp_form_word(f, &text, &len);
    for (size_t i = 0; i < LP_ARRAY_LEN(rows); i++)
        if (rows[i].name[0] == *text && strlen(rows[i].name) == len &&
            memcmp(rows[i].name, text, len) == 0)
            return &rows[i];
    return NULL;
}

const char *lp_call_kind_name(enum lp_call_kind kind)
{
    for (size_t i = 0; i < LP_ARRAY_LEN(rows); i++)
        if (rows[i].kind == kind)
            return rows[i].name;
    return "?";
}
