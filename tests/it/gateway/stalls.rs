//! Connections that stall: they end or recover, and delay no other connection.

use std::{process::Command, time::Instant};

use crate::support::{Daemon, Frame, PATIENCE, Raw, Scratch, Shared, daemon_command, frame};

#[test]
fn half_frame_ends_with_heartbeat() {
    let home = Scratch::new();
    let daemon = Daemon::start_with(&home.0, &[("HEARTBEAT_MS", "100")]);
    let mut raw = daemon.raw_websocket(true);
    raw.send(&frame(0x81, b"never finished")[..6]);
    let begun = Instant::now();
    let mut pings = 0;
    let code = loop {
        match raw.frame() {
            Some(Frame::Ping) => pings += 1,
            Some(Frame::Close(code, _)) => break code,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!((pings, code), (2, 4408), "two pings were not answered");
    assert!(begun.elapsed() < PATIENCE);
}

/// A client may send on behind its close frame: it still reads ours, and then the end of the connection.
#[test]
fn bytes_behind_a_close_frame_cause_no_reset() {
    let daemon = Shared::daemon();
    let mut raw = daemon.raw_websocket(true);
    let mut bytes = frame(0x88, &1000_u16.to_be_bytes());
    bytes.extend(vec![0; 512 * 1024]);
    raw.send(&bytes);
    let mut read = Vec::new();
    std::io::Read::read_to_end(&mut raw.stream, &mut read).expect("an orderly end");
    assert_eq!([&raw.rest[..], &read].concat(), [0x88, 2, 3, 232]);
}

#[test]
fn answered_pings_keep_the_session() {
    let home = Scratch::new();
    let daemon = Daemon::start_with(&home.0, &[("HEARTBEAT_MS", "400")]);
    let mut raw = daemon.raw_websocket(true);
    for _ in 0..5 {
        assert_eq!(raw.frame(), Some(Frame::Ping));
        raw.send(&frame(0x8A, b""));
    }
}

#[test]
fn stuck_reader_delays_nobody() {
    let daemon = Shared::daemon();
    let mut stuck = daemon.raw_websocket(true);
    let describe: Vec<u8> = (0..2000)
        .flat_map(|_| frame(0x81, br#"{"type":"command","action":"describe"}"#))
        .collect();
    stuck.stream.set_nonblocking(true).expect("set");
    let _ = std::io::Write::write(&mut stuck.stream, &describe);
    let mut raw = daemon.raw_websocket(true);
    for _ in 0..100 {
        raw.assert_alive();
    }
    stuck.stream.set_nonblocking(false).expect("set");
    assert_eq!(
        stuck.json()["action"],
        "describe",
        "once it reads again it gets its answers"
    );
}

#[test]
fn busy_connection_starves_nobody() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let mut busy = daemon.raw_websocket(true);
    let mut reader = Raw {
        stream: busy.stream.try_clone().expect("cloned"),
        rest: Vec::new(),
    };
    let flood: Vec<u8> = (0..20_000).flat_map(|_| frame(0x81, b"ping")).collect();
    let writer = std::thread::spawn(move || busy.send(&flood));
    let counter =
        std::thread::spawn(move || (0..20_000).filter(|_| reader.frame().is_some()).count());
    let mut others: Vec<_> = (0..63).map(|_| daemon.raw_websocket(true)).collect();
    for raw in &mut others {
        raw.text("ping");
    }
    for raw in &mut others {
        assert_eq!(raw.frame(), Some(Frame::Text("pong".to_owned())));
    }
    writer.join().expect("written");
    assert_eq!(counter.join().expect("read"), 20_000);
}

/// At the limit of file descriptors the oldest connection without a token gives way to a new client.
#[cfg(target_os = "linux")]
#[test]
fn crowd_at_the_descriptor_limit_gives_way() {
    let home = Scratch::new();
    let plain = daemon_command(&home.0);
    let mut limited = Command::new("sh");
    limited.args([
        "-c",
        "ulimit -n 40; exec \"$0\" daemon",
        env!("CARGO_BIN_EXE_cleudocodebot"),
    ]);
    for (name, value) in plain.get_envs() {
        match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    limited
        .stdin(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped());
    let daemon = Daemon::from_command(limited, &home.0);
    let mut first = daemon.raw_websocket(true);
    let crowd: Vec<_> = (0..60).map(|_| daemon.raw()).collect();
    daemon.logs("cannot accept connections");
    first.text("ping");
    assert_eq!(
        first.frame(),
        Some(Frame::Text("pong".to_owned())),
        "connected clients are still served"
    );
    let mut late = daemon.raw_websocket(true);
    late.assert_alive();
    drop(crowd);
}
