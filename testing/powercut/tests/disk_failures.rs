//! The server under load while its disk loses power, fails or fills up.

#![allow(clippy::unwrap_used, reason = "in a test a failure is a failure")]
#![allow(clippy::disallowed_methods, reason = "the load is the machine's own")]

use std::time::{Duration, Instant};

use serde_json::json;
use tidegate_harness::Sqs;
use tidegate_powercut::{Disk, Kept, Load, Machine};

/// How many cuts: small in the usual run, more where `TIDEGATE_POWERCUT_CUTS` says so.
fn cuts() -> u64 {
    std::env::var("TIDEGATE_POWERCUT_CUTS").ok().and_then(|text| text.parse().ok()).unwrap_or(6)
}

async fn machine() -> Option<(Machine, String)> {
    let mut machine = Machine::new(Disk::new().unwrap()?);
    machine.start().unwrap();
    let queue = Sqs::new(machine.client()).create_queue("work", json!({ "VisibilityTimeout": "30" })).await.unwrap();
    Some((machine, queue))
}

/// Waits until the load has met what the test set up for it.
async fn until(what: &str, mut met: impl FnMut() -> bool) {
    let start = Instant::now();
    while !met() {
        assert!(start.elapsed() < Duration::from_secs(60), "a minute has passed without {what}");
        tokio::task::yield_now().await;
    }
}

/// The machine stops; what its disk keeps must be whole.
fn switch_off_and_check(machine: &mut Machine) {
    machine.kill().unwrap();
    machine.disk.mend().unwrap();
    machine.check().unwrap();
}

/// Starts the server, cutting the power while it recovers until it is quicker than the cut. Returns
/// how often that was.
fn cut_recovery(machine: &mut Machine, kept: Kept, round: u64) -> u64 {
    let mut cuts = 0;
    loop {
        machine.disk.cut_after(1 + cuts * 4 + round % 4, kept, round + cuts).unwrap();
        if machine.start_unless_cut().unwrap() {
            break;
        }
        cuts += 1;
    }
    machine.disk.mend().unwrap();
    // It was ready, but the last cut may have met it all the same.
    if machine.is_down().unwrap() {
        machine.await_cut().unwrap();
        machine.start().unwrap();
    }
    cuts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_of_power_loses_nothing_acknowledged() {
    let Some((mut machine, queue)) = machine().await else { return };
    let (load, mut in_recovery) = (Load::default(), 0);
    for round in 0..cuts() {
        let kept = [Kept::Nothing, Kept::SomeFirst, Kept::SomeAnywhere][(round % 3) as usize];
        // Spread over the load: some cuts come early, some late.
        machine.disk.cut_after(40 + round * 977 % 2500, kept, round).unwrap();
        let running = load.start(&machine.client(), &queue);
        tokio::task::block_in_place(|| machine.await_cut()).unwrap();
        running.stop().await.unwrap();
        in_recovery += cut_recovery(&mut machine, kept, round);
        load.audit(&machine.client(), &queue)
            .await
            .unwrap_or_else(|error| panic!("after cut {round} ({kept:?}): {error:#}"));
    }
    let (undone, kept) = machine.disk.undone_and_kept().unwrap();
    let stored = load.stored().await;
    println!(
        "{} cuts under load, {in_recovery} in recovery; {stored} messages are there; {undone} unsynced changes undone, {kept} kept",
        cuts()
    );
    assert!(undone > 0, "the cuts have met nothing that was not synced");
    switch_off_and_check(&mut machine);
}

/// After a failed sync the kernel takes the lost pages for clean: a second sync of the same file
/// would succeed and save nothing, and the cut at the end would show it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_sync_is_never_taken_for_a_good_one() {
    let Some((mut machine, queue)) = machine().await else { return };
    let load = Load::default();
    for round in 0..3 {
        let running = load.start(&machine.client(), &queue);
        let before = machine.disk.failed().unwrap();
        machine.disk.fail_syncs(1 + round).unwrap();
        until("a failed sync", || machine.disk.failed().unwrap() > before).await;
        load.await_recovery(&machine.client(), &queue).await.unwrap();
        running.stop().await.unwrap();
        machine.disk.mend().unwrap();
        load.await_recovery(&machine.client(), &queue).await.unwrap();
        load.audit(&machine.client(), &queue).await.unwrap();

        machine.disk.cut_after(30, Kept::Nothing, round).unwrap();
        let running = load.start(&machine.client(), &queue);
        tokio::task::block_in_place(|| machine.await_cut()).unwrap();
        running.stop().await.unwrap();
        machine.start().unwrap();
        load.audit(&machine.client(), &queue)
            .await
            .unwrap_or_else(|error| panic!("after a failed sync and a cut: {error:#}"));
    }
    assert!(load.refused() > 0, "nobody was refused");
    switch_off_and_check(&mut machine);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_write_is_refused_and_recovered_from() {
    let Some((mut machine, queue)) = machine().await else { return };
    let load = Load::default();
    for round in 0..3 {
        let running = load.start(&machine.client(), &queue);
        let before = machine.disk.failed().unwrap();
        machine.disk.fail_writes(1 + round).unwrap();
        until("a failed write", || machine.disk.failed().unwrap() > before).await;
        load.await_recovery(&machine.client(), &queue).await.unwrap();
        running.stop().await.unwrap();
        machine.disk.mend().unwrap();
        load.await_recovery(&machine.client(), &queue).await.unwrap();
        load.audit(&machine.client(), &queue).await.unwrap();
    }
    switch_off_and_check(&mut machine);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_until_there_is_room() {
    let Some((mut machine, queue)) = machine().await else { return };
    let load = Load::default();
    for room in [200_000, 0, 50_001] {
        let running = load.start(&machine.client(), &queue);
        let (failed, refused) = (machine.disk.failed().unwrap(), load.refused());
        machine.disk.leave_room(Some(room)).unwrap();
        until("a full disk", || machine.disk.failed().unwrap() > failed).await;
        until("a refusal", || load.refused() > refused + 10).await;
        machine.disk.leave_room(None).unwrap();
        load.await_recovery(&machine.client(), &queue).await.unwrap();
        running.stop().await.unwrap();
        load.audit(&machine.client(), &queue).await.unwrap();
    }
    // A machine that is killed with a full disk, and started again on one, comes back once it has room.
    let running = load.start(&machine.client(), &queue);
    machine.disk.leave_room(Some(10_000)).unwrap();
    let refused = load.refused();
    until("a refusal", || load.refused() > refused).await;
    machine.kill().unwrap();
    running.stop().await.unwrap();
    machine.disk.mend().unwrap();
    machine.start().unwrap();
    load.audit(&machine.client(), &queue).await.unwrap();
    switch_off_and_check(&mut machine);
}
