//! How the instance stands with `WhatsApp`: looked at again and again, and told by events between.

use std::sync::PoisonError;

use hyper::Method;
use serde_json::Value;

use super::{
    Whatsapp,
    errors::{CONNECT, Fault, fault},
};
use crate::{
    http_client::HttpError,
    integrations::{RunError, Trouble},
    message::text_at,
};

/// Names of instances that are told.
const MAX_NAMES: usize = 5;

/// How the instance stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Status {
    /// It is connected.
    Open,
    /// It is not.
    Closed(Trouble),
    /// There is no such instance.
    Missing(Trouble),
    /// The service itself cannot be used.
    Unusable(Trouble),
}

impl Status {
    /// Reads the state of an instance, and why it has it (Baileys, `DisconnectReason`). None is told of
    /// an instance that is in the database and was not loaded.
    pub(super) fn of(state: Option<&str>, reason: Option<i64>) -> Self {
        let Some(state) = state else {
            return Self::Closed(Trouble::new(
                "the Evolution API has not loaded the instance",
                "restart the Evolution API; if that does not help: cleudocodebot integrations connect whatsapp",
            ));
        };
        let why = match (state, reason) {
            ("open", _) => return Self::Open,
            ("refused", _) => ": the QR code was not scanned in time",
            (_, Some(401)) => ": the phone logged this device out",
            (_, Some(402 | 403 | 406)) => ": WhatsApp refuses this account",
            _ => "",
        };
        let why = format!("WhatsApp is not connected ({state}{why})");
        Self::Closed(Trouble::new(why, CONNECT))
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
    /// Asks how the instance stands.
    pub(super) async fn status(&self) -> Result<Status, RunError> {
        let asked = self.call(Method::GET, "/instance/connectionState", &Value::Null);
        let answer = asked.await.map_err(unanswered)?;
        let body = answer.json();
        if answer.status == 200 && body["instance"].is_object() {
            return Ok(Status::of(text_at(&body["instance"], "state"), None));
        }
        match fault(&answer, &self.address) {
            Fault::Unauthorized(why) => Err(RunError::Refused(why)),
            Fault::NoInstance => self.missing().await,
            Fault::Trouble(trouble) => Ok(Status::Unusable(trouble)),
            Fault::Other(why) => Err(RunError::Failed(why, answer.retry_after)),
        }
    }

    /// That an instance is missing it says whatever the key. A list of instances it gives to a right one
    /// alone.
    async fn missing(&self) -> Result<Status, RunError> {
        let name = &self.settings.instance;
        let asked = self.ask(Method::GET, "/instance/fetchInstances", &Value::Null);
        let answer = asked.await.map_err(unanswered)?;
        if let Fault::Unauthorized(why) = fault(&answer, &self.address) {
            return Err(RunError::Refused(format!(
                "{why}; and it has no instance {name:?}"
            )));
        }
        let found = answer.json();
        let all = found.as_array().into_iter().flatten();
        let all: Vec<&str> = all
            .filter_map(|one| text_at(one, "name").or(text_at(&one["instance"], "instanceName")))
            .take(MAX_NAMES)
            .collect();
        let others = match all.as_slice() {
            [] => String::new(),
            all => format!("; it has {}", all.join(", ")),
        };
        let why = format!("the Evolution API has no instance {name:?}{others}");
        let advice = format!(
            "{CONNECT} makes it and pairs a phone; another name goes into WHATSAPP_INSTANCE_NAME"
        );
        Ok(Status::Missing(Trouble::new(why, advice)))
    }

    /// Looks at the instance and its webhook until the life ends.
    pub(super) async fn look(&self) -> Result<(), RunError> {
        let mut is_registered = false;
        loop {
            let status = self.status().await?;
            match status {
                Status::Open | Status::Closed(_) if is_registered => self.keep_webhook().await,
                Status::Open | Status::Closed(_) => {
                    self.register().await?;
                    is_registered = true;
                }
                Status::Missing(_) | Status::Unusable(_) => is_registered = false,
            }
            self.became(&status);
            self.looks.took(status == Status::Open);
            self.looks.pause().await;
        }
    }

    /// Passes on how the instance stands.
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

pub(super) fn unanswered(error: HttpError) -> RunError {
    let (HttpError::NotSent(why) | HttpError::NoAnswer(why)) = error;
    RunError::Failed(why, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_it_is_not_connected_is_told() {
        let why = |state, reason| {
            Status::of(state, reason)
                .trouble()
                .map(|one| one.why.clone())
        };
        assert_eq!(why(Some("open"), Some(401)), None);
        assert_eq!(
            why(Some("connecting"), Some(200)).as_deref(),
            Some("WhatsApp is not connected (connecting)")
        );
        assert!(
            why(Some("close"), Some(401)).is_some_and(|why| why.contains("logged this device out"))
        );
        assert!(
            why(Some("refused"), Some(428)).is_some_and(|why| why.contains("not scanned in time"))
        );
        assert!(why(None, None).is_some_and(|why| why.contains("not loaded")));
    }
}
