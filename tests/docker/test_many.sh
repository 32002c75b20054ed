#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Many containers start side by side and come back in one command: 50, or MANY.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "$0")/lib.sh"

many=${MANY:-50}
judge -p docker --image "$BASE" -c "$many" -w "$many" -r 20 --timeout 2m flock
expect_status 0 "$many containers"
expect_verdict held '' "$many containers"
pass_if 'each has a history' [ "$(find "$work/run-1/history" -name 'worker-*.lph' | wc -l)" = "$many" ]
pass_if 'each took part' [ "$(json "$json" scenarios.0.containers)" = "$many" ]
expect_clean_engine 'afterwards'
