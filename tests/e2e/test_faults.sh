#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Faults strike whom they mean, are proved, and one that did not happen forbids a verdict.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

flock_scenario() { # FAULTS [MORE]: prints a scenario.
    cat << YAML
title: a lock under faults
store: {driver: file, path: "{shared}/counter"}
lock: {driver: flock, path: "{shared}/lock"}
workers: 4
rounds: 60
burst: 0
min-meetings: 5
deadline: 5s
${2:-}
steps: [lock, read, think 50us..200us, write, unlock]
faults: [$1]
YAML
}
try() { # NAME FAULTS [MORE]: runs it; the result in $work/NAME.json.
    flock_scenario "$2" "${3:-}" > "$work/$1.yaml"
    lp run --progress never --workdir "$shm" -o "$work/run-$1" -f "json=$work/$1.json" "$work/$1.yaml"
}

try paused '{fault: pause, target: holder, after: read, for: 50ms, times: 2}'
expect_status '0' 'a paused holder of an flock'
expect_in "$work/paused.json" '"fault": "pause"' 'the fault is in the result'
expect_in "$work/paused.json" '"happened": true' 'it happened'
expect_in "$work/paused.json" 'state T in /proc' 'with its proof'
pass_if 'the fault is in the run folder' test -s "$work/run-paused/history/faults.lpf"
lp check "$work/run-paused"
expect_status '0 3' 'the recorded run can be checked again'

try killed '{fault: kill, target: holder, at: 2ms}'
expect_status '0' 'a killed holder of an flock'
expect_in "$work/killed.json" 'ended by SIGKILL' 'the kill is proved'
expect_in "$work/killed.json" '"name": "recovery"' 'recovery is checked'

try never '{fault: kill, target: holder, at: 30s}'
expect_status '3' 'a fault that was never due leaves it open'
expect_in "$work/never.json" '"happened": false' 'and is told'
expect_in "$work/never.json" 'did not happen' 'as the reason'

try nobody '{fault: kill, target: worker 4}'
expect_status '2' 'a target that does not exist'
expect_one_line 'a target that does not exist'
expect_in "$err" 'there is no such worker' 'says so'
pass_if 'and nothing has run' test ! -d "$work/run-nobody"

flock_scenario '{fault: pause, target: holder, after: read, for: 20s}' > "$work/long.yaml"
"$LOCKPROOF" run --progress never --workdir "$shm" -o "$work/run-long" "$work/long.yaml" > "$out" 2> "$err" &
command=$!
pass_if 'the pause was written down' wait_until 20 test -s "$work/run-long/history/faults.lpf"
kill -KILL "$command"
wait "$command" 2> /dev/null
expect_nothing_left 'killed while a worker was stopped'

if have_redis; then
    sed -e 's/rounds: 12/rounds: 400/' -e 's/^faults:.*/faults: [{fault: crash, target: server redis, at: 40ms}]/' \
        "$root/scenarios/redis/redis-paused-holder.yaml" > "$work/dead.yaml"
    lp run --progress never --workdir "$shm" -o "$work/run-dead" -f "json=$work/dead.json" "$work/dead.yaml"
    expect_status '1 3' 'a server that dies in mid-run ends in a report'
    expect_in "$work/dead.json" 'ended by SIGKILL' 'which tells that it died'
    expect_not_in "$work/dead.json" '"verdict": "held"' 'and certifies nothing'
    expect_nothing_left 'after a dead server'
fi
