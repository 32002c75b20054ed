#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Adds one to a number in a file, under flock(1). usage: flock_counter.sh COUNTER
set -eu
counter=$1
exec 9>> "$counter.lock"
flock 9
value=$(cat "$counter")
echo $((value + 1)) > "$counter"
