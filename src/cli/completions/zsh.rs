//! Completion for zsh, through its own `_arguments`.

use std::fmt::Write as _;

use super::{
    super::{
        row::{Opt, Row, Takes},
        table::{EVERYWHERE, ROWS},
    },
    flags,
};

pub(super) fn script() -> String {
    let names: String = ROWS.iter().fold(String::new(), |mut text, row| {
        let _ = writeln!(text, "    '{}:{}'", row.name, quoted(row.summary));
        text
    });
    let cases: String = ROWS.iter().fold(String::new(), |mut text, row| {
        let _ = writeln!(text, "        {}) _arguments{} ;;", row.name, own(row));
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
        everywhere = specifications(EVERYWHERE),
    )
}

fn own(row: &Row) -> String {
    let words = (row.first_word)();
    let words = if words.is_empty() {
        String::new()
    } else {
        format!(" '1:argument:({})'", words.join(" "))
    };
    specifications(row.options) + &specifications(EVERYWHERE) + &words
}

/// `'--name[summary]:LABEL:completer'` for every way to write every option.
fn specifications(options: &[Opt]) -> String {
    options.iter().fold(String::new(), |mut text, option| {
        let value = match option.takes {
            Takes::Nothing => String::new(),
            Takes::Text(label) => format!(":{label}:"),
            Takes::Folder => ":DIR:_files -/".to_owned(),
            Takes::File => ":FILE:_files".to_owned(),
            Takes::OneOf(label, words) => format!(":{label}:({})", words.join(" ")),
        };
        for flag in flags(option) {
            let _ = write!(text, " '{flag}[{}]{value}'", quoted(option.summary));
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
