//! SQS requests as ready bytes, and the little that is read of answers.

use std::net::SocketAddr;

use anyhow::{Context, Result};

use crate::connection::{Connection, find};
use crate::request::Api;

/// Where requests go, on which server.
#[derive(Debug, Clone)]
pub struct Queue {
    /// The server.
    pub address: SocketAddr,
    /// The queue's URL.
    pub url: String,
}

/// An SQS request.
pub fn request(path: &str, operation: &str, body: &str) -> Vec<u8> {
    const API: Api = Api { target: "AmazonSQS", version: "1.0", scope: "sqs" };
    API.request(path, operation, body)
}

/// Creates a queue whose leases outlast the benchmark.
pub async fn create(address: SocketAddr, name: &str) -> Result<Queue> {
    let body = format!(r#"{{"QueueName":"{name}","Attributes":{{"VisibilityTimeout":"43200"}}}}"#);
    let mut connection = Connection::open(address).await?;
    let answer = connection.succeed(&request("/", "CreateQueue", &body)).await?;
    let url = texts(answer, "QueueUrl").next().context("CreateQueue answers no URL")?;
    Ok(Queue { address, url })
}

impl Queue {
    fn request(&self, operation: &str, rest: &str) -> Vec<u8> {
        request("/", operation, &format!(r#"{{"QueueUrl":"{}"{rest}}}"#, self.url))
    }

    /// SendMessage.
    pub fn send(&self, bytes: usize) -> Vec<u8> {
        self.request("SendMessage", &format!(r#","MessageBody":"{}""#, "m".repeat(bytes)))
    }

    /// SendMessageBatch of ten.
    pub fn send_batch(&self, bytes: usize) -> Vec<u8> {
        let body = "m".repeat(bytes);
        let entries: Vec<_> = (0..10).map(|id| format!(r#"{{"Id":"{id}","MessageBody":"{body}"}}"#)).collect();
        self.request("SendMessageBatch", &format!(r#","Entries":[{}]"#, entries.join(",")))
    }

    /// ReceiveMessage of up to ten.
    pub fn receive(&self) -> Vec<u8> {
        self.request("ReceiveMessage", r#","MaxNumberOfMessages":10,"WaitTimeSeconds":0"#)
    }

    /// DeleteMessageBatch.
    pub fn delete_batch<'a>(&self, receipts: impl Iterator<Item = &'a str>) -> Vec<u8> {
        let entry = |(id, receipt)| format!(r#"{{"Id":"{id}","ReceiptHandle":"{receipt}"}}"#);
        let entries: Vec<_> = receipts.enumerate().map(entry).collect();
        self.request("DeleteMessageBatch", &format!(r#","Entries":[{}]"#, entries.join(",")))
    }

    /// ChangeMessageVisibility.
    pub fn change_visibility(&self, receipt: &str) -> Vec<u8> {
        self.request("ChangeMessageVisibility", &format!(r#","ReceiptHandle":"{receipt}","VisibilityTimeout":3600"#))
    }

    /// GetQueueAttributes, all of them.
    pub fn attributes(&self) -> Vec<u8> {
        self.request("GetQueueAttributes", r#","AttributeNames":["All"]"#)
    }

    /// How many messages can be received now.
    pub async fn waiting(&self) -> Result<u64> {
        Ok(self.counts(["ApproximateNumberOfMessages"]).await?[0])
    }

    /// How many messages have not been deleted.
    pub async fn left(&self) -> Result<u64> {
        let counts = self.counts(["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]).await?;
        Ok(counts.iter().sum())
    }

    async fn counts<const N: usize>(&self, names: [&str; N]) -> Result<[u64; N]> {
        let mut connection = Connection::open(self.address).await?;
        let answer = connection.succeed(&self.attributes()).await?;
        let mut counts = [0; N];
        for (count, name) in counts.iter_mut().zip(names) {
            *count = texts(answer, name).next().context("no count among the attributes")?.parse()?;
        }
        Ok(counts)
    }
}

/// The texts of all members called `name` in a JSON document. Good for what SQS generates (URLs,
/// receipts, numbers): none holds an escape.
pub fn texts<'a>(document: &'a [u8], name: &str) -> impl Iterator<Item = String> + use<'a> {
    let (label, mut rest) = (format!("\"{name}\":"), document);
    std::iter::from_fn(move || {
        let after = &rest[find(rest, label.as_bytes())? + label.len()..];
        let text = &after[find(after, b"\"")? + 1..];
        let (text, after) = text.split_at(find(text, b"\"")?);
        rest = after;
        Some(String::from_utf8_lossy(text).into_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_found_in_order() {
        let document = br#"{"Messages":[{"Body":"x","ReceiptHandle":"a"},{"ReceiptHandle": "b"}]}"#;
        assert_eq!(texts(document, "ReceiptHandle").collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(texts(document, "Nothing").count(), 0);
    }

    #[test]
    fn bodies_are_json() {
        let queue = Queue { address: ([127, 0, 0, 1], 1).into(), url: "http://q".to_owned() };
        let requests = [
            queue.send(3),
            queue.send_batch(3),
            queue.receive(),
            queue.delete_batch(["a", "b"].into_iter()),
            queue.change_visibility("a"),
            queue.attributes(),
        ];
        for request in requests {
            let body = &request[find(&request, b"\r\n\r\n").unwrap() + 4..];
            assert_eq!(serde_json::from_slice::<serde_json::Value>(body).unwrap()["QueueUrl"], "http://q");
        }
    }
}
