#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The exit status says which of the three kinds of trouble it was: a finding (1), nothing decided (3),
# or a failure of the machine or the program (4); and what is proven outranks what went wrong.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

from() { # BUNDLED SED-EXPRESSION NAME: a changed copy of a bundled scenario
    sed -E "$2" "$root/scenarios/$1.yaml" > "$work/$3.yaml"
    printf '%s\n' "$work/$3.yaml"
}

judge flock
expect_status 0 'held as expected'
expect_verdict held null 'held as expected'
judge no-lock
expect_status 0 'broken as expected'
expect_verdict broken no-lock 'broken as expected'

hopeful=$(from file/no-lock 's/^expect: broken/expect: held/; /^cause:/d' hopeful)
judge "$hopeful"
expect_status 1 'broken, but expected to hold'
pass_if 'broken, but expected to hold' [ "$(json "$json" scenarios.0.as_expected)" = false ]
judge "$(from file/flock 's/^expect: held/expect: broken/' gloomy)"
expect_status 1 'held, but expected to be broken'
judge "$(from file/no-lock 's/^cause: .*/cause: double-grant/' blaming)"
expect_status 1 'the right verdict with another cause'
expect_verdict broken no-lock 'the right verdict with another cause'
judge "$(from file/no-lock '/^cause: .*/d' silent)"
expect_status 0 'the right verdict, no cause expected'

judge -w 1 flock
expect_status 3 'nothing decided'
expect_verdict inconclusive no-contention 'nothing decided'
judge "$(from file/no-lock 's/^workers: .*/workers: 1/' lonely)"
expect_status 3 'broken expected, but it did not strike'

# Needs namespaces, and is told not to use them.
judge -p process private-shm
expect_status 3 'skipped, and named'
expect_in "$out" 'private-shm' 'skipped, and named'
expect_in "$out" 'needs' 'skipped, and named'
mkdir "$work/mixed" "$work/skipped"
cp "$root/scenarios/file/flock.yaml" "$root/scenarios/memory/private-shm.yaml" "$work/mixed"
cp "$root/scenarios/memory/private-shm.yaml" "$work/skipped"
judge -p process "$work/mixed"
expect_status 0 'a folder of which one is skipped'
expect_in "$out" '1 skipped' 'a folder of which one is skipped'
judge -p process --require "$work/mixed"
expect_status 3 'the same with --require'
judge -p process "$work/skipped"
expect_status 3 'a folder of which all are skipped'
cp "$hopeful" "$work/mixed"
judge -p process "$work/mixed"
expect_status 1 'a contradiction outranks what was skipped'

judge ./none.yaml
expect_status 2 'a scenario that is not there'
lp run --workdir "$shm" -o "$work/run-1" flock
expect_status 2 'a run folder that holds a run'
expect_one_line 'a run folder that holds a run'

for command in 'run --progress never -o RUN flock' 'run -n flock' 'run --sweep placement -o RUN flock' \
    'list' 'list drivers -f json' 'explain flock' "check $work/run-1" '--help' 'run --help'; do
    status=0
    # shellcheck disable=SC2086 # words
    (cd "$work" && exec "$LOCKPROOF" ${command//RUN/$work/full-$checks}) > /dev/full 2> "$err" ||
        status=$?
    : > "$out"
    expect_status 4 "a full disk: $command > /dev/full"
done
status=0
"$LOCKPROOF" run --progress never --workdir "$shm" -o "$work/full" "$hopeful" > /dev/full 2> "$err" ||
    status=$?
expect_status 1 'a finding outranks a report that could not be written'
expect_one_line 'a finding outranks a report that could not be written'

# Who stops reading (| head) is told nothing, and is no failure: yes ends when nobody reads.
: > "$work/ended"
{
    yes
    (cd "$work" && "$LOCKPROOF" list 2> "$err")
    echo $? > "$work/ended"
} 2> /dev/null | true
pass_if 'list into a pipe that nobody reads: exit 0' [ "$(cat "$work/ended")" = 0 ]
pass_if 'and nothing on stderr' [ ! -s "$err" ]

# A closed descriptor is not given to a history.
for closed in 0 1 2; do
    status=0
    (cd "$work" && eval "exec $closed<&-" &&
        exec "$LOCKPROOF" run --progress never --workdir "$shm" -o "closed-$closed" flock) > "$out" \
        2> "$err" || status=$?
    expect_status "$((closed == 1 ? 4 : 0))" "descriptor $closed is closed"
    lp check "$work/closed-$closed"
    expect_status 0 "descriptor $closed was closed: the history"
done

judge -f "json=/nonexistent/x" flock
expect_status 4 'a report into a folder that is not there'
expect_one_line 'a report into a folder that is not there'
pass_if 'and nothing was run' [ ! -e "$work/run-$run_number" ]
judge -f "junit=$work" flock
expect_status 4 'a report onto a folder'
: > "$work/file"
lp run -o "$work/file" flock
expect_status 4 'a run folder that is a file'
expect_one_line 'a run folder that is a file'
lp run -o "$work/file/deeper" flock
expect_status 4 'a run folder below a file'
lp run --workdir "$work/none" -o "$work/deeper/run" flock
expect_status 4 'a workdir that is not there'
expect_one_line 'a workdir that is not there'

# As somebody who may not write there.
make_copy
mkdir -m 755 "$work/locked"
[ "$(id -u)" = 0 ] || chmod 555 "$work/locked"
status=0
as_nobody "$work/copy/build/lockproof" run -o "$work/locked/run" flock > "$out" 2> "$err" || status=$?
expect_status 4 'a run folder that may not be made'
expect_in "$err" 'Permission denied' 'a run folder that may not be made'
expect_one_line 'a run folder that may not be made'
expect_nothing_left 'after all this'
