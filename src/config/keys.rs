//! Every key this program reads: the one table behind loading, `config show`, `config set` and
//! `.env.example`.
//!
//! Not here: keys of other programs, which are kept and can be asked for.

use super::{Lookup, dotenv, kind::Kind, shown::complaint};
use crate::{
    error::{Error, Result},
    suggest::suggest,
};

/// What every key of this program begins with.
pub const PREFIX: &str = "CLEUDOCODEBOT_";

/// A row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// The name, as in `.env` and in the environment.
    pub name: &'static str,
    /// The default as it would be written; empty for none.
    pub default: &'static str,
    /// One line on what it does.
    pub doc: &'static str,
    /// Whether the value is shown masked.
    pub secret: bool,
    /// What its text may be.
    pub kind: Kind,
}

const fn key(name: &'static str, default: &'static str, kind: Kind, doc: &'static str) -> Key {
    Key {
        name,
        default,
        doc,
        secret: false,
        kind,
    }
}

const fn number(least: u64, most: u64) -> Kind {
    Kind::Number { least, most }
}

const MIB: u64 = 1 << 20;
const HOUR_MS: u64 = 3_600_000;

/// Every key, in the order of `.env.example`.
pub const KEYS: &[Key] = &[
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
    Key {
        secret: true,
        ..key(
            TOKEN,
            "",
            Kind::Token,
            "Secret that every client must show; made on the first start.",
        )
    },
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
    key(
        "CLEUDOCODEBOT_MAX_MESSAGE_BYTES",
        "1048576",
        number(1024, 64 * MIB),
        "Longest WebSocket message from a client, in bytes.",
    ),
    key(
        "CLEUDOCODEBOT_MAX_JSON_DEPTH",
        "64",
        number(1, 120),
        "Deepest nesting of a JSON message.",
    ),
    key(
        "CLEUDOCODEBOT_MAX_UNAUTHENTICATED_BYTES",
        "65536",
        number(1024, MIB),
        "Longest message before authentication, in bytes.",
    ),
    key(
        "CLEUDOCODEBOT_AUTH_TIMEOUT_MS",
        "10000",
        number(100, HOUR_MS),
        "Time a new connection has to authenticate, in milliseconds.",
    ),
    key(
        "CLEUDOCODEBOT_MAX_CONNECTIONS",
        "10000",
        number(1, 1_000_000),
        "Connections at a time.",
    ),
    key(
        "CLEUDOCODEBOT_MAX_UNAUTHENTICATED",
        "64",
        number(1, 1_000_000),
        "Connections at a time from one address that have not authenticated yet.",
    ),
    key(
        "CLEUDOCODEBOT_MAX_QUEUE_BYTES",
        "4194304",
        number(4096, 1024 * MIB),
        "Bytes that may wait for a slow client before it is dropped.",
    ),
    key(
        "CLEUDOCODEBOT_HEARTBEAT_MS",
        "20000",
        number(100, HOUR_MS),
        "Time between pings to a silent client, in milliseconds; two without an answer drop it.",
    ),
    key(
        "CLEUDOCODEBOT_MAX_HEADER_BYTES",
        "16384",
        number(8192, MIB),
        "Longest HTTP request header, in bytes.",
    ),
    key(
        "CLEUDOCODEBOT_HEADER_TIMEOUT_MS",
        "10000",
        number(100, HOUR_MS),
        "Time an HTTP request header may take to arrive, in milliseconds.",
    ),
    key(
        "CLEUDOCODEBOT_MAX_BODY_BYTES",
        "1048576",
        number(1024, 64 * MIB),
        "Longest HTTP request body, in bytes.",
    ),
    key(
        "CLEUDOCODEBOT_BODY_TIMEOUT_MS",
        "30000",
        number(100, HOUR_MS),
        "Time an HTTP request body may take to arrive, in milliseconds.",
    ),
    key(
        "CLEUDOCODEBOT_AUTH_FAILURES_PER_MINUTE",
        "10",
        number(1, 1_000_000),
        "Failed authentications a minute after which an address has to wait.",
    ),
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
    key(
        "WEBCHAT_MAX_AGE",
        "0",
        HOURS,
        "Hours a message for webchat may wait before it fails; 0 is for ever.",
    ),
    key(
        "WEBCHAT_RATE",
        "0",
        RATE,
        "Messages a minute to webchat; 0 is no limit.",
    ),
    key(
        "EXTERNAL_MAX_AGE",
        "24",
        HOURS,
        "Hours a message for a bridge of your own may wait before it fails; 0 is for ever.",
    ),
    key(
        "EXTERNAL_RATE",
        "0",
        RATE,
        "Messages a minute to each bridge of your own; 0 is no limit.",
    ),
    Key {
        secret: true,
        ..key(
            "TELEGRAM_BOT_TOKEN",
            "",
            Kind::Token,
            "Token of a Telegram bot, from @BotFather (also TELEGRAM_TOKEN); with _2 to _5 behind it, of more bots.",
        )
    },
    key(
        "TELEGRAM_ALLOW_FROM",
        "",
        Kind::Text,
        "Telegram user or chat ids, separated by commas, who may write; empty asks unknown ones to pair, * lets all in.",
    ),
    key(
        "TELEGRAM_BASE_URL",
        "https://api.telegram.org",
        Kind::Service,
        "Where the Telegram Bot API is.",
    ),
    key(
        "TELEGRAM_MAX_AGE",
        "24",
        HOURS,
        "Hours a message for Telegram may wait before it fails; 0 is for ever.",
    ),
    key(
        "TELEGRAM_RATE",
        "1500",
        RATE,
        "Messages a minute to Telegram, for each bot; 0 is no limit.",
    ),
    key(
        "WHATSAPP_BASE_URL",
        "http://localhost:8080",
        Kind::Service,
        "Where the Evolution API (version 2) is, for WhatsApp.",
    ),
    Key {
        secret: true,
        ..key(
            "WHATSAPP_API_TOKEN_INSTANCE",
            "",
            Kind::Token,
            "API key of the Evolution API; with it the channel whatsapp exists.",
        )
    },
    key(
        "WHATSAPP_INSTANCE_NAME",
        "Cleudocode",
        Kind::Token,
        "Name of the instance in the Evolution API; letters, digits, - and _.",
    ),
    key(
        "WHATSAPP_WEBHOOK_URL",
        "",
        Kind::Text,
        "Where the Evolution API reaches us; empty is this machine, /webhooks/whatsapp on our port.",
    ),
    Key {
        secret: true,
        ..key(
            "WHATSAPP_WEBHOOK_SECRET",
            "",
            Kind::Token,
            "What a webhook set by hand sends as x-cleudocodebot-secret; empty derives one from the API key and the instance.",
        )
    },
    key(
        "WHATSAPP_ALLOW_FROM",
        "",
        Kind::Text,
        "Numbers, separated by commas, who may write; empty asks unknown ones to pair, * lets all in.",
    ),
    key(
        "WHATSAPP_MAX_AGE",
        "24",
        HOURS,
        "Hours a message for whatsapp may wait before it fails; 0 is for ever.",
    ),
    key(
        "WHATSAPP_RATE",
        "60",
        RATE,
        "Messages a minute to whatsapp, whose spam filter dislikes more; 0 is no limit.",
    ),
    Key {
        secret: true,
        ..key(
            "WHATSAPP_CLOUD_TOKEN",
            "",
            Kind::Token,
            "Access token of Meta's WhatsApp Cloud API.",
        )
    },
    key(
        "WHATSAPP_CLOUD_PHONE_ID",
        "",
        Kind::Token,
        "Id of the phone number in Meta's Cloud API.",
    ),
    Key {
        secret: true,
        ..key(
            "WHATSAPP_CLOUD_APP_SECRET",
            "",
            Kind::Token,
            "The app's secret, which signs what Meta posts; without it nothing comes in.",
        )
    },
    Key {
        secret: true,
        ..key(
            "WHATSAPP_CLOUD_VERIFY_TOKEN",
            "",
            Kind::Token,
            "What Meta shows when it verifies the address of the webhook.",
        )
    },
    key(
        "WHATSAPP_CLOUD_ALLOW_FROM",
        "",
        Kind::Text,
        "Numbers, separated by commas, who may write; empty asks unknown ones to pair, * lets all in.",
    ),
    key(
        "WHATSAPP_CLOUD_BASE_URL",
        "https://graph.facebook.com",
        Kind::Service,
        "Where Meta's Graph API is.",
    ),
    key(
        "WHATSAPP_CLOUD_MAX_AGE",
        "24",
        HOURS,
        "Hours a message for the Cloud API may wait before it fails; 0 is for ever.",
    ),
    key(
        "WHATSAPP_CLOUD_RATE",
        "1200",
        RATE,
        "Messages a minute to the Cloud API; 0 is no limit.",
    ),
];

const HOURS: Kind = number(0, 87_600);
const RATE: Kind = number(0, 1_000_000);

/// A text of the table, as it is set or by default; `None` where it is empty.
pub fn text_of<'a>(lookup: &'a Lookup, name: &str) -> Option<&'a str> {
    let key = find(name)?;
    Some(lookup.known(key).0).filter(|text| !text.is_empty())
}

/// A number of the table, as it is set or by default. A key that is not in the table has none.
pub fn number_of(lookup: &Lookup, name: &str) -> Option<u64> {
    let key = find(name)?;
    key.kind.number(lookup.known(key).0).ok()
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

/// How long to wait between attempts.
pub const RETRY_DELAYS: &str = "CLEUDOCODEBOT_RETRY_DELAYS";

/// The row of a key.
pub fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
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
    if let Some(key) = find(name) {
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
    let guess = suggest(name, KEYS.iter().map(|key| key.name));
    let advice = guess.map_or_else(
        || "see `cleudocodebot config show` for those there are".to_owned(),
        |guess| format!("did you mean {guess}?"),
    );
    format!("{name} is not a key of this program; {advice}")
}

#[cfg(test)]
mod tests;
