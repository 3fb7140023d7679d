//! Some of the units of a segment, one bit each.
//!
//! A unit is [`UNIT`] consecutive numbers. The index says in which unit a word is, not in which message:
//! an eighth of the places to name, for a few more messages to be looked at.

/// How many numbers share a unit, as a power of two.
const UNIT_BITS: u32 = 3;

/// How many numbers share a unit.
pub(super) const UNIT: u64 = 1 << UNIT_BITS;

/// The widest segment, in numbers: what a search holds in memory for each word is an eighth of it in bits.
pub(in crate::store) const MAX_SPAN: u64 = 1 << 22;

/// The unit of a number.
pub(super) fn unit_of(number: u64) -> u64 {
    number >> UNIT_BITS
}

/// Units counted from the first of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UnitSet {
    /// The first unit.
    base: u64,
    bits: Vec<u64>,
}

impl UnitSet {
    /// None of the units of a span of numbers.
    pub(super) fn none(first: u64, last: u64) -> Self {
        let base = unit_of(first);
        let count = usize::try_from(unit_of(last) - base + 1).unwrap_or(usize::MAX);
        Self {
            base,
            bits: vec![0; count.div_ceil(64)],
        }
    }

    /// Adds one, counted from the first; false if it is beyond the segment.
    pub(super) fn add(&mut self, unit: u64) -> bool {
        let word = usize::try_from(unit / 64).unwrap_or(usize::MAX);
        match self.bits.get_mut(word) {
            Some(bits) => {
                *bits |= 1 << (unit % 64);
                true
            }
            None => false,
        }
    }

    /// Keeps what both have.
    pub(super) fn keep(&mut self, other: &Self) {
        for (bits, other) in self.bits.iter_mut().zip(&other.bits) {
            *bits &= other;
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bits.iter().all(|bits| *bits == 0)
    }

    /// Whether the unit of this number is among them.
    pub(super) fn has(&self, number: u64) -> bool {
        let unit = unit_of(number).wrapping_sub(self.base);
        let bits = usize::try_from(unit / 64)
            .ok()
            .and_then(|word| self.bits.get(word));
        bits.is_some_and(|bits| bits >> (unit % 64) & 1 == 1)
    }

    /// The first run of units at or behind this number, as numbers.
    pub(super) fn run_from(&self, number: u64) -> Option<(u64, u64)> {
        let from = self.next(unit_of(number).saturating_sub(self.base), true)?;
        let end = self
            .next(from, false)
            .unwrap_or(self.bits.len() as u64 * 64);
        Some(self.numbers(from, end - 1))
    }

    /// The last run of units at or before this number, as numbers.
    pub(super) fn run_to(&self, number: u64) -> Option<(u64, u64)> {
        let to = self.previous(unit_of(number).checked_sub(self.base)?, true)?;
        let from = self.previous(to, false).map_or(0, |gap| gap + 1);
        Some(self.numbers(from, to))
    }

    fn numbers(&self, from: u64, to: u64) -> (u64, u64) {
        let first = (self.base + from) << UNIT_BITS;
        (first, ((self.base + to) << UNIT_BITS) + (UNIT - 1))
    }

    /// The first unit from this one on that is among them, or is not.
    fn next(&self, unit: u64, is_set: bool) -> Option<u64> {
        let mut word = usize::try_from(unit / 64).ok()?;
        let mut mask = u64::MAX << (unit % 64);
        while let Some(bits) = self.bits.get(word) {
            let wanted = if is_set { *bits } else { !bits } & mask;
            if wanted != 0 {
                return Some(word as u64 * 64 + u64::from(wanted.trailing_zeros()));
            }
            mask = u64::MAX;
            word += 1;
        }
        None
    }

    /// The last unit up to this one that is among them, or is not.
    fn previous(&self, unit: u64, is_set: bool) -> Option<u64> {
        let unit = unit.min((self.bits.len() as u64 * 64).checked_sub(1)?);
        let mut word = usize::try_from(unit / 64).ok()?;
        let mut mask = u64::MAX >> (63 - unit % 64);
        loop {
            let bits = self.bits[word];
            let wanted = if is_set { bits } else { !bits } & mask;
            if wanted != 0 {
                return Some(word as u64 * 64 + 63 - u64::from(wanted.leading_zeros()));
            }
            mask = u64::MAX;
            word = word.checked_sub(1)?;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::{collection::btree_set, prelude::*};

    use super::*;

    proptest! {
        #[test]
        fn runs_cover_what_was_added_and_nothing_else(units in btree_set(0..300_u64, 0..60), first in 0..1000_u64) {
            let first = first * 8;
            let mut set = UnitSet::none(first, first + 300 * UNIT - 1);
            for unit in &units {
                prop_assert!(set.add(*unit));
            }
            prop_assert_eq!(set.is_empty(), units.is_empty());
            let wanted: BTreeSet<u64> = units.iter().flat_map(|unit| {
                let start = first + unit * UNIT;
                start..start + UNIT
            }).collect();
            let (mut upward, mut at) = (BTreeSet::new(), 0);
            while let Some((from, to)) = set.run_from(at) {
                upward.extend(from..=to);
                at = to + 1;
            }
            let (mut downward, mut at) = (BTreeSet::new(), Some(u64::MAX));
            while let Some((from, to)) = at.and_then(|at| set.run_to(at)) {
                downward.extend(from..=to);
                at = from.checked_sub(1);
            }
            prop_assert_eq!(&upward, &wanted);
            prop_assert_eq!(&downward, &wanted);
            prop_assert!(wanted.iter().all(|number| set.has(*number)));
        }
    }
}
