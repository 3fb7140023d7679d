//! Cards of people as services pass them on: vCard 3.0 (RFC 2426) and 4.0 (RFC 6350), also 2.1 with
//! quoted-printable as old phones write it. Only names, numbers and addresses of mail are read; pictures may be huge.
//!
//! `WhatsApp`'s own parameter `waid` holds the digits of an account, where Evolution writes cards with
//! `@s.whatsapp.net` behind them (`whatsapp.baileys.service.ts`, `contactMessage`).

use crate::{message::content::Person, percent};

/// Longest line that is looked at.
const MAX_LINE: usize = 4096;

/// Most numbers, and most addresses of mail, of one person.
const MAX_WAYS: usize = 16;

/// Whoever is in a text of cards; `shown` is what they are called where a card does not say.
pub fn people(cards: &str, shown: Option<&str>) -> Vec<Person> {
    let mut found = Vec::new();
    let mut card = Card::default();
    for line in lines(cards) {
        if line.eq_ignore_ascii_case("BEGIN:VCARD") {
            found.extend(std::mem::take(&mut card).person());
        } else {
            card.take(&line);
        }
    }
    found.extend(card.person());
    if found.is_empty() {
        found.extend(shown.map(|name| Person {
            name: name.to_owned(),
            ..Person::default()
        }));
    }
    if let [one] = found.as_mut_slice()
        && one.name.is_empty()
    {
        shown.unwrap_or_default().clone_into(&mut one.name);
    }
    found
}

/// What is known of the person of one card.
#[derive(Default)]
struct Card {
    full: Option<String>,
    parts: Option<String>,
    business: Option<String>,
    phones: Vec<String>,
    emails: Vec<String>,
}

impl Card {
    fn take(&mut self, line: &str) {
        let Some((head, value)) = line.split_once(':') else {
            return;
        };
        let mut words = head.split(';');
        let name = words.next().unwrap_or_default();
        // `item1.TEL`: the group ties a number to its label.
        let name = name.rsplit('.').next().unwrap_or_default();
        let parameters: Vec<&str> = words.collect();
        let value = plain(value, &parameters);
        match name.to_ascii_uppercase().as_str() {
            "FN" => self.full = filled(&value),
            "N" => self.parts = filled(&in_order(&value)),
            "X-WA-BIZ-NAME" => self.business = filled(&value),
            "TEL" => add(
                &mut self.phones,
                filled(value.trim().trim_start_matches("tel:")).or_else(|| account(&parameters)),
            ),
            "EMAIL" => add(&mut self.emails, filled(&value)),
            _ => {}
        }
    }

    fn person(self) -> Option<Person> {
        let name = self.full.or(self.parts).or(self.business);
        let is_someone = name.is_some() || !self.phones.is_empty() || !self.emails.is_empty();
        is_someone.then(|| Person {
            name: name.unwrap_or_default(),
            phones: self.phones,
            emails: self.emails,
        })
    }
}

fn filled(value: &str) -> Option<String> {
    Some(value.trim().to_owned()).filter(|value| !value.is_empty())
}

fn add(all: &mut Vec<String>, one: Option<String>) {
    let is_new = |one: &String| !all.contains(one) && all.len() < MAX_WAYS;
    all.extend(one.filter(is_new));
}

/// The number of the account, where nothing but its id is given.
fn account(parameters: &[&str]) -> Option<String> {
    let mut pairs = parameters.iter().filter_map(|one| one.split_once('='));
    let (_, id) = pairs.find(|(name, _)| name.eq_ignore_ascii_case("waid"))?;
    let digits: String = id.chars().take_while(char::is_ascii_digit).collect();
    (!digits.is_empty()).then(|| format!("+{digits}"))
}

/// `Last;First;Middle;Prefix;Suffix` as one says it.
fn in_order(name: &str) -> String {
    let parts: Vec<&str> = name.split(';').map(str::trim).collect();
    let order = [3, 1, 2, 0, 4];
    let spoken = order.iter().filter_map(|place| parts.get(*place).copied());
    let spoken: Vec<&str> = spoken.filter(|part| !part.is_empty()).collect();
    spoken.join(" ")
}

/// The lines of a text: one that begins with a blank goes on with the one before (RFC 2425 §5.8.1), and
/// so does what follows a `=` at the end of a quoted-printable one.
fn lines(cards: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in cards.split('\n').map(|line| line.trim_end_matches('\r')) {
        let goes_on = |last: &&mut String| line.starts_with([' ', '\t']) || is_cut(last);
        match lines.last_mut().filter(goes_on) {
            Some(last) => {
                if is_cut(last) {
                    last.pop();
                }
                if last.len() + line.len() <= MAX_LINE {
                    last.push_str(line.strip_prefix([' ', '\t']).unwrap_or(line));
                }
            }
            None => lines.push(line.trim_start().to_owned()),
        }
    }
    lines
}

fn is_cut(line: &str) -> bool {
    line.ends_with('=') && line.to_ascii_uppercase().contains("QUOTED-PRINTABLE")
}

/// A value without its escapes (RFC 2426 §4).
fn plain(value: &str, parameters: &[&str]) -> String {
    let is_quoted = parameters
        .iter()
        .any(|one| one.to_ascii_uppercase().ends_with("QUOTED-PRINTABLE"));
    let value = if is_quoted {
        unquoted(value)
    } else {
        value.to_owned()
    };
    let mut out = String::with_capacity(value.len());
    let mut rest = value.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' => match rest.next() {
                Some('n' | 'N') => out.push(' '),
                Some(escaped) => out.push(escaped),
                None => {}
            },
            c => out.push(c),
        }
    }
    out
}

/// Quoted-printable (RFC 2045 §6.7), as UTF-8.
fn unquoted(text: &str) -> String {
    String::from_utf8_lossy(&percent::decode(text, b'=')).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(card: &str) -> Person {
        let mut people = people(card, Some("Shown"));
        assert_eq!(people.len(), 1, "{card}");
        people.remove(0)
    }

    /// The cards of public reports: wwebjs#2000, green-api/issues#434, open-wa#272.
    #[test]
    fn the_cards_of_phones_are_read() {
        let ios = "BEGIN:VCARD\nVERSION:3.0\nN:Lima;Ana;;;\nFN:Ana Lima\n\
            item1.TEL;waid=5511987654321@s.whatsapp.net:+55 11 98765-4321\n\
            item1.X-ABLabel:Celular\nTEL;TYPE=WORK,VOICE:312-555\n\
            item2.EMAIL;type=INTERNET:ana@example.org\nPHOTO;BASE64:AAAA\n BBBB\nEND:VCARD";
        let ana = one(&ios.replace('\n', "\r\n"));
        assert_eq!(ana, one(ios));
        assert_eq!(ana.name, "Ana Lima");
        assert_eq!(ana.phones, ["+55 11 98765-4321", "312-555"]);
        assert_eq!(ana.emails, ["ana@example.org"]);
    }

    #[test]
    fn what_a_card_leaves_out_is_found_elsewhere() {
        let name = |card: &str| one(card).name;
        assert_eq!(
            name("BEGIN:VCARD\nN:Lima;Ana;Maria\nEND:VCARD"),
            "Ana Maria Lima"
        );
        assert_eq!(name("N:Lima;Ana;Maria;Dr.;"), "Dr. Ana Maria Lima");
        assert_eq!(name("BEGIN:VCARD\nN:Full Name\nTEL:1"), "Full Name");
        assert_eq!(
            name("BEGIN:VCARD\nX-WA-BIZ-NAME:Shop\\, Ltd\nTEL:1"),
            "Shop, Ltd"
        );
        assert_eq!(name("BEGIN:VCARD\nTEL:1"), "Shown");
        assert_eq!(name(""), "Shown");
        assert_eq!(one("TEL;waid=5511:").phones, ["+5511"]);
        assert!(people("", None).is_empty());
    }

    #[test]
    fn old_cards_and_folded_lines_are_read() {
        let card = "BEGIN:VCARD\nVERSION:2.1\nFN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=C3=81gata =\n=C3=A9\nTEL;CELL:+1\n  2\nEND:VCARD";
        let agata = one(card);
        assert_eq!(
            (agata.name.as_str(), agata.phones[0].as_str()),
            ("Ágata é", "+1 2")
        );
    }

    #[test]
    fn several_cards_are_several_people() {
        let two = "BEGIN:VCARD\nFN:Ana\nEND:VCARD\nBEGIN:VCARD\nFN:Bia\nTEL:1\nEND:VCARD";
        let names: Vec<_> = people(two, Some("2 contacts"))
            .into_iter()
            .map(|one| one.name)
            .collect();
        assert_eq!(names, ["Ana", "Bia"]);
    }

    proptest! {
        #[test]
        fn nothing_that_is_no_card_panics(text in "[A-Z:;=.\\\\\r\n é@0-9]{0,80}") {
            people(&text, None);
        }
    }
}
