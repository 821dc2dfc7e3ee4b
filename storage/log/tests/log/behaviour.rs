//! What a log promises: order, pages, waiting, cursors, trimming, and that dropped logs leave nothing.

use std::pin::pin;
use std::task::{Context, Waker};

use tidegate_log::{
    LogError, LogId, LogPage, Page, Position, Trimmed, advance_in_tx, append_in_tx, clear_in_tx, create_in_tx,
    cursor_in_tx, drop_in_tx, forget_cursor_in_tx, start_cursor_in_tx,
};
use tidegate_store::Tx;
use tidegate_store::engine::memory::Fault;

use crate::world::World;

const LOG: LogId = LogId(7);
const OTHER: LogId = LogId(8);
const ALL: Page = Page::of(10_000);

/// A world with two empty logs.
fn world() -> World {
    let mut world = World::new(1);
    let create = async |tx: &mut Tx| {
        create_in_tx(tx, LOG);
        create_in_tx(tx, OTHER);
        Ok(())
    };
    world.transact(create).unwrap();
    world
}

/// Appends records in one transaction; their positions.
fn append(world: &mut World, log: LogId, records: &[&'static str]) -> Vec<Position> {
    let body = async move |tx: &mut Tx| {
        for record in records {
            append_in_tx(tx, log, record.as_bytes()).await?;
        }
        Ok(())
    };
    world.transact(body).unwrap().committed.positions
}

fn read(world: &mut World, log: LogId, from: Position, page: Page) -> LogPage {
    world.run(async |_, logs| logs.read(log, from, page).await).unwrap()
}

fn values(page: &LogPage) -> Vec<&str> {
    page.records.iter().map(|record| std::str::from_utf8(&record.value).unwrap()).collect()
}

#[test]
fn records_are_read_in_order_in_pages() {
    let mut world = world();
    let mut positions = append(&mut world, LOG, &["a", "b"]);
    append(&mut world, OTHER, &["x"]);
    positions.extend(append(&mut world, LOG, &["c"]));
    let page = read(&mut world, LOG, Position(0), ALL);
    assert_eq!(values(&page), ["a", "b", "c"]);
    assert_eq!(page.records.iter().map(|record| record.position).collect::<Vec<_>>(), positions);

    let first = read(&mut world, LOG, Position(0), Page::of(2));
    assert_eq!(values(&first), ["a", "b"]);
    let rest = read(&mut world, LOG, first.next, Page::of(2));
    assert_eq!((values(&rest), rest.trimmed), (vec!["c"], false));
    let end = read(&mut world, LOG, rest.next, ALL);
    assert_eq!((values(&end), end.next), (vec![], rest.next));
    let one = Page { entries: 10, bytes: 1 };
    assert_eq!(values(&read(&mut world, LOG, Position(0), one)), ["a"], "at least one record, whatever its size");

    let ends = world.run(async |_, logs| (logs.oldest(LOG).await.unwrap(), logs.newest(LOG).await.unwrap()));
    assert_eq!(ends, (Some(positions[0]), Some(positions[2])));
}

#[test]
fn what_does_not_exist_is_refused() {
    let mut world = world();
    let missing = LogId(99);
    let refused = |result: Result<(), LogError>| assert!(matches!(result, Err(LogError::NoSuchLog(LogId(99)))));
    refused(world.transact(async |tx| append_in_tx(tx, missing, "x").await.map(drop)).map(drop));
    refused(world.transact(async |tx| clear_in_tx(tx, missing).await).map(drop));
    refused(world.transact(async |tx| drop_in_tx(tx, missing).await).map(drop));
    refused(world.transact(async |tx| start_cursor_in_tx(tx, missing, "c", Position(0)).await).map(drop));
    refused(world.run(async |_, logs| logs.read(missing, Position(0), ALL).await.map(drop)));
    refused(world.run(async |_, logs| logs.trim_while(missing, |_| true).await.map(drop)));
    refused(world.run(async |_, logs| logs.follow(missing).await.map(drop)));
    let again = world.transact(async |tx| {
        create_in_tx(tx, LOG);
        Ok(())
    });
    assert!(matches!(again, Err(LogError::Commit(_))), "a log's number is used once");
}

#[test]
fn followers_are_woken_by_commits_of_their_log_only() {
    let mut world = world();
    append(&mut world, LOG, &["a"]);
    let mut follower = world.run(async |_, logs| logs.follow(LOG).await).unwrap();
    let seen = read(&mut world, LOG, Position(0), ALL);
    assert_eq!(follower.newest(), Some(seen.records[0].position), "what was there is known at once");

    {
        let mut reached = pin!(follower.reached(seen.next));
        let mut poll = || reached.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready();
        assert!(!poll());
        append(&mut world, OTHER, &["x"]);
        assert!(!poll());
        append(&mut world, LOG, &["b", "c"]);
        assert!(poll());
    }
    let newest = read(&mut world, LOG, seen.next, ALL).records[1].position;
    assert_eq!(follower.newest(), Some(newest));

    // A record that is trimmed again was there.
    world.run(async |_, logs| logs.trim_while(LOG, |_| true).await).unwrap();
    assert_eq!(follower.newest(), Some(newest));
    let late = world.run(async |_, logs| logs.follow(LOG).await).unwrap();
    assert_eq!(late.newest(), Some(newest));
    drop((follower, late));
    let alone = world.run(async |_, logs| logs.follow(LOG).await).unwrap();
    assert_eq!(alone.newest(), None, "nobody followed, so nothing was remembered");
}

#[test]
fn a_reader_processes_each_record_once_through_its_cursor() {
    let mut world = world();
    append(&mut world, LOG, &["a", "b", "c"]);
    let start = async |tx: &mut Tx| start_cursor_in_tx(tx, LOG, "reader", Position(0)).await;
    let from = world.transact(start).unwrap().value;
    let page = read(&mut world, LOG, from, Page::of(2));
    let next = page.next;
    let advance = async move |tx: &mut Tx| advance_in_tx(tx, LOG, "reader", from, next).await;
    world.transact(advance).unwrap();
    let second = world.transact(advance);
    assert!(matches!(second, Err(LogError::CursorMoved { found, .. }) if found == next), "{second:?}");

    let mut world = world.restart();
    assert_eq!(world.transact(start).unwrap().value, next, "a cursor is started once");
    assert_eq!(values(&read(&mut world, LOG, next, ALL)), ["c"]);
    let cursors = async |_: &dyn tidegate_store::Store, logs: &tidegate_log::Logs| {
        let first = logs.cursors(LOG, None, 10).await.unwrap();
        assert_eq!(logs.cursors(LOG, Some("reader"), 10).await.unwrap(), []);
        assert_eq!(logs.cursor(LOG, "reader").await.unwrap(), first.first().map(|cursor| cursor.1));
        first
    };
    assert_eq!(world.run(cursors), [("reader".to_owned(), next)]);

    let forget = async |tx: &mut Tx| {
        forget_cursor_in_tx(tx, LOG, "reader");
        cursor_in_tx(tx, LOG, "reader").await
    };
    assert_eq!(world.transact(forget).unwrap().value, None);
    assert!(matches!(world.transact(advance), Err(LogError::NoSuchCursor { .. })));
}

#[test]
fn trimming_goes_from_the_front_and_readers_behind_it_are_told() {
    let mut world = world();
    let positions = append(&mut world, LOG, &["a", "b", "c"]);
    let trim = |world: &mut World, before: Position| {
        world.run(async move |_, logs| logs.trim_while(LOG, |record| record.position < before).await).unwrap()
    };
    assert_eq!(trim(&mut world, positions[2]), Trimmed { records: 2, more: false });
    assert_eq!(trim(&mut world, positions[2]), Trimmed { records: 0, more: false });
    let all = read(&mut world, LOG, Position(0), ALL);
    assert_eq!((values(&all), all.trimmed), (vec!["c"], false), "who asks for the oldest misses nothing");
    let behind = read(&mut world, LOG, positions[1], ALL);
    assert_eq!((values(&behind), behind.trimmed), (vec!["c"], true));
    assert!(!read(&mut world, LOG, positions[2], ALL).trimmed);

    assert_eq!(trim(&mut world, Position(u64::MAX)), Trimmed { records: 1, more: true });
    assert_eq!(trim(&mut world, Position(u64::MAX)), Trimmed { records: 0, more: false });
    let ends = world.run(async |_, logs| (logs.oldest(LOG).await.unwrap(), logs.newest(LOG).await.unwrap()));
    assert_eq!(ends, (None, None));
    world.audit();
}

#[test]
fn trimming_a_long_log_takes_bounded_steps() {
    let mut world = world();
    for _ in 0..25 {
        append(&mut world, LOG, &["x"; 100]);
    }
    let mut steps = Vec::new();
    loop {
        let trimmed = world.run(async |_, logs| logs.trim_while(LOG, |_| true).await).unwrap();
        steps.push(trimmed.records);
        if !trimmed.more {
            break;
        }
    }
    assert_eq!(steps, [1000, 1000, 500, 0]);
}

#[test]
fn a_cleared_log_goes_on_and_a_dropped_one_leaves_nothing() {
    let mut world = world();
    for _ in 0..15 {
        append(&mut world, LOG, &["x"; 100]);
    }
    let start = async |tx: &mut Tx| start_cursor_in_tx(tx, LOG, "reader", Position(3)).await;
    world.transact(start).unwrap();
    world.transact(async |tx| clear_in_tx(tx, LOG).await).unwrap();
    append(&mut world, LOG, &["after"]);
    assert_eq!(values(&read(&mut world, LOG, Position(0), ALL)), ["after"]);
    world.audit();

    let sweep = |world: &mut World| {
        while world.run(async |_, logs| logs.sweep().await).unwrap() {
            world.audit();
        }
    };
    sweep(&mut world);
    assert_eq!(world.records(), 4, "two logs, a cursor and a record");
    assert_eq!(values(&read(&mut world, LOG, Position(0), ALL)), ["after"]);

    world.transact(async |tx| drop_in_tx(tx, LOG).await).unwrap();
    world.transact(async |tx| drop_in_tx(tx, OTHER).await).unwrap();
    sweep(&mut world);
    assert_eq!(world.records(), 0);
}

#[test]
fn followers_know_what_the_store_holds_after_a_failed_sync() {
    // By chance the record is there after the recovery or it is not; both must have been seen.
    let mut outcomes = [false; 2];
    for seed in 0..32 {
        let mut world = World::new(seed);
        let create = async |tx: &mut Tx| {
            create_in_tx(tx, LOG);
            Ok(())
        };
        world.transact(create).unwrap();
        let follower = world.run(async |_, logs| logs.follow(LOG).await).unwrap();
        world.disk.plan(Fault::FailedSync, 0);
        let appended = world.transact(async |tx| append_in_tx(tx, LOG, "a").await);
        assert!(matches!(appended, Err(LogError::Commit(_))), "{appended:?}");
        world.recover();
        let newest = world.run(async |_, logs| logs.newest(LOG).await).unwrap();
        assert_eq!(follower.newest(), newest, "seed {seed}");
        outcomes[usize::from(newest.is_some())] = true;
    }
    assert_eq!(outcomes, [true; 2]);
}
