//! The keys of how other devices reach the gateway: TLS on its own port, and the address they use.

use crate::config::{
    key::{Key, key, number},
    values::Kind,
};

/// The certificate of the port.
pub const TLS_CERT: &str = "CLEUDOCODEBOT_TLS_CERT";

/// The private key of that certificate.
pub const TLS_KEY: &str = "CLEUDOCODEBOT_TLS_KEY";

/// For how long browsers shall come by https only.
pub const HSTS: &str = "CLEUDOCODEBOT_HSTS";

/// The address under which other devices reach the gateway.
pub const PUBLIC_URL: &str = "CLEUDOCODEBOT_PUBLIC_URL";

/// Two years, as lists of browsers ask for.
const MAX_HSTS: u64 = 63_072_000;

/// Their rows.
pub(in crate::config) const KEYS: &[Key] = &[
    key(
        TLS_CERT,
        "",
        Kind::File,
        "PEM file of a certificate, with those that signed it behind it, to speak TLS on this port; relative to the home folder, read again when it changes.",
    ),
    key(
        TLS_KEY,
        "",
        Kind::File,
        "PEM file of the private key of that certificate, without a passphrase.",
    ),
    key(
        HSTS,
        "0",
        number(0, MAX_HSTS),
        "Seconds for which browsers that came by https once shall come by nothing else; 1 for a year, 0 to say nothing.",
    ),
    key(
        PUBLIC_URL,
        "",
        Kind::PublicUrl,
        "Address under which other devices reach the gateway, such as https://box.tail1234.ts.net; its name needs no row in the allowed hosts.",
    ),
];
