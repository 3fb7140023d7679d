//! What happens to messages after they came: edits, reactions, taps, votes, groups that move.

use serde_json::{Value, json};

use super::stage::{Stage, message};
use crate::message::{Kind, Message};

fn edited(id: i64, fields: Value) -> Value {
    let mut message = message(id, &fields);
    message["edit_date"] = json!(1_780_000_060);
    json!({"update_id": 900 + id, "edited_message": message})
}

fn meta(message: &Message, key: &str) -> Value {
    message.meta.as_ref().expect("there")[key].clone()
}

#[tokio::test]
async fn an_edit_changes_the_message_it_concerns() {
    let stage = Stage::new("*").await;
    stage.message(3, json!({"text": "at seven"})).await;
    stage.take(edited(3, json!({"text": "at seven"}))).await;
    assert!(!stage.only().is_revised(), "nothing changed that is seen");
    stage.take(edited(3, json!({"text": "at eight"}))).await;
    let now = stage.only();
    assert_eq!(
        (now.text.as_str(), now.edits[0].text.as_str()),
        ("at eight", "at seven")
    );
    let live = |lat: f64| json!({"location": {"latitude": lat, "longitude": 2, "live_period": 60}});
    stage.message(4, live(1.0)).await;
    stage.take(edited(4, live(1.5))).await;
    let moved = stage.stored().remove(1);
    assert_eq!(
        moved.content,
        Some(json!({"lat": 1.5, "lng": 2.0, "live": true}))
    );
    assert_eq!(moved.text, "[live location] 1.5, 2");
}

#[tokio::test]
async fn an_edit_of_what_is_not_known_is_kept_and_edited_further() {
    let stage = Stage::new("*").await;
    stage
        .take(edited(3, json!({"text": "/zap 5521900001111 hi"})))
        .await;
    let kept = stage.only();
    assert_eq!(
        meta(&kept, "edited"),
        true,
        "and not obeyed, which would be a second message"
    );
    stage.take(edited(3, json!({"text": "better"}))).await;
    assert_eq!(stage.only().text, "better");
    let post =
        json!({"message_id": 6, "chat": {"id": -1009, "type": "channel"}, "text": "disk full"});
    stage
        .take(json!({"update_id": 5, "channel_post": post}))
        .await;
    let mut again = post;
    again["text"] = json!("disk mended");
    stage
        .take(json!({"update_id": 6, "edited_channel_post": again}))
        .await;
    assert_eq!(stage.stored()[1].text, "disk mended");
}

#[tokio::test]
async fn nobody_edits_who_may_not_write() {
    let stage = Stage::new("7").await;
    stage.take(edited(3, json!({"text": "x"}))).await;
    assert!(stage.stored().is_empty() && stage.pairings.pending().is_empty());
}

#[tokio::test]
async fn a_file_put_in_the_place_of_another_is_not_lost() {
    let stage = Stage::new("*").await;
    let photo = |id: &str| json!({"photo": [{"file_id": format!("{id}-1"), "file_unique_id": id}], "caption": "us"});
    stage.message(3, photo("a")).await;
    stage.take(edited(3, photo("a"))).await;
    stage.take(edited(3, photo("b"))).await;
    stage.take(edited(3, photo("b"))).await;
    let all = stage.stored();
    let files: Vec<_> = all
        .iter()
        .map(|message| message.media.as_ref().expect("there")["id"].clone())
        .collect();
    assert_eq!(files, ["a-1", "b-1"]);
    assert_eq!(meta(&all[1], "edited"), true);
}

#[tokio::test]
async fn reactions_say_to_what_and_what_changed() {
    let stage = Stage::new("*").await;
    let chat = json!({"id": -1001, "title": "Choir"});
    let topic =
        json!({"chat": chat, "text": "x", "message_thread_id": 55, "is_topic_message": true});
    stage.message(3, topic).await;
    let up = json!([{"type": "emoji", "emoji": "👍"}]);
    for (id, old, new) in [(4, json!([]), up.clone()), (5, up, json!([]))] {
        let reaction = json!({"chat": chat, "message_id": 3, "user": {"id": 9, "first_name": "Bia"}, "old_reaction": old, "new_reaction": new});
        let update = json!({"update_id": id, "message_reaction": reaction});
        stage.take(update.clone()).await;
        stage.take(update).await;
    }
    let all = stage.stored();
    let told: Vec<_> = all[1..]
        .iter()
        .map(|message| (message.kind, message.peer.as_str(), message.text.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (Kind::Reaction, "-1001/55", "👍"),
            (Kind::Reaction, "-1001/55", "[reaction removed]")
        ]
    );
    assert_eq!(
        all[1].content,
        Some(json!({"to": "-1001:3", "emoji": "👍"}))
    );
    assert_eq!(all[1].sender.as_deref(), Some("9"));
}

#[tokio::test]
async fn a_tapped_button_is_a_choice_and_is_answered() {
    let stage = Stage::new("*").await;
    let keyboard = json!({"inline_keyboard": [[{"text": "No", "callback_data": "n"}], [{"text": "Yes, please", "callback_data": "y"}]]});
    let asked = message(
        3,
        &json!({"text": "Pizza?", "reply_markup": keyboard, "from": {"id": 1}}),
    );
    let tap =
        json!({"id": "c1", "from": {"id": 42, "first_name": "Ana"}, "message": asked, "data": "y"});
    stage
        .take(json!({"update_id": 4, "callback_query": tap}))
        .await;
    let choice = stage.only();
    assert_eq!(
        (choice.kind, choice.text.as_str()),
        (Kind::Choice, "Yes, please")
    );
    assert_eq!(
        choice.content,
        Some(json!({"id": "y", "title": "Yes, please"}))
    );
    assert_eq!(
        (choice.peer.as_str(), choice.reply_to.as_deref()),
        ("42", Some("42:3"))
    );
    while stage
        .asked()
        .iter()
        .all(|(method, _)| method != "answerCallbackQuery")
    {
        tokio::task::yield_now().await;
    }
    // Of a message that is too old only its place is told.
    let old = json!({"chat": {"id": -1001, "title": "Choir"}, "message_id": 8, "date": 0});
    let tap = json!({"id": "c2", "from": {"id": 42}, "message": old, "data": "n"});
    stage
        .take(json!({"update_id": 5, "callback_query": tap}))
        .await;
    let choice = stage.stored().remove(1);
    assert_eq!(
        (
            choice.peer.as_str(),
            choice.sender.as_deref(),
            choice.text.as_str()
        ),
        ("-1001", Some("42"), "n")
    );
}

#[tokio::test]
async fn votes_say_what_was_chosen_where_the_poll_was_seen() {
    let stage = Stage::new("*").await;
    let poll =
        json!({"id": "p1", "question": "Pizza?", "options": [{"text": "yes"}, {"text": "no"}]});
    stage
        .message(
            3,
            json!({"text": "well", "reply_to_message": message(2, &json!({"poll": poll}))}),
        )
        .await;
    for (id, poll, chosen) in [
        (4, "p1", json!([1])),
        (5, "p1", json!([])),
        (6, "unseen", json!([0])),
    ] {
        let answer =
            json!({"poll_id": poll, "user": {"id": 9, "first_name": "Bia"}, "option_ids": chosen});
        stage
            .take(json!({"update_id": id, "poll_answer": answer}))
            .await;
    }
    let all = stage.stored();
    let told: Vec<_> = all[1..]
        .iter()
        .map(|message| {
            (
                message.peer.as_str(),
                message.content.clone().expect("there"),
            )
        })
        .collect();
    let of = |poll: &str, options: Value| json!({"poll": poll, "options": options});
    assert_eq!(
        told,
        [
            ("42", of("42:2", json!(["no"]))),
            ("42", of("42:2", json!([]))),
            ("9", of("unseen", json!(["0"])))
        ]
    );
    assert_eq!(all[1].sender.as_deref(), Some("9"));
}

#[tokio::test]
async fn membership_of_the_bot_is_told() {
    let stage = Stage::new("*").await;
    let member = |chat: Value, status: &str| {
        json!({"chat": chat, "from": {"id": 42, "first_name": "Ana"}, "old_chat_member": {"status": "member"},
            "new_chat_member": {"status": status}})
    };
    for (id, chat, status) in [
        (1, json!({"id": 42}), "kicked"),
        (2, json!({"id": -1001, "title": "Choir"}), "administrator"),
    ] {
        stage
            .take(json!({"update_id": id, "my_chat_member": member(chat, status)}))
            .await;
    }
    let texts: Vec<_> = stage
        .stored()
        .into_iter()
        .map(|message| message.text)
        .collect();
    assert_eq!(
        texts,
        [
            "[system] Ana blocked the bot",
            "[system] the bot is administrator in Choir now (member before), by Ana"
        ]
    );
}

#[tokio::test]
async fn a_group_that_moved_is_heard_under_its_new_id_and_in_its_topics() {
    for update in [
        json!({"chat": {"id": -4123, "title": "Choir"}, "migrate_to_chat_id": -1_001_557_912_345_i64}),
        json!({"chat": {"id": -1_001_557_912_345_i64, "title": "Choir"}, "migrate_from_chat_id": -4123}),
    ] {
        let stage = Stage::new("-4123").await;
        stage.message(1, update).await;
        let chat = json!({"id": -1_001_557_912_345_i64, "title": "Choir"});
        let caio = json!({"id": 99, "first_name": "Caio"});
        stage
            .message(2, json!({"chat": chat, "from": caio, "text": "hi"}))
            .await;
        let topic = json!({"chat": chat, "from": caio, "text": "here", "message_thread_id": 5, "is_topic_message": true});
        stage.message(3, topic).await;
        let texts: Vec<_> = stage
            .stored()
            .into_iter()
            .map(|message| message.text)
            .collect();
        assert_eq!(texts[1..], ["hi", "here"]);
    }
    let stage = Stage::new("7").await;
    stage
        .message(
            1,
            json!({"chat": {"id": -4123}, "migrate_to_chat_id": -1_001_557_912_345_i64}),
        )
        .await;
    assert!(stage.stored().is_empty());
    let alias = stage.store.alias("telegram", "-4123").expect("readable");
    assert_eq!(alias, None, "groups of strangers leave nothing behind");
}

#[tokio::test]
async fn a_user_name_on_the_list_lets_its_bearer_in() {
    let stage = Stage::new("@analima").await;
    stage.message(1, json!({"text": "hi"})).await;
    assert_eq!(stage.only().text, "hi");
}
