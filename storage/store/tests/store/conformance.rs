//! What every store must do.

use bytes::Bytes;
use tidegate_store::{
    Batch, CommitError, KeyRange, Order, Page, Position, Sequence, Space, Store, StoreError, TransactError, transact,
};

use crate::support::{on_both_engines, write};

#[test]
fn what_is_committed_is_read() {
    on_both_engines(async |store| {
        let first = write(&*store, |tx| {
            tx.put(Space::Map, "a", "1");
            tx.put(Space::Log, "a", "log");
        })
        .await;
        assert_eq!(first.sequence, Sequence(1));
        let second = write(&*store, |tx| tx.delete(Space::Log, "a")).await;
        assert_eq!(second.sequence, Sequence(2));
        let view = store.snapshot().unwrap();
        assert_eq!(view.sequence(), Sequence(2));
        let record = view.get(Space::Map, b"a").await.unwrap().unwrap();
        assert_eq!((record.version, record.value), (Sequence(1), Bytes::from("1")));
        assert_eq!(view.get(Space::Log, b"a").await.unwrap(), None);
        assert_eq!(view.get(Space::Queue, b"a").await.unwrap(), None);
    });
}

#[test]
fn a_snapshot_does_not_move() {
    on_both_engines(async |store| {
        write(&*store, |tx| tx.put(Space::Map, "a", "old")).await;
        let before = store.snapshot().unwrap();
        for round in 0..100 {
            write(&*store, |tx| tx.put(Space::Map, "a", format!("{round}"))).await;
        }
        write(&*store, |tx| tx.delete(Space::Map, "a")).await;
        assert_eq!(before.get(Space::Map, b"a").await.unwrap().unwrap().value, "old");
        assert_eq!(store.snapshot().unwrap().get(Space::Map, b"a").await.unwrap(), None);
    });
}

#[test]
fn scans_go_both_ways_and_page() {
    on_both_engines(async |store| {
        write(&*store, |tx| {
            for key in ["a", "b1", "b2", "b3", "b4", "c"] {
                tx.put(Space::Queue, key, key);
            }
        })
        .await;
        write(&*store, |tx| tx.delete(Space::Queue, "b2")).await;
        let view = store.snapshot().unwrap();
        let range = KeyRange::prefix(b"b");
        let keys = async |order, page| {
            let entries = view.scan(Space::Queue, &range, order, page).await.unwrap();
            entries.into_iter().map(|entry| String::from_utf8(entry.key.to_vec()).unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(keys(Order::Ascending, Page::of(9)).await, ["b1", "b3", "b4"]);
        assert_eq!(keys(Order::Descending, Page::of(2)).await, ["b4", "b3"]);
        assert_eq!(keys(Order::Ascending, Page::of(0)).await, [""; 0]);
        assert_eq!(keys(Order::Ascending, Page { entries: 9, bytes: 4 }).await, ["b1", "b3"], "the one that exceeds");
        let browsed = async |order, page| {
            let mut keys = Vec::new();
            let each = &mut |key: &[u8], record: tidegate_store::Record| {
                assert_eq!(key, record.value, "each key has itself for a value");
                keys.push(String::from_utf8(key.to_vec()).unwrap());
            };
            let last = view.browse(Space::Queue, &range, order, page, each).await.unwrap();
            (keys, last.map(|key| String::from_utf8(key.to_vec()).unwrap()))
        };
        let texts = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>();
        assert_eq!(browsed(Order::Ascending, Page::of(9)).await, (texts(&["b1", "b3", "b4"]), None));
        assert_eq!(browsed(Order::Descending, Page::of(2)).await, (texts(&["b4", "b3"]), Some("b3".to_owned())));
        assert_eq!(browsed(Order::Ascending, Page::of(0)).await, (texts(&[]), None));
        let few = Page { entries: 9, bytes: 4 };
        assert_eq!(browsed(Order::Ascending, few).await, (texts(&["b1", "b3"]), Some("b3".to_owned())));
        let nothing = KeyRange::between("b", "a");
        assert_eq!(view.scan(Space::Queue, &nothing, Order::Ascending, Page::of(1)).await.unwrap(), []);
    });
}

#[test]
fn accepted_state_is_seen_at_once_and_durable_state_later() {
    on_both_engines(async |store| {
        write(&*store, |tx| {
            tx.put(Space::Map, "k1", "durable");
            tx.put(Space::Map, "k2", "durable");
        })
        .await;
        let mut batch = Batch::new();
        batch.put(Space::Map, "k0", "new");
        batch.put(Space::Map, "k1", "newer");
        batch.delete(Space::Map, "k2");
        batch.put(Space::Map, "k3", "last");
        let ticket = store.submit(batch).await.unwrap();
        // Durable by now or not: what is read is the same.
        let accepted = store.accepted().unwrap();
        assert_eq!(accepted.sequence(), ticket.sequence);
        assert_eq!(accepted.get(Space::Map, b"k2").await.unwrap(), None);
        for (order, expected) in
            [(Order::Ascending, ["new", "newer", "last"]), (Order::Descending, ["last", "newer", "new"])]
        {
            let all = accepted.scan(Space::Map, &KeyRange::prefix(b"k"), order, Page::of(9)).await.unwrap();
            assert_eq!(
                all.iter().map(|entry| &entry.record.value[..]).collect::<Vec<_>>(),
                expected.map(str::as_bytes)
            );
            assert!(all.iter().all(|entry| entry.record.version == ticket.sequence));
        }
        ticket.durable().await.unwrap();
        assert_eq!(store.snapshot().unwrap().get(Space::Map, b"k1").await.unwrap().unwrap().value, "newer");
    });
}

#[test]
fn checks_compare_versions_and_absence() {
    on_both_engines(async |store| {
        let old = write(&*store, |tx| tx.put(Space::Map, "a", "1")).await.sequence;
        let new = write(&*store, |tx| tx.put(Space::Map, "a", "2")).await.sequence;
        for (key, expected, holds) in [
            ("a", Some(new), true),
            ("a", Some(old), false),
            ("a", None, false),
            ("b", None, true),
            ("b", Some(old), false),
        ] {
            let mut batch = Batch::new();
            batch.check(Space::Map, key, expected);
            let outcome = store.submit(batch).await;
            assert_eq!(outcome.is_ok(), holds, "{key} {expected:?}");
            if let Err(error) = outcome {
                assert!(matches!(error, CommitError::Conflict { space: Space::Map, key: at } if at == key));
            }
        }
    });
}

#[test]
fn positions_are_assigned_in_commit_order() {
    on_both_engines(async |store| {
        let mut all = Vec::new();
        for _ in 0..3 {
            let committed = write(&*store, |tx| {
                let (first, second) = (tx.position(), tx.position());
                tx.put_at(Space::Log, "log/", first, "/x", "body");
                tx.put_with_position(Space::Map, "last", "before", second, "after");
            })
            .await;
            all.extend(committed.positions);
        }
        assert_eq!(all, [1, 2, 3, 4, 5, 6].map(Position));
        let view = store.snapshot().unwrap();
        let records = view.scan(Space::Log, &KeyRange::prefix(b"log/"), Order::Ascending, Page::of(9)).await.unwrap();
        let keys: Vec<_> = records.iter().map(|entry| &entry.key[..]).collect();
        assert_eq!(keys, [b"log/\0\0\0\0\0\0\0\x01/x", b"log/\0\0\0\0\0\0\0\x03/x", b"log/\0\0\0\0\0\0\0\x05/x"]);
        let last = view.get(Space::Map, b"last").await.unwrap().unwrap();
        assert_eq!(&last.value[..], b"before\0\0\0\0\0\0\0\x06after");
    });
}

#[test]
fn a_transaction_sees_its_own_writes_and_the_last_one_wins() {
    on_both_engines(async |store| {
        write(&*store, |tx| tx.put(Space::Map, "gone", "x")).await;
        let done: Result<_, TransactError<StoreError>> = transact(&*store, &[], async |tx| {
            tx.put(Space::Map, "a", "1");
            tx.put(Space::Map, "a", "2");
            tx.delete(Space::Map, "gone");
            assert_eq!(tx.get(Space::Map, b"gone").await?, None);
            assert_eq!(tx.peek(Space::Map, b"gone").await?, None);
            Ok(tx.get(Space::Map, b"a").await?.unwrap().value)
        })
        .await;
        assert_eq!(done.unwrap().value, "2");
        let view = store.snapshot().unwrap();
        assert_eq!(view.get(Space::Map, b"a").await.unwrap().unwrap().value, "2");
        assert_eq!(view.get(Space::Map, b"gone").await.unwrap(), None);
    });
}

#[test]
fn a_batch_over_the_limit_is_refused() {
    on_both_engines(async |store| {
        let mut batch = Batch::new();
        let half = Bytes::from(vec![7; tidegate_types::limits::MAX_BATCH / 2]);
        batch.put(Space::Log, "a", half.clone());
        batch.put(Space::Log, "b", half);
        let refused = store.submit(batch).await.err().unwrap();
        assert!(matches!(refused, CommitError::TooLarge { .. }), "{refused}");
        let mut batch = Batch::new();
        batch.delete(Space::Map, vec![1; 65_535]);
        store.submit(batch.clone()).await.unwrap().durable().await.unwrap();
        batch.delete(Space::Map, vec![1; 65_536]);
        let refused = store.submit(batch).await.err().unwrap();
        assert!(matches!(refused, CommitError::TooLarge { limit: 65_535, .. }), "{refused}");
    });
}

#[test]
fn a_closed_store_answers_unavailable() {
    on_both_engines(async |store| {
        let mut batch = Batch::new();
        batch.put(Space::Map, "a", "1");
        let ticket = store.submit(batch.clone()).await.unwrap();
        store.close();
        ticket.durable().await.unwrap();
        let refused = store.submit(batch).await.err().unwrap();
        assert!(matches!(refused, CommitError::Store(StoreError::Unavailable { .. })), "{refused}");
        assert!(matches!(store.snapshot().err().unwrap(), StoreError::Unavailable { .. }));
    });
}

#[test]
fn futures_of_transactions_can_move_between_threads() {
    on_both_engines(async |store| {
        let env = tidegate_env::Env::real();
        let key = Bytes::from_static(b"counter");
        let tasks: Vec<_> = (0..100)
            .map(|_| {
                let (store, key) = (store.clone(), key.clone());
                env.spawn("increment", async move {
                    let latches = [key.clone()];
                    let done: Result<_, TransactError<StoreError>> = transact(&*store, &latches, async |tx| {
                        let old = tx.get(Space::Map, &key).await?;
                        let old = old.map_or(0, |record| u64::from_be_bytes(record.value[..].try_into().unwrap()));
                        tx.put(Space::Map, key.clone(), Bytes::copy_from_slice(&(old + 1).to_be_bytes()));
                        Ok(())
                    })
                    .await;
                    done.unwrap();
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let counter = store.snapshot().unwrap().get(Space::Map, &key).await.unwrap().unwrap();
        assert_eq!(counter.value[..], 100u64.to_be_bytes());
    });
}
