//! Completion for fish: one `complete` line for each command, option and word.

use std::fmt::Write as _;

use crate::{
    cli::parser::{COMMON_OPTIONS, CommandSpec, OptionSpec, Takes},
    language::Translator,
};

pub(super) fn script(commands: &[&CommandSpec], translator: Translator) -> String {
    let mut text = "complete -c cleudocodebot -f\n".to_owned();
    for option in COMMON_OPTIONS {
        push_option(&mut text, "", option, translator);
    }
    for spec in commands {
        let _ = writeln!(
            text,
            "complete -c cleudocodebot -n __fish_use_subcommand -a {} -d '{}'",
            spec.name,
            quoted(&translator.word(spec.summary))
        );
        let condition = format!(" -n '__fish_seen_subcommand_from {}'", spec.name);
        for option in spec.options {
            push_option(&mut text, &condition, option, translator);
        }
        let words = spec.first_word.proposals(commands);
        if !words.is_empty() {
            let words = words.join(" ");
            let _ = writeln!(text, "complete -c cleudocodebot{condition} -a '{words}'");
        }
    }
    text
}

fn push_option(text: &mut String, condition: &str, option: &OptionSpec, translator: Translator) {
    let _ = write!(
        text,
        "complete -c cleudocodebot{condition} -l {}",
        option.name
    );
    if let Some(alias) = option.alias {
        let _ = write!(text, " -l {alias}");
    }
    if let Some(letter) = option.short {
        let _ = write!(text, " -s {letter}");
    }
    match option.takes {
        Takes::Nothing => {}
        Takes::Text(_) => text.push_str(" -x"),
        Takes::Folder => text.push_str(" -x -a '(__fish_complete_directories)'"),
        Takes::File => text.push_str(" -r -F"),
        Takes::OneOf(_, words) => {
            let _ = write!(text, " -x -a '{}'", words.join(" "));
        }
    }
    let summary = quoted(&translator.word(option.summary));
    let _ = writeln!(text, " -d '{summary}'");
}

fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\'', "\\'")
}
