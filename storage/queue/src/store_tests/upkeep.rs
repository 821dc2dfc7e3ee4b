//! Deduplication, purging, dropping, sweeping, expiry.

use bytes::Bytes;
use tidegate_store::{KeyRange, Order, Page, Space, Tx, transact};
use tidegate_types::Timestamp;

use super::{Q, World};
use crate::{
    Discipline, Enqueued, NewMessage, Queues, deduplication_latch, drop_in_tx, enqueue_in_tx, enqueue_once_in_tx,
    purge_in_tx,
};

async fn send_once(world: &World, key: &[u8], body: &str) -> Option<(u64, Bytes)> {
    let message = world.message("g", body, 0);
    let note = Bytes::copy_from_slice(body.as_bytes());
    let latches = [deduplication_latch(Q, key)];
    let sent = transact(&*world.store, &latches, async |tx: &mut Tx| {
        enqueue_once_in_tx(tx, Q, key, note, 5_000, message).await
    });
    match sent.await.unwrap().value {
        Enqueued::New(_) => None,
        Enqueued::Duplicate { position, note } => Some((position.0, note)),
    }
}

async fn stored(world: &World) -> usize {
    let snapshot = world.store.snapshot().unwrap();
    let everything = KeyRange::prefix(&[]);
    let mut count = 0;
    for space in [Space::Queue, Space::Log] {
        count += snapshot.scan(space, &everything, Order::Ascending, Page::of(100_000)).await.unwrap().len();
    }
    count
}

async fn sweep_all(queues: &Queues) {
    while queues.sweep().await.unwrap() {}
}

#[tokio::test]
async fn a_key_is_sent_once_within_its_window() {
    let world = World::new(Discipline::Fifo).await;
    assert_eq!(send_once(&world, b"k", "first").await, None);
    assert_eq!(send_once(&world, b"other", "second").await, None);
    let first = world.queues.peek(Q, None, 1).await.unwrap()[0].key.position.0;
    // Deduplication goes on after the message is gone.
    assert_eq!(world.take(10).await, ["first", "second"]);
    world.advance(4_999);
    assert_eq!(send_once(&world, b"k", "again").await, Some((first, Bytes::from_static(b"first"))));
    world.check().await;
    world.advance(1);
    assert_eq!(send_once(&world, b"k", "later").await, None);
    world.check().await;
    assert_eq!(world.take(10).await, ["later"]);
    sweep_all(&world.queues).await;
    world.check().await;
    assert_eq!(stored(&world).await, 3, "the queue, the renewed record and its expiry");
    world.advance(5_000);
    sweep_all(&world.queues).await;
    assert_eq!(stored(&world).await, 1);
}

#[tokio::test]
async fn purging_empties_at_once_and_sweeping_reclaims() {
    let world = World::new(Discipline::Standard).await;
    for number in 0..30 {
        world.send_delayed("", "x", number % 3 * 1000).await;
    }
    drop(world.receive(3, 1000).await);
    assert!(stored(&world).await > 60);
    world.commit(async |tx| purge_in_tx(tx, Q).await).await;
    assert_eq!(world.counts(), (0, 0, 0));
    world.check().await;
    world.send("", "y").await;
    sweep_all(&world.queues).await;
    assert_eq!(stored(&world).await, 3, "the queue and one message");
    assert_eq!(world.take(10).await, ["y"]);
    world.check().await;
}

#[tokio::test]
async fn a_dropped_queue_leaves_nothing_behind() {
    let world = World::new(Discipline::Fifo).await;
    for number in 0..30 {
        world.send(&format!("g{}", number % 4), "x").await;
    }
    assert_eq!(send_once(&world, b"k", "y").await, None);
    world.commit(async |tx| purge_in_tx(tx, Q).await).await;
    world.send("g", "z").await;
    world.commit(async |tx| drop_in_tx(tx, Q).await).await;
    assert!(world.queues.reserve(Q, world.all(1)).await.is_err());
    world.check().await;
    world.advance(5_000);
    sweep_all(&world.queues).await;
    assert_eq!(stored(&world).await, 0);
}

async fn expire_all(world: &World, before: Timestamp) -> usize {
    let mut total = 0;
    loop {
        match world.queues.expire(Q, before).await.unwrap() {
            0 => return total,
            some => total += some,
        }
    }
}

#[tokio::test]
async fn messages_expire_in_every_state() {
    let world = World::new(Discipline::Standard).await;
    for number in 0..1500 {
        world.send(["", "g"][number % 2], "old").await;
    }
    world.send_delayed("", "old", 60_000).await;
    drop(world.receive(7, 60_000).await);
    assert_eq!(world.queues.oldest_sent_at(Q), Some(super::START));
    world.advance(1_000);
    let before = world.now();
    world.send("g", "new").await;
    assert_eq!(expire_all(&world, before).await, 1501);
    assert_eq!(world.counts(), (1, 0, 0));
    assert_eq!(world.queues.oldest_sent_at(Q), Some(before));
    world.check().await;
    assert_eq!(world.take(10).await, ["new"]);
    assert_eq!(world.queues.oldest_sent_at(Q), None);
}

/// A dead letter keeps the time at which it was first sent.
#[tokio::test]
async fn a_message_sent_long_ago_expires_behind_a_backlog_of_younger_ones() {
    let world = World::new(Discipline::Standard).await;
    for _ in 0..50 {
        world.send("", "young").await;
    }
    let long_ago = Timestamp::from_secs(500);
    let message = NewMessage { sent_at: long_ago, ..world.message("", "dead letter", 0) };
    world.commit(async |tx| enqueue_in_tx(tx, Q, NewMessage { visible_at: long_ago, ..message }).await).await;
    for _ in 0..50 {
        world.send("", "young").await;
    }
    assert!(world.queues.oldest_sent_at(Q).unwrap() <= long_ago);
    assert_eq!(expire_all(&world, long_ago.plus_millis(1)).await, 1);
    let oldest = world.queues.oldest_sent_at(Q).unwrap();
    assert!(oldest > long_ago.plus_millis(1_000), "the worker would not rest: {oldest:?}");
    assert_eq!(world.counts(), (100, 0, 0));
    world.check().await;
}

#[tokio::test]
async fn messages_of_lanes_that_are_not_in_memory_expire() {
    let world = World::new(Discipline::Fifo).await;
    for number in 0..10 {
        world.send(&format!("young-{number}"), "young").await;
    }
    let long_ago = world.now().minus_millis(5_000);
    for number in 0..3 {
        let old = world.message(&format!("old-{number}"), "old", 0);
        let old = NewMessage { sent_at: long_ago, visible_at: long_ago, ..old };
        world.commit(async |tx| enqueue_in_tx(tx, Q, old).await).await;
    }
    assert_eq!(world.queues.oldest_sent_at(Q), Some(long_ago));
    assert_eq!(expire_all(&world, world.now().minus_millis(1_000)).await, 3);
    assert!(world.queues.oldest_sent_at(Q) > Some(long_ago));
    assert_eq!(world.counts(), (10, 0, 0));
    world.check().await;
    world.advance(1);
    assert_eq!(expire_all(&world, world.now()).await, 10);
    assert_eq!(world.counts(), (0, 0, 0));
    world.check().await;
}
