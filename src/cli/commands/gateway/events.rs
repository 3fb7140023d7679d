//! `events`: follows what happens.

use serde_json::{Value, json};

use crate::{
    cli::{
        command::Command,
        connection::{connect, follow, names},
        context::Context,
        output::{Names, Times, changed, log_line, logged, message_line, printable},
        parser::{CommandSpec, JSON, ParsedArgs, Takes, option},
        runtime::block_on,
    },
    client::Event,
    clock,
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
              conversation.*, integration.*, client.* and app.*, without the commands of\n\
              this program. Ctrl-C ends it.",
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
    parse,
};

/// Follows what happens.
#[derive(Debug, PartialEq)]
pub(crate) struct EventsCommand {
    /// The payload of `subscribe`.
    pub payload: Value,
    /// For scripts.
    pub json: bool,
    /// Somebody asked for just these, so that all of them are shown.
    pub are_topics_named: bool,
}

/// Parts of a cursor of a cluster; a number is only one.
const CURSOR_PARTS: usize = 3;

fn parse(args: &mut ParsedArgs) -> Result<Box<dyn Command>> {
    let topics = args.list("topics");
    let mut payload = json!({"topics": topics});
    if topics.is_empty() {
        payload["topics"] = json!(TOPICS);
    }
    match args.text("since") {
        Some(cursor) if cursor.split('-').count() == CURSOR_PARTS => {
            payload["since"] = json!(cursor);
        }
        _ => {
            if let Some(since) = args.number("since", &(0..=u64::MAX))? {
                payload["since"] = json!(since);
            }
        }
    }
    Ok(Box::new(EventsCommand {
        payload,
        are_topics_named: !topics.is_empty(),
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
        let names = names(&mut client, None).await;
        client.call("subscribe", &self.payload).await?;
        follow(client, context, |event, context| {
            if self.json {
                let (action, payload) = (&event.action, &event.payload);
                let whole = json!({"type": "event", "action": action, "payload": payload});
                return context.terminal.json(&whole);
            }
            if !self.are_topics_named && is_of_a_command(event) {
                return Ok(());
            }
            let ms = happened(event, clock::now_ms());
            let translator = context.terminal.translator();
            let line = event_line(event, ms, &names, &context.terminal.times, translator);
            context.terminal.dated(ms, line)
        })
        .await
    }
}

/// Whether a command of this program came or went, this one among them: nobody who follows what happens
/// means that.
fn is_of_a_command(event: &Event) -> bool {
    event.action.starts_with("client.") && event.payload["kind"] == "cli"
}

/// When it happened: a message and a log line say it, of others it is when they came.
fn happened(event: &Event, now_ms: u64) -> u64 {
    match event.action.as_str() {
        "log" => logged(&event.payload),
        action if action.starts_with("message.") => changed(&event.payload),
        _ => now_ms,
    }
}

fn event_line(
    event: &Event,
    ms: u64,
    names: &Names,
    times: &Times,
    translator: Translator,
) -> String {
    let message = || message_line(&event.payload, ms, names, times, translator);
    match event.action.as_str() {
        "message.received" | "message.status" | "message.deleted" => message(),
        "message.edited" => message() + &translator.sentence(&before(&event.payload)),
        "log" => log_line(&event.payload, times),
        name => {
            let is_empty = event.payload == json!({}) || event.payload.is_null();
            let payload = if is_empty {
                String::new()
            } else {
                format!(" {}", event.payload)
            };
            let payload = printable(&payload);
            format!("{} {}{payload}", times.of_line(ms), printable(name))
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
    fn commands_that_come_and_go_are_nobodys_news() {
        let of = |action: &str, kind: &str| {
            let (action, payload) = (action.to_owned(), json!({"id": "c-1", "kind": kind}));
            is_of_a_command(&Event { action, payload })
        };
        assert!(of("client.connected", "cli") && of("client.disconnected", "cli"));
        assert!(!of("client.connected", "webchat") && !of("message.received", "cli"));
    }

    #[test]
    fn every_event_is_one_line() {
        let line = |action: &str, payload| {
            let action = action.to_owned();
            let times = Times::new(Some("UTC"), false, false);
            event_line(
                &Event { action, payload },
                0,
                &Names::default(),
                &times,
                Translator::default(),
            )
        };
        assert_eq!(
            line(
                "integration.state",
                json!({"name": "webchat", "state": "running"})
            ),
            r#"1970-01-01 00:00 integration.state {"name":"webchat","state":"running"}"#
        );
        for (action, field, told) in [
            (
                "message.edited",
                json!({"edits": [{"text": "Se", "until_ms": 1}]}),
                "See (edited) m-1; before: Se",
            ),
            (
                "message.deleted",
                json!({"deleted_ms": 1}),
                "See (deleted) m-1",
            ),
        ] {
            let mut message = json!({"message_id": "m-1", "channel": "webchat", "peer": "ada",
                "direction": "in", "state": "received", "text": "See", "updated_ms": 0});
            let fields = field.as_object().cloned().expect("an object");
            message.as_object_mut().expect("an object").extend(fields);
            let shown = line(action, message);
            assert_eq!(shown, format!("1970-01-01 00:00 webchat ada <- {told}"));
        }
        assert_eq!(line("app.x", json!({})), "1970-01-01 00:00 app.x");
    }
}
