use std::sync::Arc;

use serde_json::json;

use crate::needs;
use crate::support::World;

#[tokio::test(flavor = "multi_thread")]
async fn all_forms_of_handlers_answer() {
    needs!("node");
    let world = World::new().await;
    for (name, handler, files) in [
        ("async", "index.handler", vec![("index.js", "exports.handler = async (event) => ({ got: event.n });")]),
        (
            "callback",
            "index.handler",
            vec![("index.js", "exports.handler = (event, context, callback) => callback(null, { got: event.n });")],
        ),
        (
            "later callback",
            "index.handler",
            vec![(
                "index.js",
                "exports.handler = (event, context, callback) => { setTimeout(() => callback(null, { got: event.n }), 5); };",
            )],
        ),
        (
            "context.succeed",
            "index.handler",
            vec![("index.js", "exports.handler = (event, context) => { context.succeed({ got: event.n }); };")],
        ),
        (
            "context.done",
            "index.handler",
            vec![("index.js", "exports.handler = (event, context) => context.done(null, { got: event.n });")],
        ),
        (
            "mjs",
            "index.handler",
            vec![(
                "index.mjs",
                "const n = await Promise.resolve(0);\nexport const handler = async (event) => ({ got: event.n + n });",
            )],
        ),
        (
            "type module",
            "index.handler",
            vec![
                ("package.json", r#"{"type":"module"}"#),
                ("index.js", "export const handler = async (event) => ({ got: event.n });"),
            ],
        ),
        (
            "in a folder",
            "src/deep/app.run",
            vec![("src/deep/app.js", "exports.run = async (event) => ({ got: event.n });")],
        ),
        ("nested", "app.a.b", vec![("app.cjs", "exports.a = { b: async (event) => ({ got: event.n }) };")]),
    ] {
        let spec = Arc::new(world.function("nodejs20.x", handler, &files));
        for _ in 0..2 {
            let answer = world.run(&spec, r#"{"n":7}"#).await;
            assert_eq!(answer.error, None, "{name}: {answer:?}");
            assert_eq!(answer.json, json!({ "got": 7 }), "{name}");
        }
    }
    world.runtimes.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn context_and_variables_are_as_on_aws() {
    needs!("node");
    let world = World::new().await;
    let mut spec = world.node(
        "exports.handler = async (event, context) => ({ ...context, left: context.getRemainingTimeInMillis(), env: process.env, cwd: process.cwd() });",
    );
    spec.environment.insert("MINE".to_owned(), "a value".to_owned());
    spec.environment.insert("AWS_REGION".to_owned(), "elsewhere".to_owned());
    let spec = Arc::new(spec);
    let mut event = world.event("{}");
    event.trace = Some("Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1".to_owned());
    event.client_context = Some(r#"{"custom":{"a":"ä"}}"#.to_owned());
    let id = event.request_id.clone();
    let answer = crate::support::Answer::of(world.runtimes.run(&spec, event).await.expect("it runs"));
    let json = &answer.json;
    assert_eq!(json["awsRequestId"], id);
    assert_eq!(json["functionName"], "tried");
    assert_eq!(json["functionVersion"], "$LATEST");
    assert_eq!(json["memoryLimitInMB"], "512");
    assert_eq!(json["logGroupName"], "/aws/lambda/tried");
    assert_eq!(json["invokedFunctionArn"], spec.arn);
    assert_eq!(json["clientContext"], json!({ "custom": { "a": "ä" } }));
    let left = json["left"].as_i64().expect("a number");
    assert!((15_000..=20_000).contains(&left), "{left}");
    let env = &json["env"];
    for (name, value) in [
        ("MINE", "a value"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_DEFAULT_REGION", "eu-west-1"),
        ("AWS_LAMBDA_FUNCTION_NAME", "tried"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
        ("AWS_EXECUTION_ENV", "AWS_Lambda_nodejs20.x"),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        ("AWS_ACCESS_KEY_ID", "ASIATESTKEY"),
        ("AWS_SESSION_TOKEN", "token of arn:aws:iam::123456789012:role/tried"),
        ("_HANDLER", "index.handler"),
        ("TZ", ":UTC"),
        ("_X_AMZN_TRACE_ID", "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1"),
    ] {
        assert_eq!(env[name], value, "{name}");
    }
    assert_eq!(env["AWS_LAMBDA_LOG_STREAM_NAME"], json["logStreamName"]);
    // Nothing of the server's own environment.
    assert_eq!(env.get("CARGO_MANIFEST_DIR"), None);
    assert_eq!(json["cwd"], env["LAMBDA_TASK_ROOT"]);
    world.runtimes.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_waits_for_the_event_loop_unless_told_otherwise() {
    needs!("node");
    let world = World::new().await;
    let text = "let late = 0;
exports.handler = (event, context, callback) => {
  context.callbackWaitsForEmptyEventLoop = event.wait;
  const before = late;
  setTimeout(() => { late += 1; }, 30);
  callback(null, before);
};";
    let spec = Arc::new(world.node(text));
    for (event, expected) in [("{\"wait\":true}", 0), ("{\"wait\":true}", 1), ("{\"wait\":false}", 2)] {
        assert_eq!(world.run(&spec, event).await.json, json!(expected), "{event}");
    }
    // A handler that never answers and leaves nothing to wait for has answered nothing.
    let silent = Arc::new(world.node("exports.handler = () => {};"));
    assert_eq!(world.run(&silent, "{}").await.json, json!(null));
    world.runtimes.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn modules_come_from_layers_and_task_and_opt_are_there() {
    needs!("node");
    let world = World::new().await;
    let mut spec = world.node(
        "const one = require('one'); const two = require('two');
exports.handler = async () => ({ one, two, opt: require('fs').readFileSync((process.env.NODE_PATH.split(':')[1].replace('/nodejs/node_modules', '')) + '/data.txt', 'utf8') });",
    );
    spec.layers = vec![
        world.layer(&[("nodejs/node_modules/one/index.js", "module.exports = 1;"), ("data.txt", "first")]),
        world.layer(&[("nodejs/node_modules/two/index.js", "module.exports = 2;"), ("data.txt", "second")]),
    ];
    let answer = world.run(&Arc::new(spec), "{}").await;
    assert_eq!(answer.json, json!({ "one": 1, "two": 2, "opt": "second" }), "{answer:?}");
    world.runtimes.stop().await;
}

/// ES modules do not look at NODE_PATH by themselves; on AWS they find the SDK all the same.
#[tokio::test(flavor = "multi_thread")]
async fn es_modules_find_what_node_path_names() {
    needs!("node");
    let world = World::new().await;
    let mut spec = world.node("");
    spec.code = world.layer(&[(
        "index.mjs",
        "import one from 'one'; import two from '@of/two/part'; export const handler = async () => one + two;",
    )]);
    spec.layers = vec![world.layer(&[
        ("nodejs/node_modules/one/index.js", "module.exports = 1;"),
        ("nodejs/node_modules/@of/two/package.json", r#"{"type":"module","exports":{"./part":"./two.js"}}"#),
        ("nodejs/node_modules/@of/two/two.js", "export default 2;"),
    ])];
    let answer = world.run(&Arc::new(spec), "{}").await;
    assert_eq!(answer.json, json!(3), "{answer:?}");
    world.runtimes.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrapper_starts_the_runtime() {
    needs!("node");
    let world = World::new().await;
    let mut spec = world.node("exports.handler = async () => process.env.FROM_WRAPPER;");
    spec.layers = vec![world.layer(&[("wrapper", "#!/bin/sh\nexport FROM_WRAPPER=yes\nexec \"$@\"\n")])];
    spec.environment.insert("AWS_LAMBDA_EXEC_WRAPPER".to_owned(), "/opt/wrapper".to_owned());
    let answer = world.run(&Arc::new(spec), "{}").await;
    assert_eq!(answer.json, json!("yes"), "{answer:?}");
    world.runtimes.stop().await;
}
