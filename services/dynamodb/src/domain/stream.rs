use super::Item;

/// What the records of a stream show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamView {
    /// The keys alone.
    KeysOnly,
    /// The item as it is now.
    NewImage,
    /// The item as it was.
    OldImage,
    /// Both.
    Both,
}

impl StreamView {
    /// All views.
    pub const ALL: [StreamView; 4] =
        [StreamView::KeysOnly, StreamView::NewImage, StreamView::OldImage, StreamView::Both];

    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            StreamView::KeysOnly => "KEYS_ONLY",
            StreamView::NewImage => "NEW_IMAGE",
            StreamView::OldImage => "OLD_IMAGE",
            StreamView::Both => "NEW_AND_OLD_IMAGES",
        }
    }

    /// The view of this name.
    pub fn named(name: &str) -> Option<StreamView> {
        StreamView::ALL.into_iter().find(|view| view.name() == name)
    }

    /// The images that a record of this view holds, old and new.
    pub fn images(self, old: Option<&Item>, new: Option<&Item>) -> (Option<Item>, Option<Item>) {
        let keeps_old = matches!(self, StreamView::OldImage | StreamView::Both);
        let keeps_new = matches!(self, StreamView::NewImage | StreamView::Both);
        (old.filter(|_| keeps_old).cloned(), new.filter(|_| keeps_new).cloned())
    }
}

/// A table's stream, as its writers need it: they hold the version of the table's record against what
/// is accepted, so none of them appends to a shard that is closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// What is behind `/stream/` in its ARN: when it was enabled.
    pub label: String,
    /// Its open shards in the order of their hashes, the first of which begins at 0.
    pub shards: Vec<OpenShard>,
    /// What its records show.
    pub view: StreamView,
    /// Its resource policy and the policy's revision.
    pub policy: Option<(String, String)>,
}

/// A shard that takes the changes of the items whose partition keys' hashes are in its range, which
/// ends where the next one begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenShard {
    /// The log that holds its records.
    pub log: u64,
    /// The first hash of its range.
    pub from: u32,
}

impl Stream {
    /// The most shards that are open at once. A single partition key can keep only one of them busy,
    /// so there must be an end to splitting.
    pub const MAX_OPEN: usize = 8;

    /// A new stream of one shard.
    pub fn new(label: String, log: u64, view: StreamView) -> Stream {
        Stream { label, shards: vec![OpenShard { log, from: 0 }], view, policy: None }
    }

    /// The place among the open shards of the one that takes a hash.
    pub fn place_of(&self, hash: u32) -> usize {
        assert!(self.shards.first().is_some_and(|first| first.from == 0), "DDB-4: open shards take every hash");
        self.shards.partition_point(|shard| shard.from <= hash) - 1
    }

    /// Closes the shard at a place and opens its children, which share its range evenly.
    pub fn replace(&mut self, place: usize, children: &[u64]) {
        let from = self.shards[place].from;
        let end = self.shards.get(place + 1).map_or(1 << 32, |next| u64::from(next.from));
        let width = end - u64::from(from);
        let start = |number: usize| from + (width * number as u64 / children.len() as u64) as u32;
        let children = children.iter().enumerate().map(|(number, &log)| OpenShard { log, from: start(number) });
        self.shards.splice(place..=place, children);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_hash_has_one_open_shard_whatever_is_split() {
        let mut stream = Stream::new("l".to_owned(), 1, StreamView::Both);
        assert_eq!([0, u32::MAX].map(|hash| stream.place_of(hash)), [0, 0]);
        stream.replace(0, &[2, 3]);
        stream.replace(1, &[4, 5]);
        stream.replace(0, &[6]);
        let ranges: Vec<_> = stream.shards.iter().map(|shard| (shard.log, shard.from)).collect();
        assert_eq!(ranges, [(6, 0), (4, 1 << 31), (5, 3 << 30)]);
        let places = [0, (1 << 31) - 1, 1 << 31, (3 << 30) - 1, 3 << 30, u32::MAX].map(|hash| stream.place_of(hash));
        assert_eq!(places, [0, 0, 1, 1, 2, 2]);
    }
}
