//! Whose key a client showed, and what that lets it do.

use std::sync::Arc;

use crate::{
    clock,
    keys::{Key, KeyId},
    message::ConversationSet,
    protocol::{
        describe::{Action, EventName, EventSpec},
        error_code::{ErrorCode, Fault},
        role::{self, Least, Role, Subject},
    },
};

/// Ways in that are no action, and who may go there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::gateway) enum Door {
    /// `GET /metrics`.
    Metrics,
    /// `GET /backup`.
    Backup,
    /// `POST /media`.
    Upload,
    /// `POST /v1/chat/completions`.
    Completions,
    /// `GET /v1/models`.
    Models,
}

impl Door {
    fn rule(self) -> (&'static str, Least, Subject) {
        match self {
            Self::Metrics => ("/metrics", role::READERS, Subject::Gateway),
            Self::Backup => ("/backup", role::OWNERS, Subject::Gateway),
            Self::Upload => ("POST /media", role::WRITERS, Subject::Nothing),
            Self::Completions => ("/v1/chat/completions", role::OPERATORS, Subject::Gateway),
            Self::Models => ("/v1/models", role::OPERATORS, Subject::Gateway),
        }
    }
}

/// What a client may do: everything with the token of `.env`, else what its key is for.
#[derive(Debug, Clone, Default)]
pub(in crate::gateway) enum Access {
    /// Nothing: it has not shown a token yet.
    #[default]
    Nobody,
    /// Everything: it showed the token of `.env`.
    Owner,
    /// What this key is for.
    Key(Arc<Key>),
}

impl Access {
    /// The key; `None` for the token of `.env`.
    pub(in crate::gateway) fn key(&self) -> Option<&Arc<Key>> {
        match self {
            Self::Key(key) => Some(key),
            Self::Nobody | Self::Owner => None,
        }
    }

    /// Whether it showed the token of `.env`.
    pub(in crate::gateway) fn is_owner(&self) -> bool {
        matches!(self, Self::Owner)
    }

    /// Whether both came in by the same key, or both by the token of `.env`.
    pub(in crate::gateway) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Nobody, Self::Nobody) | (Self::Owner, Self::Owner) => true,
            (Self::Key(one), Self::Key(other)) => {
                one.id == other.id && one.created_ms == other.created_ms
            }
            _ => false,
        }
    }

    /// Whether this is the key of an id.
    pub(in crate::gateway) fn is_of(&self, id: KeyId) -> bool {
        self.key().is_some_and(|key| key.id == id)
    }

    /// What it is for.
    pub(in crate::gateway) fn role(&self) -> Role {
        self.key().map_or(Role::Owner, |key| key.role)
    }

    /// The conversations it is limited to; `None` where it is not.
    pub(in crate::gateway) fn limits(&self) -> Option<&ConversationSet> {
        let key = self.key()?;
        (!key.conversations.is_everything()).then_some(&key.conversations)
    }

    /// Whether it may see the conversation.
    pub(in crate::gateway) fn covers(&self, channel: &str, peer: &str) -> bool {
        self.limits().is_none_or(|set| set.covers(channel, peer))
    }

    /// Whether it may see the channel.
    pub(in crate::gateway) fn covers_channel(&self, channel: &str) -> bool {
        self.limits().is_none_or(|set| set.covers_channel(channel))
    }

    /// Whether all conversations of the channel are among those it may see.
    pub(in crate::gateway) fn covers_all_of(&self, channel: &str) -> bool {
        self.limits()
            .is_none_or(|set| set.covers_channel(channel) && set.peers.is_empty())
    }

    /// Whether it may do the action at all.
    pub(in crate::gateway) fn may_do(&self, action: &Action) -> bool {
        self.may(action.least, action.subject)
    }

    fn may(&self, least: Least, subject: Subject) -> bool {
        match self {
            Self::Nobody => false,
            Self::Owner => true,
            Self::Key(key) => {
                least.admits(key.role) && (subject != Subject::Gateway || self.limits().is_none())
            }
        }
    }

    /// Whether it may hear an event of the table.
    pub(in crate::gateway) fn may_hear(&self, event: &EventSpec) -> bool {
        event.least.admits(self.role())
    }

    /// Whether it may hear this event, which is about a conversation or about the gateway.
    pub(in crate::gateway) fn hears(
        &self,
        event: EventName<'_>,
        conversation: Option<(&str, &str)>,
    ) -> bool {
        let key = match self {
            Self::Nobody => return false,
            Self::Owner => return true,
            Self::Key(key) => key,
        };
        let is_within = match (conversation, self.limits()) {
            (_, None) => true,
            (Some((channel, peer)), Some(set)) => set.covers(channel, peer),
            (None, Some(_)) => false,
        };
        is_within && event.least().admits(key.role)
    }

    /// Fails once the key was revoked or has expired.
    pub(in crate::gateway) fn expect_good(&self) -> Result<(), Fault> {
        match self.key() {
            Some(key) if !key.is_good(clock::now_ms()) => {
                let text = "this key was revoked or has expired; ask the owner of this gateway for another";
                Err(Fault::new(ErrorCode::Unauthorized, text))
            }
            _ => Ok(()),
        }
    }

    /// Fails where the key is not for this action.
    pub(in crate::gateway) fn expect_action(&self, action: &Action) -> Result<(), Fault> {
        self.expect_good()?;
        self.expect(action.name, action.least, action.subject)
    }

    /// Fails where the key is not for this way in.
    pub(in crate::gateway) fn expect_door(&self, door: Door) -> Result<(), Fault> {
        let (name, least, subject) = door.rule();
        self.expect(name, least, subject)
    }

    fn expect(&self, what: &str, least: Least, subject: Subject) -> Result<(), Fault> {
        if self.may(least, subject) {
            return Ok(());
        }
        let role = self.role().as_str();
        let text = match self.limits() {
            Some(set) if least.admits(self.role()) => {
                format!("{what} is not for a key that is limited to {set}")
            }
            _ => format!(
                "{what} needs a key of role {}; this one is of role {role}",
                needed(least)
            ),
        };
        Err(Fault::new(ErrorCode::Forbidden, text))
    }

    /// Fails where it is for no conversation of a channel, whether or not there is one of this name.
    pub(in crate::gateway) fn expect_channel(&self, channel: &str) -> Result<(), Fault> {
        match self.limits().filter(|_| !self.covers_channel(channel)) {
            None => Ok(()),
            Some(set) => Err(limited_to(set)),
        }
    }

    /// Fails where the conversation is not one of its own.
    pub(in crate::gateway) fn expect_within(
        &self,
        channel: &str,
        peer: Option<&str>,
    ) -> Result<(), Fault> {
        let Some(set) = self.limits() else {
            return Ok(());
        };
        let is_within = match peer {
            Some(peer) => set.covers(channel, peer),
            None => self.covers_all_of(channel),
        };
        if is_within {
            return Ok(());
        }
        Err(limited_to(set))
    }
}

fn limited_to(set: &ConversationSet) -> Fault {
    let text = format!("this key is limited to {set}");
    Fault::new(ErrorCode::Forbidden, text)
}

/// The roles of which one is needed, in words.
fn needed(least: Least) -> String {
    let also = least.also.iter().map(|role| role.as_str());
    let all: Vec<_> = std::iter::once(least.role.as_str()).chain(also).collect();
    all.join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        keys::NewKey,
        message::Pattern,
        protocol::describe::{action, event},
    };

    fn access(role: Role, peers: &[&str]) -> Access {
        let conversations = ConversationSet {
            channels: Vec::new(),
            peers: peers
                .iter()
                .map(|text| Pattern::parse(text).expect("a pattern"))
                .collect(),
        };
        Access::Key(Arc::new(Key::for_test(NewKey {
            name: "a key".to_owned(),
            role,
            conversations,
            expires_ms: None,
        })))
    }

    fn refusal(access: &Access, name: &str) -> String {
        let action = action(name).expect("an action");
        let outcome = access.expect_action(action);
        outcome
            .err()
            .map_or_else(String::new, |fault| fault.message)
    }

    #[test]
    fn a_refusal_says_which_role_or_which_limit_is_in_the_way() {
        let reader = access(Role::Read, &[]);
        assert_eq!(refusal(&reader, "history"), "");
        assert_eq!(
            refusal(&reader, "send"),
            "send needs a key of role send; this one is of role read"
        );
        assert_eq!(
            refusal(&reader, "agent.done"),
            "agent.done needs a key of role owner or agent; this one is of role read"
        );
        let limited = access(Role::Owner, &["webchat/ana"]);
        assert_eq!(
            refusal(&limited, "shutdown"),
            "shutdown is not for a key that is limited to webchat/ana"
        );
        assert_eq!(refusal(&Access::Owner, "shutdown"), "");
        assert!(!refusal(&Access::Nobody, "history").is_empty());
    }

    #[test]
    fn events_are_heard_by_role_and_within_the_limits() {
        let reader = access(Role::Read, &[]);
        assert!(reader.hears(event::MESSAGE_RECEIVED, Some(("webchat", "ana"))));
        assert!(!reader.hears(event::LOG, None));
        let limited = access(Role::Owner, &["webchat/ana"]);
        assert!(limited.hears(event::MESSAGE_RECEIVED, Some(("webchat", "ana"))));
        assert!(!limited.hears(event::MESSAGE_RECEIVED, Some(("webchat", "bia"))));
        assert!(!limited.hears(event::LOG, None));
        assert!(Access::Owner.hears(event::LOG, None) && !Access::Nobody.hears(event::LOG, None));
    }

    #[test]
    fn a_conversation_outside_the_limits_is_refused() {
        let limited = access(Role::Send, &["webchat/ana"]);
        assert!(limited.expect_within("webchat", Some("ana")).is_ok());
        assert!(limited.expect_within("webchat", Some("bia")).is_err());
        assert!(limited.expect_within("webchat", None).is_err());
        assert!(
            access(Role::Send, &[])
                .expect_within("webchat", None)
                .is_ok()
        );
    }
}
