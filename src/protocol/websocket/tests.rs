//! What a loop over memory breaks first: frames cut anywhere, fragments, pauses, broken peers.

use proptest::prelude::*;
use tungstenite::protocol::frame::{
    FrameHeader,
    coding::{Control, Data, OpCode},
};

use super::*;

const MAX: usize = 1 << 20;

/// One frame as a client sends it: masked (RFC 6455 §5.3).
pub(super) fn frame(opcode: OpCode, is_final: bool, payload: &[u8]) -> Vec<u8> {
    let mask = [7, 9, 2, 250];
    let header = FrameHeader {
        is_final,
        opcode,
        mask: Some(mask),
        ..FrameHeader::default()
    };
    let mut bytes = Vec::new();
    header
        .format(payload.len() as u64, &mut bytes)
        .expect("memory takes every write");
    bytes.extend(
        payload
            .iter()
            .zip(mask.iter().cycle())
            .map(|(byte, key)| byte ^ key),
    );
    bytes
}

fn text(payload: &str) -> Vec<u8> {
    frame(OpCode::Data(Data::Text), true, payload.as_bytes())
}

/// Reads `pieces` one after the other; the texts that came and the end, if one came.
fn read_all<'a>(
    socket: &mut ServerSocket,
    shared: &mut SharedContext,
    pieces: impl IntoIterator<Item = &'a [u8]>,
    output: &mut Vec<u8>,
) -> (Vec<String>, Option<End>) {
    let mut texts = Vec::new();
    for piece in pieces {
        let read = socket.read(shared, MAX, &mut piece.to_vec(), output, |received, _| {
            if let PeerMessage::Text(text) = received {
                texts.push(text.to_owned());
            }
            Flow::Continue
        });
        if let Err(end) = read {
            return (texts, Some(end));
        }
    }
    (texts, None)
}

#[test]
fn fragments_with_a_ping_between_make_one_message_and_a_pong() {
    let bytes = [
        frame(OpCode::Data(Data::Text), false, "olá ".as_bytes()),
        frame(OpCode::Control(Control::Ping), true, b"p"),
        frame(OpCode::Data(Data::Continue), true, b"you"),
    ]
    .concat();
    for cut in 1..bytes.len() {
        let (mut socket, mut shared, mut output) = (
            ServerSocket::default(),
            SharedContext::default(),
            Vec::new(),
        );
        let (texts, end) = read_all(&mut socket, &mut shared, bytes.chunks(cut), &mut output);
        assert_eq!((texts, end), (vec!["olá you".to_owned()], None));
        assert_eq!(output, [0x8A, 1, b'p']);
        assert!(!socket.is_inside_message());
    }
}

#[test]
fn two_connections_share_one_context_without_mixing_bytes() {
    let mut shared = SharedContext::default();
    let (mut one, mut two) = (ServerSocket::default(), ServerSocket::default());
    let (first, second) = (text("first"), text("second"));
    let mut output = Vec::new();
    for (a, b) in first.iter().zip(&second) {
        let (texts_one, _) = read_all(&mut one, &mut shared, [&[*a][..]], &mut output);
        let (texts_two, _) = read_all(&mut two, &mut shared, [&[*b][..]], &mut output);
        assert!(texts_one.iter().all(|text| text == "first") && texts_two.is_empty());
    }
    let (texts, end) = read_all(&mut two, &mut shared, [&second[first.len()..]], &mut output);
    assert_eq!((texts, end), (vec!["second".to_owned()], None));
}

#[test]
fn a_pause_loses_nothing() {
    let mut bytes: Vec<u8> = (0..1000).flat_map(|n| text(&n.to_string())).collect();
    let (mut socket, mut shared, mut output) = (
        ServerSocket::default(),
        SharedContext::default(),
        Vec::new(),
    );
    let (mut left, mut seen) = (&mut bytes[..], 0);
    while seen < 1000 {
        let taken = socket
            .read(&mut shared, MAX, left, &mut output, |received, _| {
                assert_eq!(received, PeerMessage::Text(&seen.to_string()));
                seen += 1;
                Flow::Pause
            })
            .expect("no end");
        left = &mut left[taken..];
    }
    assert!(left.is_empty());
}

#[test]
fn each_violation_has_its_close_code() {
    let too_large = text(&"x".repeat(MAX + 1));
    let mut unmasked = Vec::new();
    push_text(&mut unmasked, "x");
    for (bytes, code) in [
        (
            frame(OpCode::Data(Data::Text), true, b"\xFF\xFE"),
            close::NOT_UTF8,
        ),
        (too_large, close::TOO_LARGE),
        (unmasked, close::PROTOCOL),
        (
            frame(OpCode::Data(Data::Continue), true, b"x"),
            close::PROTOCOL,
        ),
        (vec![0xC1, 0x80, 0, 0, 0, 0], close::PROTOCOL),
        (vec![0x83, 0x80, 0, 0, 0, 0], close::PROTOCOL),
    ] {
        let (mut socket, mut shared, mut output) = (
            ServerSocket::default(),
            SharedContext::default(),
            Vec::new(),
        );
        let (_, end) = read_all(&mut socket, &mut shared, [&bytes[..]], &mut output);
        let Some(End::Violation(seen, reason)) = end else {
            panic!("no violation")
        };
        assert_eq!(seen, code, "{reason}");
        socket.close(&mut shared, seen, &reason, &mut output);
        assert_eq!((output[0], &output[2..4]), (0x88, &code.to_be_bytes()[..]));
        let (texts, end) = read_all(
            &mut ServerSocket::default(),
            &mut shared,
            [&text("fine")[..]],
            &mut output,
        );
        assert_eq!(
            (texts, end),
            (vec!["fine".to_owned()], None),
            "the shared context must stay clean"
        );
    }
}

#[test]
fn both_closing_handshakes_complete() {
    let (mut socket, mut shared, mut output) = (
        ServerSocket::default(),
        SharedContext::default(),
        Vec::new(),
    );
    let bytes = frame(
        OpCode::Control(Control::Close),
        true,
        &1000_u16.to_be_bytes(),
    );
    assert_eq!(
        read_all(&mut socket, &mut shared, [&bytes[..]], &mut output).1,
        Some(End::Closed)
    );
    assert_eq!(output, [0x88, 2, 3, 232]);

    let (mut socket, mut output) = (ServerSocket::default(), Vec::new());
    socket.close(&mut shared, close::GOING_AWAY, "bye", &mut output);
    assert_eq!(output, [0x88, 5, 3, 233, b'b', b'y', b'e']);
    let reply = [
        text("late"),
        frame(
            OpCode::Control(Control::Close),
            true,
            &1001_u16.to_be_bytes(),
        ),
    ]
    .concat();
    assert_eq!(
        read_all(&mut socket, &mut shared, [&reply[..]], &mut output).1,
        Some(End::Closed)
    );
}

proptest! {
    #[test]
    fn any_texts_in_any_pieces_come_out_whole(
        payloads in prop::collection::vec(".{0,300}", 1..20),
        cut in 1_usize..5000,
    ) {
        let bytes: Vec<u8> = payloads.iter().flat_map(|payload| text(payload)).collect();
        let (mut socket, mut shared, mut output) = (ServerSocket::default(), SharedContext::default(), Vec::new());
        let (texts, end) = read_all(&mut socket, &mut shared, bytes.chunks(cut), &mut output);
        prop_assert_eq!((texts, end), (payloads, None));
        prop_assert!(!socket.is_inside_message());
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>) {
        let (mut socket, mut shared, mut output) = (ServerSocket::default(), SharedContext::default(), Vec::new());
        let _ = read_all(&mut socket, &mut shared, bytes.chunks(3), &mut output);
    }
}
