//! One kind of operation against floor and ceiling.

use anyhow::Result;

use crate::floor::Floor;
use crate::load::{self, Until, Work};
use crate::options::Options;
use crate::report::{Line, Report};
use crate::server::Server;
use crate::sqs::Queue;
use crate::statistics::Spread;
use crate::{appender, disk};

/// On how many connections.
pub const CONNECTIONS: usize = 32;
/// Messages that are put into the queue for each round of its consumers. They end a round early if
/// they have taken them all.
const STOCK_A_SECOND: f64 = 60_000.0;

/// One kind of operation: how the product and the reference do it.
pub struct Operation<'a> {
    pub name: &'static str,
    pub product: Work,
    pub floor: Work,
    /// Nothing if it only reads.
    pub ceiling: Option<Ceiling>,
    /// The goal, as a share of the floor.
    pub share: f64,
    /// A queue that must have messages.
    pub stock: Option<&'a Queue>,
}

/// What a bare appender would write.
pub struct Ceiling {
    /// The bytes of a commit.
    pub bytes: usize,
    /// How many there are in an operation.
    pub commits: f64,
}

/// Measures product, floor and ceiling in turns.
pub async fn measure(
    options: &Options,
    report: &mut Report,
    server: &Server,
    floor: &Floor,
    operation: &Operation<'_>,
) -> Result<()> {
    let (folder, turn) = (options.data_root()?, options.turn());
    let (mut ratios, mut floors, mut ceilings, mut rates) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut p99 = Vec::new();
    for _ in 0..options.rounds {
        report.syncs.push(disk::sync_micros(&folder)?);
        if let Some(stock) = operation.stock {
            load::fill(stock, (STOCK_A_SECOND * options.seconds) as u64, options.message_bytes).await?;
        }
        let at_floor = load::run(floor.address, CONNECTIONS, &operation.floor, Until::Time(turn)).await?.rate;
        let mut goal = operation.share * at_floor;
        let mut ceiling = f64::NAN;
        if let Some(Ceiling { bytes, commits }) = operation.ceiling {
            ceiling = appender::rate(&folder, CONNECTIONS, bytes, turn)? / commits;
            goal = goal.min(0.7 * ceiling);
        }
        let mut product = load::run(server.address, CONNECTIONS, &operation.product, Until::Time(turn)).await?;
        ratios.push(product.rate / goal);
        floors.push(product.rate / at_floor);
        ceilings.push(product.rate / ceiling);
        rates.push(product.rate);
        p99.push(product.latencies.quantile(0.99) / 1000.0);
    }
    let ratio = Spread::of(&ratios);
    let share = operation.share;
    let (goal, of_ceiling) = match operation.ceiling {
        Some(_) => (
            format!("≥ the lower of {share} × floor and 0.7 × ceiling"),
            format!("{} × ceiling; ", Spread::of(&ceilings)),
        ),
        None => (format!("≥ {share} × floor"), String::new()),
    };
    report.add(Line {
        what: operation.name.to_owned(),
        goal,
        figure: format!("{ratio} of the goal"),
        met: Some(ratio.median >= 1.0),
        details: format!(
            "{} × floor; {of_ceiling}{} a second; p99 {} ms",
            Spread::of(&floors),
            Spread::of(&rates).whole(),
            Spread::of(&p99),
        ),
    });
    Ok(())
}

/// The same request, on the path that tells the reference how much to answer.
pub fn for_floor(product: &[u8], answer: usize) -> Vec<u8> {
    [format!("POST /{answer} ").as_bytes(), &product["POST / ".len()..]].concat()
}

/// The reference's work for one of the product's requests.
pub async fn floor_work(server: &Server, product: &[u8]) -> Result<Work> {
    Ok(Work::Same(for_floor(product, load::answer_size(server.address, product).await?)))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_reference_is_told_the_size_of_its_answer() {
        let product = crate::sqs::request("/", "SendMessage", "{}");
        let floor = super::for_floor(&product, 42);
        assert!(floor.starts_with(b"POST /42 HTTP/1.1\r\n"));
        assert!(floor.ends_with(&product["POST / ".len()..]));
        assert_eq!(floor.len(), product.len() + 2);
    }
}
