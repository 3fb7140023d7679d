//! The agent with a script in pi's place, which says what pi was seen to say.

use std::{fs, path::Path};

use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::*;
use crate::{
    agents::{Certainty, reply::Call},
    client::Endpoint,
    fs::scratch::Scratch,
};

/// A home folder that goes away.
pub(super) struct Home(Scratch);

impl Home {
    pub(super) fn new() -> Self {
        Self(Scratch::new())
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    fn lines(&self, name: &str) -> Vec<String> {
        let text = fs::read_to_string(self.0.path().join(name)).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

/// Options of a pi that the script plays.
pub(super) fn options(home: &Home) -> PiOptions {
    let script = home.path().join("fake_pi.sh");
    fs::write(&script, include_str!("fake_pi.sh")).expect("written");
    let folder = format!("FAKE_DIR={}", home.path().display());
    let words = [
        "/usr/bin/env",
        &folder,
        "/bin/sh",
        &script.display().to_string(),
    ];
    PiOptions {
        command: words.map(str::to_owned).to_vec(),
        model: None,
        endpoint: None,
        prompts: Prompts::default(),
        vision: false,
        tools: false,
        pool: 2,
        home: home.path().to_owned(),
        user_dir: None,
        gateway: "127.0.0.1:1".to_owned(),
        keeper: Keeper::default(),
        journal: Journal::to(|_| {}),
    }
}

fn turn(id: &str, session: &str, text: &str) -> Turn {
    let json = json!({"turn_id": id, "session": session, "message": text, "kind": "text",
        "attempt": 1, "group": false});
    Turn::parse(json).expect("a turn")
}

fn reply() -> (Reply, mpsc::Receiver<Call>) {
    Reply::unheard(Endpoint {
        host: String::new(),
        port: 0,
        token: None,
    })
}

/// A pi at work.
struct Stage {
    home: Home,
    pi: Pi,
}

impl Stage {
    async fn new() -> Self {
        let home = Home::new();
        let pi = Pi::open(options(&home)).await.expect("a pi");
        Self { home, pi }
    }

    async fn answer(&self, id: &str, session: &str, text: &str) -> Result<Answer, Failure> {
        let (reply, _) = reply();
        self.pi.answer(&turn(id, session, text), &reply).await
    }

    fn starts(&self) -> usize {
        self.home.lines("starts").len()
    }

    fn told(&self, what: &str) -> bool {
        let told = self.home.lines("told");
        told.iter().any(|line| line.contains(what))
    }
}

fn text(answer: Result<Answer, Failure>) -> String {
    answer.expect("an answer").text
}

#[tokio::test]
async fn turns_of_a_conversation_share_a_process_and_are_shown() {
    let stage = Stage::new().await;
    for (id, said) in [("t-1", "hi"), ("t-2", "/quit")] {
        let (reply, _) = reply();
        let answer = stage.pi.answer(&turn(id, "a", said), &reply).await;
        let answer = text(answer);
        assert_eq!(answer.replace("  ", " "), format!("You said: {said}"));
        assert_eq!(reply.shown(), answer);
    }
    assert_eq!(stage.starts(), 1);
    assert!(
        stage.told(r#""message":" /quit""#),
        "it is no command of pi"
    );
    stage.pi.close().await;
}

#[tokio::test]
async fn the_process_that_was_idle_longest_gives_way_and_its_memory_stays() {
    let stage = Stage::new().await;
    for (number, session) in ["a", "b", "a", "c", "a", "b"].into_iter().enumerate() {
        text(stage.answer(&format!("t-{number}"), session, "hi").await);
    }
    let sessions: Vec<String> = stage.home.lines("starts");
    let sessions: Vec<&str> = sessions
        .iter()
        .filter_map(|line| line.split(' ').nth(1))
        .collect();
    assert_eq!(sessions, ["a", "b", "c", "b"]);
    stage.pi.close().await;
}

#[tokio::test]
async fn a_run_that_failed_is_told_from_a_good_one() {
    let stage = Stage::new().await;
    for (said, certainty, told) in [
        ("503", Certainty::Transient, "503: overloaded"),
        ("401", Certainty::Permanent, "401: wrong key"),
        ("nothing", Certainty::Transient, "with nothing"),
        ("refuse", Certainty::Permanent, "No API key found"),
        ("die at once", Certainty::Transient, "out of memory"),
    ] {
        let failed = stage.answer(said, "a", said).await.expect_err(said);
        assert_eq!(failed.certainty, certainty, "{failed:?}");
        assert!(failed.error.contains(told), "{failed:?}");
    }
    let cut = text(stage.answer("t-2", "a", "cut").await);
    assert_eq!(cut, format!("as far as it goes{}", crate::cut::MARK));
    stage.pi.close().await;
}

#[tokio::test]
async fn a_pi_that_dies_is_started_again_and_asked_no_more_than_needed() {
    let stage = Stage::new().await;
    assert_eq!(
        text(stage.answer("t-1", "a", "die once").await),
        "You said: die once"
    );
    assert_eq!(stage.starts(), 2);
    // It died behind the answer, which its session has.
    assert_eq!(
        text(stage.answer("t-2", "a", "die answered").await),
        "kept answer"
    );
    assert_eq!(stage.starts(), 3);
    // Offered again, as where we died ourselves: the same answer, and the next turn is its own.
    assert_eq!(
        text(stage.answer("t-2", "a", "die answered").await),
        "kept answer"
    );
    assert_eq!(text(stage.answer("t-3", "a", "hi").await), "You said: hi");
    stage.pi.close().await;
}

#[tokio::test]
async fn a_dialog_is_put_to_the_owner() {
    let stage = Stage::new().await;
    for (said, expected) in [
        (json!({"answer": "Block"}), "chosen Block"),
        (json!({"cancelled": true}), "cancelled"),
    ] {
        let (reply, mut calls) = reply();
        let owner = async {
            let call = calls.recv().await.expect("a question");
            assert_eq!(
                (call.action, &call.payload["text"]),
                ("agent.ask", &json!("pi: Sure?"))
            );
            assert_eq!(call.payload["options"], json!(["Allow", "Block"]));
            call.answer.send(Ok::<Value, _>(said)).expect("taken");
        };
        let turn = turn(expected, "a", "ask");
        let (answer, ()) = tokio::join!(stage.pi.answer(&turn, &reply), owner);
        assert_eq!(text(answer), expected);
    }
    stage.pi.close().await;
}

#[tokio::test]
async fn an_aborted_turn_leaves_a_process_that_answers_the_next() {
    let stage = Stage::new().await;
    for said in ["slow", "ask"] {
        let (reply, mut calls) = reply();
        let turn = turn(said, "a", said);
        let under_way = async {
            while said == "slow" && reply.shown() != "one " {
                tokio::task::yield_now().await;
            }
            if said == "ask" {
                return calls.recv().await;
            }
            None
        };
        tokio::select! {
            answer = stage.pi.answer(&turn, &reply) => panic!("{answer:?}"),
            _ = under_way => {}
        }
    }
    assert_eq!(text(stage.answer("t-3", "a", "hi").await), "You said: hi");
    assert_eq!(stage.starts(), 1);
    assert!(stage.told("clear_queue") && stage.told(r#""cancelled":true"#));
    stage.pi.close().await;
}

#[tokio::test]
async fn nothing_is_left_when_it_closes_whatever_runs() {
    let stage = Stage::new().await;
    text(stage.answer("t-1", "a", "hi").await);
    let (reply, _) = reply();
    let slow = turn("t-2", "b", "slow");
    tokio::select! {
        answer = stage.pi.answer(&slow, &reply) => panic!("{answer:?}"),
        () = async { while reply.shown() != "one " { tokio::task::yield_now().await } } => {}
    }
    stage.pi.close().await;
    let lines = stage.home.lines("starts");
    assert_eq!(lines.len(), 2);
    for id in lines.iter().filter_map(|line| line.split(' ').nth(2)) {
        let alive = std::process::Command::new("/bin/sh")
            .args(["-c", &format!("kill -0 {id} 2>/dev/null")])
            .status();
        assert!(!alive.expect("asked").success(), "{id} runs");
    }
}

#[tokio::test]
async fn messages_before_the_last_are_shown_as_paragraphs_of_their_own() {
    let stage = Stage::new().await;
    let (reply, _) = reply();
    let answer = stage.pi.answer(&turn("t-1", "a", "look"), &reply).await;
    assert_eq!(text(answer), "It is 7.");
    assert_eq!(reply.shown(), "Let me look.\n\nIt is 7.");
    stage.pi.close().await;
}

#[tokio::test]
async fn a_conversation_over_http_is_told_whole_and_not_kept() {
    let stage = Stage::new().await;
    let prompt = json!([{"role": "system", "content": "be"}, {"role": "user", "content": [{"type": "text", "text": "hi"}]}]);
    let json = json!({"turn_id": "t-x1", "session": "x1", "message": "hi", "prompt": prompt, "kind": "text"});
    let turn = Turn::parse(json).expect("a turn");
    let (reply, _) = reply();
    assert!(text(stage.pi.answer(&turn, &reply).await).contains("user: hi"));
    assert!(stage.home.lines("starts")[0].starts_with("start none"));
    stage.pi.close().await;
}

#[tokio::test]
async fn a_conversation_over_http_has_a_place_of_the_pool() {
    let stage = Stage::new().await;
    let over_http = |id: &str, said: &str| {
        let prompt = json!([{"role": "user", "content": said}]);
        let json = json!({"turn_id": id, "session": "x1", "prompt": prompt, "kind": "text"});
        Turn::parse(json).expect("a turn")
    };
    let ((first, _), (second, _), (third, _)) = (reply(), reply(), reply());
    let (slow, slower) = (over_http("t-x1", "slow"), over_http("t-x2", "slow"));
    let mut busy = Box::pin(async {
        tokio::join!(
            stage.pi.answer(&slow, &first),
            stage.pi.answer(&slower, &second)
        )
    });
    let mut shown = 0;
    let both = async {
        while shown < 2 {
            shown += [&first, &second]
                .iter()
                .filter(|reply| reply.shown() == "one ")
                .count();
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        answers = &mut busy => panic!("{answers:?}"),
        () = both => {}
    }
    let next = over_http("t-x3", "hi");
    let mut waits = Box::pin(stage.pi.answer(&next, &third));
    for _ in 0..100 {
        tokio::select! {
            biased;
            answer = &mut waits => panic!("{answer:?}"),
            () = tokio::task::yield_now() => {}
        }
    }
    assert_eq!(stage.starts(), 2);
    drop(busy);
    assert_eq!(text(waits.await), "You said: hi");
    stage.pi.close().await;
}

#[tokio::test]
async fn what_is_no_pi_of_today_is_refused_by_name() {
    let home = Home::new();
    let mut old = options(&home);
    old.command.insert(1, "FAKE_VERSION=0.74.2".to_owned());
    let error = Pi::open(old).await.err().expect("refused");
    assert_eq!(error.exit_code(), 78);
    assert!(error.to_string().contains("0.74.2"), "{error}");
    for (command, told) in [("/no/such/pi", "install it"), ("/bin/echo", "does not say")] {
        let mut other = options(&home);
        other.command = vec![command.to_owned()];
        let error = Pi::open(other).await.err().expect("refused");
        assert!(error.to_string().contains(told), "{error}");
    }
}
