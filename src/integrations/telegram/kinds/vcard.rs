//! The numbers and addresses in a vCard (RFC 6350), as far as a contact needs them.

use crate::message::content::Person;

/// Adds what a card has and the person does not.
pub(super) fn add_to(person: &mut Person, card: &str) {
    // A line that begins with a blank goes on with the one before (section 3.2).
    let card = card
        .replace("\r\n", "\n")
        .replace("\n ", "")
        .replace("\n\t", "");
    for line in card.lines() {
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        let name = name.split(';').next().unwrap_or_default();
        let name = name.rsplit('.').next().unwrap_or_default();
        let value = value.trim();
        match name.to_ascii_uppercase().as_str() {
            "TEL" => add(&mut person.phones, value.trim_start_matches("tel:"), digits),
            "EMAIL" => add(&mut person.emails, value, str::to_lowercase),
            _ => {}
        }
    }
}

fn add(known: &mut Vec<String>, value: &str, alike: fn(&str) -> String) {
    let new = alike(value);
    if !new.is_empty() && known.iter().all(|one| alike(one) != new) {
        known.push(value.to_owned());
    }
}

fn digits(number: &str) -> String {
    number.chars().filter(char::is_ascii_digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_numbers_and_addresses_are_added_once() {
        let mut person = Person {
            name: "Bia".to_owned(),
            phones: vec!["+5521900001111".to_owned()],
            emails: Vec::new(),
        };
        let card = "BEGIN:VCARD\r\nTEL;TYPE=CELL:+55 21 90000-1111\r\nitem1.TEL;VALUE=uri:tel:+55219\r\n 2222\r\n\
                    email:bia@a.example\nEMAIL:Bia@a.example\nTEL:\nNOTE\nEND:VCARD";
        add_to(&mut person, card);
        assert_eq!(person.phones, ["+5521900001111", "+552192222"]);
        assert_eq!(person.emails, ["bia@a.example"]);
    }
}
