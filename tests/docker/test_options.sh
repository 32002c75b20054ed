#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The options of containers arrive in the engine, and histories are complete under each of them.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "$0")/lib.sh"

file=$(scenario options << YAML
containers: 2
docker:
  - {image: "$BASE", user: "1234:1234", read-only: true, memory: 96m, cpus: 0.5, pids: 40, tmpfs: [/scratch]}
  - {container: 0, network: none, volumes: ["data:/data"]}
  - {container: 1, network: front, volumes: ["data:/data:ro"], ipc: host}
store: {driver: file, path: "{shared}/counter"}
lock: {driver: flock, path: "{shared}/lock"}
workers: 4
duration: 4s
steps: [lock, read, think 100us..200us, write, unlock]
YAML
)
"$LOCKPROOF" run --progress never -q --workdir "$shm" -p docker -o "$work/options" "$file" > "$out" 2> "$err" &
pid=$!
running() { [ "$(docker ps -q --filter label=lockproof.run | wc -l)" = 2 ]; }
pass_if 'both containers run' wait_until 30 running
mapfile -t ids < <(docker ps --filter label=lockproof.run --format '{{.Names}}' | sort)
# shellcheck disable=SC2254,SC2053 # the second is a pattern
has() { [[ $1 == $2 ]]; }
of() { docker inspect -f "$2" "${ids[$1]}"; }
pass_if 'user' [ "$(of 0 '{{.Config.User}}')" = 1234:1234 ]
pass_if 'read-only root' [ "$(of 0 '{{.HostConfig.ReadonlyRootfs}}')" = true ]
pass_if 'memory' [ "$(of 0 '{{.HostConfig.Memory}}')" = $((96 << 20)) ]
pass_if 'cpus' [ "$(of 0 '{{.HostConfig.NanoCpus}}')" = 500000000 ]
pass_if 'pids' [ "$(of 0 '{{.HostConfig.PidsLimit}}')" = 40 ]
pass_if 'no network' [ "$(of 0 '{{.HostConfig.NetworkMode}}')" = none ]
pass_if 'a network of the run' has "$(of 1 '{{.HostConfig.NetworkMode}}')" 'lockproof-*-front'
pass_if 'ipc' [ "$(of 1 '{{.HostConfig.IpcMode}}')" = host ]
pass_if 'tmpfs' has "$(of 0 '{{range .Mounts}}{{.Type}}:{{.Destination}} {{end}}')" '*tmpfs:/scratch*'
pass_if 'volume, read-only for one' has "$(of 1 '{{range .Mounts}}{{.Destination}}:{{.RW}} {{end}}')" '*/data:false*'
pass_if 'its processes have the user' [ "$(docker exec "${ids[0]}" stat -c %u /proc/1)" = 1234 ]
wait "$pid"
# shellcheck disable=SC2034 # read by expect_status
status=$?
expect_status 0 'the run'
lp check "$work/options"
expect_status 0 'its history is complete'
pass_if 'four histories' [ "$(find "$work/options/history" -name 'worker-*.lph' | wc -l)" = 4 ]
pass_if 'nothing else stays in the run folder' [ "$(find "$work/options" -maxdepth 1 \( -name control -o -name events \) | wc -l)" = 0 ]
expect_clean_engine 'afterwards'
expect_nothing_left 'afterwards'
