//! The SDKs that AWS's runtimes provide, unmodified. `TIDEGATE_SDKS` names a folder that
//! `tidegate runtime install` filled; without it these are left out, since they need a package registry.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::json;

use crate::redirect::mirror;
use crate::support::{Wishes, World};

async fn world() -> Option<(World, String, tidegate_env::TaskHandle<()>)> {
    let Some(installed) = std::env::var_os("TIDEGATE_SDKS").map(PathBuf::from) else {
        eprintln!("SKIPPED: TIDEGATE_SDKS does not name a folder");
        return None;
    };
    let env = tidegate_env::Env::real();
    let (url, server) = mirror(&env).await;
    let wishes = Wishes { endpoint_url: url.clone(), installed: Some(installed), ..Wishes::default() };
    Some((World::with(wishes).await, url, server))
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_sdks_are_there_and_call_here() {
    crate::needs!("node");
    let Some((world, _url, _server)) = world().await else { return };
    // The mirror's answers are no JSON: each SDK complains and says what it got.
    let text = "const AWS = require('aws-sdk');
const { SQSClient, ListQueuesCommand } = require('@aws-sdk/client-sqs');
exports.handler = async () => {
  let host; const request = new AWS.DynamoDB().listTables();
  request.on('sign', () => { host = request.httpRequest.headers.Host; });
  const got = await new Promise((done) => request.on('extractData', (answer) => done(answer.httpResponse.body.toString())).on('extractError', (answer) => done(answer.httpResponse.body.toString())).send(() => {}));
  const error = await new SQSClient({}).send(new ListQueuesCommand({})).catch((error) => error);
  return { host, got, v3: error.$response?.statusCode ?? String(error) };
};";
    let answer = world.run(&Arc::new(world.node(text)), "{}").await;
    assert_eq!(answer.json["host"], "dynamodb.eu-west-1.amazonaws.com", "{answer:?}");
    assert_eq!(answer.json["got"], "dynamodb.eu-west-1.amazonaws.com /", "{answer:?}");
    // The mirror's status, with a body that the SDK could not read.
    assert_eq!(answer.json["v3"], 200, "{answer:?}");
    world.runtimes.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn boto3_is_there_and_calls_here() {
    crate::needs!("python3");
    let Some((world, url, _server)) = world().await else { return };
    let text = "import boto3
def handler(event, context):
    client = boto3.client('sqs')
    return client.meta.endpoint_url
";
    let answer = world.run(&Arc::new(world.python(text)), "{}").await;
    assert_eq!(answer.json, json!(url), "{answer:?}");
    world.runtimes.stop().await;
}
