//! `pairing`: which senders ask to be approved, and the owner's decision.

use serde_json::{Value, json};

use crate::{
    cli::{
        command::Command,
        commands::messages::recipient,
        connection::connect,
        context::Context,
        output::{Cell, TextStyle, printable, shown_peer, units},
        parser::{CommandSpec, JSON, ParsedArgs, not_one_of},
        runtime::block_on,
    },
    clock,
    error::Result,
};

pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "pairing",
    summary: "Show who asks to be let in; approve, reject, revoke",
    usage: &[
        "[list] [--json]",
        "approve|reject CHANNEL CODE",
        "revoke CHANNEL SENDER",
    ],
    details: "Who is not in *_ALLOW_FROM of .env and writes for the first time is told a\n\
              code, valid for an hour. Nothing they write is processed before you approve.",
    options: &[JSON],
    examples: &[(
        "cleudocodebot pairing approve telegram K7QXM2PA",
        "let them in",
    )],
    parse,
};

/// Shows who asks, or decides on one.
#[derive(Debug, PartialEq)]
pub(crate) enum PairingCommand {
    /// Show all.
    List {
        /// For scripts.
        json: bool,
    },
    /// Approve, reject or revoke: the action and its payload.
    Decide(&'static str, Value),
}

fn parse(args: &mut ParsedArgs) -> Result<Box<dyn Command>> {
    let word = args.word();
    let (action, field) = match word.as_deref() {
        None | Some("list") => {
            let json = args.flag("json");
            return Ok(Box::new(PairingCommand::List { json }));
        }
        Some("approve") => ("pairing.approve", "code"),
        Some("reject") => ("pairing.reject", "code"),
        Some("revoke") => ("pairing.revoke", "sender"),
        Some(other) => {
            return Err(not_one_of(other, &["list", "approve", "reject", "revoke"]));
        }
    };
    let channel = args.required_word("CHANNEL")?;
    let value = args.required_word(if field == "code" { "CODE" } else { "SENDER" })?;
    let payload = json!({"channel": channel, field: value});
    Ok(Box::new(PairingCommand::Decide(action, payload)))
}

impl Command for PairingCommand {
    fn run(&self, context: &mut Context<'_>) -> Result<()> {
        block_on(self.ask(context))
    }
}

impl PairingCommand {
    async fn ask(&self, context: &mut Context<'_>) -> Result<()> {
        let mut connection = connect(context).await?;
        match self {
            Self::List { json } => {
                let answer = connection.client.call("pairing", &json!({})).await?;
                if *json {
                    return context.terminal.json(&answer);
                }
                let rows = rows(&answer, clock::now_ms());
                if rows.is_empty() {
                    context.terminal.note("nobody asks and nobody was let in");
                }
                context.terminal.columns(&rows)
            }
            Self::Decide(action, payload) => {
                let mut payload = payload.clone();
                recipient::resolve_person(&mut connection.client, &mut payload, "sender").await?;
                let done = connection.client.call(action, &payload).await?;
                let text = |name: &str| printable(done[name].as_str().unwrap_or("?"));
                let verb = match *action {
                    "pairing.approve" => "let in",
                    "pairing.reject" => "turned away",
                    _ => "no longer let in",
                };
                let (channel, sender) = (text("channel"), text("sender"));
                let verb = context.terminal.translator().word(verb);
                let line = format!("{verb}: {channel} {}", shown_peer(&channel, &sender));
                context.terminal.foreign(line)?;
                if *action == "pairing.approve" {
                    let next =
                        format!("write to them: cleudocodebot send -c {channel} -t {sender} TEXT");
                    context.terminal.hint(next);
                }
                Ok(())
            }
        }
    }
}

fn rows(answer: &Value, now_ms: u64) -> Vec<Vec<Cell>> {
    let of = |kind: &str| answer[kind].as_array().cloned().unwrap_or_default();
    let text = |one: &Value, name: &str| Cell::from(printable(one[name].as_str().unwrap_or("?")));
    let sender = |one: &Value| {
        let text = |name: &str| printable(one[name].as_str().unwrap_or("?"));
        Cell::from(shown_peer(&text("channel"), &text("sender")))
    };
    let name = |one: &Value| Cell::from(printable(one["name"].as_str().unwrap_or_default()));
    // In quotes, because it is what they say, whatever that is.
    let words = |one: &Value| {
        let words = one["words"].as_str().filter(|words| !words.is_empty());
        let words = words.map(|words| format!("\"{}\"", printable(words)));
        Cell::from(words.unwrap_or_default())
    };
    let pending = of("pending").into_iter().map(|one| {
        let since = one["at_ms"].as_u64().unwrap_or(now_ms);
        vec![
            text(&one, "channel"),
            sender(&one),
            name(&one),
            Cell::word(TextStyle::Doubtful, "asks"),
            text(&one, "code"),
            Cell::word(
                TextStyle::Dim,
                format!("for {}", units::since(since, now_ms)),
            ),
            words(&one),
        ]
    });
    let approved = of("approved").into_iter().map(|one| {
        vec![
            text(&one, "channel"),
            sender(&one),
            name(&one),
            Cell::word(TextStyle::Good, "let in"),
        ]
    });
    pending.chain(approved).collect()
}
