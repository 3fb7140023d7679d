//! Readable summaries of contents, for clients that show only text.

use std::fmt::Write as _;

use super::{Content, Item, Person};
use crate::message::Kind;

impl Content {
    /// A readable summary.
    pub fn text(&self) -> String {
        match self {
            Self::Location {
                lat,
                lng,
                name,
                address,
                live,
            } => {
                let what = if *live {
                    "[live location]"
                } else {
                    "[location]"
                };
                let place = format!("{lat}, {lng}");
                let parts = [name.as_deref(), address.as_deref(), Some(&place)];
                labelled(what, &join(parts.into_iter().flatten(), ", "))
            }
            Self::Contact(people) => {
                let people: Vec<String> = people.iter().map(Person::text).collect();
                labelled("[contact]", &people.join("; "))
            }
            Self::Poll { question, options } => {
                let mut words = question.clone();
                for (number, option) in (1..).zip(options) {
                    let _ = write!(words, " {number}) {option}");
                }
                labelled("[poll]", &words)
            }
            Self::Vote { options, .. } => labelled("[vote]", &options.join(", ")),
            Self::Choice {
                id, title, values, ..
            } => match (title.as_str(), values) {
                ("", Some(values)) => labelled("[answers]", &values.to_string()),
                ("", None) => id.clone(),
                (title, _) => title.to_owned(),
            },
            Self::Order { items, note } => {
                let items: Vec<String> = items.iter().map(Item::text).collect();
                let items = items.join(", ");
                let parts = [note.as_deref(), Some(items.as_str())];
                labelled("[order]", &join(parts.into_iter().flatten(), ": "))
            }
            Self::Reaction { emoji, .. } if emoji.is_empty() => "[reaction removed]".to_owned(),
            Self::Reaction { emoji, .. } => emoji.clone(),
            Self::Call {
                video,
                outcome,
                seconds,
            } => {
                let what = if *video { "[video call]" } else { "[call]" };
                let length = seconds.map(|seconds| format!("{seconds} s"));
                let parts = [outcome.as_deref(), length.as_deref()];
                labelled(what, &join(parts.into_iter().flatten(), ", "))
            }
            Self::System { words, .. } => labelled("[system]", words),
            Self::Unsupported { .. } => "[unsupported message]".to_owned(),
        }
    }
}

/// The text of a file without a caption.
pub fn file_text(kind: Kind, name: Option<&str>) -> String {
    labelled(&format!("[{}]", kind.as_str()), name.unwrap_or_default())
}

impl Person {
    fn text(&self) -> String {
        let ways = self.phones.iter().chain(&self.emails).map(String::as_str);
        join(std::iter::once(self.name.as_str()).chain(ways), " ")
    }
}

impl Item {
    fn text(&self) -> String {
        let mut text = format!(
            "{} × {}",
            self.quantity,
            self.name.as_deref().unwrap_or(&self.id)
        );
        if let Some(price) = self.price {
            let currency = self.currency.as_deref().unwrap_or_default();
            let _ = write!(text, " {price:.2} {currency}");
        }
        text.trim_end().to_owned()
    }
}

fn join<'a>(parts: impl Iterator<Item = &'a str>, between: &str) -> String {
    let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
    parts.join(between)
}

fn labelled(label: &str, words: &str) -> String {
    format!("{label} {words}").trim_end().to_owned()
}
