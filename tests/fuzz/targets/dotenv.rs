//! `.env`: no text makes the reader panic, an unchanged file is written back byte by byte, and what was
//! set reads back as it was.

#![no_main]

use cleudocodebot::config::dotenv::Document;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &str)| {
    let (text, value) = input;
    let Ok(mut document) = Document::parse(text) else {
        return;
    };
    assert_eq!(document.to_string(), text, "an unchanged file");
    let _ = document.values(&|_| None);
    let _ = (document.bare_variables(), document.duplicates());
    if document.set("FUZZED_KEY", value).is_err() {
        return;
    }
    let written = document.to_string();
    let again = Document::parse(&written).expect("what we write parses");
    if let Ok(values) = again.values(&|_| None) {
        assert_eq!(values["FUZZED_KEY"].text, value, "{written:?}");
    }
    document.unset("FUZZED_KEY").expect("removable");
    let without = document.to_string();
    let without = Document::parse(&without).expect("what we write parses");
    assert_eq!(without.get("FUZZED_KEY"), None);
});
