//! `webhooks`: where stored events are posted to, how each receiver is, and what is done about it.

use serde_json::{Value, json};

use crate::{
    cli::{
        command::Command,
        connection::connect,
        context::Context,
        output::{Cell, TextStyle, printable, trouble, units},
        parser::{CommandSpec, JSON, OptionSpec, ParsedArgs, Takes, not_one_of, option},
        runtime::block_on,
    },
    clock,
    config::WebhookSecret,
    error::Result,
    random,
};

/// The greatest number that every client can hold.
const MAX_SEQ: u64 = (1 << 53) - 1;

const SINCE: OptionSpec = option(
    "since",
    Takes::Text("SEQ"),
    "Begin after this sequence number; 0 is all that is kept",
);

pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "webhooks",
    summary: "Show where events are posted to; test, replay, pause, resume",
    usage: &[
        "[list] [--json]",
        "test NAME",
        "replay NAME --since SEQ",
        "pause|resume NAME",
        "secret",
    ],
    details: "CLEUDOCODEBOT_WEBHOOK_URL in .env names a receiver, with _2 to _9 behind it\n\
              more. Each gets every stored event of its topics, in order and at least once.\n\
              secret makes a CLEUDOCODEBOT_WEBHOOK_SECRET, by which it can check them.",
    options: &[SINCE, JSON],
    examples: &[
        (
            "cleudocodebot webhooks test webhook",
            "post it an event of no consequence",
        ),
        (
            "cleudocodebot webhooks replay webhook-2 --since 0",
            "post it again all that is kept",
        ),
    ],
    parse,
};

/// Shows the receivers, or does something about one.
#[derive(Debug, PartialEq)]
pub(crate) enum WebhooksCommand {
    /// Show all.
    List {
        /// For scripts.
        json: bool,
    },
    /// An action on one, and its payload.
    Steer(&'static str, Value, bool),
    /// Make a secret.
    Secret,
}

fn parse(args: &mut ParsedArgs) -> Result<Box<dyn Command>> {
    let word = args.word();
    let json = args.flag("json");
    let action = match word.as_deref() {
        None | Some("list") => return Ok(Box::new(WebhooksCommand::List { json })),
        Some("secret") => return Ok(Box::new(WebhooksCommand::Secret)),
        Some("test") => "webhook.test",
        Some("replay") => "webhook.replay",
        Some("pause") => "webhook.pause",
        Some("resume") => "webhook.resume",
        Some(other) => {
            return Err(not_one_of(
                other,
                &["list", "test", "replay", "pause", "resume", "secret"],
            ));
        }
    };
    let mut payload = json!({"name": args.required_word("NAME")?});
    if action == "webhook.replay" {
        args.required("since")?;
        payload["since"] = json!(args.number("since", &(0..=MAX_SEQ))?);
    }
    Ok(Box::new(WebhooksCommand::Steer(action, payload, json)))
}

impl Command for WebhooksCommand {
    fn run(&self, context: &mut Context<'_>) -> Result<()> {
        if *self == Self::Secret {
            let secret = WebhookSecret::text_of(&random::bytes::<32>());
            return context.terminal.line(secret);
        }
        block_on(self.ask(context))
    }
}

impl WebhooksCommand {
    async fn ask(&self, context: &mut Context<'_>) -> Result<()> {
        let mut connection = connect(context).await?;
        match self {
            Self::Secret => Ok(()),
            Self::List { json } => {
                let answer = connection.client.call("webhooks", &json!({})).await?;
                if *json {
                    return context.terminal.json(&answer);
                }
                let all = answer["webhooks"].as_array().cloned().unwrap_or_default();
                let rows: Vec<_> = all.iter().map(|one| row(one, clock::now_ms())).collect();
                if rows.is_empty() {
                    context
                        .terminal
                        .note("no webhook is set; give its address in CLEUDOCODEBOT_WEBHOOK_URL");
                }
                context.terminal.columns(&rows)
            }
            Self::Steer(action, payload, json) => {
                let done = connection.client.call(action, payload).await?;
                if *json {
                    return context.terminal.json(&done);
                }
                if *action == "webhook.test" {
                    let name = printable(done["name"].as_str().unwrap_or("?"));
                    let took = done["took_ms"].as_u64().unwrap_or(0);
                    return context
                        .terminal
                        .line(format!("{name} took the event in {took} ms"));
                }
                context.terminal.columns(&[row(&done, clock::now_ms())])
            }
        }
    }
}

/// One row: name, state, since when, how far it is, what it gets, what is wrong and what to do about it.
fn row(one: &Value, now_ms: u64) -> Vec<Cell> {
    let text = |name: &str| printable(one[name].as_str().unwrap_or_default());
    let number = |name: &str| one[name].as_u64().unwrap_or(0);
    let state = text("state");
    let plain = |text: String| Cell::word(TextStyle::Plain, text);
    let topics = one["topics"].as_array().into_iter().flatten();
    let topics: Vec<_> = topics.filter_map(Value::as_str).map(printable).collect();
    let mut row = vec![
        text("name").into(),
        Cell::word(TextStyle::of_state(&state), state),
        Cell::word(
            TextStyle::Dim,
            format!("for {}", units::since(number("since_ms"), now_ms)),
        ),
        plain(behind(number("lag"))),
        text("url").into(),
        topics.join(", ").into(),
    ];
    if one["signed"] != true {
        row.push(Cell::word(TextStyle::Plain, "unsigned"));
    }
    if number("missed") > 0 {
        let missed = number("missed");
        row.push(plain(format!("{missed} events were no longer kept")));
    }
    if let Some(until) = one["until_ms"].as_u64() {
        let wait = units::since(now_ms, until);
        row.push(plain(format!("tried again in {wait}")));
    }
    row.extend(trouble(one).map(|text| plain(text).below()));
    if one["advice"].is_string() {
        row.push(plain(text("advice")).below());
    }
    row
}

fn behind(lag: u64) -> String {
    match lag {
        0 => "up to date".to_owned(),
        1 => "1 event behind".to_owned(),
        _ => format!("{lag} events behind"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::columns;

    #[test]
    fn a_row_says_how_far_it_is_and_what_is_wrong() {
        let well = json!({"name": "webhook", "state": "running", "since_ms": 0, "lag": 0, "missed": 0,
            "url": "http://a/b", "topics": ["message.*"], "signed": true});
        let shown = |one| columns(&[row(&one, 5000)], None, |_, text| text.to_owned());
        assert_eq!(
            shown(well),
            "webhook  running  for 5s  up to date  http://a/b  message.*\n"
        );
        let failing = json!({"name": "webhook-2", "state": "backing_off", "since_ms": 0, "lag": 7, "missed": 2,
            "url": "http://a/b", "topics": ["message.received", "message.edited"], "signed": false,
            "until_ms": 9000, "last_error": "a answered 500", "advice": "mend it"});
        assert_eq!(
            shown(failing),
            "webhook-2  backing_off  for 5s  7 events behind  http://a/b  message.received, message.edited  \
             unsigned  2 events were no longer kept  tried again in 4s  a answered 500  mend it\n"
        );
    }
}
