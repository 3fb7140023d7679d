//! A channel whose settings cannot be read: parked from the start with what is wrong, so that its
//! mistake stops nobody else and what is sent to it waits.

use super::{Accepted, BoxFuture, DeliveryError, Integration, Progress, RunContext, RunError};
use crate::message::Message;

/// The channel.
pub(super) struct Broken {
    name: String,
    why: String,
}

impl Broken {
    /// A channel that says why it cannot run.
    pub(super) fn new(name: &str, why: &str) -> Self {
        Self {
            name: name.to_owned(),
            why: why.to_owned(),
        }
    }
}

impl Integration for Broken {
    fn name(&self) -> &str {
        &self.name
    }

    fn run(&self, _: RunContext) -> BoxFuture<'_, Result<(), RunError>> {
        Box::pin(std::future::ready(Err(RunError::Refused(self.why.clone()))))
    }

    fn deliver<'a>(
        &'a self,
        _: &'a Message,
        _: &'a Progress,
    ) -> BoxFuture<'a, Result<Accepted, DeliveryError>> {
        let refused = DeliveryError::Unauthorized(self.why.clone());
        Box::pin(std::future::ready(Err(refused)))
    }

    fn remedy(&self) -> String {
        "mend that in .env or in the environment, then: cleudocodebot reload".to_owned()
    }
}
