//! Cron expressions, hours and times: whatever is written there, what comes next lies behind what was, in order,
//! and on the minute.

#![no_main]

use cleudocodebot::calendar::{Cron, Hours, Zone, parse_at, parse_past};
use libfuzzer_sys::fuzz_target;

/// Zones with half hours, summer times on either half of the Earth, and a day that was left out.
const ZONES: [&str; 5] = [
    "America/Sao_Paulo",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "Pacific/Apia",
    "UTC",
];

/// The end of the year 2200: behind it no clock is believed anyway.
const END_MS: u64 = 7_289_654_400_000;

thread_local! {
    static KNOWN: Vec<Zone> = ZONES
        .iter()
        .map(|name| Zone::named(name).expect("a zone of the tables"))
        .collect();
}

fn check(text: &str, from_ms: u64, zone: &Zone) {
    let _ = (parse_at(text, zone), parse_past(text, zone, from_ms));
    if let Ok(cron) = text.parse::<Cron>() {
        assert_eq!(cron.to_string().parse().as_ref(), Ok(&cron), "read again");
        let mut last = from_ms;
        for _ in 0..3 {
            let Some(next) = cron.next_after(last, zone) else {
                break;
            };
            assert!(next > last, "{text:?}: {next} after {last}");
            last = next;
        }
    }
    if let Ok(hours) = Hours::parse(text)
        && let Some(opening) = hours.closed_until(from_ms, zone)
    {
        assert!(opening > from_ms, "{text:?}: {opening} after {from_ms}");
        assert_eq!(hours.closed_until(opening, zone), None, "{text:?}");
    }
}

fuzz_target!(|input: (u64, u8, &str)| {
    let (at, zone, text) = input;
    KNOWN.with(|zones| check(text, at % END_MS, &zones[usize::from(zone) % zones.len()]));
});
