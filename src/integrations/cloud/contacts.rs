//! The people in a message of type `contacts`
//! (<https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/contacts>).
//! One who answers our wish for contact information comes as a vCard alone (RFC 6350). Pure.

use serde_json::Value;

use crate::{
    integrations::support::vcard,
    message::{Content, content::Person, text_at},
};

/// The people, or nothing where there are none.
pub(super) fn people(body: &Value) -> Option<Content> {
    let people = body.as_array()?.iter().filter(|one| one.is_object());
    let people: Vec<Person> = people.map(person).collect();
    (!people.is_empty()).then_some(Content::Contact(people))
}

fn person(one: &Value) -> Person {
    let cards = vcard::people(text_at(one, "vcard").unwrap_or_default(), None);
    let card = cards.into_iter().next().unwrap_or_default();
    let told = Person {
        name: name(&one["name"]),
        phones: each(&one["phones"], &["phone", "wa_id"]),
        emails: each(&one["emails"], &["email"]),
    };
    Person {
        name: or(told.name, card.name, String::is_empty),
        phones: or(told.phones, card.phones, Vec::is_empty),
        emails: or(told.emails, card.emails, Vec::is_empty),
    }
}

fn or<T>(told: T, other: T, is_empty: fn(&T) -> bool) -> T {
    if is_empty(&told) { other } else { told }
}

fn name(name: &Value) -> String {
    if let Some(whole) = text_at(name, "formatted_name") {
        return whole.to_owned();
    }
    let parts = ["prefix", "first_name", "middle_name", "last_name", "suffix"];
    let parts: Vec<&str> = parts.iter().filter_map(|key| text_at(name, key)).collect();
    parts.join(" ")
}

/// Of each entry the first of these fields that it has.
fn each(all: &Value, keys: &[&str]) -> Vec<String> {
    let all = all.as_array().into_iter().flatten();
    let found = all.filter_map(|one| keys.iter().find_map(|key| text_at(one, key)));
    found.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(body: &Value) -> Vec<Person> {
        match people(body) {
            Some(Content::Contact(people)) => people,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_contact_says_who_and_how_to_reach_them() {
        let ana = json!({"name": {"formatted_name": "Ana Lima", "first_name": "Ana"},
            "phones": [{"phone": "+55 11 98765-4321", "wa_id": "5511987654321"}, {"wa_id": "5522"}, {}],
            "emails": [{"email": "ana@example.invalid", "type": "WORK"}]});
        let read = read(&json!([ana, {"name": {"first_name": "Bia", "last_name": "Reis"}}]));
        assert_eq!(
            (read[0].name.as_str(), read[0].phones.as_slice()),
            (
                "Ana Lima",
                &["+55 11 98765-4321".to_owned(), "5522".to_owned()][..]
            )
        );
        assert_eq!(read[0].emails, ["ana@example.invalid"]);
        assert_eq!(read[1].name, "Bia Reis");
        for none in [json!([]), json!({}), json!(["x"])] {
            assert_eq!(people(&none), None);
        }
    }

    #[test]
    fn a_card_alone_is_read() {
        let card = "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Lima;Ana;;Dr.;\r\nFN:Ana\\, Li\r\n ma\r\n\
            item1.TEL;type=CELL;waid=5511:+55 11 98765-4321\r\nEMAIL:a@example.invalid\r\nEND:VCARD";
        let read =
            read(&json!([{"vcard": card}, {"vcard": "N:Reis;Bia\nTEL:tel:+5522"}, {"vcard": ":"}]));
        assert_eq!(read[0].name, "Ana, Lima");
        assert_eq!(read[0].phones, ["+55 11 98765-4321"]);
        assert_eq!(read[0].emails, ["a@example.invalid"]);
        assert_eq!(
            (read[1].name.as_str(), &read[1].phones[..]),
            ("Bia Reis", &["+5522".to_owned()][..])
        );
        assert_eq!(read[2], Person::default());
    }
}
