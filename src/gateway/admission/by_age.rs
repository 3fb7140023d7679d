//! A table of which the oldest value is found first, and each by its number at once.

use crate::gateway::slab::Slab;

/// Values in the order in which they came. A number is never that of another value, also once its own is out.
#[derive(Debug)]
pub(super) struct ByAge<T> {
    entries: Slab<Entry<T>>,
    oldest: Option<usize>,
    youngest: Option<usize>,
    /// Of the last one that came.
    serial: u32,
}

#[derive(Debug)]
struct Entry<T> {
    value: T,
    serial: u32,
    older: Option<usize>,
    younger: Option<usize>,
}

impl<T> Default for ByAge<T> {
    fn default() -> Self {
        Self {
            entries: Slab::default(),
            oldest: None,
            youngest: None,
            serial: 0,
        }
    }
}

impl<T> ByAge<T> {
    /// Adds the youngest; its number, which is not 0.
    pub(super) fn insert(&mut self, value: T) -> u64 {
        self.serial = self.serial.wrapping_add(1);
        let older = self.youngest;
        let place = self.entries.insert(Entry {
            value,
            serial: self.serial,
            older,
            younger: None,
        });
        match older.and_then(|older| self.entries.get_mut(older)) {
            Some(older) => older.younger = Some(place),
            None => self.oldest = Some(place),
        }
        self.youngest = Some(place);
        number(place, self.serial)
    }

    /// The value of a number, unless it is out.
    pub(super) fn get_mut(&mut self, number: u64) -> Option<&mut T> {
        let (place, serial) = place_of(number)?;
        let entry = self.entries.get_mut(place)?;
        (entry.serial == serial).then_some(&mut entry.value)
    }

    /// Takes a value out.
    pub(super) fn remove(&mut self, number: u64) -> Option<T> {
        let (place, _) = place_of(number)?;
        self.get_mut(number)?;
        let entry = self.entries.remove(place)?;
        match entry.older.and_then(|older| self.entries.get_mut(older)) {
            Some(older) => older.younger = entry.younger,
            None => self.oldest = entry.younger,
        }
        match entry
            .younger
            .and_then(|younger| self.entries.get_mut(younger))
        {
            Some(younger) => younger.older = entry.older,
            None => self.youngest = entry.older,
        }
        Some(entry.value)
    }

    /// All with their numbers, the oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, &T)> {
        let entry = |place: usize| Some((place, self.entries.get(place)?));
        let first = self.oldest.and_then(entry);
        let all = std::iter::successors(first, move |(_, before)| before.younger.and_then(entry));
        all.map(|(place, entry)| (number(place, entry.serial), &entry.value))
    }
}

/// The serial number tells whether it is still the same value that has the place.
fn number(place: usize, serial: u32) -> u64 {
    (place as u64 + 1) << 32 | u64::from(serial)
}

fn place_of(number: u64) -> Option<(usize, u32)> {
    let place = usize::try_from((number >> 32).checked_sub(1)?).ok()?;
    let serial = u32::try_from(number & u64::from(u32::MAX)).ok()?;
    Some((place, serial))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_number_is_of_nobody_once_its_value_is_out() {
        let mut all = ByAge::default();
        let first = all.insert("a");
        assert_eq!((all.remove(first), all.remove(first)), (Some("a"), None));
        let second = all.insert("b");
        assert_eq!(all.get_mut(first), None);
        assert_eq!(all.get_mut(0), None);
        assert_eq!(all.get_mut(second), Some(&mut "b"));
    }

    proptest! {
        #[test]
        fn the_oldest_comes_first_whoever_left(steps in proptest::collection::vec(0_usize..8, 0..60)) {
            let (mut all, mut model, mut next) = (ByAge::default(), BTreeMap::new(), 0);
            for step in steps {
                if step < 4 {
                    model.insert(next, all.insert(next));
                    next += 1;
                } else if let Some((value, number)) = model.iter().nth(step - 4).map(|(v, n)| (*v, *n)) {
                    model.remove(&value);
                    prop_assert_eq!(all.remove(number), Some(value));
                }
                let found: Vec<_> = all.iter().map(|(number, value)| (*value, number)).collect();
                let expected: Vec<_> = model.iter().map(|(v, n)| (*v, *n)).collect();
                prop_assert_eq!(found, expected);
            }
        }
    }
}
