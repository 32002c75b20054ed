#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Situations that are sick are named, with the right cause, and their healthy neighbours are not. Two
# containers are two mount, PID and IPC namespaces, looked at from inside as --container pid:N.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

mkdir "$work/data"

healthy() { # WHAT ARG...
    local what=$1
    shift
    lp doctor "$@"
    expect_status 0 "healthy: $what"
    expect_in "$out" '0 problems, 0 hazards' "healthy: $what"
}

sick() { # WHAT CAUSE ARG...
    local what=$1 cause=$2
    shift 2
    lp doctor "$@"
    expect_status 1 "sick: $what"
    expect_in "$out" "cause     $cause" "sick: $what"
}

# ---- one path ----

healthy 'a folder' "$work/data"
expect_in "$out" 'SQLite WAL       works' 'each kind is tried'
pass_if 'nothing is left in the folder' test -z "$(ls -A "$work/data")"
healthy 'a folder in memory' "$shm"
echo 0 > "$work/data/app.lock"
healthy 'a lock file' "$work/data/app.lock"

# Held by somebody who opened it before it was replaced.
held_by_the_old() {
    exec 9<> "$work/data/app.lock"
    flock 9
    echo new > "$work/data/app.lock.new"
    mv "$work/data/app.lock.new" "$work/data/app.lock"
}
held_by_the_old
sick 'a lock file that was replaced while held' different-lock "$work/data/app.lock"
exec 9>&-
healthy 'the same once nobody has the old one' "$work/data/app.lock"

exec 9<> "$work/data/app.lock"
flock 9
lp doctor "$work/data/app.lock"
expect_status 3 'a lock that is in use is open, and no finding'
expect_in "$out" 'somebody holds it now' 'a lock that is in use'
exec 9>&-

# ---- the command ----

lp doctor
expect_status 2 'nothing to look at'
lp doctor "$work/nowhere"
expect_status 2 'a path that is not there'
expect_in "$err" 'No such file' 'a path that is not there'
lp doctor --compse x
expect_status 2 'a typo'
expect_in "$err" "did you mean '--compose'" 'a typo'
lp doctor --container pid:1 "$work/data"
expect_status 2 'one container'
lp doctor -f json="$work/doctor.json" "$work/data"
expect_status 0 'JSON into a file'
pass_if 'JSON is JSON' perl -MJSON::PP -e 'local $/; my $j = decode_json(<>); exit($j->{problems} == 0 && @{ $j->{probes} } == 9 ? 0 : 1)' "$work/doctor.json"

# ---- files of Compose and Kubernetes ----

cat > "$work/sick-compose.yml" << 'YAML'
services:
  web: &app
    image: app
    command: [serve, --lock, /data/app.lock]
    volumes: ["web-data:/data"]
  cron:
    <<: *app
    volumes: ["cron-data:/data"]
  workers:
    image: app
    environment: {DATABASE: "sqlite:////var/lib/app/app.db"}
    deploy: {replicas: 3}
volumes: {web-data: , cron-data: }
YAML
sick 'services with a volume each' different-lock --compose "$work/sick-compose.yml"
expect_in "$out" "sick-compose.yml:4:" 'the place of the first'
expect_in "$out" "/var/lib/app/app.db in service 'workers'" 'replicas with a database each'
sed 's/cron-data:/web-data:/; s/replicas: 3/replicas: 1/' "$work/sick-compose.yml" > "$work/compose.yml"
healthy 'the same with one volume and one worker' --compose "$work/compose.yml"
printf 'services:\n  a: [\n' > "$work/broken.yml"
lp doctor --compose "$work/broken.yml"
expect_status 2 'no YAML'
expect_in "$err" 'broken.yml:' 'no YAML has a place'

cat > "$work/sick.yaml" << 'YAML'
apiVersion: apps/v1
kind: Deployment
metadata: {name: app}
spec:
  replicas: 2
  strategy: {type: Recreate}
  template:
    spec:
      containers:
        - name: app
          args: [--lock=/run/app/app.lock]
          volumeMounts: [{name: run, mountPath: /run/app}]
      volumes:
        - name: run
          emptyDir: {}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec:
  schedule: "* * * * *"
  jobTemplate:
    spec:
      template:
        spec:
          containers: [{name: job, volumeMounts: [{name: d, mountPath: /data}]}]
          volumes: [{name: d, persistentVolumeClaim: {claimName: d}}]
YAML
sick 'a lock in an emptyDir of two pods, and jobs that overlap' different-lock --kubernetes "$work/sick.yaml"
expect_in "$out" "CronJob 'nightly'" 'jobs that overlap'
sed 's/replicas: 2/replicas: 1/; s/  schedule:/  concurrencyPolicy: Forbid\n  schedule:/' "$work/sick.yaml" > "$work/well.yaml"
healthy 'one pod, and Forbid' --kubernetes "$work/well.yaml"

# ---- two containers ----

unshare -m true 2> /dev/null || { echo 'namespaces are not allowed here: the rest is left out'; exit 0; }

outers=()
end() { # before what they see is unmounted and removed
    local result=$?
    kill -KILL "${outers[@]}" 2> /dev/null
    wait "${outers[@]}" 2> /dev/null
    umount "$work/upper" 2> /dev/null
    (exit "$result")
    cleanup
}
trap end EXIT
# container SCRIPT: a shell in namespaces of its own that runs SCRIPT and then waits; its number in $pid.
container() {
    local said outer from
    exec {from}< <(exec unshare --kill-child -m -p -i -u -f --mount-proc bash -c "set -e; $1; echo up; exec sleep 600 > /dev/null" 2>&1)
    outer=$!
    outers+=("$outer")
    read -r -t 30 said <&"$from"
    exec {from}<&-
    [ "$said" = up ] || { fail "a container did not come up: $1: $said"; return; }
    pid=$(pgrep -P "$outer")
}
two() { # SCRIPT [SCRIPT]
    container "$1"
    one=$pid
    container "${2-$1}"
    other=$pid
}
in_both() { printf -- '--container pid:%s --container pid:%s' "$one" "$other"; }

mkdir "$work/private"
two true
# shellcheck disable=SC2046 # two options and their values
healthy 'a folder that both see' $(in_both) "$work/data"
expect_in "$out" 'their PID namespaces differ' 'what process numbers mean is noted'
# shellcheck disable=SC2046
healthy 'a file that both see' $(in_both) "$work/data/app.lock"
# shellcheck disable=SC2046
healthy 'one /dev/shm' $(in_both) /dev/shm

two "mount -t tmpfs none '$work/private'"
# shellcheck disable=SC2046
sick 'a tmpfs each' different-store $(in_both) "$work/private"
two "mount -t tmpfs none /dev/shm"
# shellcheck disable=SC2046
sick 'a /dev/shm each' different-store $(in_both) /dev/shm
two "mount --bind \$(mktemp -d '$work/own-XXXXXX') '$work/private'"
# shellcheck disable=SC2046
sick 'a folder each by one name' different-store $(in_both) "$work/private"

# A single file, bound; the first container came before it was replaced.
echo old > "$work/data/single"
mkdir "$work/mnt"
touch "$work/mnt/single"
container "mount --bind '$work/data/single' '$work/mnt/single'"
one=$pid
echo new > "$work/data/single.new"
mv "$work/data/single.new" "$work/data/single"
container "mount --bind '$work/data/single' '$work/mnt/single'"
other=$pid
# shellcheck disable=SC2046
sick 'a bound file that was replaced' different-lock $(in_both) "$work/mnt/single"
expect_in "$out" 'mount the folder that the file is in' 'a bound file that was replaced'
container "mount --bind '$work/data/single' '$work/mnt/single'"
one=$pid
# shellcheck disable=SC2046
healthy 'a bound file that was not' $(in_both) "$work/mnt/single"

# Two overlays over one lower folder.
mkdir "$work/lower" "$work/merged" "$work/upper"
echo 0 > "$work/lower/lock"
mount -t tmpfs none "$work/upper" 2> /dev/null
layer='d=$(mktemp -d '"$work"'/upper/XXXXXX); mkdir $d/u $d/w; mount -t overlay -o lowerdir='"$work"'/lower,upperdir=$d/u,workdir=$d/w none '"$work/merged"
if unshare -m bash -c "$layer" 2> /dev/null; then
    two "$layer"
    # shellcheck disable=SC2046
    sick 'two layers over one file' different-lock $(in_both) "$work/merged/lock"
fi
