//! What devices are told of new messages while their page is closed: the settings of the group `PUSH_*`.
//!
//! A wrong value is a warning and counts as unset. Not here: telling them (`push`).

use crate::config::{
    keys::push::{CONTACT, PREVIEW, PRIVATE_HOSTS},
    lookup::Lookup,
    values::addresses,
};

/// The typed settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushSettings {
    /// Whether the first words of a message are shown.
    pub preview: bool,
    /// Where push services may reach the owner.
    pub contact: Option<String>,
    /// Hosts of push services that may be in the owner's network.
    pub private_hosts: Vec<String>,
}

impl PushSettings {
    /// Reads the settings. Where it is not clear whether words are to be shown, none are.
    pub fn read(lookup: &Lookup) -> Self {
        let contact = Some(lookup.valid_text(CONTACT).to_owned());
        let hosts = addresses::hosts(lookup.valid_text(PRIVATE_HOSTS));
        Self {
            preview: !lookup.is_wrong(PREVIEW) && lookup.valid_text(PREVIEW) == "1",
            contact: contact.filter(|text| !text.is_empty()),
            private_hosts: hosts.unwrap_or_default(),
        }
    }
}

impl Default for PushSettings {
    /// As where nothing is set.
    fn default() -> Self {
        Self::read(&Lookup::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::values::Kind;

    #[test]
    fn words_are_shown_unless_told_and_nobody_is_trusted_inside() {
        let settings = PushSettings::default();
        assert!(settings.preview && settings.private_hosts.is_empty());
        assert_eq!(settings.contact, None);
    }

    #[test]
    fn a_contact_is_an_address_of_mail_or_of_a_page() {
        for fine in ["mailto:ana@example.org", "https://example.org/contact", ""] {
            assert!(Kind::Contact.check(fine).is_ok(), "{fine}");
        }
        for wrong in [
            "ana@example.org",
            "mailto:",
            "mailto:ana",
            "http://example.org",
            "https://",
            "mailto:a b@c.d",
        ] {
            assert!(Kind::Contact.check(wrong).is_err(), "{wrong}");
        }
    }
}
