#!/bin/sh
# SPDX-License-Identifier: MIT
#
# A gate for any CI service that can run a shell: your lock is tested, and the job fails when it does
# not lock. Copy it, or call it as it is:
#
#     ci/snippets/gate.sh [ARGUMENT OF lockproof run]...
#     ci/snippets/gate.sh my-scenarios/
#
# Settings, all optional, from the environment:
#     LOCKPROOF           the program (lockproof, found in PATH)
#     LOCKPROOF_RESULTS   where results go (lockproof-results); keep this folder as an artefact
#     LOCKPROOF_UNDECIDED fail (the default) or pass: what a run that cannot tell is worth
#
# In the folder: junit.xml, summary.md, result.json, report.html and the runs' own folders.
# Exit status: 0 all verdicts are as expected, 1 a lock is broken (or a broken one was not caught),
# 2 a mistake in the command line or a scenario, 3 undecided, 4 lockproof or the machine failed,
# 127 lockproof is not there.
set -u

lockproof=${LOCKPROOF:-lockproof}
results=${LOCKPROOF_RESULTS:-lockproof-results}
undecided=${LOCKPROOF_UNDECIDED:-fail}

case $undecided in
fail | pass) ;;
*) echo "gate: LOCKPROOF_UNDECIDED is '$undecided', expected fail or pass" >&2; exit 2 ;;
esac
if ! command -v "$lockproof" > /dev/null 2>&1; then
    echo "gate: no program '$lockproof'; build it with make, or set LOCKPROOF" >&2
    exit 127
fi
if ! mkdir -p "$results"; then
    echo "gate: unable to make '$results'" >&2
    exit 4
fi

# A folder that holds a run is never written over: each gate of a job gets one of its own.
number=1
while [ -e "$results/run-$number" ]; do number=$((number + 1)); done
"$lockproof" run --progress never --require --report -o "$results/run-$number" -f text \
    -f "junit=$results/junit.xml" -f "markdown=$results/summary.md" -f "json=$results/result.json" "$@"
status=$?
if [ -f "$results/run-$number/report.html" ]; then
    cp "$results/run-$number/report.html" "$results/report.html"
fi

case $status in
0) echo 'gate: passed' ;;
1) echo 'gate: FAILED, not as expected; see above and report.html' >&2 ;;
3)
    if [ "$undecided" = pass ]; then
        echo 'gate: passed, though something is undecided'
        status=0
    else
        echo 'gate: FAILED, undecided: run longer (-d), or set LOCKPROOF_UNDECIDED=pass' >&2
    fi
    ;;
*) echo "gate: FAILED, lockproof ended with status $status" >&2 ;;
esac
exit "$status"
