//! The limits of the gateway. A row each generates the typed field, the key in `.env` and the comparison
//! for reload.

use std::time::Duration;

use super::key::{Key, key, number};

/// Converts a number in `.env` to the type of a field.
trait FromNumber: Copy {
    fn from_number(number: u64) -> Self;
}

impl FromNumber for usize {
    fn from_number(number: u64) -> Self {
        Self::try_from(number).unwrap_or(Self::MAX)
    }
}

impl FromNumber for u64 {
    fn from_number(number: u64) -> Self {
        number
    }
}

impl FromNumber for u32 {
    fn from_number(number: u64) -> Self {
        Self::try_from(number).unwrap_or(Self::MAX)
    }
}

impl FromNumber for Duration {
    /// In milliseconds: the keys of durations end in `_MS`.
    fn from_number(number: u64) -> Self {
        Self::from_millis(number)
    }
}

macro_rules! limits {
    ($($field:ident: $type:ty, $key:literal = $default:literal, $least:literal..=$most:expr, $doc:literal;)*) => {
        /// The limits that keep one client from harming the others. Fields are named after their keys.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct Limits { $(#[doc = $doc] pub $field: $type,)* }

        /// Their keys.
        pub(super) const KEYS: &[Key] = &[$(key($key, $default, number($least, $most), $doc)),*];

        impl Limits {
            /// Builds the limits from `number`, which returns the value of a key.
            pub(super) fn read<E>(number: impl Fn(&'static str) -> Result<u64, E>) -> Result<Self, E> {
                Ok(Self { $($field: FromNumber::from_number(number($key)?)),* })
            }

            /// The keys whose values differ.
            pub fn differing<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = &'static str> + 'a {
                let rows = [$(($key, self.$field != other.$field)),*];
                rows.into_iter().filter(|(_, differs)| *differs).map(|(key, _)| key)
            }
        }
    };
}

const MIB: u64 = 1 << 20;
const HOUR_MS: u64 = 3_600_000;

limits! {
    max_message_bytes: usize, "CLEUDOCODEBOT_MAX_MESSAGE_BYTES" = "1048576", 1024..=64 * MIB,
        "Longest WebSocket message from a client, in bytes.";
    max_json_depth: usize, "CLEUDOCODEBOT_MAX_JSON_DEPTH" = "64", 1..=120,
        "Deepest nesting of a JSON message.";
    max_unauthenticated_bytes: usize, "CLEUDOCODEBOT_MAX_UNAUTHENTICATED_BYTES" = "65536", 1024..=MIB,
        "Longest message before authentication, in bytes.";
    auth_timeout: Duration, "CLEUDOCODEBOT_AUTH_TIMEOUT_MS" = "10000", 100..=HOUR_MS,
        "Time a new connection has to authenticate, in milliseconds.";
    max_connections: usize, "CLEUDOCODEBOT_MAX_CONNECTIONS" = "10000", 1..=1_000_000,
        "Connections at a time.";
    max_unauthenticated: usize, "CLEUDOCODEBOT_MAX_UNAUTHENTICATED" = "64", 1..=1_000_000,
        "WebSocket connections at a time from one address that have not authenticated yet; beyond it the oldest gives way.";
    max_plain: usize, "CLEUDOCODEBOT_MAX_PLAIN_CONNECTIONS" = "256", 1..=1_000_000,
        "Connections at a time from one address that speak HTTP without a token; beyond it the oldest gives way.";
    unauthenticated_memory: usize, "CLEUDOCODEBOT_UNAUTHENTICATED_MEMORY_BYTES" = "33554432", 1_048_576..=64 * 1024 * MIB,
        "Bytes of heads, bodies and messages held for all who have shown no token; beyond it the oldest gives way.";
    unfinished_memory: usize, "CLEUDOCODEBOT_UNFINISHED_MEMORY_BYTES" = "67108864", 1_048_576..=64 * 1024 * MIB,
        "Bytes of unfinished messages and bodies held for all who have; beyond it the oldest gives way.";
    max_queue_bytes: usize, "CLEUDOCODEBOT_MAX_QUEUE_BYTES" = "4194304", 4096..=1024 * MIB,
        "Bytes that may wait for a slow client before it is dropped.";
    heartbeat: Duration, "CLEUDOCODEBOT_HEARTBEAT_MS" = "20000", 100..=HOUR_MS,
        "Time between pings to a silent client, in milliseconds; two without an answer drop it.";
    max_header_bytes: usize, "CLEUDOCODEBOT_MAX_HEADER_BYTES" = "16384", 8192..=MIB,
        "Longest HTTP request header, in bytes.";
    header_timeout: Duration, "CLEUDOCODEBOT_HEADER_TIMEOUT_MS" = "10000", 100..=HOUR_MS,
        "Time an HTTP request header may take to arrive, and a connection may wait for one, in milliseconds.";
    max_body_bytes: usize, "CLEUDOCODEBOT_MAX_BODY_BYTES" = "1048576", 1024..=64 * MIB,
        "Longest HTTP request body, in bytes.";
    body_timeout: Duration, "CLEUDOCODEBOT_BODY_TIMEOUT_MS" = "30000", 100..=HOUR_MS,
        "Time an HTTP request body may take to arrive, in milliseconds.";
    write_timeout: Duration, "CLEUDOCODEBOT_WRITE_TIMEOUT_MS" = "30000", 100..=HOUR_MS,
        "Time an HTTP client may take to read 64 KiB of an answer, in milliseconds.";
    auth_failures_per_minute: u32, "CLEUDOCODEBOT_AUTH_FAILURES_PER_MINUTE" = "10", 1..=1_000_000,
        "Different wrong tokens a minute after which those of an address are held back; the right one passes.";
    max_store_bytes: u64, "CLEUDOCODEBOT_MAX_STORE_BYTES" = "0", 0..=1024 * 1024 * MIB,
        "Bytes of messages.redb that may be in use before no message is taken; 0 for no limit.";
    max_media_bytes: u64, "CLEUDOCODEBOT_MAX_MEDIA_BYTES" = "104857600", 1024..=1024 * 1024 * MIB,
        "Largest file that is kept, in bytes.";
    media_quota: u64, "CLEUDOCODEBOT_MEDIA_QUOTA" = "5368709120", 1024..=1024 * 1024 * MIB,
        "Bytes that all kept files may have; beyond it those go that no message refers to, then none is taken.";
}

impl Default for Limits {
    /// The defaults of the rows.
    fn default() -> Self {
        let default = |name| {
            let row = KEYS.iter().find(|key| key.name == name).ok_or(name)?;
            row.default.parse().or(Err(name))
        };
        Self::read(default).expect("every row has a number as its default; a test checks it")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_those_of_the_protocol() {
        let expected = Limits {
            max_message_bytes: 1 << 20,
            max_json_depth: 64,
            max_unauthenticated_bytes: 64 << 10,
            auth_timeout: Duration::from_secs(10),
            max_connections: 10_000,
            max_unauthenticated: 64,
            max_plain: 256,
            unauthenticated_memory: 32 << 20,
            unfinished_memory: 64 << 20,
            max_queue_bytes: 4 << 20,
            heartbeat: Duration::from_secs(20),
            max_header_bytes: 16 << 10,
            header_timeout: Duration::from_secs(10),
            max_body_bytes: 1 << 20,
            body_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(30),
            auth_failures_per_minute: 10,
            max_store_bytes: 0,
            max_media_bytes: 100 << 20,
            media_quota: 5 << 30,
        };
        assert_eq!(Limits::default(), expected);
    }

    #[test]
    fn what_differs_is_named_by_its_key() {
        let other = Limits {
            heartbeat: Duration::from_secs(1),
            max_json_depth: 7,
            ..Limits::default()
        };
        let keys: Vec<_> = Limits::default().differing(&other).collect();
        assert_eq!(
            keys,
            ["CLEUDOCODEBOT_MAX_JSON_DEPTH", "CLEUDOCODEBOT_HEARTBEAT_MS"]
        );
        assert_eq!(other.differing(&other).count(), 0);
    }
}
