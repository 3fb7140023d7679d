//! Who wrote, where, in answer to what, and whether it is a command.

use serde_json::{Value, json};

use super::stage::{Stage, message};
use crate::{
    integrations::{
        ingress::Commands,
        telegram::{
            inbound::{self, Received, Whose},
            who::Author,
        },
    },
    message::Kind,
};

fn read(fields: Value) -> Received {
    let me = Author {
        id: Some(1),
        name: None,
        user_name: Some("@field_bot".to_owned()),
    };
    inbound::message("telegram", &message(3, &fields), &json!(7), &me).expect("kept")
}

fn meta(received: &Received, key: &str) -> Value {
    received.inbound.meta.as_ref().expect("there")[key].clone()
}

fn group() -> Value {
    json!({"id": -1001, "title": "Choir", "type": "supergroup", "username": "ChoirClub"})
}

#[test]
fn a_message_is_named_by_chat_and_number_and_its_writer_by_id_and_name() {
    let alone = read(json!({"text": "hi"}));
    assert_eq!(
        (alone.inbound.peer.as_str(), alone.inbound.sender.as_deref()),
        ("42", None)
    );
    assert_eq!(alone.inbound.dedup_key.as_deref(), Some("42:3"));
    assert_eq!(
        alone.inbound.meta,
        Some(json!({"id": "42:3", "name": "Ana Lima"}))
    );
    assert_eq!(alone.origin.listed_as, ["@analima"]);
    assert!(alone.may_pair);
    let member =
        read(json!({"text": "hi", "chat": group(), "reply_to_message": {"message_id": 2}}));
    assert_eq!(
        (
            member.inbound.peer.as_str(),
            member.inbound.sender.as_deref()
        ),
        ("-1001", Some("42"))
    );
    assert_eq!(member.inbound.reply_to.as_deref(), Some("-1001:2"));
    assert_eq!(meta(&member, "group"), "Choir");
    assert_eq!(member.origin.listed_as, ["@analima", "@choirclub"]);
    assert!(!member.may_pair);
}

#[test]
fn whoever_writes_as_a_chat_is_that_chat_and_never_the_bot_of_all() {
    let alerts = json!({"id": -1009, "title": "Alerts", "username": "AlertsHere"});
    for (from, sender_chat, sender, name) in [
        (1_087_968_824, group(), "-1001", "Choir"),
        (777_000, alerts.clone(), "-1009", "Alerts"),
        (136_817_688, alerts.clone(), "-1009", "Alerts"),
    ] {
        let received = read(
            json!({"text": "x", "chat": group(), "sender_chat": sender_chat,
            "from": {"id": from, "is_bot": true, "username": "GroupAnonymousBot"}, "author_signature": "boss"}),
        );
        assert_eq!(received.inbound.sender.as_deref(), Some(sender));
        assert_eq!(
            (meta(&received, "name"), meta(&received, "signature")),
            (json!(name), json!("boss"))
        );
        let listed = received.origin.listed_as.join(" ");
        assert!(
            !listed.contains(&from.to_string()) && !listed.contains("anonymous"),
            "{listed}"
        );
    }
    let post = json!({"chat": {"id": -1009, "title": "Alerts", "type": "channel"}, "sender_chat": alerts,
        "from": null, "text": "/zap 5521900001111 x"});
    let post = read(post);
    assert_eq!(
        (post.inbound.peer.as_str(), post.inbound.sender),
        ("-1009", None)
    );
    assert_eq!(post.origin.commands, Commands::Ignored);
    assert!(!post.may_pair);
}

#[test]
fn a_topic_is_a_conversation_of_its_own_and_its_root_is_no_quote() {
    let topic = json!({"message_thread_id": 55, "is_topic_message": true});
    let said = |more: Value| {
        let mut fields = topic.clone();
        fields["chat"] = group();
        fields["text"] = json!("x");
        for (key, value) in more.as_object().expect("fields") {
            fields[key] = value.clone();
        }
        read(fields)
    };
    let plain = said(json!({}));
    assert_eq!(plain.inbound.peer, "-1001/55");
    assert_eq!(plain.inbound.dedup_key.as_deref(), Some("-1001:3"));
    assert_eq!(meta(&plain, "topic"), 55);
    assert!(plain.origin.listed_as.contains(&"-1001".to_owned()));
    let root = json!({"message_id": 55, "forum_topic_created": {"name": "Solo"}});
    let first = said(json!({"reply_to_message": root}));
    assert_eq!(
        (
            first.inbound.reply_to.as_deref(),
            meta(&first, "topic_name")
        ),
        (None, json!("Solo"))
    );
    let bare_root = said(json!({"reply_to_message": {"message_id": 55}}));
    assert_eq!(bare_root.inbound.reply_to, None);
    let answer = said(json!({"reply_to_message": {"message_id": 60}}));
    assert_eq!(answer.inbound.reply_to.as_deref(), Some("-1001:60"));
    // A chain of answers in a group without topics.
    let chain = read(
        json!({"chat": group(), "text": "x", "message_thread_id": 55, "reply_to_message": {"message_id": 55}}),
    );
    assert_eq!(chain.inbound.peer, "-1001");
    assert_eq!(chain.inbound.reply_to.as_deref(), Some("-1001:55"));
}

#[test]
fn albums_forwards_quotes_and_answers_to_elsewhere_are_kept() {
    let received = read(
        json!({"text": "x", "media_group_id": "77", "quote": {"text": "part"},
        "forward_origin": {"type": "hidden_user", "sender_user_name": "A."}, "via_bot": {"id": 5, "username": "Gif"},
        "external_reply": {"chat": {"id": -1009}, "message_id": 4},
        "entities": [{"type": "text_mention", "offset": 0, "length": 1, "user": {"id": 9, "first_name": "Bia"}}]}),
    );
    for (key, value) in [
        ("album", json!("77")),
        ("quote", json!("part")),
        ("forwarded", json!("A.")),
        ("via", json!("@gif")),
        ("mentions", json!([{"id": 9, "name": "Bia"}])),
    ] {
        assert_eq!(meta(&received, key), value, "{key}");
    }
    assert_eq!(received.inbound.reply_to.as_deref(), Some("-1009:4"));
}

#[test]
fn only_what_is_typed_to_this_bot_is_a_command() {
    let commands = |fields: Value| read(fields).origin.commands;
    for (text, expected) in [
        ("/zap 5521900001111 hi", Commands::Obeyed),
        (
            "/zap@Field_Bot 5521900001111 hi",
            Commands::Read("/zap 5521900001111 hi".to_owned()),
        ),
        (" /zap@field_bot\n1", Commands::Read("/zap\n1".to_owned())),
        ("/zap@other_bot 5521900001111 hi", Commands::Ignored),
        ("mail ana@a.example", Commands::Obeyed),
    ] {
        assert_eq!(commands(json!({"text": text})), expected, "{text}");
    }
    let text = "/zap 5521900001111 hi";
    for fields in [
        json!({"text": text, "forward_origin": {"type": "user", "sender_user": {"id": 9}}}),
        json!({"web_app_data": {"data": text, "button_text": text}}),
        json!({"location": {"latitude": 1, "longitude": 1}}),
    ] {
        assert_eq!(commands(fields.clone()), Commands::Ignored, "{fields}");
    }
    assert_eq!(
        commands(json!({"photo": [{"file_id": "p"}], "caption": text})),
        Commands::Obeyed
    );
}

#[test]
fn ephemeral_messages_have_names_of_their_own() {
    let received = read(json!({"text": "x", "message_id": 0, "ephemeral_message_id": 9}));
    assert_eq!(
        received.inbound.dedup_key.as_deref(),
        Some("42:ephemeral-9")
    );
    let received = read(json!({"text": "x", "message_id": 0}));
    assert_eq!(received.inbound.dedup_key.as_deref(), Some("42:update-7"));
    assert_eq!(meta(&received, "id"), Value::Null);
}

#[test]
fn a_business_account_has_chats_of_its_own_and_both_sides_of_them() {
    let read = |from: i64, bot: i64| {
        read(
            json!({"text": "/zap 5521900001111 x", "business_connection_id": "c",
            "from": {"id": from, "first_name": "Eve"}, "sender_business_bot": {"id": bot}}),
        )
    };
    let theirs = read(42, 0);
    assert_eq!(
        (
            theirs.inbound.peer.as_str(),
            theirs.inbound.sender.as_deref()
        ),
        ("business:c:42", Some("42"))
    );
    assert_eq!(theirs.inbound.dedup_key.as_deref(), Some("business:c:42:3"));
    assert_eq!((theirs.whose, theirs.may_pair), (Whose::Theirs, false));
    assert_eq!(meta(&theirs, "group"), "Ana");
    let own = read(8, 0);
    assert_eq!((own.whose, meta(&own, "own")), (Whose::Owners, json!(true)));
    assert_eq!(read(8, 1).whose, Whose::Ours);
}

#[tokio::test]
async fn what_the_owner_of_a_business_account_writes_is_kept_with_what_is_heard() {
    let stage = Stage::new("42").await;
    let fields = |from: i64, chat: i64| json!({"text": "x", "business_connection_id": "c", "from": {"id": from}, "chat": {"id": chat}});
    for (id, (from, chat)) in [(42, 42), (8, 42), (77, 77), (8, 77)]
        .into_iter()
        .enumerate()
    {
        let id = i64::try_from(id).expect("small") + 1;
        stage
            .take(json!({"update_id": id, "business_message": message(id, &fields(from, chat))}))
            .await;
    }
    let peers: Vec<_> = stage
        .stored()
        .into_iter()
        .map(|message| message.peer)
        .collect();
    assert_eq!(peers, ["business:c:42", "business:c:42"]);
    assert!(
        stage.pairings.pending().is_empty(),
        "nobody is told a code in the owner's name"
    );
    let gone = json!({"business_connection_id": "c", "chat": {"id": 42}, "message_ids": [1, 9]});
    stage
        .take(json!({"update_id": 5, "deleted_business_messages": gone}))
        .await;
    let gone: Vec<bool> = stage
        .stored()
        .iter()
        .map(|message| message.deleted_ms.is_some())
        .collect();
    assert_eq!(gone, [true, false]);
}

#[tokio::test]
async fn nobody_is_told_a_code_where_others_read_it() {
    let stage = Stage::new("").await;
    let channel = json!({"id": -1009, "title": "Alerts", "type": "channel"});
    stage.take(json!({"update_id": 1, "channel_post": {"message_id": 1, "chat": channel, "sender_chat": channel, "text": "x"}})).await;
    stage
        .message(
            2,
            json!({"chat": group(), "text": "x", "sender_chat": group()}),
        )
        .await;
    stage.take(json!({"update_id": 3, "my_chat_member": {"chat": {"id": 42, "type": "private"}, "from": {"id": 42},
        "new_chat_member": {"status": "kicked"}}})).await;
    assert!(stage.pairings.pending().is_empty());
    stage
        .message(
            4,
            json!({"text": "x", "message_thread_id": 9, "is_topic_message": true}),
        )
        .await;
    let asked: Vec<String> = stage
        .pairings
        .pending()
        .into_iter()
        .map(|one| one.sender)
        .collect();
    assert_eq!(asked, ["42"], "for the whole chat, not for a topic of it");
    assert!(
        stage
            .stored()
            .iter()
            .all(|message| message.kind == Kind::Text && message.peer == "42")
    );
}

#[test]
fn whom_a_message_is_for_and_who_writes_is_told_beside_it() {
    let mention = json!([{"type": "mention", "offset": 0, "length": 10}]);
    let named = read(
        json!({"text": "@field_bot hi", "entities": mention, "chat": group(),
        "from": {"id": 42, "first_name": "Ana", "language_code": "pt-br"}}),
    );
    assert_eq!(meta(&named, "mentioned"), true);
    assert_eq!(meta(&named, "language"), "pt-br");
    let other = read(json!({"text": "@other_bot hi", "entities": mention, "chat": group()}));
    assert_eq!(meta(&other, "mentioned"), Value::Null);
    let bot = read(json!({"text": "x", "chat": group(), "from": {"id": 9, "is_bot": true}}));
    assert_eq!(meta(&bot, "bot"), true);
    let anonymous = json!({"id": 1_087_968_824, "is_bot": true});
    let admin = read(json!({"text": "x", "chat": group(), "from": anonymous}));
    assert_eq!(meta(&admin, "bot"), Value::Null);
    let linked = json!({"id": 777_000, "first_name": "Telegram"});
    let post =
        read(json!({"text": "x", "chat": group(), "from": linked, "is_automatic_forward": true}));
    assert_eq!(meta(&post, "broadcast"), true);
}
