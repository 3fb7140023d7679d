//! What the channel is made of: the server, how it is reached, and what proves its posts.

use std::{fmt, str::FromStr};

use crate::{
    config::{BaseUrl, FetchRule, services::WHATSAPP_SERVERS},
    integrations::support::hmac::hmac,
    phone,
    random::hex,
};

/// The channel's name.
pub const NAME: &str = phone::CHANNELS[0];

/// The parameter of our webhook's address that holds the secret, for servers that can send none otherwise.
pub(super) const SECRET: &str = "secret";

/// What the integration is made of.
#[derive(Clone, PartialEq, Eq)]
pub struct WhatsappSettings {
    /// Which server is there.
    pub server: ServerKind,
    /// Where it is.
    pub base: BaseUrl,
    /// Its API key.
    pub token: String,
    /// The instance: an account of `WhatsApp` at the server.
    pub instance: String,
    /// Where it reaches our webhook, where that is not this machine's loopback.
    pub webhook_url: Option<String>,
    /// The secret of a webhook set by hand; without it one is derived from token and
    /// instance, and registered at each start.
    pub webhook_secret: Option<String>,
    /// Which files that come in are fetched at once.
    pub fetches: FetchRule,
}

impl WhatsappSettings {
    /// What proves that a post is the server's. One that we register is the same at every start, for
    /// what the server repeats from the time we were away carries the one registered before, and a
    /// refusal may end its repeats.
    pub(super) fn secret(&self) -> String {
        let derived = || {
            let about = format!("webhook {}", self.instance);
            hex(&hmac(self.token.as_bytes(), about.as_bytes()))
        };
        self.webhook_secret.clone().unwrap_or_else(derived)
    }

    /// Where the server is, as it is told.
    pub(super) fn address(&self) -> String {
        format!("{}{}", self.base.authority(), self.base.prefix())
    }
}

/// A server that speaks to `WhatsApp` for us.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ServerKind {
    /// The Evolution API, version 2.
    #[default]
    Evolution,
    /// Evolution Go.
    EvolutionGo,
    /// go-whatsapp-web-multidevice.
    Gowa,
    /// WAHA.
    Waha,
    /// wuzapi.
    Wuzapi,
}

impl ServerKind {
    /// All of them, the usual one first, in the order of [`WHATSAPP_SERVERS`].
    pub const ALL: [Self; WHATSAPP_SERVERS.len()] = [
        Self::Evolution,
        Self::EvolutionGo,
        Self::Gowa,
        Self::Waha,
        Self::Wuzapi,
    ];

    /// Its name in the settings.
    pub const fn name(self) -> &'static str {
        WHATSAPP_SERVERS[self as usize]
    }

    /// What it is called where people read it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Evolution => "the Evolution API",
            Self::EvolutionGo => "Evolution Go",
            Self::Gowa => "GOWA",
            Self::Waha => "WAHA",
            Self::Wuzapi => "wuzapi",
        }
    }
}

impl fmt::Display for ServerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title())
    }
}

impl FromStr for ServerKind {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        let mut all = Self::ALL.into_iter();
        all.find(|kind| kind.name() == name).ok_or(())
    }
}
