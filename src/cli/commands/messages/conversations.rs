//! `conversations`: lists the conversations, newest first; marks one as read; keeps one apart.

use serde_json::{Value, json};

use super::{
    keeping::{Change, kept},
    page::page,
    recipient,
};
use crate::{
    cli::{
        command::Command,
        connection::connect,
        context::Context,
        output::{Cell, TextStyle, arrow, content, cut, printable, shown_peer, units},
        parser::{CHANNEL, CommandSpec, JSON, ParsedArgs, Takes, not_one_of, option, switch},
        runtime::block_on,
    },
    clock,
    error::{Error, Result},
    language::Translator,
};

/// How much of the last message is shown, in columns.
const SHOWN: usize = 60;

/// The sorts of conversations that the action knows, which are switches here.
const SORTS: [&str; 4] = ["pinned", "archived", "unread", "groups"];

pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "conversations",
    summary: "Show who there is to talk to, newest first; read, pin, mute",
    usage: &[
        "[list] [--channel CHANNEL] [--limit N]",
        "[list] --pinned|--archived|--unread|--groups",
        "read CHANNEL PEER [ID]",
        "pin|unpin|archive|unarchive CHANNEL PEER",
        "mute|unmute|unread CHANNEL PEER",
    ],
    details: "`->` went to the peer, `<-` came from it. Reading marks a conversation up to\n\
              its newest message, or the one named; the service shows it where it can.\n\
              A new message brings back what is archived, unless it is muted. Of what is\n\
              muted nobody is notified. All of it is kept here alone, not at the service.",
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
        switch("pinned", "Only those that are pinned"),
        switch("archived", "Only those that are archived"),
        switch("unread", "Only those with something unread"),
        switch("groups", "Only groups"),
        JSON,
    ],
    examples: &[
        ("cleudocodebot conversations", "a table"),
        (
            "cleudocodebot conversations read telegram 42",
            "nothing of it is unread any more",
        ),
        (
            "cleudocodebot conversations mute whatsapp Ana",
            "no notifications of what Ana writes",
        ),
    ],
    parse,
};

/// Shows conversations, marks one as read or keeps it apart.
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
    /// Change how one is kept: how, and the payload of the action.
    Keep(&'static Change, Value),
}

fn parse(args: &mut ParsedArgs) -> Result<Box<dyn Command>> {
    let command = match args.word().as_deref() {
        None | Some("list") => list(args)?,
        Some("read") => {
            let mut payload = conversation(args)?;
            if let Some(id) = args.word() {
                payload["message_id"] = json!(id);
            }
            ConversationsCommand::Read(payload)
        }
        Some(word) => {
            let change = Change::of(word).ok_or_else(|| {
                not_one_of(
                    word,
                    &[
                        "list",
                        "read",
                        "pin",
                        "unpin",
                        "archive",
                        "unarchive",
                        "mute",
                        "unmute",
                        "unread",
                    ],
                )
            })?;
            let mut payload = conversation(args)?;
            change.ask(&mut payload);
            ConversationsCommand::Keep(change, payload)
        }
    };
    Ok(Box::new(command))
}

fn conversation(args: &mut ParsedArgs) -> Result<Value> {
    let channel = args.required_word("CHANNEL")?;
    let peer = args.required_word("PEER")?;
    Ok(json!({"channel": channel, "peer": peer}))
}

/// The sort of conversations that is asked for by a switch.
fn sort(args: &ParsedArgs) -> Result<Option<&'static str>> {
    let given: Vec<_> = SORTS.into_iter().filter(|name| args.flag(name)).collect();
    match given[..] {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        [one, other, ..] => Err(Error::Usage(format!(
            "--{one} and --{other} cannot go together; ask for one of them"
        ))),
    }
}

fn list(args: &ParsedArgs) -> Result<ConversationsCommand> {
    let mut payload = page(args, &["channel", "before"])?;
    if let Some(sort) = sort(args)? {
        payload["only"] = json!(sort);
    }
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
                recipient::resolve(&mut connection.client, &mut payload, "peer", context).await?;
                let done = connection.client.call("read", &payload).await?;
                let id = printable(done["message_id"].as_str().unwrap_or("?"));
                let line = format!("read up to {id}, {} unread", done["unread"]);
                context.terminal.line(line)
            }
            Self::Keep(change, payload) => {
                let mut payload = payload.clone();
                recipient::resolve(&mut connection.client, &mut payload, "peer", context).await?;
                let done = connection.client.call("conversation.set", &payload).await?;
                context.terminal.line(change.said(&done))
            }
            Self::List { payload, json } => {
                let page = connection.client.call("conversations", payload).await?;
                let is_of_sort = payload.get("only").is_some();
                show(&page, is_of_sort, *json, context)
            }
        }
    }
}

/// Shows a page. Where no sort is asked for, archived ones are left out of it, as they are in the page of the
/// browser; scripts get all.
fn show(page: &Value, is_of_sort: bool, as_json: bool, context: &mut Context<'_>) -> Result<()> {
    let all = page["conversations"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    if as_json {
        return all.iter().try_for_each(|one| context.terminal.json(one));
    }
    let shown = || {
        let is_shown = |one: &&Value| is_of_sort || one["archived"] != true;
        all.iter().filter(is_shown)
    };
    if all.is_empty() && is_of_sort {
        context.terminal.note("there is no such conversation");
    } else if all.is_empty() {
        context.terminal.note("there is no conversation yet");
    }
    let now_ms = clock::now_ms();
    let translator = context.terminal.translator();
    let is_any_kept = shown().any(|one| !kept(one, translator).is_empty());
    let row = |one| row(one, now_ms, is_any_kept, translator);
    let rows: Vec<_> = shown().map(row).collect();
    context.terminal.columns(&rows)?;
    let archived = all.len() - rows.len();
    if archived > 0 {
        let text = format!("{archived} archived, not shown: --archived");
        context.terminal.note(text);
    }
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

/// Name, channel, peer, number of unread messages, how it is kept where any is, age of the newest message and its
/// beginning.
fn row(one: &Value, now_ms: u64, is_any_kept: bool, translator: Translator) -> Vec<Cell> {
    let text = |name: &str| printable(one[name].as_str().unwrap_or_default());
    let unread = one["unread"].as_u64().unwrap_or(0);
    let unread = match unread {
        0 => Cell::word(TextStyle::Dim, "read"),
        count => Cell::word(TextStyle::Strong, format!("{count} unread")),
    };
    let last = &one["last"];
    let since = last["created_ms"].as_u64().unwrap_or(now_ms);
    let arrow = arrow(last);
    let mut cells = vec![
        text("name").into(),
        text("channel").into(),
        shown_peer(&text("channel"), &text("peer")).into(),
        unread,
    ];
    if is_any_kept {
        cells.push(Cell::styled(TextStyle::Dim, kept(one, translator)));
    }
    cells.push(Cell::styled(TextStyle::Dim, units::since(since, now_ms)));
    cells.push(format!("{arrow} {}", cut(&content(last, translator), SHOWN)).into());
    cells
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::columns;

    #[test]
    fn a_conversation_is_one_line_whatever_it_says() {
        let one = json!({"channel": "telegram", "peer": "42", "name": "Ana\u{1b}", "unread": 2,
            "last": {"direction": "in", "text": "a\nb".repeat(40), "created_ms": 1000}});
        let rows = [row(&one, 6000, false, Translator::default())];
        let shown = columns(&rows, None, |_, text| text.to_owned());
        assert_eq!(shown.lines().count(), 1);
        assert!(
            shown.starts_with("Ana\\u{1b}  telegram  42  2 unread  5s  <- a\\nb"),
            "{shown}"
        );
        assert!(shown.ends_with("…\n"), "{shown}");
    }

    #[test]
    fn what_the_user_wrote_on_the_phone_is_ours() {
        let one = json!({"channel": "telegram", "peer": "42", "name": "Ana",
            "last": {"direction": "in", "text": "me", "created_ms": 1000, "meta": {"own": true}}});
        let rows = [row(&one, 6000, false, Translator::default())];
        let shown = columns(&rows, None, |_, text| text.to_owned());
        assert!(shown.ends_with("-> me\n"), "{shown}");
    }

    #[test]
    fn numbers_and_names_stand_in_columns() {
        let one = |channel: &str, peer: &str| {
            let last = json!({"direction": "in", "text": "[poll] Pizza? 1) yes", "created_ms": 1000,
                "kind": "poll", "edits": [{"text": "x", "until_ms": 1}]});
            row(
                &json!({"channel": channel, "peer": peer, "name": "Ana", "last": last}),
                6000,
                false,
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
