//! One request for an answer, read as it comes.

use std::time::Duration;

use hyper::Method;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{
    OpenAi,
    completion::{Completion, Step, error_of},
    sse::Events,
};
use crate::{
    agents::{Failure, MAX_ANSWER_BYTES, Reply, Turn, quote::quoted},
    http_client::{HttpAnswer, HttpBody, HttpCall, HttpError, HttpStream, Streamed, bearer},
};

/// How long the end of a body may take behind the end of the answer.
const END_TIMEOUT: Duration = Duration::from_millis(500);

/// Why an attempt brought no answer.
pub(super) enum Stopped {
    /// Nothing came of it yet: another may follow.
    BeforeFirstWord(Failure),
    /// Another would not help, or words came already.
    ForGood(Failure),
}

impl OpenAi {
    /// Asks once and shows what comes.
    pub(super) async fn attempt(
        &self,
        messages: &[Value],
        turn: &Turn,
        reply: &Reply,
    ) -> Result<Completion, Stopped> {
        let body = json!({"model": self.model, "messages": messages, "stream": true});
        let authorization = bearer(self.key.as_deref());
        let authorization = authorization.as_deref();
        let headers = authorization.map(|value| ("authorization", value));
        let call = HttpCall {
            method: Method::POST,
            path: "/chat/completions",
            headers: headers.as_slice(),
            body: HttpBody::Json(&body),
            limits: self.limits,
        };
        match self.http.stream(call).await {
            Ok(Streamed::Pieces(stream)) => read(stream, turn, reply).await,
            Ok(Streamed::Refused(answer)) => Err(refused(&answer, turn)),
            Err(HttpError::NotSent(why)) => Err(Stopped::BeforeFirstWord(Failure::transient(why))),
            Err(HttpError::NoAnswer(why)) => Err(Stopped::ForGood(Failure::transient(why))),
        }
    }
}

/// Reads an answer to its end.
async fn read(
    mut stream: HttpStream<'_>,
    turn: &Turn,
    reply: &Reply,
) -> Result<Completion, Stopped> {
    let mut completion = Completion::default();
    let mut events = Events::default();
    let mut is_done = false;
    while !is_done {
        let piece = stream.next().await;
        let piece = piece.map_err(|error| broken(&completion, error.to_string()))?;
        let Some(piece) = piece else {
            let rest = std::mem::take(&mut events).finish();
            let _ = take(&mut completion, &rest, turn, reply)?;
            break;
        };
        let whole = events.feed(&piece);
        let whole = whole.map_err(|_| for_good("the model sent an event without end"))?;
        is_done = take(&mut completion, &whole, turn, reply)?;
        // A comment or a thought is a sign of life too.
        reply.alive();
        if completion.text.len() > MAX_ANSWER_BYTES {
            // What is longer is cut, and the service need not go on.
            return Ok(completion);
        }
    }
    if is_done {
        // The connection can be used again once its end was read; a server that leaves it open is not waited for.
        let _ = timeout(END_TIMEOUT, stream.next()).await;
    }
    reply.delta(&completion.finish());
    judged(completion, is_done)
}

/// Takes events; whether the last of them came.
fn take(
    completion: &mut Completion,
    events: &[String],
    turn: &Turn,
    reply: &Reply,
) -> Result<bool, Stopped> {
    for event in events {
        match completion.take(event) {
            Step::Text(text) if text.is_empty() => {}
            Step::Text(text) => reply.delta(&text),
            Step::Done => return Ok(true),
            Step::Error(why) => {
                let why = format!("the model failed: {}", quoted(&why, turn));
                return Err(broken(completion, why));
            }
            Step::Garbage => {
                return Err(for_good(
                    "the service sent something that is no answer of a model",
                ));
            }
        }
    }
    Ok(false)
}

/// Whether what came is an answer.
fn judged(completion: Completion, is_done: bool) -> Result<Completion, Stopped> {
    if !is_done && completion.finish.is_none() {
        return Err(broken(
            &completion,
            "the answer broke off in the middle".to_owned(),
        ));
    }
    if !completion.text.trim().is_empty() {
        return Ok(completion);
    }
    if completion.wants_tools {
        let why = "the model wants to call tools, and there are none here";
        return Err(Stopped::ForGood(Failure::permanent(why)));
    }
    Err(for_good("the model answered with nothing"))
}

fn for_good(why: &str) -> Stopped {
    Stopped::ForGood(Failure::transient(why))
}

/// An answer that ended too early: nothing of it was sent to anyone, so it may be asked for anew.
fn broken(completion: &Completion, why: String) -> Stopped {
    let failure = Failure::transient(why);
    if completion.text.is_empty() {
        Stopped::BeforeFirstWord(failure)
    } else {
        Stopped::ForGood(failure)
    }
}

/// What a refusal means.
fn refused(answer: &HttpAnswer, turn: &Turn) -> Stopped {
    let said = error_of(&answer.json());
    let said = said.unwrap_or_else(|| String::from_utf8_lossy(&answer.body).into_owned());
    let (status, said) = (answer.status, quoted(&said, turn));
    let advice = match status {
        401 | 403 => "; is the key right?",
        404 => "; are the address and the model right?",
        _ => "",
    };
    let error = format!("the service refused with {status}: {said}{advice}");
    match status {
        408 | 429 | 500..=599 => Stopped::BeforeFirstWord(Failure {
            retry_after: answer.retry_after,
            ..Failure::transient(error)
        }),
        _ => Stopped::ForGood(Failure::permanent(error)),
    }
}
