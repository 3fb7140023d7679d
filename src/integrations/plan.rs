//! Which integrations the settings ask for: a list that can be compared, so that a reload restarts
//! only what changed.

use std::{sync::Arc, time::Duration};

use super::{
    Audience, Integration,
    bridge::Bridges,
    cloud::{self, Cloud},
    evolution::{self, Evolution},
    ingress::{Allowed, Ingress},
    pairing::Pairings,
    telegram::{self, Telegram},
    webchat::{self, WebChat},
};
use crate::{
    config::{BaseUrl, Delays, Lookup, keys},
    log::Log,
    router::Router,
    store::Store,
};

/// One integration that is to run.
#[derive(Clone, PartialEq, Eq)]
pub struct Plan {
    /// Its channel.
    pub name: String,
    /// How fast and how late it may send.
    pub limits: Limits,
    allowed: Allowed,
    kind: Kind,
}

#[derive(Clone, PartialEq, Eq)]
enum Kind {
    WebChat,
    Telegram(telegram::Settings),
    Cloud(cloud::Settings),
    Evolution(evolution::Settings),
    /// A client of the gateway.
    Bridge,
}

/// How a channel may send.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// A message that waited longer fails; `None` for ever.
    pub max_age: Option<Duration>,
    /// Messages a minute; `None` for no limit.
    pub per_minute: Option<u32>,
    /// How long it waits between attempts.
    pub retry_delays: Delays,
}

/// What integrations are built with.
pub struct Surroundings {
    /// The clients of the gateway.
    pub audience: Arc<dyn Audience>,
    /// Where what comes in is kept.
    pub store: Store,
    /// The channels whose integrations are clients.
    pub bridges: Arc<Bridges>,
    /// Which channels there are.
    pub router: Arc<Router>,
    /// Who was let in.
    pub pairings: Arc<Pairings>,
    /// Where to say what happened.
    pub log: Log,
    /// Where services on this machine reach the gateway: `HOST:PORT`.
    pub address: String,
}

impl Plan {
    /// Whether clients hand in what comes from the peers of this channel.
    pub fn clients_hand_in(&self) -> bool {
        matches!(self.kind, Kind::WebChat | Kind::Bridge)
    }

    /// Whether the other asks for an integration that is not this one at other limits.
    pub fn builds_another(&self, other: &Self) -> bool {
        let built = |plan: &Self| Self {
            limits: Limits::default(),
            ..plan.clone()
        };
        built(self) != built(other)
    }

    /// The integration, not running yet.
    pub fn build(&self, around: &Surroundings) -> Arc<dyn Integration> {
        let ingress = || {
            Ingress::new(
                &self.name,
                self.allowed.clone(),
                Arc::clone(&around.pairings),
                around.store.clone(),
                Arc::clone(&around.router),
                around.log.clone(),
                Arc::downgrade(&around.audience),
            )
        };
        match &self.kind {
            Kind::Telegram(settings) => Arc::new(Telegram::new(&self.name, settings, ingress())),
            Kind::Cloud(settings) => Arc::new(Cloud::new(settings, ingress())),
            Kind::Evolution(settings) => {
                Arc::new(Evolution::new(settings, &around.address, ingress()))
            }
            Kind::WebChat => Arc::new(WebChat::new(&around.audience)),
            Kind::Bridge => around.bridges.adopt(&self.name),
        }
    }
}

/// Every integration the settings ask for.
pub fn plans(lookup: &Lookup) -> Vec<Plan> {
    let webchat = Plan {
        name: webchat::NAME.to_owned(),
        limits: limits(lookup, "WEBCHAT"),
        allowed: Allowed::All,
        kind: Kind::WebChat,
    };
    std::iter::once(webchat)
        .chain(telegrams(lookup))
        .chain(cloud(lookup))
        .chain(evolution(lookup))
        .collect()
}

/// A channel whose integration is a client.
pub fn bridge(name: &str, limits: Limits) -> Plan {
    Plan {
        name: name.to_owned(),
        limits,
        allowed: Allowed::All,
        kind: Kind::Bridge,
    }
}

/// How the channels whose integrations are clients may send.
pub fn external_limits(lookup: &Lookup) -> Limits {
    limits(lookup, "EXTERNAL")
}

/// One bot for each token: `telegram`, `telegram-2`, ….
fn telegrams(lookup: &Lookup) -> impl Iterator<Item = Plan> {
    telegram::NAMES.into_iter().filter_map(|name| {
        let suffix = name.trim_start_matches("telegram").replace('-', "_");
        let named = |key: &str| lookup.get(&format!("{key}{suffix}"));
        let token = named("TELEGRAM_BOT_TOKEN").or_else(|| named("TELEGRAM_TOKEN"))?;
        Some(Plan {
            name: name.to_owned(),
            limits: limits(lookup, "TELEGRAM"),
            allowed: allowed(lookup, name, "TELEGRAM"),
            kind: Kind::Telegram(telegram::Settings {
                token: token.to_owned(),
                base: base(lookup, "TELEGRAM")?,
            }),
        })
    })
}

fn evolution(lookup: &Lookup) -> Option<Plan> {
    let text = |name: &str| keys::text_of(lookup, name).map(str::to_owned);
    Some(Plan {
        name: evolution::NAME.to_owned(),
        limits: limits(lookup, "WHATSAPP"),
        allowed: allowed(lookup, evolution::NAME, "WHATSAPP"),
        kind: Kind::Evolution(evolution::Settings {
            base: base(lookup, "WHATSAPP")?,
            token: text("WHATSAPP_API_TOKEN_INSTANCE")?,
            instance: text("WHATSAPP_INSTANCE_NAME")?,
            webhook_url: text("WHATSAPP_WEBHOOK_URL"),
            webhook_secret: text("WHATSAPP_WEBHOOK_SECRET"),
        }),
    })
}

fn cloud(lookup: &Lookup) -> Option<Plan> {
    let text = |name: &str| keys::text_of(lookup, name).map(str::to_owned);
    Some(Plan {
        name: cloud::NAME.to_owned(),
        limits: limits(lookup, "WHATSAPP_CLOUD"),
        allowed: allowed(lookup, cloud::NAME, "WHATSAPP_CLOUD"),
        kind: Kind::Cloud(cloud::Settings {
            token: text("WHATSAPP_CLOUD_TOKEN")?,
            phone_id: text("WHATSAPP_CLOUD_PHONE_ID")?,
            app_secret: text("WHATSAPP_CLOUD_APP_SECRET"),
            verify_token: text("WHATSAPP_CLOUD_VERIFY_TOKEN"),
            base: base(lookup, "WHATSAPP_CLOUD")?,
        }),
    })
}

/// The settings were checked when they were read: an address that is none cannot come here.
fn base(lookup: &Lookup, prefix: &str) -> Option<BaseUrl> {
    let text = keys::text_of(lookup, &format!("{prefix}_BASE_URL"))?;
    BaseUrl::parse(text).ok()
}

fn allowed(lookup: &Lookup, channel: &str, prefix: &str) -> Allowed {
    let text = keys::text_of(lookup, &format!("{prefix}_ALLOW_FROM"));
    Allowed::read(channel, text.unwrap_or_default())
}

fn limits(lookup: &Lookup, prefix: &str) -> Limits {
    let number = |what| keys::number_of(lookup, &format!("{prefix}_{what}"));
    Limits {
        max_age: number("MAX_AGE").map(|hours| Duration::from_secs(hours * 3600)),
        per_minute: number("RATE").and_then(|rate| u32::try_from(rate).ok()),
        // The settings were checked: the text is a list.
        retry_delays: keys::text_of(lookup, keys::RETRY_DELAYS)
            .and_then(|text| Delays::parse(text).ok())
            .unwrap_or(Delays::USUAL),
    }
}
