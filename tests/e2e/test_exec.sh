#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The user's own programs: what is wrong is found and named, what is right is left in peace.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

python=/usr/bin/python3
[ -x "$python" ] || python=$(command -v python3) || skip 'no python3'
lp exec --help
expect_status 0 'exec --help'
examples=$root/examples
counter=(--setup 'echo 0 > counter; rm -f counter.*' --observe 'cat counter')
base=(--setup "$python $examples/sqlite_setup.py base" --observe "$python $examples/sqlite_setup.py -p base")

# bench WHAT ARG...: leaves $status, $verdict and $cause.
bench() {
    run_number=$((run_number + 1))
    json=$work/exec-$run_number.json
    lp exec --progress never -o "$work/exec-$run_number" -f text -f "json=$json" "$@"
    verdict=$(json "$json" scenarios.0.verdict 2> /dev/null || echo none)
    cause=$(json "$json" scenarios.0.diagnosis.0.cause 2> /dev/null || echo null)
}

bench -w 1 -- true
[ "$status" = 4 ] && grep -q 'may not be traced' "$err" && skip 'programs may not be traced here'

# ---- broken ----
bench -w 2 "${base[@]}" -- "$python" "$examples/sqlite_naive.py" base 0.3
expect_verdict broken narrow-scope 'read in one transaction, written in another'
expect_status 1 'a loss'
pass_if 'the loss is counted' test "$(json "$json" scenarios.0.invariants.0.lost)" = 1

bench -w 4 "${base[@]}" -- "$python" "$examples/sqlite_swallows.py" base 3
expect_verdict broken false-success 'an error that is swallowed'
expect_in "$out" 'database is locked' 'what the copy said is shown'

bench "${counter[@]}" -- "$examples/flock_narrow.sh" counter
pass_if 'narrow-scope is named, lost or not' test "$cause" = narrow-scope
pass_if 'and it is never held' test "$verdict" != held

bench -w 4 "${counter[@]}" -- "$examples/flock_renamed.sh" counter
pass_if 'different-lock is named, lost or not' test "$cause" = different-lock
pass_if 'and it is never held' test "$verdict" != held

# Data that is replaced by rename is written, too.
cat > "$work/replaced.sh" << 'END'
exec 9< counter
flock 9
value=$(cat counter)
sleep 0.05
echo $((value + 1)) > counter.$$
mv counter.$$ counter
END
bench -w 3 "${counter[@]}" -- bash replaced.sh
pass_if 'who replaces a file has not lied' test "$cause" != false-success

# Copies that never come near each other lose nothing; what lies open is then arranged.
cat > "$work/apart.sh" << 'END'
sleep "$(flock turns.lock sh -c 'echo x >> turns; wc -l < turns')"
value=$(flock counter.lock cat counter)
echo $((value + 1)) > counter
END
bench -w 2 -r 1 -d 1s --setup 'rm -f turns* counter.*; echo 0 > counter' --observe 'cat counter' -- bash apart.sh
expect_verdict broken narrow-scope 'two accesses that are arranged'
expect_in "$out" 'were arranged' 'and it is said'

# ---- held ----
bench -r 6 --min-meetings 6 "${counter[@]}" -- "$examples/flock_counter.sh" counter
expect_verdict held '' 'flock(1), used rightly'
expect_status 0 'held'
bench -r 6 --min-meetings 6 "${counter[@]}" -- "$python" "$examples/flock_counter.py" counter
expect_verdict held '' 'flock in Python, used rightly'
# A lock that could not be given up is held still.
cat > "$work/refused.sh" << 'END'
until mkdir counter.d 2> /dev/null; do sleep 0.01; done
: > counter.d/owner
value=$(cat counter)
rmdir counter.d 2> /dev/null
echo $((value + 1)) > counter
rm counter.d/owner
rmdir counter.d
END
bench -r 6 --min-meetings 6 --setup 'echo 0 > counter; rm -rf counter.d' --observe 'cat counter' -- bash refused.sh
expect_verdict held '' 'a folder that is a lock, whose removal failed at first'
bench -r 4 --min-meetings 2 "${base[@]}" -- "$python" "$examples/sqlite_fixed.py" base 0.01
expect_verdict held '' 'SQLite, used rightly'

if command -v node > /dev/null; then
    bench -r 3 --min-meetings 1 "${counter[@]}" -- node "$examples/node_counter.mjs" counter
    expect_verdict held '' 'a lock file made exclusively, in Node'
fi
if ${CC:-gcc} -static -o "$work/fcntl_counter" "$examples/fcntl_counter.c" 2> /dev/null; then
    bench -r 6 --min-meetings 6 "${counter[@]}" -- ./fcntl_counter counter
    expect_verdict held '' 'fcntl, used rightly, statically linked'
    bench -r 6 "${counter[@]}" -- ./fcntl_counter counter -trap
    pass_if 'a lock lost by a close is named, lost or not' test "$cause" = dropped-lock
fi

# ---- nothing that could go wrong ----
echo something > "$work/read-only"
bench -w 3 -r 3 -- cat read-only
expect_verdict held '' 'a file that is only read'
bench -w 3 -r 3 --min-meetings 0 --setup ': > log' --expect-unique log -- sh -c 'echo $$ >> log'
expect_verdict held '' 'a log that is appended to'

# ---- containers ----
mkdir "$work/shared"
shared=(-p namespace -r 4 --min-meetings 2 --setup 'echo 0 > shared/counter; rm -f shared/counter.*' --observe 'cat shared/counter')
bench --share shared "${shared[@]}" -- "$examples/flock_counter.sh" shared/counter
if [ "$status" = 4 ] || grep -q 'unable to' "$work"/exec-"$run_number"/trial-0000/copy-0.txt; then
    echo 'no namespaces here: not tested'
else
    expect_verdict held '' 'containers that share the folder'
    bench "${shared[@]}" -- "$examples/flock_counter.sh" shared/counter
    expect_verdict broken different-store 'containers that do not'
fi

# ---- one copy is nobody's rival ----
bench -w 1 -r 2 "${counter[@]}" -- "$examples/flock_counter.sh" counter
expect_verdict inconclusive no-contention 'one copy'
expect_status 3 'nothing was tested'

# ---- unknown exits ----
bench -w 2 -r 2 "${counter[@]}" -- sh -c 'exit 75'
expect_status 3 'an exit that is not 0 is unknown'

# ---- usage ----
lp exec --setp x -- true
expect_status 2 'a misspelt option'
expect_in "$err" "'--setup'" 'the nearest option'
lp exec
expect_status 2 'no program'
lp exec -- "$work/none-such"
expect_status 2 'a program that is not there'
expect_one_line 'a program that is not there'
lp exec -- "$work"
expect_status 2 'a folder is no program'
lp exec --observe 'echo none' -- true
expect_status 2 'an observation that is no number'
lp exec --fail-codes 1,x -- true
expect_status 2 'a list that is none'
