#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Copies take turns in being polite: those with an even process number ask for the lock, the others
# do not. flock is advisory. usage: rogue_counter.sh COUNTER
set -eu
counter=$1
if [ $(($$ % 2)) = 0 ]; then
    exec 9>> "$counter.lock"
    flock 9
fi
value=$(cat "$counter")
echo $((value + 1)) > "$counter"
