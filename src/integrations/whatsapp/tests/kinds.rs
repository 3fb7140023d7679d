//! Every field of the protocol comes to something, and what is unknown, too.

use serde_json::{Value, json};

use super::super::kinds::{Body, FIELDS, PROTOCOL_TYPES, Said, read};
use crate::message::Kind;

/// The fields of `Message` in
/// <https://github.com/WhiskeySockets/Baileys/blob/v7.0.0-rc.9/WAProto/WAProto.proto> whose content is a
/// message of its own (`FutureProofMessage`, `DeviceSentMessage`, `CommentMessage`).
const WRAPPERS: [&str; 27] = [
    "deviceSentMessage",
    "viewOnceMessage",
    "ephemeralMessage",
    "documentWithCaptionMessage",
    "viewOnceMessageV2",
    "editedMessage",
    "viewOnceMessageV2Extension",
    "groupMentionedMessage",
    "botInvokeMessage",
    "lottieStickerMessage",
    "commentMessage",
    "eventCoverImage",
    "statusMentionMessage",
    "pollCreationOptionImageMessage",
    "associatedChildMessage",
    "groupStatusMentionMessage",
    "pollCreationMessageV4",
    "statusAddYours",
    "groupStatusMessage",
    "limitSharingMessage",
    "botTaskMessage",
    "questionMessage",
    "groupStatusMessageV2",
    "botForwardedMessage",
    "questionReplyMessage",
    // Not in the protocol that we know, and looking like one all the same.
    "wrapperOfTomorrow",
    "anotherWrapperMessage",
];

/// Those that nobody says.
const PLUMBING: [&str; 6] = [
    "senderKeyDistributionMessage",
    "fastRatchetKeySenderKeyDistributionMessage",
    "messageContextInfo",
    "stickerSyncRmrMessage",
    "messageHistoryBundle",
    "messageHistoryNotice",
];

/// All others, each as phones send it, with its kind and its text.
fn contents() -> Vec<Value> {
    let lines = include_str!("contents.jsonl").lines();
    lines
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

#[track_caller]
fn said(message: &Value) -> Said {
    match read(message, None) {
        Body::Said(said) | Body::Edited(_, said) => *said,
        other => panic!("{message} came to {other:?}"),
    }
}

#[test]
fn every_content_is_read_and_none_vanishes_when_it_is_empty() {
    for one in contents() {
        let field = one["field"].as_str().expect("a name");
        let read = said(&json!({"messageContextInfo": {}, field: one["value"], "base64": "AAAA"}));
        assert_eq!(one["kind"], read.kind.as_str(), "{field}");
        assert_eq!(one["text"], read.text, "{field}");
        if field != "protocolMessage" {
            let empty = said(&json!({field: {}}));
            assert!(!empty.text.is_empty(), "{field}");
        }
    }
}

#[test]
fn every_field_of_the_protocol_is_one_of_three() {
    let contents = contents();
    let contents = contents.iter().filter_map(|one| one["field"].as_str());
    let all: Vec<&str> = contents
        .chain(WRAPPERS[..WRAPPERS.len() - 2].iter().copied())
        .chain(PLUMBING)
        .collect();
    assert_eq!(all.len(), FIELDS.len());
    for (field, _) in FIELDS {
        assert!(all.contains(&field), "{field}");
    }
}

#[test]
fn wrappers_are_opened_up_to_five_deep() {
    for field in WRAPPERS {
        let inside = json!({"messageContextInfo": {}, "extendedTextMessage": {"text": "inside"}});
        assert_eq!(
            said(&json!({field: {"message": inside}})).text,
            "inside",
            "{field}"
        );
        let empty = said(&json!({field: {"message": {}}}));
        assert_eq!(empty.service_type(), Some(field));
        assert!(
            said(&json!({field: {}})).service_type().is_some(),
            "{field}"
        );
    }
    let wrapped = |times: usize| {
        (0..times).fold(
            json!({"conversation": "deep"}),
            |inside, _| json!({"ephemeralMessage": {"message": inside}}),
        )
    };
    assert_eq!(said(&wrapped(5)).text, "deep");
    assert_eq!(said(&wrapped(6)).service_type(), Some("ephemeralMessage"));
}

#[test]
fn keys_alone_are_nothing_and_a_body_without_content_is_something() {
    for field in PLUMBING {
        let body = read(&json!({field: {}, "messageContextInfo": {}}), None);
        let is_nothing = matches!(body, Body::Nothing(_));
        assert_eq!(is_nothing, field != "messageContextInfo", "{field}");
    }
    let key = json!({"groupId": "1@g.us"});
    let beside =
        json!({"senderKeyDistributionMessage": key, "conversation": "", "imageMessage": {}});
    assert_eq!(said(&beside).kind, Kind::Image);
    for empty in [
        json!({}),
        json!({"conversation": ""}),
        json!({"base64": "A", "mediaUrl": "u", "speechToText": "s"}),
    ] {
        assert_eq!(said(&empty).kind, Kind::Unsupported, "{empty}");
    }
    let hinted = read(&json!({}), Some("viewOnceMessage"));
    assert!(matches!(hinted, Body::Said(said) if said.service_type() == Some("viewOnceMessage")));
}

#[test]
fn what_no_rule_knows_has_the_services_name() {
    for value in [
        json!({}),
        json!({"text": "x"}),
        json!("x"),
        json!(7),
        json!([1]),
    ] {
        let read = said(&json!({"messageOfTomorrow": value, "messageContextInfo": {}}));
        assert_eq!(read.service_type(), Some("messageOfTomorrow"));
    }
    let beside = json!({"messageOfTomorrow": {}, "conversation": "hi"});
    assert_eq!(said(&beside).text, "hi");
}

#[test]
fn words_beside_a_file_are_its_caption() {
    let read = said(&json!({"conversation": "look", "imageMessage": {"mimetype": "image/png"}}));
    assert_eq!(
        (read.kind, read.text.as_str(), read.words.as_str()),
        (Kind::Image, "look", "look")
    );
}

#[test]
fn what_is_answered_and_what_was_forwarded_is_told_with_any_content() {
    let context = json!({"stanzaId": "Q1", "isForwarded": true});
    for (field, value) in [
        ("imageMessage", json!({"contextInfo": context})),
        (
            "locationMessage",
            json!({"degreesLatitude": 1, "degreesLongitude": 2, "contextInfo": context}),
        ),
        (
            "extendedTextMessage",
            json!({"text": "x", "contextInfo": context}),
        ),
        ("messageOfTomorrow", json!({"contextInfo": context})),
    ] {
        let read = said(&json!({"ephemeralMessage": {"message": {field: value}}}));
        assert_eq!(
            (read.about.as_deref(), read.forwarded),
            (Some("Q1"), true),
            "{field}"
        );
    }
    let comment = json!({"commentMessage": {"message": {"conversation": "well"}, "targetMessageKey": {"id": "P1"}}});
    assert_eq!(said(&comment).about.as_deref(), Some("P1"));
    let hidden = json!({"encReactionMessage": {"targetMessageKey": {"id": "X1"}}});
    assert_eq!(said(&hidden).about.as_deref(), Some("X1"));
}

#[test]
fn a_protocol_message_of_every_type_is_known() {
    let of = |kind: Value| {
        let protocol =
            json!({"type": kind, "key": {"id": "X1"}, "editedMessage": {"conversation": "new"}});
        read(&json!({"protocolMessage": protocol}), None)
    };
    for (number, name) in PROTOCOL_TYPES.iter().enumerate() {
        let (by_number, by_name) = (of(json!(number)), of(json!(name)));
        assert_eq!(by_number, by_name, "{name}");
        let is_right = match *name {
            "REVOKE" => by_name == Body::Deleted("X1".to_owned()),
            "MESSAGE_EDIT" | "" => {
                matches!(&by_name, Body::Edited(Some(id), said) if id == "X1" && said.text == "new")
            }
            "EPHEMERAL_SETTING"
            | "SHARE_PHONE_NUMBER"
            | "LIMIT_SHARING"
            | "STATUS_MENTION_MESSAGE"
            | "REMINDER_MESSAGE" => {
                matches!(&by_name, Body::Said(said) if said.kind == Kind::System)
            }
            _ => matches!(&by_name, Body::Nothing(_)),
        };
        assert!(is_right, "{name}: {by_name:?}");
    }
    assert!(matches!(of(json!(99)), Body::Nothing(_) | Body::Edited(..)));
}

#[test]
fn the_contents_have_the_shape_of_all_services() {
    let content = |message: Value| said(&message).content.expect("a content");
    let vote = json!({"pollUpdateMessage": {"pollCreationMessageKey": {"id": "P1"}, "vote": {"selectedOptions": ["yes", ""]}}});
    assert_eq!(content(vote), json!({"poll": "P1", "options": ["yes"]}));
    let closed = json!({"pollUpdateMessage": {"pollCreationMessageKey": {"id": "P1"}, "vote": {"encPayload": "AA"}}});
    assert_eq!(content(closed), json!({"poll": "P1", "options": []}));
    let row = json!({"listResponseMessage": {"title": "8", "description": "sharp", "singleSelectReply": {"selectedRowId": "r8"}}});
    assert_eq!(
        content(row),
        json!({"id": "r8", "title": "8", "description": "sharp"})
    );
    let tapped = json!({"interactiveResponseMessage": {"body": {"text": "Pay now"},
        "nativeFlowResponseMessage": {"name": "quick_reply", "paramsJson": "{\"id\":\"pay\"}"}}});
    assert_eq!(content(tapped), json!({"id": "pay", "title": "Pay now"}));
    let form = json!({"interactiveResponseMessage": {"body": {"text": "Sent"},
        "nativeFlowResponseMessage": {"name": "flow", "paramsJson": "{\"flow_token\":\"t\",\"name\":\"Ana\"}"}}});
    assert_eq!(content(form)["values"]["name"], "Ana");
    let gone = json!({"reactionMessage": {"key": {"id": "X1"}, "text": ""}});
    assert_eq!(said(&gone).text, "[reaction removed]");
    assert_eq!(content(gone), json!({"to": "X1", "emoji": ""}));
    let pinned = json!({"pinInChatMessage": {"key": {"id": "X1"}, "type": "PIN_FOR_ALL"}});
    assert_eq!(content(pinned), json!({"event": "pinned", "message": "X1"}));
    let lost = json!({"locationMessage": {"name": "Café"}});
    assert_eq!(said(&lost).text, "[location] Café");
}
