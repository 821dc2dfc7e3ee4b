//! Long polls, timers, and what the idle barrier is told.

use std::sync::Arc;

use tidegate_env::Waiting;

use super::{Q, START, World, pends, soon};
use crate::{Discipline, QueueId, Queues, Waiter, drop_in_tx};

async fn sleeping(queues: &Queues, count: usize) -> Vec<Waiter> {
    let mut waiters: Vec<_> = (0..count).map(|_| queues.wait(Q)).collect();
    for waiter in &mut waiters {
        assert!(pends(waiter.woken()).await);
    }
    waiters
}

#[tokio::test]
async fn one_message_wakes_one_waiter_in_order_of_arrival() {
    let world = World::new(Discipline::Standard).await;
    let mut waiters = sleeping(&world.queues, 3).await;
    world.send("", "a").await;
    soon(waiters[0].woken()).await;
    assert!(pends(waiters[1].woken()).await && pends(waiters[2].woken()).await);
    world.send("", "b").await;
    soon(waiters[1].woken()).await;
    assert!(pends(waiters[2].woken()).await && pends(waiters[0].woken()).await);
}

#[tokio::test]
async fn a_message_between_getting_in_line_and_waiting_is_not_missed() {
    let world = World::new(Discipline::Standard).await;
    let mut waiter = world.queues.wait(Q);
    assert!(world.reserve(1).await.is_empty());
    world.send("", "a").await;
    soon(waiter.woken()).await;
}

#[tokio::test]
async fn a_wake_up_that_nobody_used_is_passed_on() {
    let world = World::new(Discipline::Standard).await;
    let mut waiters = sleeping(&world.queues, 3).await;
    world.send("", "a").await;
    // Woken, but dropped before it noticed.
    drop(waiters.remove(0));
    soon(waiters[0].woken()).await;
    // Woken and noticed, but dropped before it looked.
    drop(waiters.remove(0));
    soon(waiters[0].woken()).await;
    // Looked, and took the message: nobody else is woken by its leaving.
    let mut last = sleeping(&world.queues, 1).await.remove(0);
    assert_eq!(world.take(1).await, ["a"]);
    drop(waiters);
    assert!(pends(last.woken()).await);
}

#[tokio::test]
async fn a_reservation_given_back_wakes_the_next() {
    let world = World::new(Discipline::Standard).await;
    world.send("", "a").await;
    let reserved = world.reserve(1).await;
    let mut waiter = sleeping(&world.queues, 1).await.remove(0);
    drop(reserved);
    soon(waiter.woken()).await;
}

#[tokio::test]
async fn an_unlocked_lane_and_a_freed_place_wake_somebody() {
    let world = World::new(Discipline::Fifo).await;
    world.send("g", "a").await;
    world.send("g", "b").await;
    let received = world.receive(1, 10_000).await;
    let mut waiter = sleeping(&world.queues, 1).await.remove(0);
    assert!(world.delete(&received[0].key).await);
    soon(waiter.woken()).await;
}

#[tokio::test]
async fn timers_wake_for_delays_and_ended_leases() {
    let world = World::new(Discipline::Standard).await;
    let _timers = world.env.spawn("timers", world.queues.clone().run_timers());
    // More delayed messages than the window holds, the nearest sent last.
    for delay in (1..=9).rev() {
        world.send_delayed("", &format!("{delay}"), delay * 1000).await;
    }
    assert_eq!(world.counts(), (0, 0, 9));
    for delay in 1..=9 {
        let mut waiter = sleeping(&world.queues, 1).await.remove(0);
        world.advance(1000);
        soon(waiter.woken()).await;
        assert_eq!(world.receive(10, 500_000).await[0].body, delay.to_string());
    }
    let mut waiter = sleeping(&world.queues, 1).await.remove(0);
    world.advance(491_000);
    assert!(pends(waiter.woken()).await);
    world.advance(1_000);
    soon(waiter.woken()).await;
    assert_eq!(world.counts(), (1, 8, 0));
    world.check().await;
}

#[tokio::test]
async fn a_jump_of_time_over_many_due_messages_makes_all_of_them_ready() {
    let world = World::new(Discipline::Standard).await;
    for delay in 1..=50 {
        world.send_delayed("", &format!("{delay}"), delay * 10).await;
    }
    world.advance(400);
    assert_eq!(world.take(100).await.len(), 40);
    assert_eq!(world.counts(), (0, 0, 10));
    world.check().await;
}

#[tokio::test]
async fn every_message_reaches_one_of_many_consumers() {
    let world = Arc::new(World::new(Discipline::Standard).await);
    let (consumers, messages) = (8, 200);
    let left = Arc::new(tokio::sync::Semaphore::new(0));
    let tasks: Vec<_> = (0..consumers)
        .map(|_| {
            let (world, left) = (world.clone(), left.clone());
            world.env.clone().spawn("consumer", async move {
                loop {
                    let mut waiter = world.queues.wait(Q);
                    let taken = world.take(1).await;
                    if taken.is_empty() {
                        waiter.woken().await;
                    }
                    left.add_permits(taken.len());
                }
            })
        })
        .collect();
    for number in 0..messages {
        world.send("", &format!("{number}")).await;
    }
    drop(soon(left.acquire_many(messages)).await.unwrap());
    assert_eq!(world.counts(), (0, 0, 0));
    drop(tasks);
}

#[tokio::test]
async fn who_waits_for_a_queue_that_goes_away_is_told() {
    let world = World::new(Discipline::Standard).await;
    let mut waiter = sleeping(&world.queues, 1).await.remove(0);
    world.commit(async |tx| drop_in_tx(tx, Q).await).await;
    soon(waiter.woken()).await;
    soon(world.queues.wait(QueueId(99)).woken()).await;
}

#[tokio::test]
async fn the_activity_board_lists_what_waits_and_nothing_busy() {
    let world = World::new(Discipline::Standard).await;
    world.send("", "a").await;
    let what = format!("delayed or leased message in queue {}", Q.0);
    let waiting = || world.env.activity().report(world.now()).waiting.into_iter().find(|waiting| waiting.what == what);
    assert_eq!(waiting(), None);
    world.send_delayed("", "b", 700).await;
    assert_eq!(waiting(), Some(Waiting { what: what.clone(), due: START.plus_millis(700) }));
    drop(world.receive(1, 300).await);
    assert_eq!(waiting().map(|waiting| waiting.due), Some(START.plus_millis(300)));
}
