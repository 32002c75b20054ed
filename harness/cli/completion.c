/* SPDX-License-Identifier: MIT */
/*
 * lockproof completion bash|zsh: writes what a shell must know to complete a command line. All of
 * it comes from the tables that the commands themselves use, so it cannot go stale; the names of
 * scenarios, drivers and causes are asked of the program when they are needed.
 */
#include "cli/commands.h"

#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "cli/options.h"
#include "cli/ui.h"
#include "reports/result.h"
#include "scenario/schema.h"

const struct lp_command_line lp_line_completion = {
    .synopsis = "completion [bash|zsh]",
    .summary = "Writes shell completion to standard output. For bash, in ~/.bashrc:\n"
               "  eval \"$(lockproof completion bash)\"\n"
               "For zsh, into a folder of $fpath:\n"
               "  lockproof completion zsh > ~/.zfunc/_lockproof",
};

/* What may stand at one place of a command line. */
struct choice {
    struct lp_str words;                 /* separated by blanks */
    bool scenarios, drivers, causes;     /* names that `lockproof list` knows */
    bool files, folders, programs, none; /* none: a number, a time, a text */
};

/* ---- from the tables ---- */

/* "text|json" or "[scenarios|drivers]" to words; nothing when there is no bar. */
static void add_bars(struct lp_str *words, const char *text)
{
    const char *bar = strchr(text, '|');
    if (!bar)
        return;
    const char *from = bar;
    while (from > text && !strchr("[ ", from[-1]))
        from--;
    for (const char *c = from; *c && !strchr("] ", *c); c++)
        lp_str_add_bytes(words, *c == '|' ? " " : c, 1);
}

static void choose_for_option(struct choice *choice, const struct lp_option *option)
{
    const char *argument = option->argument;
    lp_str_clear(&choice->words);
    *choice = (struct choice){.words = choice->words};
    add_bars(&choice->words, argument);
    if (strcmp(option->name, "format") == 0 && choice->words.len == 0)
        for (size_t i = 0; i < lp_report_format_count; i++)
            lp_str_addf(&choice->words, "%s%s", i ? " " : "", lp_report_formats[i].name);
    else if (strcmp(option->name, "placement") == 0)
        for (size_t i = 0; lp_placement_names[i]; i++)
            lp_str_addf(&choice->words, "%s%s", i ? " " : "", lp_placement_names[i]);
    else if (strcmp(argument, "placement") == 0) /* --sweep */
        lp_str_add(&choice->words, argument);
    else if (strstr(argument, "DIR"))
        choice->folders = true;
    else if (strstr(argument, "FILE") || strcmp(argument, "PATH") == 0)
        choice->files = true;
    else if (strstr(argument, "CMD") || strstr(argument, "PROGRAM"))
        choice->programs = true;
    else
        choice->none = choice->words.len == 0;
}

static void choose_for_rest(struct choice *choice, const char *synopsis)
{
    lp_str_clear(&choice->words);
    *choice = (struct choice){.words = choice->words};
    choice->scenarios = strstr(synopsis, "SCENARIO");
    choice->drivers = strstr(synopsis, "LOCK");
    choice->causes = strstr(synopsis, "CAUSE");
    choice->programs = strstr(synopsis, "PROGRAM");
    choice->files = strstr(synopsis, "FILE") || choice->scenarios;
    choice->folders = strstr(synopsis, "DIR") || strstr(synopsis, "HISTORY");
    if (strstr(synopsis, "PATH"))
        choice->files = true;
    if (!choice->scenarios && !choice->causes)
        add_bars(&choice->words, synopsis);
}

/* ---- bash ---- */

static void bash_option_words(const struct lp_command_line *line, struct lp_str *out)
{
    for (size_t i = 0; i < line->option_count; i++)
        lp_str_addf(out, "--%s ", line->options[i].name);
    lp_str_add(out, "--help");
}

static void bash_reply(const struct choice *choice, struct lp_str *out)
{
    if (choice->words.len)
        lp_str_addf(out, " words+=' %s';", choice->words.ptr);
    if (choice->scenarios)
        lp_str_add(out, " words+=\" $(_lockproof_names scenarios)\";");
    if (choice->drivers)
        lp_str_add(out, " words+=\" $(_lockproof_names drivers)\";");
    if (choice->causes)
        lp_str_add(out, " words+=\" $(_lockproof_names causes)\";");
    if (choice->files)
        lp_str_add(out, " files=-f;");
    else if (choice->folders)
        lp_str_add(out, " files=-d;");
    else if (choice->programs)
        lp_str_add(out, " files=-c;");
}

static void bash_command(const struct lp_command *command, struct choice *choice,
                         struct lp_str *out)
{
    const struct lp_command_line *line = command->line;
    for (size_t i = 0; i < line->option_count; i++) {
        const struct lp_option *option = &line->options[i];
        if (!option->argument)
            continue;
        lp_str_addf(out, "    %s:--%s", command->name, option->name);
        if (option->letter)
            lp_str_addf(out, "|%s:-%c", command->name, option->letter);
        lp_str_add(out, ")");
        choose_for_option(choice, option);
        bash_reply(choice, out);
        lp_str_add(out, " ;;\n");
    }
    lp_str_addf(out, "    %s:*)\n        case $cur in\n        -*) words='", command->name);
    bash_option_words(line, out);
    lp_str_add(out, "' ;;\n        *)");
    choose_for_rest(choice, line->synopsis);
    bash_reply(choice, out);
    lp_str_add(out, " ;;\n        esac ;;\n");
}

static void write_bash(struct lp_str *out)
{
    struct choice choice = {0};
    lp_str_init(&choice.words);
    lp_str_add(out, "# Completion of lockproof for bash; written by `lockproof completion bash`.\n"
                    "_lockproof_names() {\n"
                    "    \"${COMP_WORDS[0]}\" list \"$1\" 2> /dev/null | while read -r name _; do\n"
                    "        printf '%s ' \"$name\"\n"
                    "    done\n"
                    "}\n"
                    "_lockproof() {\n"
                    "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
                    "    local words='' files=''\n"
                    "    COMPREPLY=()\n"
                    "    [ \"$cur\" != = ] || cur=''\n"
                    "    [ \"$prev\" != = ] || prev=${COMP_WORDS[COMP_CWORD - 2]}\n"
                    "    if [ \"$COMP_CWORD\" = 1 ]; then\n"
                    "        words='");
    for (size_t i = 0; i < lp_command_count; i++)
        lp_str_addf(out, "%s ", lp_commands[i].name);
    lp_str_add(out, "--help --version'\n"
                    "    else\n"
                    "    case ${COMP_WORDS[1]}:$prev in\n");
    for (size_t i = 0; i < lp_command_count; i++)
        if (lp_commands[i].line)
            bash_command(&lp_commands[i], &choice, out);
    lp_str_add(out, "    esac\n"
                    "    fi\n"
                    "    if [ -n \"$files\" ]; then\n"
                    "        compopt -o filenames 2> /dev/null\n"
                    "        mapfile -t COMPREPLY < <(compgen \"$files\" -- \"$cur\")\n"
                    "    fi\n"
                    "    mapfile -O \"${#COMPREPLY[@]}\" -t COMPREPLY < <(compgen -W \"$words\" -- "
                    "\"$cur\")\n"
                    "}\n"
                    "complete -F _lockproof lockproof\n");
    lp_str_release(&choice.words);
}

/* ---- zsh ---- */

/* Inside '...[HERE]...' of an _arguments spec. */
static void zsh_text(const char *text, struct lp_str *out)
{
    for (const char *c = text; *c; c++) {
        if (*c == '\'')
            lp_str_add(out, "'\\''");
        else if (strchr("[]:\\", *c))
            lp_str_addf(out, "\\%c", *c);
        else
            lp_str_add_bytes(out, c, 1);
    }
}

/* ":MESSAGE:ACTION" */
static void zsh_action(const struct choice *choice, const char *message, struct lp_str *out)
{
    lp_str_add(out, ":");
    zsh_text(message, out);
    lp_str_add(out, ":");
    if (choice->words.len && !choice->files)
        lp_str_addf(out, "(%s)", choice->words.ptr);
    else if (choice->scenarios || choice->drivers || choice->causes)
        lp_str_addf(out, "_lockproof_names%s%s%s%s", choice->scenarios ? " scenarios" : "",
                    choice->drivers ? " drivers" : "", choice->causes ? " causes" : "",
                    choice->files ? " -f" : "");
    else if (choice->files)
        lp_str_add(out, "_files");
    else if (choice->folders)
        lp_str_add(out, "_files -/");
    else if (choice->programs)
        lp_str_add(out, "_command_names -e");
    else
        lp_str_add(out, " ");
}

static void zsh_option(const struct lp_option *option, struct choice *choice, struct lp_str *out)
{
    bool again = option->type == LP_OPTION_LIST;
    lp_str_add(out, "            '");
    if (again)
        lp_str_add(out, "*");
    else if (option->letter)
        lp_str_addf(out, "(-%c --%s)", option->letter, option->name);
    if (option->letter)
        lp_str_addf(out, "'{-%c%s,--%s%s}'", option->letter, option->argument ? "+" : "",
                    option->name, option->argument ? "=" : "");
    else
        lp_str_addf(out, "--%s%s", option->name, option->argument ? "=" : "");
    lp_str_add(out, "[");
    zsh_text(option->help, out);
    lp_str_add(out, "]");
    if (option->argument) {
        choose_for_option(choice, option);
        zsh_action(choice, option->argument, out);
    }
    lp_str_add(out, "' \\\n");
}

static void zsh_command(const struct lp_command *command, struct choice *choice, struct lp_str *out)
{
    const struct lp_command_line *line = command->line;
    lp_str_addf(out, "    %s)\n        _arguments -s -S \\\n", command->name);
    for (size_t i = 0; i < line->option_count; i++)
        zsh_option(&line->options[i], choice, out);
    lp_str_add(out, "            '(-h --help)'{-h,--help}'[show help]' \\\n            '*");
    choose_for_rest(choice, line->synopsis);
    const char *operands = strrchr(line->synopsis, ' ');
    zsh_action(choice, operands ? operands + 1 : "", out);
    lp_str_add(out, "' ;;\n");
}

static void write_zsh(struct lp_str *out)
{
    struct choice choice = {0};
    lp_str_init(&choice.words);
    lp_str_add(out, "#compdef lockproof\n"
                    "# Completion of lockproof for zsh; written by `lockproof completion zsh`.\n"
                    "_lockproof_names() {\n"
                    "    local topic\n"
                    "    local -a names\n"
                    "    for topic in \"$@\"; do\n"
                    "        [[ $topic == -f ]] && { _files; continue }\n"
                    "        names+=(${${(f)\"$(_call_program names $lockproof list $topic)\"}%% "
                    "*})\n"
                    "    done\n"
                    "    compadd -a names\n"
                    "}\n"
                    "_lockproof() {\n"
                    "    local lockproof=$words[1]\n"
                    "    local -a commands\n"
                    "    commands=(\n");
    for (size_t i = 0; i < lp_command_count; i++) {
        lp_str_addf(out, "        '%s:", lp_commands[i].name);
        zsh_text(lp_commands[i].summary, out);
        lp_str_add(out, "'\n");
    }
    lp_str_add(out, "    )\n"
                    "    if (( CURRENT == 2 )); then\n"
                    "        _describe command commands\n"
                    "        return\n"
                    "    fi\n"
                    "    shift words\n"
                    "    (( CURRENT-- ))\n"
                    "    case $words[1] in\n");
    for (size_t i = 0; i < lp_command_count; i++)
        if (lp_commands[i].line)
            zsh_command(&lp_commands[i], &choice, out);
    lp_str_add(out, "    esac\n"
                    "}\n"
                    "if [[ $funcstack[1] == _lockproof ]]; then\n"
                    "    _lockproof \"$@\"\n"
                    "else\n"
                    "    compdef _lockproof lockproof\n"
                    "fi\n");
    lp_str_release(&choice.words);
}

/* ---- the command ---- */

static const struct shell {
    const char *name; /* first: searched by lp_nearest */
    void (*write)(struct lp_str *out);
} shells[] = {{"bash", write_bash}, {"zsh", write_zsh}};

static int carry_out(const char **words, size_t count, struct lp_err *err)
{
    if (count != 1)
        return lp_err_set(err, LP_ERR_USAGE, "name one shell: bash or zsh");
    for (size_t i = 0; i < LP_ARRAY_LEN(shells); i++) {
        if (strcmp(shells[i].name, words[0]) != 0)
            continue;
        struct lp_str out;
        lp_str_init(&out);
        shells[i].write(&out);
        bool written = lp_ui_print(out.ptr) && lp_ui_flush();
        lp_str_release(&out);
        return written ? LP_EXIT_OK
                       : lp_err_set(err, LP_ERR_SELF, "unable to write the completion");
    }
    const char *near = lp_nearest(words[0], shells, LP_ARRAY_LEN(shells), sizeof *shells);
    return lp_err_set(err, LP_ERR_USAGE, "no completion for '%s'%s%s%s", words[0],
                      near ? ", did you mean '" : "; there are bash and zsh", near ? near : "",
                      near ? "'?" : "");
}

int lp_command_completion(int argc, char **argv)
{
    struct lp_err err = {0};
    const char **words = lp_alloc((size_t)argc, sizeof *words);
    size_t count;
    bool help;
    int status = -1;
    if (lp_options_parse(&lp_line_completion, argc, argv, NULL, words, &count, &help, &err) == 0)
        status = help ? lp_help_show(&lp_line_completion) : carry_out(words, count, &err);
    free(words);
    return lp_ui_end(status, &err);
}
