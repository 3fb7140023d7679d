//! Conversations: their newest message, name, read mark and unread messages, and how the user keeps them.
//!
//! Not here: their messages (`history`).

use std::ops::ControlFlow;

use serde_json::Value;

use crate::{
    message::{Message, MessageId},
    store::{
        answer::{Conversation, ConversationFlags, Conversations},
        backend::{Get, ScanOrder, Snapshot, Table, VisitNumber},
        error::StoreError,
        index::{self, IndexEntry, Side},
        queries::{
            budget::PageBudget,
            message::{body, expect, load, mark, sized},
        },
        request::{ConversationQuery, ConversationSort},
        rows::{
            flags::{self, Flags},
            keys,
        },
    },
};

/// How many conversations are considered when the newest are listed.
const MAX_LOOKED_AT: usize = 100_000;

/// How many messages of one conversation, newest first, are considered when unread ones are counted.
const MAX_COUNTED: usize = 1000;

/// How many messages of one conversation, newest first, are considered in search of a name.
const MAX_SEARCHED: usize = 200;

/// How many of them, from the peer, are read in search of a name.
const MAX_READ: usize = 10;

/// The longest name shown, in characters: names are chosen by strangers.
const MAX_SHOWN: usize = 128;

/// What the addresses of groups of `WhatsApp` end with: by it also those are known in which nobody wrote yet.
const GROUP_OF_WHATSAPP: &str = "@g.us";

/// The newest message of a conversation, by which conversations are ordered.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct NewestMessage {
    number: u64,
    scope: Vec<u8>,
}

/// A page of conversations, newest first.
pub(in crate::store) fn page(
    rows: &dyn Snapshot,
    query: &ConversationQuery,
) -> Result<Conversations, StoreError> {
    let (mut found, partial) = newest_of_each(rows, query.channel.as_deref())?;
    let before = query.before.map_or(u64::MAX, |before| before.0);
    found.retain(|one| one.number < before);
    found.sort_unstable_by(|one, other| other.cmp(one));
    let mut page = Conversations {
        list: Vec::new(),
        next: None,
        partial,
    };
    let mut room = PageBudget::new(query.limit, query.max_bytes);
    for NewestMessage { number, scope } in found {
        if room.is_used_up() {
            page.next = page.list.last().map(|shown| shown.last.id);
            break;
        }
        let flags = flags(rows, &scope)?.effective(number);
        if !is_of_sort(rows, &scope, flags, query.only)? {
            continue;
        }
        let (last, size) = expect(sized(rows, number)?, &keys::number_key(number))?;
        let within = query.within.as_ref();
        if !within.is_none_or(|set| set.covers(&last.channel, &last.peer)) {
            continue;
        }
        if query.only == Some(ConversationSort::Groups) && !is_group(rows, &scope, &last.peer)? {
            continue;
        }
        room.take(size);
        page.list.push(conversation(rows, &scope, last, flags)?);
    }
    Ok(page)
}

/// Whether a conversation is of the sort that is asked for, as far as that shows without its messages.
fn is_of_sort(
    rows: &dyn Snapshot,
    scope: &[u8],
    flags: ConversationFlags,
    only: Option<ConversationSort>,
) -> Result<bool, StoreError> {
    Ok(match only {
        None | Some(ConversationSort::Groups) => true,
        Some(ConversationSort::Pinned) => flags.pinned,
        Some(ConversationSort::Archived) => flags.archived,
        Some(ConversationSort::Unread) => {
            flags.unread_mark || unread(rows, scope, mark(rows, scope)?)? > 0
        }
    })
}

/// How the user keeps a conversation.
pub(in crate::store) fn flags(rows: &dyn Get, scope: &[u8]) -> Result<Flags, StoreError> {
    let row = rows.get(Table::Flags, scope)?;
    row.map_or_else(|| Ok(Flags::default()), |row| flags::decode(&row))
}

/// Whether several people write in a conversation: its address says so, or the newest message that came.
fn is_group(rows: &dyn Snapshot, scope: &[u8], peer: &str) -> Result<bool, StoreError> {
    if peer.ends_with(GROUP_OF_WHATSAPP) {
        return Ok(true);
    }
    let mut is_group = false;
    each_of_theirs(rows, scope, (0, u64::MAX), MAX_SEARCHED, &mut |number| {
        let found = body(rows, number)?;
        is_group = found.is_some_and(|(body, _)| body.message.is_of_group());
        Ok(ControlFlow::Break(()))
    })?;
    Ok(is_group)
}

fn conversation(
    rows: &dyn Snapshot,
    scope: &[u8],
    last: Message,
    flags: ConversationFlags,
) -> Result<Conversation, StoreError> {
    let read_up_to = mark(rows, scope)?;
    Ok(Conversation {
        last,
        name: name(rows, scope)?,
        unread: unread(rows, scope, read_up_to)?,
        read_up_to,
        flags,
    })
}

/// The newest message of every conversation, and whether there are more than are considered.
fn newest_of_each(
    rows: &dyn Snapshot,
    channel: Option<&str>,
) -> Result<(Vec<NewestMessage>, bool), StoreError> {
    let (mut found, mut partial) = (Vec::new(), false);
    index::each_conversation(rows, channel, &mut |scope, number| {
        partial = found.len() == MAX_LOOKED_AT;
        if partial {
            return Ok(ControlFlow::Break(()));
        }
        let scope = scope.to_vec();
        found.push(NewestMessage { number, scope });
        Ok(ControlFlow::Continue(()))
    })?;
    Ok((found, partial))
}

/// Visits the numbers of the peer's messages in a span, both ends included, newest first, among at
/// most `limit` messages of the conversation.
fn each_of_theirs(
    rows: &dyn Snapshot,
    scope: &[u8],
    span: (u64, u64),
    limit: usize,
    visit: &mut VisitNumber<'_>,
) -> Result<(), StoreError> {
    let mut seen = 0;
    index::each(rows, scope, span, ScanOrder::Descending, &mut |entry| {
        if seen == limit {
            return Ok(ControlFlow::Break(()));
        }
        seen += 1;
        if is_theirs(rows, entry)? {
            visit(entry.number)
        } else {
            Ok(ControlFlow::Continue(()))
        }
    })
}

fn is_theirs(rows: &dyn Get, IndexEntry { number, side }: IndexEntry) -> Result<bool, StoreError> {
    if side != Side::Unknown {
        return Ok(side == Side::Theirs);
    }
    let found = body(rows, number)?;
    let (body, _) = expect(found, &keys::number_key(number))?;
    Ok(Side::of(&body.message) == Side::Theirs)
}

/// How many messages of the peer came after a read mark.
pub(in crate::store) fn unread(
    rows: &dyn Snapshot,
    scope: &[u8],
    mark: Option<MessageId>,
) -> Result<usize, StoreError> {
    let first = mark.map_or(0, |mark| mark.0.saturating_add(1));
    let mut count = 0;
    each_of_theirs(rows, scope, (first, u64::MAX), MAX_COUNTED, &mut |_| {
        count += 1;
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(count)
}

/// The newest messages of the peer after one message and up to another, newest first.
pub(in crate::store) fn received_between(
    rows: &dyn Snapshot,
    scope: &[u8],
    after: Option<MessageId>,
    up_to: MessageId,
    limit: usize,
) -> Result<Vec<Message>, StoreError> {
    let mut found = Vec::new();
    let span = (after.map_or(0, |after| after.0.saturating_add(1)), up_to.0);
    each_of_theirs(rows, scope, span, MAX_COUNTED, &mut |number| {
        found.extend(load(rows, number)?);
        Ok(if found.len() < limit {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        })
    })?;
    Ok(found)
}

/// The newest name that came with a message of the peer, or else what its service calls this group.
pub(in crate::store) fn name(
    rows: &dyn Snapshot,
    scope: &[u8],
) -> Result<Option<String>, StoreError> {
    let (mut name, mut read) = (None, 0);
    each_of_theirs(rows, scope, (0, u64::MAX), MAX_SEARCHED, &mut |number| {
        let found = body(rows, number)?;
        name = found.and_then(|(body, _)| name_in(&body.message));
        read += 1;
        Ok(if name.is_some() || read == MAX_READ {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        })
    })?;
    match name {
        Some(name) => Ok(Some(name)),
        None => name_of_group(rows, scope),
    }
}

fn name_of_group(rows: &dyn Get, scope: &[u8]) -> Result<Option<String>, StoreError> {
    let row = rows.get(Table::GroupNames, scope)?;
    row.as_deref().map(text_of_group).transpose()
}

fn text_of_group(bytes: &[u8]) -> Result<String, StoreError> {
    let text = std::str::from_utf8(bytes).map(str::to_owned);
    text.map_err(|_| StoreError::Corrupt("a row of group_names is no text".to_owned()))
}

/// The groups of a channel that were named, by their addresses, each with its name.
pub(in crate::store) fn group_names(
    rows: &dyn Snapshot,
    channel: &str,
) -> Result<Vec<(String, String)>, StoreError> {
    let first = keys::conversations_of(Some(channel));
    let last = [&first[..], &[u8::MAX; 2]].concat();
    let mut groups = Vec::new();
    let order = ScanOrder::Ascending;
    rows.scan(Table::GroupNames, &first, &last, order, &mut |key, name| {
        let peer = key.get(first.len() + 2..).unwrap_or_default();
        groups.push((text_of_group(peer)?, text_of_group(name)?));
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(groups)
}

/// `group` of the message's meta, or else `name` if the peer itself wrote the message: the name of a
/// group's member is not the group's.
fn name_in(message: &Message) -> Option<String> {
    let meta = message.meta.as_ref()?;
    let by_peer = message
        .sender
        .as_ref()
        .is_none_or(|sender| *sender == message.peer);
    let name = Some(&meta["name"]).filter(|_| by_peer);
    let mut names = [Some(&meta["group"]), name].into_iter().flatten();
    names.find_map(|name| shown(Value::as_str(name)?))
}

/// So much of a name as is shown, if there is any.
pub(in crate::store) fn shown(name: &str) -> Option<String> {
    let name = name.trim();
    (!name.is_empty()).then(|| name.chars().take(MAX_SHOWN).collect())
}
