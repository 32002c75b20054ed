#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The same with a mistake: only the read is under the lock. usage: flock_narrow.sh COUNTER
set -eu
counter=$1
value=$(flock "$counter.lock" cat "$counter")
echo $((value + 1)) > "$counter"
