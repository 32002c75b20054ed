#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The same with another mistake: the lock file is replaced while it is held, so that the next one
# finds, and locks, another file of the same name. usage: flock_renamed.sh COUNTER
set -eu
counter=$1
exec 9>> "$counter.lock"
flock 9
mv -f "$counter.lock" "$counter.lock.old" 2> /dev/null || true
value=$(cat "$counter")
echo $((value + 1)) > "$counter"
