//! The program in Python that this one follows: its `.env` has the same names for services and models.

use std::path::Path;

use super::{Found, taking::Offer};
use crate::{
    config::{dotenv, keys},
    error::{Error, Result},
};

/// What of that is of one machine or of one program, and never taken: where it lies and listens.
const OWN: [&str; 1] = [keys::HOME];

/// Reads its settings. Never quotes a value.
pub(super) fn find(path: &Path) -> Result<Found> {
    let file = if path.is_dir() {
        path.join(".env")
    } else {
        path.to_owned()
    };
    let Some(document) = settings_at(&file)? else {
        let text = format!(
            "there is no {}: name the folder of the program",
            file.display()
        );
        return Err(Error::Failed(text));
    };
    let mut found = Found::default();
    found.take_known(&document, &file.display().to_string())?;
    Ok(found)
}

/// The settings of another program, whoever else may read them: that is not ours to judge.
pub(super) fn settings_at(path: &Path) -> Result<Option<dotenv::Document>> {
    if !path.exists() {
        return Ok(None);
    }
    let text = dotenv::read_text(path)?;
    let document = dotenv::Document::parse(&text);
    let wrong = |error: dotenv::ParseError| {
        Error::Failed(format!(
            "{}, line {}: {}",
            path.display(),
            error.line,
            error.message
        ))
    };
    document.map(Some).map_err(wrong)
}

impl Found {
    /// Takes the keys of a `.env` that are known here.
    pub(super) fn take_known(&mut self, document: &dotenv::Document, place: &str) -> Result<()> {
        let values = document.values(&|_| None);
        let values =
            values.map_err(|error| Error::Failed(format!("{place}: {}", error.message)))?;
        let mut unknown = Vec::new();
        for (key, value) in values {
            let is_known = keys::row(&key).is_some() && !OWN.contains(&key.as_str());
            if is_known && !value.text.trim().is_empty() {
                self.offers.push(Offer::new(&key, &value.text, place));
            } else if !is_known {
                unknown.push(key);
            }
        }
        if !unknown.is_empty() {
            let names = unknown.join(", ");
            self.notes.push(match unknown.len() {
                1 => format!("1 other key of {place} means nothing here and was left out: {names}"),
                count => format!(
                    "{count} other keys of {place} mean nothing here and were left out: {names}"
                ),
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_keys_are_taken_and_others_only_named() {
        let text = "# old\nTELEGRAM_TOKEN=1:abc\nWHATSAPP_BASE_URL=\"http://10.0.0.2:8080\"\nDB_PATH=x\n\
                    OLLAMA_MODEL=\nCLEUDOCODEBOT_HOME=/elsewhere\nTELEGRAM_ALLOW_FROM=42,43\n";
        let document = dotenv::Document::parse(text).expect("parsed");
        let mut found = Found::default();
        found.take_known(&document, "old/.env").expect("read");
        let expected = [
            ("TELEGRAM_ALLOW_FROM", "42,43"),
            ("TELEGRAM_BOT_TOKEN", "1:abc"),
            ("WHATSAPP_BASE_URL", "http://10.0.0.2:8080"),
        ];
        let expected = expected.map(|(key, value)| Offer::new(key, value, "old/.env"));
        assert_eq!(found.offers, expected);
        assert!(
            found.notes[0].starts_with("2 other keys")
                && found.notes[0].ends_with(": CLEUDOCODEBOT_HOME, DB_PATH"),
            "{:?}",
            found.notes
        );
    }

    #[test]
    fn a_folder_without_settings_is_told() {
        let error = find(Path::new("/nonexistent"))
            .map(|_| ())
            .expect_err("nothing");
        assert!(error.to_string().contains("/nonexistent"), "{error}");
    }
}
