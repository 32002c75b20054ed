#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Two FUSE mounts of one folder (bindfs) are two filesystems to the kernel: flock is granted in both
# at once, on what looks like one inode. Through one mount it holds.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "$0")/lib.sh"

command -v bindfs > /dev/null && [ -e /dev/fuse ] || skip 'no bindfs or no /dev/fuse'
mkdir "$work/data" "$work/a" "$work/b"
trap 'umount "$work/a" "$work/b" 2> /dev/null; cleanup' EXIT
bindfs "$work/data" "$work/a" && bindfs "$work/data" "$work/b" || skip 'bindfs cannot mount here'

through() { # NAME FOLDER_OF_1
    scenario "$1" << YAML
containers: 2
docker:
  - {container: 0, image: "$BASE", binds: ["$work/a:/data"]}
  - {container: 1, image: "$BASE", binds: ["$2:/data"]}
store: {driver: file, path: "{shared}/counter"}
lock: {driver: flock, path: /data/app.lock}
workers: 4
rounds: 60
steps: [lock, read, think 200us..400us, write, unlock]
YAML
}
judge -p docker "$(through two "$work/b")"
expect_verdict broken different-lock 'two mounts of one folder'
judge -p docker "$(through one "$work/a")"
expect_verdict held '' 'one mount'
expect_clean_engine 'afterwards'
