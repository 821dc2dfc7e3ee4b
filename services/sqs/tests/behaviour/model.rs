//! Any sequence of operations on a queue, held against a model of a queue that is a plain list.

use std::collections::BTreeMap;

use proptest::prelude::{Strategy, any, prop_oneof, proptest};
use proptest::test_runner::Config;
use serde_json::{Value, json};

use crate::bed::{Bed, bodies, system};

#[derive(Debug, Clone)]
enum Step {
    Send { group: u8, delay: u8 },
    Receive { max: u8, visibility: u8 },
    Delete { which: usize },
    Change { which: usize, seconds: u8 },
    Advance { seconds: u8 },
    Purge,
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => (0u8..3, 0u8..4).prop_map(|(group, delay)| Step::Send { group, delay }),
        8 => (1u8..5, 0u8..6).prop_map(|(max, visibility)| Step::Receive { max, visibility }),
        5 => any::<usize>().prop_map(|which| Step::Delete { which }),
        3 => (any::<usize>(), 0u8..6).prop_map(|(which, seconds)| Step::Change { which, seconds }),
        5 => (1u8..6).prop_map(|seconds| Step::Advance { seconds }),
        1 => proptest::strategy::Just(Step::Purge),
        1 => proptest::strategy::Just(Step::Restart),
    ];
    proptest::collection::vec(step, 1..60)
}

/// A message as the model knows it.
#[derive(Debug, Clone)]
struct Known {
    group: u8,
    visible_at: u64,
    receives: u32,
    /// The handle of its last receive.
    handle: Option<Value>,
}

/// What the queue must hold: by number, which is the order of sending.
#[derive(Debug, Default)]
struct Model {
    fifo: bool,
    now: u64,
    sent: u64,
    messages: BTreeMap<u64, Known>,
}

impl Model {
    fn in_flight(&self, message: &Known) -> bool {
        message.receives > 0 && message.visible_at > self.now
    }

    fn counts(&self) -> [u64; 3] {
        let mut counts = [0; 3];
        for message in self.messages.values() {
            let state = if message.visible_at <= self.now {
                0
            } else if message.receives > 0 {
                1
            } else {
                2
            };
            counts[state] += 1;
        }
        counts
    }

    /// Whether a receive may hand out `number` after it has handed out `before`.
    fn may_receive(&self, number: u64, before: &[u64]) -> bool {
        let message = &self.messages[&number];
        if message.visible_at > self.now {
            return false;
        }
        if !self.fifo {
            return true;
        }
        let earlier = self.messages.range(..number).filter(|(_, other)| other.group == message.group);
        let locked = self.messages.iter().any(|(other_number, other)| {
            other.group == message.group && self.in_flight(other) && !before.contains(other_number)
        });
        // Everything of its group before it must have been handed out just now.
        !locked && earlier.clone().all(|(other, _)| before.contains(other))
    }

    /// Whether there is anything that a receive could hand out.
    fn has_ready(&self) -> bool {
        self.messages.keys().any(|number| self.may_receive(*number, &[]))
    }
}

struct Run {
    bed: Bed,
    url: String,
    model: Model,
}

impl Run {
    async fn new(fifo: bool) -> Run {
        let bed = Bed::with(tidegate_sqs::Options { purges_rest: false, ..Default::default() }).await;
        let url = if fifo { bed.create_fifo("q.fifo", json!({})).await } else { bed.create("q", json!({})).await };
        Run { bed, url, model: Model { fifo, ..Model::default() } }
    }

    async fn step(mut self, step: Step) -> Run {
        match step {
            Step::Send { group, delay } => self.send(group, delay).await,
            Step::Receive { max, visibility } => self.receive(max, visibility).await,
            Step::Delete { which } => self.delete(which).await,
            Step::Change { which, seconds } => self.change(which, seconds).await,
            Step::Advance { seconds } => {
                self.model.now += u64::from(seconds);
                self.bed.advance(seconds.into()).await;
            }
            Step::Purge => {
                self.model.messages.clear();
                self.bed.ok("PurgeQueue", json!({ "QueueUrl": self.url })).await;
            }
            Step::Restart => self.bed = self.bed.restart().await,
        }
        assert_eq!(self.bed.counts(&self.url).await, self.model.counts(), "{:?}", self.model);
        self
    }

    async fn send(&mut self, group: u8, delay: u8) {
        let number = self.model.sent;
        self.model.sent += 1;
        let delay = if self.model.fifo { 0 } else { delay };
        let mut input = json!({
            "QueueUrl": self.url, "MessageBody": number.to_string(), "MessageGroupId": format!("g{group}"),
        });
        if self.model.fifo {
            input["MessageDeduplicationId"] = json!(number.to_string());
        } else {
            input["DelaySeconds"] = json!(delay);
        }
        self.bed.ok("SendMessage", input).await;
        let visible_at = self.model.now + u64::from(delay);
        self.model.messages.insert(number, Known { group, visible_at, receives: 0, handle: None });
    }

    async fn receive(&mut self, max: u8, visibility: u8) {
        let extra = json!({ "MaxNumberOfMessages": max, "VisibilityTimeout": visibility });
        let received = self.bed.receive_with(&self.url, extra).await;
        assert!(received.len() <= usize::from(max));
        assert_eq!(received.is_empty(), !self.model.has_ready(), "{:?}", self.model);
        let mut before = Vec::new();
        for (message, body) in received.iter().zip(bodies(&received)) {
            let number: u64 = body.parse().unwrap();
            assert!(self.model.may_receive(number, &before), "{number} after {before:?}: {:?}", self.model);
            before.push(number);
            let known = self.model.messages.get_mut(&number).unwrap();
            known.receives += 1;
            known.handle = Some(message["ReceiptHandle"].clone());
            assert_eq!(system(message, "ApproximateReceiveCount"), known.receives.to_string());
            assert_eq!(system(message, "MessageGroupId"), format!("g{}", known.group));
        }
        let until = self.model.now + u64::from(visibility);
        for number in before {
            self.model.messages.get_mut(&number).unwrap().visible_at = until;
        }
    }

    /// A message that has been received, chosen by chance.
    fn received(&self, which: usize) -> Option<(u64, Known)> {
        let received: Vec<_> = self.model.messages.iter().filter(|(_, known)| known.handle.is_some()).collect();
        let (number, known) = *received.get(which % received.len().max(1))?;
        Some((*number, known.clone()))
    }

    async fn delete(&mut self, which: usize) {
        let Some((number, known)) = self.received(which) else { return };
        let answer =
            self.bed.call("DeleteMessage", json!({ "QueueUrl": self.url, "ReceiptHandle": known.handle })).await;
        let expired = self.model.fifo && !self.model.in_flight(&known);
        assert_eq!(answer.is_err(), expired, "{number} of {:?}", self.model);
        if !expired {
            self.model.messages.remove(&number);
        }
    }

    async fn change(&mut self, which: usize, seconds: u8) {
        let Some((number, known)) = self.received(which) else { return };
        let input = json!({ "QueueUrl": self.url, "ReceiptHandle": known.handle, "VisibilityTimeout": seconds });
        let answer = self.bed.call("ChangeMessageVisibility", input).await;
        let allowed = !self.model.fifo || self.model.in_flight(&known);
        assert_eq!(answer.is_ok(), allowed, "{number} of {:?}", self.model);
        if allowed {
            self.model.messages.get_mut(&number).unwrap().visible_at = self.model.now + u64::from(seconds);
        }
    }
}

fn run(fifo: bool, steps: Vec<Step>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut run = Run::new(fifo).await;
        for step in steps {
            run = run.step(step).await;
        }
        run.bed.check().await;
    });
}

proptest! {
    #![proptest_config(Config { cases: 64, ..Config::default() })]

    #[test]
    fn a_standard_queue_does_what_the_model_does(steps in steps()) {
        run(false, steps);
    }

    #[test]
    fn a_fifo_queue_does_what_the_model_does(steps in steps()) {
        run(true, steps);
    }
}
