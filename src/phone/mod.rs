//! Phone numbers, which identify people on `WhatsApp`: maps all spellings of a number to one peer.
//!
//! Pure functions without state. Not here: whose number it is and whether it may write.

mod country;

pub use self::country::Country;

/// The channels whose peers are phone numbers.
pub const CHANNELS: [&str; 2] = ["whatsapp", "whatsapp-cloud"];

/// The suffix of a person's address.
pub const PERSON: &str = "@s.whatsapp.net";

/// The same suffix in other programs.
const PERSON_ALIAS: &str = "@c.us";

/// Digits of the longest number (E.164).
const MAX_DIGITS: usize = 15;

/// The peer of an address. Groups and the addresses of other channels stay as they are.
pub fn peer(channel: &str, address: &str) -> String {
    if CHANNELS.contains(&channel) {
        person(address)
    } else {
        address.to_owned()
    }
}

/// The peer of an address that a user wrote, in which a number of `country` may lack the country code.
/// The error says what was expected.
pub fn written(channel: &str, address: &str, country: Option<Country>) -> Result<String, String> {
    if !CHANNELS.contains(&channel) || is_other_address(channel, address) {
        return Ok(peer(channel, address));
    }
    whole(address, country).ok_or_else(|| {
        let example = match country {
            Some(country) => format!("a number of {} with its area", country.name()),
            None => "a number with the code of its country".to_owned(),
        };
        format!("{example}, as 11 98765-4321 or +55 11 98765-4321, or the address of a group")
    })
}

/// Digits of the shortest complete number.
const MIN_DIGITS: usize = 7;

/// The complete number in an address, if it is one.
fn whole(address: &str, country: Option<Country>) -> Option<String> {
    let digits = digits(address)?;
    let bare = address.trim().trim_start_matches("tel:");
    let bare = bare.trim_start_matches(|c: char| !c.is_ascii_digit() && c != '+');
    let is_international = bare.starts_with('+') || bare.starts_with("00") || bare.contains('@');
    let national = country.filter(|_| !is_international);
    if let Some(number) = national.and_then(|country| country.complete(&digits)) {
        return Some(preferred(number));
    }
    // If the country is set, a number without `+` must be a national one or begin with a known code.
    let is_whole = digits.len() >= MIN_DIGITS
        && !Country::is_wrong(&digits)
        && (is_international || country.is_none() || Country::of(&digits).is_some());
    is_whole.then(|| preferred(digits))
}

/// Whether an address is something other than a number: a group, or a hidden or business-scoped id. An
/// address that looks like a mistyped number is not.
fn is_other_address(channel: &str, address: &str) -> bool {
    let (account, server) = address.split_once('@').unwrap_or((address, ""));
    let is_account = !account.is_empty() && account.bytes().all(|b| b.is_ascii_graphic());
    let jid = is_account && server.contains(|c: char| c.is_ascii_alphabetic());
    let person = [PERSON, PERSON_ALIAS]
        .iter()
        .any(|end| address.ends_with(end));
    // An id of an old group: CREATOR-TIME.
    let old_group = address.split_once('-').is_some_and(|(creator, time)| {
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        digits(creator) && digits(time) && address.len() >= 24
    });
    // Meta's opaque ids of users and groups.
    let opaque = channel == CHANNELS[1]
        && address.len() >= 10
        && address
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._=-:".contains(&b))
        && address.bytes().any(|b| b.is_ascii_alphabetic());
    (jid && !person) || old_group || opaque
}

/// The person of an address: the number in the spelling preferred by `WhatsApp`, or the address itself
/// if it is not a number.
pub fn person(address: &str) -> String {
    match digits(address) {
        Some(number) => preferred(number),
        None => address.to_owned(),
    }
}

/// All spellings of a person's number, the preferred one first.
pub fn spellings(address: &str) -> Vec<String> {
    let person = person(address);
    let other =
        both(&person).map(|Both { short, long }| if person == short { long } else { short });
    [person].into_iter().chain(other).collect()
}

/// The digits of a number, without a leading `00`.
fn digits(address: &str) -> Option<String> {
    let address = address.trim();
    let address = address.strip_prefix("tel:").unwrap_or(address);
    let mut servers = [PERSON, PERSON_ALIAS].into_iter();
    let account = servers.find_map(|server| address.strip_suffix(server));
    // After a colon comes the number of the person's device.
    let number = match account {
        Some(account) => account.split(':').next().unwrap_or_default(),
        None => address,
    };
    if !number
        .chars()
        .all(|c| c.is_ascii_digit() || is_separator(c))
    {
        return None;
    }
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let digits = digits
        .strip_prefix("00")
        .map(str::to_owned)
        .unwrap_or(digits);
    (1..=MAX_DIGITS).contains(&digits.len()).then_some(digits)
}

/// Whether a character may separate digits. Includes the invisible ones that copied numbers often have.
fn is_separator(c: char) -> bool {
    "+-.()/".contains(c)
        || c.is_whitespace()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2010}'..='\u{2015}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}')
}

/// A number of a country where an extra digit is written in some places and left out in others.
struct Both {
    short: String,
    long: String,
}

/// The spelling that most accounts have, by the rule of the Evolution API:
/// <https://github.com/EvolutionAPI/evolution-api/blob/main/src/utils/createJid.ts>. Both that API and
/// Meta accept either spelling and find the account.
fn preferred(number: String) -> String {
    let Some(Both { short, long }) = both(&number) else {
        return number;
    };
    // In the south-east of Brazil, mobile numbers had the ninth digit before `WhatsApp` accounts existed.
    let is_long = short.starts_with("55") && (short[2..4] < *"31" || short[4..] < *"7");
    if is_long { long } else { short }
}

/// Both spellings in Brazil (9 after the area code), Mexico (1 after the country code) and Argentina (9
/// after the country code).
fn both(number: &str) -> Option<Both> {
    let (at, digit) = match number.get(..2)? {
        "55" => (4, '9'),
        "52" => (2, '1'),
        "54" => (2, '9'),
        _ => return None,
    };
    let (before, after) = number.split_at_checked(at)?;
    let rest = match number.len() {
        12 => after,
        13 => after.strip_prefix(digit)?,
        _ => return None,
    };
    // Landlines in Brazil never have the digit; with it they would be someone else's mobile number.
    let is_landline = before.len() == 4 && !rest.starts_with(['6', '7', '8', '9']);
    (!is_landline).then(|| Both {
        short: format!("{before}{rest}"),
        long: format!("{before}{digit}{rest}"),
    })
}

/// Whether a text names whoever has this address: `@` and its digits, with no more of them behind.
pub fn is_mentioned(text: &str, address: &str) -> bool {
    let user = address.split('@').next().unwrap_or_default();
    let written = format!("@{user}");
    !user.is_empty()
        && text.match_indices(&written).any(|(at, _)| {
            let behind = text[at + written.len()..].chars().next();
            behind.is_none_or(|c| !c.is_ascii_digit())
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn all_notations_of_a_number_are_one_peer() {
        for written in [
            "5511987654321",
            "+55 (11) 98765-4321",
            "+55.11.98765.4321",
            "55/11/987654321",
            "005511987654321",
            "tel:+55-11-98765-4321",
            "\u{202a}+55\u{a0}11\u{a0}98765\u{2011}4321\u{202c}",
            "5511987654321@s.whatsapp.net",
            "5511987654321:12@s.whatsapp.net",
            "5511987654321@c.us",
        ] {
            assert_eq!(peer("whatsapp", written), "5511987654321", "{written}");
            assert_eq!(peer("telegram", written), written);
        }
        for other in [
            "1203-1@g.us",
            "7@lid",
            "554899998888-1400000000",
            "status@broadcast",
            "@ana",
            "ana",
            "",
            "+",
            "5511 ana",
            "5511:12",
        ] {
            assert_eq!(peer("whatsapp-cloud", other), other);
        }
    }

    #[test]
    fn a_written_number_is_completed_or_refused() {
        let brazil = "BR".parse().ok();
        let written = |text: &str, country| written("whatsapp", text, country);
        for (text, country, peer) in [
            ("11 98765-4321", brazil, "5511987654321"),
            ("(011) 98765-4321", brazil, "5511987654321"),
            ("+55 11 98765-4321", brazil, "5511987654321"),
            ("5511987654321", brazil, "5511987654321"),
            ("+1 212 555 0123", brazil, "12125550123"),
            ("0012125550123", brazil, "12125550123"),
            ("48 99999-8888", brazil, "554899998888"),
            ("5511987654321", None, "5511987654321"),
            ("1203630@g.us", brazil, "1203630@g.us"),
            ("103899771998284@lid", None, "103899771998284@lid"),
            ("5548999998888-1400000000", None, "5548999998888-1400000000"),
        ] {
            assert_eq!(written(text, country).as_deref(), Ok(peer), "{text}");
        }
        for wrong in [
            "ana",
            "",
            "123",
            "11 98765-43",
            "98765-4321",
            "@ana",
            "+",
            "12 ana",
        ] {
            assert!(written(wrong, brazil).is_err(), "{wrong}");
        }
        assert!(written("12345", None).is_err() && written("ana", None).is_err());
        let cloud = |text: &str| super::written("whatsapp-cloud", text, None);
        for opaque in ["BR.13491208655302741918", "Y2FwaV9ncm91cDoxNzA1NTU1"] {
            assert_eq!(cloud(opaque).as_deref(), Ok(opaque));
        }
        assert!(cloud("ana").is_err());
        assert_eq!(
            super::written("telegram", "@ana", brazil).as_deref(),
            Ok("@ana")
        );
    }

    #[test]
    fn both_spellings_of_a_number_are_one_person() {
        for (preferred, other) in [
            ("554899998888", "5548999998888"),
            ("5511987654321", "551187654321"),
            ("5548969998888", "554869998888"),
            ("525512345678", "5215512345678"),
            ("541123456789", "5491123456789"),
        ] {
            assert_eq!(person(other), preferred);
            assert_eq!(spellings(preferred), [preferred, other]);
        }
        for number in ["551133334444", "5511933334444", "4915112345678", "55119"] {
            assert_eq!(spellings(number), [number]);
        }
    }

    proptest! {
        #[test]
        fn a_person_is_stable_and_so_are_its_spellings(text in "[0-9+ @a-zé:-]{0,20}", number in "5[245][0-9]{10,11}") {
            for address in [&text, &number] {
                let one = person(address);
                prop_assert_eq!(&person(&one), &one);
                for spelling in spellings(&number) {
                    prop_assert_eq!(person(&spelling), person(&number));
                }
            }
        }
    }

    #[test]
    fn a_number_in_the_text_is_named_only_whole() {
        assert!(is_mentioned("olá @5511900000000, tudo?", "5511900000000"));
        assert!(is_mentioned("@77", "77@lid"));
        assert!(!is_mentioned("@55119000000001", "5511900000000"));
        assert!(!is_mentioned("5511900000000", "5511900000000"));
        assert!(!is_mentioned("@", "") && !is_mentioned("@ @", "@lid"));
    }
}
