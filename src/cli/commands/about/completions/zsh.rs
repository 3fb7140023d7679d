//! Completion for zsh, through its own `_arguments`.

use std::fmt::Write as _;

use super::flags::flags;
use crate::{
    cli::parser::{COMMON_OPTIONS, CommandSpec, OptionSpec, Takes},
    language::Translator,
};

pub(super) fn script(commands: &[&CommandSpec], translator: Translator) -> String {
    let names: String = commands.iter().fold(String::new(), |mut text, spec| {
        let summary = quoted(&translator.word(spec.summary));
        let _ = writeln!(text, "    '{}:{summary}'", spec.name);
        text
    });
    let cases: String = commands.iter().fold(String::new(), |mut text, spec| {
        let _ = writeln!(
            text,
            "        {}) _arguments{} ;;",
            spec.name,
            arguments(spec, commands, translator)
        );
        text
    });
    format!(
        r#"#compdef cleudocodebot
_cleudocodebot() {{
  local context state line
  local -a commands
  typeset -A opt_args
  commands=(
{names}  )
  _arguments -C{everywhere} '1:command:->command' '*::argument:->argument'
  case $state in
    command) _describe command commands ;;
    argument)
      case $words[1] in
{cases}      esac ;;
  esac
}}
if [ "$funcstack[1]" = _cleudocodebot ]; then
  _cleudocodebot "$@"
else
  compdef _cleudocodebot cleudocodebot
fi
"#,
        everywhere = specifications(COMMON_OPTIONS, translator),
    )
}

/// What follows the name of a command, for `_arguments`.
fn arguments(spec: &CommandSpec, commands: &[&CommandSpec], translator: Translator) -> String {
    let words = spec.first_word.proposals(commands);
    let words = if words.is_empty() {
        String::new()
    } else {
        format!(" '1:argument:({})'", words.join(" "))
    };
    let own = specifications(spec.options, translator);
    own + &specifications(COMMON_OPTIONS, translator) + &words
}

/// `'--name[summary]:LABEL:completer'` for every way to write every option.
fn specifications(options: &[OptionSpec], translator: Translator) -> String {
    options.iter().fold(String::new(), |mut text, option| {
        let value = match option.takes {
            Takes::Nothing => String::new(),
            Takes::Text(label) => format!(":{label}:"),
            Takes::Folder => ":DIR:_files -/".to_owned(),
            Takes::File => ":FILE:_files".to_owned(),
            Takes::OneOf(label, words) => format!(":{label}:({})", words.join(" ")),
        };
        for flag in flags(option) {
            let summary = quoted(&translator.word(option.summary));
            let _ = write!(text, " '{flag}[{summary}]{value}'");
        }
        text
    })
}

/// Safe between single quotes and in a specification, where brackets and colons mean something.
fn quoted(text: &str) -> String {
    let text = text.replace('\'', "'\\''");
    text.replace('[', "\\[")
        .replace(']', "\\]")
        .replace(':', "\\:")
}
