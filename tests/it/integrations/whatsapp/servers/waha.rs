//! WAHA 2025.12.3 with each of its engines (`src/api`, `src/structures`, `src/core/engines`); with NOWEB as the Core of
//! 2024.10.8 answered when it was run: it refuses the names of newer events, and signs nothing.

use serde_json::{Map, Value, json};

use super::{
    Account, Author, Told, WhatsappFake, baileys_groups, go_message, header, method, text_of,
    whatsmeow_groups,
};
use crate::support::{
    fake::{Reply, Request},
    services::signed,
};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Noweb,
    Gows,
    Webjs,
}

pub(crate) struct Waha(pub(crate) Engine);

/// An address as WAHA has it (`toCusFormat`).
fn cus(jid: &str) -> String {
    jid.replace("@s.whatsapp.net", "@c.us")
}

fn name_of(author: &Author, id: &str) -> String {
    let member = if author.is_group() {
        format!("_{}", author.hidden)
    } else {
        String::new()
    };
    format!("{}_{}_{id}{member}", author.own, cus(author.chat))
}

impl Waha {
    /// `toWAMessage` of the engine.
    fn payload(&self, author: &Author, id: &str, message: &Value) -> Value {
        let files = [
            "imageMessage",
            "audioMessage",
            "videoMessage",
            "documentMessage",
            "stickerMessage",
        ];
        let file = files
            .iter()
            .map(|field| &message[*field])
            .find(|file| file.is_object());
        let extended = &message["extendedTextMessage"];
        let body = [
            &message["conversation"],
            &extended["text"],
            file.map_or(&Value::Null, |file| &file["caption"]),
        ];
        let body = body
            .into_iter()
            .find(|one| one.is_string())
            .cloned()
            .unwrap_or_default();
        let mut payload = json!({"id": name_of(author, id), "timestamp": 1_780_000_000, "from": cus(author.chat),
            "fromMe": author.own, "source": "app", "to": cus(author.chat), "body": body, "hasMedia": file.is_some(),
            "media": null, "ack": 1, "ackName": "SERVER", "vCards": []});
        if let Some(file) = file {
            payload["media"] = json!({"url": format!("http://elsewhere:3000/api/files/default/{id}.bin"),
                "mimetype": file["mimetype"], "filename": file["fileName"]});
        }
        let mut context = message
            .as_object()
            .into_iter()
            .flatten()
            .map(|(_, value)| &value["contextInfo"]);
        if let Some(answered) = context.find_map(|one| one["stanzaId"].as_str()) {
            payload["replyTo"] =
                json!({"id": format!("false_{}_{answered}", cus(author.chat)), "body": "before"});
        }
        payload["_data"] = match self.0 {
            Engine::Noweb => {
                json!({"key": {"id": id, "remoteJid": author.chat, "fromMe": author.own,
                "remoteJidAlt": author.hidden, "participant": author.is_group().then_some(author.hidden),
                "participantAlt": author.is_group().then(|| format!("{}@s.whatsapp.net", author.number))},
                "message": message, "pushName": "Ana Lima"})
            }
            Engine::Gows => go_message(author, id, message),
            Engine::Webjs => webjs(message, &mut payload),
        };
        if self.0 == Engine::Webjs && author.is_group() {
            // It knows members by their number.
            payload["id"] = json!(format!(
                "{}_{}_{id}_{}@c.us",
                author.own, author.chat, author.number
            ));
        }
        payload
    }
}

/// What whatsapp-web.js tells, as far as it is read.
fn webjs(message: &Value, payload: &mut Value) -> Value {
    let place = &message["locationMessage"];
    if place.is_object() {
        payload["location"] = json!({"latitude": place["degreesLatitude"].to_string(),
            "longitude": place["degreesLongitude"].to_string(), "description": place["name"]});
    }
    let card = &message["contactMessage"]["vcard"];
    if card.is_string() {
        payload["vCards"] = json!([card]);
    }
    let poll = &message["pollCreationMessage"];
    let kind = match message
        .as_object()
        .and_then(|fields| fields.keys().next())
        .map(String::as_str)
    {
        Some("audioMessage") => "ptt",
        Some("documentMessage") => "document",
        Some("stickerMessage") => "sticker",
        Some("pollCreationMessage") => "poll_creation",
        _ => "chat",
    };
    let options = poll["options"].as_array().into_iter().flatten();
    let options: Vec<Value> = options
        .map(|one| json!({"name": one["optionName"]}))
        .collect();
    json!({"type": kind, "notifyName": "Ana Lima", "pollName": poll["name"], "pollOptions": options})
}

fn exception(status: u16, body: Value) -> Reply {
    Reply::Json(status, body)
}

impl Waha {
    /// What it answers with a phone connected.
    fn bring_out(&self, account: &mut Account, request: &Request, path: &str) -> Reply {
        let body = &request.body;
        let chat = &body["chatId"];
        if chat == "4915100000404@c.us" {
            let said = "The number is not registered on WhatsApp";
            return exception(
                400,
                json!({"message": said, "error": "Bad Request", "statusCode": 400}),
            );
        }
        if path == "/api/startTyping" || path == "/api/sendSeen" {
            return Reply::Json(201, json!({"result": true}));
        }
        if let Some((chats, id)) = path.split_once("/messages/") {
            let chat = chats.rsplit('/').next().unwrap_or_default();
            let chat = Value::from(chat.replace("%40", "@"));
            let id = id.rsplit('_').next().map(Value::from).unwrap_or_default();
            account.take("deletion", &chat, &Value::Null, &id);
            return Reply::Json(200, json!({}));
        }
        if path.ends_with("/messages") {
            let to = path
                .split('/')
                .nth(4)
                .unwrap_or_default()
                .replace("@c.us", "");
            let all = account
                .sent
                .iter()
                .filter(|one| one.to == to && one.what == "text");
            let all = all.map(|one| {
                json!({"id": format!("true_{to}@c.us_{}", one.name), "body": one.text,
                "timestamp": 4_000_000_000_u64, "fromMe": true, "hasMedia": false})
            });
            return Reply::Json(200, all.collect());
        }
        assert_eq!(body["session"], "Cleudocode");
        let about = &body["reply_to"];
        let name = match path {
            "/api/sendText" => account.take("text", chat, &body["text"], about),
            "/api/sendImage"
                if body["file"]["data"].is_string() || body["file"]["url"].is_string() =>
            {
                account.take("image", chat, &body["caption"], about)
            }
            "/api/sendLocation" => account.take("location", chat, &body["title"], about),
            "/api/sendContactVcard" => {
                let card = body["contacts"][0]["vcard"].as_str().unwrap_or_default();
                let name = card
                    .lines()
                    .find_map(|line| line.strip_prefix("FN:"))
                    .unwrap_or_default();
                account.take("contact", chat, &json!(name), about)
            }
            "/api/sendPoll" => account.take("poll", chat, &body["poll"]["name"], about),
            "/api/reaction" => {
                let name = body["messageId"].as_str().unwrap_or_default();
                let parts: Vec<&str> = name.split('_').collect();
                assert!(parts.len() >= 3, "{name}");
                account.take(
                    "reaction",
                    &json!(parts[1]),
                    &body["reaction"],
                    &json!(parts[2]),
                )
            }
            _ => {
                return exception(
                    404,
                    json!({"message": format!("Cannot POST {path}"), "statusCode": 404}),
                );
            }
        };
        let to = account
            .sent
            .last()
            .map(|one| one.to.clone())
            .unwrap_or_default();
        let serialized = format!("true_{to}@c.us_{name}");
        Reply::Json(
            201,
            match self.0 {
                Engine::Noweb => {
                    json!({"key": {"id": name, "fromMe": true, "remoteJid": format!("{to}@s.whatsapp.net")}, "status": 1})
                }
                Engine::Gows => json!({"id": serialized, "_data": {"Info": {"ID": name}}}),
                Engine::Webjs => {
                    json!({"id": {"fromMe": true, "id": name, "_serialized": serialized}})
                }
            },
        )
    }
}

impl Waha {
    /// Each engine has its own shape (`getGroups` of `session.noweb.core.ts`, `session.gows.core.ts`,
    /// `session.webjs.core.ts`).
    fn groups(&self) -> Value {
        let by_baileys = baileys_groups();
        let all = by_baileys.as_array().into_iter().flatten();
        let id = |one: &Value| text_of(&one["id"]).to_owned();
        match self.0 {
            Engine::Gows => whatsmeow_groups(),
            Engine::Noweb => all.map(|one| (id(one), one.clone())).collect::<Map<_, _>>().into(),
            Engine::Webjs => all
                .map(|one| {
                    let address = json!({"server": "g.us", "_serialized": id(one)});
                    json!({"id": address, "name": one["subject"], "isGroup": true, "isReadOnly": false,
                        "groupMetadata": {"id": address, "subject": one["subject"], "size": one["size"],
                            "announce": one["announce"], "isParentGroup": one["isCommunity"]}})
                })
                .collect(),
        }
    }
}

impl WhatsappFake for Waha {
    fn server(&self) -> &'static str {
        "waha"
    }

    fn key(&self) -> &'static str {
        "waha-key-of-the-test"
    }

    fn answer(&self, account: &mut Account, request: &Request) -> Reply {
        if request.path == "/ping" {
            return Reply::Json(200, json!({"message": "pong"}));
        }
        if account.refuses_key || header(request, "x-api-key") != Some(self.key()) {
            return exception(401, json!({"message": "Unauthorized", "statusCode": 401}));
        }
        let path = request.path.split('?').next().unwrap_or_default();
        let body = &request.body;
        if let Some(file) = path.strip_prefix("/api/files/default/") {
            assert!(!file.is_empty());
            return Reply::Text(200, "hello world");
        }
        let events = body["config"]["webhooks"][0]["events"].as_array();
        let is_newer = |event: &Value| event == "message.edited" || event == "message.ack.group";
        if self.0 == Engine::Noweb && events.is_some_and(|events| events.iter().any(is_newer)) {
            let said = "config.webhooks.0.each value in events must be one of the following values: \
                        session.status, message, message.reaction, message.any, message.ack";
            return exception(
                400,
                json!({"message": [said], "error": "Bad Request", "statusCode": 400}),
            );
        }
        let status = if account.is_connected {
            "WORKING"
        } else {
            "SCAN_QR_CODE"
        };
        let session = |account: &Account| {
            let webhooks = if account.url.is_empty() {
                json!([])
            } else {
                json!([{"url": account.url, "events": ["*"], "hmac": {"key": account.secret}}])
            };
            json!({"name": "Cleudocode", "status": status, "me": null, "config": {"debug": false, "webhooks": webhooks}})
        };
        let mut keep = |config: &Value| {
            let webhook = &config["webhooks"][0];
            text_of(&webhook["url"]).clone_into(&mut account.url);
            text_of(&webhook["hmac"]["key"]).clone_into(&mut account.secret);
        };
        match (method(request), path) {
            ("GET", "/api/sessions/Cleudocode") if !account.is_there => {
                return exception(
                    404,
                    json!({"message": "Session not found", "error": "Not Found", "statusCode": 404}),
                );
            }
            ("GET", "/api/sessions/Cleudocode") => return Reply::Json(200, session(account)),
            ("PUT", "/api/sessions/Cleudocode") => {
                keep(&body["config"]);
                return Reply::Json(200, session(account));
            }
            ("POST", "/api/sessions") => {
                keep(&body["config"]);
                (account.is_there, account.is_connected) = (true, false);
                return Reply::Json(201, json!({"name": "Cleudocode", "status": "STARTING"}));
            }
            ("GET", "/api/server/version") => {
                return Reply::Json(
                    200,
                    json!({"version": "2025.12.3", "engine": "NOWEB", "tier": "CORE"}),
                );
            }
            ("GET", "/api/Cleudocode/auth/qr") => {
                return Reply::Json(200, json!({"value": "2@code"}));
            }
            _ => {}
        }
        if !account.is_connected {
            return exception(
                422,
                json!({"error": "Session status is not as expected. Try again later or restart the session",
                "session": "Cleudocode", "status": "SCAN_QR_CODE", "expected": ["WORKING"]}),
            );
        }
        if path == "/api/Cleudocode/groups" {
            return Reply::Json(200, self.groups());
        }
        self.bring_out(account, request, path)
    }

    fn body(&self, told: &Told) -> Option<String> {
        let (event, payload) = match told {
            Told::Message {
                author,
                id,
                message,
            } => {
                let mut payload = self.payload(author, id, message);
                let protocol = &message["protocolMessage"];
                let reaction = &message["reactionMessage"];
                if reaction.is_object() {
                    payload["reaction"] = json!({"text": reaction["text"],
                        "messageId": format!("false_{}_{}", cus(author.chat), reaction["key"]["id"].as_str().unwrap_or_default())});
                    ("message.reaction", payload)
                } else if protocol["type"] == "MESSAGE_EDIT" {
                    payload["editedMessageId"] = protocol["key"]["id"].clone();
                    payload["body"] = protocol["editedMessage"]["conversation"].clone();
                    ("message.edited", payload)
                } else if protocol["type"] == "REVOKE" {
                    (
                        "message.revoked",
                        json!({"after": payload, "before": null, "revokedMessageId": protocol["key"]["id"]}),
                    )
                } else {
                    ("message.any", payload)
                }
            }
            Told::Receipt { id, what } => {
                let (ack, name) = match *what {
                    "delivered" => (2, "DEVICE"),
                    "read" => (3, "READ"),
                    _ => (4, "PLAYED"),
                };
                (
                    "message.ack",
                    json!({"id": format!("true_5511987654321@c.us_{id}"), "from": "5511987654321@c.us",
                    "participant": null, "fromMe": true, "ack": ack, "ackName": name}),
                )
            }
            Told::Typing(author) => (
                "presence.update",
                json!({"id": cus(author.chat), "presences": [{"participant": format!("{}@c.us", author.number),
                    "lastKnownPresence": "typing"}]}),
            ),
            Told::LoggedOut => (
                "session.status",
                json!({"name": "Cleudocode", "status": "FAILED", "statuses": []}),
            ),
        };
        let engine = match self.0 {
            Engine::Noweb => "NOWEB",
            Engine::Gows => "GOWS",
            Engine::Webjs => "WEBJS",
        };
        Some(json!({"id": "evt_1", "timestamp": 1_780_000_000_000_u64, "event": event, "session": "Cleudocode",
            "me": {"id": "5511900000000@c.us", "pushName": "We"}, "payload": payload, "engine": engine,
            "environment": {"version": "2025.12.3", "engine": engine, "tier": "CORE"}}).to_string())
    }

    fn path(&self, account: &Account) -> String {
        match self.0 {
            // Set by hand, without a secret in the address.
            Engine::Gows => "/webhooks/whatsapp".to_owned(),
            Engine::Noweb | Engine::Webjs => {
                format!("/webhooks/whatsapp?secret={}", account.secret)
            }
        }
    }

    fn proof(&self, account: &Account, body: &str) -> String {
        if self.0 == Engine::Noweb {
            return "User-Agent: WAHA/2024.10.8".to_owned();
        }
        format!(
            "X-Webhook-Hmac: {}",
            signed("sha512", &account.secret, body)
        )
    }

    fn told_otherwise(&self) -> Vec<(&'static str, Value)> {
        if self.0 != Engine::Webjs {
            return vec![];
        }
        vec![
            ("choice", json!({"kind": "unsupported"})),
            ("wrapped", json!({"kind": "unsupported"})),
        ]
    }
}
