#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Whoever is killed: containers end, the history stays readable, and nothing stays in the engine;
# when nobody is left to remove it, doctor --clean does.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "$0")/lib.sh"

file=$(scenario long << YAML
containers: 3
docker: {image: "$BASE", volumes: ["data:/data"], network: front}
store: {driver: file, path: "{shared}/counter"}
lock: {driver: flock, path: "{shared}/lock"}
workers: 6
duration: 5m
timeout: 6m
steps: [lock, read, think 100us..200us, write, unlock]
YAML
)
start() { # RUN_DIR
    "$LOCKPROOF" run --progress never --workdir "$shm" -p docker -o "$1" "$file" > "$out" 2> "$err" &
    pid=$!
    pass_if 'workers record' wait_until 60 recorded "$1"
    runner=$(pgrep -P "$pid")
}
# shellcheck disable=SC2034 # read by expect_status
ended() {
    wait "$1"
    status=$?
}
running() { [ -n "$(docker ps -q --filter label=lockproof.run)" ]; }
all_ended() { ! running; }

start "$work/command"
kill -KILL "$pid"
wait "$pid" 2> /dev/null
expect_clean_engine 'the command was killed'
expect_nothing_left 'the command was killed'
lp check "$work/command"
expect_status 3 'its history is readable'

start "$work/both"
lp doctor --clean
expect_status 0 'doctor --clean while a run goes on'
expect_in "$out" '0 removed' 'it is left alone'
pass_if 'it goes on' running
kill -KILL "$runner" "$pid"
wait "$pid" 2> /dev/null
pass_if 'containers end by themselves' wait_until 20 all_ended
lp doctor --clean
expect_status 0 'doctor --clean'
for what in 'container lockproof-' 'volume lockproof-' 'network lockproof-' 'folder '; do
    expect_in "$out" "$what" 'it removes'
done
expect_clean_engine 'doctor --clean'
expect_nothing_left 'doctor --clean'
lp doctor --clean
expect_in "$out" '0 removed' 'the second time'
lp check "$work/both"
expect_status 3 'its history is readable'

start "$work/container"
docker kill "$(docker ps -q --filter label=lockproof.run | head -n 1)" > /dev/null
ended "$pid"
expect_status 4 'a container was killed'
expect_in "$out" inconclusive 'no wrong verdict'
expect_clean_engine 'a container was killed'

start "$work/interrupted"
kill -INT "$pid"
ended "$pid"
expect_status 130 'interrupted'
expect_clean_engine 'interrupted'
expect_nothing_left 'interrupted'
