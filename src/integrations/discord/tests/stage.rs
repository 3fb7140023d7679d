//! A bot with a store of its own, on a fake of the REST API.

use std::{
    collections::VecDeque,
    ops::Deref,
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};

use crate::{
    config::FetchRule,
    integrations::{
        discord::{Discord, DiscordSettings, api::DiscordApi, who::Me},
        testing::{
            Desk,
            server::{Answer, Asked, Server},
        },
    },
};

/// The bot.
pub(super) const ME: u64 = 99;

/// Somebody who writes, and the channel of her direct messages.
pub(super) const ANA: &str = "42";
pub(super) const DIRECT: &str = "420";

type Script = Arc<Mutex<VecDeque<(u16, Value)>>>;

pub(super) struct Stage {
    pub(super) discord: Discord,
    desk: Desk,
    server: Server,
    script: Script,
    key: Mutex<u64>,
}

impl Deref for Stage {
    type Target = Desk;

    fn deref(&self) -> &Desk {
        &self.desk
    }
}

impl Stage {
    /// A bot that hears those on this list.
    pub(super) async fn new(allow: &str) -> Self {
        let script = Script::default();
        let answers = Arc::clone(&script);
        let server = Server::start(move |asked: &Asked| answer(&answers, asked)).await;
        let settings = DiscordSettings {
            token: "a.b.c".to_owned(),
            base: server.base.clone(),
            fetches: FetchRule::All,
        };
        let desk = Desk::new("discord", allow);
        let mut api = DiscordApi::new("discord", &settings);
        api.cdn = settings.base.url();
        let (ingress, media) = (desk.ingress.clone(), desk.media.clone());
        Self {
            discord: Discord::of("discord", api, &settings, ingress, media),
            desk,
            server,
            script,
            key: Mutex::default(),
        }
    }

    /// What is answered next, instead of the usual.
    pub(super) fn answers(&self, status: u16, body: Value) {
        let mut script = self.script.lock().expect("whole");
        script.push_back((status, body));
    }

    /// What was asked since the last time.
    pub(super) fn asked(&self) -> Vec<Asked> {
        self.server.asked()
    }

    /// The address of the server.
    pub(super) fn url(&self) -> String {
        self.server.base.url()
    }

    /// Takes an event.
    pub(super) async fn take(&self, event: &str, data: Value) {
        let key = {
            let mut key = self.key.lock().expect("whole");
            *key += 1;
            format!("s:{key}")
        };
        let me = Me {
            id: ME,
            name: "shop".to_owned(),
        };
        let receiver = &self.discord.receiver;
        let taken = receiver.take(event, &data.to_string(), &key, &me).await;
        taken.expect("stored");
    }
}

/// A message of Ana's to the bot, with these fields besides.
pub(super) fn message(id: u64, fields: &Value) -> Value {
    let mut message = json!({"id": id.to_string(), "channel_id": DIRECT, "type": 0, "content": "",
        "author": {"id": ANA, "username": "ana_l", "global_name": "Ana"}, "mentions": [], "flags": 0,
        "attachments": [], "embeds": [], "components": [], "mention_roles": [], "edited_timestamp": null});
    for (key, value) in fields.as_object().expect("fields") {
        message[key] = value.clone();
    }
    message
}

fn answer(script: &Script, asked: &Asked) -> Answer {
    if let Some((status, body)) = script.lock().expect("whole").pop_front() {
        return Answer::Json(status, body);
    }
    match asked.path.as_str() {
        "/api/v10/users/@me" => {
            Answer::Json(200, json!({"id": ME.to_string(), "username": "shop"}))
        }
        "/api/v10/users/@me/channels" => Answer::Json(200, json!({"id": DIRECT, "type": 1})),
        "/stickers/5.png" => Answer::File("image/png", b"a sticker".to_vec()),
        "/attachments/a" => Answer::File("text/plain", b"a file".to_vec()),
        path if path.ends_with("/messages") => Answer::Json(200, json!({"id": "1000"})),
        _ => Answer::Json(404, json!({"message": "Unknown Channel", "code": 10003})),
    }
}
