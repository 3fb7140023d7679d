//! The kinds of messages.

use std::str::FromStr;

use serde_json::Value;

/// What a message is. `text` is left out on the wire.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Words.
    #[default]
    Text,
    /// A picture.
    Image,
    /// A film, also a round one or one without sound.
    Video,
    /// Sound that is a file, such as music.
    Audio,
    /// Sound that was recorded as a message.
    Voice,
    /// Any other file.
    Document,
    /// A sticker.
    Sticker,
    /// A place.
    Location,
    /// People and how to reach them.
    Contact,
    /// A question with answers to choose from.
    Poll,
    /// An answer to a poll.
    Vote,
    /// What was tapped: a button, a row of a list, a form.
    Choice,
    /// Goods, ordered or shown.
    Order,
    /// An emoji put on another message, or taken back.
    Reaction,
    /// A call.
    Call,
    /// The service telling of something that happened, such as a new member.
    System,
    /// What no rule knows.
    Unsupported,
}

impl Kind {
    /// Every kind, in the order of the manual.
    pub const ALL: [Self; 17] = [
        Self::Text,
        Self::Image,
        Self::Video,
        Self::Audio,
        Self::Voice,
        Self::Document,
        Self::Sticker,
        Self::Location,
        Self::Contact,
        Self::Poll,
        Self::Vote,
        Self::Choice,
        Self::Order,
        Self::Reaction,
        Self::Call,
        Self::System,
        Self::Unsupported,
    ];

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Image => "image",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Voice => "voice",
            Self::Document => "document",
            Self::Sticker => "sticker",
            Self::Location => "location",
            Self::Contact => "contact",
            Self::Poll => "poll",
            Self::Vote => "vote",
            Self::Choice => "choice",
            Self::Order => "order",
            Self::Reaction => "reaction",
            Self::Call => "call",
            Self::System => "system",
            Self::Unsupported => "unsupported",
        }
    }

    /// The kind of a message that only says what its file is.
    pub fn of_media(media: Option<&Value>) -> Self {
        let Some(media) = media else {
            return Self::Text;
        };
        let kind = media["kind"].as_str().and_then(|kind| kind.parse().ok());
        kind.filter(|kind: &Self| kind.is_file())
            .unwrap_or(Self::Document)
    }

    /// Whether such a message is a file, with or without a caption.
    pub fn is_file(self) -> bool {
        matches!(
            self,
            Self::Image | Self::Video | Self::Audio | Self::Voice | Self::Document | Self::Sticker
        )
    }

    /// The kind of its file as `media.kind` has it, which knows four.
    pub fn media_kind(self) -> &'static str {
        match self {
            Self::Image | Self::Sticker => "image",
            Self::Video => "video",
            Self::Audio | Self::Voice => "audio",
            _ => "document",
        }
    }
}

impl FromStr for Kind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_kind_has_a_name_of_its_own() {
        for kind in Kind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
        assert_eq!("Text".parse::<Kind>(), Err(()));
    }

    #[test]
    fn a_file_tells_its_kind() {
        let kind = |media: Value| Kind::of_media(Some(&media));
        assert_eq!(kind(json!({"kind": "image"})), Kind::Image);
        assert_eq!(kind(json!({"kind": "poll"})), Kind::Document);
        assert_eq!(Kind::of_media(None), Kind::Text);
    }
}
