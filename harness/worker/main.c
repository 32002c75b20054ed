/* SPDX-License-Identifier: MIT */
/*
 * The static worker: the command `worker` and the embedded drivers in an executable that needs
 * nothing of the image it is put into. It cannot load plug-ins (a static program has no dlopen(3)
 * that deserves the name).
 */
#include <signal.h>
#include <stddef.h>

#include "cli/commands.h"
#include "cli/worker.h"

const char *lp_plugin_folder(void)
{
    return NULL;
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    return lp_command_worker(argc, argv);
}
