#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The bundled suite, as a user runs it: every scenario as expected, twice, and nothing left behind.
# Here the scratch folders lie where they lie by default.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

folders() {
    find /dev/shm /tmp -maxdepth 1 -name 'lockproof-*' 2> /dev/null | sort
}
new_folders_are_gone() {
    [ -z "$(folders | comm -13 "$work/before" -)" ]
}
no_processes() {
    [ -z "$(processes)" ]
}

files=$(find "$root/scenarios" -name '*.yaml' | wc -l)
folders > "$work/before"
namespaces > "$work/ns-before"
for pass in first second; do
    lp run -q --progress never -o "$work/$pass" -f text -f "json=$work/$pass.json"
    expect_status 0 "$pass suite"
    pass_if "$pass suite: all scenarios are in the result" \
        [ "$(json "$work/$pass.json" scenarios)" = "$files" ]
    pass_if "$pass suite: the folder's result is the same" \
        cmp -s <(json "$work/$pass.json" scenarios) <(json "$work/$pass/result.json" scenarios)
    skipped=0
    for i in $(seq 0 $((files - 1))); do
        name=$(json "$work/$pass.json" "scenarios.$i.name")
        if [ "$(json "$work/$pass.json" "scenarios.$i.verdict")" = skipped ]; then
            skipped=$((skipped + 1))
            pass_if "$pass suite: $name is skipped with a remedy" \
                [ "$(json "$work/$pass.json" "scenarios.$i.needs.0.remedy")" != null ]
            continue
        fi
        pass_if "$pass suite: $name as expected" \
            [ "$(json "$work/$pass.json" "scenarios.$i.as_expected")" = true ]
    done
    if have_redis && unshare -m true 2> /dev/null; then
        pass_if "$pass suite: nothing is missing here, so nothing is skipped" [ "$skipped" = 0 ]
    fi
done

# Two families may have a scenario of the same name.
mapfile -t namesakes < <(find "$root/scenarios" -name 'flock-rogue.yaml' | sort)
lp run -q --progress never -o "$work/namesakes" flock-rogue
expect_status 0 'a name of two families'
pass_if 'a name of two families: both are run' \
    [ "$(json "$work/namesakes/result.json" scenarios)" = "${#namesakes[@]}" ]
pass_if 'a name of two families: a folder for each' \
    [ "$(find "$work/namesakes" -name history | wc -l)" = "${#namesakes[@]}" ]
lp run -q --progress never -o "$work/family" sqlite/sqlite-flock-rogue
expect_status 0 'family and name'
pass_if 'family and name: one is run' [ "$(json "$work/family/result.json" scenarios)" = 1 ]

pass_if 'no scratch folder is left' wait_until 10 new_folders_are_gone
pass_if 'no process is left' wait_until 10 no_processes
pass_if 'no namespace is left' wait_until 10 no_new_namespaces "$work/ns-before"
