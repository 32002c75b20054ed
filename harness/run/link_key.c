/* SPDX-License-Identifier: MIT */
/* Keys of links: made, written, read. */
#include "run/link.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "os/file.h"

int lp_link_key_make(struct lp_link_key *key, struct lp_err *err)
{
    if (getrandom(key->bytes, sizeof key->bytes, 0) != sizeof key->bytes)
        return lp_err_sys(err, LP_ERR_SELF, errno, "no random numbers for a key");
    return 0;
}

void lp_link_key_text(const struct lp_link_key *key, char text[2 * LP_LINK_KEY + 1])
{
    for (size_t i = 0; i < LP_LINK_KEY; i++)
        snprintf(text + 2 * i, 3, "%02x", key->bytes[i]);
}

static int digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

int lp_link_key_read(struct lp_link_key *key, const char *file, struct lp_err *err)
{
    struct lp_str text;
    lp_str_init(&text);
    int result = lp_file_read(file, 1024, &text, err);
    text.ptr[strcspn(text.ptr, " \r\n")] = '\0';
    for (size_t i = 0; i < LP_LINK_KEY && result == 0; i++) {
        bool there = strlen(text.ptr) == 2 * LP_LINK_KEY;
        int high = there ? digit(text.ptr[2 * i]) : -1,
            low = there ? digit(text.ptr[2 * i + 1]) : -1;
        if (high < 0 || low < 0)
            result = lp_err_set(err, LP_ERR_USAGE,
                                "'%s' holds no key of %d hexadecimal digits: "
                                "openssl rand -hex %d",
                                file, 2 * LP_LINK_KEY, LP_LINK_KEY);
        else
            key->bytes[i] = (unsigned char)(high << 4 | low);
    }
    lp_str_release(&text);
    return result;
}
