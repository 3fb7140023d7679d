//! The actions `subscribe` and `unsubscribe`: which topics join the bus at once, and which only behind
//! the replay of what was stored.

use serde_json::json;

use super::{command_handler::CommandHandler, replay::Replay};
use crate::{
    gateway::permissions::Access,
    protocol::{
        describe::EVENTS,
        error_code::{ErrorCode, Fault},
        payload::Payload,
        topic::Topic,
    },
};

/// Topics of one client at a time.
const MAX_TOPICS: usize = 256;

/// Replays of one client at a time.
const MAX_REPLAYS: usize = 4;

impl CommandHandler {
    /// Adds live topics to the bus at once. With `since`, topics of stored events join it only after
    /// their replay; until then they leave the bus, or an event could overtake an older one.
    pub(super) fn add_topics(&mut self, payload: &Payload) -> Result<String, Fault> {
        let topics = topics(payload)?;
        expect_heard(&self.handle.access(), &topics)?;
        let seq = self.gateway.listeners.bus.last_seq();
        let cursors = &self.gateway.listeners.bus.cursors;
        let since = payload.value("since");
        let since = since.map(|since| cursors.read(since, seq)).transpose()?;
        let mut all = self.topics();
        all.extend(
            topics
                .iter()
                .filter(|topic| !all.contains(topic))
                .cloned()
                .collect::<Vec<_>>(),
        );
        check_bounds(all.len(), self.replays.len())?;
        let (stored, live): (Vec<_>, Vec<_>) = topics
            .into_iter()
            .partition(|topic| since.is_some() && topic.wants_messages());
        if !live.is_empty() {
            self.gateway
                .listeners
                .bus
                .subscribe(&self.handle, &live, None);
        }
        if let Some(since) = since.filter(|_| !stored.is_empty()) {
            self.forget(&stored);
            self.replays.push(Replay::new(stored, since));
        }
        Ok(json!({"topics": names(&all), "seq": seq}).to_string())
    }

    /// Takes topics away and answers with those that are left.
    pub(super) fn remove_topics(&mut self, payload: &Payload) -> Result<String, Fault> {
        self.forget(&topics(payload)?);
        Ok(json!({"topics": names(&self.topics())}).to_string())
    }

    fn forget(&mut self, topics: &[Topic]) {
        self.gateway.listeners.bus.unsubscribe(&self.handle, topics);
        for replay in &mut self.replays {
            replay.topics.retain(|topic| !topics.contains(topic));
        }
    }

    /// Those on the bus and those that join it after their replay.
    fn topics(&self) -> Vec<Topic> {
        let replayed = self
            .replays
            .iter()
            .flat_map(|replay| replay.topics.iter().cloned());
        self.handle.topics().into_iter().chain(replayed).collect()
    }
}

/// Fails for a topic of which this key may hear nothing.
fn expect_heard(access: &Access, topics: &[Topic]) -> Result<(), Fault> {
    let hears = |topic: &&Topic| {
        let mut events = EVENTS.iter();
        events.any(|event| topic.may_be(event.name) && access.may_hear(event))
    };
    match topics.iter().find(|topic| !hears(topic)) {
        None => Ok(()),
        Some(topic) => {
            let role = access.role().as_str();
            let text = format!("{topic} is not for a key of role {role}; describe lists what is");
            Err(Fault::new(ErrorCode::Forbidden, text))
        }
    }
}

fn check_bounds(topics: usize, replays: usize) -> Result<(), Fault> {
    if topics > MAX_TOPICS {
        let text = format!(
            "a client has at most {MAX_TOPICS} topics; a wider one such as message.* may do"
        );
        return Err(Fault::new(ErrorCode::TooLarge, text));
    }
    if replays >= MAX_REPLAYS {
        let text = format!("{MAX_REPLAYS} replays of this client are under way already");
        return Err(Fault::new(ErrorCode::QueueFull, text).retry_after(1000));
    }
    Ok(())
}

fn topics(payload: &Payload) -> Result<Vec<Topic>, Fault> {
    let parsed = payload.names("topics").map(str::parse);
    parsed.collect::<Result<_, String>>().map_err(|why| {
        Fault::new(ErrorCode::BadPayload, why).with_details(json!({"field": "topics"}))
    })
}

fn names(topics: &[Topic]) -> Vec<String> {
    topics.iter().map(ToString::to_string).collect()
}
