//! Every kind of message, by the fields that the Bot API has for them.

use serde_json::json;

use super::{Findings, Stage, private, with};

#[tokio::test]
async fn files_are_kept() {
    let file = |id: &str| json!({"file_id": id, "file_unique_id": format!("u{id}")});
    let rows = vec![
        (
            "a photo, of which the largest size counts",
            json!({"photo": [file("small"), file("large")], "caption": "look"}),
            json!({"kind": "image", "text": "look", "media.kind": "image", "media.id": "large"}),
        ),
        (
            "a photo without words",
            json!({"photo": [file("p")]}),
            json!({"kind": "image", "text": "[image]"}),
        ),
        (
            "a film",
            json!({"video": file("v")}),
            json!({"kind": "video", "media.kind": "video", "media.id": "v"}),
        ),
        (
            "a round film",
            json!({"video_note": {"file_id": "vn", "length": 240, "duration": 5}}),
            json!({"kind": "video", "media.id": "vn"}),
        ),
        (
            "a film without sound has a document beside it",
            json!({"animation": file("an"), "document": {"file_id": "an", "mime_type": "video/mp4", "file_name": "cat.mp4"}}),
            json!({"kind": "video", "media.kind": "video", "media.id": "an"}),
        ),
        (
            "a voice message",
            json!({"voice": {"file_id": "vo", "mime_type": "audio/ogg", "duration": 3}}),
            json!({"kind": "voice", "text": "[voice]", "media.kind": "audio", "media.mime": "audio/ogg"}),
        ),
        (
            "music",
            json!({"audio": {"file_id": "au", "title": "Song", "file_name": "song.mp3"}}),
            json!({"kind": "audio", "media.kind": "audio", "media.name": "song.mp3"}),
        ),
        (
            "a document",
            json!({"document": {"file_id": "d", "mime_type": "application/pdf", "file_name": "may.pdf"}}),
            json!({"kind": "document", "text~": "may.pdf", "media.name": "may.pdf"}),
        ),
        (
            "a sticker",
            json!({"sticker": {"file_id": "st", "emoji": "👍", "type": "regular", "is_animated": false, "is_video": false}}),
            json!({"kind": "sticker", "text~": "👍", "media.id": "st"}),
        ),
        (
            "what has to be paid for",
            json!({"paid_media": {"star_count": 1, "paid_media": [{"type": "photo", "photo": [file("p1")]}]}, "caption": "paid"}),
            json!({"kind": "image", "text": "paid", "media.id": "p1"}),
        ),
    ];
    Stage::open().await.check(rows).await;
}

#[tokio::test]
async fn what_has_no_words_is_kept_in_words() {
    let place = json!({"latitude": -23.55, "longitude": -46.63});
    let rows = vec![
        (
            "a place",
            json!({"location": place}),
            json!({"kind": "location", "content": {"lat": -23.55, "lng": -46.63}}),
        ),
        (
            "a place that moves",
            json!({"location": {"latitude": 1.5, "longitude": 2.5, "live_period": 900}}),
            json!({"kind": "location", "content.live": true}),
        ),
        (
            "a venue",
            json!({"venue": {"location": place, "title": "Cafe Girassol", "address": "Rua Inventada 10"}, "location": place}),
            json!({"kind": "location", "text": "[location] Cafe Girassol, Rua Inventada 10, -23.55, -46.63",
                "content.name": "Cafe Girassol", "content.address": "Rua Inventada 10"}),
        ),
        (
            "a contact",
            json!({"contact": {"phone_number": "+5521900001111", "first_name": "Bia", "last_name": ""}}),
            json!({"kind": "contact", "text~": "[contact] Bia", "content": [{"name": "Bia", "phones": ["+5521900001111"], "emails": []}]}),
        ),
        (
            "a poll",
            json!({"poll": {"id": "1", "question": "Pizza or sushi?", "options": [{"text": "Pizza", "voter_count": 0}, {"text": "Sushi", "voter_count": 0}]}}),
            json!({"kind": "poll", "text": "[poll] Pizza or sushi? 1) Pizza 2) Sushi",
                "content": {"question": "Pizza or sushi?", "options": ["Pizza", "Sushi"]}}),
        ),
        (
            "dice",
            json!({"dice": {"emoji": "🎲", "value": 4}}),
            json!({"text~": "🎲 4"}),
        ),
        (
            "a story",
            json!({"story": {"chat": {"id": 42, "first_name": "Bia"}, "id": 3}}),
            json!({"text~": "story"}),
        ),
        (
            "a game",
            json!({"game": {"title": "Hunt", "description": "find it", "photo": []}}),
            json!({"text~": "Hunt"}),
        ),
        (
            "a checklist",
            json!({"checklist": {"title": "Picnic", "tasks": [{"id": 1, "text": "bread"}, {"id": 2, "text": "salt", "completion_date": 1}]}}),
            json!({"text~": "bread"}),
        ),
        (
            "an invoice",
            json!({"invoice": {"title": "Cake", "description": "carrot", "start_parameter": "x", "currency": "BRL", "total_amount": 2990}}),
            json!({"kind": "order", "text~": "Cake"}),
        ),
        (
            "a payment",
            json!({"successful_payment": {"currency": "BRL", "total_amount": 2990, "invoice_payload": "cake-1",
                "telegram_payment_charge_id": "t", "provider_payment_charge_id": "p"}}),
            json!({"kind": "order", "text~": "29.90 BRL"}),
        ),
        (
            "users who were picked",
            json!({"users_shared": {"request_id": 7, "users": [{"user_id": 9, "first_name": "Bia"}]}}),
            json!({"kind": "choice", "text": "Bia"}),
        ),
        (
            "what a web app sends",
            json!({"web_app_data": {"data": "{\"city\":\"Recife\"}", "button_text": "Order"}}),
            json!({"kind": "choice", "content.title": "Order", "content.values": {"city": "Recife"}}),
        ),
        (
            "a giveaway",
            json!({"giveaway": {"chats": [{"id": -1, "title": "Alerts"}], "winners_selection_date": 1, "winner_count": 3}}),
            json!({"text~": "Alerts"}),
        ),
    ];
    Stage::open().await.check(rows).await;
}

#[tokio::test]
async fn what_happened_is_kept_and_nothing_vanishes() {
    let bia = json!({"id": 9, "is_bot": false, "first_name": "Bia"});
    let rows = vec![
        (
            "members came",
            json!({"new_chat_members": [bia]}),
            json!({"kind": "system", "text~": "Bia", "content.event": "new_chat_members"}),
        ),
        (
            "a member left",
            json!({"left_chat_member": bia}),
            json!({"kind": "system", "text~": "Bia"}),
        ),
        (
            "a new title",
            json!({"new_chat_title": "Choir 2"}),
            json!({"kind": "system", "text~": "Choir 2"}),
        ),
        (
            "a new photo",
            json!({"new_chat_photo": [{"file_id": "p"}]}),
            json!({"kind": "system"}),
        ),
        (
            "a pinned message",
            json!({"pinned_message": {"message_id": 5, "chat": {"id": 42}, "date": 0, "text": "rules"}}),
            json!({"kind": "system", "text~": "rules"}),
        ),
        (
            "messages that delete themselves",
            json!({"message_auto_delete_timer_changed": {"message_auto_delete_time": 86400}}),
            json!({"kind": "system", "text~": "86400"}),
        ),
        (
            "the bot may write",
            json!({"write_access_allowed": {}}),
            json!({"kind": "system"}),
        ),
        (
            "a topic was closed",
            json!({"forum_topic_closed": {}}),
            json!({"kind": "system"}),
        ),
        (
            "a kind that no rule knows",
            json!({"hologram": {"file_id": "h"}}),
            json!({"kind": "unsupported", "text": "[unsupported message]", "content.type": "hologram"}),
        ),
        (
            "one with a caption",
            json!({"hologram": {"file_id": "h"}, "caption": "so deep"}),
            json!({"kind": "unsupported", "text~": "so deep"}),
        ),
        ("nothing at all", json!({}), json!({"kind": "unsupported"})),
        (
            "an empty text",
            json!({"text": ""}),
            json!({"kind": "unsupported"}),
        ),
        (
            "a broken file",
            json!({"photo": []}),
            json!({"kind": "unsupported", "content.type": "photo"}),
        ),
    ];
    Stage::open().await.check(rows).await;
}

#[tokio::test]
async fn what_stands_beside_a_text_is_kept() {
    let rows = vec![
        (
            "a link behind words, after an emoji",
            json!({"text": "😀 read the article", "entities":
                [{"type": "text_link", "offset": 3, "length": 16, "url": "https://example.invalid/post"}]}),
            json!({"text~": "https://example.invalid/post"}),
        ),
        (
            "a link in a caption",
            json!({"photo": [{"file_id": "p"}], "caption": "here", "caption_entities":
                [{"type": "text_link", "offset": 0, "length": 4, "url": "https://example.invalid/p"}]}),
            json!({"text~": "https://example.invalid/p"}),
        ),
        (
            "a person without a user name",
            json!({"text": "ask Bia", "entities": [{"type": "text_mention", "offset": 4, "length": 3, "user": {"id": 9, "first_name": "Bia"}}]}),
            json!({"text": "ask Bia", "meta.mentions.0.id": 9}),
        ),
        (
            "a forward",
            json!({"text": "fwd", "forward_origin": {"type": "channel", "chat": {"id": -1, "title": "Alerts"}, "message_id": 4, "date": 0}}),
            json!({"text": "fwd", "reply_to": null, "meta.forwarded~": "Alerts"}),
        ),
        (
            "entities that make no sense",
            json!({"text": "hi", "entities": [{"type": "text_link", "offset": 90, "length": 9, "url": "u:1"}, 7, null]}),
            json!({"text": "hi"}),
        ),
    ];
    Stage::open().await.check(rows).await;
}

/// The pictures of an album come one by one, and only the first has the words.
#[tokio::test]
async fn pictures_of_an_album_belong_together() {
    let mut stage = Stage::open().await;
    let picture = |id: i64, file: &str| {
        with(
            private(id, 42),
            &json!({"photo": [{"file_id": file}], "media_group_id": "77"}),
        )
    };
    let first = with(picture(40, "p1"), &json!({"caption": "our trip"}));
    stage.messages([first, picture(41, "p2")]);
    let stored = stage.stored(42).await;
    let mut findings = Findings::default();
    let belongs = json!({"kind": "image", "meta.album": "77"});
    findings.stored(
        "the first",
        &stored[..1],
        &with(belongs.clone(), &json!({"text": "our trip"})),
    );
    findings.stored(
        "the second",
        &stored[1..],
        &with(belongs, &json!({"media.id": "p2"})),
    );
    findings.end();
}
