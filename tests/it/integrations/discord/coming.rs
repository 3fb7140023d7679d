//! What comes in: servers, threads, files, edits, reactions, votes.

use serde_json::{Value, json};

use super::DiscordSetup;
use crate::support::{
    assert_field, assert_fields,
    discord::{self, ANA, BOT, direct_channel, user},
    event_where, history,
};

const GUILD: &str = "500";
const CHANNEL: &str = "501";
const THREAD: &str = "502";
const BOB: &str = "503";

/// A server with a channel and a thread of it.
fn guild() -> Value {
    let roles = json!([{"id": "599", "name": "Shop", "tags": {"bot_id": BOT.to_string()}}]);
    json!({"id": GUILD, "name": "Acme", "roles": roles, "channels": [], "threads": [], "members": [], "emojis": [],
        "member_count": 3, "joined_at": "2026-11-27T19:00:00+00:00", "large": false})
}

fn in_channel(id: &str, channel: &str, kind: u64, author: &Value, text: &str) -> Value {
    let mut message = discord::message(id, channel, author, text);
    message["guild_id"] = json!(GUILD);
    message["channel_type"] = json!(kind);
    message["member"] = json!({"nick": null, "roles": []});
    message
}

fn with_places(setup: &DiscordSetup) {
    setup.fake.has_guild(guild());
    setup.fake.has_channel(&json!({"id": CHANNEL, "type": 0, "guild_id": GUILD, "name": "general", "flags": 0, "position": 0}));
    setup.fake.has_channel(&json!({"id": THREAD, "type": 11, "guild_id": GUILD, "parent_id": CHANNEL, "name": "cakes",
        "owner_id": ANA, "flags": 0, "thread_metadata": {}, "message_count": 1, "member_count": 1, "total_message_sent": 1}));
}

#[tokio::test]
async fn servers_and_threads_are_conversations_and_only_the_listed_are_heard() {
    let setup = DiscordSetup::new();
    with_places(&setup);
    let daemon = setup.daemon(&[("DISCORD_ALLOW_FROM", ANA)]);
    let mut listener = daemon.listener(&["message.received"]).await;
    setup.fake.heard(2);
    let bob = user(BOB, "Bob");
    setup.fake.tell(
        "MESSAGE_CREATE",
        &in_channel("601", CHANNEL, 0, &bob, "not heard"),
    );
    let mut named = in_channel(
        "602",
        CHANNEL,
        0,
        &user(ANA, "Ana"),
        &format!("<@{BOT}> hi"),
    );
    named["mentions"] = json!([user(&BOT.to_string(), "Shop")]);
    setup.fake.tell("MESSAGE_CREATE", &named);
    let heard = event_where(&mut listener, |payload| payload["text"] == "@Shop hi").await;
    assert_fields(&heard, &json!({"peer": CHANNEL, "sender": super::ana()}));
    assert_fields(
        &heard["meta"],
        &json!({"group": "Acme #general", "name": "Ana", "mentioned": true, "id": format!("{CHANNEL}:602")}),
    );
    let mut role = in_channel("603", THREAD, 11, &user(ANA, "Ana"), "<@&599> cake?");
    role["mention_roles"] = json!(["599"]);
    setup.fake.tell("MESSAGE_CREATE", &role);
    let heard = event_where(&mut listener, |payload| payload["text"] == "<@&599> cake?").await;
    assert_field(&heard, "peer", format!("{CHANNEL}/{THREAD}"));
    assert_fields(
        &heard["meta"],
        &json!({"topic": THREAD, "topic_name": "cakes", "mentioned": true}),
    );
    let mut client = daemon.client().await;
    assert_eq!(history(&mut client, "discord").await.len(), 2);
}

#[tokio::test]
async fn a_channel_on_the_list_lets_everybody_in_also_in_its_threads() {
    let setup = DiscordSetup::new();
    with_places(&setup);
    let daemon = setup.daemon(&[("DISCORD_ALLOW_FROM", CHANNEL)]);
    let mut listener = daemon.listener(&["message.received"]).await;
    setup.fake.heard(2);
    setup.fake.tell(
        "MESSAGE_CREATE",
        &in_channel("601", THREAD, 11, &user(BOB, "Bob"), "heard"),
    );
    let heard = event_where(&mut listener, |payload| payload["text"] == "heard").await;
    assert_field(&heard, "sender", format!("user:{BOB}"));
    let mut other = user("504", "Other");
    other["bot"] = json!(true);
    setup.fake.tell(
        "MESSAGE_CREATE",
        &in_channel("602", CHANNEL, 0, &other, "from a bot"),
    );
    let heard = event_where(&mut listener, |payload| payload["text"] == "from a bot").await;
    assert_field(&heard["meta"], "bot", true);
}

#[tokio::test]
async fn edits_deletions_reactions_and_votes_concern_their_message() {
    let setup = DiscordSetup::new();
    let daemon = setup.daemon(&[("DISCORD_ALLOW_FROM", "*")]);
    let mut listener = daemon
        .listener(&["message.received", "message.edited", "message.deleted"])
        .await;
    setup.fake.heard(2);
    let id = setup.fake.says("frist");
    event_where(&mut listener, |payload| payload["text"] == "frist").await;
    let channel = direct_channel(ANA)["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let mut edited = discord::message(&id, &channel, &user(ANA, "Ana"), "frist");
    // What became of a link in it is no edit.
    edited["embeds"] = json!([{"type": "link"}]);
    setup.fake.tell("MESSAGE_UPDATE", &edited);
    edited["content"] = json!("first");
    edited["edited_timestamp"] = json!("2026-11-27T19:01:00+00:00");
    setup.fake.tell("MESSAGE_UPDATE", &edited);
    let now = event_where(&mut listener, |payload| payload["text"] == "first").await;
    let edits = now["edits"].as_array().expect("edits");
    assert_eq!(edits.len(), 1, "{edits:?}");
    assert_field(&edits[0], "text", "frist");
    let reaction = json!({"user_id": ANA, "channel_id": channel, "message_id": id, "emoji": {"id": null, "name": "🔥"},
        "burst": false, "type": 0});
    setup.fake.tell("MESSAGE_REACTION_ADD", &reaction);
    let reacted = event_where(&mut listener, |payload| payload["kind"] == "reaction").await;
    assert_field(
        &reacted,
        "content",
        json!({"to": format!("{channel}:{id}"), "emoji": "🔥"}),
    );
    setup.fake.tell("MESSAGE_REACTION_REMOVE", &reaction);
    let taken = event_where(&mut listener, |payload| payload["content"]["emoji"] == "").await;
    assert_field(&taken, "peer", super::ana());
    let poll = json!({"question": {"text": "Pizza?"}, "answers": [
        {"answer_id": 1, "poll_media": {"text": "yes", "emoji": {"id": null, "name": "🍕"}}},
        {"answer_id": 2, "poll_media": {"text": "no"}}],
        "expiry": "2026-11-28T19:00:00+00:00", "allow_multiselect": false, "layout_type": 1});
    let mut asked = discord::message("700", &channel, &user(ANA, "Ana"), "");
    asked["poll"] = poll;
    setup.fake.tell("MESSAGE_CREATE", &asked);
    let asked = event_where(&mut listener, |payload| payload["kind"] == "poll").await;
    assert_field(
        &asked,
        "content",
        json!({"question": "Pizza?", "options": ["🍕 yes", "no"]}),
    );
    let vote = json!({"user_id": ANA, "channel_id": channel, "message_id": "700", "answer_id": 2});
    setup.fake.tell("MESSAGE_POLL_VOTE_ADD", &vote);
    let voted = event_where(&mut listener, |payload| payload["kind"] == "vote").await;
    assert_field(&voted["content"], "options", json!(["no"]));
    setup
        .fake
        .tell("MESSAGE_DELETE", &json!({"id": id, "channel_id": channel}));
    event_where(&mut listener, |payload| payload["deleted_ms"].is_u64()).await;
}

#[tokio::test]
async fn attachments_are_fetched_by_a_fresh_address() {
    let setup = DiscordSetup::new();
    let daemon = setup.daemon(&[("DISCORD_ALLOW_FROM", "*")]);
    let mut listener = daemon
        .listener(&["message.received", "message.media"])
        .await;
    setup.fake.heard(2);
    let url = setup.fake.has_file("note.txt", "what was written in it");
    let channel = direct_channel(ANA)["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let mut sent = discord::message("800", &channel, &user(ANA, "Ana"), "look");
    sent["attachments"] = json!([{"id": "801", "filename": "note.txt", "size": 22, "url": "https://cdn.discordapp.com/too-old",
        "proxy_url": "https://media.discordapp.net/x", "content_type": "text/plain"}]);
    let mut fresh = sent.clone();
    fresh["attachments"][0]["url"] = json!(url);
    setup.fake.keep(&fresh);
    setup.fake.tell("MESSAGE_CREATE", &sent);
    let heard = event_where(&mut listener, |payload| payload["text"] == "look").await;
    assert_field(&heard, "kind", "document");
    let ready = event_where(&mut listener, |payload| {
        payload["media"]["state"] == "ready"
    })
    .await;
    assert_fields(&ready["media"], &json!({"name": "note.txt", "bytes": 22}));
}

#[tokio::test]
async fn what_comes_out_of_order_is_kept_once() {
    let setup = DiscordSetup::new();
    let daemon = setup.daemon(&[("DISCORD_ALLOW_FROM", "*")]);
    let mut listener = daemon.listener(&["message.received"]).await;
    setup.fake.heard(2);
    let channel = direct_channel(ANA)["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let first = discord::message("900", &channel, &user(ANA, "Ana"), "frist");
    let mut edited = first.clone();
    edited["content"] = json!("first");
    edited["edited_timestamp"] = json!("2026-11-27T19:01:00+00:00");
    let reaction = json!({"user_id": ANA, "channel_id": channel, "message_id": "900", "emoji": {"id": null, "name": "🔥"},
        "burst": false, "type": 0});
    setup.fake.tell("MESSAGE_REACTION_ADD", &reaction);
    setup.fake.tell("MESSAGE_UPDATE", &edited);
    setup.fake.tell("MESSAGE_CREATE", &first);
    setup.fake.tell(
        "MESSAGE_DELETE",
        &json!({"id": "901", "channel_id": channel}),
    );
    setup.fake.says("last");
    event_where(&mut listener, |payload| payload["text"] == "last").await;
    let mut client = daemon.client().await;
    let all = history(&mut client, "discord").await;
    let kinds: Vec<_> = all
        .iter()
        .map(|one| (one["kind"].as_str(), one["text"].as_str()))
        .collect();
    assert_eq!(kinds.len(), 3, "{kinds:?}");
    assert_eq!(kinds[1], (None, Some("first")));
    assert_field(&all[1]["meta"], "edited", true);
}
