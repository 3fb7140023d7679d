//! Settings that clients change: all of them or none, in use at once where they can be, told to other pages.

use serde_json::{Value, json};

use crate::support::{Daemon, Scratch, assert_field, next_event, refusal};

fn file(home: &Scratch) -> String {
    std::fs::read_to_string(home.0.join(".env")).expect("read")
}

#[tokio::test]
async fn settings_are_written_taken_and_told_without_their_values() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let mut page = daemon.client().await;
    let mut other = daemon.listener(&["config.changed"]).await;
    let changes = json!({"changes": {
        "CLEUDOCODEBOT_LOG_LEVEL": "debug",
        "CLEUDOCODEBOT_HISTORY_DAYS": 30,
        "GROQ_API_KEY": "gsk_a_secret_of_the_test",
        "WEBCHAT_RATE": "7",
    }});
    let would = page.call("config.check", &changes).await.expect("right");
    assert_field(
        &would,
        "needs_restart",
        json!(["CLEUDOCODEBOT_HISTORY_DAYS"]),
    );
    assert!(
        !file(&home).contains("WEBCHAT_RATE"),
        "a check writes nothing"
    );
    let done = page.call("config.set", &changes).await.expect("set");
    assert_field(
        &done,
        "effective",
        json!(["CLEUDOCODEBOT_LOG_LEVEL", "GROQ_API_KEY", "WEBCHAT_RATE"]),
    );
    assert_field(
        &done,
        "needs_restart",
        json!(["CLEUDOCODEBOT_HISTORY_DAYS"]),
    );
    assert!(file(&home).contains("WEBCHAT_RATE=7"), "{}", file(&home));
    let told = next_event(&mut other).await.payload;
    assert!(
        told["keys"].as_array().is_some_and(|keys| keys.len() == 4),
        "{told}"
    );
    assert!(!told.to_string().contains("gsk_"), "{told}");
    let config = page.call("config", &json!({})).await.expect("shown");
    assert_field(
        &config,
        "needs_restart",
        json!(["CLEUDOCODEBOT_HISTORY_DAYS"]),
    );
    assert!(
        !config.to_string().contains("gsk_"),
        "a secret is never read"
    );
    let keys = config["keys"].as_array().expect("keys");
    let row = |name: &str| keys.iter().find(|row| row["name"] == name).expect(name);
    assert_eq!(row("WEBCHAT_RATE")["value"], "7");
    assert_eq!(row("GROQ_API_KEY")["set"], true);
    assert_eq!(row("AGENT_EXEC")["local"], true);
    assert_eq!(row("CLEUDOCODEBOT_LOG_LEVEL")["choices"][0], "error");
    let back = json!({"changes": {"WEBCHAT_RATE": null}});
    page.call("config.set", &back).await.expect("taken out");
    assert!(!file(&home).contains("WEBCHAT_RATE"), "{}", file(&home));
}

#[tokio::test]
async fn a_wrong_setting_leaves_all_of_them_alone() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let mut page = daemon.client().await;
    let before = file(&home);
    let set = |changes: Value| json!({"changes": changes});
    for (changes, code) in [
        (
            json!({"WEBCHAT_RATE": "5", "TELEGRAM_RATE": "many"}),
            "bad_payload",
        ),
        (json!({"WEBCHAT_RATE": "5\nAGENT=exec"}), "bad_payload"),
        (json!({"WEBCHAT_RATE": ["5"]}), "bad_payload"),
        (json!({"AGENT_EXEC": "cat"}), "bad_payload"),
        (json!({"PATH": "/tmp"}), "bad_payload"),
        (
            json!({"CLEUDOCODEBOT_TOKEN": null, "WEBCHAT_RATE": "5"}),
            "conflict",
        ),
        (json!({"CLEUDOCODEBOT_HOST": "0.0.0.0"}), "conflict"),
        // Found only where it is loaded, once it is written.
        (
            json!({"CLEUDOCODEBOT_TLS_CERT": "none.pem", "CLEUDOCODEBOT_TLS_KEY": "none.pem"}),
            "conflict",
        ),
    ] {
        let refused = refusal(&mut page, "config.set", set(changes.clone())).await;
        assert_eq!(refused, code, "{changes}");
        assert_eq!(file(&home), before, "{changes}");
    }
    let many: serde_json::Map<_, _> = (0..65).map(|n| (format!("A{n}"), json!("1"))).collect();
    let refused = refusal(&mut page, "config.set", set(many.into())).await;
    assert_eq!(refused, "bad_payload");
    let done = page.call("config.set", &set(json!({}))).await;
    assert_field(&done.expect("nothing to do"), "effective", json!([]));
}

#[tokio::test]
async fn the_environment_overrules_and_that_is_told() {
    let home = Scratch::new();
    let daemon = Daemon::start_with(&home.0, &[("LOG_LEVEL", "info")]);
    let mut page = daemon.client().await;
    let changes = json!({"changes": {"CLEUDOCODEBOT_LOG_LEVEL": "error"}});
    let done = page.call("config.set", &changes).await.expect("set");
    assert_field(&done, "overruled", json!(["CLEUDOCODEBOT_LOG_LEVEL"]));
    assert_field(&done, "effective", json!([]));
}

#[tokio::test]
async fn a_new_token_sends_away_who_came_in_by_the_former() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let mut page = daemon.client().await;
    let token = "fedcba9876543210fedcba9876543210";
    let changes = json!({"changes": {"CLEUDOCODEBOT_TOKEN": token}});
    let _ = page.call("config.set", &changes).await;
    assert!(page.call("ping", &json!({})).await.is_err());
    assert!(file(&home).contains(token));
}
