//! Comparing secrets.

/// Whether both are equal, in a time that does not tell where they differ: a byte-by-byte guess would
/// otherwise be confirmed one byte at a time. The length is no secret.
pub fn equal(given: &[u8], expected: &[u8]) -> bool {
    let differences = given
        .iter()
        .zip(expected)
        .fold(0, |all, (a, b)| all | (a ^ b));
    given.len() == expected.len() && std::hint::black_box(differences) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_token_matches() {
        assert!(equal(b"secret", b"secret"));
        for wrong in ["", "secre", "secretx", "Secret", "secreu"] {
            assert!(!equal(wrong.as_bytes(), b"secret"), "{wrong}");
        }
        assert!(equal(b"a", b"a") && !equal(b"a", b"b") && !equal(b"", b"a"));
    }
}
