#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# As an ordinary user: all placements, where the system lets them; where it does not, the program
# falls back and says so.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

[ "$(id -u)" = 0 ] || skip 'not root: the other tests ran as an ordinary user'
command -v setpriv > /dev/null || skip 'setpriv is missing'
make_copy
mkdir "$work/home"
chown 65534:65534 "$work/home" "$shm"
LOCKPROOF=$work/copy/build/lockproof

# user ARG...: the program as nobody; like judge.
user() {
    run_number=$((run_number + 1))
    json=$work/home/run-$run_number.json
    status=0
    (cd "$work/home" && as_nobody "${prefix[@]}" "$LOCKPROOF" run --progress never --workdir "$shm" \
        -o "$work/home/run-$run_number" -f text -f "json=$json" "$@") > "$out" 2> "$err" || status=$?
    verdict=none
    cause=null
    [ -s "$json" ] || return 0
    verdict=$(json "$json" scenarios.0.verdict)
    cause=$(json "$json" scenarios.0.diagnosis.0.cause)
}
prefix=()

for place in process thread; do
    user -p $place flock
    expect_verdict held null "$place, as nobody"
    user -p $place no-lock
    expect_verdict broken no-lock "$place, as nobody"
    expect_nothing_left "$place, as nobody"
done
user sqlite-immediate
expect_verdict held null 'SQLite, as nobody'
if have_redis; then
    user redis-lock
    expect_verdict held null 'Redis, as nobody'
    expect_nothing_left 'Redis, as nobody'
fi

if as_nobody unshare -Ur true 2> /dev/null; then
    user -p namespace flock-shared-volume
    expect_verdict held null 'namespace, as nobody'
    user flock-own-file
    expect_verdict broken different-lock 'namespace, as nobody'
    pass_if 'it is the namespace placement' [ "$(json "$json" scenarios.0.placement)" = namespace ]
    user private-shm
    expect_verdict broken different-store 'a /dev/shm of each container, as nobody'
    expect_nothing_left 'namespace, as nobody'

    # What a killed command leaves is nothing here too, without the rights of root.
    (cd "$work/home" && exec setpriv --reuid=65534 --regid=65534 --clear-groups "$LOCKPROOF" run \
        --progress never --workdir "$shm" -d 30s -o "$work/home/killed" flock-shared-volume) \
        > "$out" 2> "$err" &
    command=$!
    pass_if 'as nobody: it runs' wait_until 30 recorded "$work/home/killed"
    kill -KILL "$command"
    wait "$command" 2> /dev/null
    expect_nothing_left 'killed, as nobody'

    # A user namespace in which no further namespaces are allowed.
    # shellcheck disable=SC2016 # for the inner shell
    prefix=(unshare -Ur sh -c 'for kind in user pid mnt net ipc uts; do
        echo 0 > "/proc/sys/user/max_${kind}_namespaces" || exit 99; done; exec "$@"' sh)
    if as_nobody "${prefix[@]}" true 2> /dev/null; then
        user flock-own-file
        expect_verdict broken different-lock 'without namespaces'
        pass_if 'without namespaces: process is used' [ "$(json "$json" scenarios.0.placement)" = process ]
        pass_if 'without namespaces: said once' \
            [ "$(tr -s '\n ' ' ' < "$out" | grep -o 'not allowed here' | wc -l)" = 1 ]
        user private-shm
        expect_verdict skipped '' 'without namespaces, private-shm'
        expect_status 3 'without namespaces, private-shm'
        expect_in "$out" 'private-shm' 'without namespaces, private-shm'
        expect_in "$out" 'max_user_namespaces' 'without namespaces, private-shm: the remedy'
        user -p namespace flock
        expect_verdict skipped '' 'without namespaces, but asked for'
        user flock
        expect_verdict held null 'without namespaces, none needed'
        expect_nothing_left 'without namespaces'
    else
        echo 'namespaces cannot be forbidden here: falling back was not tried'
    fi
else
    echo 'user namespaces are forbidden here: namespace was not tried as nobody'
    user private-shm
    expect_verdict skipped '' 'private-shm without namespaces'
fi
