//! The index of words: which messages say what. Not to be taken for `index`, which knows which messages a
//! conversation has.
//!
//! Messages are indexed in segments, each a span of numbers (`word_segments`) with its words and where
//! they are (`word_blocks`). What is in no segment is looked through, so that a search finds everything
//! however far the index is: the newest messages, those of an older version's file until they had their
//! turn, and those of a segment that was given up because a message of it was removed or edited.
//!
//! The index says in which eight numbers a word is; the messages there are read and decide. So a row
//! that is behind what a message says can cost time and never shows what is not there.
//!
//! - `bits`, `units`, `block`: the bytes. `segment`: spans, and taking a message out.
//! - `signal`: what the writer tells the thread that keeps it. `builder`: from texts to rows, `hash`: how it finds a word again; `merge`: from rows to fewer. `lookup`: from words to places. `search`: from places to messages.
//!
//! Not here: when segments are built and merged (`indexer`), and what a word is (`crate::words`).

mod bits;
mod block;
mod builder;
mod hash;
mod lookup;
mod merge;
mod search;
mod segment;
mod signal;
mod units;

pub(super) use self::{
    block::{BlockRow, block_key, block_keys, segment_of},
    builder::SegmentBuilder,
    merge::SegmentMerge,
    search::search,
    segment::{Segment, forget, segment_at, segments},
    signal::WordsSignal,
    units::MAX_SPAN,
};
