#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A real Swarm of two nodes: two engines, each in its own network. One Redis server for both.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "$0")/lib.sh"

[ "$(id -u)" = 0 ] || skip 'a Swarm of two engines needs root'
command -v dockerd > /dev/null && command -v redis-server > /dev/null && command -v ip > /dev/null ||
    skip 'needs dockerd, redis-server and ip: ci/install docker test'
swarm=$(mktemp -d /var/tmp/lp-swarm.XXXXXX)
end() {
    local result=$?
    [ "${#servers[@]}" = 0 ] || { kill "${servers[@]}"; wait "${servers[@]}"; } 2> /dev/null
    "$root/ci/swarm" down "$swarm"
    rm -rf "$data"
    (exit "$result")
    cleanup
}
servers=()
data=$(mktemp -d /var/tmp/lp-swarm-data.XXXXXX)
trap end EXIT
docker save -o "$work/image.tar" "$own" || exit 1
"$root/ci/swarm" up "$swarm" "$work/image.tar" || skip 'two engines do not run here'
net=$(cat "$swarm/net-1")
export DOCKER_HOST=unix://$swarm/node-1.sock
nsenter --net="/run/netns/$net" redis-server --port 6399 --bind 10.77.0.1 --protected-mode no --save '' \
    > "$work/redis.log" 2>&1 &
servers+=($!)
export LOCKPROOF_REDIS_URL=10.77.0.1:6399
on_1() { nsenter --net="/run/netns/$net" "$@"; }
pass_if 'the server is there' wait_until 20 on_1 redis-cli -h 10.77.0.1 -p 6399 ping > /dev/null

# judge, from node 1.
program=$LOCKPROOF
printf '#!/bin/sh\nexec nsenter --net=/run/netns/%s %s "$@"\n' "$net" "$program" > "$work/lockproof"
chmod +x "$work/lockproof"
LOCKPROOF=$work/lockproof

judge swarm-flock-redis
expect_status 0 'host-local flock on two nodes'
expect_verdict broken different-lock 'host-local flock on two nodes'
hosts() { grep -oE '10\.77\.0\.[0-9]+:[0-9]+ joined' "$1/joins.log" | cut -d: -f1 | sort -u | wc -l; }
pass_if 'both nodes had a container' [ "$(hosts "$work/run-1")" = 2 ]
pass_if 'clocks were compared' [ "$(grep -c 'clock of container' "$work/run-1/joins.log")" = 2 ]
judge swarm-redis
expect_status 0 'Redis lock on two nodes'
expect_verdict held '' 'Redis lock on two nodes'
pass_if 'both nodes had a container' [ "$(hosts "$work/run-2")" = 2 ]

# One scenario under all placements: where the lock stops holding. Engines have a /dev/shm of their own here.
sed '/^needs:/d; s/^rounds: .*/rounds: 40/' "$root/scenarios/swarm/swarm-flock-redis.yaml" > "$work/everywhere.yaml"
lp run --progress never --workdir "$data" -o "$work/sweep" --sweep placement "$work/everywhere.yaml"
row=$(sed -nE 's/^everywhere +//p' "$out" | head -n 1 | tr -s ' ' | sed 's/ $//')
pass_if "the table of a sweep: $row" [ "$row" = 'held held held held different-lock' ]

# Servers of other kinds, each where it is installed. PostgreSQL refuses to be root.
both_nodes() { # SCENARIO WHAT
    judge "$1"
    expect_status 0 "$2"
    expect_verdict held '' "$2"
    pass_if "$2: both nodes had a container" [ "$(hosts "$work/run-$run_number")" = 2 ]
}
answers() { on_1 bash -c "exec 3<> /dev/tcp/10.77.0.1/$1" 2> /dev/null; }
postgres=$(printf '%s\n' /usr/lib/postgresql/*/bin | tail -n 1)
if [ -x "$postgres/initdb" ]; then
    chown nobody "$data"
    as_nobody=(setpriv --reuid=nobody --regid=nogroup --clear-groups)
    (cd "$data" && "${as_nobody[@]}" "$postgres/initdb" -D "$data/pg" -U postgres -A trust --no-sync > "$work/initdb.log" 2>&1)
    echo 'host all all 10.77.0.0/24 trust' >> "$data/pg/pg_hba.conf"
    nsenter --net="/run/netns/$net" "${as_nobody[@]}" \
        "$postgres/postgres" -D "$data/pg" -k '' -h 10.77.0.1 -p 6432 > "$work/postgres.log" 2>&1 &
    servers+=($!)
    pass_if 'PostgreSQL is there' wait_until 20 on_1 "$postgres/pg_isready" -q -h 10.77.0.1 -p 6432
    export LOCKPROOF_POSTGRES_URL=postgresql://postgres@10.77.0.1:6432/postgres
    both_nodes swarm-postgres 'PostgreSQL on two nodes'
else
    echo 'not tested: PostgreSQL is not installed'
fi
if command -v etcd > /dev/null; then
    nsenter --net="/run/netns/$net" etcd --data-dir "$data/etcd" --listen-client-urls http://10.77.0.1:2379 \
        --advertise-client-urls http://10.77.0.1:2379 --listen-peer-urls http://10.77.0.1:2380 \
        --initial-advertise-peer-urls http://10.77.0.1:2380 --initial-cluster default=http://10.77.0.1:2380 \
        > "$work/etcd.log" 2>&1 &
    servers+=($!)
    pass_if 'etcd is there' wait_until 20 answers 2379
    export LOCKPROOF_ETCD_URL=http://10.77.0.1:2379
    both_nodes swarm-etcd 'etcd on two nodes'
else
    echo 'not tested: etcd is not installed'
fi
if command -v java > /dev/null && [ -r /usr/share/java/zookeeper.jar ]; then
    printf 'tickTime=200\ndataDir=%s\nclientPort=2181\nclientPortAddress=10.77.0.1\nadmin.enableServer=false\n' "$data/zk" > "$work/zoo.cfg"
    nsenter --net="/run/netns/$net" java -Xmx96m -cp /usr/share/java/zookeeper.jar:/usr/share/java/slf4j-simple.jar \
        org.apache.zookeeper.server.quorum.QuorumPeerMain "$work/zoo.cfg" > "$work/zookeeper.log" 2>&1 &
    servers+=($!)
    pass_if 'ZooKeeper is there' wait_until 30 answers 2181
    export LOCKPROOF_ZOOKEEPER_URL=10.77.0.1:2181
    both_nodes swarm-zookeeper 'ZooKeeper on two nodes'
else
    echo 'not tested: ZooKeeper is not installed'
fi

second=$(docker node ls --format '{{.ID}} {{.Self}}' | awk '$2 == "false" { print $1 }')
docker node update --availability drain "$second" > /dev/null
judge swarm-flock-redis
expect_verdict held '' 'the same flock on one node'
pass_if 'one node had both' [ "$(hosts "$work/run-$run_number")" = 1 ]
docker node update --availability active "$second" > /dev/null
expect_clean_engine 'afterwards'

# A stranger; then a node that is lost.
openssl rand -hex 32 > "$work/wrong"
long=$(scenario long << 'YAML'
containers: 2
store: {driver: redis, key: "{id}:counter"}
lock: {driver: redis, key: "{id}:lock", ttl: 10s}
workers: 4
duration: 2m
timeout: 3m
steps: [lock, read, think 1ms, write, unlock]
YAML
)
"$LOCKPROOF" run --progress never -p swarm --listen 10.77.0.1:7777 -o "$work/lost" -f text -f "json=$work/lost.json" "$long" \
    > "$out" 2> "$err" &
pid=$!
joined() { [ "$(grep -c joined "$work/lost/joins.log" 2> /dev/null)" = 2 ]; }
pass_if 'both join' wait_until 60 joined
pass_if 'both record' wait_until 30 recorded "$work/lost"
on_1 "$program" worker --join 10.77.0.1:7777 --secret-file "$work/wrong" > "$work/stranger" 2>&1
pass_if 'a wrong secret is refused' [ $? != 0 ]
pass_if 'and logged' grep -q 'refused: handshake' "$work/lost/joins.log"
nsenter --net="/run/netns/$(cat "$swarm/net-2")" ip link set eth0 down
wait "$pid"
# shellcheck disable=SC2034 # read by expect_status
status=$?
expect_status 4 'a node was lost'
pass_if 'no wrong verdict' [ "$(json "$work/lost.json" scenarios.0.verdict)" = inconclusive ]
expect_in "$err" 'was lost' 'what happened'
pass_if 'what was streamed is there' [ "$(find "$work/lost/history" -name 'worker-*.lph' | wc -l)" = 4 ]
pass_if 'outcomes are unknown' [ "$(json "$work/lost.json" scenarios.0.operations.unknown)" -gt 0 ]
nsenter --net="/run/netns/$(cat "$swarm/net-2")" ip link set eth0 up
expect_clean_engine 'a node was lost'
