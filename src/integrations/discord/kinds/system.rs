//! Messages of the service itself, in words
//! (<https://docs.discord.com/developers/resources/message#message-object-message-types>).

use serde_json::{Map, Value, json};

use super::words::readable;
use crate::{
    integrations::discord::{
        address::{id_at, name_of},
        who::called,
    },
    message::{Content, text_at},
};

/// The types, each with its name as event.
pub(super) const SYSTEM: [(u64, &str); 32] = [
    (1, "recipient_add"),
    (2, "recipient_remove"),
    (4, "channel_name_change"),
    (5, "channel_icon_change"),
    (6, "channel_pinned_message"),
    (7, "user_join"),
    (8, "guild_boost"),
    (9, "guild_boost_tier_1"),
    (10, "guild_boost_tier_2"),
    (11, "guild_boost_tier_3"),
    (12, "channel_follow_add"),
    (14, "guild_discovery_disqualified"),
    (15, "guild_discovery_requalified"),
    (16, "guild_discovery_grace_period_initial_warning"),
    (17, "guild_discovery_grace_period_final_warning"),
    (18, "thread_created"),
    (21, "thread_starter_message"),
    (22, "guild_invite_reminder"),
    (24, "auto_moderation_action"),
    (25, "role_subscription_purchase"),
    (26, "interaction_premium_upsell"),
    (27, "stage_start"),
    (28, "stage_end"),
    (29, "stage_speaker"),
    (31, "stage_topic"),
    (32, "guild_application_premium_subscription"),
    (36, "guild_incident_alert_mode_enabled"),
    (37, "guild_incident_alert_mode_disabled"),
    (38, "guild_incident_report_raid"),
    (39, "guild_incident_report_false_alarm"),
    (44, "purchase_notification"),
    (46, "poll_result"),
];

/// What such a message tells.
pub(super) fn content(event: &str, message: &Value) -> Content {
    let said = text_at(message, "content").unwrap_or_default();
    let said = readable(said, &message["mentions"]);
    let who = called(&message["author"], &message["member"]);
    let who = who.unwrap_or_else(|| "someone".to_owned());
    let words = of_members(event, &who, message)
        .or_else(|| of_channels(event, &said, message))
        .or_else(|| of_servers(event, &said, &who, message))
        .unwrap_or_else(|| format!("{} {said}", event.replace('_', " ")));
    Content::System {
        event: event.to_owned(),
        words: words.trim_end().to_owned(),
        details: details(event, message),
    }
}

/// What programs want to know besides the words.
fn details(event: &str, message: &Value) -> Map<String, Value> {
    let about = &message["message_reference"];
    let named = || {
        let (channel, id) = (id_at(about, "channel_id")?, id_at(about, "message_id")?);
        Some(("message", json!(name_of(channel, id))))
    };
    let detail = match event {
        "channel_pinned_message" | "thread_starter_message" | "poll_result" => named(),
        "thread_created" => text_at(about, "channel_id").map(|thread| ("thread", json!(thread))),
        _ => None,
    };
    detail
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}

fn of_members(event: &str, who: &str, message: &Value) -> Option<String> {
    let other = || {
        let person = &message["mentions"][0];
        called(person, &person["member"]).unwrap_or_else(|| "someone".to_owned())
    };
    Some(match event {
        "recipient_add" => format!("{} was added by {who}", other()),
        "recipient_remove" if message["mentions"][0]["id"] == message["author"]["id"] => {
            format!("{who} left")
        }
        "recipient_remove" => format!("{} was removed by {who}", other()),
        "user_join" => format!("{who} joined"),
        _ => return None,
    })
}

fn of_channels(event: &str, said: &str, message: &Value) -> Option<String> {
    Some(match event {
        "channel_name_change" => format!("the channel is called {said}"),
        "channel_icon_change" => "the channel has a new picture".to_owned(),
        "channel_pinned_message" => {
            let pinned = text_at(&message["referenced_message"], "content");
            format!("a message was pinned: {}", pinned.unwrap_or("…"))
        }
        "channel_follow_add" => format!("the channel follows {said}"),
        "thread_created" => format!("the thread {said} was made"),
        "thread_starter_message" => {
            let first = text_at(&message["referenced_message"], "content");
            format!("the thread is about: {}", first.unwrap_or("…"))
        }
        "stage_start" => format!("a stage began: {said}"),
        "stage_end" => format!("the stage ended: {said}"),
        "stage_topic" => format!("the stage is about {said}"),
        "poll_result" => poll_result(&message["embeds"][0]),
        _ => return None,
    })
}

fn of_servers(event: &str, said: &str, who: &str, message: &Value) -> Option<String> {
    Some(match event {
        "guild_boost" => format!("{who} boosted the server {said}"),
        "guild_boost_tier_1" | "guild_boost_tier_2" | "guild_boost_tier_3" => {
            let tier = event.rsplit('_').next().unwrap_or_default();
            format!("{who} boosted the server, which has level {tier} now")
        }
        "auto_moderation_action" => {
            let blocked = text_at(&message["embeds"][0], "description");
            format!("AutoMod blocked: {}", blocked.unwrap_or("…"))
        }
        "role_subscription_purchase" => {
            let tier = text_at(&message["role_subscription_data"], "tier_name");
            format!("{who} subscribed to {}", tier.unwrap_or("a role"))
        }
        "stage_speaker" => format!("{who} speaks on the stage"),
        "guild_incident_alert_mode_enabled" => format!("{who} enabled security actions {said}"),
        "guild_incident_alert_mode_disabled" => format!("{who} disabled security actions"),
        "guild_incident_report_raid" => format!("{who} reported a raid"),
        "guild_incident_report_false_alarm" => format!("{who} reported a false alarm"),
        _ => return None,
    })
}

/// <https://docs.discord.com/developers/resources/message#embed-fields-by-embed-type-poll-result-embed-fields>
fn poll_result(embed: &Value) -> String {
    let field = |name: &str| {
        let mut fields = embed["fields"].as_array().into_iter().flatten();
        let field = fields.find(|field| field["name"] == name);
        field
            .and_then(|field| text_at(field, "value"))
            .unwrap_or_default()
    };
    let question = field("poll_question_text");
    let votes = format!(
        "{} of {} votes",
        field("victor_answer_votes"),
        field("total_votes")
    );
    match field("victor_answer_text") {
        "" => format!("the poll {question} ended: {votes}"),
        winner => format!("the poll {question} ended: {winner} with {votes}"),
    }
}
