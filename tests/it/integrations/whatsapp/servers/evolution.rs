//! The Evolution API 2.3.6 (`src/api/routes`, `src/validate`, `whatsapp.baileys.service.ts`).

use data_encoding::BASE64;
use serde_json::{Value, json};

use super::{Account, Author, Told, WhatsappFake, form_text, header, text_of};
use crate::support::fake::{Reply, Request};

pub(crate) struct Evolution;

fn refused(status: u16, said: Value) -> Reply {
    let mut body = json!({"status": status, "error": "Bad Request"});
    body["response"]["message"] = said;
    Reply::Json(status, body)
}

fn key(author: &Author, id: &str) -> Value {
    let number = format!("{}@s.whatsapp.net", author.number);
    if author.is_group() {
        return json!({"id": id, "remoteJid": author.chat, "fromMe": author.own,
            "participant": author.hidden, "participantAlt": number});
    }
    json!({"id": id, "remoteJid": author.chat, "fromMe": author.own, "remoteJidAlt": author.hidden})
}

impl Evolution {
    /// What it answers with a phone connected.
    fn bring_out(account: &mut Account, request: &Request, path: &str) -> Reply {
        let body = &request.body;
        if path == "/chat/deleteMessageForEveryone"
            && request.head.starts_with("DELETE ")
            && body["fromMe"] == true
        {
            account.take("deletion", &body["remoteJid"], &Value::Null, &body["id"]);
            return Reply::Json(
                201,
                json!({"message": {"protocolMessage": {"type": "REVOKE"}}}),
            );
        }
        if path == "/chat/sendPresence" || path == "/chat/markMessageAsRead" {
            return Reply::Json(201, json!({}));
        }
        let number = form_text(request, "number").map_or(body["number"].clone(), Value::from);
        if number == "4915100000404" {
            return refused(
                400,
                json!([{"jid": "4915100000404@s.whatsapp.net", "exists": false}]),
            );
        }
        let about = &body["quoted"]["key"]["id"];
        let caption = form_text(request, "caption").map_or(body["caption"].clone(), Value::from);
        let name = match path {
            "/message/sendText" => account.take("text", &number, &body["text"], about),
            "/message/sendMedia" => account.take("image", &number, &caption, about),
            "/message/sendLocation" => account.take("location", &number, &body["name"], about),
            "/message/sendContact" => {
                account.take("contact", &number, &body["contact"][0]["fullName"], about)
            }
            "/message/sendPoll" => account.take("poll", &number, &body["name"], about),
            "/message/sendReaction" => {
                let key = &body["key"];
                account.take("reaction", &key["remoteJid"], &body["reaction"], &key["id"])
            }
            _ => return refused(404, json!([format!("Cannot POST {path}")])),
        };
        Reply::Json(201, json!({"key": {"id": name}}))
    }
}

impl WhatsappFake for Evolution {
    fn server(&self) -> &'static str {
        "evolution"
    }

    fn key(&self) -> &'static str {
        "evolution-key-of-the-test"
    }

    fn answer(&self, account: &mut Account, request: &Request) -> Reply {
        if request.path == "/" {
            return Reply::Json(
                200,
                json!({"status": 200, "message": "Welcome to the Evolution API, it is working!", "version": "2.3.7"}),
            );
        }
        if account.refuses_key || header(request, "apikey") != Some(self.key()) {
            return Reply::Json(
                401,
                json!({"status": 401, "error": "Unauthorized", "response": {"message": "Unauthorized"}}),
            );
        }
        let body = &request.body;
        if let Some(query) = request
            .path
            .strip_prefix("/group/fetchAllGroups/Cleudocode")
        {
            return match query {
                _ if !account.is_connected => Reply::Json(
                    500,
                    json!({"status": 500, "error": "Internal Server Error", "response": {"message": "Connection Closed"}}),
                ),
                "?getParticipants=false" => Reply::Json(200, account.baileys_groups()),
                _ => refused(
                    400,
                    json!(["The getParticipants needs to be informed in the query"]),
                ),
            };
        }
        let Some(path) = request.path.strip_suffix("/Cleudocode") else {
            if request.path == "/instance/create" {
                (account.is_there, account.is_connected) = (true, false);
                return Reply::Json(
                    201,
                    json!({"instance": {"status": "connecting"}, "qrcode": {"code": "2@code", "count": 1}}),
                );
            }
            return Reply::Json(200, json!([]));
        };
        if !account.is_there {
            return refused(404, json!(["The \"Cleudocode\" instance does not exist"]));
        }
        match path {
            "/instance/connectionState" => {
                let state = if account.is_connected {
                    "open"
                } else {
                    "close"
                };
                return Reply::Json(
                    200,
                    json!({"instance": {"instanceName": "Cleudocode", "state": state}}),
                );
            }
            "/instance/connect" => {
                return Reply::Json(
                    200,
                    json!({"pairingCode": null, "code": "2@code", "count": 1}),
                );
            }
            "/webhook/set" => {
                let webhook = &body["webhook"];
                text_of(&webhook["url"]).clone_into(&mut account.url);
                let secret = &webhook["headers"]["x-cleudocodebot-secret"];
                text_of(secret).clone_into(&mut account.secret);
                return Reply::Json(201, webhook.clone());
            }
            "/webhook/find" => return Reply::Json(200, Value::Null),
            "/chat/getBase64FromMediaMessage" => {
                return Reply::Json(
                    201,
                    json!({"mediaType": "documentMessage", "fileName": "a.txt",
                    "mimetype": "text/plain", "base64": BASE64.encode(b"hello world")}),
                );
            }
            "/chat/findMessages" => {
                let jid = body["where"]["key"]["remoteJid"]
                    .as_str()
                    .unwrap_or_default();
                let to = jid.replace("@s.whatsapp.net", "");
                let all = account
                    .sent
                    .iter()
                    .filter(|one| one.to == to && one.what == "text");
                let all = all.map(|one| {
                    json!({"key": {"id": one.name}, "message": {"conversation": one.text},
                    "messageTimestamp": 4_000_000_000_u64})
                });
                return Reply::Json(
                    200,
                    json!({"messages": {"records": all.collect::<Vec<_>>()}}),
                );
            }
            _ => {}
        }
        if !account.is_connected {
            return refused(400, json!(["Error: Connection Closed"]));
        }
        Self::bring_out(account, request, path)
    }

    fn body(&self, told: &Told) -> Option<String> {
        let (event, data) = match told {
            Told::Message {
                author,
                id,
                message,
            } => {
                let mut data = json!({"key": key(author, id), "pushName": "Ana Lima", "message": message,
                    "messageTimestamp": 1_780_000_000});
                let mut context = ["extendedTextMessage"]
                    .iter()
                    .map(|field| &message[*field]["contextInfo"]);
                if let Some(context) = context.find(|context| context.is_object()) {
                    // It rewrites a text with a context.
                    data["contextInfo"] = context.clone();
                    data["message"] =
                        json!({"conversation": message["extendedTextMessage"]["text"]});
                }
                ("messages.upsert", data)
            }
            Told::Receipt { id, what } => {
                let status = match *what {
                    "delivered" => "DELIVERY_ACK",
                    "read" => "READ",
                    _ => "PLAYED",
                };
                (
                    "messages.update",
                    json!({"keyId": id, "remoteJid": "5511987654321@s.whatsapp.net",
                    "fromMe": true, "status": status}),
                )
            }
            Told::Typing(author) => {
                let member = format!("{}@s.whatsapp.net", author.number);
                (
                    "presence.update",
                    json!({"id": author.chat, "presences": {member: {"lastKnownPresence": "composing"}}}),
                )
            }
            Told::LoggedOut => (
                "connection.update",
                json!({"state": "close", "statusReason": 401}),
            ),
        };
        Some(json!({"event": event, "instance": "Cleudocode", "sender": "5511900000000@s.whatsapp.net",
            "apikey": self.key(), "data": data}).to_string())
    }

    fn proof(&self, account: &Account, _: &str) -> String {
        format!("x-cleudocodebot-secret: {}", account.secret)
    }
}
