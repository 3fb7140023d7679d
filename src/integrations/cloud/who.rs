//! Who wrote a message and where it goes, by Meta's names for people and groups. Pure.
//!
//! A person is a phone number, or, where a user name hides it, a business-scoped user id (BSUID) such
//! as `BR.13491208655302741918`, kept as it came, letters and all; the id of a business with several
//! portfolios has `ENT.` behind the country. Any other name is a group's
//! (<https://developers.facebook.com/documentation/business-messaging/whatsapp/business-scoped-user-ids>,
//! <https://developers.facebook.com/documentation/business-messaging/whatsapp/groups/groups-messaging>).

use serde_json::{Value, json};

use crate::{message::text_at, phone};

/// Who wrote a group's message where Meta does not say.
pub(super) const UNKNOWN: &str = "unknown";

/// Longest user id behind the country, in characters.
const MAX_USER_ID: usize = 128;

/// Whether that is a business-scoped user id.
pub(super) fn is_user_id(name: &str) -> bool {
    let Some((country, id)) = name.split_once('.') else {
        return false;
    };
    let id = id.strip_prefix("ENT.").unwrap_or(id);
    country.len() == 2
        && country.bytes().all(|byte| byte.is_ascii_uppercase())
        && (1..=MAX_USER_ID).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Puts an addressee into a body.
///
/// A user id goes into `recipient` and not into `to`, as Meta's page on business-scoped user ids and
/// <https://dualhook.com/docs/contacts-bsuid-api-changes> have it: in `to` Meta takes it for a number,
/// answers 200 and drops the message (<https://github.com/chatwoot/chatwoot/pull/15150>). `recipient_type`
/// knows only `individual` and `group` (<https://github.com/devlooped/WhatsApp/issues/440>).
pub(super) fn address(body: &mut Value, peer: &str) {
    let number = phone::person(peer);
    let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
    let (kind, key, name) = if is_user_id(peer) {
        ("individual", "recipient", peer)
    } else if is_number {
        ("individual", "to", number.as_str())
    } else {
        ("group", "to", peer)
    };
    body["recipient_type"] = json!(kind);
    body[key] = json!(name);
}

/// The names of a person, as one message tells them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Identity {
    /// The phone number.
    pub(super) number: Option<String>,
    /// The user ids, the person's own first.
    pub(super) user_ids: Vec<String>,
    /// What the person is called.
    pub(super) name: Option<String>,
}

/// Which of the two sides of a message is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// Who wrote it.
    From,
    /// Whom it was written to.
    To,
}

impl Side {
    fn keys(self) -> [&'static str; 3] {
        match self {
            Self::From => ["from", "from_user_id", "from_parent_user_id"],
            Self::To => ["to", "to_user_id", "to_parent_user_id"],
        }
    }
}

impl Identity {
    /// The person on one side of a message, with what the `contacts` beside it tell. What is absent may
    /// come as an empty text.
    pub(super) fn of(message: &Value, side: Side, contacts: &Value) -> Self {
        let [number, own_id, parent_id] = side.keys();
        let mut one = Self {
            number: text_at(message, number).map(phone::person),
            user_ids: texts([text_at(message, own_id), text_at(message, parent_id)]),
            name: None,
        };
        let contact = one.contact(contacts);
        // The only contact may be another's: what it says of names is trusted where it is the same
        // person by a name both have, or where there is no other to be.
        let is_same = contact.is_some_and(|contact| one.is(contact));
        if let Some(contact) = contact {
            one.name = name_in(contact).map(str::to_owned);
            let is_nobody = one.number.is_none() && one.user_ids.is_empty();
            if is_same || is_nobody {
                let number = text_at(contact, "wa_id").map(phone::person);
                one.number = one.number.or(number);
                let ids = ["user_id", "parent_user_id"].map(|key| text_at(contact, key));
                for id in texts(ids) {
                    if !one.user_ids.contains(&id) {
                        one.user_ids.push(id);
                    }
                }
            }
        }
        one
    }

    /// Whether a contact has a name that this person has.
    fn is(&self, contact: &Value) -> bool {
        let number = text_at(contact, "wa_id").map(phone::person);
        let user_id = text_at(contact, "user_id");
        (number.is_some() && number == self.number)
            || user_id.is_some_and(|id| self.user_ids.iter().any(|own| own == id))
    }

    /// The person's contact, or the only one: a `wa_id` need not have the digits of `from`.
    fn contact<'a>(&self, contacts: &'a Value) -> Option<&'a Value> {
        let contacts = contacts.as_array()?;
        let found = contacts.iter().find(|contact| self.is(contact));
        found.or_else(|| contacts.first().filter(|_| contacts.len() == 1))
    }

    /// The person known by one name, such as the other side of a thread.
    pub(super) fn named(name: &str) -> Self {
        if is_user_id(name) {
            Self {
                user_ids: vec![name.to_owned()],
                ..Self::default()
            }
        } else {
            Self {
                number: Some(phone::person(name)),
                ..Self::default()
            }
        }
    }
}

fn texts<const N: usize>(all: [Option<&str>; N]) -> Vec<String> {
    all.into_iter().flatten().map(str::to_owned).collect()
}

fn name_in(contact: &Value) -> Option<&str> {
    let profile = &contact["profile"];
    text_at(profile, "name").or_else(|| text_at(profile, "username"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_user_ids_and_groups_are_addressed_each_in_its_way() {
        let addressed = |peer: &str| {
            let mut body = json!({});
            address(&mut body, peer);
            body
        };
        let id = "BR.13491208655302741918";
        assert_eq!(phone::peer("whatsapp-cloud", id), id);
        for (peer, expected) in [
            (
                "+55 11 98765-4321",
                json!({"recipient_type": "individual", "to": "5511987654321"}),
            ),
            (
                id,
                json!({"recipient_type": "individual", "recipient": "BR.13491208655302741918"}),
            ),
            (
                "US.ENT.11815799212886844830",
                json!({"recipient_type": "individual", "recipient": "US.ENT.11815799212886844830"}),
            ),
            (
                "Y2FwaV9ncm91cDoxNzA1",
                json!({"recipient_type": "group", "to": "Y2FwaV9ncm91cDoxNzA1"}),
            ),
        ] {
            assert_eq!(addressed(peer), expected);
        }
        for wrong in ["br.1", "BRA.1", "BR.", "BR.1.2", "BR.a b", "5511"] {
            assert!(!is_user_id(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_person_is_found_among_the_contacts_by_either_name() {
        let ana = json!({"wa_id": "551187654321", "user_id": "BR.1", "profile": {"name": "Ana"}});
        let bia = json!({"user_id": "BR.2", "profile": {"username": "bia"}});
        let contacts = json!([bia, ana]);
        let of = |message: Value| Identity::of(&message, Side::From, &contacts);
        let found = of(json!({"from": "5511987654321"}));
        assert_eq!(found.name.as_deref(), Some("Ana"));
        assert_eq!(found.user_ids, ["BR.1"]);
        let found = of(json!({"from": "", "from_user_id": "BR.2"}));
        assert_eq!((found.number, found.name.as_deref()), (None, Some("bia")));
        assert_eq!(of(json!({"from": "5599"})).name, None);
    }

    #[test]
    fn the_only_contact_names_a_person_but_is_not_taken_for_the_same() {
        let contacts = json!([{"wa_id": "5522", "user_id": "BR.2", "profile": {"name": "Bia"}}]);
        let found = Identity::of(&json!({"from": "5511"}), Side::From, &contacts);
        assert_eq!(found.number.as_deref(), Some("5511"));
        assert_eq!(
            (found.user_ids.len(), found.name.as_deref()),
            (0, Some("Bia"))
        );
        let nobody = Identity::of(&json!({}), Side::From, &contacts);
        assert_eq!(nobody.number.as_deref(), Some("5522"));
    }
}
