//! One message's life, as a service sees it.

use tidegate_store::{Tx, transact};
use tidegate_types::Timestamp;

use super::{Q, World, bodies};
use crate::{
    Discipline, LeaseState, QueueError, QueueId, Reserve, change_visibility_in_tx, enqueue_in_tx, lease_in_tx,
    lease_of, purge_in_tx,
};

#[tokio::test]
async fn a_message_is_received_hidden_and_comes_back_with_its_count() {
    let world = World::new(Discipline::Standard).await;
    let key = world.send("", "a").await;
    assert_eq!(world.counts(), (1, 0, 0));
    let first = world.receive(10, 30_000).await;
    assert_eq!((bodies(&first), &first[0].key), (vec!["a".to_owned()], &key));
    assert_eq!((first[0].lease.receive_count, world.counts()), (0, (0, 1, 0)));
    drop(first);
    assert!(world.receive(10, 30_000).await.is_empty());
    world.check().await;

    world.advance(30_000);
    assert_eq!(world.counts(), (1, 0, 0));
    let second = world.receive(10, 30_000).await;
    assert_eq!(second[0].lease.receive_count, 1);
    assert_eq!(second[0].lease.first_received_at, Some(super::START));
    let lease = world.commit(async |tx| lease_of(tx, &key).await).await.unwrap();
    assert_eq!((lease.receive_count, lease.state(world.now())), (2, LeaseState::InFlight));
    assert!(world.delete(&key).await && !world.delete(&key).await);
    assert_eq!(world.counts(), (0, 0, 0));
    world.check().await;
}

#[tokio::test]
async fn visibility_moves_both_ways() {
    let world = World::new(Discipline::Standard).await;
    let key = world.send("", "a").await;
    drop(world.receive(1, 30_000).await);
    let later = world.now().plus_millis(60_000);
    assert!(world.commit(async |tx| change_visibility_in_tx(tx, &key, later).await).await);
    world.advance(30_000);
    assert_eq!(world.counts(), (0, 1, 0));
    let now = world.now();
    assert!(world.commit(async |tx| change_visibility_in_tx(tx, &key, now).await).await);
    assert_eq!(world.counts(), (1, 0, 0));
    assert_eq!(bodies(&world.receive(1, 1).await), ["a"]);
    world.check().await;
}

#[tokio::test]
async fn a_dropped_reservation_goes_back_to_its_place() {
    let world = World::new(Discipline::Fifo).await;
    for body in ["a", "b", "c", "d", "e", "f"] {
        world.send("g", body).await;
    }
    let reserved = world.reserve(2).await;
    assert_eq!(bodies(&reserved), ["a", "b"]);
    assert!(world.reserve(2).await.is_empty(), "the lane is locked");
    assert_eq!(world.counts(), (6, 0, 0), "a reservation is not durable");
    drop(reserved);
    assert_eq!(world.take(4).await, ["a", "b", "c", "d"]);
    assert_eq!(world.take(4).await, ["e", "f"]);
    world.check().await;
}

#[tokio::test]
async fn a_reservation_used_in_a_transaction_that_came_to_nothing_goes_back_too() {
    let world = World::new(Discipline::Fifo).await;
    world.send("g", "a").await;
    world.send("g", "b").await;
    let reserved = world.reserve(1).await;
    let (now, until) = (world.now(), world.now().plus_millis(1000));
    let refused = transact(&*world.store, &[], async |tx: &mut Tx| {
        lease_in_tx(tx, &reserved[0], now, until).await?;
        Err::<(), _>(QueueError::InFlightLimit)
    });
    assert!(refused.await.is_err());
    drop(reserved);
    assert_eq!(world.take(10).await, ["a", "b"]);
    world.check().await;
}

#[tokio::test]
async fn a_reservation_whose_transaction_was_abandoned_after_acceptance_is_settled_by_it() {
    let world = World::new(Discipline::Fifo).await;
    world.send("g", "a").await;
    world.send("g", "b").await;
    let reserved = world.reserve(1).await;
    let (now, until) = (world.now(), world.now().plus_millis(1000));
    {
        let leased = transact(&*world.store, &[], async |tx: &mut Tx| lease_in_tx(tx, &reserved[0], now, until).await);
        let mut leased = std::pin::pin!(leased);
        // Accepted in the first poll; dropped before it is known to be durable.
        drop(futures::poll!(leased.as_mut()));
    }
    drop(reserved);
    assert!(world.take(10).await.is_empty(), "the lane is locked by the lease that nobody waited for");
    world.advance(1000);
    let again = world.reserve(10).await;
    assert_eq!((bodies(&again), again[0].lease.receive_count), (vec!["a".to_owned(), "b".to_owned()], 1));
    drop(again);
    world.check().await;
}

#[tokio::test]
async fn what_was_deleted_or_hidden_after_it_was_reserved_is_not_leased() {
    let world = World::new(Discipline::Fifo).await;
    let keys = [world.send("g", "a").await, world.send("g", "b").await, world.send("h", "c").await];
    let reserved = world.reserve(3).await;
    let (now, until) = (world.now(), world.now().plus_millis(1000));
    assert!(world.commit(async |tx| change_visibility_in_tx(tx, &keys[0], until).await).await);
    assert!(world.delete(&keys[2]).await);
    let leased = world
        .commit(async |tx| {
            let mut leased = Vec::new();
            for reservation in &reserved {
                leased.push(lease_in_tx(tx, reservation, now, until).await?.is_some());
            }
            Ok(leased)
        })
        .await;
    // `b` is there, but `a` before it is with somebody else.
    assert_eq!(leased, [false, false, false]);
    drop(reserved);
    world.check().await;
}

#[tokio::test]
async fn limits_on_messages_in_flight_and_on_bytes_hold() {
    let world = World::new(Discipline::Standard).await;
    for body in ["aaaa", "bbbb", "cccc", "dddd"] {
        world.send("", body).await;
    }
    let few_bytes = world.queues.reserve(Q, Reserve { max_bytes: 9, ..world.all(10) }).await.unwrap();
    assert_eq!(few_bytes.len(), 2);
    let no_bytes = world.queues.reserve(Q, Reserve { max_bytes: 0, ..world.all(10) }).await.unwrap();
    assert_eq!(bodies(&no_bytes), ["cccc"]);
    let limited = Reserve { max_in_flight: 4, ..world.all(10) };
    let rest = world.queues.reserve(Q, limited).await.unwrap();
    assert_eq!(bodies(&rest), ["dddd"]);
    assert!(matches!(world.queues.reserve(Q, limited).await, Err(QueueError::InFlightLimit)));
    drop((few_bytes, no_bytes, rest));
    assert_eq!(world.queues.reserve(Q, limited).await.unwrap().len(), 4);
}

#[tokio::test]
async fn expired_messages_are_not_handed_out() {
    let world = World::new(Discipline::Fifo).await;
    for number in 0..20 {
        world.send("g", &format!("old{number}")).await;
    }
    world.advance(10);
    let sent_after = world.now();
    world.send("g", "new").await;
    let reserved = world.queues.reserve(Q, Reserve { sent_after, ..world.all(10) }).await.unwrap();
    assert_eq!(bodies(&reserved), ["new"]);
}

#[tokio::test]
async fn unknown_queues_and_stale_generations_are_refused() {
    let world = World::new(Discipline::Standard).await;
    let other = QueueId(8);
    assert!(matches!(world.queues.reserve(other, world.all(1)).await, Err(QueueError::NoSuchQueue(QueueId(8)))));
    let message = world.message("", "a", 0);
    let sent = transact(&*world.store, &[], async |tx: &mut Tx| enqueue_in_tx(tx, other, message).await).await;
    assert!(sent.is_err());
    let key = world.send("", "a").await;
    let reserved = world.reserve(1).await;
    world.commit(async |tx| purge_in_tx(tx, Q).await).await;
    assert_eq!(world.commit(async |tx| lease_of(tx, &key).await).await, None);
    assert!(!world.delete(&key).await);
    let now = world.now();
    let leased = world.commit(async |tx| lease_in_tx(tx, &reserved[0], now, Timestamp::MAX).await).await;
    assert_eq!(leased, None);
    drop(reserved);
    assert_eq!(world.counts(), (0, 0, 0));
    world.send("", "b").await;
    assert_eq!(world.take(10).await, ["b"]);
    world.check().await;
}

#[tokio::test]
async fn peeking_goes_through_all_lanes_in_order_of_position() {
    let world = World::new(Discipline::Fifo).await;
    for (lane, body) in [("g", "a"), ("h", "b"), ("g", "c")] {
        world.send(lane, body).await;
    }
    world.send_delayed("i", "d", 500).await;
    drop(world.receive(1, 1000).await);
    let peeked = world.queues.peek(Q, None, 10).await.unwrap();
    let seen: Vec<_> = peeked.iter().map(|peeked| (&peeked.body[..], peeked.state)).collect();
    assert_eq!(
        seen,
        [
            (&b"a"[..], LeaseState::InFlight),
            (b"b", LeaseState::Ready),
            (b"c", LeaseState::Ready),
            (b"d", LeaseState::Delayed)
        ]
    );
    let rest = world.queues.peek(Q, Some(peeked[1].key.position), 1).await.unwrap();
    assert_eq!(rest[0].key, peeked[2].key);
}
