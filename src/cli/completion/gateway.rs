//! Words that only the running daemon knows. It is asked once, and what it does not tell at once is left
//! out: nobody waits for a key they pressed.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::timeout;

use super::{Candidate, CommandLine, WordKind};
use crate::{
    cli::{
        connection::connect,
        context::Context,
        output::{content, cut, printable, shown_peer},
    },
    client::Client,
    language::Translator,
};

/// How long the daemon may take for one key that somebody pressed, connection and all.
pub(crate) const AT_ONCE: Duration = Duration::from_millis(100);

/// How many rows are asked for.
const MAX_ROWS: u64 = 200;

/// The longest explanation, in columns.
const MAX_ABOUT: usize = 50;

/// What the daemon has of a kind. Nothing where none runs, or it takes too long.
pub(crate) async fn ask(
    kind: WordKind,
    line: &CommandLine,
    limit: Duration,
    context: &Context<'_>,
) -> Vec<Candidate> {
    let Some((action, payload)) = question(kind, line) else {
        return Vec::new();
    };
    let asked = timeout(limit, async {
        let mut client: Client = connect(context).await?.client;
        client.call(action, &payload).await
    });
    match asked.await {
        Ok(Ok(answer)) => read(kind, line, &answer),
        _ => Vec::new(),
    }
}

/// The action that knows words of a kind.
fn question(kind: WordKind, line: &CommandLine) -> Option<(&'static str, Value)> {
    let mut payload = json!({"limit": MAX_ROWS});
    if let Some(channel) = &line.channel {
        payload["channel"] = json!(channel);
    }
    Some(match kind {
        WordKind::Channel | WordKind::Integration => ("integrations", json!({})),
        WordKind::Agent | WordKind::Turn => ("agents", json!({})),
        WordKind::Key => ("keys", json!({})),
        WordKind::Schedule => ("schedules", json!({})),
        WordKind::PairingCode => ("pairing", json!({})),
        WordKind::Media => ("media.list", json!({"limit": MAX_ROWS})),
        WordKind::Peer => ("conversations", payload),
        WordKind::Outgoing => ("outbox", payload),
        WordKind::Message => {
            if let (Some(_), Some(peer)) = (&line.channel, &line.peer) {
                payload["peer"] = json!(peer);
            }
            ("history", payload)
        }
        _ => return None,
    })
}

/// The words in an answer.
fn read(kind: WordKind, line: &CommandLine, answer: &Value) -> Vec<Candidate> {
    let rows = |field: &str| {
        answer[field]
            .as_array()
            .map_or(&[][..], Vec::as_slice)
            .iter()
    };
    let of = |one: &Value, word: &str, about: String| {
        let word = one[word].as_str()?.to_owned();
        Some(Candidate::new(word, cut(&about, MAX_ABOUT)))
    };
    let text = |one: &Value, field: &str| printable(one[field].as_str().unwrap_or_default());
    let named = |field: &str, word: &str, about: &str| {
        let found = rows(field).filter_map(|one| of(one, word, text(one, about)));
        found.collect::<Vec<_>>()
    };
    let messages = |field: &str| {
        let found = rows(field).rev();
        let found =
            found.filter_map(|one| of(one, "message_id", content(one, Translator::default())));
        found.collect::<Vec<_>>()
    };
    match kind {
        WordKind::Channel | WordKind::Integration => named("integrations", "name", "state"),
        WordKind::Agent => named("agents", "name", "state"),
        WordKind::Turn => [
            named("running", "turn_id", "state"),
            named("failed", "turn_id", "error"),
        ]
        .concat(),
        WordKind::Key => named("keys", "key_id", "name"),
        WordKind::Schedule => named("schedules", "name", "text"),
        WordKind::Media => named("media", "media_id", "name"),
        WordKind::Peer => named("conversations", "peer", "name"),
        WordKind::Outgoing => [messages("waiting"), messages("failed")].concat(),
        WordKind::Message => messages("messages"),
        WordKind::PairingCode => {
            let is_meant = |one: &&Value| {
                line.channel
                    .as_deref()
                    .is_none_or(|own| one["channel"] == own)
            };
            let who = |one: &Value| shown_peer(&text(one, "channel"), &text(one, "sender"));
            let pending = rows("pending").filter(is_meant);
            pending
                .filter_map(|one| of(one, "code", who(one)))
                .collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::line, *};
    use crate::cli::commands::COMMANDS;

    fn words(kind: WordKind, text: &str, answer: &Value) -> Vec<(String, String)> {
        let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
        let line = line::read(&words, COMMANDS);
        let found = read(kind, &line, answer).into_iter();
        found.map(|one| (one.word, one.about)).collect()
    }

    #[test]
    fn answers_become_words_with_what_they_are() {
        let pair = |word: &str, about: &str| (word.to_owned(), about.to_owned());
        let peers =
            json!({"conversations": [{"peer": "5511987654321", "name": "Ana"}, {"peer": "42"}]});
        assert_eq!(
            words(WordKind::Peer, "send -c whatsapp -t ", &peers),
            [pair("5511987654321", "Ana"), pair("42", "")]
        );
        let codes = json!({"pending": [
            {"channel": "telegram", "sender": "42", "code": "K7QX"},
            {"channel": "whatsapp", "sender": "5511987654321", "code": "M2PA"}]});
        assert_eq!(
            words(WordKind::PairingCode, "pairing approve whatsapp ", &codes),
            [pair("M2PA", "+55 (11) 98765-4321")]
        );
        let outbox = json!({"waiting": [{"message_id": "m-2", "text": "a\nb"}], "failed": []});
        assert_eq!(
            words(WordKind::Outgoing, "outbox retry ", &outbox),
            [pair("m-2", "a\\nb")]
        );
    }

    #[test]
    fn a_message_is_looked_for_where_the_line_says() {
        let words: Vec<String> = "conversations read telegram 42 "
            .split(' ')
            .map(str::to_owned)
            .collect();
        let line = line::read(&words, COMMANDS);
        let (action, payload) = question(WordKind::Message, &line).expect("asked");
        assert_eq!(action, "history");
        assert_eq!(
            payload,
            json!({"limit": MAX_ROWS, "channel": "telegram", "peer": "42"})
        );
        assert!(question(WordKind::Command, &line).is_none());
    }
}
