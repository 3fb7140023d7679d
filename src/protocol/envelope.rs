//! The outermost object of a frame, borrowed from its text: the fields both dialects know, each
//! as its JSON text. Unknown fields are ignored, a known field twice is refused.

use std::{borrow::Cow, fmt};

use serde_core::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{
    error_code::{ErrorCode, Fault},
    members,
    scan::{self, Excess},
};

/// The fields of one object, triple or JSON-RPC, each as valid JSON text.
#[derive(Debug, Default)]
pub(super) struct Envelope<'a> {
    pub(super) kind: Option<&'a str>,
    pub(super) action: Option<&'a str>,
    pub(super) payload: Option<&'a str>,
    pub(super) id: Option<&'a str>,
    pub(super) jsonrpc: Option<&'a str>,
    pub(super) method: Option<&'a str>,
    pub(super) params: Option<&'a str>,
    pub(super) twice: Option<&'static str>,
    /// A number somewhere in it is outside the range of `f64`. In a box: nearly no frame has one.
    pub(super) out_of_range: Option<Box<Fault>>,
}

impl<'a> Envelope<'a> {
    /// Reads one object, nested at most `max_depth` deep.
    pub(super) fn read(text: &'a str, max_depth: usize) -> Result<Self, Fault> {
        let mut envelope = Self::default();
        let read = members::read(text, max_depth, |name, value| envelope.keep(name, value));
        if read.is_some() {
            return Ok(envelope);
        }
        match scan::check(text, max_depth) {
            Ok(()) => Self::parse(text),
            Err(Excess::Depth(fault)) => Err(fault),
            // What else it says is read all the same, so that the answer names what it is to.
            Err(Excess::Number(fault)) => match Self::parse(text) {
                Ok(envelope) => Ok(Self {
                    out_of_range: Some(Box::new(fault)),
                    ..envelope
                }),
                Err(_) => Err(fault),
            },
        }
    }

    /// Reads one object whose depth was checked; says what is wrong with it where it is none.
    pub(super) fn parse(text: &'a str) -> Result<Self, Fault> {
        serde_json::from_str(text).map_err(|error| {
            if error.is_data() {
                Fault::new(
                    ErrorCode::BadFrame,
                    format!("a frame is one JSON object, this is {}", kind_of(text)),
                )
            } else {
                Fault::new(ErrorCode::BadJson, format!("not JSON: {error}"))
            }
        })
    }

    fn keep(&mut self, name: &str, value: &'a str) {
        if let Some((name, slot)) = self.slot(name) {
            if slot.is_some() {
                self.twice = Some(name);
            } else {
                *slot = Some(value);
            }
        }
    }

    fn slot(&mut self, name: &str) -> Option<(&'static str, &mut Option<&'a str>)> {
        Some(match name {
            "type" => ("type", &mut self.kind),
            "action" => ("action", &mut self.action),
            "payload" => ("payload", &mut self.payload),
            "id" => ("id", &mut self.id),
            "jsonrpc" => ("jsonrpc", &mut self.jsonrpc),
            "method" => ("method", &mut self.method),
            "params" => ("params", &mut self.params),
            _ => return None,
        })
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Envelope<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EnvelopeVisitor)
    }
}

struct EnvelopeVisitor;

impl<'de> Visitor<'de> for EnvelopeVisitor {
    type Value = Envelope<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Envelope<'de>, A::Error> {
        let mut envelope = Envelope::default();
        while let Some(EnvelopeKey(key)) = map.next_key()? {
            envelope.keep(&key, map.next_value::<&RawValue>()?.get());
        }
        Ok(envelope)
    }
}

/// A key borrowed from the text unless it was written with escapes.
struct EnvelopeKey<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for EnvelopeKey<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = EnvelopeKey<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }
            fn visit_borrowed_str<E>(self, key: &'de str) -> Result<EnvelopeKey<'de>, E> {
                Ok(EnvelopeKey(Cow::Borrowed(key)))
            }
            fn visit_str<E>(self, key: &str) -> Result<EnvelopeKey<'de>, E> {
                Ok(EnvelopeKey(Cow::Owned(key.to_owned())))
            }
        }
        deserializer.deserialize_str(KeyVisitor)
    }
}

/// The fault of an object that is no frame.
pub(super) fn bad_frame(message: String) -> Fault {
    Fault::new(ErrorCode::BadFrame, message)
}

/// What a JSON text is, by its first byte, with its article: "an array".
pub(super) fn kind_of(raw: &str) -> &'static str {
    match raw.trim_start().bytes().next() {
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}

/// The text of a JSON string, without its quotes and escapes, or `None` where it is no string (or one
/// that holds half a surrogate pair).
pub(super) fn string(json: &str) -> Option<Cow<'_, str>> {
    let inner = json.strip_prefix('"')?.strip_suffix('"')?;
    if inner.as_bytes().contains(&b'\\') {
        serde_json::from_str(json).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(inner))
    }
}
