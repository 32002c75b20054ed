#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Locks in any language, by the line protocol of the driver cmd.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

cmd=$root/examples/cmd
python=/usr/bin/python3
[ -x "$python" ] || python=$(command -v python3) || skip 'no python3'

judge "$cmd/lock.yaml" --driver "cmd:$python $cmd/flock_lock.py {shared}/lock"
expect_verdict held '' 'a right lock in Python'
if command -v node > /dev/null; then
    judge "$cmd/lock.yaml" --driver "cmd:node $cmd/mkdir_lock.mjs {shared}/lock"
    expect_verdict held '' 'a right lock in Node'
fi
judge "$cmd/lock.yaml" --driver "cmd:sh $cmd/check_then_act.sh {shared}/lock" -w 8
pass_if 'a wrong lock in shell is not held' test "$verdict" != held
[ "$verdict" = broken ] && pass_if 'and the cause is its own' test "$cause" = double-grant

judge "$cmd/lock.yaml" --driver 'cmd:exit 3'
pass_if 'a program that goes away is no finding' test "$status" != 1
judge "$cmd/lock.yaml" --driver 'cmd:while read -r line; do echo maybe; done'
pass_if 'nor is one that answers something else' test "$status" != 1
lp run --driver cmd: "$cmd/lock.yaml"
expect_status 2 'no program'
