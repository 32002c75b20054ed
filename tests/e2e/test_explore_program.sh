#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Programs explored: the losing order is found without luck and without waiting, and is had again.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

python=/usr/bin/python3
[ -x "$python" ] || python=$(command -v python3) || skip 'no python3'
examples=$root/examples
counter=(--setup 'echo 0 > counter; rm -f counter.*' --observe 'cat counter')
base=(--setup "$python $examples/sqlite_setup.py base" --observe "$python $examples/sqlite_setup.py -p base")

explore() {
    run_number=$((run_number + 1))
    folder=$work/explore-$run_number
    json=$work/explore-$run_number.json
    lp explore --progress never -o "$folder" -f text -f "json=$json" "$@"
    verdict=$(json "$json" scenarios.0.verdict 2> /dev/null || echo none)
    cause=$(json "$json" scenarios.0.diagnosis.0.cause 2> /dev/null || echo null)
}
of() { json "$json" "scenarios.0.explored.$1"; }

explore --schedules 1 -- true
[ "$status" = 4 ] && grep -q 'may not be traced' "$err" && skip 'programs may not be traced here'

# A second of sleep costs nothing; were it slept, ten replays would take twenty.
explore "${base[@]}" -- "$python" "$examples/sqlite_naive.py" base 60
expect_verdict broken narrow-scope 'two transactions'
expect_status 1 'broken'
pass_if 'at the first or second schedule' test "$(of schedules)" -le 2
pass_if 'reproduced 10 of 10' test "$(of reproduced)" = 10
schedule=$folder/schedule
lp replay "$schedule" -o "$work/replayed"
expect_status 1 'the schedule again'

explore --schedules 6 "${base[@]}" -- "$python" "$examples/sqlite_fixed.py" base 5
expect_verdict inconclusive '' 'six schedules without a loss prove nothing'
expect_status 3 'too few schedules'

explore "${counter[@]}" -- "$examples/flock_narrow.sh" counter
expect_verdict broken narrow-scope 'only the read is locked'
pass_if 'reproduced 10 of 10' test "$(of reproduced)" = 10
# Of a program that was mended the schedule cannot be followed any more.
sed -i 's/^\(0: lock\).*/\1 flock exclusive elsewhere/' "$folder/schedule"
lp replay "$folder/schedule" -o "$work/diverged"
expect_status 3 'a schedule that cannot be followed'
expect_in "$out" 'schedule:' 'with its line'

explore "${counter[@]}" -- "$examples/flock_renamed.sh" counter
expect_verdict broken different-lock 'the lock file is renamed'

explore "${counter[@]}" -- "$examples/pidfile_counter.sh" counter
expect_verdict broken double-grant 'a lock that is looked for, then made'

explore --preemptions 1 "${counter[@]}" -- "$examples/flock_counter.sh" counter
expect_verdict held '' 'flock(1), used rightly'
expect_status 0 'held'

# A flock that upgrades lets go first (no deadlock), so what was read before is stale.
cat > "$work/upgrade.sh" << 'END'
exec 9>> counter.lock
flock -s 9
stale=$(cat counter)
flock -x 9
value=$(cat counter)
echo $((${1:-value} + 1)) > counter
END
explore --preemptions 1 "${counter[@]}" -- bash "$work/upgrade.sh"
expect_verdict held '' 'an upgrade, and read again'
explore --preemptions 1 "${counter[@]}" -- bash "$work/upgrade.sh" stale
pass_if 'an upgrade, and not read again' test "$verdict" = broken
pass_if 'which is no deadlock' test "$cause" != deadlock

# Two that upgrade fcntl locks: the kernel refuses one of them (EDEADLK), which may try again.
cat > "$work/refused.py" << 'END'
import fcntl, time
lock = open("counter.lock", "a+")
while True:
    fcntl.lockf(lock, fcntl.LOCK_SH)
    try:
        fcntl.lockf(lock, fcntl.LOCK_EX)
        break
    except OSError:
        fcntl.lockf(lock, fcntl.LOCK_UN)
        time.sleep(0.001)
value = int(open("counter").read())
open("counter", "w").write(str(value + 1))
END
explore --preemptions 1 "${counter[@]}" -- "$python" "$work/refused.py"
expect_verdict held '' 'who is refused for a circle tries again'

# A lock file that is taken for stale when it is old: times of files go with the virtual clock. The
# work takes ten seconds.
cat > "$work/aged.py" << 'END'
import os, sys, time
stale = float(sys.argv[1])
while True:
    try:
        os.close(os.open("counter.lock", os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        break
    except FileExistsError:
        pass
    try:
        if time.time() - os.stat("counter.lock").st_mtime > stale:
            os.unlink("counter.lock")
            continue
    except FileNotFoundError:
        continue
    time.sleep(2)
value = int(open("counter").read())
time.sleep(10)
open("counter", "w").write(str(value + 1))
try:
    os.unlink("counter.lock")
except FileNotFoundError:
    pass
END
explore "${counter[@]}" -- "$python" "$work/aged.py" 5
expect_verdict broken foreign-release 'a lock taken from who still works'
pass_if 'which happens again' test "$(of reproduced)" = 10
explore --preemptions 0 --schedules 12 "${counter[@]}" -- "$python" "$work/aged.py" 60
pass_if 'a lock that nobody is that long in' test "$verdict" != broken

# A lock file that is removed loses nothing between two; it takes one more at the new file.
cat > "$work/removed.sh" << 'END'
exec 9>> counter.lock
flock 9
echo $(($(cat counter) + 1)) > counter
rm -f counter.lock
END
explore --preemptions 1 "${counter[@]}" -- bash "$work/removed.sh"
expect_verdict inconclusive '' 'two are too few for a lock file that is removed'
expect_in "$out" '(-w 3)' 'and it is said how many are not'

explore -w 1 "${counter[@]}" -- "$examples/flock_counter.sh" counter
expect_verdict inconclusive '' 'one copy is nobody'"'"'s rival'

# Stores into a shared mapping are no steps.
cat > "$work/mapped.py" << 'END'
import mmap
with open("map", "r+b") as file, mmap.mmap(file.fileno(), 8) as memory:
    memory[0] = memory[0] + 1
END
explore --setup 'head -c 8 /dev/zero > map' --observe 'od -An -tu1 -N1 map' -- "$python" "$work/mapped.py"
expect_verdict inconclusive '' 'a counter in a shared mapping'
lp exec -r 2 -o "$work/mapped" --setup 'head -c 8 /dev/zero > map' --observe 'od -An -tu1 -N1 map' \
    -- "$python" "$work/mapped.py"
pass_if 'nor is it held in a race' test "$status" != 0

# Two locks in opposite orders: who comes second depends on a file that the first one makes.
cat > "$work/two.sh" << 'END'
if mkdir first 2> /dev/null; then a=a.lock b=b.lock; else a=b.lock b=a.lock; fi
exec 8>> "$a" 9>> "$b"
flock 8
flock 9
END
explore --setup 'rm -rf first a.lock b.lock' -- bash "$work/two.sh"
expect_verdict broken deadlock 'opposite orders'
sed -i 's/else a=b.lock b=a.lock/else a=a.lock b=b.lock/' "$work/two.sh"
explore --preemptions 1 --setup 'rm -rf first a.lock b.lock' -- bash "$work/two.sh"
pass_if 'the ordered twin has no deadlock' test "$verdict" = held

# Who waits for a stranger is not in a deadlock.
exec 8>> "$work/counter.lock"
flock 8
explore --schedules 3 --setup 'echo 0 > counter' --observe 'cat counter' \
    -- "$examples/flock_counter.sh" counter 8>&-
exec 8>&-
expect_verdict inconclusive '' 'somebody else holds the lock'
expect_in "$json" 'none of the copies' 'and it is said'

lp explore --strategy pcd -- true
expect_status 2 'a strategy that is none'
expect_in "$err" "'pct'" 'the nearest one'
