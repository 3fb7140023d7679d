//! `export`: stored messages for other programs and for people to read, one page of them in memory at a time.
//!
//! - `pages`: the messages, oldest first. `sink`: where they go.
//! - `csv` and `html`: how they are written; one in JSON is as the gateway tells it.

mod csv;
mod html;
mod pages;
mod sink;
mod site;

use std::path::PathBuf;

use serde_json::{Value, json};

use self::{pages::Pages, sink::Sink};
use crate::{
    calendar::parse_past,
    cli::{
        command::Command,
        commands::messages::{destination::Destination, recipient},
        connection::{Connection, connect, names},
        context::Context,
        output::units,
        parser::{CHANNEL, CommandSpec, ParsedArgs, Takes, option, switch},
        runtime::block_on,
    },
    client::Client,
    clock,
    error::{Error, Result},
    language::Language,
};

pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "export",
    summary: "Write messages out as JSON lines, a table or pages",
    usage: &[
        "[--format jsonl|csv] [-o FILE] [--since TIME]",
        "--format html -o FOLDER [--since TIME] [-c CHANNEL]",
    ],
    details: "Oldest first. html makes a page of each conversation, with the files beside,\n\
              in a folder that is new or empty. csv opens in a spreadsheet: what one would\n\
              take for a formula has an apostrophe before it.",
    options: &[
        option(
            "format",
            Takes::OneOf("FORMAT", &["jsonl", "csv", "html"]),
            "How to write them (default jsonl)",
        ),
        option(
            "separator",
            Takes::Text("SIGN"),
            "csv: \";\", \",\" or tab (default by the language)",
        ),
        option("output", Takes::Text("FILE"), "Where to; a folder for html").short('o'),
        switch("force", "Replace a file of that name"),
        option(
            "since",
            Takes::Text("TIME"),
            "Only those stored since: 30d, or 2026-01-31",
        ),
        CHANNEL,
        option(
            "peer",
            Takes::Text("PEER"),
            "Only with this peer; needs --channel",
        )
        .short('p'),
    ],
    examples: &[
        (
            "cleudocodebot export > messages.jsonl",
            "all of them, for programs",
        ),
        (
            "cleudocodebot export --format csv --since 30d -o month.csv",
            "a month, for a spreadsheet",
        ),
        (
            "cleudocodebot export --format html -o pages -c whatsapp",
            "one channel, to be read",
        ),
    ],
    parse,
};

/// How messages are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExportFormat {
    /// One object a line, as the gateway tells it.
    Lines,
    /// A table for spreadsheets.
    Table,
    /// Pages to be read.
    Pages,
}

/// Writes messages out.
#[derive(Debug, PartialEq)]
pub(crate) struct ExportCommand {
    /// How.
    pub format: ExportFormat,
    /// What stands between the cells of a table, unless what spreadsheets in the language of the user expect.
    pub separator: Option<char>,
    /// Where to, unless to standard output.
    pub output: Option<PathBuf>,
    /// Whether a file that is there is replaced.
    pub force: bool,
    /// Only those stored since, as written.
    pub since: Option<String>,
    /// Only those of this channel, or conversation: fields of the action `history`.
    pub within: Value,
}

fn parse(args: &mut ParsedArgs) -> Result<Box<dyn Command>> {
    let format = match args.text("format").as_deref() {
        None | Some("jsonl") => ExportFormat::Lines,
        Some("csv") => ExportFormat::Table,
        Some("html") => ExportFormat::Pages,
        Some(other) => {
            let text = format!("{other:?} is not one of jsonl, csv, html");
            return Err(Error::Usage(text));
        }
    };
    let separator = separator(args)?;
    if separator.is_some() && format != ExportFormat::Table {
        let text = "--separator is for --format csv";
        return Err(Error::Usage(text.to_owned()));
    }
    let mut within = json!({});
    for name in ["channel", "peer"] {
        if let Some(value) = args.text(name) {
            within[name] = json!(value);
        }
    }
    if within.get("peer").is_some() && within.get("channel").is_none() {
        return Err(Error::Usage("--peer needs --channel".to_owned()));
    }
    let output = args.text("output").map(PathBuf::from);
    if format == ExportFormat::Pages && output.is_none() {
        return Err(Error::Usage(
            "say in which folder: export --format html -o FOLDER".to_owned(),
        ));
    }
    let force = args.flag("force");
    if format == ExportFormat::Pages && force {
        let text = "--force is for a file; pages go into a folder that is new or empty";
        return Err(Error::Usage(text.to_owned()));
    }
    Ok(Box::new(ExportCommand {
        format,
        separator,
        output,
        force,
        since: args.text("since"),
        within,
    }))
}

fn separator(args: &mut ParsedArgs) -> Result<Option<char>> {
    let Some(named) = args.text("separator") else {
        return Ok(None);
    };
    let found = csv::SEPARATORS
        .iter()
        .find(|(name, sign)| *name == named || sign.to_string() == named);
    let wrong = || {
        Error::Usage(format!(
            "--separator is {named:?}; expected \";\", \",\" or tab"
        ))
    };
    found.map(|(_, sign)| Some(*sign)).ok_or_else(wrong)
}

impl Command for ExportCommand {
    fn run(&self, context: &mut Context<'_>) -> Result<()> {
        block_on(self.write(context))
    }
}

impl ExportCommand {
    async fn write(&self, context: &mut Context<'_>) -> Result<()> {
        let since_ms = self.since_ms(context)?;
        let file = self.output.as_deref();
        if let Some(path) = file.filter(|_| self.format != ExportFormat::Pages && !self.force) {
            Destination::expect_free(path)?;
        }
        let mut connection = connect(context).await?;
        let mut within = self.within.clone();
        recipient::resolve(&mut connection.client, &mut within, "peer", context).await?;
        let count = if let (ExportFormat::Pages, Some(folder)) = (self.format, &self.output) {
            if within.get("peer").is_some() {
                within["peer"] = stored_peer(&mut connection.client, &within).await?;
            }
            site::write(&mut connection, folder, &within, since_ms, context).await?
        } else {
            self.write_rows(&mut connection, within.clone(), since_ms, context)
                .await?
        };
        context
            .terminal
            .note(units::counted(&json!(count), units::Noun::Message));
        if count == 0 && within.get("peer").is_some() {
            let note =
                "no messages found; channels, names and numbers: cleudocodebot conversations";
            context.terminal.note(note);
        }
        Ok(())
    }

    /// Writes a line or a row for each message; how many there were.
    async fn write_rows(
        &self,
        connection: &mut Connection,
        within: Value,
        since_ms: u64,
        context: &mut Context<'_>,
    ) -> Result<u64> {
        let mut sink = Sink::open(self.output.as_deref(), context)?;
        let mut pages = Pages::begin(&mut connection.client, within, since_ms).await?;
        let names = names(&mut connection.client, self.within["channel"].as_str()).await;
        let separator = self.separator.unwrap_or_else(|| usual_separator(context));
        let is_table = self.format == ExportFormat::Table;
        if is_table {
            sink.text(&csv::heading(separator), context)?;
        }
        let mut count = 0;
        while let Some(page) = pages.next(&mut connection.client).await? {
            for message in &page {
                if is_table {
                    let row = csv::row(message, &names, &context.terminal.times, separator);
                    sink.text(&row, context)?;
                } else {
                    sink.json(message, context)?;
                }
            }
            count += page.len() as u64;
        }
        sink.finish()?;
        Ok(count)
    }

    fn since_ms(&self, context: &Context<'_>) -> Result<u64> {
        let Some(since) = &self.since else {
            return Ok(0);
        };
        let zone = context.client_config()?.zone;
        parse_past(since, &zone, clock::now_ms())
            .map_err(|expected| Error::Usage(format!("--since is {since:?}; expected {expected}")))
    }
}

/// The peer as its messages and the list of conversations have it, however its number was written: `history` knows it,
/// the pages look for it in the list.
async fn stored_peer(client: &mut Client, within: &Value) -> Result<Value> {
    let mut payload = within.clone();
    payload["limit"] = json!(1);
    let mut answer = client.call("history", &payload).await?;
    let peer = answer["peer"].take();
    Ok(if peer.is_string() {
        peer
    } else {
        within["peer"].clone()
    })
}

/// What the spreadsheets of the user expect: in Brazil and Portugal a comma is part of a number.
fn usual_separator(context: &Context<'_>) -> char {
    match context.terminal.translator().language() {
        Language::BrazilianPortuguese => ';',
        Language::English => ',',
    }
}
