#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# `check` decides histories of other tools by models: verdicts, refusals, exports, options.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

row() { # TYPE PROCESS F [MORE]
    printf '{:type :%s, :process %s, :f :%s%s}\n' "$1" "$2" "$3" "${4:+, $4}"
}
done_by() { # PROCESS F [MORE]: invoked and ok
    row invoke "$@"
    row ok "$@"
}

{ done_by 0 acquire; done_by 0 release; done_by 1 acquire; } > "$work/held.edn"
{ done_by 0 acquire; done_by 1 acquire; done_by 0 release; } > "$work/broken.edn"
{ done_by 0 write ':value 1'; done_by 1 read ':value 2'; } > "$work/stale.edn"
printf 'INFO  jepsen.util - 0\t:invoke\t:write\t1\nINFO  jepsen.util - 0\t:ok\t:write\t1\n' > "$work/log"

lp check held.edn
expect_status 0 'a mutex that holds'
expect_in "$out" 'owned-mutex' 'the model is told'
expect_in "$out" 'inferred' 'and that it was inferred'
lp check broken.edn
expect_status 1 'two holders'
expect_in "$out" 'both had it at once' 'told in words'
expect_in "$out" '+ acquire' 'drawn in lanes'
lp check stale.edn log
expect_status 1 'a read of what nobody wrote, and a log'
lp check - < "$work/held.edn"
expect_status 0 'standard input'
lp check -f "json=$work/json" broken.edn
pass_if 'the witness is in the JSON' \
    [ "$(json "$work/json" scenarios.0.invariants.0.witness.1.line)" = 3 ]
pass_if 'the result is fail' [ "$(json "$work/json" scenarios.0.invariants.0.result)" = fail ]
for format in junit tap markdown github; do
    lp check -f $format broken.edn
    expect_status 1 "as $format"
    expect_in "$out" 'acquire' "as $format: the calls"
done

# What is cut off proves nothing that is absent, and disproves nothing that is there.
head -c -8 "$work/held.edn" > "$work/cut.edn"
lp check cut.edn
expect_status 3 'cut'
expect_in "$out" 'the file ends early, in line 6: 5 rows were read' 'cut: how much was read'
{ cat "$work/broken.edn"; printf '{:type :inv'; } > "$work/cut-broken.edn"
lp check cut-broken.edn
expect_status 1 'cut behind the violation'
: > "$work/empty"
lp check empty
expect_status 3 'an empty file'

# Mistakes.
refused() { # TEXT WHAT ARG...
    local text=$1 what=$2
    shift 2
    lp check "$@"
    expect_status 2 "$what"
    expect_one_line "$what"
    expect_in "$err" "$text" "$what"
}
refused "did you mean 'owned-mutex'" 'a model misspelt' --model owned-mutx held.edn
refused 'semaphore:3' 'a semaphore of how many' --model semaphore held.edn
refused "did you mean 'json'" 'a form misspelt' --export jsn held.edn
refused 'a size' 'no size' --memory much held.edn
refused 'no history' 'nothing named'
refused 'nowhere.edn' 'no such file' nowhere.edn
refused 'needs one' 'clocks without times' --uncertainty 1ms held.edn
{ done_by 0 acquire; done_by 0 read ':value 1'; } > "$work/both.edn"
refused 'name it with --model' 'a lock and data' both.edn
done_by 0 txn > "$work/txn.edn"
refused "operation 'txn'" 'what no model knows' txn.edn
printf '{:type :invoke, :process 0, :f :read\n{:type' > "$work/bad.edn"
head -c 5000 /dev/urandom > "$work/noise"
lp check noise
expect_status 2 'noise'
expect_one_line 'noise'

# There and back.
for form in edn json; do
    for name in held broken stale; do
        lp check "$name.edn"
        before=$status
        lp check --export "$form=$work/out.$form" "$name.edn"
        lp check "out.$form"
        expect_status "$before" "$name as $form"
    done
done
lp check --export edn held.edn
expect_in "$out" '[{:type :invoke, :f :acquire' 'an export on standard output'
lp check --export porcupine="$work/picture.json" held.edn
pass_if 'a picture' [ "$(json "$work/picture.json" Partitions.0.Largest.0)" = 0 ]
lp check --linearization "$work/order" held.edn
pass_if 'an order of three' [ "$(grep -vc '^#' "$work/order")" = 3 ]

# Our own runs by a model.
judge flock
dir=$work/run-$run_number
lp check --model owned-mutex "$dir"
expect_status 0 'flock by a model'
lp check --export "edn=$work/flock.edn" "$dir"
lp check --model owned-mutex flock.edn
expect_status 0 'flock, exported'
judge check-then-act
lp check --model mutex "$work/run-$run_number"
expect_status '1 3' 'a lock that is wrong, by a model'

# Runs of our own are decided where they are mapped, in whatever memory; what they are broken by is
# looked for with all of it.
lp check --memory 64k --model owned-mutex "$dir"
expect_status 0 'a run in little memory'
expect_in "$out" 'decided while they were read' 'a run in one pass: said so'
lp check --model owned-mutex --export "edn=$work/by-model.edn" "$dir"
pass_if 'an export of a run decided by a model has its calls' test "$(grep -c :acquire "$work/by-model.edn")" -gt 10
judge flock-rogue
lp check --model counter "$work/run-$run_number"
expect_status '1 3' 'what a run lost, by a model'
lp check --memory 64k --model mutex "$work/run-$((run_number - 1))"
expect_status '1 3' 'a lock that is wrong, in little memory'

# Larger than the memory allowed: in one pass with a model named, else as far as it goes.
for i in $(seq 4000); do
    printf '%d\t:invoke\t:acquire\tnil\n%d\t:ok\t:acquire\tnil\n' $((i % 5)) $((i % 5))
    printf '%d\t:invoke\t:release\tnil\n%d\t:ok\t:release\tnil\n' $((i % 5)) $((i % 5))
done > "$work/long"
lp check --memory 64k --model owned-mutex long
expect_status '0 3' 'in one pass'
expect_in "$out" 'decided while they were read' 'in one pass: said so'
lp check --memory 64k long
expect_status 3 'as far as the memory goes'
expect_in "$out" 'fit into' 'as far as the memory goes: said so'
{ cat "$work/long"; printf '%s\n' '0	:invoke	:acquire' '0	:ok	:acquire' '1	:invoke	:acquire' '1	:ok	:acquire'; } > "$work/long-broken"
lp check --memory 8M --model owned-mutex long-broken
expect_status 1 'a violation at the end'
