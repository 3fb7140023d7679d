//! What turns voice notes into text: the settings of the group `TRANSCRIBE*`.
//!
//! A wrong value is a warning and counts as unset. Not here: how it is asked (`transcription`).

use std::time::Duration;

use crate::config::{
    BaseUrl,
    keys::transcription::{API_KEY, COMMAND, LANGUAGE, MODEL, TIMEOUT, URL},
    lookup::Lookup,
    values,
};

/// What turns voice notes into text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TranscriptionSettings {
    /// Who does it; a command comes first.
    pub by: TranscribedBy,
    /// How long one file may take.
    pub timeout: Duration,
}

/// Who turns voice notes into text.
#[derive(Clone, PartialEq, Eq)]
pub enum TranscribedBy {
    /// A program, as a line for the system's shell.
    Command(String),
    /// A server.
    Server {
        /// Its address.
        base: BaseUrl,
        /// Its key.
        key: Option<String>,
        /// The model.
        model: String,
        /// The language, where it is known.
        language: Option<String>,
    },
}

impl TranscriptionSettings {
    /// Reads the settings; `None` where nothing turns voice notes into text.
    pub fn read(lookup: &Lookup) -> Option<Self> {
        let text = |name| Some(lookup.valid_text(name).to_owned()).filter(|text| !text.is_empty());
        let server = || {
            let base = BaseUrl::parse(lookup.valid_text(URL)).ok()?;
            Some(TranscribedBy::Server {
                base,
                key: text(API_KEY),
                model: text(MODEL)?,
                language: text(LANGUAGE),
            })
        };
        let command = text(COMMAND).map(TranscribedBy::Command);
        Some(Self {
            by: command.or_else(server)?,
            timeout: values::wait(lookup.valid_text(TIMEOUT)).unwrap_or_default(),
        })
    }
}

impl std::fmt::Debug for TranscribedBy {
    /// Without the key, and without the command, which may have one in it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Command(_) => f.write_str("Command"),
            Self::Server { base, .. } => f.debug_tuple("Server").field(base).finish(),
        }
    }
}
