/* SPDX-License-Identifier: MIT */
/* What differs between the program and the static worker, which is linked without it. */
#ifndef LP_CLI_WORKER_H
#define LP_CLI_WORKER_H

/* Where plug-ins are looked for; NULL: nowhere. */
const char *lp_plugin_folder(void);

#endif
