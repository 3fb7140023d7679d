//! The outermost object of a frame, borrowed from its text: the fields both dialects know, each
//! still raw. Unknown fields are ignored, a known field twice is refused.

use std::{borrow::Cow, fmt};

use serde_core::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::error_code::{ErrorCode, Fault};

/// The raw fields of one object, triple or JSON-RPC.
#[derive(Debug, Default)]
pub(super) struct Envelope<'a> {
    pub(super) kind: Option<&'a RawValue>,
    pub(super) action: Option<&'a RawValue>,
    pub(super) payload: Option<&'a RawValue>,
    pub(super) id: Option<&'a RawValue>,
    pub(super) jsonrpc: Option<&'a RawValue>,
    pub(super) method: Option<&'a RawValue>,
    pub(super) params: Option<&'a RawValue>,
    pub(super) twice: Option<&'static str>,
}

impl<'a> Envelope<'a> {
    /// Reads one object; the text must be checked for depth before.
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

    fn slot(&mut self, key: &str) -> Option<(&'static str, &mut Option<&'a RawValue>)> {
        Some(match key {
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
            let Some((name, slot)) = envelope.slot(&key) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let value = map.next_value::<&RawValue>()?;
            if slot.is_some() {
                envelope.twice = Some(name);
            } else {
                *slot = Some(value);
            }
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

/// A raw JSON string without its quotes and escapes, or `None` where it is no string (or one that
/// holds half a surrogate pair).
pub(super) fn string(raw: &RawValue) -> Option<Cow<'_, str>> {
    let inner = raw.get().strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        serde_json::from_str(raw.get()).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(inner))
    }
}
