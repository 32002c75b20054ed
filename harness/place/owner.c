/* SPDX-License-Identifier: MIT */
/* Owners by proc(5): "HOST BOOT PID START". */
#include "place/owner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/str.h"
#include "os/file.h"

#define START_FIELD 22 /* of /proc/PID/stat, counted from 1 */

/* One word of a small file in /proc, or "-". */
static void read_word(const char *path, char *word, size_t size)
{
    struct lp_str text;
    struct lp_err err;
    lp_str_init(&text);
    if (lp_file_read(path, 4096, &text, &err) == -1 || text.len == 0) {
        snprintf(word, size, "-");
    } else {
        text.ptr[strcspn(text.ptr, " \n")] = '\0';
        snprintf(word, size, "%s", text.ptr);
    }
    lp_str_release(&text);
}

/* When it started, in ticks since boot; "-" when there is no such process. The name in the second
   field may hold blanks and parentheses: what counts comes behind the last one. */
static void start_of(long pid, char *word, size_t size)
{
    char path[64];
    struct lp_str text;
    struct lp_err err;
    snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    snprintf(word, size, "-");
    lp_str_init(&text);
    if (lp_file_read(path, 4096, &text, &err) == 0) {
        char *at = strrchr(text.ptr, ')');
        for (int field = 2; at && field < START_FIELD; field++)
            at = strchr(at + 1, ' ');
        if (at) {
            at++;
            at[strcspn(at, " \n")] = '\0';
            snprintf(word, size, "%s", at);
        }
    }
    lp_str_release(&text);
}

static void describe(long pid, char *text, size_t size)
{
    struct utsname host = {0};
    char boot[40], start[32];
    uname(&host);
    read_word("/proc/sys/kernel/random/boot_id", boot, sizeof boot);
    start_of(pid, start, sizeof start);
    snprintf(text, size, "%.64s %s %ld %s", host.nodename, boot, pid, start);
}

void lp_owner_self(char *text, size_t size)
{
    describe((long)getpid(), text, size);
}

enum lp_owner_state lp_owner_look(const char *text)
{
    char host[72] = "", boot[40] = "", start[32] = "", now[192];
    long pid = 0;
    struct utsname here = {0};
    if (sscanf(text, "%71s %39s %ld %31s", host, boot, &pid, start) != 4)
        return LP_OWNER_ELSEWHERE;
    uname(&here);
    if (strncmp(here.nodename, host, 64) != 0)
        return LP_OWNER_ELSEWHERE;
    describe(pid, now, sizeof now);
    return strcmp(now, text) == 0 ? LP_OWNER_ALIVE : LP_OWNER_GONE;
}
