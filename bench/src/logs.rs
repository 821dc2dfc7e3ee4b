//! CloudWatch Logs requests as ready bytes.

use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;

use crate::connection::Connection;
use crate::request::Api;

const LOGS: Api = Api { target: "Logs_20140328", version: "1.1", scope: "logs" };
const GROUP: &str = "bench";
const STREAM: &str = "lines";

/// Creates a log group with a stream.
pub async fn create(address: SocketAddr) -> Result<()> {
    let mut connection = Connection::open(address).await?;
    let group = format!(r#"{{"logGroupName":"{GROUP}"}}"#);
    connection.succeed(&LOGS.request("/", "CreateLogGroup", &group)).await?;
    let stream = format!(r#"{{"logGroupName":"{GROUP}","logStreamName":"{STREAM}"}}"#);
    connection.succeed(&LOGS.request("/", "CreateLogStream", &stream)).await?;
    Ok(())
}

/// PutLogEvents of so many lines.
pub fn put(lines: usize, bytes: usize) -> Result<Vec<u8>> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
    let line = format!(r#"{{"timestamp":{now},"message":"{}"}}"#, "l".repeat(bytes));
    let body = format!(
        r#"{{"logGroupName":"{GROUP}","logStreamName":"{STREAM}","logEvents":[{}]}}"#,
        vec![line; lines].join(",")
    );
    Ok(LOGS.request("/", "PutLogEvents", &body))
}
