//! The gateway: sessions that are resumed, refused, cut, and what the daemon says of them.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{DiscordSetup, ana};
use crate::support::{
    assert_field, assert_mentions, event_where, history, integration, services::told_code,
    until_running, until_state,
};

/// The texts that came in, in their order.
async fn texts(client: &mut cleudocodebot::client::Client) -> Vec<String> {
    let all = history(client, "discord").await;
    let text =
        |message: &serde_json::Value| message["text"].as_str().unwrap_or_default().to_owned();
    all.iter().map(text).collect()
}

#[tokio::test]
async fn a_cut_line_loses_no_message() {
    let setup = DiscordSetup::new();
    let daemon = setup.daemon(&[("DISCORD_ALLOW_FROM", super::ANA)]);
    let mut listener = daemon.listener(&["message.received"]).await;
    setup.fake.heard(2);
    setup.fake.says("hushed-text one");
    event_where(&mut listener, |payload| {
        payload["text"] == "hushed-text one"
    })
    .await;
    // While the line is cut and nobody answers, people go on writing.
    setup.fake.is_away(true);
    setup.fake.cut();
    setup.fake.says("hushed-text two");
    setup.fake.says("hushed-text three");
    let mut states = daemon.listener(&["integration.state"]).await;
    until_state(&mut states, "discord", "backing_off").await;
    setup.fake.is_away(false);
    let resumed = setup.fake.heard(6);
    assert_field(&resumed, "session_id", "session-1");
    event_where(&mut listener, |payload| {
        payload["text"] == "hushed-text three"
    })
    .await;
    setup.fake.says("hushed-text four");
    event_where(&mut listener, |payload| {
        payload["text"] == "hushed-text four"
    })
    .await;
    let mut client = daemon.client().await;
    let expected = ["one", "two", "three", "four"].map(|word| format!("hushed-text {word}"));
    assert_eq!(texts(&mut client).await, expected);
}

/// On lists they have another name than in conversations.
#[tokio::test]
async fn who_is_forgotten_is_not_let_in_any_more() {
    let setup = DiscordSetup::new();
    let daemon = setup.daemon(&[]);
    setup.fake.heard(2);
    setup.fake.says("hi");
    let asked = setup.fake.saw("POST /channels/");
    let text = asked.body["content"].as_str().expect("a text").to_owned();
    let mut client = daemon.client().await;
    let approve = json!({"channel": "discord", "code": told_code(&text)});
    let let_in = client.call("pairing.approve", &approve).await;
    let_in.expect("let in");
    let forget = json!({"channel": "discord", "peer": ana()});
    let planned = client.call("forget", &forget).await.expect("a plan");
    assert_field(&planned, "paired", true);
    let forget = json!({"channel": "discord", "peer": ana(), "confirm": true});
    client.call("forget", &forget).await.expect("forgotten");
    let listed = client.call("pairing", &json!({})).await.expect("listed");
    assert_eq!(listed["approved"], json!([]));
}

/// The measured time: `cargo test --test it -- --ignored thirty_seconds`.
#[tokio::test]
#[ignore = "takes half a minute"]
async fn a_line_cut_for_thirty_seconds_loses_no_message() {
    let setup = DiscordSetup::new();
    let daemon = setup.daemon(&[("DISCORD_ALLOW_FROM", super::ANA)]);
    let mut listener = daemon.listener(&["message.received"]).await;
    setup.fake.heard(2);
    setup.fake.is_away(true);
    setup.fake.cut();
    let expected: Vec<String> = (0..30).map(|n| format!("hushed-text {n}")).collect();
    let mut second = tokio::time::interval(Duration::from_secs(1));
    for text in &expected {
        second.tick().await;
        setup.fake.says(text);
    }
    second.tick().await;
    let back = Instant::now();
    setup.fake.is_away(false);
    assert_field(&setup.fake.heard(6), "session_id", "session-1");
    event_where(&mut listener, |payload| payload["text"] == expected[29]).await;
    println!(
        "all there {:.1} s after the line",
        back.elapsed().as_secs_f64()
    );
    let mut client = daemon.client().await;
    assert_eq!(texts(&mut client).await, expected);
}

#[tokio::test]
async fn a_session_that_is_known_no_more_is_begun_anew() {
    let setup = DiscordSetup::new();
    let daemon = setup.daemon(&[("DISCORD_ALLOW_FROM", "*")]);
    let mut listener = daemon.listener(&["message.received"]).await;
    setup.fake.heard(2);
    setup.fake.says("one");
    event_where(&mut listener, |payload| payload["text"] == "one").await;
    setup.fake.forgets_session();
    setup.fake.cut();
    // Nobody repeats that by itself.
    setup.fake.says("missed");
    setup.fake.heard(6);
    event_where(&mut listener, |payload| payload["text"] == "missed").await;
    setup.fake.heard(2);
    setup.fake.says("two");
    event_where(&mut listener, |payload| payload["text"] == "two").await;
    let mut client = daemon.client().await;
    assert_eq!(texts(&mut client).await, ["one", "missed", "two"]);
}

#[cfg(feature = "store")]
#[tokio::test]
async fn what_was_written_while_the_daemon_was_away_is_asked_for() {
    let setup = DiscordSetup::new();
    let settings = [("DISCORD_ALLOW_FROM", "*")];
    let mut daemon = setup.daemon(&settings);
    let mut listener = daemon.listener(&["message.received"]).await;
    setup.fake.heard(2);
    setup.fake.says("before");
    event_where(&mut listener, |payload| payload["text"] == "before").await;
    daemon.kill();
    setup.fake.says("while it was away");
    let daemon = setup.daemon(&settings);
    setup.fake.heard(2);
    setup.fake.says("after");
    let mut client = daemon.client().await;
    let expected = ["before", "while it was away", "after"];
    let deadline = std::time::Instant::now() + crate::support::PATIENCE;
    while texts(&mut client).await != expected {
        assert!(
            std::time::Instant::now() < deadline,
            "{:?}",
            texts(&mut client).await
        );
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn events_that_come_twice_are_stored_once() {
    let setup = DiscordSetup::new();
    let daemon = setup.daemon(&[("DISCORD_ALLOW_FROM", "*")]);
    let mut listener = daemon.listener(&["message.received"]).await;
    setup.fake.heard(2);
    let id = setup.fake.says("once");
    event_where(&mut listener, |payload| payload["text"] == "once").await;
    let channel = crate::support::discord::direct_channel(super::ANA)["id"].clone();
    let channel = channel.as_str().expect("an id");
    let again = crate::support::discord::message(
        &id,
        channel,
        &crate::support::discord::user(super::ANA, "Ana"),
        "once",
    );
    setup.fake.tell("MESSAGE_CREATE", &again);
    setup.fake.says("last");
    event_where(&mut listener, |payload| payload["text"] == "last").await;
    let mut client = daemon.client().await;
    assert_eq!(texts(&mut client).await, ["once", "last"]);
}

#[tokio::test]
async fn a_gateway_that_answers_no_heartbeat_is_left_and_the_session_resumed() {
    let setup = DiscordSetup::new();
    setup.fake.is_deaf(true, 1000);
    let daemon = setup.daemon(&[]);
    setup.fake.heard(2);
    let mut states = daemon.listener(&["integration.state"]).await;
    let beat = setup.fake.heard(1);
    assert!(beat.is_u64(), "{beat}");
    let state = until_state(&mut states, "discord", "backing_off").await;
    assert_mentions(&state, "last_error", "heartbeat");
    setup.fake.is_deaf(false, 1000);
    setup.fake.heard(6);
    until_state(&mut states, "discord", "running").await;
}

#[tokio::test]
async fn the_service_asks_for_a_heartbeat_and_for_another_connection() {
    let setup = DiscordSetup::new();
    let daemon = setup.daemon(&[]);
    let mut client = daemon.client().await;
    until_running(&mut client, "discord").await;
    setup.fake.says_op(&json!({"op": 1, "d": null}));
    setup.fake.heard(1);
    setup.fake.says_op(&json!({"op": 7, "d": null}));
    setup.fake.heard(6);
    setup.fake.closes(4000);
    setup.fake.heard(6);
    // Of these the session is known no more.
    setup.fake.closes(4009);
    setup.fake.heard(2);
}

#[tokio::test]
async fn a_token_is_tried_before_it_is_written_and_its_intent_with_it() {
    let setup = DiscordSetup::new();
    let daemon = setup.daemon(&[]);
    let mut client = daemon.client().await;
    let token = crate::support::discord::DISCORD_TOKEN;
    let check = json!({"service": "discord-2", "changes": {"DISCORD_BOT_TOKEN_2": token}});
    let found = client.call("config.check", &check).await.expect("found");
    assert_field(&found["found"], "username", "shop");
    assert_mentions(
        &found["found"],
        "link",
        "https://discord.com/oauth2/authorize?client_id=",
    );
    setup.fake.has_flags(0);
    let refused = client
        .call("config.check", &check)
        .await
        .expect_err("refused");
    assert!(
        refused.to_string().contains("Message Content Intent"),
        "{refused}"
    );
    let wrong =
        json!({"service": "discord-3", "changes": {"DISCORD_BOT_TOKEN_3": "x.hushed-text.z"}});
    let refused = client
        .call("config.check", &wrong)
        .await
        .expect_err("refused")
        .to_string();
    assert!(
        refused.contains("401") && !refused.contains("hushed-text"),
        "{refused}"
    );
}

#[tokio::test]
async fn what_only_the_user_can_mend_parks_the_channel_with_what_to_do() {
    for (code, what) in [
        (4014, "Message Content Intent"),
        (4004, "DISCORD_BOT_TOKEN"),
        (4011, "sharding"),
    ] {
        let setup = DiscordSetup::new();
        setup.fake.closes_next(code);
        let daemon = setup.daemon(&[]);
        let mut client = daemon.client().await;
        let mut states = daemon.listener(&["integration.state"]).await;
        let parked = integration(&mut client, "discord").await.expect("there");
        let parked = if parked["state"] == "parked" {
            parked
        } else {
            until_state(&mut states, "discord", "parked").await;
            integration(&mut client, "discord").await.expect("there")
        };
        assert_mentions(&parked, "last_error", what);
    }
}

#[tokio::test]
async fn a_stranger_gets_a_code_and_is_heard_once_let_in() {
    let setup = DiscordSetup::new();
    let daemon = setup.daemon(&[]);
    let mut listener = daemon.listener(&["message.received"]).await;
    setup.fake.heard(2);
    setup.fake.says("hi");
    let asked = setup.fake.saw("POST /channels/");
    let text = asked.body["content"].as_str().expect("a text").to_owned();
    let code = told_code(&text);
    let mut client = daemon.client().await;
    let approve = json!({"channel": "discord", "code": code});
    client
        .call("pairing.approve", &approve)
        .await
        .expect("let in");
    let welcome = setup.fake.saw("POST /channels/");
    assert_eq!(welcome.path, asked.path, "where the code was told");
    setup.fake.says("me again");
    let heard = event_where(&mut listener, |payload| payload["text"] == "me again").await;
    assert_field(&heard, "peer", ana());
    assert_field(&heard["meta"], "name", "Ana");
    let listed = client.call("pairing", &json!({})).await.expect("listed");
    assert_field(&listed["approved"][0], "peer", ana());
    let revoked = json!({"channel": "discord", "sender": ana()});
    client
        .call("pairing.revoke", &revoked)
        .await
        .expect("known");
}
