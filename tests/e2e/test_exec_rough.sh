#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Programs that crash, hang, fork, ignore SIGTERM or print megabytes do not hurt, and nothing is left
# of them, even after kill -9.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

marked() { # processes of this test that are not its own shell
    grep -lsF "LP_E2E_MARK=$work" /proc/[0-9]*/environ | while read -r file; do
        pid=${file#/proc/}
        pid=${pid%/environ}
        case $({ tr '\0' ' ' < "/proc/$pid/cmdline"; } 2> /dev/null) in sleep\ 9*) echo "$pid" ;; esac
    done
}
none_left() { [ -z "$(marked)" ]; }

lp exec --progress never -o "$work/a" -w 2 -r 1 -- sh -c 'kill -SEGV $$'
[ "$status" = 4 ] && grep -q 'may not be traced' "$err" && skip 'programs may not be traced here'
expect_status 3 'a program that crashes'

lp exec --progress never -o "$work/b" -w 2 -r 1 --timeout 1s -- sh -c 'trap "" TERM; sleep 900 & wait; sleep 901'
expect_status 3 'a program that hangs and ignores SIGTERM'
pass_if 'it is gone' wait_until 5 none_left

lp exec --progress never -o "$work/c" -w 2 -r 1 -- sh -c 'sleep 902 & exit 0'
pass_if 'what a copy leaves running is ended' wait_until 5 none_left

lp exec --progress never -o "$work/d" -w 2 -r 1 -- sh -c 'head -c 30000000 /dev/zero | tr "\0" x'
pass_if 'megabytes are not kept' test "$(du -s "$work/d" | cut -f1)" -lt 8000

lp exec --progress never -o "$work/e" -w 2 -r 1 --setup 'echo 0 > c' --observe 'cat c' -- \
    sh -c 'for i in 1 2 3; do (true) & done; wait; exit 0'
pass_if 'a program that forks' test "$status" != 4

(cd "$work" && exec "$LOCKPROOF" exec --progress never -o "$work/f" -w 2 -- sleep 903) > "$out" 2> "$err" &
command=$!
started() { [ -n "$(marked)" ]; }
pass_if 'copies have started' wait_until 10 started
kill -9 "$command"
wait "$command" 2> /dev/null
pass_if 'nothing is left after kill -9' wait_until 5 none_left

(cd "$work" && exec "$LOCKPROOF" exec --progress never -o "$work/g" -w 2 -- sleep 904) > "$out" 2> "$err" &
command=$!
wait_until 10 started
kill -INT "$command"
wait "$command"
status=$?
expect_status 130 'interrupted'
pass_if 'nothing is left after an interrupt' wait_until 5 none_left
