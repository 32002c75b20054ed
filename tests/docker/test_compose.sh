#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# docker-compose.yml with the override that builds from Debian: workers scaled, a verdict, a report.
# COMPOSE_FULL=1: with all four servers, else with Redis alone.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "$0")/lib.sh"

if command -v docker-compose > /dev/null; then
    compose=(docker-compose)
elif docker compose version > /dev/null 2>&1; then
    compose=(docker compose)
else
    skip 'neither docker-compose nor docker compose'
fi
cp -r "$root/docker-compose.yml" "$root/docker-compose.debian.yml" "$root/examples" "$work"
cd "$work" || exit 1
# Our image is there already, and the same.
sed -i '/^  coordinator:/,$d' docker-compose.debian.yml
openssl rand -hex 32 > lockproof.secret
export BASE
project=lptest$$
up() { "${compose[@]}" -p "$project" -f docker-compose.yml -f docker-compose.debian.yml "$@"; }
end() {
    local result=$?
    up down -v --rmi local > /dev/null 2>&1
    for server in redis postgres zookeeper etcd; do docker rmi -f "lockproof-$server" > /dev/null 2>&1; done
    (exit "$result")
    cleanup
}
trap end EXIT

"${compose[@]}" -f docker-compose.yml config -q > "$out" 2> "$err"
# shellcheck disable=SC2034 # read by expect_status
status=$?
expect_status 0 'the file for users is valid'
up config -q > "$out" 2> "$err"
# shellcheck disable=SC2034 # read by expect_status
status=$?
expect_status 0 'the override is valid'
if [ "${COMPOSE_FULL:-0}" = 1 ]; then
    services=(redis postgres zookeeper etcd)
else
    services=(redis)
fi
up build "${services[@]}" > "$work/build.log" 2>&1 || { tail -n 5 "$work/build.log"; skip 'no Debian mirror for builds'; }
up up -d --no-deps --no-build "${services[@]}" > "$work/up.log" 2>&1
healthy() {
    local service
    for service in "${services[@]}"; do
        [ "$(docker inspect -f '{{.State.Health.Status}}' "$(up ps -q "$service" 2> /dev/null)")" = healthy ] || return 1
    done
}
pass_if "healthy: ${services[*]}" wait_until 120 healthy
run() { # SCENARIO: leaves $status, and the coordinator's output in $out
    SCENARIO=$1 up up --no-deps --no-build --scale worker=4 --abort-on-container-exit --exit-code-from coordinator \
        coordinator worker > "$out" 2> "$err"
    # shellcheck disable=SC2034 # read by expect_status
    status=$?
    up rm -sfv coordinator worker > /dev/null 2>&1
}
run redis-lock
expect_status 0 'redis-lock with four workers'
expect_in "$out" 'held' 'the report'
expect_in "$out" '4 containers' 'all four took part'
run flock-own-file
expect_status 0 'flock-own-file with four workers'
expect_in "$out" 'different-lock' 'its cause'
pass_if 'results lie in lockproof-runs' [ "$(find lockproof-runs -name result.json | wc -l)" = 2 ]
