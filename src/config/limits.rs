//! Every bound of the gateway, typed.

use std::time::Duration;

use super::keys;

/// The bounds that keep one client from harming the others. Fields are named as their keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Longest WebSocket message from a client.
    pub max_message_bytes: usize,
    /// Deepest nesting of a JSON message.
    pub max_json_depth: usize,
    /// Longest message before authentication.
    pub max_unauthenticated_bytes: usize,
    /// Time a new connection has to authenticate.
    pub auth_timeout: Duration,
    /// Connections at a time.
    pub max_connections: usize,
    /// Unauthenticated connections at a time from one address.
    pub max_unauthenticated: usize,
    /// Bytes that may wait for one client.
    pub max_queue_bytes: usize,
    /// Time between pings.
    pub heartbeat: Duration,
    /// Longest HTTP request header.
    pub max_header_bytes: usize,
    /// Time an HTTP request header may take to arrive.
    pub header_timeout: Duration,
    /// Longest HTTP request body.
    pub max_body_bytes: usize,
    /// Time an HTTP request body may take to arrive.
    pub body_timeout: Duration,
    /// Failed authentications a minute after which an address has to wait.
    pub auth_failures_per_minute: u32,
}

impl Limits {
    /// Asks `number` for every key.
    pub(super) fn read<E>(number: impl Fn(&'static str) -> Result<u64, E>) -> Result<Self, E> {
        let count = |name| number(name).map(|n| usize::try_from(n).unwrap_or(usize::MAX));
        let time = |name| number(name).map(Duration::from_millis);
        let failures = number("CLEUDOCODEBOT_AUTH_FAILURES_PER_MINUTE")?;
        Ok(Self {
            max_message_bytes: count("CLEUDOCODEBOT_MAX_MESSAGE_BYTES")?,
            max_json_depth: count("CLEUDOCODEBOT_MAX_JSON_DEPTH")?,
            max_unauthenticated_bytes: count("CLEUDOCODEBOT_MAX_UNAUTHENTICATED_BYTES")?,
            auth_timeout: time("CLEUDOCODEBOT_AUTH_TIMEOUT_MS")?,
            max_connections: count("CLEUDOCODEBOT_MAX_CONNECTIONS")?,
            max_unauthenticated: count("CLEUDOCODEBOT_MAX_UNAUTHENTICATED")?,
            max_queue_bytes: count("CLEUDOCODEBOT_MAX_QUEUE_BYTES")?,
            heartbeat: time("CLEUDOCODEBOT_HEARTBEAT_MS")?,
            max_header_bytes: count("CLEUDOCODEBOT_MAX_HEADER_BYTES")?,
            header_timeout: time("CLEUDOCODEBOT_HEADER_TIMEOUT_MS")?,
            max_body_bytes: count("CLEUDOCODEBOT_MAX_BODY_BYTES")?,
            body_timeout: time("CLEUDOCODEBOT_BODY_TIMEOUT_MS")?,
            auth_failures_per_minute: u32::try_from(failures).unwrap_or(u32::MAX),
        })
    }

    /// The keys whose bounds differ. The pattern names every field, so that none is forgotten.
    pub fn differing<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = &'static str> + 'a {
        let Self {
            max_message_bytes,
            max_json_depth,
            max_unauthenticated_bytes,
            auth_timeout,
            max_connections,
            max_unauthenticated,
            max_queue_bytes,
            heartbeat,
            max_header_bytes,
            header_timeout,
            max_body_bytes,
            body_timeout,
            auth_failures_per_minute,
        } = self;
        let rows = [
            (
                "CLEUDOCODEBOT_MAX_MESSAGE_BYTES",
                *max_message_bytes != other.max_message_bytes,
            ),
            (
                "CLEUDOCODEBOT_MAX_JSON_DEPTH",
                *max_json_depth != other.max_json_depth,
            ),
            (
                "CLEUDOCODEBOT_MAX_UNAUTHENTICATED_BYTES",
                *max_unauthenticated_bytes != other.max_unauthenticated_bytes,
            ),
            (
                "CLEUDOCODEBOT_AUTH_TIMEOUT_MS",
                *auth_timeout != other.auth_timeout,
            ),
            (
                "CLEUDOCODEBOT_MAX_CONNECTIONS",
                *max_connections != other.max_connections,
            ),
            (
                "CLEUDOCODEBOT_MAX_UNAUTHENTICATED",
                *max_unauthenticated != other.max_unauthenticated,
            ),
            (
                "CLEUDOCODEBOT_MAX_QUEUE_BYTES",
                *max_queue_bytes != other.max_queue_bytes,
            ),
            ("CLEUDOCODEBOT_HEARTBEAT_MS", *heartbeat != other.heartbeat),
            (
                "CLEUDOCODEBOT_MAX_HEADER_BYTES",
                *max_header_bytes != other.max_header_bytes,
            ),
            (
                "CLEUDOCODEBOT_HEADER_TIMEOUT_MS",
                *header_timeout != other.header_timeout,
            ),
            (
                "CLEUDOCODEBOT_MAX_BODY_BYTES",
                *max_body_bytes != other.max_body_bytes,
            ),
            (
                "CLEUDOCODEBOT_BODY_TIMEOUT_MS",
                *body_timeout != other.body_timeout,
            ),
            (
                "CLEUDOCODEBOT_AUTH_FAILURES_PER_MINUTE",
                *auth_failures_per_minute != other.auth_failures_per_minute,
            ),
        ];
        let differing = rows.into_iter().filter(|(_, differs)| *differs);
        differing.map(|(key, _)| key)
    }
}

impl Default for Limits {
    /// The defaults of the table of keys, which are those of the protocol.
    fn default() -> Self {
        let default = |name| keys::find(name).ok_or(name)?.default.parse().or(Err(name));
        Self::read(default)
            .expect("the table has a number for every limit; a test holds it to that")
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
            max_queue_bytes: 4 << 20,
            heartbeat: Duration::from_secs(20),
            max_header_bytes: 16 << 10,
            header_timeout: Duration::from_secs(10),
            max_body_bytes: 1 << 20,
            body_timeout: Duration::from_secs(30),
            auth_failures_per_minute: 10,
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
