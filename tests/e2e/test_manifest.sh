#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# manifest kubernetes: objects that the published schema of the API accepts, and the scenario in them.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

lp manifest kubernetes -c 5 flock-own-file
expect_status 0 'a manifest'
cp "$out" "$work/manifest.yaml"
for text in 'completionMode: Indexed' 'completions: 5' 'parallelism: 5' 'kind: Secret' 'name: lockproof-flock-own-file-workers'; do
    expect_in "$out" "$text" 'the manifest'
done
secret() { sed -nE 's/^  secret: "([0-9a-f]{64})"$/\1/p' "$1"; }
pass_if 'a secret' [ -n "$(secret "$work/manifest.yaml")" ]
lp manifest kubernetes flock-own-file
pass_if 'another one each time' [ "$(secret "$out")" != "$(secret "$work/manifest.yaml")" ]
sed -n '/^  flock-own-file.yaml: |/,/^---/p' "$work/manifest.yaml" | sed '1d;$d;s/^    //' > "$work/flock-own-file.yaml"
lp run -n "$work/flock-own-file.yaml"
expect_status 0 'the scenario in it is one'
lp manifest kubernetes
expect_status 2 'no scenario'
expect_one_line 'no scenario'
lp manifest kubernetes flok
expect_status 2 'an unknown one'
expect_in "$err" "did you mean 'flock'" 'an unknown one'

if command -v npm > /dev/null && cp "$root"/tests/kubernetes/* "$work" &&
    (cd "$work" && timeout 100 npm install --silent --no-audit --no-fund > npm.log 2>&1); then
    schema() { (cd "$work" && node check.js); }
    pass_if 'the API takes it' schema < "$work/manifest.yaml"
    sed 's/completions: 5/completions: five/' "$work/manifest.yaml" > "$work/wrong.yaml"
    refused() { ! schema < "$work/wrong.yaml" > /dev/null; }
    pass_if 'the check finds a wrong type' refused
    sed '/^      containers:/,/^      volumes:/d' "$work/manifest.yaml" > "$work/wrong.yaml"
    pass_if 'the check finds what is missing' refused
else
    echo 'the schema was not asked: needs npm and its registry'
fi
