//! The data of messages that are not text or files: as JSON in one shape for all services (`json`), and
//! as a readable summary (`text`).
//!
//! Not here: how each service represents them (`integrations`).

mod json;
#[cfg(test)]
mod tests;
mod text;

use serde_json::{Map, Value};

pub use self::text::file_text;
use super::kind::Kind;

/// The data of a message that is not text or a file.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// A location.
    Location {
        /// Latitude in degrees.
        lat: f64,
        /// Longitude in degrees.
        lng: f64,
        /// Name of the place.
        name: Option<String>,
        /// Its address.
        address: Option<String>,
        /// Whether it follows the sender.
        live: bool,
    },
    /// Contact cards.
    Contact(Vec<Person>),
    /// A poll.
    Poll {
        /// The question.
        question: String,
        /// The possible answers.
        options: Vec<String>,
    },
    /// An answer to a poll.
    Vote {
        /// The service's id of the poll's message, if known.
        poll: Option<String>,
        /// The chosen answers; empty if the vote was retracted or cannot be read.
        options: Vec<String>,
    },
    /// A button or list row that was tapped, or a form that was submitted.
    Choice {
        /// The id that the sender of the buttons gave to it.
        id: String,
        /// Its label.
        title: String,
        /// The line below the label.
        description: Option<String>,
        /// The answers of a form.
        values: Option<Value>,
    },
    /// Products, ordered or shown.
    Order {
        /// The products.
        items: Vec<Item>,
        /// The buyer's note, or the title of the order.
        note: Option<String>,
    },
    /// An emoji on another message.
    Reaction {
        /// The service's id of that message.
        to: String,
        /// Empty if it was removed.
        emoji: String,
    },
    /// A call.
    Call {
        /// Whether it is a video call.
        video: bool,
        /// Its outcome in the service's terms, such as `missed`.
        outcome: Option<String>,
        /// How long it lasted, in seconds.
        seconds: Option<u64>,
    },
    /// A notice of the service.
    System {
        /// The service's name for it.
        event: String,
        /// A readable summary.
        words: String,
        /// Further data.
        details: Map<String, Value>,
    },
    /// A type that the integration does not know.
    Unsupported {
        /// The service's name for it.
        service_type: String,
    },
}

/// One contact card.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Person {
    /// The name.
    pub name: String,
    /// Phone numbers, as written.
    pub phones: Vec<String>,
    /// E-mail addresses.
    pub emails: Vec<String>,
}

/// A line of an order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Item {
    /// The shop's id of the product.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
    /// How many.
    pub quantity: u64,
    /// The price of one.
    pub price: Option<f64>,
    /// The currency of the price, as in ISO 4217.
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

    /// A location without a name; `None` if the coordinates are out of range.
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
