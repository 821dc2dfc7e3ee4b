//! A sample function: takes up to twenty messages at once and calls an API once for all of them.
//!
//! It speaks the Runtime API by itself, so that nothing but the standard library and JSON is needed: ask for the
//! next event, process it, answer, and so on.

mod http;

use std::env;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

fn main() -> Result<()> {
    let runtime = env::var("AWS_LAMBDA_RUNTIME_API").context("this program runs as a Lambda function")?;
    let upstream = env::var("UPSTREAM").context("UPSTREAM names the API's host and port")?;
    loop {
        let next = http::get(&runtime, "/2018-06-01/runtime/invocation/next")?;
        let id = next.header("lambda-runtime-aws-request-id").context("an event without an id")?.to_owned();
        let (path, answer) = match process(&upstream, &next.body) {
            Ok(answer) => (format!("/2018-06-01/runtime/invocation/{id}/response"), answer),
            // The messages become visible again, and are tried again.
            Err(error) => {
                let described = json!({ "errorType": "Upstream", "errorMessage": format!("{error:#}") });
                (format!("/2018-06-01/runtime/invocation/{id}/error"), described)
            }
        };
        let noted = http::post(&runtime, &path, &answer.to_string())?;
        ensure!(noted.status == 202, "the runtime answers {}", noted.status);
    }
}

/// One call for the whole batch.
fn process(upstream: &str, event: &[u8]) -> Result<Value> {
    let event: Value = serde_json::from_slice(event).context("the event is no JSON")?;
    let records = event["Records"].as_array().context("the event has no records")?;
    println!("Messages count: {}", records.len());
    let entities = records.iter().map(|record| {
        let body = record["body"].as_str().context("a record without a body")?;
        serde_json::from_str(body).with_context(|| format!("a message that is no JSON: {body}"))
    });
    let entities: Vec<Value> = entities.collect::<Result<_>>()?;
    let answer = http::post(upstream, "/entities", &Value::from(entities).to_string())?;
    ensure!(answer.status == 200, "the API answers {}", answer.status);
    Ok(Value::Null)
}
