# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What the tests with a real engine share. ci/docker starts them: DOCKER_HOST names the engine, which
# has BASE (a plain Debian) and the image lockproof:VERSION. Scratch folders lie where an engine of
# this host sees them.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../e2e/lib.sh"

: "${BASE:=debian:bookworm-slim}"
docker version > /dev/null 2>&1 || skip 'no Docker engine: ci/docker starts one'
version=$("$LOCKPROOF" --version)
own=lockproof:${version#lockproof }
docker image inspect "$BASE" "$own" > /dev/null 2>&1 || skip "no images $BASE and $own: ci/docker makes them"

# All that carries our label, by kind and name.
labelled() {
    docker ps -a --filter label=lockproof.run --format 'container {{.Names}}'
    docker volume ls --filter label=lockproof.run --format 'volume {{.Name}}'
    docker network ls --filter label=lockproof.run --format 'network {{.Name}}'
    if docker node ls > /dev/null 2>&1; then
        docker service ls --filter label=lockproof.run --format 'service {{.Name}}'
        docker secret ls --filter label=lockproof.run --format 'secret {{.Name}}'
    fi
}

engine_is_clean() {
    [ -z "$(labelled)" ]
}

expect_clean_engine() { # WHAT
    checks=$((checks + 1))
    wait_until 20 engine_is_clean && return 0
    fail "$1: something was left in the engine"
    labelled | sed 's/^/  /'
    return 1
}
