//! Posts of Meta, taken apart: each entry has changes, each change messages, reports and the like of one
//! webhook field (<https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview>).
//!
//! - `messages`: what people write, and `statuses` of what we wrote (`inbound`, `statuses`);
//! - `smb_message_echoes`: what the user wrote in the app on the phone (`inbound`);
//! - `history`: what stood in the app before (`history`); `calls` (`calls`);
//! - `standby`: a conversation that Meta's own agent leads: kept, its commands are not for us;
//! - `smb_app_state_sync`: the phone's address book, which is nobody's message: left alone;
//! - `account_update`: a line in the log where it concerns what may be sent; every other field one at
//!   level debug.
//!
//! Whatever one message does, the rest of its post is taken. Meta repeats for a week what is not
//! answered with 200, so that is answered unless the store fails.

use serde_json::{Value, json};

use super::{NAME, errors, recent::Recent};
use crate::{
    config::FetchRule,
    integrations::{HookReply, ingress::Ingress},
    log::LogField,
    message::text_at,
    phone,
    store::StoreError,
};

/// Takes what Meta posts for one number.
pub(super) struct Receiver {
    phone_id: String,
    pub(super) ingress: Ingress,
    pub(super) edits: Recent,
    /// Which files are fetched at once.
    pub(super) fetches: FetchRule,
}

/// One change of a post.
pub(super) struct Change<'a> {
    /// The webhook field it came by.
    pub(super) field: &'a str,
    /// What it says.
    pub(super) value: &'a Value,
}

impl Change<'_> {
    /// The entries of one of its lists.
    pub(super) fn list(&self, key: &str) -> &[Value] {
        list(self.value, key)
    }

    /// The people it names.
    pub(super) fn contacts(&self) -> &Value {
        &self.value["contacts"]
    }

    /// Whether a text names the number this channel writes from: `@` and the number. Nothing beside the
    /// text tells it.
    pub(super) fn names_us(&self, text: &str) -> bool {
        let ours = text_at(&self.value["metadata"], "display_phone_number").map(phone::person);
        ours.is_some_and(|ours| phone::is_mentioned(text, &ours))
    }

    /// Whether that is the number this channel writes from.
    pub(super) fn is_ours(&self, number: Option<&str>) -> bool {
        let ours = text_at(&self.value["metadata"], "display_phone_number").map(phone::person);
        ours.is_some() && ours == number.map(phone::person)
    }
}

/// A list in JSON, empty where there is none.
pub(super) fn list<'a>(json: &'a Value, key: &str) -> &'a [Value] {
    json[key].as_array().map_or(&[], Vec::as_slice)
}

/// The first failure of the store; the work goes on.
#[derive(Default)]
struct Failure(Option<StoreError>);

impl Receiver {
    pub(super) fn new(phone_id: &str, ingress: Ingress, fetches: FetchRule) -> Self {
        Self {
            phone_id: phone_id.to_owned(),
            ingress,
            edits: Recent::default(),
            fetches,
        }
    }

    /// Takes a whole post.
    pub(super) async fn taken(&self, body: &Value) -> HookReply {
        let mut failure = Failure::default();
        for entry in list(body, "entry") {
            for change in list(entry, "changes") {
                let field = text_at(change, "field").unwrap_or("unknown");
                let value = &change["value"];
                self.change(&Change { field, value }, &mut failure).await;
                if value["standby"].is_object() {
                    self.standby(value, &mut failure).await;
                }
            }
        }
        match failure.0 {
            Some(error) => HookReply::again(&error.to_string()),
            None => HookReply::done(),
        }
    }

    /// What stands in `standby` is as it would stand beside it.
    async fn standby(&self, value: &Value, failure: &mut Failure) {
        let mut inner = value["standby"].clone();
        for key in ["metadata", "contacts"] {
            if inner[key].is_null() {
                inner[key] = value[key].clone();
            }
        }
        let change = Change {
            field: "standby",
            value: &inner,
        };
        self.change(&change, failure).await;
    }

    /// An account's numbers share one webhook: what another number got is not for this channel.
    async fn change(&self, change: &Change<'_>, failure: &mut Failure) {
        let number = text_at(&change.value["metadata"], "phone_number_id");
        if number.is_some_and(|id| id != self.phone_id) {
            self.debug("a webhook of another number was left out", change.field);
            return;
        }
        self.tell_errors(change);
        let is_past = change.field == "history";
        let mut known = change.list("errors").len();
        for status in change.list("statuses") {
            self.note(failure, self.report(status).await);
            known += 1;
        }
        for message in change.list("messages") {
            let taken = if is_past {
                self.past(change, message).await
            } else {
                self.message(change, message).await
            };
            self.note(failure, taken);
            known += 1;
        }
        for echo in change.list("message_echoes") {
            self.note(failure, self.echo(change, echo).await);
            known += 1;
        }
        for call in change.list("calls") {
            self.note(failure, self.call_told(change, call).await);
            known += 1;
        }
        if !change.list("history").is_empty() {
            self.note(failure, self.history(change).await);
            known += 1;
        }
        if known == 0 {
            self.tell_rest(change);
        }
    }

    /// A name too long for an index would be so however often it came; all else is worth a repeat.
    fn note(&self, failure: &mut Failure, taken: Result<(), StoreError>) {
        match taken {
            Ok(()) => {}
            Err(error @ StoreError::TooLong { .. }) => {
                let fields: [LogField<'_>; 2] = [("name", &NAME), ("error", &error)];
                let log = self.ingress.log();
                log.warn_limited("integration", "a message cannot be kept", &fields);
            }
            Err(error) => drop(failure.0.get_or_insert(error)),
        }
    }

    /// Errors beside what came concern the number or the account, not one message.
    fn tell_errors(&self, change: &Change<'_>) {
        for error in change.list("errors") {
            let words = errors::words(error);
            let fields: [LogField<'_>; 2] = [("name", &NAME), ("error", &words)];
            let log = self.ingress.log();
            log.warn_limited("integration", "Meta reports an error", &fields);
        }
    }

    /// A change that brought nothing to keep.
    fn tell_rest(&self, change: &Change<'_>) {
        let Some(event) = account_trouble(change) else {
            self.debug("a webhook with nothing to keep came", change.field);
            return;
        };
        let details = account_details(change.value);
        let fields: [LogField<'_>; 3] = [("name", &NAME), ("event", &event), ("details", &details)];
        let log = self.ingress.log();
        log.warn_limited("integration", "Meta tells of the account", &fields);
    }

    /// One line for whoever looks for what has no rule.
    pub(super) fn debug(&self, what: &str, kind: &str) {
        let fields: [LogField<'_>; 2] = [("name", &NAME), ("type", &kind)];
        self.ingress.log().debug("integration", what, &fields);
    }
}

/// The event of an account that may end its sending.
fn account_trouble<'a>(change: &Change<'a>) -> Option<&'a str> {
    let event = text_at(change.value, "event").filter(|_| change.field == "account_update")?;
    let tells =
        event.starts_with("ACCOUNT_") || event.contains("DISABLED") || event == "PARTNER_REMOVED";
    tells.then_some(event)
}

/// What is known of it, without names and numbers.
fn account_details(value: &Value) -> String {
    let state = text_at(&value["ban_info"], "waba_ban_state");
    let violation = text_at(&value["violation_info"], "violation_type");
    let restrictions = list(value, "restriction_info").iter();
    let restrictions = restrictions.filter_map(|one| text_at(one, "restriction_type"));
    let all: Vec<&str> = state
        .into_iter()
        .chain(violation)
        .chain(restrictions)
        .collect();
    json!(all).to_string()
}
