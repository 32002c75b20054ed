#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The HTML report in a browser: tests/browser/report.js drives it in headless Chromium.
# `ci/install browser` installs what it needs; OPERATIONS=1000000 opens a long history too.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

chromium=$(command -v chromium) || skip 'chromium is not installed (ci/install browser)'
command -v node > /dev/null || skip 'node is not installed (ci/install browser)'
[ -d "$root/tests/browser/node_modules/playwright-core" ] ||
    skip 'playwright-core is not installed (ci/install browser)'

: "${OPERATIONS:=40000}"
pages=$work/pages
mkdir "$pages"

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
long=$(scenario long << YAML
title: Many operations
summary: As fast as it goes.
expect: held
store: {driver: shm, path: "{shared}/counter.shm"}
lock: {driver: mutex, path: "{shared}/mutex"}
workers: 8
steps: [lock, read, write, unlock]
rounds: $((OPERATIONS / 32))
YAML
)
page() { # NAME ARG...
    local name=$1
    shift
    lp run -q --progress never --workdir "$shm" -o "$work/$name" "$@"
    lp report -o "$pages/$name.html" "$work/$name"
    expect_status 0 "report of $name"
}
page broken flock-rogue
page many flock no-lock
page hostile "$hostile"
page million "$long"

checks=$((checks + 1))
timeout 300 node "$root/tests/browser/report.js" "$chromium" "$pages" || fail 'the pages in a browser'
[ -z "${KEEP:-}" ] || cp -r "$pages" "$KEEP"
