//! A queue as SQS has it: hidden messages, receive counts, a dead-letter queue, groups that lock.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use tidegate_env::{Activity, Env, Report};
use tidegate_ports::{
    HandleOutcomes, HandleRefusal, QueueDescription, QueueFollowError, QueueMessage, QueueReceive, QueueSource,
};
use tidegate_store::StoreError;
use tidegate_types::{Arn, Timestamp};
use tokio::sync::Notify;

struct Message {
    body: String,
    group: Option<String>,
    visible_at: Timestamp,
    receives: u32,
}

#[derive(Default)]
struct Inner {
    /// By place; `None`: deleted.
    messages: Vec<Option<Message>>,
    dead: Vec<String>,
    max_receives: Option<u32>,
    fifo: bool,
    exists: bool,
    /// How many receives there were that brought something.
    receives: usize,
    deletions: usize,
}

pub struct FakeQueue {
    env: Env,
    inner: Mutex<Inner>,
    arrived: Notify,
    waiting: AtomicU64,
}

pub const VISIBILITY: Duration = Duration::from_secs(30);

impl FakeQueue {
    pub fn new(env: Env) -> Arc<FakeQueue> {
        let inner = Mutex::new(Inner { exists: true, ..Inner::default() });
        let queue = Arc::new(FakeQueue { env, inner, arrived: Notify::new(), waiting: AtomicU64::new(0) });
        let part: Arc<dyn Activity> = queue.clone();
        queue.env.activity().register(&part);
        queue
    }

    pub fn arn() -> Arn {
        "arn:aws:sqs:us-east-1:000000000000:orders".parse().unwrap()
    }

    pub fn set(&self, fifo: bool, max_receives: Option<u32>) {
        let mut inner = self.inner.lock();
        (inner.fifo, inner.max_receives) = (fifo, max_receives);
    }

    pub fn exists(&self, exists: bool) {
        self.inner.lock().exists = exists;
    }

    pub fn send(&self, body: &str) {
        self.send_to(None, body);
    }

    pub fn send_to(&self, group: Option<&str>, body: &str) {
        let visible_at = self.env.now();
        let group = group.map(str::to_owned);
        self.inner.lock().messages.push(Some(Message { body: body.to_owned(), group, visible_at, receives: 0 }));
        self.arrived.notify_waiters();
    }

    pub fn dead(&self) -> Vec<String> {
        self.inner.lock().dead.clone()
    }

    /// Bodies that are still there.
    pub fn left(&self) -> Vec<String> {
        self.inner.lock().messages.iter().flatten().map(|message| message.body.clone()).collect()
    }

    pub fn commits(&self) -> (usize, usize) {
        let inner = self.inner.lock();
        (inner.receives, inner.deletions)
    }

    /// The places of messages that may be received now.
    fn receivable(inner: &Inner, now: Timestamp) -> Vec<usize> {
        let mut locked = HashSet::new();
        if inner.fifo {
            let busy =
                inner.messages.iter().flatten().filter(|message| message.receives > 0 && message.visible_at > now);
            locked.extend(busy.filter_map(|message| message.group.clone()));
        }
        let is_free = |message: &Message| {
            message.visible_at <= now && message.group.as_ref().is_none_or(|group| !locked.contains(group))
        };
        let places = inner.messages.iter().enumerate();
        places.filter(|(_, message)| message.as_ref().is_some_and(is_free)).map(|(place, _)| place).collect()
    }

    fn take(&self, receive: &QueueReceive) -> Vec<QueueMessage> {
        let now = self.env.now();
        let mut inner = self.inner.lock();
        let hidden = receive.visibility_timeout.unwrap_or(VISIBILITY);
        let mut taken = Vec::new();
        let mut bytes = 0;
        for place in FakeQueue::receivable(&inner, now) {
            let most = inner.max_receives;
            let message = inner.messages[place].as_mut().unwrap();
            if most.is_some_and(|most| message.receives >= most) {
                let body = inner.messages[place].take().unwrap().body;
                inner.dead.push(body);
                continue;
            }
            bytes += message.body.len();
            if taken.len() == receive.messages || (bytes > receive.bytes && !taken.is_empty()) {
                break;
            }
            message.receives += 1;
            message.visible_at = now.plus(hidden);
            taken.push(QueueMessage {
                message_id: format!("id-{place}"),
                receipt_handle: format!("{place}:{}", message.receives),
                body: message.body.clone(),
                md5_of_body: "md5".to_owned(),
                attributes: vec![("ApproximateReceiveCount", message.receives.to_string())],
                message_attributes: Vec::new(),
                group: message.group.clone(),
                trace: None,
                hops: 0,
            });
        }
        inner.receives += usize::from(!taken.is_empty());
        taken
    }

    fn next_due(&self) -> Option<Timestamp> {
        let now = self.env.now();
        let inner = self.inner.lock();
        inner.messages.iter().flatten().map(|message| message.visible_at).filter(|at| *at > now).min()
    }

    fn each(&self, handles: &[String], mut change: impl FnMut(&mut Option<Message>, Timestamp)) -> HandleOutcomes {
        let now = self.env.now();
        let mut inner = self.inner.lock();
        let outcome = |handle: &String| {
            let (place, receives) = handle.split_once(':').ok_or(HandleRefusal::Invalid)?;
            let slot = &mut inner.messages[place.parse::<usize>().unwrap()];
            let is_held = |message: &Message| message.receives.to_string() == receives && message.visible_at > now;
            if slot.as_ref().is_some_and(|message| !is_held(message)) {
                return Err(HandleRefusal::Expired);
            }
            change(slot, now);
            Ok(())
        };
        let outcomes = handles.iter().map(outcome).collect();
        drop(inner);
        self.arrived.notify_waiters();
        outcomes
    }
}

impl Activity for FakeQueue {
    fn report(&self, now: Timestamp, report: &mut Report) {
        if self.waiting.load(Ordering::SeqCst) > 0 {
            report.busy("orders", FakeQueue::receivable(&self.inner.lock(), now).len() as u64);
        }
        if let Some(due) = self.next_due() {
            report.waiting("orders", due);
        }
    }
}

/// A receive that waits, until it is dropped.
struct Waiting<'a>(&'a AtomicU64);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl QueueSource for FakeQueue {
    fn service(&self) -> &'static str {
        "sqs"
    }

    fn describe(&self, _queue: &Arn) -> Result<Option<QueueDescription>, StoreError> {
        let inner = self.inner.lock();
        let (fifo, max_receive_count) = (inner.fifo, inner.max_receives);
        Ok(inner.exists.then_some(QueueDescription { visibility_timeout: VISIBILITY, fifo, max_receive_count }))
    }

    fn receive<'a>(
        &'a self,
        _queue: &'a Arn,
        receive: QueueReceive,
    ) -> BoxFuture<'a, Result<Vec<QueueMessage>, QueueFollowError>> {
        async move {
            self.waiting.fetch_add(1, Ordering::SeqCst);
            let _waiting = Waiting(&self.waiting);
            loop {
                let arrived = self.arrived.notified();
                tokio::pin!(arrived);
                arrived.as_mut().enable();
                let taken = self.take(&receive);
                if !taken.is_empty() {
                    return Ok(taken);
                }
                let due = self.next_due().unwrap_or(Timestamp::MAX);
                tokio::select! {
                    () = arrived => {}
                    () = self.env.sleep_until(due) => {}
                }
            }
        }
        .boxed()
    }

    fn delete<'a>(
        &'a self,
        _queue: &'a Arn,
        handles: &'a [String],
    ) -> BoxFuture<'a, Result<HandleOutcomes, QueueFollowError>> {
        self.inner.lock().deletions += 1;
        futures::future::ready(Ok(self.each(handles, |slot, _| *slot = None))).boxed()
    }

    fn change_visibility<'a>(
        &'a self,
        _queue: &'a Arn,
        handles: &'a [String],
        timeout: Duration,
    ) -> BoxFuture<'a, Result<HandleOutcomes, QueueFollowError>> {
        let change = |slot: &mut Option<Message>, now: Timestamp| {
            if let Some(message) = slot {
                message.visible_at = now.plus(timeout);
            }
        };
        futures::future::ready(Ok(self.each(handles, change))).boxed()
    }
}
