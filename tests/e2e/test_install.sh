#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# make install, and a driver made against what it installed. It is built again in a folder of its own,
# since the prefix is compiled in.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

command -v make > /dev/null && command -v "${CC:-cc}" > /dev/null || skip 'no compiler here'
prefix=$work/prefix
build() { # ARG...
    env -u MAKEFLAGS -u SANITIZE make --no-print-directory -C "$root" -j2 OUT="$work/build" \
        CFLAGS=-O1 PREFIX="$prefix" "$@" > "$work/make.log" 2>&1 || { tail -n 20 "$work/make.log"; false; }
}
pass_if 'make install' build install
pass_if 'make install DESTDIR' build install DESTDIR="$work/stage"
for file in bin/lockproof include/lockproof/drivers/driver.h include/lockproof/base/outcome.h \
    share/man/man1/lockproof.1 share/lockproof/scenarios/file/flock.yaml; do
    pass_if "$file is installed" [ -s "$prefix/$file" ]
    pass_if "$file is staged" cmp -s "$prefix/$file" "$work/stage$prefix/$file"
done
pass_if 'the plug-in is installed' \
    [ -e "$work/build/drivers/redis.so" -a -e "$prefix/lib/lockproof/drivers/redis.so" ]

# The sources and the build may go: what is installed stands alone.
rm -rf "$work/build" "$work/stage"
LOCKPROOF=$prefix/bin/lockproof
lp list
expect_status 0 'list, installed'
pass_if 'all bundled scenarios are found' \
    [ "$(wc -l < "$out")" = "$(find "$root/scenarios" -name '*.yaml' | wc -l)" ]
judge flock
expect_verdict held null 'a bundled scenario, installed'
if command -v redis-server > /dev/null && [ -e "$prefix/lib/lockproof/drivers/redis.so" ]; then
    lp list drivers
    pass_if 'the plug-in is found' grep -qE '^redis +lock' "$out"
fi

# The complete example of the guide for driver authors, taken from the guide.
block() { # LANGUAGE: the first block of that language that names the driver
    awk -v want="\`\`\`$1" '
        $0 == want { inside = 1; text = ""; next }
        inside && $0 == "```" { inside = 0; if (text ~ /mylock/) { printf "%s", text; exit } }
        inside { text = text $0 "\n" }' "$root/docs/DRIVER.md"
}
block c > "$work/mylock.c"
block yaml > "$work/mylock.yaml"
pass_if 'the guide has an example' [ -s "$work/mylock.c" -a -s "$work/mylock.yaml" ]
pass_if 'it compiles in one line' "${CC:-cc}" -D_GNU_SOURCE -Wall -Wextra -Werror -shared -fPIC \
    -I"$prefix/include/lockproof" -o "$work/mylock.so" "$work/mylock.c"
judge --driver ./mylock.so "$work/mylock.yaml"
expect_status 0 'the example runs'
expect_verdict held null 'the example runs'
judge "$work/mylock.yaml"
expect_status 2 'without --driver it is not known'
judge --driver ./mylock.so --driver ./mylock.so "$work/mylock.yaml"
expect_status 2 'the same driver twice'
expect_one_line 'the same driver twice'
