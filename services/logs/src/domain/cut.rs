//! Where an event lies among all others, and places between two events.

/// Which event: by its time, then by when it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId {
    /// When it happened.
    pub timestamp: u64,
    /// The position of its chunk.
    pub position: u64,
    /// Its place in the chunk.
    pub index: u32,
}

/// A place before, between or behind events: everything is either before it or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cut(pub EventId);

/// How long an id is. AWS's have as many digits, and the first is a 3 these decades.
const DIGITS: usize = 56;

impl EventId {
    /// Its text: 56 digits that sort as the events do.
    pub fn text(self) -> String {
        format!("3{:015}{:020}{:020}", self.timestamp, self.position, self.index)
    }

    /// The id that a text is.
    pub fn parse(text: &str) -> Option<EventId> {
        let digits = text.strip_prefix('3')?;
        if text.len() != DIGITS || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        Some(EventId {
            timestamp: digits[..15].parse().ok()?,
            position: digits[15..35].parse().ok()?,
            index: digits[35..].parse().ok()?,
        })
    }
}

impl Cut {
    /// Before everything.
    pub const START: Cut = Cut::before_time(0);
    /// Behind everything.
    pub const END: Cut = Cut(EventId { timestamp: 999_999_999_999_999, position: u64::MAX, index: u32::MAX });

    /// Before all events of this time and later.
    pub const fn before_time(timestamp: u64) -> Cut {
        Cut(EventId { timestamp, position: 0, index: 0 })
    }

    /// Right before an event.
    pub const fn before(id: EventId) -> Cut {
        Cut(id)
    }

    /// Right behind an event.
    pub fn behind(id: EventId) -> Cut {
        // A chunk never has as many events as an index can count.
        Cut(EventId { index: id.index.saturating_add(1), ..id })
    }

    /// Its text, as tokens carry it.
    pub fn text(self) -> String {
        self.0.text()
    }

    /// The cut that a text is.
    pub fn parse(text: &str) -> Option<Cut> {
        EventId::parse(text).map(Cut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn ids_are_texts_that_sort_alike(a in id(), b in id()) {
            prop_assert_eq!(EventId::parse(&a.text()), Some(a));
            prop_assert_eq!(a.text().len(), DIGITS);
            prop_assert_eq!(a.cmp(&b), a.text().cmp(&b.text()));
            prop_assert!(Cut::START <= Cut::before(a) && Cut::behind(a) <= Cut::END);
        }

        #[test]
        fn any_text_is_an_id_or_none(text in "[0-9f/b]{0,60}") {
            if let Some(id) = EventId::parse(&text) {
                prop_assert_eq!(id.text(), text);
            }
        }
    }

    fn id() -> impl Strategy<Value = EventId> {
        let number = 0..999_999_999_999_999u64;
        (number, any::<u64>(), any::<u32>()).prop_map(|(timestamp, position, index)| EventId {
            timestamp,
            position,
            index,
        })
    }
}
