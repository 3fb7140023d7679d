//! `media`: the files that the gateway keeps.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{destination::Destination, page::page, progress::ProgressBar};
use crate::{
    cli::{
        command::Command,
        connection::{Connection, connect},
        context::Context,
        output::{Cell, TextStyle, printable, units},
        parser::{CommandSpec, JSON, ParsedArgs, Takes, option, switch},
        runtime::block_on,
    },
    client::files::{self, Download},
    error::{Error, Result},
    media::probe,
    message::{MessageId, media},
};

/// How much of an id is in the name of a file that has none.
const ID_SHOWN: usize = 12;

pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "media",
    summary: "Get, list and tidy the files of messages",
    usage: &[
        "get ID [-o FILE] [--force]",
        "list [--limit N] [--json]",
        "fetch MESSAGE",
        "prune",
    ],
    details: "ID is a message such as m-17, or the id of a file. Without -o the file gets\n\
              the name it came with, or one by its id and type, in this folder; -o -\n\
              writes it to standard output. fetch asks the service again for what did\n\
              not come, prune removes the files that no message has and nobody touched\n\
              for ten minutes.",
    options: &[
        option(
            "output",
            Takes::Text("FILE"),
            "Where to write it, - for standard output",
        )
        .short('o'),
        switch("force", "Replace a file of that name"),
        option(
            "limit",
            Takes::Text("N"),
            "At most so many (default 50, up to 1000)",
        )
        .short('n'),
        JSON,
    ],
    examples: &[
        ("cleudocodebot media get m-17", "the file of a message"),
        (
            "cleudocodebot media get m-17 -o - | mpv -",
            "hear a voice note",
        ),
        (
            "cleudocodebot media fetch m-17",
            "one that was too large, or failed",
        ),
    ],
    parse,
};

/// Gets, lists, fetches or removes files.
#[derive(Debug, PartialEq)]
pub(crate) enum MediaCommand {
    /// Writes the file of a message, or that of an id.
    Get {
        /// The message or the file.
        id: String,
        /// Where to, unless under its own name.
        output: Option<PathBuf>,
        /// Whether a file that is there is replaced.
        force: bool,
    },
    /// Lists them.
    List {
        /// The payload of the action.
        payload: Value,
        /// For scripts.
        json: bool,
    },
    /// Has the files of a message fetched.
    Fetch {
        /// The message.
        message: String,
        /// For scripts.
        json: bool,
    },
    /// Removes those that no message has.
    Prune {
        /// For scripts.
        json: bool,
    },
}

fn parse(args: &mut ParsedArgs) -> Result<Box<dyn Command>> {
    let json = args.flag("json");
    let command = match args.word().as_deref() {
        Some("get") => MediaCommand::Get {
            id: args.required_word("ID")?,
            output: args.text("output").map(PathBuf::from),
            force: args.flag("force"),
        },
        Some("list") => MediaCommand::List {
            payload: page(args, &[])?,
            json,
        },
        Some("fetch") => MediaCommand::Fetch {
            message: args.required_word("MESSAGE")?,
            json,
        },
        Some("prune") => MediaCommand::Prune { json },
        other => {
            let given = other.unwrap_or_default();
            return Err(Error::Usage(format!(
                "{given:?} is not one of get, list, fetch, prune"
            )));
        }
    };
    Ok(Box::new(command))
}

impl Command for MediaCommand {
    fn run(&self, context: &mut Context<'_>) -> Result<()> {
        block_on(self.ask(context))
    }
}

impl MediaCommand {
    async fn ask(&self, context: &mut Context<'_>) -> Result<()> {
        if let Self::Get {
            output: Some(path),
            force: false,
            ..
        } = self
        {
            Destination::expect_free(path)?;
        }
        let mut connection = connect(context).await?;
        match self {
            Self::Get { id, output, .. } => {
                get(&mut connection, id, output.as_deref(), context).await
            }
            Self::List { payload, json } => {
                let answer = connection.client.call("media.list", payload).await?;
                list(&answer, *json, context)
            }
            Self::Fetch { message, json } => {
                let asked = json!({"message_id": message});
                let answer = connection.client.call("media.fetch", &asked).await?;
                if *json {
                    return context.terminal.json(&answer);
                }
                let line = match answer["fetching"].as_u64().unwrap_or(0) {
                    0 => "nothing to fetch: its files are here, or it has none".to_owned(),
                    _ => format!(
                        "{} is being fetched",
                        units::counted(&answer["fetching"], units::Noun::File)
                    ),
                };
                context.terminal.line(line)
            }
            Self::Prune { json } => {
                let answer = connection.client.call("media.prune", &json!({})).await?;
                if *json {
                    return context.terminal.json(&answer);
                }
                let bytes = units::bytes(answer["bytes"].as_u64().unwrap_or(0));
                let files = units::counted(&answer["removed"], units::Noun::File);
                context.terminal.line(format!("removed {files}, {bytes}"))
            }
        }
    }
}

fn list(answer: &Value, as_json: bool, context: &mut Context<'_>) -> Result<()> {
    let rows = answer["media"].as_array().cloned().unwrap_or_default();
    if as_json {
        return rows.iter().try_for_each(|row| context.terminal.json(row));
    }
    let text = |row: &Value, field: &str| printable(row[field].as_str().unwrap_or_default());
    let times = &context.terminal.times;
    let cells = |row: &Value| {
        let size = units::bytes(row["bytes"].as_u64().unwrap_or(0));
        vec![
            Cell::from(times.full(row["created_ms"].as_u64().unwrap_or(0))),
            Cell::from(name_of(
                row["name"].as_str().map(printable).as_deref(),
                &text(row, "media_id"),
                &text(row, "mime"),
            )),
            Cell::word(TextStyle::Plain, text(row, "kind")),
            Cell::word(TextStyle::Plain, size),
            Cell::word(
                TextStyle::Plain,
                units::counted(&row["references"], units::Noun::Message),
            ),
            Cell::link(text(row, "media_id")),
        ]
    };
    let rows: Vec<_> = rows.iter().map(cells).collect();
    context.terminal.columns(&rows)?;
    let number = |field: &str| units::bytes(answer[field].as_u64().unwrap_or(0));
    let files = units::counted(&answer["files"], units::Noun::File);
    let note = format!("{files}, {} of {}", number("bytes"), number("quota"));
    context.terminal.note(&note);
    Ok(())
}

/// What a file is called: as it came, or, where it has no name as a voice note, by its id, with an ending by which
/// programs open it.
fn name_of(name: Option<&str>, id: &str, mime: &str) -> String {
    let made = || {
        let short = id.get(..ID_SHOWN).unwrap_or(id);
        format!("{short}.{}", probe::ending(mime))
    };
    name.map_or_else(made, str::to_owned)
}

async fn get(
    connection: &mut Connection,
    id: &str,
    output: Option<&Path>,
    context: &mut Context<'_>,
) -> Result<()> {
    let ids = if id.parse::<MessageId>().is_ok() {
        files_of(connection, id).await?
    } else {
        vec![id.to_owned()]
    };
    if output.is_some() && ids.len() > 1 {
        let text = format!(
            "{id} has {} files; leave -o out, or name one by its id",
            ids.len()
        );
        return Err(Error::Usage(text));
    }
    for id in ids {
        let mut bar = ProgressBar::new();
        let is_watched = context.terminal.is_watched();
        let begin = |about: &Download| match output {
            None => Destination::named(&name_of(about.name.as_deref(), &id, &about.mime)),
            Some(path) => Destination::at(path, is_watched),
        };
        let progress = &mut |done, total| bar.show(done, total);
        let destination = files::download(&connection.endpoint, &id, begin, progress).await?;
        bar.end();
        if let Some(path) = destination.finish()? {
            context
                .terminal
                .line(printable(&path.display().to_string()))?;
        }
    }
    Ok(())
}

/// The kept files of a message, or why there is none.
async fn files_of(connection: &mut Connection, id: &str) -> Result<Vec<String>> {
    let asked = json!({"message_id": id});
    let answer = connection.client.call("message", &asked).await?;
    let message = answer.get("message").unwrap_or(&answer);
    let all = media::files(message.get("media"));
    let kept: Vec<String> = all
        .iter()
        .filter_map(media::media_id)
        .map(|id| id.to_string())
        .collect();
    let Some(first) = all.first() else {
        return Err(Error::Failed(format!("{id} has no file")));
    };
    if !kept.is_empty() {
        return Ok(kept);
    }
    let text = |field: &str| printable(first[field].as_str().unwrap_or_default());
    Err(Error::Failed(match text("state").as_str() {
        "fetching" => format!("the file of {id} is being fetched; try again in a moment"),
        "failed" => format!(
            "the file of {id} was not fetched: {}; to try again: cleudocodebot media fetch {id}",
            text("error")
        ),
        _ if first["url"].is_string() => format!("the file of {id} is at {}", text("url")),
        _ => format!("the file of {id} is not here; to fetch it: cleudocodebot media fetch {id}"),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_came_without_a_name_gets_one_that_programs_open() {
        let id = "0123456789abcdef".repeat(4);
        for (name, mime, expected) in [
            (Some("bill.pdf"), "application/pdf", "bill.pdf"),
            (None, "audio/ogg; codecs=opus", "0123456789ab.ogg"),
            (None, "image/jpeg", "0123456789ab.jpg"),
            (None, "", "0123456789ab.bin"),
        ] {
            assert_eq!(name_of(name, &id, mime), expected);
        }
    }
}
