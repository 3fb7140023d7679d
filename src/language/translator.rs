//! Translates written texts: a sentence of the table, one with placeholders, or several of them together.

use std::{borrow::Cow, sync::LazyLock};

use super::{
    Language, PORTUGUESE,
    table::{Scan, Sentences, Table},
    template::is_term,
};

/// How deep sentences may stand in each other: in a placeholder, or beside each other.
const MAX_DEPTH: usize = 12;

/// Longest line that is taken apart, in bytes; a longer one is no sentence of ours.
const MAX_LINE: usize = 4096;

/// Places of one separator at which a line is taken apart.
const MAX_JOINTS: usize = 24;

/// What stands between two sentences that were put together. A sentence that contains one of these is
/// found whole before it is taken apart.
const SEPARATORS: [&str; 6] = [" (", "; ", ". ", ": ", ", ", ")"];

/// Parsed by the first text that is asked for, so that nothing of it is there where all is English.
static TABLE: LazyLock<Table> = LazyLock::new(|| Table::of(PORTUGUESE));

/// Speaks one language.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Translator(Language);

impl Translator {
    /// The one for this language.
    pub fn of(language: Language) -> Self {
        Self(language)
    }

    /// The language that it speaks.
    pub fn language(self) -> Language {
        self.0
    }

    /// The sentence in the other language; a text that the table does not have stays as it is, and so do
    /// the values in it that are no sentences.
    pub fn sentence(self, text: &str) -> Cow<'_, str> {
        match self.0 {
            Language::English => Cow::Borrowed(text),
            Language::BrazilianPortuguese => sentence(&*TABLE, text, MAX_DEPTH),
        }
    }

    /// A word or text that is in the table as it is, such as a heading or a state.
    pub fn word(self, text: &str) -> Cow<'_, str> {
        let found = match self.0 {
            Language::English => None,
            Language::BrazilianPortuguese => TABLE.exact(text),
        };
        found.map_or(Cow::Borrowed(text), Cow::Owned)
    }
}

/// One whole sentence for somebody who is answered in this language; its values stay as they are. The
/// table is read for it and not kept.
pub fn translated(language: Language, text: &str) -> Cow<'_, str> {
    let found = match language {
        Language::English => None,
        Language::BrazilianPortuguese => whole(&Scan(PORTUGUESE), text, 0),
    };
    found.map_or(Cow::Borrowed(text), Cow::Owned)
}

/// The text with all that is known of it translated.
fn sentence<'t>(table: &dyn Sentences, text: &'t str, depth: usize) -> Cow<'t, str> {
    if !text.contains(char::is_alphabetic) {
        return Cow::Borrowed(text);
    }
    if let Some(found) = whole(table, text, depth) {
        return Cow::Owned(found);
    }
    if text.contains('\n') && depth > 0 {
        let lines = text
            .split('\n')
            .map(|line| sentence(table, line, depth - 1));
        return Cow::Owned(lines.collect::<Vec<_>>().join("\n"));
    }
    let known = trimmed(table, text, depth)
        .or_else(|| joined(table, text, depth))
        .or_else(|| in_pieces(table, text, depth));
    known.map_or(Cow::Borrowed(text), Cow::Owned)
}

/// The text as one sentence.
fn whole(table: &dyn Sentences, text: &str, depth: usize) -> Option<String> {
    if text.len() > MAX_LINE {
        return None;
    }
    if let Some(found) = table.exact(text).or_else(|| size(text)) {
        return Some(found);
    }
    let filled = table.template(text)?;
    let translated = |(name, value): &(String, String)| {
        let may_be_ours = depth > 0 && (is_term(name) || value.contains(' '));
        let known = is_term(name).then(|| term(table, value)).flatten();
        let translated = known.filter(|_| depth > 0);
        let translated = translated
            .or_else(|| may_be_ours.then(|| sentence(table, value, depth - 1).into_owned()));
        (name.clone(), translated.unwrap_or_else(|| value.clone()))
    };
    let values: Vec<_> = filled.values.iter().map(translated).collect();
    let value = |name: &str| {
        let found = values.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value.as_str())
    };
    Some(filled.sentence.filled(value))
}

/// A size as the command line writes it, `12.3 MiB`, with the comma that Portuguese has for the point.
fn size(text: &str) -> Option<String> {
    let (number, unit) = text.split_once(' ')?;
    let (whole, tenth) = number.split_once('.')?;
    let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    let is_size = ["KiB", "MiB", "GiB", "TiB"].contains(&unit);
    (is_size && is_number(whole) && is_number(tenth)).then(|| format!("{whole},{tenth} {unit}"))
}

/// A known word with something in brackets behind it.
fn term(table: &dyn Sentences, value: &str) -> Option<String> {
    let (word, more) = value.split_once(" (")?;
    Some(format!("{} ({more}", table.exact(word)?))
}

/// The text as one sentence with blanks around it.
fn trimmed(table: &dyn Sentences, text: &str, depth: usize) -> Option<String> {
    let inside = text.trim();
    if inside.len() == text.len() {
        return None;
    }
    let start = text.len() - text.trim_start().len();
    let (before, behind) = (&text[..start], &text[start + inside.len()..]);
    let inside = sentence(table, inside, depth.checked_sub(1)?);
    Some(format!("{before}{inside}{behind}"))
}

/// The text as two sentences, or as one and something else, put together by one of the [`SEPARATORS`],
/// which may be the begin of the second.
fn joined(table: &dyn Sentences, text: &str, depth: usize) -> Option<String> {
    let depth = depth.checked_sub(1).filter(|_| text.len() <= MAX_LINE)?;
    let part = |text: &str| {
        let found = text.contains(' ').then(|| whole(table, text, depth));
        found.flatten()
    };
    for separator in SEPARATORS {
        for (at, _) in text.match_indices(separator).take(MAX_JOINTS) {
            let (left, right) = (&text[..at], &text[at + separator.len()..]);
            if let Some(other) = part(&text[at..]) {
                return Some(format!("{}{other}", sentence(table, left, depth)));
            }
            let (one, other) = (part(left), part(right));
            if one.is_none() && other.is_none() {
                continue;
            }
            let one = one.map_or_else(|| sentence(table, left, depth), Cow::Owned);
            let other = other.map_or_else(|| sentence(table, right, depth), Cow::Owned);
            return Some(format!("{one}{separator}{other}"));
        }
    }
    None
}

/// The text as a list of which any piece may be a sentence: `redb, 9 messages, 2 files (3.0 MiB)`.
fn in_pieces(table: &dyn Sentences, text: &str, depth: usize) -> Option<String> {
    let depth = depth.checked_sub(1).filter(|_| text.len() <= MAX_LINE)?;
    let (mut told, mut rest, mut is_known) = (String::new(), text, false);
    for _ in 0..MAX_JOINTS {
        let places = SEPARATORS
            .iter()
            .filter_map(|one| Some((rest.find(one)?, *one)));
        let (at, separator) = places.min_by_key(|(at, _)| *at).unwrap_or((rest.len(), ""));
        let piece = &rest[..at];
        let found = whole(table, piece, depth).filter(|_| piece.contains(' '));
        is_known |= found.is_some();
        told.push_str(&found.map_or(Cow::Borrowed(piece), Cow::Owned));
        told.push_str(separator);
        rest = &rest[at + separator.len()..];
        if rest.is_empty() {
            break;
        }
    }
    told.push_str(rest);
    is_known.then_some(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_the_comma_of_the_language() {
        let portuguese = Translator::of(Language::BrazilianPortuguese);
        for (text, expected) in [
            ("12.3 MiB", "12,3 MiB"),
            ("1.5.2 KiB", "1.5.2 KiB"),
            ("1.5 MB of text", "1.5 MB of text"),
        ] {
            assert_eq!(portuguese.sentence(text), expected);
        }
        assert_eq!(Translator::default().sentence("12.3 MiB"), "12.3 MiB");
    }

    #[test]
    fn what_came_is_said_in_the_language_and_what_is_typed_as_it_is() {
        let portuguese = Translator::of(Language::BrazilianPortuguese);
        for (text, expected) in [
            (
                "the field \"in\" must be left out where there is at, not there",
                "o campo \"in\" deve ser ausente onde há at, e não presente",
            ),
            (
                "the field \"to\" must be given, or else peer, not neither",
                "o campo \"to\" deve ser dado, ou então peer, e não nenhum dos dois",
            ),
            (
                "the field \"after\" must be next of the page before, not \"there\"",
                "o campo \"after\" deve ser next da página anterior, e não \"there\"",
            ),
            (
                "this key is of role agent; a bridge needs one of role bridge",
                "esta chave tem o papel agent; uma ponte precisa de uma com o papel bridge",
            ),
        ] {
            assert_eq!(portuguese.sentence(text), expected);
        }
    }

    const PO: &str = r#"
msgid "the phone is off"
msgstr "o telefone está desligado"

msgid "{1} is not connected: {why}"
msgstr "sem conexão com {1}: {why}"

msgid "; did you mean {guess}?"
msgstr "; você quis dizer {guess}?"

msgid "unknown command {word}{1} see: {see}"
msgstr "comando desconhecido {word}{1} veja: {see}"

msgid "{n} messages wait"
msgstr "{n} mensagens esperam"

msgid "it has {n} messages"
msgstr "tem {n} mensagens"

msgid "the message is already {state}"
msgstr "a mensagem já está {state}"

msgid "sent"
msgstr "enviada"

msgid "no such file (os error 2)"
msgstr "não existe (erro 2)"

msgid "{name} is away"
msgstr "{name} está ausente"

msgid "{name} cannot be reached: {why}"
msgstr "sem acesso a {name}: {why}"

msgid "use {{}} here"
msgstr "use {{}} aqui"
"#;

    fn told(text: &str) -> String {
        let by_index = sentence(&Table::of(PO), text, MAX_DEPTH).into_owned();
        let by_reading = sentence(&Scan(PO), text, MAX_DEPTH);
        assert_eq!(by_reading, by_index, "both ways");
        by_index
    }

    #[test]
    fn an_error_of_the_system_in_front_of_a_code_is_one_of_two() {
        let portuguese = Translator::of(Language::BrazilianPortuguese);
        assert_eq!(
            portuguese.sentence("Connection refused (os error 111) (channel_unavailable)"),
            "conexão recusada (erro 111 do sistema) (channel_unavailable)"
        );
    }

    #[test]
    fn sentences_are_found_whole_with_values_and_in_each_other() {
        for (text, wanted) in [
            ("the phone is off", "o telefone está desligado"),
            ("3 messages wait", "3 mensagens esperam"),
            (
                "zap is not connected: the phone is off",
                "sem conexão com zap: o telefone está desligado",
            ),
            (
                "zap is not connected: it rains",
                "sem conexão com zap: it rains",
            ),
            ("use {} here", "use {} aqui"),
            (
                "unknown command \"a\"; did you mean b? see: c",
                "comando desconhecido \"a\"; você quis dizer b? veja: c",
            ),
            ("", ""),
            ("never heard", "never heard"),
        ] {
            assert_eq!(told(text), wanted);
        }
    }

    #[test]
    fn a_word_is_translated_in_the_place_of_a_word_alone() {
        assert_eq!(
            told("the message is already sent"),
            "a mensagem já está enviada"
        );
        assert_eq!(
            told("sent is not connected: sent"),
            "sem conexão com sent: sent"
        );
        assert_eq!(
            told("the message is already sent (wrong_state)"),
            "a mensagem já está enviada (wrong_state)"
        );
        assert_eq!(told("sent: hello"), "sent: hello");
    }

    #[test]
    fn texts_that_were_put_together_are_taken_apart() {
        for (text, wanted) in [
            (
                "whatsapp: the phone is off",
                "whatsapp: o telefone está desligado",
            ),
            (
                "the phone is off; it has 2 messages",
                "o telefone está desligado; tem 2 mensagens",
            ),
            (
                "the phone is off (code_x)",
                "o telefone está desligado (code_x)",
            ),
            ("  the phone is off\n", "  o telefone está desligado\n"),
            (
                "one\nthe phone is off\nit has 1 messages",
                "one\no telefone está desligado\ntem 1 mensagens",
            ),
            ("a: no such file (os error 2)", "a: não existe (erro 2)"),
            (
                "zap is away: a:1 cannot be reached: the phone is off",
                "zap está ausente: sem acesso a a:1: o telefone está desligado",
            ),
            (
                "redb, 3 messages wait, 2 (3.0 MiB)",
                "redb, 3 mensagens esperam, 2 (3,0 MiB)",
            ),
        ] {
            assert_eq!(told(text), wanted);
        }
    }

    #[test]
    fn a_hostile_text_takes_bounded_time() {
        let text = "a; b: c. d (e), ".repeat(40);
        assert_eq!(told(&text), text);
        let long = "the phone is off; ".repeat(2000);
        assert_eq!(told(&long), long);
        let many = "the phone is off; ".repeat(100);
        assert!(told(&many).starts_with("o telefone está desligado; o telefone"));
    }
}
