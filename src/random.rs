//! Random numbers of the operating system: tokens, keys and seeds; and hexadecimal text.

use std::fmt::Write as _;

/// Fills an array from the system's generator. Panics without one: no token would be safe.
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut out = [0; N];
    getrandom::fill(&mut out).expect("the system's random generator answers");
    out
}

/// A new 256-bit token as 64 lower-case hexadecimal digits, which need no quoting in a header, a URL or
/// a shell.
pub fn token() -> String {
    hex(&bytes::<32>())
}

/// A random number, for seeds.
pub fn seed() -> u64 {
    u64::from_ne_bytes(bytes())
}

/// Lower-case hexadecimal digits, two a byte.
pub fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// Whether a text is so many bytes in hexadecimal digits, of either case.
pub fn is_hex(text: &str, bytes: usize) -> bool {
    text.len() == 2 * bytes && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    #[test]
    fn tokens_are_64_hexadecimal_digits_and_differ() {
        let (one, other) = (super::token(), super::token());
        assert_eq!(one.len(), 64);
        assert!(one.bytes().all(|b| b.is_ascii_hexdigit()));
        assert_ne!(one, other);
    }
}
