//! Where we are: the variable `TZ`, the file that the system keeps, or on Windows its registry.
//!
//! Not here: what is in the files (`tzif`).

use std::{fs, io::Read as _, path::Path};

use super::{Zone, rule::Rule, tzif};

/// Where systems keep the database.
const DATABASES: [&str; 4] = [
    "/usr/share/zoneinfo",
    "/usr/lib/zoneinfo",
    "/usr/share/lib/zoneinfo",
    "/etc/zoneinfo",
];

/// The longest file that is read, in bytes. The longest of the database has 4 KiB.
const MAX_FILE: u64 = 256 << 10;

/// The zone of this machine or of `TZ`, where that is set. An empty `TZ` is UTC, and so is one that names
/// nothing, as in the C library.
pub(super) fn local(tz: Option<&str>) -> Zone {
    let zone = match tz.map(|tz| tz.strip_prefix(':').unwrap_or(tz)) {
        Some("") => None,
        Some(name) => named(name),
        None => of_machine(),
    };
    zone.unwrap_or_default()
}

/// The zone of a name, a rule, or the path of a file.
pub(super) fn named(name: &str) -> Option<Zone> {
    if name == "UTC" {
        return Some(Zone::utc());
    }
    if name.starts_with('/') {
        return read(Path::new(name));
    }
    let is_name = !name.is_empty() && !name.split('/').any(|part| part == "..");
    let mut files = DATABASES.iter().map(|folder| Path::new(folder).join(name));
    let found = is_name
        .then(|| files.find_map(|path| read(&path)))
        .flatten();
    found.or_else(|| Rule::parse(name).map(Zone::of_rule))
}

fn read(path: &Path) -> Option<Zone> {
    // Looked at first: opening a pipe would wait for ever.
    if !fs::metadata(path).ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    let file = fs::File::open(path).ok()?;
    file.take(MAX_FILE).read_to_end(&mut bytes).ok()?;
    tzif::parse(&bytes)
}

#[cfg(not(windows))]
fn of_machine() -> Option<Zone> {
    read(Path::new("/etc/localtime"))
}

/// Windows has the minutes that UTC is ahead of the present time in its registry. What other times of the
/// year have is not asked: it would need a call that only `unsafe` code can make.
#[cfg(windows)]
fn of_machine() -> Option<Zone> {
    const KEY: &str = r"HKLM\SYSTEM\CurrentControlSet\Control\TimeZoneInformation";
    let output = std::process::Command::new("reg")
        .args(["query", KEY, "/v", "ActiveTimeBias"])
        .output()
        .ok()?;
    of_registry(&String::from_utf8_lossy(&output.stdout))
}

/// The zone in the answer of `reg query`: a number of 32 bits, whose negative values are large ones.
#[cfg(any(windows, test))]
fn of_registry(answer: &str) -> Option<Zone> {
    let (_, behind) = answer.split_once("ActiveTimeBias")?;
    let number = behind.split_whitespace().nth(1)?.strip_prefix("0x")?;
    let number = u32::from_str_radix(number, 16).ok()?;
    let minutes = i64::from(number.cast_signed());
    Some(Zone::fixed(-minutes * 60))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::utc_ms;

    /// The offset in hours at a date, where this machine has the database.
    fn hours(name: &str, date: [u64; 6]) -> Option<f64> {
        if !Path::new(DATABASES[0]).join("America/Sao_Paulo").exists() {
            eprintln!("skipped: no time zone database here");
            return None;
        }
        let seconds = i64::try_from(utc_ms(date)? / 1000).ok()?;
        let offset = named(name).expect("in the database").offset_at(seconds);
        Some(f64::from(i32::try_from(offset).ok()?) / 3600.0)
    }

    #[test]
    fn the_database_knows_what_clocks_have_shown() {
        for (name, date, offset) in [
            // The last summer of Brazil, and the year after without one.
            ("America/Sao_Paulo", [2018, 11, 4, 2, 59, 59], -3.0),
            ("America/Sao_Paulo", [2018, 11, 4, 3, 0, 0], -2.0),
            ("America/Sao_Paulo", [2019, 2, 17, 1, 59, 59], -2.0),
            ("America/Sao_Paulo", [2019, 2, 17, 2, 0, 0], -3.0),
            ("America/Sao_Paulo", [2019, 12, 25, 0, 0, 0], -3.0),
            ("America/Sao_Paulo", [2050, 1, 1, 0, 0, 0], -3.0),
            ("Europe/Berlin", [2026, 7, 1, 0, 0, 0], 2.0),
            ("Europe/Berlin", [2060, 7, 1, 0, 0, 0], 2.0),
            ("Europe/Berlin", [2060, 12, 1, 0, 0, 0], 1.0),
            ("Australia/Sydney", [2026, 1, 1, 0, 0, 0], 11.0),
            ("Asia/Kolkata", [2026, 1, 1, 0, 0, 0], 5.5),
            ("Asia/Kathmandu", [2026, 1, 1, 0, 0, 0], 5.75),
            ("Australia/Lord_Howe", [2026, 7, 1, 0, 0, 0], 10.5),
            ("Pacific/Chatham", [2026, 1, 1, 0, 0, 0], 13.75),
        ] {
            if let Some(found) = hours(name, date) {
                assert!((found - offset).abs() < 1e-9, "{name} {date:?}: {found}");
            }
        }
    }

    #[test]
    fn tz_may_be_a_rule_a_name_empty_or_nonsense() {
        let offset = |tz| local(Some(tz)).offset_at(1_800_000_000);
        for (tz, expected) in [
            ("<-03>3", -10_800),
            (":<-03>3", -10_800),
            ("UTC", 0),
            ("", 0),
            ("No/Such_Place", 0),
            ("../../etc/passwd", 0),
            ("/etc/passwd", 0),
        ] {
            assert_eq!(offset(tz), expected, "{tz}");
        }
        assert_eq!(named("No/Such_Place"), None);
    }

    #[test]
    fn the_registry_of_windows_counts_to_the_west() {
        let answer = |number: &str| {
            format!(
                "\r\nHKEY_LOCAL_MACHINE\\SYSTEM\r\n    ActiveTimeBias    REG_DWORD    {number}\r\n"
            )
        };
        let offset = |number: &str| of_registry(&answer(number)).map(|zone| zone.offset_at(0));
        assert_eq!(offset("0xb4"), Some(-10_800));
        assert_eq!(offset("0xffffffc4"), Some(3600));
        assert_eq!(offset("x"), None);
        assert_eq!(of_registry("ERROR"), None);
    }
}
