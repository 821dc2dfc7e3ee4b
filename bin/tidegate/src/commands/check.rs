//! `tidegate check`: reads everything that a data folder holds, and asks every invariant.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use tidegate_blob::Blobs;
use tidegate_dynamodb::invariants as dynamodb_invariants;
use tidegate_env::Env;
use tidegate_gateway::AccessKeys;
use tidegate_queue::{Queues, invariants as queue_invariants};
use tidegate_sqs::invariants as sqs_invariants;
use tidegate_store::{AuditReport, EmbeddedStore, Options, Store};

use crate::running::BLOBS;

/// Problems that are printed; the rest is counted.
const MAX_PRINTED: usize = 100;

/// Verifies the folder and says what it holds. Fails if anything is wrong with it.
///
/// # Errors
/// A folder that cannot be read at all, or that a server has open.
pub async fn run(folder: &Path) -> anyhow::Result<ExitCode> {
    crate::folder::expect(folder)?;
    let env = Env::real();
    let dir = folder.to_owned();
    let report = env.run_blocking(move || tidegate_store::verify(&dir, &mut [])).await?;
    print_report(&report);
    let mut problems: Vec<String> =
        report.problems.iter().map(|problem| format!("{}: {}", problem.invariant, problem.what)).collect();
    let mut count = report.problem_count;
    if problems.is_empty() {
        // Only a store that can be read can be asked what its records mean.
        problems = in_services(folder, &env).await?;
        count = problems.len() as u64;
    }
    problems.iter().take(MAX_PRINTED).for_each(|problem| println!("PROBLEM {problem}"));
    if count == 0 {
        println!("{} is sound", folder.display());
        return Ok(ExitCode::SUCCESS);
    }
    let noun = if count == 1 { "problem" } else { "problems" };
    println!("{} has {count} {noun}; restore a backup", folder.display());
    Ok(ExitCode::FAILURE)
}

fn print_report(report: &AuditReport) {
    for (space, records, bytes) in &report.spaces {
        println!("{space:?}: {records} records, {bytes} bytes");
    }
    println!("last commit: {}", report.sequence.0);
}

async fn in_services(folder: &Path, env: &Env) -> anyhow::Result<Vec<String>> {
    let store = crate::folder::open(env, Options::new(folder)).await?;
    let found = violations(store.clone(), folder, env).await;
    env.run_blocking(move || store.close()).await;
    found
}

async fn violations(store: Arc<EmbeddedStore>, folder: &Path, env: &Env) -> anyhow::Result<Vec<String>> {
    let snapshot = store.snapshot()?;
    let queues = queue_invariants::check_store(&*snapshot).await?;
    let sqs = sqs_invariants::check_store(&*snapshot).await?;
    let dynamodb = dynamodb_invariants::check_store(&*snapshot).await?;
    let of_queues = queues.iter().map(|found| format!("{}: {} at {:02x?}", found.invariant, found.what, found.key));
    let of_sqs = sqs.iter().map(|found| format!("{}: {}", found.invariant, found.what));
    let of_dynamodb = dynamodb.iter().map(|found| format!("{}: {}", found.invariant, found.what));
    let of_logs = tidegate_log::violations(&*snapshot).await?;
    let of_cloudwatch_logs = tidegate_logs::invariants::violations(&*snapshot).await?;
    let iam = tidegate_iam::invariants::check_store(&*snapshot).await?;
    let sts = tidegate_sts::invariants::check_store(&*snapshot).await?;
    let of_iam = iam.iter().map(|found| format!("{}: {}", found.invariant, found.what));
    let of_sts = sts.iter().map(|found| format!("{}: {}", found.invariant, found.what));
    let blobs = Blobs::open(folder.join(BLOBS), env.clone()).await?;
    let of_s3 = tidegate_s3::invariants::violations(&*snapshot, &blobs).await?;
    let of_mail = tidegate_mail::invariants::violations(&*snapshot).await?;
    let found = of_queues
        .chain(of_sqs)
        .chain(of_dynamodb)
        .chain(of_logs)
        .chain(of_cloudwatch_logs)
        .chain(of_iam)
        .chain(of_sts)
        .chain(of_s3)
        .chain(of_mail)
        .collect();
    // What a start would build in memory must come out of it.
    AccessKeys::open(store.clone(), env.clone()).await.context("access keys")?;
    Queues::open(store, env.clone()).await.context("queues")?;
    Ok(found)
}
