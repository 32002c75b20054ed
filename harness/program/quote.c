/* SPDX-License-Identifier: MIT */
#include "program/quote.h"

#include <stdbool.h>
#include <string.h>

void lp_add_quoted(struct lp_str *out, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-_./=:,+@%";
    if (*word && word[strspn(word, plain)] == '\0') {
        lp_str_add(out, word);
        return;
    }
    lp_str_add(out, "'");
    for (; *word; word++) {
        if (*word == '\'')
            lp_str_add(out, "'\\''");
        else
            lp_str_add_bytes(out, word, 1);
    }
    lp_str_add(out, "'");
}

const char **lp_split_quoted(const char *text, struct lp_arena *arena, size_t *count)
{
    const char **words = lp_arena_array(arena, strlen(text) / 2 + 2, sizeof *words);
    struct lp_str word;
    lp_str_init(&word);
    *count = 0;
    for (const char *at = text + strspn(text, " "); *at; at += strspn(at, " ")) {
        bool quoted = false;
        lp_str_clear(&word);
        for (; *at && (quoted || *at != ' '); at++) {
            if (*at == '\'')
                quoted = !quoted;
            else if (*at == '\\' && !quoted && at[1])
                lp_str_add_bytes(&word, ++at, 1);
            else
                lp_str_add_bytes(&word, at, 1);
        }
        words[(*count)++] = lp_arena_strdup(arena, word.ptr);
    }
    lp_str_release(&word);
    return words;
}
