//! Cron expressions beside another implementation: `tests/foreign/cron.py` wrote what croniter says of them.
//!
//! Ranges of one number such as `5-5` are not among them: croniter takes them for `*`, crontab(5) for the number.

use std::fmt::Write as _;

use cleudocodebot::calendar::{Cron, Zone};
use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

const YEAR_S: u64 = 365 * 24 * 60 * 60;
/// As many times of a year are compared.
const MOST: usize = 400;

/// The times of an expression in the year that begins at `from_s`, in seconds since 1970.
fn times(cron: &Cron, zone: &Zone, from_s: u64) -> Vec<String> {
    let mut at_ms = from_s * 1000;
    let next = std::iter::from_fn(|| {
        at_ms = cron.next_after(at_ms, zone)?;
        (at_ms < (from_s + YEAR_S) * 1000).then(|| (at_ms / 1000).to_string())
    });
    next.take(MOST).collect()
}

#[test]
fn times_of_a_year_are_those_of_croniter() {
    let mut different = String::new();
    let cases = include_str!("golden/cron.txt");
    for case in cases.lines() {
        let fields: Vec<&str> = case.split('\t').collect();
        let &[expression, zone, from, count, digest] = fields.as_slice() else {
            panic!("{case:?} has not five fields");
        };
        let cron: Cron = expression.parse().expect(expression);
        let zone = Zone::named(zone).expect(zone);
        let ours = times(&cron, &zone, from.parse().expect(from));
        let hash = HEXLOWER.encode(&Sha256::digest(ours.join(" ")));
        if ours.len().to_string() != count || !hash.starts_with(digest) {
            let _ = writeln!(different, "{case}\n  ours: {}", ours.join(" "));
        }
    }
    assert!(different.is_empty(), "{different}");
    assert_eq!(cases.lines().count(), 500);
}
