//! Commands in a chat: `/zap NUMBER TEXT` and `/wa NUMBER TEXT` send on `WhatsApp`, `/pause`, `/resume`,
//! `/new` and `/stop` are about the agent that answers there.
//!
//! Those about agents are only recognised here: the message says in its `meta` which it has, and whoever
//! gives turns to agents obeys it from the store.

use serde_json::{Value, json};

/// The field of a message's `meta` with the name of the command that is in it.
pub const COMMAND: &str = "command";

/// What somebody in a chat asks of the agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgentCommand {
    /// A person shall answer.
    Pause,
    /// The agent shall answer again.
    Resume,
    /// What was said before is forgotten.
    New,
    /// The answer under way is not wanted.
    Stop,
}

impl AgentCommand {
    const ALL: [(Self, &'static str); 4] = [
        (Self::Pause, "pause"),
        (Self::Resume, "resume"),
        (Self::New, "new"),
        (Self::Stop, "stop"),
    ];

    /// The command of this name.
    pub fn named(name: &str) -> Option<Self> {
        let found = Self::ALL.iter().find(|(_, known)| *known == name);
        found.map(|(command, _)| *command)
    }

    /// The command that a text is, alone.
    fn read(text: &str) -> Option<&'static str> {
        let name = text.trim().strip_prefix('/')?.to_ascii_lowercase();
        let found = Self::ALL.iter().find(|(_, known)| *known == name);
        found.map(|(_, name)| *name)
    }
}

/// Notes in the `meta` of a message which command its text is, if any. What its author put there does not
/// count.
pub fn mark_agent_command(text: &str, meta: &mut Option<Value>) {
    mark(AgentCommand::read(text), meta);
}

/// The name of `/zap` and `/wa` in `meta`.
const SENDING: &str = "zap";

/// The same, of a text that may also be a command to send.
pub(super) fn mark_command(text: &str, is_sending: bool, meta: &mut Option<Value>) {
    let sending = is_sending.then_some(SENDING);
    mark(sending.or_else(|| AgentCommand::read(text)), meta);
}

fn mark(command: Option<&str>, meta: &mut Option<Value>) {
    if let Some(Value::Object(meta)) = meta {
        meta.remove(COMMAND);
    }
    let Some(command) = command else {
        return;
    };
    match meta {
        Some(Value::Object(meta)) => {
            meta.insert(COMMAND.to_owned(), json!(command));
        }
        other => *other = Some(json!({COMMAND: command})),
    }
}

/// A complete command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Command {
    /// The peer to send to.
    pub(super) number: String,
    /// The text to send.
    pub(super) text: String,
}

const USAGE: &str = "Use: /zap NUMBER TEXT, the number with its country code";

/// The reply if no channel sends on `WhatsApp`.
pub(super) const NOT_SET_UP: &str = "WhatsApp is not set up here";

/// Parses the command in a text: `None` if there is none, the usage if it is incomplete. `peer` maps a
/// written number to a peer, or to `None` if it is not a number.
pub(super) fn read(
    text: &str,
    peer: impl Fn(&str) -> Option<String>,
) -> Option<Result<Command, &'static str>> {
    let mut words = text.trim_start().splitn(2, char::is_whitespace);
    // Phones begin a line with a capital.
    let command = words.next().unwrap_or_default().to_ascii_lowercase();
    if !matches!(command.as_str(), "/zap" | "/wa") {
        return None;
    }
    let rest = words.next().unwrap_or_default().trim_start();
    Some(addressed(rest, peer).ok_or(USAGE))
}

/// Splits off the number at the beginning: the fewest words that make one. The rest is the text.
fn addressed(rest: &str, peer: impl Fn(&str) -> Option<String>) -> Option<Command> {
    let ends = rest.match_indices(char::is_whitespace).map(|(at, _)| at);
    for end in ends.take(MAX_WORDS) {
        let (number, text) = rest.split_at(end);
        if !number.chars().all(is_number_character) {
            return None;
        }
        let text = text.trim();
        if let Some(number) = peer(number).filter(|_| !text.is_empty()) {
            let text = text.to_owned();
            return Some(Command { number, text });
        }
    }
    None
}

/// Most words of a number: `+55 (11) 98765 4321`.
const MAX_WORDS: usize = 5;

fn is_number_character(c: char) -> bool {
    c.is_ascii_digit() || c.is_whitespace() || "+-.()/".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phone;

    fn read(text: &str) -> Option<Result<Command, &'static str>> {
        let brazil = "BR".parse().ok();
        super::read(text, |number| {
            phone::written("whatsapp", number, brazil).ok()
        })
    }

    #[test]
    fn a_command_about_the_agent_stands_alone_and_is_noted() {
        let noted = |text: &str| {
            let mut meta = Some(json!({"command": "forged", "name": "Ana"}));
            mark_agent_command(text, &mut meta);
            let meta = meta.unwrap_or_default();
            assert_eq!(meta["name"], "Ana");
            meta[COMMAND].as_str().map(str::to_owned)
        };
        for (text, command) in [
            ("/pause", Some("pause")),
            (" /Stop\n", Some("stop")),
            ("/new", Some("new")),
            ("/resume", Some("resume")),
            ("/new York", None),
            ("please /stop", None),
            ("/paused", None),
            ("", None),
        ] {
            assert_eq!(noted(text).as_deref(), command, "{text}");
        }
        let mut meta = None;
        mark_command("/zap 1 x", true, &mut meta);
        assert_eq!(meta, Some(json!({"command": "zap"})));
        let mut meta = None;
        mark_command("hello", false, &mut meta);
        assert_eq!(meta, None);
    }

    #[test]
    fn both_names_work_and_an_incomplete_command_gets_the_usage() {
        let whole = Command {
            number: "5511999998888".to_owned(),
            text: "good morning\nall".to_owned(),
        };
        assert_eq!(
            read("/zap +55(11)99999-8888 good morning\nall"),
            Some(Ok(whole.clone()))
        );
        assert_eq!(
            read("/Wa 5511999998888  good morning\nall"),
            Some(Ok(whole))
        );
        let number = |text: &str| read(text).and_then(Result::ok).map(|whole| whole.number);
        for written in ["11 98765-4321", "+55 (11) 98765 4321", "(11) 98765-4321"] {
            let told = number(&format!("/zap {written} 10 for you"));
            assert_eq!(told.as_deref(), Some("5511987654321"), "{written}");
        }
        for wrong in [
            "/zap",
            "/wa 5511999998888",
            "/zap ana hello",
            "/zap 123 hello",
        ] {
            assert_eq!(read(wrong), Some(Err(USAGE)), "{wrong}");
        }
        assert_eq!(read("/zapper 5511999998888 a"), None);
        assert_eq!(read("hello /zap"), None);
    }
}
