//! What is asked of a server: the kind of load, and how much of it. How it is asked is in `exchange`
//! and, for what only the gateway's bench asks, in its `fanout` and `connections`.

use super::Target;

/// The kind of load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// `ping` and its answer.
    Ping,
    /// `send` and its acknowledgement, which comes once the message is on disk.
    Send,
    /// `publish` to subscribers; a message is one delivery.
    Fanout,
    /// Connect, upgrade with the token, disconnect.
    Connect,
    /// Connections that send nothing; only memory counts.
    Idle,
}

impl Mode {
    pub(crate) const ALL: [(&'static str, Self); 5] = [
        ("ping", Self::Ping),
        ("send", Self::Send),
        ("fanout", Self::Fanout),
        ("connect", Self::Connect),
        ("idle", Self::Idle),
    ];

    pub(crate) fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(_, mode)| *mode == self)
            .map_or("", |(name, _)| name)
    }
}

/// One load: a row of the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scenario {
    pub mode: Mode,
    /// Connections; subscribers in a fan-out.
    pub connections: usize,
    /// Messages under way at a time, of each connection that sends.
    pub in_flight: usize,
    /// Bytes of text in each message.
    pub size: usize,
    /// Subscribers that never read, beside the connections.
    pub stalled: usize,
}

impl Scenario {
    /// `ping 64×16`.
    pub(crate) fn name(self) -> String {
        match self.mode {
            Mode::Idle | Mode::Connect => format!("{} {}", self.mode.name(), self.connections),
            Mode::Fanout if self.stalled > 0 => format!(
                "{} {}×{} and {} that never read",
                self.mode.name(),
                self.connections,
                self.in_flight,
                self.stalled
            ),
            _ => format!(
                "{} {}×{}",
                self.mode.name(),
                self.connections,
                self.in_flight
            ),
        }
    }

    /// Whether the server supports this kind of load.
    pub(crate) fn suits(self, target: &Target) -> bool {
        match self.mode {
            Mode::Ping => true,
            Mode::Connect | Mode::Fanout | Mode::Idle => target.speaks_websocket,
            Mode::Send => target.keeps_messages,
        }
    }

    /// The text of each message.
    pub(crate) fn filling(self) -> String {
        "x".repeat(self.size)
    }

    /// The command that connection `number` sends as its message `id`.
    pub(crate) fn command(self, number: usize, id: u64, filling: &str) -> String {
        if self.mode == Mode::Send {
            return format!(
                r#"{{"type":"command","action":"send","id":{id},"payload":{{"channel":"webchat","to":"bench-{number}","text":"{filling}"}}}}"#
            );
        }
        format!(
            r#"{{"type":"command","action":"ping","id":{id},"payload":{{"text":"{filling}"}}}}"#
        )
    }
}
