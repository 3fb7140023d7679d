//! What a request asks of a file: all of it, a part, or nothing where it is known already (RFC 9110 §13, §14).

use hyper::{
    HeaderMap,
    header::{HeaderValue, IF_RANGE, RANGE},
};

/// Whether a list of entity tags has this one (RFC 9110 §8.8.3); weak ones compare equal here (§13.1.2).
pub(super) fn names(tags: &HeaderValue, tag: &str) -> bool {
    let tags = tags.to_str().unwrap_or_default().split(',');
    let mut tags = tags.map(|one| one.trim().trim_start_matches("W/"));
    tags.any(|one| one == "*" || one == tag)
}

/// What a request asks of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RangeRequest {
    Whole,
    /// From this byte to that one, both included.
    Part(u64, u64),
    /// Nothing that is there.
    Outside,
}

/// One range of bytes (RFC 9110 §14.2). What asks for several, or in other units, gets the whole file; so
/// does who has another file in mind (`If-Range`, §13.1.5).
pub(super) fn asked_range(headers: &HeaderMap, tag: &str, bytes: u64) -> RangeRequest {
    let Some(range) = headers.get(RANGE).and_then(|value| value.to_str().ok()) else {
        return RangeRequest::Whole;
    };
    if headers.get(IF_RANGE).is_some_and(|other| other != tag) {
        return RangeRequest::Whole;
    }
    let range = range
        .trim()
        .strip_prefix("bytes=")
        .filter(|range| !range.contains(','));
    let Some((first, last)) = range.and_then(|range| range.split_once('-')) else {
        return RangeRequest::Whole;
    };
    let number = |text: &str| {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse().unwrap_or(u64::MAX))
    };
    match (first.trim(), last.trim()) {
        ("", last) => match number(last) {
            None => RangeRequest::Whole,
            Some(0) => RangeRequest::Outside,
            Some(count) => part(bytes.saturating_sub(count), u64::MAX, bytes),
        },
        (first, "") => {
            number(first).map_or(RangeRequest::Whole, |first| part(first, u64::MAX, bytes))
        }
        (first, last) => match (number(first), number(last)) {
            (Some(first), Some(last)) if first <= last => part(first, last, bytes),
            _ => RangeRequest::Whole,
        },
    }
}

fn part(first: u64, last: u64, bytes: u64) -> RangeRequest {
    if first >= bytes {
        return RangeRequest::Outside;
    }
    RangeRequest::Part(first, last.min(bytes - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(range: &'static str, if_range: Option<&'static str>) -> RangeRequest {
        let mut headers = HeaderMap::new();
        headers.insert(RANGE, HeaderValue::from_static(range));
        if let Some(tag) = if_range {
            headers.insert(IF_RANGE, HeaderValue::from_static(tag));
        }
        asked_range(&headers, "\"a\"", 10)
    }

    #[test]
    fn one_range_is_served_and_anything_else_is_the_whole_file() {
        for (range, expected) in [
            ("bytes=0-3", RangeRequest::Part(0, 3)),
            ("bytes=3-", RangeRequest::Part(3, 9)),
            ("bytes=-3", RangeRequest::Part(7, 9)),
            ("bytes=-30", RangeRequest::Part(0, 9)),
            ("bytes=3-99999999999999999999999", RangeRequest::Part(3, 9)),
            ("bytes=10-", RangeRequest::Outside),
            ("bytes=-0", RangeRequest::Outside),
            ("bytes=3-2", RangeRequest::Whole),
            ("bytes=0-1,3-4", RangeRequest::Whole),
            ("bytes=a-b", RangeRequest::Whole),
            ("bytes=-", RangeRequest::Whole),
            ("items=0-3", RangeRequest::Whole),
            ("bytes=+1-2", RangeRequest::Whole),
        ] {
            assert_eq!(asked(range, None), expected, "{range}");
        }
    }

    #[test]
    fn a_range_of_another_file_is_the_whole_one() {
        assert_eq!(asked("bytes=0-3", Some("\"a\"")), RangeRequest::Part(0, 3));
        assert_eq!(asked("bytes=0-3", Some("\"b\"")), RangeRequest::Whole);
        assert_eq!(asked("bytes=0-3", Some("W/\"a\"")), RangeRequest::Whole);
    }

    #[test]
    fn a_file_that_is_known_is_named_by_its_tag() {
        let tags = HeaderValue::from_static("\"b\", W/\"a\"");
        assert!(names(&tags, "\"a\"") && !names(&tags, "\"c\""));
        assert!(names(&HeaderValue::from_static("*"), "\"c\""));
    }
}
