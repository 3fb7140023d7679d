//! The integrations that the settings name, as comparable values, so that a reload restarts only what
//! changed.

use std::{sync::Arc, time::Duration};

use serde_json::Value;

use super::{
    Audience, Integration,
    allow_list::AllowList,
    bridge::Bridges,
    broken::Broken,
    cloud::{self, Cloud},
    discord::{self, Discord},
    ingress::Ingress,
    pairing::Pairings,
    send_rules::SendRules,
    telegram::{self, Telegram},
    webchat::{self, WebChat},
    whatsapp::{self, Whatsapp},
};
use crate::{
    config::{
        BaseUrl, Delays, FetchRule, Lookup, keys,
        services::{self, Service},
    },
    language::Language,
    log::Log,
    media::Media,
    phone::Country,
    router::Router,
    store::Store,
};

/// One integration that should run.
#[derive(Clone, PartialEq, Eq)]
pub struct Plan {
    /// Its channel.
    pub name: String,
    /// Its limits for sending.
    pub limits: SendLimits,
    /// The rules it sends by.
    pub rules: SendRules,
    allowed: AllowList,
    country: Option<Country>,
    language: Option<Language>,
    settings: ServiceSettings,
    /// Warnings about settings that are valid but surely not intended.
    pub warnings: Vec<String>,
}

#[derive(Clone, PartialEq, Eq)]
enum ServiceSettings {
    WebChat,
    Telegram(telegram::BotSettings),
    Discord(discord::DiscordSettings),
    Cloud(cloud::CloudSettings),
    Whatsapp(whatsapp::WhatsappSettings),
    /// A client of the gateway.
    Bridge,
    /// Only other machines of the cluster have it.
    #[cfg(feature = "nats")]
    Elsewhere,
    /// Invalid settings, with the errors.
    Broken(String),
}

/// The server of the channel `whatsapp`.
pub struct WhatsappServer {
    /// As the settings have it.
    pub named: whatsapp::ServerKind,
    /// Where it should be.
    pub address: String,
    /// What answers there, if it is known; the error says why nothing does.
    pub found: Result<Option<whatsapp::FoundServer>, String>,
}

/// The limits of a channel for sending.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SendLimits {
    /// A message that waited longer fails; `None` for no limit.
    pub max_age: Option<Duration>,
    /// Messages per minute; `None` for no limit.
    pub per_minute: Option<u32>,
    /// The waits between attempts.
    pub retry_delays: Delays,
}

/// The parts of the daemon that integrations are built with.
pub struct BuildContext {
    /// The clients of the gateway.
    pub audience: Arc<dyn Audience>,
    /// The message store.
    pub store: Store,
    /// The kept files.
    pub media: Media,
    /// The channels whose integrations are clients.
    pub bridges: Arc<Bridges>,
    /// The routes of all channels.
    pub router: Arc<Router>,
    /// The approved senders.
    pub pairings: Arc<Pairings>,
    /// The log.
    pub log: Log,
    /// The gateway's address for services on this machine: `HOST:PORT`.
    pub address: String,
}

impl Plan {
    /// Whether clients deliver the inbound messages of this channel, with `receive`.
    pub fn clients_hand_in(&self) -> bool {
        matches!(
            self.settings,
            ServiceSettings::WebChat | ServiceSettings::Bridge
        )
    }

    /// Whether only other machines of the cluster have the channel.
    #[cfg(feature = "nats")]
    pub fn is_elsewhere(&self) -> bool {
        self.settings == ServiceSettings::Elsewhere
    }

    /// Whether the plans differ in more than their limits and rules.
    pub fn builds_another(&self, other: &Self) -> bool {
        let built = |plan: &Self| Self {
            limits: SendLimits::default(),
            rules: SendRules::default(),
            ..plan.clone()
        };
        built(self) != built(other)
    }

    /// Asks the service whose account these settings are of; the error says what is wrong and what to do. Nothing
    /// runs, and nothing is changed there.
    pub async fn inquire(&self) -> Result<Value, String> {
        match &self.settings {
            ServiceSettings::Telegram(settings) => telegram::bot(&self.name, settings).await,
            ServiceSettings::Discord(settings) => discord::bot(&self.name, settings).await,
            ServiceSettings::Whatsapp(settings) => whatsapp::instances(settings).await,
            ServiceSettings::Cloud(settings) => cloud::number(settings).await,
            ServiceSettings::Broken(why) => Err(why.clone()),
            #[cfg(feature = "nats")]
            ServiceSettings::Elsewhere => Err(format!("{} is of another machine", self.name)),
            ServiceSettings::WebChat | ServiceSettings::Bridge => {
                Err(format!("{} is no service that can be asked", self.name))
            }
        }
    }

    /// Builds the integration; it does not run yet.
    pub fn build(&self, context: &BuildContext) -> Arc<dyn Integration> {
        let ingress = || {
            Ingress::new(
                &self.name,
                self.allowed.clone(),
                Arc::clone(&context.pairings),
                context.store.clone(),
                Arc::clone(&context.router),
                context.log.clone(),
                Arc::downgrade(&context.audience),
            )
            .of_place(self.country, self.language)
        };
        match &self.settings {
            ServiceSettings::Telegram(settings) => {
                let media = context.media.clone();
                Arc::new(Telegram::new(&self.name, settings, ingress(), media))
            }
            ServiceSettings::Discord(settings) => {
                let media = context.media.clone();
                Arc::new(Discord::new(&self.name, settings, ingress(), media))
            }
            ServiceSettings::Cloud(settings) => {
                Arc::new(Cloud::new(settings, ingress(), context.media.clone()))
            }
            ServiceSettings::Whatsapp(settings) => {
                let media = context.media.clone();
                Arc::new(Whatsapp::new(settings, &context.address, ingress(), media))
            }
            ServiceSettings::WebChat => Arc::new(WebChat::new(&context.audience)),
            ServiceSettings::Broken(why) => Arc::new(Broken::new(&self.name, why)),
            ServiceSettings::Bridge => context.bridges.adopt(&self.name),
            #[cfg(feature = "nats")]
            ServiceSettings::Elsewhere => Arc::new(super::elsewhere::Elsewhere::new(&self.name)),
        }
    }
}

/// Every integration that the settings name.
pub fn plans(lookup: &Lookup) -> Vec<Plan> {
    let webchat = Some(ServiceSettings::WebChat);
    let webchat = plan(lookup, &services::WEBCHAT, webchat::NAME, webchat);
    std::iter::once(webchat)
        .chain(telegrams(lookup))
        .chain(cloud(lookup))
        .chain(whatsapp(lookup))
        .chain(discords(lookup))
        .collect()
}

/// The plan of a channel whose integration is a client.
pub fn bridge(name: &str, limits: SendLimits, rules: SendRules) -> Plan {
    Plan {
        name: name.to_owned(),
        limits,
        rules,
        allowed: AllowList::All,
        country: None,
        language: None,
        settings: ServiceSettings::Bridge,
        warnings: Vec::new(),
    }
}

/// The plan of a channel that only other machines of the cluster have.
#[cfg(feature = "nats")]
pub fn elsewhere(name: &str) -> Plan {
    Plan {
        settings: ServiceSettings::Elsewhere,
        ..bridge(name, SendLimits::default(), SendRules::default())
    }
}

/// The limits of all channels whose integrations are clients.
pub fn bridge_limits(lookup: &Lookup) -> SendLimits {
    limits(lookup, &services::BRIDGES)
}

/// The rules of all channels whose integrations are clients.
pub fn bridge_rules(lookup: &Lookup) -> SendRules {
    SendRules::read(lookup, &services::BRIDGES, "", None)
}

/// If the settings of the service are invalid, the channel exists all the same and shows the errors.
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
        rules: SendRules::read(lookup, service, channel, country(lookup)),
        allowed: allowed(lookup, service, channel),
        country: country(lookup),
        language: lookup.get(keys::LANGUAGE).and_then(Language::of_tag),
        warnings: warnings(lookup, service, channel),
        settings,
    }
}

fn telegrams(lookup: &Lookup) -> impl Iterator<Item = Plan> {
    let service = &services::TELEGRAM;
    bots(lookup, service, |token| {
        base(lookup, service).map(|base| {
            ServiceSettings::Telegram(telegram::BotSettings {
                token,
                base,
                fetches: fetches(lookup, service),
            })
        })
    })
}

fn discords(lookup: &Lookup) -> impl Iterator<Item = Plan> {
    let service = &services::DISCORD;
    bots(lookup, service, |token| {
        base(lookup, service).map(|base| {
            ServiceSettings::Discord(discord::DiscordSettings {
                token,
                base,
                fetches: fetches(lookup, service),
            })
        })
    })
}

/// One bot per token: `telegram`, `telegram-2`, ….
fn bots(
    lookup: &Lookup,
    service: &'static Service,
    settings: impl Fn(String) -> Option<ServiceSettings>,
) -> impl Iterator<Item = Plan> {
    service.channels.iter().filter_map(move |name| {
        let keys = service.token_keys(name);
        let token = keys.iter().find_map(|key| lookup.get(key))?;
        Some(plan(lookup, service, name, settings(token.to_owned())))
    })
}

fn whatsapp(lookup: &Lookup) -> Option<Plan> {
    let service = &services::WHATSAPP;
    for name in ["WHATSAPP_API_TOKEN_INSTANCE", "WHATSAPP_INSTANCE_NAME"] {
        lookup.text(name)?;
    }
    let settings = whatsapp_settings(lookup).map(ServiceSettings::Whatsapp);
    Some(plan(lookup, service, whatsapp::NAME, settings))
}

/// None without a key, the name of an account or a valid address.
fn whatsapp_settings(lookup: &Lookup) -> Option<whatsapp::WhatsappSettings> {
    let service = &services::WHATSAPP;
    let text = |name: &str| lookup.text(name).map(str::to_owned);
    let token = text("WHATSAPP_API_TOKEN_INSTANCE")?;
    let instance = text("WHATSAPP_INSTANCE_NAME")?;
    // The name was validated when the settings were loaded, so the default is never used here.
    let server = text("WHATSAPP_SERVER").and_then(|name| name.parse().ok());
    Some(whatsapp::WhatsappSettings {
        server: server.unwrap_or_default(),
        base: base(lookup, service)?,
        token,
        instance,
        webhook_url: text("WHATSAPP_WEBHOOK_URL"),
        webhook_secret: text("WHATSAPP_WEBHOOK_SECRET"),
        fetches: fetches(lookup, service),
    })
}

/// Which server the settings name for `whatsapp` and where, and which answers there; `None` where they have none.
pub async fn whatsapp_server(lookup: &Lookup) -> Option<WhatsappServer> {
    let settings = whatsapp_settings(lookup)?;
    Some(WhatsappServer {
        named: settings.server,
        address: settings.base.authority().to_owned(),
        found: whatsapp::identify(&settings).await,
    })
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
            fetches: fetches(lookup, service),
        })
    });
    Some(plan(lookup, service, cloud::NAME, settings))
}

/// The base URL of a service, if it is valid.
fn base(lookup: &Lookup, service: &Service) -> Option<BaseUrl> {
    BaseUrl::parse(lookup.text(&service.key("BASE_URL"))?).ok()
}

/// The text was validated when the settings were loaded, so the default is never used here.
fn fetches(lookup: &Lookup, service: &Service) -> FetchRule {
    let text = lookup.text(&service.key("MEDIA"));
    text.and_then(|text| text.parse().ok()).unwrap_or_default()
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

fn warnings(lookup: &Lookup, service: &Service, channel: &str) -> Vec<String> {
    let Some(key) = service.find("ALLOW_FROM") else {
        return Vec::new();
    };
    let text = lookup.text(key.name).unwrap_or_default();
    AllowList::warnings(channel, key.name, text, country(lookup))
}

fn limits(lookup: &Lookup, service: &Service) -> SendLimits {
    let number = |what| lookup.number(&service.key(what));
    SendLimits {
        // Of both, 0 means no limit; delivery checks for that.
        max_age: number("MAX_AGE").map(|hours| Duration::from_secs(hours * 3600)),
        per_minute: number("RATE").and_then(|rate| u32::try_from(rate).ok()),
        // The text was validated when the settings were loaded, so the default is never used here.
        retry_delays: lookup
            .text(keys::RETRY_DELAYS)
            .and_then(|text| Delays::parse(text).ok())
            .unwrap_or(Delays::USUAL),
    }
}

#[cfg(test)]
mod tests;
