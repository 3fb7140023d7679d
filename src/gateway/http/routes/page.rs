//! The page, served from the binary: its files by path, the policy that lets it load nothing from
//! elsewhere, and an answer without a body to a browser that has the file already.

use std::{
    hash::{DefaultHasher, Hasher as _},
    sync::LazyLock,
};

use hyper::{
    HeaderMap,
    header::{ETAG, HeaderName, HeaderValue, IF_NONE_MATCH, LINK},
};

use crate::gateway::http::respond::{HttpReply, reply};

macro_rules! files {
    ($($path:literal)*) => {
        /// Path and content of every file of the page.
        const FILES: &[(&str, &str)] =
            &[$((concat!("/", $path), include_str!(concat!("../../../web/", $path)))),*];
    };
}

files! {
    "index.html" "style.css" "icon.svg" "app.js" "dom.js" "list.js" "session.js" "table.js"
    "words.js" "chat/agent.js" "chat/card.js" "chat/chat.js" "chat/composer.js" "chat/menu.js" "chat/recorder.js"
    "chat/row.js" "chat/search.js" "chat/sidebar.js" "chat/thread.js" "chat/tray.js"
    "control/control.js" "control/log.js" "control/pair.js" "files/attachments.js" "files/blobs.js"
    "files/document.js" "files/files.css" "files/near.js" "files/player.js" "files/progress.js"
    "files/transfer.js" "files/upload.js" "files/viewer.js" "model/agents.js" "model/backoff.js"
    "model/conversations.js" "model/files.js" "model/heights.js" "model/messages.js"
    "model/numbers.js" "model/ogg.js" "model/parts.js" "model/rate.js" "model/renderings.js"
    "model/shelf.js"
}

/// Own scripts, own styles, own socket (`'self'` covers `ws:` of the same host, CSP 3 §6.7.2.8), own
/// pictures, and pictures and sounds that the page itself has fetched with its token (`blob:`); no
/// frames, no forms, no markup made from text, nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      img-src 'self' data: blob:; media-src blob:; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'; require-trusted-types-for 'script'; \
                      trusted-types 'none'";

/// Headers of every file of the page. With `no-cache` the browser keeps a copy but asks each time
/// whether it is still good, so that a page never outlives the program it came from.
const HEADERS: &[(&str, &str)] = &[
    ("content-security-policy", POLICY),
    ("cache-control", "no-cache"),
    // No window that opened this one, or that it opened, can script it.
    ("cross-origin-opener-policy", "same-origin"),
];

/// The version of each file, in the order of `FILES`.
static VERSIONS: LazyLock<Vec<HeaderValue>> =
    LazyLock::new(|| FILES.iter().map(|(_, text)| version(text)).collect());

/// Names all scripts at once (RFC 8288), since a browser finds an import only once it has the script
/// that holds it.
static SCRIPTS: LazyLock<HeaderValue> = LazyLock::new(|| {
    let scripts = FILES
        .iter()
        .filter(|(path, _)| content_type(path).starts_with("text/javascript"));
    let links: Vec<_> = scripts
        .map(|(path, _)| format!("<{}>;rel=modulepreload", &path[1..]))
        .collect();
    HeaderValue::from_str(&links.join(",")).unwrap_or(HeaderValue::from_static(""))
});

/// A strong validator (RFC 9110 §8.8.3), which changes with every byte of the file.
fn version(text: &str) -> HeaderValue {
    let mut hasher = DefaultHasher::new();
    hasher.write(text.as_bytes());
    let quoted = format!("\"{:016x}-{:x}\"", hasher.finish(), text.len());
    HeaderValue::from_str(&quoted).unwrap_or(HeaderValue::from_static("\"\""))
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').unwrap_or_default().1 {
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        _ => "text/html; charset=utf-8",
    }
}

/// The file at this path (`/` is the page itself), or 304 where the browser's copy is still good.
pub(in crate::gateway::http) fn find(path: &str, headers: &HeaderMap) -> Option<HttpReply> {
    let path = if path == "/" { "/index.html" } else { path };
    let at = FILES.iter().position(|(known, _)| *known == path)?;
    let (text, version) = (FILES[at].1, &VERSIONS[at]);
    let mut reply = if is_known(headers, version) {
        reply(304, content_type(path), "")
    } else {
        reply(200, content_type(path), text)
    };
    let fields = reply.headers_mut();
    for (name, value) in HEADERS {
        fields.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    fields.insert(ETAG, version.clone());
    if path == "/index.html" {
        fields.insert(LINK, SCRIPTS.clone());
    }
    Some(reply)
}

/// Whether the browser names this version (RFC 9110 §13.1.2: compared without regard to weakness).
fn is_known(headers: &HeaderMap, version: &HeaderValue) -> bool {
    let named = headers.get_all(IF_NONE_MATCH).iter();
    named
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == version)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the whole page may weigh, uncompressed, in bytes: it loads at once, also on a phone.
    const MOST_BYTES: usize = 175 * 1024;

    #[test]
    fn all_files_together_stay_light() {
        let bytes: usize = FILES.iter().map(|(_, text)| text.len()).sum();
        assert!(bytes <= MOST_BYTES, "{bytes} bytes");
    }

    #[test]
    fn a_version_is_known_alone_in_a_list_weak_or_as_any() {
        let version = version("text");
        let own = version.to_str().expect("ASCII").to_owned();
        let asked = |value: &str| {
            let value = HeaderValue::from_str(value).expect("a header");
            is_known(&HeaderMap::from_iter([(IF_NONE_MATCH, value)]), &version)
        };
        for known in [&own, &format!("\"x\", W/{own}"), "*"] {
            assert!(asked(known), "{known}");
        }
        for other in ["\"x\"", "", own.trim_matches('"')] {
            assert!(!asked(other), "{other}");
        }
        assert!(!is_known(&HeaderMap::new(), &version));
        assert_ne!(version, super::version("texu"));
    }
}
