//! Completion for Bash: one function that looks for the command among the words so far.

use std::fmt::Write as _;

use super::flags::{flags, options_of};
use crate::cli::parser::{COMMON_OPTIONS, CommandSpec, OptionSpec, Takes};

pub(super) fn script(commands: &[&CommandSpec]) -> String {
    let valued = COMMON_OPTIONS
        .iter()
        .filter(|option| option.takes != Takes::Nothing);
    let valued: Vec<String> = valued.flat_map(flags).collect();
    let names: Vec<&str> = commands.iter().map(|spec| spec.name).collect();
    format!(
        r#"_cleudocodebot() {{
    local cur="${{COMP_WORDS[COMP_CWORD]}}" prev="${{COMP_WORDS[COMP_CWORD-1]}}"
    local command="" words="" i
    for ((i = 1; i < COMP_CWORD; i++)); do
        case "${{COMP_WORDS[i]}}" in
            {valued}) ((i++)) ;;
            -*) ;;
            *) command="${{COMP_WORDS[i]}}"; break ;;
        esac
    done
    case "$command $prev" in
{values}    esac
    case "$command" in
{commands}        *) words="{names} {everywhere}" ;;
    esac
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
}}
complete -F _cleudocodebot cleudocodebot
"#,
        valued = valued.join("|"),
        values = values(commands),
        commands = cases(commands),
        names = names.join(" "),
        everywhere = COMMON_OPTIONS
            .iter()
            .flat_map(flags)
            .collect::<Vec<_>>()
            .join(" "),
    )
}

/// Completion of the values of options. Cases name the command too, because two commands may give
/// the same option different values.
fn values(commands: &[&CommandSpec]) -> String {
    let mut text = String::new();
    for spec in commands {
        for option in spec.options {
            push_value(&mut text, spec.name, option);
        }
    }
    for option in COMMON_OPTIONS {
        push_value(&mut text, "*", option);
    }
    text
}

/// One branch of the shell's `case`, whose subject is the command and the word before the cursor.
fn push_value(text: &mut String, command: &str, option: &OptionSpec) {
    let reply = match option.takes {
        Takes::Nothing => return,
        Takes::Text(_) => String::new(),
        Takes::Folder => r#"COMPREPLY=($(compgen -d -- "$cur")); "#.to_owned(),
        Takes::File => r#"COMPREPLY=($(compgen -f -- "$cur")); "#.to_owned(),
        Takes::OneOf(_, words) => {
            let words = words.join(" ");
            format!(r#"COMPREPLY=($(compgen -W "{words}" -- "$cur")); "#)
        }
    };
    let patterns = flags(option).into_iter();
    let patterns: Vec<String> = patterns.map(|flag| format!("{command}' {flag}'")).collect();
    let _ = writeln!(text, "        {}) {reply}return ;;", patterns.join("|"));
}

/// The words and options of each command, as branches of a `case`.
fn cases(commands: &[&CommandSpec]) -> String {
    commands.iter().fold(String::new(), |mut text, spec| {
        let words = spec.first_word.proposals(commands);
        let words = words.into_iter().map(str::to_owned);
        let words: Vec<String> = words.chain(options_of(spec).flat_map(flags)).collect();
        let _ = writeln!(
            text,
            r#"        {}) words="{}" ;;"#,
            spec.name,
            words.join(" ")
        );
        text
    })
}
