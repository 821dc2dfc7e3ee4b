//! Listings against a model that knows nothing of seeking: all keys in order, those that group taken together,
//! cut into pages.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop, prop_oneof, proptest};
use tidegate_env::Env;
use tidegate_record::Stored;
use tidegate_store::{EmbeddedStore, Snapshot, Space, Store, Tx, transact};
use tidegate_types::{AccountId, Timestamp};

use super::sources::{Objects, Versions};
use super::walk::{Listed, page};
use crate::domain::Grouping;
use crate::error::Error;
use crate::store::{BucketId, Content, Etag, Headers, ObjectRecord, Stands, VersionId, VersionRecord, keys};

const BUCKET: BucketId = BucketId(7);
const NEIGHBOURS: [BucketId; 2] = [BucketId(6), BucketId(8)];

/// Of each key its versions, newest first: whether each is an object.
type Model = BTreeMap<String, Vec<bool>>;

fn version(number: usize, is_object: bool) -> VersionRecord {
    let owner = AccountId::DEFAULT;
    let object = ObjectRecord {
        owner,
        content: Content::Empty,
        size: 0,
        etag: Etag { md5: [0; 16], parts: None },
        checksum: None,
        storage_class: "STANDARD".to_owned(),
        headers: Headers::default(),
        metadata: BTreeMap::new(),
        tags: BTreeMap::new(),
        acl: None,
        lock: None,
        legal_hold: false,
        encryption: None,
        redirect: None,
        restored_until: None,
    };
    VersionRecord {
        version: VersionId(number as u128),
        is_null: false,
        created_at: Timestamp::from_secs(1),
        replaced_at: None,
        stands: if is_object { Stands::Object(Box::new(object)) } else { Stands::Marker { owner } },
    }
}

async fn filled(model: &Model) -> Arc<EmbeddedStore> {
    let (env, _) = Env::manual(1, Timestamp::from_secs(1));
    let store = EmbeddedStore::ephemeral(env).unwrap();
    let written = transact(&*store, &[], async |tx: &mut Tx| {
        for bucket in NEIGHBOURS {
            tx.put(Space::Map, keys::current(bucket, "a"), version(1, true).encode());
        }
        for (key, versions) in model {
            for (place, is_object) in versions.iter().enumerate() {
                let record = version(versions.len() - place, *is_object);
                let at = match place {
                    0 => keys::current(BUCKET, key),
                    _ => keys::older(BUCKET, key, record.version),
                };
                tx.put(Space::Map, at, record.encode());
            }
        }
        Ok::<_, Error>(())
    });
    written.await.unwrap();
    store
}

/// What is shown, in order: a key with its version, or a common prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Shown {
    Item(String, VersionId),
    Group(String),
}

impl Shown {
    fn text(&self) -> &str {
        match self {
            Shown::Item(text, _) | Shown::Group(text) => text,
        }
    }
}

/// Everything behind `after`, in order.
fn expected(model: &Model, grouping: &Grouping, after: &str, with_versions: bool) -> Vec<Shown> {
    let mut shown: Vec<Shown> = Vec::new();
    for (key, versions) in model {
        let is_behind = after.is_empty() || key.as_str() > after;
        let is_skipped = grouping.is_group(after) && key.starts_with(after);
        if !key.starts_with(&grouping.prefix) || !is_behind || is_skipped {
            continue;
        }
        for (place, is_object) in versions.iter().enumerate() {
            if !with_versions && (place > 0 || !is_object) {
                continue;
            }
            let next = match grouping.group_of(key) {
                Some(group) => Shown::Group(group.to_owned()),
                None => Shown::Item(key.clone(), VersionId((versions.len() - place) as u128)),
            };
            if shown.last() != Some(&next) {
                shown.push(next);
            }
        }
    }
    shown
}

fn check<T>(listed: &Listed<T>, number: impl Fn(&T) -> VersionId, expected: &[Shown], is_last: bool) {
    let items: Vec<_> = listed.items.iter().map(|(key, item)| Shown::Item(key.clone(), number(item))).collect();
    let groups: Vec<_> = listed.groups.iter().cloned().map(Shown::Group).collect();
    let is_group = |shown: &&Shown| matches!(shown, Shown::Group(_));
    assert_eq!(items, expected.iter().filter(|shown| !is_group(shown)).cloned().collect::<Vec<_>>());
    assert_eq!(groups, expected.iter().filter(is_group).cloned().collect::<Vec<_>>());
    assert_eq!(listed.is_truncated, !is_last);
    assert_eq!(listed.last().map(|(text, _)| text), expected.last().map(Shown::text));
}

async fn objects_agree(snapshot: &dyn Snapshot, model: &Model, grouping: &Grouping, after: &str, most: usize) {
    let expected = expected(model, grouping, after, false);
    let mut after = after.to_owned();
    let mut pages = expected.chunks(most).peekable();
    loop {
        let listed = page(Objects::new(snapshot, BUCKET, grouping, &after), grouping, most).await.unwrap();
        let shown = pages.next().unwrap_or_default();
        check(&listed, |record| record.version, shown, pages.peek().is_none());
        match listed.next() {
            Some((last, _)) => last.clone_into(&mut after),
            None => return,
        }
    }
}

async fn versions_agree(snapshot: &dyn Snapshot, model: &Model, grouping: &Grouping, after: &str, most: usize) {
    let expected = expected(model, grouping, after, true);
    let mut after: (String, Option<VersionId>) = (after.to_owned(), None);
    let mut pages = expected.chunks(most).peekable();
    loop {
        let versions = Versions::new(snapshot, BUCKET, grouping, (&after.0, after.1));
        let listed = page(versions, grouping, most).await.unwrap();
        let shown = pages.next().unwrap_or_default();
        check(&listed, |version| version.record.version, shown, pages.peek().is_none());
        for (key, version) in &listed.items {
            assert_eq!(version.is_latest, version.record.version.0 == model[key].len() as u128);
        }
        match listed.next() {
            Some((last, version)) => after = (last.to_owned(), version.map(|version| version.record.version)),
            None => return,
        }
    }
}

fn text(longest: usize) -> impl Strategy<Value = String> {
    let letter = prop_oneof![Just("a"), Just("b"), Just("/"), Just("//"), Just("-"), Just("\0"), Just("ü")];
    prop::collection::vec(letter, 0..=longest).prop_map(|letters| letters.concat())
}

fn models() -> impl Strategy<Value = Model> {
    let versions = prop::collection::vec(any::<bool>(), 1..4);
    prop::collection::btree_map(text(5).prop_filter("a key", |key| !key.is_empty()), versions, 0..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn listings_are_what_a_naive_reader_sees(
        model in models(),
        prefix in text(2),
        delimiter in prop_oneof![Just(None), Just(Some("/".to_owned())), Just(Some("a/".to_owned()))],
        after in text(3),
        most in 1_usize..12,
    ) {
        let grouping = Grouping { prefix, delimiter };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let store = filled(&model).await;
            let snapshot = store.snapshot().unwrap();
            objects_agree(&*snapshot, &model, &grouping, &after, most).await;
            versions_agree(&*snapshot, &model, &grouping, &after, most).await;
            drop(snapshot);
            store.close();
        });
    }
}
