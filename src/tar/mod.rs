//! Archives of files, as `tar` reads them: ustar (POSIX.1-1988), with an extended header of POSIX.1-2001 where a file is
//! larger than ustar can say. Written and read from front to back, with nothing of a file in memory.
//!
//! Names are ours, so that they are short and plain: others are refused, on both sides.
//! <https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html>

mod header;
mod reader;
mod writer;

pub use self::{
    reader::{Entry, TarReader},
    writer::TarWriter,
};

/// All is in blocks of this size.
const BLOCK: usize = 512;

/// How many bytes a file of this size has behind it up to the next block.
fn padding(size: u64) -> usize {
    let rest = usize::try_from(size % BLOCK as u64).unwrap_or_default();
    (BLOCK - rest) % BLOCK
}

#[cfg(test)]
mod tests {
    use std::io::{self, Read as _};

    use super::*;

    fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut tar = TarWriter::new(Vec::new());
        for (name, bytes) in files {
            tar.whole(name, bytes, 1_800_000_000).expect("written");
        }
        tar.finish().expect("finished")
    }

    fn read_all(bytes: &[u8]) -> io::Result<Vec<(String, Vec<u8>)>> {
        let mut tar = TarReader::new(bytes);
        let mut files = Vec::new();
        while let Some(entry) = tar.next_entry()? {
            let mut content = Vec::new();
            tar.read_to_end(&mut content)?;
            files.push((entry.name, content));
        }
        Ok(files)
    }

    #[test]
    fn what_is_written_reads_back() {
        let large = vec![7; 3 * BLOCK + 1];
        let files: [(&str, &[u8]); 4] = [
            ("a/b.json", b"{}"),
            ("empty", b""),
            ("block", &[1; BLOCK]),
            ("large", &large),
        ];
        let bytes = archive(&files);
        assert_eq!(bytes.len() % BLOCK, 0);
        let expected: Vec<_> = files
            .map(|(name, bytes)| (name.to_owned(), bytes.to_vec()))
            .into();
        assert_eq!(read_all(&bytes).expect("read"), expected);
    }

    #[test]
    fn what_is_not_read_is_passed_over() {
        let bytes = archive(&[("one", &[1; 2000]), ("two", b"2")]);
        let mut tar = TarReader::new(&bytes[..]);
        tar.next_entry().expect("read").expect("one");
        tar.read_exact(&mut [0; 10]).expect("some of it");
        assert_eq!(tar.next_entry().expect("read").expect("two").name, "two");
    }

    #[test]
    fn every_cut_and_every_changed_header_is_an_error() {
        let bytes = archive(&[("one", &[1; 600]), ("two", b"2")]);
        for length in (0..bytes.len()).step_by(100) {
            assert!(read_all(&bytes[..length]).is_err(), "cut at {length}");
        }
        for at in [0, 100, 124, 148, 257] {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(read_all(&changed).is_err(), "changed at {at}");
        }
    }

    #[test]
    fn nothing_but_filling_may_follow_an_archive() {
        let fails = |more: &[u8]| {
            let bytes = [&archive(&[("one", b"1")]), more].concat();
            let mut tar = TarReader::new(&bytes[..]);
            while tar.next_entry().expect("read").is_some() {}
            tar.expect_end().is_err()
        };
        assert!(!fails(&[]) && !fails(&[0; 8192]));
        assert!(fails(b"x") && fails(&[&[0; 8192], &b"x"[..]].concat()));
        assert!(fails(&vec![0; 17 << 20]), "without end");
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for name in [
            "",
            "/etc/passwd",
            "../x",
            "a/../b",
            "a//b",
            "a\\b",
            "a/",
            &"x".repeat(101),
        ] {
            let mut tar = TarWriter::new(Vec::new());
            assert!(tar.whole(name, b"", 0).is_err(), "{name}");
        }
    }

    #[test]
    fn a_size_beyond_ustar_is_in_an_extended_header() {
        let mut out = Vec::new();
        let size = 9 << 30;
        header::write(&mut out, "large", size, 0).expect("written");
        let mut tar = TarReader::new(&out[..]);
        let entry = tar.next_entry().expect("read").expect("an entry");
        assert_eq!((entry.name.as_str(), entry.size), ("large", size));
    }

    #[test]
    fn whatever_the_bytes_are_there_is_no_panic() {
        for seed in 0..200_u8 {
            let bytes: Vec<u8> = (0..2048)
                .map(|at: u32| seed.wrapping_mul(at.to_le_bytes()[0]))
                .collect();
            let _ = read_all(&bytes);
        }
    }
}
