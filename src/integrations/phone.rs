//! Phone numbers as `WhatsApp` knows people: however one is written, the same person is one peer.

use super::{cloud, evolution};
use crate::{
    message::{Direction, Message},
    store::{HistoryQuery, Store, StoreError},
};

/// What the address of a person ends with.
pub(super) const PERSON: &str = "@s.whatsapp.net";

/// The channels whose peers are people by their number, in the order in which `/zap` and `/wa` ask
/// for them.
pub(super) const CHANNELS: [&str; 2] = [evolution::NAME, cloud::NAME];

/// The peer that an address on a channel means: on `WhatsApp`, a number is its digits, with the
/// country's first. Groups, and what other channels know peers by, stay as they are.
pub fn peer(channel: &str, address: &str) -> String {
    if CHANNELS.contains(&channel) {
        digits(address)
    } else {
        address.to_owned()
    }
}

/// The digits of a number, or the address as it is where it is none.
pub(super) fn digits(address: &str) -> String {
    let number = address.strip_suffix(PERSON).unwrap_or(address);
    let is_number = number.contains(|c: char| c.is_ascii_digit())
        && number
            .chars()
            .all(|c| c.is_ascii_digit() || "+-.() ".contains(c));
    if is_number {
        number.chars().filter(char::is_ascii_digit).collect()
    } else {
        address.to_owned()
    }
}

/// The number, and where those of its country come with and without a digit, the other spelling.
///
/// `WhatsApp` takes a number in either, and goes by the one that the person's account has:
/// <https://github.com/EvolutionAPI/evolution-api/blob/main/src/utils/createJid.ts>,
/// <https://github.com/EvolutionAPI/evolution-api/blob/main/src/utils/onWhatsappCache.ts>.
pub(super) fn spellings(address: &str) -> Vec<String> {
    let number = digits(address);
    let other = other_spelling(&number);
    [number].into_iter().chain(other).collect()
}

fn other_spelling(number: &str) -> Option<String> {
    let (at, digit) = match number.get(..2)? {
        "55" => (4, '9'),
        "52" => (2, '1'),
        "54" => (2, '9'),
        _ => return None,
    };
    if !number.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (before, after) = number.split_at_checked(at)?;
    let (rest, digit) = match number.len() {
        12 => (after, Some(digit)),
        13 => (after.strip_prefix(digit)?, None),
        _ => return None,
    };
    // Landlines of Brazil never have the digit: with it they are the mobiles of others.
    if at == 4 && !rest.starts_with(['6', '7', '8', '9']) {
        return None;
    }
    let digit = digit.map(String::from).unwrap_or_default();
    Some(format!("{before}{digit}{rest}"))
}

/// True where two addresses are the same person or group, in whichever spelling.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    spellings(one).contains(&digits(other))
}

/// The conversation that something of a person belongs to: of the spellings of the number, the one
/// by which the user wrote last, and that of the service where there is no such.
pub(super) async fn conversation(
    store: &Store,
    channel: &str,
    peer: &str,
) -> Result<String, StoreError> {
    let spellings = spellings(peer);
    if spellings.len() < 2 || !CHANNELS.contains(&channel) {
        return Ok(peer.to_owned());
    }
    let channel = channel.to_owned();
    let read = move |store: &Store| {
        let mut last = None;
        for spelling in spellings {
            let written = written_last(store, &channel, &spelling)?;
            last = last.max(written.map(|message| (message.id, spelling)));
        }
        Ok(last.map(|(_, spelling)| spelling))
    };
    let found = store.beside(read).await?;
    Ok(found.unwrap_or_else(|| peer.to_owned()))
}

/// The user's last message in a conversation, as far back as a page goes.
fn written_last(store: &Store, channel: &str, peer: &str) -> Result<Option<Message>, StoreError> {
    if store.newest(channel, peer)?.is_none() {
        return Ok(None);
    }
    let page = store.history(&HistoryQuery {
        channel: Some(channel.to_owned()),
        peer: Some(peer.to_owned()),
        ..HistoryQuery::default()
    })?;
    let by_the_user = |message: &Message| {
        let meta = message.meta.as_ref();
        message.direction == Direction::Out || meta.is_some_and(|meta| meta["own"] == true)
    };
    Ok(page.messages.into_iter().rfind(by_the_user))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_its_digits_however_it_is_written() {
        for written in [
            "5511987654321",
            "+55 (11) 98765-4321",
            "+55.11.98765.4321",
            "5511987654321@s.whatsapp.net",
        ] {
            assert_eq!(peer(evolution::NAME, written), "5511987654321");
            assert_eq!(peer("telegram", written), written);
        }
        for other in ["1203-1@g.us", "7@lid", "@ana", "ana", "", "+", "5511 ana"] {
            assert_eq!(peer(cloud::NAME, other), other);
        }
    }

    #[test]
    fn a_number_is_the_same_person_with_and_without_the_digit_of_its_country() {
        for (with, without) in [
            ("5548999998888", "554899998888"),
            ("5511987654321", "551187654321"),
            ("5215512345678", "525512345678"),
            ("5491123456789", "541123456789"),
        ] {
            for (one, other) in [(with, without), (without, with), (with, with)] {
                assert!(is_same(&format!("{one}{PERSON}"), other), "{one} {other}");
                assert!(is_same(one, &format!("+{other}")), "{one} {other}");
            }
        }
        for (one, other) in [
            ("5511933334444", "551133334444"),
            ("5548999998888", "554899998889"),
            ("4915112345678", "491112345678"),
            ("55119", "5511"),
            ("5548999998888@g.us", "554899998888@g.us"),
            ("554899999888é", "55489999888é"),
        ] {
            assert!(!is_same(one, other), "{one} {other}");
        }
        assert_eq!(spellings("5511"), ["5511"]);
    }
}
