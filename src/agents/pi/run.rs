//! One turn on one process: the prompt, what is shown as it comes, dialogs, and how it ended.

use std::{collections::VecDeque, time::Duration};

use data_encoding::BASE64;
use serde_json::{Value, json};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::{
    dialog::Dialog,
    process::{Gone, PiProcess},
    records::{Record, Said},
};
use crate::{
    agents::{
        Answer, BoxFuture, CallError, Failure, MAX_ANSWER_BYTES, Reply, Turn, openai::pictures,
        quote::quoted,
    },
    cut,
};

/// How often the gateway hears that the owner is still being asked.
const SIGN_OF_LIFE: Duration = Duration::from_secs(20);

/// Shown between two messages of one run.
const BETWEEN: &str = "\n\n";

/// The command that asks a turn.
pub(super) async fn prompt(turn: &Turn, reply: &Reply, sees: bool) -> Value {
    let mut text = asked(turn);
    if text.starts_with('/') {
        // At the begin of a prompt it would be a command of pi.
        text.insert(0, ' ');
    }
    let mut command = json!({"type": "prompt", "message": text});
    if sees {
        let found = pictures(turn, reply).await.into_iter();
        let images = found.map(|(mime, bytes)| {
            json!({"type": "image", "data": BASE64.encode(&bytes), "mimeType": mime})
        });
        let images: Vec<Value> = images.collect();
        if !images.is_empty() {
            command["images"] = Value::Array(images);
        }
    }
    command
}

/// The words of a turn. A conversation that came over HTTP is told as one, its last words alone where there
/// are no others.
fn asked(turn: &Turn) -> String {
    let Some(prompt) = turn.prompt() else {
        return turn.text();
    };
    let content = |message: &Value| match &message["content"] {
        Value::String(text) => text.clone(),
        parts => {
            let parts = parts.as_array().into_iter().flatten();
            let texts = parts.filter_map(|part| part["text"].as_str());
            texts.collect::<Vec<_>>().join("\n")
        }
    };
    match prompt {
        [one] => content(one),
        several => {
            let told = several.iter().map(|message| {
                let role = message["role"].as_str().unwrap_or("user");
                format!("{role}: {}", content(message))
            });
            told.collect::<Vec<_>>().join("\n\n")
        }
    }
}

/// Dialogs in their order, the first of which is being asked.
#[derive(Default)]
struct Asking<'a> {
    waiting: VecDeque<Dialog>,
    current: Option<BoxFuture<'a, Result<Option<String>, CallError>>>,
}

impl<'a> Asking<'a> {
    fn add(&mut self, dialog: Dialog, reply: &'a Reply) {
        self.waiting.push_back(dialog);
        self.ask_next(reply);
    }

    fn ask_next(&mut self, reply: &'a Reply) {
        if self.current.is_none()
            && let Some(dialog) = self.waiting.front()
        {
            let question = dialog.question();
            self.current = Some(Box::pin(async move { reply.ask(&question).await }));
        }
    }

    /// The answer to the first dialog, with its dialog.
    async fn answered(&mut self) -> (Dialog, Option<String>) {
        let Some(current) = &mut self.current else {
            return std::future::pending().await;
        };
        let answer = current.await.ok().flatten();
        self.current = None;
        match self.waiting.pop_front() {
            Some(dialog) => (dialog, answer),
            None => std::future::pending().await,
        }
    }
}

/// Puts a prompt to pi and follows the run to its end.
pub(super) async fn drive(
    process: &mut PiProcess,
    prompt: Value,
    turn: &Turn,
    reply: &Reply,
) -> Result<Result<Answer, Failure>, Gone> {
    let id = process.command(prompt).await?;
    let mut last = Said::default();
    let mut is_said = false;
    let mut asking = Asking::default();
    let mut alive = interval_at(Instant::now() + SIGN_OF_LIFE, SIGN_OF_LIFE);
    alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            record = process.next() => match record? {
                Record::Delta(text) => {
                    if std::mem::take(&mut is_said) {
                        reply.delta(BETWEEN);
                    }
                    reply.delta(&text);
                }
                Record::Said(said) => {
                    is_said |= !said.text.is_empty();
                    last = better(last, said);
                }
                Record::Settled => return Ok(judged(&last, turn)),
                Record::Dialog(dialog) => asking.add(dialog, reply),
                Record::Response(response) if response.id == id => match response.outcome {
                    Ok(data) if data["disposition"] == "handled" => {
                        return Ok(Ok(Answer::default()));
                    }
                    Ok(_) => reply.alive(),
                    Err(why) => return Ok(Err(refused(&why, turn))),
                },
                Record::Response(_) | Record::Other => reply.alive(),
            },
            (dialog, answer) = asking.answered() => {
                process.open_dialogs.retain(|open| *open != dialog.id);
                process.send(&dialog.response(answer.as_deref())).await?;
                asking.ask_next(reply);
            }
            _ = alive.tick(), if asking.current.is_some() => reply.alive(),
        }
    }
}

/// The message that counts: the last, unless it says nothing and is no error. With tools, one run has several.
fn better(before: Said, said: Said) -> Said {
    if said.text.trim().is_empty() && said.error.is_none() && said.stop != "error" {
        Said {
            stop: said.stop,
            ..before
        }
    } else {
        said
    }
}

/// What a run that settled came to: it settles in the same way for good and ill.
pub(super) fn judged(said: &Said, turn: &Turn) -> Result<Answer, Failure> {
    let text = said.text.trim();
    match said.stop.as_str() {
        "stop" | "length" | "toolUse" if text.is_empty() => {
            Err(Failure::transient("pi answered with nothing"))
        }
        "stop" | "toolUse" => Ok(Answer::markdown(cut::marked(
            text.to_owned(),
            MAX_ANSWER_BYTES,
        ))),
        "length" => Ok(Answer::markdown(cut::marked(
            format!("{text}{}", cut::MARK),
            MAX_ANSWER_BYTES,
        ))),
        "aborted" => Err(Failure::unknown("pi was told to stop")),
        _ => {
            let why = said
                .error
                .as_deref()
                .unwrap_or("it gave no answer and no reason");
            Err(failed(why, turn))
        }
    }
}

/// The model's error. What it refuses it refuses again.
fn failed(why: &str, turn: &Turn) -> Failure {
    let status: String = why.chars().take_while(char::is_ascii_digit).collect();
    let told = format!("pi's model failed: {}", quoted(why, turn));
    match status.parse::<u16>() {
        Ok(408 | 429) => Failure::transient(told),
        Ok(400..=499) => Failure::permanent(told),
        _ => Failure::transient(told),
    }
}

/// Pi did not take the prompt: no model, no key.
fn refused(why: &str, turn: &Turn) -> Failure {
    let told = quoted(why, turn);
    Failure::permanent(format!(
        "pi refused: {told}; name a model (OLLAMA_MODEL, OPENAI_MODEL, AGENT_PI_MODEL), or sign in with: pi"
    ))
}
