#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# lockproof bench: the folder that it leaves, locks that are wrong, mistakes, Ctrl-C, kill -9, the
# gate. Nothing here depends on how fast anything is, but for a lock that is slowed by 100 %.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

bench() { # ARG...: a short one
    run_number=$((run_number + 1))
    dir=$work/bench-$run_number
    lp bench --progress never --workdir "$shm" -o "$dir" -d 20ms --repeats 1 "$@"
}

# --- good locks

plots=--no-plots
command -v gnuplot > /dev/null && plots=-q
bench -w 1,3 flock mutex "sqlite:journal=wal" ${plots/-q/} -f text -f "csv=$work/out.csv" -f "json=$work/out.json" \
    -f "markdown=$work/out.md"
expect_status 0 'good locks'
for name in flock mutex sqlite:journal=wal 'hand-overs/s' 'wake' '3 workers' 'full'; do
    expect_in "$out" "$name" 'text'
    case $name in wake | full) ;; *) expect_in "$work/out.md" "$name" 'markdown' ;; esac
done
pass_if 'csv: a row a lock and count' [ "$(wc -l < "$work/out.csv")" = 7 ]
for file in json csv md; do
    pass_if "the folder has result.$file" cmp -s "$work/out.$file" "$dir/result.$file"
done
j=$dir/result.json
pass_if 'json: kind' [ "$(json "$j" kind)" = bench ]
pass_if 'json: locks' [ "$(json "$j" locks)" = 3 ]
pass_if 'json: points' [ "$(json "$j" locks.0.points)" = 2 ]
pass_if 'json: loops' [ "$(json "$j" locks.0.overhead.loops)" = 5 ]
pass_if 'json: wake' [ "$(json "$j" wake_ns.any.p50)" -gt 0 ]
for i in 0 1 2; do
    pass_if "json: lock $i lost nothing" [ "$(json "$j" locks.$i.lost)" = 0 ]
    pass_if "json: lock $i holds" [ "$(json "$j" locks.$i.verdict)" = held ]
    pass_if "json: lock $i was met" [ "$(json "$j" locks.$i.handovers)" -ge 30 ]
done
if [ "$plots" = -q ]; then
    pass_if 'ten plots' [ "$(json "$j" plots)" = 10 ]
    for name in throughput latency share waits heat; do
        pass_if "$name.svg" grep -q 'prefers-color-scheme' "$dir/plots/$name.svg"
        pass_if "$name.png" [ -s "$dir/plots/$name.png" ]
    done
    pass_if 'nothing that gnuplot complained of' [ ! -e "$dir/plots/gnuplot.log" ]
fi
lp bench -o "$dir" flock
expect_status 2 'a folder with a result'
expect_nothing_left 'good locks'

# --- locks that are wrong

for name in broken-noop broken-forgets broken-check-then-act broken-double-grant; do
    bench -w 2 --no-plots flock "$name"
    expect_status 1 "$name"
    expect_in "$out" "$name DOES NOT LOCK" "$name"
    expect_in "$out" BROKEN "$name"
    pass_if "$name: broken" [ "$(json "$dir/result.json" locks.1.verdict)" = broken ]
    pass_if "$name: flock is not" [ "$(json "$dir/result.json" locks.0.verdict)" = held ]
done
# POSIX locks belong to the process: threads do not exclude each other, processes do.
bench -w 2 --no-plots -p thread posix
expect_status 1 'posix between threads'
bench -w 2 --no-plots -p process posix
expect_status 0 'posix between processes'

# --- one worker meets nobody

bench -w 1 --no-plots mutex -p thread
expect_status 0 'one worker'

# --- placements and containers

for cpus in any one spread; do
    bench -w 2 --no-plots --cpus $cpus flock
    expect_status 0 "cpus $cpus"
    pass_if "cpus $cpus told" [ "$(json "$dir/result.json" settings.cpus)" = $cpus ]
done
if unshare -m true 2> /dev/null; then
    bench -w 4 -c 2 --no-plots flock
    expect_status 0 'two containers'
    pass_if 'namespaces' [ "$(json "$dir/result.json" settings.placement)" = namespace ]
    expect_nothing_left 'containers'
fi
have_redis && { bench -w 2 --no-plots redis; expect_status 0 'redis'; expect_nothing_left 'redis'; }

# --- mistakes

mistake() {
    local says=$1
    shift
    lp bench "$@"
    expect_status 2 "bench $*"
    expect_one_line "bench $*"
    expect_in "$err" "$says" "bench $*"
}
mistake "did you mean 'flock'?" flok
mistake 'is a store and no lock' file
mistake 'lets 2 in at once' semaphore:value=2
mistake "option '--workers'" -w 0 flock
mistake "option '--workers'" -w 1,,2 flock
mistake "option '--cpus'" --cpus two flock
mistake "option '--hold'" --hold 5 flock
mistake "option '--max-regress'" --against flock --max-regress much flock
mistake '--max-regress without' --max-regress 5% flock
mistake 'either --against or --baseline' --against flock --baseline x flock
mistake "did you mean 'csv'?" -f cvs flock
mistake "did you mean '--against'?" --agianst flock flock
mistake 'placement' -p docker flock
mistake 'unable to load' --against ./missing.so flock
mistake "did you mean 'flock'?" --against flok flock
echo '{}' > "$work/no.json"
mistake 'is no result.json' --baseline "$work/no.json" -d 1ms -w 1 --repeats 1 --no-plots --progress never flock
mistake 'unable to' --baseline "$work/missing.json" -d 1ms -w 1 --repeats 1 --no-plots --progress never flock
lp bench -n -w 2 flock
expect_status 0 'dry run'
expect_in "$out" '{shared}/lock-0' 'dry run'

# --- the gate

bench -w 1 --no-plots flock --against flock --max-regress 50%
expect_status 0 'a lock against itself'
pass_if 'pass' [ "$(json "$dir/result.json" comparison.rows.0.answer)" = pass ]
stored=$dir/result.json
bench -w 1 --no-plots flock --baseline "$stored" --max-regress 50%
expect_status '0 3' 'a stored result'
pass_if 'not paired' [ "$(json "$dir/result.json" comparison.paired)" = false ]
if cc -O2 -D_GNU_SOURCE -shared -fPIC -I"$root" -I"$root/harness" "$root/tests/bench/slowed.c" \
    -o "$work/slowed.so" 2> "$err"; then
    bench -w 1 --no-plots --driver "$work/slowed.so" --against slowed slowed:percent=100
    expect_status 1 'slowed by 100 %'
    pass_if 'regression' [ "$(json "$dir/result.json" comparison.rows.0.answer)" = regression ]
    # Two builds of one driver, under one name.
    cp "$work/slowed.so" "$work/old.so"
    bench -w 1 --no-plots --driver "$work/slowed.so" --against "$work/old.so" slowed --max-regress 50%
    expect_status 0 'against an older build'
    bench -w 1 --no-plots --driver "$work/slowed.so" --against "$work/old.so" slowed:percent=200
    expect_status 1 'against an older build that was faster'
    pass_if 'it still locks' [ "$(json "$dir/result.json" locks.0.lost)" = 0 ]
fi

# --- ends that were not planned

dir=$work/interrupted
# shellcheck disable=SC2016 # Perl's variables
setsid perl -e '$SIG{INT} = "DEFAULT"; exec @ARGV or die' "$LOCKPROOF" bench --progress never \
    --workdir "$shm" -o "$dir" -d 20s -w 2 --no-plots flock > "$out" 2> "$err" &
command=$!
wait_until 30 eval '[ -n "$(ls "$shm")" ]' || fail 'the bench did not start'
kill -INT "$command"
status=0
wait "$command" || status=$?
expect_status 130 'interrupted'
expect_nothing_left 'interrupted'

"$LOCKPROOF" bench --progress never --workdir "$shm" -o "$work/killed" -d 20s -w 2 --no-plots flock \
    > /dev/null 2>&1 &
command=$!
wait_until 30 eval '[ -n "$(ls "$shm")" ]' || fail 'the bench did not start'
kill -KILL "$command"
wait "$command" 2> /dev/null
expect_nothing_left 'killed'
