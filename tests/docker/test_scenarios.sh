#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Every bundled container scenario has the verdict and the cause that it expects, in our own image
# and in a plain Debian that has never heard of lockproof.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "$0")/lib.sh"

count=$(find "$root/scenarios/docker" -name '*.yaml' | wc -l)
lp run --progress never --workdir "$shm" -o "$work/own" -f text -f "json=$work/own.json" "$root/scenarios/docker"
expect_status 0 'scenarios/docker in our own image' || show_output
pass_if "all $count of them" [ "$(json "$work/own.json" scenarios)" = "$count" ]
pass_if 'none skipped' [ "$(for ((i = 0; i < count; i++)); do
    json "$work/own.json" "scenarios.$i.verdict"
done | grep -c skipped)" = 0 ]

lp run --progress never --workdir "$shm" -o "$work/base" -p docker --image "$BASE" flock flock-own-file posix \
    pidfile-containers private-shm sqlite-immediate sqlite-immediate-wal docker-own-layer docker-pid-shared
expect_status 0 "scenarios in $BASE"
expect_in "$out" '9 scenarios' 'all ran'
expect_not_in "$out" skipped 'none was skipped'
pass_if 'that image has no lockproof' docker run --rm "$BASE" sh -c '! command -v lockproof'

lp run --progress never --workdir "$shm" -o "$work/redis" -p docker --image "$BASE" redis-lock
expect_status 3 'a driver with a client library in an image of the user'
expect_in "$out" 'needs a client library' 'the reason'

lp run --progress never --workdir "$shm" -o "$work/none" -p docker --image no-such-image:1 flock
expect_status 3 'an image that is not there'
expect_in "$out" 'docker pull no-such-image:1' 'the remedy'
expect_clean_engine 'after all this'
expect_nothing_left 'after all this'
