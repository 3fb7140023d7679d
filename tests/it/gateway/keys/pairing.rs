//! Another device exchanges a code for a key of its own.

use serde_json::{Value, json};

use super::{done, refusal};
use crate::support::{Daemon, Gateway, Scratch, program, run};

fn code(gateway: &Gateway, more: &Value) -> String {
    let mut payload = json!({"name": "phone"});
    let more = more.as_object().cloned().expect("an object");
    payload.as_object_mut().expect("an object").extend(more);
    let answer = done(gateway, "key.pair", &payload);
    let code = answer["code"].as_str().expect("a code").to_owned();
    let url = answer["url"].as_str().expect("an address");
    assert!(url.ends_with(&format!("/#pair={code}&name=phone")), "{url}");
    assert!(answer["qr"].as_array().is_some_and(|rows| rows.len() > 20));
    code
}

fn exchanged(gateway: &Gateway, body: &Value) -> (u16, Value) {
    let (status, answer) =
        gateway.post("/pair", "Content-Type: application/json", &body.to_string());
    (status, serde_json::from_str(&answer).unwrap_or_default())
}

#[test]
fn a_code_becomes_a_key_once() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let code = code(&daemon, &json!({"role": "read", "peers": ["webchat/ana"]}));
    let (status, answer) = exchanged(&daemon, &json!({"code": code, "name": "Bia's phone"}));
    assert_eq!(status, 201, "{answer}");
    assert_eq!(answer["key"]["name"], "Bia's phone");
    assert_eq!(answer["key"]["peers"], json!(["webchat/ana"]));
    let phone = Gateway {
        token: answer["token"].as_str().expect("a token").to_owned(),
        ..daemon.gateway.clone()
    };
    assert_eq!(refusal(&phone, "history", &json!({})).0, "");
    assert_eq!(refusal(&phone, "send", &json!({})).0, "forbidden");
    let (status, answer) = exchanged(&daemon, &json!({"code": code}));
    assert_eq!(status, 404);
    assert!(
        answer["message"].to_string().contains("ask for another"),
        "{answer}"
    );
}

#[test]
fn a_cancelled_code_and_a_wrong_one_are_refused_and_guessing_is_held_back() {
    let home = Scratch::new();
    let daemon = Daemon::start_with(&home.0, &[("AUTH_FAILURES_PER_MINUTE", "5")]);
    let by_action = code(&daemon, &json!({}));
    let cancel = json!({"name": "phone", "cancel": by_action});
    let cancelled = || done(&daemon, "key.pair", &cancel)["cancelled"].clone();
    assert_eq!((cancelled(), cancelled()), (json!(true), json!(false)));
    let by_command = code(&daemon, &json!({}));
    let address = format!("http://127.0.0.1/#pair={by_command}&name=phone");
    let unpair = || run(program(&home.0, &["keys", "unpair", &address])).0;
    assert_eq!((unpair(), unpair()), (0, 1));
    assert_eq!(exchanged(&daemon, &json!({"code": by_action})).0, 404);
    for _ in 0..10 {
        assert_eq!(
            exchanged(&daemon, &json!({"code": "stale"})).0,
            404,
            "one value counts once"
        );
    }
    let statuses: Vec<u16> = (0..6)
        .map(|guess| exchanged(&daemon, &json!({"code": format!("guess-{guess}")})).0)
        .collect();
    assert_eq!(statuses[..3], [404, 404, 404]);
    assert_eq!(statuses[5], 429);
}

#[test]
fn requests_that_are_none_are_told_why() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let code = code(&daemon, &json!({}));
    let (status, _) = daemon.post("/pair", "Content-Type: text/plain", "not json");
    assert_eq!(status, 400);
    let (status, _) = exchanged(&daemon, &json!({"code": code, "name": 7}));
    assert_eq!(status, 400);
    let foreign = "Content-Type: application/json\r\nOrigin: https://evil.example";
    let (status, _) = daemon.post("/pair", foreign, &json!({"code": code}).to_string());
    assert_eq!(status, 403);
    assert_eq!(daemon.get("GET", "/pair", "").0, 405);
    assert_eq!(
        exchanged(&daemon, &json!({"code": code})).0,
        201,
        "none of these used it up"
    );
}

#[test]
fn devices_of_one_name_are_numbered() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let names: Vec<Value> = (0..3)
        .map(|_| {
            exchanged(&daemon, &json!({"code": code(&daemon, &json!({}))})).1["key"]["name"].clone()
        })
        .collect();
    assert_eq!(names, [json!("phone"), json!("phone 2"), json!("phone 3")]);
}
