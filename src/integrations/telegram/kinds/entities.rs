//! Texts with what Telegram keeps beside them: the addresses of links, and who is meant by a name
//! (<https://core.telegram.org/bots/api#messageentity>).

use serde_json::{Value, json};

use crate::{
    integrations::{support::split::Measure, telegram::who::full_name},
    message::text_at,
};

/// Words and the address behind them.
struct Link<'a> {
    /// The words, in bytes of the text.
    start: usize,
    end: usize,
    url: &'a str,
}

/// A text whose links have their addresses behind the linked words, ` (URL)`.
pub(super) fn with_links(text: &str, entities: &Value) -> String {
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for link in links(text, entities) {
        out.push_str(&text[copied..link.end]);
        copied = link.end;
        if !text[link.start..link.end].contains(link.url) {
            out.push_str(" (");
            out.push_str(link.url);
            out.push(')');
        }
    }
    out.push_str(&text[copied..]);
    out
}

/// The links of a text, in order. One that was cut up by other formatting is one.
fn links<'a>(text: &str, entities: &'a Value) -> Vec<Link<'a>> {
    let links = entities.as_array().into_iter().flatten();
    let links = links.filter(|entity| entity["type"] == "text_link");
    let mut links: Vec<Link<'_>> = links
        .filter_map(|entity| {
            let (start, end) = span(text, entity)?;
            let blank = text[start..end].len() - text[start..end].trim_end().len();
            let url = text_at(entity, "url")?;
            Some(Link {
                start,
                end: end - blank,
                url,
            })
        })
        .collect();
    links.sort_by_key(|link| link.end);
    links.dedup_by(|next, link| {
        let is_one = next.url == link.url
            && text[link.end..next.end].trim_start().len() <= next.end - next.start;
        if is_one {
            link.end = next.end;
        }
        is_one
    });
    links
}

/// Most stretches that are kept of one text; Telegram itself counts to a hundred.
const MAX_STYLED: usize = 100;

/// Which words of `with_links(text, entities)` are formatted, for `meta.spans`: `{style, start, end}` in UTF-16
/// code units.
pub(super) fn styled(text: &str, entities: &Value) -> Option<Value> {
    let links = links(text, entities);
    // Addresses that were put in before a place move it.
    let added = |at: usize| -> usize {
        let before = links.iter().filter(|link| link.end < at);
        let told = before.filter(|link| !text[link.start..link.end].contains(link.url));
        told.map(|link| Measure::Utf16.of(link.url) + " ()".len())
            .sum()
    };
    let place = |at: usize| Measure::Utf16.of(&text[..at]) + added(at);
    let all = entities.as_array().into_iter().flatten().take(MAX_STYLED);
    let spans = all.filter_map(|entity| {
        let style = style(entity["type"].as_str()?)?;
        let (start, end) = span(text, entity)?;
        Some(json!({"style": style, "start": place(start), "end": place(end)}))
    });
    let spans: Vec<Value> = spans.collect();
    (!spans.is_empty()).then(|| spans.into())
}

/// What a style is called here. Of the others there is nothing to see.
fn style(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "bold" => "bold",
        "italic" => "italic",
        "strikethrough" => "strike",
        "code" => "mono",
        "pre" => "code",
        "blockquote" | "expandable_blockquote" => "quote",
        _ => return None,
    })
}

/// People in a text who have no user name: the text has only what they are called.
pub(super) fn mentions(text: &str, entities: &Value) -> Option<Value> {
    let all = entities.as_array().into_iter().flatten();
    let people = all.filter(|entity| entity["type"] == "text_mention");
    let people: Vec<Value> = people
        .filter_map(|entity| {
            let (start, end) = span(text, entity)?;
            let name = full_name(&entity["user"]).unwrap_or_else(|| text[start..end].to_owned());
            Some(json!({"id": entity["user"]["id"], "name": name}))
        })
        .collect();
    (!people.is_empty()).then(|| people.into())
}

/// Where an entity stands, in bytes. Telegram counts UTF-16 code units.
pub(super) fn span(text: &str, entity: &Value) -> Option<(usize, usize)> {
    let offset = usize::try_from(entity["offset"].as_u64()?).ok()?;
    let length = usize::try_from(entity["length"].as_u64()?).ok()?;
    let start = byte_at(text, offset)?;
    let end = byte_at(text, offset.checked_add(length)?)?;
    (start < end).then_some((start, end))
}

fn byte_at(text: &str, units: usize) -> Option<usize> {
    let mut at = 0;
    for (byte, c) in text.char_indices() {
        if at >= units {
            return Some(byte);
        }
        at += c.len_utf16();
    }
    (at >= units).then_some(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(offset: usize, length: usize, url: &str) -> Value {
        json!({"type": "text_link", "offset": offset, "length": length, "url": url})
    }

    #[test]
    fn links_stand_behind_their_words_whatever_is_in_front() {
        for (text, entities, expected) in [
            (
                "😀 read it",
                vec![link(3, 7, "https://a.example/")],
                "😀 read it (https://a.example/)",
            ),
            (
                "a b c",
                vec![link(4, 1, "u:2"), link(0, 1, "u:1")],
                "a (u:1) b c (u:2)",
            ),
            ("both\n", vec![link(0, 5, "u:1")], "both (u:1)\n"),
            (
                "in parts",
                vec![link(0, 3, "u:1"), link(3, 5, "u:1")],
                "in parts (u:1)",
            ),
            ("u:1", vec![link(0, 3, "u:1")], "u:1"),
            (
                "short",
                vec![link(3, 9, "u:1"), link(9, 1, "u:2"), link(0, 0, "u:3")],
                "short",
            ),
            (
                "no",
                vec![json!({"type": "bold", "offset": 0, "length": 2})],
                "no",
            ),
        ] {
            assert_eq!(with_links(text, &json!(entities)), expected, "{text}");
        }
        assert_eq!(with_links("none", &Value::Null), "none");
    }

    #[test]
    fn formatting_is_where_its_words_are_with_the_addresses_of_links() {
        let style = |kind: &str, offset: usize, length: usize| json!({"type": kind, "offset": offset, "length": length});
        let entities = json!([
            style("bold", 0, 9),
            link(3, 4, "u:1"),
            style("code", 8, 1),
            style("spoiler", 0, 1),
            style("pre", 50, 1)
        ]);
        let text = "😀 here x";
        let words: Vec<u16> = with_links(text, &entities).encode_utf16().collect();
        let found = styled(text, &entities).expect("two");
        let said: Vec<_> = found
            .as_array()
            .into_iter()
            .flatten()
            .map(|one| {
                let place = |name: &str| {
                    usize::try_from(one[name].as_u64().expect("a place")).expect("small")
                };
                let stretch = &words[place("start")..place("end")];
                (
                    one["style"].as_str().unwrap_or_default(),
                    String::from_utf16_lossy(stretch),
                )
            })
            .collect();
        assert_eq!(
            said,
            [
                ("bold", "😀 here (u:1) x".to_owned()),
                ("mono", "x".to_owned())
            ]
        );
        assert_eq!(styled(text, &Value::Null), None);
    }

    #[test]
    fn people_without_a_user_name_are_kept_with_their_id() {
        let entity = json!([{"type": "text_mention", "offset": 3, "length": 3,
            "user": {"id": 9, "first_name": "Ana", "last_name": "Lima"}}]);
        let found = mentions("hi Ana", &entity);
        assert_eq!(found, Some(json!([{"id": 9, "name": "Ana Lima"}])));
        assert_eq!(mentions("hi", &json!([])), None);
    }
}
