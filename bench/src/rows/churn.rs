//! What the disk holds after many messages have come and gone.

use anyhow::{Result, ensure};

use super::Row;
use crate::disk;
use crate::load::{self, Until, Work};
use crate::options::Options;
use crate::report::{Line, Report};
use crate::server::Server;
use crate::sqs::create;

const CONNECTIONS: usize = 32;
/// Messages that come and go in one turn of producers and consumers.
const PORTION: u64 = 200_000;
const SLACK: u64 = 256 << 20;

pub async fn measure(options: &Options, report: &mut Report) -> Result<()> {
    if !options.wants(Row::Churn) {
        return Ok(());
    }
    let server = Server::start(options).await?;
    let queue = create(server.address, "churn").await?;
    load::fill(&queue, options.live, options.message_bytes).await?;
    let (send, consume) = (Work::Same(queue.send_batch(options.message_bytes)), Work::ReceiveAndDelete(queue.clone()));
    let (mut passed, mut most) = (0, 0);
    while passed < options.pass_through {
        let portion = u64::min(PORTION, options.pass_through - passed).div_ceil(10);
        let (sent, taken) = tokio::join!(
            load::run(server.address, CONNECTIONS, &send, Until::Count(portion)),
            load::run(server.address, CONNECTIONS, &consume, Until::Count(portion)),
        );
        sent?;
        taken?;
        passed += 10 * portion;
        most = u64::max(most, disk::occupied(&server.data())?);
    }
    // Batches that did not find ten have left some behind.
    let waiting = queue.waiting().await?;
    if waiting > options.live {
        load::run(server.address, CONNECTIONS, &consume, Until::Count((waiting - options.live).div_ceil(10))).await?;
    }
    let waiting = queue.waiting().await?;
    ensure!(waiting > 0 || options.live == 0, "the live data is gone");
    let (live, found) = (waiting * options.message_bytes as u64, disk::occupied(&server.data())?);
    let limit = 3 * live + SLACK;
    report.add(Line {
        what: format!("disk after {passed} messages have passed through"),
        goal: "≤ 3 × live data + 256 MiB".to_owned(),
        figure: format!("{} MiB", found >> 20),
        met: Some(found <= limit),
        details: format!(
            "live {} MiB ({waiting} messages), limit {} MiB, at most {} MiB on the way; {:.0} MiB of memory",
            live >> 20,
            limit >> 20,
            most >> 20,
            server.resident_mib()?
        ),
    });
    Ok(())
}
