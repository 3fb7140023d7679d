//! How the account stands with `WhatsApp`: looked at again and again, and told by events between.

use std::sync::PoisonError;

use super::Whatsapp;
use crate::integrations::{RunError, Trouble};

/// How the account stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Status {
    /// It is connected.
    Open,
    /// It is not.
    Closed(Trouble),
    /// The server has no such account.
    Missing(Trouble),
    /// The server itself cannot be used.
    Unusable(Trouble),
}

/// What the user can do where the account is not connected.
pub(super) const CONNECT: &str = "cleudocodebot integrations connect whatsapp";

impl Status {
    /// It is not connected, for this reason; a phone is to be paired again.
    pub(super) fn not_connected(why: &str) -> Self {
        Self::Closed(Trouble::new(
            format!("WhatsApp is not connected: {why}"),
            CONNECT,
        ))
    }

    pub(super) fn trouble(&self) -> Option<&Trouble> {
        match self {
            Self::Open => None,
            Self::Closed(trouble) | Self::Missing(trouble) | Self::Unusable(trouble) => {
                Some(trouble)
            }
        }
    }
}

impl Whatsapp {
    /// Looks at the account and its webhook until the run ends.
    pub(super) async fn look(&self) -> Result<(), RunError> {
        let mut is_registered = false;
        loop {
            let status = self.server.status().await?;
            match status {
                Status::Open | Status::Closed(_) if is_registered => {
                    self.server.keep_webhook().await;
                }
                Status::Open | Status::Closed(_) => {
                    self.server.register().await?;
                    is_registered = true;
                }
                Status::Missing(_) | Status::Unusable(_) => is_registered = false,
            }
            self.became(&status);
            self.looks.took(status == Status::Open);
            self.looks.pause().await;
        }
    }

    /// Passes on how the account stands.
    pub(super) fn became(&self, status: &Status) {
        let context = self.context.lock().unwrap_or_else(PoisonError::into_inner);
        match (context.as_ref(), status.trouble()) {
            (None, _) => {}
            (Some(context), None) => context.alive(),
            (Some(context), Some(trouble)) => {
                context.impaired(trouble);
                self.looks.begin_trouble(false);
            }
        }
    }
}

/// Why a run ended, in its words alone.
pub(super) fn told(error: RunError) -> String {
    match error {
        RunError::Failed(why, _) | RunError::Refused(why) => why,
    }
}

/// What is wrong, with what to do about it.
pub(super) fn with_advice(trouble: &Trouble) -> String {
    match &trouble.advice {
        Some(advice) => format!("{}; {advice}", trouble.why),
        None => trouble.why.clone(),
    }
}
