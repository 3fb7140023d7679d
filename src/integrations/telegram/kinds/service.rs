//! Service messages: what Telegram tells of a chat, in words
//! (<https://core.telegram.org/bots/api#message>, the fields described as "Service message" and those of
//! their kind).

use serde_json::{Map, Value, json};

use super::money::price;
use crate::{
    integrations::telegram::who::{all_named, full_name, named},
    message::{Content, text_at},
};

/// The fields of a service message, each an event. `successful_payment`, `users_shared`, `chat_shared`
/// and `web_app_data` are more than that: see the parent.
pub(super) const FIELDS: [&str; 50] = [
    "new_chat_members",
    "left_chat_member",
    "chat_owner_left",
    "chat_owner_changed",
    "new_chat_title",
    "new_chat_photo",
    "delete_chat_photo",
    "group_chat_created",
    "supergroup_chat_created",
    "channel_chat_created",
    "message_auto_delete_timer_changed",
    "migrate_to_chat_id",
    "migrate_from_chat_id",
    "pinned_message",
    "refunded_payment",
    "gift",
    "unique_gift",
    "gift_upgrade_sent",
    "connected_website",
    "write_access_allowed",
    "passport_data",
    "proximity_alert_triggered",
    "boost_added",
    "chat_background_set",
    "checklist_tasks_done",
    "checklist_tasks_added",
    "community_chat_added",
    "community_chat_removed",
    "direct_message_price_changed",
    "forum_topic_created",
    "forum_topic_edited",
    "forum_topic_closed",
    "forum_topic_reopened",
    "general_forum_topic_hidden",
    "general_forum_topic_unhidden",
    "giveaway_created",
    "giveaway_completed",
    "managed_bot_created",
    "paid_message_price_changed",
    "poll_option_added",
    "poll_option_deleted",
    "suggested_post_approved",
    "suggested_post_approval_failed",
    "suggested_post_declined",
    "suggested_post_paid",
    "suggested_post_refunded",
    "video_chat_scheduled",
    "video_chat_started",
    "video_chat_ended",
    "video_chat_participants_invited",
];

/// The event in this field. Many fields hold an empty object or `true`: that they are there is all.
pub(super) fn content(event: &'static str, message: &Value) -> Option<Content> {
    let value = message.get(event)?;
    let words = of_members(event, value, message)
        .or_else(|| of_chat(event, value))
        .or_else(|| of_things(event, value))
        .or_else(|| of_posts(event, value))
        .unwrap_or_else(|| event.replace('_', " "));
    Some(Content::System {
        event: event.to_owned(),
        words: words.trim_end().to_owned(),
        details: details(event, value, message),
    })
}

/// What programs want to know besides the words.
fn details(event: &str, value: &Value, message: &Value) -> Map<String, Value> {
    let person = |person: &Value| json!({"id": person["id"], "name": full_name(person)});
    let (key, detail) = match event {
        "new_chat_members" => {
            let members = value.as_array().into_iter().flatten();
            ("members", members.map(person).collect())
        }
        "left_chat_member" => ("members", json!([person(value)])),
        "new_chat_title" => ("title", value.clone()),
        "migrate_to_chat_id" => ("to", json!(value.to_string())),
        "migrate_from_chat_id" => ("from", json!(value.to_string())),
        "forum_topic_created" => ("title", value["name"].clone()),
        "pinned_message" => {
            let name = format!("{}:{}", message["chat"]["id"], value["message_id"]);
            ("message", json!(name))
        }
        _ => return Map::new(),
    };
    Map::from_iter([(key.to_owned(), detail)])
}

fn of_members(event: &str, value: &Value, message: &Value) -> Option<String> {
    let by = &message["from"]["id"];
    Some(match event {
        "new_chat_members" if value[0]["id"] == *by => format!("{} joined", all_named(value)),
        "new_chat_members" => format!("{} was added", all_named(value)),
        "left_chat_member" if value["id"] == *by => format!("{} left", named(value)),
        "left_chat_member" => format!("{} was removed", named(value)),
        "chat_owner_left" => match &value["new_owner"] {
            Value::Null => "the owner left".to_owned(),
            new => format!("the owner left, {} owns the chat now", named(new)),
        },
        "chat_owner_changed" => format!("{} owns the chat now", named(&value["new_owner"])),
        "proximity_alert_triggered" => {
            let (one, other) = (named(&value["traveler"]), named(&value["watcher"]));
            format!("{one} is {} m from {other}", value["distance"])
        }
        "boost_added" => format!("the chat was boosted {} times", value["boost_count"]),
        "managed_bot_created" => format!("the bot {} was made", named(&value["bot"])),
        "video_chat_participants_invited" => {
            format!(
                "{} was invited to the video chat",
                all_named(&value["users"])
            )
        }
        _ => return None,
    })
}

fn of_chat(event: &str, value: &Value) -> Option<String> {
    let text = |key: &str| text_at(value, key).unwrap_or_default();
    Some(match event {
        "new_chat_title" => format!("the chat is called {}", value.as_str().unwrap_or_default()),
        "new_chat_photo" => "the chat has a new photo".to_owned(),
        "delete_chat_photo" => "the chat's photo was deleted".to_owned(),
        "group_chat_created" => "the group was made".to_owned(),
        "supergroup_chat_created" => "the supergroup was made".to_owned(),
        "channel_chat_created" => "the channel was made".to_owned(),
        "message_auto_delete_timer_changed" => match value["message_auto_delete_time"].as_u64() {
            None | Some(0) => "messages are not deleted by themselves any more".to_owned(),
            Some(seconds) => format!("messages are deleted after {seconds} s"),
        },
        "migrate_to_chat_id" => format!("the group became a supergroup, its id is {value} now"),
        "migrate_from_chat_id" => format!("the supergroup came of the group {value}"),
        "forum_topic_created" => format!("the topic {} was made", text("name")),
        "forum_topic_edited" => format!("the topic was changed: {}", text("name")),
        "forum_topic_closed" => "the topic was closed".to_owned(),
        "forum_topic_reopened" => "the topic was opened again".to_owned(),
        "general_forum_topic_hidden" => "the topic General was hidden".to_owned(),
        "general_forum_topic_unhidden" => "the topic General is shown again".to_owned(),
        "community_chat_added" => {
            let community = text_at(&value["community"], "name").unwrap_or_default();
            format!("the chat was added to the community {community}")
        }
        "community_chat_removed" => "the chat was removed from its community".to_owned(),
        "video_chat_scheduled" => "a video chat was scheduled".to_owned(),
        "video_chat_started" => "a video chat began".to_owned(),
        "video_chat_ended" => format!("the video chat ended after {} s", value["duration"]),
        _ => return None,
    })
}

fn of_things(event: &str, value: &Value) -> Option<String> {
    let text = |key: &str| text_at(value, key).unwrap_or_default();
    Some(match event {
        "pinned_message" => {
            let what = text_at(value, "text").or_else(|| text_at(value, "caption"));
            format!("a message was pinned: {}", what.unwrap_or("…"))
        }
        "refunded_payment" => format!(
            "{} was paid back for {}",
            price(value),
            text("invoice_payload")
        ),
        "gift" => format!(
            "a gift for {} ⭐ {}",
            value["gift"]["star_count"],
            text("text")
        ),
        "gift_upgrade_sent" => format!("an upgrade of a gift {}", text("text")),
        "unique_gift" => {
            let gift = &value["gift"];
            let name = text_at(gift, "base_name").or_else(|| text_at(gift, "name"));
            format!("the gift {} #{}", name.unwrap_or_default(), gift["number"])
        }
        "connected_website" => format!("logged in to {}", value.as_str().unwrap_or_default()),
        "write_access_allowed" => match text_at(value, "web_app_name") {
            Some(app) => format!("the bot may write (by {app})"),
            None => "the bot may write".to_owned(),
        },
        // It is encrypted for whoever has the bot's key.
        "passport_data" => "documents of Telegram Passport came".to_owned(),
        "checklist_tasks_done" => {
            let list = |key: &str| value.get(key).map(Value::to_string).unwrap_or_default();
            let (done, undone) = (
                list("marked_as_done_task_ids"),
                list("marked_as_not_done_task_ids"),
            );
            format!(
                "of the checklist {}: done {done}, not done {undone}",
                checklist(value)
            )
        }
        "checklist_tasks_added" => {
            let tasks = value["tasks"].as_array().into_iter().flatten();
            let tasks: Vec<&str> = tasks.filter_map(|task| text_at(task, "text")).collect();
            format!(
                "added to the checklist {}: {}",
                checklist(value),
                tasks.join(", ")
            )
        }
        "giveaway_created" => "a giveaway was begun".to_owned(),
        "giveaway_completed" => {
            format!("the giveaway ended with {} winners", value["winner_count"])
        }
        "poll_option_added" => format!("an answer was added to the poll: {}", text("option_text")),
        "poll_option_deleted" => format!(
            "an answer was taken out of the poll: {}",
            text("option_text")
        ),
        _ => return None,
    })
}

fn checklist(value: &Value) -> &str {
    text_at(&value["checklist_message"]["checklist"], "title").unwrap_or_default()
}

fn of_posts(event: &str, value: &Value) -> Option<String> {
    let text = |key: &str| text_at(value, key).unwrap_or_default();
    Some(match event {
        "direct_message_price_changed" if value["are_direct_messages_enabled"] == true => {
            let stars = stars(&value["direct_message_star_count"]);
            format!("a message to the channel costs {stars} ⭐")
        }
        "direct_message_price_changed" => "the channel takes no direct messages".to_owned(),
        "paid_message_price_changed" => {
            format!(
                "a message costs {} ⭐",
                stars(&value["paid_message_star_count"])
            )
        }
        "suggested_post_approved" => {
            format!("the suggested post was approved {}", price(&value["price"]))
        }
        "suggested_post_approval_failed" => {
            format!(
                "the suggested post could not be approved {}",
                price(&value["price"])
            )
        }
        "suggested_post_declined" => format!("the suggested post was declined {}", text("comment")),
        "suggested_post_paid" => {
            let stars = value["star_amount"]["amount"].as_i64();
            let paid = stars.map_or_else(|| price(value), |stars| format!("{stars} ⭐"));
            format!("the suggested post was paid: {paid}")
        }
        "suggested_post_refunded" => {
            format!("the suggested post was paid back: {}", text("reason"))
        }
        _ => return None,
    })
}

fn stars(count: &Value) -> u64 {
    count.as_u64().unwrap_or_default()
}
