#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# kill -9 of the command at any moment: all that it started goes, and what was recorded can be read.
# LP_KILLS: how often (15); LP_SEED: of the moments.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

kills=${LP_KILLS:-15}
RANDOM=${LP_SEED:-4711}

kinds=('process flock' 'thread mutex' 'process lockfile')
unshare -m true 2> /dev/null && kinds+=('namespace flock-shared-volume')
have_redis && kinds+=("process $root/scenarios/redis/redis-lock.yaml")

namespaces > "$work/ns-before"
started=0
for i in $(seq "$kills"); do
    read -r place name <<< "${kinds[$(((i - 1) % ${#kinds[@]}))]}"
    # Most of a run is the run itself; a third of the moments are for its start and its end.
    case $((i % 3)) in
    0) after=$((RANDOM % 40)) ;;
    1) after=$((RANDOM % 450)) ;;
    2) after=$((250 + RANDOM % 400)) ;;
    esac
    what="kill $i ($place $name, after $after ms)"
    dir=$work/killed-$i
    "$LOCKPROOF" run --progress never -p "$place" --workdir "$shm" -d 400ms -o "$dir" "$name" \
        > "$out" 2> "$err" &
    command=$!
    sleep "$(printf '0.%03d' "$after")"
    kill -KILL "$command" 2> /dev/null
    wait "$command" 2> /dev/null
    expect_nothing_left "$what"
    pass_if "$what: no namespace is left" wait_until 10 no_new_namespaces "$work/ns-before"
    [ -d "$dir/history" ] || continue
    lp check "$dir"
    if recorded "$dir"; then
        started=$((started + 1))
        expect_status '0 1 3' "$what: its history is read"
        expect_not_in "$out" 'broken' "$what: nothing is wrong with this lock"
    else
        expect_status '2 3' "$what: nothing was recorded yet"
        [ "$status" = 3 ] || expect_one_line "$what: nothing was recorded yet"
    fi
done
pass_if "some were killed while they ran ($started of $kills)" [ "$started" -gt 0 ]
