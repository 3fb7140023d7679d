//! `outbox`: lists messages that wait to be sent or failed; retries or cancels them.

use serde_json::{Value, json};

use super::{
    later::{AT, GRACE, IN, put_times},
    page::page,
};
use crate::{
    cli::{
        command::Command,
        connection::{connect, names},
        context::Context,
        output::{Names, Times, cut, marked_line, moment, printable},
        parser::{CHANNEL, CommandSpec, JSON, ParsedArgs, Takes, not_one_of, option},
        runtime::block_on,
    },
    clock,
    error::{Error, Result},
    language::Translator,
};

/// How much of the text is shown, in columns.
const SHOWN: usize = 60;

pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "outbox",
    summary: "Show what waits to be sent or failed; try again, withdraw",
    usage: &[
        "[list] [--channel CHANNEL] [--limit N] [--json]",
        "scheduled [--channel CHANNEL] [--limit N]",
        "retry ID...",
        "cancel ID...",
        "reschedule ID --at TIME|--in SPAN",
    ],
    details: "Messages are tried five times within a quarter of an hour; then they fail and\n\
              stay here. What has not gone out can be cancelled, also between attempts.",
    options: &[
        CHANNEL,
        option(
            "limit",
            Takes::Text("N"),
            "At most so many of each (default 50, up to 1000)",
        )
        .short('n'),
        AT,
        IN,
        GRACE,
        JSON,
    ],
    examples: &[
        ("cleudocodebot outbox", "what waits and what failed"),
        (
            "cleudocodebot outbox retry m-17",
            "queue a failed one again",
        ),
    ],
    parse,
};

/// Shows the outbox, or does an action with some of its messages.
#[derive(Debug, PartialEq)]
pub(crate) enum OutboxCommand {
    /// Show it.
    List {
        /// The payload of the action.
        payload: Value,
        /// For scripts.
        json: bool,
    },
    /// Show what is for later.
    Scheduled {
        /// The payload of the action.
        payload: Value,
        /// For scripts.
        json: bool,
    },
    /// Do this action with each of these messages, and this besides.
    Each(&'static str, Vec<String>, Value),
}

fn parse(args: &mut ParsedArgs) -> Result<Box<dyn Command>> {
    let command = match args.word().as_deref() {
        None | Some("list") => list(args)?,
        Some("scheduled") => OutboxCommand::Scheduled {
            payload: page(args, &["channel"])?,
            json: args.flag("json"),
        },
        Some("retry") => OutboxCommand::Each("retry", ids(args)?, json!({})),
        Some("cancel") => OutboxCommand::Each("cancel", ids(args)?, json!({})),
        Some("reschedule") => {
            let mut times = json!({});
            put_times(args, &mut times);
            let id = args.required_word("ID")?;
            if times.get("at").is_none() && times.get("in").is_none() {
                let text = "say when: --at TIME or --in SPAN is needed";
                return Err(Error::Usage(text.to_owned()));
            }
            OutboxCommand::Each("reschedule", vec![id], times)
        }
        Some(other) => {
            return Err(not_one_of(
                other,
                &["list", "scheduled", "retry", "cancel", "reschedule"],
            ));
        }
    };
    Ok(Box::new(command))
}

fn list(args: &ParsedArgs) -> Result<OutboxCommand> {
    let payload = page(args, &["channel"])?;
    Ok(OutboxCommand::List {
        payload,
        json: args.flag("json"),
    })
}

fn ids(args: &mut ParsedArgs) -> Result<Vec<String>> {
    let mut ids = vec![args.required_word("ID")?];
    ids.extend(std::iter::from_fn(|| args.word()));
    Ok(ids)
}

impl Command for OutboxCommand {
    fn run(&self, context: &mut Context<'_>) -> Result<()> {
        block_on(self.ask(context))
    }
}

impl OutboxCommand {
    async fn ask(&self, context: &mut Context<'_>) -> Result<()> {
        let mut connection = connect(context).await?;
        match self {
            Self::List { payload, json } => {
                let answer = connection.client.call("outbox", payload).await?;
                let names = names(&mut connection.client, None).await;
                show(&answer, &names, *json, context)
            }
            Self::Scheduled { payload, json } => {
                let answer = connection.client.call("scheduled", payload).await?;
                let names = names(&mut connection.client, None).await;
                show_scheduled(&answer, &names, *json, context)
            }
            Self::Each(action, ids, besides) => {
                for id in ids {
                    let mut asked = besides.clone();
                    asked["message_id"] = json!(id);
                    let done = connection.client.call(action, &asked).await?;
                    let state = printable(done["state"].as_str().unwrap_or("?"));
                    let state = context.terminal.translator().word(&state).into_owned();
                    context
                        .terminal
                        .foreign(format!("{state} {}", printable(id)))?;
                }
                context
                    .terminal
                    .hint("what still waits: cleudocodebot outbox");
                Ok(())
            }
        }
    }
}

fn show_scheduled(
    answer: &Value,
    names: &Names,
    as_json: bool,
    context: &mut Context<'_>,
) -> Result<()> {
    if as_json {
        return context.terminal.json(answer);
    }
    let messages = answer["messages"].as_array().cloned().unwrap_or_default();
    for message in &messages {
        let (times, translator) = (&context.terminal.times, context.terminal.translator());
        let line = short_line(message, names, times, translator);
        let at = message["at_ms"].as_u64().unwrap_or_default();
        let at = translator
            .sentence(&format!("goes out at {}", times.full(at)))
            .into_owned();
        context.terminal.foreign(format!("{line} ({at})"))?;
    }
    if messages.is_empty() {
        context.terminal.note("nothing is scheduled");
    } else if answer["next"].is_string() {
        context.terminal.hint("there are more: --limit N");
    }
    Ok(())
}

fn show(answer: &Value, names: &Names, as_json: bool, context: &mut Context<'_>) -> Result<()> {
    let of = |kind: &str| answer[kind].as_array().cloned().unwrap_or_default();
    let (waiting, failed) = (of("waiting"), of("failed"));
    for message in waiting.iter().chain(&failed) {
        if as_json {
            context.terminal.json(message)?;
        } else {
            let line = line(message, names, context);
            context.terminal.dated(moment(message), line)?;
        }
    }
    let held = of("held");
    for one in held.iter().filter(|_| !as_json) {
        let text = |name: &str| printable(one[name].as_str().unwrap_or("?"));
        context.terminal.note(format!(
            "{} sends nothing now: {}",
            text("channel"),
            text("held")
        ));
    }
    if waiting.is_empty() && failed.is_empty() && !as_json {
        context.terminal.note("nothing waits and nothing failed");
    }
    Ok(())
}

/// A message as one line, its text cut: `history` has all of it.
fn short_line(message: &Value, names: &Names, times: &Times, translator: Translator) -> String {
    let mark = |text: String| cut(&text, SHOWN);
    marked_line(message, moment(message), names, times, translator, &mark)
}

/// A message, its last error, and when it is tried next.
fn line(message: &Value, names: &Names, context: &Context<'_>) -> String {
    let (times, translator) = (&context.terminal.times, context.terminal.translator());
    let mut line = short_line(message, names, times, translator);
    let tried = message["attempts"].as_u64().unwrap_or(0) > 0;
    // A message that is overdue waits for its channel, not for a time.
    let ahead = |due_ms: &u64| tried && *due_ms > clock::now_ms();
    if let Some(due_ms) = message["due_ms"].as_u64().filter(ahead) {
        let next = format!("; next try {}", times.full(due_ms));
        line.push_str(&translator.sentence(&next));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_text_there_is_its_beginning() {
        let message = json!({"message_id": "m-1", "channel": "webchat", "peer": "ada",
            "direction": "out", "state": "queued", "text": "tea ".repeat(2_000)});
        let times = Times::new(Some("UTC"), true, false);
        let line = short_line(&message, &Names::default(), &times, Translator::default());
        assert!(
            line.contains("-> tea tea ") && line.ends_with("… [queued] m-1"),
            "{line}"
        );
        assert!(line.len() < 200, "{line}");
    }
}
