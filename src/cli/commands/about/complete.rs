//! `complete`: what may come next on a line; the completion scripts of all shells call it.
//!
//! It never fails and never says anything on standard error: whatever is wrong, nothing is proposed.

use std::{collections::HashSet, time::Duration};

use crate::{
    cli::{
        command::Command,
        common_options::CommonOptions,
        completion::{
            AT_ONCE, Candidate, CommandLine, Proposal, Wanted, ask, commands, known, options, read,
        },
        context::Context,
        output::Terminal,
        parser::{CommandSpec, CommandTable, ParsedArgs, Takes, option, switch},
        runtime::block_on,
    },
    error::Result,
    language::Translator,
    log::is_steering,
};

/// What is printed where the shell itself knows best.
const FILES: &str = ":files";
const FOLDERS: &str = ":folders";

pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "complete",
    // For programs, so that it is not listed.
    summary: "",
    usage: &["[--next] [--within MS] -- WORD..."],
    details: "Prints what the last of the words may become, one a line, a tab before what\n\
              that is; `:files` or `:folders` where it may be one of these. The scripts of\n\
              `cleudocodebot completions` call it.",
    options: &[
        switch("next", "The word is still to begin"),
        option(
            "within",
            Takes::Text("MS"),
            "How long the daemon may take to answer (default 100)",
        ),
    ],
    examples: &[("cleudocodebot complete -- integrations sto", "prints stop")],
    parse,
};

/// Prints what may come next.
#[derive(Debug)]
pub(crate) struct CompleteCommand {
    /// Every command.
    pub commands: CommandTable,
    /// The words of the line; the last is under the cursor.
    pub words: Vec<String>,
    /// How long the daemon may take.
    pub limit: Duration,
}

/// The longest wait for the daemon, in milliseconds.
const MAX_WAIT: u64 = 60_000;

fn parse(args: &mut ParsedArgs) -> Result<Box<dyn Command>> {
    let mut words: Vec<String> = std::iter::from_fn(|| args.word()).collect();
    if args.flag("next") {
        words.push(String::new());
    }
    let limit = args.number("within", &(1..=MAX_WAIT))?;
    Ok(Box::new(CompleteCommand {
        commands: args.commands(),
        words,
        limit: limit.map_or(AT_ONCE, Duration::from_millis),
    }))
}

impl Command for CompleteCommand {
    fn run(&self, context: &mut Context<'_>) -> Result<()> {
        let line = read(&self.words, self.commands);
        let translator = context.terminal.translator();
        let found = match &line.wanted {
            Wanted::File => return context.terminal.line(FILES),
            Wanted::Folder => return context.terminal.line(FOLDERS),
            Wanted::Command => translated(commands(self.commands), translator),
            Wanted::Option(spec) => translated(options(*spec), translator),
            Wanted::Words(_) => self.words(&line, context),
        };
        let text = printed(&line, found);
        context.terminal.text(&text)
    }
}

impl CompleteCommand {
    fn words(&self, line: &CommandLine, context: &Context<'_>) -> Vec<Candidate> {
        let Wanted::Words(proposals) = &line.wanted else {
            return Vec::new();
        };
        let translator = context.terminal.translator();
        let mut found = Vec::new();
        for proposal in proposals {
            found.extend(translated(known(*proposal, self.commands), translator));
            if let Proposal::Kind(kind) = proposal {
                let here = Context {
                    // What the line says of the gateway counts, else what this command was told.
                    common: if line.common == CommonOptions::default() {
                        context.common
                    } else {
                        &line.common
                    },
                    environment: context.environment,
                    terminal: Terminal::of_process(context.environment, true, false, move || {
                        translator
                    }),
                    input: None,
                };
                let asked = block_on(async { Ok(ask(*kind, line, self.limit, &here).await) });
                found.extend(asked.unwrap_or_default());
            }
        }
        found
    }
}

/// What is known of the program itself, as the user reads it. What the daemon has is nobody's to translate.
fn translated(mut found: Vec<Candidate>, translator: Translator) -> Vec<Candidate> {
    for candidate in &mut found {
        candidate.about = translator.word(&candidate.about).into_owned();
    }
    found
}

/// Each word once, with what it is. A word that a terminal would obey, or that has several lines, is none
/// that anybody completes.
fn printed(line: &CommandLine, found: Vec<Candidate>) -> String {
    let mut seen = HashSet::new();
    let mut text = String::new();
    for Candidate { word, about } in found {
        let is_plain = !word.is_empty() && !word.starts_with(':') && !word.contains(is_steering);
        if !is_plain || !word.starts_with(&line.begun) || !seen.insert(word.clone()) {
            continue;
        }
        text.push_str(&line.before);
        text.push_str(&word);
        if !about.is_empty() {
            text.push('\t');
            text.push_str(&about);
        }
        text.push('\n');
    }
    text
}
