use std::sync::Arc;

use serde_json::Value;
use tidegate_runtime::{LogFormat, LogLevel};

use crate::needs;
use crate::support::{Answer, World};

const TALKATIVE: &str = "exports.handler = async (event) => {
  console.log('one\\ntwo', { a: 1 });
  console.debug('small');
  console.warn('careful');
  process.stdout.write('raw\\n');
  process.stderr.write('half');
  return 1;
};";

#[tokio::test(flavor = "multi_thread")]
async fn lines_are_those_of_aws() {
    needs!("node");
    let world = World::new().await;
    let spec = Arc::new(world.node(TALKATIVE));
    let event = world.event("{}");
    let id = event.request_id.clone();
    let answer = Answer::of(world.runtimes.run(&spec, event).await.expect("it runs"));
    for line in [
        format!("START RequestId: {id} Version: $LATEST\n"),
        format!("Z\t{id}\tINFO\tone\ntwo {{ a: 1 }}\n"),
        format!("Z\t{id}\tWARN\tcareful\n"),
        "\nraw\n".to_owned(),
        "\nhalf\n".to_owned(),
        format!("END RequestId: {id}\nREPORT RequestId: {id}\tDuration: "),
    ] {
        assert!(answer.tail.contains(&line), "{line:?} is not in {}", answer.tail);
    }
    assert!(answer.tail.contains("\tMemory Size: 512 MB\tMax Memory Used: "), "{}", answer.tail);
    assert!(answer.tail.contains("\tInit Duration: "), "{}", answer.tail);
    let batches = world.stop_with_streams().await;
    let stream = &batches[0].stream;
    let (day, rest) = stream.split_at(11);
    assert!(day.ends_with('/') && rest.starts_with("[$LATEST]") && rest.len() == 9 + 32, "{stream}");
    assert!(batches.iter().all(|batch| batch.group == "/aws/lambda/tried" && batch.stream == *stream));
    let lines: Vec<_> = batches.iter().flat_map(|batch| &batch.lines).map(|(_, line)| line.as_str()).collect();
    assert!(lines.iter().all(|line| line.ends_with('\n') && !line.ends_with("\n\n")), "{lines:?}");
    assert!(lines[0].starts_with("INIT_START Runtime Version: nodejs:20.v1\tRuntime Version ARN: "), "{lines:?}");
    assert!(lines.iter().any(|line| line.contains("one\ntwo")), "one event of two lines: {lines:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tail_is_of_its_invocation_and_of_four_kilobytes() {
    needs!("node");
    let world = World::new().await;
    let spec = Arc::new(world.node("exports.handler = async (event) => { console.log(event.text.repeat(event.n)); };"));
    let answer = world.run(&spec, r#"{"text":"first","n":2000}"#).await;
    assert_eq!(answer.tail.len(), 4096);
    assert!(answer.tail.trim_end().ends_with(" ms"), "{}", answer.tail);
    let answer = world.run(&spec, r#"{"text":"second","n":1}"#).await;
    assert!(answer.tail.starts_with("START RequestId: ") && !answer.tail.contains("first"), "{}", answer.tail);
    world.runtimes.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn json_logs_are_objects_by_level() {
    needs!("node");
    let world = World::new().await;
    let mut spec = world.node(
        "exports.handler = async () => { console.log({ a: 1 }); console.info('text'); console.debug('small'); console.error(new TypeError('wrong')); };",
    );
    spec.log_format = LogFormat::Json { application: LogLevel::Info, system: LogLevel::Info };
    let event = world.event("{}");
    let id = event.request_id.clone();
    let _answer = Answer::of(world.runtimes.run(&Arc::new(spec), event).await.expect("it runs"));
    let lines: Vec<Value> =
        world.stop().await.iter().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect();
    let of = |kind: &str| lines.iter().find(|line| line["type"] == kind).unwrap_or_else(|| panic!("{kind}: {lines:?}"));
    assert_eq!(of("platform.start")["record"]["requestId"], id);
    assert_eq!(of("platform.report")["record"]["status"], "success");
    assert!(of("platform.report")["record"]["metrics"]["durationMs"].is_number());
    assert!(of("platform.initStart")["record"]["runtimeVersion"].is_string());
    assert!(!lines.iter().any(|line| line["type"] == "platform.runtimeDone"), "below the level");
    let own: Vec<_> = lines.iter().filter(|line| line["requestId"] == id).collect();
    assert_eq!(own.len(), 3, "{own:?}");
    assert_eq!(own[0]["message"]["a"], 1);
    assert_eq!((&own[1]["message"], &own[1]["level"]), (&Value::from("text"), &Value::from("INFO")));
    assert_eq!((&own[2]["errorType"], &own[2]["level"]), (&Value::from("TypeError"), &Value::from("ERROR")));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_line_is_lost_however_many_there_are() {
    needs!("node");
    let world = World::new().await;
    let spec = Arc::new(world.node(
        "exports.handler = async () => { for (let n = 0; n < 20000; n++) process.stdout.write(`line ${n}\\n`); };",
    ));
    let answer = world.run(&spec, "{}").await;
    assert_eq!(answer.error, None);
    let lines = world.stop().await;
    let numbered: Vec<_> = lines.iter().filter_map(|line| line.strip_prefix("line ")?.parse::<u32>().ok()).collect();
    assert_eq!(numbered, (0..20_000).collect::<Vec<_>>());
}
