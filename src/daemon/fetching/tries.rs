//! How often each file of a message was tried, and when it is tried next.

use std::{collections::BTreeMap, time::Duration};

use serde_json::Value;
use tokio::time::Instant;

use crate::message::{
    Message,
    media::{FileState, files},
};

/// The tries of the files of one message, by their places in it.
#[derive(Debug, Clone, Default)]
pub(super) struct Tries(BTreeMap<usize, FileTries>);

/// Those of one file.
#[derive(Debug, Clone)]
pub(super) struct FileTries {
    /// How often it failed.
    pub(super) count: u32,
    /// Not tried before.
    due: Instant,
    /// Whether it waits for the channel, and is due as soon as the channel's state changes.
    is_held: bool,
    /// When somebody asked for it, if so: whoever asks anew starts it over.
    asked: Value,
}

impl Tries {
    /// What an earlier run of the daemon left: so many attempts, and the next at this time.
    pub(super) fn of_earlier(message: &Message, count: u32, due: Instant) -> Self {
        let files = files(message.media.as_ref()).iter().enumerate();
        let fetching = files.filter(|(_, file)| FileState::of(file) == Some(FileState::Fetching));
        let tries = fetching.map(|(at, file)| {
            let asked = file["asked"].clone();
            let (due, is_held) = (due, false);
            let tries = FileTries {
                count,
                due,
                is_held,
                asked,
            };
            (at, tries)
        });
        Self(tries.collect())
    }

    /// Those of a file about to be tried; `None` if it has to wait.
    pub(super) fn begin(
        &mut self,
        at: usize,
        file: &Value,
        now: Instant,
    ) -> Option<&mut FileTries> {
        let asked = &file["asked"];
        let new = || FileTries {
            count: 0,
            due: now,
            is_held: false,
            asked: asked.clone(),
        };
        let tries = self.0.entry(at).or_insert_with(new);
        if tries.asked != *asked {
            *tries = new();
        }
        (tries.due <= now).then_some(tries)
    }

    /// A file is done with.
    pub(super) fn forget(&mut self, at: usize) {
        self.0.remove(&at);
    }

    /// Makes due what waits for the channel; whether there is any.
    pub(super) fn release(&mut self, now: Instant) -> bool {
        let mut found = false;
        for tries in self.0.values_mut().filter(|tries| tries.is_held) {
            (tries.due, tries.is_held, found) = (now, false, true);
        }
        found
    }

    /// When the next file is due, and how often the one that was tried least was tried; `None` if no file is
    /// left.
    pub(super) fn next(&self) -> Option<(Instant, u32)> {
        let due = self.0.values().map(|tries| tries.due).min()?;
        // The least, because the next start counts on from it for all: none is given up too early.
        let count = self.0.values().map(|tries| tries.count).min()?;
        Some((due, count))
    }
}

impl FileTries {
    /// Puts the file off.
    pub(super) fn put_off(&mut self, wait: Duration) {
        self.due = Instant::now() + wait;
    }

    /// Puts the file off until the channel's state changes, or this long where it does not.
    pub(super) fn hold(&mut self, wait: Duration) {
        self.put_off(wait);
        self.is_held = true;
    }
}
