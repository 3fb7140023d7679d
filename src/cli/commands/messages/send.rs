//! `send`: queues a message.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    file_to_send::{FileToSend, files},
    later::{AT, GRACE, IN, put_times},
    recipient, waiting_line,
};
use crate::{
    cli::{
        command::Command,
        connection::{Connection, connect},
        context::Context,
        output::printable,
        parser::{CommandSpec, JSON, OptionSpec, ParsedArgs, Takes, option, switch},
        runtime::block_on,
    },
    client::Client,
    error::{Error, Result},
    language::Translator,
    message::MARKDOWN,
    random,
};

/// The longest wait that `--timeout` takes, in seconds: a week.
const MAX_WAIT: u64 = 7 * 24 * 3600;

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
        "The address there, also --target; or several",
    )
    .short('t')
    .alias("target"),
    option(
        "message",
        Takes::Text("TEXT"),
        "The text, instead of the argument",
    )
    .short('m'),
    switch("markdown", "The text is markdown; it arrives formatted"),
    option("reply-to", Takes::Text("ID"), "The message it answers"),
    option(
        "file",
        Takes::Text("PATH"),
        "A file to send, or several; - from a pipe",
    )
    .short('f'),
    option(
        "name",
        Takes::Text("NAME"),
        "What the file from a pipe is called",
    ),
    switch("voice", "Send the sound as a voice note"),
    option(
        "media-url",
        Takes::Text("URL"),
        "Where the picture, sound or file is",
    ),
    option(
        "media-kind",
        Takes::OneOf(
            "KIND",
            &["image", "video", "audio", "voice", "document", "sticker"],
        ),
        "What it is sent as, unless as what it is",
    ),
    option(
        "idempotency-key",
        Takes::Text("KEY"),
        "The same key again sends nothing new, for 7 days",
    ),
    AT,
    IN,
    GRACE,
    switch("urgent", "Send it outside of the channel's hours too"),
    switch("wait", "Wait until it is sent or failed").short('w'),
    option(
        "timeout",
        Takes::Text("SECONDS"),
        "Wait no longer than this (with --wait)",
    ),
    JSON,
];

pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "send",
    summary: "Queue a message",
    usage: &[
        "--channel CHANNEL --to PEER TEXT",
        "--channel CHANNEL --to PEER -",
        "-c CHANNEL -t PEER -f PATH [-f PATH]... [TEXT]",
    ],
    details: "With a file the text is its caption. A - reads the text from standard input.\n\
              Prints `queued m-17` once the message is stored; with --wait its final\n\
              state, and exit code 1 where that is failed or the time is over.\n\
              With --at or --in it is `scheduled`, and waits on the disk for its time.\n\
              PEER may be the name of a person or a group, where one only is called so; a\n\
              number may lack the code of the country that CLEUDOCODEBOT_COUNTRY names.\n\
              Typed in a terminal it takes the conversation over from its agent, as writing\n\
              on the page does; where the output goes elsewhere, as in a job, it does not.",
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
        (
            "cleudocodebot send -c whatsapp -t 5511987654321 -f card.png \"Bom dia\"",
            "a picture with a caption",
        ),
        (
            "cleudocodebot send -c webchat -t ada --at \"2030-01-01 08:00\" \"Bom dia\"",
            "at a time",
        ),
    ],
    parse,
};

/// Queues a message.
#[derive(Debug, PartialEq)]
pub(crate) struct SendCommand {
    /// The payload of the action, without a text that is still to be read.
    pub payload: Value,
    /// The text comes from standard input.
    pub from_input: bool,
    /// Files to hand in first.
    pub files: Vec<FileToSend>,
    /// Wait until it has left the outbox.
    pub wait: bool,
    /// No longer than this.
    pub timeout: Option<Duration>,
    /// For scripts.
    pub json: bool,
}

/// Parses what follows `send`, also in `message send`.
pub(super) fn parse(args: &mut ParsedArgs) -> Result<Box<dyn Command>> {
    Ok(Box::new(message(args)?))
}

/// The message that options and words ask for.
pub(super) fn message(args: &mut ParsedArgs) -> Result<SendCommand> {
    let mut payload = json!({"channel": args.required("channel")?, "to": args.required("to")?});
    let all = args.all("to");
    if all.len() > 1 {
        payload["to"] = json!(all);
    }
    for (option, field) in [
        ("reply-to", "reply_to"),
        ("idempotency-key", "idempotency_key"),
    ] {
        if let Some(value) = args.text(option) {
            payload[field] = json!(value);
        }
    }
    put_times(args, &mut payload);
    if args.flag("urgent") {
        payload["urgent"] = json!(true);
    }
    if args.flag("markdown") {
        payload["format"] = json!(MARKDOWN);
    }
    if let Some(media) = media(args)? {
        payload["media"] = media;
    }
    let timeout = args.number("timeout", &(1..=MAX_WAIT))?;
    if timeout.is_some() && !args.flag("wait") {
        return Err(Error::Usage("--timeout needs --wait".to_owned()));
    }
    let files = files(args)?;
    let text = text(args)?;
    let from_input = text.as_deref() == Some("-");
    if from_input && files.iter().any(|file| file.path.is_none()) {
        let text = "standard input cannot be both the text and a file".to_owned();
        return Err(Error::Usage(text));
    }
    match text {
        Some(text) if !from_input => payload["text"] = json!(text),
        None if payload.get("media").is_none() && files.is_empty() => {
            return Err(Error::Usage("TEXT is missing".to_owned()));
        }
        _ => {}
    }
    Ok(SendCommand {
        payload,
        from_input,
        files,
        wait: args.flag("wait"),
        timeout: timeout.map(Duration::from_secs),
        json: args.flag("json"),
    })
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
        Some(_) if !args.all("file").is_empty() => Err(Error::Usage(
            "--file and --media-url do not go together".to_owned(),
        )),
        Some(url) => {
            let kind = kind.unwrap_or_else(|| "document".to_owned());
            Ok(Some(json!({"kind": kind, "url": url})))
        }
        None if kind.is_some() && args.all("file").is_empty() => Err(Error::Usage(
            "--media-kind needs --file or --media-url".to_owned(),
        )),
        None => Ok(None),
    }
}

impl Command for SendCommand {
    fn run(&self, context: &mut Context<'_>) -> Result<()> {
        block_on(self.send(context))
    }
}

impl SendCommand {
    /// The payload of the action: the address in place of a name, the files handed in.
    pub(super) async fn ready(
        &self,
        connection: &mut Connection,
        context: &mut Context<'_>,
    ) -> Result<Value> {
        let mut payload = self.payload.clone();
        if self.from_input {
            payload["text"] = json!(context.read_input()?);
        }
        recipient::resolve(&mut connection.client, &mut payload, "to", context).await?;
        let mut media = Vec::new();
        for file in &self.files {
            media.push(file.upload(&connection.endpoint, context).await?);
        }
        match media.len() {
            0 => {}
            1 => payload["media"] = media.remove(0),
            _ => payload["media"] = media.into(),
        }
        Ok(payload)
    }

    async fn send(&self, context: &mut Context<'_>) -> Result<()> {
        let mut connection = connect(context).await?;
        let mut payload = self.ready(&mut connection, context).await?;
        if !context.terminal.is_watched() {
            // A job or a script: nobody has taken the conversation over.
            payload["by_hand"] = json!(false);
        }
        if self.wait && payload.get("idempotency_key").is_none() {
            // By it the message is asked for again, to wait for it.
            payload["idempotency_key"] = json!(format!("cli-{}", random::token()));
        }
        let queued = connection.client.call("send", &payload).await?;
        if self.wait {
            return self
                .wait_for(queued, payload, &mut connection.client, context)
                .await;
        }
        self.tell(&queued, context)?;
        context
            .terminal
            .hint("what becomes of it: cleudocodebot outbox");
        failure(&queued).map_or(Ok(()), Err)
    }

    /// Waits until the message has left the outbox. The gateway waits for it where the same message is handed
    /// in again.
    async fn wait_for(
        &self,
        queued: Value,
        mut payload: Value,
        client: &mut Client,
        context: &mut Context<'_>,
    ) -> Result<()> {
        payload["wait"] = json!(true);
        let id = printable(queued["message_id"].as_str().unwrap_or("the message"));
        let what = format!("waiting for {id}");
        let what = context.terminal.translator().sentence(&what).into_owned();
        let settled = client.call("send", &payload);
        let Some(settled) = waiting_line::wait(&what, self.timeout, settled).await else {
            self.tell(&queued, context)?;
            let seconds = self.timeout.unwrap_or_default().as_secs();
            return Err(Error::Failed(format!(
                "{id} was not sent within {seconds} s and stays queued; see: cleudocodebot outbox"
            )));
        };
        let mut settled = settled?;
        settled["duplicate"] = queued["duplicate"].clone();
        self.tell(&settled, context)?;
        failure(&settled).map_or(Ok(()), Err)
    }

    fn tell(&self, answer: &Value, context: &mut Context<'_>) -> Result<()> {
        if self.json {
            return context.terminal.json(answer);
        }
        tell(answer, context)
    }
}

/// Says what became of a message.
pub(super) fn tell(answer: &Value, context: &mut Context<'_>) -> Result<()> {
    let translator = context.terminal.translator();
    // A script may look for the words that the help names.
    let words = if context.terminal.is_watched() {
        translator
    } else {
        Translator::default()
    };
    context.terminal.foreign(outcome(answer, words, translator))
}

/// What became of a message: the state by `words`, the reasons by `translator`.
fn outcome(answer: &Value, words: Translator, translator: Translator) -> String {
    if let Some(all) = answer["messages"].as_array() {
        let lines = all.iter().map(|one| {
            let to = printable(one["to"].as_str().unwrap_or("?"));
            format!("{} {to}", outcome(one, words, translator))
        });
        return lines.collect::<Vec<_>>().join("\n");
    }

    let text = |name: &str| printable(answer[name].as_str().unwrap_or("?"));
    let again = if answer["duplicate"] == true {
        " (this idempotency key was used before)"
    } else {
        ""
    };
    let (state, id) = (text("state"), text("message_id"));
    let held = match answer["held"].as_str() {
        Some(held) => format!(" ({})", translator.sentence(&printable(held))),
        None => String::new(),
    };
    format!(
        "{} {id}{}{held}",
        words.word(&state),
        translator.sentence(again)
    )
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
    use crate::language::Language;

    fn shown(answer: &Value) -> String {
        outcome(answer, Translator::default(), Translator::default())
    }

    #[test]
    fn why_it_waits_is_said_in_the_language_of_who_asks() {
        let portuguese = Translator::of(Language::BrazilianPortuguese);
        let answer = json!({"state": "queued", "message_id": "m-1",
            "held": "outside of its hours until 2026-11-30 08:00"});
        assert_eq!(
            outcome(&answer, Translator::default(), portuguese),
            "queued m-1 (fora do horário até 2026-11-30 08:00)"
        );
        assert_eq!(
            outcome(&answer, portuguese, portuguese),
            "na fila m-1 (fora do horário até 2026-11-30 08:00)"
        );
    }

    #[test]
    fn the_outcome_is_one_line() {
        let answer = json!({"state": "queued", "message_id": "m-17", "duplicate": false});
        assert_eq!(shown(&answer), "queued m-17");
        assert!(failure(&answer).is_none());
        let again = json!({"state": "sent", "message_id": "m-17", "duplicate": true});
        assert_eq!(
            shown(&again),
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
