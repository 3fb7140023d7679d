//! `wait_for_messages`: what came in since the answer before this one, waited for where nothing did.
//!
//! How far a reader is lies on the disk, for each thing it waits for apart. It moves once an answer is in the
//! client's socket whole, so what came while the client or this daemon was away is there when it asks again,
//! and what was lost on its way is there again.

use std::{sync::Arc, time::Duration};

use data_encoding::HEXLOWER;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use tokio::time::{Instant, sleep_until};

use super::{
    exchange::{Called, Caller},
    places::Answered,
};
use crate::{
    gateway::{
        Gateway,
        actions::lookup::{reading, routed, stored_peer},
        clients::arrivals::{MAX_WAITING, Wanted},
        permissions::Access,
    },
    keys::Key,
    protocol::{
        error_code::{ErrorCode, Fault},
        message_json::push_message,
        payload::bad_field,
    },
    store::{ReaderPosition, StoredEvent},
};

/// The longest wait for a message, in seconds: clients give a request up after five minutes.
pub(super) const MAX_WAIT_S: u64 = 280;

/// Messages in one answer at most.
pub(super) const MAX_WAITED_FOR: u64 = 200;

/// How long a call waits unless told: less than clients wait for an answer.
const TIMEOUT_S: u64 = 45;

/// How much longer than its wait a call may look at what is stored already.
const LATEST: Duration = Duration::from_secs(5);

/// Messages in an answer unless told.
const LIMIT: u64 = 50;

/// Whose place it is unless told.
const READER: &str = "default";

/// How often it is noted that a place is used to which nothing comes: it is kept for 90 days.
const NOTED_EVERY_MS: u64 = 86_400_000;

/// What is waited for, and how.
struct Wait {
    wanted: Wanted,
    /// What the place is called on the disk.
    place: String,
    since: Option<u64>,
    deadline: Instant,
    limit: usize,
    max_bytes: usize,
}

/// What was found.
struct Found {
    messages: String,
    count: usize,
    next: u64,
    more: bool,
    missed: Option<String>,
}

/// Waits as the arguments say, which were checked.
pub(super) async fn wait(
    gateway: &Arc<Gateway>,
    caller: &Caller<'_>,
    arguments: &Map<String, Value>,
) -> Result<Called, Fault> {
    let wait = asked(gateway, caller, arguments)?;
    // Before anything is read: what comes from here on wakes it.
    let asked_by = (client(caller.access, caller.reader), caller.id.to_owned());
    let arrival = gateway
        .listeners
        .arrivals
        .enter(wait.wanted.clone(), asked_by);
    let arrival = arrival.ok_or_else(|| {
        let text = format!(
            "{MAX_WAITING} calls wait already, or too many of this key; wait with fewer at a time"
        );
        Fault::new(ErrorCode::RateLimited, text).retry_after(1_000)
    })?;
    let mut found = begin(gateway, &wait).await?;
    let begun = found.next;
    loop {
        look(gateway, &wait, &mut found).await?;
        if found.count > 0 || arrival.is_cancelled() {
            break;
        }
        tokio::select! {
            () = arrival.woken() => {}
            () = sleep_until(wait.deadline) => break,
            _ = gateway.shutdown.begun() => {
                let text = "the daemon is stopping; call again later, nothing is lost";
                return Err(Fault::new(ErrorCode::ShuttingDown, text));
            }
        }
    }
    if arrival.is_cancelled() {
        // Whoever asked does not read the answer, so nothing of it counts as read.
        return Ok(Found::at(begun).json()?.into());
    }
    let sent = Sent {
        from: begun,
        next: found.next,
        place: wait.place,
        client: client(caller.access, caller.reader),
        request: caller.id.to_owned(),
    };
    let gateway = Arc::clone(gateway);
    Ok(Called {
        on_sent: Some(Box::new(move || sent.count(&gateway))),
        ..Called::from(found.json()?)
    })
}

/// An answer that is in its client's socket.
struct Sent {
    from: u64,
    next: u64,
    place: String,
    client: Option<String>,
    request: String,
}

impl Sent {
    fn count(self, gateway: &Arc<Gateway>) {
        set(gateway, &self.place, self.next);
        let answered = Answered {
            client: self.client,
            request: self.request,
            from: self.from,
            at: Instant::now(),
        };
        gateway.mcp.places.answered(&self.place, answered);
    }
}

/// A client gave a request up. It ends where it waits; of one that was answered just now, nothing counts as
/// read.
pub(super) fn given_up(gateway: &Arc<Gateway>, client: Option<&str>, request: &str) {
    gateway.listeners.arrivals.cancel(client, request);
    for (place, from) in gateway.mcp.places.given_up(client, request) {
        set(gateway, &place, from);
    }
}

/// Sets a place on the disk. Until it is there, the next call finds it in memory.
fn set(gateway: &Arc<Gateway>, place: &str, seq: u64) {
    let Ok(written) = gateway.store.set_reader_position(place, seq) else {
        return;
    };
    gateway.mcp.places.moves(place, seq);
    let (gateway, place) = (Arc::clone(gateway), place.to_owned());
    tokio::spawn(async move {
        // What could not be written comes again.
        let _ = written.await;
        gateway.mcp.places.moved(&place, seq);
    });
}

fn asked(
    gateway: &Gateway,
    caller: &Caller<'_>,
    arguments: &Map<String, Value>,
) -> Result<Wait, Fault> {
    let text = |name| arguments.get(name).and_then(Value::as_str);
    let number = |name, default| {
        arguments
            .get(name)
            .and_then(Value::as_u64)
            .unwrap_or(default)
    };
    let channel = text("channel");
    let peer = match (channel, text("peer")) {
        (None, Some(_)) => return Err(bad_field("channel", "given with peer", "left out")),
        (Some(channel), peer) => {
            caller.access.expect_channel(channel)?;
            routed(gateway, channel)?;
            peer.map(|peer| stored_peer(gateway, channel, peer))
        }
        (None, None) => None,
    };
    let reader = text("reader").or(caller.reader).unwrap_or(READER);
    let limits = &gateway.settings().limits;
    let limit = number("limit", LIMIT).min(MAX_WAITED_FOR);
    Ok(Wait {
        place: place(caller.access, reader, channel, peer.as_deref()),
        wanted: Wanted {
            channel: channel.map(str::to_owned),
            peer,
            within: caller.access.limits().cloned(),
        },
        since: arguments.get("since").and_then(Value::as_u64),
        deadline: Instant::now() + Duration::from_secs(number("timeout_s", TIMEOUT_S)),
        limit: usize::try_from(limit).unwrap_or(1),
        max_bytes: limits.max_message_bytes,
    })
}

/// A key as no other is called, also one that has its number later.
fn key_name(key: &Key) -> String {
    format!("{}.{}", key.id, key.created_ms)
}

/// What a client is called among those who wait: by its key first, whatever name it gives itself.
pub(super) fn client(access: &Access, reader: Option<&str>) -> Option<String> {
    match access.key() {
        Some(key) => Some(format!("{}\n{}", key_name(key), reader.unwrap_or_default())),
        None => reader.map(str::to_owned),
    }
}

/// What a place is called: short, whatever is waited for. Names have no line ends, so no two are the same.
/// A key has places of its own: what it reads, nobody else has read.
fn place(access: &Access, reader: &str, channel: Option<&str>, peer: Option<&str>) -> String {
    let key = access.key().map(|key| key_name(key));
    let parts = [key.as_deref(), Some(reader), channel, peer];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    let hash = Sha256::digest(parts.join("\n"));
    format!("mcp:{}", HEXLOWER.encode(&hash))
}

/// Where the call begins: where it says, where this reader left off, or now. The first and the last are on
/// the disk before anything is waited for, so that the client may leave and come back.
async fn begin(gateway: &Gateway, wait: &Wait) -> Result<Found, Fault> {
    let store = &gateway.store;
    let head = gateway.listeners.bus.last_seq();
    let known = known(gateway, &wait.place).await?;
    if let Some(since) = wait.since.filter(|since| *since > head) {
        let expected = format!("{head} at most, the number of the last event");
        return Err(bad_field("since", &expected, &since.to_string()));
    }
    // A place beyond the last event is of a store that is no longer there.
    let from = match wait.since.or(known.filter(|known| *known <= head)) {
        Some(from) => from,
        None => head,
    };
    if known != Some(from) {
        store.set_reader_position(&wait.place, from)?.await?;
    }
    let oldest = reading(store, crate::store::Store::oldest_seq).await?;
    let missed = (from + 1 < oldest).then(|| {
        format!(
            "messages numbered {} to {} may have come and been removed (CLEUDOCODEBOT_HISTORY_DAYS) before this reader asked",
            from + 1,
            oldest - 1
        )
    });
    Ok(Found {
        missed,
        ..Found::at(from)
    })
}

/// Where this reader left off, if it was here before.
async fn known(gateway: &Gateway, place: &str) -> Result<Option<u64>, Fault> {
    let moving = gateway.mcp.places.begin(place);
    if moving.is_some() {
        return Ok(moving);
    }
    let name = place.to_owned();
    let known = reading(&gateway.store, move |store| store.reader_position(&name)).await?;
    let now_ms = (gateway.store.clock())();
    if let Some(ReaderPosition { seq, used_ms }) = known
        && used_ms.is_none_or(|used_ms| used_ms + NOTED_EVERY_MS <= now_ms)
    {
        // Nobody waits for this: it is noted at the next call where it fails.
        drop(gateway.store.set_reader_position(place, seq));
    }
    Ok(known.map(|known| known.seq))
}

/// Reads on until the answer is full, time is up, or all that was published was looked at.
async fn look(gateway: &Gateway, wait: &Wait, found: &mut Found) -> Result<(), Fault> {
    loop {
        let head = gateway.listeners.bus.last_seq();
        found.more = found.next < head;
        let is_late = Instant::now() >= wait.deadline + LATEST;
        if !found.more || is_late || found.is_full(wait) {
            return Ok(());
        }
        let chunk = gateway.replays.read(&gateway.store, found.next).await?;
        if chunk.events.is_empty() {
            // Nothing is left of what was stored up to here.
            found.next = head;
        }
        for event in &chunk.events {
            if found.is_full(wait) {
                break;
            }
            found.take(event, &wait.wanted);
        }
    }
}

impl Found {
    fn at(seq: u64) -> Self {
        Self {
            messages: String::new(),
            count: 0,
            next: seq,
            more: false,
            missed: None,
        }
    }

    fn is_full(&self, wait: &Wait) -> bool {
        self.count >= wait.limit || self.messages.len() >= wait.max_bytes
    }

    fn take(&mut self, event: &StoredEvent, wanted: &Wanted) {
        self.next = event.seq;
        if !wanted.covers(event) {
            return;
        }
        self.messages.push(if self.count == 0 { '[' } else { ',' });
        push_message(&mut self.messages, &event.message);
        self.count += 1;
    }

    fn json(mut self) -> Result<Value, Fault> {
        self.messages
            .push_str(if self.count == 0 { "[]" } else { "]" });
        let messages: Value = serde_json::from_str(&self.messages).map_err(|error| {
            let text = format!("a stored message cannot be read: {error}");
            Fault::new(ErrorCode::Internal, text)
        })?;
        let mut answer = json!({
            "messages": messages,
            "next": self.next,
            "timed_out": self.count == 0,
            "more": self.more,
        });
        if let Some(missed) = self.missed {
            answer["missed"] = json!(missed);
        }
        Ok(answer)
    }
}
