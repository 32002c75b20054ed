# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What the end-to-end tests share. Each test is a program of its own: it works in a folder of its own,
# goes on after a failed check so that one run shows all, and ends with 0, 1, or 77 when skipped.
#
# A test's scratch folders lie in $shm, so that whatever is found there is its own; its processes are
# known by LP_E2E_MARK in their environment.
set -uo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
: "${LOCKPROOF:=$root/build/lockproof}"
[ -x "$LOCKPROOF" ] || { echo "no program '$LOCKPROOF'; build it, or name it in LOCKPROOF"; exit 1; }

work=$(mktemp -d /tmp/lp-e2e.XXXXXX)
shm=$(mktemp -d /dev/shm/lp-e2e.XXXXXX 2> /dev/null || mktemp -d /tmp/lp-e2e-shm.XXXXXX)
out=$work/out
err=$work/err
failures=0
checks=0
status=0
export LP_E2E_MARK=$work
unset LOCKPROOF_REDIS_URL LOCKPROOF_POSTGRES_URL LOCKPROOF_PGBOUNCER_URL LOCKPROOF_MARIADB_URL \
    LOCKPROOF_ETCD_URL LOCKPROOF_ZOOKEEPER_URL NO_COLOR
export LC_ALL=C

cleanup() {
    local result=$?
    for pid in $(processes); do kill -KILL "$pid" 2> /dev/null; done
    rm -rf "$work" "$shm"
    [ "$result" = 0 ] || exit "$result"
    [ "$failures" = 0 ] || { echo "$failures of $checks checks failed"; exit 1; }
    [ "$checks" -gt 0 ] || { echo 'nothing was checked'; exit 1; }
    echo "$checks checks passed"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

skip() {
    echo "$1"
    exit 77
}

fail() { # WHAT
    failures=$((failures + 1))
    printf 'FAILED: %s\n' "$1"
}

# pass_if WHAT COMMAND...: one check.
pass_if() {
    local what=$1
    shift
    checks=$((checks + 1))
    "$@" || fail "$what"
}

# lp ARG...: runs the program; leaves $status, and its output in $out and $err.
lp() {
    status=0
    (cd "$work" && exec "$LOCKPROOF" "$@") > "$out" 2> "$err" || status=$?
}

show_output() {
    printf '  exit status %s\n' "$status"
    head -c 4000 "$out" | sed 's/^/  out: /'
    head -c 2000 "$err" | sed 's/^/  err: /'
}

# expect_status WANTED WHAT: of the last lp. WANTED may be several: "0 3".
expect_status() {
    checks=$((checks + 1))
    case " $1 " in *" $status "*) return 0 ;; esac
    fail "$2: exit status $status, not $1"
    show_output
    return 1
}

expect_in() { # FILE TEXT WHAT
    checks=$((checks + 1))
    grep -qF -- "$2" "$1" && return 0
    fail "$3: no '$2'"
    show_output
    return 1
}

expect_not_in() { # FILE TEXT WHAT
    checks=$((checks + 1))
    grep -qF -- "$2" "$1" || return 0
    fail "$3: has '$2'"
    show_output
    return 1
}

# One line on stderr, and it begins as all do.
expect_one_line() { # WHAT
    checks=$((checks + 1))
    [ "$(wc -l < "$err")" = 1 ] && [ "$(head -c 11 "$err")" = 'lockproof: ' ] && return 0
    fail "$1: not one line 'lockproof: ...' on stderr"
    show_output
    return 1
}

# json FILE PATH: the value at a path such as scenarios.0.verdict; a list or object as its length.
json() {
    perl -MJSON::PP -e '
        local $/;
        open my $in, "<", $ARGV[0] or die "$ARGV[0]: $!\n";
        my $at = JSON::PP->new->utf8->decode(<$in>);
        for my $key (split /\./, $ARGV[1]) {
            $at = ref $at eq "ARRAY" ? $at->[$key] : ref $at eq "HASH" ? $at->{$key} : undef;
        }
        print !defined $at ? "null" : ref $at eq "ARRAY" ? scalar @$at
            : ref $at eq "HASH" ? scalar keys %$at
            : JSON::PP::is_bool($at) ? ($at ? "true" : "false") : $at, "\n";
    ' "$1" "$2"
}

# scenario NAME: takes a scenario's text from stdin, prints the file's path.
scenario() {
    cat > "$work/$1.yaml"
    printf '%s\n' "$work/$1.yaml"
}

# judge FILE [ARG...]: runs it; leaves $status, $verdict, $cause (or null) and $json.
run_number=0
judge() {
    run_number=$((run_number + 1))
    json=$work/run-$run_number.json
    lp run --progress never --workdir "$shm" -o "$work/run-$run_number" -f text -f "json=$json" "$@"
    verdict=none
    cause=null
    [ -s "$json" ] || return 0
    verdict=$(json "$json" scenarios.0.verdict)
    cause=$(json "$json" scenarios.0.diagnosis.0.cause)
}

expect_verdict() { # VERDICT CAUSE WHAT; a cause of '' is any
    checks=$((checks + 1))
    [ "$verdict" = "$1" ] && { [ -z "$2" ] || [ "$cause" = "$2" ]; } && return 0
    fail "$3: $verdict ($cause), not $1${2:+ ($2)}"
    show_output
    return 1
}

# wait_until SECONDS COMMAND...: asks again and again; false when it is still so after that time.
wait_until() {
    local limit=$((SECONDS + $1))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$limit" ] || return 1
        sleep 0.05
    done
}

# Processes of this test that run the program or a server for it.
processes() {
    local dir
    # A server's title has taken the place of its environment, but names its socket.
    find /proc -maxdepth 2 -path '/proc/[0-9]*/exe' \
        \( -lname '*/lockproof*' -o -lname '*/redis-*' \) 2> /dev/null | while read -r dir; do
        dir=${dir%/exe}
        if grep -qsF "LP_E2E_MARK=$work" "$dir/environ" || grep -qsF "$shm/" "$dir/cmdline"; then
            echo "${dir#/proc/}"
        fi
    done
}

nothing_left() {
    [ -z "$(processes)" ] && [ -z "$(ls -A "$shm")" ] && ! grep -qsF "$shm/" /proc/self/mounts
}

expect_nothing_left() { # WHAT
    checks=$((checks + 1))
    wait_until 10 nothing_left && return 0
    fail "$1: something was left"
    for pid in $(processes); do
        printf '  process %s: %s\n' "$pid" "$(tr '\0' ' ' < "/proc/$pid/cmdline")"
    done
    find "$shm" -mindepth 1 | head -n 20 | sed 's/^/  /'
    grep -F "$shm/" /proc/self/mounts | sed 's/^/  mount /'
    return 1
}

namespaces() {
    lsns -n -o NS 2> /dev/null | sort -u
}

# Those with processes of others in them: tests run side by side.
foreign_namespaces() {
    local dir
    for dir in /proc/[0-9]*; do
        grep -qsF "LP_E2E_MARK=$work" "$dir/environ" || readlink "$dir"/ns/* 2> /dev/null
    done | sed -n 's/.*\[\([0-9]*\)\]$/\1/p' | sort -u
}

# Namespaces that are not of the list FILE. Another test's may end between the two looks.
no_new_namespaces() {
    local new
    new=$(namespaces | comm -13 "$1" - | comm -23 - <(foreign_namespaces))
    [ -z "$new" ] || [ -z "$(comm -12 <(printf '%s\n' "$new") <(namespaces))" ]
}

# Did any worker of the run folder record an operation? The first record lies behind the header.
recorded() { # RUN_DIR
    local file
    for file in "$1"/history/worker-*.lph; do
        [ -f "$file" ] || continue
        [ -n "$(od -An -v -tx8 -j4096 -N64 "$file" 2> /dev/null | tr -d ' 0\n')" ] && return 0
    done
    return 1
}

have_redis() {
    command -v redis-server > /dev/null && [ -e "$(dirname "$LOCKPROOF")/drivers/redis.so" ]
}

# As root everything may be written, so what is about rights is done as nobody.
as_nobody() {
    if [ "$(id -u)" = 0 ]; then
        setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
    else
        "$@"
    fi
}

# A copy of program, plug-ins and scenarios in $work/copy that everybody may read.
make_copy() {
    chmod 755 "$work"
    mkdir -p "$work/copy/build"
    cp "$LOCKPROOF" "$work/copy/build/"
    cp -r "$root/scenarios" "$work/copy/"
    if [ -d "$(dirname "$LOCKPROOF")/drivers" ]; then
        cp -r "$(dirname "$LOCKPROOF")/drivers" "$work/copy/build/"
    fi
    chmod -R a+rX "$work/copy"
}
