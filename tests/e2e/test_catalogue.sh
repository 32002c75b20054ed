#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The generated catalogue lists every bundled scenario, with the verdicts of the run that it is given.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

lp run -q --progress never -o "$work/run" no-lock flock
expect_status 0 'two scenarios'
page=$work/page
"$root/ci/catalogue" "$(dirname "$LOCKPROOF")" "$work/run/result.json" > "$page"
pass_if 'the page is made' [ -s "$page" ]
missing=0
for file in "$root"/scenarios/*/*.yaml; do
    grep -q "scenarios/$(basename "$(dirname "$file")")/$(basename "$file")" "$page" || missing=$((missing + 1))
done
pass_if 'every scenario is on it' [ "$missing" = 0 ]
row() { grep "^| \[$1\]" "$page"; }
pass_if 'a broken one has its verdict and cause' grep -q '| broken: no-lock |' <(row no-lock)
pass_if 'and its twin beside it, with its own' grep -q '\[flock\].*| held |$' <(row no-lock)
pass_if 'what did not run has none' grep -q '| not run |' <(row sqlite-naive)

# The same result as if it had not been expected.
sed 's/"as_expected": *true/"as_expected": false/' "$work/run/result.json" > "$work/unexpected.json"
"$root/ci/catalogue" "$(dirname "$LOCKPROOF")" "$work/unexpected.json" > "$page"
pass_if 'what was not expected stands out' grep -q '| \*\*broken: no-lock\*\* |' <(row no-lock)
