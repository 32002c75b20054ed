/* SPDX-License-Identifier: MIT */
/*
 * Runs a fuzz target over files and folders named on the command line, once each, without
 * libFuzzer: so that gcc, valgrind and a plain test run can replay the corpus. An input that the
 * target does not survive ends the program with its name as the last line. No input at all is a
 * mistake.
 */
#include <errno.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t replayed; /* nftw passes no context */

static int replay(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
    struct lp_str text;
    char buf[4096];
    size_t len;

    (void)status;
    (void)ftw;
    if (type != FTW_F)
        return 0;
    FILE *file = fopen(path, "re");
    if (!file) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return -1;
    }
    fprintf(stderr, "%s\n", path);
    lp_str_init(&text);
    while ((len = fread(buf, 1, sizeof(buf), file)) > 0)
        lp_str_add_bytes(&text, buf, len);
    fclose(file);
    /* A copy of exactly this size, so that a read behind its end is seen. */
    void *exact = malloc(text.len ? text.len : 1);
    if (exact) {
        memcpy(exact, text.ptr, text.len);
        LLVMFuzzerTestOneInput(exact, text.len);
        replayed++;
    }
    free(exact);
    lp_str_release(&text);
    return exact ? 0 : -1;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (nftw(argv[i], replay, 16, FTW_PHYS) != 0)
            return EXIT_FAILURE;
    fprintf(stderr, "%zu inputs replayed\n", replayed);
    return replayed > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
