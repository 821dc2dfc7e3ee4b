//! Producers and consumers of the FIFO queue.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};
use tidegate_harness::{Failure, Sqs};

use super::bodies;
use super::fifo::{Ledger, Received};
use super::round::Round;
use super::standard_workers::all_successful;

/// Each producer owns this many groups.
const GROUPS: u64 = 4;
/// Producers repeat an acknowledged send now and then: it must be answered with the first one's id.
const REPEAT_ONE_IN: u64 = 10;
/// Consumers keep the rest of a batch now and then: the group stays locked for the rest of the round.
const FORGET_ONE_IN: u64 = 60;

/// Sends the messages of its groups, each after the one before was acknowledged, until the server is
/// gone. It begins with what the last kill left in doubt, as a careful application would.
pub async fn produce(sqs: Sqs, url: String, ledger: Arc<Ledger>, round: Arc<Round>, worker: u64) {
    let mut chance = round.chance(2000 + worker);
    let groups: Vec<String> = (0..GROUPS).map(|group| format!("{worker}-{group}")).collect();
    for group in &groups {
        if let Some(number) = ledger.last_acknowledged(group)
            && !send(&sqs, &url, &ledger, &round, group, number).await
        {
            return;
        }
    }
    loop {
        let group = &groups[usize::try_from(chance.below(GROUPS)).unwrap_or(0)];
        let number = ledger.sending(group);
        let repeats = if chance.once_in(REPEAT_ONE_IN) { 2 } else { 1 };
        for _ in 0..repeats {
            if !send(&sqs, &url, &ledger, &round, group, number).await {
                return;
            }
        }
    }
}

async fn send(sqs: &Sqs, url: &str, ledger: &Ledger, round: &Round, group: &str, number: usize) -> bool {
    let input = json!({
        "QueueUrl": url,
        "MessageBody": bodies::body(&number.to_string()),
        "MessageGroupId": group,
        "MessageDeduplicationId": format!("{group}-{number}"),
    });
    match sqs.call("SendMessage", input).await {
        Ok(output) => {
            ledger.sent(group, number, output["MessageId"].as_str().unwrap_or_default());
            round.count();
            true
        }
        Err(failure) => {
            round.failed("send to a group", &failure);
            false
        }
    }
}

/// Receives and deletes until the server is gone.
pub async fn consume(sqs: Sqs, url: String, ledger: Arc<Ledger>, round: Arc<Round>, worker: u64) {
    let mut chance = round.chance(3000 + worker);
    loop {
        let count = u32::try_from(1 + chance.below(10)).unwrap_or(1);
        let Some(groups) = receive(&sqs, &url, &ledger, &round, count, 1).await else { return };
        for (group, mut messages) in groups {
            if chance.once_in(FORGET_ONE_IN) {
                messages.truncate(messages.len() / 2);
            }
            if !delete(&sqs, &url, &ledger, &round, &group, &messages, chance.once_in(2)).await {
                return;
            }
        }
    }
}

/// Receives and deletes until nothing comes.
pub async fn take_all(sqs: &Sqs, url: &str, ledger: &Ledger, round: &Round) {
    while let Some(groups) = receive(sqs, url, ledger, round, 10, 0).await {
        if groups.is_empty() {
            return;
        }
        for (group, messages) in groups {
            if !delete(sqs, url, ledger, round, &group, &messages, true).await {
                return;
            }
        }
    }
}

/// A message in hand.
struct Taken {
    number: usize,
    receipt: String,
}

type ByGroup = BTreeMap<String, Vec<Taken>>;

async fn receive(sqs: &Sqs, url: &str, ledger: &Ledger, round: &Round, count: u32, wait: u32) -> Option<ByGroup> {
    match sqs.receive(url, count, wait).await.and_then(|messages| note(ledger, &messages)) {
        Ok(groups) => Some(groups),
        Err(failure) => {
            round.failed("receive from groups", &failure);
            None
        }
    }
}

fn note(ledger: &Ledger, messages: &[Value]) -> Result<ByGroup, Failure> {
    let read: Option<Vec<(Received<'_>, &str)>> = messages.iter().map(read).collect();
    let Some(read) = read else {
        let message = format!("not what was sent: {}", Value::from(messages.to_vec()));
        return Err(Failure::Refused {
            status: 200,
            code: "Garbled".to_owned(),
            message: message.chars().take(500).collect(),
        });
    };
    let mut groups = ByGroup::new();
    for (came, receipt) in &read {
        let taken = Taken { number: came.number, receipt: (*receipt).to_owned() };
        groups.entry(came.group.to_owned()).or_default().push(taken);
    }
    ledger.received(&read.into_iter().map(|(came, _)| came).collect::<Vec<_>>());
    Ok(groups)
}

fn read(message: &Value) -> Option<(Received<'_>, &str)> {
    let attribute = |name: &str| message["Attributes"][name].as_str();
    let came = Received {
        group: attribute("MessageGroupId")?,
        number: bodies::name(message["Body"].as_str()?)?.parse().ok()?,
        id: message["MessageId"].as_str()?,
        sequence: attribute("SequenceNumber")?.parse().ok()?,
    };
    Some((came, message["ReceiptHandle"].as_str()?))
}

async fn delete(
    sqs: &Sqs,
    url: &str,
    ledger: &Ledger,
    round: &Round,
    group: &str,
    messages: &[Taken],
    batch: bool,
) -> bool {
    for part in messages.chunks(if batch { 10 } else { 1 }) {
        let numbers: Vec<usize> = part.iter().map(|message| message.number).collect();
        ledger.deleting(group, &numbers);
        if let Err(failure) = delete_part(sqs, url, part).await {
            round.failed("delete from a group", &failure);
            return false;
        }
        ledger.deleted(group, &numbers);
        round.count();
    }
    true
}

async fn delete_part(sqs: &Sqs, url: &str, part: &[Taken]) -> Result<(), Failure> {
    if let [message] = part {
        return sqs.delete(url, &message.receipt).await;
    }
    let entry =
        |(index, message): (usize, &Taken)| json!({ "Id": index.to_string(), "ReceiptHandle": message.receipt });
    let entries: Vec<Value> = part.iter().enumerate().map(entry).collect();
    let output = sqs.call("DeleteMessageBatch", json!({ "QueueUrl": url, "Entries": entries })).await?;
    all_successful(&output, part.len())
}
