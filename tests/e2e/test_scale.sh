#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Many workers, many containers: they all start, and the run comes to a verdict.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

judge -p process -w 1000 -r 3 flock
expect_verdict held null '1000 processes'
pass_if '1000 processes: all of them' [ "$(json "$json" scenarios.0.workers)" = 1000 ]
expect_nothing_left '1000 processes'

judge -p process -w 1000 -r 3 no-lock
expect_verdict broken no-lock '1000 processes without a lock'

judge -p thread -w 500 -r 3 flock
expect_verdict held null '500 threads'

if unshare -m true 2> /dev/null || unshare -Ur true 2> /dev/null; then
    namespaces > "$work/ns-before"
    judge -p namespace -w 400 -c 200 -r 4 flock-shared-volume
    expect_verdict held null '200 containers'
    pass_if '200 containers: all of them' [ "$(json "$json" scenarios.0.containers)" = 200 ]
    expect_nothing_left '200 containers'
    pass_if '200 containers: no namespace is left' wait_until 10 no_new_namespaces "$work/ns-before"
else
    echo 'namespaces are not allowed here: containers were not tried'
fi
