//! The languages, and the names that settings, systems and services have for them.

/// A language that people are answered in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum Language {
    /// As the sentences stand in the code.
    #[default]
    English,
    /// `pt-BR`, also for those who read another kind of Portuguese.
    BrazilianPortuguese,
}

/// Countries whose language is Portuguese, the members of the CPLP, with their codes (ITU-T E.164).
const LUSOPHONE: [(&str, &str); 8] = [
    ("BR", "55"),
    ("PT", "351"),
    ("AO", "244"),
    ("MZ", "258"),
    ("CV", "238"),
    ("ST", "239"),
    ("GW", "245"),
    ("TL", "670"),
];

impl Language {
    /// Every language, with its tag (RFC 5646).
    pub const ALL: [(Self, &'static str); 2] =
        [(Self::English, "en"), (Self::BrazilianPortuguese, "pt-BR")];

    /// The tag: `en`, `pt-BR`.
    pub fn tag(self) -> &'static str {
        let found = Self::ALL.iter().find(|(language, _)| *language == self);
        found.map_or("en", |(_, tag)| tag)
    }

    /// The language of a tag such as `pt`, `pt-PT` or `en-US`, or of a locale such as `pt_BR.UTF-8`
    /// (POSIX.1-2017 §8.2); `None` for one that nothing is translated into. `C` and `POSIX` are English.
    pub fn of_tag(tag: &str) -> Option<Self> {
        let end = tag.find(['-', '_', '.', '@']).unwrap_or(tag.len());
        match tag[..end].to_ascii_lowercase().as_str() {
            "pt" => Some(Self::BrazilianPortuguese),
            "en" | "c" | "posix" => Some(Self::English),
            _ => None,
        }
    }

    /// The language of who has this number, digits with the code of the country in front: Portuguese
    /// where that is the country's. `None` elsewhere, since the number says little there.
    pub fn of_phone_number(digits: &str) -> Option<Self> {
        let speaks = LUSOPHONE.iter().any(|(_, code)| digits.starts_with(code));
        speaks.then_some(Self::BrazilianPortuguese)
    }

    /// The language of a country by its two letters (ISO 3166-1), as of a number there.
    pub fn of_country(name: &str) -> Option<Self> {
        let speaks = LUSOPHONE.iter().any(|(own, _)| *own == name);
        speaks.then_some(Self::BrazilianPortuguese)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_and_locales_name_a_language() {
        for portuguese in ["pt", "pt-BR", "PT_br.UTF-8", "pt_PT@euro", "pt-PT"] {
            let language = Language::of_tag(portuguese);
            assert_eq!(
                language,
                Some(Language::BrazilianPortuguese),
                "{portuguese}"
            );
        }
        for english in ["en", "en-GB", "en_US.UTF-8", "C", "C.UTF-8", "POSIX"] {
            assert_eq!(
                Language::of_tag(english),
                Some(Language::English),
                "{english}"
            );
        }
        for other in ["", "de_DE", "ptx", "português"] {
            assert_eq!(Language::of_tag(other), None, "{other}");
        }
    }

    #[test]
    fn numbers_of_countries_that_speak_portuguese_say_so() {
        let portuguese = Some(Language::BrazilianPortuguese);
        for number in [
            "5511987654321",
            "351912345678",
            "244923456789",
            "258841234567",
        ] {
            assert_eq!(Language::of_phone_number(number), portuguese, "{number}");
        }
        for number in ["4915112345678", "15551234567", "", "3461234567"] {
            assert_eq!(Language::of_phone_number(number), None, "{number}");
        }
    }
}
