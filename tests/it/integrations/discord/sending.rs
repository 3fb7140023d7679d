//! What goes out: texts, files, reactions, limits, answers that are lost.

use serde_json::{Value, json};

use super::{DiscordSetup, send};
use crate::support::{
    assert_field, assert_mentions, discord::DiscordReply, integration, refusal, until_running,
};

#[tokio::test]
async fn a_text_goes_to_its_channel_as_it_is_written() {
    let setup = DiscordSetup::new();
    let daemon = setup.daemon(&[]);
    let mut client = daemon.client().await;
    let sent = send(&mut client, json!({"text": "a*b <@7> @everyone"})).await;
    assert_field(&sent, "state", "sent");
    let posted = setup.fake.saw("POST /channels/42/messages");
    assert_field(&posted.body, "content", r"a\*b \<@7> @everyone");
    let mentions = json!({"parse": [], "users": [], "replied_user": false});
    assert_field(&posted.body, "allowed_mentions", mentions);
    let link = json!({"text": "x", "to": "https://discord.com/channels/1/44"});
    send(&mut client, link).await;
    setup.fake.saw("POST /channels/44/messages");
    let wrong = json!({"channel": "discord", "to": "ana", "text": "x"});
    assert_eq!(refusal(&mut client, "send", wrong).await, "bad_payload");
}

/// Discord reads markdown itself, but for what would call somebody.
#[cfg(feature = "markdown")]
#[tokio::test]
async fn markdown_goes_to_its_thread_as_it_is() {
    let setup = DiscordSetup::new();
    let daemon = setup.daemon(&[]);
    let mut client = daemon.client().await;
    let text = json!({"text": "**b** <@7>", "format": "markdown", "to": "42/43"});
    send(&mut client, text).await;
    let posted = setup.fake.saw("POST /channels/43/messages");
    assert_field(&posted.body, "content", r"**b** \<@7>");
}

#[tokio::test]
async fn a_person_is_reached_in_direct_messages() {
    let setup = DiscordSetup::new();
    let daemon = setup.daemon(&[]);
    let mut client = daemon.client().await;
    for text in ["one", "two"] {
        send(&mut client, json!({"text": text, "to": super::ana()})).await;
    }
    let opened = setup.fake.saw("POST /users/@me/channels");
    assert_field(&opened.body, "recipient_id", super::ANA);
    assert_eq!(setup.fake.posted().len(), 2);
}

#[tokio::test]
async fn a_long_text_goes_in_parts_of_two_thousand() {
    let setup = DiscordSetup::new();
    let daemon = setup.daemon(&[]);
    let mut client = daemon.client().await;
    let text = "hushed-text 😀 one_two. ".repeat(300);
    let sent = send(&mut client, json!({"text": text})).await;
    assert_field(&sent, "state", "sent");
    let parts = setup.fake.posted();
    assert!(parts.len() >= 4, "{}", parts.len());
    let joined: Vec<_> = parts
        .iter()
        .map(|part| part["content"].as_str().expect("text").replace('\\', ""))
        .collect();
    assert_eq!(joined.join(" ").trim_end(), text.trim_end());
    let nonces: std::collections::BTreeSet<_> =
        parts.iter().map(|part| part["nonce"].to_string()).collect();
    assert_eq!(nonces.len(), parts.len());
}

#[tokio::test]
async fn an_answer_that_is_lost_makes_no_second_message() {
    let setup = DiscordSetup::new();
    let daemon = setup.daemon(&[("RETRY_DELAYS", "0s")]);
    let mut client = daemon.client().await;
    setup
        .fake
        .answers("POST /channels/42/messages", DiscordReply::lost());
    let sent = send(&mut client, json!({"text": "once"})).await;
    assert_field(&sent, "state", "sent");
    let posted = setup.fake.posted();
    assert_eq!(posted.len(), 1, "{posted:#?}");
    let discord = integration(&mut client, "discord").await.expect("there");
    assert_field(&discord["counters"], "unknown", 1);
}

#[tokio::test]
async fn refusals_say_what_to_do_and_are_not_repeated() {
    let setup = DiscordSetup::new();
    let daemon = setup.daemon(&[]);
    let mut client = daemon.client().await;
    let refused = json!({"message": "Missing Permissions", "code": 50013});
    setup.fake.answers(
        "POST /channels/42/messages",
        DiscordReply::new(403, refused),
    );
    let failed = send(&mut client, json!({"text": "x"})).await;
    assert_field(&failed, "state", "failed");
    assert_mentions(&failed, "error", "Send Messages");
    let refused = json!({"message": "401: Unauthorized", "code": 0});
    until_running(&mut client, "discord").await;
    setup.fake.answers(
        "POST /channels/42/messages",
        DiscordReply::new(401, refused),
    );
    let queued = json!({"channel": "discord", "to": "42", "text": "y"});
    let mut states = daemon.listener(&["integration.state"]).await;
    client.call("send", &queued).await.expect("queued");
    crate::support::until_state(&mut states, "discord", "parked").await;
}

#[tokio::test]
async fn limits_of_the_answers_are_kept() {
    let setup = DiscordSetup::new();
    let daemon = setup.daemon(&[]);
    let mut client = daemon.client().await;
    let limited =
        json!({"message": "You are being rate limited.", "retry_after": 0.05, "global": true});
    let limited = DiscordReply::new(429, limited)
        .with("Retry-After", "1")
        .with("X-RateLimit-Scope", "global");
    setup.fake.answers("POST /channels/42/messages", limited);
    let payload = json!({"channel": "discord", "to": "42", "text": "later"});
    let mut listener = daemon.listener(&["message.status"]).await;
    client.call("send", &payload).await.expect("queued");
    let status = crate::support::event_where(&mut listener, |payload| !payload["error"].is_null());
    let status = status.await;
    assert_mentions(&status, "error", "rate limited");
    // Another channel is not stopped by what is over.
    let sent = send(&mut client, json!({"text": "now", "to": "43"})).await;
    assert_field(&sent, "state", "sent");
}

#[tokio::test]
async fn replies_and_reactions_go_to_the_message_they_are_for() {
    let setup = DiscordSetup::new();
    let daemon = setup.daemon(&[("DISCORD_ALLOW_FROM", "*")]);
    let mut listener = daemon.listener(&["message.received"]).await;
    setup.fake.heard(2);
    let id = setup.fake.says("hello");
    let heard =
        crate::support::event_where(&mut listener, |payload| payload["text"] == "hello").await;
    let mut client = daemon.client().await;
    let reply = json!({"text": "hi", "to": super::ana(), "reply_to": heard["message_id"]});
    let sent = send(&mut client, reply).await;
    assert_field(&sent, "state", "sent");
    let channel = crate::support::discord::direct_channel(super::ANA)["id"].clone();
    let channel = channel.as_str().expect("an id");
    let posted = setup
        .fake
        .saw(&format!("POST /channels/{channel}/messages"));
    let reference = json!({"type": 0, "message_id": id, "fail_if_not_exists": false});
    assert_field(&posted.body, "message_reference", reference);
    let react = json!({"text": "👍", "to": super::ana(), "reply_to": heard["message_id"], "reaction": true});
    let sent = send(&mut client, react).await;
    assert_field(&sent, "state", "sent");
    setup.fake.saw(&format!(
        "PUT /channels/{channel}/messages/{id}/reactions/%F0%9F%91%8D/@me"
    ));
    let elsewhere = send(
        &mut client,
        json!({"text": "hi", "reply_to": format!("{channel}:{id}")}),
    )
    .await;
    assert_field(&elsewhere, "state", "failed");
}

#[tokio::test]
async fn files_polls_and_notes() {
    let setup = DiscordSetup::new();
    let daemon = setup.daemon(&[]);
    let mut client = daemon.client().await;
    let data = |text: &str, name: &str| json!({"data": cleudocodebot_base64(text), "name": name, "mime": "text/plain"});
    let media = json!([data("one", "a.txt"), data("two", "b.txt")]);
    let sent = send(&mut client, json!({"text": "see", "media": media})).await;
    assert_field(&sent, "state", "sent");
    let posted = setup.fake.saw("POST /channels/42/messages");
    assert!(
        posted
            .text
            .contains("name=\"files[1]\"; filename=\"b.txt\""),
        "{}",
        posted.text
    );
    let made = setup.fake.posted();
    assert_field(&made[0], "content", "see");
    assert_field(&made[0]["attachments"][1], "filename", "b.txt");
    let poll = json!({"kind": "poll", "content": {"question": "Pizza?", "options": ["yes", "no"]}, "text": ""});
    let sent = send(&mut client, poll).await;
    assert_field(&sent, "state", "sent");
    let posted = setup.fake.saw("POST /channels/42/messages");
    let question: &Value = &posted.body["poll"]["question"];
    assert_field(question, "text", "Pizza?");
    assert_field(
        &posted.body["poll"]["answers"][1]["poll_media"],
        "text",
        "no",
    );
}

fn cleudocodebot_base64(text: &str) -> String {
    data_encoding::BASE64.encode(text.as_bytes())
}
