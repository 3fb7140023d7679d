//! Speaks a language: texts that are written out already, numbers and words.
//!
//! Not here: how a text is taken apart (`reading`).

use std::{borrow::Cow, sync::LazyLock};

use super::{
    Language, PORTUGUESE,
    reading::{MAX_DEPTH, Reading},
    table::{Scan, Sentences, Table},
};

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
            Language::BrazilianPortuguese => sentence(&*TABLE, text),
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
fn sentence<'t>(table: &dyn Sentences, text: &'t str) -> Cow<'t, str> {
    let told = Reading::of(table).told(text, MAX_DEPTH);
    if told.own == 0 {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(told.text)
    }
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
                "o campo \"in\" não pode vir aqui: deve ser omitido onde há at",
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
        let by_index = sentence(&Table::of(PO), text).into_owned();
        let by_reading = sentence(&Scan(PO), text);
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
