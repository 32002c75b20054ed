#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Completion knows every command and option that the help knows, and completes in a real shell.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

lp completion bash
expect_status 0 'completion bash'
cp "$out" "$work/lockproof.bash"
pass_if 'bash reads it' bash -n "$work/lockproof.bash"
lp completion zsh
expect_status 0 'completion zsh'
cp "$out" "$work/_lockproof"

# Nothing that --help tells is missing in either.
lp --help
mapfile -t commands < <(sed -n '/^commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' "$out")
pass_if 'the help lists commands' [ "${#commands[@]}" -ge 5 ]
for command in "${commands[@]}"; do
    pass_if "bash: $command has completion" grep -qE "^    $command:\*\)" "$work/lockproof.bash"
    pass_if "zsh: $command has completion" grep -qE "^    $command\)" "$work/_lockproof"
    lp "$command" --help
    while read -r option; do
        pass_if "bash: $command $option" grep -qE "^    $command:.*$option|words='.*$option" \
            <(sed -n "/^    $command:/,/esac ;;/p" "$work/lockproof.bash")
        pass_if "zsh: $command $option" grep -qF -- "$option" \
            <(sed -n "/^    $command)/,/;;/p" "$work/_lockproof")
    done < <(grep -oE '^ +(-., )?--[a-z-]+' "$out" | grep -oE -- '--[a-z-]+')
done

# What bash offers behind these words; the last one is being typed.
offers() {
    PATH=$(dirname "$LOCKPROOF"):$PATH bash --norc -c '
        . "$1"; shift
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
        _lockproof; printf "%s\n" "${COMPREPLY[@]}"' bash "$work/lockproof.bash" "$@"
}
offered() { # WORD TYPED...
    local word=$1
    shift
    pass_if "bash: '$*' offers $word" grep -qxF -- "$word" <(offers "$@")
}
offered run lockproof ru
offered --version lockproof --v
offered sqlite-naive lockproof run sqlite-n
offered --workers lockproof run --w
offered namespace lockproof run -p na
offered junit lockproof run --format = ju
offered drivers lockproof list dr
offered no-lock lockproof explain no-l
mkdir "$work/a-run"
cd "$work" || exit
offered a-run lockproof check a-
pass_if 'bash: a number is not guessed' [ -z "$(offers lockproof run -w '')" ]

lp completion fish
expect_status 2 'completion fish'
expect_one_line 'completion fish'
lp completion bsh
expect_in "$err" "did you mean 'bash'?" 'completion bsh'
lp completion
expect_status 2 'completion'

# A terminal of its own, in which zsh is asked to complete.
if command -v zsh > /dev/null; then
    mkdir "$work/fpath"
    cp "$work/_lockproof" "$work/fpath/"
    cat > "$work/ask.zsh" << 'ZSH'
zmodload zsh/zpty
zpty shell "PATH=$2:\$PATH zsh -fi"
zpty -w shell "PS1=; fpath=($1 \$fpath); autoload -U compinit; compinit -u -D; stty -echo"
zpty -w shell "zle-line-init() { print -rn -- edit''ing }; zle -N zle-line-init"
zpty -w shell "bindkey '^I' complete-word; LISTMAX=999; echo rea''dy"
# What is typed before the line editor has the terminal is another thing.
zpty -r shell line '*ready*editing*'
zpty -n -w shell "$3"$'\t\C-a: <\C-e>\n'
while zpty -r shell line; do print -r -- "$line"; [[ $line == *'>'* ]] && break; done
zpty -d shell
ZSH
    asked() { # TYPED WANTED
        timeout 20 zsh -f "$work/ask.zsh" "$work/fpath" "$(dirname "$LOCKPROOF")" "$1" \
            > "$work/zsh.out" 2>&1
        pass_if "zsh: '$1' becomes '$2'" grep -qF -- "$2" "$work/zsh.out"
    }
    asked 'lockproof comp' 'lockproof completion'
    asked 'lockproof run --workd' '--workdir'
    asked 'lockproof run sqlite-nai' 'lockproof run sqlite-naive'
    asked 'lockproof run -p names' '-p namespace'
else
    echo 'zsh is not installed: not tried in it'
fi
