//! Keys of what turns voice notes into text.
//!
//! Not here: reading them (`config::models`).

use crate::config::{
    key::{Key, key, secret},
    values::Kind,
};

pub(in crate::config) const URL: &str = "TRANSCRIBE_URL";
/// The key of what transcribes.
pub const API_KEY: &str = "TRANSCRIBE_API_KEY";
pub(in crate::config) const MODEL: &str = "TRANSCRIBE_MODEL";
pub(in crate::config) const LANGUAGE: &str = "TRANSCRIBE_LANGUAGE";
pub(in crate::config) const COMMAND: &str = "TRANSCRIBE_COMMAND";
pub(in crate::config) const TIMEOUT: &str = "TRANSCRIBE_TIMEOUT";

/// The keys, in the order of `.env.example`.
pub(in crate::config) const KEYS: &[Key] = &[
    key(
        URL,
        "",
        Kind::Service,
        "Server that turns voice notes into text for agents, as OpenAI's /v1/audio/transcriptions does, such as http://localhost:8000.",
    ),
    secret(API_KEY, "Key of that server, where it wants one."),
    key(
        MODEL,
        "whisper-1",
        Kind::Text,
        "Model that it is asked for.",
    ),
    key(
        LANGUAGE,
        "",
        Kind::Text,
        "Language of the voice notes, such as pt; empty lets the server find out.",
    ),
    key(
        COMMAND,
        "",
        Kind::Text,
        "Program that does it instead: it gets the path of the file as its last argument and prints the text.",
    ),
    key(
        TIMEOUT,
        "1m",
        Kind::Wait,
        "How long one voice note may take; after that the agent gets it without a text.",
    ),
];
