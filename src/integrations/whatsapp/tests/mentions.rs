//! Messages of groups that name us, by the number or by the id that hides it.

use serde_json::{Value, json};

use super::{ANA, ME, Stage, jid};

const GROUP: &str = "120363000000000000@g.us";

/// Our own id in groups that hide numbers.
const MY_LID: &str = "199@lid";

fn member(id: &str) -> Value {
    json!({"id": id, "remoteJid": GROUP, "participant": jid(ANA)})
}

fn naming(address: &str, text: &str) -> Value {
    json!({"extendedTextMessage": {"text": text, "contextInfo": {"mentionedJid": [address]}}})
}

/// Whether each message that came in names us.
fn mentioned(stage: &Stage) -> Vec<bool> {
    let all = stage.stored();
    all.iter()
        .map(|one| one.meta.as_ref().expect("kept")["mentioned"] == true)
        .collect()
}

#[tokio::test]
async fn our_number_is_known_beside_the_text_and_in_it() {
    let stage = Stage::new(ANA);
    for (id, said) in [
        ("A", naming(&jid(ME), "who is this?")),
        ("B", json!({"conversation": format!("@{ME} hi")})),
        ("C", naming(&jid(ANA), "who is this?")),
        ("D", json!({"conversation": format!("call {ME}")})),
    ] {
        stage.upsert(member(id), said).await;
    }
    assert_eq!(mentioned(&stage), [true, true, false, false]);
}

#[tokio::test]
async fn our_hidden_id_is_learned_from_what_we_write_in_a_group() {
    let stage = Stage::new(ANA);
    stage.upsert(member("A"), naming(MY_LID, "@199 hi")).await;
    let own = json!({"id": "B", "remoteJid": GROUP, "fromMe": true, "participant": MY_LID,
        "participantAlt": jid(ME)});
    stage.upsert(own, json!({"conversation": "here"})).await;
    stage.upsert(member("C"), naming(MY_LID, "@199 hi")).await;
    assert_eq!(mentioned(&stage), [false, false, true]);
}

#[tokio::test]
async fn alone_with_somebody_nobody_needs_to_be_named() {
    let stage = Stage::new(ANA);
    stage.message("A", naming(&jid(ME), "you there")).await;
    assert_eq!(mentioned(&stage), [false]);
}
