//! `help`, `--help` and `--version`: text made from the table of commands.

use std::fmt::Write as _;

use super::{
    args::unknown_command,
    command::Command,
    context::Context,
    layout::{Cell, columns},
    spec::{CommandSpec, Opt, ParsedArgs},
    table::{self, EVERYWHERE, SPECS},
};
use crate::error::{Error, Result};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "help",
    summary: "Print help for all commands or one",
    usage: &["[COMMAND]"],
    details: "The same as --help behind a command.",
    options: &[],
    examples: &[("cleudocodebot help send", "all about send")],
    first_word: table::names,
    read,
};

const ABOUT: &str = "a personal messaging gateway";

const EXAMPLES: &[(&str, &str)] = &[
    (
        "cleudocodebot daemon",
        "run the gateway here; Ctrl-C ends it",
    ),
    ("cleudocodebot status", "see how it is"),
    ("cleudocodebot dashboard", "open its page"),
    ("cleudocodebot chat", "talk to it"),
    ("cleudocodebot doctor", "find out what is wrong"),
];

const EXIT_CODES: &str = "\
Exit codes:
  0   done
  1   it failed, or no daemon runs
  2   the command line is wrong
  75  the daemon asks to be started again
  78  a setting has to be mended first
";

fn read(args: &mut ParsedArgs) -> Result<Command> {
    let Some(word) = args.word() else {
        return Ok(Command::Help(None));
    };
    let spec = table::find(&word).ok_or_else(|| unknown_command(&word))?;
    Ok(Command::Help(Some(spec.name)))
}

pub(super) fn run(name: Option<&str>, context: &mut Context<'_>) -> Result<()> {
    let text = match name.and_then(table::find) {
        Some(spec) => of_command(spec),
        None => of_all(),
    };
    context.terminal.text(&text)
}

/// Without a command the help is an answer to a mistake, so it goes where mistakes are told.
pub(super) fn run_nothing(context: &mut Context<'_>) -> Result<()> {
    context.terminal.note(of_all());
    Err(Error::Usage(
        "name a command, as in: cleudocodebot status".to_owned(),
    ))
}

pub(super) fn run_version(context: &mut Context<'_>) -> Result<()> {
    context.terminal.line(version())
}

fn version() -> String {
    format!("cleudocodebot {}", env!("CARGO_PKG_VERSION"))
}

fn of_all() -> String {
    let specs = SPECS.iter().map(|spec| [spec.name, spec.summary]);
    let commands = listed(specs.map(|cells| cells.map(str::to_owned)));
    format!(
        "{}: {ABOUT}\n\nUsage: cleudocodebot [OPTIONS] COMMAND [ARGUMENTS]\n\n\
         Commands:\n{commands}\nOptions of every command:\n{}\n{}\n{EXIT_CODES}\n\
         More on a command: cleudocodebot COMMAND --help\n",
        version(),
        options(EVERYWHERE),
        examples(EXAMPLES),
    )
}

fn of_command(spec: &CommandSpec) -> String {
    let mut text = format!("{}\n\n", spec.summary);
    for (index, usage) in spec.usage.iter().enumerate() {
        let label = if index == 0 { "Usage:" } else { "      " };
        let line = format!("{label} cleudocodebot {} {usage}", spec.name);
        let _ = writeln!(text, "{}", line.trim_end());
    }
    let _ = write!(text, "\n{}\n\n", spec.details);
    if !spec.options.is_empty() {
        let _ = writeln!(text, "Options:\n{}", options(spec.options));
    }
    let _ = writeln!(text, "{}", examples(spec.examples));
    text.push_str("Options of every command, and exit codes: cleudocodebot --help\n");
    text
}

fn options(options: &[Opt]) -> String {
    listed(
        options
            .iter()
            .map(|option| [label(option), option.summary.to_owned()]),
    )
}

/// `-c, --count N`, with room for the letter where there is none.
fn label(option: &Opt) -> String {
    let letter = option
        .short
        .map_or("    ".to_owned(), |letter| format!("-{letter}, "));
    let value = option.takes.label().map(|value| format!(" {value}"));
    format!("{letter}--{}{}", option.name, value.unwrap_or_default())
}

fn listed(specs: impl Iterator<Item = [String; 2]>) -> String {
    let specs: Vec<Vec<Cell>> = specs
        .map(|[name, summary]| vec![format!("  {name}").into(), summary.into()])
        .collect();
    columns(&specs, |_, text| text.to_owned())
}

/// Each with its reason as a comment above, so that both can be pasted into a shell.
fn examples(examples: &[(&str, &str)]) -> String {
    let mut text = "Examples:\n".to_owned();
    for (line, what) in examples {
        let _ = writeln!(text, "  # {what}\n  {line}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_fits_on_eighty_columns_and_has_no_trailing_blanks() {
        let texts = SPECS.iter().map(|spec| of_command(spec)).chain([of_all()]);
        for text in texts {
            for line in text.lines() {
                assert!(line.chars().count() <= 80, "{line}");
                assert_eq!(line.trim_end(), line);
            }
        }
    }

    #[test]
    fn every_command_and_every_option_is_explained() {
        let all = of_all();
        for spec in SPECS {
            assert!(
                all.contains(&format!("\n  {} ", spec.name)),
                "{}",
                spec.name
            );
            let text = of_command(spec);
            for option in spec.options {
                assert!(
                    text.contains(&format!("--{}", option.name)),
                    "{}",
                    option.name
                );
            }
            assert!(
                !spec.examples.is_empty() && !spec.usage.is_empty(),
                "{}",
                spec.name
            );
        }
        assert!(all.contains("\n  78 "));
    }

    #[test]
    fn the_help_of_a_command_reads_well() {
        assert_eq!(
            of_command(table::find("ping").expect("there")),
            "\
Measure round trips to the gateway

Usage: cleudocodebot ping [--count N] [--interval SECONDS]

Ctrl-C ends it early. Exit code 1 where a reply was lost.

Options:
  -c, --count N           How many; 0 for ever (default 4)
  -i, --interval SECONDS  Pause between two (default 1)
      --json              Print JSON, one value a line, for scripts

Examples:
  # four, a second apart
  cleudocodebot ping
  # as fast as they come back
  cleudocodebot ping -c 1000 -i 0

Options of every command, and exit codes: cleudocodebot --help
"
        );
    }
}
