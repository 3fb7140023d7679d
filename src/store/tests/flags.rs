//! How the user keeps conversations: pinned, archived, muted, marked as unread; and the sorts of a list.

use serde_json::json;

use super::*;
use crate::store::{
    ChangedFlags, ConversationFlags, ConversationQuery, ConversationSort, FlagsUpdate,
    backend::Table, rows::keys,
};

const NOTHING: FlagsUpdate = FlagsUpdate {
    pinned: None,
    archived: None,
    muted: None,
    unread: None,
};
const PIN: FlagsUpdate = FlagsUpdate {
    pinned: Some(true),
    ..NOTHING
};
const ARCHIVE: FlagsUpdate = FlagsUpdate {
    archived: Some(true),
    ..NOTHING
};
const MUTE: FlagsUpdate = FlagsUpdate {
    muted: Some(true),
    ..NOTHING
};
const MARK: FlagsUpdate = FlagsUpdate {
    unread: Some(true),
    ..NOTHING
};

fn set(store: &Store, peer: &str, update: FlagsUpdate) -> ChangedFlags {
    done(store.set_flags("telegram", peer, update))
}

/// The words for what is set.
fn words(flags: ConversationFlags) -> String {
    let all = [
        ("pinned", flags.pinned),
        ("archived", flags.archived),
        ("muted", flags.muted),
        ("unread", flags.unread_mark),
    ];
    let set = all.iter().filter(|(_, set)| *set);
    set.map(|(word, _)| *word).collect::<Vec<_>>().join(" ")
}

fn from(store: &Store, peer: &str) {
    let peer = peer.to_owned();
    received(
        store,
        Inbound {
            peer,
            ..inbound("telegram", "hi", None)
        },
    );
}

/// Peers, newest first, each with what is set of it.
fn listed(store: &Store, only: Option<ConversationSort>) -> Vec<String> {
    let query = ConversationQuery {
        within: None,
        channel: None,
        only,
        before: None,
        limit: 9,
        max_bytes: usize::MAX,
    };
    let page = store.conversations(&query).expect("readable");
    let shown = page.list.iter();
    shown
        .map(|one| {
            let line = format!("{} {}", one.last.peer, words(one.flags));
            line.trim_end().to_owned()
        })
        .collect()
}

#[test]
fn each_flag_is_set_alone_listed_and_outlives_the_process() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        from(&store, "ana");
        from(&store, "bia");
        let head = store.head_seq();
        let pinned = set(&store, "ana", PIN);
        let told = (words(pinned.before), words(pinned.after));
        assert_eq!(told, (String::new(), "pinned".to_owned()));
        set(&store, "ana", MUTE);
        set(&store, "bia", MARK);
        assert_eq!(store.head_seq(), head, "none is an event of a message");
        store.close();
        let store = fixture.open();
        assert_eq!(listed(&store, None), ["bia unread", "ana pinned muted"]);
        let unpin = FlagsUpdate {
            pinned: Some(false),
            muted: Some(false),
            ..NOTHING
        };
        let unpinned = set(&store, "ana", unpin);
        assert_eq!(words(unpinned.before), "pinned muted");
        assert_eq!(listed(&store, None), ["bia unread", "ana"]);
        let rows = store.view(|rows| rows.len(Table::Flags));
        assert_eq!(rows, Ok(1), "none where nothing is set");
    });
}

#[test]
fn a_conversation_that_is_not_there_is_not_kept() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        from(&store, "ana");
        for (channel, peer) in [("telegram", "bia"), ("webchat", "ana")] {
            let refused = answer(store.set_flags(channel, peer, PIN));
            assert_eq!(refused, Err(StoreError::NotFound));
        }
        assert_eq!(store.view(|rows| rows.len(Table::Flags)), Ok(0));
    });
}

#[test]
fn a_message_brings_back_what_is_archived_unless_it_is_muted() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        for peer in ["ana", "bia"] {
            from(&store, peer);
            set(&store, peer, ARCHIVE);
        }
        set(&store, "bia", MUTE);
        let archived = || listed(&store, Some(ConversationSort::Archived));
        assert_eq!(archived(), ["bia archived muted", "ana archived"]);
        from(&store, "ana");
        from(&store, "bia");
        assert_eq!(archived(), ["bia archived muted"]);
        assert_eq!(words(set(&store, "ana", MUTE).after), "muted");
        queued(&store, draft("telegram", "bia", "from us"));
        assert_eq!(archived(), ["bia archived muted"]);
    });
}

/// Both requests may be in one transaction, where the index is not written yet.
#[test]
fn what_is_archived_behind_a_message_of_the_same_batch_is_archived() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        from(&store, "ana");
        for _ in 0..20 {
            let first = store.receive(inbound("telegram", "hi", None));
            let second = store.set_flags("telegram", "ana", ARCHIVE);
            done(first);
            assert!(done(second).after.archived);
            assert_eq!(listed(&store, None), ["ana archived"]);
        }
    });
}

#[test]
fn reading_takes_off_the_mark_also_where_all_was_read() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        let id = received(&store, inbound("telegram", "hi", None)).message.id;
        assert_eq!(done(store.mark_read("telegram", "ana", id)).flags, None);
        set(&store, "ana", PIN);
        set(&store, "ana", MARK);
        let unread = || listed(&store, Some(ConversationSort::Unread));
        assert_eq!(unread(), ["ana pinned unread"]);
        let read = done(store.mark_read("telegram", "ana", id));
        assert_eq!(read.before, Some(id));
        assert_eq!(read.flags.map(words), Some("pinned".to_owned()));
        assert_eq!(unread(), Vec::<String>::new());
        assert_eq!(done(store.mark_read("telegram", "ana", id)).flags, None);
        from(&store, "ana");
        assert_eq!(unread(), ["ana pinned"]);
    });
}

#[test]
fn groups_are_known_by_their_members_their_name_or_their_address() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        let group = |peer: &str, sender: Option<&str>, meta| Inbound {
            peer: peer.to_owned(),
            sender: sender.map(str::to_owned),
            meta: Some(meta),
            ..inbound("telegram", "hi", None)
        };
        received(&store, group("ana", Some("ana"), json!({"name": "Ana"})));
        received(&store, group("-5", Some("bia"), json!({})));
        received(&store, group("-6", None, json!({"group": "Choir"})));
        queued(&store, draft("whatsapp", "1203@g.us", "first"));
        queued(&store, draft("telegram", "-5", "from us"));
        let groups = listed(&store, Some(ConversationSort::Groups));
        assert_eq!(groups, ["-5", "1203@g.us", "-6"]);
    });
}

#[test]
fn a_page_of_a_sort_goes_on_where_it_ended() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        for peer in ["1", "2", "3", "4", "5"] {
            from(&store, peer);
        }
        for peer in ["1", "3", "4"] {
            set(&store, peer, PIN);
        }
        let mut query = ConversationQuery {
            within: None,
            channel: Some("telegram".to_owned()),
            only: Some(ConversationSort::Pinned),
            before: None,
            limit: 2,
            max_bytes: usize::MAX,
        };
        let mut peers = || {
            let page = store.conversations(&query).expect("readable");
            query.before = page.next;
            let list = page.list.into_iter();
            list.map(|one| one.last.peer).collect::<Vec<_>>().join(" ")
        };
        assert_eq!([peers(), peers()], ["4 3", "1"]);
    });
}

#[test]
fn what_a_notification_says_knows_of_muting() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        from(&store, "ana");
        let news = || store.news_of("telegram", "ana").expect("readable");
        assert!(!news().muted);
        set(&store, "ana", MUTE);
        assert!(news().muted);
        assert_eq!(news().unread, 1, "it counts");
    });
}

#[test]
fn with_the_last_message_goes_what_was_said_of_the_messages_and_pins_stay() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        for (peer, updates) in [
            ("gone", &[ARCHIVE, MARK][..]),
            ("pinned", &[PIN, ARCHIVE, MARK]),
            ("silent", &[MUTE, ARCHIVE]),
        ] {
            from(&store, peer);
            for update in updates {
                set(&store, peer, *update);
            }
        }
        fixture.pass(91 * DAY_MS);
        from(&store, "young");
        done(store.prune());
        assert_eq!(store.health().messages, 1);
        let row = |peer| {
            let scope = keys::scope("telegram", Some(peer));
            let row = store.view(|rows| rows.get(Table::Flags, &scope));
            row.expect("readable").is_some()
        };
        assert_eq!(["gone", "pinned", "silent"].map(row), [false, true, true]);
        for peer in ["gone", "pinned", "silent"] {
            from(&store, peer);
        }
        let kept = ["silent archived muted", "pinned pinned", "gone", "young"];
        assert_eq!(listed(&store, None), kept);
        let refused = answer(store.set_flags("telegram", "never", PIN));
        assert_eq!(refused, Err(StoreError::NotFound));
    });
}

#[test]
fn while_some_messages_stay_all_flags_stay() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        from(&store, "ana");
        fixture.pass(91 * DAY_MS);
        from(&store, "ana");
        set(&store, "ana", ARCHIVE);
        set(&store, "ana", MARK);
        done(store.prune());
        assert_eq!(store.health().messages, 1);
        assert_eq!(listed(&store, None), ["ana archived unread"]);
    });
}
