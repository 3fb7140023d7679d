//! Translates written texts: a sentence of the table, one with placeholders, or several of them together.

use std::{
    borrow::Cow,
    cell::{Cell, RefCell},
    collections::HashMap,
    sync::LazyLock,
};

use super::{
    Language, PORTUGUESE,
    table::{Filled, Scan, Sentences, Table},
    template::{KNOWN, is_term},
};

/// How deep sentences may stand in each other: in a placeholder, or beside each other.
const MAX_DEPTH: usize = 12;

/// Longest line that is taken apart, in bytes; a longer one is no sentence of ours.
const MAX_LINE: usize = 4096;

/// Places of one separator at which a line is taken apart.
const MAX_JOINTS: usize = 24;

/// Most texts that are looked up for one: what others wrote may have any number of ways to be read.
const MAX_STEPS: usize = 2000;

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

    /// A number with the decimal mark of the language.
    pub fn number(self, digits: &str) -> Cow<'_, str> {
        match self.0 {
            Language::English => Cow::Borrowed(digits),
            Language::BrazilianPortuguese => Cow::Owned(digits.replace('.', ",")),
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
        Language::BrazilianPortuguese => Reading::of(&Scan(PORTUGUESE)).whole(text, 0),
    };
    found.map_or(Cow::Borrowed(text), |told| Cow::Owned(told.text))
}

/// The text with all that is known of it translated.
fn sentence<'t>(table: &dyn Sentences, text: &'t str, depth: usize) -> Cow<'t, str> {
    let told = Reading::of(table).told(text, depth);
    if told.own == 0 {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(told.text)
    }
}

/// A text in the other language.
#[derive(Debug, Clone)]
struct Told {
    text: String,
    /// How many bytes of the first text are sentences of the table: of two ways to read it, the one that
    /// leaves less of it as it is counts.
    own: usize,
}

impl Told {
    fn as_it_is(text: &str) -> Self {
        let text = text.to_owned();
        Self { text, own: 0 }
    }
}

/// One text on its way into the other language.
struct Reading<'s> {
    table: &'s dyn Sentences,
    /// What its parts are, and how deep they were read: the ways to take a text apart share most of them.
    known: RefCell<HashMap<String, (usize, Told)>>,
    /// How many texts were looked up.
    steps: Cell<usize>,
}

impl<'s> Reading<'s> {
    fn of(table: &'s dyn Sentences) -> Self {
        Self {
            table,
            known: RefCell::default(),
            steps: Cell::default(),
        }
    }

    /// The text with all that is known of it translated.
    fn told(&self, text: &str, depth: usize) -> Told {
        if !text.contains(char::is_alphabetic) {
            return Told::as_it_is(text);
        }
        let known = self.known.borrow().get(text).cloned();
        if let Some((_, told)) = known.filter(|(read, _)| *read >= depth) {
            return told;
        }
        let told = self.read(text, depth);
        let read = (depth, told.clone());
        self.known.borrow_mut().insert(text.to_owned(), read);
        told
    }

    fn read(&self, text: &str, depth: usize) -> Told {
        let whole = self.whole(text, depth);
        if depth == 0 || whole.as_ref().is_some_and(|told| told.own == text.len()) {
            return whole.unwrap_or_else(|| Told::as_it_is(text));
        }
        if text.contains('\n') {
            let lines = self.by_line(text, depth - 1);
            return whole
                .filter(|whole| whole.own >= lines.own)
                .unwrap_or(lines);
        }
        if let Some(told) = self.with_code(text, depth - 1) {
            return whole.filter(|whole| whole.own > told.own).unwrap_or(told);
        }
        let Some(whole) = whole else {
            let known = self
                .trimmed(text, depth - 1)
                .or_else(|| self.joined(text, depth - 1))
                .or_else(|| self.in_pieces(text, depth - 1));
            return known.unwrap_or_else(|| Told::as_it_is(text));
        };
        // A short sentence such as `it is {1}` fits much that a longer one says with something behind it.
        let joined = self.joined(text, depth - 1);
        joined
            .filter(|joined| joined.own > whole.own)
            .unwrap_or(whole)
    }

    /// The text with a code behind it, as behind whatever the gateway refuses: `(not_found)`. It is no part
    /// of the last value.
    fn with_code(&self, text: &str, depth: usize) -> Option<Told> {
        let (before, code) = text.strip_suffix(')')?.rsplit_once(" (")?;
        let is_code = code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        let told = is_code.then(|| self.told(before, depth))?;
        let text = format!("{} ({code})", told.text);
        let own = told.own;
        (own > 0).then_some(Told { text, own })
    }

    fn by_line(&self, text: &str, depth: usize) -> Told {
        let lines: Vec<Told> = text
            .split('\n')
            .map(|line| self.told(line, depth))
            .collect();
        let own = lines.iter().map(|line| line.own).sum();
        let lines: Vec<String> = lines.into_iter().map(|line| line.text).collect();
        let text = lines.join("\n");
        Told { text, own }
    }

    /// The text as one sentence.
    fn whole(&self, text: &str, depth: usize) -> Option<Told> {
        if text.len() > MAX_LINE {
            return None;
        }
        if let Some(found) = self.table.exact(text).or_else(|| size(text)) {
            let own = text.len();
            return Some(Told { text: found, own });
        }
        let steps = self.steps.get();
        if steps == MAX_STEPS {
            return None;
        }
        self.steps.set(steps + 1);
        let mut best: Option<Told> = None;
        for filled in self.table.templates(text) {
            let told = self.filled(&filled, depth);
            if best.as_ref().is_none_or(|best| told.own > best.own) {
                best = Some(told);
            }
        }
        best
    }

    /// The other sentence of a template, with its values translated.
    fn filled(&self, filled: &Filled, depth: usize) -> Told {
        let mut own = filled.weight;
        let mut values = Vec::with_capacity(filled.values.len());
        for (name, value) in &filled.values {
            let told = self.value(name, value, depth);
            own += if name == KNOWN { 0 } else { told.own };
            values.push((name.as_str(), told.text));
        }
        let value = |name: &str| {
            let found = values.iter().find(|(own, _)| *own == name);
            found.map(|(_, value)| value.as_str())
        };
        let text = filled.sentence.filled(value);
        Told { text, own }
    }

    /// What stands in the place of a placeholder.
    fn value(&self, name: &str, value: &str, depth: usize) -> Told {
        let Some(depth) = depth.checked_sub(1) else {
            return Told::as_it_is(value);
        };
        let is_term = is_term(name);
        if let Some(term) = is_term.then(|| self.term(value)).flatten() {
            return term;
        }
        if is_term || value.contains(' ') {
            return self.told(value, depth);
        }
        Told::as_it_is(value)
    }

    /// A known word with something in brackets behind it.
    fn term(&self, value: &str) -> Option<Told> {
        let (word, more) = value.split_once(" (")?;
        let text = format!("{} ({more}", self.table.exact(word)?);
        let own = word.len();
        Some(Told { text, own })
    }

    /// The text as one sentence with blanks around it.
    fn trimmed(&self, text: &str, depth: usize) -> Option<Told> {
        let inside = text.trim();
        if inside.len() == text.len() {
            return None;
        }
        let start = text.len() - text.trim_start().len();
        let (before, behind) = (&text[..start], &text[start + inside.len()..]);
        let inside = self.told(inside, depth);
        let text = format!("{before}{}{behind}", inside.text);
        let own = inside.own;
        Some(Told { text, own })
    }

    /// The text as two sentences, or as one and something else, put together by one of the
    /// [`SEPARATORS`], which may be the begin of the second: at the place that leaves least as it is.
    fn joined(&self, text: &str, depth: usize) -> Option<Told> {
        if text.len() > MAX_LINE {
            return None;
        }
        let mut best: Option<Told> = None;
        for separator in SEPARATORS {
            for (at, _) in text.match_indices(separator).take(MAX_JOINTS) {
                let Some(told) = self.joined_at(text, at, separator, depth) else {
                    continue;
                };
                if best.as_ref().is_none_or(|best| told.own > best.own) {
                    best = Some(told);
                }
            }
        }
        best
    }

    fn joined_at(&self, text: &str, at: usize, separator: &str, depth: usize) -> Option<Told> {
        let is_sentence = |text: &str| text.contains(' ') && self.whole(text, depth).is_some();
        // A word beside a sentence is somebody's, or one to type.
        let side = |text: &str| {
            if text.trim().contains(' ') {
                self.told(text, depth)
            } else {
                Told::as_it_is(text)
            }
        };
        let (left, right) = (&text[..at], &text[at + separator.len()..]);
        let with_separator = is_sentence(&text[at..]).then(|| {
            let (one, other) = (side(left), self.told(&text[at..], depth));
            let text = one.text + &other.text;
            let own = one.own + other.own;
            Told { text, own }
        });
        let apart = (is_sentence(left) || is_sentence(right)).then(|| {
            let (one, other) = (side(left), side(right));
            let text = format!("{}{separator}{}", one.text, other.text);
            let own = one.own + other.own;
            Told { text, own }
        });
        match (with_separator, apart) {
            (Some(one), Some(other)) if other.own > one.own => Some(other),
            (one, other) => one.or(other),
        }
    }

    /// The text as a list of which any piece may be a sentence: `redb, 9 messages, 2 files (3.0 MiB)`.
    fn in_pieces(&self, text: &str, depth: usize) -> Option<Told> {
        if text.len() > MAX_LINE {
            return None;
        }
        let (mut told, mut rest) = (Told::as_it_is(""), text);
        for _ in 0..MAX_JOINTS {
            let places = SEPARATORS
                .iter()
                .filter_map(|one| Some((rest.find(one)?, *one)));
            let (at, separator) = places.min_by_key(|(at, _)| *at).unwrap_or((rest.len(), ""));
            let piece = &rest[..at];
            let found = piece.contains(' ').then(|| self.whole(piece, depth));
            let found = found.flatten().unwrap_or_else(|| Told::as_it_is(piece));
            told.own += found.own;
            told.text.push_str(&found.text);
            told.text.push_str(separator);
            rest = &rest[at + separator.len()..];
            if rest.is_empty() {
                break;
            }
        }
        told.text.push_str(rest);
        (told.own > 0).then_some(told)
    }
}

/// A size as the command line writes it, `12.3 MiB`, with the comma that Portuguese has for the point.
fn size(text: &str) -> Option<String> {
    let (number, unit) = text.split_once(' ')?;
    let (whole, tenth) = number.split_once('.')?;
    let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    let is_size = ["KiB", "MiB", "GiB", "TiB"].contains(&unit);
    (is_size && is_number(whole) && is_number(tenth)).then(|| format!("{whole},{tenth} {unit}"))
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

    #[test]
    fn a_longer_sentence_comes_before_a_shorter_one_that_fits_more() {
        let portuguese = Translator::of(Language::BrazilianPortuguese);
        for (text, expected) in [
            (
                "it is being sent; try again when it is sent (conflict)",
                "ela está sendo enviada; tente de novo quando tiver saído (conflict)",
            ),
            (
                "the field \"limit\" must be a whole number from 1 to 1000, not -1 (bad_payload)",
                "o campo \"limit\" deve ser um número inteiro de 1 a 1000, e não -1 (bad_payload)",
            ),
            (
                "bad_payload: the field \"to\" must be an array of strings, not left out",
                "bad_payload: o campo \"to\" deve ser um array de strings, e não omitido",
            ),
            (
                "cannot read standard input: stream did not contain valid UTF-8",
                "não foi possível ler a entrada padrão: o texto não está em UTF-8",
            ),
            (
                "no daemon answers at a:1; start it with: cleudocodebot daemon\nthe end of /b:",
                "nenhum daemon responde em a:1; inicie-o com: cleudocodebot daemon\no fim de /b:",
            ),
            (
                "\"x\" is not one of list, start, stop",
                "\"x\" não é um de list, start, stop",
            ),
        ] {
            assert_eq!(portuguese.sentence(text), expected);
        }
    }

    #[test]
    fn a_text_with_many_ways_to_be_read_takes_bounded_time() {
        let portuguese = Translator::of(Language::BrazilianPortuguese);
        let one = "no daemon answers at x: cannot read y: it is z; there is no w (";
        let started = std::time::Instant::now();
        portuguese.sentence(&one.repeat(40));
        assert!(started.elapsed() < std::time::Duration::from_secs(20));
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
