//! `events`: follows what happens.

use serde_json::{Value, json};
use tokio::signal::ctrl_c;

use super::{
    command::Command,
    connect::connect,
    context::Context,
    layout::printable,
    log_line::log_line,
    message_line::message_line,
    spec::{CommandSpec, JSON, ParsedArgs, Takes, no_words, option},
};
use crate::{
    client::{Client, Event},
    clock::{self, Utc},
    error::Result,
};

/// Everything but the log, which has a command of its own, and who writes, which is too much.
const TOPICS: [&str; 5] = [
    "message.*",
    "conversation.*",
    "integration.*",
    "client.*",
    "app.*",
];

pub(super) const SPEC: CommandSpec = CommandSpec {
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
    first_word: no_words,
    read,
};

/// What to follow.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Options {
    /// The payload of `subscribe`.
    pub payload: Value,
    /// For scripts.
    pub json: bool,
}

fn read(args: &mut ParsedArgs) -> Result<Command> {
    let topics = args.list("topics");
    let mut payload = json!({"topics": topics});
    if topics.is_empty() {
        payload["topics"] = json!(TOPICS);
    }
    if let Some(since) = args.number("since", &(0..=u64::MAX))? {
        payload["since"] = json!(since);
    }
    Ok(Command::Events(Options {
        payload,
        json: args.flag("json"),
    }))
}

pub(super) async fn run(options: &Options, context: &mut Context<'_>) -> Result<()> {
    let mut client = connect(context).await?.client;
    client.call("subscribe", &options.payload).await?;
    follow(client, context, |event, context| {
        if options.json {
            let (action, payload) = (&event.action, &event.payload);
            let whole = json!({"type": "event", "action": action, "payload": payload});
            return context.terminal.json(&whole);
        }
        context.terminal.line(event_line(event, clock::now_ms()))
    })
    .await
}

/// Shows every event until Ctrl-C or the end of the daemon, both of which are success. The daemon's
/// farewell is not shown: it is told on standard error, so that it never lands in a script's input.
pub(super) async fn follow(
    mut client: Client,
    context: &mut Context<'_>,
    mut show: impl FnMut(&Event, &mut Context<'_>) -> Result<()>,
) -> Result<()> {
    let mut farewell = None;
    loop {
        let event = tokio::select! {
            event = client.event() => event?,
            _ = ctrl_c() => {
                client.close().await;
                return Ok(());
            }
        };
        match event {
            Some(event) if event.action == "shutdown" => farewell = Some(event.payload),
            Some(event) => show(&event, context)?,
            None => break,
        }
    }
    context.terminal.note(parting(farewell.as_ref()));
    Ok(())
}

/// What to say of a connection that ended in order.
pub(super) fn parting(farewell: Option<&Value>) -> String {
    let Some(farewell) = farewell else {
        return "the gateway closed the connection".to_owned();
    };
    let reason = printable(farewell["reason"].as_str().unwrap_or("no reason given"));
    let again = if farewell["restart_expected"] == true {
        "; it will be back"
    } else {
        ""
    };
    format!("the daemon shut down: {reason}{again}")
}

fn event_line(event: &Event, now_ms: u64) -> String {
    match event.action.as_str() {
        "message.received" | "message.status" => message_line(&event.payload),
        "log" => log_line(&event.payload),
        name => {
            let says_nothing = event.payload == json!({}) || event.payload.is_null();
            let payload = if says_nothing {
                String::new()
            } else {
                format!(" {}", event.payload)
            };
            let payload = printable(&payload);
            format!("{} {}{payload}", Utc(now_ms), printable(name))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_is_one_line() {
        let line = |action: &str, payload| {
            let action = action.to_owned();
            event_line(&Event { action, payload }, 0)
        };
        assert_eq!(
            line(
                "integration.state",
                json!({"name": "webchat", "state": "running"})
            ),
            r#"1970-01-01T00:00:00.000Z integration.state {"name":"webchat","state":"running"}"#
        );
        assert_eq!(line("app.x", json!({})), "1970-01-01T00:00:00.000Z app.x");
    }

    #[test]
    fn the_end_is_explained() {
        assert_eq!(parting(None), "the gateway closed the connection");
        let farewell = json!({"reason": "asked", "restart_expected": true});
        assert_eq!(
            parting(Some(&farewell)),
            "the daemon shut down: asked; it will be back"
        );
    }
}
