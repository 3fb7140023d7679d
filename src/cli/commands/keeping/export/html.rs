//! A conversation as a page: nothing in it is run, and nothing is loaded but the files beside it.

use std::fmt::Write as _;

use serde_json::Value;

use crate::{
    language::Translator,
    media::probe,
    message::{
        Kind, is_ours,
        media::{files, media_id},
        text_at,
    },
};

/// Where the files are, seen from a page.
pub(super) const FILES: &str = "media";

/// What a page may do (Content Security Policy Level 3): show its own style and what lies beside it.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' file:; media-src 'self' file:";

const STYLE: &str = "body{font:16px/1.4 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}\
article{margin:.5rem 0;padding:.5rem .75rem;border-radius:.6rem;background:#f0f0f0;max-width:85%;width:fit-content;overflow-wrap:anywhere}\
article.out{margin-left:auto;background:#dcf3e0}p{margin:.25rem 0;white-space:pre-wrap}small{color:#666}img,video{max-width:100%;border-radius:.4rem}\
@media(prefers-color-scheme:dark){body{color:#ddd;background:#161616}article{background:#2a2a2a}article.out{background:#1d3a24}small{color:#999}a{color:#8bf}}";

/// A text between two tags, or in an attribute: what steers is taken out, what the browser would take for its own is
/// written so that it does not (HTML §13.3).
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// The beginning of a page.
pub(super) fn head(title: &str, language: &str) -> String {
    let title = escaped(title);
    format!(
        "<!doctype html>\n<html lang=\"{language}\">\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
         <style>{STYLE}</style>\n<h1><bdi>{title}</bdi></h1>\n"
    )
}

/// What is left to say of a message.
pub(super) struct Said<'a> {
    /// When it was stored, as people read it.
    pub(super) time: String,
    /// Who wrote it, where that is not clear.
    pub(super) sender: Option<&'a str>,
    /// The names of its files beside the page, in their order; none for one that is not there.
    pub(super) files: Vec<Option<String>>,
}

/// A message.
pub(super) fn message(message: &Value, said: &Said<'_>, translator: Translator) -> String {
    let text = |field: &str| message[field].as_str().unwrap_or_default();
    let side = if is_ours(message) { "out" } else { "in" };
    let mut html = format!(
        "<article class=\"{side}\" id=\"{}\">",
        escaped(text("message_id"))
    );
    if let Some(sender) = said.sender {
        let _ = write!(html, "<b><bdi>{}</bdi></b>", escaped(sender));
    }
    let all = files(message.get("media")).iter().zip(&said.files);
    for (file, place) in all {
        html.push_str(&shown_file(file, place.as_deref()));
    }
    if !text("text").is_empty() {
        let _ = write!(html, "<p dir=\"auto\">{}</p>", escaped(text("text")));
    }
    let _ = write!(html, "<small>{}", escaped(&said.time));
    let is_edited = message["edits"]
        .as_array()
        .is_some_and(|edits| !edits.is_empty());
    let notes = [
        (is_edited, "(edited)"),
        (message["deleted_ms"].is_u64(), "(deleted)"),
    ];
    for (_, note) in notes.iter().filter(|(is_so, _)| *is_so) {
        let _ = write!(html, " {}", escaped(&translator.word(note)));
    }
    // Of what the user wrote on the phone nobody knows what became of it.
    if text("direction") == "out" {
        let _ = write!(html, " {}", escaped(&translator.word(text("state"))));
    }
    html.push_str("</small></article>\n");
    html
}

fn shown_file(file: &Value, place: Option<&str>) -> String {
    let name = escaped(text_at(file, "name").unwrap_or("file"));
    let Some(place) = place else {
        return match text_at(file, "url").filter(|url| is_address(url)) {
            Some(url) => format!(
                "<p><a href=\"{}\" rel=\"noreferrer\">{name}</a></p>",
                escaped(url)
            ),
            None => format!("<p><i>{name}</i></p>"),
        };
    };
    let place = format!("{FILES}/{}", escaped(place));
    let kind: Option<Kind> = text_at(file, "kind").and_then(|kind| kind.parse().ok());
    match kind {
        Some(Kind::Image | Kind::Sticker) => {
            format!(
                "<p><a href=\"{place}\"><img src=\"{place}\" alt=\"{name}\" loading=\"lazy\"></a></p>"
            )
        }
        Some(Kind::Video) => {
            format!("<p><video controls preload=\"none\" src=\"{place}\"></video></p>")
        }
        Some(Kind::Audio | Kind::Voice) => {
            format!("<p><audio controls preload=\"none\" src=\"{place}\"></audio></p>")
        }
        _ => format!("<p><a href=\"{place}\" download>{name}</a></p>"),
    }
}

fn is_address(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://")
}

/// The name of a kept file beside the page: its id, and an ending that no system runs or opens as a page.
pub(super) fn place_of(file: &Value) -> Option<String> {
    const ENDINGS: [&str; 22] = [
        "png", "jpg", "jpeg", "gif", "webp", "mp4", "webm", "mov", "ogg", "oga", "opus", "mp3",
        "m4a", "aac", "wav", "amr", "pdf", "txt", "csv", "docx", "xlsx", "zip",
    ];
    let id = media_id(file)?.to_string();
    let name = text_at(file, "name")
        .unwrap_or_default()
        .to_ascii_lowercase();
    let of_name = name.rsplit_once('.').map(|(_, ending)| ending);
    let of_type = text_at(file, "mime").map(probe::ending);
    let known = |ending: &&str| ENDINGS.contains(ending);
    let ending = of_name.filter(known).or(of_type.filter(known));
    let ending = ending.unwrap_or("bin");
    Some(format!("{id}.{ending}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(one: &Value, files: Vec<Option<String>>) -> String {
        let said = Said {
            time: "now".to_owned(),
            sender: Some("<b>Ana</b>"),
            files,
        };
        message(one, &said, Translator::default())
    }

    #[test]
    fn nothing_that_somebody_wrote_is_part_of_the_page() {
        let hostile = "</script><img src=x onerror=alert(1)>\"'&\u{0}\u{1b}[31m\u{85}";
        let one = json!({"message_id": hostile, "text": hostile, "direction": "out", "state": hostile,
            "media": {"name": hostile, "url": "javascript:alert(1)"}});
        let html = shown(&one, vec![None]);
        for wrong in [
            "<script",
            "</script",
            "<img",
            "<b>Ana",
            "javascript:",
            "\u{0}",
            "\u{1b}",
            "\u{85}",
        ] {
            assert!(!html.contains(wrong), "{wrong} in {html}");
        }
        assert!(html.contains("&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;"));
        let head = head(hostile, "en");
        assert!(
            !head.contains("<img") && head.contains("default-src 'none'"),
            "{head}"
        );
    }

    #[test]
    fn what_the_user_wrote_on_the_phone_stands_on_the_users_side() {
        let mut one = json!({"text": "me", "direction": "in", "state": "received"});
        assert!(shown(&one, vec![]).starts_with("<article class=\"in\""));
        one["meta"] = json!({"own": true});
        let html = shown(&one, vec![]);
        assert!(html.starts_with("<article class=\"out\""), "{html}");
        assert!(!html.contains("received"), "{html}");
    }

    #[test]
    fn files_are_beside_the_page_under_names_that_nothing_runs() {
        let id = "ab".repeat(32);
        for (name, mime, ending) in [
            ("photo.PNG", "image/png", "png"),
            ("page.html", "text/html", "bin"),
            ("a.svg", "image/svg+xml", "bin"),
            ("run.exe", "image/jpeg", "jpg"),
            ("../../x.pdf", "", "pdf"),
            ("", "audio/ogg; codecs=opus", "ogg"),
        ] {
            let file = json!({"media_id": id, "name": name, "mime": mime});
            assert_eq!(place_of(&file), Some(format!("{id}.{ending}")), "{name}");
        }
        assert_eq!(place_of(&json!({"url": "https://a/b"})), None);
        let one = json!({"media": {"kind": "image", "name": "a"}, "direction": "in"});
        let html = shown(&one, vec![Some("x.png".to_owned())]);
        assert!(html.contains("<img src=\"media/x.png\""), "{html}");
    }
}
