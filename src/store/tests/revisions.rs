//! Edits and deletions, and the names one peer goes by.

use super::*;
use crate::{
    message::State,
    store::{HistoryQuery, Occasion, Revision, StatusUpdate},
};

fn edited(text: &str) -> Revision {
    Revision::Edited {
        text: text.to_owned(),
        content: None,
    }
}

#[test]
fn an_edit_and_a_deletion_are_events_of_the_message_they_concern() {
    on_every_backend(|bench| {
        let store = bench.open();
        let first = received(&store, inbound("telegram", "at seven", Some("E1"))).message;
        bench.pass(5);
        let second = done(store.revise("telegram", "E1", edited("at eight"))).expect("news");
        bench.pass(5);
        done(store.revise("telegram", "E1", Revision::Deleted)).expect("news");
        let named = |name: &str| store.named("telegram", name).expect("readable");
        assert_eq!(
            named("E1").map(|message| message.text).as_deref(),
            Some("at eight")
        );
        assert_eq!(named("E2"), None);
        for repeat in [edited("at nine"), Revision::Deleted] {
            assert_eq!(done(store.revise("telegram", "E1", repeat)), None);
        }
        assert_eq!((second.id, second.text.as_str()), (first.id, "at eight"));

        let (message, life) = store.message(first.id).expect("readable").expect("kept");
        assert_eq!(message.text, "at eight");
        assert_eq!(message.edits[0].text, "at seven");
        assert_eq!(message.edits[0].until_ms, START_MS + 5);
        assert_eq!(message.deleted_ms, Some(START_MS + 10));
        let occasions: Vec<Occasion> = life.iter().map(|step| step.occasion).collect();
        assert_eq!(
            occasions,
            [Occasion::State, Occasion::Edited, Occasion::Deleted]
        );

        let events = store.events_after(0, 10, 1 << 20).expect("readable");
        let told: Vec<_> = events
            .iter()
            .map(|event| (event.name().as_str(), event.message.text.clone()))
            .collect();
        let expected = [
            ("message.received", "at seven"),
            ("message.edited", "at eight"),
            ("message.deleted", "at eight"),
        ];
        assert_eq!(told, expected.map(|(name, text)| (name, text.to_owned())));
        let found = |words: &str| {
            let query = HistoryQuery {
                contains: Some(words.to_owned()),
                ..HistoryQuery::default()
            };
            store.history(&query).expect("readable").messages.len()
        };
        assert_eq!((found("EIGHT"), found("seven")), (1, 0));
    });
}

#[test]
fn what_nobody_sent_cannot_be_edited_and_a_later_state_keeps_an_edit() {
    on_every_backend(|bench| {
        let store = bench.open();
        let refused = answer(store.revise("telegram", "E9", Revision::Deleted));
        assert_eq!(refused, Err(StoreError::NotFound));
        let id = queued(&store, draft("telegram", "ana", "hello")).message.id;
        done(store.accepted(id, vec!["S1".to_owned()]));
        done(store.revise("telegram", "S1", edited("hello!"))).expect("news");
        done(store.advance(id, StatusUpdate::to(State::Read)));
        let (message, _) = store.message(id).expect("readable").expect("kept");
        assert_eq!(
            (message.text.as_str(), message.state),
            ("hello!", State::Read)
        );
        assert_eq!(message.edits.len(), 1);
    });
}

#[test]
fn names_lead_to_the_peer_they_were_last_said_to_mean() {
    on_every_backend(|bench| {
        let store = bench.open();
        let same = |name: &str, peer: &str| done(store.remember_alias("whatsapp", name, peer));
        assert!(same("7@lid", "5511"));
        assert!(!same("7@lid", "5511") && !same("5511", "5511"));
        let means = |name: &str| store.alias("whatsapp", name).expect("readable");
        assert_eq!(means("7@lid").as_deref(), Some("5511"));
        assert_eq!(means("5511"), None);
        assert_eq!(store.alias("telegram", "7@lid"), Ok(None));
        // A new number: all names follow, and none leads back.
        assert!(same("5511", "5522"));
        assert_eq!(means("7@lid").as_deref(), Some("5522"));
        assert_eq!(means("5511").as_deref(), Some("5522"));
        assert!(same("5522", "5511"));
        assert_eq!(
            (means("5511"), means("5522").as_deref()),
            (None, Some("5511"))
        );
        let names = store.aliases("whatsapp", "5511").expect("readable");
        assert!(names.contains(&"5522".to_owned()) && names.contains(&"7@lid".to_owned()));
    });
}
