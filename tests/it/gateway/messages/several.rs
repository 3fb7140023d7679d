//! One message to several.

use serde_json::json;

use crate::support::{Daemon, Scratch, program, refusal, run};

#[tokio::test]
async fn message_to_several_is_a_batch_of_one_each() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let mut client = daemon.client().await;
    let several = json!({"channel": "webchat", "to": ["ana", "bia", "ana"], "text": "olá", "idempotency_key": "b1"});
    let sent = client.call("send", &several).await.expect("queued");
    let all = sent["messages"].as_array().expect("messages");
    let peers: Vec<_> = all.iter().map(|one| &one["to"]).collect();
    assert_eq!(peers, ["ana", "bia"], "each once");
    let again = client.call("send", &several).await.expect("known");
    assert_eq!(again["messages"][1]["message_id"], all[1]["message_id"]);
    assert_eq!(again["messages"][1]["duplicate"], true);
    let asked = json!({"batch_id": sent["batch_id"]});
    let batch = client.call("batch", &asked).await.expect("a batch");
    assert_eq!(batch["messages"].as_array().map(Vec::len), Some(2));
    let cancelled = json!({"batch_id": sent["batch_id"], "cancel": true});
    let cancelled = client.call("batch", &cancelled).await.expect("a batch");
    assert!(
        cancelled["messages"]
            .as_array()
            .expect("rows")
            .iter()
            .all(|one| one["state"] == "cancelled"),
        "{cancelled}"
    );
    for to in [
        json!([]),
        json!(["ana", ""]),
        json!(["ana", 7]),
        json!({}),
        json!(["ana\u{1b}"]),
    ] {
        let payload = json!({"channel": "webchat", "to": to, "text": "x"});
        assert_eq!(
            refusal(&mut client, "send", payload).await,
            "bad_payload",
            "{to}"
        );
    }
    assert_eq!(
        refusal(&mut client, "batch", json!({"batch_id": "b-none"})).await,
        "not_found"
    );
    let (code, out, err) = run(program(
        &home.0,
        &["send", "-c", "webchat", "-t", "ana", "-t", "bia", "olá"],
    ));
    assert!(
        code == 0 && out.lines().count() == 2 && out.contains(" bia"),
        "{out}{err}"
    );
}
