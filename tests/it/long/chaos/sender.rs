//! A client that records what it sent and what was acknowledged, across restarts of the daemon.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};

use super::{CHANNELS, ledger::Texts};
use crate::support::{Daemon, Frame, Raw, log_watch::MARK};

/// One of so many messages is long enough for two parts.
const LONG: usize = 40;

/// The client and its record.
#[derive(Default)]
pub(crate) struct Sender {
    made: usize,
    /// Commands without an answer, oldest first.
    open: VecDeque<(u64, String)>,
    /// Message ids by number.
    pub acknowledged: BTreeMap<u64, String>,
    pub expected: Texts,
}

impl Sender {
    /// Sends `count` new messages without waiting for answers.
    pub(crate) fn send(&mut self, raw: &mut Raw, count: usize, peers: usize) {
        for number in self.made..self.made + count {
            let channel = CHANNELS[number % CHANNELS.len()];
            let peer = (551_133_330_000_usize + number / CHANNELS.len() % peers).to_string();
            let text = text(number);
            let of = self.expected.entry((channel, peer.clone())).or_default();
            of.push_str(&text);
            of.push(' ');
            let payload = json!({"channel": channel, "to": peer, "text": text, "idempotency_key": format!("k{number}")});
            let command =
                json!({"type": "command", "action": "send", "id": number, "payload": payload});
            raw.text(&command.to_string());
            self.open.push_back((number as u64, command.to_string()));
        }
        self.made += count;
    }

    /// Repeats the commands that were not answered.
    pub(crate) fn send_again(&self, raw: &mut Raw) {
        self.open.iter().for_each(|(_, command)| raw.text(command));
    }

    /// Reads answers until only `left` are due or the connection ends.
    pub(crate) fn await_answers(&mut self, raw: &mut Raw, left: usize) {
        while self.open.len() > left {
            let Some(Frame::Text(text)) = raw.frame() else {
                return;
            };
            let answer: Value = serde_json::from_str(&text).expect("JSON");
            let (number, _) = self.open.pop_front().expect("asked");
            assert_eq!(answer["id"], number, "in order");
            let id = answer["payload"]["message_id"].as_str();
            let id = id.unwrap_or_else(|| panic!("{answer}")).to_owned();
            self.acknowledged.insert(number, id);
        }
    }

    pub(crate) fn open(&self) -> usize {
        self.open.len()
    }

    /// A connection to send on.
    pub(crate) fn connect(daemon: &Daemon) -> Raw {
        daemon.raw_websocket(true)
    }
}

/// Each word carries the number of its message, so that parts of different messages never look alike.
fn text(number: usize) -> String {
    let words = if number.is_multiple_of(LONG) { 250 } else { 2 };
    let words: Vec<String> = (0..words).map(|n| format!("{MARK}-{number}.{n}")).collect();
    words.join(" ")
}
