//! What a bot in many servers costs.

use std::fs;

use serde_json::{Value, json};

use super::DiscordSetup;
use crate::support::{Daemon, discord::BOT, event_where};

/// Servers of the bot.
const GUILDS: usize = 200;

/// What they may cost, in bytes.
const MOST: u64 = 2 << 20;

/// A server as large as they are: dozens of channels, roles, emoji; one in forty has hundreds.
fn guild(number: usize) -> Value {
    let size = if number.is_multiple_of(40) { 10 } else { 1 };
    let id = |kind: usize, at: usize| {
        (10_000_000_000_000 + number * 100_000 + kind * 10_000 + at).to_string()
    };
    let overwrite = json!({"id": id(9, 1), "type": 0, "allow": "1024", "deny": "2048"});
    let channels: Vec<Value> = (0..40 * size)
        .map(|at| {
            json!({"id": id(1, at), "type": 0, "name": format!("channel-{at}"), "position": at, "flags": 0,
                "topic": "What this channel is for, in a line or two that somebody wrote once.", "nsfw": false,
                "permission_overwrites": [overwrite, overwrite], "rate_limit_per_user": 0, "parent_id": null})
        })
        .collect();
    let mut roles: Vec<Value> = (0..20 * size)
        .map(|at| {
            json!({"id": id(2, at), "name": format!("role {at}"), "color": 0, "colors": {"primary_color": 0},
                "hoist": false, "position": at, "permissions": "1071698660929", "managed": false, "mentionable": true, "flags": 0})
        })
        .collect();
    roles.push(json!({"id": id(2, 9999), "name": "Shop", "tags": {"bot_id": BOT.to_string()}}));
    let emojis: Vec<Value> = (0..50)
        .map(|at| json!({"id": id(3, at), "name": format!("emoji_{at}"), "roles": [], "require_colons": true, "animated": false}))
        .collect();
    let threads: Vec<Value> = (0..10 * size)
        .map(|at| {
            json!({"id": id(4, at), "type": 11, "guild_id": id(0, 0), "parent_id": id(1, 0), "name": format!("thread {at}"),
                "owner_id": id(5, at), "thread_metadata": {"archived": false}, "message_count": 3, "member_count": 2})
        })
        .collect();
    json!({"id": id(0, 0), "name": format!("Server {number}"), "roles": roles, "channels": channels, "threads": threads,
        "members": [], "emojis": emojis, "member_count": 500, "joined_at": "2026-11-27T19:00:00+00:00", "large": false})
}

/// Memory of a process that no file backs, in bytes.
fn anonymous(daemon: &Daemon) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", daemon.child.id())).expect("Linux");
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.expect("a number") << 10
}

/// What a daemon holds whose bot is in so many servers, after it was told of all of them.
async fn held(guilds: usize) -> u64 {
    let setup = DiscordSetup::new();
    for number in 0..guilds {
        setup.fake.has_guild(guild(number));
    }
    let daemon = setup.daemon(&[("DISCORD_ALLOW_FROM", "*")]);
    let mut listener = daemon.listener(&["message.received"]).await;
    setup.fake.heard(2);
    // Behind all of that.
    setup.fake.says("now");
    event_where(&mut listener, |payload| payload["text"] == "now").await;
    anonymous(&daemon)
}

#[tokio::test]
async fn two_hundred_servers_cost_two_megabytes_at_most() {
    let (without, with) = (held(0).await, held(GUILDS).await);
    let cost = with.saturating_sub(without);
    println!("{GUILDS} servers cost {cost} bytes ({without} without)");
    assert!(cost <= MOST, "{cost} bytes on top of {without}");
}
