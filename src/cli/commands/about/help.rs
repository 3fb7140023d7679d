//! `help` and `--help`: text made from the table of commands.

use std::fmt::Write as _;

use super::version::version;
use crate::{
    cli::{
        command::Command,
        context::Context,
        output::{Cell, columns},
        parser::{
            COMMON_OPTIONS, CommandSpec, CommandTable, OptionSpec, ParsedArgs, unknown_command,
        },
    },
    error::{Error, Result},
    language::Translator,
};

pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "help",
    summary: "Print help for all commands or one",
    usage: &["[COMMAND]"],
    details: "The same as --help behind a command.",
    options: &[],
    examples: &[("cleudocodebot help send", "all about send")],
    parse,
};

pub(super) const ABOUT: &str = "a personal messaging gateway";

/// How any command is called.
pub(super) const USAGE: &str = "[OPTIONS] COMMAND [ARGUMENTS]";

pub(super) const EXAMPLES: &[(&str, &str)] = &[
    (
        "cleudocodebot daemon",
        "run the gateway here; Ctrl-C ends it",
    ),
    ("cleudocodebot status", "see how it is"),
    ("cleudocodebot dashboard", "open its page"),
    ("cleudocodebot chat", "talk to it"),
    ("cleudocodebot doctor", "find out what is wrong"),
];

pub(super) const EXIT_CODES: &str = "\
Exit codes:
  0   done
  1   it failed, or no daemon runs
  2   the command line is wrong
  75  the daemon asks to be started again
  78  a setting has to be mended first
";

/// Prints the help on one command or all.
#[derive(Debug)]
pub(crate) struct HelpCommand {
    /// Every command.
    pub commands: CommandTable,
    /// The one to explain; all if `None`.
    pub about: Option<&'static CommandSpec>,
}

/// What a command line without a command becomes.
#[derive(Debug)]
pub(crate) struct MissingCommand {
    /// Every command.
    pub commands: CommandTable,
}

fn parse(args: &mut ParsedArgs) -> Result<Box<dyn Command>> {
    let commands = args.commands();
    let about = match args.word() {
        None => None,
        Some(word) => {
            let named = commands.iter().copied().find(|spec| spec.name == word);
            Some(named.ok_or_else(|| unknown_command(&word, commands))?)
        }
    };
    Ok(Box::new(HelpCommand { commands, about }))
}

impl Command for HelpCommand {
    fn run(&self, context: &mut Context<'_>) -> Result<()> {
        let (translator, width) = (context.terminal.translator(), context.terminal.width());
        let text = match self.about {
            Some(spec) => of_command(spec, translator, width),
            None => of_all(self.commands, translator, width),
        };
        context.terminal.text(&text)
    }
}

impl Command for MissingCommand {
    /// Here the help answers a mistake, so it goes to standard error.
    fn run(&self, context: &mut Context<'_>) -> Result<()> {
        let (translator, width) = (context.terminal.translator(), context.terminal.width());
        let text = of_all(self.commands, translator, width);
        context.terminal.foreign_note(&text);
        Err(Error::Usage(
            "name a command, as in: cleudocodebot status".to_owned(),
        ))
    }
}

fn of_all(commands: &[&CommandSpec], translator: Translator, width: Option<usize>) -> String {
    let word = |text| translator.word(text);
    let rows = commands.iter().filter(|spec| !spec.is_hidden());
    let rows = rows.map(|spec| [spec.name.to_owned(), word(spec.summary).into_owned()]);
    format!(
        "{}: {}\n\n{} cleudocodebot {}\n\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n",
        version(),
        word(ABOUT),
        word("Usage:"),
        worded(USAGE, translator),
        word("Commands:"),
        listed(rows, width),
        word("Options of every command:"),
        options(COMMON_OPTIONS, translator, width),
        examples(EXAMPLES, translator),
        word(EXIT_CODES),
        word("More on a command: cleudocodebot COMMAND --help"),
    )
}

fn of_command(spec: &CommandSpec, translator: Translator, width: Option<usize>) -> String {
    let word = |text| translator.word(text);
    let mut text = match spec.summary {
        "" => String::new(),
        summary => format!("{}\n\n", word(summary)),
    };
    let first = word("Usage:");
    let other = " ".repeat(first.chars().count());
    for (index, usage) in spec.usage.iter().enumerate() {
        let label = if index == 0 { &first } else { other.as_str() };
        let usage = worded(usage, translator);
        let line = format!("{label} cleudocodebot {} {usage}", spec.name);
        let _ = writeln!(text, "{}", line.trim_end());
    }
    let _ = write!(text, "\n{}\n\n", word(spec.details));
    if !spec.options.is_empty() {
        let own = options(spec.options, translator, width);
        let _ = writeln!(text, "{}\n{own}", word("Options:"));
    }
    let _ = writeln!(text, "{}", examples(spec.examples, translator));
    let more = word("Options of every command, and exit codes: cleudocodebot --help");
    let _ = writeln!(text, "{more}");
    text
}

/// How a command is called, with the names for more than one thing in the language.
pub(super) fn worded(usage: &str, translator: Translator) -> String {
    let names = ["OPTIONS", "COMMAND", "ARGUMENTS"];
    let in_language = |text: String, name: &str| text.replace(name, &translator.word(name));
    names.into_iter().fold(usage.to_owned(), in_language)
}

fn options(options: &[OptionSpec], translator: Translator, width: Option<usize>) -> String {
    let rows = options.iter().map(|option| {
        let summary = translator.word(option.summary).into_owned();
        [label(option), summary]
    });
    listed(rows, width)
}

/// `-c, --count N`, with blanks in place of a missing letter.
pub(super) fn label(option: &OptionSpec) -> String {
    let letter = option
        .short
        .map_or("    ".to_owned(), |letter| format!("-{letter}, "));
    let value = option.takes.label().map(|value| format!(" {value}"));
    format!("{letter}--{}{}", option.name, value.unwrap_or_default())
}

fn listed(rows: impl Iterator<Item = [String; 2]>, width: Option<usize>) -> String {
    let rows: Vec<Vec<Cell>> = rows
        .map(|[name, summary]| vec![format!("  {name}").into(), summary.into()])
        .collect();
    columns(&rows, width, |_, text| text.to_owned())
}

/// Each with its explanation as a comment above, so that both can be pasted into a shell.
fn examples(examples: &[(&str, &str)], translator: Translator) -> String {
    let mut text = format!("{}\n", translator.word("Examples:"));
    for (line, what) in examples {
        let (line, what) = (translator.word(line), translator.word(what));
        let _ = writeln!(text, "  # {what}\n  {line}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{cli::commands::COMMANDS, language::Language};

    #[test]
    fn help_fits_on_eighty_columns_and_has_no_trailing_blanks() {
        for (language, _) in Language::ALL {
            let translator = Translator::of(language);
            let texts = COMMANDS
                .iter()
                .map(|spec| of_command(spec, translator, None));
            let texts = texts.chain([of_all(COMMANDS, translator, None)]);
            for line in texts.collect::<String>().lines() {
                assert!(line.chars().count() <= 80, "{line}");
                assert_eq!(line.trim_end(), line);
            }
        }
    }

    #[test]
    fn every_command_and_every_option_is_explained() {
        let all = of_all(COMMANDS, Translator::default(), None);
        for spec in COMMANDS {
            assert_eq!(
                all.contains(&format!("\n  {} ", spec.name)),
                !spec.is_hidden(),
                "{}",
                spec.name
            );
            let text = of_command(spec, Translator::default(), None);
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
        let ping = COMMANDS.iter().find(|spec| spec.name == "ping");
        let ping = ping.expect("there");
        assert_eq!(
            of_command(ping, Translator::default(), None),
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
