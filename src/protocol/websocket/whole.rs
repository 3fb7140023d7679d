//! The common case: a whole text message in one masked frame, among the bytes that were read. It is
//! decoded where it lies, without a context, a copy or an allocation.
//!
//! What is anything else, or wrong in any way, is not looked at further here: tungstenite judges it.

use std::{ops::Range, str::Utf8Error};

/// FIN, no reserved bit, opcode 1 (RFC 6455 §5.2).
const FINAL_TEXT: u8 = 0x81;
/// The bit of the second byte that says that a mask follows.
const MASKED: u8 = 0x80;

/// A frame that is a whole message.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct WholeText {
    mask: [u8; 4],
    /// Where the payload lies, from the first byte of the frame.
    payload: Range<usize>,
}

impl WholeText {
    /// The frame that `input` begins with, if it is one of those, complete, and at most `max_message`
    /// bytes long. Frames that need eight bytes for their length are left to others: they are longer
    /// than one read.
    pub(super) fn find(input: &[u8], max_message: usize) -> Option<Self> {
        let (&[first, second], rest) = input.split_first_chunk()?;
        if first != FINAL_TEXT || second & MASKED == 0 {
            return None;
        }
        let (length, header) = match second & !MASKED {
            127 => return None,
            126 => (usize::from(u16::from_be_bytes(*rest.first_chunk()?)), 4),
            short => (usize::from(short), 2),
        };
        // A length that would fit into fewer bytes breaks the protocol.
        if length > max_message || (header == 4 && length < 126) {
            return None;
        }
        let start = header + 4;
        let mask = *input.get(header..)?.first_chunk()?;
        let payload = start..start + length;
        (payload.end <= input.len()).then_some(Self { mask, payload })
    }

    /// How many bytes the frame has.
    pub(super) fn length(&self) -> usize {
        self.payload.end
    }

    /// The text, decoded in place.
    pub(super) fn decode<'a>(&self, frame: &'a mut [u8]) -> Result<&'a str, Utf8Error> {
        let payload = &mut frame[self.payload.clone()];
        apply_mask(payload, self.mask);
        std::str::from_utf8(payload)
    }

    /// Undoes `decode`, for a reader that says what is wrong with the frame.
    pub(super) fn restore(&self, frame: &mut [u8]) {
        apply_mask(&mut frame[self.payload.clone()], self.mask);
    }
}

/// Masks or unmasks (§5.3), eight bytes at a time.
fn apply_mask(payload: &mut [u8], mask: [u8; 4]) {
    let [a, b, c, d] = mask;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (eights, rest) = payload.as_chunks_mut::<8>();
    for eight in eights {
        *eight = (u64::from_ne_bytes(*eight) ^ wide).to_ne_bytes();
    }
    for (byte, key) in rest.iter_mut().zip(mask.into_iter().cycle()) {
        *byte ^= key;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

    use super::{super::tests::frame, *};

    const TEXT: OpCode = OpCode::Data(Data::Text);

    proptest! {
        #[test]
        fn a_text_is_found_once_it_is_complete(text in "\\PC{0,300}", behind in 0_usize..3, cut in any::<prop::sample::Index>()) {
            let whole = frame(TEXT, true, text.as_bytes());
            let mut input = [&whole[..], &vec![0x81; behind]].concat();
            let found = WholeText::find(&input, 2000).expect("complete");
            prop_assert_eq!(found.length(), whole.len());
            prop_assert_eq!(found.decode(&mut input), Ok(&*text));
            prop_assert_eq!(WholeText::find(&whole[..cut.index(whole.len())], 2000), None);
        }
    }

    #[test]
    fn everything_else_is_left_to_tungstenite() {
        let close = frame(OpCode::Control(Control::Close), true, b"");
        let binary = frame(OpCode::Data(Data::Binary), true, b"a");
        let fragment = frame(TEXT, false, b"a");
        let (mut reserved, mut unmasked) = (frame(TEXT, true, b"abcdef"), frame(TEXT, true, b"a"));
        reserved[0] |= 0x40;
        unmasked[1] &= !MASKED;
        let padded = [&[0x81, 0xFE, 0, 5, 1, 2, 3, 4][..], b"abcde"].concat();
        let too_long = frame(TEXT, true, &[b'a'; 101]);
        for input in [
            close, binary, fragment, reserved, unmasked, padded, too_long,
        ] {
            assert_eq!(WholeText::find(&input, 100), None, "{input:?}");
        }
    }

    #[test]
    fn bytes_that_are_not_utf_8_can_be_put_back() {
        let input = frame(TEXT, true, b"abc\xFFdefghijk");
        let mut tried = input.clone();
        let found = WholeText::find(&tried, 100).expect("complete");
        assert!(found.decode(&mut tried).is_err());
        found.restore(&mut tried);
        assert_eq!(tried, input);
    }
}
