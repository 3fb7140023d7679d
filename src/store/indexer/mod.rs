//! The thread that keeps the index of words: it reads what was committed, gathers the words of many
//! messages and has the writer store them, a few rows with each of its commits. No request waits for it,
//! and what it has not come to yet is found all the same.
//!
//! Nothing of its progress is kept but the segments: after a kill it begins with what is in none.
//!
//! Here: doing it. `plan` knows what is next, `operations` are its requests to the writer.

mod operations;
mod plan;

use std::{
    ops::ControlFlow,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use self::operations::Installation;
use crate::store::{
    answer::IndexedWords,
    backend::{ScanOrder, Snapshot, Table},
    error::StoreError,
    queries::revisions,
    rows::{
        body,
        keys::{number_key, number_of},
    },
    words::{
        BlockRow, MAX_SPAN, Segment, SegmentBuilder, SegmentMerge, WordsSignal, block_key,
        block_keys, segment_of, segments,
    },
    writer::{
        job::{self, Operation},
        shared::Shared,
    },
};

/// How many messages are read from one snapshot: while there is one, the storage cannot be reopened.
const SLICE: usize = 1_000;

/// How many rows of words go into one request: 64 KiB.
const ROWS: usize = 16;

/// How much memory the words of one segment may take while they are gathered.
const MAX_MEMORY: usize = 24 << 20;

/// How long a segment that was given up waits to be made anew: where one message goes, others follow.
const SETTLING: Duration = Duration::from_secs(2);

/// How long more messages are waited for once there are enough for a segment: fewer and larger ones cost less.
const GATHERING: Duration = Duration::from_millis(100);

/// The wait after an error, as of a disk that is full.
const AFTER_ERROR: Duration = Duration::from_secs(10);

/// How long the memory of the words is kept where nothing comes.
const KEPT: Duration = Duration::from_secs(1);

/// The wait where there is nothing to do, unless the writer ends it.
const IDLE: Duration = Duration::from_secs(3_600);

/// Gaps without messages up to this size belong to the segment behind them.
const SMALL_GAP: u64 = 4_096;

pub(in crate::store) struct Indexer {
    shared: Arc<Shared>,
    /// Messages of the smallest segment.
    batch: u64,
    settling: Duration,
    gathering: Duration,
    next_id: u64,
    /// Gathers words; while messages come it keeps its memory from one segment to the next.
    builder: SegmentBuilder,
    /// Whether there may be rows of words that no segment has.
    may_have_orphans: bool,
}

/// What a step came to.
enum Step {
    Done,
    /// Something is to be done, but only then.
    Later(Duration),
    Nothing,
}

impl Indexer {
    pub(in crate::store) fn new(shared: Arc<Shared>, batch: u64, is_patient: bool) -> Self {
        let patience = |wait| if is_patient { wait } else { Duration::ZERO };
        Self {
            shared,
            batch: batch.max(1),
            settling: patience(SETTLING),
            gathering: patience(GATHERING),
            next_id: 0,
            builder: SegmentBuilder::default(),
            may_have_orphans: true,
        }
    }

    fn signal(&self) -> &WordsSignal {
        &self.shared.words
    }

    /// Runs until the store is closed.
    pub(in crate::store) fn run(mut self) {
        while !self.signal().is_closed() {
            let stepped = catch_unwind(AssertUnwindSafe(|| self.step()));
            // A panic was logged; what it was about is looked through until then.
            let stepped = stepped.unwrap_or(Ok(Step::Later(IDLE)));
            match stepped {
                Ok(Step::Done) => {}
                Ok(Step::Later(wait)) => {
                    self.signal().wait(wait, false);
                }
                Ok(Step::Nothing) => self.wait_for_messages(),
                Err(StoreError::Closed) => break,
                // Until something is removed, which ends the wait, it would be the same again.
                Err(StoreError::LimitReached(_)) => {
                    self.signal().wait(IDLE, false);
                }
                Err(error) => {
                    self.shared.note_damage(&error);
                    self.signal().wait(AFTER_ERROR, false);
                }
            }
        }
    }

    /// Waits until there are enough messages for a segment, and a little for more.
    fn wait_for_messages(&mut self) {
        if !self.signal().wait(KEPT, true) {
            self.builder = SegmentBuilder::default();
            self.signal().wait(IDLE, true);
        }
        self.signal().gather(self.gathering);
    }

    /// Does one thing, if there is any.
    fn step(&mut self) -> Result<Step, StoreError> {
        let all = self.view(segments)?;
        self.signal().note_indexed(indexed(&all));
        // Nothing is under way now, so whatever is unfinished was left behind.
        if let Some(left) = all.iter().find(|one| !one.is_complete) {
            self.may_have_orphans = true;
            return self
                .ask(operations::give_up, left.first)
                .map(|()| Step::Done);
        }
        let orphans = self.orphans(&all)?;
        if !orphans.is_empty() {
            return self
                .ask(operations::remove_words, orphans)
                .map(|()| Step::Done);
        }
        if let Some(run) = plan::to_merge(&all, self.batch) {
            return self.merge(run).map(|()| Step::Done);
        }
        self.index_next(&all)
    }

    fn view<T>(
        &self,
        ask: impl FnOnce(&dyn Snapshot) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        ask(&*self.shared.backend.snapshot()?)
    }

    /// Has the writer do something, and waits for it.
    fn ask<I, T>(&self, operation: Operation<I, T>, input: I) -> Result<T, StoreError>
    where
        I: Send + 'static,
        T: Send + 'static,
    {
        let (job, pending) = job::request(operation, input);
        self.shared.queue.push(ROWS << 12, job)?;
        pending.blocking_recv()
    }

    /// Some keys of rows that no segment has, as a segment that was given up leaves them. Also finds the
    /// next free id.
    fn orphans(&mut self, all: &[Segment]) -> Result<Vec<Vec<u8>>, StoreError> {
        self.may_have_orphans |= self.signal().has_given_up();
        if !self.may_have_orphans {
            return Ok(Vec::new());
        }
        let highest = all.iter().map(|one| one.id + 1).max().unwrap_or(0);
        self.next_id = self.next_id.max(highest);
        let found = self.view(|rows| {
            let mut before = block_key(u64::MAX, &[u8::MAX], 0);
            while let Some((key, _)) = rows.at_or_before(Table::WordBlocks, &before)? {
                let id = segment_of(&key)?;
                if !all.iter().any(|one| one.id == id) {
                    return Ok(Some((id, keys_of(rows, id)?)));
                }
                before = id.to_be_bytes().to_vec();
            }
            Ok(None)
        })?;
        self.may_have_orphans = found.is_some();
        let Some((id, keys)) = found else {
            return Ok(Vec::new());
        };
        self.next_id = self.next_id.max(id + 1);
        Ok(keys)
    }

    fn merge(&mut self, run: &[Segment]) -> Result<(), StoreError> {
        let (first, last) = (run[0].first, run[run.len() - 1].last);
        let mut merge = SegmentMerge::new(first);
        for segment in run {
            self.view(|rows| merge.read(rows, segment))?;
            self.check_closed()?;
        }
        let segment = Segment {
            first,
            last,
            id: self.take_id(),
            messages: run.iter().map(|one| one.messages).sum(),
            bytes: 0,
            is_complete: true,
        };
        let rows = merge.finish(segment.id)?;
        self.store(segment, rows, run.to_vec())
    }

    /// Indexes the messages of a gap, the newest where there are enough of them.
    fn index_next(&mut self, all: &[Segment]) -> Result<Step, StoreError> {
        let (between, newest) = plan::gaps(all, self.shared.head());
        if let Some(gap) = newest {
            let is_due = self.signal().is_due();
            // Where so many were stored they are not counted again.
            let at_least = if is_due { 1 } else { self.batch };
            let first = self.view(|rows| first_of(rows, gap, at_least))?;
            if first.is_some() || is_due {
                self.signal().begin_batch();
            }
            if let Some(first) = first {
                return self.index(gap, first).map(|()| Step::Done);
            }
        }
        for gap in between {
            if let Some(first) = self.view(|rows| first_of(rows, gap, 1))? {
                let settled = self.signal().since_given_up();
                let wait =
                    settled.map_or(Duration::ZERO, |since| self.settling.saturating_sub(since));
                if !wait.is_zero() {
                    return Ok(Step::Later(wait));
                }
                return self.index(gap, first).map(|()| Step::Done);
            }
        }
        Ok(Step::Nothing)
    }

    /// Indexes the messages of a gap, or as many of them as one segment has.
    fn index(&mut self, (from, to): (u64, u64), first: u64) -> Result<(), StoreError> {
        let first = if first - from < SMALL_GAP {
            from
        } else {
            first
        };
        let last = to.min(first.saturating_add(MAX_SPAN - 1));
        let claimed = Segment {
            first,
            last,
            id: self.take_id(),
            messages: 0,
            bytes: 0,
            is_complete: false,
        };
        if !self.ask(operations::claim, claimed)? {
            return Ok(());
        }
        let mut gathering = Gathering {
            builder: std::mem::take(&mut self.builder),
            next: first,
            last,
            messages: 0,
        };
        gathering.builder.begin(first);
        let largest = plan::largest(self.batch);
        while gathering.next <= last
            && gathering.messages < largest
            && gathering.builder.memory() < MAX_MEMORY
        {
            self.view(|rows| gathering.slice(rows, largest))?;
            self.check_closed()?;
        }
        let segment = Segment {
            last: last.min(gathering.next - 1),
            messages: gathering.messages,
            is_complete: true,
            ..claimed
        };
        let rows = gathering.builder.finish(segment.id);
        self.builder = gathering.builder;
        self.store(segment, rows, vec![claimed])
    }

    /// Has the words of a segment stored, and then the segment.
    fn store(
        &mut self,
        mut segment: Segment,
        mut rows: Vec<BlockRow>,
        replaced: Vec<Segment>,
    ) -> Result<(), StoreError> {
        // Until it is done nothing leads to the rows; afterwards nothing to those of the segments replaced.
        self.may_have_orphans = true;
        segment.bytes = rows
            .iter()
            .map(|(key, row)| (key.len() + row.len()) as u64)
            .sum();
        while !rows.is_empty() {
            let some: Vec<BlockRow> = rows.drain(..rows.len().min(ROWS)).collect();
            self.ask(operations::put_words, some)?;
            self.check_closed()?;
        }
        let installation = Installation { segment, replaced };
        self.ask(operations::install, installation).map(drop)
    }

    fn take_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id - 1
    }

    fn check_closed(&self) -> Result<(), StoreError> {
        if self.signal().is_closed() {
            return Err(StoreError::Closed);
        }
        Ok(())
    }
}

/// How far the index is.
fn indexed(all: &[Segment]) -> IndexedWords {
    let mut indexed = IndexedWords::default();
    for segment in all.iter().filter(|one| one.is_complete) {
        indexed.messages += segment.messages;
        indexed.bytes += segment.bytes;
    }
    indexed
}

/// The messages of a gap while their words are gathered.
struct Gathering {
    builder: SegmentBuilder,
    /// The next number to read.
    next: u64,
    last: u64,
    messages: u64,
}

impl Gathering {
    /// Reads some messages.
    fn slice(&mut self, rows: &dyn Snapshot, largest: u64) -> Result<(), StoreError> {
        let any_revised = rows.len(Table::Revisions)? > 0;
        let (first, last) = (number_key(self.next), number_key(self.last));
        let (mut read, mut is_full) = (0, false);
        rows.scan(
            Table::Bodies,
            &first,
            &last,
            ScanOrder::Ascending,
            &mut |key, row| {
                is_full = read == SLICE || self.messages == largest;
                if is_full {
                    return Ok(ControlFlow::Break(()));
                }
                let (number, text) = (number_of(key)?, body::text(row)?);
                if !any_revised {
                    self.builder.add(number, text);
                } else if let Some(text) = revisions::said_now(rows, number, text)? {
                    self.builder.add(number, &text);
                }
                read += 1;
                self.messages += 1;
                self.next = number + 1;
                Ok(ControlFlow::Continue(()))
            },
        )?;
        if !is_full {
            self.next = self.last + 1;
        }
        Ok(())
    }
}

/// The first message of a span that has at least so many.
fn first_of(
    rows: &dyn Snapshot,
    (from, to): (u64, u64),
    at_least: u64,
) -> Result<Option<u64>, StoreError> {
    let (first, last) = (number_key(from), number_key(to));
    let (mut found, mut count) = (None, 0);
    let order = ScanOrder::Ascending;
    rows.scan(Table::Bodies, &first, &last, order, &mut |key, _| {
        found.get_or_insert(number_of(key)?);
        count += 1;
        Ok(go_on(count < at_least))
    })?;
    Ok(found.filter(|_| count >= at_least))
}

fn go_on(is_wanted: bool) -> ControlFlow<()> {
    if is_wanted {
        ControlFlow::Continue(())
    } else {
        ControlFlow::Break(())
    }
}

/// The keys of some rows of a segment.
fn keys_of(rows: &dyn Snapshot, id: u64) -> Result<Vec<Vec<u8>>, StoreError> {
    let (first, last) = block_keys(id);
    let mut keys = Vec::new();
    let order = ScanOrder::Ascending;
    rows.scan(Table::WordBlocks, &first, &last, order, &mut |key, _| {
        keys.push(key.to_vec());
        Ok(go_on(keys.len() < 4 * ROWS))
    })?;
    Ok(keys)
}
