/* SPDX-License-Identifier: MIT */
/*
 * The page's style and scripts, put into the program by the assembler, which looks for them from
 * the top of the source tree (where make runs).
 */
#include "reports/html_markup.h"

#define ASSET(name, file)                                                                          \
    __asm__(".pushsection .rodata\n"                                                               \
            ".global lp_asset_" #name "\n"                                                         \
            ".hidden lp_asset_" #name "\n"                                                         \
            "lp_asset_" #name ":\n"                                                                \
            ".incbin \"reports/assets/" file "\"\n"                                                \
            ".byte 0\n"                                                                            \
            ".popsection\n")

ASSET(page_css, "page.css");
ASSET(page_js, "page.js");
ASSET(data_js, "data.js");
ASSET(timeline_js, "timeline.js");
ASSET(table_js, "table.js");
