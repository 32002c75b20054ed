#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Exploring: each bundled embedded scenario, at the size that it states, gives the verdict and the
# cause that stress gives; counts are those of the books; coverage is said and not overstated.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

explore() { # ARG...: leaves the result in $work/result
    rm -rf "$work/run" "$work/result"
    lp explore -q --progress never -o "$work/run" -f "json=$work/result" "$@"
}

wanted() { # FILE KEY
    sed -n "s/^$2: *//p" "$1" | head -n 1
}

for file in "$root"/scenarios/{file,memory,sqlite,orch,general,redis,postgres,mariadb}/*.yaml; do
    name=$(basename "$file" .yaml)
    # Larger than a test may be long, see below; and a pooler waits where nobody sees it.
    case $name in flock-unlink-recheck | redlock* | postgres-pooler-*) continue ;; esac
    explore "$file"
    [ -s "$work/result" ] || continue # only for engines that cannot be led
    verdict=$(json "$work/result" scenarios.0.verdict)
    [ "$verdict" = skipped ] && continue
    if grep -q '^  cannot:' "$file"; then
        pass_if "$name says what exploring cannot show, and is not called broken" \
            [ "$verdict" != broken ]
        continue
    fi
    pass_if "$name is $(wanted "$file" expect)" [ "$verdict" = "$(wanted "$file" expect)" ]
    case $verdict in
    broken)
        expect_status 1 "$name"
        pass_if "$name: cause $(wanted "$file" cause)" \
            [ "$(json "$work/result" scenarios.0.diagnosis.0.cause)" = "$(wanted "$file" cause)" ]
        pass_if "$name: reproduced 10 of 10" \
            [ "$(json "$work/result" scenarios.0.explored.reproduced)" = 10 ]
        lp replay -q -o "$work/again" "$work/run/schedule"
        expect_status 1 "$name: its schedule replayed"
        rm -rf "$work/again"
        ;;
    held)
        expect_status 0 "$name"
        pass_if "$name: exhaustive" \
            [ "$(json "$work/result" scenarios.0.explored.exhaustive)" = true ]
        ;;
    *) show_output ;;
    esac
done

# A part of it: nothing is found, and that is not called held.
explore flock-unlink-recheck --schedules 2000
expect_status 3 'a part of a large space'
pass_if 'says that it is a part' grep -q 'not all there are' "$work/result"

# Two reads each touch nothing of each other: 4! / (2! 2!) orders, one class.
reads=$(scenario reads << 'YAML'
title: Nothing but reads
expect: held
store: {driver: file, path: "{shared}/counter"}
workers: 2
steps: [read, read]
YAML
)
explore --reduction none -w 2 -r 1 "$reads"
pass_if 'multinomial: 6' [ "$(json "$work/result" scenarios.0.explored.schedules)" = 6 ]
explore --reduction none -w 3 -r 1 "$reads"
pass_if 'multinomial: 90' [ "$(json "$work/result" scenarios.0.explored.schedules)" = 90 ]
explore -w 3 -r 1 "$reads"
pass_if 'one class' [ "$(json "$work/result" scenarios.0.explored.schedules)" = 1 ]
explore --reduction none -w 2 -r 2 shm-atomic
pass_if 'two adds each: 6' [ "$(json "$work/result" scenarios.0.explored.schedules)" = 6 ]
pass_if 'and all are of different classes' \
    [ "$(json "$work/result" scenarios.0.explored.classes)" = 6 ]

# A bound is no proof; chance neither.
explore shm-atomic -w 3 -r 2 --preemptions 1
expect_status 3 'within a bound'
pass_if 'a bound is said' grep -q 'at most 1 preemptions' "$work/result"
explore flock --strategy pct --schedules 50
expect_status 3 'pct'
pass_if 'pct says its probability' \
    [ "$(json "$work/result" scenarios.0.explored.probability)" != null ]
explore sqlite-naive --strategy random --schedules 200
expect_status 1 'random finds what is to be found'
explore --preemptions 1 --reduction dpor flock
expect_status 2 'a bound with reduction'
expect_one_line 'a bound with reduction'
explore --strategy exhaustiv flock
expect_status 2 'a strategy misspelt'
expect_in "$err" "did you mean 'exhaustive'" 'a strategy misspelt'
explore
expect_status 2 'no scenario'

# Locks that are wrong on purpose have points where they are wrong.
lp list drivers -f json
for driver in $(perl -MJSON::PP -e 'local $/; print "$_->{name}\n" for grep { $_->{name} =~ /^broken-/ }
    @{ decode_json(<STDIN>) }' < "$out"); do
    around() { # SETTINGS
        scenario "$driver" << YAML
title: A lock that is wrong on purpose
expect: broken
store: {driver: file, path: "{shared}/counter"}
lock: {driver: $driver$1}
workers: 2
steps: [lock, read, think 50us..150us, write, unlock]
YAML
    }
    file=$(around ', path: "{shared}/lock"')
    lp run -n "$file"
    [ "$status" = 0 ] || file=$(around '')
    explore -w 2 -r 3 "$file"
    expect_status 1 "$driver"
done

# A crash at any time: a lock file stays, a flock does not.
explore lockfile --fault kill:0
expect_status 1 'a lock file and a crash'
pass_if 'it is orphaned' \
    [ "$(json "$work/result" scenarios.0.diagnosis.0.cause)" = orphaned-lock ]
explore flock --fault kill:0
expect_status '0 3' 'a flock and a crash'
explore robust --fault kill:1
expect_status '0 3' 'a robust mutex and a crash'

# Leases end in virtual time: when all wait, or at any time where a fault says so.
if command -v redis-server > /dev/null; then
    explore redis-lock --fault expire:lock
    expect_status 1 'a lease that ends under its holder'
    pass_if 'it is said to have expired' \
        [ "$(json "$work/result" scenarios.0.diagnosis.0.cause)" = lease-expired ]
    explore redis-paused-holder-fenced --fault expire:lock --fault expire:lock
    expect_status 0 'the same, twice, with a fence'
    explore redis-expiry
    pass_if 'a held lease says what is left out' grep -q 'expire:LOCK' "$work/result"
    # Each stamp is a microsecond after the one before: a thousand of them reach over such a lease.
    short=$(scenario short-lease << 'YAML'
title: A lease of one millisecond
expect: broken
store: {driver: redis, key: "{run}:counter"}
lock: {driver: redis, key: "{run}:lock", ttl: 1ms}
workers: 2
steps: [lock, read, write, unlock]
YAML
    )
    explore "$short" -r 1 --fault expire:lock
    expect_status 1 'a short lease and few steps'
    explore "$short" -r 80 --fault expire:lock --strategy random --schedules 20
    expect_status 3 'a short lease and too many steps'
    pass_if 'and says of how many' grep -q 'of 20 schedules it cannot be told' "$work/result"
    explore redlock --schedules 200
    expect_status 3 'a part of redlock'
fi
explore flock --fault expire:lock
expect_status 4 'a lock without a lease'
expect_one_line 'a lock without a lease'
explore flock --fault expire:lokc
expect_status 2 'no such lock'
expect_in "$err" 'expire:lock' 'no such lock'
expect_nothing_left 'after all this'
