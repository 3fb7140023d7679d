//! How the instance stands with `WhatsApp`.

use hyper::Method;
use serde_json::Value;

use super::{
    Evolution,
    errors::{Fault, fault},
};
use crate::{
    integrations::{
        RunError, Trouble,
        whatsapp::{
            connection::{CONNECT, Status},
            servers::api::unanswered,
        },
    },
    message::text_at,
};

/// Names of instances that are told.
const MAX_NAMES: usize = 5;

/// Reads the state of an instance, and why it has it (Baileys, `DisconnectReason`). None is told of
/// an instance that is in the database and was not loaded.
pub(super) fn status_of(state: Option<&str>, reason: Option<i64>) -> Status {
    let Some(state) = state else {
        return Status::Closed(Trouble::new(
            "the Evolution API has not loaded the instance",
            "restart the Evolution API; if that does not help: cleudocodebot integrations connect whatsapp",
        ));
    };
    let why = match (state, reason) {
        ("open", _) => return Status::Open,
        ("refused", _) => ": the QR code was not scanned in time",
        (_, Some(401)) => ": the phone logged this device out",
        (_, Some(402 | 403 | 406)) => ": WhatsApp refuses this account",
        _ => "",
    };
    let why = format!("WhatsApp is not connected ({state}{why})");
    Status::Closed(Trouble::new(why, CONNECT))
}

impl Evolution {
    /// Asks how the instance stands.
    pub(super) async fn how_it_stands(&self) -> Result<Status, RunError> {
        let asked = self.call(Method::GET, "/instance/connectionState", &Value::Null);
        let answer = asked.await.map_err(unanswered)?;
        let body = answer.json();
        if answer.status == 200 && body["instance"].is_object() {
            return Ok(status_of(text_at(&body["instance"], "state"), None));
        }
        match fault(&answer, &self.api.address) {
            Fault::Unauthorized(why) => Err(RunError::Refused(why)),
            Fault::NoInstance => self.missing().await,
            Fault::Trouble(trouble) => Ok(Status::Unusable(trouble)),
            Fault::Other(why) => Err(RunError::Failed(why, answer.retry_after)),
        }
    }

    /// That an instance is missing it says whatever the key. A list of instances it gives to a right one
    /// alone.
    async fn missing(&self) -> Result<Status, RunError> {
        let name = &self.instance;
        let asked = self.api.get("/instance/fetchInstances");
        let answer = asked.await.map_err(unanswered)?;
        if let Fault::Unauthorized(why) = fault(&answer, &self.api.address) {
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_it_is_not_connected_is_told() {
        let why = |state, reason| {
            status_of(state, reason)
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
