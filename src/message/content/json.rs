//! Contents as JSON, on the wire and in the store.

use serde_json::{Value, json};

use super::{Content, Item, Person};
use crate::message::{Kind, text_at};

/// Most contact cards, options or items kept of one message.
const MAX_ENTRIES: usize = 256;

impl Content {
    /// The content as JSON.
    pub fn json(&self) -> Value {
        match self {
            Self::Location {
                lat,
                lng,
                name,
                address,
                live,
            } => object([
                ("lat", json!(lat)),
                ("lng", json!(lng)),
                ("name", json!(name)),
                ("address", json!(address)),
                ("live", live.then_some(true).into()),
            ]),
            Self::Contact(people) => people.iter().map(Person::json).collect(),
            Self::Poll { question, options } => json!({"question": question, "options": options}),
            Self::Vote { poll, options } => {
                object([("poll", json!(poll)), ("options", json!(options))])
            }
            Self::Choice {
                id,
                title,
                description,
                values,
            } => object([
                ("id", json!(id)),
                ("title", json!(title)),
                ("description", json!(description)),
                ("values", values.clone().unwrap_or_default()),
            ]),
            Self::Order { items, note } => {
                let items: Value = items.iter().map(Item::json).collect();
                object([("items", items), ("note", json!(note))])
            }
            Self::Reaction { to, emoji } => json!({"to": to, "emoji": emoji}),
            Self::Call {
                video,
                outcome,
                seconds,
            } => object([
                ("video", json!(video)),
                ("outcome", json!(outcome)),
                ("seconds", json!(seconds)),
            ]),
            Self::System { event, details, .. } => {
                let mut all = details.clone();
                all.insert("event".to_owned(), json!(event));
                Value::Object(all)
            }
            Self::Unsupported { service_type } => json!({"type": service_type}),
        }
    }

    /// Parses the content of a kind; the error says what was expected. `None` for a kind without
    /// content.
    pub fn read(kind: Kind, json: &Value) -> Result<Option<Self>, String> {
        let content = match kind {
            Kind::Location => location(json),
            Kind::Contact => people(json).map(Self::Contact),
            Kind::Poll => poll(json),
            Kind::Vote => texts(json, "options").map(|options| Self::Vote {
                poll: text(json, "poll"),
                options,
            }),
            Kind::Choice => choice(json),
            Kind::Order => order(json),
            Kind::Reaction => text(json, "to").map(|to| Self::Reaction {
                to,
                emoji: text(json, "emoji").unwrap_or_default(),
            }),
            Kind::Call => json.is_object().then(|| Self::Call {
                video: json["video"] == true,
                outcome: text(json, "outcome"),
                seconds: json["seconds"].as_u64(),
            }),
            Kind::System => system(json),
            Kind::Unsupported => {
                text(json, "type").map(|service_type| Self::Unsupported { service_type })
            }
            _ => return Ok(None),
        };
        content
            .map(Some)
            .ok_or_else(|| format!("for kind {}: {}", kind.as_str(), shape(kind)))
    }
}

impl Person {
    fn json(&self) -> Value {
        json!({"name": self.name, "phones": self.phones, "emails": self.emails})
    }
}

impl Item {
    fn json(&self) -> Value {
        object([
            ("id", json!(self.id)),
            ("name", json!(self.name)),
            ("quantity", json!(self.quantity)),
            ("price", json!(self.price)),
            ("currency", json!(self.currency)),
        ])
    }
}

fn text(json: &Value, key: &str) -> Option<String> {
    text_at(json, key).map(str::to_owned)
}

fn texts(json: &Value, key: &str) -> Option<Vec<String>> {
    let all = json.get(key)?.as_array()?.iter();
    all.take(MAX_ENTRIES)
        .map(|one| one.as_str().map(str::to_owned))
        .collect()
}

/// An object without the fields that are null.
fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    let there = fields.into_iter().filter(|(_, value)| !value.is_null());
    Value::Object(there.map(|(key, value)| (key.to_owned(), value)).collect())
}

fn shape(kind: Kind) -> &'static str {
    match kind {
        Kind::Location => "{lat, lng, name?, address?, live?}",
        Kind::Contact => "[{name, phones: [], emails: []}]",
        Kind::Poll => "{question, options: []}",
        Kind::Vote => "{poll?, options: []}",
        Kind::Choice => "{id, title, description?, values?}",
        Kind::Order => "{items: [{id, name?, quantity, price?, currency?}], note?}",
        Kind::Reaction => "{to, emoji}",
        Kind::Call => "{video?, outcome?, seconds?}",
        Kind::System => "{event, …}",
        Kind::Unsupported => "{type}",
        _ => "no content",
    }
}

fn location(json: &Value) -> Option<Content> {
    let (lat, lng) = (json["lat"].as_f64()?, json["lng"].as_f64()?);
    Content::at(lat, lng).map(|place| match place {
        Content::Location { lat, lng, .. } => Content::Location {
            lat,
            lng,
            name: text(json, "name"),
            address: text(json, "address"),
            live: json["live"] == true,
        },
        other => other,
    })
}

fn people(json: &Value) -> Option<Vec<Person>> {
    let all = json.as_array()?.iter().take(MAX_ENTRIES);
    all.map(|one| {
        one.is_object().then(|| Person {
            name: text(one, "name").unwrap_or_default(),
            phones: texts(one, "phones").unwrap_or_default(),
            emails: texts(one, "emails").unwrap_or_default(),
        })
    })
    .collect()
}

fn poll(json: &Value) -> Option<Content> {
    Some(Content::Poll {
        question: text(json, "question")?,
        options: texts(json, "options")?,
    })
}

fn choice(json: &Value) -> Option<Content> {
    json.is_object().then(|| Content::Choice {
        id: text(json, "id").unwrap_or_default(),
        title: text(json, "title").unwrap_or_default(),
        description: text(json, "description"),
        values: json
            .get("values")
            .filter(|values| !values.is_null())
            .cloned(),
    })
}

fn order(json: &Value) -> Option<Content> {
    let items = json["items"].as_array()?.iter().take(MAX_ENTRIES);
    let items = items.map(|item| {
        Some(Item {
            id: text(item, "id")?,
            name: text(item, "name"),
            quantity: item["quantity"].as_u64().unwrap_or(1),
            price: item["price"].as_f64(),
            currency: text(item, "currency"),
        })
    });
    Some(Content::Order {
        items: items.collect::<Option<_>>()?,
        note: text(json, "note"),
    })
}

fn system(json: &Value) -> Option<Content> {
    let event = text(json, "event")?;
    let mut details = json.as_object()?.clone();
    details.remove("event");
    Some(Content::System {
        words: event.replace('_', " "),
        event,
        details,
    })
}
