//! `man`: manual pages, made from the table of commands. `roff` is the language they are written in.

mod roff;

use std::path::PathBuf;

use self::roff::Page;
use super::{
    help::{ABOUT, EXAMPLES, EXIT_CODES, USAGE, label, worded},
    version::version,
};
use crate::{
    cli::{
        command::Command,
        context::Context,
        output::printable,
        parser::{COMMON_OPTIONS, CommandSpec, CommandTable, OptionSpec, ParsedArgs},
    },
    error::{Error, Result},
    language::Translator,
};

pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "man",
    summary: "Write the manual pages, or print the first",
    usage: &["[DIR]"],
    details: "Into DIR, which has to be there, come cleudocodebot.1 and one page for each\n\
              command; without DIR the first is printed.",
    options: &[],
    examples: &[
        (
            "cleudocodebot man ~/.local/share/man/man1",
            "then: man cleudocodebot-send",
        ),
        ("cleudocodebot man | man -l -", "read the first now"),
    ],
    parse,
};

/// Writes the manual pages.
#[derive(Debug)]
pub(crate) struct ManCommand {
    /// Every command.
    pub commands: CommandTable,
    /// Where to; printed without.
    pub folder: Option<PathBuf>,
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "the table calls every parser the same way"
)]
fn parse(args: &mut ParsedArgs) -> Result<Box<dyn Command>> {
    Ok(Box::new(ManCommand {
        commands: args.commands(),
        folder: args.word().map(PathBuf::from),
    }))
}

impl Command for ManCommand {
    fn run(&self, context: &mut Context<'_>) -> Result<()> {
        let translator = context.terminal.translator();
        let Some(folder) = &self.folder else {
            return context.terminal.drawing(&of_all(self.commands, translator));
        };
        let mut pages = vec![(
            "cleudocodebot".to_owned(),
            of_all(self.commands, translator),
        )];
        let listed = self.commands.iter().filter(|spec| !spec.is_hidden());
        pages.extend(listed.map(|spec| (page_name(spec), of_command(spec, translator))));
        for (name, page) in &pages {
            let path = folder.join(format!("{name}.1"));
            std::fs::write(&path, page).map_err(Error::file("write", path))?;
        }
        let (count, shown) = (pages.len(), printable(&folder.display().to_string()));
        context
            .terminal
            .line(format!("{count} pages are in {shown}"))?;
        context
            .terminal
            .hint("read one, where man looks there: man cleudocodebot");
        Ok(())
    }
}

fn page_name(spec: &CommandSpec) -> String {
    format!("cleudocodebot-{}", spec.name)
}

fn of_all(commands: &[&CommandSpec], translator: Translator) -> String {
    let mut page = Page::new("cleudocodebot", ABOUT, &version(), translator);
    page.section("SYNOPSIS");
    page.command("cleudocodebot", &worded(USAGE, translator));
    page.section("DESCRIPTION");
    page.text(
        "Many clients and many services on one bus: messages of WhatsApp, Telegram and others \
               come in to one daemon on this machine, and go out by it.",
    );
    page.section("COMMANDS");
    for spec in commands.iter().filter(|spec| !spec.is_hidden()) {
        page.item(spec.name, spec.summary);
    }
    options(&mut page, COMMON_OPTIONS);
    page.section("EXIT STATUS");
    for line in EXIT_CODES.lines().skip(1) {
        if let Some((code, what)) = line.trim().split_once(' ') {
            page.item(code, what.trim());
        }
    }
    page.section("ENVIRONMENT");
    page.item(
        "CLEUDOCODEBOT_*",
        "Every setting of .env may come from the environment.",
    );
    page.item("TZ", "The time zone of the times that are shown.");
    page.item("COLUMNS", "How wide the terminal is.");
    page.item("NO_COLOR", "Set to anything, no colours are printed.");
    page.section("FILES");
    page.item("~/.cleudocodebot/.env", "The settings.");
    examples(&mut page, EXAMPLES);
    page.section("SEE ALSO");
    let listed = commands.iter().filter(|spec| !spec.is_hidden());
    let pages: Vec<String> = listed
        .map(|spec| format!("{}(1)", page_name(spec)))
        .collect();
    page.text(&pages.join(", "));
    page.finish()
}

fn of_command(spec: &CommandSpec, translator: Translator) -> String {
    let mut page = Page::new(&page_name(spec), spec.summary, &version(), translator);
    page.section("SYNOPSIS");
    for usage in spec.usage {
        page.command(
            &format!("cleudocodebot {}", spec.name),
            &worded(usage, translator),
        );
    }
    page.section("DESCRIPTION");
    page.text(spec.details);
    options(&mut page, spec.options);
    examples(&mut page, spec.examples);
    page.section("SEE ALSO");
    page.text("cleudocodebot(1), for the options of every command and for exit codes");
    page.finish()
}

fn options(page: &mut Page, options: &[OptionSpec]) {
    if options.is_empty() {
        return;
    }
    page.section("OPTIONS");
    for option in options {
        page.item(label(option).trim(), option.summary);
    }
}

fn examples(page: &mut Page, examples: &[(&str, &str)]) {
    page.section("EXAMPLES");
    for (line, what) in examples {
        page.example(line, what);
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::Write as _,
        process::{Command as Process, Stdio},
    };

    use super::*;
    use crate::cli::commands::COMMANDS;

    fn pages() -> Vec<String> {
        let listed = COMMANDS.iter().filter(|spec| !spec.is_hidden());
        let pages = listed.map(|spec| of_command(spec, Translator::default()));
        pages
            .chain([of_all(COMMANDS, Translator::default())])
            .collect()
    }

    #[test]
    fn the_first_page_names_every_command_and_the_others_their_options() {
        let all = of_all(COMMANDS, Translator::default());
        for spec in COMMANDS.iter().filter(|spec| !spec.is_hidden()) {
            assert!(
                all.contains(&format!("cleudocodebot\\-{}(1)", spec.name)),
                "{}",
                spec.name
            );
            let page = of_command(spec, Translator::default());
            for option in spec.options {
                let flag = format!("\\-\\-{}", option.name.replace('-', "\\-"));
                assert!(page.contains(&flag), "{}: {flag}", spec.name);
            }
        }
    }

    /// What a reader of pages says of one, where it is installed.
    fn complaints(program: &str, arguments: &[&str], page: &str) -> Option<String> {
        let run = Process::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let Ok(mut run) = run else {
            eprintln!("skipped: no {program} here");
            return None;
        };
        let mut input = run.stdin.take().expect("a pipe");
        let page = page.to_owned();
        // Beside the reading of its output, which may fill up meanwhile.
        let fed = std::thread::spawn(move || input.write_all(page.as_bytes()));
        let output = run.wait_with_output().expect("ended");
        fed.join().expect("no panic").expect("written");
        let out = if program == "mandoc" {
            output.stdout
        } else {
            Vec::new()
        };
        let told = [out, output.stderr].concat();
        Some(String::from_utf8_lossy(&told).into_owned())
    }

    #[test]
    fn no_reader_of_pages_complains() {
        for page in pages() {
            for (program, arguments) in [
                ("groff", &["-ww", "-man", "-Tutf8"][..]),
                ("mandoc", &["-Tlint", "-Wwarning"]),
            ] {
                let told = complaints(program, arguments, &page).unwrap_or_default();
                let mut told = told.lines().filter(|line| !line.contains("missing date"));
                let told = told.next().unwrap_or_default();
                assert_eq!(told, "", "{program}: {page}");
            }
        }
    }
}
