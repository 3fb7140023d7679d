//! `events`: follows what happens.

use serde_json::{Value, json};

use crate::{
    cli::{
        command::Command,
        connection::{connect, follow},
        context::Context,
        output::{log_line, message_line, printable},
        parser::{CommandSpec, FirstWord, JSON, ParsedArgs, Takes, option},
        runtime::block_on,
    },
    client::Event,
    clock::{self, Utc},
    error::Result,
    language::Translator,
};

/// What is followed unless topics are named: all but the log, which has a command of its own, and
/// typing, which is too frequent.
const TOPICS: [&str; 5] = [
    "message.*",
    "conversation.*",
    "integration.*",
    "client.*",
    "app.*",
];

pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "events",
    summary: "Follow what happens",
    usage: &["[--topics TOPIC,…] [--since N] [--json]"],
    details: "A topic is an event's name, the begin of one with a *, or for one\n\
              conversation message.*@CHANNEL/PEER. Without --topics: message.*,\n\
              conversation.*, integration.*, client.* and app.*. Ctrl-C ends it.",
    options: &[
        option(
            "topics",
            Takes::Text("TOPIC,…"),
            "What to follow; may come several times",
        ),
        option(
            "since",
            Takes::Text("N"),
            "First replay stored events after this number",
        ),
        JSON,
    ],
    examples: &[
        ("cleudocodebot events", "nearly everything"),
        (
            "cleudocodebot events --topics message.received --json",
            "incoming, for scripts",
        ),
    ],
    first_word: FirstWord::Any,
    parse,
};

/// Follows what happens.
#[derive(Debug, PartialEq)]
pub(crate) struct EventsCommand {
    /// The payload of `subscribe`.
    pub payload: Value,
    /// For scripts.
    pub json: bool,
}

fn parse(args: &mut ParsedArgs) -> Result<Box<dyn Command>> {
    let topics = args.list("topics");
    let mut payload = json!({"topics": topics});
    if topics.is_empty() {
        payload["topics"] = json!(TOPICS);
    }
    if let Some(since) = args.number("since", &(0..=u64::MAX))? {
        payload["since"] = json!(since);
    }
    Ok(Box::new(EventsCommand {
        payload,
        json: args.flag("json"),
    }))
}

impl Command for EventsCommand {
    fn run(&self, context: &mut Context<'_>) -> Result<()> {
        block_on(self.follow(context))
    }
}

impl EventsCommand {
    async fn follow(&self, context: &mut Context<'_>) -> Result<()> {
        let mut client = connect(context).await?.client;
        client.call("subscribe", &self.payload).await?;
        follow(client, context, |event, context| {
            if self.json {
                let (action, payload) = (&event.action, &event.payload);
                let whole = json!({"type": "event", "action": action, "payload": payload});
                return context.terminal.json(&whole);
            }
            let translator = context.terminal.translator();
            let line = event_line(event, clock::now_ms(), translator);
            context.terminal.foreign(line)
        })
        .await
    }
}

fn event_line(event: &Event, now_ms: u64, translator: Translator) -> String {
    match event.action.as_str() {
        "message.received" | "message.status" | "message.deleted" => {
            message_line(&event.payload, translator)
        }
        "message.edited" => {
            let line = message_line(&event.payload, translator);
            line + &translator.sentence(&before(&event.payload))
        }
        "log" => log_line(&event.payload),
        name => {
            let is_empty = event.payload == json!({}) || event.payload.is_null();
            let payload = if is_empty {
                String::new()
            } else {
                format!(" {}", event.payload)
            };
            let payload = printable(&payload);
            format!("{} {}{payload}", Utc(now_ms), printable(name))
        }
    }
}

/// What an edited message said until now.
fn before(message: &Value) -> String {
    let edits = message["edits"].as_array();
    match edits.and_then(|all| all.last()?["text"].as_str()) {
        Some(text) => format!("; before: {}", printable(text)),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_is_one_line() {
        let line = |action: &str, payload| {
            let action = action.to_owned();
            event_line(&Event { action, payload }, 0, Translator::default())
        };
        assert_eq!(
            line(
                "integration.state",
                json!({"name": "webchat", "state": "running"})
            ),
            r#"1970-01-01T00:00:00.000Z integration.state {"name":"webchat","state":"running"}"#
        );
        for (action, field, told) in [
            (
                "message.edited",
                json!({"edits": [{"text": "Se", "until_ms": 1}]}),
                "See (edited); before: Se",
            ),
            ("message.deleted", json!({"deleted_ms": 1}), "See (deleted)"),
        ] {
            let mut message = json!({"message_id": "m-1", "channel": "webchat", "peer": "ada",
                "direction": "in", "state": "received", "text": "See", "updated_ms": 0});
            let fields = field.as_object().cloned().expect("an object");
            message.as_object_mut().expect("an object").extend(fields);
            let shown = line(action, message);
            assert_eq!(
                shown,
                format!("1970-01-01T00:00:00.000Z m-1 webchat ada <- {told}")
            );
        }
        assert_eq!(line("app.x", json!({})), "1970-01-01T00:00:00.000Z app.x");
    }
}
