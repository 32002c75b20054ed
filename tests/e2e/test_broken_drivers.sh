#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Locks that are wrong on purpose: a harness that lets one of them through is wrong itself.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

lp list drivers -f json
drivers=$(perl -MJSON::PP -e 'local $/; print "$_->{name}\n" for grep { $_->{name} =~ /^broken-/ }
    @{ decode_json(<STDIN>) }' < "$out")
pass_if 'there are broken drivers' [ "$(printf '%s\n' "$drivers" | wc -l)" -ge 4 ]

around() { # DRIVER SETTINGS
    scenario "$1" << YAML
title: A lock that is wrong on purpose
expect: broken
store: {driver: file, path: "{shared}/counter"}
lock: {driver: $1$2}
workers: 8
rounds: 400
steps: [lock, read, think 50us..150us, write, unlock]
YAML
}

for driver in $drivers; do
    file=$(around "$driver" ', path: "{shared}/lock"')
    lp run -n "$file"
    [ "$status" = 0 ] || file=$(around "$driver" '') # one that locks nothing has no path
    for i in 1 2 3 4 5; do
        judge "$file"
        expect_verdict broken '' "$driver, run $i of 5"
        expect_status 0 "$driver, run $i of 5"
    done
done
expect_nothing_left 'after all this'
