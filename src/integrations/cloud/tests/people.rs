//! Who it is, and in which conversation.

use serde_json::json;

use super::{ANA, GROUP, OURS, Stage, USER_ID, of, text};
use crate::{log::LogLevel, message::Kind};

#[tokio::test]
async fn a_group_is_the_peer_and_its_member_the_sender() {
    let stage = Stage::new("*");
    let mut message = text("wamid.1", "what do you all think?");
    message["group_id"] = json!(GROUP);
    let mut hidden = message.clone();
    hidden["id"] = json!("wamid.2");
    hidden["from"] = json!("");
    hidden["from_user_id"] = json!(USER_ID);
    let mut unnamed = text("wamid.3", "who?");
    unnamed["group_id"] = json!(GROUP);
    unnamed["from"] = json!("");
    let value = json!({"messages": [message, hidden, unnamed]});
    assert_eq!(stage.post("messages", value).await, 200);
    let all = stage.stored();
    let senders: Vec<_> = all.iter().map(|one| one.sender.as_deref()).collect();
    assert!(all.iter().all(|one| one.peer == GROUP));
    assert_eq!(senders, [Some(ANA), Some(USER_ID), Some("unknown")]);
}

#[tokio::test]
async fn a_user_without_a_number_is_a_peer_until_the_number_is_known() {
    let stage = Stage::new("*");
    let hidden = |id: &str| {
        let message =
            json!({"from_user_id": USER_ID, "id": id, "type": "text", "text": {"body": "hi"}});
        let contacts = json!([{"user_id": USER_ID, "profile": {"name": "Ana", "username": "ana"}}]);
        json!({"messages": [message], "contacts": contacts})
    };
    assert_eq!(stage.post("messages", hidden("wamid.1")).await, 200);
    let first = stage.only();
    assert_eq!(
        (first.peer.as_str(), &first.meta.expect("meta")["name"]),
        (USER_ID, &json!("Ana"))
    );
    let contacts = json!([{"user_id": USER_ID, "wa_id": ANA, "profile": {"name": "Ana"}}]);
    let value = json!({"messages": [text("wamid.2", "hi")], "contacts": contacts});
    assert_eq!(stage.post("messages", value).await, 200);
    assert_eq!(stage.post("messages", hidden("wamid.3")).await, 200);
    let peers: Vec<_> = stage.stored().into_iter().map(|one| one.peer).collect();
    assert_eq!(peers, [USER_ID, ANA, ANA]);
}

#[tokio::test]
async fn an_allow_list_holds_a_person_by_any_name() {
    let stage = Stage::new(USER_ID);
    let mut message = text("wamid.1", "hi");
    message["from_user_id"] = json!(USER_ID);
    assert_eq!(stage.write(json!([message])).await, 200);
    // Known by now, also where only the number is told.
    assert_eq!(stage.write(json!([text("wamid.2", "hi")])).await, 200);
    assert_eq!(stage.stored().len(), 2);
}

#[tokio::test]
async fn a_changed_number_goes_on_under_the_new_one_and_may_still_write() {
    for system in [
        json!({"type": "user_changed_number", "wa_id": "5521912345678", "body": "Ana changed her number"}),
        json!({"type": "customer_changed_number", "new_wa_id": "5521912345678", "customer": ANA}),
    ] {
        let stage = Stage::new(ANA);
        assert_eq!(stage.write(json!([text("wamid.0", "hi")])).await, 200);
        // Without contacts, as it comes.
        let value = json!({"messages": [of("system", system)]});
        assert_eq!(stage.post("messages", value).await, 200);
        let mut message = text("wamid.2", "it is still me");
        message["from"] = json!("5521912345678");
        let value = json!({"messages": [message]});
        assert_eq!(stage.post("messages", value).await, 200);
        let all = stage.stored();
        let peers: Vec<_> = all.iter().map(|one| one.peer.as_str()).collect();
        assert_eq!(peers, [ANA, "5521912345678", "5521912345678"]);
        assert_eq!(
            all[1].content,
            Some(json!({"event": "number_changed", "from": ANA, "to": "5521912345678"}))
        );
        let ingress = &stage.ingress;
        assert_eq!(ingress.canonical(ANA).await.as_deref(), Ok("5521912345678"));
        // Whoever has the old number now is somebody else, to whom answers go.
        assert_eq!(stage.write(json!([text("wamid.3", "hi")])).await, 200);
        assert_eq!(stage.stored()[3].peer, ANA);
        assert_eq!(ingress.canonical(ANA).await.as_deref(), Ok(ANA));
    }
}

#[tokio::test]
async fn a_changed_user_id_belongs_to_the_number_that_is_known() {
    let stage = Stage::new("*");
    let changed = json!({"from_user_id": USER_ID, "id": "wamid.1", "type": "system",
        "system": {"type": "user_changed_user_id", "user_id": "BR.2", "previous_user_id": USER_ID}});
    let value = json!({"messages": [changed]});
    assert_eq!(stage.post("messages", value.clone()).await, 200);
    assert_eq!(stage.only().peer, "BR.2");
    let stage = Stage::new("*");
    let mut message = text("wamid.0", "hi");
    message["from_user_id"] = json!(USER_ID);
    assert_eq!(stage.write(json!([message])).await, 200);
    assert_eq!(stage.post("messages", value).await, 200);
    assert_eq!(stage.stored()[1].peer, ANA);
    let ingress = &stage.ingress;
    assert_eq!(ingress.canonical("BR.2").await.as_deref(), Ok(ANA));
}

#[tokio::test]
async fn whoever_is_not_on_the_list_is_asked_to_pair_and_not_heard() {
    let stage = Stage::new("5599");
    for message in [
        text("wamid.1", "hi"),
        of("location", json!({"latitude": 1, "longitude": 2})),
        of(
            "edit",
            json!({"original_message_id": "wamid.1", "message": {"type": "text", "text": {"body": "x"}}}),
        ),
        of("revoke", json!({"original_message_id": "wamid.1"})),
    ] {
        assert_eq!(stage.write(json!([message])).await, 200);
    }
    let moved = of(
        "system",
        json!({"type": "user_changed_number", "wa_id": "5522"}),
    );
    let standby = json!({"standby": {"messages": [text("wamid.2", "hi")]}});
    for (field, value) in [
        ("messages", json!({"messages": [moved]})),
        ("standby", standby),
    ] {
        assert_eq!(stage.post(field, value).await, 200);
    }
    let told = stage.only();
    assert!(told.text.contains("Seu código é "), "{}", told.text);
    assert_eq!(told.peer, ANA);
}

#[tokio::test]
async fn what_the_user_writes_on_the_phone_is_kept_as_own_and_never_obeyed() {
    let stage = Stage::new("");
    let echo = |id: &str, kind: &str, body: serde_json::Value| {
        let mut echo = json!({"from": OURS, "to": ANA, "id": id, "timestamp": "1", "type": kind});
        echo[kind] = body;
        echo
    };
    let edited = json!({"original_message_id": "wamid.E", "message": {"type": "text", "text": {"body": "on my way!"}}});
    let mut hidden = echo("wamid.F", "text", json!({"body": "/zap 5511987654321 hi"}));
    hidden["to"] = json!("");
    hidden["to_user_id"] = json!(USER_ID);
    let mut exchanged = echo("wamid.G", "edit", edited.clone());
    (exchanged["from"], exchanged["to"]) = (json!(ANA), json!(OURS));
    let echoes = json!([
        echo("wamid.E", "text", json!({"body": "I am on my way"})),
        hidden,
        exchanged,
        echo(
            "wamid.H",
            "revoke",
            json!({"original_message_id": "wamid.F"})
        ),
    ]);
    let value = json!({"message_echoes": echoes});
    assert_eq!(stage.post("smb_message_echoes", value).await, 200);
    let all = stage.stored();
    assert_eq!(all.len(), 2, "{all:?}");
    assert_eq!(
        (all[0].peer.as_str(), all[0].text.as_str()),
        (ANA, "on my way!")
    );
    assert_eq!(all[0].meta, Some(json!({"id": "wamid.E", "own": true})));
    assert_eq!((all[1].peer.as_str(), all[1].kind), (USER_ID, Kind::Text));
    assert!(all[1].deleted_ms.is_some());
}

#[tokio::test]
async fn an_echo_of_what_was_sent_by_the_api_is_no_second_message() {
    let stage = Stage::new("*");
    let id = stage.sent("wamid.E").await;
    let mut echo = text("wamid.E", "hi");
    (echo["from"], echo["to"]) = (json!(OURS), json!(ANA));
    let value = json!({"message_echoes": [echo]});
    assert_eq!(stage.post("smb_message_echoes", value).await, 200);
    assert_eq!(stage.only().id, id);
}

#[tokio::test]
async fn a_message_of_nobody_is_told_of_and_harms_no_other() {
    let stage = Stage::new("*");
    let nobody = json!({"id": "wamid.0", "type": "text", "text": {"body": "hi"}});
    let value = json!({"messages": [nobody, text("wamid.1", "hi")]});
    assert_eq!(stage.post("messages", value).await, 200);
    assert_eq!(stage.only().peer, ANA);
    let what = "a message came that does not say of whom, and was left out";
    assert_eq!(stage.said(LogLevel::Warn, what), 1);
}
