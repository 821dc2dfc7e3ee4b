//! How soon a server is healthy, and what it takes when idle.

use anyhow::Result;

use super::Row;
use crate::load;
use crate::options::Options;
use crate::report::{Line, Report};
use crate::server::Server;
use crate::sqs::create;
use crate::statistics::Spread;

const IDLE_MIB: f64 = 30.0;

pub async fn measure(options: &Options, report: &mut Report) -> Result<()> {
    if options.wants(Row::Idle) {
        idle(options, report).await?;
    }
    if options.wants(Row::Restart) {
        restart(options, report).await?;
    }
    Ok(())
}

async fn idle(options: &Options, report: &mut Report) -> Result<()> {
    let (mut millis, mut memory) = (Vec::new(), Vec::new());
    for _ in 0..options.rounds {
        let server = Server::start(options).await?;
        millis.push(server.healthy_after.as_secs_f64() * 1000.0);
        // Its workers have had their first look around by then.
        tokio::time::sleep(options.turn()).await;
        memory.push(server.resident_mib()?);
    }
    let (millis, memory) = (Spread::of(&millis), Spread::of(&memory));
    report.add(Line {
        what: "healthy after start, empty store".to_owned(),
        goal: "≤ 100 ms".to_owned(),
        figure: format!("{} ms", millis.whole()),
        met: Some(millis.median <= 100.0),
        details: "from the start of the process to the answer of /_tidegate/health, store created".to_owned(),
    });
    report.add(Line {
        what: "idle memory".to_owned(),
        goal: format!("≤ {IDLE_MIB:.0} MiB resident"),
        figure: format!("{memory} MiB"),
        met: Some(memory.median <= IDLE_MIB),
        details: String::new(),
    });
    Ok(())
}

async fn restart(options: &Options, report: &mut Report) -> Result<()> {
    let mut server = Server::start(options).await?;
    let queue = create(server.address, "restart").await?;
    load::fill(&queue, options.restart_messages, options.message_bytes).await?;
    for (how, killed) in [("after a stop", false), ("after kill -9", true)] {
        let mut millis = Vec::new();
        for _ in 0..options.rounds {
            if killed {
                server.kill_and_restart().await?;
            } else {
                server.restart().await?;
            }
            millis.push(server.healthy_after.as_secs_f64() * 1000.0);
        }
        let millis = Spread::of(&millis);
        report.add(Line {
            what: format!("healthy after start, {} messages, {how}", options.restart_messages),
            goal: "≤ 1000 ms".to_owned(),
            figure: format!("{} ms", millis.whole()),
            met: Some(millis.median <= 1000.0),
            details: format!(
                "{} messages of {} bytes; {:.0} MiB resident",
                queue.waiting().await?,
                options.message_bytes,
                server.resident_mib()?
            ),
        });
    }
    Ok(())
}
