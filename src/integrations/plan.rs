//! Which integrations the settings ask for: a list that can be compared, so that a reload restarts
//! only what changed.

use std::{sync::Arc, time::Duration};

use super::{
    Audience, Integration,
    allow_list::AllowList,
    bridge::Bridges,
    broken::Broken,
    cloud::{self, Cloud},
    evolution::{self, Evolution},
    ingress::Ingress,
    pairing::Pairings,
    telegram::{self, Telegram},
    webchat::{self, WebChat},
};
use crate::{
    config::{
        BaseUrl, Delays, Lookup, keys,
        services::{self, Service},
    },
    log::Log,
    phone::Country,
    router::Router,
    store::Store,
};

/// One integration that is to run.
#[derive(Clone, PartialEq, Eq)]
pub struct Plan {
    /// Its channel.
    pub name: String,
    /// How fast and how late it may send.
    pub limits: SendLimits,
    allowed: AllowList,
    country: Option<Country>,
    settings: ServiceSettings,
    /// What of its settings is read and cannot be meant so.
    pub doubts: Vec<String>,
}

#[derive(Clone, PartialEq, Eq)]
enum ServiceSettings {
    WebChat,
    Telegram(telegram::BotSettings),
    Cloud(cloud::CloudSettings),
    Evolution(evolution::EvolutionSettings),
    /// A client of the gateway.
    Bridge,
    /// None that can be read: what is wrong with them.
    Broken(String),
}

/// How a channel may send.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SendLimits {
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
        matches!(
            self.settings,
            ServiceSettings::WebChat | ServiceSettings::Bridge
        )
    }

    /// Whether the other asks for an integration that is not this one at other limits.
    pub fn builds_another(&self, other: &Self) -> bool {
        let built = |plan: &Self| Self {
            limits: SendLimits::default(),
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
            .of_country(self.country)
        };
        match &self.settings {
            ServiceSettings::Telegram(settings) => {
                Arc::new(Telegram::new(&self.name, settings, ingress()))
            }
            ServiceSettings::Cloud(settings) => Arc::new(Cloud::new(settings, ingress())),
            ServiceSettings::Evolution(settings) => {
                Arc::new(Evolution::new(settings, &around.address, ingress()))
            }
            ServiceSettings::WebChat => Arc::new(WebChat::new(&around.audience)),
            ServiceSettings::Broken(why) => Arc::new(Broken::new(&self.name, why)),
            ServiceSettings::Bridge => around.bridges.adopt(&self.name),
        }
    }
}

/// Every integration the settings ask for.
pub fn plans(lookup: &Lookup) -> Vec<Plan> {
    let webchat = Some(ServiceSettings::WebChat);
    let webchat = plan(lookup, &services::WEBCHAT, webchat::NAME, webchat);
    std::iter::once(webchat)
        .chain(telegrams(lookup))
        .chain(cloud(lookup))
        .chain(evolution(lookup))
        .collect()
}

/// A channel whose integration is a client.
pub fn bridge(name: &str, limits: SendLimits) -> Plan {
    Plan {
        name: name.to_owned(),
        limits,
        allowed: AllowList::All,
        country: None,
        settings: ServiceSettings::Bridge,
        doubts: Vec::new(),
    }
}

/// How the channels whose integrations are clients may send.
pub fn bridge_limits(lookup: &Lookup) -> SendLimits {
    limits(lookup, &services::BRIDGES)
}

/// Where what is set for the service cannot be read, the channel is there all the same, to say so.
fn plan(
    lookup: &Lookup,
    service: &Service,
    channel: &str,
    settings: Option<ServiceSettings>,
) -> Plan {
    let complaints = lookup.complaints(service);
    let settings = settings.filter(|_| complaints.is_empty());
    let settings = settings.unwrap_or_else(|| ServiceSettings::Broken(complaints.join("; ")));
    Plan {
        name: channel.to_owned(),
        limits: limits(lookup, service),
        allowed: allowed(lookup, service, channel),
        country: country(lookup),
        doubts: doubts(lookup, service, channel),
        settings,
    }
}

/// One bot for each token: `telegram`, `telegram-2`, …. Each key but for the first ends as its
/// channel does, with `_`.
fn telegrams(lookup: &Lookup) -> impl Iterator<Item = Plan> {
    let service = &services::TELEGRAM;
    service.channels.iter().filter_map(|name| {
        let suffix = name.trim_start_matches("telegram").replace('-', "_");
        let named = |key: &str| lookup.get(&format!("{key}{suffix}"));
        let token = named("TELEGRAM_BOT_TOKEN").or_else(|| named("TELEGRAM_TOKEN"))?;
        let settings = base(lookup, service).map(|base| {
            let token = token.to_owned();
            ServiceSettings::Telegram(telegram::BotSettings { token, base })
        });
        Some(plan(lookup, service, name, settings))
    })
}

fn evolution(lookup: &Lookup) -> Option<Plan> {
    let service = &services::EVOLUTION;
    let text = |name: &str| lookup.text(name).map(str::to_owned);
    let token = text("WHATSAPP_API_TOKEN_INSTANCE")?;
    let instance = text("WHATSAPP_INSTANCE_NAME")?;
    let settings = base(lookup, service).map(|base| {
        ServiceSettings::Evolution(evolution::EvolutionSettings {
            base,
            token,
            instance,
            webhook_url: text("WHATSAPP_WEBHOOK_URL"),
            webhook_secret: text("WHATSAPP_WEBHOOK_SECRET"),
        })
    });
    Some(plan(lookup, service, evolution::NAME, settings))
}

fn cloud(lookup: &Lookup) -> Option<Plan> {
    let service = &services::CLOUD;
    let text = |name: &str| lookup.text(name).map(str::to_owned);
    let token = text("WHATSAPP_CLOUD_TOKEN")?;
    let phone_id = text("WHATSAPP_CLOUD_PHONE_ID")?;
    let settings = base(lookup, service).map(|base| {
        ServiceSettings::Cloud(cloud::CloudSettings {
            token,
            phone_id,
            app_secret: text("WHATSAPP_CLOUD_APP_SECRET"),
            verify_token: text("WHATSAPP_CLOUD_VERIFY_TOKEN"),
            base,
        })
    });
    Some(plan(lookup, service, cloud::NAME, settings))
}

/// The address of a service, where it is one.
fn base(lookup: &Lookup, service: &Service) -> Option<BaseUrl> {
    BaseUrl::parse(lookup.text(&service.key("BASE_URL"))?).ok()
}

fn country(lookup: &Lookup) -> Option<Country> {
    lookup.text(keys::COUNTRY)?.parse().ok()
}

fn allowed(lookup: &Lookup, service: &Service, channel: &str) -> AllowList {
    match service.find("ALLOW_FROM") {
        None => AllowList::All,
        Some(key) => {
            let text = lookup.text(key.name).unwrap_or_default();
            AllowList::read(channel, text, country(lookup))
        }
    }
}

/// What of the settings is read and cannot be meant so.
fn doubts(lookup: &Lookup, service: &Service, channel: &str) -> Vec<String> {
    let Some(key) = service.find("ALLOW_FROM") else {
        return Vec::new();
    };
    let text = lookup.text(key.name).unwrap_or_default();
    AllowList::doubts(channel, key.name, text, country(lookup))
}

fn limits(lookup: &Lookup, service: &Service) -> SendLimits {
    let number = |what| lookup.number(&service.key(what));
    SendLimits {
        // 0 hours is for ever, and 0 messages a minute no limit.
        max_age: number("MAX_AGE").map(|hours| Duration::from_secs(hours * 3600)),
        per_minute: number("RATE").and_then(|rate| u32::try_from(rate).ok()),
        // The settings were checked when they were read, so the text is a list.
        retry_delays: lookup
            .text(keys::RETRY_DELAYS)
            .and_then(|text| Delays::parse(text).ok())
            .unwrap_or(Delays::USUAL),
    }
}
