//! What is taken of what was found: keys that are known here, right, and not set.

use crate::config::{dotenv::Document, is_secret, keys, services::SERVICES};

/// A setting of the other program, under the name it has here.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Offer {
    /// The key here.
    pub(super) key: String,
    /// Its value, which may be a secret.
    pub(super) value: String,
    /// Where it was found.
    pub(super) place: String,
}

impl std::fmt::Debug for Offer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Offer({}={}, {})", self.key, self.shown(), self.place)
    }
}

/// What becomes of an offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Taking {
    /// It is taken.
    Taken,
    /// The key is set here.
    Kept,
    /// It cannot be: why.
    Wrong(String),
}

impl Offer {
    pub(super) fn new(key: &str, value: &str, place: &str) -> Self {
        Self {
            key: current_name(key),
            value: value.trim().to_owned(),
            place: place.to_owned(),
        }
    }

    /// Whether only the length of the value is shown.
    pub(super) fn is_hidden(&self) -> bool {
        is_secret(&self.key)
    }

    /// The value, of a secret only how long it is.
    pub(super) fn shown(&self) -> String {
        if self.is_hidden() {
            let length = self.value.chars().count();
            return format!("({length} characters)");
        }
        self.value.clone()
    }
}

/// Judges each by what is set here. Of two for one key the first counts.
pub(super) fn judge<'o>(offers: &'o [Offer], ours: &Document) -> Vec<(&'o Offer, Taking)> {
    let mut judged: Vec<(&Offer, Taking)> = Vec::new();
    for offer in offers {
        let is_set = names_of(&offer.key)
            .iter()
            .any(|name| ours.get(name).is_some_and(|value| !value.is_empty()));
        let is_known = judged.iter().any(|(other, _)| other.key == offer.key);
        let how = match keys::validate(&offer.key, &offer.value) {
            _ if is_set || is_known => Taking::Kept,
            Err(_) if is_secret(&offer.key) => Taking::Wrong("it is no usable value".to_owned()),
            Err(error) => Taking::Wrong(error.to_string()),
            Ok(()) => Taking::Taken,
        };
        judged.push((offer, how));
    }
    judged
}

/// The keys and values that are taken.
pub(super) fn wanted<'o>(
    judged: &[(&'o Offer, Taking)],
) -> impl Iterator<Item = (&'o str, &'o str)> {
    let taken = judged.iter().filter(|(_, how)| *how == Taking::Taken);
    let pairs: Vec<_> = taken
        .map(|(offer, _)| (offer.key.as_str(), offer.value.as_str()))
        .collect();
    pairs.into_iter()
}

/// The older and the current names of the keys of services.
fn pairs() -> impl Iterator<Item = (&'static str, &'static str)> {
    SERVICES
        .iter()
        .flat_map(|service| service.also.iter().copied())
}

/// The name that a key has now; that of a further bot keeps its number.
fn current_name(key: &str) -> String {
    let renamed = pairs().find_map(|(older, current)| {
        let rest = key.strip_prefix(older)?;
        (rest.is_empty() || rest.starts_with('_')).then(|| format!("{current}{rest}"))
    });
    renamed.unwrap_or_else(|| key.to_owned())
}

/// Every name under which a key may be set.
fn names_of(key: &str) -> Vec<String> {
    let older = pairs().filter_map(|(older, current)| {
        let rest = key.strip_prefix(current)?;
        (rest.is_empty() || rest.starts_with('_')).then(|| format!("{older}{rest}"))
    });
    std::iter::once(key.to_owned()).chain(older).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_stays_whatever_its_name_and_the_first_counts() {
        let ours = Document::parse("TELEGRAM_TOKEN=1:here\nDISCORD_BOT_TOKEN=\n").expect("parsed");
        let offers = [
            Offer::new("TELEGRAM_BOT_TOKEN", "2:there", ".env"),
            Offer::new("TELEGRAM_TOKEN_2", " 3:second ", ".env"),
            Offer::new("DISCORD_TOKEN", "token-of-a-bot", ".env"),
            Offer::new("DISCORD_BOT_TOKEN", "token-of-another", "openclaw.json"),
            Offer::new("WHATSAPP_BASE_URL", "no address", ".env"),
        ];
        let judged = judge(&offers, &ours);
        let how: Vec<_> = judged.iter().map(|(_, how)| how.clone()).collect();
        assert_eq!(
            how[..4],
            [Taking::Kept, Taking::Taken, Taking::Taken, Taking::Kept]
        );
        assert!(matches!(how[4], Taking::Wrong(_)));
        let wanted: Vec<_> = wanted(&judged).collect();
        let expected = [
            ("TELEGRAM_BOT_TOKEN_2", "3:second"),
            ("DISCORD_BOT_TOKEN", "token-of-a-bot"),
        ];
        assert_eq!(wanted, expected);
    }

    #[test]
    fn a_secret_is_never_shown() {
        let offer = Offer::new("TELEGRAM_BOT_TOKEN", "123:abc", ".env");
        assert_eq!(offer.shown(), "(7 characters)");
        assert!(!format!("{offer:?}").contains("abc"));
        assert_eq!(
            Offer::new("TELEGRAM_ALLOW_FROM", "42", ".env").shown(),
            "42"
        );
    }
}
