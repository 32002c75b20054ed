#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The generated catalogue lists every bundled scenario, with the verdicts of the run that it is given.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

lp run -q --progress never -o "$work/run" no-lock flock
expect_status 0 'two scenarios'
page=$work/page
"$root/ci/catalogue" md "$(dirname "$LOCKPROOF")" "$work/run/result.json" > "$page"
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
"$root/ci/catalogue" md "$(dirname "$LOCKPROOF")" "$work/unexpected.json" > "$page"
pass_if 'what was not expected stands out' grep -q '| \*\*broken: no-lock\*\* |' <(row no-lock)

# In HTML the stories too.
"$root/ci/catalogue" html "$(dirname "$LOCKPROOF")" "$work/run/result.json" > "$page"
missing=0
for file in "$root"/scenarios/*/*.yaml; do
    grep -q "<details id=\"$(basename "$file" .yaml)\">" "$page" || missing=$((missing + 1))
done
pass_if 'HTML: every scenario is on it' [ "$missing" = 0 ]
pass_if 'HTML: verdicts' grep -q '<b>no-lock</b> <span class="broken">broken: no-lock</span>' "$page"
pass_if 'HTML: well formed' xmllint --noout "$page"
pass_if 'HTML: nothing from elsewhere' bash -c "! grep -qE '(src|href)=\"(https?:)?//' '$page'"

# Every broken one that needs no engine of containers has a witness, which explain shows.
for file in "$root"/scenarios/*/*.yaml; do
    grep -q '^expect: broken' "$file" || continue
    case $file in */docker/* | */swarm/*) continue ;; esac
    name=$(basename "$file" .yaml)
    pass_if "$name has a witness" [ -s "${file%.yaml}.witness" ]
done
lp explain no-lock
expect_in "$out" 'Witness, as of lockproof explore no-lock' 'explain shows the witness'
expect_in "$out" 'overwrites the 1 of worker' 'explain shows the witness'
cp "$root/scenarios/file/no-lock.yaml" "$work/story.yaml"
lp explain "$work/story.yaml"
expect_status 0 'without a witness'
pass_if 'none is shown' bash -c "! grep -q Witness '$out'"
