//! What is to be done next: which messages are indexed, which segments are merged.
//!
//! Small segments are merged to large ones once, many at a time: a search has few to look into and a word is
//! named once for many messages, while each message is written twice at most.
//!
//! Not here: doing it (`super`).

use crate::store::words::{MAX_SPAN, Segment};

/// How many of the smallest segments become one.
const MERGED: u64 = 32;

/// How much of words is merged at once, in bytes: it is all in memory then.
const MAX_MERGED_BYTES: u64 = 8 << 20;

/// From which size on a segment is not merged any more, in bytes, however few messages it has: where they are
/// long. Two that are smaller fit together.
const LARGE_BYTES: u64 = MAX_MERGED_BYTES / 2;

/// The most messages of one segment.
pub(super) const fn largest(batch: u64) -> u64 {
    batch * MERGED
}

/// Consecutive segments that are to become one: the oldest run of small ones that are a large one together.
pub(super) fn to_merge(segments: &[Segment], batch: u64) -> Option<&[Segment]> {
    let is_large = |run: &[Segment]| messages(run) >= largest(batch) || bytes(run) >= LARGE_BYTES;
    let mut start = 0;
    for (at, segment) in segments.iter().enumerate() {
        if !segment.is_complete || is_large(&segments[at..=at]) {
            start = at + 1;
            continue;
        }
        let is_next = at > start && follows(&segments[at - 1], segment);
        if !is_next || !fits(&segments[start..=at]) {
            start = at;
        }
        let run = &segments[start..=at];
        if run.len() > 1 && is_large(run) {
            return Some(run);
        }
    }
    None
}

fn messages(run: &[Segment]) -> u64 {
    run.iter().map(|one| one.messages).sum()
}

fn bytes(run: &[Segment]) -> u64 {
    run.iter().map(|one| one.bytes).sum()
}

fn follows(before: &Segment, segment: &Segment) -> bool {
    before.last.checked_add(1) == Some(segment.first)
}

fn fits(run: &[Segment]) -> bool {
    let span = run[run.len() - 1].last - run[0].first;
    bytes(run) <= MAX_MERGED_BYTES && span < MAX_SPAN
}

/// Numbers from the first to the last.
type Span = (u64, u64);

/// The spans up to `head` that are in no segment, oldest first. The last has the newest messages.
pub(super) fn gaps(segments: &[Segment], head: u64) -> (Vec<Span>, Option<Span>) {
    let mut between = Vec::new();
    let mut from = 0;
    for segment in segments {
        if segment.first > from {
            between.push((from, segment.first - 1));
        }
        from = segment.last.saturating_add(1);
    }
    (between, (from <= head).then_some((from, head)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segments(counts: &[u64]) -> Vec<Segment> {
        let mut first = 0;
        let one = |count: &u64| {
            let segment = Segment {
                first,
                last: first + count * 2,
                id: first,
                messages: *count,
                bytes: count * 10,
                is_complete: true,
            };
            first = segment.last + 1;
            segment
        };
        counts.iter().map(one).collect()
    }

    fn merged(counts: &[u64]) -> Option<Vec<u64>> {
        let segments = segments(counts);
        let run = to_merge(&segments, 10)?;
        Some(run.iter().map(|one| one.messages).collect())
    }

    #[test]
    fn small_ones_become_one_once_they_are_a_large_one_together() {
        assert_eq!(merged(&[10; 31]), None);
        assert_eq!(merged(&[10; 32]), Some(vec![10; 32]));
        assert_eq!(merged(&[80, 10, 80]), None);
        assert_eq!(merged(&[80; 5]), Some(vec![80; 4]));
        assert_eq!(merged(&[320, 310, 10, 10]), Some(vec![310, 10]));
        assert_eq!(merged(&[320, 3, 320, 310]), None);
    }

    #[test]
    fn those_of_long_messages_are_large_with_fewer() {
        let mut all = segments(&[10; 9]);
        for segment in &mut all {
            segment.bytes = LARGE_BYTES / 8;
        }
        assert_eq!(to_merge(&all[..7], 10), None);
        assert_eq!(to_merge(&all, 10).map(<[_]>::len), Some(8));
        all[3].bytes = LARGE_BYTES;
        assert_eq!(to_merge(&all, 10), None, "alone it is large already");
        for segment in &mut all {
            segment.bytes = LARGE_BYTES - 1;
        }
        assert_eq!(to_merge(&all, 10).map(<[_]>::len), Some(2));
    }

    #[test]
    fn only_neighbours_whose_words_are_all_there_are_merged() {
        let mut all = segments(&[10; 32]);
        all[3].is_complete = false;
        assert_eq!(to_merge(&all, 10), None);
        let mut all = segments(&[10; 32]);
        all.remove(4);
        all.extend(segments(&[10; 33]).pop());
        assert_eq!(to_merge(&all, 10), None);
    }

    #[test]
    fn gaps_are_what_no_segment_covers() {
        let mut all = segments(&[10, 10, 10]);
        assert_eq!(gaps(&[], 5), (vec![], Some((0, 5))));
        assert_eq!(gaps(&all, 62), (vec![], None));
        assert_eq!(gaps(&all, 70), (vec![], Some((63, 70))));
        all.remove(1);
        all[0].first = 4;
        assert_eq!(gaps(&all, 62), (vec![(0, 3), (21, 41)], None));
    }
}
