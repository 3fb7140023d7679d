//! A table that numbers what is put in, and uses the numbers again: putting in and taking out find their place at
//! once, and allocate nothing while there is room.

/// Values by their places. A place is good until its value is taken out.
#[derive(Debug)]
pub(super) struct Slab<T> {
    places: Vec<Option<T>>,
    free: Vec<usize>,
}

/// Places that an empty table keeps; what a crowd needed beyond them is given back.
const KEPT: usize = 1024;

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self {
            places: Vec::new(),
            free: Vec::new(),
        }
    }
}

impl<T> Slab<T> {
    /// Puts a value in; its place.
    pub(super) fn insert(&mut self, value: T) -> usize {
        let Some(place) = self.free.pop() else {
            self.places.push(Some(value));
            return self.places.len() - 1;
        };
        self.places[place] = Some(value);
        place
    }

    /// The value at a place.
    pub(super) fn get(&self, place: usize) -> Option<&T> {
        self.places.get(place)?.as_ref()
    }

    /// The value at a place, to be changed.
    pub(super) fn get_mut(&mut self, place: usize) -> Option<&mut T> {
        self.places.get_mut(place)?.as_mut()
    }

    /// Takes the value of a place out.
    pub(super) fn remove(&mut self, place: usize) -> Option<T> {
        let value = self.places.get_mut(place)?.take()?;
        self.free.push(place);
        if self.is_empty() && self.places.len() > KEPT {
            *self = Self::default();
        }
        Some(value)
    }

    /// All values, in no order that means something.
    pub(super) fn values(&self) -> impl Iterator<Item = &T> {
        self.places.iter().flatten()
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_used_again_once_its_value_is_out() {
        let mut slab = Slab::default();
        let (a, b) = (slab.insert("a"), slab.insert("b"));
        assert_eq!((slab.remove(a), slab.remove(a)), (Some("a"), None));
        assert_eq!((slab.insert("c"), slab.get_mut(b)), (a, Some(&mut "b")));
        assert_eq!(slab.values().collect::<Vec<_>>(), [&"c", &"b"]);
        assert_eq!((slab.len(), slab.remove(7)), (2, None));
    }

    #[test]
    fn the_memory_of_a_crowd_comes_back() {
        let mut slab = Slab::default();
        let places: Vec<_> = (0..=KEPT).map(|n| slab.insert(n)).collect();
        for place in places {
            slab.remove(place);
        }
        assert!(slab.is_empty());
        assert_eq!((slab.places.capacity(), slab.free.capacity()), (0, 0));
    }
}
