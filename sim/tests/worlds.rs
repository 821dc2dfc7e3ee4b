//! A few worlds in the usual run of tests; `cargo run -p tidegate-sim` runs many.

#![allow(clippy::unwrap_used, reason = "in a test a failure is a failure")]

use tidegate_sim::{Crashes, Plan, World};

fn plan(seed: u64, events: u64, crashes: Crashes) -> Plan {
    Plan { seed, events, crashes, ..Plan::default() }
}

fn run(plan: &Plan) -> tidegate_sim::Summary {
    World::run(plan).unwrap_or_else(|failed| panic!("{failed}"))
}

#[test]
fn everything_holds_in_worlds_that_crash_at_random() {
    let (mut crashes, mut audited) = (0, 0);
    for seed in 1_000_000..1_000_004 {
        let summary = run(&plan(seed, 3000, Crashes::AtRandom));
        crashes += summary.crashes;
        audited += summary.audited;
    }
    assert!(crashes > 4 && audited > 100, "{crashes} crashes, {audited} messages: these worlds prove nothing");
}

#[test]
fn everything_holds_after_a_crash_at_each_step_of_the_committer() {
    let undisturbed = run(&plan(1, 40, Crashes::Never));
    for step in 1..=undisturbed.steps {
        let summary = run(&plan(1, 40, Crashes::Once(step)));
        assert_eq!(summary.crashes, 1, "step {step}");
    }
}

#[test]
fn a_world_repeats_itself() {
    let plan = plan(7, 1500, Crashes::AtRandom);
    assert_eq!(run(&plan), run(&plan));
}

/// The auditors are worth something only if they notice: here the disk says that it has synced, and has
/// not.
#[test]
fn a_disk_that_lies_about_syncing_is_found_out() {
    let found = (0..10).filter(|seed| {
        let lying = Plan { disk_lies: true, ..plan(*seed, 3000, Crashes::AtRandom) };
        World::run(&lying).is_err()
    });
    assert!(found.count() >= 8);
}
