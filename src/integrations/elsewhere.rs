//! A channel that only other machines of the cluster have the credentials for: messages to it are taken here and sent
//! there.

use super::{Accepted, BoxFuture, DeliveryError, Integration, Progress, RunContext, RunError};
use crate::message::Message;

/// The integration of such a channel, which never runs.
pub(super) struct Elsewhere {
    name: String,
}

impl Elsewhere {
    pub(super) fn new(name: &str) -> Self {
        let name = name.to_owned();
        Self { name }
    }
}

impl Integration for Elsewhere {
    fn name(&self) -> &str {
        &self.name
    }

    fn run(&self, context: RunContext) -> BoxFuture<'_, Result<(), RunError>> {
        Box::pin(async move {
            context.ended().await;
            Ok(())
        })
    }

    fn deliver<'a>(
        &'a self,
        _: &'a Message,
        _: &'a Progress,
    ) -> BoxFuture<'a, Result<Accepted, DeliveryError>> {
        Box::pin(std::future::ready(Err(DeliveryError::Away)))
    }

    fn can_reach(&self, _: &str) -> bool {
        false
    }
}
