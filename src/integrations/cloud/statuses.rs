//! What became of messages that Meta took
//! (<https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/status/>).
//!
//! Reports come in any order and more than once, of a group one for each member; the store never takes
//! a message back for one. `played` is said of voice notes that were heard, and so read.

use serde_json::Value;

use super::{
    NAME, calls,
    codes::{About, judged},
    errors,
    webhook::{Receiver, list},
};
use crate::{
    log::LogField,
    message::{MessageId, State, text_at},
    store::{StatusUpdate, StoreError},
};

impl Receiver {
    /// Takes one report. It may come before the answer to its call: then our own id, which it carries,
    /// helps.
    pub(super) async fn report(&self, status: &Value) -> Result<(), StoreError> {
        if calls::is_report(status) {
            self.debug("a report on a call was left out", "call");
            return Ok(());
        }
        let name = text_at(status, "status").unwrap_or("unknown");
        let Some(state) = state_of(name) else {
            self.debug("a report without a rule was left out", name);
            return Ok(());
        };
        // What failed for one member of a group did not fail for the others.
        if state == State::Failed && text_at(status, "recipient_participant_id").is_some() {
            self.debug("a member of a group was not reached", name);
            return Ok(());
        }
        let error = (state == State::Failed).then(|| self.why(status));
        let reference = text_at(status, "id").unwrap_or_default();
        if self.ingress.report(reference, state, error.clone()).await? {
            return Ok(());
        }
        self.report_by_our_id(status, state, error).await
    }

    async fn report_by_our_id(
        &self,
        status: &Value,
        state: State,
        error: Option<String>,
    ) -> Result<(), StoreError> {
        let ours = text_at(status, "biz_opaque_callback_data");
        // With a part in front of the last the message is not sent yet, but it may be lost.
        let ours = match ours.and_then(|ours| ours.split_once('/')) {
            Some((id, _)) => (state == State::Failed).then_some(id),
            None => ours,
        };
        let Some(Ok(id)) = ours.map(str::parse::<MessageId>) else {
            return Ok(());
        };
        let step = StatusUpdate {
            error,
            ..StatusUpdate::to(state)
        };
        // The id is only what was once sent with it: it may have been given by another store.
        let store = self.ingress.store();
        match store.answered(NAME, id, vec![], step)?.await {
            Ok(_) | Err(StoreError::NotFound) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Why a message failed. Where that is a matter of the account, the log says so too, by the code
    /// alone: the words may be about the message.
    fn why(&self, status: &Value) -> String {
        let Some(error) = list(status, "errors").first() else {
            return "Meta says: no reason given".to_owned();
        };
        let (about, advice) = judged(error);
        if !matches!(about, About::Message | About::Passing) {
            let code = error["code"].to_string();
            let fields: [LogField<'_>; 3] = [("name", &NAME), ("code", &code), ("advice", &advice)];
            let what = "Meta took a message and cannot bring it for the account's sake";
            self.ingress
                .log()
                .warn_limited("integration", what, &fields);
        }
        errors::failure(error)
    }
}

fn state_of(status: &str) -> Option<State> {
    match status {
        "sent" => Some(State::Sent),
        "delivered" => Some(State::Delivered),
        "read" | "played" => Some(State::Read),
        "failed" => Some(State::Failed),
        _ => None,
    }
}
