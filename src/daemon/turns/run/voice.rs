//! Voice notes become text before an agent gets them. What was said is kept with the file, so that it is asked
//! for once, and the history has it.
//!
//! Not here: who does it (`transcription`). Where that fails the agent is told that there is a voice note.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, timeout, timeout_at};

use crate::{
    daemon::turns::inner::TurnsInner,
    message::{
        Kind, Message, MessageId,
        media::{TRANSCRIPT, files, media_id, wants_fetching},
        text_at,
    },
    store::StoreError,
    transcription::Transcriber,
};

/// How long a file that is still fetched is waited for.
const FETCH_WAIT: Duration = Duration::from_secs(30);

/// How long the voice notes of one turn may take together.
const WHOLE_WAIT: Duration = Duration::from_secs(300);

/// Turns the voice notes of these messages into text, where something does that.
pub(super) async fn transcribe(turns: &TurnsInner, ids: &[MessageId]) {
    let Some(transcriber) = turns.transcriber() else {
        return;
    };
    let all = async {
        for id in ids {
            if let Err(why) = of_message(turns, &transcriber, *id).await {
                turns.warn("a voice note has no text", &why);
            }
        }
    };
    if timeout(WHOLE_WAIT, all).await.is_err() {
        let why = format!("more than {WHOLE_WAIT:?} passed");
        turns.warn("a voice note has no text", &why);
    }
}

async fn of_message(
    turns: &TurnsInner,
    transcriber: &Transcriber,
    id: MessageId,
) -> Result<(), String> {
    let message = fetched(turns, id).await.map_err(|why| why.to_string())?;
    let Some(message) = message.filter(|message| message.deleted_ms.is_none()) else {
        return Ok(());
    };
    for (at, file) in files(message.media.as_ref()).iter().enumerate() {
        let wanted = media_id(file).filter(|_| is_to_be_heard(&message, file));
        let Some(media) = wanted else {
            continue;
        };
        let said = transcriber.transcript(media).await?;
        let mut file = file.clone();
        file[TRANSCRIPT] = json!(said);
        let kept = turns.store().update_file(id, at, file);
        let kept = async { kept?.await };
        kept.await.map_err(|why: StoreError| why.to_string())?;
    }
    Ok(())
}

fn is_to_be_heard(message: &Message, file: &Value) -> bool {
    let kind = text_at(file, "kind").unwrap_or(message.kind.as_str());
    kind == Kind::Voice.as_str() && file.get(TRANSCRIPT).is_none()
}

/// A message once its files are here, or as it is when they were waited for long enough.
async fn fetched(turns: &TurnsInner, id: MessageId) -> Result<Option<Message>, StoreError> {
    let deadline = Instant::now() + FETCH_WAIT;
    loop {
        let mut came = std::pin::pin!(turns.came.notified());
        // Listened for before the message is read: it may be fetched in between.
        came.as_mut().enable();
        let read = turns.store().run_blocking(move |store| store.message(id));
        let message = read.await?.map(|(message, _)| message);
        let is_awaited = |message: &Message| {
            message.kind == Kind::Voice && wants_fetching(message.media.as_ref())
        };
        if !message.as_ref().is_some_and(is_awaited) || timeout_at(deadline, came).await.is_err() {
            return Ok(message);
        }
    }
}
