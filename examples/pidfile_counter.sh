#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A lock made of a file with a process number: looked for, then made. Between the two another copy
# may look too. usage: pidfile_counter.sh COUNTER
set -eu
counter=$1
pidfile=$counter.pid
while [ -e "$pidfile" ]; do
    sleep 0.01
done
echo $$ > "$pidfile"
value=$(cat "$counter")
echo $((value + 1)) > "$counter"
rm -f "$pidfile"
