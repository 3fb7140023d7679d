//! One person's number, written in many ways, is one conversation.

use cleudocodebot::client::Client;
use serde_json::{Value, json};

use super::stage::{Stage, post, upsert};
use crate::{fake::until_running, support::next_event};

/// The number as people of Brazil write it, and as the account of this one has it.
const WRITTEN: &str = "5548999998888";
const OF_THE_ACCOUNT: &str = "554899998888@s.whatsapp.net";

async fn peers(client: &mut Client) -> Vec<Value> {
    let all = json!({"channel": "whatsapp"});
    let page = client.call("history", &all).await.expect("a page");
    let messages = page["messages"].as_array().expect("messages").iter();
    messages.map(|message| message["peer"].clone()).collect()
}

#[tokio::test]
async fn what_comes_in_is_kept_where_we_wrote_to_the_same_number() {
    let stage = Stage::new(vec![], json!([]));
    let (daemon, secret) = stage.daemon();
    let mut client = daemon.client().await;
    let payload = json!({"channel": "whatsapp", "to": WRITTEN, "text": "hi", "wait": true});
    client.call("send", &payload).await.expect("sent");
    for (name, jid, own) in [
        ("A", OF_THE_ACCOUNT, true),
        ("B", OF_THE_ACCOUNT, false),
        ("A", OF_THE_ACCOUNT, true),
        ("B", OF_THE_ACCOUNT, false),
        ("C", "554877776666@s.whatsapp.net", true),
    ] {
        let body = upsert(name, jid, own, "hello");
        assert_eq!(post(&daemon, &body, &secret), 200);
    }
    let wanted = [WRITTEN, WRITTEN, WRITTEN, "554877776666"];
    assert_eq!(peers(&mut client).await, wanted);
    let mut listener = daemon.listener(&["typing@whatsapp"]).await;
    let typing = json!({"event": "presence.update", "data": {"id": OF_THE_ACCOUNT,
        "presences": {OF_THE_ACCOUNT: {"lastKnownPresence": "composing"}}}});
    assert_eq!(post(&daemon, &typing, &secret), 200);
    assert_eq!(next_event(&mut listener).await.payload["peer"], WRITTEN);
}

#[tokio::test]
async fn the_service_hears_of_a_message_by_the_address_it_came_by() {
    let stage = Stage::new(vec![], json!([]));
    let (daemon, secret) = stage.daemon();
    let mut client = daemon.client().await;
    until_running(&mut client, "whatsapp").await;
    let payload = json!({"channel": "whatsapp", "to": WRITTEN, "text": "hi", "wait": true});
    client.call("send", &payload).await.expect("sent");
    stage.fake.saw("/message/sendText/Cleudocode");
    let body = upsert("A", OF_THE_ACCOUNT, false, "hello");
    assert_eq!(post(&daemon, &body, &secret), 200);
    let conversation = json!({"channel": "whatsapp", "peer": WRITTEN});
    client.call("read", &conversation).await.expect("read");
    let key = json!({"remoteJid": OF_THE_ACCOUNT, "fromMe": false, "id": "A"});
    let body = stage.fake.saw("/chat/markMessageAsRead/Cleudocode").body;
    assert_eq!(body, json!({"readMessages": [key]}));
    let page = client.call("history", &conversation).await.expect("a page");
    let reaction = json!({"channel": "whatsapp", "to": WRITTEN, "text": "👍", "reaction": true,
        "reply_to": page["messages"][1]["message_id"], "wait": true});
    client.call("send", &reaction).await.expect("an outcome");
    let body = stage.fake.saw("/message/sendReaction/Cleudocode").body;
    assert_eq!(body["key"], key);
}

#[tokio::test]
async fn who_writes_first_has_the_conversation_of_its_own_address() {
    let stage = Stage::new(vec![], json!([]));
    let (daemon, secret) = stage.daemon();
    let mut client = daemon.client().await;
    for name in ["A", "B"] {
        let body = upsert(name, OF_THE_ACCOUNT, false, "hello");
        assert_eq!(post(&daemon, &body, &secret), 200);
    }
    let own = "554899998888";
    assert_eq!(peers(&mut client).await, [own, own]);
    let answer = json!({"channel": "whatsapp", "to": own, "text": "hi", "wait": true});
    client.call("send", &answer).await.expect("sent");
    let body = upsert("C", OF_THE_ACCOUNT, false, "fine");
    assert_eq!(post(&daemon, &body, &secret), 200);
    assert_eq!(peers(&mut client).await, [own; 4]);
}

#[tokio::test]
async fn a_number_is_taken_however_it_is_written() {
    let stage = Stage::new(vec![], json!([]));
    let (daemon, _) = stage.daemon();
    let mut client = daemon.client().await;
    for to in [
        "+5511987654321",
        "+55 (11) 98765-4321",
        "5511987654321@s.whatsapp.net",
    ] {
        let payload = json!({"channel": "whatsapp", "to": to, "text": "hi", "wait": true});
        let sent = client.call("send", &payload).await.expect("sent");
        assert_eq!(sent["state"], "sent");
        let body = stage.fake.saw("/message/sendText/Cleudocode").body;
        assert_eq!(body["number"], "5511987654321");
        let conversation = json!({"channel": "whatsapp", "peer": to});
        let page = client.call("history", &conversation).await.expect("a page");
        assert_eq!(page["messages"][0]["peer"], "5511987654321");
    }
    assert_eq!(peers(&mut client).await, ["5511987654321"; 3]);
}
