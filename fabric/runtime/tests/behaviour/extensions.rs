use std::sync::Arc;

use serde_json::json;

use crate::support::{World, write};

/// An external extension in shell: tells its events to the log.
const EXTENSION: &str = r#"#!/bin/sh
EXT=http://$AWS_LAMBDA_RUNTIME_API/2020-01-01/extension
HEADERS=$(mktemp)
curl -sS -D "$HEADERS" -X POST -H "Lambda-Extension-Name: watcher" "$EXT/register" -d '{"events":["INVOKE","SHUTDOWN"]}'
echo " registered"
ID=$(grep -i lambda-extension-identifier "$HEADERS" | tr -d '[:space:]' | cut -d: -f2)
while true; do
  EVENT=$(curl -sS -H "Lambda-Extension-Identifier: $ID" "$EXT/event/next")
  echo "extension got $EVENT"
  case "$EVENT" in *SHUTDOWN*) exit 0 ;; esac
done
"#;

#[tokio::test(flavor = "multi_thread")]
async fn external_extensions_see_invocations_and_the_end() {
    crate::needs!("curl");
    crate::needs!("node");
    let world = World::new().await;
    let mut spec = world.node("exports.handler = async (event) => event;");
    let layer = world.layer(&[]);
    write(&layer, &[("extensions/watcher", EXTENSION)]);
    spec.layers = vec![layer];
    let spec = Arc::new(spec);
    assert_eq!(world.run(&spec, r#"{"n":1}"#).await.json, json!({ "n": 1 }));
    let lines = world.stop().await;
    let with = |text: &str| lines.iter().filter(|line| line.contains(text)).count();
    assert_eq!(
        with(r#"{"functionName":"tried","functionVersion":"$LATEST","handler":"index.handler"} registered"#),
        1,
        "{lines:?}"
    );
    assert_eq!(with(r#"extension got {"eventType":"INVOKE""#), 1, "{lines:?}");
    assert_eq!(with(r#"extension got {"eventType":"SHUTDOWN","shutdownReason":"spindown""#), 1, "{lines:?}");
    assert_eq!(with("EXTENSION\tName: watcher\tState: Ready\tEvents: [INVOKE,SHUTDOWN]"), 1, "{lines:?}");
}

/// The runtime asks for work long before the extension is up.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_extension_is_waited_for() {
    crate::needs!("curl");
    let world = World::new().await;
    let mut spec = world.shell("curl -sS $API/invocation/next\n");
    let layer = world.layer(&[]);
    write(&layer, &[("extensions/watcher", &EXTENSION.replacen("EXT=", "sleep 1\nEXT=", 1))]);
    spec.layers = vec![layer];
    let answer = world.run(&Arc::new(spec), "{}").await;
    assert_eq!(answer.failure().0, "Runtime.ExitError", "it was given the invocation, and knows nothing else");
    let lines = world.stop().await;
    assert!(lines.iter().any(|line| line.contains("EXTENSION\tName: watcher\tState: Ready")), "{lines:?}");
    assert!(lines.iter().any(|line| line.contains(r#"extension got {"eventType":"INVOKE""#)), "{lines:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_extension_that_crashes_at_the_start_is_the_error() {
    crate::needs!("node");
    let world = World::new().await;
    let mut spec = world.node("exports.handler = async (event) => event;");
    let layer = world.layer(&[]);
    write(&layer, &[("extensions/broken", "#!/bin/sh\nexit 4\n")]);
    spec.layers = vec![layer];
    let answer = world.run(&Arc::new(spec), "{}").await;
    let (kind, message) = answer.failure();
    assert_eq!(kind, "Extension.Crash");
    assert!(message.ends_with("Error: exit status 4"), "{message}");
    world.runtimes.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn internal_extensions_and_telemetry_work_within_the_runtime() {
    crate::needs!("node");
    let world = World::new().await;
    // The function registers itself, takes telemetry on a port of its own, and shows what came.
    let text = r#"
import http from 'node:http';
const api = process.env.AWS_LAMBDA_RUNTIME_API;
const got = [];
const call = (method, path, headers, body) => new Promise((done, failed) => {
  const request = http.request(`http://${api}${path}`, { method, headers, agent: false }, (answer) => {
    let text = '';
    answer.on('data', (data) => { text += data; });
    answer.on('end', () => done({ status: answer.statusCode, headers: answer.headers, text }));
  });
  request.on('error', failed);
  request.end(body);
});
const told = await (async () => {
  const server = http.createServer((request, answer) => {
    let text = '';
    request.on('data', (data) => { text += data; });
    request.on('end', () => { got.push(...JSON.parse(text)); answer.end(); });
  });
  await new Promise((go) => server.listen(0, '127.0.0.1', go));
  server.unref();
  const refused = await call('POST', '/2020-01-01/extension/register', { 'Lambda-Extension-Name': 'inner' }, '{"events":["SHUTDOWN"]}');
  const registered = await call('POST', '/2020-01-01/extension/register', { 'Lambda-Extension-Name': 'inner' }, '{"events":[]}');
  const id = registered.headers['lambda-extension-identifier'];
  const subscribed = await call('PUT', '/2022-07-01/telemetry', { 'Lambda-Extension-Identifier': id }, JSON.stringify({
    schemaVersion: '2022-12-13', destination: { protocol: 'HTTP', URI: `http://sandbox.localdomain:${server.address().port}` },
    types: ['platform', 'function'], buffering: { timeoutMs: 25, maxItems: 1000, maxBytes: 262144 },
  }));
  const logs = await call('PUT', '/2020-08-15/logs', { 'Lambda-Extension-Identifier': id }, '{}');
  call('GET', '/2020-01-01/extension/event/next', { 'Lambda-Extension-Identifier': id }).catch(() => {});
  return { refused: refused.status, registered: registered.status, subscribed: subscribed.text, logs: logs.text };
})();
export const handler = async () => {
  console.log('seen from within');
  while (!got.some((event) => event.type === 'function')) await new Promise((go) => setTimeout(go, 5));
  return { ...told, types: [...new Set(got.map((event) => event.type))] };
};
"#;
    let answer =
        world.run(&Arc::new(world.function("nodejs20.x", "index.handler", &[("index.mjs", text)])), "{}").await;
    let json = &answer.json;
    assert_eq!((&json["refused"], &json["registered"]), (&json!(403), &json!(200)), "{answer:?}");
    assert_eq!(json["subscribed"], "OK");
    assert!(json["logs"].as_str().expect("text").contains("Logs API is not supported"), "{json}");
    let types = json["types"].as_array().expect("a list");
    for kind in ["platform.start", "function"] {
        assert!(types.contains(&json!(kind)), "{json}");
    }
    world.runtimes.stop().await;
}
