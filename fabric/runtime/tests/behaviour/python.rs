use std::sync::Arc;

use serde_json::json;

use crate::needs;
use crate::support::World;

#[tokio::test(flavor = "multi_thread")]
async fn handlers_get_events_and_a_context() {
    needs!("python3");
    let world = World::new().await;
    let text = "import os
def handler(event, context):
    return {'got': event['n'], 'name': context.function_name, 'id': context.aws_request_id,
            'left': context.get_remaining_time_in_millis(), 'memory': context.memory_limit_in_mb,
            'env': os.environ['AWS_EXECUTION_ENV'], 'cwd': os.getcwd(), 'root': os.environ['LAMBDA_TASK_ROOT']}
";
    let spec = Arc::new(world.function("python3.12", "app/sub/index.handler", &[("app/sub/index.py", text)]));
    for n in [1, 2] {
        let answer = world.run(&spec, &json!({ "n": n }).to_string()).await;
        assert_eq!(answer.json["got"], n, "{answer:?}");
        assert_eq!(answer.json["name"], "tried");
        assert_eq!(answer.json["memory"], "512");
        assert_eq!(answer.json["env"], "AWS_Lambda_python3.12");
        assert_eq!(answer.json["cwd"], answer.json["root"]);
        assert_eq!(answer.usage.init_ms.is_some(), n == 1);
    }
    world.runtimes.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn logging_and_print_are_logged_as_on_aws() {
    needs!("python3");
    let world = World::new().await;
    let text = "import logging
logger = logging.getLogger()
logger.setLevel('INFO')
def handler(event, context):
    print('printed')
    logger.info('two\\nlines')
    logger.debug('nothing')
    return 'ä'
";
    let spec = Arc::new(world.python(text));
    let event = world.event("{}");
    let id = event.request_id.clone();
    let answer = crate::support::Answer::of(world.runtimes.run(&spec, event).await.expect("it runs"));
    assert_eq!(answer.json, json!("ä"));
    let lines = world.stop().await;
    assert!(lines.iter().any(|line| line == "printed"), "{lines:?}");
    let logged = lines.iter().find(|line| line.contains("two\nlines")).expect("one event of two lines");
    assert!(logged.starts_with("[INFO]\t20") && logged.contains(&format!("Z\t{id}\ttwo\nlines")), "{logged:?}");
    assert!(!lines.iter().any(|line| line.contains("nothing")));
}

#[tokio::test(flavor = "multi_thread")]
async fn packages_come_from_layers() {
    needs!("python3");
    let world = World::new().await;
    let mut spec = world.python("import one\ndef handler(event, context):\n    return one.VALUE\n");
    spec.layers = vec![world.layer(&[("python/one.py", "VALUE = 1\n")])];
    let answer = world.run(&Arc::new(spec), "{}").await;
    assert_eq!(answer.json, json!(1), "{answer:?}");
    world.runtimes.stop().await;
}
