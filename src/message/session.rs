//! What agents call a conversation.
//!
//! Not here: which session a conversation is in (`store`).

/// The name of the context that an agent keeps for a conversation: readable, and different for each
/// conversation and each beginning of it.
pub fn session_name(channel: &str, peer: &str, generation: u64) -> String {
    let stem = session_stem(channel, peer);
    format!("{stem}-{generation}")
}

/// What the names of all beginnings of a conversation have before their number.
pub fn session_stem(channel: &str, peer: &str) -> String {
    /// Characters of the peer that are shown.
    const MAX_SHOWN: usize = 24;
    let plain = |text: &str| -> String {
        let plain = text.chars().filter(char::is_ascii_alphanumeric);
        plain.take(MAX_SHOWN).collect()
    };
    let hash = fnv1a(format!("{channel}\0{peer}").as_bytes());
    let (channel, peer) = (plain(channel), plain(peer));
    let separator = if peer.is_empty() { "" } else { "-" };
    format!("s{channel}{separator}{peer}-{hash:016x}")
}

/// A hash that is the same in every version, which the standard library's need not be (FNV-1a,
/// <http://www.isthe.com/chongo/tech/comp/fnv/>).
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_plain_and_differs_for_each_conversation() {
        let of = session_name;
        let all = [
            of("telegram", "42", 0),
            of("telegram", "42", 1),
            of("telegram", "-42", 0),
            of("telegram-2", "42", 0),
            of("webchat", "José ✓", 0),
            of("whatsapp", "120363000000000000@g.us", 0),
            of("", "!", 0),
        ];
        for (at, one) in all.iter().enumerate() {
            assert!(
                one.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'),
                "{one}"
            );
            assert!(one.len() < 100 && !one.ends_with('-'), "{one}");
            assert!(!all[..at].contains(one), "{one}");
        }
        assert_eq!(all[0], of("telegram", "42", 0), "stable");
        assert!(all[0].starts_with("stelegram-42-"));
    }
}
