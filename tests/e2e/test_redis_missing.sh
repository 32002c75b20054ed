#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What a scenario needs and is not there is told by name, with the command that provides it.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

scenario_file=$root/scenarios/redis/redis-lock.yaml
make_copy

if [ -e "$work/copy/build/drivers/redis.so" ]; then
    mkdir "$work/bin"
    status=0
    PATH=$work/bin "$LOCKPROOF" run --progress never --workdir "$shm" -o "$work/no-server" \
        "$scenario_file" > "$out" 2> "$err" || status=$?
    expect_status 3 'without redis-server'
    expect_in "$out" 'skipped' 'without redis-server'
    expect_in "$out" 'redis-server' 'without redis-server: by name'
    expect_in "$out" 'apt-get install redis-server' 'without redis-server: the remedy'
    expect_nothing_left 'without redis-server'
else
    echo 'the plug-in was not built: a missing server was not tried'
fi

rm -rf "$work/copy/build/drivers"
[ ! -e /usr/local/lib/lockproof/drivers/redis.so ] || skip 'a plug-in is installed on this machine'
LOCKPROOF=$work/copy/build/lockproof
mkdir "$work/copy/build/drivers"
judge "$scenario_file"
expect_status 3 'without the plug-in'
expect_verdict skipped '' 'without the plug-in'
expect_in "$out" 'libhiredis-dev' 'without the plug-in: the remedy'
judge "$root/scenarios/redis/redis-incr.yaml" flock
expect_status 3 'one of two named is skipped'
lp list drivers
expect_status 0 'list drivers without the plug-in'
pass_if 'the driver is listed as missing' grep -qE '^redis +missing' "$out"
lp list
expect_status 0 'list without the plug-in'
pass_if 'its scenarios are listed all the same' grep -q 'redis: ' "$out"
mkdir "$work/mixed"
cp "$scenario_file" "$root/scenarios/file/flock.yaml" "$work/mixed"
judge "$work/mixed"
expect_status 0 'a folder of which one is skipped'

# A plug-in of another version is refused, and says so.
printf 'int nothing;\n' > "$work/wrong.c"
if ${CC:-cc} -shared -fPIC -o "$work/copy/build/drivers/redis.so" "$work/wrong.c" 2> /dev/null; then
    judge "$scenario_file"
    expect_status 3 'a plug-in that is none'
    expect_verdict skipped '' 'a plug-in that is none'
    pass_if "a plug-in that is none: why" grep -q lockproof_driver <<< "$(json "$json" scenarios.0.reason)"
fi
