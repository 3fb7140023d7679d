//! UTF-16LE with a byte order mark: what `schtasks` reads and `reg export` writes.

/// The byte order mark.
const BOM: [u8; 2] = [0xFF, 0xFE];

/// Text as bytes, with the byte order mark.
pub fn encode(text: &str) -> Vec<u8> {
    let units = text.encode_utf16().flat_map(u16::to_le_bytes);
    BOM.into_iter().chain(units).collect()
}

/// Bytes as text; `None` without the byte order mark or where they are not UTF-16.
pub fn decode(bytes: &[u8]) -> Option<String> {
    let (pairs, rest) = bytes.strip_prefix(&BOM)?.as_chunks::<2>();
    let units = pairs.iter().map(|pair| u16::from_le_bytes(*pair));
    let text: Result<String, _> = char::decode_utf16(units).collect();
    text.ok().filter(|_| rest.is_empty())
}

/// The length of a text in UTF-16 units, as Windows counts it.
pub fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bytes_that_are_not_utf_16_are_refused() {
        assert_eq!(encode("aö"), [0xFF, 0xFE, b'a', 0, 0xF6, 0]);
        for wrong in [&b"abc"[..], &[0xFF, 0xFE, 1], &[0xFF, 0xFE, 0, 0xD8], &[]] {
            assert_eq!(decode(wrong), None);
        }
    }

    proptest! {
        #[test]
        fn encoded_text_is_decoded_again(text: String) {
            prop_assert_eq!(decode(&encode(&text)), Some(text));
        }
    }
}
