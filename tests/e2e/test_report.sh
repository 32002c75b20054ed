#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# lockproof report: the page of a run, of several, of one that was killed, of one that was moved; and
# a title that tries to be a script stays a title.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

page_is_whole() { # FILE
    [ "$(tail -n 1 "$1")" = '</html>' ] && [ "$(grep -c '<script nonce=' "$1")" = 1 ] &&
        ! grep -qE '(src|href)="(https?:)?//' "$1"
}

hostile=$(scenario hostile << 'YAML'
title: "</script><script>alert(1)</script><img src=x onerror=alert(1)>"
summary: "</style><b onclick='x'> & \"quoted\""
expect: broken
store: {driver: file, path: "{shared}/counter"}
groups:
  - {name: all, workers: 4, steps: [read, think 100us, write]}
rounds: 100
YAML
)
judge --report "$hostile"
expect_status 0 'run --report'
expect_in "$out" "report: $work/run-1/report.html" 'run --report tells where'
page=$work/run-1/report.html
pass_if 'the page is whole' page_is_whole "$page"
expect_not_in "$page" '<script>alert' 'a title is no script'
expect_not_in "$page" '<img src=x' 'a title is no image'
expect_not_in "$page" "<b onclick" 'a summary is no markup'
expect_in "$page" '&lt;/script&gt;&lt;script&gt;alert(1)' 'the title is shown'
expect_in "$page" 'no-lock' 'the cause is told'

# The same page comes of the folder alone, wherever it is now.
mv "$work/run-1" "$work/moved"
lp report moved/
expect_status 0 'report of a moved folder'
expect_in "$out" 'moved/report.html' 'report tells where'
expect_in "$work/moved/report.html" 'no-lock' 'moved: the cause is told'
lp report -o elsewhere.html moved
pass_if 'report -o' page_is_whole "$work/elsewhere.html"

# Killed: no result, the history decides.
rm "$work/moved/result.json"
lp report -o killed.html moved
expect_status 0 'report of a killed run'
expect_in "$work/killed.html" 'The run left no result' 'killed: it says so'
expect_in "$work/killed.html" 'no-lock' 'killed: the cause is told'
printf '{"scenarios": [' > "$work/moved/result.json"
lp report -o half.html moved
expect_status 0 'report with half a result'
expect_in "$work/half.html" 'no-lock' 'half a result: the history decides'

# Several; then the same without the result of all.
lp run --progress never --workdir "$shm" -o several --report no-lock flock
expect_status 0 'run --report of several'
several=$work/several/report.html
pass_if 'several: the page is whole' page_is_whole "$several"
pass_if 'several: a part each' [ "$(grep -c '<details class="result"' "$several")" = 2 ]
rm "$work/several/result.json"
lp report several
expect_status 0 'report of several without their result'
pass_if 'several: still a part each' [ "$(grep -c '<details class="result"' "$several")" = 2 ]

# A run that left a result but no history, as of a program of the user's own.
mkdir "$work/figures"
cat > "$work/figures/result.json" << 'JSON'
{"lockproof": "0", "scenarios": [{"name": "mine", "expect": "held", "verdict": "broken", "run_dir": "figures",
 "workers": 4, "containers": 1, "meetings": 41, "meetings_needed": 30, "reproduce": "lockproof exec -- ./mine",
 "diagnosis": [{"cause": "no-lock", "text": "nobody locked", "fix": "lock"}],
 "invariants": [{"name": "lost-update", "result": "fail", "detail": "3 of 4 lost", "start": 0,
                 "acknowledged": 4, "unknown": 0, "final": 1, "lost": 3, "lost_max": 3}]}]}
JSON
lp report figures
expect_status 0 'report without a history'
expect_in "$work/figures/report.html" 'Nobody locked' 'no history: the evidence'
expect_in "$work/figures/report.html" 'acknowledged 4, unknown 0, final 1, lost 3' 'no history: the counter'
expect_in "$work/figures/report.html" '41 (held needs 30)' 'no history: the meetings'
expect_not_in "$work/figures/report.html" 'class="timeline"' 'no history: no timeline'

# A benchmark, and hyperfine's figures beside it.
mkdir -p "$work/bench/plots"
cat > "$work/bench/result.json" << 'JSON'
{"lockproof": "0", "kind": "bench", "command": "lockproof bench flock", "settings": {"workers": [1]},
 "locks": [{"name": "flock", "verdict": "held", "points": [{"workers": 1, "acquires_per_s": {"median": 5}}]}]}
JSON
echo '{"results": [{"command": "run flock", "mean": 0.125, "times": [0.125]}]}' > "$work/bench/hyperfine.json"
echo '<svg xmlns="http://www.w3.org/2000/svg"><title>t</title></svg>' > "$work/bench/plots/throughput.svg"
lp report bench
expect_status 0 'report of a benchmark'
expect_in "$work/bench/report.html" 'Locks compared' 'benchmark: its tables'
expect_in "$work/bench/report.html" '125ms' 'benchmark: hyperfine'
expect_in "$work/bench/report.html" 'alt="throughput" src="data:image/svg' 'benchmark: its plots'

lp report "$work/nowhere"
expect_status 2 'report of nothing'
expect_one_line 'report of nothing'
mkdir "$work/empty"
lp report empty
expect_status 2 'report of an empty folder'
expect_in "$err" 'holds no run' 'report of an empty folder'
lp report
expect_status 2 'report without a folder'
lp report -o /proc/nope.html moved
expect_status 4 'report to where nothing can be written'
