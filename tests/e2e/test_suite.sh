#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The bundled suite, as a user runs it: every scenario as expected, and nothing left behind.
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

# rows FILE: a line for each scenario of a result: name, verdict, as expected, what is missing, the remedy.
rows() {
    perl -MJSON::PP -e '
        local $/;
        open my $in, "<", $ARGV[0] or die "$ARGV[0]: $!\n";
        for my $s (@{ JSON::PP->new->utf8->decode(<$in>)->{scenarios} }) {
            my $need = ($s->{needs} // [])->[0] // {};
            print join("|", $s->{name}, $s->{verdict}, $s->{as_expected} ? "yes" : "no", $need->{name} // "",
                $need->{remedy} // ""), "\n";
        }' "$1"
}

suite() { # PASS [FAMILY]...: runs them, looks at each result
    local pass=$1 files
    shift
    files=$(find "${@:-$root/scenarios}" -name '*.yaml' | wc -l)
    lp run -q --progress never -o "$work/$pass" -f text -f "json=$work/$pass.json" "$@"
    expect_status 0 "$pass suite"
    pass_if "$pass suite: all scenarios are in the result" \
        [ "$(json "$work/$pass.json" scenarios)" = "$files" ]
    pass_if "$pass suite: the folder's result is the same" \
        cmp -s <(rows "$work/$pass.json") <(rows "$work/$pass/result.json")
    while IFS='|' read -r name verdict expected need remedy; do
        if [ "$verdict" = skipped ]; then
            pass_if "$pass suite: $name is skipped with a remedy for $need" [ -n "$remedy" ]
            continue
        fi
        pass_if "$pass suite: $name as expected, not $verdict" [ "$expected" = yes ]
    done < <(rows "$work/$pass.json")
}

folders > "$work/before"
namespaces > "$work/ns-before"
suite whole
suite embedded "$root"/scenarios/{file,memory,sqlite}
if unshare -m true 2> /dev/null; then
    pass_if 'embedded suite: nothing is missing here, so nothing is skipped' \
        [ "$(rows "$work/embedded.json" | grep -c '|skipped|')" = 0 ]
fi

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
