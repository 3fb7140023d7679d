//! One request from the turn it becomes to its answer.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::{
    chunks::AnswerHead,
    error::ApiError,
    models::expect_known,
    request::{self, ChatRequest, DEFAULT_MODEL, Picture},
    stream::ChatStream,
};
use crate::{
    gateway::{
        Gateway,
        control::{Prompt, PromptEvent},
    },
    media::About,
    protocol::error_code::Fault,
};

/// An answer.
pub(in crate::gateway) enum Completion {
    /// The whole of it.
    Whole(Value),
    /// As it grows.
    Stream(Box<ChatStream>),
}

/// Has an agent answer. Dropping the future, or the stream, ends its turn.
pub(in crate::gateway) async fn complete(
    gateway: &Arc<Gateway>,
    body: &[u8],
    base: &str,
) -> Result<Completion, ApiError> {
    let mut request = request::read(body)?;
    expect_known(gateway, &request.model)?;
    let place = gateway.openai.places().try_acquire_owned();
    let place = place.map_err(|_| {
        let text = "too many requests wait for an agent; try again in a second";
        ApiError {
            code: Some("rate_limit_exceeded"),
            retry_after: Some(std::time::Duration::from_secs(1)),
            ..ApiError::new(429, text)
        }
    })?;
    let pictures = std::mem::take(&mut request.pictures);
    let media = keep(gateway, pictures).await.map_err(ApiError::from)?;
    let (stream, include_usage) = (request.stream, request.include_usage);
    let mut head = AnswerHead::new(&request.model, base, include_usage);
    let mut events = gateway.agents.prompt(prompt(request, media))?;
    let first = begun(&mut events, &mut head).await?;
    if stream {
        let stream = ChatStream::new(head, first, events, place);
        return Ok(Completion::Stream(Box::new(stream)));
    }
    let mut last = first;
    loop {
        match last {
            PromptEvent::Done(answer) => return Ok(Completion::Whole(head.whole(&answer))),
            PromptEvent::Failed(why) => return Err(failed(why)),
            PromptEvent::Began { .. } | PromptEvent::Delta(_) => {}
        }
        last = events.recv().await.ok_or_else(stopped)?;
    }
}

/// The first that comes of an answer: until then an error has its own status.
async fn begun(
    events: &mut mpsc::Receiver<PromptEvent>,
    head: &mut AnswerHead,
) -> Result<PromptEvent, ApiError> {
    loop {
        match events.recv().await.ok_or_else(stopped)? {
            PromptEvent::Began { agent } => head.model = agent,
            PromptEvent::Failed(why) => return Err(failed(why)),
            other => return Ok(other),
        }
    }
}

fn prompt(request: ChatRequest, media: Option<Value>) -> Prompt {
    Prompt {
        agent: (request.model != DEFAULT_MODEL).then_some(request.model),
        session: request.session,
        messages: request.messages,
        media,
    }
}

/// Keeps the pictures of the last message, so that an agent can get them as it gets those of any turn.
async fn keep(gateway: &Gateway, pictures: Vec<Picture>) -> Result<Option<Value>, Fault> {
    let mut files = Vec::with_capacity(pictures.len());
    for Picture { mime, bytes } in pictures {
        let about = About {
            mime: Some(mime),
            ..About::default()
        };
        let kept = gateway.media.keep_bytes(&bytes, about).await?;
        let row = kept.row;
        files.push(
            json!({"kind": row.kind.as_str(), "media_id": row.id.to_string(), "mime": row.mime,
            "bytes": row.bytes}),
        );
    }
    Ok((!files.is_empty()).then_some(Value::Array(files)))
}

/// The agent tried as often as it may; the client is to leave it at that.
fn failed(why: String) -> ApiError {
    ApiError {
        code: Some("agent_failed"),
        ..ApiError::new(502, why)
    }
}

fn stopped() -> ApiError {
    ApiError::new(503, "the daemon stopped before the answer was whole")
}
