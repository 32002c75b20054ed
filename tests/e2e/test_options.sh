#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Mistakes on the command line and in scenario files: exit 2, one line on stderr, nothing on stdout.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

# What the line must say, then the arguments.
mistake() {
    local says=$1
    shift
    lp "$@"
    expect_status 2 "lockproof $*"
    expect_one_line "lockproof $*"
    expect_in "$err" "$says" "lockproof $*"
    pass_if "lockproof $*: nothing on stdout" [ ! -s "$out" ]
}

mkdir "$work/empty"
mistake 'no command given'
mistake "did you mean 'run'?" runn
mistake "did you mean 'explain'?" explian
mistake "unknown command 'zzzzzz'" zzzzzz
mistake "unknown command '--colour'" --colour
mistake "did you mean '--workers'?" run --wrkers 3
mistake "did you mean '--min-meetings'?" run --min-meeting=3 flock
mistake "did you mean '--format'?" check --fromat json x
mistake "unknown option '--zzzzzz'" run --zzzzzz
mistake "unknown option '-Z'" run -Z
mistake "unknown option '-Z'" run -qZ flock
mistake "did you mean 'flock'?" run flok
mistake 'no bundled one' run qqqqqqqqqqqq
mistake "did you mean 'json'?" run -f jsn flock
mistake "did you mean 'junit'?" check -f juint x
mistake "no file after 'text='" run -f text= flock
mistake "did you mean 'drivers'?" list driver
mistake "nothing called 'zzzzzz'" list zzzzzz
mistake "'steps' is too many" list drivers steps
mistake "none of text, json" list -f xml
mistake "no scenario of family 'zzz'" list --family zzz
mistake 'name one scenario' explain
mistake 'name one scenario' explain flock sqlite-naive
mistake "did you mean 'no-lock'?" explain no-lok
mistake "needs a value" run --workers
mistake "needs a value" run flock -w
mistake "needs a value" run flock -o
mistake "takes no value" run --quiet=yes flock
for number in 0 x -3 1.5 '' ' 1' 0x10 99999999999 1e3; do
    mistake "option '--workers': '$number' is no whole number of at least 1" run -w "$number" flock
done
mistake "option '--rounds'" run -r 0 flock
mistake "option '--containers'" run -c none flock
mistake "option '--seed'" run -s 0 flock
mistake "option '--min-meetings'" run --min-meetings -1 flock
mistake '10001 workers' run -w 10001 flock
for time in 5 5x 0 -1s 1..2s '' '1 s'; do
    mistake "option '--duration': '$time' is not a time such as" run -d "$time" flock
done
mistake "option '--timeout'" run --timeout 1xs flock
mistake "none of thread, process, namespace" run -p moon flock
mistake "none of auto, always, never" run --progress sometimes flock
mistake "is not 'placement'" run --sweep workers flock
mistake "unable to load" run --driver ./nope.so flock
mistake "No such file" run ./nope.yaml
mistake "no scenario (*.yaml) in folder" run "$work/empty"
mistake 'no history given' check
mistake "nope" check ./nope
mistake "option '--min-meetings'" check --min-meetings x y

for command in run check list explain; do
    for help in --help -h; do
        lp "$command" $help
        expect_status 0 "$command $help"
        expect_in "$out" "usage: lockproof $command" "$command $help"
        pass_if "$command $help: nothing on stderr" [ ! -s "$err" ]
    done
done
# Each option of the help is one that is understood.
lp run --help
for option in $(grep -oE -- '--[a-z-]+' "$out" | sort -u); do
    lp run -n "$option" nope
    expect_not_in "$err" 'unknown option' "run $option"
done
for help in --help -h help; do
    lp $help
    expect_status 0 "$help"
    expect_in "$out" 'usage: lockproof COMMAND' "$help"
done
lp --version
expect_status 0 '--version'
pass_if '--version: one line' [ "$(wc -l < "$out")" = 1 ]
pass_if '--version: a number' grep -qE '^lockproof [0-9]+\.[0-9]+\.[0-9]+$' "$out"
lp run -n flock
expect_status 0 'a dry run'
expect_in "$out" 'driver: flock' 'a dry run'
pass_if 'a dry run makes no folder' [ ! -e "$work/lockproof-runs" ]
cp "$out" "$work/resolved.yaml"
lp run -n "$work/resolved.yaml"
expect_status 0 'a dry run of what a dry run printed'

# Every malformed scenario: refused with file, line and column. Their first line states the place for
# the parser's own tests, which know some drivers that the program has not: then that is the mistake.
for file in "$root"/tests/corpus/malformed/*.yaml; do
    name=$(basename "$file")
    [ "$name" != cas-on-sqlite.yaml ] || continue # the program's sqlite can do that
    place=$(sed -nE '1s/^# expect: ([0-9]+:[0-9]+): .*/\1/p' "$file")
    lp run "$file"
    expect_status 2 "$name"
    expect_one_line "$name"
    grep -q ': unknown driver `' "$err" && place='[0-9]+:[0-9]+'
    pass_if "$name: refused at $place" grep -qE "^lockproof: $file:$place: " "$err"
    pass_if "$name: nothing on stdout" [ ! -s "$out" ]
done
pass_if 'nothing was run' [ ! -e "$work/lockproof-runs" ]
