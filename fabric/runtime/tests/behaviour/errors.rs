//! What goes wrong is said in AWS's words.

use std::sync::Arc;

use crate::needs;
use crate::support::World;

#[tokio::test(flavor = "multi_thread")]
async fn what_node_functions_throw_is_described() {
    needs!("node");
    let world = World::new().await;
    for (text, kind, message) in [
        ("exports.handler = async () => { throw new TypeError('no'); };", "TypeError", "no"),
        ("exports.handler = () => { throw new Error('at once'); };", "Error", "at once"),
        ("exports.handler = (e, c, callback) => callback(new Error('called back'));", "Error", "called back"),
        ("exports.handler = (e, c, callback) => callback('a text');", "string", "a text"),
        ("exports.handler = (e, context) => context.fail(new Error('failed'));", "Error", "failed"),
        (
            "class Mine extends Error { constructor(m) { super(m); this.name = 'Mine'; } }\nexports.handler = async () => { throw new Mine('own'); };",
            "Mine",
            "own",
        ),
        (
            "exports.handler = async () => { const a = {}; a.a = a; return a; };",
            "Runtime.MarshalError",
            "Unable to stringify response body",
        ),
        (
            "exports.handler = (e, c, callback) => { Promise.reject(new Error('forgotten')); setTimeout(callback, 1000); };",
            "Runtime.UnhandledPromiseRejection",
            "Error: forgotten",
        ),
        (
            "exports.handler = (e, c, callback) => { setTimeout(() => { throw new RangeError('later'); }, 1); };",
            "RangeError",
            "later",
        ),
    ] {
        let spec = Arc::new(world.node(text));
        let answer = world.run(&spec, "{}").await;
        assert_eq!(answer.failure(), (kind, message), "{text}");
        assert!(answer.json["trace"].is_array(), "{answer:?}");
        assert!(answer.tail.contains("\tERROR\t"), "{}", answer.tail);
    }
    world.runtimes.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_function_that_cannot_be_loaded_says_why() {
    needs!("node");
    let world = World::new().await;
    for (handler, text, kind, start) in [
        ("missing.handler", "", "Runtime.ImportModuleError", "Error: Cannot find module 'missing'\nRequire stack:\n"),
        (
            "index.handler",
            "require('nowhere');",
            "Runtime.ImportModuleError",
            "Error: Cannot find module 'nowhere'\nRequire stack:\n",
        ),
        ("index.other", "exports.handler = 1;", "Runtime.HandlerNotFound", "index.other is undefined or not exported"),
        ("index.handler", "exports.handler = 1;", "Runtime.HandlerNotFound", "index.handler is not a function"),
        ("index", "", "Runtime.MalformedHandlerName", "Bad handler"),
        ("index.handler", "const a = ;", "Runtime.UserCodeSyntaxError", "SyntaxError: Unexpected token ';'"),
        ("index.handler", "throw new Error('while loading');", "Error", "while loading"),
    ] {
        let spec = Arc::new(world.function("nodejs20.x", handler, &[("index.js", text)]));
        let answer = world.run(&spec, "{}").await;
        let (found, message) = answer.failure();
        assert_eq!(found, kind, "{answer:?}");
        assert!(message.starts_with(start), "{message}");
    }
    let spec = Arc::new(world.node("require('aws-sdk');"));
    let answer = world.run(&spec, "{}").await;
    assert!(answer.failure().1.ends_with("\nrun: tidegate runtime install"), "{answer:?}");
    let lines = world.stop().await;
    // It is tried twice, as on AWS: ahead of the invocation and within it.
    for phase in ["init", "invoke"] {
        let end = format!("\tPhase: {phase}\tStatus: error\tError Type: Runtime.ImportModuleError\t");
        let found = lines.iter().any(|line| line.starts_with("INIT_REPORT Init Duration: ") && line.ends_with(&end));
        assert!(found, "{phase}: {lines:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ends_of_processes_are_worded_as_on_aws() {
    needs!("node");
    let world = World::new().await;
    for (text, message) in [
        ("exports.handler = async () => process.exit(1);", "Error: Runtime exited with error: exit status 1"),
        ("exports.handler = async () => process.exit(0);", "Error: Runtime exited without providing a reason"),
        ("exports.handler = async () => process.abort();", "Error: Runtime exited with error: signal: aborted"),
        (
            "exports.handler = () => new Promise(() => process.kill(process.pid, 'SIGKILL'));",
            "Error: Runtime exited with error: signal: killed",
        ),
        ("process.exit(3); exports.handler = 1;", "Error: Runtime exited with error: exit status 3"),
    ] {
        let mut spec = world.node(text);
        spec.timeout_ms = 5_000;
        let event = world.event("{}");
        let id = event.request_id.clone();
        let answer = crate::support::Answer::of(world.runtimes.run(&Arc::new(spec), event).await.expect("it runs"));
        assert_eq!(answer.failure(), ("Runtime.ExitError", format!("RequestId: {id} {message}").as_str()), "{text}");
        assert!(answer.tail.contains(&format!("RequestId: {id} {message}\nRuntime.ExitError\n")), "{}", answer.tail);
        assert!(answer.tail.contains("Status: error\tError Type: Runtime.ExitError\t"), "{}", answer.tail);
    }
    world.runtimes.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_function_is_killed() {
    needs!("node");
    let world = World::new().await;
    let mut spec = world.node(
        "exports.handler = async (event) => event.late ? new Promise((done) => setTimeout(done, 60000)) : 'in time';",
    );
    spec.timeout_ms = 1_000;
    let spec = Arc::new(spec);
    assert_eq!(world.run(&spec, "{}").await.json, "in time");
    let event = world.event(r#"{"late":true}"#);
    let id = event.request_id.clone();
    let answer = crate::support::Answer::of(world.runtimes.run(&spec, event).await.expect("it runs"));
    let message = format!("RequestId: {id} Error: Task timed out after 1.00 seconds");
    assert_eq!(answer.failure(), ("Sandbox.Timedout", message.as_str()));
    assert!(answer.tail.contains(&format!("Z {id} Task timed out after 1.00 seconds\n")), "{}", answer.tail);
    assert!(answer.tail.contains("Status: timeout\t"), "{}", answer.tail);
    // The next one gets a new worker.
    let answer = world.run(&spec, "{}").await;
    assert_eq!(answer.json, "in time");
    assert!(answer.usage.init_ms.is_some());
    world.runtimes.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_too_large_is_refused() {
    needs!("node");
    let world = World::new().await;
    let spec = Arc::new(world.node("exports.handler = async (event) => 'x'.repeat(event.size);"));
    // With its quotes it is as large as allowed.
    let largest = world.run(&spec, r#"{"size":6291554}"#).await;
    assert_eq!(largest.error, None);
    let answer = world.run(&spec, r#"{"size":6291555}"#).await;
    let message = "Response payload size exceeded maximum allowed payload size (6291556 bytes).";
    assert_eq!(answer.failure(), ("Function.ResponseSizeTooLarge", message));
    // The worker goes on.
    let after = world.run(&spec, r#"{"size":1}"#).await;
    assert_eq!((after.json, after.usage.init_ms), ("x".into(), None));
    world.runtimes.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_is_limited() {
    needs!("node");
    let world = World::new().await;
    let text = "exports.handler = async () => { const all = []; for (;;) { all.push(Buffer.alloc(8 << 20, 1)); await new Promise((go) => setTimeout(go, 5)); } };";
    let mut spec = world.node(text);
    spec.memory_mb = 128;
    let answer = world.run(&Arc::new(spec), "{}").await;
    let (kind, message) = answer.failure();
    assert_eq!(kind, "Runtime.ExitError");
    assert!(message.ends_with("Error: Runtime exited with error: signal: killed"), "{message}");
    assert!(answer.usage.max_memory_mb >= 128, "{answer:?}");
    world.runtimes.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn python_errors_are_described() {
    needs!("python3");
    let world = World::new().await;
    for (handler, text, kind, message) in [
        ("index.handler", "def handler(event, context):\n    raise ValueError('no')\n", "ValueError", "no"),
        (
            "missing.handler",
            "",
            "Runtime.ImportModuleError",
            "Unable to import module 'missing': No module named 'missing'",
        ),
        (
            "index.handler",
            "import boto3_of_another_name\n",
            "Runtime.ImportModuleError",
            "Unable to import module 'index': No module named 'boto3_of_another_name'",
        ),
        ("index.other", "x = 1\n", "Runtime.HandlerNotFound", "Handler 'other' missing on module 'index'"),
        (
            "index",
            "",
            "Runtime.MalformedHandlerName",
            "Bad handler 'index': not enough values to unpack (expected 2, got 1)",
        ),
        (
            "index.handler",
            "def handler(event, context):\n    return set()\n",
            "Runtime.MarshalError",
            "Unable to marshal response: Object of type set is not JSON serializable",
        ),
    ] {
        let spec = Arc::new(world.function("python3.12", handler, &[("index.py", text)]));
        let answer = world.run(&spec, "{}").await;
        assert_eq!(answer.failure(), (kind, message), "{text}");
        assert!(answer.json["stackTrace"].is_array(), "{answer:?}");
        assert!(answer.tail.contains(&format!("[ERROR] {kind}")), "{}", answer.tail);
    }
    let spec = Arc::new(world.python("def handler(event, context)\n    pass\n"));
    let answer = world.run(&spec, "{}").await;
    let (kind, message) = answer.failure();
    assert_eq!(kind, "Runtime.UserCodeSyntaxError");
    assert!(message.starts_with("Syntax error in module 'index': "), "{message}");
    world.runtimes.stop().await;
}
