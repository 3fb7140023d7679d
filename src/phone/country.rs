//! The country whose numbers may be written without its code: `11 98765-4321` in Brazil is
//! `+55 11 98765-4321`.
//!
//! Sources: ITU-T E.164 (country codes, 15 digits at most) and each country's plan in the ITU's list of
//! national numbering plans (<https://www.itu.int/oth/T0202.aspx?parent=T0202>). Only lengths are
//! checked: which numbers are given out is known to the services.

use std::str::FromStr;

/// One country.
#[derive(Debug)]
struct Plan {
    /// ISO 3166-1, two letters.
    name: &'static str,
    code: &'static str,
    /// What is dialled before a number within the country, and is no part of it.
    trunk: &'static str,
    /// Digits of a number with its area.
    lengths: &'static [usize],
}

const fn plan(
    name: &'static str,
    code: &'static str,
    trunk: &'static str,
    lengths: &'static [usize],
) -> Plan {
    Plan {
        name,
        code,
        trunk,
        lengths,
    }
}

/// Where most of those who use this live, and their neighbours.
const PLANS: &[Plan] = &[
    plan("BR", "55", "0", &[10, 11]),
    plan("PT", "351", "", &[9]),
    plan("AO", "244", "", &[9]),
    plan("MZ", "258", "", &[8, 9]),
    plan("CV", "238", "", &[7]),
    plan("AR", "54", "0", &[10, 11]),
    plan("BO", "591", "0", &[8]),
    plan("CL", "56", "0", &[9]),
    plan("CO", "57", "0", &[10]),
    plan("CR", "506", "", &[8]),
    plan("DO", "1", "1", &[10]),
    plan("EC", "593", "0", &[8, 9]),
    // Mobiles may come with the 1 that was dialled before them until 2019.
    plan("MX", "52", "", &[10, 11]),
    plan("PE", "51", "0", &[8, 9]),
    plan("PY", "595", "0", &[9]),
    plan("UY", "598", "0", &[8]),
    plan("VE", "58", "0", &[10]),
    plan("US", "1", "1", &[10]),
    plan("CA", "1", "1", &[10]),
    plan("ES", "34", "", &[9]),
    plan("FR", "33", "0", &[9]),
    plan("DE", "49", "0", &[7, 8, 9, 10, 11]),
    plan("IT", "39", "", &[9, 10, 11]),
    plan("GB", "44", "0", &[9, 10]),
    plan("IE", "353", "0", &[8, 9]),
    plan("NL", "31", "0", &[9]),
    plan("BE", "32", "0", &[8, 9]),
    plan("CH", "41", "0", &[9]),
    plan("AT", "43", "0", &[7, 8, 9, 10, 11]),
    plan("JP", "81", "0", &[9, 10]),
    plan("IN", "91", "0", &[10]),
    plan("ZA", "27", "0", &[9]),
];

/// A country that is known here.
#[derive(Debug, Clone, Copy)]
pub struct Country(&'static Plan);

impl PartialEq for Country {
    fn eq(&self, other: &Self) -> bool {
        self.0.name == other.0.name
    }
}

impl Eq for Country {}

impl Country {
    /// The names of all that are known, as `BR`.
    pub fn names() -> impl Iterator<Item = &'static str> {
        PLANS.iter().map(|plan| plan.name)
    }

    /// Its two letters.
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// The country that a whole number belongs to, the first of those that share a code.
    pub fn of(number: &str) -> Option<Self> {
        let belongs = |plan: &&Plan| {
            let rest = number.strip_prefix(plan.code);
            rest.is_some_and(|rest| plan.lengths.contains(&rest.len()))
        };
        // Of codes that begin alike the longest counts; no two of the table do.
        PLANS.iter().find(belongs).map(Self)
    }

    /// Whether a number begins with the code of a country of which it cannot be.
    pub(super) fn is_wrong(number: &str) -> bool {
        let code = |plan: &Plan| number.starts_with(plan.code);
        PLANS.iter().any(code) && Self::of(number).is_none()
    }

    /// The whole number of one that is written without the country's code; `None` where it is none.
    pub(super) fn complete(self, digits: &str) -> Option<String> {
        let Plan {
            code,
            trunk,
            lengths,
            ..
        } = self.0;
        let fits = |digits: &&str| lengths.contains(&digits.len());
        let without_trunk = || digits.strip_prefix(trunk).filter(|_| !trunk.is_empty());
        let national = Some(digits).filter(fits).filter(|digits| {
            // A number of Brazil that begins with its trunk prefix is one digit short.
            trunk.is_empty() || !digits.starts_with(trunk)
        });
        let national = national.or_else(|| without_trunk().filter(fits))?;
        Some(format!("{code}{national}"))
    }
}

impl FromStr for Country {
    type Err = ();

    /// Reads `BR`, `br`, `55` or `+55`.
    fn from_str(text: &str) -> Result<Self, ()> {
        let code = text.strip_prefix('+').unwrap_or(text);
        let named = |plan: &&Plan| plan.name.eq_ignore_ascii_case(text) || plan.code == code;
        PLANS.iter().find(named).map(Self).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_national_number_gains_the_code_of_its_country() {
        let complete = |country: &str, digits: &str| {
            let country: Country = country.parse().expect("known");
            country.complete(digits)
        };
        for (country, written, whole) in [
            ("BR", "11987654321", "5511987654321"),
            ("br", "1133334444", "551133334444"),
            ("55", "011987654321", "5511987654321"),
            ("+55", "01133334444", "551133334444"),
            ("PT", "912345678", "351912345678"),
            ("US", "2125550123", "12125550123"),
            ("US", "12125550123", "12125550123"),
            ("GB", "07911123456", "447911123456"),
        ] {
            assert_eq!(
                complete(country, written).as_deref(),
                Some(whole),
                "{written}"
            );
        }
        for (country, wrong) in [
            ("BR", "987654321"),
            ("BR", "0987654321"),
            ("BR", "5511987654321"),
            ("BR", ""),
            ("PT", "91234567"),
        ] {
            assert_eq!(complete(country, wrong), None, "{wrong}");
        }
        assert!("XX".parse::<Country>().is_err() && "".parse::<Country>().is_err());
    }

    #[test]
    fn a_whole_number_tells_its_country() {
        let name = |number: &str| Country::of(number).map(Country::name);
        assert_eq!(name("5511987654321"), Some("BR"));
        assert_eq!(name("351912345678"), Some("PT"));
        assert_eq!(name("447911123456"), Some("GB"));
        assert_eq!(name("5511"), None);
    }
}
