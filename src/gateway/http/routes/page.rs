//! The page, served from the binary: its files by path, the scripts of the first page as one, the policy that
//! lets it load nothing from elsewhere, an answer without a body to a browser that has the file already, and the worker that keeps
//! all of them for a start without a connection.

use std::{
    hash::{DefaultHasher, Hasher as _},
    sync::LazyLock,
};

use bytes::Bytes;
use data_encoding::BASE64;
use hyper::{
    HeaderMap,
    header::{ETAG, HeaderName, HeaderValue, IF_NONE_MATCH, LINK},
};
use sha2::{Digest as _, Sha256};

use super::joined::{Scripts, joined};
use crate::{
    gateway::http::respond::{HttpReply, reply},
    language,
};

macro_rules! files {
    ($($path:literal)*) => {
        /// Path and content of every file of the page but its worker.
        const FILES: &[(&str, &[u8])] =
            &[$((concat!("/", $path), include_bytes!(concat!("../../../web/", $path)))),*];
    };
}

files! {
    "index.html" "style.css" "icon.svg" "manifest.webmanifest" "app.js" "dom.js" "list.js" "popup.js" "session.js"
    "table.js" "words.js"
    "app/address.js" "app/app.css" "app/channels.js" "app/dialog.js" "app/install.js" "app/notify.js" "app/pairing.js" "app/pauses.js" "app/places.js" "app/rate.js" "app/rights.js"
    "app/said.js" "app/start.js" "app/viewport.js"
    "chat/agent.js" "chat/card.js" "chat/chat.js" "chat/composer.js" "chat/finder.js" "chat/manage.js" "chat/menu.js" "chat/outbox.js"
    "chat/recorder.js" "chat/row.js" "chat/search.js" "chat/sidebar.js" "chat/thread.js" "chat/tray.js"
    "connect/bot.js" "connect/cloud.js" "connect/model.js" "connect/settle.js" "connect/steps.js"
    "connect/whatsapp.js"
    "control/control.css" "control/control.js" "control/device.js" "control/devices.js" "control/later.js" "control/log.js"
    "control/looks.js" "control/machines.js" "control/pair.js" "control/pausing.js" "control/push.js" "control/rows.js" "control/schedule.js" "control/setting.js"
    "control/settings.js"
    "files/attachments.js" "files/blobs.js" "files/chosen.js" "files/document.js" "files/files.css" "files/near.js"
    "files/player.js" "files/progress.js" "files/transfer.js" "files/upload.js" "files/viewer.js"
    "icons/badge-96.png" "icons/icon-192.png" "icons/icon-512.png" "icons/maskable-512.png"
    "icons/touch-180.png"
    "later/attached.js" "later/choose.js" "later/hours.js" "later/repeating.js" "later/said.js" "later/table.js" "later/times.js"
    "model/agents.js" "model/backoff.js" "model/conversations.js" "model/files.js" "model/finding.js" "model/heights.js"
    "model/markdown.js" "model/messages.js" "model/numbers.js" "model/ogg.js" "model/parts.js"
    "model/renderings.js" "model/sentences.js" "model/shelf.js" "model/spans.js"
    "places/address.js" "places/begin.js"
    "state/archive.js" "state/database.js" "state/identity.js" "state/tabs.js"
}

/// Path of the worker.
const WORKER: &str = "/sw.js";

/// Path of the Portuguese sentences, which the page asks for only to speak it. It is made for each answer.
const PORTUGUESE: &str = "/language/pt-BR.json";

/// The script that the page names; all that it imports is sent with it.
const ENTRY: &str = "/app.js";

/// What is sent of each file, in the order of `FILES`: as it is, but for the scripts that are joined.
static SENT: LazyLock<Vec<Bytes>> = LazyLock::new(|| {
    let is_script = |path: &str| content_type(path).starts_with("text/javascript");
    let scripts: Scripts<'_> = FILES
        .iter()
        .filter(|(path, _)| is_script(path))
        .filter_map(|(path, content)| Some((*path, std::str::from_utf8(content).ok()?)))
        .collect();
    let mut joined = joined(&scripts, ENTRY);
    let sent = |(path, content): &(&'static str, &'static [u8])| {
        let joined = joined.remove(path).map(Bytes::from);
        joined.unwrap_or(Bytes::from_static(content))
    };
    FILES.iter().map(sent).collect()
});

/// The worker as it is written, and what in it stands for the hashes of the files.
const WORKER_TEXT: &str = include_str!("../../../web/sw.js");
const SHELL_BLANK: &str = "{ version: \"\", files: {} }";

/// The worker as it is served: with the hash of each file, as `integrity` takes it (Subresource Integrity
/// §3.1), and one over all of them. A browser looks for a new worker by comparing its bytes, so a change to
/// any file makes a new one, and that one takes all files or none.
static WORKER_SENT: LazyLock<Bytes> = LazyLock::new(|| {
    let hash = |content: &[u8]| BASE64.encode(&Sha256::digest(content));
    let files: serde_json::Map<_, _> = FILES
        .iter()
        .zip(SENT.iter())
        .map(|((path, _), content)| {
            (
                path[1..].to_owned(),
                format!("sha256-{}", hash(content)).into(),
            )
        })
        .collect();
    let version = hash(
        serde_json::Value::from(files.clone())
            .to_string()
            .as_bytes(),
    );
    let shell = serde_json::json!({"version": version, "files": files});
    WORKER_TEXT
        .replacen(SHELL_BLANK, &shell.to_string(), 1)
        .into()
});

/// Own scripts, own styles, own socket (`'self'` covers `ws:` of the same host, CSP 3 §6.7.2.8), own
/// pictures, and pictures and sounds that the page itself has fetched with its token (`blob:`); no
/// frames, no forms, no markup made from text, nothing else. The one trusted type is the address of the
/// worker, which a browser takes in no other way.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      img-src 'self' data: blob:; media-src blob:; manifest-src 'self'; worker-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
                      require-trusted-types-for 'script'; trusted-types worker";

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
    LazyLock::new(|| SENT.iter().map(|content| version(content)).collect());

static PORTUGUESE_VERSION: LazyLock<HeaderValue> =
    LazyLock::new(|| version(language::PORTUGUESE.as_bytes()));

static WORKER_VERSION: LazyLock<HeaderValue> = LazyLock::new(|| version(&WORKER_SENT));

/// Names the script of the first page (RFC 8288), so that a browser asks for it before it has read the page.
const SCRIPT: &str = "<app.js>;rel=modulepreload";

/// A strong validator (RFC 9110 §8.8.3), which changes with every byte of the file.
fn version(content: &[u8]) -> HeaderValue {
    let mut hasher = DefaultHasher::new();
    hasher.write(content);
    let quoted = format!("\"{:016x}-{:x}\"", hasher.finish(), content.len());
    HeaderValue::from_str(&quoted).unwrap_or(HeaderValue::from_static("\"\""))
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').unwrap_or_default().1 {
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        _ => "text/html; charset=utf-8",
    }
}

/// The file at this path (`/` is the page itself), or 304 where the browser's copy is still good.
pub(in crate::gateway::http) fn find(path: &str, headers: &HeaderMap) -> Option<HttpReply> {
    let path = if path == "/" { "/index.html" } else { path };
    let version = version_of(path)?;
    let mut reply = if is_known(headers, version) {
        reply(304, content_type(path), "")
    } else {
        reply(200, content_type(path), content(path)?)
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
        fields.insert(LINK, HeaderValue::from_static(SCRIPT));
    }
    Some(reply)
}

/// The version of the file at this path.
fn version_of(path: &str) -> Option<&'static HeaderValue> {
    match path {
        WORKER => Some(&WORKER_VERSION),
        PORTUGUESE => Some(&PORTUGUESE_VERSION),
        _ => VERSIONS.get(place(path)?),
    }
}

/// The content of the file at this path.
fn content(path: &str) -> Option<Bytes> {
    match path {
        WORKER => Some(WORKER_SENT.clone()),
        PORTUGUESE => Some(language::portuguese_json().into()),
        _ => SENT.get(place(path)?).cloned(),
    }
}

fn place(path: &str) -> Option<usize> {
    FILES.iter().position(|(known, _)| *known == path)
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

    /// Folders of scripts that the page imports once somebody wants them.
    const LATER: [&str; 4] = ["/connect/", "/control/", "/later/", "/places/"];

    /// What the whole page may weigh, uncompressed, in bytes. A browser loads it once a version: from then on
    /// the worker has it. Of this 8 KiB are icons, which only an installation asks for, and 60 the keys of
    /// devices, the outbox, notifications and the start without a connection, in two languages.
    /// Another 112 are control with the machines of a cluster, the dialogs that connect something and those that ask
    /// for a time or for what is sent again and again, which are loaded once somebody wants them.
    const MOST_BYTES: usize = 460 * 1024;

    /// Of that, what is there before anybody asked for more.
    const MOST_AT_FIRST: usize = 328 * 1024;

    #[test]
    fn all_files_together_stay_light() {
        let sum = |is_counted: &dyn Fn(&str) -> bool| -> usize {
            let counted = FILES.iter().filter(|(path, _)| is_counted(path));
            counted.map(|(_, content)| content.len()).sum()
        };
        let bytes = sum(&|_| true) + WORKER_SENT.len();
        assert!(bytes <= MOST_BYTES, "{bytes} bytes");
        let bytes = sum(&|path| !LATER.iter().any(|folder| path.starts_with(folder)));
        assert!(bytes <= MOST_AT_FIRST, "{bytes} bytes at first");
    }

    #[test]
    fn the_first_page_is_one_script_and_what_comes_later_is_as_it_was_written() {
        let entry =
            std::str::from_utf8(&SENT[place(ENTRY).expect("it is there")]).expect("a script");
        let mut before = Vec::new();
        let is_joined = |path: &str| entry.contains(&format!("// {}\n", &path[1..]));
        for ((path, written), sent) in FILES.iter().zip(SENT.iter()) {
            let is_later = LATER.iter().any(|folder| path.starts_with(folder));
            assert!(!(is_later && is_joined(path)), "{path}");
            if is_joined(path) {
                assert!(sent.len() < 1024, "{path} only hands on");
            } else if *path != ENTRY {
                assert_eq!(sent, written, "{path}");
            }
        }
        let joined = FILES.iter().filter(|(path, _)| is_joined(path)).count();
        assert!(joined > 40, "{joined} scripts");
        // Each constant that a script takes was made above it, so no two scripts import each other.
        for line in entry.lines() {
            if let Some((name, _)) = line
                .strip_prefix("export const ")
                .and_then(|rest| rest.split_once(" = (()"))
            {
                before.push(name);
            }
            assert!(
                !line.starts_with("import ") && !line.starts_with("export {"),
                "{line}"
            );
            if let Some((_, from)) = line
                .strip_prefix("const ")
                .and_then(|rest| rest.split_once(" = "))
            {
                let from = from.trim_end_matches(';');
                assert!(!from.ends_with("_js") || before.contains(&from), "{line}");
            }
        }
    }

    #[test]
    fn the_worker_names_every_file_with_its_hash() {
        let sent = String::from_utf8(WORKER_SENT.to_vec()).expect("a script");
        assert!(!sent.contains(SHELL_BLANK) && WORKER_TEXT.contains(SHELL_BLANK));
        for ((path, _), content) in FILES.iter().zip(SENT.iter()) {
            let hash = BASE64.encode(&Sha256::digest(content));
            let named = format!("\"{}\":\"sha256-{hash}\"", &path[1..]);
            assert!(sent.contains(&named), "{named}");
        }
    }

    #[test]
    fn a_version_is_known_alone_in_a_list_weak_or_as_any() {
        let version = version(b"text");
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
        assert_ne!(version, super::version(b"texu"));
    }
}
