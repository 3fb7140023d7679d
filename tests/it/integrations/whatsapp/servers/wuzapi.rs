//! wuzapi (`handlers.go`, `wmiau.go`, `helpers.go`).

use serde_json::{Value, json};

use super::{
    Account, Told, WhatsappFake, go_message, go_receipt, go_typing, header, method,
    whatsmeow_groups,
};
use crate::support::fake::{Reply, Request};

pub(crate) struct Wuzapi;

fn answered(data: &Value) -> Reply {
    Reply::Json(200, json!({"code": 200, "data": data, "success": true}))
}

fn failed(status: u16, error: &str) -> Reply {
    Reply::Json(
        status,
        json!({"code": status, "error": error, "success": false}),
    )
}

/// A text as a form has it.
fn escaped(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        b' ' => "+".to_owned(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(escape).collect()
}

impl WhatsappFake for Wuzapi {
    fn server(&self) -> &'static str {
        "wuzapi"
    }

    fn key(&self) -> &'static str {
        "wuzapi-token-of-the-test"
    }

    fn answer(&self, account: &mut Account, request: &Request) -> Reply {
        if account.refuses_key || header(request, "token") != Some(self.key()) {
            return failed(401, "Unauthorized");
        }
        let body = &request.body;
        match (method(request), request.path.as_str()) {
            ("POST", "/webhook") => {
                let url = body["webhookurl"].as_str().unwrap_or_default();
                let (before, secret) = url.split_once("?secret=").expect("a secret");
                (account.url, account.secret) = (before.to_owned(), secret.to_owned());
                return answered(&json!({"webhook": url}));
            }
            ("GET", "/webhook") => {
                let url = format!("{}?secret={}", account.url, account.secret);
                return answered(&json!({"webhook": url, "subscribe": ["Message"]}));
            }
            ("POST", "/session/connect") => {
                return answered(&json!({"details": "Connected!", "jid": ""}));
            }
            ("GET", "/session/qr") => {
                return answered(&json!({"QRCode": "data:image/png;base64,aGVsbG8gd29ybGQ="}));
            }
            ("GET", "/session/status") if !account.is_there => return failed(500, "No session"),
            ("GET", "/session/status") => {
                return answered(&json!({"Connected": true, "LoggedIn": account.is_connected}));
            }
            _ => {}
        }
        if !account.is_connected {
            return failed(500, "No session");
        }
        match request.path.as_str() {
            "/group/list" => return answered(&json!({"Groups": whatsmeow_groups()})),
            "/chat/presence" if body["State"] == "composing" => {
                return answered(&json!({"Details": "Chat presence set successfuly"}));
            }
            "/chat/markread" if body["Id"].is_array() && body["Chat"].is_string() => {
                return answered(&json!({"Details": "Message(s) marked as read"}));
            }
            "/chat/downloaddocument" if body["MediaKey"].is_string() && body["Url"].is_string() => {
                return answered(
                    &json!({"Mimetype": "text/plain", "Data": "data:text/plain;base64,aGVsbG8gd29ybGQ="}),
                );
            }
            _ => {}
        }
        let phone = &body["Phone"];
        if phone.as_str().is_none_or(str::is_empty) {
            return failed(400, "Missing Phone in Payload");
        }
        if phone == "4915100000404" {
            return failed(
                500,
                "Error sending message: no LID found for 4915100000404@s.whatsapp.net from server",
            );
        }
        let context = &body["ContextInfo"];
        let about = &context["StanzaID"];
        assert_eq!(
            context["StanzaID"].is_string(),
            context["Participant"].is_string()
        );
        let name = match request.path.as_str() {
            "/chat/delete" if body["Id"].is_string() => {
                account.take("deletion", phone, &Value::Null, &body["Id"])
            }
            "/chat/send/text" if body["Body"].is_string() => {
                account.take("text", phone, &body["Body"], about)
            }
            "/chat/send/image" => {
                let image = body["Image"].as_str().unwrap_or_default();
                if !image.starts_with("data:image") && !image.starts_with("http") {
                    return failed(
                        400,
                        "Image data should start with \"data:image/png;base64,\"",
                    );
                }
                account.take("image", phone, &body["Caption"], &Value::Null)
            }
            "/chat/send/location" => account.take("location", phone, &body["Name"], &Value::Null),
            "/chat/send/contact" if body["Vcard"].is_string() => {
                account.take("contact", phone, &body["Name"], &Value::Null)
            }
            "/chat/react" => {
                let id = body["Id"].as_str().unwrap_or_default();
                account.take(
                    "reaction",
                    phone,
                    &body["Body"],
                    &json!(id.trim_start_matches("me:")),
                )
            }
            _ => return Reply::Text(404, "404 page not found\n"),
        };
        answered(&json!({"Details": "Sent", "Id": name, "Timestamp": "2026-11-27T10:00:00-03:00"}))
    }

    fn body(&self, told: &Told) -> Option<String> {
        let body = match told {
            Told::Message {
                author,
                id,
                message,
            } => json!({"type": "Message", "event": go_message(author, id, message)}),
            Told::Receipt { id, what } => {
                let state = match *what {
                    "delivered" => "Delivered",
                    "read" => "Read",
                    // Others are dropped.
                    _ => return None,
                };
                json!({"type": "ReadReceipt", "event": go_receipt(id, what), "state": state})
            }
            Told::Typing(author) => json!({"type": "ChatPresence", "event": go_typing(author)}),
            Told::LoggedOut => {
                json!({"type": "LoggedOut", "event": {"OnConnect": false, "Reason": 401}})
            }
        };
        Some(format!(
            "jsonData={}&token={}",
            escaped(&body.to_string()),
            self.key()
        ))
    }

    fn path(&self, account: &Account) -> String {
        format!("/webhooks/whatsapp?secret={}", account.secret)
    }

    fn proof(&self, _: &Account, _: &str) -> String {
        "content-type: application/x-www-form-urlencoded".to_owned()
    }

    fn unable(&self) -> &'static [(&'static str, &'static str)] {
        &[("poll", "sends no polls")]
    }

    fn searches(&self) -> bool {
        false
    }
}
