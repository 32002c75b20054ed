#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Adds one to a number in a file, under dotlockfile(1) of liblockfile: a lock file made by link(2).
# usage: dotlock_counter.sh COUNTER
set -eu
counter=$1
dotlockfile -l -r 20 "$counter.lock"
value=$(cat "$counter")
echo $((value + 1)) > "$counter"
dotlockfile -u "$counter.lock"
