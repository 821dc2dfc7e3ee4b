//! Producers and consumers of the standard queue.

use std::sync::Arc;

use serde_json::{Value, json};
use tidegate_harness::{Failure, Sqs};

use super::bodies;
use super::round::Round;
use super::standard::Ledger;

/// Consumers forget a message now and then: it must come back after the visibility timeout.
const FORGET_ONE_IN: u64 = 20;

/// Sends messages, singly and in batches, until the server is gone.
pub async fn produce(sqs: Sqs, url: String, ledger: Arc<Ledger>, round: Arc<Round>, lane: u64) {
    let mut chance = round.chance(lane);
    for number in 0.. {
        let count = if chance.once_in(3) { 2 + chance.below(9) } else { 1 };
        let names: Vec<String> = (0..count).map(|part| format!("{lane}.{number}.{part}")).collect();
        names.iter().for_each(|name| ledger.sending(name));
        let outcome = if count == 1 {
            sqs.send(&url, &bodies::body(&names[0])).await.map(drop)
        } else {
            send_batch(&sqs, &url, &names).await
        };
        if let Err(failure) = outcome {
            return round.failed("send", &failure);
        }
        names.iter().for_each(|name| ledger.sent(name));
        round.count();
    }
}

async fn send_batch(sqs: &Sqs, url: &str, names: &[String]) -> Result<(), Failure> {
    let entry = |(index, name): (usize, &String)| json!({ "Id": index.to_string(), "MessageBody": bodies::body(name) });
    let entries: Vec<Value> = names.iter().enumerate().map(entry).collect();
    let output = sqs.call("SendMessageBatch", json!({ "QueueUrl": url, "Entries": entries })).await?;
    all_successful(&output, names.len())
}

/// A batch whose entries failed one by one would otherwise count as acknowledged.
pub fn all_successful(output: &Value, count: usize) -> Result<(), Failure> {
    if output["Successful"].as_array().map_or(0, Vec::len) == count {
        return Ok(());
    }
    Err(Failure::Refused { status: 200, code: "Failed".to_owned(), message: output["Failed"].to_string() })
}

/// Receives and deletes until the server is gone.
pub async fn consume(sqs: Sqs, url: String, ledger: Arc<Ledger>, round: Arc<Round>, worker: u64) {
    let mut chance = round.chance(1000 + worker);
    loop {
        let count = u32::try_from(1 + chance.below(10)).unwrap_or(1);
        let Some(mut messages) = receive(&sqs, &url, &ledger, &round, count, 1).await else { return };
        messages.retain(|_| !chance.once_in(FORGET_ONE_IN));
        if !delete(&sqs, &url, &ledger, &round, &messages, chance.once_in(2)).await {
            return;
        }
    }
}

/// Receives and deletes until nothing comes.
pub async fn take_all(sqs: &Sqs, url: &str, ledger: &Ledger, round: &Round) {
    loop {
        match receive(sqs, url, ledger, round, 10, 0).await {
            Some(messages) if !messages.is_empty() && delete(sqs, url, ledger, round, &messages, true).await => {}
            _ => return,
        }
    }
}

/// A message in hand.
struct Taken {
    name: String,
    receipt: String,
}

async fn receive(sqs: &Sqs, url: &str, ledger: &Ledger, round: &Round, count: u32, wait: u32) -> Option<Vec<Taken>> {
    let started = ledger.tick();
    match sqs.receive(url, count, wait).await {
        Ok(messages) => {
            let taken = |message: &Value| {
                let name = ledger.received(message["Body"].as_str()?, started)?;
                Some(Taken { name, receipt: message["ReceiptHandle"].as_str()?.to_owned() })
            };
            Some(messages.iter().filter_map(taken).collect())
        }
        Err(failure) => {
            round.failed("receive", &failure);
            None
        }
    }
}

async fn delete(sqs: &Sqs, url: &str, ledger: &Ledger, round: &Round, messages: &[Taken], batch: bool) -> bool {
    let names: Vec<String> = messages.iter().map(|message| message.name.clone()).collect();
    if batch && !messages.is_empty() {
        let entry =
            |(index, message): (usize, &Taken)| json!({ "Id": index.to_string(), "ReceiptHandle": message.receipt });
        let entries: Vec<Value> = messages.iter().enumerate().map(entry).collect();
        ledger.deleting(&names);
        let outcome = sqs.call("DeleteMessageBatch", json!({ "QueueUrl": url, "Entries": entries })).await;
        if let Err(failure) = outcome.and_then(|output| all_successful(&output, names.len())) {
            round.failed("delete a batch", &failure);
            return false;
        }
        ledger.deleted(&names);
        round.count();
        return true;
    }
    for (message, name) in messages.iter().zip(names) {
        let name = [name];
        ledger.deleting(&name);
        if let Err(failure) = sqs.delete(url, &message.receipt).await {
            round.failed("delete", &failure);
            return false;
        }
        ledger.deleted(&name);
        round.count();
    }
    true
}
