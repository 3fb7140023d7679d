//! The services behind the gateway: one row each, with the names of its channels, its keys and the
//! questions of `onboard`. The table of keys, `onboard` and the integrations read it.
//!
//! Not here: what an integration does with its settings (`integrations`).

use std::iter;

use super::{
    key::{Key, key, number, secret},
    keys::COUNTRY,
    values::Kind,
};

/// A service and its settings.
#[derive(Debug)]
pub struct Service {
    /// Its name in `onboard`.
    pub title: &'static str,
    /// The names of its channels, the usual one first. Empty for bridges, which choose their names.
    pub channels: &'static [&'static str],
    /// The prefix of its keys.
    pub prefix: &'static str,
    /// Its keys, in the order of `.env.example`.
    pub keys: &'static [Key],
    /// Those of the rules that it sends by.
    pub rules: &'static [Key],
    /// Older names of its keys, each with the current name.
    pub also: &'static [(&'static str, &'static str)],
    /// The keys it needs, each with the question of `onboard`.
    pub questions: &'static [(&'static str, &'static str)],
}

impl Service {
    /// The full name of a key such as `BASE_URL`, whether or not the service has it.
    pub fn key(&self, what: &str) -> String {
        format!("{}_{what}", self.prefix)
    }

    /// The row of a key of this service, also for an older name and for the numbered key of a further
    /// channel (`TELEGRAM_BOT_TOKEN_2`).
    pub fn row(&self, name: &str) -> Option<&'static Key> {
        let of = |name: &str| self.all().find(|key| key.name == name);
        let also = |name: &str| self.also.iter().find(|(older, _)| *older == name);
        let named = |name: &str| of(name).or_else(|| of(also(name)?.1));
        let numbered = || {
            let (name, number) = name.rsplit_once('_')?;
            let number: usize = number.parse().ok()?;
            let is_channel = (2..=self.channels.len()).contains(&number);
            named(name).filter(|key| is_channel && key.secret)
        };
        named(name).or_else(numbered)
    }

    /// The row of a key such as `BASE_URL`, if the service has it.
    pub fn find(&self, what: &str) -> Option<&'static Key> {
        let name = self.key(what);
        self.all().find(|key| key.name == name)
    }

    /// The names of the key with the token of one of its bots, the current one first. That of a further bot
    /// ends in the number of its channel: `TELEGRAM_BOT_TOKEN_2` is of `telegram-2`.
    pub fn token_keys(&self, channel: &str) -> Vec<String> {
        let key = self.key("BOT_TOKEN");
        let older = self.also.iter().filter(|(_, current)| *current == key);
        let all = iter::once(key.as_str()).chain(older.map(|(older, _)| *older));
        all.map(|key| self.numbered(key, channel)).collect()
    }

    /// The name of the first key with a secret, as one of its channels has it.
    pub fn secret_key(&self, channel: &str) -> Option<String> {
        let secret = self.keys.iter().find(|key| key.secret)?;
        Some(self.numbered(secret.name, channel))
    }

    /// A key as one of its channels has it.
    fn numbered(&self, key: &str, channel: &str) -> String {
        let first = self.channels.first().copied().unwrap_or_default();
        let number = channel.strip_prefix(first).unwrap_or_default();
        format!("{key}{}", number.replace('-', "_"))
    }

    /// All its keys.
    pub fn all(&self) -> impl Iterator<Item = &'static Key> + Clone {
        self.keys.iter().chain(self.rules)
    }
}

const AGE_HOURS: Kind = number(0, 87_600);
const RATE: Kind = number(0, 1_000_000);

/// The keys of the rules that a channel sends by, which are the same for each.
macro_rules! rules {
    ($prefix:literal) => {
        &[
            key(
                concat!($prefix, "_SEND_TO"),
                "",
                Kind::AllowList,
                "Targets, separated by commas, that may be sent to: numbers, ids, groups, patterns such as *@g.us; empty is anybody.",
            ),
            key(
                concat!($prefix, "_HOURS"),
                "",
                Kind::Hours,
                "Hours in which it sends, as mon-fri 08:00-20:00, sat 09:00-12:00; outside of them messages wait. Empty is always.",
            ),
            key(
                concat!($prefix, "_PACE"),
                "",
                Kind::Pace,
                "Random gap between two messages, as 20-60s; empty is none.",
            ),
            key(
                concat!($prefix, "_DAILY"),
                "0",
                number(0, 10_000_000),
                "Messages a day; the rest wait for the next. 0 is no limit.",
            ),
            key(
                concat!($prefix, "_NEW_PEERS_DAILY"),
                "0",
                number(0, 10_000),
                "People a day who were never written to and did not write first, which is what gets numbers banned; 0 is no limit.",
            ),
            key(
                concat!($prefix, "_WARMUP"),
                "",
                Kind::DayCount,
                "Days in which both limits grow to their full size, as 14d; empty is none.",
            ),
            key(
                concat!($prefix, "_TYPING"),
                "off",
                Kind::OneOf(&["auto", "off"]),
                "Whether we are seen typing for a natural time before a text, where the service shows that: auto or off.",
            ),
        ]
    };
}

/// Every service, in the order of `.env.example`.
pub const SERVICES: &[&Service] = &[&WEBCHAT, &BRIDGES, &TELEGRAM, &WHATSAPP, &CLOUD, &DISCORD];

/// The built-in web page.
pub const WEBCHAT: Service = Service {
    title: "WebChat",
    channels: &["webchat"],
    prefix: "WEBCHAT",
    keys: &[
        key(
            "WEBCHAT_MAX_AGE",
            "0",
            AGE_HOURS,
            "Hours a message for webchat may wait before it fails; 0 is for ever.",
        ),
        key(
            "WEBCHAT_RATE",
            "0",
            RATE,
            "Messages a minute to webchat; 0 is no limit.",
        ),
    ],
    rules: &[],
    also: &[],
    questions: &[],
};

/// Channels whose integrations are clients of the gateway.
pub const BRIDGES: Service = Service {
    title: "A bridge of your own",
    channels: &[],
    prefix: "EXTERNAL",
    keys: &[
        key(
            "EXTERNAL_MAX_AGE",
            "24",
            AGE_HOURS,
            "Hours a message for a bridge of your own may wait before it fails; 0 is for ever.",
        ),
        key(
            "EXTERNAL_RATE",
            "0",
            RATE,
            "Messages a minute to each bridge of your own; 0 is no limit.",
        ),
    ],
    rules: rules!("EXTERNAL"),
    also: &[],
    questions: &[],
};

/// Telegram bots, one per token.
pub const TELEGRAM: Service = Service {
    title: "Telegram",
    channels: &[
        "telegram",
        "telegram-2",
        "telegram-3",
        "telegram-4",
        "telegram-5",
    ],
    prefix: "TELEGRAM",
    keys: &[
        secret(
            "TELEGRAM_BOT_TOKEN",
            "Token of a Telegram bot, from @BotFather (also TELEGRAM_TOKEN); with _2 to _5 behind it, of more bots.",
        ),
        key(
            "TELEGRAM_ALLOW_FROM",
            "",
            Kind::AllowList,
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
            AGE_HOURS,
            "Hours a message for Telegram may wait before it fails; 0 is for ever.",
        ),
        key(
            "TELEGRAM_RATE",
            "1500",
            RATE,
            "Messages a minute to Telegram, for each bot; 0 is no limit.",
        ),
        key(
            "TELEGRAM_MEDIA",
            "all",
            Kind::FetchRule,
            "Files from Telegram that are fetched at once, up to 20 MB: all, images or none; others when asked for.",
        ),
    ],
    rules: rules!("TELEGRAM"),
    also: &[("TELEGRAM_TOKEN", "TELEGRAM_BOT_TOKEN")],
    questions: &[("TELEGRAM_BOT_TOKEN", "Bot token from @BotFather")],
};

/// The servers that the channel `whatsapp` can speak to.
pub const WHATSAPP_SERVERS: &[&str] = &["evolution", "evolution-go", "gowa", "waha", "wuzapi"];

/// `WhatsApp` with a phone's own number, through a server of the user's.
pub const WHATSAPP: Service = Service {
    title: "WhatsApp by a server of your own (Evolution API, Evolution Go, GOWA, WAHA, wuzapi)",
    channels: &["whatsapp"],
    prefix: "WHATSAPP",
    keys: &[
        key(
            "WHATSAPP_SERVER",
            "evolution",
            Kind::OneOf(WHATSAPP_SERVERS),
            "Which server is at WHATSAPP_BASE_URL: evolution (Evolution API 2), evolution-go, gowa, waha or wuzapi.",
        ),
        key(
            "WHATSAPP_BASE_URL",
            "http://localhost:8080",
            Kind::Service,
            "Where the server for WhatsApp is.",
        ),
        secret(
            "WHATSAPP_API_TOKEN_INSTANCE",
            "Its API key; with it the channel whatsapp exists. For gowa user:password, for wuzapi the token of the user.",
        ),
        key(
            "WHATSAPP_INSTANCE_NAME",
            "Cleudocode",
            Kind::Token,
            "Name of the account at the server: instance, device (gowa) or session (waha); letters, digits, - and _.",
        ),
        key(
            "WHATSAPP_WEBHOOK_URL",
            "",
            Kind::Text,
            "Where the server reaches us; empty is this machine, /webhooks/whatsapp on our port.",
        ),
        secret(
            "WHATSAPP_WEBHOOK_SECRET",
            "What proves the server's posts where its webhook is set by hand: evolution sends it as x-cleudocodebot-secret, gowa and waha sign with it, the others have it in the address. Empty derives one and registers it.",
        ),
        key(
            "WHATSAPP_ALLOW_FROM",
            "",
            Kind::AllowList,
            "Numbers, separated by commas, who may write; empty asks unknown ones to pair, * lets all in.",
        ),
        key(
            "WHATSAPP_MAX_AGE",
            "24",
            AGE_HOURS,
            "Hours a message for whatsapp may wait before it fails; 0 is for ever.",
        ),
        key(
            "WHATSAPP_RATE",
            "60",
            RATE,
            "Messages a minute to whatsapp, whose spam filter dislikes more; 0 is no limit.",
        ),
        key(
            "WHATSAPP_MEDIA",
            "all",
            Kind::FetchRule,
            "Files from whatsapp that are fetched at once, up to 20 MB: all, images or none; others when asked for.",
        ),
    ],
    rules: rules!("WHATSAPP"),
    also: &[],
    questions: &[
        (
            "WHATSAPP_SERVER",
            "Server: evolution, evolution-go, gowa, waha or wuzapi",
        ),
        ("WHATSAPP_BASE_URL", "Address of the server"),
        ("WHATSAPP_API_TOKEN_INSTANCE", "Its API key"),
        (
            "WHATSAPP_INSTANCE_NAME",
            "Name of the account at the server",
        ),
        (COUNTRY, "Country of numbers without a country code, as BR"),
    ],
};

/// `WhatsApp` through Meta's Cloud API.
pub const CLOUD: Service = Service {
    title: "WhatsApp by Meta's Cloud API",
    channels: &["whatsapp-cloud"],
    prefix: "WHATSAPP_CLOUD",
    keys: &[
        secret(
            "WHATSAPP_CLOUD_TOKEN",
            "Access token of Meta's WhatsApp Cloud API.",
        ),
        key(
            "WHATSAPP_CLOUD_PHONE_ID",
            "",
            Kind::Token,
            "Id of the phone number in Meta's Cloud API.",
        ),
        secret(
            "WHATSAPP_CLOUD_APP_SECRET",
            "The app's secret, which signs what Meta posts; without it nothing comes in.",
        ),
        secret(
            "WHATSAPP_CLOUD_VERIFY_TOKEN",
            "What Meta shows when it verifies the address of the webhook.",
        ),
        key(
            "WHATSAPP_CLOUD_ALLOW_FROM",
            "",
            Kind::AllowList,
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
            AGE_HOURS,
            "Hours a message for the Cloud API may wait before it fails; 0 is for ever.",
        ),
        key(
            "WHATSAPP_CLOUD_RATE",
            "1200",
            RATE,
            "Messages a minute to the Cloud API; 0 is no limit.",
        ),
        key(
            "WHATSAPP_CLOUD_MEDIA",
            "all",
            Kind::FetchRule,
            "Files from the Cloud API that are fetched at once, up to 20 MB: all, images or none; others when asked for.",
        ),
    ],
    rules: rules!("WHATSAPP_CLOUD"),
    also: &[],
    questions: &[
        ("WHATSAPP_CLOUD_TOKEN", "Access token"),
        ("WHATSAPP_CLOUD_PHONE_ID", "Id of the phone number"),
        ("WHATSAPP_CLOUD_APP_SECRET", "The app's secret"),
        (
            "WHATSAPP_CLOUD_VERIFY_TOKEN",
            "What Meta shall show to verify the webhook",
        ),
        (COUNTRY, "Country of numbers without a country code, as BR"),
    ],
};

/// Discord bots, one per token.
pub const DISCORD: Service = Service {
    title: "Discord",
    channels: &[
        "discord",
        "discord-2",
        "discord-3",
        "discord-4",
        "discord-5",
    ],
    prefix: "DISCORD",
    keys: &[
        secret(
            "DISCORD_BOT_TOKEN",
            "Token of a Discord bot, from the page Bot of the developer portal (also DISCORD_TOKEN); with _2 to _5 behind it, of more bots.",
        ),
        key(
            "DISCORD_ALLOW_FROM",
            "",
            Kind::AllowList,
            "Discord user, channel or server ids, separated by commas, who may write; empty asks unknown ones to pair, * lets all in.",
        ),
        key(
            "DISCORD_BASE_URL",
            "https://discord.com",
            Kind::Service,
            "Where the Discord API is.",
        ),
        key(
            "DISCORD_MAX_AGE",
            "24",
            AGE_HOURS,
            "Hours a message for Discord may wait before it fails; 0 is for ever.",
        ),
        key(
            "DISCORD_RATE",
            "1200",
            RATE,
            "Messages a minute to Discord, for each bot; 0 is no limit.",
        ),
        key(
            "DISCORD_MEDIA",
            "all",
            Kind::FetchRule,
            "Files from Discord that are fetched at once, up to 20 MB: all, images or none; others when asked for.",
        ),
    ],
    rules: rules!("DISCORD"),
    also: &[("DISCORD_TOKEN", "DISCORD_BOT_TOKEN")],
    questions: &[(
        "DISCORD_BOT_TOKEN",
        "Bot token from discord.com/developers/applications, page Bot (switch Message Content Intent on there)",
    )],
};
