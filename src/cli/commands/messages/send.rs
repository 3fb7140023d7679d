//! `send`: queues a message.

use serde_json::{Value, json};

use crate::{
    cli::{
        command::Command,
        connection::connect,
        context::Context,
        output::printable,
        parser::{CommandSpec, FirstWord, JSON, OptionSpec, ParsedArgs, Takes, option, switch},
        runtime::block_on,
    },
    error::{Error, Result},
};

/// The options of `send` and of `message send`.
pub(super) const OPTIONS: &[OptionSpec] = &[
    option(
        "channel",
        Takes::Text("CHANNEL"),
        "The integration, such as webchat",
    )
    .short('c'),
    option(
        "to",
        Takes::Text("PEER"),
        "The address there, also --target",
    )
    .short('t')
    .alias("target"),
    option(
        "message",
        Takes::Text("TEXT"),
        "The text, instead of the argument",
    )
    .short('m'),
    option("reply-to", Takes::Text("ID"), "The message it answers"),
    option(
        "media-url",
        Takes::Text("URL"),
        "Where the picture, sound or file is",
    ),
    option(
        "media-kind",
        Takes::OneOf("KIND", &["image", "video", "audio", "document"]),
        "image, video, audio or document (default document)",
    ),
    option(
        "idempotency-key",
        Takes::Text("KEY"),
        "The same key again sends nothing new, for 7 days",
    ),
    switch("wait", "Wait until it is sent or failed"),
    JSON,
];

pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "send",
    summary: "Queue a message",
    usage: &[
        "--channel CHANNEL --to PEER TEXT",
        "--channel CHANNEL --to PEER -",
    ],
    details: "A - reads the text from standard input. Prints `queued m-17` once the message\n\
              is stored; with --wait its final state, and exit code 1 where that is failed.",
    options: OPTIONS,
    examples: &[
        (
            "cleudocodebot send -c webchat -t ada \"Tea is ready\"",
            "one line",
        ),
        (
            "date | cleudocodebot send -c webchat -t ada --wait -",
            "from a pipe",
        ),
    ],
    first_word: FirstWord::Any,
    parse,
};

/// Queues a message.
#[derive(Debug, PartialEq)]
pub(crate) struct SendCommand {
    /// The payload of the action, without a text that is still to be read.
    pub payload: Value,
    /// The text comes from standard input.
    pub from_input: bool,
    /// For scripts.
    pub json: bool,
}

/// Parses what follows `send`, also in `message send`.
pub(super) fn parse(args: &mut ParsedArgs) -> Result<Box<dyn Command>> {
    let mut payload = json!({"channel": args.required("channel")?, "to": args.required("to")?});
    for (option, field) in [
        ("reply-to", "reply_to"),
        ("idempotency-key", "idempotency_key"),
    ] {
        if let Some(value) = args.text(option) {
            payload[field] = json!(value);
        }
    }
    if let Some(media) = media(args)? {
        payload["media"] = media;
    }
    if args.flag("wait") {
        payload["wait"] = json!(true);
    }
    let text = text(args)?;
    let from_input = text.as_deref() == Some("-");
    match text {
        Some(text) if !from_input => payload["text"] = json!(text),
        None if payload.get("media").is_none() => {
            return Err(Error::Usage("TEXT is missing".to_owned()));
        }
        _ => {}
    }
    Ok(Box::new(SendCommand {
        payload,
        from_input,
        json: args.flag("json"),
    }))
}

fn text(args: &mut ParsedArgs) -> Result<Option<String>> {
    match (args.text("message"), args.word()) {
        (Some(_), Some(_)) => Err(Error::Usage("the text is there twice".to_owned())),
        (option, word) => Ok(option.or(word)),
    }
}

fn media(args: &ParsedArgs) -> Result<Option<Value>> {
    let kind = args.text("media-kind");
    match args.text("media-url") {
        Some(url) => {
            let kind = kind.unwrap_or_else(|| "document".to_owned());
            Ok(Some(json!({"kind": kind, "url": url})))
        }
        None if kind.is_some() => Err(Error::Usage("--media-kind needs --media-url".to_owned())),
        None => Ok(None),
    }
}

impl Command for SendCommand {
    fn run(&self, context: &mut Context<'_>) -> Result<()> {
        block_on(self.send(context))
    }
}

impl SendCommand {
    async fn send(&self, context: &mut Context<'_>) -> Result<()> {
        let mut payload = self.payload.clone();
        if self.from_input {
            payload["text"] = json!(context.read_input()?);
        }
        let mut connection = connect(context).await?;
        let answer = connection.client.call("send", &payload).await?;
        if self.json {
            context.terminal.json(&answer)?;
        } else {
            context.terminal.line(outcome(&answer))?;
        }
        failure(&answer).map_or(Ok(()), Err)
    }
}

fn outcome(answer: &Value) -> String {
    let text = |name: &str| printable(answer[name].as_str().unwrap_or("?"));
    let again = if answer["duplicate"] == true {
        " (this idempotency key was used before)"
    } else {
        ""
    };
    format!("{} {}{again}", text("state"), text("message_id"))
}

/// The error if the message was accepted but failed while `--wait` waited for it.
fn failure(answer: &Value) -> Option<Error> {
    let state = answer["state"].as_str().unwrap_or_default();
    let why = match state {
        "failed" => answer["error"].as_str().unwrap_or("no reason given"),
        "cancelled" => "it was cancelled",
        _ => return None,
    };
    let id = answer["message_id"].as_str().unwrap_or("the message");
    Some(Error::Failed(format!(
        "{id} was not sent: {}",
        printable(why)
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outcome_is_one_line() {
        let answer = json!({"state": "queued", "message_id": "m-17", "duplicate": false});
        assert_eq!(outcome(&answer), "queued m-17");
        assert!(failure(&answer).is_none());
        let again = json!({"state": "sent", "message_id": "m-17", "duplicate": true});
        assert_eq!(
            outcome(&again),
            "sent m-17 (this idempotency key was used before)"
        );
    }

    #[test]
    fn a_failed_message_fails_the_command() {
        let answer = json!({"state": "failed", "message_id": "m-17", "error": "no such number"});
        let error = failure(&answer).expect("failed");
        assert_eq!(error.to_string(), "m-17 was not sent: no such number");
        assert_eq!(error.exit_code(), 1);
    }
}
