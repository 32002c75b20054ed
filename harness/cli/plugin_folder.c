/* SPDX-License-Identifier: MIT */
/* Plug-ins of the program: beside it, else where they are installed. */
#include "cli/worker.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "os/file.h"

const char *lp_plugin_folder(void)
{
    static char path[4096]; /* said once, kept for the life of the program */
    ssize_t len = readlink("/proc/self/exe", path, sizeof path - sizeof "/drivers");
    if (len > 0) {
        path[len] = '\0';
        char *slash = strrchr(path, '/');
        snprintf(slash ? slash : path, sizeof "/drivers", "/drivers");
        if (lp_is_folder(path))
            return path;
    }
    return LP_LIBDIR "/drivers";
}
