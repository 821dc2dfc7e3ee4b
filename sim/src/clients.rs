//! Producers, consumers and meddlers.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use serde_json::{Value, json};
use tidegate_env::Env;
use tidegate_protocol::Service;
use tidegate_queue::Queues;
use tidegate_sqs::Sqs;

use crate::chance::Chance;
use crate::history::History;
use crate::machine::{self, Failure, Machine};
use crate::model::{Model, Received, Start};
use crate::queues::Queue;
use crate::tables::{self, Ledger};

const PRODUCERS: usize = 5;
const CONSUMERS: usize = 5;
const GROUPS: [&str; 3] = ["red", "green", "blue"];

/// What the clients of all machines of a world share.
#[derive(Clone)]
pub struct Clients {
    /// What they know.
    pub model: Rc<RefCell<Model>>,
    /// What they know of the table.
    pub ledger: Rc<RefCell<Ledger>>,
    /// What happened.
    pub history: Rc<History>,
    /// Their chance.
    pub chance: Rc<Chance>,
    /// The clock.
    pub env: Env,
    /// Set when they are to finish what they are at.
    pub stopping: Rc<Cell<bool>>,
    /// Requests made, and those acknowledged.
    pub counts: Rc<Cell<(u64, u64)>>,
    next_body: Rc<Cell<u64>>,
}

/// One client, of one machine.
struct Client {
    shared: Clients,
    sqs: Arc<Sqs>,
    queues: Arc<Queues>,
}

impl Clients {
    /// The clients of a new world.
    pub fn new(chance: Rc<Chance>, history: Rc<History>, env: Env) -> Clients {
        Clients {
            model: Rc::default(),
            ledger: Rc::default(),
            history,
            chance,
            env,
            stopping: Rc::default(),
            counts: Rc::default(),
            next_body: Rc::default(),
        }
    }

    /// Starts them on a machine. They live until the machine dies or they are told to stop.
    pub fn start(&self, machine: &Machine) -> Vec<tokio::task::JoinHandle<()>> {
        let client = || Client { shared: self.clone(), sqs: machine.sqs.clone(), queues: machine.queues.clone() };
        let mut tasks = Vec::new();
        for _ in 0..PRODUCERS {
            tasks.push(tokio::task::spawn_local(client().produce()));
        }
        for _ in 0..CONSUMERS {
            tasks.push(tokio::task::spawn_local(client().consume()));
        }
        tasks.push(tokio::task::spawn_local(client().meddle()));
        tasks.extend(tables::start(self, machine));
        tasks
    }

    /// Calls an operation, and notes it.
    pub async fn call(&self, sqs: &Sqs, operation: &str, input: &Value) -> (Start, Result<Value, Failure>) {
        self.call_service(sqs, operation, input).await
    }

    /// The same of any service.
    pub async fn call_service(
        &self,
        service: &dyn Service,
        operation: &str,
        input: &Value,
    ) -> (Start, Result<Value, Failure>) {
        let moment = self.history.note(|| format!("> {operation} {input}"));
        let start = Start { moment, time: self.env.now() };
        let answer = machine::call(service, operation, input).await;
        let (made, good) = self.counts.get();
        self.counts.set((made + 1, good + u64::from(answer.is_ok())));
        self.history.note(|| match &answer {
            Ok(output) => format!("< {operation} of {moment}: {output}"),
            Err(failure) => format!("< {operation} of {moment}: {failure:?}"),
        });
        (start, answer)
    }

    /// Receives from a queue and tells the model.
    pub async fn receive(&self, sqs: &Sqs, queue: Queue, wait_seconds: u64) -> Option<Vec<Received>> {
        let input = json!({
            "QueueUrl": queue.url(),
            "MaxNumberOfMessages": 1 + self.chance.within(0..10),
            "WaitTimeSeconds": wait_seconds,
            "MessageSystemAttributeNames": ["All"],
        });
        let (start, answer) = self.call(sqs, "ReceiveMessage", &input).await;
        let batch = received(&self.expect(answer, &[])?);
        self.model.borrow_mut().received(queue, &batch, start, self.history.now(), self.env.now());
        Some(batch)
    }

    /// Deletes a message and tells the model.
    pub async fn delete(&self, sqs: &Sqs, queue: Queue, message: &Received) {
        let sure_until = self.model.borrow_mut().leaving(message);
        let input = json!({ "QueueUrl": queue.url(), "ReceiptHandle": message.receipt });
        let (_, answer) = self.call(sqs, "DeleteMessage", &input).await;
        // In FIFO queues a receipt is good only while its lease runs.
        let answered = self.expect(answer, &["InvalidParameterValueException", "ReceiptHandleIsInvalid"]).is_some();
        if answered && sure_until.is_some_and(|until| self.env.now() < until) {
            self.model.borrow_mut().deleted(&message.body, self.history.now());
        }
    }

    /// The output, if there is one; refusals other than these cannot be.
    pub fn expect(&self, answer: Result<Value, Failure>, refusals: &[&str]) -> Option<Value> {
        match answer {
            Ok(output) => Some(output),
            Err(Failure::InDoubt) => None,
            Err(Failure::Refused(code)) => {
                if !refusals.contains(&code.as_str()) {
                    self.model.borrow_mut().violate(format!("refused with {code}, which nothing explains"));
                }
                None
            }
        }
    }

    fn now(&self) -> Start {
        Start { moment: self.history.now(), time: self.env.now() }
    }
}

impl Client {
    fn goes_on(&self) -> bool {
        !self.shared.stopping.get() && self.shared.model.borrow().violation.is_none()
    }

    fn fresh_body(&self, queue: Queue) -> String {
        let number = self.shared.next_body.get();
        self.shared.next_body.set(number + 1);
        format!("{}-{number}", queue.name())
    }

    async fn produce(self) {
        let chance = self.shared.chance.clone();
        while self.goes_on() {
            match chance.within(0..10) {
                0..3 => self.send_fifo().await,
                3 => self.send_fifo_again().await,
                4 => self.send_batch(*chance.pick(&[Queue::Work, Queue::Swept])).await,
                _ => {
                    self.send(*chance.pick(&[Queue::Work, Queue::Work, Queue::Late, Queue::Swept, Queue::Brief])).await
                }
            }
            self.rest().await;
        }
    }

    /// Between two requests a client is busy with something else.
    async fn rest(&self) {
        for _ in 0..self.shared.chance.within(1..6) {
            tokio::task::yield_now().await;
        }
    }

    async fn send(&self, queue: Queue) {
        let body = self.fresh_body(queue);
        self.shared.model.borrow_mut().offer(&body, queue, None, self.shared.now());
        let input = json!({ "QueueUrl": queue.url(), "MessageBody": body });
        let (_, answer) = self.shared.call(&self.sqs, "SendMessage", &input).await;
        if self.shared.expect(answer, &[]).is_some() {
            self.shared.model.borrow_mut().stored(&body, None, self.shared.env.now());
        }
    }

    async fn send_batch(&self, queue: Queue) {
        let bodies: Vec<String> = (0..self.shared.chance.within(2..11)).map(|_| self.fresh_body(queue)).collect();
        let entry = |(id, body): (usize, &String)| json!({ "Id": id.to_string(), "MessageBody": body });
        let entries: Vec<Value> = bodies.iter().enumerate().map(entry).collect();
        for body in &bodies {
            self.shared.model.borrow_mut().offer(body, queue, None, self.shared.now());
        }
        let input = json!({ "QueueUrl": queue.url(), "Entries": entries });
        let (_, answer) = self.shared.call(&self.sqs, "SendMessageBatch", &input).await;
        let Some(output) = self.shared.expect(answer, &[]) else { return };
        for entry in output["Successful"].as_array().into_iter().flatten() {
            let index: usize = entry["Id"].as_str().and_then(|id| id.parse().ok()).unwrap_or(usize::MAX);
            match bodies.get(index) {
                Some(body) => self.shared.model.borrow_mut().stored(body, None, self.shared.env.now()),
                None => {
                    self.shared.model.borrow_mut().violate(format!("an answer to an entry that was not sent: {entry}"))
                }
            }
        }
    }

    async fn send_fifo(&self) {
        let (body, group) = (self.fresh_body(Queue::Order), *self.shared.chance.pick(&GROUPS));
        self.shared.model.borrow_mut().offer(&body, Queue::Order, Some(group), self.shared.now());
        self.send_to_group(&body, group).await;
    }

    /// As a client does that was not answered, or that is confused.
    async fn send_fifo_again(&self) {
        let known = self.shared.model.borrow().repeatable(self.shared.env.now());
        if !known.is_empty() {
            let (body, group) = self.shared.chance.pick(&known);
            self.shared.model.borrow_mut().offer_again(body);
            self.send_to_group(body, group).await;
        }
    }

    async fn send_to_group(&self, body: &str, group: &str) {
        let input = json!({
            "QueueUrl": Queue::Order.url(),
            "MessageBody": body,
            "MessageGroupId": group,
            "MessageDeduplicationId": body,
        });
        let (_, answer) = self.shared.call(&self.sqs, "SendMessage", &input).await;
        match self.shared.expect(answer, &[]) {
            Some(output) => {
                let sequence = output["SequenceNumber"].as_str().and_then(|text| text.parse().ok());
                self.shared.model.borrow_mut().stored(body, sequence, self.shared.env.now());
            }
            None => self.shared.model.borrow_mut().in_doubt(body, self.shared.env.now()),
        }
    }

    async fn consume(self) {
        let chance = self.shared.chance.clone();
        while self.goes_on() {
            let queue = *chance.pick(&[
                Queue::Work,
                Queue::Work,
                Queue::Late,
                Queue::Order,
                Queue::Order,
                Queue::Swept,
                Queue::Brief,
                Queue::Dead,
            ]);
            let wait = if chance.permille(300) { chance.within(1..6) } else { 0 };
            for message in self.shared.receive(&self.sqs, queue, wait).await.unwrap_or_default() {
                match chance.within(0..10) {
                    0..6 => self.shared.delete(&self.sqs, queue, &message).await,
                    6 => self.change_visibility(queue, &message).await,
                    // Forgotten, or its consumer has died: it comes back.
                    _ => {}
                }
                if !self.goes_on() {
                    return;
                }
            }
            self.rest().await;
        }
    }

    async fn change_visibility(&self, queue: Queue, message: &Received) {
        self.shared.model.borrow_mut().releasing(&message.body);
        let timeout = *self.shared.chance.pick(&[0, 5, 60]);
        let input = json!({ "QueueUrl": queue.url(), "ReceiptHandle": message.receipt, "VisibilityTimeout": timeout });
        let (_, answer) = self.shared.call(&self.sqs, "ChangeMessageVisibility", &input).await;
        self.shared.model.borrow_mut().released(&message.body, self.shared.history.now());
        let gone = ["MessageNotInflight", "InvalidParameterValueException", "ReceiptHandleIsInvalid"];
        self.shared.expect(answer, &gone);
    }

    async fn meddle(self) {
        let chance = self.shared.chance.clone();
        while self.goes_on() {
            match chance.within(0..30) {
                0 => self.purge().await,
                1 => self.move_dead_letters().await,
                2 => {
                    let input = json!({ "QueueUrl": Queue::Work.url(), "AttributeNames": ["All"] });
                    let (_, answer) = self.shared.call(&self.sqs, "GetQueueAttributes", &input).await;
                    self.shared.expect(answer, &[]);
                }
                // As the composition root's worker does it; a store that fails is tried again later.
                3..6 => drop(self.queues.sweep().await),
                _ => {}
            }
            self.rest().await;
        }
    }

    async fn purge(&self) {
        let start =
            Start { moment: self.shared.history.note(|| "a purge begins".to_owned()), time: self.shared.env.now() };
        self.shared.model.borrow_mut().purging(start);
        let (_, answer) = self.shared.call(&self.sqs, "PurgeQueue", &json!({ "QueueUrl": Queue::Swept.url() })).await;
        let done = self.shared.expect(answer, &["PurgeQueueInProgress"]).is_some();
        self.shared.model.borrow_mut().purged(start, done, self.shared.history.now());
    }

    async fn move_dead_letters(&self) {
        let input = json!({ "SourceArn": Queue::Dead.arn() });
        let (_, answer) = self.shared.call(&self.sqs, "StartMessageMoveTask", &input).await;
        // One at a time.
        self.shared.expect(answer, &["UnsupportedOperation", "InvalidParameterValueException"]);
    }
}

fn received(output: &Value) -> Vec<Received> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let message = |message: &Value| {
        let attributes = &message["Attributes"];
        Received {
            body: text(&message["Body"]).unwrap_or_default(),
            receipt: text(&message["ReceiptHandle"]).unwrap_or_default(),
            group: text(&attributes["MessageGroupId"]),
            sequence: attributes["SequenceNumber"].as_str().and_then(|text| text.parse().ok()),
        }
    };
    output["Messages"].as_array().into_iter().flatten().map(message).collect()
}
