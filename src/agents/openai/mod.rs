//! Answers by a service that speaks `/v1/chat/completions` with streaming: Ollama, `OpenAI`, Groq, vLLM, LM
//! Studio and others (<https://platform.openai.com/docs/api-reference/chat/create>,
//! <https://docs.ollama.com/api/openai-compatibility>).
//!
//! An attempt is made anew only before the first word came. Dropping an answer closes its connection, which
//! is how these services are told to stop.

mod attempt;
mod completion;
mod conversation;
mod models;
mod sse;
#[cfg(test)]
mod tests;
mod thoughts;

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

pub(in crate::agents) use self::conversation::pictures;
use self::{attempt::Stopped, completion::Completion, conversation::Memory};
use super::{Agent, Answer, BoxFuture, Failure, MAX_ANSWER_BYTES, Reply, Turn, journal::Journal};
use crate::{
    config::models::{ModelEndpoint, Prompts},
    cut,
    error::{Error, Result},
    http_client::{Http, HttpLimits},
};

/// Attempts before the first word.
const MAX_ATTEMPTS: u32 = 3;

/// The wait before the second; it doubles.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// A service that asks for a longer wait than this is left to the gateway, which offers the turn later.
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// When the gateway is to offer a turn again where the service was not there, or failed, and says nothing of when it will
/// be: one that is started again takes some seconds, and has a model to load.
const LATER: Duration = Duration::from_secs(20);

/// What is asked where an answer was cut by the model's own limit.
const GO_ON: &str = "Go on exactly where you stopped, without repeating anything.";

/// The limits of one request. The gateway's own deadlines are tighter; these end what it forgot.
const LIMITS: HttpLimits = HttpLimits {
    connect: Duration::from_secs(10),
    // A model that is not in memory yet is loaded first.
    first_byte: Duration::from_secs(600),
    body: Duration::from_secs(3600),
    stall: Duration::from_secs(300),
    // About 250 bytes come for each token.
    max_bytes: 64 << 20,
};

/// How a model is asked.
#[derive(Debug, Clone)]
pub struct OpenAiOptions {
    /// Where.
    pub endpoint: ModelEndpoint,
    /// What it is told to be.
    pub prompts: Prompts,
    /// Characters of history.
    pub history: usize,
    /// Whether pictures are shown.
    pub vision: bool,
    /// Where notes go.
    pub journal: Journal,
}

/// The agent `openai`.
pub struct OpenAi {
    http: Http,
    key: Option<String>,
    model: String,
    memory: Memory,
    limits: HttpLimits,
    journal: Journal,
}

impl OpenAi {
    /// An agent of the model that the settings name, or of the only one that the service has. Fails with
    /// [`Error::Config`] where it has several.
    pub async fn open(options: OpenAiOptions) -> Result<Self> {
        let ModelEndpoint { base, key, .. } = &options.endpoint;
        let mut agent = Self {
            http: http(&options.endpoint),
            key: key.clone(),
            model: String::new(),
            memory: Memory {
                prompts: options.prompts,
                history: options.history,
                vision: options.vision,
            },
            limits: LIMITS,
            journal: options.journal,
        };
        agent.model = match &options.endpoint.model {
            Some(model) => model.clone(),
            None => only_model(&agent.http, &options.endpoint).await?,
        };
        let (title, place) = (options.endpoint.title, base.authority());
        let model = &agent.model;
        agent
            .journal
            .info(&format!("the model is {model} of {title} at {place}"));
        Ok(agent)
    }

    async fn run(&self, turn: &Turn, reply: &Reply) -> Result<Answer, Failure> {
        let messages = self.memory.messages(turn, reply).await;
        let mut messages = messages.map_err(|error| Failure::transient(error.to_string()))?;
        let first = self.persistently(&messages, turn, reply).await?;
        let mut text = first.text;
        if is_cut(first.finish.as_deref()) && !text.is_empty() && text.len() < MAX_ANSWER_BYTES {
            messages.push(json!({"role": "assistant", "content": text}));
            messages.push(json!({"role": "user", "content": GO_ON}));
            match self.persistently(&messages, turn, reply).await {
                Ok(more) => {
                    text.push_str(&more.text);
                    if is_cut(more.finish.as_deref()) {
                        text.push_str(cut::MARK);
                    }
                }
                Err(failure) => {
                    let why = &failure.error;
                    self.journal
                        .warn(&format!("{} is cut short: {why}", turn.id));
                    text.push_str(cut::MARK);
                }
            }
        }
        Ok(Answer::markdown(cut::marked(
            text.trim().to_owned(),
            MAX_ANSWER_BYTES,
        )))
    }

    /// Asks until words come, as often and as long as is sensible.
    async fn persistently(
        &self,
        messages: &[Value],
        turn: &Turn,
        reply: &Reply,
    ) -> Result<Completion, Failure> {
        let mut wait = FIRST_WAIT;
        for attempt in 1.. {
            let (failure, wanted) = match self.attempt(messages, turn, reply).await {
                Ok(completion) => return Ok(completion),
                Err(Stopped::ForGood(failure)) => return Err(failure),
                Err(Stopped::BeforeFirstWord(failure)) => {
                    let wanted = failure.retry_after;
                    (failure, wanted)
                }
            };
            let pause = wanted.unwrap_or(wait);
            if attempt >= MAX_ATTEMPTS || pause > LONGEST_WAIT {
                return Err(Failure {
                    retry_after: wanted.or(Some(LATER)),
                    ..failure
                });
            }
            let (id, why, seconds) = (&turn.id, &failure.error, pause.as_secs());
            self.journal
                .warn(&format!("{id}: {why}; again in {seconds} s"));
            sleep(pause).await;
            wait *= 2;
        }
        Err(Failure::unknown("no attempt was made"))
    }
}

/// The models that a service has; the error says why they are not known.
pub async fn models_of(endpoint: &ModelEndpoint) -> Result<Vec<String>, String> {
    models::list(&http(endpoint), endpoint.key.as_deref()).await
}

/// The model that is named, or the only one that the service has.
pub(in crate::agents) async fn model_of(endpoint: &ModelEndpoint) -> Result<String> {
    match &endpoint.model {
        Some(model) => Ok(model.clone()),
        None => only_model(&http(endpoint), endpoint).await,
    }
}

/// Speaks to a service; its errors are without the key.
fn http(endpoint: &ModelEndpoint) -> Http {
    let secret = endpoint.key.as_deref().unwrap_or_default();
    Http::new(endpoint.base.clone()).redacting([secret])
}

async fn only_model(http: &Http, endpoint: &ModelEndpoint) -> Result<String> {
    let place = endpoint.base.authority();
    let key = endpoint.model_key;
    let models = models::list(http, endpoint.key.as_deref()).await;
    let models = models.map_err(|why| Error::Failed(format!("{why}; {key} names no model")))?;
    match &models[..] {
        [one] => Ok(one.clone()),
        [] => Err(Error::Config(format!(
            "{place} has no model; load one, or name it in {key}"
        ))),
        several => Err(Error::Config(format!(
            "{place} has several models; name one in {key}: {}",
            models::some(several)
        ))),
    }
}

/// Whether the model's own limit ended the answer.
fn is_cut(finish: Option<&str>) -> bool {
    finish == Some("length")
}

impl Agent for OpenAi {
    fn answer<'a>(
        &'a self,
        turn: &'a Turn,
        reply: &'a Reply,
    ) -> BoxFuture<'a, Result<Answer, Failure>> {
        Box::pin(self.run(turn, reply))
    }
}
