//! Every key this program reads: the one table behind loading, `config show`, `config set` and
//! `.env.example`.
//!
//! The bounds of the gateway stand in `limits` and the keys of the services in `services`. Not here:
//! keys of other programs, which are kept and can be asked for.

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
    suggest::suggest,
};

/// What every key of this program begins with.
pub const PREFIX: &str = "CLEUDOCODEBOT_";

/// Where the gateway is and who gets in.
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

/// Where those who use it live.
const PLACE: &[Key] = &[key(
    COUNTRY,
    "",
    Kind::Country,
    "Country of WhatsApp numbers written without a country code, such as BR; empty takes that of the first number that was paired.",
)];

/// What is kept and told.
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

/// Every key, in the order of `.env.example`.
pub fn all() -> impl Iterator<Item = &'static Key> + Clone {
    let services = SERVICES.iter().flat_map(|service| service.keys);
    REACH
        .iter()
        .chain(PLACE)
        .chain(limits::KEYS)
        .chain(KEEPING)
        .chain(services)
}

/// The home folder.
pub const HOME: &str = "CLEUDOCODEBOT_HOME";
/// The address to listen on.
pub const HOST: &str = "CLEUDOCODEBOT_HOST";
/// The port to listen on.
pub const PORT: &str = "CLEUDOCODEBOT_PORT";
/// What every client must show.
pub const TOKEN: &str = "CLEUDOCODEBOT_TOKEN";
/// Names under which others reach this machine.
pub const ALLOWED_HOSTS: &str = "CLEUDOCODEBOT_ALLOWED_HOSTS";

/// The country of numbers without a code.
pub const COUNTRY: &str = "CLEUDOCODEBOT_COUNTRY";

/// The longest HTTP body.
pub const MAX_BODY_BYTES: &str = "CLEUDOCODEBOT_MAX_BODY_BYTES";

/// How long to wait between attempts.
pub const RETRY_DELAYS: &str = "CLEUDOCODEBOT_RETRY_DELAYS";

/// The row of a key.
pub fn find(name: &str) -> Option<&'static Key> {
    all().find(|key| key.name == name)
}

/// The row that a key has: its own, or that of the service's key it stands for.
pub fn row(name: &str) -> Option<&'static Key> {
    find(name).or_else(|| SERVICES.iter().find_map(|service| service.row(name)))
}

/// Checks a value before it is written to `.env`. Keys of other programs may hold anything a line
/// can hold; an unknown key with our prefix is refused with the nearest known one.
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
            "{name:?} cannot be set so: names are letters, digits and _, and values have no NUL"
        )));
    }
    Ok(())
}

/// Where the example clients look for the gateway: theirs, so no mistake where it stands.
pub const CLIENT_URL: &str = "CLEUDOCODEBOT_URL";

/// What to tell about a key with our prefix that is not in the table.
pub(super) fn unknown(name: &str) -> String {
    let guess = suggest(name, all().map(|key| key.name));
    let advice = guess.map_or_else(
        || "see `cleudocodebot config show` for those there are".to_owned(),
        |guess| format!("did you mean {guess}?"),
    );
    format!("{name} is not a key of this program; {advice}")
}

#[cfg(test)]
mod tests;
