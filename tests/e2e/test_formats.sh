#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Reports as other programs read them: JSON by field, JUnit by its schema, TAP by prove.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

mkdir "$work/set"
cp "$root/scenarios/file/flock.yaml" "$root/scenarios/file/no-lock.yaml" \
    "$root/scenarios/memory/private-shm.yaml" "$work/set"
sed -E 's/^expect: broken/expect: held/; /^cause:/d; s/^title: .*/title: "A <b>\\"title\\"\& ]]> of|many kinds"/' \
    "$root/scenarios/file/no-lock.yaml" > "$work/set/wrong.yaml"
sed -E 's/^workers: .*/workers: 1/' "$root/scenarios/file/flock.yaml" > "$work/set/alone.yaml"

files=()
for format in text json junit tap markdown github; do
    files+=(-f "$format=$work/report.$format")
done
lp run -p process --progress never --workdir "$shm" -o "$work/run" "${files[@]}" -f text "$work/set"
expect_status 1 'all formats at once'
for format in text json junit tap markdown github; do
    pass_if "$format is written" [ -s "$work/report.$format" ]
    pass_if "$format has no escape codes" [ "$(tr -dc '\033' < "$work/report.$format" | wc -c)" = 0 ]
    lp run -p process --progress never --workdir "$shm" -o "$work/alone-$format" -f "$format" flock
    expect_status 0 "$format alone"
    pass_if "$format on stdout" [ -s "$out" ]
    pass_if "$format on stdout has no escape codes" [ "$(tr -dc '\033' < "$out" | wc -c)" = 0 ]
done

perl -MJSON::PP -e '
    local $/;
    open my $in, "<", $ARGV[0] or die;
    my $set = JSON::PP->new->utf8->decode(<$in>);
    my @bad;
    sub bad { push @bad, join "", @_ }
    sub number { defined $_[0] && !ref $_[0] && $_[0] =~ /^-?\d+(\.\d+)?([eE][-+]?\d+)?$/ }
    $set->{lockproof} =~ /^\d+\.\d+\.\d+$/ or bad "version";
    my %verdicts;
    for my $s (@{ $set->{scenarios} }) {
        my $at = $s->{name};
        $verdicts{$at} = $s->{verdict};
        for (qw(name title expect verdict reason placement)) {
            defined $s->{$_} && length $s->{$_} or bad "$at: no $_";
        }
        $s->{verdict} =~ /^(held|broken|inconclusive|skipped)$/ or bad "$at: verdict $s->{verdict}";
        $s->{expect} =~ /^(held|broken)$/ or bad "$at: expect";
        JSON::PP::is_bool($s->{as_expected}) or bad "$at: as_expected is no boolean";
        if ($s->{verdict} eq "skipped") {
            @{ $s->{needs} } && length $s->{needs}[0]{remedy} or bad "$at: skipped without a remedy";
            next;
        }
        for (qw(seed workers containers elapsed_s contention rounds_per_s meetings)) {
            number($s->{$_}) or bad "$at: $_ is no number";
        }
        $s->{contention} >= 0 && $s->{contention} <= 1 or bad "$at: contention $s->{contention}";
        for (qw(ok fail unknown)) { number($s->{operations}{$_}) or bad "$at: operations $_" }
        -d $s->{run_dir} or bad "$at: no folder $s->{run_dir}";
        my %invariants = map { $_->{name} => $_ } @{ $s->{invariants} };
        for my $name ("lost-update", "progress") {
            my $invariant = $invariants{$name} or do { bad "$at: no $name"; next };
            $invariant->{result} =~ /^(pass|fail|unknown|not-applicable)$/
                or bad "$at: $name: $invariant->{result}";
        }
        my $lost = $invariants{"lost-update"};
        for (qw(start acknowledged unknown final lost extra)) {
            number($lost->{$_}) or bad "$at: lost-update: $_";
        }
        my $held = $s->{verdict} eq "held";
        if ($held) {
            number($s->{failure_rate_max}) or bad "$at: held without a failure rate";
            $s->{assumes} eq "independent" or bad "$at: held assumes what?";
            $lost->{final} == $lost->{start} + $lost->{acknowledged} or bad "$at: held, sum is wrong";
        } else {
            defined $s->{failure_rate_max} and bad "$at: a failure rate, but not held";
        }
        if ($s->{verdict} eq "broken") {
            my $d = $s->{diagnosis}[0] or do { bad "$at: broken without a cause"; next };
            length $d->{$_} or bad "$at: diagnosis without $_" for qw(cause text fix);
            my ($failed) = grep { $_->{result} eq "fail" } @{ $s->{invariants} };
            $failed && @{ $failed->{witness} } >= 2 or bad "$at: broken without a witness";
            my $last = -1;
            for my $op (@{ $failed->{witness} }) {
                number($op->{t_ns}) && $op->{t_ns} >= $last or bad "$at: witness out of order";
                $last = $op->{t_ns};
            }
        }
    }
    my $got = join " ", map { "$_=$verdicts{$_}" } sort keys %verdicts;
    my $want = "alone=inconclusive flock=held no-lock=broken private-shm=skipped wrong=broken";
    $got eq $want or bad "verdicts: $got";
    print "$_\n" for @bad;
    exit(@bad ? 1 : 0);
' "$work/report.json" > "$work/bad"
pass_if "report.json: $(tr '\n' ';' < "$work/bad")" [ ! -s "$work/bad" ]
lp run -p process --progress never --workdir "$shm" -o "$work/title" -n "$work/set/wrong.yaml"
expect_status 0 'a title of many kinds'
pass_if 'report.json: the title as written' \
    [ "$(json "$work/report.json" scenarios.4.title)" = 'A <b>"title"& ]]> of|many kinds' ]

if command -v xmllint > /dev/null; then
    pass_if 'junit follows its schema' \
        xmllint --noout --schema "$root/tests/golden/junit.xsd" "$work/report.junit"
    count() { xmllint --xpath "count(//$1)" "$work/report.junit"; }
    pass_if 'junit: a case a scenario' [ "$(count testcase)" = 5 ]
    pass_if 'junit: one failure' [ "$(count failure)" = 1 ]
    pass_if 'junit: one error, for what was not decided' [ "$(count error)" = 1 ]
    pass_if 'junit: one skipped' [ "$(count skipped)" = 1 ]
else
    echo 'xmllint is missing: JUnit was not validated'
fi

# prove runs what it is given; here that is cat.
if command -v prove > /dev/null; then
    prove --exec cat -v "$work/report.tap" > "$work/prove" 2>&1
    pass_if 'prove sees failures' [ $? != 0 ]
    pass_if 'prove: two of five failed' grep -qE 'Failed 2/5 subtests' "$work/prove"
    pass_if 'prove: one of them skipped' grep -q 'skipped' "$work/prove"
    lp run -p process --progress never --workdir "$shm" -o "$work/good" -f "tap=$work/good.tap" flock
    pass_if 'prove sees success' prove --exec cat "$work/good.tap"
else
    echo 'prove is missing: TAP was not read'
fi

pass_if 'markdown has a table' grep -qE '^\|( ?-+ ?\|)+' "$work/report.markdown"
pass_if 'markdown: a pipe in a title ends no cell' [ "$(grep '^|' "$work/report.markdown" | grep -cF 'of|many')" = 0 ]
pass_if 'github: an error for the contradiction' grep -qE '^::error .*wrong' "$work/report.github"
pass_if 'github: no command in the middle of a line' \
    [ "$(grep -c '::' "$work/report.github")" = "$(grep -cE '^::(error|warning|notice) ' "$work/report.github")" ]

# Colour is for terminals: script(1) makes one.
if command -v script > /dev/null && script -qec true /dev/null > /dev/null 2>&1; then
    terminal() { # ENVIRONMENT... : the bytes of a run on a terminal that are escape codes
        env TERM=xterm "$@" script -qec "$LOCKPROOF run --workdir $shm -o $work/tty-$((++run_number)) \
            --progress never flock" /dev/null < /dev/null | tr -dc '\033' | wc -c
    }
    run_number=$((run_number + 10))
    pass_if 'a terminal gets colour' [ "$(terminal)" != 0 ]
    run_number=$((run_number + 10))
    pass_if 'NO_COLOR is honoured' [ "$(terminal NO_COLOR=1)" = 0 ]
    run_number=$((run_number + 10))
    pass_if 'an empty NO_COLOR forbids nothing' [ "$(terminal NO_COLOR=)" != 0 ]
    run_number=$((run_number + 10))
    pass_if 'a dumb terminal gets no colour' [ "$(terminal TERM=dumb)" = 0 ]
else
    echo 'script is missing: colour was not tried'
fi

lp run --progress always --workdir "$shm" -o "$work/shown" flock
pass_if 'progress goes to stderr' grep -q 'rounds/s' "$err"
expect_not_in "$out" 'rounds/s' 'progress on stdout'
lp run --progress never --workdir "$shm" -o "$work/unshown" flock
pass_if 'no progress, nothing on stderr' [ ! -s "$err" ]
