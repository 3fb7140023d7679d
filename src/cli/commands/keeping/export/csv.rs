//! A message as a row of a table (RFC 4180), as spreadsheets read it.

use serde_json::Value;

use crate::{
    cli::output::{Names, Times},
    clock::{LocalTime, Utc},
    message::{is_ours, media::files, text_at},
};

/// What the columns are called, in English in every language: programs look for them as the protocol names them.
const HEADINGS: [&str; 13] = [
    "time",
    "channel",
    "peer",
    "name",
    "direction",
    "sender",
    "kind",
    "text",
    "files",
    "state",
    "error",
    "message_id",
    "time_utc",
];

/// The signs that may stand between two cells, as a user names them. Where the decimal mark is a comma, a spreadsheet
/// expects a semicolon.
pub(super) const SEPARATORS: [(&str, char); 3] = [(";", ';'), (",", ','), ("tab", '\t')];

/// The first line. The mark before it says that this is UTF-8, without which Excel takes it for something else.
pub(super) fn heading(separator: char) -> String {
    format!("\u{feff}{}\r\n", HEADINGS.join(&separator.to_string()))
}

/// What a spreadsheet takes for the beginning of a formula
/// (<https://owasp.org/www-community/attacks/CSV_Injection>).
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// The row of a message: its time by the clock of the place, and at the end exactly.
pub(super) fn row(message: &Value, names: &Names, times: &Times, separator: char) -> String {
    let text = |field: &str| message[field].as_str().unwrap_or_default();
    let (channel, peer) = (text("channel"), text("peer"));
    let created_ms = message["created_ms"].as_u64().unwrap_or(0);
    let all = files(message.get("media")).iter();
    let attached: Vec<&str> = all.filter_map(file_name).collect();
    let kind = match text("kind") {
        "" => "text",
        kind => kind,
    };
    let cells = [
        shown(times.local(created_ms)),
        channel.to_owned(),
        peer.to_owned(),
        names.shown(channel, peer),
        if is_ours(message) { "out" } else { "in" }.to_owned(),
        text("sender").to_owned(),
        kind.to_owned(),
        text("text").to_owned(),
        attached.join("; "),
        text("state").to_owned(),
        text("error").to_owned(),
        text("message_id").to_owned(),
        Utc(created_ms).to_string(),
    ];
    let mut row = String::new();
    for (at, value) in cells.iter().enumerate() {
        if at > 0 {
            row.push(separator);
        }
        row.push_str(&cell(value));
    }
    row.push_str("\r\n");
    row
}

/// A time that spreadsheets take for one.
fn shown(time: LocalTime) -> String {
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
        time.year, time.month, time.day, time.hour, time.minute, time.second
    )
}

/// What a file goes by.
fn file_name(file: &Value) -> Option<&str> {
    let fields = ["name", "media_id", "url"];
    fields.into_iter().find_map(|field| text_at(file, field))
}

/// A cell: nothing in it steers, is run, or ends it early.
fn cell(value: &str) -> String {
    let plain: String = value
        .chars()
        .map(|c| match c {
            '\n' | '\t' => c,
            '\r' => ' ',
            c if c.is_control() => '\u{fffd}',
            c => c,
        })
        .collect();
    // Numbers of phones are none of the formulas that begin so.
    let is_number = plain.len() > 1
        && plain.starts_with(['+', '-'])
        && plain[1..]
            .chars()
            .all(|c| c.is_ascii_digit() || " ()-.".contains(c));
    let quote = if plain.starts_with(FORMULA) && !is_number {
        "'"
    } else {
        ""
    };
    if plain.contains([',', ';', '"', '\n', '\t', '\''])
        || plain.starts_with(' ')
        || !quote.is_empty()
    {
        return format!("\"{quote}{}\"", plain.replace('"', "\"\""));
    }
    plain
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nothing_in_a_cell_is_run_or_ends_it() {
        for (value, expected) in [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("a;b", "\"a;b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("two\nlines", "\"two\nlines\""),
            ("=1+1", "\"'=1+1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("-2+3+cmd|' /C calc'!A0", "\"'-2+3+cmd|' /C calc'!A0\""),
            ("+55 (11) 98765-4321", "+55 (11) 98765-4321"),
            ("\t=1", "\"'\t=1\""),
            ("\r=1", "\" =1\""),
            ("a\u{0}b\u{1b}[31m", "a\u{fffd}b\u{fffd}[31m"),
            ("", ""),
        ] {
            assert_eq!(cell(value), expected, "{value:?}");
        }
    }

    #[test]
    fn what_the_user_wrote_on_the_phone_went_out() {
        let message = json!({"message_id": "m-1", "channel": "webchat", "peer": "ana", "direction": "in",
            "text": "oi", "state": "received", "created_ms": 0, "meta": {"own": true}});
        let times = Times::new(Some("<-03>3"), false, false);
        let row = row(&message, &Names::default(), &times, ',');
        assert!(row.contains(",ana,out,,text,oi,"), "{row}");
    }

    #[test]
    fn a_row_has_a_cell_for_each_heading() {
        let message = json!({"message_id": "m-1", "channel": "webchat", "peer": "ana", "direction": "in",
            "text": "olá", "state": "received", "created_ms": 0,
            "media": [{"name": "a.png"}, {"media_id": "ff"}]});
        let times = Times::new(Some("<-03>3"), false, false);
        for (_, separator) in SEPARATORS {
            let row = row(&message, &Names::default(), &times, separator);
            let expected = "1969-12-31 21:00:00|webchat|ana|ana|in||text|olá|\"a.png; ff\"|received||m-1|1970-01-01T00:00:00.000Z\r\n";
            assert_eq!(row, expected.replace('|', &separator.to_string()));
            assert_eq!(heading(separator).split(separator).count(), HEADINGS.len());
        }
    }
}
