//! Who is asked in a conversation, as clients may ask before anybody wrote there.

use serde_json::{Value, json};

use super::daemon_with;
use crate::support::{Scratch, assert_field, assert_fields};

#[tokio::test]
async fn of_a_conversation_the_agents_are_told_in_the_order_in_which_they_are_asked() {
    let home = Scratch::new();
    let settings = [
        ("AGENT", "clerk,other"),
        (
            "AGENT_ROUTES",
            "webchat/ana=other,webchat/bia=none,whatsapp/5548999998888=other",
        ),
        ("AGENT_GROUPS", "telegram/-100"),
    ];
    let daemon = daemon_with(&home.0, &settings);
    let mut page = daemon.client().await;
    for (channel, peer, order, open) in [
        ("webchat", "caio", json!(["clerk", "other"]), false),
        ("webchat", "ana", json!(["other", "clerk"]), false),
        ("webchat", "bia", json!([]), false),
        (
            "whatsapp",
            "+55 (48) 99999-8888",
            json!(["other", "clerk"]),
            false,
        ),
        ("telegram", "-100", json!(["clerk", "other"]), true),
    ] {
        let asked = json!({"channel": channel, "peer": peer});
        let told = page.call("agents", &asked).await.expect("told");
        assert_fields(&told, &json!({"order": order, "open": open}));
    }
    let all = page.call("agents", &json!({})).await.expect("told");
    assert_field(&all, "order", Value::Null);
}
