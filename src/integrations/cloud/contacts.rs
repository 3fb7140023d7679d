//! The people in a message of type `contacts`
//! (<https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/contacts>).
//! One who answers our wish for contact information comes as a vCard alone (RFC 6350). Pure.

use serde_json::Value;

use crate::message::{Content, content::Person, text_at};

/// The people, or nothing where there are none.
pub(super) fn people(body: &Value) -> Option<Content> {
    let people = body.as_array()?.iter().filter(|one| one.is_object());
    let people: Vec<Person> = people.map(person).collect();
    (!people.is_empty()).then_some(Content::Contact(people))
}

fn person(one: &Value) -> Person {
    let card = text_at(one, "vcard").map(read_card).unwrap_or_default();
    let told = Person {
        name: name(&one["name"]),
        phones: each(&one["phones"], &["phone", "wa_id"]),
        emails: each(&one["emails"], &["email"]),
    };
    Person {
        name: if told.name.is_empty() {
            card.name
        } else {
            told.name
        },
        phones: if told.phones.is_empty() {
            card.phones
        } else {
            told.phones
        },
        emails: if told.emails.is_empty() {
            card.emails
        } else {
            told.emails
        },
    }
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

/// What a vCard says of name, numbers and addresses.
fn read_card(card: &str) -> Person {
    let mut person = Person::default();
    for line in unfolded(card) {
        let Some((head, value)) = line.split_once(':') else {
            continue;
        };
        let value = unescaped(value.trim());
        if value.is_empty() {
            continue;
        }
        // `item1.TEL;type=CELL;waid=5511` is a TEL of a group.
        let property = head.split(';').next().unwrap_or_default();
        let property = property.rsplit('.').next().unwrap_or_default();
        match property.to_ascii_uppercase().as_str() {
            "FN" => person.name = value,
            "N" if person.name.is_empty() => person.name = spoken(&value),
            "TEL" => person
                .phones
                .push(value.strip_prefix("tel:").unwrap_or(&value).to_owned()),
            "EMAIL" => person.emails.push(value),
            _ => {}
        }
    }
    person
}

/// Lines may go on in the next, which then begins with a blank (RFC 6350 §3.2).
fn unfolded(card: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in card.lines() {
        match (line.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(rest), Some(last)) => last.push_str(rest),
            _ => lines.push(line.to_owned()),
        }
    }
    lines
}

fn unescaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut characters = value.chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' => match characters.next() {
                Some('n' | 'N') => out.push(' '),
                Some(other) => out.push(other),
                None => {}
            },
            c => out.push(c),
        }
    }
    out
}

/// `Lima;Ana;;;` as people say it.
fn spoken(value: &str) -> String {
    let parts: Vec<&str> = value.split(';').map(str::trim).collect();
    let order = [3, 1, 2, 0, 4];
    let parts = order.iter().filter_map(|place| parts.get(*place));
    let parts: Vec<&str> = parts.copied().filter(|part| !part.is_empty()).collect();
    parts.join(" ")
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
