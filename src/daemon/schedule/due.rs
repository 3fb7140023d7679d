//! The messages whose time has come: into the outbox, or given up where that is too long ago.

use crate::{
    calendar::Zone,
    message::MessageId,
    store::{Release, SendAt, Store, StoreError},
};

/// Messages that are let go in one transaction.
const PAGE: usize = 256;

/// What time it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Time {
    pub(super) now_ms: u64,
    /// How much later than its grace a message may be, for nobody was to blame.
    pub(super) excused_ms: u64,
    /// Whether what is too late may be given up.
    pub(super) may_give_up: bool,
}

/// Lets go of what is due. What is too late and may not be given up yet stays.
pub(super) async fn let_go(store: &Store, time: Time) -> Result<(), StoreError> {
    let mut after: Option<(u64, MessageId)> = None;
    loop {
        let read = move |store: &Store| store.due(after, time.now_ms, PAGE);
        let page = store.run_blocking(read).await?;
        let Some((id, at)) = page.last().copied() else {
            return Ok(());
        };
        after = Some((at.at_ms, id));
        let is_last = page.len() < PAGE;
        let decided = page
            .into_iter()
            .filter_map(|(id, at)| Some((id, at, decide(at, time)?)));
        let decided: Vec<_> = decided.collect();
        if !decided.is_empty() {
            store.let_go(decided)?.await?;
        }
        if is_last {
            return Ok(());
        }
    }
}

fn decide(at: SendAt, time: Time) -> Option<Release> {
    let late_ms = time.now_ms.saturating_sub(at.at_ms);
    if late_ms <= at.grace_ms.saturating_add(time.excused_ms) {
        return Some(Release::Queue);
    }
    time.may_give_up
        .then(|| Release::TooLate(too_late(at, late_ms)))
}

/// Why it was not sent.
fn too_late(at: SendAt, late_ms: u64) -> String {
    let when = Zone::system().show(at.at_ms);
    let (late, grace) = (spelled(late_ms), spelled(at.grace_ms));
    format!(
        "it was to go out at {when}, and {late} later, when the gateway could, its grace of {grace} was over"
    )
}

/// A span in its greatest unit.
fn spelled(ms: u64) -> String {
    match ms / 60_000 {
        0 => format!("{} s", ms / 1000),
        minutes @ 1..=119 => format!("{minutes} min"),
        minutes @ 120..=2879 => format!("{} h", minutes / 60),
        minutes => format!("{} days", minutes / 1440),
    }
}
