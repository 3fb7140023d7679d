//! A schedule as it is kept, and as it is shown.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    calendar::{Interval, Zone},
    gateway::control::{NewSchedule, Repeat, ScheduleStatus},
    message::{Kind, text_at},
    store::Draft,
};

/// A schedule.
#[derive(Debug, Clone)]
pub(super) struct Schedule {
    /// Its number, which is never used again.
    pub(super) number: u64,
    pub(super) new: NewSchedule,
    pub(super) is_paused: bool,
    /// When it sends next, in ms since 1970; none where it is over.
    pub(super) next_ms: Option<u64>,
    /// When it sent last, and the message or why there is none.
    pub(super) last: Option<Last>,
}

/// The last occurrence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Last {
    pub(super) at_ms: u64,
    pub(super) message_id: Option<String>,
    pub(super) error: Option<String>,
}

impl Schedule {
    /// Its first time behind this one.
    pub(super) fn next_after(&self, after_ms: u64) -> Option<u64> {
        let next = match &self.new.repeat {
            Repeat::Cron(cron, zone) => cron.next_after(after_ms, zone),
            Repeat::Every(interval) => interval.next_after(after_ms),
        };
        next.filter(|next| self.new.until_ms.is_none_or(|until| *next <= until))
    }

    /// The time that is to be sent now: the latest that has come, where it is not too long ago.
    pub(super) fn occurrence(&self, now_ms: u64, excused_ms: u64) -> Option<u64> {
        let due_ms = self.next_ms.filter(|next| *next <= now_ms)?;
        let grace_ms = self.new.grace_ms.saturating_add(excused_ms);
        let earliest_ms = now_ms.saturating_sub(grace_ms);
        // What is too late is passed over at once, not one by one.
        let mut latest = if due_ms >= earliest_ms {
            due_ms
        } else {
            let first = self.next_after(earliest_ms.saturating_sub(1))?;
            Some(first).filter(|first| *first <= now_ms)?
        };
        while let Some(next) = self.next_after(latest).filter(|next| *next <= now_ms) {
            latest = next;
        }
        Some(latest)
    }

    /// As it is kept.
    pub(super) fn row(&self) -> Vec<u8> {
        let mut row = self.told();
        let draft = &self.new.draft;
        row["number"] = json!(self.number);
        row["draft"] = json!({
            "channel": draft.channel, "peer": draft.peer, "kind": draft.kind.as_str(), "text": draft.text,
            "content": draft.content, "media": draft.media, "reply_to": draft.reply_to, "meta": draft.meta,
        });
        if let Repeat::Every(interval) = &self.new.repeat {
            row["from_ms"] = json!(interval.from_ms);
        }
        row.to_string().into_bytes()
    }

    /// Reads a row; `None` for one of another version.
    pub(super) fn read(row: &[u8]) -> Option<Self> {
        let row: Value = serde_json::from_slice(row).ok()?;
        let repeat = match text_at(&row, "cron") {
            Some(cron) => {
                let zone = text_at(&row, "zone").map_or_else(|| Ok(Zone::system()), Zone::named);
                Repeat::Cron(cron.parse().ok()?, zone.ok()?)
            }
            None => Repeat::Every(Interval {
                period: Duration::from_millis(row["every_ms"].as_u64()?),
                from_ms: row["from_ms"].as_u64()?,
            }),
        };
        let draft = &row["draft"];
        let text = |name: &str| text_at(draft, name).map(str::to_owned);
        let value = |name: &str| draft.get(name).filter(|value| !value.is_null()).cloned();
        let kind: Kind = text_at(draft, "kind")?.parse().ok()?;
        let last = row.get("last").map(|last| Last {
            at_ms: last["at_ms"].as_u64().unwrap_or_default(),
            message_id: text_at(last, "message_id").map(str::to_owned),
            error: text_at(last, "error").map(str::to_owned),
        });
        Some(Self {
            number: row["number"].as_u64()?,
            new: NewSchedule {
                name: text_at(&row, "name")?.to_owned(),
                repeat,
                draft: Draft {
                    channel: text("channel")?,
                    peer: text("peer")?,
                    kind,
                    text: text("text").unwrap_or_default(),
                    content: value("content"),
                    media: value("media"),
                    reply_to: text("reply_to"),
                    meta: value("meta"),
                    ..Draft::default()
                },
                until_ms: row["until_ms"].as_u64(),
                count: row["count"].as_u64(),
                grace_ms: row["grace_ms"].as_u64()?,
            },
            is_paused: row["paused"] == true,
            next_ms: row["next_ms"].as_u64(),
            last,
        })
    }

    /// As clients see it: with all of its message, so that whoever changes a part of it can add it again.
    pub(super) fn status(&self) -> ScheduleStatus {
        let draft = &self.new.draft;
        let mut json = self.told();
        let optional = [
            ("content", draft.content.clone()),
            ("reply_to", draft.reply_to.clone().map(Value::from)),
            ("meta", draft.meta.clone()),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                json[name] = value;
            }
        }
        ScheduleStatus {
            channel: draft.channel.clone(),
            peer: draft.peer.clone(),
            json,
        }
    }

    fn told(&self) -> Value {
        let (new, draft) = (&self.new, &self.new.draft);
        let mut told = json!({
            "name": new.name, "channel": draft.channel, "to": draft.peer, "text": draft.text,
            "state": self.state(), "grace_ms": new.grace_ms,
        });
        match &new.repeat {
            Repeat::Cron(cron, zone) => {
                told["cron"] = json!(cron.to_string());
                if let Some(name) = zone.name() {
                    told["zone"] = json!(name);
                }
            }
            Repeat::Every(interval) => {
                told["every_ms"] =
                    json!(u64::try_from(interval.period.as_millis()).unwrap_or(u64::MAX));
            }
        }
        let optional = [
            ("media", draft.media.clone()),
            ("until_ms", new.until_ms.map(Value::from)),
            ("count", new.count.map(Value::from)),
            ("next_ms", self.next_ms.map(Value::from)),
            ("paused", self.is_paused.then(|| true.into())),
            ("last", self.last.as_ref().map(last_json)),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                told[name] = value;
            }
        }
        told
    }

    fn state(&self) -> &'static str {
        match self.next_ms {
            None => "over",
            Some(_) if self.is_paused => "paused",
            Some(_) => "active",
        }
    }
}

fn last_json(last: &Last) -> Value {
    let mut told = json!({"at_ms": last.at_ms});
    if let Some(id) = &last.message_id {
        told["message_id"] = json!(id);
    }
    if let Some(error) = &last.error {
        told["error"] = json!(error);
    }
    told
}
