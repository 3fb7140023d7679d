//! What is to be done next: which messages are indexed, which segments are merged.
//!
//! Small segments are merged to larger ones twice, so that a search has few to look into and a word is
//! named once for many messages, while each message is written three times at most.
//!
//! Not here: doing it (`super`).

use crate::store::words::{MAX_SPAN, Segment};

/// How much larger the segments of each step are than those of the one before.
const GROWTH: u64 = 8;

/// How much of words is merged at once, in bytes: it is all in memory then.
const MAX_MERGED_BYTES: u64 = 8 << 20;

/// The most messages of one segment.
pub(super) const fn largest(batch: u64) -> u64 {
    batch * GROWTH * GROWTH
}

/// Consecutive segments that are to become one.
pub(super) fn to_merge(segments: &[Segment], batch: u64) -> Option<&[Segment]> {
    [batch * GROWTH, largest(batch)]
        .into_iter()
        .find_map(|target| run_of(segments, target))
}

/// The oldest run of segments, each smaller than this, that have so many messages together.
fn run_of(segments: &[Segment], target: u64) -> Option<&[Segment]> {
    let mut start = 0;
    for (at, segment) in segments.iter().enumerate() {
        let is_next = at > start && follows(&segments[at - 1], segment);
        let is_small = segment.is_complete && segment.messages < target;
        if !is_small {
            start = at + 1;
            continue;
        }
        if !is_next || !fits(&segments[start..=at]) {
            start = at;
        }
        let run = &segments[start..=at];
        let messages: u64 = run.iter().map(|one| one.messages).sum();
        if run.len() > 1 && messages >= target {
            return Some(run);
        }
    }
    None
}

fn follows(before: &Segment, segment: &Segment) -> bool {
    before.last.checked_add(1) == Some(segment.first)
}

fn fits(run: &[Segment]) -> bool {
    let bytes: u64 = run.iter().map(|one| one.bytes).sum();
    let span = run[run.len() - 1].last - run[0].first;
    bytes <= MAX_MERGED_BYTES && span < MAX_SPAN
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
    fn eight_small_ones_become_one_and_eight_of_those_again() {
        assert_eq!(merged(&[10; 7]), None);
        assert_eq!(merged(&[10; 8]), Some(vec![10; 8]));
        assert_eq!(merged(&[80, 80, 10]), None);
        let eight = [80; 8];
        assert_eq!(merged(&eight), Some(eight.to_vec()));
        assert_eq!(merged(&[640, 640, 640, 80]), None);
        assert_eq!(merged(&[640, 3, 640]), None);
    }

    #[test]
    fn only_neighbours_whose_words_are_all_there_are_merged() {
        let mut all = segments(&[10; 8]);
        all[3].is_complete = false;
        assert_eq!(to_merge(&all, 10), None);
        let mut all = segments(&[10; 8]);
        all.remove(4);
        all.extend(segments(&[10; 9]).pop());
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
