//! Finding what a long transaction has already read or written.

use std::collections::HashMap;

use bytes::Bytes;

use crate::Space;

/// So many of the newest entries are searched one by one. Most transactions have fewer in all, and
/// hash nothing.
const SEARCHED: usize = 64;

/// The place of the last entry of each key in a growing list, so that a transaction of ten thousand
/// messages does not search all of it for each of them.
#[derive(Debug, Default)]
pub(crate) struct Latest {
    /// So many of the list's entries are in the map.
    mapped: usize,
    places: HashMap<Space, HashMap<Bytes, usize>>,
}

impl Latest {
    /// Maps what has been added to the list, if it has become much. `named` is an entry's key.
    pub(crate) fn catch_up<T>(&mut self, list: &[T], named: impl Fn(&T) -> Option<(Space, &Bytes)>) {
        if list.len() - self.mapped <= SEARCHED {
            return;
        }
        for (place, entry) in list.iter().enumerate().skip(self.mapped) {
            if let Some((space, key)) = named(entry) {
                self.places.entry(space).or_default().insert(key.clone(), place);
            }
        }
        self.mapped = list.len();
    }

    /// The last entry of this key.
    pub(crate) fn find<'a, T>(
        &self,
        list: &'a [T],
        (space, key): (Space, &[u8]),
        named: impl Fn(&T) -> Option<(Space, &Bytes)>,
    ) -> Option<&'a T> {
        let is_it = |entry: &&T| named(entry).is_some_and(|(s, k)| s == space && k == key);
        let newest = list[self.mapped..].iter().rev().find(is_it);
        newest.or_else(|| Some(&list[*self.places.get(&space)?.get(key)?]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_entry_of_a_key_is_found_however_long_the_list() {
        fn named(entry: &(Bytes, usize)) -> Option<(Space, &Bytes)> {
            Some((Space::Map, &entry.0))
        }
        let (mut latest, mut list) = (Latest::default(), Vec::new());
        for i in 0..1000_usize {
            list.push((Bytes::from((i % 300).to_string()), i));
            latest.catch_up(&list, named);
            for sought in [i % 300, (i + 7) % 300] {
                let expected = list.iter().rev().find(|(key, _)| *key == sought.to_string());
                let found = latest.find(&list, (Space::Map, sought.to_string().as_bytes()), named);
                assert_eq!(found, expected);
            }
            assert_eq!(latest.find(&list, (Space::Queue, b"7"), named), None);
        }
    }
}
