//! Formatting as Telegram takes and tells it: entities beside the words, counted in UTF-16 code units
//! (<https://core.telegram.org/bots/api#messageentity>). Without signs in the text there is nothing that
//! Telegram could fail to parse.

use serde_json::{Value, json};

use super::step::{FORMATTING, Step};
use crate::integrations::support::{
    markup::{Markup, Style},
    split::Measure,
};

/// A call with a formatted text.
pub(super) fn text(markup: &Markup) -> Step {
    let mut step = Step::text(&markup.text);
    set(&mut step.body, FORMATTING[0], markup);
    step
}

/// Formats the caption, which is the whole text, where this call has it; in an album it is the first file's.
pub(super) fn set_caption(step: &mut Step, markup: &Markup) {
    if step.body.get("caption").is_some() {
        set(&mut step.body, FORMATTING[1], markup);
    }
    let files = step.body.get_mut("media").and_then(Value::as_array_mut);
    for file in files.into_iter().flatten() {
        if file.get("caption").is_some() {
            set(file, FORMATTING[1], markup);
        }
    }
}

fn set(body: &mut Value, field: &str, markup: &Markup) {
    let entities = entities(markup);
    if !entities.is_empty() {
        body[field] = entities.into();
    }
}

fn entities(markup: &Markup) -> Vec<Value> {
    let units = |range: std::ops::Range<usize>| Measure::Utf16.of(&markup.text[range]);
    let (mut counted, mut offset) = (0, 0);
    let mut entities = Vec::new();
    // Telegram knows no quote within a quote.
    let mut quoted = 0;
    for span in &markup.spans {
        offset += units(counted..span.start);
        counted = span.start;
        let mut entity = json!({"offset": offset, "length": units(span.start..span.end)});
        entity["type"] = match &span.style {
            Style::Bold => "bold",
            Style::Italic => "italic",
            Style::Strike => "strikethrough",
            Style::Code => "code",
            Style::Block(language) => {
                if !language.is_empty() {
                    entity["language"] = json!(language);
                }
                "pre"
            }
            Style::Quote if span.start < quoted => continue,
            Style::Quote => {
                quoted = span.end;
                "blockquote"
            }
            Style::Link(url) => {
                entity["url"] = json!(url);
                "text_link"
            }
        }
        .into();
        entities.push(entity);
    }
    entities
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::integrations::support::markup::Span;

    #[test]
    fn entities_are_counted_as_telegram_counts() {
        let span = |start, end, style| Span { start, end, style };
        // The face is four bytes and two units.
        let markup = Markup {
            text: "😀 é bold link x".to_owned(),
            spans: vec![
                span(0, 19, Style::Quote),
                span(8, 12, Style::Bold),
                span(13, 17, Style::Link("https://a.example".to_owned())),
                span(18, 19, Style::Quote),
                span(18, 19, Style::Block("rust".to_owned())),
            ],
        };
        assert_eq!(
            json!(entities(&markup)),
            json!([
                {"type": "blockquote", "offset": 0, "length": 16},
                {"type": "bold", "offset": 5, "length": 4},
                {"type": "text_link", "offset": 10, "length": 4, "url": "https://a.example"},
                {"type": "pre", "offset": 15, "length": 1, "language": "rust"},
            ])
        );
    }
}
