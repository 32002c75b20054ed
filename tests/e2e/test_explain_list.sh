#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# list and explain know everything that there is.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

for topic in '' scenarios drivers steps invariants causes faults; do
    # shellcheck disable=SC2086 # none or one word
    lp list $topic
    expect_status 0 "list $topic"
    pass_if "list $topic: something" [ "$(wc -l < "$out")" -ge 3 ]
    pass_if "list $topic: nothing on stderr" [ ! -s "$err" ]
    lines=$(wc -l < "$out")
    # shellcheck disable=SC2086
    lp list -f json $topic
    expect_status 0 "list -f json $topic"
    cp "$out" "$work/list.json"
    pass_if "list -f json $topic: the same rows" [ "$(json "$work/list.json" '')" = "$lines" ]
    for i in $(seq 0 $((lines - 1))); do
        pass_if "list $topic: row $i has a summary" [ "$(json "$work/list.json" "$i.summary")" != null ]
    done
done

lp list -f json --family sqlite
cp "$out" "$work/list.json"
pass_if 'a scenario tells its family' [ "$(json "$work/list.json" 0.family)" = sqlite ]
pass_if 'a scenario tells its file' [ -f "$(json "$work/list.json" 0.file)" ]
lp list -f json faults
cp "$out" "$work/list.json"
pass_if 'a fault tells its proof' [ "$(json "$work/list.json" 0.proof)" != null ]

names() { # LIST-ARG...
    lp list -f json "$@"
    perl -MJSON::PP -e 'local $/; print "$_->{name}\n" for @{ decode_json(<STDIN>) }' < "$out"
}
for cause in $(names causes); do
    lp explain "$cause"
    expect_status 0 "explain $cause"
    expect_in "$out" 'What happens' "explain $cause"
    expect_in "$out" 'What to do' "explain $cause"
done
families=0
for family in "$root"/scenarios/*/; do
    family=$(basename "$family")
    families=$((families + 1))
    for name in $(names --family "$family"); do
        lp explain "$name"
        expect_status 0 "explain $name"
        expect_in "$out" 'Why' "explain $name"
        expect_in "$out" "lockproof run -v $name" "explain $name"
        pass_if "$name is a file of $family" [ -f "$root/scenarios/$family/$name.yaml" ]
        lp explain "$root/scenarios/$family/$name.yaml"
        expect_status 0 "explain $family/$name.yaml"
    done
done
pass_if 'there are families' [ "$families" -ge 4 ]
# What scenarios expect is something that can be explained.
causes=$(names causes)
sed -nE 's/^cause: *//p' "$root"/scenarios/*/*.yaml | sort -u > "$work/expected"
while read -r cause; do
    pass_if "the cause $cause is known" grep -qxF "$cause" <<< "$causes"
done < "$work/expected"
