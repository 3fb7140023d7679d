//! The settings of one run: read once from all sources, validated, typed, and passed down from there.
//!
//! `keys` is the table of settings (with `limits`, `services`, `agents` and `models`), `values` parses their texts,
//! `lookup` finds who set them, `dotenv` reads the file, `edit` checks what clients want changed. Not here: what the settings do.

pub mod agents;
pub mod dotenv;
pub mod edit;
pub mod keys;
pub mod models;
pub mod services;

mod backups;
mod environment;
mod explain;
mod first_start;
mod home;
mod key;
mod limits;
mod lookup;
mod reach;
mod shown;
mod source;
#[cfg(test)]
mod tests;
mod values;

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

pub use self::{
    backups::BackupSettings,
    environment::Environment,
    explain::{Setting, explain},
    first_start::create_env_file,
    home::{Places, permission_warning, places},
    limits::Limits,
    lookup::{Lookup, look_up},
    models::{TranscribedBy, TranscriptionSettings},
    reach::{PushSettings, TlsFiles, WebhookSettings},
    shown::{is_secret, mask},
    source::Source,
    values::{
        BaseUrl, Delays, Expected, FetchRule, Kind, LEAST_TOKEN_CHARS, Pace, PromptRoute, Route,
        SAFE_TOKEN_CHARS, Shape, WebhookSecret, WebhookUrl, is_agent_name, reached_at,
    },
};
use self::{
    keys::{ALLOWED_HOSTS, TOKEN},
    lookup::{Gathered, gather},
    shown::complaint,
    values::{addresses, kind},
};
use crate::{
    calendar::Zone,
    error::{Error, Result},
    language::Language,
    log::{LogFormat, LogLevel},
    phone::Country,
};

/// Settings from the command line, which override all other sources.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    /// The home folder; may be relative to the current folder.
    pub home: Option<PathBuf>,
    /// A `.env` to read instead of the one in the home folder.
    pub env_file: Option<PathBuf>,
    /// Keys and values, such as `("CLEUDOCODEBOT_PORT", "0")`; the last value of a key counts.
    pub settings: Vec<(String, String)>,
}

impl Overrides {
    /// What a key is set to, if it is.
    pub fn setting(&self, name: &str) -> Option<&str> {
        let named = |(key, _): &&(String, String)| key == name;
        let found = self.settings.iter().rfind(named);
        found.map(|(_, value)| value.as_str())
    }
}

impl fmt::Debug for Overrides {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |(key, value): &(String, String)| {
            let secret = is_secret(key);
            (
                key.clone(),
                if secret { mask(value) } else { value.clone() },
            )
        };
        f.debug_struct("Overrides")
            .field("home", &self.home)
            .field("env_file", &self.env_file)
            .field(
                "settings",
                &self.settings.iter().map(shown).collect::<Vec<_>>(),
            )
            .finish()
    }
}

/// The settings of one run.
#[derive(Clone, PartialEq, Eq)]
pub struct Config {
    /// The folder of `.env`, messages and logs. Absolute; loading the settings does not create it.
    pub home: PathBuf,
    /// The `.env` that is read, whether or not it exists. Absolute.
    pub env_file: PathBuf,
    /// The address to listen on.
    pub host: IpAddr,
    /// The port to listen on; 0 lets the system pick one.
    pub port: u16,
    /// The token that every client must present; `None` until the first start has generated one.
    pub token: Option<String>,
    /// Web origins that may connect besides our own, in lower case.
    pub allowed_origins: Vec<String>,
    /// Values of the `Host` header that are accepted besides loopback, in lower case.
    pub allowed_hosts: Vec<String>,
    /// The certificate with which the port speaks TLS; without one it speaks plain HTTP.
    pub tls: Option<TlsFiles>,
    /// For how many seconds browsers shall come by https only (RFC 6797); `None` to say nothing.
    pub hsts: Option<u64>,
    /// The address under which other devices reach the gateway.
    pub public_url: Option<BaseUrl>,
    /// The limits of the gateway.
    pub limits: Limits,
    /// The backups that are made by themselves, where any are.
    pub backups: Option<BackupSettings>,
    /// Days to keep messages; 0 for ever.
    pub history_days: u32,
    /// The language of what people read, where nothing tells theirs.
    pub language: Option<Language>,
    /// The country of phone numbers written without a country code.
    pub country: Option<Country>,
    /// The time zone of what is sent at a time of the day.
    pub zone: Zone,
    /// How much to log.
    pub log_level: LogLevel,
    /// The shape of a log line.
    pub log_format: LogFormat,
}

/// The settings, and warnings about them.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The settings.
    pub config: Config,
    /// One line each: what is ignored, duplicate or mistyped, where, and what to do.
    pub warnings: Vec<String>,
    /// All values that were set, from which integrations read their own keys.
    pub lookup: Lookup,
}

/// Reads all sources, validates every key and builds the settings. A missing `.env` counts as empty.
/// Fails with an [`Error::Config`] that names every invalid value and its source.
pub fn load(overrides: &Overrides, environment: &Environment) -> Result<Loaded> {
    loaded(gather(overrides, environment)?)
}

/// Refuses a token of the command line that is too short to be any daemon's: that it was mistyped is what
/// has to be said, not how the setting is mended.
fn refuse_short_token(lookup: &Lookup, config: &Config) -> Result<()> {
    let is_given = matches!(lookup.find(keys::TOKEN), Some((_, Source::CommandLine)));
    if is_given && config.has_short_token() {
        return Err(Error::Usage(format!(
            "the token behind --token has fewer than {LEAST_TOKEN_CHARS} characters, so it is no daemon's; \
             leave it out, or see the right one: cleudocodebot token show"
        )));
    }
    Ok(())
}

fn loaded(gathered: Gathered) -> Result<Loaded> {
    let lookup = gathered.lookup;
    let of_services = services::SERVICES
        .iter()
        .flat_map(|service| lookup.complaints(service));
    let of_services: Vec<String> = of_services.collect();
    let of_agents = complaints_about_agents(&lookup);
    let others = of_services
        .iter()
        .chain(of_agents.iter().map(|(_, why)| why));
    refuse_invalid(&lookup, others)?;
    let config = Config::read(&lookup, gathered.home, gathered.env_file)?;
    refuse_short_token(&lookup, &config)?;
    config.check_exposure()?;
    let mut warnings = gathered.warnings;
    let parked = |why: &String| format!("{why}; its channel is parked until that is fixed");
    warnings.extend(of_services.iter().map(parked));
    warnings.extend(of_agents.iter().map(|(key, why)| {
        let what = consequence(key);
        format!("{why}; {what} until that is fixed")
    }));
    warnings.extend(config.warnings());
    Ok(Loaded {
        config,
        warnings,
        lookup,
    })
}

/// What is wrong with the settings of agents and their models: keys without our prefix that are no
/// service's.
fn complaints_about_agents(lookup: &Lookup) -> Vec<(&'static str, String)> {
    let of_service = |name| services::SERVICES.iter().any(|it| it.row(name).is_some());
    keys::all()
        .filter(|key| !key.name.starts_with(keys::PREFIX) && !of_service(key.name))
        .filter_map(|key| Some((key.name, lookup.complaint(key.name, key)?)))
        .collect()
}

/// What a wrong value of a setting of agents does.
fn consequence(key: &str) -> &'static str {
    if agents::WHO_ANSWERS.contains(&key) {
        "nobody answers"
    } else if keys::models::KEYS.iter().any(|row| row.name == key) {
        "the agents that come with this program do not start"
    } else {
        "it counts as unset"
    }
}

/// Reports all errors at once, so that one edit can fix them. Errors in the settings of services and agents
/// alone are not fatal: these do not run, and the rest does.
fn refuse_invalid<'a>(lookup: &Lookup, others: impl Iterator<Item = &'a String>) -> Result<()> {
    let mut complaints: Vec<String> = keys::all()
        // HOME was validated when the home folder was found.
        .filter(|key| key.name != keys::HOME && key.name.starts_with(keys::PREFIX))
        .filter_map(|key| lookup.complaint(key.name, key))
        .collect();
    complaints.extend(reach::webhooks::complaints(lookup));
    if complaints.is_empty() {
        return Ok(());
    }
    complaints.extend(others.cloned());
    Err(Error::Config(complaints.join("\n")))
}

impl Config {
    fn read(lookup: &Lookup, home: PathBuf, env_file: PathBuf) -> Result<Self> {
        let number = |name| typed(lookup, name, Kind::number);
        let narrow = |name| number(name).map(|n| u32::try_from(n).unwrap_or(u32::MAX));
        let port = number("CLEUDOCODEBOT_PORT")?;
        Ok(Self {
            tls: reach::tls_files(lookup, &home)?,
            hsts: reach::hsts(lookup),
            public_url: reach::public_url(lookup)?,
            backups: BackupSettings::read(lookup, &home),
            home,
            env_file,
            host: typed(lookup, "CLEUDOCODEBOT_HOST", |_, text| {
                addresses::host(text)
            })?,
            port: u16::try_from(port).unwrap_or(u16::MAX),
            token: lookup.get(TOKEN).map(str::to_owned),
            allowed_origins: typed(lookup, "CLEUDOCODEBOT_ALLOWED_ORIGINS", |_, text| {
                addresses::origins(text)
            })?,
            allowed_hosts: typed(lookup, ALLOWED_HOSTS, |_, text| addresses::hosts(text))?,
            limits: Limits::read(number)?,
            history_days: narrow("CLEUDOCODEBOT_HISTORY_DAYS")?,
            language: typed(lookup, keys::LANGUAGE, |_, text| kind::language(text))?,
            country: typed(lookup, keys::COUNTRY, |_, text| kind::country(text))?,
            zone: typed(lookup, keys::ZONE, |_, text| kind::zone(text))?,
            log_level: typed(lookup, "CLEUDOCODEBOT_LOG_LEVEL", |_, text| {
                kind::level(text)
            })?,
            log_format: typed(lookup, "CLEUDOCODEBOT_LOG_FORMAT", |_, text| {
                kind::format(text)
            })?,
        })
    }

    /// Host (without brackets) and port where clients on this machine reach the gateway: loopback, if it
    /// listens on all interfaces.
    pub fn endpoint(&self) -> (String, u16) {
        (reached_at(self.host).to_string(), self.port)
    }

    /// The same as in a URL, with the port that was actually bound: `[::1]:18789`.
    pub fn authority(&self, port: u16) -> String {
        SocketAddr::new(reached_at(self.host), port).to_string()
    }

    /// Warnings about settings that are valid but surely not intended.
    fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self
            .token
            .as_ref()
            .is_some_and(|t| t.len() < SAFE_TOKEN_CHARS)
        {
            warnings.push(format!(
                "{TOKEN} has fewer than {SAFE_TOKEN_CHARS} characters and may be guessed; \
                 remove it and start again for a new one"
            ));
        }
        if self.limits.max_queue_bytes < self.limits.max_message_bytes {
            warnings.push(
                "CLEUDOCODEBOT_MAX_QUEUE_BYTES is smaller than CLEUDOCODEBOT_MAX_MESSAGE_BYTES: \
                 a client that is sent the longest message will be dropped; raise it"
                    .to_owned(),
            );
        }
        warnings.extend(self.warnings_about_reach());
        warnings
    }
}

/// The value of a key, parsed by `read`.
fn typed<T>(
    lookup: &Lookup,
    name: &'static str,
    read: impl Fn(Kind, &str) -> Result<T, Expected>,
) -> Result<T> {
    let Some(key) = keys::find(name) else {
        return Err(Error::Failed(format!(
            "{name} is missing from the table of keys"
        )));
    };
    let (value, source) = lookup.known(key);
    read(key.kind, value).map_err(|expected| {
        Error::Config(complaint(name, value, &lookup.origin(source), &expected))
    })
}

impl fmt::Debug for Config {
    /// Shows whether there is a token, but not the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("home", &self.home)
            .field("env_file", &self.env_file)
            .field("host", &self.host)
            .field("port", &self.port)
            .field("token", &self.token.as_ref().map(|_| "…"))
            .field("allowed_origins", &self.allowed_origins)
            .field("allowed_hosts", &self.allowed_hosts)
            .field("tls", &self.tls)
            .field("hsts", &self.hsts)
            .field("public_url", &self.public_url)
            .field("limits", &self.limits)
            .field("backups", &self.backups)
            .field("history_days", &self.history_days)
            .field("language", &self.language)
            .field("country", &self.country.map(Country::name))
            .field("zone", &self.zone.to_string())
            .field("log_level", &self.log_level)
            .field("log_format", &self.log_format)
            .finish()
    }
}
