//! Rows of `flags`: how the user keeps a conversation apart from others.
//!
//! Their keys are those of conversations (`keys::scope`). A conversation without a row has none of them.

use crate::store::{
    answer::ConversationFlags,
    error::StoreError,
    request::FlagsUpdate,
    rows::codec::{RowReader, put_number},
};

/// Version of the layout below, as the first byte of a row.
const LAYOUT: u8 = 1;

const PINNED: u8 = 1;
const ARCHIVED: u8 = 2;
const MUTED: u8 = 4;
const UNREAD: u8 = 8;

/// How the user keeps a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::store) struct Flags {
    pub(in crate::store) pinned: bool,
    /// The newest message when it was archived. A newer one brings it back without a write, unless it is muted.
    pub(in crate::store) archived_up_to: Option<u64>,
    pub(in crate::store) muted: bool,
    pub(in crate::store) unread: bool,
}

impl Flags {
    /// How it is while this message is the newest.
    pub(in crate::store) fn effective(&self, newest: u64) -> ConversationFlags {
        let is_archived = |up_to| self.muted || newest <= up_to;
        ConversationFlags {
            pinned: self.pinned,
            archived: self.archived_up_to.is_some_and(is_archived),
            muted: self.muted,
            unread_mark: self.unread,
        }
    }

    /// The same with these changes. It starts from how it is: muting must not put away again what a message had
    /// brought back, nor must the end of it bring back by itself what was archived meanwhile.
    pub(in crate::store) fn with(&self, update: FlagsUpdate, newest: u64) -> Self {
        let before = self.effective(newest);
        let archived = update.archived.unwrap_or(before.archived);
        Self {
            pinned: update.pinned.unwrap_or(before.pinned),
            archived_up_to: archived.then_some(newest),
            muted: update.muted.unwrap_or(before.muted),
            unread: update.unread.unwrap_or(before.unread_mark),
        }
    }

    /// What stays where all messages are gone: what the user wants of those to come.
    pub(in crate::store) fn without_messages(&self) -> Self {
        Self {
            unread: false,
            archived_up_to: self.archived_up_to.filter(|_| self.muted),
            ..*self
        }
    }
}

pub(in crate::store) fn encode(flags: &Flags) -> Vec<u8> {
    let bit = |set: bool, bit: u8| if set { bit } else { 0 };
    let bits = bit(flags.pinned, PINNED)
        | bit(flags.archived_up_to.is_some(), ARCHIVED)
        | bit(flags.muted, MUTED)
        | bit(flags.unread, UNREAD);
    let mut bytes = vec![LAYOUT, bits];
    if let Some(up_to) = flags.archived_up_to {
        put_number(&mut bytes, up_to);
    }
    bytes
}

pub(in crate::store) fn decode(row: &[u8]) -> Result<Flags, StoreError> {
    let mut reader = RowReader::new("flags", row);
    reader.layout(LAYOUT)?;
    let bits = reader.byte()?;
    let archived_up_to = match bits & ARCHIVED {
        0 => None,
        _ => Some(reader.number()?),
    };
    reader.end()?;
    Ok(Flags {
        pinned: bits & PINNED != 0,
        archived_up_to,
        muted: bits & MUTED != 0,
        unread: bits & UNREAD != 0,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_newer_message_brings_back_what_is_archived_unless_it_is_muted() {
        let archive = FlagsUpdate {
            archived: Some(true),
            ..FlagsUpdate::default()
        };
        let mute = |muted| FlagsUpdate {
            muted: Some(muted),
            ..FlagsUpdate::default()
        };
        let archived = Flags::default().with(archive, 7);
        assert!(archived.effective(7).archived && !archived.effective(8).archived);
        assert!(!archived.with(mute(true), 8).effective(8).archived);
        let silent = archived.with(mute(true), 7);
        assert!(silent.effective(9).archived);
        let loud = silent.with(mute(false), 9);
        assert!(loud.effective(9).archived && !loud.effective(10).archived);
    }

    proptest! {
        #[test]
        fn flags_read_back(pinned: bool, archived_up_to: Option<u64>, muted: bool, unread: bool) {
            let flags = Flags { pinned, archived_up_to, muted, unread };
            prop_assert_eq!(decode(&encode(&flags))?, flags);
        }

        #[test]
        fn damaged_flags_are_refused_without_a_panic(bytes: Vec<u8>) {
            let _ = decode(&bytes);
        }
    }
}
