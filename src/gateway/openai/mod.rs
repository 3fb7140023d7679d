//! The chat completions of `OpenAI` (platform.openai.com/docs/api-reference/chat), so that programs that speak to
//! a model can speak to an agent here: a request is a turn of it, kept nowhere.
//!
//! Reading order: `request` (what is asked, and what is refused) → `completion` (the turn) → `chunks` and
//! `stream` (what is answered, at once or as it grows). Errors have the shape of `error`.
//!
//! Not here: HTTP (`gateway::http::routes::openai`), and how an agent is given a turn (`gateway::control`).

mod chunks;
mod completion;
mod error;
mod models;
mod request;
mod stream;

use std::sync::{Arc, OnceLock};

use tokio::sync::Semaphore;

pub(super) use self::{
    completion::{Completion, complete},
    error::ApiError,
    models::{list, model},
};

/// Requests that wait for an agent at a time.
const MAX_AT_A_TIME: usize = 64;

/// What the door keeps while it is used.
#[derive(Debug, Default)]
pub(super) struct OpenAiState {
    places: OnceLock<Arc<Semaphore>>,
}

impl OpenAiState {
    fn places(&self) -> Arc<Semaphore> {
        let places = self
            .places
            .get_or_init(|| Arc::new(Semaphore::new(MAX_AT_A_TIME)));
        Arc::clone(places)
    }
}
