//! Reads a file of the time zone database, as it lies in `/usr/share/zoneinfo` and at `/etc/localtime`.
//!
//! Source: RFC 8536 (`TZif`), §3. Leap seconds are left out, as systems leave them out.
//!
//! Not here: where the files are (`system`).

use super::{Zone, rule::Rule};

/// The length of a header, in bytes.
const HEADER: usize = 44;

/// The counts of a header, in the order of the file.
struct Counts {
    utc_indicators: usize,
    standard_indicators: usize,
    leap_seconds: usize,
    changes: usize,
    kinds: usize,
    letters: usize,
}

impl Counts {
    /// The length of a block with times of so many bytes.
    fn length(&self, time: usize) -> usize {
        self.changes * (time + 1)
            + self.kinds * 6
            + self.letters
            + self.leap_seconds * (time + 4)
            + self.standard_indicators
            + self.utc_indicators
    }
}

/// The zone in a file; `None` where it is none, or broken.
pub(super) fn parse(file: &[u8]) -> Option<Zone> {
    let (version, counts) = header(file)?;
    let body = file.get(HEADER..)?;
    if version < b'2' {
        return block(body, &counts, 4);
    }
    // From version 2 on the same follows with times of 8 bytes, and then the rule.
    let second = body.get(counts.length(4)..)?;
    let (_, counts) = header(second)?;
    let body = second.get(HEADER..)?;
    let mut zone = block(body, &counts, 8)?;
    zone.rule = footer(body.get(counts.length(8)..)?);
    Some(zone)
}

fn header(file: &[u8]) -> Option<(u8, Counts)> {
    let header = file.get(..HEADER)?;
    let count = |index: usize| {
        let at = 20 + index * 4;
        let bytes = header.get(at..at + 4)?.try_into().ok()?;
        // A file with more than a million of anything is none, and the sums below stay small.
        let count = u32::from_be_bytes(bytes);
        usize::try_from(count).ok().filter(|count| *count < 1 << 20)
    };
    let counts = Counts {
        utc_indicators: count(0)?,
        standard_indicators: count(1)?,
        leap_seconds: count(2)?,
        changes: count(3)?,
        kinds: count(4)?,
        letters: count(5)?,
    };
    (header.starts_with(b"TZif") && counts.kinds > 0).then_some((header[4], counts))
}

/// The changes of one block, with times of so many bytes.
fn block(body: &[u8], counts: &Counts, size: usize) -> Option<Zone> {
    let (times, rest) = body.split_at_checked(counts.changes * size)?;
    let (indices, rest) = rest.split_at_checked(counts.changes)?;
    let kinds = rest.get(..counts.kinds * 6)?;
    let offset = |kind: usize| {
        let bytes = kinds.get(kind * 6..kind * 6 + 4)?.try_into().ok()?;
        Some(i64::from(i32::from_be_bytes(bytes)))
    };
    let mut changes = Vec::with_capacity(counts.changes);
    for (time, index) in times.chunks_exact(size).zip(indices) {
        let at = match size {
            4 => i64::from(i32::from_be_bytes(time.try_into().ok()?)),
            _ => i64::from_be_bytes(time.try_into().ok()?),
        };
        changes.push((at, offset(usize::from(*index))?));
    }
    let first = offset(0)?;
    changes.is_sorted_by_key(|(at, _)| *at).then_some(Zone {
        first,
        changes,
        rule: None,
    })
}

/// The rule between two line breaks; none where it is empty.
fn footer(bytes: &[u8]) -> Option<Rule> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (rule, _) = text.strip_prefix('\n')?.split_once('\n')?;
    Rule::parse(rule)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A file with these changes, the offsets of each kind, and a rule.
    fn file(changes: &[(i64, u8)], kinds: &[i32], rule: &str) -> Vec<u8> {
        let header = |counts: [usize; 6]| {
            let mut header = b"TZif2".to_vec();
            header.extend([0; 15]);
            for count in counts {
                let count = u32::try_from(count).expect("small");
                header.extend(count.to_be_bytes());
            }
            header
        };
        let mut file = header([0, 0, 0, 0, 1, 1]);
        file.extend([0; 7]);
        file.extend(header([0, 0, 0, changes.len(), kinds.len(), 4]));
        file.extend(changes.iter().flat_map(|(at, _)| at.to_be_bytes()));
        file.extend(changes.iter().map(|(_, kind)| kind));
        for kind in kinds {
            file.extend(kind.to_be_bytes());
            file.extend([0, 0]);
        }
        file.extend(b"LMT\0");
        file.extend(format!("\n{rule}\n").bytes());
        file
    }

    #[test]
    fn the_second_block_and_the_rule_are_read() {
        let file = file(&[(-5, 1), (7, 0)], &[3600, -7200], "ABC-2");
        let zone = parse(&file).expect("a zone");
        assert_eq!(zone.changes, [(-5, -7200), (7, 3600)]);
        for (at, offset) in [(-6, 3600), (-5, -7200), (6, -7200), (7, 7200)] {
            assert_eq!(zone.offset_at(at), offset);
        }
    }

    #[test]
    fn an_old_file_has_one_block_and_no_rule() {
        let mut old = b"TZif\0".to_vec();
        old.extend([0; 15]);
        for count in [0_u32, 0, 0, 1, 2, 4] {
            old.extend(count.to_be_bytes());
        }
        old.extend(9_i32.to_be_bytes());
        old.push(1);
        for offset in [60_i32, 120] {
            old.extend(offset.to_be_bytes());
            old.extend([0, 0]);
        }
        old.extend(b"ABC\0");
        let zone = parse(&old).expect("a zone");
        assert_eq!((zone.offset_at(8), zone.offset_at(9)), (60, 120));
    }

    #[test]
    fn a_file_that_is_cut_off_or_names_a_kind_it_lacks_is_none() {
        let whole = file(&[(1, 0)], &[3600], "ABC-1");
        for length in 0..whole.len() - 8 {
            assert_eq!(parse(&whole[..length]), None, "{length}");
        }
        assert_eq!(parse(&file(&[(1, 1)], &[3600], "")), None);
        assert_eq!(parse(&file(&[(2, 0), (1, 0)], &[3600], "")), None);
        assert_eq!(parse(b""), None);
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_much(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut file = b"TZif2".to_vec();
            file.extend(bytes);
            let _ = parse(&file);
        }
    }
}
