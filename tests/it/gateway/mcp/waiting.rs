//! `wait_for_messages`: waiting, leaving, and who waits besides.

use std::{
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{ACCEPT, answer_of, begin_call, call, comes_in, done, failed, post, texts};
use crate::support::{Daemon, Gateway, PATIENCE, Scratch};

/// What came for a reader, without waiting for more.
fn looked(gateway: &Gateway, reader: &str) -> Value {
    let arguments = json!({"reader": reader, "timeout_s": 0});
    done(gateway, "wait_for_messages", &arguments)
}

/// Waits for anything, as `reader`.
fn begin(gateway: &Gateway, id: &str, arguments: &Value) -> crate::support::Raw {
    begin_call(gateway, id, "wait_for_messages", arguments)
}

#[test]
fn a_message_ends_the_wait_of_everyone_who_wants_it() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    for reader in ["a", "b", "c"] {
        assert_eq!(looked(&daemon, reader)["timed_out"], true);
    }
    let ana = json!({"reader": "c", "channel": "webchat", "peer": "ana", "timeout_s": 60});
    let mut of_ana = ana.clone();
    of_ana["timeout_s"] = json!(0);
    done(&daemon, "wait_for_messages", &of_ana);
    let waits = [
        begin(&daemon, "1", &json!({"reader": "a", "timeout_s": 60})),
        begin(&daemon, "2", &json!({"reader": "b", "timeout_s": 60})),
        begin(&daemon, "3", &ana),
    ];
    comes_in(&daemon, "bia", "of bia");
    let [a, b, c] = waits;
    for answer in [answer_of(a), answer_of(b)] {
        assert_eq!(texts(&answer["structuredContent"]), ["of bia"]);
    }
    comes_in(&daemon, "ana", "of ana");
    let answer = answer_of(c);
    assert_eq!(texts(&answer["structuredContent"]), ["of ana"]);
    assert_eq!(texts(&looked(&daemon, "a")), ["of ana"], "each once");
    assert_eq!(texts(&looked(&daemon, "a")), Vec::<&str>::new());
    // The same reader waits for different things from places of their own.
    assert_eq!(texts(&looked(&daemon, "c")), ["of bia", "of ana"]);
}

#[test]
fn pages_are_whole_and_go_on() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let begun = looked(&daemon, "a")["next"].clone();
    for number in 0..5 {
        comes_in(&daemon, "ana", &number.to_string());
        let own = json!({"channel": "webchat", "to": "ana", "text": "mine"});
        done(&daemon, "send_message", &own);
    }
    let page = |more: &Value| {
        let mut arguments = json!({"reader": "a", "timeout_s": 0, "limit": 2});
        arguments
            .as_object_mut()
            .expect("one")
            .extend(more.as_object().expect("one").clone());
        done(&daemon, "wait_for_messages", &arguments)
    };
    let first = page(&json!({}));
    assert_eq!(
        (texts(&first), &first["more"]),
        (vec!["0", "1"], &json!(true))
    );
    assert_eq!(texts(&page(&json!({}))), ["2", "3"]);
    let last = page(&json!({}));
    assert_eq!(
        (texts(&last), &last["timed_out"]),
        (vec!["4"], &json!(false))
    );
    assert_eq!(
        texts(&page(&json!({"since": first["next"]}))),
        ["2", "3"],
        "since goes back"
    );
    assert_eq!(texts(&page(&json!({"since": begun}))), ["0", "1"]);
    assert_eq!(
        texts(&page(&json!({}))),
        ["2", "3"],
        "and the reader goes on from there"
    );
}

#[test]
fn places_to_wait_are_bounded_and_whoever_leaves_gives_its_own_up() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let mut waits: Vec<_> = (0..64)
        .map(|number| {
            begin(
                &daemon,
                &number.to_string(),
                &json!({"reader": number.to_string(), "timeout_s": 200}),
            )
        })
        .collect();
    let until = |is_full: bool| {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = call(&daemon, "wait_for_messages", &json!({"timeout_s": 0}));
            if answer["isError"] == is_full {
                return answer["content"][0]["text"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned();
            }
            assert!(Instant::now() < deadline, "never full {is_full}: {answer}");
            thread::yield_now();
        }
    };
    let said = until(true);
    assert!(
        said.contains("64 calls wait already") && said.contains("try again in"),
        "{said}"
    );
    waits.truncate(32);
    until(false);
    // Those that stayed still wait.
    comes_in(&daemon, "ana", "for all");
    for wait in waits {
        assert_eq!(texts(&answer_of(wait)["structuredContent"]), ["for all"]);
    }
}

#[test]
fn a_client_that_no_longer_wants_its_answer_says_so_and_loses_nothing() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    looked(&daemon, "a");
    let mut wait = begin(&daemon, "w-1", &json!({"reader": "a", "timeout_s": 200}));
    wait.stream.set_nonblocking(true).expect("a socket");
    let cancelled =
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"w-1"}}"#;
    let deadline = Instant::now() + PATIENCE;
    // It may come before the request it is about.
    while wait.at_hand().is_none() {
        assert_eq!(post(&daemon, &[ACCEPT], cancelled).status, 202);
        assert!(Instant::now() < deadline, "the wait never ended");
        thread::yield_now();
    }
    wait.stream.set_nonblocking(false).expect("a socket");
    wait.stream.set_read_timeout(Some(PATIENCE)).expect("set");
    let answer = answer_of(wait);
    assert_eq!(answer["structuredContent"]["timed_out"], true, "{answer}");
    comes_in(&daemon, "ana", "later");
    assert_eq!(texts(&looked(&daemon, "a")), ["later"]);
}

#[test]
fn a_shutdown_ends_the_wait_and_the_daemon() {
    let home = Scratch::new();
    let mut daemon = Daemon::start(&home.0);
    looked(&daemon, "a");
    let wait = begin(&daemon, "1", &json!({"reader": "a", "timeout_s": 200}));
    // It waits once its place is asked for twice: the second is answered after the first began.
    looked(&daemon, "a");
    let begun = Instant::now();
    daemon.signal("TERM");
    let answer = answer_of(wait);
    assert_eq!(answer["isError"], true, "{answer}");
    let said = answer["content"][0]["text"].as_str().expect("a text");
    assert!(
        said.contains("stopping") && said.contains("nothing is lost"),
        "{said}"
    );
    assert!(daemon.wait().success());
    assert!(
        begun.elapsed() < Duration::from_secs(10),
        "{:?}",
        begun.elapsed()
    );
}

#[test]
fn two_of_one_reader_both_hear_of_it() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    looked(&daemon, "a");
    let waits = ["1", "2"].map(|id| begin(&daemon, id, &json!({"reader": "a", "timeout_s": 60})));
    // Both wait, or will find it: neither place moved.
    comes_in(&daemon, "ana", "hello");
    let [first, second] = waits.map(answer_of);
    assert_eq!(texts(&first["structuredContent"]), ["hello"]);
    let late = failed_or_texts(&second);
    assert!(late == ["hello"] || late.is_empty(), "{second}");
}

fn failed_or_texts(answer: &Value) -> Vec<&str> {
    texts(&answer["structuredContent"])
}

#[test]
fn numbers_of_events_that_are_still_to_come_are_refused() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let said = failed(
        &daemon,
        "wait_for_messages",
        &json!({"since": (1_u64 << 53) - 1, "timeout_s": 0}),
    );
    assert!(
        said.contains("at most, the number of the last event"),
        "{said}"
    );
}
