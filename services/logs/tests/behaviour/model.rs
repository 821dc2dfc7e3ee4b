//! Any sequence of writes, reads, deletions and waits, held against a model that is a sorted list.

use std::collections::BTreeMap;

use proptest::prelude::{Strategy, any, prop_oneof, proptest};
use proptest::test_runner::Config;
use serde_json::{Value, json};

use crate::bed::{Bed, texts};

const STREAMS: [&str; 3] = ["a", "b", "c"];
const DAY_MS: i64 = 86_400_000;

#[derive(Debug, Clone)]
enum Step {
    Put { stream: usize, at: i64, gaps: Vec<i64> },
    Forward { stream: usize, limit: u8 },
    Backward { stream: usize, limit: u8 },
    Filter { limit: u8, from: i64, span: i64 },
    Delete { stream: usize },
    Keep { days: bool },
    Wait { hours: u64 },
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let gap = prop_oneof![4 => 0i64..50, 1 => 5_000i64..15_000, 1 => 3_600_000i64..4_000_000];
    // Around each other's times, so that chunks overlap in every way.
    let at = prop_oneof![3 => -60_000i64..60_000, 1 => -DAY_MS..0];
    let step = prop_oneof![
        8 => (0..STREAMS.len(), at.clone(), proptest::collection::vec(gap, 0..8))
            .prop_map(|(stream, at, gaps)| Step::Put { stream, at, gaps }),
        3 => (0..STREAMS.len(), 1u8..6).prop_map(|(stream, limit)| Step::Forward { stream, limit }),
        3 => (0..STREAMS.len(), 1u8..6).prop_map(|(stream, limit)| Step::Backward { stream, limit }),
        3 => (1u8..6, at, 0i64..40_000).prop_map(|(limit, from, span)| Step::Filter { limit, from, span }),
        1 => (0..STREAMS.len()).prop_map(|stream| Step::Delete { stream }),
        1 => any::<bool>().prop_map(|days| Step::Keep { days }),
        2 => (1u64..20).prop_map(|hours| Step::Wait { hours }),
        1 => proptest::strategy::Just(Step::Restart),
    ];
    proptest::collection::vec(step, 1..40)
}

struct Run {
    bed: Bed,
    /// By time, then by number, which is the order of writing.
    events: BTreeMap<(i64, u64), usize>,
    written: u64,
    keeps: bool,
}

impl Run {
    async fn new() -> Run {
        let bed = Bed::new().await;
        bed.create("g", &STREAMS).await;
        Run { bed, events: BTreeMap::new(), written: 0, keeps: false }
    }

    fn now(&self) -> i64 {
        i64::try_from(self.bed.env.now().as_millis()).unwrap()
    }

    fn forget(&mut self) {
        if self.keeps {
            let cutoff = self.now() - DAY_MS;
            self.events.retain(|(at, _), _| *at >= cutoff);
        }
    }

    fn expected(&self, wanted: impl Fn(i64, usize) -> bool) -> Vec<String> {
        let wanted = self.events.iter().filter(|((at, _), stream)| wanted(*at, **stream));
        wanted.map(|((_, number), _)| number.to_string()).collect()
    }

    async fn pages(&self, stream: usize, limit: u8, forward: bool) -> Vec<String> {
        let mut input = json!({ "limit": limit, "startFromHead": forward });
        let mut all = Vec::new();
        loop {
            let answer = self.bed.get("g", STREAMS[stream], input.clone()).await;
            let page = texts(&answer);
            let token = if forward { "nextForwardToken" } else { "nextBackwardToken" };
            if page.is_empty() {
                return all;
            }
            if forward {
                all.extend(page);
            } else {
                all.splice(0..0, page);
            }
            input["nextToken"] = answer[token].clone();
        }
    }

    async fn put(&mut self, stream: usize, at: i64, gaps: &[i64]) {
        let mut times = vec![self.now() + at];
        for gap in gaps {
            let next = times.last().unwrap() + gap;
            if next < times[0] + DAY_MS && next <= self.now() + 7_200_000 {
                times.push(next);
            }
        }
        let event = |(number, at): (u64, &i64)| json!({ "timestamp": at, "message": number.to_string() });
        let events: Vec<Value> = (self.written..).zip(&times).map(event).collect();
        let input = json!({ "logGroupName": "g", "logStreamName": STREAMS[stream], "logEvents": events });
        self.bed.ok("PutLogEvents", input).await;
        for at in times {
            self.events.insert((at, self.written), stream);
            self.written += 1;
        }
        self.forget();
    }

    async fn step(mut self, step: Step) -> Run {
        match step {
            Step::Put { stream, at, gaps } => self.put(stream, at, &gaps).await,
            Step::Forward { stream, limit } | Step::Backward { stream, limit } => {
                let forward = matches!(step, Step::Forward { .. });
                assert_eq!(self.pages(stream, limit, forward).await, self.expected(|_, of| of == stream), "{step:?}");
            }
            Step::Filter { limit, from, span } => {
                let from = (self.now() + from).max(0);
                let input = json!({ "limit": limit, "startTime": from, "endTime": from + span });
                let found = self.bed.filter("g", input).await;
                assert_eq!(found, self.expected(|at, _| (from..=from + span).contains(&at)));
                assert_eq!(self.bed.filter("g", json!({ "limit": limit })).await, self.expected(|_, _| true));
            }
            Step::Delete { stream } => {
                let named = json!({ "logGroupName": "g", "logStreamName": STREAMS[stream] });
                self.bed.ok("DeleteLogStream", named.clone()).await;
                self.bed.ok("CreateLogStream", named).await;
                self.events.retain(|_, of| *of != stream);
            }
            Step::Keep { days: true } => {
                self.bed.ok("PutRetentionPolicy", json!({ "logGroupName": "g", "retentionInDays": 1 })).await;
                self.keeps = true;
                self.bed.settle().await;
                self.forget();
            }
            Step::Keep { days: false } => {
                // What was kept for a day alone is gone only once it has been trimmed.
                self.bed.settle().await;
                self.forget();
                self.bed.advance(3601).await;
                self.forget();
                self.bed.ok("DeleteRetentionPolicy", json!({ "logGroupName": "g" })).await;
                self.keeps = false;
                self = self.resync().await;
            }
            Step::Wait { hours } => {
                self.bed.advance(hours * 3600).await;
                self.forget();
            }
            Step::Restart => self.bed = self.bed.restart().await,
        }
        self.bed.check().await;
        self
    }

    /// Without retention, events that had outlived it and share a chunk with younger ones are seen again: the
    /// model learns which, and they may only be ones that were written.
    async fn resync(mut self) -> Run {
        let found = self.bed.ok("FilterLogEvents", json!({ "logGroupName": "g" })).await;
        let mut seen = BTreeMap::new();
        for event in found["events"].as_array().unwrap() {
            let number: u64 = event["message"].as_str().unwrap().parse().unwrap();
            let at = event["timestamp"].as_i64().unwrap();
            let stream = STREAMS.iter().position(|name| *name == event["logStreamName"]).unwrap();
            assert!(number < self.written);
            seen.insert((at, number), stream);
        }
        assert!(self.events.iter().all(|(id, stream)| seen.get(id) == Some(stream)), "nothing that is kept is lost");
        self.events = seen;
        self
    }
}

proptest! {
    #![proptest_config(Config { cases: 96, ..Config::default() })]

    #[test]
    fn a_group_does_what_the_model_does(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut run = Run::new().await;
            for step in steps {
                run = run.step(step).await;
            }
            run.bed.settle().await;
            run.bed.check().await;
        });
    }
}
