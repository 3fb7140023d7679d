//! Phone numbers as people write them. What is sent, and what scripts read, keeps the bare digits.

use crate::phone;

/// Digits of a number that is worth grouping, and of the longest there are (E.164).
const LENGTHS: std::ops::RangeInclusive<usize> = 8..=15;

/// `+55 (11) 98765-4321` where this channel knows its peers by number; any other peer as it is.
pub(crate) fn shown_peer(channel: &str, peer: &str) -> String {
    let is_number = peer.bytes().all(|byte| byte.is_ascii_digit())
        && LENGTHS.contains(&peer.len())
        && !peer.starts_with('0');
    if !is_number || !phone::CHANNELS.contains(&channel) {
        return peer.to_owned();
    }
    let (country, rest) = peer.split_at(country_digits(peer));
    match brazilian(country, rest) {
        Some(number) => number,
        None => format!("+{country} {}", grouped(rest)),
    }
}

/// How many digits name the country: one, two for those in the list, three for all others
/// (ITU-T E.164, list of assigned country codes).
fn country_digits(number: &str) -> usize {
    match number.as_bytes() {
        [b'1' | b'7', ..] => 1,
        [b'2', b'0' | b'7', ..]
        | [b'3', b'0'..=b'4' | b'6' | b'9', ..]
        | [b'4', b'0' | b'1' | b'3'..=b'9', ..]
        | [b'5', b'1'..=b'8', ..]
        | [b'6', b'0'..=b'6', ..]
        | [b'8', b'1' | b'2' | b'4' | b'6', ..]
        | [b'9', b'0'..=b'5' | b'8', ..] => 2,
        _ => 3,
    }
}

/// Area, exchange and line, of mobiles (nine digits) and landlines (eight).
fn brazilian(country: &str, rest: &str) -> Option<String> {
    if country != "55" || !(10..=11).contains(&rest.len()) {
        return None;
    }
    let (area, number) = rest.split_at(2);
    let (exchange, line) = number.split_at(number.len() - 4);
    Some(format!("+55 ({area}) {exchange}-{line}"))
}

/// Groups of three, at the end of four where that leaves none shorter.
fn grouped(digits: &str) -> String {
    let mut groups = Vec::new();
    let mut left = digits;
    while left.len() > 5 {
        let (group, rest) = left.split_at(if left.len() == 8 { 4 } else { 3 });
        groups.push(group);
        left = rest;
    }
    groups.push(left);
    groups.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The page's are held to the same list (`tests/page/numbers.test.mjs`).
    #[test]
    fn a_number_is_grouped_as_in_its_country() {
        for (peer, shown) in [
            ("5511987654321", "+55 (11) 98765-4321"),
            ("551133334444", "+55 (11) 3333-4444"),
            ("12125550123", "+1 212 555 0123"),
            ("447911123456", "+44 791 112 3456"),
            ("4915112345678", "+49 151 1234 5678"),
            ("351912345678", "+351 912 345 678"),
            ("59899123456", "+598 9912 3456"),
            ("79161234567", "+7 916 123 4567"),
            ("6591234567", "+65 9123 4567"),
            ("55119876", "+55 119 876"),
        ] {
            assert_eq!(shown_peer("whatsapp", peer), shown);
            assert_eq!(shown_peer("whatsapp-cloud", peer), shown);
            assert_eq!(shown_peer("telegram", peer), peer);
        }
    }

    #[test]
    fn what_is_no_number_stays_as_it_is() {
        for peer in [
            "5511",
            "1203631234567890@g.us",
            "77@lid",
            "ana",
            "",
            "0123456789",
            "1234567890123456",
            "+5511987654321",
            "١٢٣٤٥٦٧٨٩",
        ] {
            assert_eq!(shown_peer("whatsapp", peer), peer);
        }
    }
}
