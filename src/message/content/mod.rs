//! What a message of a kind without words says, in one shape for all services (`json`) and in words
//! that anyone can read (`text`).
//!
//! Not here: what each service calls these (`integrations`).

mod json;
#[cfg(test)]
mod tests;
mod text;

use serde_json::{Map, Value};

pub use self::text::file_text;
use super::kind::Kind;

/// What a message of a kind without words says.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// A place, in degrees.
    Location {
        /// North of the equator.
        lat: f64,
        /// East of Greenwich.
        lng: f64,
        /// What is there.
        name: Option<String>,
        /// Where that is.
        address: Option<String>,
        /// Whether it moves with the sender.
        live: bool,
    },
    /// People.
    Contact(Vec<Person>),
    /// A question.
    Poll {
        /// What is asked.
        question: String,
        /// What can be answered.
        options: Vec<String>,
    },
    /// An answer to a poll.
    Vote {
        /// The service's id of the poll's message, where it tells.
        poll: Option<String>,
        /// What was chosen; empty where the vote was taken back or cannot be read.
        options: Vec<String>,
    },
    /// What was tapped.
    Choice {
        /// The id that whoever sent the buttons gave to this one.
        id: String,
        /// What stands on it.
        title: String,
        /// What stands below that.
        description: Option<String>,
        /// The answers of a form.
        values: Option<Value>,
    },
    /// Goods.
    Order {
        /// One each.
        items: Vec<Item>,
        /// What the buyer wrote, or the order is called.
        note: Option<String>,
    },
    /// An emoji on another message.
    Reaction {
        /// The service's id of that message.
        to: String,
        /// Empty where it was taken back.
        emoji: String,
    },
    /// A call.
    Call {
        /// Whether it is one with pictures.
        video: bool,
        /// What became of it, in the service's words, such as `missed`.
        outcome: Option<String>,
        /// How long it lasted, in seconds.
        seconds: Option<u64>,
    },
    /// Something that happened.
    System {
        /// The service's name for it.
        event: String,
        /// The same in words.
        words: String,
        /// Whatever else is known of it.
        details: Map<String, Value>,
    },
    /// What no rule knows.
    Unsupported {
        /// The service's name for it.
        service_type: String,
    },
}

/// Somebody in a contact.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Person {
    /// What they are called.
    pub name: String,
    /// Numbers, as they were written.
    pub phones: Vec<String>,
    /// Addresses of mail.
    pub emails: Vec<String>,
}

/// A line of an order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Item {
    /// The shop's id of it.
    pub id: String,
    /// What it is called.
    pub name: Option<String>,
    /// How many.
    pub quantity: u64,
    /// What one costs.
    pub price: Option<f64>,
    /// In which money, as in ISO 4217.
    pub currency: Option<String>,
}

impl Content {
    /// The kind of a message with this content.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Location { .. } => Kind::Location,
            Self::Contact(_) => Kind::Contact,
            Self::Poll { .. } => Kind::Poll,
            Self::Vote { .. } => Kind::Vote,
            Self::Choice { .. } => Kind::Choice,
            Self::Order { .. } => Kind::Order,
            Self::Reaction { .. } => Kind::Reaction,
            Self::Call { .. } => Kind::Call,
            Self::System { .. } => Kind::System,
            Self::Unsupported { .. } => Kind::Unsupported,
        }
    }

    /// A bare place, where the degrees are some.
    pub fn at(lat: f64, lng: f64) -> Option<Self> {
        let is_place = (-90.0..=90.0).contains(&lat) && (-180.0..=180.0).contains(&lng);
        is_place.then_some(Self::Location {
            lat,
            lng,
            name: None,
            address: None,
            live: false,
        })
    }
}
