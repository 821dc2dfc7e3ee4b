//! Many writers and one reader that waits: nothing is missed, doubled or out of order.

use std::collections::HashMap;
use std::sync::Arc;

use tidegate_env::Env;
use tidegate_log::{LogError, LogId, Logs, Page, Position, append_in_tx, create_in_tx};
use tidegate_store::{EmbeddedStore, Store, Tx, transact};
use tidegate_types::Timestamp;

const LOG: LogId = LogId(1);
const WRITERS: u32 = 8;
const RECORDS: u32 = 300;

async fn commit(store: &dyn Store, body: impl AsyncFnOnce(&mut Tx) -> Result<(), LogError> + Clone) {
    transact(store, &[], body).await.unwrap();
}

async fn write(store: Arc<EmbeddedStore>, writer: u32) {
    for number in 0..RECORDS {
        let record = [writer.to_be_bytes(), number.to_be_bytes()].concat();
        let record = &record;
        commit(&*store, async move |tx: &mut Tx| append_in_tx(tx, LOG, record.clone()).await.map(drop)).await;
    }
}

/// Reads until everything has come; the position of each record, by writer.
async fn follow(logs: &Logs) -> HashMap<u32, Vec<u32>> {
    let mut follower = logs.follow(LOG).await.unwrap();
    let (mut from, mut seen) = (Position(0), HashMap::<u32, Vec<u32>>::new());
    while seen.values().map(Vec::len).sum::<usize>() < (WRITERS * RECORDS) as usize {
        let page = logs.read(LOG, from, Page::of(50)).await.unwrap();
        for record in &page.records {
            assert!(record.position >= from, "positions rise");
            let (writer, number) = record.value.split_at(4);
            let number = u32::from_be_bytes(number.try_into().unwrap());
            seen.entry(u32::from_be_bytes(writer.try_into().unwrap())).or_default().push(number);
        }
        if page.records.is_empty() {
            follower.reached(from).await;
        }
        from = page.next;
    }
    assert_eq!(follower.newest(), Some(Position(from.0 - 1)));
    seen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_reader_that_waits_gets_every_record_once_and_in_order() {
    let env = Env::manual(1, Timestamp::EPOCH).0;
    let store = EmbeddedStore::ephemeral(env.clone()).unwrap();
    let logs = Logs::open(store.clone()).await.unwrap();
    let create = async |tx: &mut Tx| {
        create_in_tx(tx, LOG);
        Ok(())
    };
    commit(&*store, create).await;
    let writers: Vec<_> =
        (0..WRITERS).map(|writer| env.spawn("writer", Box::pin(write(store.clone(), writer)))).collect();
    let seen = follow(&logs).await;
    for writer in writers {
        writer.await.expect("no writer fails");
    }
    for writer in 0..WRITERS {
        assert!(seen[&writer].iter().copied().eq(0..RECORDS), "each writer's records are in its order");
    }
}
