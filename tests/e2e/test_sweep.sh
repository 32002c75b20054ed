#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# --sweep placement: one table of verdicts, the evidence below it.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

unshare -m true 2> /dev/null || unshare -Ur true 2> /dev/null || skip 'namespaces are not allowed here'

# No engine is asked for: what an engine shows is tests/docker's.
export DOCKER_HOST="unix://$work/none.sock"

row() { # NAME: its cells
    sed -nE "s/^$1 +//p" "$out" | head -n 1 | tr -s ' ' | sed 's/ $//'
}

lp run --progress never --sweep placement --workdir "$shm" -o "$work/run" flock flock-own-file posix
expect_status 0 'a sweep'
pass_if 'one table' [ "$(grep -cE '^scenario +thread +process +namespace +docker +swarm *$' "$out")" = 1 ]
pass_if "flock holds everywhere: $(row flock)" [ "$(row flock)" = 'held held held skipped skipped' ]
pass_if "own lock files exclude nowhere: $(row flock-own-file)" \
    [ "$(row flock-own-file)" = 'different-lock different-lock different-lock skipped skipped' ]
cells=$(row posix)
pass_if "fcntl locks do not exclude threads: $cells" [ "${cells%% *}" != held ]
pass_if "fcntl locks exclude processes: $cells" [ "${cells#* }" = 'held held skipped skipped' ]
expect_in "$out" 'flock-own-file under namespace:' 'the evidence'
pass_if 'nothing on stderr' [ ! -s "$err" ]
for place in thread process namespace; do
    pass_if "a folder for $place" [ -s "$work/run/flock-$place/result.json" ]
done
pass_if 'one result of all' [ "$(json "$work/run/result.json" scenarios)" = 15 ]

lp run --progress never --sweep=placement --workdir "$shm" -o "$work/json" -f json flock
expect_status 0 'a sweep as JSON'
cp "$out" "$work/sweep.json"
pass_if 'each placement is in it' [ "$(for i in 0 1 2 3 4; do
    json "$work/sweep.json" "scenarios.$i.placement"
done | xargs)" = 'thread process namespace docker swarm' ]
expect_nothing_left 'after all this'
