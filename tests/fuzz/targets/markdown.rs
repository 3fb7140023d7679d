//! Texts in markdown: formatting covers whole characters of the words and does not cross, parts are within what a
//! service takes, and together they are the words.

#![no_main]

use cleudocodebot::{
    integrations::support::{
        markup::{Markup, discord, whatsapp},
        split::Measure,
    },
    message::{Direction, Kind, MARKDOWN, Message, MessageId, State},
};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

/// The least that texts are cut to.
const LIMIT: usize = 128;

fn message(text: &str) -> Message {
    Message {
        id: MessageId(1),
        seq: 1,
        channel: "whatsapp".to_owned(),
        direction: Direction::Out,
        peer: "5511".to_owned(),
        sender: None,
        kind: Kind::Text,
        text: text.to_owned(),
        content: None,
        media: None,
        state: State::Queued,
        reply_to: None,
        created_ms: 0,
        updated_ms: 0,
        at_ms: None,
        attempts: 0,
        error: None,
        meta: Some(json!({"format": MARKDOWN})),
        edits: Vec::new(),
        deleted_ms: None,
    }
}

fn check(markup: &Markup) {
    for (place, span) in markup.spans.iter().enumerate() {
        assert!(span.start < span.end, "{span:?}");
        assert!(markup.text.get(span.start..span.end).is_some(), "{span:?}");
        for other in &markup.spans[place + 1..] {
            assert!(other.start >= span.start, "{span:?} {other:?}");
            assert!(
                other.start >= span.end || other.end <= span.end,
                "{span:?} {other:?}"
            );
        }
    }
}

fuzz_target!(|text: &str| {
    let message = message(text);
    if let Some(markup) = Markup::of(&message) {
        check(&markup);
        for measure in [Measure::Chars, Measure::Utf16] {
            for part in markup.split(LIMIT, measure) {
                assert!(measure.of(&part.text) <= LIMIT, "{part:?}");
                check(&part);
            }
        }
    }
    let parts = [
        discord(&message, LIMIT, &[]),
        whatsapp(&message, text, LIMIT),
    ];
    for part in parts.concat() {
        assert!(Measure::Chars.of(&part) <= LIMIT, "{part:?}");
    }
});
