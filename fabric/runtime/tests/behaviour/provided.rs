use std::sync::Arc;

use serde_json::json;

use crate::support::World;

/// Takes events one after another and answers each with itself.
const ECHO: &str = r#"
echo starting
while true; do
  HEADERS=$(mktemp)
  EVENT=$(curl -sS -D "$HEADERS" "$API/invocation/next") || exit 1
  ID=$(grep -i Lambda-Runtime-Aws-Request-Id "$HEADERS" | tr -d '[:space:]' | cut -d: -f2)
  echo "event $ID"
  curl -sS -X POST "$API/invocation/$ID/response" -d "$EVENT" > /dev/null
done
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_custom_runtime_is_run_as_it_is() {
    crate::needs!("curl");
    let world = World::new().await;
    let spec = Arc::new(world.shell(ECHO));
    for n in 0..3 {
        let answer = world.run(&spec, &json!({ "n": n }).to_string()).await;
        assert_eq!(answer.json, json!({ "n": n }), "{answer:?}");
        assert!(answer.tail.contains("event "), "{}", answer.tail);
    }
    let lines = world.stop().await;
    assert!(lines.iter().any(|line| line == "starting"), "{lines:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bootstrap_may_come_from_a_layer_and_go_names_its_own() {
    crate::needs!("curl");
    let world = World::new().await;
    let whole = format!("#!/bin/sh\nAPI=http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime\n{ECHO}");
    let mut layered = world.function("provided.al2", "x", &[("nothing", "")]);
    layered.layers = vec![world.layer(&[("bootstrap", &whole)])];
    assert_eq!(world.run(&Arc::new(layered), "1").await.json, json!(1));
    let go = world.function("go1.x", "main", &[("main", &whole)]);
    assert_eq!(world.run(&Arc::new(go), "2").await.json, json!(2));
    world.runtimes.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_started_is_said() {
    let world = World::new().await;
    let event = |world: &World| (world.event("{}"), ());
    let missing = Arc::new(world.function("provided.al2023", "x", &[("nothing", "")]));
    let (invocation, ()) = event(&world);
    let id = invocation.request_id.clone();
    let answer = crate::support::Answer::of(world.runtimes.run(&missing, invocation).await.expect("an outcome"));
    let message =
        format!("RequestId: {id} Error: Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]");
    assert_eq!(answer.failure(), ("Runtime.InvalidEntrypoint", message.as_str()));
    let unreadable = Arc::new(world.function("provided.al2023", "x", &[("bootstrap", "neither script nor program")]));
    let answer = world.run(&unreadable, "{}").await;
    let (kind, message) = answer.failure();
    assert_eq!(kind, "Runtime.InvalidEntrypoint");
    assert!(message.ends_with("/bootstrap: permission denied"), "{message}");
    let java = Arc::new(world.function("java21", "x", &[("nothing", "")]));
    let fault = world.runtimes.run(&java, world.event("{}")).await.expect_err("it cannot run");
    assert!(fault.to_string().contains("java21"), "{fault}");
    world.runtimes.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_at_the_start_is_the_answer() {
    crate::needs!("curl");
    let world = World::new().await;
    let text = r#"curl -sS -X POST -H 'Lambda-Runtime-Function-Error-Type: Mine.Own' "$API/init/error" -d '{"errorType":"Mine.Own","errorMessage":"not today"}'
exit 1"#;
    let answer = world.run(&Arc::new(world.shell(text)), "{}").await;
    assert_eq!(answer.failure(), ("Mine.Own", "not today"));
    world.runtimes.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_to_other_invocations_are_refused() {
    crate::needs!("curl");
    let world = World::new().await;
    let text = r#"
HEADERS=$(mktemp)
curl -sS -D "$HEADERS" "$API/invocation/next" > /dev/null
ID=$(grep -i Lambda-Runtime-Aws-Request-Id "$HEADERS" | tr -d '[:space:]' | cut -d: -f2)
WRONG=$(curl -sS -o /dev/null -w '%{http_code}' -X POST "$API/invocation/other/response" -d '{}')
curl -sS -X POST "$API/invocation/$ID/response" -d "$WRONG"
TWICE=$(curl -sS -o /dev/null -w '%{http_code}' -X POST "$API/invocation/$ID/response" -d '{}')
echo "twice $TWICE"
curl -sS "$API/invocation/next" > /dev/null
"#;
    let answer = world.run(&Arc::new(world.shell(text)), "{}").await;
    assert_eq!(answer.json, json!(400), "{answer:?}");
    assert!(answer.tail.contains("twice 403"), "{}", answer.tail);
    world.runtimes.stop().await;
}
