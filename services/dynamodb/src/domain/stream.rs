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

/// A table's stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// What is behind `/stream/` in its ARN: when it was enabled.
    pub label: String,
    /// The log that holds its records.
    pub log: u64,
    /// What its records show.
    pub view: StreamView,
}
