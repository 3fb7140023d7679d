//! Voice notes as text: by a server that speaks the API of `OpenAI`, or by a program on this machine.
//!
//! Not here: when a voice note is turned into text, and what becomes of it (`daemon`).

mod program;
mod server;
#[cfg(test)]
mod tests;

use std::time::Duration;

use tokio::{sync::Semaphore, time::timeout};

use self::{program::Program, server::Server};
use crate::{
    config::{TranscribedBy, TranscriptionSettings},
    cut,
    log::Log,
    media::{Media, OpenFile},
    message::MediaId,
};

/// Files that are turned into text at a time: each keeps a processor busy, or costs money.
const AT_ONCE: usize = 2;

/// The longest file, in bytes: what `OpenAI` takes
/// (<https://platform.openai.com/docs/guides/speech-to-text>).
const MAX_BYTES: u64 = 25 << 20;

/// The longest text that is taken, in bytes: an hour of speech has fewer.
const MAX_TEXT: usize = 128 << 10;

/// Turns files into text.
pub struct Transcriber {
    by: By,
    media: Media,
    timeout: Duration,
    room: Semaphore,
}

enum By {
    Server(Box<Server>),
    Program(Program),
}

impl Transcriber {
    /// One for these settings, which reads the files of `media`.
    pub fn new(settings: &TranscriptionSettings, media: Media, log: Log) -> Self {
        let by = match settings.by.clone() {
            TranscribedBy::Command(line) => By::Program(Program::new(line, log)),
            TranscribedBy::Server {
                base,
                key,
                model,
                language,
            } => By::Server(Box::new(Server::new(base, key.as_deref(), model, language))),
        };
        Self {
            by,
            media,
            timeout: settings.timeout,
            room: Semaphore::new(AT_ONCE),
        }
    }

    /// What is said in a kept file. The error is for the user: what went wrong, where. Dropping the future
    /// ends the call or the program.
    pub async fn transcript(&self, id: MediaId) -> Result<String, String> {
        let file = self.media.open_file(id).await;
        let file = file.map_err(|error| error.to_string())?;
        if file.row.bytes > MAX_BYTES {
            return Err(format!(
                "the file has {} bytes, more than {MAX_BYTES} are not turned into text",
                file.row.bytes
            ));
        }
        let said = self.in_turn(Box::pin(self.ask(file))).await?;
        text(&said).ok_or_else(|| "nothing was heard in the file".to_owned())
    }

    /// Waits for a place, then as long as one file may take.
    async fn in_turn<T>(
        &self,
        asked: impl Future<Output = Result<T, String>>,
    ) -> Result<T, String> {
        // Never closed, so there is always a permit to come.
        let _permit = self.room.acquire().await.ok();
        let late = |_| format!("there was no text within {:?}", self.timeout);
        timeout(self.timeout, asked).await.map_err(late)?
    }

    async fn ask(&self, file: OpenFile) -> Result<String, String> {
        match &self.by {
            By::Server(server) => server.ask(file).await,
            By::Program(program) => program.ask(&self.media.path(file.row.id)).await,
        }
    }
}

/// What was said, as a text for an agent: without control characters, bounded; `None` where nothing was.
fn text(said: &str) -> Option<String> {
    let is_fine = |c: &char| !c.is_control() || matches!(c, '\n' | '\t');
    let text = said.trim().chars().filter(is_fine).collect();
    Some(cut::marked(text, MAX_TEXT)).filter(|text| !text.is_empty())
}
