//! A channel whose settings are invalid: parked from the start with the error, so that the other
//! channels run and messages to this one wait.

use super::{Accepted, BoxFuture, DeliveryError, Integration, Progress, RunContext, RunError};
use crate::message::Message;

/// The integration of such a channel.
pub(super) struct Broken {
    name: String,
    why: String,
}

impl Broken {
    /// An integration that refuses to run, for this reason.
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
