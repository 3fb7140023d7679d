//! GOWA v9.2.0 (`src/ui/rest`, `src/usecase`, `src/validations`, `src/infrastructure/whatsapp/event_*.go`).

use serde_json::{Value, json};

use super::{
    Account, Author, Told, WhatsappFake, form_text, has_file, header, in_go, method, text_of,
    whatsmeow_groups,
};
use crate::support::{
    fake::{Reply, Request},
    services::signed,
};

pub(crate) struct Gowa;

fn success(results: &Value) -> Reply {
    Reply::Json(
        200,
        json!({"code": "SUCCESS", "message": "Success", "results": results}),
    )
}

fn failure(status: u16, code: &str, message: &str) -> Reply {
    Reply::Json(status, json!({"code": code, "message": message}))
}

/// `buildEventPayload`: unwrapped, and cut down to what the server knows.
fn payload(author: &Author, id: &str, message: &Value) -> (&'static str, Value) {
    let mut payload = json!({"id": id, "timestamp": "2026-11-27T10:00:00Z", "is_from_me": author.own,
        "chat_id": author.chat, "from": format!("{}@s.whatsapp.net", author.number),
        "sender_display_name": "Ana", "from_name": "Ana Lima"});
    if !author.hidden.is_empty() && !author.own {
        payload["from_lid"] = json!(author.hidden);
    }
    let inside = ["ephemeralMessage", "viewOnceMessageV2"];
    let wrapped = inside
        .iter()
        .map(|field| &message[*field]["message"])
        .find(|one| one.is_object());
    let message = wrapped.unwrap_or(message);
    let protocol = &message["protocolMessage"];
    if protocol["type"] == "REVOKE" {
        payload["revoked_message_id"] = protocol["key"]["id"].clone();
        return ("message.revoked", payload);
    }
    if protocol["type"] == "MESSAGE_EDIT" {
        payload["original_message_id"] = protocol["key"]["id"].clone();
        payload["body"] = protocol["editedMessage"]["conversation"].clone();
        return ("message.edited", payload);
    }
    if message["reactionMessage"].is_object() {
        payload["reaction"] = message["reactionMessage"]["text"].clone();
        payload["reacted_message_id"] = message["reactionMessage"]["key"]["id"].clone();
        return ("message.reaction", payload);
    }
    for field in ["conversation"] {
        if message[field].is_string() {
            payload["body"] = message[field].clone();
        }
    }
    let extended = &message["extendedTextMessage"];
    if extended.is_object() {
        payload["body"] = extended["text"].clone();
    }
    for (field, value) in message.as_object().into_iter().flatten() {
        let context = &value["contextInfo"];
        if context["stanzaId"].is_string() {
            payload["replied_to_id"] = context["stanzaId"].clone();
        }
        if context["isForwarded"] == true {
            payload["forwarded"] = json!(true);
        }
        if value["caption"].is_string() {
            payload["body"] = value["caption"].clone();
        }
        let path = |end: &str| format!("statics/media/1752404751-{id}.{end}");
        match field.as_str() {
            "imageMessage" if value["caption"].is_string() => {
                payload["image"] = json!({"path": path("jpeg"), "caption": value["caption"]});
            }
            "imageMessage" => payload["image"] = json!(path("jpeg")),
            "audioMessage" => payload["audio"] = json!(path("ogg")),
            "videoMessage" => payload["video"] = json!(path("mp4")),
            "documentMessage" => {
                payload["document"] =
                    json!({"url": "https://mmg.whatsapp.net/x", "filename": value["fileName"]});
            }
            "stickerMessage" => payload["sticker"] = json!(path("webp")),
            "locationMessage" => payload["location"] = in_go(value),
            "contactMessage" => {
                payload["contact"] =
                    json!({"displayName": value["displayName"], "vcard": value["vcard"]});
            }
            _ => {}
        }
    }
    ("message", payload)
}

impl Gowa {
    /// What it answers with a phone connected.
    fn bring_out(account: &mut Account, request: &Request, path: &str) -> Reply {
        let body = &request.body;
        let field =
            |name: &str| form_text(request, name).map_or_else(|| body[name].clone(), Value::from);
        let phone = field("phone");
        if phone == "4915100000404@s.whatsapp.net" {
            return failure(
                400,
                "INVALID_JID",
                "Phone 4915100000404@s.whatsapp.net is not on whatsapp",
            );
        }
        let about = &body["reply_message_id"];
        let name = match path {
            "/send/message" => account.take("text", &phone, &body["message"], about),
            "/send/image" if has_file(request, "image") || body["image_url"].is_string() => {
                account.take("image", &phone, &field("caption"), about)
            }
            "/send/image" => {
                return failure(
                    400,
                    "VALIDATION_ERROR",
                    "either Image or ImageURL must be provided",
                );
            }
            "/send/location" if body["latitude"].is_string() => {
                account.take("location", &phone, &Value::Null, about)
            }
            "/send/contact" if body["contact_phone"].is_string() => {
                account.take("contact", &phone, &body["contact_name"], about)
            }
            "/send/poll" if body["max_answer"] == 1 => {
                account.take("poll", &phone, &body["question"], about)
            }
            "/send/chat-presence" if body["action"] == "start" => "chat-presence-start".to_owned(),
            path if path.ends_with("/read") => "read".to_owned(),
            path if path.ends_with("/revoke") => {
                let id = path.split('/').nth(2).map(Value::from).unwrap_or_default();
                account.take("deletion", &phone, &Value::Null, &id)
            }
            path if path.ends_with("/reaction") => {
                let id = path.split('/').nth(2).map(Value::from).unwrap_or_default();
                account.take("reaction", &phone, &body["emoji"], &id)
            }
            path if path.ends_with("/messages") => {
                let jid = path.split('/').nth(2).unwrap_or_default();
                let to = jid.replace("@s.whatsapp.net", "");
                let all = account
                    .sent
                    .iter()
                    .filter(|one| one.to == to && one.what == "text");
                let all = all.map(|one| {
                    json!({"id": one.name, "content": one.text, "media_type": "",
                    "is_from_me": true, "timestamp": "2096-10-02T07:06:40Z"})
                });
                return success(&json!({"data": all.collect::<Vec<_>>()}));
            }
            path if path.ends_with("/download") => {
                return success(
                    &json!({"message_id": "D", "file_path": "statics/media/5511/a.txt", "media_type": "document"}),
                );
            }
            _ => return Reply::Text(404, "Cannot POST"),
        };
        success(&json!({"message_id": name, "status": "Message sent"}))
    }
}

impl WhatsappFake for Gowa {
    fn server(&self) -> &'static str {
        "gowa"
    }

    fn key(&self) -> &'static str {
        "ana:password-of-the-test"
    }

    fn answer(&self, account: &mut Account, request: &Request) -> Reply {
        let path = request.path.split('?').next().unwrap_or_default();
        // The files are in front of the password.
        if path.starts_with("/statics/") {
            return Reply::Text(200, "hello world");
        }
        let credentials = "Basic YW5hOnBhc3N3b3JkLW9mLXRoZS10ZXN0";
        if account.refuses_key || header(request, "authorization") != Some(credentials) {
            return Reply::Text(401, "Unauthorized");
        }
        let body = &request.body;
        match (method(request), path) {
            ("POST", "/devices") => {
                (account.is_there, account.is_connected) = (true, false);
                let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
                (account.url, account.secret) = (text("webhook_url"), text("webhook_secret"));
                return success(&json!({"id": body["device_id"], "state": "disconnected"}));
            }
            ("GET", "/app/info") => {
                return success(&json!({"version": "v9.2.0", "os": "AldinoKemal"}));
            }
            ("GET", "/devices") => {
                return success(&json!([{"id": "Cleudocode", "state": "logged_in"}]));
            }
            _ => {}
        }
        if !account.is_there {
            // A route of devices fails inside, one of messages in front.
            return if path.starts_with("/devices/") {
                failure(500, "INTERNAL_SERVER_ERROR", "device Cleudocode not found")
            } else {
                failure(
                    404,
                    "DEVICE_NOT_FOUND",
                    "device not found; create a device first",
                )
            };
        }
        match (method(request), path) {
            ("GET", "/devices/Cleudocode/status") => {
                let is_on = account.is_connected;
                return success(
                    &json!({"device_id": "Cleudocode", "is_connected": is_on, "is_logged_in": is_on}),
                );
            }
            ("PATCH", "/devices/Cleudocode/webhook") => {
                let Some(url) = body["webhook_url"].as_str() else {
                    return failure(400, "BAD_REQUEST", "webhook_url is required");
                };
                url.clone_into(&mut account.url);
                text_of(&body["webhook_secret"]).clone_into(&mut account.secret);
                return success(body);
            }
            ("GET", "/devices/Cleudocode/webhook") => {
                return success(
                    &json!({"webhook_url": account.url, "webhook_secret": account.secret}),
                );
            }
            ("GET", "/devices/Cleudocode/login") => {
                return success(
                    &json!({"qr_link": "http://elsewhere:3000/statics/qrcode/scan-qr-1.png", "qr_duration": 30}),
                );
            }
            _ => {}
        }
        if header(request, "x-device-id") != Some("Cleudocode") {
            return failure(400, "DEVICE_ID_REQUIRED", "device_id is required");
        }
        if !account.is_connected {
            return failure(
                401,
                "AUTHENTICATION_ERROR",
                "you are not connect to services server, please reconnect",
            );
        }
        if path == "/user/my/groups" {
            return success(&json!({"data": whatsmeow_groups()}));
        }
        Self::bring_out(account, request, path)
    }

    fn body(&self, told: &Told) -> Option<String> {
        let (event, payload) = match told {
            Told::Message {
                author,
                id,
                message,
            } => payload(author, id, message),
            Told::Receipt { id, what } => (
                "message.ack",
                json!({"ids": [id], "chat_id": "5511987654321@s.whatsapp.net",
                    "from": "5511987654321@s.whatsapp.net", "receipt_type": what}),
            ),
            Told::Typing(author) => (
                "chat_presence",
                json!({"from": format!("{}@s.whatsapp.net", author.number), "chat_id": author.chat,
                    "state": "composing", "media": "", "is_group": author.is_group()}),
            ),
            // It tells that on its socket alone.
            Told::LoggedOut => return None,
        };
        Some(json!({"event": event, "device_id": "5511900000000@s.whatsapp.net", "session_id": "Cleudocode",
            "payload": payload}).to_string())
    }

    fn proof(&self, account: &Account, body: &str) -> String {
        format!(
            "X-Hub-Signature-256: sha256={}",
            signed("sha256", &account.secret, body)
        )
    }

    fn reads_groups(&self) -> bool {
        false
    }

    fn told_otherwise(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("poll", json!({"kind": "unsupported"})),
            ("choice", json!({"kind": "unsupported"})),
            (
                "document",
                json!({"kind": "document", "media.name": "may.pdf", "text": "May"}),
            ),
        ]
    }
}
