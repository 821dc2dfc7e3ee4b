//! Many producers and consumers at once, on several threads, whose work is dropped at random points.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::task::Poll;

use parking_lot::Mutex;

use super::{Q, World, soon};
use crate::{Discipline, Reservation, delete_in_tx, lease_in_tx};

const LANES: u64 = 5;
const MESSAGES: u64 = 1_000;
const CONSUMERS: usize = 6;
const LEASE_MS: u64 = 1_000;

/// What has happened to messages, by lane and number within it.
#[derive(Default)]
struct Ledger {
    held: BTreeSet<(u64, u64)>,
    /// Deletion was tried: it is gone, or will turn up again.
    tried: BTreeSet<(u64, u64)>,
    gone: BTreeSet<(u64, u64)>,
    lanes: BTreeMap<u64, u64>,
}

/// Polls at most `polls` times; then the future is dropped where it stands.
async fn briefly<T>(future: impl Future<Output = T>, polls: u64) -> Option<T> {
    let mut future = Box::pin(future);
    let mut left = polls;
    std::future::poll_fn(move |context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        future.as_mut().poll(context).map(Some)
    })
    .await
}

fn name(reservation: &Reservation) -> (u64, u64) {
    let text = std::str::from_utf8(&reservation.body).unwrap();
    let (lane, number) = text.split_once('/').unwrap();
    (lane.parse().unwrap(), number.parse().unwrap())
}

/// What is held must be let go also when the consumer is dropped.
struct Held<'a>(&'a Mutex<Ledger>, Vec<(u64, u64)>);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let mut ledger = self.0.lock();
        self.1.iter().for_each(|message| assert!(ledger.held.remove(message)));
    }
}

impl<'a> Held<'a> {
    fn new(ledger: &'a Mutex<Ledger>, discipline: Discipline, messages: Vec<(u64, u64)>) -> Held<'a> {
        let mut now = ledger.lock();
        for (lane, number) in &messages {
            assert!(!now.gone.contains(&(*lane, *number)), "{lane}/{number} has come back");
            assert!(now.held.insert((*lane, *number)), "{lane}/{number} is with two consumers");
            if discipline == Discipline::Fifo {
                let before = (0..*number).map(|number| (*lane, number));
                let mut missing = before.filter(|m| !now.tried.contains(m) && !messages.contains(m));
                assert_eq!(missing.next(), None, "{lane}/{number} came first");
            }
        }
        drop(now);
        Held(ledger, messages)
    }
}

async fn consume(world: &World, ledger: &Mutex<Ledger>, discipline: Discipline) -> std::convert::Infallible {
    let random = |below: u64| world.env.random_u64() % below;
    let mut waiter = world.queues.wait(Q);
    loop {
        let reserved = world.reserve(1 + random(4) as usize).await;
        if reserved.is_empty() {
            waiter.woken().await;
            continue;
        }
        if random(4) == 0 {
            continue;
        }
        let (now, until) = (world.now(), world.now().plus_millis(LEASE_MS));
        let leased = world
            .commit(async |tx| {
                let mut leased = Vec::new();
                for reservation in &reserved {
                    leased.push(lease_in_tx(tx, reservation, now, until).await?.is_some());
                }
                Ok(leased)
            })
            .await;
        let leased: Vec<_> = reserved.iter().zip(leased).filter(|(_, leased)| *leased).map(|(one, _)| one).collect();
        let held = Held::new(ledger, discipline, leased.iter().map(|reservation| name(reservation)).collect());
        ledger.lock().tried.extend(held.1.iter().copied());
        world
            .commit(async |tx| {
                for reservation in &leased {
                    assert!(delete_in_tx(tx, &reservation.key).await?);
                }
                Ok(())
            })
            .await;
        ledger.lock().gone.extend(held.1.iter().copied());
    }
}

async fn produce(world: &World, ledger: &Mutex<Ledger>, lane: u64) {
    for number in 0..MESSAGES / LANES {
        world.send(&format!("lane{lane}"), &format!("{lane}/{number}")).await;
        *ledger.lock().lanes.entry(lane).or_default() += 1;
    }
}

async fn play(discipline: Discipline) {
    let world = Arc::new(World::new(discipline).await);
    let ledger = Arc::new(Mutex::new(Ledger::default()));
    let stop = tokio::sync::watch::Sender::new(false);
    let consumers: Vec<_> = (0..CONSUMERS)
        .map(|_| {
            let (world, ledger, mut stopped) = (world.clone(), ledger.clone(), stop.subscribe());
            world.env.clone().spawn("consumer", async move {
                let mut dropped = 0;
                while !*stopped.borrow() {
                    let polls = 1 + world.env.random_u64() % 60;
                    tokio::select! {
                        consumed = briefly(consume(&world, &ledger, discipline), polls) => assert_eq!(consumed, None),
                        _ = stopped.changed() => {}
                    }
                    dropped += 1;
                }
                dropped
            })
        })
        .collect();
    let producers: Vec<_> = (0..LANES)
        .map(|lane| {
            let (world, ledger) = (world.clone(), ledger.clone());
            world.env.clone().spawn("producer", async move { produce(&world, &ledger, lane).await })
        })
        .collect();
    for producer in producers {
        soon(producer).await.unwrap();
    }
    stop.send_replace(true);
    for consumer in consumers {
        assert!(soon(consumer).await.expect("no consumer panicked") > 0);
    }
    assert!(!ledger.lock().gone.is_empty(), "consumers got nowhere");
    world.check().await;
    finish(&world, &ledger, discipline).await;
}

/// Leases that nobody remembers end, and what is left is consumed in peace.
async fn finish(world: &World, ledger: &Mutex<Ledger>, discipline: Discipline) {
    world.advance(LEASE_MS);
    loop {
        let received = world.receive(10, LEASE_MS).await;
        if received.is_empty() {
            break;
        }
        let held = Held::new(ledger, discipline, received.iter().map(name).collect());
        ledger.lock().tried.extend(held.1.iter().copied());
        ledger.lock().gone.extend(held.1.iter().copied());
        for reservation in &received {
            assert!(world.delete(&reservation.key).await);
        }
    }
    assert_eq!(world.counts(), (0, 0, 0));
    assert_eq!(ledger.lock().tried.len() as u64, MESSAGES);
    assert_eq!(ledger.lock().lanes.values().sum::<u64>(), MESSAGES);
    world.check().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn standard_queues_stand_the_crowd() {
    play(Discipline::Standard).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifo_queues_stand_the_crowd() {
    play(Discipline::Fifo).await;
}
