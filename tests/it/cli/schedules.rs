//! `schedule`: what is sent again and again is added, changed and paused.

use serde_json::Value;

use crate::support::{Daemon, Scratch, assert_fields, done, program, run};

/// The only schedule, as it is told to scripts.
fn only(home: &Scratch) -> Value {
    let all = done(&home.0, &["schedule", "--json"]);
    let mut all: Value = serde_json::from_str(&all).expect("JSON");
    assert_eq!(all["schedules"].as_array().map(Vec::len), Some(1), "{all}");
    all["schedules"][0].take()
}

/// Adds one with these options; what is said besides.
fn add(home: &Scratch, options: &[&str]) -> String {
    let to = ["-c", "webchat", "-t", "ada", "Tea is ready"];
    let arguments = [&["schedule", "add", "tea", "--every", "1d"], options, &to].concat();
    let (code, _, told) = run(program(&home.0, &arguments));
    assert_eq!(code, 0, "{told}");
    told
}

#[test]
fn how_late_one_may_be_is_said_with_its_times() {
    let home = Scratch::new();
    let _daemon = Daemon::start(&home.0);
    add(&home, &["--grace", "20m"]);
    assert_fields(&only(&home), &serde_json::json!({"grace_ms": 1_200_000}));
}

#[test]
fn one_that_is_changed_stays_paused() {
    let home = Scratch::new();
    let _daemon = Daemon::start(&home.0);
    add(&home, &[]);
    done(&home.0, &["schedule", "pause", "tea"]);
    let told = add(&home, &["--count", "3"]);
    assert!(told.contains("it stays paused"), "{told}");
    let changed = serde_json::json!({"state": "paused", "count": 3});
    assert_fields(&only(&home), &changed);
    done(&home.0, &["schedule", "resume", "tea"]);
    let told = add(&home, &[]);
    assert!(!told.contains("paused"), "{told}");
    assert_eq!(only(&home)["state"], "active");
}
