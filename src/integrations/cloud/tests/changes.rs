//! Fields besides messages, and posts that are odd in parts.

use serde_json::{Value, json};

use super::{ANA, OURS, PHONE_ID, Stage, USER_ID, of, text};
use crate::{
    log::LogLevel,
    message::{Kind, State},
};

/// The fields that Meta's app dashboard offers
/// (<https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview>) and
/// those of coexistence and of Meta's own agent.
const FIELDS: [&str; 32] = [
    "account_alerts",
    "account_review_update",
    "account_settings_update",
    "account_update",
    "automatic_events",
    "business_capability_update",
    "business_status_update",
    "business_username_update",
    "calls",
    "flows",
    "group_lifecycle_update",
    "group_participants_update",
    "group_settings_update",
    "group_status_update",
    "history",
    "message_echoes",
    "message_template_components_update",
    "message_template_quality_update",
    "message_template_status_update",
    "messages",
    "messaging_handovers",
    "partner_solutions",
    "payment_configuration_update",
    "phone_number_name_update",
    "phone_number_quality_update",
    "security",
    "smb_app_state_sync",
    "smb_message_echoes",
    "standby",
    "template_category_update",
    "tracking_events",
    "user_preferences",
];

#[tokio::test]
async fn a_field_with_nothing_to_keep_is_a_line_and_no_more() {
    let odd = [
        json!({}),
        json!(null),
        json!("x"),
        json!([]),
        json!({"metadata": null, "messages": {}, "statuses": "x", "calls": 7, "history": null}),
    ];
    for field in FIELDS.into_iter().chain(["of_next_year"]) {
        for value in &odd {
            let stage = Stage::new("*");
            let changes = json!([{"field": field, "value": value}]);
            assert_eq!(stage.post_all(changes).await, 200, "{field} {value}");
            assert_eq!(stage.stored().len(), 0, "{field} {value}");
            assert_eq!(
                stage.log.last(9, LogLevel::Debug).len(),
                1,
                "{field} {value}"
            );
        }
    }
    let stage = Stage::new("*");
    for body in [
        json!(null),
        json!([]),
        json!({"entry": {}}),
        json!({"entry": [7, {"changes": [null]}]}),
    ] {
        assert_eq!(stage.receiver.taken(&body).await.status, 200, "{body}");
    }
}

#[tokio::test]
async fn lists_of_odd_things_break_nothing() {
    for key in [
        "messages",
        "statuses",
        "message_echoes",
        "calls",
        "history",
        "errors",
        "contacts",
    ] {
        for odd in [
            json!(null),
            json!(7),
            json!([]),
            json!({}),
            json!({"id": 7, "type": [], "threads": [{}]}),
        ] {
            let stage = Stage::new("*");
            let mut value = json!({"messages": [text("wamid.1", "hi")]});
            let kept = value[key].as_array().cloned().unwrap_or_default();
            value[key] = std::iter::once(odd).chain(kept).collect();
            assert_eq!(stage.post("messages", value).await, 200, "{key}");
            assert_eq!(stage.only().text, "hi", "{key}");
        }
    }
}

#[tokio::test]
async fn one_bad_change_loses_none_of_the_others() {
    let stage = Stage::new("*");
    let too_long = json!({"from": ANA, "group_id": "g".repeat(5000), "id": "wamid.0", "type": "text",
        "text": {"body": "hi"}});
    let other =
        json!({"metadata": {"phone_number_id": "999"}, "messages": [text("wamid.9", "not ours")]});
    let changes = json!([
        {"field": "messages", "value": {"messages": [too_long, text("wamid.1", "one")]}},
        {"field": "messages", "value": other},
        {"field": "messages", "value": {"errors": [{"code": 131_000, "title": "Something went wrong"}]}},
        {"field": "messages", "value": {"messages": [text("wamid.2", "two")]}},
    ]);
    assert_eq!(stage.post_all(changes).await, 200);
    let texts: Vec<_> = stage.stored().into_iter().map(|one| one.text).collect();
    assert_eq!(texts, ["one", "two"]);
    assert_eq!(stage.said(LogLevel::Warn, "a message cannot be kept"), 1);
    assert_eq!(stage.said(LogLevel::Warn, "Meta reports an error"), 1);
}

#[tokio::test]
async fn an_account_in_trouble_is_told_of() {
    for (event, warned) in [
        ("ACCOUNT_RESTRICTION", 1),
        ("DISABLED_UPDATE", 1),
        ("PARTNER_REMOVED", 1),
        ("PARTNER_ADDED", 0),
    ] {
        let stage = Stage::new("*");
        let value = json!({"event": event, "restriction_info": [{"restriction_type": "RESTRICTED_ADD_PHONE"}]});
        let changes = json!([{"field": "account_update", "value": value}]);
        assert_eq!(stage.post_all(changes).await, 200);
        assert_eq!(
            stage.said(LogLevel::Warn, "Meta tells of the account"),
            warned,
            "{event}"
        );
    }
}

fn edit(id: &str, original: &str, body: &str) -> Value {
    let inner = json!({"type": "text", "text": {"body": body}, "context": {"id": "M0"}});
    let mut message = of(
        "edit",
        json!({"original_message_id": original, "message": inner}),
    );
    message["id"] = json!(id);
    message
}

#[tokio::test]
async fn an_edit_changes_the_message_it_names_and_a_late_repeat_nothing() {
    let stage = Stage::new("*");
    let messages = json!([
        text("wamid.1", "one"),
        edit("wamid.2", "wamid.1", "two"),
        edit("wamid.3", "wamid.1", "/zap 5511987654321 three"),
        edit("wamid.2", "wamid.1", "two"),
    ]);
    assert_eq!(stage.write(messages).await, 200);
    let kept = stage.only();
    assert_eq!(kept.text, "/zap 5511987654321 three");
    let before: Vec<_> = kept.edits.iter().map(|edit| edit.text.as_str()).collect();
    assert_eq!(before, ["one", "two"]);
    let mut caption = edit("wamid.4", "wamid.1", "");
    caption["edit"]["message"] = json!({"type": "image", "image": {"id": "9", "caption": "look"}});
    let revoked = of("revoke", json!({"original_message_id": "wamid.1"}));
    assert_eq!(stage.write(json!([caption, revoked])).await, 200);
    let kept = stage.only();
    assert_eq!(
        (kept.text.as_str(), kept.deleted_ms.is_some()),
        ("look", true)
    );
}

#[tokio::test]
async fn an_edit_of_what_is_not_known_is_kept_under_its_name() {
    let stage = Stage::new("*");
    let messages = json!([
        edit("wamid.2", "wamid.1", "/zap 5511987654321 two"),
        edit("wamid.3", "wamid.1", "three"),
        text("wamid.1", "one"),
    ]);
    assert_eq!(stage.write(messages).await, 200);
    let kept = stage.only();
    assert_eq!(kept.text, "three");
    let meta = kept.meta.expect("meta");
    assert_eq!(
        (&meta["id"], &meta["edited"]),
        (&json!("wamid.1"), &json!(true))
    );
}

#[tokio::test]
async fn a_call_is_one_message_however_it_is_told() {
    let call = |event: &str, more: Value| {
        let mut call = json!({"id": "wacid.1", "from": ANA, "to": OURS, "event": event,
            "direction": "USER_INITIATED", "session": {"sdp_type": "offer", "sdp": "v=0 secret"}});
        call.as_object_mut()
            .expect("fields")
            .extend(more.as_object().expect("fields").clone());
        json!({"calls": [call]})
    };
    let over = || call("terminate", json!({"status": "COMPLETED", "duration": 75}));
    let orders = [
        vec![call("connect", json!({})), over(), over()],
        vec![over(), call("connect", json!({}))],
    ];
    for order in orders {
        let stage = Stage::new("*");
        for value in order {
            assert_eq!(stage.post("calls", value).await, 200);
        }
        let kept = stage.only();
        assert_eq!(
            (kept.kind, kept.text.as_str()),
            (Kind::Call, "[call] finished, 75 s")
        );
        assert_eq!(
            kept.content,
            Some(json!({"video": false, "outcome": "finished", "seconds": 75}))
        );
        assert!(!format!("{kept:?}").contains("secret"));
        assert_eq!(kept.meta, None);
    }
    let stage = Stage::new("");
    let ours = json!({"id": "wacid.2", "from": OURS, "to_user_id": USER_ID, "event": "terminate"});
    assert_eq!(stage.post("calls", json!({"calls": [ours]})).await, 200);
    let kept = stage.only();
    assert_eq!(
        (kept.peer.as_str(), kept.text.as_str()),
        (USER_ID, "[call] not answered")
    );
    assert_eq!(kept.meta.expect("meta")["own"], true);
    let status = json!({"id": "wacid.2", "type": "call", "status": "RINGING"});
    assert_eq!(
        stage.post("calls", json!({"statuses": [status]})).await,
        200
    );
}

#[tokio::test]
async fn history_is_kept_once_and_never_obeyed() {
    let stage = Stage::new("");
    let mut own = text("wamid.2", "from me");
    own["from"] = json!(OURS);
    let mut command = text("wamid.3", "/zap 5511987654321 hi");
    command["history_context"] = json!({"status": "READ"});
    let placeholder = json!({"from": ANA, "id": "wamid.4", "type": "media_placeholder"});
    let messages = json!([text("wamid.1", "hi"), own, command, placeholder]);
    let part = json!({"metadata": {"phase": 0, "progress": 55}, "threads": [{"id": ANA, "messages": messages}]});
    let declined = json!({"errors": [{"code": 2_593_109, "title": "declined"}]});
    for _ in 0..2 {
        let value = json!({"history": [part, declined]});
        assert_eq!(stage.post("history", value).await, 200);
    }
    let mut file = of("image", json!({"id": "9"}));
    file["id"] = json!("wamid.4");
    assert_eq!(
        stage.post("history", json!({"messages": [file]})).await,
        200
    );
    let all = stage.stored();
    assert_eq!(all.len(), 5, "{all:?}");
    assert!(all.iter().all(|one| one.peer == ANA));
    assert_eq!(
        all[1].meta,
        Some(json!({"id": "wamid.2", "own": true, "history": true, "timestamp": 1_780_000_000}))
    );
    assert_eq!((all[3].kind, all[4].kind), (Kind::Unsupported, Kind::Image));
}

#[tokio::test]
async fn a_conversation_that_metas_agent_leads_is_kept() {
    let stage = Stage::new("*");
    let mut echo = text("wamid.2", "the agent's answer");
    (echo["from"], echo["to"]) = (json!(OURS), json!(ANA));
    let message = text("wamid.1", "/zap 5511987654321 hi");
    let standby = json!({"messages": [message], "message_echoes": [echo]});
    assert_eq!(
        stage.post("standby", json!({"standby": standby})).await,
        200
    );
    let all = stage.stored();
    let meta = |at: usize| all[at].meta.clone().expect("meta");
    assert_eq!((all.len(), meta(0)["standby"].clone()), (2, json!(true)));
    assert_eq!(meta(1)["own"], true);
}

#[tokio::test]
async fn reports_bring_a_message_on_and_say_why_it_failed() {
    let details = "Unsupported Voice mime type audio/opus.";
    let errors = json!([{"code": 131_053, "title": "Media upload error", "message": "Media upload error",
        "error_data": {"details": details}, "href": "https://example.invalid/codes"}]);
    let why = format!(
        "Meta says: Media upload error (code 131053): {details}; send the file as a type that \
         WhatsApp takes, within its size; https://example.invalid/codes"
    );
    for (status, more, state, error) in [
        ("delivered", json!({}), State::Delivered, None),
        ("played", json!({}), State::Read, None),
        (
            "read",
            json!({"recipient_type": "group", "recipient_participant_id": ANA}),
            State::Read,
            None,
        ),
        ("warning", json!({}), State::Sent, None),
        (
            "failed",
            json!({"recipient_participant_id": ANA}),
            State::Sent,
            None,
        ),
        (
            "failed",
            json!({"errors": errors}),
            State::Failed,
            Some(why.as_str()),
        ),
        (
            "failed",
            json!({}),
            State::Failed,
            Some("Meta says: no reason given"),
        ),
    ] {
        let stage = Stage::new("*");
        let id = stage.sent("wamid.1").await;
        let mut report = json!({"id": "wamid.1", "status": status, "timestamp": "1"});
        report
            .as_object_mut()
            .expect("fields")
            .extend(more.as_object().expect("fields").clone());
        let other = json!({"id": "wamid.other", "status": status});
        let value =
            json!({"metadata": {"phone_number_id": PHONE_ID}, "statuses": [other, report, report]});
        assert_eq!(stage.post("messages", value).await, 200);
        let (message, _) = stage.store.message(id).expect("readable").expect("there");
        assert_eq!(
            (message.state, message.error.as_deref()),
            (state, error),
            "{status}"
        );
    }
}
