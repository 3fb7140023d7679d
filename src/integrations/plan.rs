//! Which integrations the settings ask for: a list that can be compared, so that a reload restarts
//! only what changed.

use std::{sync::Arc, time::Duration};

use super::{
    Audience, Integration,
    webchat::{self, WebChat},
};
use crate::config::{Lookup, keys};

/// One integration that is to run.
#[derive(Clone, PartialEq, Eq)]
pub struct Plan {
    /// Its channel.
    pub name: String,
    /// How fast and how late it may send.
    pub limits: Limits,
    kind: Kind,
}

#[derive(Clone, PartialEq, Eq)]
enum Kind {
    WebChat,
}

/// How a channel may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// A message that waited longer fails; `None` for ever.
    pub max_age: Option<Duration>,
    /// Messages a minute; `None` for no limit.
    pub per_minute: Option<u32>,
}

/// What integrations are built with.
pub struct Surroundings {
    /// The clients of the gateway.
    pub audience: Arc<dyn Audience>,
}

impl Plan {
    /// True where clients hand in what comes from the peers of this channel.
    pub fn clients_hand_in(&self) -> bool {
        self.kind == Kind::WebChat
    }

    /// The integration, not running yet.
    pub fn build(&self, around: &Surroundings) -> Arc<dyn Integration> {
        match &self.kind {
            Kind::WebChat => Arc::new(WebChat::new(&around.audience)),
        }
    }
}

/// Every integration the settings ask for.
pub fn plans(lookup: &Lookup) -> Vec<Plan> {
    vec![Plan {
        name: webchat::NAME.to_owned(),
        limits: limits(lookup, "WEBCHAT"),
        kind: Kind::WebChat,
    }]
}

fn limits(lookup: &Lookup, prefix: &str) -> Limits {
    let number = |what| keys::number_of(lookup, &format!("{prefix}_{what}"));
    Limits {
        max_age: number("MAX_AGE").map(|hours| Duration::from_secs(hours * 3600)),
        per_minute: number("RATE").and_then(|rate| u32::try_from(rate).ok()),
    }
}
