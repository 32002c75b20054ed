#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# `check` decides a finished run as the run did; a damaged history is never an accusation or a
# certificate, and never a crash. LP_SEED: of the damage.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
RANDOM=${LP_SEED:-815}

checked() { # DIR: the verdict of check
    lp check -f "json=$work/check.json" -f text "$1"
    verdict=$(json "$work/check.json" scenarios.0.verdict)
    cause=$(json "$work/check.json" scenarios.0.diagnosis.0.cause)
}

declare -A dirs
for name in flock no-lock file/flock-rogue lockfile sqlite-immediate sqlite/sqlite-naive shm-atomic; do
    judge "$name"
    dirs[$name]=$work/run-$run_number
    at_run=$verdict/$cause
    checked "${dirs[$name]}"
    pass_if "$name: $at_run at the run, $verdict/$cause at check" [ "$verdict/$cause" = "$at_run" ]
    wanted=3
    [ "$verdict" = held ] && wanted=0
    [ "$verdict" = broken ] && wanted=1
    expect_status $wanted "check of $name"
    checked "${dirs[$name]}/history"
    pass_if "$name: the history folder will do" [ "$verdict/$cause" = "$at_run" ]
done
lp check "${dirs[flock]}" "${dirs[no-lock]}"
expect_status 1 'two histories, one broken'

any_of() { # FILE...: one of them
    printf '%s\n' "${@:$((RANDOM % $# + 1)):1}"
}
random_below() { # LIMIT; up to 30 bits
    echo $(((RANDOM * 32768 + RANDOM) % $1))
}

# What is cut off is missing: nothing may be concluded from its absence.
for i in $(seq 24); do
    for name in flock sqlite-immediate no-lock; do
        rm -rf "$work/cut"
        cp -r "${dirs[$name]}/history" "$work/cut"
        file=$(any_of "$work"/cut/*.lph)
        size=$(random_below "$(stat -c %s "$file")")
        truncate -s "$size" "$file"
        lp check "$work/cut"
        what="$name, $(basename "$file") cut to $size bytes"
        if [ "$name" = no-lock ]; then
            expect_status '1 2 3' "$what"
        else
            expect_status '0 2 3' "$what"
        fi
        [ "$status" != 2 ] || expect_one_line "$what"
    done
done

# A few bytes of a history that are others: any answer but a crash, and a refusal in one line.
for i in $(seq 20); do
    rm -rf "$work/bent"
    cp -r "${dirs[file/flock-rogue]}/history" "$work/bent"
    file=$(any_of "$work"/bent/*.lph)
    for _ in 1 2 3; do
        offset=$(random_below "$(stat -c %s "$file")")
        [ $((i % 2)) = 0 ] || offset=$((offset % 4096)) # half of them in the header
        printf '%b' "\\x$(printf '%02x' $((RANDOM % 256)))" |
            dd of="$file" bs=1 seek="$offset" conv=notrunc status=none
    done
    lp check "$work/bent"
    expect_status '0 1 2 3' "bytes changed, $i"
    [ "$status" != 2 ] || expect_one_line "bytes changed, $i"
done

mkdir "$work/garbage" "$work/nothing" "$work/text"
head -c 20000 /dev/urandom > "$work/garbage/worker-00000.lph"
lp check "$work/garbage"
expect_status 2 'noise'
expect_one_line 'noise'
expect_in "$err" 'worker-00000.lph' 'noise: names the file'
lp check "$work/nothing"
expect_status 2 'an empty folder'
expect_one_line 'an empty folder'
echo 'no history' > "$work/text/worker-00000.lph"
lp check "$work/text"
expect_status 2 'a text'
lp check "$work/text/worker-00000.lph"
expect_status 2 'a file, not a folder'
expect_one_line 'a file, not a folder'

# Histories of two runs are none.
mkdir "$work/mixed"
cp "${dirs[flock]}"/history/* "$work/mixed"
cp "${dirs[sqlite-immediate]}/history/worker-00001.lph" "$work/mixed"
lp check "$work/mixed"
expect_status '2 3' 'files of two runs'

# Without one worker's file its writes are missing.
cp -r "${dirs[flock]}/history" "$work/missing"
rm "$work/missing/worker-00003.lph"
checked "$work/missing"
pass_if "a worker's history is missing: $verdict" [ "$verdict" = inconclusive ]
