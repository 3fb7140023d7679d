//! What a form shows for a kind of setting: a switch, a list of choices, a field for a number.
//!
//! Not here: whether a value is right, which only the parsers say (`kind`).

use super::{FetchRule, Kind, kind::MAX_DAYS};
use crate::{
    language::Language,
    log::{LogFormat, LogLevel},
    phone::Country,
};

/// The shape of a kind of setting.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shape {
    /// `switch` (0 or 1), `choice`, `number`, `wait`, `address`, `path`, `list` (commas between), `lines` or `text`.
    pub name: &'static str,
    /// What can be chosen.
    pub choices: Vec<&'static str>,
    /// The smallest and the greatest number.
    pub range: Option<(u64, u64)>,
}

impl Kind {
    /// How a form asks for a value of this kind.
    pub fn shape(self) -> Shape {
        let plain = |name| Shape {
            name,
            ..Shape::default()
        };
        match self {
            Self::Number { least: 0, most: 1 } => plain("switch"),
            Self::Number { least, most } => number(least, most),
            Self::Days { .. } => number(0, MAX_DAYS),
            Self::Level => choice(LogLevel::ALL.map(LogLevel::as_str)),
            Self::Format => choice(LogFormat::ALL.map(LogFormat::as_str)),
            Self::FetchRule => choice(FetchRule::ALL.map(FetchRule::as_str)),
            Self::Country => choice(Country::names()),
            Self::Language => choice(Language::ALL.map(|(_, tag)| tag)),
            Self::Wait => plain("wait"),
            Self::OneOf(words) => choice(words.iter().copied()),
            Self::Service | Self::OllamaHost | Self::PublicUrl | Self::WebhookUrl => {
                plain("address")
            }
            Self::Folder | Self::File => plain("path"),
            Self::Lines | Self::AgentPrompts => plain("lines"),
            Self::Origins
            | Self::Hosts
            | Self::Delays
            | Self::AllowList
            | Self::AgentNames
            | Self::AgentRoutes
            | Self::Patterns
            | Self::VariableNames => plain("list"),
            Self::Host
            | Self::Token
            | Self::Text
            | Self::Zone
            | Self::Hours
            | Self::Pace
            | Self::DayCount
            | Self::Conversation
            | Self::Contact
            | Self::WebhookSecret => plain("text"),
        }
    }

    /// Whether white space around a value is never meant: people paste secrets with what was around them.
    pub fn is_trimmed(self) -> bool {
        matches!(self, Self::Token | Self::WebhookSecret)
    }

    /// Whether a value may have line ends.
    pub fn has_lines(self) -> bool {
        matches!(self, Self::Lines | Self::AgentPrompts | Self::AllowList)
    }
}

fn number(least: u64, most: u64) -> Shape {
    Shape {
        name: "number",
        range: Some((least, most)),
        ..Shape::default()
    }
}

fn choice(words: impl IntoIterator<Item = &'static str>) -> Shape {
    Shape {
        name: "choice",
        choices: words.into_iter().collect(),
        ..Shape::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_chosen_is_taken_by_the_parser() {
        for kind in [
            Kind::Level,
            Kind::Format,
            Kind::FetchRule,
            Kind::Country,
            Kind::Language,
        ] {
            let choices = kind.shape().choices;
            assert!(choices.len() > 1);
            assert!(choices.iter().all(|word| kind.check(word).is_ok()));
        }
        let number = Kind::Number { least: 2, most: 5 };
        assert_eq!(number.shape().range, Some((2, 5)));
        let switch = Kind::Number { least: 0, most: 1 };
        assert_eq!(switch.shape().name, "switch");
    }
}
