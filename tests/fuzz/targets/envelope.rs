//! Messages of clients, in both dialects: nothing panics, and only what a JSON parser takes as well is
//! read as a call.

#![no_main]

use cleudocodebot::protocol::{call::ClientMessage, dialect::Dialect, frame};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

/// The default of `CLEUDOCODEBOT_MAX_JSON_DEPTH`, below the limit of `serde_json`.
const DEPTH: usize = 64;

fuzz_target!(|text: &str| {
    let json = text.trim_start_matches('\u{feff}');
    let is_json = serde_json::from_str::<Value>(json).is_ok();
    for fallback in [Dialect::Triple, Dialect::JsonRpc] {
        match frame::read(text, DEPTH, fallback) {
            ClientMessage::BarePing | ClientMessage::Unreadable(_) => {}
            ClientMessage::Call(call) => {
                assert!(is_json, "read as a call: {text:?}");
                let read = call
                    .payload
                    .is_none_or(|raw| serde_json::from_str::<Value>(raw).is_ok());
                assert!(read, "the payload of {text:?}");
            }
            ClientMessage::TypedPing { .. } | ClientMessage::Batch(_) => {
                assert!(is_json, "read: {text:?}");
            }
        }
    }
});
