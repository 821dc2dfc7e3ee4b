//! What others may send to log groups.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use tidegate_ports::{Delivery, LogBatch, LogLines, Refusal, Sink};
use tidegate_store::{CommitError, LatchKey, StoreError, Tx};
use tidegate_types::Timestamp;

use crate::domain::{Event, GroupAddress, MAX_BATCH_BYTES, StreamName};
use crate::error::Error;
use crate::ops::{Appending, Origin, create_group_if_absent};
use crate::service::CloudWatchLogs;
use crate::store::Group;

/// Log groups as the target of deliveries: the payload becomes an event, written in the sender's own
/// transaction.
pub(crate) struct GroupSink {
    service: Arc<CloudWatchLogs>,
}

impl GroupSink {
    pub(crate) fn new(service: Arc<CloudWatchLogs>) -> GroupSink {
        GroupSink { service }
    }

    fn prepare(&self, delivery: &Delivery) -> Result<Appending, Refusal> {
        let target = delivery.target.clone();
        let address = GroupAddress::of_arn(&target).ok_or_else(|| Refusal::NoSuchTarget(target.clone()))?;
        let group = self.service.directory.get(&address)?.ok_or_else(|| Refusal::NoSuchTarget(target.clone()))?;
        let unacceptable = |what| Refusal::Unacceptable { target: target.clone(), what };
        let message =
            String::from_utf8(delivery.payload.to_vec()).map_err(|_| unacceptable("the payload is not UTF-8"))?;
        if message.is_empty() {
            return Err(unacceptable("the payload is empty"));
        }
        let event = Event::new(delivery.raised_at.as_millis(), message);
        if event.size() > MAX_BATCH_BYTES {
            return Err(unacceptable("the payload is larger than an event may be"));
        }
        let origin = Origin { hops: delivery.hops + 1, trace: delivery.trace.as_deref(), creates: true };
        Ok(Appending::new(&self.service, group, stream_of(delivery), vec![event], origin))
    }
}

/// The stream of a delivery: its lane's, or its source's.
fn stream_of(delivery: &Delivery) -> StreamName {
    match &delivery.lane {
        Some(lane) => StreamName::from_any(lane),
        None => StreamName::from_any(&format!("{}/{}", delivery.source.service, delivery.source.resource)),
    }
}

impl Sink for GroupSink {
    fn service(&self) -> &'static str {
        "logs"
    }

    fn latches(&self, delivery: &Delivery) -> Vec<LatchKey> {
        // What is refused writes nothing, and needs no latch.
        self.prepare(delivery).map(|appending| appending.latches(&self.service)).unwrap_or_default()
    }

    fn accept<'a>(&'a self, tx: &'a mut Tx, delivery: Delivery) -> BoxFuture<'a, Result<(), Refusal>> {
        async move {
            let appending = self.prepare(&delivery)?;
            match appending.write(&self.service, tx).await {
                Ok(()) => {
                    // Counted when it is accepted: whether the sender commits, it alone will know.
                    appending.count(&self.service);
                    Ok(())
                }
                Err(Error::NoSuchGroup | Error::NoSuchStream) => Err(Refusal::NoSuchTarget(delivery.target)),
                Err(error) => Err(store_error(error).into()),
            }
        }
        .boxed()
    }
}

/// What writing events can fail with besides what is not there, which is the store's.
fn store_error(error: Error) -> StoreError {
    match error {
        Error::Store(error) | Error::Commit(CommitError::Store(error)) => error,
        other => StoreError::Unavailable { reason: other.to_string().into() },
    }
}

/// Output of functions and of whatever else runs.
pub(crate) struct Lines {
    service: Arc<CloudWatchLogs>,
}

impl Lines {
    pub(crate) fn new(service: Arc<CloudWatchLogs>) -> Lines {
        Lines { service }
    }

    async fn write_batch(&self, batch: LogBatch) -> Result<(), Error> {
        let service = &*self.service;
        let LogBatch { account, region, group, stream, lines } = batch;
        let address = GroupAddress { account, region, name: group };
        let group = self.group(&address).await?;
        let stream = StreamName::from_any(&stream);
        let cutoff_ms = group.record.cutoff_ms(service.now());
        for events in batches(lines, cutoff_ms) {
            let origin = Origin { hops: 0, trace: None, creates: true };
            let appending = Appending::new(service, group.clone(), stream.clone(), events, origin);
            let appending = &appending;
            let latches = appending.latches(service);
            service.transact(&latches, async |tx: &mut Tx| appending.write(service, tx).await).await?;
            appending.count(service);
        }
        Ok(())
    }

    async fn group(&self, address: &GroupAddress) -> Result<Group, Error> {
        if let Some(group) = self.service.directory.get(address)? {
            return Ok(group);
        }
        create_group_if_absent(&self.service, address).await?;
        self.service.known(address)
    }
}

/// Lines as events in order, in batches of what one transaction should write. A line that is larger than an
/// event may be is cut into several.
fn batches(mut lines: Vec<(Timestamp, String)>, cutoff_ms: u64) -> Vec<Vec<Event>> {
    lines.sort_by_key(|(at, _)| *at);
    let kept = lines.into_iter().filter(|(at, line)| !line.is_empty() && at.as_millis() >= cutoff_ms);
    let mut batches: Vec<Vec<Event>> = Vec::new();
    let mut bytes = 0;
    for (at, line) in kept {
        for part in parts(&line) {
            let event = Event::new(at.as_millis(), part.to_owned());
            if batches.is_empty() || bytes + event.size() > MAX_BATCH_BYTES {
                batches.push(Vec::new());
                bytes = 0;
            }
            bytes += event.size();
            batches.last_mut().expect("one was just made").push(event);
        }
    }
    batches
}

/// The largest part of a line that is an event of its own.
const MAX_PART_BYTES: usize = 256 * 1024;

fn parts(line: &str) -> impl Iterator<Item = &str> {
    let mut rest = line;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let fits = |end: &usize| rest.is_char_boundary(*end);
        let end = (1..=MAX_PART_BYTES.min(rest.len())).rev().find(fits).unwrap_or(rest.len());
        let (part, next) = rest.split_at(end);
        rest = next;
        Some(part)
    })
}

impl LogLines for Lines {
    fn write(&self, batch: LogBatch) -> BoxFuture<'_, Result<(), StoreError>> {
        self.write_batch(batch).map(|outcome| outcome.map_err(store_error)).boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_batches_in_order() {
        let at = Timestamp::from_millis;
        let lines =
            vec![(at(5), "b".to_owned()), (at(4), "a".to_owned()), (at(4), String::new()), (at(1), "old".to_owned())];
        let event = |timestamp, message: &str| Event::new(timestamp, message.to_owned());
        assert_eq!(batches(lines, 2), [vec![event(4, "a"), event(5, "b")]]);
        let long = "é".repeat(MAX_PART_BYTES * 2);
        let cut = batches(vec![(at(5), long.clone())], 0);
        assert!(cut.len() > 1);
        assert_eq!(cut.concat().iter().map(|event| event.message.as_str()).collect::<String>(), long);
    }
}
