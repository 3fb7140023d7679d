//! Evolution Go 0.6.1 (`pkg/routes`, `pkg/sendMessage`, `pkg/message`, `pkg/instance`, `pkg/whatsmeow/service`).

use serde_json::{Value, json};

use super::{
    Account, Told, WhatsappFake, form_text, go_message, go_receipt, go_typing, has_file, header,
    method, whatsmeow_groups,
};
use crate::support::fake::{Reply, Request};

pub(crate) struct EvolutionGo;

fn success(data: &Value) -> Reply {
    Reply::Json(200, json!({"message": "success", "data": data}))
}

fn failed(status: u16, error: &str) -> Reply {
    Reply::Json(status, json!({"error": error}))
}

impl WhatsappFake for EvolutionGo {
    fn server(&self) -> &'static str {
        "evolution-go"
    }

    fn key(&self) -> &'static str {
        "evolution-go-token-of-the-test"
    }

    fn answer(&self, account: &mut Account, request: &Request) -> Reply {
        if request.path == "/server/ok" {
            return Reply::Json(200, json!({"status": "ok"}));
        }
        if account.refuses_key || header(request, "apikey") != Some(self.key()) {
            return failed(401, "not authorized");
        }
        let body = &request.body;
        match (method(request), request.path.as_str()) {
            ("POST", "/instance/connect") => {
                let url = body["webhookUrl"].as_str().unwrap_or_default();
                let (before, secret) = url.split_once("?secret=").expect("a secret");
                (account.url, account.secret) = (before.to_owned(), secret.to_owned());
                return success(&json!({"jid": "", "webhookUrl": url, "eventString": "MESSAGE"}));
            }
            ("GET", "/instance/qr") => {
                return success(&json!({"Qrcode": "data:image/png;base64,AA==", "Code": "2@code"}));
            }
            ("GET", "/instance/status") if !account.is_there => {
                return failed(400, "no active session found");
            }
            ("GET", "/instance/status") => {
                return success(
                    &json!({"Connected": true, "LoggedIn": account.is_connected, "Name": "We"}),
                );
            }
            _ => {}
        }
        if !account.is_connected {
            return failed(500, "no active session found");
        }
        match request.path.as_str() {
            "/group/list" => return success(&whatsmeow_groups()),
            "/message/presence" if body["state"] == "composing" => {
                return success(&json!({"timestamp": ""}));
            }
            "/message/delete" if body["messageId"].is_string() => {
                let name =
                    account.take("deletion", &body["chat"], &Value::Null, &body["messageId"]);
                return success(&json!({"messageId": name, "timestamp": ""}));
            }
            "/message/markread" if body["id"].is_array() => {
                return success(&json!({"timestamp": ""}));
            }
            "/message/downloadmedia" => {
                let file = &body["message"]["documentMessage"];
                if !file["URL"].is_string() || !file["mediaKey"].is_string() {
                    return failed(500, "invalid media type");
                }
                return success(
                    &json!({"base64": "data:text/plain;base64,aGVsbG8gd29ybGQ=", "timestamp": ""}),
                );
            }
            _ => {}
        }
        let field =
            |name: &str| form_text(request, name).map_or_else(|| body[name].clone(), Value::from);
        let number = field("number");
        if number.as_str().is_none_or(str::is_empty) {
            return failed(400, "phone number is required");
        }
        if number == "4915100000404" {
            return failed(500, "number 4915100000404 is not registered on WhatsApp");
        }
        let about = &body["quoted"]["messageId"];
        let name = match request.path.as_str() {
            "/send/text" if body["text"].is_string() => {
                account.take("text", &number, &body["text"], about)
            }
            "/send/media" => {
                if !has_file(request, "file") && !body["url"].is_string() {
                    return failed(400, "URL is required");
                }
                assert_eq!(field("type"), "image");
                account.take("image", &number, &field("caption"), about)
            }
            "/send/location" => account.take("location", &number, &body["name"], about),
            "/send/contact" if body["vcard"]["phone"].is_string() => {
                account.take("contact", &number, &body["vcard"]["fullName"], about)
            }
            "/send/poll" if body["maxAnswer"] == 1 => {
                account.take("poll", &number, &body["question"], about)
            }
            "/message/react" => account.take("reaction", &number, &body["reaction"], &body["id"]),
            _ => return Reply::Text(404, "404 page not found"),
        };
        success(&json!({"Info": {"ID": name, "IsFromMe": true}, "Message": {}}))
    }

    fn body(&self, told: &Told) -> Option<String> {
        let mut body = match told {
            Told::Message {
                author,
                id,
                message,
            } => json!({"event": "Message", "data": go_message(author, id, message)}),
            Told::Receipt { id, what } => {
                let state = match *what {
                    "delivered" => "Delivered",
                    "read" => "Read",
                    // Others are dropped.
                    _ => return None,
                };
                json!({"event": "Receipt", "data": go_receipt(id, what), "state": state})
            }
            Told::Typing(author) => json!({"event": "ChatPresence", "data": go_typing(author)}),
            Told::LoggedOut => json!({"event": "LoggedOut", "data": {"reason": "Logged out"}}),
        };
        body["instanceToken"] = json!(self.key());
        body["instanceId"] = json!("1b1c");
        body["instanceName"] = json!("Cleudocode");
        Some(body.to_string())
    }

    fn path(&self, account: &Account) -> String {
        format!("/webhooks/whatsapp?secret={}", account.secret)
    }

    fn proof(&self, _: &Account, _: &str) -> String {
        "content-type: application/json".to_owned()
    }

    fn searches(&self) -> bool {
        false
    }

    fn reads_groups(&self) -> bool {
        false
    }
}
