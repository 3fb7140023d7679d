//! Where in the byte stream a connection is: between two messages, or inside one.
//!
//! Only counting: whether a frame is valid is for tungstenite to check.

/// The longest header: two bytes, eight of length, four of mask (RFC 6455 §5.2).
const MAX_HEADER: usize = 14;

/// Follows frames through the bytes of one direction.
#[derive(Debug, Default)]
pub(super) struct Boundary {
    header: [u8; MAX_HEADER],
    have: usize,
    payload_left: u64,
    inside_message: bool,
    /// Bytes since the last message or control frame between messages was whole.
    since_message: usize,
}

impl Boundary {
    /// Whether the bytes seen so far end with a whole message and a whole frame.
    pub(super) fn is_between_messages(&self) -> bool {
        self.have == 0 && self.payload_left == 0 && !self.inside_message
    }

    /// Bytes of the message that is unfinished.
    pub(super) fn unfinished(&self) -> usize {
        self.since_message
    }

    /// Takes the next bytes of the stream into account.
    pub(super) fn advance(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.payload_left > 0 {
                let step = bytes
                    .len()
                    .min(usize::try_from(self.payload_left).unwrap_or(usize::MAX));
                self.payload_left -= step as u64;
                self.since_message += step;
                bytes = &bytes[step..];
                if self.payload_left == 0 {
                    self.end_frame();
                }
            } else {
                let wanted = if self.have < 2 {
                    2
                } else {
                    header_length(self.header[1])
                };
                let step = bytes.len().min(wanted - self.have);
                self.header[self.have..self.have + step].copy_from_slice(&bytes[..step]);
                self.have += step;
                self.since_message += step;
                bytes = &bytes[step..];
                if self.have >= 2 && self.have == header_length(self.header[1]) {
                    self.enter_frame();
                }
            }
        }
    }

    fn enter_frame(&mut self) {
        self.payload_left = match self.header[1] & 0x7F {
            126 => u64::from(u16::from_be_bytes([self.header[2], self.header[3]])),
            127 => self.header[2..10]
                .iter()
                .fold(0, |length, byte| length << 8 | u64::from(*byte)),
            short => u64::from(short),
        };
        let (last, opcode) = (self.header[0] & 0x80 != 0, self.header[0] & 0x0F);
        let is_control = opcode & 0x08 != 0;
        if !is_control {
            self.inside_message = !last;
        }
        self.have = 0;
        if self.payload_left == 0 {
            self.end_frame();
        }
    }

    fn end_frame(&mut self) {
        if !self.inside_message {
            self.since_message = 0;
        }
    }
}

fn header_length(second: u8) -> usize {
    let extended = match second & 0x7F {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    2 + extended + if second & 0x80 == 0 { 0 } else { 4 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

    use super::{super::tests::frame, *};

    /// A text message in `parts` fragments with a ping between them.
    fn message(length: usize, parts: usize) -> Vec<u8> {
        let fragments = (0..parts).map(|part| {
            let opcode = OpCode::Data(if part == 0 {
                Data::Text
            } else {
                Data::Continue
            });
            frame(opcode, part + 1 == parts, &vec![b'x'; length])
        });
        fragments
            .collect::<Vec<_>>()
            .join(&frame(OpCode::Control(Control::Ping), true, b"p")[..])
    }

    proptest! {
        #[test]
        fn the_end_of_a_message_is_found_however_its_bytes_come(
            length in prop_oneof![0_usize..200, 65_500_usize..65_600],
            parts in 1_usize..4,
            cut in 1_usize..5000,
        ) {
            let bytes = message(length, parts);
            let mut boundary = Boundary::default();
            for piece in bytes[..bytes.len() - 1].chunks(cut) {
                boundary.advance(piece);
                prop_assert!(!boundary.is_between_messages());
            }
            prop_assert_eq!(boundary.unfinished(), bytes.len() - 1);
            boundary.advance(&bytes[bytes.len() - 1..]);
            prop_assert!(boundary.is_between_messages());
            prop_assert_eq!(boundary.unfinished(), 0);
        }
    }
}
