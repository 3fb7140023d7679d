//! kill -9 of the daemon at every stage of a turn: one answer or a visible failure, never two, never
//! silence.

use cleudocodebot::client::Client;
use serde_json::{Value, json};

use super::{agent, daemon_with, done, offered, says, sent_to, turns_of, until};
use crate::support::{Scratch, assert_field, assert_fields, event_where};

/// Where in the life of a turn the daemon is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// The message is stored and gathered.
    Gathered,
    /// The turn waits for an agent.
    Waiting,
    /// The agent has it.
    Offered,
    /// The agent is answering.
    Answering,
    /// The agent said how it ended, and did not hear that it was heard.
    Done,
    /// The answer is on disk.
    Answered,
}

#[tokio::test]
async fn a_killed_daemon_answers_once_after_its_restart() {
    for moment in [
        Moment::Gathered,
        Moment::Waiting,
        Moment::Offered,
        Moment::Answering,
        Moment::Done,
        Moment::Answered,
    ] {
        let home = Scratch::new();
        lives_up_to(&home, moment).await;
        let daemon = daemon_with(&home.0, &[]);
        let mut page = daemon.listener(&["agent.status"]).await;
        let mut pi = agent(&daemon, "clerk").await;
        let mut attempts = Vec::new();
        let mut is_over = false;
        // Whether anything is left to be answered, only a turn tells that began after all others had ended.
        while !is_over {
            is_over = have_ended(&mut page).await;
            says(&mut page, "webchat", "later", "hi").await;
            loop {
                let turn = offered(&mut pi).await;
                done(&mut pi, &turn, "after the restart").await;
                if turn["peer"] == "later" {
                    break;
                }
                assert_field(&turn, "message", "hi");
                attempts.push(turn["attempt"].clone());
            }
        }
        let sent = sent_to(&mut page, "webchat", "ana").await;
        assert_eq!(sent.len(), 1, "{moment:?}: {sent:?}");
        let turns = turns_of(&mut page, "webchat", "ana").await;
        assert_eq!(turns.len(), 1, "{moment:?}");
        assert_field(&turns[0], "state", "done");
        let expected = match moment {
            Moment::Gathered | Moment::Waiting => vec![json!(1)],
            Moment::Answered => vec![],
            Moment::Done if sent[0] == "before the kill" => vec![],
            Moment::Offered | Moment::Answering | Moment::Done => vec![json!(2)],
        };
        assert_eq!(attempts, expected, "{moment:?}");
    }
}

/// Whether what was asked before the kill has been answered.
async fn have_ended(page: &mut Client) -> bool {
    let turns = turns_of(page, "webchat", "ana").await;
    let has_ended = |turn: &Value| turn["state"] == "done" || turn["state"] == "failed";
    !turns.is_empty() && turns.iter().all(has_ended)
}

/// Runs a daemon until one message has come so far, and kills it.
async fn lives_up_to(home: &Scratch, moment: Moment) {
    let gather = if moment == Moment::Gathered {
        "20s"
    } else {
        "50ms"
    };
    let mut daemon = daemon_with(&home.0, &[("AGENT_GATHER", gather)]);
    let mut page = daemon.listener(&["agent.*", "message.status"]).await;
    says(&mut page, "webchat", "ana", "hi").await;
    if moment == Moment::Gathered {
        return daemon.kill();
    }
    event_where(&mut page, |event| event["state"] == "waiting").await;
    if moment == Moment::Waiting {
        return daemon.kill();
    }
    let mut pi = agent(&daemon, "clerk").await;
    let turn = offered(&mut pi).await;
    assert_fields(&turn, &json!({"attempt": 1, "peer": "ana"}));
    if moment == Moment::Offered {
        return daemon.kill();
    }
    let delta = json!({"turn_id": turn["turn_id"], "text": "before"});
    pi.call("agent.delta", &delta).await.expect("taken");
    match moment {
        Moment::Done => {
            let payload = json!({"turn_id": turn["turn_id"], "text": "before the kill"});
            let command = json!({"type": "command", "action": "agent.done", "payload": payload});
            pi.send_text(&command.to_string()).await.expect("sent");
        }
        Moment::Answered => {
            done(&mut pi, &turn, "before the kill").await;
            until(&mut page, &turn, "done").await;
        }
        _ => {}
    }
    daemon.kill();
}

#[tokio::test]
async fn what_comes_between_two_lives_is_in_one_turn_each() {
    let home = Scratch::new();
    let settings = [("AGENT_GATHER", "20s")];
    let mut daemon = daemon_with(&home.0, &settings);
    let mut page = daemon.client().await;
    for text in ["one", "two", "three"] {
        says(&mut page, "webchat", "ana", text).await;
    }
    daemon.kill();
    drop(daemon);
    let daemon = daemon_with(&home.0, &[]);
    let mut pi = agent(&daemon, "clerk").await;
    let turn = offered(&mut pi).await;
    assert_field(&turn, "message", "one\ntwo\nthree");
    done(&mut pi, &turn, "all three").await;
}
