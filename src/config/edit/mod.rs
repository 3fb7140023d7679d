//! Changes of `.env` that a client asks for. They come from outside, so that each is checked before any is
//! written, and what runs programs or reads files of this machine is left to its own terminal (`local`).
//!
//! Not here: the text of the file (`dotenv`), and making the settings count (the daemon).

pub mod local;
#[cfg(test)]
mod tests;

use std::{fmt, path::Path};

use super::{
    Environment, Loaded, Overrides, Source,
    dotenv::{self, Document},
    keys, loaded,
    lookup::{Lookup, gather_edited, look_up},
};
use crate::error::{Error, Result};

/// Most keys that are changed at once.
pub const MAX_CHANGES: usize = 64;

/// Longest value, in bytes: that of what a model is told.
const MAX_VALUE: usize = 65_536;

/// A key and its new value; `None` takes the key out.
#[derive(Clone, PartialEq, Eq)]
pub struct Change {
    /// The name.
    pub key: String,
    /// The value.
    pub value: Option<String>,
}

impl Change {
    /// A key that gets this value.
    pub fn set(key: &str, value: &str) -> Self {
        Self {
            key: key.to_owned(),
            value: Some(value.to_owned()),
        }
    }

    /// A key that is taken out.
    pub fn unset(key: &str) -> Self {
        Self {
            key: key.to_owned(),
            value: None,
        }
    }

    /// The same as it is written: people paste secrets with what was around them.
    fn tidy(mut self) -> Self {
        let is_token = keys::row(&self.key).is_some_and(|row| row.kind.is_trimmed());
        if let Some(value) = self.value.as_mut().filter(|_| is_token) {
            *value = value.trim().to_owned();
        }
        self
    }
}

impl fmt::Debug for Change {
    /// The key only: the value may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Change").field(&self.key).finish()
    }
}

/// Why changes are not made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// What is wrong with each of these keys.
    Keys(Vec<(String, String)>),
    /// All of them are right, and together with the other settings they are not.
    Together(String),
}

/// The settings as the changes would make them.
#[derive(Debug)]
pub struct Rehearsed {
    /// The changes, as they are to be written.
    pub changes: Vec<Change>,
    /// What [`load`](super::load) would give.
    pub loaded: Loaded,
    /// The keys that `.env` does not decide, because the environment or the command line set them.
    pub overruled: Vec<String>,
}

/// Checks every change, and then the settings as they would be. Writes nothing.
pub fn rehearse(
    overrides: &Overrides,
    environment: &Environment,
    changes: Vec<Change>,
) -> Result<Rehearsed, Refused> {
    let together = |error: Error| Refused::Together(error.to_string());
    let now = look_up(overrides, environment).map_err(together)?;
    let changes: Vec<Change> = changes.into_iter().map(Change::tidy).collect();
    let wrong = changes.iter().filter_map(|change| {
        let why = check(change, &now).err()?;
        Some((change.key.clone(), why))
    });
    let wrong: Vec<_> = wrong.collect();
    if !wrong.is_empty() {
        return Err(Refused::Keys(wrong));
    }
    let loaded = with(overrides, environment, &changes).map_err(together)?;
    let is_overruled = |change: &&Change| {
        let found = loaded.lookup.find(&change.key);
        found.is_some_and(|(_, source)| !matches!(source, Source::EnvFile { .. }))
    };
    let overruled = changes.iter().filter(is_overruled);
    Ok(Rehearsed {
        overruled: overruled.map(|change| change.key.clone()).collect(),
        loaded,
        changes,
    })
}

/// The settings as these changes would make them.
pub fn with(
    overrides: &Overrides,
    environment: &Environment,
    changes: &[Change],
) -> Result<Loaded> {
    gather_edited(overrides, environment, &|document| apply(document, changes)).and_then(loaded)
}

/// Writes the changes into the file; returns the text that was there before. Blocks.
pub fn write(env_file: &Path, changes: &[Change]) -> Result<String> {
    dotenv::edit_file(env_file, |document| {
        let before = document.to_string();
        apply(document, changes)?;
        Ok(before)
    })
}

/// Puts the text back that [`write`] found, unless somebody else has changed the file since. Blocks.
pub fn restore(env_file: &Path, before: &str, changes: &[Change]) -> Result<()> {
    let mut ours = Document::parse(before).map_err(|error| dotenv::in_file(env_file, &error))?;
    apply(&mut ours, changes)?;
    dotenv::edit_file(env_file, |document| {
        if document.to_string() == ours.to_string() {
            *document =
                Document::parse(before).map_err(|error| dotenv::in_file(env_file, &error))?;
        }
        Ok(())
    })
}

fn apply(document: &mut Document, changes: &[Change]) -> Result<()> {
    changes.iter().try_for_each(|change| match &change.value {
        Some(value) => document.set(&change.key, value),
        None => document.unset(&change.key).map(drop),
    })
}

/// What is wrong with one change. `now` are the settings as they are.
fn check(change: &Change, now: &Lookup) -> Result<(), String> {
    let Change { key, value } = change;
    let row = keys::row(key);
    if row.is_none() && !now.names_in_file().contains(&key.as_str()) {
        return Err(keys::unknown(key));
    }
    if let Some(why) = local::refusal(key, value.as_deref()) {
        return Err(why);
    }
    let Some(value) = value else {
        return Ok(());
    };
    if value.len() > MAX_VALUE {
        return Err(format!("{key} takes at most {MAX_VALUE} bytes"));
    }
    let has_lines = row.is_some_and(|row| row.kind.has_lines());
    if let Some(c) = value
        .chars()
        .find(|&c| c.is_control() && !(has_lines && c == '\n'))
    {
        let code = u32::from(c);
        return Err(format!(
            "{key} must be without control characters and line ends, and has U+{code:04X} in it; type it again instead of copying it"
        ));
    }
    keys::validate(key, value).map_err(|error| error.to_string())
}
