#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Ctrl-C: the run ends early, what was recorded is judged and reported, nothing is left. Signals are
# sent when operations have been recorded, not after a time.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

# start ARG...: a long run of its own session, with SIGINT as a terminal would leave it (a shell
# starts background commands with SIGINT ignored). Leaves $command and $dir.
start() {
    run_number=$((run_number + 1))
    dir=$work/interrupted-$run_number
    : > "$out"
    : > "$err"
    # shellcheck disable=SC2016 # Perl's variables
    setsid perl -e '$SIG{INT} = "DEFAULT"; exec @ARGV or die' \
        "$LOCKPROOF" run --progress never --workdir "$shm" -o "$dir" "$@" > "$out" 2> "$err" &
    command=$!
}

runs_on() {
    wait_until 30 recorded "$dir"
}

join() {
    status=0
    wait "$command" || status=$?
}

expect_report() { # WHAT
    pass_if "$1: the report is printed" [ -s "$out" ]
    expect_in "$out" 'interrupt' "$1"
    pass_if "$1: the result is kept" [ -s "$dir/result.json" ]
    expect_nothing_left "$1"
}

places=(process thread)
unshare -m true 2> /dev/null && places+=(namespace)
for place in "${places[@]}"; do
    start -d 30s -p "$place" flock
    pass_if "$place: it runs" runs_on
    kill -INT "$command"
    join
    expect_status 130 "Ctrl-C to the command, $place"
    expect_report "Ctrl-C to the command, $place"
    pass_if "$place: interrupted is not held" [ "$(json "$dir/result.json" scenarios.0.verdict)" != held ]
done

start -d 30s flock
runs_on
kill -INT -- "-$command"
join
expect_status 130 'Ctrl-C to the process group'
expect_report 'Ctrl-C to the process group'

start -d 30s flock
runs_on
kill -TERM "$command"
join
expect_status 130 'SIGTERM'
expect_report 'SIGTERM'

if have_redis; then
    start -d 30s "$root/scenarios/redis/redis-lock.yaml"
    runs_on
    kill -INT "$command"
    join
    expect_status 130 'Ctrl-C with a server'
    expect_report 'Ctrl-C with a server'
fi

# What is proven stays proven.
hopeful=$work/hopeful.yaml
sed -E 's/^expect: broken/expect: held/; /^cause:/d; s/^rounds:.*//' "$root/scenarios/file/no-lock.yaml" \
    > "$hopeful"
start -d 30s "$hopeful"
runs_on
bytes=$(du -sb "$dir/history" | cut -f1)
enough() { [ "$(du -sb "$dir/history" | cut -f1)" != "$bytes" ] || recorded_many; }
recorded_many() { # the hundredth record of a worker
    [ -n "$(od -An -v -tx8 -j$((4096 + 6400)) -N64 "$dir/history/worker-00000.lph" | tr -d ' 0\n')" ]
}
wait_until 30 enough
kill -INT "$command"
join
expect_status 1 'a proven violation outranks the interrupt'
expect_nothing_left 'a proven violation outranks the interrupt'

# Workers stuck in a lock that nobody will release: one that polls, and one that sleeps in the kernel.
stuck() { # DRIVER
    scenario "stuck-$1" << YAML
title: Somebody else has it for ever
expect: held
store: {driver: file, path: "{shared}/counter"}
lock: {driver: $1, path: "$work/by-hand.lock"}
deadline: 40s
duration: 40s
timeout: 50s
workers: 4
steps: [lock, read, write, unlock]
YAML
}
taken_by_hand() { # DRIVER: the lock is this test's
    case $1 in
    lockfile) (set -C; : > "$work/by-hand.lock") 2> /dev/null ;;
    flock) exec 9> "$work/by-hand.lock"; flock -x 9 ;;
    esac
}
# The second signal counts when the first was heard: one that is pending is not doubled.
heard() {
    ! awk '/^(Shd|Sig)Pnd/ && $2 !~ /^0+$/ { pending = 1 } END { exit !pending }' \
        "/proc/$command/status" 2> /dev/null
}

for driver in lockfile flock; do
    for times in 1 2; do
        what="stuck in $driver, Ctrl-C $times times"
        rm -f "$work/by-hand.lock"
        start "$(stuck $driver)"
        pass_if "$what: it runs" runs_on
        pass_if "$what: the lock is ours" wait_until 30 taken_by_hand $driver
        began=$SECONDS
        kill -INT "$command"
        if [ $times = 2 ]; then
            wait_until 10 heard
            kill -INT "$command" 2> /dev/null
        fi
        join
        expect_status 130 "$what"
        expect_report "$what"
        pass_if "$what: it did not wait for the lock" [ $((SECONDS - began)) -lt 30 ]
        pass_if "$what: neither held nor broken" \
            [ "$(json "$dir/result.json" scenarios.0.verdict)" = inconclusive ]
        exec 9>&-
    done
done

# Several scenarios: the first is interrupted, the others are not begun.
start -d 30s flock posix mutex
dir=$dir/flock runs_on
kill -INT "$command"
join
expect_status 130 'Ctrl-C in the first of three'
pass_if 'the second is not begun' [ ! -e "$work/interrupted-$run_number/posix" ]
expect_nothing_left 'Ctrl-C in the first of three'
