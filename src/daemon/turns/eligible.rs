//! Whether a message that came in is for an agent, and if not, what else it means.
//!
//! Not here: whether the conversation has an agent, and whether a person answers there.

use serde_json::Value;

use crate::{
    integrations::{AgentCommand, COMMAND},
    message::{Kind, Message},
};

/// What a message that came in means to agents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing.
    Nothing,
    /// The user wrote on the phone.
    ByHand,
    /// Somebody asked for something about the agent.
    Command(AgentCommand),
    /// It is to be answered.
    Answer,
    /// It is to be answered where the group is an open one, or where it answers a message of ours.
    AnswerInGroup,
}

/// What people say; the rest is told by services or needs no answer.
const KINDS: [Kind; 12] = [
    Kind::Text,
    Kind::Image,
    Kind::Video,
    Kind::Audio,
    Kind::Voice,
    Kind::Document,
    Kind::Sticker,
    Kind::Location,
    Kind::Contact,
    Kind::Poll,
    Kind::Choice,
    Kind::Order,
];

/// What the addresses of those end with who are in no conversation with us, or are programs.
const NO_PERSONS: [&str; 3] = ["@newsletter", "@broadcast", "@bot"];

/// Judges a message by itself.
pub(super) fn judge(message: &Message) -> Verdict {
    let unknown = Value::Null;
    let meta = message.meta.as_ref().unwrap_or(&unknown);
    let says = |key: &str| meta[key] == true;
    // A copy: its own machine has it answered.
    #[cfg(feature = "nats")]
    if crate::daemon::clustering::is_copy(message) {
        return Verdict::Nothing;
    }
    let is_no_person = NO_PERSONS.iter().any(|end| message.peer.ends_with(end));
    if is_no_person || !KINDS.contains(&message.kind) {
        return Verdict::Nothing;
    }
    if ["history", "edited", "bot", "broadcast", "standby"]
        .into_iter()
        .any(says)
    {
        return Verdict::Nothing;
    }
    let command = meta[COMMAND].as_str();
    if let Some(known) = command.and_then(AgentCommand::named) {
        return Verdict::Command(known);
    }
    if says("own") {
        return Verdict::ByHand;
    }
    if command.is_some() {
        return Verdict::Nothing;
    }
    if message.is_of_member() && !says("mentioned") {
        Verdict::AnswerInGroup
    } else {
        Verdict::Answer
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn message(peer: &str, sender: Option<&str>, kind: Kind, meta: Value) -> Message {
        Message {
            sender: sender.map(str::to_owned),
            text: "hi".into(),
            kind,
            meta: Some(meta),
            ..Message::sample("whatsapp", peer)
        }
    }

    fn of(peer: &str, sender: Option<&str>, meta: Value) -> Verdict {
        judge(&message(peer, sender, Kind::Text, meta))
    }

    #[test]
    fn people_are_answered_and_programs_channels_and_the_past_are_not() {
        assert_eq!(of("55", None, json!({})), Verdict::Answer);
        assert_eq!(of("55", Some("55"), json!({})), Verdict::Answer);
        for meta in [
            json!({"history": true}),
            json!({"history": true, "own": true}),
            json!({"bot": true}),
            json!({"broadcast": true}),
            json!({"edited": true}),
            json!({"command": "zap"}),
        ] {
            assert_eq!(of("55", None, meta.clone()), Verdict::Nothing, "{meta}");
        }
        for peer in ["1@newsletter", "status@broadcast", "867@bot"] {
            assert_eq!(of(peer, None, json!({})), Verdict::Nothing, "{peer}");
            assert_eq!(of(peer, None, json!({"own": true})), Verdict::Nothing);
        }
    }

    #[test]
    fn only_what_people_say_is_answered() {
        let answered =
            |kind: &Kind| judge(&message("55", None, *kind, json!({}))) == Verdict::Answer;
        let all = Kind::ALL.iter().filter(|kind| answered(kind));
        assert_eq!(all.copied().collect::<Vec<_>>(), KINDS);
    }

    #[test]
    fn in_a_group_it_must_be_meant_for_us() {
        let group = |meta| of("1@g.us", Some("55"), meta);
        assert_eq!(group(json!({})), Verdict::AnswerInGroup);
        assert_eq!(group(json!({"mentioned": true})), Verdict::Answer);
        assert_eq!(group(json!({"mentioned": "yes"})), Verdict::AnswerInGroup);
    }

    #[test]
    fn what_the_user_writes_on_the_phone_is_by_hand() {
        assert_eq!(of("55", None, json!({"own": true})), Verdict::ByHand);
        let reaction = message("55", None, Kind::Reaction, json!({"own": true}));
        assert_eq!(judge(&reaction), Verdict::Nothing);
        let sent = json!({"own": true, "command": "zap"});
        assert_eq!(of("55", None, sent), Verdict::ByHand);
    }

    #[test]
    fn a_command_is_obeyed_whoever_of_the_two_wrote_it() {
        for command in [
            json!({"command": "pause"}),
            json!({"own": true, "command": "pause"}),
        ] {
            let pause = Verdict::Command(AgentCommand::Pause);
            assert_eq!(of("55", None, command), pause);
        }
        let past = json!({"own": true, "command": "pause", "history": true});
        assert_eq!(of("55", None, past), Verdict::Nothing);
    }
}
