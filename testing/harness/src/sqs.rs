//! The SQS calls that tests of the whole server make all the time.

use serde_json::{Value, json};

use crate::{Client, Failure};

/// A client for SQS. Inputs and outputs are the JSON of the API, so that a test reads like it.
#[derive(Debug, Clone)]
pub struct Sqs {
    client: Client,
}

impl Sqs {
    /// A client of its own, with its own connections.
    pub fn new(client: Client) -> Sqs {
        Sqs { client }
    }

    /// Calls any operation.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn call(&self, operation: &str, input: Value) -> Result<Value, Failure> {
        self.client.json(&format!("AmazonSQS.{operation}"), &input).await
    }

    /// Creates a queue; answers its URL.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn create_queue(&self, name: &str, attributes: Value) -> Result<String, Failure> {
        let output = self.call("CreateQueue", json!({ "QueueName": name, "Attributes": attributes })).await?;
        Ok(text(&output["QueueUrl"]))
    }

    /// Sends a message; answers its id.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn send(&self, queue: &str, body: &str) -> Result<String, Failure> {
        let output = self.call("SendMessage", json!({ "QueueUrl": queue, "MessageBody": body })).await?;
        Ok(text(&output["MessageId"]))
    }

    /// Receives up to `count` messages, waiting up to `wait_seconds` for the first.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn receive(&self, queue: &str, count: u32, wait_seconds: u32) -> Result<Vec<Value>, Failure> {
        let input = json!({
            "QueueUrl": queue,
            "MaxNumberOfMessages": count,
            "WaitTimeSeconds": wait_seconds,
            "MessageSystemAttributeNames": ["All"],
        });
        let output = self.call("ReceiveMessage", input).await?;
        Ok(output["Messages"].as_array().cloned().unwrap_or_default())
    }

    /// Deletes a received message.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn delete(&self, queue: &str, receipt: &str) -> Result<(), Failure> {
        self.call("DeleteMessage", json!({ "QueueUrl": queue, "ReceiptHandle": receipt })).await.map(drop)
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
