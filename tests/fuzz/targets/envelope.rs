//! Messages of clients, in both dialects: nothing panics, and only what is JSON by its grammar is read as a call.
//! Half a surrogate pair is (RFC 8259, section 8.2): what is made of it is for whoever reads that text.

#![no_main]

use cleudocodebot::protocol::{call::ClientMessage, dialect::Dialect, frame};
use libfuzzer_sys::fuzz_target;
use serde_json::value::RawValue;

/// The default of `CLEUDOCODEBOT_MAX_JSON_DEPTH`, below the limit of `serde_json`.
const DEPTH: usize = 64;

fuzz_target!(|text: &str| {
    let json = text.trim_start_matches('\u{feff}');
    let is_json = serde_json::from_str::<&RawValue>(json).is_ok();
    for fallback in [Dialect::Triple, Dialect::JsonRpc] {
        match frame::read(text, DEPTH, fallback) {
            ClientMessage::BarePing | ClientMessage::Unreadable(_) => {}
            ClientMessage::Call(call) => {
                assert!(is_json, "read as a call: {text:?}");
                let read = call
                    .payload
                    .is_none_or(|raw| serde_json::from_str::<&RawValue>(raw).is_ok());
                assert!(read, "the payload of {text:?}");
            }
            ClientMessage::TypedPing { .. } | ClientMessage::Batch(_) => {
                assert!(is_json, "read: {text:?}");
            }
        }
    }
});
