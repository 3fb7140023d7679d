//! One message as one line, from its form on the wire.

use std::fmt::Write as _;

use serde_json::Value;

use super::printable::printable;
use crate::clock::Utc;

/// `time id channel peer <- text`, then the state of an outgoing message and the reason of a
/// failure. Arrows show the direction: `->` to the peer, `<-` from it.
pub(crate) fn message_line(message: &Value) -> String {
    let text = |name: &str| printable(message[name].as_str().unwrap_or_default());
    let inbound = message["direction"] == "in";
    let mut line = format!(
        "{} {} {} {} {} ",
        Utc(message["updated_ms"].as_u64().unwrap_or(0)),
        text("message_id"),
        text("channel"),
        text("peer"),
        if inbound { "<-" } else { "->" },
    );
    if let Some(sender) = message["sender"].as_str() {
        let _ = write!(line, "{}: ", printable(sender));
    }
    line.push_str(&content(message));
    if !inbound {
        let _ = write!(line, " [{}]", text("state"));
    }
    if message["error"].is_string() {
        let _ = write!(line, " ({})", text("error"));
    }
    line
}

/// The text, with media as `<kind url>` before it.
pub(crate) fn content(message: &Value) -> String {
    let text = printable(message["text"].as_str().unwrap_or_default());
    let media = &message["media"];
    let Some(url) = media["url"].as_str() else {
        return text;
    };
    let kind = media["kind"].as_str().unwrap_or("media");
    let media = format!("<{} {}>", printable(kind), printable(url));
    if text.is_empty() {
        media
    } else {
        format!("{media} {text}")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_message_is_one_line_whatever_it_says() {
        let inbound = json!({"message_id": "m-1", "channel": "webchat", "peer": "ada",
            "direction": "in", "state": "received", "text": "a\nb", "updated_ms": 0});
        assert_eq!(
            message_line(&inbound),
            "1970-01-01T00:00:00.000Z m-1 webchat ada <- a\\nb"
        );
        let outbound = json!({"message_id": "m-2", "channel": "webchat", "peer": "ada",
            "direction": "out", "state": "failed", "text": "", "updated_ms": 0,
            "media": {"kind": "image", "url": "http://x/"}, "error": "gone"});
        assert_eq!(
            message_line(&outbound),
            "1970-01-01T00:00:00.000Z m-2 webchat ada -> <image http://x/> [failed] (gone)"
        );
    }
}
