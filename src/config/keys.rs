//! Every key this program reads: the table behind loading, `config show`, `config set` and
//! `.env.example`.
//!
//! The limits of the gateway are in `limits`, the keys of the services in `services`, those of who answers, of the
//! models, of transcription, of push notifications, of webhooks and of backups beside this. Keys of other programs have no rows; they are kept in `.env` and can be
//! looked up.

pub(super) mod agents;
pub(super) mod backups;
#[cfg(feature = "nats")]
pub mod cluster;
pub mod groups;
pub mod models;
pub(super) mod push;
pub mod reach;
#[cfg(test)]
mod tests;
pub mod transcription;
pub mod webhooks;

pub use super::key::Key;
use super::{
    dotenv,
    key::{key, number, secret},
    limits,
    services::SERVICES,
    shown::complaint,
    values::Kind,
};
use crate::{
    error::{Error, Result},
    suggest::{near_miss, suggest},
};

/// The prefix of the keys of this program.
pub const PREFIX: &str = "CLEUDOCODEBOT_";

/// The gateway's address and access to it.
const REACH: &[Key] = &[
    key(
        HOME,
        "~/.cleudocodebot",
        Kind::Folder,
        "Folder of .env, messages and logs; from the environment or --home only (Windows: %LOCALAPPDATA%\\cleudocodebot).",
    ),
    key(
        HOST,
        "127.0.0.1",
        Kind::Host,
        "Address to listen on; anything but loopback needs a token of 32 characters and allowed hosts.",
    ),
    key(
        PORT,
        "18789",
        number(0, 65_535),
        "TCP port to listen on; 0 lets the system pick one.",
    ),
    secret(
        TOKEN,
        "Secret that every client must show; made on the first start.",
    ),
    key(
        "CLEUDOCODEBOT_ALLOWED_ORIGINS",
        "",
        Kind::Origins,
        "Web origins, separated by commas, whose pages may connect besides our own.",
    ),
    key(
        ALLOWED_HOSTS,
        "",
        Kind::Hosts,
        "Host names, separated by commas, under which clients may reach us besides loopback.",
    ),
];

/// The region of the users.
const PLACE: &[Key] = &[
    key(
        LANGUAGE,
        "",
        Kind::Language,
        "Language of what people read, en or pt-BR; empty takes that of the system, and for contacts English where nothing tells theirs.",
    ),
    key(
        ZONE,
        "",
        Kind::Zone,
        "Time zone of what is sent at a time of the day, such as America/Sao_Paulo; empty takes that of this machine.",
    ),
    key(
        COUNTRY,
        "",
        Kind::Country,
        "Country of WhatsApp numbers written without a country code, such as BR; empty takes that of the first number that was paired.",
    ),
];

/// History, retries and logs.
const KEEPING: &[Key] = &[
    key(
        "CLEUDOCODEBOT_HISTORY_DAYS",
        "90",
        // Idempotency keys are kept for 7 days, and with them the messages they name.
        Kind::Days { least: 7 },
        "Days to keep messages; 0 keeps them for ever, otherwise at least 7.",
    ),
    key(
        RETRY_DELAYS,
        "5s,25s,2m,10m",
        Kind::Delays,
        "Waits before a message is tried again, 1 to 10 of them; when one more attempt fails, it is given up.",
    ),
    key(
        "CLEUDOCODEBOT_LOG_LEVEL",
        "info",
        Kind::Level,
        "How much to log: error, warn, info, debug or trace.",
    ),
    key(
        "CLEUDOCODEBOT_LOG_FORMAT",
        "text",
        Kind::Format,
        "Shape of a log line: text or json.",
    ),
];

/// Newer versions of this program.
const UPDATES: &[Key] = &[
    key(
        UPDATE_URL,
        "",
        Kind::Text,
        "Where `cleudocodebot update` finds newer versions, a list in JSON; empty asks nobody.",
    ),
    key(
        UPDATE_SIGNER,
        "",
        Kind::Text,
        "The Ed25519 key, in base64, that signs them; empty trusts hashes alone.",
    ),
];

/// Every key, in the order of `.env.example`: what people set comes first, the limits last.
pub fn all() -> impl Iterator<Item = &'static Key> + Clone {
    let services = || SERVICES.iter().flat_map(|service| service.all());
    let all = services()
        .filter(|key| !is_limit_of_channel(key) && !is_rule(key))
        .chain(agents::KEYS)
        .chain(models::KEYS)
        .chain(PLACE)
        .chain(services().filter(|key| is_rule(key)))
        .chain(transcription::KEYS)
        .chain(REACH)
        .chain(reach::KEYS)
        .chain(push::KEYS)
        .chain(webhooks::KEYS)
        .chain(KEEPING)
        .chain(UPDATES)
        .chain(backups::KEYS)
        .chain(services().filter(|key| is_limit_of_channel(key)))
        .chain(limits::KEYS);
    // Not in the documents, which are of the default build.
    #[cfg(feature = "nats")]
    let all = all.chain(cluster::KEYS);
    all
}

/// How fast a channel may send, and how long its messages may wait.
fn is_limit_of_channel(key: &Key) -> bool {
    key.name.ends_with("_RATE") || key.name.ends_with("_MAX_AGE")
}

/// Whether a key is one of the rules that a channel sends by.
fn is_rule(key: &Key) -> bool {
    SERVICES
        .iter()
        .any(|service| service.rules.iter().any(|rule| rule.name == key.name))
}

/// The heading that a key is the first below, where it is.
pub fn heading(name: &str) -> Option<&'static str> {
    let first = |keys: &[Key]| keys.first().is_some_and(|key| key.name == name);
    let services = || SERVICES.iter().flat_map(|service| service.all());
    let begins =
        |mut keys: Box<dyn Iterator<Item = &Key>>| keys.next().is_some_and(|key| key.name == name);
    if begins(Box::new(services().filter(|key| is_rule(key)))) {
        Some("To whom, when and how much is sent")
    } else if begins(Box::new(services().filter(|key| !is_limit_of_channel(key)))) {
        Some("Channels, and who may write on them")
    } else if first(agents::KEYS) {
        Some("Who answers")
    } else if first(PLACE) {
        Some("Country and language")
    } else if first(transcription::KEYS) {
        Some("Voice notes as text")
    } else if first(REACH) {
        Some("The gateway: address, token, other devices")
    } else if first(KEEPING) {
        Some("History, retries and logs")
    } else if begins(Box::new(services().filter(|key| is_limit_of_channel(key)))) {
        Some("Limits, which hardly anybody changes")
    } else {
        None
    }
}

/// The home folder.
pub const HOME: &str = "CLEUDOCODEBOT_HOME";
/// The address to listen on.
pub const HOST: &str = "CLEUDOCODEBOT_HOST";
/// The port to listen on.
pub const PORT: &str = "CLEUDOCODEBOT_PORT";
/// The token that every client must present.
pub const TOKEN: &str = "CLEUDOCODEBOT_TOKEN";
/// Accepted values of the `Host` header.
pub const ALLOWED_HOSTS: &str = "CLEUDOCODEBOT_ALLOWED_HOSTS";

/// The language of what people read.
pub const LANGUAGE: &str = "CLEUDOCODEBOT_LANG";

/// The country of phone numbers without a country code.
pub const COUNTRY: &str = "CLEUDOCODEBOT_COUNTRY";
/// The key of the time zone.
pub const ZONE: &str = "CLEUDOCODEBOT_ZONE";

/// Where newer versions are found.
pub const UPDATE_URL: &str = "UPDATE_URL";
/// The key that signs them.
pub const UPDATE_SIGNER: &str = "UPDATE_SIGNER";

/// The longest HTTP body.
pub const MAX_BODY_BYTES: &str = "CLEUDOCODEBOT_MAX_BODY_BYTES";

/// The waits between attempts.
pub const RETRY_DELAYS: &str = "CLEUDOCODEBOT_RETRY_DELAYS";

/// The row of a key.
pub fn find(name: &str) -> Option<&'static Key> {
    all().find(|key| key.name == name)
}

/// The row of a key, also of an older or numbered name.
pub fn row(name: &str) -> Option<&'static Key> {
    let of_service = || SERVICES.iter().find_map(|service| service.row(name));
    find(name)
        .or_else(of_service)
        .or_else(|| webhooks::numbered(name))
}

/// The names of the secrets of the settings that a program we start is not to inherit: all but its own, older and
/// numbered names that are set here included.
pub fn withheld_secrets(own: &[&str]) -> Vec<String> {
    let is_secret = |name: &String| row(name).is_some_and(|key| key.secret);
    let set = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let known = all().map(|key| key.name.to_owned());
    let secrets = known.chain(set).filter(is_secret);
    secrets.filter(|name| !own.contains(&&**name)).collect()
}

/// Validates a value before it is written to `.env`. Keys of other programs accept any value that `.env`
/// can represent; an unknown key with our prefix is refused with a suggestion.
pub fn validate(name: &str, value: &str) -> Result<()> {
    if name == HOME {
        return Err(Error::Usage(format!(
            "{HOME} decides which .env is read and cannot come from it; \
             set it in the environment or use --home"
        )));
    }
    if let Some(key) = row(name) {
        return key
            .kind
            .check(value)
            .map_err(|expected| Error::Usage(complaint(name, value, "given here", &expected)));
    }
    if name.starts_with(PREFIX) {
        return Err(Error::Usage(unknown(name)));
    }
    if !dotenv::is_key(name) || value.contains('\0') {
        return Err(Error::Usage(format!(
            "{name:?} cannot be set like this: names are letters, digits and _, and values have no NUL"
        )));
    }
    Ok(())
}

/// Refuses a key that no part of this program reads, with the one that was most likely meant.
pub fn expect_known(name: &str) -> Result<()> {
    if name == HOME || row(name).is_some() || name == CLIENT_URL {
        return Ok(());
    }
    if name.starts_with(PREFIX) {
        return Err(Error::Usage(unknown(name)));
    }
    let text = unknown(name);
    Err(Error::Usage(format!("{text}; one of your own: --force")))
}

/// A variable of the example clients. It has our prefix but is not ours, so it is not reported as
/// unknown.
pub const CLIENT_URL: &str = "CLEUDOCODEBOT_URL";

/// Whether this is most likely one of our keys, mistyped.
pub(super) fn is_near_miss(name: &str) -> bool {
    near_miss(name, all().map(|key| key.name)).is_some()
}

/// The message about a key that is not in the table.
pub(super) fn unknown(name: &str) -> String {
    let guess = suggest(name, all().map(|key| key.name));
    let advice = guess.map_or_else(
        || "`cleudocodebot config show` lists all keys".to_owned(),
        |guess| format!("did you mean {guess}?"),
    );
    format!("{name} is not a key of this program; {advice}")
}
