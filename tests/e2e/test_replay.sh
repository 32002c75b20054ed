#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Schedules as files: replayed, edited, written by hand, kept as a regression test.
# The backquotes are the report's own.
# shellcheck disable=SC2016
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

schedule() { # NAME: takes the text from stdin, prints the path
    cat > "$work/$1.schedule"
    printf '%s\n' "$work/$1.schedule"
}

replay() { # ARG...
    rm -rf "$work/run"
    lp replay -o "$work/run" "$@"
}

# What explore wrote is followed to the same end, again and again, and can be edited.
lp explore -q -o "$work/found" sqlite-naive
expect_status 1 'explore'
for i in 1 2 3; do
    replay "$work/found/schedule"
    expect_status 1 "replay $i"
    expect_in "$out" no-lock "replay $i names the cause"
done
pass_if 'what replay writes is what it was given' \
    diff <(grep '^[01]:' "$work/found/schedule") <(grep '^[01]:' "$work/run/schedule")

# Time in a schedule: what explore found, and a delay by hand, under which the lease of the same lock ends.
if command -v redis-server > /dev/null; then
    lp explore -q -o "$work/late" redis-work-longer-than-ttl
    expect_status 1 'explore a lease'
    pass_if 'time passes in the schedule' grep -q '^time: passes' "$work/late/schedule"
    replay "$work/late/schedule"
    expect_status 1 'replay a lease'
    expect_in "$out" lease-expired 'replay a lease'
    delay() { # TIME-LINES WHAT-THE-OTHER-GETS
        schedule delay << TEXT
lockproof schedule 1
scenario: redis-lock
workers: 2
rounds: 1

0: lock
0: read    => ok 0
0: think
$1
1: lock    => $2
TEXT
    }
    replay "$(delay 'time: passes 100us' '<waiting>')"
    expect_status 0 'a lease that lasts'
    replay "$(delay "$(printf 'time: passes 100us\ntime: passes')" ok)"
    expect_status 1 'a lease that ends under a holder who was held up'
    replay "$(delay 'time: passes 1h' ok)"
    expect_status 3 'time that does not pass so'
fi
replay "$(schedule timeless << 'TEXT'
lockproof schedule 1
scenario: flock
workers: 2

time: passes
TEXT
)"
expect_status 3 'time where there is none'
expect_in "$out" 'depends on time' 'time where there is none'

# A team's own regression test: the race they had, and the order that their lock must force.
race=$(schedule race << 'TEXT'
lockproof schedule 1
# Both read before either writes.
scenario: no-lock
workers: 2
rounds: 1

0: read   => ok 0
1: read   => ok 0
0: write
1:
TEXT
)
replay "$race"
expect_status 1 'a race by hand'
fixed=$(schedule fixed << 'TEXT'
lockproof schedule 1
scenario: flock
workers: 2
rounds: 1

0: lock    => ok
0: read    => ok 0
1: lock    => <waiting>
0: write   => ok 1
1: lock    => <waiting>   # as long as 0 holds it
0: unlock
1: lock    => ok
1: read    => ok 1        # and not 0
TEXT
)
replay "$fixed"
expect_status 0 'the same order with a lock'

# What cannot happen is told with its line, and is no finding.
sed 's/^scenario: flock$/scenario: no-lock/' "$fixed" > "$work/moved.schedule"
replay "$work/moved.schedule"
expect_status 3 'a step that is not there'
expect_in "$out" 'moved.schedule:6' 'a step that is not there'
sed 's/ => <waiting>   #.*/ => ok/' "$fixed" > "$work/through.schedule"
replay "$work/through.schedule"
expect_status 3 'a lock that does not let in'
expect_in "$out" 'through.schedule:10' 'a lock that does not let in'
expect_in "$out" '<waiting>' 'a lock that does not let in'
sed 's/=> ok 1  /=> ok 7  /' "$fixed" > "$work/seven.schedule"
replay "$work/seven.schedule"
expect_status 3 'another value'
expect_in "$out" '`ok 1`' 'another value'

# A deadlock is followed into.
into=$(schedule into << 'TEXT'
lockproof schedule 1
scenario: deadlock
0: lock a => ok
1: lock b => ok
0: lock b => <waiting>
1: lock a => <waiting>
TEXT
)
replay "$into"
expect_status 1 'a deadlock'
expect_in "$out" 'worker 0 waits for `b`, which worker 1 holds' 'a deadlock'
schedule ordered > "$work/unused" << 'TEXT'
lockproof schedule 1
scenario: deadlock-ordered
0: lock a => ok
1: lock a => <waiting>
0: lock b => ok
TEXT
replay "$work/ordered.schedule"
expect_status 0 'the ordered twin'

# A fault between two steps.
crash=$(schedule crash << 'TEXT'
lockproof schedule 1
scenario: lockfile
workers: 2
rounds: 1
0: lock => ok
fault: kill 0 => ok
1: lock => <waiting>
TEXT
)
replay "$crash"
expect_status 1 'a crash leaves a lock file'
sed 's/lockfile/flock/; s/<waiting>/ok/' "$crash" > "$work/flock-crash.schedule"
replay "$work/flock-crash.schedule"
expect_not_in "$out" 'cannot be followed' 'a crash frees a flock'

# Mistakes.
bad() { # WHAT TEXT-OF-MESSAGE, the schedule from stdin
    replay "$(schedule bad)"
    expect_status 2 "$1"
    expect_one_line "$1"
    expect_in "$err" "$2" "$1"
}
bad 'no head' 'bad.schedule:1:1: expected' << 'TEXT'
scenario: flock
TEXT
bad 'a step misspelt' "bad.schedule:3:4: there is no step 'lokc', did you mean 'lock'?" << 'TEXT'
lockproof schedule 1
scenario: flock
0: lokc
TEXT
bad 'a key misspelt' "did you mean 'workers'?" << 'TEXT'
lockproof schedule 1
scenario: flock
worker: 2
TEXT
bad 'a worker too many' 'bad.schedule:3:1: there is no worker 7' << 'TEXT'
lockproof schedule 1
scenario: flock
7: lock
TEXT
bad 'an unknown scenario' 'bad.schedule:2:11' << 'TEXT'
lockproof schedule 1
scenario: flok
TEXT
bad 'a fault misspelt' 'kill WORKER' << 'TEXT'
lockproof schedule 1
scenario: flock
fault: kil 0
TEXT
lp replay "$work/nothing-here"
expect_status 2 'no such file'
expect_one_line 'no such file'
expect_nothing_left 'after all this'
