#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Full disks and files that cannot be read: one clear line and exit 4, never a crash; and what was
# proven before counts.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

lp run "$work"/nothing.yaml
expect_status 2 'a scenario that is not there'
make_copy
cp "$root/scenarios/file/flock.yaml" "$work/secret.yaml"
chmod 0 "$work/secret.yaml"
status=0
as_nobody "$work/copy/build/lockproof" run "$work/secret.yaml" > "$out" 2> "$err" || status=$?
expect_status 2 'a scenario that may not be read'
expect_one_line 'a scenario that may not be read'
expect_in "$err" 'Permission denied' 'a scenario that may not be read'

unshare_mount() {
    if [ "$(id -u)" = 0 ]; then unshare -m "$@"; else unshare -rm "$@"; fi
}
unshare_mount true 2> /dev/null || skip 'no private mounts here: disks were not filled'

# on_disk SIZE ARG...: runs the program where $work/disk is a disk of so many KiB, with FILL=yes one
# that is full; leaves $status.
on_disk() {
    local size=$1
    shift
    mkdir -p "$work/disk"
    status=0
    # shellcheck disable=SC2016 # for the inner shell
    FILL=${FILL:-no} unshare_mount sh -c 'size=$1; disk=$2; shift 2; mount -t tmpfs -o size="${size}k" disk "$disk" &&
        if [ "$FILL" = yes ]; then cat /dev/zero > "$disk/fill" 2> /dev/null; fi; exec "$@"' sh "$size" "$work/disk" "$LOCKPROOF" run --progress never "$@" > "$out" 2> "$err" ||
        status=$?
}

only_our_lines() { # WHAT
    pass_if "$1: says so" [ -s "$err" ]
    pass_if "$1: in lines of its own" [ "$(grep -vc '^lockproof: ' "$err")" = 0 ]
    expect_not_in "$err" 'signal' "$1"
    expect_not_in "$out" 'signal' "$1"
    expect_nothing_left "$1"
}

on_disk 64 --workdir "$shm" -d 5s -o "$work/disk/run" flock
expect_status 4 'no room for the histories'
expect_in "$err" 'no room' 'no room for the histories'
expect_one_line 'no room for the histories'
only_our_lines 'no room for the histories'

on_disk 12 --workdir "$shm" -o "$work/disk/run" flock
expect_status 4 'no room for anything'
only_our_lines 'no room for anything'

# Room for the first part of two histories and not for a second one.
on_disk 4096 --workdir "$shm" -w 2 -d 60s --timeout 60s -o "$work/disk/run" shm-atomic
expect_status 4 'the disk fills while it runs'
expect_in "$err" 'no room' 'the disk fills while it runs'
only_our_lines 'the disk fills while it runs'

quick=$(scenario quick << 'YAML'
title: Broken from the start, with others that fill the disk
expect: held
store: {driver: shm, path: "{shared}/counter.shm"}
groups:
  - {name: losing, workers: 2, pause: 0, steps: [read, think 1ms, write]}
  - {name: talkative, workers: 2, pause: 0, steps: [read]}
YAML
)
on_disk 4096 --workdir "$shm" -d 60s --timeout 60s -o "$work/disk/run" "$quick"
expect_status 1 'what was proven before the disk was full counts'
only_our_lines 'what was proven before the disk was full counts'

FILL=yes on_disk 64 --workdir "$work/disk" -o "$work/run-full-workdir" flock
expect_status 4 'a full disk for what is under test'
expect_in "$err" 'No space left' 'a full disk for what is under test'
only_our_lines 'a full disk for what is under test'

on_disk 4096 --workdir "$shm" -o "$work/disk/good" flock
expect_status 0 'the same disk, large enough'
