//! Parsing the log that `daemon.bat` writes. The words are ours; the date before them is in the format of
//! the user's locale, so it is ignored.

use std::{
    fs::File,
    io::{Read as _, Seek as _, SeekFrom},
    path::Path,
};

use crate::service::launchers::launcher::SupervisorStatus;

/// How many bytes at the end of the log are read.
const TAIL: u64 = 16 * 1024;

/// What the last lines say about the daemon's previous runs.
pub(super) fn status(log: &Path) -> SupervisorStatus {
    tail(log).map_or_else(|_| SupervisorStatus::default(), |text| parse(&text))
}

fn tail(log: &Path) -> std::io::Result<String> {
    let mut file = File::open(log)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
    let mut bytes = Vec::new();
    file.take(TAIL).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn parse(text: &str) -> SupervisorStatus {
    let mut status = SupervisorStatus::default();
    for line in text.lines().map(str::trim_end) {
        if let Some(code) = exit_code(line) {
            status.last_exit = Some(code);
            let is_config = code == 78;
            status.gave_up = is_config.then(|| "its settings are wrong".to_owned());
        } else if line.ends_with(" gave up after 6 quick failures") {
            status.gave_up = Some("it failed too often in a row".to_owned());
        } else if line.ends_with(" start") {
            status.gave_up = None;
        }
    }
    status
}

/// The code in `… exit code 3 after 12 s`.
fn exit_code(line: &str) -> Option<i32> {
    let (_, rest) = line.rsplit_once(" exit code ")?;
    let (code, time) = rest.split_once(" after ")?;
    time.strip_suffix(" s")?.parse::<u64>().ok()?;
    code.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_run_counts_whatever_the_date_format() {
        let text = "Mo 23.11.2026  9:01:02,03 start\r\n\
                    panicked at exit code 5 after all\r\n\
                    Mo 23.11.2026  9:01:12,03 exit code -1073741819 after 10 s\r\n";
        let status = parse(text);
        assert_eq!(status.last_exit, Some(-1_073_741_819));
        assert_eq!(status.gave_up, None);
    }

    #[test]
    fn giving_up_counts_until_the_next_start() {
        let gave_up = parse("x exit code 78 after 0 s\nx end\n").gave_up;
        assert_eq!(gave_up.as_deref(), Some("its settings are wrong"));
        let text = "x exit code 1 after 0 s\nx gave up after 6 quick failures\n";
        assert!(parse(text).gave_up.is_some());
        assert_eq!(parse(&format!("{text}x start\n")).gave_up, None);
        assert_eq!(
            status(Path::new("/nonexistent")),
            SupervisorStatus::default()
        );
    }
}
