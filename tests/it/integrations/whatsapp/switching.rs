//! Another server for the same account: conversations, names of messages and who may write stay.

use serde_json::{Value, json};

use super::{
    servers::{Engine, Evolution, EvolutionGo, Gowa, Told, Waha, Wuzapi},
    stage::{ANA, Author, MEMBER, Setup},
};
use crate::support::{Daemon, Scratch, assert_field, assert_fields, history, until_running};

const BIA: Author = Author {
    chat: "5511955554444@s.whatsapp.net",
    number: "5511955554444",
    hidden: "",
    own: false,
};

fn post(setup: &Setup, daemon: &Daemon, author: Author, id: &str, text: &str) {
    let told = Told::Message {
        author,
        id: id.to_owned(),
        message: json!({"conversation": text}),
    };
    let body = setup.server.body(&told).expect("a message");
    let (path, proof) = {
        let account = setup.account();
        (
            setup.server.path(&account),
            setup.server.proof(&account, &body),
        )
    };
    assert_eq!(daemon.post(&path, &proof, &body).0, 200);
}

/// Evolution first: Ana is on the list, Bia is let in by a pairing; then every other server in its place.
#[tokio::test]
async fn conversations_ids_and_lists_outlive_the_server() {
    let home = Scratch::new();
    let allowed = [("WHATSAPP_ALLOW_FROM", "5511987654321")];
    let first = Setup::new(Evolution);
    let mut daemon = first.daemon(&home, &allowed);
    let mut client = daemon.client().await;
    until_running(&mut client, "whatsapp").await;
    post(&first, &daemon, ANA, "3EB0FIRST", "at the first server");
    post(&first, &daemon, BIA, "3EB0STRANGER", "may I?");
    let pending = client.call("pairing", &json!({})).await.expect("a list");
    let code = pending["pending"][0]["code"].clone();
    let approval = json!({"channel": "whatsapp", "code": code});
    client
        .call("pairing.approve", &approval)
        .await
        .expect("approved");
    let theirs = named(&history(&mut client, "whatsapp").await, "3EB0FIRST");
    daemon.kill();
    let others: Vec<Setup> = vec![
        Setup::new(Gowa),
        Setup::new(Waha(Engine::Noweb)),
        Setup::new(Waha(Engine::Gows)),
        Setup::new(Waha(Engine::Webjs)),
        Setup::new(Wuzapi),
        Setup::new(EvolutionGo),
    ];
    for (number, next) in others.iter().enumerate() {
        let mut daemon = next.daemon(&home, &allowed);
        let mut client = daemon.client().await;
        until_running(&mut client, "whatsapp").await;
        let name = format!("3EB0NEXT{number}");
        // What the first server told is not told again as something new.
        post(next, &daemon, ANA, "3EB0FIRST", "at the first server");
        post(next, &daemon, ANA, &name, "at another");
        post(next, &daemon, MEMBER, &format!("{name}G"), "in the group");
        post(next, &daemon, BIA, &format!("{name}B"), "let in");
        let all = history(&mut client, "whatsapp").await;
        let count = |name: &str| all.iter().filter(|one| one["meta"]["id"] == name).count();
        assert_eq!(count("3EB0FIRST"), 1, "{}", next.server.server());
        for (name, peer) in [
            (name.clone(), ANA.number),
            (format!("{name}G"), MEMBER.chat),
            (format!("{name}B"), BIA.number),
        ] {
            assert_fields(&named(&all, &name), &json!({"peer": peer}));
        }
        let payload = json!({"channel": "whatsapp", "to": "+55 11 98765-4321", "text": "answered",
            "reply_to": theirs["message_id"], "wait": true});
        let sent = client.call("send", &payload).await.expect("an outcome");
        assert_field(&sent, "state", "sent");
        let taken = next.account().sent.last().cloned().expect("taken");
        assert_eq!(
            (taken.to.as_str(), taken.about.as_str()),
            (ANA.number, "3EB0FIRST")
        );
        daemon.kill();
    }
}

fn named(all: &[Value], name: &str) -> Value {
    let found = all.iter().find(|one| one["meta"]["id"] == name);
    found
        .cloned()
        .unwrap_or_else(|| panic!("{name} is not there: {all:?}"))
}
