//! Files that others made: pictures and recordings of which sizes and lengths are read, archives, settings of other
//! programs. Nothing panics, and nothing is read for ever.

#![no_main]

use std::io::{Cursor, Read as _};

use cleudocodebot::{json5, media::probe, tar::TarReader};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let facts = probe::facts(&mut Cursor::new(bytes));
    let mime = probe::settle(None, facts.mime);
    assert!(probe::may_be(probe::kind_of(&mime), &mime), "{mime}");

    let mut archive = TarReader::new(bytes);
    let mut content = Vec::new();
    while let Ok(Some(entry)) = archive.next_entry() {
        content.clear();
        let read = archive.read_to_end(&mut content);
        assert!(content.len() as u64 <= entry.size, "more than it has");
        if read.is_err() {
            break;
        }
    }

    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(value) = json5::parse(text)
    {
        assert_eq!(json5::parse(&value.to_string()), Ok(value), "JSON is JSON5");
    }
});
