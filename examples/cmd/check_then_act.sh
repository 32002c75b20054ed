#!/bin/sh
# SPDX-License-Identifier: MIT
# A lock for lockproof's `cmd` driver that is wrong: looks for a file, then makes it.
# usage: check_then_act.sh LOCKFILE
while read -r word _; do
    case $word in
    open | prepare) echo ok ;;
    try) if [ -e "$1" ]; then echo busy; else echo $$ > "$1"; echo ok; fi ;;
    unlock) rm -f "$1"; echo ok ;;
    *) echo fail not understood ;;
    esac
done
