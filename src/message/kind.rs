//! The kinds of messages.

use std::str::FromStr;

use serde_json::Value;

use super::media::files;

/// The kind of a message. `text` is omitted on the wire.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Text.
    #[default]
    Text,
    /// A picture.
    Image,
    /// A video, including round ones and animations.
    Video,
    /// An audio file, such as music.
    Audio,
    /// A recorded voice message.
    Voice,
    /// Any other file.
    Document,
    /// A sticker.
    Sticker,
    /// A location.
    Location,
    /// Contact cards.
    Contact,
    /// A poll.
    Poll,
    /// An answer to a poll.
    Vote,
    /// A button, a list row or a form that was tapped or submitted.
    Choice,
    /// Products, ordered or shown.
    Order,
    /// An emoji added to another message or removed from it.
    Reaction,
    /// A call.
    Call,
    /// A notice of the service, such as a new member.
    System,
    /// A type that the integration does not know.
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

    /// The kind of a message by its `media`, for clients that do not name the kind: that of its first file.
    pub fn of_media(media: Option<&Value>) -> Self {
        let Some(file) = files(media).first() else {
            return Self::Text;
        };
        let kind = file["kind"].as_str().and_then(|kind| kind.parse().ok());
        kind.filter(|kind: &Self| kind.is_file())
            .unwrap_or(Self::Document)
    }

    /// Whether such a message has a file, with or without a caption.
    pub fn is_file(self) -> bool {
        matches!(
            self,
            Self::Image | Self::Video | Self::Audio | Self::Voice | Self::Document | Self::Sticker
        )
    }

    /// What a service's file of this kind is called in `media.kind`: one of four families.
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
    fn media_give_the_kind() {
        let kind = |media: Value| Kind::of_media(Some(&media));
        assert_eq!(kind(json!({"kind": "image"})), Kind::Image);
        assert_eq!(kind(json!({"kind": "poll"})), Kind::Document);
        let list = json!([{"kind": "video"}, {"kind": "image"}]);
        assert_eq!(kind(list), Kind::Video);
        assert_eq!(kind(json!([])), Kind::Text);
        assert_eq!(Kind::of_media(None), Kind::Text);
    }
}
