#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A run in which workers did not meet proves nothing, and must not say `held`.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

# held is only said with the meetings that it needs.
expect_not_held_by_luck() { # WHAT
    local meetings needed
    meetings=$(json "$json" scenarios.0.meetings)
    needed=$(json "$json" scenarios.0.meetings_needed)
    checks=$((checks + 1))
    [ "$verdict" != held ] || [ "$meetings" -ge "$needed" ] || {
        fail "$1: held with $meetings of $needed meetings"
        show_output
    }
}

for name in flock mutex lockfile shm-atomic sqlite-immediate sqlite-update shm-cas; do
    judge -w 1 "$name"
    expect_verdict inconclusive no-contention "$name with one worker"
    expect_status 3 "$name with one worker"
done
judge -w 1 --min-meetings 1 flock
expect_verdict inconclusive no-contention 'one worker, one meeting needed'
judge -r 2 -w 2 flock
expect_verdict inconclusive no-contention 'four grants in all'

apart=$(scenario apart << 'YAML'
title: When the second group begins, the first has long ended
expect: held
store: {driver: file, path: "{shared}/counter"}
lock: {driver: flock, path: "{shared}/counter.lock"}
rounds: 40
burst: 0
groups:
  - {name: early, workers: 1, pause: 0, steps: [lock, read, write, unlock]}
  - {name: late, workers: 1, pause: 30ms..31ms, steps: [lock, read, write, unlock]}
YAML
)
judge "$apart"
expect_not_held_by_luck 'groups that do not meet'
expect_verdict inconclusive no-contention 'groups that do not meet'
expect_status 3 'groups that do not meet'

seldom=$(scenario seldom << 'YAML'
title: Two workers that do next to nothing every five milliseconds
expect: held
store: {driver: file, path: "{shared}/counter"}
lock: {driver: flock, path: "{shared}/counter.lock"}
workers: 2
rounds: 40
burst: 0
pause: 5ms..6ms
steps: [lock, read, think 0, write, unlock]
YAML
)
judge "$seldom"
expect_not_held_by_luck 'workers that meet seldom'

# Workers of one container meet all the time, those of different ones never: what is asked is
# whether the lock excludes across containers.
islands=$(scenario islands << 'YAML'
title: Only one container has anything to do at a time
expect: held
store: {driver: file, path: "{shared}/counter"}
lock: {driver: flock, path: "{shared}/counter.lock"}
containers: 2
placement: process
rounds: 60
burst: 0
groups:
  - {name: busy, workers: 4, container: 0, pause: 0, steps: [lock, read, think 50us, write, unlock]}
  - {name: later, workers: 1, container: 1, pause: 20ms..21ms, steps: [lock, read, write, unlock]}
YAML
)
judge "$islands"
expect_not_held_by_luck 'containers that do not meet'

# Losers of this lock sleep, so that two seldom ask at the same time; it is wrong all the same.
sleepy=$(scenario sleepy << 'YAML'
title: Check-then-act, and whoever finds it taken sleeps
expect: broken
store: {driver: file, path: "{shared}/counter"}
lock: {driver: broken-check-then-act, path: "{shared}/counter.lock"}
workers: 2
rounds: 25
burst: 0
pause: 1ms..4ms
steps: [lock, read, think 3ms, write, unlock]
YAML
)
for _ in 1 2 3; do
    judge "$sleepy"
    pass_if "check-then-act with sleeping losers is not certified ($verdict)" [ "$verdict" != held ]
done
expect_nothing_left 'after all this'
