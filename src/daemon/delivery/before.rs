//! What comes before a delivery: the gate that may hold it back, and being seen typing.

use std::time::Duration;

use tokio::time::sleep;

use super::attempt::{Attempt, NextStep};
use crate::{
    integrations::Indicator,
    message::{Kind, Message},
    panics::contained,
    store::{StatusUpdate, StoreError},
};

/// How long a person types a letter, and the bounds of a whole text: a service shows it for a few seconds.
const A_LETTER: Duration = Duration::from_millis(60);
const SHORTEST_TYPING: Duration = Duration::from_secs(1);
const LONGEST_TYPING: Duration = Duration::from_secs(5);

impl Attempt {
    /// The gate holds the message back; where it is the message's own matter, it says so.
    pub(super) async fn held(
        &self,
        message: &Message,
        wait: Duration,
        why: Option<String>,
    ) -> Result<NextStep, StoreError> {
        if why.is_some() && message.error != why {
            let step = StatusUpdate {
                error: why,
                ..StatusUpdate::to(message.state)
            };
            self.advance(message.id, step).await?;
        }
        Ok(NextStep::Held(wait))
    }

    /// Shows that we write for as long as a person would, where the service shows that. A shutdown ends it.
    pub(super) async fn type_first(&self, message: &Message) {
        let is_text = message.kind == Kind::Text && !message.text.is_empty();
        if !is_text || !self.integration.can_show(Indicator::Typing, &message.peer) {
            return;
        }
        // What fails here is no reason not to send.
        let _ = contained(self.integration.typing(&message.peer)).await;
        let letters = u32::try_from(message.text.chars().count()).unwrap_or(u32::MAX);
        let time = (A_LETTER.saturating_mul(letters)).clamp(SHORTEST_TYPING, LONGEST_TYPING);
        tokio::select! {
            _ = self.shutdown.begun() => {}
            () = sleep(time) => {}
        }
    }
}
