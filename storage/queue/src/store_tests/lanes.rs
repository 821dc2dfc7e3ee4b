//! Order, locks, fairness, and backlogs deeper than memory.

use std::collections::BTreeMap;

use super::{Q, TINY, World, bodies};
use crate::{Discipline, Reserve, enqueue_in_tx, take_in_tx};

#[tokio::test]
async fn fifo_lanes_are_locked_and_in_order_beyond_their_windows() {
    let world = World::new(Discipline::Fifo).await;
    for number in 0..30 {
        world.send("g", &format!("g{number}")).await;
        world.send("h", &format!("h{number}")).await;
    }
    let first = world.receive(3, 1000).await;
    assert_eq!(bodies(&first), ["g0", "g1", "g2"]);
    let second = world.receive(3, 1000).await;
    assert_eq!(bodies(&second), ["h0", "h1", "h2"]);
    assert!(world.receive(3, 1000).await.is_empty(), "both lanes are locked");
    assert!(world.delete(&first[0].key).await && world.delete(&first[2].key).await);
    assert!(world.receive(3, 1000).await.is_empty(), "g1 is still out");
    world.advance(1000);
    assert_eq!(world.take(4).await[..2], ["h0", "h1"], "the older head comes first");
    let mut order: BTreeMap<char, Vec<String>> = BTreeMap::new();
    loop {
        let taken = world.take(5).await;
        if taken.is_empty() {
            break;
        }
        taken.into_iter().for_each(|body| order.entry(body.chars().next().unwrap()).or_default().push(body));
    }
    let numbers = |lane: char| order[&lane].iter().map(|body| body[1..].parse::<u32>().unwrap()).collect::<Vec<_>>();
    assert!(numbers('g').is_sorted() && numbers('h').is_sorted());
    assert_eq!((numbers('g')[..2].to_vec(), world.counts()), (vec![1, 3], (0, 0, 0)));
    world.check().await;
}

#[tokio::test]
async fn a_quiet_lane_is_found_behind_a_noisy_backlog() {
    for discipline in [Discipline::Standard, Discipline::Fifo] {
        let world = World::new(discipline).await;
        for batch in 0..20 {
            let messages: Vec<_> =
                (0..50).map(|number| world.message("noisy", &format!("n{batch}-{number}"), 0)).collect();
            world
                .commit(async |tx| {
                    for message in messages {
                        enqueue_in_tx(tx, Q, message).await?;
                    }
                    Ok(())
                })
                .await;
        }
        world.send("quiet", "q").await;
        let mut received = Vec::new();
        for _ in 0..2 {
            received.extend(bodies(&world.receive(1, 10_000).await));
        }
        assert!(received.contains(&"q".to_owned()), "{discipline:?} handed out {received:?}");
        world.check().await;
    }
}

#[tokio::test]
async fn a_single_quick_consumer_serves_lanes_in_turn() {
    let world = World::new(Discipline::Standard).await;
    for number in 0..40 {
        world.send("noisy", &format!("n{number}")).await;
    }
    for number in 0..4 {
        world.send("a", &format!("a{number}")).await;
        world.send("", &format!("-{number}")).await;
    }
    let mut taken = Vec::new();
    for _ in 0..12 {
        taken.extend(world.take(1).await);
    }
    let of = |lane: &str| taken.iter().filter(|body| body.starts_with(lane)).count();
    assert_eq!((of("n"), of("a"), of("-")), (4, 4, 4), "{taken:?}");
}

/// What is in memory does not grow with the backlog, and a receive reads no more the deeper it is.
#[tokio::test]
async fn a_deep_backlog_costs_neither_memory_nor_time() {
    let world = World::new(Discipline::Standard).await;
    let total = 20_000;
    for batch in 0..total / 500 {
        let messages: Vec<_> =
            (0..500).map(|number| world.message("", &format!("{}", batch * 500 + number), 0)).collect();
        world
            .commit(async |tx| {
                for message in messages {
                    enqueue_in_tx(tx, Q, message).await?;
                }
                Ok(())
            })
            .await;
    }
    let state = world.queues.state(Q).unwrap();
    let mut seen = 0;
    while seen < total {
        let reserved = world.queues.reserve(Q, Reserve { ..world.all(100) }).await.unwrap();
        assert!(state.with(|index| index.windowed()) <= TINY.queue_window + TINY.lane_floor);
        for reservation in &reserved {
            assert_eq!(reservation.body, seen.to_string().as_bytes(), "in order of arrival");
            seen += 1;
        }
        world
            .commit(async |tx| {
                for reservation in &reserved {
                    take_in_tx(tx, reservation).await?;
                }
                Ok(())
            })
            .await;
    }
    assert_eq!(world.counts(), (0, 0, 0));
    world.check().await;
}

#[tokio::test]
async fn lanes_beyond_memory_are_found_in_the_order_of_their_messages() {
    for discipline in [Discipline::Fifo, Discipline::Standard] {
        let world = World::new(discipline).await;
        for number in 0..40 {
            world.send(&format!("lane-{:02}", number % 20), &number.to_string()).await;
        }
        let lanes = world.queues.state(Q).unwrap().with(|index| index.lanes_in_memory());
        assert!(lanes <= TINY.lanes, "{lanes} lanes in memory");
        assert_eq!(world.counts(), (40, 0, 0));
        world.check().await;
        // A message of a lane that is not in memory may be deleted all the same.
        let last = world.queues.peek(Q, None, 100).await.unwrap().pop().unwrap();
        assert_eq!(last.key.lane.0, "lane-19");
        assert!(world.delete(&last.key).await);
        let mut taken: Vec<u32> = Vec::new();
        while taken.len() < 39 {
            let page = world.take(3).await;
            assert!(!page.is_empty(), "only {taken:?} were found");
            taken.extend(page.iter().map(|body| body.parse::<u32>().unwrap()));
            world.check().await;
        }
        if discipline == Discipline::Fifo {
            let heads: Vec<u32> = taken.iter().copied().filter(|number| *number < 20).collect();
            assert!(heads.is_sorted(), "the oldest head comes first: {taken:?}");
        }
        let of = |lane: u32| taken.iter().filter(|number| *number % 20 == lane).copied().collect::<Vec<_>>();
        assert!((0..20).all(|lane| of(lane).is_sorted()), "{taken:?} is out of order");
        assert_eq!(world.counts(), (0, 0, 0));
    }
}

#[tokio::test]
async fn a_lane_that_comes_back_into_memory_is_still_locked_and_in_order() {
    let world = World::new(Discipline::Fifo).await;
    for number in 0..12 {
        world.send(&format!("lane-{number}"), &format!("{number}a")).await;
    }
    for number in 0..12 {
        world.send(&format!("lane-{number}"), &format!("{number}b")).await;
    }
    let mut held = Vec::new();
    for _ in 0..12 {
        held.extend(world.receive(1, 10_000).await);
    }
    assert_eq!(bodies(&held), (0..12).map(|number| format!("{number}a")).collect::<Vec<_>>());
    assert!(world.receive(10, 1).await.is_empty(), "every lane is locked");
    world.check().await;
    assert!(world.delete(&held[11].key).await);
    assert_eq!(world.take(10).await, ["11b"]);
    world.advance(10_000);
    let mut rest = Vec::new();
    loop {
        let page = world.take(1).await;
        if page.is_empty() {
            break;
        }
        rest.extend(page);
    }
    let expected: Vec<_> = (0..11).flat_map(|number| [format!("{number}a"), format!("{number}b")]).collect();
    rest.sort_by_key(|body| (body.trim_end_matches(['a', 'b']).parse::<u32>().unwrap(), body.clone()));
    assert_eq!(rest, expected);
    world.check().await;
}

#[test]
fn a_million_lanes_need_no_entry_each() {
    use crate::Lease;
    use crate::index::{Index, IndexLimits};
    use tidegate_types::Timestamp;
    let mut index = Index::new(Discipline::Fifo, 0, IndexLimits::DEFAULT);
    let sent_at = Timestamp::from_millis(1);
    let lease = Lease { sent_at, visible_at: sent_at, receive_count: 0, first_received_at: None };
    index.advance(sent_at);
    for position in 1..=1_000_000_u64 {
        index.sent(position, &bytes::Bytes::from(format!("lane-{position}")), &lease);
    }
    assert_eq!(index.counts().ready, 1_000_000);
    assert_eq!(index.lanes_in_memory(), IndexLimits::DEFAULT.lanes);
    assert!(index.windowed() <= IndexLimits::DEFAULT.lanes);
}
