//! What came while a reader was away is there when it comes back, whatever happened meanwhile.
#![cfg(feature = "store")]

use serde_json::json;

use super::{begin_call, comes_in, done, texts};
use crate::support::{Daemon, Gateway, Scratch};

fn looked(gateway: &Gateway, reader: &str) -> Vec<String> {
    let arguments = json!({"reader": reader, "timeout_s": 0});
    let answer = done(gateway, "wait_for_messages", &arguments);
    texts(&answer).into_iter().map(str::to_owned).collect()
}

#[test]
fn a_daemon_that_was_killed_lost_no_message_of_a_reader() {
    let home = Scratch::new();
    let mut daemon = Daemon::start(&home.0);
    comes_in(&daemon, "ana", "before there was a reader");
    assert!(looked(&daemon, "a").is_empty());
    let waiting = begin_call(
        &daemon,
        "1",
        "wait_for_messages",
        &json!({"reader": "b", "timeout_s": 100}),
    );
    // Its place is on the disk once another call of the same reader was answered.
    assert!(looked(&daemon, "b").is_empty());
    comes_in(&daemon, "ana", "first");
    daemon.kill();
    drop(waiting);
    drop(daemon);

    let mut daemon = Daemon::start(&home.0);
    comes_in(&daemon, "bia", "second");
    assert_eq!(looked(&daemon, "a"), ["first", "second"]);
    daemon.kill();
    drop(daemon);

    let daemon = Daemon::start(&home.0);
    comes_in(&daemon, "ana", "third");
    let of_b = looked(&daemon, "b");
    assert!(
        of_b.ends_with(&["second".to_owned(), "third".to_owned()]),
        "{of_b:?}"
    );
    let of_a = looked(&daemon, "a");
    assert_eq!(of_a.last().map(String::as_str), Some("third"), "{of_a:?}");
    assert!(looked(&daemon, "a").is_empty());
}

#[test]
fn an_answer_that_its_client_did_not_take_in_comes_again() {
    const MESSAGES: usize = 8;
    let home = Scratch::new();
    let settings = [
        ("MAX_MESSAGE_BYTES", "33554432"),
        ("MAX_BODY_BYTES", "33554432"),
    ];
    let daemon = Daemon::start_with(&home.0, &settings);
    assert!(looked(&daemon, "a").is_empty());
    // More than the system takes in for a client that does not read.
    let long = "x".repeat(2 << 20);
    for _ in 0..MESSAGES {
        comes_in(&daemon, "ana", &long);
    }
    for _ in 0..2 {
        let arguments = json!({"reader": "a", "timeout_s": 0});
        let mut raw = begin_call(&daemon, "1", "wait_for_messages", &arguments);
        let (status, head) = raw.head();
        assert_eq!(status, 200, "{head}");
    }
    // One call looks for a while only.
    let mut again = Vec::new();
    while again.len() < MESSAGES {
        let more = looked(&daemon, "a");
        assert!(!more.is_empty(), "{} of {MESSAGES} came again", again.len());
        again.extend(more);
    }
    assert!(again.iter().all(|text| *text == long));
    assert!(looked(&daemon, "a").is_empty());
}

#[test]
fn a_client_that_left_finds_what_came_meanwhile() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    assert!(looked(&daemon, "a").is_empty());
    for number in 0..20 {
        let arguments = json!({"reader": "a", "timeout_s": 100});
        drop(begin_call(&daemon, "1", "wait_for_messages", &arguments));
        comes_in(&daemon, "ana", &number.to_string());
    }
    // Some calls may have been answered into sockets that were closed only then.
    let there = looked(&daemon, "a");
    let expected: Vec<_> = (0..20).map(|number| number.to_string()).collect();
    assert!(expected.ends_with(&there), "{there:?}");
}
