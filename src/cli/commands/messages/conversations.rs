//! `conversations`: lists the conversations, newest first; marks one as read.

use serde_json::{Value, json};

use super::{page::page, recipient};
use crate::{
    cli::{
        command::Command,
        connection::connect,
        context::Context,
        output::{Cell, TextStyle, content, cut, printable, shown_peer, units},
        parser::{CHANNEL, CommandSpec, JSON, ParsedArgs, Takes, option},
        runtime::block_on,
    },
    clock,
    error::{Error, Result},
    language::Translator,
};

/// How much of the last message is shown, in columns.
const SHOWN: usize = 60;

pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "conversations",
    summary: "Show who there is to talk to, newest first; mark as read",
    usage: &[
        "[list] [--channel CHANNEL] [--limit N]",
        "read CHANNEL PEER [ID]",
    ],
    details: "`->` went to the peer, `<-` came from it. Reading marks a conversation up to\n\
              its newest message, or the one named; the service shows it where it can.",
    options: &[
        CHANNEL,
        option(
            "limit",
            Takes::Text("N"),
            "At most so many (default 100, up to 1000)",
        )
        .short('n'),
        option(
            "before",
            Takes::Text("ID"),
            "Only those whose newest message is older",
        ),
        JSON,
    ],
    examples: &[
        ("cleudocodebot conversations", "a table"),
        (
            "cleudocodebot conversations read telegram 42",
            "nothing of it is unread any more",
        ),
    ],
    parse,
};

/// Shows conversations or marks one as read.
#[derive(Debug, PartialEq)]
pub(crate) enum ConversationsCommand {
    /// Show them.
    List {
        /// The payload of the action.
        payload: Value,
        /// For scripts.
        json: bool,
    },
    /// Mark one as read: the payload of the action.
    Read(Value),
}

fn parse(args: &mut ParsedArgs) -> Result<Box<dyn Command>> {
    let command = match args.word().as_deref() {
        None | Some("list") => list(args)?,
        Some("read") => {
            let channel = args.required_word("CHANNEL")?;
            let peer = args.required_word("PEER")?;
            let mut payload = json!({"channel": channel, "peer": peer});
            if let Some(id) = args.word() {
                payload["message_id"] = json!(id);
            }
            ConversationsCommand::Read(payload)
        }
        Some(other) => {
            return Err(Error::Usage(format!("{other:?} is not one of list, read")));
        }
    };
    Ok(Box::new(command))
}

fn list(args: &ParsedArgs) -> Result<ConversationsCommand> {
    let payload = page(args, &["channel", "before"])?;
    Ok(ConversationsCommand::List {
        payload,
        json: args.flag("json"),
    })
}

impl Command for ConversationsCommand {
    fn run(&self, context: &mut Context<'_>) -> Result<()> {
        block_on(self.ask(context))
    }
}

impl ConversationsCommand {
    async fn ask(&self, context: &mut Context<'_>) -> Result<()> {
        let mut connection = connect(context).await?;
        match self {
            Self::Read(payload) => {
                let mut payload = payload.clone();
                recipient::resolve(&mut connection.client, &mut payload, "peer").await?;
                let done = connection.client.call("read", &payload).await?;
                let id = printable(done["message_id"].as_str().unwrap_or("?"));
                let line = format!("read up to {id}, {} unread", done["unread"]);
                context.terminal.line(line)
            }
            Self::List { payload, json } => {
                let page = connection.client.call("conversations", payload).await?;
                show(&page, *json, context)
            }
        }
    }
}

fn show(page: &Value, as_json: bool, context: &mut Context<'_>) -> Result<()> {
    let all = page["conversations"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    if as_json {
        return all.iter().try_for_each(|one| context.terminal.json(one));
    }
    if all.is_empty() {
        context.terminal.note("there is no conversation yet");
    }
    let now_ms = clock::now_ms();
    let translator = context.terminal.translator();
    let rows: Vec<_> = all.iter().map(|one| row(one, now_ms, translator)).collect();
    context.terminal.columns(&rows)?;
    if page["partial"] == true {
        let text = "there are more than were looked at, perhaps newer ones; name a channel";
        context.terminal.note(text);
    }
    if let Some(next) = page["next"].as_str() {
        let more = format!("more: --before {}", printable(next));
        context.terminal.note(more);
    }
    Ok(())
}

/// Name, channel, peer, number of unread messages, age of the newest message and its beginning.
fn row(one: &Value, now_ms: u64, translator: Translator) -> Vec<Cell> {
    let text = |name: &str| printable(one[name].as_str().unwrap_or_default());
    let unread = one["unread"].as_u64().unwrap_or(0);
    let unread = match unread {
        0 => Cell::word(TextStyle::Dim, "read"),
        count => Cell::word(TextStyle::Strong, format!("{count} unread")),
    };
    let last = &one["last"];
    let since = last["created_ms"].as_u64().unwrap_or(now_ms);
    let arrow = if last["direction"] == "in" {
        "<-"
    } else {
        "->"
    };
    vec![
        text("name").into(),
        text("channel").into(),
        shown_peer(&text("channel"), &text("peer")).into(),
        unread,
        Cell::styled(TextStyle::Dim, units::since(since, now_ms)),
        format!("{arrow} {}", cut(&content(last, translator), SHOWN)).into(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::columns;

    #[test]
    fn a_conversation_is_one_line_whatever_it_says() {
        let one = json!({"channel": "telegram", "peer": "42", "name": "Ana\u{1b}", "unread": 2,
            "last": {"direction": "in", "text": "a\nb".repeat(40), "created_ms": 1000}});
        let rows = [row(&one, 6000, Translator::default())];
        let shown = columns(&rows, None, |_, text| text.to_owned());
        assert_eq!(shown.lines().count(), 1);
        assert!(
            shown.starts_with("Ana\\u{1b}  telegram  42  2 unread  5s  <- a\\nb"),
            "{shown}"
        );
        assert!(shown.ends_with("…\n"), "{shown}");
    }

    #[test]
    fn numbers_and_names_stand_in_columns() {
        let one = |channel: &str, peer: &str| {
            let last = json!({"direction": "in", "text": "[poll] Pizza? 1) yes", "created_ms": 1000,
                "kind": "poll", "edits": [{"text": "x", "until_ms": 1}]});
            row(
                &json!({"channel": channel, "peer": peer, "name": "Ana", "last": last}),
                6000,
                Translator::default(),
            )
        };
        let rows = [one("whatsapp", "5511987654321"), one("telegram", "42")];
        assert_eq!(
            columns(&rows, None, |_, text| text.to_owned()),
            "Ana  whatsapp  +55 (11) 98765-4321  read  5s  <- [poll] Pizza? 1) yes (edited)\n\
             Ana  telegram  42                   read  5s  <- [poll] Pizza? 1) yes (edited)\n"
        );
    }
}
