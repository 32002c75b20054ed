#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# One scenario, of which only the steps change: verdict and cause follow from where the steps fell.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

head_of() { # LOCK
    printf '%s\n' 'title: The same, but for its steps' 'expect: held' \
        'store: {driver: file, path: "{shared}/counter"}' "lock: $1"
}
flock='{driver: flock, path: "{shared}/counter.lock"}'
steps() { # NAME STEPS
    { head_of "$flock"; printf 'workers: 8\nsteps: [%s]\n' "$2"; } | scenario "$1"
}

judge "$(steps around 'lock, read, think 50us..150us, write, unlock')"
expect_verdict held null 'lock around read and write'
expect_status 0 'lock around read and write'

judge "$(steps write-only 'read, think 50us..150us, lock, write, unlock')"
expect_verdict broken narrow-scope 'lock around the write only'
expect_status 1 'lock around the write only'

judge "$(steps read-only 'lock, read, unlock, think 50us..150us, write')"
expect_verdict broken narrow-scope 'lock around the read only'

judge "$(steps twice 'lock, read, unlock, think 50us..150us, lock, write, unlock')"
expect_verdict broken narrow-scope 'read and write in two holds'

judge "$(steps none 'read, think 50us..150us, write')"
expect_verdict broken no-lock 'no lock'

# The lock is released while nothing is read or written: that alone is no mistake.
judge "$(steps idle 'lock, unlock, lock, read, think 50us..150us, write, unlock')"
expect_verdict held null 'a second hold around nothing'

judge "$({
    head_of "$flock"
    cat << 'YAML'
groups:
  - {name: polite, workers: 6, steps: [lock, read, think 100us..200us, write, unlock]}
  - {name: rogue, workers: 2, steps: [read, think 100us..200us, write]}
YAML
} | scenario rogue)"
expect_verdict broken advisory-bypass 'one group without the lock'

judge "$({
    head_of "$flock"
    cat << 'YAML'
groups:
  - {name: first, workers: 4, steps: [lock, read, think 50us..150us, write, unlock]}
  - {name: second, workers: 4, steps: [lock, read, write, unlock, think 50us..150us]}
YAML
} | scenario polite)"
expect_verdict held null 'two groups, both with the lock'

own() { # CONTAINERS
    { head_of '{driver: flock, path: "{private}/counter.lock"}'
      printf 'containers: %s\nworkers: 8\nsteps: [lock, read, think 50us..150us, write, unlock]\n' \
          "$1"; } | scenario "own-$1"
}
for place in process namespace; do
    if [ $place = namespace ] && ! unshare -m true 2> /dev/null; then
        continue
    fi
    judge -p $place "$(own 2)"
    expect_verdict broken different-lock "a lock file of its own in each container ($place)"
    judge -p $place "$(own 1)"
    expect_verdict held null "a lock file of its own in the only container ($place)"
done

judge "$({
    head_of '{driver: semaphore, path: "{shared}/semaphore", value: 2}'
    printf 'workers: 8\nsteps: [lock, read, think 50us..150us, write, unlock]\n'
} | scenario two-permits)"
expect_verdict broken double-grant 'two are let in'
expect_nothing_left 'after all this'
