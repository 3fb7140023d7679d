//! Conversations and their read marks.

use serde_json::json;

use super::*;
use crate::{
    message::Message,
    store::{
        ConversationQuery, Conversations, ReadMark,
        backend::{Rows, Table},
        index::{IndexChanges, IndexEntry, Side},
        rows::keys::{self, MAX_NAME},
    },
};

fn query(limit: usize) -> ConversationQuery {
    ConversationQuery {
        within: None,
        channel: None,
        only: None,
        before: None,
        limit,
        max_bytes: usize::MAX,
    }
}

fn listed(store: &Store, query: &ConversationQuery) -> Conversations {
    store.conversations(query).expect("readable")
}

fn from(peer: &str, text: &str, meta: serde_json::Value) -> Inbound {
    Inbound {
        peer: peer.to_owned(),
        meta: Some(meta),
        ..inbound("telegram", text, None)
    }
}

fn shown(all: &Conversations) -> Vec<(&str, &str, &str)> {
    let newest = all.list.iter().map(|one| &one.last);
    newest
        .map(|message| {
            let Message {
                channel,
                peer,
                text,
                ..
            } = message;
            (channel.as_str(), peer.as_str(), text.as_str())
        })
        .collect()
}

#[test]
fn each_conversation_is_shown_once_with_its_newest_message_newest_first() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        assert_eq!(listed(&store, &query(9)).list, []);
        for (channel, peer, text) in [
            ("telegram", "ana", "1"),
            ("telegram", "anabel", "2"),
            ("telegram-2", "ana", "3"),
            ("telegram", "bia", "4"),
            ("telegram", "ana", "5"),
        ] {
            queued(&store, draft(channel, peer, text));
        }
        let all = listed(&store, &query(9));
        let wanted = [
            ("telegram", "ana", "5"),
            ("telegram", "bia", "4"),
            ("telegram-2", "ana", "3"),
            ("telegram", "anabel", "2"),
        ];
        assert_eq!(shown(&all), wanted);
        assert_eq!((all.next, all.partial), (None, false));
        let first = listed(&store, &query(3));
        assert_eq!(shown(&first), wanted[..3]);
        let rest = ConversationQuery {
            before: first.next,
            ..query(3)
        };
        let rest = listed(&store, &rest);
        assert_eq!((shown(&rest), rest.next), (wanted[3..].to_vec(), None));
        let narrow = ConversationQuery {
            max_bytes: 1,
            ..query(3)
        };
        assert_eq!(listed(&store, &narrow).list.len(), 1);
        let channel = ConversationQuery {
            channel: Some("telegram".to_owned()),
            ..query(9)
        };
        assert_eq!(listed(&store, &channel).list.len(), 3);
    });
}

#[test]
fn a_name_is_the_newest_that_came_and_a_members_name_is_not_the_groups() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        let name = || listed(&store, &query(1)).list.remove(0).name;
        received(&store, from("ana", "1", json!({"name": "Ana"})));
        received(&store, from("ana", "2", json!({"name": "Ana Lima"})));
        received(&store, from("ana", "3", json!({"name": " "})));
        received(&store, from("ana", "4", json!(["no", "name"])));
        received(&store, from("ana", "5", json!({"name": "Me", "own": true})));
        queued(&store, draft("telegram", "ana", "6"));
        assert_eq!(name().as_deref(), Some("Ana Lima"));
        let member = |meta| Inbound {
            sender: Some("bia".to_owned()),
            ..from("-5", "7", meta)
        };
        received(&store, member(json!({"name": "Bia"})));
        assert_eq!(name(), None);
        received(&store, member(json!({"name": "Bia", "group": "Choir"})));
        assert_eq!(name().as_deref(), Some("Choir"));
        received(&store, from("x", "8", json!({"name": "n".repeat(500)})));
        assert_eq!(name().map(|name| name.len()), Some(128));
    });
}

#[test]
fn a_group_without_a_name_in_its_messages_goes_by_what_its_service_calls_it() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        let noted = |groups: &[(&str, &str)]| {
            let owned = |(peer, name): &(&str, &str)| ((*peer).to_owned(), (*name).to_owned());
            done(store.name_groups("telegram", groups.iter().map(owned).collect()));
        };
        let name = || listed(&store, &query(1)).list.remove(0).name;
        let long = "9".repeat(MAX_NAME + 1);
        noted(&[("-5", " Choir "), ("-6", " "), (long.as_str(), "too long")]);
        queued(&store, draft("telegram", "-5", "6"));
        assert_eq!(name().as_deref(), Some("Choir"));
        queued(&store, draft("telegram", "-6", "7"));
        assert_eq!(name(), None);
        queued(&store, draft("whatsapp", "-5", "8"));
        assert_eq!(name(), None, "that of another channel");
        noted(&[("-6", "Team")]);
        queued(&store, draft("telegram", "-6", "9"));
        assert_eq!(name().as_deref(), Some("Team"));
        noted(&[("-6", &"n".repeat(500))]);
        assert_eq!(name().map(|name| name.len()), Some(128));
        received(&store, from("-6", "1", json!({"group": "Newer"})));
        assert_eq!(name().as_deref(), Some("Newer"), "its messages say it");
        let known = || store.group_names("telegram").expect("readable");
        let pair = |peer: &str, name: &str| (peer.to_owned(), name.to_owned());
        noted(&[("-6", "Team")]);
        assert_eq!(known(), [pair("-5", "Choir"), pair("-6", "Team")]);
        assert_eq!(store.group_names("telegra").expect("readable"), []);
        noted(&[("-5", "")]);
        assert_eq!(known(), [pair("-6", "Team")]);
        queued(&store, draft("telegram", "-5", "10"));
        assert_eq!(name(), None, "it has none any more");
    });
}

#[test]
fn what_the_peer_wrote_behind_the_mark_is_unread() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        let ids: Vec<_> = (0..4)
            .map(|_| received(&store, inbound("telegram", "in", None)).message.id)
            .collect();
        queue(&store, "out");
        received(&store, from("ana", "own", json!({"own": true})));
        received(&store, from("bia", "else", json!({})));
        assert_eq!(store.unread("telegram", "ana"), Ok(4));
        let marked = done(store.mark_read("telegram", "ana", ids[1]));
        let wanted = ReadMark {
            before: None,
            up_to: ids[1],
            flags: None,
        };
        assert_eq!(marked, wanted);
        let ana = listed(&store, &query(9)).list.remove(1);
        assert_eq!((ana.unread, ana.read_up_to), (2, Some(ids[1])));
        let newest = store.newest("telegram", "ana").expect("readable");
        let newest = newest.expect("a message");
        done(store.mark_read("telegram", "ana", newest));
        assert_eq!(store.unread("telegram", "ana"), Ok(0));
        let between = store.received_between(("telegram", "ana"), Some(ids[1]), newest, 9);
        let between: Vec<_> = between
            .expect("readable")
            .iter()
            .map(|one| one.id)
            .collect();
        assert_eq!(between, [ids[3], ids[2]]);
    });
}

#[test]
fn a_mark_never_moves_back_and_outlives_the_process() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        let first = queue(&store, "1");
        let second = queue(&store, "2");
        let elsewhere = queued(&store, draft("telegram", "bia", "3")).message.id;
        done(store.mark_read("telegram", "ana", second));
        let head = store.head_seq();
        let stays = ReadMark {
            before: Some(second),
            up_to: second,
            flags: None,
        };
        assert_eq!(done(store.mark_read("telegram", "ana", first)), stays);
        for (channel, id) in [("telegram", elsewhere), ("webchat", first)] {
            let refused = answer(store.mark_read(channel, "ana", id));
            assert_eq!(refused, Err(StoreError::NotFound));
        }
        store.close();
        let store = fixture.open();
        assert_eq!(done(store.mark_read("telegram", "ana", first)), stays);
        assert_eq!(store.head_seq(), head, "a mark is no event");
    });
}

#[test]
fn a_mark_goes_with_the_message_it_stands_on() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        let old = received(&store, inbound("telegram", "old", None));
        done(store.mark_read("telegram", "ana", old.message.id));
        fixture.pass(91 * DAY_MS);
        received(&store, inbound("telegram", "young", None));
        done(store.prune());
        assert_eq!(store.health().messages, 1);
        assert_eq!(store.view(|rows| rows.len(Table::Marks)), Ok(0));
        let ana = listed(&store, &query(9)).list.remove(0);
        assert_eq!((ana.unread, ana.read_up_to), (1, None));
    });
}

#[test]
fn no_more_than_the_bounds_are_counted_and_looked_at() {
    let fixture = Fixture::new(BackendKind::Memory);
    let store = fixture.open();
    for _ in 0..1001 {
        drop(store.receive(inbound("telegram", "x", None)));
    }
    received(&store, inbound("telegram", "x", None));
    assert_eq!(store.unread("telegram", "ana"), Ok(1000));
    let write = |rows: &mut dyn Rows| {
        let mut touched = IndexChanges::default();
        let (number, side) = (1, Side::Ours);
        for peer in 0..100_001 {
            let scope = keys::scope("webchat", Some(&format!("{peer:06}")));
            touched.add(rows, &scope, IndexEntry { number, side })?;
        }
        touched.write(rows).map(|()| true)
    };
    let backend = &store.0.shared.backend;
    backend.transact(&mut |rows| write(rows)).expect("written");
    let query = ConversationQuery {
        // There are index rows only: reading a message would fail.
        before: Some(MessageId(1)),
        ..query(9)
    };
    assert!(listed(&store, &query).partial);
}
