//! Heap allocations of a message on a connection that has warmed up.
//!
//! The daemon runs in a thread of this process, and the allocations of that thread are counted from its
//! start to its end. Two runs that differ only in their messages differ by the cost of these messages.

use std::{io::Read as _, net::TcpStream, thread, time::Instant};

use allocation_counter::AllocationInfo;
use cleudocodebot::{
    config::{Environment, Overrides},
    daemon,
    service::system::runtime_file::RuntimeFile,
};

use crate::support::{PATIENCE, Raw, Scratch, frame, upgrade_request};

const TOKEN: &str = "a-token-for-the-counting-of-allocations";

/// Commands in one write.
const BATCH: usize = 16;

/// Bytes of the header of an answer of 126 bytes or more (RFC 6455 §5.2).
const HEADER: usize = 4;

/// Messages for which one allocation is allowed: tungstenite allocates an input buffer of 4 KiB whenever
/// the last one is used up, and small frames share it.
const MESSAGES_FOR_ONE: u64 = 64;

fn options(home: &Scratch) -> daemon::DaemonOptions {
    let pairs = [
        ("CLEUDOCODEBOT_HOME", home.0.to_str().expect("UTF-8")),
        ("CLEUDOCODEBOT_PORT", "0"),
        ("CLEUDOCODEBOT_TOKEN", TOKEN),
    ];
    daemon::DaemonOptions {
        overrides: Overrides::default(),
        environment: Environment::from_pairs(pairs),
        quiet: true,
    }
}

fn connect(home: &Scratch) -> Raw {
    let begun = Instant::now();
    let address = loop {
        if let Some(note) = RuntimeFile::read(&home.0) {
            break note.address;
        }
        assert!(begun.elapsed() < PATIENCE, "the daemon did not start");
        thread::yield_now();
    };
    let mut raw = Raw {
        stream: TcpStream::connect(address).expect("a connection"),
        rest: Vec::new(),
    };
    raw.stream.set_read_timeout(Some(PATIENCE)).expect("set");
    let authorization = format!("Authorization: Bearer {TOKEN}\r\n");
    raw.send(upgrade_request(&address.to_string(), &authorization).as_bytes());
    assert_eq!(raw.head().0, 101);
    raw
}

/// Allocations of the daemon's thread from its start to its end, with so many batches in between.
fn allocated(text: &str, batches: u64) -> u64 {
    let home = Scratch::new();
    let options = options(&home);
    let daemon = thread::spawn(move || {
        let mut ended = None;
        let AllocationInfo { count_total, .. } =
            allocation_counter::measure(|| ended = Some(daemon::run(&options)));
        ended.expect("it ran").expect("a clean end");
        count_total
    });
    let mut raw = connect(&home);
    raw.text(text);
    let answer = raw.json().to_string();
    let commands = frame(0x81, text.as_bytes()).repeat(BATCH);
    let mut answers = vec![0; (HEADER + answer.len()) * BATCH];
    assert!((126..=0xFFFF).contains(&answer.len()), "another header");
    for _ in 0..batches {
        raw.send(&commands);
        raw.stream.read_exact(&mut answers).expect("answers");
    }
    raw.text(r#"{"type":"command","action":"shutdown"}"#);
    daemon.join().expect("no panic")
}

#[test]
fn ping_allocates_nothing() {
    let text = r#"{"type":"command","id":7,"action":"ping","payload":{"text":"as long as what people write to each other"}}"#;
    let (few, many) = (1_000, 5_000);
    // The first daemon of a process makes what is made once, as the tables of its settings.
    allocated(text, 1);
    let more = allocated(text, many).saturating_sub(allocated(text, few));
    let messages = (many - few) * BATCH as u64;
    println!("{messages} pings took {more} allocations");
    assert!(
        more * MESSAGES_FOR_ONE <= messages,
        "{messages} pings took {more} allocations"
    );
}
