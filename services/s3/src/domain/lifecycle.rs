//! What becomes of objects as they grow old: "Managing the lifecycle of objects" of the user guide.
//!
//! Everything is a function of a version, the rules and a time, so a run that is repeated, or comes late, does
//! the same. A time of so many days is rounded up to midnight UTC, as AWS does; the runs are at midnight.

use std::collections::BTreeMap;

use tidegate_types::Timestamp;

/// A day.
pub const DAY_MS: u64 = 24 * 3600 * 1000;

/// Below it nothing is moved to another class, unless a rule speaks of sizes.
const MIN_TRANSITION_BYTES: u64 = 128 * 1024;

/// A rule that is in force.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LifecycleRule {
    /// What it is called.
    pub id: String,
    /// What it is about.
    pub about: Scope,
    /// When the newest versions go.
    pub expiration: Option<When>,
    /// Whether deletions that hide nothing go.
    pub removes_lone_markers: bool,
    /// When the newest versions move, and to which class.
    pub transitions: Vec<(When, String)>,
    /// When older versions go.
    pub older_expiration: Option<Older>,
    /// When older versions move, and to which class.
    pub older_transitions: Vec<(Older, String)>,
    /// After how many days uploads in parts are given up.
    pub gives_up_uploads_after: Option<u32>,
    /// Whether small objects may move to archives.
    pub archives_small_ones: bool,
}

/// Which objects a rule is about: those for which all of this holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// Their keys begin so.
    pub prefix: String,
    /// They have these tags.
    pub tags: BTreeMap<String, String>,
    /// They have more bytes.
    pub larger_than: Option<u64>,
    /// They have fewer bytes.
    pub smaller_than: Option<u64>,
}

/// A point in the life of a newest version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// So many days after it was written.
    Days(u32),
    /// Whenever it was written.
    Date(Timestamp),
}

/// A point in the life of an older version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Older {
    /// So many days after it was replaced.
    pub days: u32,
    /// So many older versions stay in any case.
    pub kept: u32,
}

/// What of an object the rules ask for.
#[derive(Debug, Clone, Copy)]
pub struct Aged<'a> {
    /// Its key.
    pub key: &'a str,
    /// Its bytes; a deletion has none.
    pub size: u64,
    /// Its tags.
    pub tags: &'a BTreeMap<String, String>,
    /// Its class.
    pub storage_class: &'a str,
    /// When it was written.
    pub created_at: Timestamp,
}

/// What is to be done with a version now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It expires.
    Expire,
    /// It moves to a class.
    Move(String),
    /// Nothing.
    Stay,
}

/// The midnight at or behind `at`.
pub fn next_midnight(at: Timestamp) -> Timestamp {
    Timestamp::from_millis(at.as_millis().div_ceil(DAY_MS) * DAY_MS)
}

fn days_after(at: Timestamp, days: u32) -> Timestamp {
    next_midnight(at.plus_millis(u64::from(days) * DAY_MS))
}

impl When {
    fn of(self, created_at: Timestamp) -> Timestamp {
        match self {
            When::Days(days) => days_after(created_at, days),
            When::Date(date) => date,
        }
    }
}

impl Scope {
    /// Whether it is about this object.
    pub fn covers(&self, object: &Aged<'_>) -> bool {
        object.key.starts_with(&self.prefix)
            && self.tags.iter().all(|(key, value)| object.tags.get(key) == Some(value))
            && self.larger_than.is_none_or(|size| object.size > size)
            && self.smaller_than.is_none_or(|size| object.size < size)
    }

    /// Whether it is about whatever has this key: what it says of tags and sizes no deletion and no upload has.
    pub fn covers_key(&self, key: &str) -> bool {
        let asks_more = !self.tags.is_empty() || self.larger_than.is_some() || self.smaller_than.is_some();
        key.starts_with(&self.prefix) && !asks_more
    }
}

impl LifecycleRule {
    /// Whether an object that the rule is about is large enough for a class.
    fn is_worth_moving(&self, object: &Aged<'_>, class: &str) -> bool {
        let speaks_of_sizes = self.about.larger_than.is_some() || self.about.smaller_than.is_some();
        let is_archived = self.archives_small_ones && matches!(class, "GLACIER" | "DEEP_ARCHIVE");
        speaks_of_sizes || is_archived || object.size >= MIN_TRANSITION_BYTES
    }
}

/// What becomes of the newest version of a key.
pub fn fate_of_newest(rules: &[LifecycleRule], object: &Aged<'_>, now: Timestamp) -> Fate {
    if expiration_of(rules, object).is_some_and(|(due, _)| due <= now) {
        return Fate::Expire;
    }
    let about = rules.iter().filter(|rule| rule.about.covers(object));
    let due = about.flat_map(|rule| {
        let due = rule.transitions.iter().filter(|(when, _)| when.of(object.created_at) <= now);
        due.map(|(_, class)| class.as_str()).filter(|class| rule.is_worth_moving(object, class))
    });
    coldest(due, object.storage_class)
}

/// What becomes of an older version, which was replaced at `replaced_at` and before which `newer` other older
/// ones stand.
pub fn fate_of_older(
    rules: &[LifecycleRule],
    object: &Aged<'_>,
    replaced_at: Timestamp,
    newer: u32,
    now: Timestamp,
) -> Fate {
    let is_due = |older: &Older| days_after(replaced_at, older.days) <= now && newer >= older.kept;
    let mut about = rules.iter().filter(|rule| rule.about.covers(object));
    if about.any(|rule| rule.older_expiration.as_ref().is_some_and(is_due)) {
        return Fate::Expire;
    }
    let about = rules.iter().filter(|rule| rule.about.covers(object));
    let due = about.flat_map(|rule| {
        let due = rule.older_transitions.iter().filter(|(older, _)| is_due(older));
        due.map(|(_, class)| class.as_str()).filter(|class| rule.is_worth_moving(object, class))
    });
    coldest(due, object.storage_class)
}

/// Whether a deletion that hides nothing goes.
pub fn marker_goes(rules: &[LifecycleRule], key: &str, created_at: Timestamp, now: Timestamp) -> bool {
    rules.iter().filter(|rule| rule.about.covers_key(key)).any(|rule| {
        // A rule by days removes such deletions too, once they are old enough.
        let is_old = matches!(rule.expiration, Some(When::Days(days)) if days_after(created_at, days) <= now);
        is_old || rule.removes_lone_markers && next_midnight(created_at) <= now
    })
}

/// Whether an upload in parts is given up.
pub fn upload_goes(rules: &[LifecycleRule], key: &str, begun_at: Timestamp, now: Timestamp) -> bool {
    upload_ends(rules, key, begun_at).is_some_and(|(due, _)| due <= now)
}

/// When an upload in parts will be given up, and by which rule.
pub fn upload_ends<'a>(
    rules: &'a [LifecycleRule],
    key: &str,
    begun_at: Timestamp,
) -> Option<(Timestamp, &'a LifecycleRule)> {
    let about = rules.iter().filter(|rule| rule.about.covers_key(key));
    about
        .filter_map(|rule| Some((days_after(begun_at, rule.gives_up_uploads_after?), rule)))
        .min_by_key(|(due, _)| *due)
}

/// When the newest version of a key will expire, and by which rule.
pub fn expiration_of<'a>(rules: &'a [LifecycleRule], object: &Aged<'_>) -> Option<(Timestamp, &'a LifecycleRule)> {
    let about = rules.iter().filter(|rule| rule.about.covers(object));
    about.filter_map(|rule| Some((rule.expiration?.of(object.created_at), rule))).min_by_key(|(due, _)| *due)
}

/// Classes from warm to cold. Nothing ever moves back.
const CLASSES: [&str; 8] = [
    "STANDARD",
    "REDUCED_REDUNDANCY",
    "STANDARD_IA",
    "INTELLIGENT_TIERING",
    "ONEZONE_IA",
    "GLACIER_IR",
    "GLACIER",
    "DEEP_ARCHIVE",
];

/// The coldest of the classes that are due: where two rules differ, AWS takes the cheaper one.
fn coldest<'a>(due: impl Iterator<Item = &'a str>, present: &str) -> Fate {
    let rank = |class: &str| CLASSES.iter().position(|known| *known == class);
    match due.max_by_key(|class| rank(class)) {
        Some(class) if rank(class) > rank(present) => Fate::Move(class.to_owned()),
        Some(_) | None => Fate::Stay,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOON: u64 = DAY_MS / 2;

    fn day(days: u64) -> Timestamp {
        Timestamp::from_millis(days * DAY_MS)
    }

    fn object<'a>(key: &'a str, size: u64, tags: &'a BTreeMap<String, String>) -> Aged<'a> {
        Aged { key, size, tags, storage_class: "STANDARD", created_at: Timestamp::from_millis(10 * DAY_MS + NOON) }
    }

    fn rule() -> LifecycleRule {
        LifecycleRule { id: "r".to_owned(), ..LifecycleRule::default() }
    }

    #[test]
    fn days_are_rounded_up_to_midnight() {
        let rules = [LifecycleRule { expiration: Some(When::Days(1)), ..rule() }];
        let tags = BTreeMap::new();
        let object = object("a", 1, &tags);
        assert_eq!(fate_of_newest(&rules, &object, day(11)), Fate::Stay);
        assert_eq!(fate_of_newest(&rules, &object, day(12).minus_millis(1)), Fate::Stay);
        assert_eq!(fate_of_newest(&rules, &object, day(12)), Fate::Expire);
        assert_eq!(next_midnight(day(3)), day(3));
    }

    #[test]
    fn a_rule_is_about_prefix_and_tags_and_sizes() {
        let tags = BTreeMap::from([("a".to_owned(), "1".to_owned())]);
        let about =
            Scope { prefix: "p/".to_owned(), tags: tags.clone(), larger_than: Some(10), smaller_than: Some(20) };
        let none = BTreeMap::new();
        for (key, size, tags, expected) in [
            ("p/x", 11, &tags, true),
            ("q/x", 11, &tags, false),
            ("p/x", 10, &tags, false),
            ("p/x", 20, &tags, false),
            ("p/x", 19, &none, false),
        ] {
            assert_eq!(about.covers(&object(key, size, tags)), expected, "{key} {size}");
        }
        assert!(!about.covers_key("p/x"));
    }

    #[test]
    fn objects_move_to_the_coldest_class_that_is_due() {
        let moves = |days, class: &str| (When::Days(days), class.to_owned());
        let rules = [LifecycleRule { transitions: vec![moves(30, "STANDARD_IA"), moves(60, "GLACIER")], ..rule() }];
        let tags = BTreeMap::new();
        let large = object("a", MIN_TRANSITION_BYTES, &tags);
        assert_eq!(fate_of_newest(&rules, &large, day(40)), Fate::Stay);
        assert_eq!(fate_of_newest(&rules, &large, day(41)), Fate::Move("STANDARD_IA".to_owned()));
        assert_eq!(fate_of_newest(&rules, &large, day(90)), Fate::Move("GLACIER".to_owned()));
        let cold = Aged { storage_class: "GLACIER", ..large };
        assert_eq!(fate_of_newest(&rules, &cold, day(90)), Fate::Stay);
        let small = object("a", 5, &tags);
        assert_eq!(fate_of_newest(&rules, &small, day(90)), Fate::Stay, "small ones are not worth it");
        let [rule] = rules;
        let rules = [LifecycleRule { archives_small_ones: true, ..rule }];
        assert_eq!(fate_of_newest(&rules, &small, day(41)), Fate::Stay);
        assert_eq!(fate_of_newest(&rules, &small, day(90)), Fate::Move("GLACIER".to_owned()));
    }

    #[test]
    fn older_versions_go_after_their_days_but_some_are_kept() {
        let rules = [LifecycleRule { older_expiration: Some(Older { days: 3, kept: 2 }), ..rule() }];
        let tags = BTreeMap::new();
        let object = object("a", 1, &tags);
        assert_eq!(fate_of_older(&rules, &object, day(20), 1, day(30)), Fate::Stay);
        assert_eq!(fate_of_older(&rules, &object, day(20), 2, day(30)), Fate::Expire);
        assert_eq!(fate_of_older(&rules, &object, day(20), 2, day(22)), Fate::Stay);
    }

    #[test]
    fn deletions_and_uploads_go() {
        let markers = [LifecycleRule { removes_lone_markers: true, ..rule() }];
        assert!(marker_goes(&markers, "a", Timestamp::from_millis(1), day(1)));
        assert!(!marker_goes(&markers, "a", Timestamp::from_millis(1), day(0)));
        let days = [LifecycleRule { expiration: Some(When::Days(2)), ..rule() }];
        assert!(marker_goes(&days, "a", day(1), day(3)));
        assert!(!marker_goes(&days, "a", day(1), day(2)));
        let uploads = [LifecycleRule { gives_up_uploads_after: Some(2), ..rule() }];
        assert!(upload_goes(&uploads, "a", day(1), day(3)));
        assert!(!upload_goes(&uploads, "a", day(1), day(2)));
    }

    proptest! {
        /// What has expired stays expired: a run that comes late does what one in time would have done.
        #[test]
        fn time_only_ever_makes_more_due(days in 0_u32..50, created in 0_u64..100, now in 0_u64..200, later in 0_u64..50) {
            let rules = [LifecycleRule { expiration: Some(When::Days(days)), ..rule() }];
            let tags = BTreeMap::new();
            let object = Aged { created_at: Timestamp::from_millis(created * DAY_MS / 3), ..object("a", 1, &tags) };
            if fate_of_newest(&rules, &object, day(now)) == Fate::Expire {
                prop_assert_eq!(fate_of_newest(&rules, &object, day(now + later)), Fate::Expire);
            }
        }
    }
}
