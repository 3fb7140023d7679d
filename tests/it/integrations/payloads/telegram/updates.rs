//! What was done to messages: edits, deletions, reactions, taps, votes, and who comes and goes.

use serde_json::json;

use super::{Stage, private, with};
use crate::support::{assert_field, assert_fields, event_where};

#[tokio::test]
async fn an_edit_changes_the_message_it_concerns() {
    let mut stage = Stage::open().await;
    let mut listener = stage.daemon.listener(&["message.edited"]).await;
    let said = |text: &str| with(private(77, 42), &json!({"text": text}));
    stage.updates([
        json!({"message": said("see you at 7")}),
        json!({"edited_message": with(said("see you at 8"), &json!({"edit_date": 1_780_000_060}))}),
    ]);
    let stored = stage.stored(42).await;
    assert_eq!(stored.len(), 1, "{stored:?}");
    assert_fields(
        &stored[0],
        &json!({"text": "see you at 8", "edits.0.text": "see you at 7"}),
    );
    let told = event_where(&mut listener, |event| event["text"] == "see you at 8").await;
    assert_field(&told, "message_id", stored[0]["message_id"].clone());
    // Of a message that came before the bot was there, the edit is all there is.
    let unknown = with(
        private(5, 42),
        &json!({"text": "from before", "edit_date": 1_780_000_060}),
    );
    stage.updates([json!({"edited_message": unknown})]);
    let stored = stage.stored(42).await;
    assert_fields(
        &stored[1],
        &json!({"text": "from before", "meta.edited": true}),
    );
}

#[tokio::test]
async fn the_place_of_a_live_location_moves_with_its_edits() {
    let mut stage = Stage::open().await;
    let at = |lat: f64| {
        with(
            private(8, 42),
            &json!({"location": {"latitude": lat, "longitude": 2.5, "live_period": 900}}),
        )
    };
    stage.updates([
        json!({"message": at(1.5)}),
        json!({"edited_message": at(1.75)}),
    ]);
    let stored = stage.stored(42).await;
    assert_eq!(stored.len(), 1, "{stored:?}");
    assert_fields(
        &stored[0],
        &json!({"kind": "location", "content.lat": 1.75}),
    );
}

#[tokio::test]
async fn deleted_messages_of_a_business_account_are_marked() {
    let mut stage = Stage::open().await;
    let mut listener = stage.daemon.listener(&["message.deleted"]).await;
    let message = with(
        private(5, 42),
        &json!({"text": "oops", "business_connection_id": "bc1"}),
    );
    let gone = json!({"business_connection_id": "bc1", "chat": {"id": 42, "type": "private"}, "message_ids": [5, 999]});
    stage.updates([
        json!({"business_message": message}),
        json!({"deleted_business_messages": gone}),
    ]);
    let told = event_where(&mut listener, |event| event["text"] == "oops").await;
    assert!(told["deleted_ms"].is_u64(), "{told}");
}

#[tokio::test]
async fn reactions_say_on_what_and_when_they_are_taken_back() {
    let mut stage = Stage::open().await;
    let thumb = json!({"type": "emoji", "emoji": "👍"});
    let reaction = |old: serde_json::Value, new: serde_json::Value| {
        json!({"message_reaction": {"chat": {"id": 42, "type": "private", "first_name": "Ana"}, "message_id": 5,
            "user": {"id": 42, "first_name": "Ana"}, "date": 0, "old_reaction": old, "new_reaction": new}})
    };
    stage.updates([
        reaction(json!([]), json!([thumb])),
        reaction(json!([thumb]), json!([])),
    ]);
    let stored = stage.stored(42).await;
    assert_eq!(stored.len(), 2, "{stored:?}");
    assert_fields(
        &stored[0],
        &json!({"kind": "reaction", "text": "👍", "content": {"to": "42:5", "emoji": "👍"}}),
    );
    assert_fields(
        &stored[1],
        &json!({"kind": "reaction", "text": "[reaction removed]", "content.emoji": ""}),
    );
}

#[tokio::test]
async fn a_tapped_button_is_a_choice_and_is_answered() {
    let mut stage = Stage::open().await;
    let keyboard = json!({"inline_keyboard": [[{"text": "Yes, please", "callback_data": "yes"}]]});
    let below = json!({"message_id": 5, "date": 1, "chat": {"id": 42, "type": "private"}, "text": "Delivered?", "reply_markup": keyboard});
    let user = json!({"id": 42, "is_bot": false, "first_name": "Ana"});
    stage.updates([
        json!({"callback_query": {"id": "q1", "from": user, "message": below, "chat_instance": "1", "data": "yes"}}),
        json!({"callback_query": {"id": "q2", "from": user, "chat_instance": "1", "data": "no"}}),
    ]);
    let stored = stage.stored(42).await;
    assert_eq!(stored.len(), 2, "{stored:?}");
    assert_fields(
        &stored[0],
        &json!({"kind": "choice", "content.id": "yes", "content.title": "Yes, please", "text": "Yes, please"}),
    );
    assert_fields(&stored[1], &json!({"kind": "choice", "content.id": "no"}));
    // Answered at the same time, so in either order.
    let mut answered: Vec<String> = (0..2)
        .map(|_| stage.fake.saw("/answerCallbackQuery").body["callback_query_id"].to_string())
        .collect();
    answered.sort();
    assert_eq!(answered, [r#""q1""#, r#""q2""#]);
}

#[tokio::test]
async fn a_vote_names_its_poll_and_what_was_chosen() {
    let mut stage = Stage::open().await;
    let poll =
        json!({"id": "88", "question": "Pizza?", "options": [{"text": "yes"}, {"text": "no"}]});
    let vote = |options: serde_json::Value| json!({"poll_answer": {"poll_id": "88", "user": {"id": 42, "first_name": "Ana"}, "option_ids": options}});
    stage.updates([
        json!({"message": with(private(5, 42), &json!({"poll": poll}))}),
        vote(json!([1])),
        vote(json!([])),
    ]);
    let stored = stage.stored(42).await;
    assert_eq!(stored.len(), 3, "{stored:?}");
    assert_fields(
        &stored[1],
        &json!({"kind": "vote", "content.options": ["no"], "text": "[vote] no"}),
    );
    assert_fields(&stored[2], &json!({"kind": "vote", "content.options": []}));
}

#[tokio::test]
async fn who_blocks_the_bot_is_told() {
    let mut stage = Stage::open().await;
    let bot = json!({"id": 123_456, "is_bot": true, "first_name": "Field"});
    let change = json!({"chat": {"id": 42, "type": "private", "first_name": "Ana"}, "from": {"id": 42, "first_name": "Ana"},
        "date": 0, "old_chat_member": {"status": "member", "user": bot}, "new_chat_member": {"status": "kicked", "user": bot}});
    stage.updates([json!({"my_chat_member": change})]);
    let stored = stage.stored(42).await;
    assert_eq!(stored.len(), 1, "{stored:?}");
    assert_field(&stored[0], "kind", "system");
}

/// Updates of a kind that nobody knows end nothing.
#[tokio::test]
async fn an_unknown_update_does_not_stop_the_next() {
    let mut stage = Stage::open().await;
    stage.updates([
        json!({"message": {"message_id": 1, "chat": {}}, "hologram_update": {}}),
        json!({"message": 7}),
        json!({"message": with(private(9, 42), &json!({"text": "after all"}))}),
    ]);
    let stored = stage.stored(42).await;
    assert_eq!(stored[0]["text"], "after all", "{stored:?}");
}
