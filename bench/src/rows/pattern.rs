//! Event patterns: bytes in, ids of rules out, on one core and without a server.
//!
//! The rules are of one source and distinct detail types, so at most one can match: what is measured is what
//! the others cost.

use std::fmt::Write;
use std::hint::black_box;
use std::time::Instant;

use anyhow::{Result, ensure};
use tidegate_pattern::{Dialect, Pattern, Rules};

use super::Row;
use crate::options::Options;
use crate::report::{Line, Report};
use crate::statistics::Spread;

/// Rules, and the events a second that there should be.
const SIZES: [(usize, Option<f64>); 4] = [(1, Some(300_000.0)), (100, None), (1_000, None), (10_000, Some(200_000.0))];
const EVENT_BYTES: usize = 500;
/// How many events take turns.
const EVENTS: usize = 1_000;

pub fn measure(options: &Options, report: &mut Report) -> Result<()> {
    if !options.wants(Row::Pattern) {
        return Ok(());
    }
    for (count, goal) in SIZES {
        let (rules, events) = (rules(count)?, events(count)?);
        let rates = (0..options.rounds).map(|_| rate(options, &rules, &events)).collect::<Result<Vec<f64>>>()?;
        let spread = Spread::of(&rates);
        report.add(Line {
            what: format!("events of {EVENT_BYTES} bytes matched with {count} rules, one core"),
            goal: goal.map_or_else(|| "-".to_owned(), |goal| format!("≥ {goal:.0}/s")),
            figure: format!("{}/s", spread.whole()),
            met: goal.map(|goal| spread.median >= goal),
            details: "bytes in, ids out; rules of one source and distinct detail types, one matches".to_owned(),
        });
    }
    Ok(())
}

fn rules(count: usize) -> Result<Rules<usize>> {
    let mut rules = Rules::new();
    for id in 0..count {
        let text = format!(
            r#"{{"source":["my.app"],"detail-type":["Order {id} placed"],"detail":{{"state":[{{"prefix":"run"}}]}}}}"#
        );
        rules.insert(id, &Pattern::parse(&text, Dialect::EventBridge)?);
    }
    Ok(rules)
}

/// Events as EventBridge makes them, each for one of the rules.
fn events(rules: usize) -> Result<Vec<Vec<u8>>> {
    (0..EVENTS).map(|number| event(number, number * 7919 % rules)).collect()
}

fn event(number: usize, kind: usize) -> Result<Vec<u8>> {
    let mut text = String::new();
    write!(
        text,
        concat!(
            r#"{{"version":"0","id":"6a7e8feb-b491-4cf7-a9f1-{:012}","detail-type":"Order {} placed","#,
            r#""source":"my.app","account":"123456789012","time":"2026-01-01T00:00:00Z","region":"us-east-1","#,
            r#""resources":["arn:aws:sqs:us-east-1:123456789012:orders"],"detail":{{"order":{},"state":"running","#,
            r#""items":[{{"sku":"a-1","count":2}},{{"sku":"b-2","count":1}}],"total":12.5,"note":""#
        ),
        number, kind, number
    )?;
    let end = "\"}}";
    ensure!(text.len() + end.len() <= EVENT_BYTES, "an event is larger than it should be");
    let padding = EVENT_BYTES - text.len() - end.len();
    text.extend(std::iter::repeat_n('x', padding));
    text.push_str(end);
    Ok(text.into_bytes())
}

fn rate(options: &Options, rules: &Rules<usize>, events: &[Vec<u8>]) -> Result<f64> {
    let start = Instant::now();
    let mut matched = 0usize;
    while start.elapsed() < options.turn() {
        for event in events {
            ensure!(black_box(rules.matches(event)?).len() == 1, "each event is of one rule");
            matched += 1;
        }
    }
    Ok(matched as f64 / start.elapsed().as_secs_f64())
}
