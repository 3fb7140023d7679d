//! What answers mean.

use bytes::Bytes;
use serde_json::{Value, json};

use super::super::errors::{Refusal, is_success, refusal, unasked};
use crate::http_client::HttpAnswer;
use crate::integrations::{DeliveryError, ReconcileResult, Trouble, whatsapp::connection::CONNECT};

const PERSON: &str = "5511987654321";

fn answered(status: u16, body: &str) -> HttpAnswer {
    HttpAnswer::new(status, Bytes::from(body.to_owned()))
}

fn to(peer: &str, status: u16, body: &Value) -> Refusal {
    refusal(&answered(status, &body.to_string()), "host:8080", peer)
}

fn because(status: u16, message: &Value) -> Refusal {
    let body = json!({"status": status, "error": "Bad Request", "response": {"message": message}});
    to(PERSON, status, &body)
}

#[track_caller]
fn is_final(refusal: &Refusal, word: &str) {
    let Refusal::Is(DeliveryError::Permanent(why)) = refusal else {
        panic!("not final: {refusal:?}");
    };
    assert!(why.contains(word), "{why}");
}

#[track_caller]
fn is_passing(refusal: &Refusal) {
    let is_passing = matches!(
        refusal,
        Refusal::Is(DeliveryError::Transient(..)) | Refusal::MayBeUnconnected(..)
    );
    assert!(is_passing, "{refusal:?}");
}

#[track_caller]
fn trouble(refusal: Refusal) -> Trouble {
    match refusal {
        Refusal::Is(DeliveryError::Channel(trouble)) => trouble,
        other => panic!("not the channel's: {other:?}"),
    }
}

#[test]
fn final_is_what_the_service_says_of_our_message() {
    is_final(
        &because(400, &json!([{"jid": "x", "exists": false}])),
        "number",
    );
    for text in [
        "instance requires property \"number\"",
        "caption is not of a type(s) string",
        "mediatype is not one of enum values: image,document,video,audio",
        "Text is required",
        "Owned media must be a url or base64",
        "Reaction must be a single emoji or empty string",
        "The \"id\" cannot be empty",
    ] {
        is_final(&because(400, &json!([text])), text);
    }
    is_final(
        &because(400, &json!([["a"], "Invalid format"])),
        "a; Invalid format",
    );
    let old = json!(["instance requires property \"textMessage\""]);
    is_final(&because(400, &old), "version 1");
}

#[test]
fn whatever_else_an_exception_says_is_passing() {
    for text in [
        "Error: Timed Out",
        "SessionError: No sessions",
        "Error: not-acceptable",
        "AxiosError: Request failed with status code 404",
        "TypeError: the \"x\" argument should be of type string",
        "something nobody has seen",
    ] {
        is_passing(&because(400, &json!([text])));
        is_passing(&because(500, &json!(text)));
    }
    is_passing(&to(PERSON, 400, &json!("?")));
    is_passing(&to(PERSON, 502, &Value::Null));
    let group = because(400, &json!(["[object Object]"]));
    assert!(format!("{group:?}").contains("group was not found"));
}

#[test]
fn a_lost_connection_is_the_channels_trouble() {
    for (status, message) in [
        (400, json!(["Error: Connection Closed"])),
        (500, json!("Connection Closed")),
        (
            500,
            json!(["Read messages fail", "Error: Connection Closed"]),
        ),
    ] {
        let advice = trouble(because(status, &message)).advice;
        assert_eq!(advice.as_deref(), Some(CONNECT));
    }
    for reading in ["onWhatsApp", "sendMessage", "id", "textMessage"] {
        let text = format!("TypeError: Cannot read properties of undefined (reading '{reading}')");
        let refusal = because(400, &json!([text]));
        assert!(matches!(refusal, Refusal::MayBeUnconnected(why, _) if why.contains(reading)));
    }
}

#[test]
fn what_is_not_the_service_has_no_say_about_the_message() {
    for (status, body) in [
        (404, "404 page not found\n"),
        (403, "<html>Forbidden</html>"),
        (403, r#"{"message":"Forbidden"}"#),
        (301, ""),
    ] {
        let refusal = refusal(&answered(status, body), "host:8080", PERSON);
        assert!(
            trouble(refusal)
                .advice
                .is_some_and(|text| text.contains("WHATSAPP_BASE_URL"))
        );
    }
    assert!(!is_success(&answered(200, "<html></html>")));
    assert!(is_success(&answered(201, "")));
    let gone = json!({"status": 404, "error": "Not Found",
        "response": {"message": ["The \"Cleudocode\" instance does not exist"]}});
    assert_eq!(
        trouble(to(PERSON, 404, &gone)).advice.as_deref(),
        Some(CONNECT)
    );
    let route =
        json!({"status": 404, "error": "Not Found", "response": {"message": ["Cannot POST /x"]}});
    assert!(
        trouble(to(PERSON, 404, &route))
            .why
            .contains("Cannot POST /x")
    );
    let license = json!({"error": "service not activated", "code": "LICENSE_REQUIRED",
        "register_url": "http://host/manager/login", "message": "…"});
    let license = trouble(to(PERSON, 503, &license));
    assert!(license.why.contains("LICENSE_REQUIRED"));
    assert_eq!(
        license.advice.as_deref(),
        Some(
            "activate it at http://host/manager/login, stay on version 2.3, or set WHATSAPP_SERVER to another server"
        )
    );
}

#[test]
fn a_refused_key_is_the_users_to_mend() {
    let own = json!({"status": 403, "error": "Forbidden", "response": {"message": ["Missing global api key"]}});
    for refusal in [
        to(PERSON, 401, &json!({"error": "Unauthorized"})),
        to(PERSON, 403, &own),
    ] {
        assert!(matches!(
            refusal,
            Refusal::Is(DeliveryError::Unauthorized(_))
        ));
    }
}

#[test]
fn a_newsletter_is_not_said_to_be_missing() {
    let missing = json!({"response": {"message": [{"exists": false}]}});
    is_final(&to("1@newsletter", 400, &missing), "channels of WhatsApp");
    let object = json!({"response": {"message": ["[object Object]"]}});
    let text = format!("{:?}", to("1@newsletter", 400, &object));
    assert!(text.contains("may not send to channels"), "{text}");
}

#[test]
fn a_search_is_repeated_where_that_helps() {
    let is_repeated = |status, body: &str| {
        let asked = unasked(&answered(status, body));
        matches!(asked, ReconcileResult::Unasked(..))
    };
    assert!(is_repeated(500, "") && is_repeated(404, "404 page not found"));
    let route = r#"{"status":404,"response":{"message":["Cannot POST /x"]}}"#;
    assert!(!is_repeated(404, route) && !is_repeated(400, "{}"));
}
