//! The REST API of the fake: messages, files, reactions, limits.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    BOT, DiscordReply, Shared, bot_user, contract, direct_channel, message, reply::Fate, shape,
};
use crate::support::fake::Request;

/// What a form or a body says as JSON.
fn body_of(request: &Request) -> Value {
    let form = request.text.split("name=\"payload_json\"\r\n\r\n").nth(1);
    match form.and_then(|rest| rest.split("\r\n--").next()) {
        Some(text) => serde_json::from_str(text).unwrap_or(Value::Null),
        None => request.body.clone(),
    }
}

/// Answers a request, after it was held against the contract.
pub(super) fn answer(shared: &Arc<Shared>, request: &Request) -> DiscordReply {
    let method = request.method();
    let lower = request.head.to_ascii_lowercase();
    if let Some(file) = request.path.strip_prefix("/attachments/") {
        return DiscordReply::text(200, shared.state().files.get(file).map_or("", |file| *file));
    }
    if !lower.contains("user-agent: discordbot (") {
        return DiscordReply::new(403, json!({"message": "blocked", "code": 40333}));
    }
    if !request
        .head
        .contains(&format!("Bot {}", super::DISCORD_TOKEN))
    {
        return DiscordReply::new(401, json!({"message": "401: Unauthorized", "code": 0}));
    }
    let Some(path) = request.path.strip_prefix("/api/v10") else {
        shared.fault(format!("{} is no path of version 10", request.path));
        return DiscordReply::new(404, json!({"message": "404: Not Found", "code": 0}));
    };
    let body = body_of(request);
    check(shared, method, path, &body, request);
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let scripted = shared.scripted(method, path);
    let scripted = scripted.unwrap_or_else(|| DiscordReply::of(Fate::Done));
    if !scripted.is_done() {
        return scripted;
    }
    let fate = scripted.fate;
    DiscordReply {
        fate,
        ..done(shared, method, path, query, &body, fate == Fate::Done)
    }
}

/// Does what is asked.
fn done(
    shared: &Arc<Shared>,
    method: &str,
    path: &str,
    query: &str,
    body: &Value,
    is_answered: bool,
) -> DiscordReply {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    match (method, parts.as_slice()) {
        ("GET", ["gateway", "bot"]) => DiscordReply::new(
            200,
            json!({"url": shared.gateway_url(), "shards": 1,
            "session_start_limit": {"total": 1000, "remaining": shared.state().sessions_left, "reset_after": 60_000, "max_concurrency": 1}}),
        ),
        ("GET", ["users", "@me"]) => DiscordReply::new(200, bot_user()),
        ("GET", ["applications", "@me"]) => {
            let flags = shared.state().flags;
            DiscordReply::new(
                200,
                json!({"id": BOT.to_string(), "name": "Shop", "flags": flags}),
            )
        }
        ("POST", ["users", "@me", "channels"]) => {
            let user = body["recipient_id"].as_str().unwrap_or_default();
            DiscordReply::new(200, direct_channel(user))
        }
        ("GET", ["channels", id]) => known(shared.state().channels.get(*id), 10003),
        ("POST", ["channels", id, "messages"]) => post(shared, id, body, is_answered),
        ("GET", ["channels", id, "messages"]) => list(shared, id, query),
        ("GET", ["channels", id, "messages", number]) => {
            let state = shared.state();
            let all = state.messages.iter();
            let mut all = all.filter(|message| message["channel_id"] == *id);
            known(all.find(|message| message["id"] == *number), 10008)
        }
        ("POST", ["channels", _, "typing"])
        | ("PUT" | "DELETE", ["channels", _, "messages", _, "reactions", _, "@me"]) => {
            DiscordReply::text(204, "")
        }
        _ => DiscordReply::new(404, json!({"message": "404: Not Found", "code": 0})),
    }
}

fn known(found: Option<&Value>, code: u64) -> DiscordReply {
    match found {
        Some(found) => DiscordReply::new(200, found.clone()),
        None => DiscordReply::new(404, json!({"message": "Unknown", "code": code})),
    }
}

/// Makes a message, unless one with its nonce is there; the service also tells the bot of it.
fn post(shared: &Arc<Shared>, channel: &str, body: &Value, is_answered: bool) -> DiscordReply {
    let mut state = shared.state();
    let nonce = body["nonce"]
        .as_str()
        .filter(|_| body["enforce_nonce"] == true);
    let all = state.messages.iter();
    let mut same = all.filter(|message| nonce.is_some() && message["nonce"].as_str() == nonce);
    if let Some(same) = same.find(|message| message["channel_id"] == channel) {
        return DiscordReply::new(200, same.clone());
    }
    let id = state.next_id();
    let mut made = message(
        &id,
        channel,
        &bot_user(),
        body["content"].as_str().unwrap_or_default(),
    );
    made["nonce"] = body["nonce"].clone();
    let files = body["attachments"].as_array().into_iter().flatten();
    made["attachments"] = files
        .map(|file| {
            let name = file["filename"].as_str().unwrap_or_default();
            json!({"id": "77", "filename": name, "size": 1, "url": format!("https://cdn.discordapp.com/attachments/{name}"),
                "proxy_url": "https://media.discordapp.net/x"})
        })
        .collect();
    if let Some(watch) = shared.watch.get() {
        let text = body["content"].as_str().unwrap_or_default();
        watch.posted(channel, text, is_answered);
    }
    state.messages.push(made.clone());
    state.tell("MESSAGE_CREATE", &made);
    DiscordReply::new(200, made)
}

fn list(shared: &Arc<Shared>, channel: &str, query: &str) -> DiscordReply {
    let after = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("after="));
    let after: u64 = after.and_then(|after| after.parse().ok()).unwrap_or(0);
    let number = |message: &Value| message["id"].as_str().and_then(|id| id.parse::<u64>().ok());
    let state = shared.state();
    let all = state
        .messages
        .iter()
        .filter(|message| message["channel_id"] == channel);
    let mut all: Vec<Value> = all
        .filter(|message| number(message) > Some(after))
        .cloned()
        .collect();
    all.reverse();
    DiscordReply::new(200, Value::from(all))
}

/// Holds a request against what the service takes.
fn check(shared: &Arc<Shared>, method: &str, path: &str, body: &Value, request: &Request) {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let is_same = |template: &str| {
        let (mut given, mut wanted) = (path.split('/'), template.split('/'));
        loop {
            match (given.next(), wanted.next()) {
                (None, None) => return true,
                (Some(id), Some("{id}")) if id.bytes().all(|byte| byte.is_ascii_digit()) => {}
                (Some(_), Some("{emoji}")) => {}
                (Some(one), Some(other)) if one == other => {}
                _ => return false,
            }
        }
    };
    let mut calls = contract::CALLS.iter();
    let Some((_, template, fields, shape)) =
        calls.find(|(known, template, ..)| *known == method && is_same(template))
    else {
        shared.fault(format!(
            "{method} {path} is no call of the service that is used"
        ));
        return;
    };
    let mut found = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let Some((_, _, shape)) = fields.iter().find(|(field, ..)| *field == name) else {
            found.push(format!("{template}?{name}: there is no such parameter"));
            continue;
        };
        let number = value.parse::<i64>().ok().filter(|_| name == "limit");
        let value = number.map_or_else(|| Value::from(value), Value::from);
        shape::misfits(&value, *shape, &format!("{template}?{name}"), &mut found);
    }
    if !shape.is_empty() {
        shape::misfits_of_fields(body, shape, template, &mut found);
    } else if !request.text.is_empty() {
        found.push(format!("{method} {template} has a body"));
    }
    if method == "POST" && template.ends_with("/messages") {
        let says = ["content", "attachments", "poll", "sticker_ids"];
        if !says.iter().any(|field| body.get(field).is_some()) {
            found.push("a message says nothing".to_owned());
        }
        let files = body["attachments"].as_array().map_or(0, Vec::len);
        let parts = request.text.matches("name=\"files[").count();
        if files != parts {
            found.push(format!("{files} attachments and {parts} files"));
        }
    }
    for fault in found {
        shared.fault(fault);
    }
}
