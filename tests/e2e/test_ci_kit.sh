#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The CI snippets do what they say: the shell gate in all its ways, and the commands of the YAML ones,
# taken out of them and run.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

gate=$root/ci/snippets/gate.sh
scenarios=$work/my-scenarios
mkdir "$scenarios"
cat > "$scenarios/good.yaml" << 'YAML'
title: A counter under flock
summary: The lock of the application.
expect: held
store: {driver: file, path: "{shared}/counter"}
lock: {driver: flock, path: "{shared}/lock"}
workers: 4
steps: [lock, read, think 100us, write, unlock]
rounds: 200
YAML
sed -e 's/title: .*/title: The lock was forgotten/' -e '/^lock:/d' -e 's/lock, read/read/' \
    -e 's/, unlock//' "$scenarios/good.yaml" > "$work/bad.yaml"
sed -e 's/workers: 4/workers: 1/' "$scenarios/good.yaml" > "$work/alone.yaml"

run_gate() { # ARG...
    status=0
    (cd "$work" && LOCKPROOF=$LOCKPROOF exec sh "$gate" --workdir "$shm" "$@") > "$out" 2> "$err" ||
        status=$?
}
run_gate my-scenarios/
expect_status 0 'gate: held'
expect_in "$out" 'gate: passed' 'gate: held'
for file in junit.xml summary.md result.json report.html run-1/result.json; do
    pass_if "gate: leaves $file" [ -s "$work/lockproof-results/$file" ]
done
if command -v xmllint > /dev/null; then
    pass_if 'gate: JUnit follows the schema' xmllint --noout --schema "$root/tests/golden/junit.xsd" \
        "$work/lockproof-results/junit.xml"
fi
run_gate bad.yaml
expect_status 1 'gate: broken'
expect_in "$err" 'gate: FAILED, not as expected' 'gate: broken'
expect_in "$out" 'no-lock' 'gate: broken names the cause'
expect_in "$work/lockproof-results/summary.md" 'no-lock' 'gate: the summary names the cause'
pass_if 'gate: a second run has a folder of its own' [ -d "$work/lockproof-results/run-2" ]
run_gate alone.yaml
expect_status 3 'gate: undecided'
expect_in "$err" 'undecided' 'gate: undecided'
LOCKPROOF_UNDECIDED=pass run_gate alone.yaml
expect_status 0 'gate: undecided may pass'
LOCKPROOF_UNDECIDED=perhaps run_gate alone.yaml
expect_status 2 'gate: a wrong setting'
run_gate nosuch.yaml
expect_status 2 'gate: a scenario that is not there'
(LOCKPROOF=$work/nowhere sh "$gate") > "$out" 2> "$err"
status=$?
expect_status 127 'gate: no lockproof'
expect_in "$err" 'no program' 'gate: no lockproof'
LOCKPROOF_RESULTS=/proc/nope run_gate my-scenarios/
expect_status 4 'gate: results that cannot be written'

# The commands of the YAML snippets, by a YAML reader that every Perl or Python may lack.
commands_of() { # FILE EXPRESSION
    python3 -c '
import sys, yaml
document = yaml.safe_load(open(sys.argv[1]))
print(eval(sys.argv[2]))' "$root/ci/snippets/$1" "$2"
}
if python3 -c 'import yaml' 2> /dev/null; then
    step=$(commands_of github-actions.yml \
        '[s["run"] for s in document["jobs"]["lockproof"]["steps"] if s.get("name") == "Test the locks"][0]')
    github() {
        status=0
        (cd "$work" && rm -rf lockproof-results &&
            export LOCKPROOF GITHUB_STEP_SUMMARY=$work/step-summary.md && bash -e -c "$step") \
            > "$out" 2> "$err" || status=$?
    }
    github
    expect_status 0 'GitHub: held'
    expect_in "$work/step-summary.md" 'white_check_mark' 'GitHub: the job summary'
    pass_if 'GitHub: JUnit' [ -s "$work/lockproof-results/junit.xml" ]
    pass_if 'GitHub: the page' [ -s "$work/lockproof-results/run/report.html" ]
    cp "$work/bad.yaml" "$scenarios/"
    github
    expect_status 1 'GitHub: broken'
    expect_in "$out" '::error' 'GitHub: an annotation'
    rm "$scenarios/bad.yaml"

    script=$(commands_of gitlab-ci.yml '"\n".join(document["lockproof"]["script"])')
    junit=$(commands_of gitlab-ci.yml 'document["lockproof"]["artifacts"]["reports"]["junit"]')
    mkdir "$work/lockproof"
    ln -s "$root/ci" "$work/lockproof/ci"
    rm -rf "$work/lockproof-results"
    status=0
    (cd "$work" && export LOCKPROOF && bash -e -c "$script") > "$out" 2> "$err" || status=$?
    expect_status 0 'GitLab: held'
    pass_if 'GitLab: JUnit is where it is looked for' [ -s "$work/$junit" ]
else
    echo 'python3-yaml is not installed: the YAML snippets are not tried'
fi
