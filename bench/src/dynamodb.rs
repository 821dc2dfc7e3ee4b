//! DynamoDB requests as ready bytes.

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};

use crate::connection::{Connection, count};
use crate::request::Api;
use crate::sqs::texts;

const TABLES: Api = Api { target: "DynamoDB_20120810", version: "1.0", scope: "dynamodb" };
const STREAMS: Api = Api { target: "DynamoDBStreams_20120810", version: "1.0", scope: "dynamodb" };

/// The most items of one BatchWriteItem.
pub const BATCH: u64 = 25;

/// A table with the keys `p` (a string) and `s` (a number), on one server.
#[derive(Debug, Clone)]
pub struct Table {
    /// The server.
    pub address: SocketAddr,
    name: String,
}

/// Creates a table; it may have a stream of new and old images.
pub async fn create(address: SocketAddr, name: &str, stream: bool) -> Result<Table> {
    let stream = if stream {
        r#","StreamSpecification":{"StreamEnabled":true,"StreamViewType":"NEW_AND_OLD_IMAGES"}"#
    } else {
        ""
    };
    let body = format!(
        r#"{{"TableName":"{name}","BillingMode":"PAY_PER_REQUEST","KeySchema":[{{"AttributeName":"p","KeyType":"HASH"}},{{"AttributeName":"s","KeyType":"RANGE"}}],"AttributeDefinitions":[{{"AttributeName":"p","AttributeType":"S"}},{{"AttributeName":"s","AttributeType":"N"}}]{stream}}}"#
    );
    let mut connection = Connection::open(address).await?;
    connection.succeed(&TABLES.request("/", "CreateTable", &body)).await?;
    let table = Table { address, name: name.to_owned() };
    loop {
        let answer = connection.succeed(&table.request("DescribeTable", "")).await?;
        if texts(answer, "TableStatus").next().as_deref() == Some("ACTIVE") {
            return Ok(table);
        }
    }
}

/// Item `number` has a partition of its own.
fn key(number: u64) -> String {
    format!(r#""p":{{"S":"partition-{number}"}},"s":{{"N":"0"}}"#)
}

fn item(key: &str, bytes: usize) -> String {
    format!(r#"{{{key},"body":{{"S":"{}"}}}}"#, "b".repeat(bytes))
}

/// A body that differs from the one before it: what changes nothing is not written.
fn body(bytes: usize, change: u64) -> String {
    format!("{change:016x}{}", "b".repeat(bytes.saturating_sub(16)))
}

impl Table {
    fn request(&self, operation: &str, rest: &str) -> Vec<u8> {
        TABLES.request("/", operation, &format!(r#"{{"TableName":"{}"{rest}}}"#, self.name))
    }

    /// PutItem of a body that no other `change` has.
    pub fn put(&self, number: u64, bytes: usize, change: u64) -> Vec<u8> {
        let item = format!(r#"{{{},"body":{{"S":"{}"}}}}"#, key(number), body(bytes, change));
        self.request("PutItem", &format!(r#","Item":{item}"#))
    }

    /// UpdateItem to a body that no other `change` has.
    pub fn update(&self, number: u64, bytes: usize, change: u64) -> Vec<u8> {
        let rest = format!(
            r##","Key":{{{}}},"UpdateExpression":"SET #b = :b","ExpressionAttributeNames":{{"#b":"body"}},"ExpressionAttributeValues":{{":b":{{"S":"{}"}}}}"##,
            key(number),
            body(bytes, change)
        );
        self.request("UpdateItem", &rest)
    }

    /// UpdateItem that counts.
    pub fn increment(&self, number: u64) -> Vec<u8> {
        let rest = format!(
            r#","Key":{{{}}},"UpdateExpression":"ADD n :one","ExpressionAttributeValues":{{":one":{{"N":"1"}}}}"#,
            key(number)
        );
        self.request("UpdateItem", &rest)
    }

    /// GetItem.
    pub fn get(&self, number: u64) -> Vec<u8> {
        self.request("GetItem", &format!(r#","Key":{{{}}}"#, key(number)))
    }

    /// Query of the first `limit` items of partition `number`.
    pub fn query(&self, number: u64, limit: u64) -> Vec<u8> {
        let rest = format!(
            r#","KeyConditionExpression":"p = :p","ExpressionAttributeValues":{{":p":{{"S":"partition-{number}"}}}},"Limit":{limit}"#
        );
        self.request("Query", &rest)
    }

    /// BatchWriteItem of the items from `first` on, each in a partition of its own.
    pub fn put_batch(&self, first: u64, bytes: usize) -> Vec<u8> {
        self.batch((first..first + BATCH).map(|number| item(&key(number), bytes)))
    }

    /// BatchWriteItem of the first items of one partition.
    pub fn put_partition(&self, number: u64, bytes: usize) -> Vec<u8> {
        let keys = (0..BATCH).map(|sort| format!(r#""p":{{"S":"partition-{number}"}},"s":{{"N":"{sort}"}}"#));
        self.batch(keys.map(|key| item(&key, bytes)))
    }

    fn batch(&self, items: impl Iterator<Item = String>) -> Vec<u8> {
        let puts: Vec<_> = items.map(|item| format!(r#"{{"PutRequest":{{"Item":{item}}}}}"#)).collect();
        let body = format!(r#"{{"RequestItems":{{"{}":[{}]}}}}"#, self.name, puts.join(","));
        TABLES.request("/", "BatchWriteItem", &body)
    }

    /// Reads the whole stream, a thousand records a call. Returns how many there were.
    pub async fn read_stream(&self) -> Result<u64> {
        let mut connection = Connection::open(self.address).await?;
        let answer = connection.succeed(&self.request("DescribeTable", "")).await?;
        let stream = texts(answer, "LatestStreamArn").next().context("the table has no stream")?;
        let describe = STREAMS.request("/", "DescribeStream", &format!(r#"{{"StreamArn":"{stream}"}}"#));
        let shards: Vec<_> = texts(connection.succeed(&describe).await?, "ShardId").collect();
        let mut records = 0;
        for shard in shards {
            let body = format!(r#"{{"StreamArn":"{stream}","ShardId":"{shard}","ShardIteratorType":"TRIM_HORIZON"}}"#);
            let answer = connection.succeed(&STREAMS.request("/", "GetShardIterator", &body)).await?;
            let mut next = texts(answer, "ShardIterator").next();
            while let Some(iterator) = next {
                let body = format!(r#"{{"ShardIterator":"{iterator}","Limit":1000}}"#);
                let answer = connection.succeed(&STREAMS.request("/", "GetRecords", &body)).await?;
                let found = count(answer, b"\"eventID\"");
                records += found;
                next = texts(answer, "NextShardIterator").next().filter(|_| found > 0);
            }
        }
        ensure!(records > 0, "the stream is empty");
        Ok(records)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::find;

    #[test]
    fn bodies_are_json() {
        let table = Table { address: ([127, 0, 0, 1], 1).into(), name: "t".to_owned() };
        let requests = [
            table.put(1, 3, 1),
            table.update(1, 3, 1),
            table.increment(1),
            table.get(1),
            table.query(1, 20),
            table.put_batch(1, 3),
            table.put_partition(1, 3),
        ];
        for request in requests {
            let body = &request[find(&request, b"\r\n\r\n").unwrap() + 4..];
            let body = serde_json::from_slice::<serde_json::Value>(body).unwrap();
            assert!(body["TableName"] == "t" || body["RequestItems"]["t"].as_array().unwrap().len() == 25, "{body}");
        }
    }
}
