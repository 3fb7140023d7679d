//! Places, people, polls and what was shared by a keyboard, in the shapes of all services.

use serde_json::{Value, json};

use crate::{
    http_client::read_json,
    integrations::{
        support::vcard,
        telegram::who::{all_named, named},
    },
    message::{Content, content::Person, text_at},
};

/// <https://core.telegram.org/bots/api#location>; one with a `live_period` moves, by edits.
pub(super) fn location(location: &Value) -> Option<Content> {
    let place = Content::at(
        location["latitude"].as_f64()?,
        location["longitude"].as_f64()?,
    )?;
    Some(match place {
        Content::Location { lat, lng, .. } if location.get("live_period").is_some() => {
            Content::Location {
                lat,
                lng,
                name: None,
                address: None,
                live: true,
            }
        }
        place => place,
    })
}

/// <https://core.telegram.org/bots/api#venue>
pub(super) fn venue(venue: &Value) -> Option<Content> {
    let text = |key: &str| text_at(venue, key).map(str::to_owned);
    match location(&venue["location"])? {
        Content::Location { lat, lng, .. } => Some(Content::Location {
            lat,
            lng,
            name: text("title"),
            address: text("address"),
            live: false,
        }),
        other => Some(other),
    }
}

/// <https://core.telegram.org/bots/api#contact>: one number, and more in its vCard.
pub(super) fn contact(contact: &Value) -> Option<Content> {
    let mut person = Person {
        name: named(contact),
        phones: text_at(contact, "phone_number")
            .map(str::to_owned)
            .into_iter()
            .collect(),
        emails: Vec::new(),
    };
    if let Some(card) = text_at(contact, "vcard") {
        add_to(&mut person, card);
    }
    contact.is_object().then(|| Content::Contact(vec![person]))
}

/// Adds what a card has and the person does not.
fn add_to(person: &mut Person, card: &str) {
    for other in vcard::people(card, None) {
        for phone in other.phones {
            add(&mut person.phones, phone, digits);
        }
        for email in other.emails {
            add(&mut person.emails, email, str::to_lowercase);
        }
    }
}

fn add(known: &mut Vec<String>, value: String, alike: fn(&str) -> String) {
    let new = alike(&value);
    if !new.is_empty() && known.iter().all(|one| alike(one) != new) {
        known.push(value);
    }
}

fn digits(number: &str) -> String {
    number.chars().filter(char::is_ascii_digit).collect()
}

/// <https://core.telegram.org/bots/api#poll>
pub(super) fn poll(poll: &Value) -> Option<Content> {
    Some(Content::Poll {
        question: text_at(poll, "question")?.to_owned(),
        options: options(poll),
    })
}

/// The answers that a poll offers.
pub(in crate::integrations::telegram) fn options(poll: &Value) -> Vec<String> {
    let options = poll["options"].as_array().into_iter().flatten();
    let options = options.map(|option| text_at(option, "text").unwrap_or_default().to_owned());
    options.collect()
}

/// <https://core.telegram.org/bots/api#usersshared>: whom somebody picked at a button that asked for
/// users.
pub(super) fn users_shared(shared: &Value) -> Option<Content> {
    let users = shared["users"].as_array()?;
    let values: Value = users
        .iter()
        .map(|user| json!({"id": user["user_id"], "name": named(user)}))
        .collect();
    Some(Content::Choice {
        id: shared["request_id"].to_string(),
        title: all_named(&shared["users"]),
        description: None,
        values: Some(json!({"users": values})),
    })
}

/// <https://core.telegram.org/bots/api#chatshared>
pub(super) fn chat_shared(shared: &Value) -> Option<Content> {
    let chat = json!({"id": shared["chat_id"].as_i64()?, "title": shared["title"], "username": shared["username"]});
    Some(Content::Choice {
        id: shared["request_id"].to_string(),
        title: named(&chat),
        description: None,
        values: Some(json!({"chat": chat["id"]})),
    })
}

/// <https://core.telegram.org/bots/api#webappdata>: what a web app, opened by a button, sends.
pub(super) fn web_app_data(sent: &Value) -> Option<Content> {
    let data = text_at(sent, "data")?;
    Some(Content::Choice {
        id: data.to_owned(),
        title: text_at(sent, "button_text").unwrap_or_default().to_owned(),
        description: None,
        values: read_json(data)
            .ok()
            .filter(|values: &Value| values.is_object()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_numbers_and_addresses_are_added_once() {
        let mut person = Person {
            name: "Bia".to_owned(),
            phones: vec!["+5521900001111".to_owned()],
            emails: Vec::new(),
        };
        let card = "BEGIN:VCARD\r\nTEL;TYPE=CELL:+55 21 90000-1111\r\nitem1.TEL;VALUE=uri:tel:+55219\r\n 2222\r\n\
                    email:bia@a.example\nEMAIL:Bia@a.example\nTEL:\nNOTE\nEND:VCARD";
        add_to(&mut person, card);
        assert_eq!(person.phones, ["+5521900001111", "+552192222"]);
        assert_eq!(person.emails, ["bia@a.example"]);
    }
}
