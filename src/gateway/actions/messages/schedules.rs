//! The actions about what is sent again and again: list, add, remove, pause, run.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{batch, draft, keep_data, later};
use crate::{
    calendar::{Cron, Interval, Zone},
    clock::{self, parse_span},
    gateway::{
        Gateway,
        actions::{
            answer::Answer,
            lookup::stored_peer,
            media::{self, Place},
        },
        control::{NewSchedule, Repeat, ScheduleStatus, no_schedule},
        permissions::Access,
    },
    log::is_steering,
    protocol::{
        describe::{self},
        error_code::Fault,
        payload::{Payload, bad_field, faulty_field, needless_field},
    },
};

/// Longest name of a schedule, in characters.
const MAX_NAME: usize = 64;

/// The shortest period, in seconds: what is sent more often is no schedule.
const SHORTEST_S: u64 = 10;

/// Fields of `send` that a schedule has in its place.
const OWN_TIMES: [&str; 5] = ["at", "in", "grace", "wait", "idempotency_key"];

pub(in crate::gateway::actions) fn list(gateway: &Gateway, access: &Access) -> String {
    let all = gateway.schedules.list().into_iter();
    let seen = all.filter(|one| access.covers(&one.channel, &one.peer));
    json!({"schedules": seen.map(|one| one.json).collect::<Vec<_>>()}).to_string()
}

pub(in crate::gateway::actions) fn add(
    gateway: &Arc<Gateway>,
    access: &Access,
    payload: &Payload,
) -> Answer {
    let asked = match asked(gateway, access, payload) {
        Err(fault) => return Answer::Now(Err(fault)),
        Ok(asked) => asked,
    };
    let (gateway, is_paused) = (Arc::clone(gateway), payload.optional_flag("paused"));
    if !media::has_data(asked.message.value("media")) {
        return match asked.schedule(&gateway) {
            Err(fault) => Answer::Now(Err(fault)),
            Ok(new) => answered(Arc::clone(&gateway.schedules).add(new, is_paused)),
        };
    }
    Answer::Later(Box::pin(async move {
        let mut asked = asked;
        keep_data(&gateway, &mut asked.message, Place::Sent).await?;
        let new = asked.schedule(&gateway)?;
        let added = Arc::clone(&gateway.schedules).add(new, is_paused).await?;
        Ok(added.to_string())
    }))
}

/// What was asked for, once the key was found to be for it.
struct Asked {
    name: String,
    message: Payload,
    repeat: Repeat,
    until_ms: Option<u64>,
    count: Option<u64>,
    grace_ms: u64,
}

impl Asked {
    fn schedule(mut self, gateway: &Gateway) -> Result<NewSchedule, Fault> {
        media::put_kinds(gateway, self.message.value_mut("media"));
        Ok(NewSchedule {
            name: self.name,
            draft: draft(gateway, self.message)?,
            repeat: self.repeat,
            until_ms: self.until_ms,
            count: self.count,
            grace_ms: self.grace_ms,
        })
    }
}

/// What a new schedule is called. That of a limited key has its conversation in front: it neither takes the name of one
/// that the key may not see, nor tells that there is one.
fn name_of_its_own(
    gateway: &Gateway,
    access: &Access,
    (channel, peer): (&str, &str),
    name: &str,
) -> String {
    let is_seen = seen(gateway, access, |one| one.json["name"] == name).is_some();
    if access.limits().is_none() || is_seen {
        return name.to_owned();
    }
    // One that an earlier version named is replaced.
    let former = placed_formerly(channel, peer, name);
    let is_it = |one: &ScheduleStatus| {
        one.json["name"] == former && (one.channel.as_str(), one.peer.as_str()) == (channel, peer)
    };
    if seen(gateway, access, is_it).is_some() {
        return former;
    }
    placed(channel, peer, name)
}

/// A name with its conversation in front. A slash in the peer would make it that of another conversation.
fn placed(channel: &str, peer: &str, name: &str) -> String {
    let peer = peer.replace('%', "%25").replace('/', "%2F");
    placed_formerly(channel, &peer, name)
}

/// The same as earlier versions did it. Another only where the peer has such a sign in it.
fn placed_formerly(channel: &str, peer: &str, name: &str) -> String {
    format!("{channel}/{peer}/{name}")
}

/// The only one of those that the key may see.
fn seen(
    gateway: &Gateway,
    access: &Access,
    is_it: impl Fn(&ScheduleStatus) -> bool,
) -> Option<String> {
    let all = gateway.schedules.list().into_iter();
    let mut found = all.filter(|one| access.covers(&one.channel, &one.peer) && is_it(one));
    let name = found.next()?.json["name"].as_str()?.to_owned();
    found.next().is_none().then_some(name)
}

pub(in crate::gateway::actions) fn remove(
    gateway: &Gateway,
    access: &Access,
    payload: &Payload,
) -> Answer {
    with_name(gateway, access, payload, |it, name| it.remove(name))
}

pub(in crate::gateway::actions) fn pause(
    gateway: &Gateway,
    access: &Access,
    payload: &Payload,
) -> Answer {
    let is_paused = payload.value("paused").is_none_or(|paused| *paused == true);
    with_name(gateway, access, payload, |it, name| {
        it.pause(name, is_paused)
    })
}

pub(in crate::gateway::actions) fn run(
    gateway: &Gateway,
    access: &Access,
    payload: &Payload,
) -> Answer {
    with_name(gateway, access, payload, |it, name| it.run(name))
}

type AllSchedules = Arc<dyn crate::gateway::control::Schedules>;

fn with_name(
    gateway: &Gateway,
    access: &Access,
    payload: &Payload,
    work: impl FnOnce(AllSchedules, String) -> crate::gateway::control::Reply<Value>,
) -> Answer {
    let name = payload.text("name");
    // A limited key may leave out the conversation in front, where that makes it no other's name.
    let named = seen(gateway, access, |one| one.json["name"] == name).or_else(|| {
        let of_key = |one: &ScheduleStatus| {
            let (channel, peer, whole) = (&one.channel, &one.peer, &one.json["name"]);
            *whole == placed(channel, peer, name) || *whole == placed_formerly(channel, peer, name)
        };
        seen(gateway, access, |one| {
            access.limits().is_some() && of_key(one)
        })
    });
    match named {
        Some(name) => answered(work(Arc::clone(&gateway.schedules), name)),
        None => Answer::Now(Err(no_schedule(name))),
    }
}

fn answered(reply: crate::gateway::control::Reply<Value>) -> Answer {
    Answer::Later(Box::pin(async move { Ok(reply.await?.to_string()) }))
}

/// Whether a schedule is of a conversation that the key is not for. What it may not see does not exist for it.
fn is_foreign(gateway: &Gateway, access: &Access, name: &str) -> bool {
    let found = gateway.schedules.named(name);
    found.is_some_and(|found| !access.covers(&found.channel, &found.peer))
}

fn asked(gateway: &Gateway, access: &Access, payload: &Payload) -> Result<Asked, Fault> {
    let name = payload.text("name").trim();
    // With a conversation in front it may be longer; the schedule is changed by that name.
    let is_seen = || seen(gateway, access, |one| one.json["name"] == name).is_some();
    let is_too_long = || name.chars().count() > MAX_NAME && !is_seen();
    if name.is_empty() || name.chars().any(is_steering) || is_too_long() {
        let expected = format!("a name of at most {MAX_NAME} characters");
        return Err(bad_field("name", &expected, "something else"));
    }
    let zone = zone(gateway, payload)?;
    let until_ms = match payload.value("until") {
        None => None,
        Some(until) => Some(later::last("until", until, &zone)?),
    };
    let grace_ms = later::grace(payload)?.unwrap_or_else(later::usual_grace_ms);
    let send = payload.value("send").cloned().unwrap_or_default();
    if let Some(field) = OWN_TIMES
        .into_iter()
        .find(|field| send.get(field).is_some())
    {
        let expected = "left out in send: the schedule says when";
        return Err(needless_field(field, expected));
    }
    let action =
        describe::action("send").ok_or_else(|| bad_field("send", "what send takes", "nothing"))?;
    let message = Payload::check(action, Some(&send.to_string()))?;
    if batch::targets(&message).is_some() {
        let expected = "one address: a schedule is for one conversation";
        return Err(bad_field("to", expected, "a list"));
    }
    let channel = message.text("channel");
    let peer = addressee(gateway, &message);
    // Before anything is told of a channel or an address that the key is not for.
    access.expect_within(channel, Some(&peer))?;
    let name = name_of_its_own(gateway, access, (channel, &peer), name);
    // Another's of the same name is not replaced by who may not see it.
    if is_foreign(gateway, access, &name) {
        let expected = "another name: this one is taken";
        return Err(bad_field("name", expected, &format!("{name:?}")));
    }
    Ok(Asked {
        repeat: repeat(payload, zone)?,
        name,
        message,
        until_ms,
        count: payload.integer("count"),
        grace_ms,
    })
}

/// Whom a message is for, as the store calls them.
fn addressee(gateway: &Gateway, message: &Payload) -> String {
    stored_peer(gateway, message.text("channel"), message.text("to"))
}

fn zone(gateway: &Gateway, payload: &Payload) -> Result<Zone, Fault> {
    match payload.optional_text("zone") {
        None => Ok(gateway.settings().zone.clone()),
        Some(name) => {
            Zone::named(name).map_err(|expected| bad_field("zone", &expected, &format!("{name:?}")))
        }
    }
}

fn repeat(payload: &Payload, zone: Zone) -> Result<Repeat, Fault> {
    match (
        payload.optional_text("cron"),
        payload.optional_text("every"),
    ) {
        (Some(text), None) => {
            let cron: Result<Cron, String> = text.parse();
            let cron = cron.map_err(|why| faulty_field("cron", &why, &format!("{text:?}")))?;
            Ok(Repeat::Cron(cron, zone))
        }
        (None, Some(text)) => {
            let period = parse_span(text).filter(|period| period.as_secs() >= SHORTEST_S);
            let period = period.ok_or_else(|| {
                let expected = format!("a span of {SHORTEST_S}s at least, such as 30m or 1d");
                bad_field("every", &expected, &format!("{text:?}"))
            })?;
            let ms = u64::try_from(period.as_millis()).unwrap_or(u64::MAX);
            let from_ms = clock::now_ms().saturating_add(ms);
            Ok(Repeat::Every(Interval { period, from_ms }))
        }
        (None, None) => Err(bad_field("cron", "there, unless every is", "left out")),
        (Some(_), Some(_)) => Err(needless_field("every", "left out where there is cron")),
    }
}
