//! Who hears of what happens to objects: the names of events, and the filters on keys.

/// What can happen to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "they are called as AWS calls them")]
pub enum Event {
    Put,
    Post,
    Copy,
    CompleteMultipartUpload,
    Delete,
    DeleteMarkerCreated,
    RestorePost,
    LifecycleTransition,
    LifecycleDelete,
    LifecycleDeleteMarkerCreated,
    TaggingPut,
    TaggingDelete,
    AclPut,
}

/// What names an event may have in a configuration: also those that nothing here raises.
const NAMES: [&str; 32] = [
    "s3:IntelligentTiering",
    "s3:LifecycleExpiration:*",
    "s3:LifecycleExpiration:Delete",
    "s3:LifecycleExpiration:DeleteMarkerCreated",
    "s3:LifecycleTransition",
    "s3:ObjectAcl:Put",
    "s3:ObjectAnnotation:*",
    "s3:ObjectAnnotation:Delete",
    "s3:ObjectAnnotation:Put",
    "s3:ObjectCreated:*",
    "s3:ObjectCreated:CompleteMultipartUpload",
    "s3:ObjectCreated:Copy",
    "s3:ObjectCreated:Post",
    "s3:ObjectCreated:Put",
    "s3:ObjectRemoved:*",
    "s3:ObjectRemoved:Delete",
    "s3:ObjectRemoved:DeleteMarkerCreated",
    "s3:ObjectRestore:*",
    "s3:ObjectRestore:Completed",
    "s3:ObjectRestore:Delete",
    "s3:ObjectRestore:Post",
    "s3:ObjectTagging:*",
    "s3:ObjectTagging:Delete",
    "s3:ObjectTagging:Put",
    "s3:ReducedRedundancyLostObject",
    "s3:Replication:*",
    "s3:Replication:OperationFailedReplication",
    "s3:Replication:OperationMissedThreshold",
    "s3:Replication:OperationNotTracked",
    "s3:Replication:OperationReplicatedAfterThreshold",
    "s3:TestEvent",
    "s3:ObjectRestore:Failed",
];

/// Whether a configuration may ask for events of this name, or of all that it stands for.
pub fn is_event_name(name: &str) -> bool {
    NAMES.contains(&name) && name != "s3:TestEvent"
}

/// Whether two names in configurations stand for a common event.
pub fn share_an_event(one: &str, other: &str) -> bool {
    let covers = |pattern: &str, name: &str| pattern.strip_suffix('*').is_some_and(|group| name.starts_with(group));
    one == other || covers(one, other) || covers(other, one)
}

impl Event {
    /// Its name, without the `s3:` that configurations write before it.
    pub fn name(self) -> &'static str {
        match self {
            Event::Put => "ObjectCreated:Put",
            Event::Post => "ObjectCreated:Post",
            Event::Copy => "ObjectCreated:Copy",
            Event::CompleteMultipartUpload => "ObjectCreated:CompleteMultipartUpload",
            Event::Delete => "ObjectRemoved:Delete",
            Event::DeleteMarkerCreated => "ObjectRemoved:DeleteMarkerCreated",
            Event::RestorePost => "ObjectRestore:Post",
            Event::LifecycleTransition => "LifecycleTransition",
            Event::LifecycleDelete => "LifecycleExpiration:Delete",
            Event::LifecycleDeleteMarkerCreated => "LifecycleExpiration:DeleteMarkerCreated",
            Event::TaggingPut => "ObjectTagging:Put",
            Event::TaggingDelete => "ObjectTagging:Delete",
            Event::AclPut => "ObjectAcl:Put",
        }
    }

    /// Whether a name in a configuration stands for it.
    pub fn is_meant_by(self, name: &str) -> bool {
        let Some(name) = name.strip_prefix("s3:") else { return false };
        name.strip_suffix('*').map_or(name == self.name(), |group| self.name().starts_with(group))
    }

    /// Whether an object came to be.
    pub fn is_creation(self) -> bool {
        matches!(self, Event::Put | Event::Post | Event::Copy | Event::CompleteMultipartUpload)
    }

    /// Whether something was removed, or is hidden by a marker from now on.
    pub fn is_removal(self) -> bool {
        match self {
            Event::Delete
            | Event::DeleteMarkerCreated
            | Event::LifecycleDelete
            | Event::LifecycleDeleteMarkerCreated => true,
            Event::Put
            | Event::Post
            | Event::Copy
            | Event::CompleteMultipartUpload
            | Event::RestorePost
            | Event::LifecycleTransition
            | Event::TaggingPut
            | Event::TaggingDelete
            | Event::AclPut => false,
        }
    }

    /// The version of the event's structure: newer kinds of events came with newer ones.
    pub fn structure(self) -> &'static str {
        if self.is_creation() || matches!(self, Event::Delete | Event::DeleteMarkerCreated | Event::RestorePost) {
            "2.1"
        } else {
            "2.3"
        }
    }
}

/// Of which keys a configuration wants to hear.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyFilter {
    /// What they begin with.
    pub prefix: String,
    /// What they end with.
    pub suffix: String,
}

impl KeyFilter {
    /// Whether it is one of these keys.
    pub fn matches(&self, key: &str) -> bool {
        key.starts_with(&self.prefix) && key.ends_with(&self.suffix)
    }

    /// Whether some key may be meant by both, as AWS sees it.
    pub fn overlaps(&self, other: &KeyFilter) -> bool {
        let prefixes = self.prefix.starts_with(&other.prefix) || other.prefix.starts_with(&self.prefix);
        let suffixes = self.suffix.ends_with(&other.suffix) || other.suffix.ends_with(&self.suffix);
        prefixes && suffixes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_event_is_meant_by_its_name_and_its_group() {
        for (name, event, expected) in [
            ("s3:ObjectCreated:*", Event::Put, true),
            ("s3:ObjectCreated:*", Event::CompleteMultipartUpload, true),
            ("s3:ObjectCreated:Put", Event::Put, true),
            ("s3:ObjectCreated:Put", Event::Post, false),
            ("s3:ObjectRemoved:*", Event::LifecycleDelete, false),
            ("s3:LifecycleExpiration:*", Event::LifecycleDelete, true),
            ("s3:LifecycleTransition", Event::LifecycleTransition, true),
            ("ObjectCreated:Put", Event::Put, false),
        ] {
            assert_eq!(event.is_meant_by(name), expected, "{name} {event:?}");
        }
    }

    #[test]
    fn names_that_share_an_event() {
        assert!(share_an_event("s3:ObjectCreated:*", "s3:ObjectCreated:Put"));
        assert!(share_an_event("s3:ObjectCreated:Put", "s3:ObjectCreated:Put"));
        assert!(!share_an_event("s3:ObjectCreated:Post", "s3:ObjectCreated:Put"));
        assert!(!share_an_event("s3:ObjectCreated:*", "s3:ObjectRemoved:*"));
    }

    #[test]
    fn every_event_has_a_name_that_may_be_asked_for() {
        for event in [Event::Put, Event::DeleteMarkerCreated, Event::LifecycleTransition, Event::AclPut] {
            assert!(is_event_name(&format!("s3:{}", event.name())));
        }
        assert!(!is_event_name("s3:ObjectCreated"));
        assert!(!is_event_name("s3:TestEvent"));
    }

    proptest! {
        /// Filters that let one key through both are found to overlap.
        #[test]
        fn filters_of_a_common_key_overlap(key in "[ab]{0,6}", cuts in proptest::array::uniform4(0_usize..7)) {
            let [one, two, three, four] = cuts.map(|cut| cut.min(key.len()));
            let first = KeyFilter { prefix: key[..one].to_owned(), suffix: key[two..].to_owned() };
            let second = KeyFilter { prefix: key[..three].to_owned(), suffix: key[four..].to_owned() };
            prop_assert!(first.matches(&key) && second.matches(&key));
            prop_assert!(first.overlaps(&second) && second.overlaps(&first));
        }
    }
}
