//! Insights: queries run beside the requests, answers that are kept, definitions, single records and fields.

use serde_json::{Value, json};
use tidegate_record::Root;
use tidegate_store::Space;

use crate::bed::{Bed, START};

const HOUR: i64 = 3600;

/// Starts a query over the last and the next hour.
async fn start(bed: &Bed, group: &str, text: &str) -> String {
    let now = i64::try_from(START.as_secs()).unwrap();
    let input = json!({
        "logGroupName": group, "queryString": text, "startTime": now - HOUR, "endTime": now + HOUR
    });
    bed.ok("StartQuery", input).await["queryId"].as_str().unwrap().to_owned()
}

async fn results(bed: &Bed, id: &str) -> Value {
    bed.settle().await;
    bed.ok("GetQueryResults", json!({ "queryId": id })).await
}

/// The rows of a query as `field=value`, without pointers.
async fn rows(bed: &Bed, group: &str, text: &str) -> Vec<String> {
    let id = start(bed, group, text).await;
    let answer = results(bed, &id).await;
    assert_eq!(answer["status"], "Complete", "{text}");
    shown(&answer)
}

fn shown(answer: &Value) -> Vec<String> {
    let field = |field: &Value| format!("{}={}", field["field"].as_str().unwrap(), field["value"].as_str().unwrap());
    let row = |row: &Value| {
        let fields = row.as_array().unwrap().iter().filter(|field| field["field"] != "@ptr");
        fields.map(field).collect::<Vec<_>>().join(" ")
    };
    answer["results"].as_array().unwrap().iter().map(row).collect()
}

async fn filled() -> Bed {
    let bed = Bed::new().await;
    bed.create("g", &["a", "b"]).await;
    bed.put("g", "a", &[(0, r#"{"level":"info","ms":5}"#), (1000, r#"{"level":"error","ms":50}"#)]).await;
    bed.put("g", "b", &[(500, r#"{"level":"info","ms":7}"#), (70_000, "plain")]).await;
    bed
}

#[tokio::test]
async fn a_query_is_run_beside_the_requests() {
    let bed = filled().await;
    assert_eq!(
        rows(&bed, "g", "fields level, ms | filter ispresent(level) | sort @timestamp asc").await,
        ["level=info ms=5", "level=info ms=7", "level=error ms=50"]
    );
    assert_eq!(
        rows(&bed, "g", "stats count(*) as n, avg(ms) as a by level | sort n desc").await,
        ["level=info n=2 a=6", "level=error n=1 a=50", "n=1"]
    );
    assert_eq!(
        rows(&bed, "g", "fields @log, @logStream | filter @message = 'plain'").await,
        ["@log=000000000000:g @logStream=b"]
    );
    bed.check().await;
}

#[tokio::test]
async fn an_answer_says_what_was_looked_at() {
    let bed = filled().await;
    let id = start(&bed, "g", "filter ms > 6").await;
    let waiting = bed.ok("GetQueryResults", json!({ "queryId": id })).await;
    // How far it is depends on how busy the machine is.
    assert!(["Scheduled", "Running", "Complete"].map(Value::from).contains(&waiting["status"]), "{waiting}");
    let answer = results(&bed, &id).await;
    let statistics = &answer["statistics"];
    assert_eq!(statistics["recordsMatched"], 2.0);
    assert_eq!(statistics["recordsScanned"], 4.0);
    assert_eq!(statistics["bytesScanned"], 76.0);
    assert_eq!(statistics["logGroupsScanned"], 1.0);
    assert_eq!(answer["queryLanguage"], "CWLI");
}

#[tokio::test]
async fn the_range_is_inclusive_in_seconds_or_milliseconds() {
    let bed = filled().await;
    let now = i64::try_from(START.as_secs()).unwrap();
    for (from, to, count) in [
        (now, now, 2),
        (now + 1, now + 1, 1),
        (now, now + 1, 3),
        (now * 1000 + 500, now * 1000 + 1000, 2),
        (now * 1000 + 501, now * 1000 + 999, 0),
    ] {
        let input = json!({ "logGroupNames": ["g"], "queryString": "", "startTime": from, "endTime": to });
        let id = bed.ok("StartQuery", input).await["queryId"].as_str().unwrap().to_owned();
        assert_eq!(results(&bed, &id).await["results"].as_array().unwrap().len(), count, "{from}..{to}");
    }
}

#[tokio::test]
async fn several_groups_are_read_in_order_of_time() {
    let bed = filled().await;
    bed.create("h", &["c"]).await;
    bed.put("h", "c", &[(600, "between")]).await;
    let now = i64::try_from(START.as_secs()).unwrap();
    let arn = "arn:aws:logs:us-east-1:000000000000:log-group:h";
    let input = json!({
        "logGroupIdentifiers": ["g", arn, arn], "startTime": now - HOUR, "endTime": now + HOUR,
        "queryString": "fields @log | sort @timestamp asc | limit 3", "limit": 1
    });
    let id = bed.ok("StartQuery", input).await["queryId"].as_str().unwrap().to_owned();
    let answer = results(&bed, &id).await;
    assert_eq!(shown(&answer), ["@log=000000000000:g", "@log=000000000000:g", "@log=000000000000:h"]);
    assert_eq!(answer["statistics"]["logGroupsScanned"], 2.0);
}

#[tokio::test]
async fn long_answers_come_in_pages() {
    let bed = Bed::new().await;
    bed.create("g", &["s"]).await;
    let text = "x".repeat(3000);
    for batch in 0..5 {
        let messages: Vec<String> = (0..100).map(|at| format!("{:04} {text}", batch * 100 + at)).collect();
        let events: Vec<(i64, &str)> =
            (0..).zip(&messages).map(|(at, text)| (batch * 100 + at, text.as_str())).collect();
        bed.put("g", "s", &events).await;
    }
    let id = start(&bed, "g", "fields substr(@message, 0, 4) as n, @message | sort @timestamp asc").await;
    bed.settle().await;
    let mut input = json!({ "queryId": id, "maxItems": 130 });
    let (mut numbers, mut pages) = (Vec::new(), 0);
    loop {
        let answer = bed.ok("GetQueryResults", input.clone()).await;
        let rows = answer["results"].as_array().unwrap();
        numbers.extend(rows.iter().map(|row| row[0]["value"].as_str().unwrap().parse::<usize>().unwrap()));
        pages += 1;
        let Some(token) = answer.get("nextToken") else { break };
        input["nextToken"] = token.clone();
    }
    assert_eq!(numbers, (0..500).collect::<Vec<_>>());
    assert_eq!(pages, 4);
}

#[tokio::test]
async fn answers_and_unfinished_queries_outlive_a_restart() {
    let bed = filled().await;
    let done = start(&bed, "g", "stats count(*) as n").await;
    let before = results(&bed, &done).await;
    let unfinished = start(&bed, "g", "stats max(ms) as most").await;
    let bed = bed.restart().await;
    assert_eq!(results(&bed, &done).await, before);
    assert_eq!(shown(&results(&bed, &unfinished).await), ["most=50"]);
}

#[tokio::test]
async fn answers_are_kept_for_a_week() {
    let bed = filled().await;
    let id = start(&bed, "g", "fields @message").await;
    results(&bed, &id).await;
    bed.advance(6 * 86_400).await;
    assert_eq!(results(&bed, &id).await["status"], "Complete");
    let keys = bed.keys(Space::Map, Root::Logs).await;
    bed.advance(86_400).await;
    let words = format!("The specified query {id} does not exist.");
    bed.refuses("GetQueryResults", json!({ "queryId": id }), "ResourceNotFoundException", &words).await;
    assert_eq!(bed.keys(Space::Map, Root::Logs).await, keys - 2, "the query and its page are gone");
}

#[tokio::test]
async fn a_query_is_stopped_once() {
    let bed = filled().await;
    let id = start(&bed, "g", "stats count(*)").await;
    assert_eq!(bed.ok("StopQuery", json!({ "queryId": id })).await["success"], true);
    let answer = results(&bed, &id).await;
    assert_eq!((&answer["status"], &answer["results"]), (&json!("Cancelled"), &json!([])));
    let again = json!({ "queryId": id });
    bed.refuses("StopQuery", again, "InvalidParameterException", "The specified query is not running.").await;
}

#[tokio::test]
async fn queries_are_described_newest_first() {
    let bed = filled().await;
    bed.create("h", &[]).await;
    let first = start(&bed, "g", "fields @message").await;
    bed.advance(1).await;
    let second = start(&bed, "h", "limit 1").await;
    let ids = |answer: &Value| -> Vec<String> {
        let queries = answer["queries"].as_array().unwrap();
        queries.iter().map(|query| query["queryId"].as_str().unwrap().to_owned()).collect()
    };
    let all = bed.ok("DescribeQueries", json!({})).await;
    assert_eq!(ids(&all), [second.clone(), first.clone()]);
    let scheduled = bed.ok("DescribeQueries", json!({ "status": "Scheduled" })).await;
    assert_eq!(ids(&scheduled), std::slice::from_ref(&second));
    bed.settle().await;
    let of_g = bed.ok("DescribeQueries", json!({ "logGroupName": "g" })).await;
    assert_eq!(ids(&of_g), std::slice::from_ref(&first));
    let query = &of_g["queries"][0];
    assert_eq!((&query["status"], &query["queryString"]), (&json!("Complete"), &json!("fields @message")));
    assert_eq!(query["userIdentity"], "arn:aws:iam::000000000000:root");
    assert_eq!(query["bytesScanned"], 76.0);
    let page = bed.ok("DescribeQueries", json!({ "maxResults": 1 })).await;
    assert_eq!(ids(&page), [second]);
    let rest = bed.ok("DescribeQueries", json!({ "maxResults": 1, "nextToken": page["nextToken"] })).await;
    assert_eq!((ids(&rest), rest.get("nextToken")), (vec![first], None));
}

#[tokio::test]
async fn definitions_are_kept() {
    let bed = Bed::new().await;
    let put = async |input: Value| bed.ok("PutQueryDefinition", input).await["queryDefinitionId"].clone();
    let first = put(json!({ "name": "team/errors", "queryString": "fields @message", "logGroupNames": ["g"] })).await;
    let second =
        put(json!({ "name": "a", "queryString": "limit 1", "clientToken": "6f6b6b6b-0000-4000-8000-00000000aaaa" }))
            .await;
    assert_eq!(
        put(json!({ "name": "a", "queryString": "limit 1", "clientToken": "6f6b6b6b-0000-4000-8000-00000000aaaa" }))
            .await,
        second
    );
    put(json!({ "name": "team/all", "queryString": "limit 2", "queryDefinitionId": first })).await;
    let bed = bed.restart().await;
    let all = bed.ok("DescribeQueryDefinitions", json!({})).await;
    let names = |answer: &Value| -> Vec<String> {
        let all = answer["queryDefinitions"].as_array().unwrap();
        all.iter()
            .map(|one| format!("{} {}", one["name"].as_str().unwrap(), one["queryString"].as_str().unwrap()))
            .collect()
    };
    assert_eq!(names(&all), ["a limit 1", "team/all limit 2"]);
    assert_eq!(all["queryDefinitions"][1]["logGroupNames"], json!([]));
    let team = bed.ok("DescribeQueryDefinitions", json!({ "queryDefinitionNamePrefix": "team/" })).await;
    assert_eq!(names(&team), ["team/all limit 2"]);
    let page = bed.ok("DescribeQueryDefinitions", json!({ "maxResults": 1 })).await;
    assert_eq!(names(&page), ["a limit 1"]);
    let rest = bed.ok("DescribeQueryDefinitions", json!({ "maxResults": 1, "nextToken": page["nextToken"] })).await;
    assert_eq!(names(&rest), ["team/all limit 2"]);
    assert_eq!(bed.ok("DeleteQueryDefinition", json!({ "queryDefinitionId": first })).await["success"], true);
    let words = format!("The specified query definition {} does not exist.", first.as_str().unwrap());
    for (operation, input) in [
        ("DeleteQueryDefinition", json!({ "queryDefinitionId": first })),
        ("PutQueryDefinition", json!({ "name": "x", "queryString": "limit 1", "queryDefinitionId": first })),
    ] {
        bed.refuses(operation, input, "ResourceNotFoundException", &words).await;
    }
}

#[tokio::test]
async fn a_record_is_found_by_its_pointer() {
    let bed = filled().await;
    let id = start(&bed, "g", "filter level = 'error'").await;
    let answer = results(&bed, &id).await;
    let pointer = answer["results"][0].as_array().unwrap().iter().find(|field| field["field"] == "@ptr").unwrap();
    let record = bed.ok("GetLogRecord", json!({ "logRecordPointer": pointer["value"] })).await;
    let record = &record["logRecord"];
    assert_eq!((&record["level"], &record["ms"]), (&json!("error"), &json!("50")));
    assert_eq!(record["@timestamp"], (START.as_millis() + 1000).to_string());
    assert_eq!((&record["@log"], &record["@logStream"]), (&json!("000000000000:g"), &json!("a")));
    assert_eq!(record["@ptr"], pointer["value"]);
    bed.ok("DeleteLogStream", json!({ "logGroupName": "g", "logStreamName": "a" })).await;
    let words = format!("The log record {} does not exist.", pointer["value"].as_str().unwrap());
    let gone = json!({ "logRecordPointer": pointer["value"] });
    bed.refuses("GetLogRecord", gone, "ResourceNotFoundException", &words).await;
    let nonsense = json!({ "logRecordPointer": "nonsense" });
    bed.refuses("GetLogRecord", nonsense, "InvalidParameterException", "Invalid log record pointer.").await;
}

#[tokio::test]
async fn fields_of_a_group_come_with_their_share() {
    let bed = filled().await;
    bed.advance(120).await;
    let answer = bed.ok("GetLogGroupFields", json!({ "logGroupName": "g" })).await;
    let shares: Vec<String> = answer["logGroupFields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| format!("{} {}", field["name"].as_str().unwrap(), field["percent"]))
        .collect();
    let expected =
        ["@ingestionTime 100", "@log 100", "@logStream 100", "@message 100", "@timestamp 100", "level 75", "ms 75"];
    assert_eq!(shares, expected);
    let earlier = json!({ "logGroupName": "g", "time": START.as_secs() - 3600 });
    assert_eq!(bed.ok("GetLogGroupFields", earlier).await["logGroupFields"], json!([]));
}

#[tokio::test]
async fn what_cannot_be_asked() {
    let bed = filled().await;
    let now = i64::try_from(START.as_secs()).unwrap();
    let query = |extra: Value| {
        let mut input = json!({ "queryString": "limit 1", "startTime": now - HOUR, "endTime": now });
        input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        input
    };
    let one = "Exactly one of logGroupName, logGroupNames and logGroupIdentifiers must be specified.";
    let some = "A query must name between 1 and 50 log groups.";
    for (extra, code, words) in [
        (json!({}), "InvalidParameterException", one),
        (json!({ "logGroupName": "g", "logGroupNames": ["g"] }), "InvalidParameterException", one),
        (json!({ "logGroupNames": [] }), "InvalidParameterException", some),
        (
            json!({ "logGroupName": "none" }),
            "ResourceNotFoundException",
            "Log group 'none' does not exist for account ID '000000000000'",
        ),
        (
            json!({ "logGroupName": "g", "queryString": "fields foo(1)" }),
            "MalformedQueryException",
            "unexpected symbol found ( at line 1 and position 10",
        ),
        (
            json!({ "logGroupName": "g", "startTime": 0, "endTime": 110 }),
            "MalformedQueryException",
            "Query's end date and time is either before the log groups creation time or exceeds the log groups log \
             retention settings ([0,110])",
        ),
        (
            json!({ "logGroupName": "g", "startTime": now + 5 }),
            "InvalidParameterException",
            "The start time of the query must not be after its end time.",
        ),
    ] {
        bed.refuses("StartQuery", query(extra), code, words).await;
    }
    for operation in ["GetQueryResults", "StopQuery"] {
        let words = "The specified query none does not exist.";
        bed.refuses(operation, json!({ "queryId": "none" }), "ResourceNotFoundException", words).await;
    }
    // Some may end while others are asked for.
    let mut refused = None;
    for _ in 0..10_000 {
        match bed.call("StartQuery", query(json!({ "logGroupName": "g" }))).await {
            Ok(_) => {}
            Err(error) => {
                refused = Some(error);
                break;
            }
        }
    }
    let words = "Account maximum query concurrency limit of [100] reached.";
    let refused = refused.unwrap();
    assert_eq!((refused.code.as_str(), refused.message.as_str()), ("LimitExceededException", words));
    bed.settle().await;
    bed.ok("StartQuery", query(json!({ "logGroupName": "g" }))).await;
}

#[tokio::test]
async fn a_query_that_needs_too_much_memory_fails() {
    let bed = Bed::new().await;
    bed.create("g", &["s"]).await;
    for batch in 0..60 {
        let text = "y".repeat(100_000);
        let messages: Vec<String> = (0..8).map(|at| format!("{batch} {at} {text}")).collect();
        let events: Vec<(i64, &str)> = messages.iter().map(|text| (batch, text.as_str())).collect();
        bed.put("g", "s", &events).await;
    }
    let id = start(&bed, "g", "fields @message").await;
    let answer = results(&bed, &id).await;
    assert_eq!((&answer["status"], &answer["results"]), (&json!("Failed"), &json!([])));
    assert_eq!(rows(&bed, "g", "stats count(*) as n").await, ["n=480"]);
}

#[tokio::test]
async fn a_query_knows_its_groups() {
    let bed = Bed::new().await;
    for group in ["b", "a"] {
        bed.create(group, &["s"]).await;
    }
    let now = i64::try_from(START.as_secs()).unwrap();
    let input = json!({ "logGroupNames": ["b", "a"], "queryString": "fields @message", "startTime": now - HOUR, "endTime": now });
    let id = bed.ok("StartQuery", input).await["queryId"].clone();
    let first = bed.ok("ListLogGroupsForQuery", json!({ "queryId": id })).await;
    assert_eq!(first, json!({ "logGroupIdentifiers": ["a", "b"] }));
    let missing = bed.call("ListLogGroupsForQuery", json!({ "queryId": "none" })).await.unwrap_err();
    assert_eq!(missing.code, "ResourceNotFoundException");
}

#[tokio::test]
async fn queries_read_more_groups_than_are_merged() {
    let bed = Bed::new().await;
    for number in 0..40 {
        let name = format!("many/{number:02}");
        bed.create(&name, &["s"]).await;
        bed.put(&name, "s", &[(0, r#"{"v":1}"#), (1000, r#"{"v":2}"#)]).await;
    }
    let now = i64::try_from(START.as_secs()).unwrap();
    let input = json!({
        "queryString": "SOURCE logGroups(namePrefix: ['many/']) | stats sum(v) as s, count(*) as n",
        "startTime": now - HOUR, "endTime": now + HOUR
    });
    let id = bed.ok("StartQuery", input).await["queryId"].as_str().unwrap().to_owned();
    assert_eq!(shown(&results(&bed, &id).await), ["s=120 n=80"]);
    let by_log = "SOURCE logGroups(namePrefix: ['many/']) | stats count(*) as n by @log | filter n != 2";
    let input = json!({ "queryString": by_log, "startTime": now - HOUR, "endTime": now + HOUR });
    let id = bed.ok("StartQuery", input).await["queryId"].as_str().unwrap().to_owned();
    assert_eq!(shown(&results(&bed, &id).await), Vec::<String>::new());
}

#[tokio::test]
async fn inner_queries_and_earlier_times_are_read() {
    let bed = filled().await;
    bed.create("other", &["s"]).await;
    bed.put("other", "s", &[(0, r#"{"level":"error","who":"ann"}"#)]).await;
    let joined = "join left=l right=r where l.level=r.level (SOURCE 'other') | display l.ms, r.who";
    assert_eq!(rows(&bed, "g", joined).await, ["l.ms=50 r.who=ann"]);
    let within = "filter level in (SOURCE 'other' | fields level) | display ms";
    assert_eq!(rows(&bed, "g", within).await, ["ms=50"]);
    bed.put("g", "a", &[(-86_400_000, r#"{"level":"info","ms":1}"#)]).await;
    for (diff, earlier) in [("diff", 0), ("diff previousDay", 1)] {
        let compared =
            format!("pattern level | {diff} | sort @pattern | display @pattern, @sampleCount, @baselineSampleCount");
        let counts = rows(&bed, "g", &compared).await;
        let expected = format!("@pattern=info @sampleCount=2 @baselineSampleCount={earlier}");
        assert!(counts.contains(&expected), "{diff}: {counts:?}");
    }
}

#[tokio::test]
async fn groups_that_come_after_a_query_was_started_are_not_read() {
    let bed = filled().await;
    bed.create("late/0", &["s"]).await;
    bed.put("late/0", "s", &[(0, r#"{"level":"info"}"#)]).await;
    let text =
        "join left=l right=r where l.level=r.level (SOURCE logGroups(namePrefix: ['late/'])) | stats count(*) as n";
    let mut ids = Vec::new();
    for _ in 0..60 {
        ids.push(start(&bed, "g", text).await);
    }
    bed.create("late/1", &["s"]).await;
    bed.put("late/1", "s", &[(0, r#"{"level":"info"}"#)]).await;
    for id in ids {
        assert_eq!(shown(&results(&bed, &id).await), ["n=2"]);
    }
    assert_eq!(rows(&bed, "g", text).await, ["n=4"]);
}

#[tokio::test]
async fn a_query_of_many_groups_without_events_looks_at_its_hour() {
    let bed = Bed::new().await;
    for number in 0..200 {
        bed.create(&format!("many/{number:03}"), &[]).await;
    }
    let now = i64::try_from(START.as_secs()).unwrap();
    let input = json!({
        "queryString": "SOURCE logGroups(namePrefix: ['many/']) | stats count(*)", "startTime": now - HOUR, "endTime": now + HOUR
    });
    let id = bed.ok("StartQuery", input).await["queryId"].clone();
    while bed.ok("GetQueryResults", json!({ "queryId": id })).await["status"] == "Scheduled" {
        tokio::task::yield_now().await;
    }
    bed.advance(2 * 3600).await;
    assert_eq!(bed.ok("GetQueryResults", json!({ "queryId": id })).await["status"], "Timeout");
}

#[tokio::test]
async fn the_fields_of_a_data_source_are_some_of_each_group() {
    let bed = Bed::new().await;
    let tags = json!({ "cw:datasource:name": "shop", "cw:datasource:type": "orders" });
    for number in 0..20 {
        let name = format!("shop/{number:02}");
        bed.ok("CreateLogGroup", json!({ "logGroupName": name, "tags": tags })).await;
        bed.ok("CreateLogStream", json!({ "logGroupName": name, "logStreamName": "s" })).await;
    }
    let many = vec![(0, r#"{"first":1}"#); 2_000];
    bed.put("shop/00", "s", &many).await;
    bed.put("shop/19", "s", &[(0, r#"{"last":1.5,"inner":{"a":true}}"#)]).await;
    let asked = json!({ "dataSourceName": "shop", "dataSourceType": "orders" });
    let names = |answer: &Value| -> Vec<String> {
        let fields = answer["logFields"].as_array().unwrap();
        fields.iter().map(|field| field["logFieldName"].as_str().unwrap().to_owned()).collect()
    };
    let told = bed.ok("GetLogFields", asked.clone()).await;
    assert_eq!(names(&told), ["@logStream", "@message", "@timestamp", "first", "inner", "last"]);
    let object = |from: usize| -> Value { (from..from + 800).map(|at| (format!("f{at}"), json!(at))).collect() };
    bed.put("shop/07", "s", &[(0, &object(0).to_string()), (0, &json!({ "deep": object(800) }).to_string())]).await;
    let told = bed.ok("GetLogFields", asked).await;
    let within = |field: &Value| field["logFieldType"]["fields"].as_array().map_or(0, Vec::len);
    let inner: usize = told["logFields"].as_array().unwrap().iter().map(within).sum();
    assert_eq!(names(&told).len() + inner, 1_000 + 3);
}

#[tokio::test]
async fn data_sources_are_counted_by_name_and_type() {
    let bed = Bed::new().await;
    let by = |what: &str| json!({ "groupBy": what });
    let none = bed.ok("ListAggregateLogGroupSummaries", by("DATA_SOURCE_NAME_AND_TYPE")).await;
    assert_eq!(none, json!({ "aggregateLogGroupSummaries": [] }));
    let refused = bed.call("ListAggregateLogGroupSummaries", by("DATA_SOURCE_NAME_TYPE_AND_FORMAT")).await;
    assert_eq!(refused.unwrap_err().code, "NotImplemented");
}

#[tokio::test]
async fn inner_queries_read_no_more_groups_than_the_query() {
    let bed = filled().await;
    let now = i64::try_from(START.as_secs()).unwrap();
    let refused = async |text: &str| {
        let input = json!({ "logGroupName": "g", "queryString": text, "startTime": now - HOUR, "endTime": now + HOUR });
        let refused = bed.call("StartQuery", input).await.expect_err(text);
        (refused.code, refused.message)
    };
    let none = refused("filter level in (SOURCE logGroups(namePrefix: ['none']) | fields level)").await;
    let words = "The SOURCE command must choose between 1 and 10000 log groups.";
    assert_eq!((none.0.as_str(), none.1.as_str()), ("InvalidParameterException", words));
    let absent = refused("filter level in (SOURCE 'g', 'none' | fields level)").await;
    assert_eq!(absent.0, "ResourceNotFoundException");
    let twice = "filter level in (SOURCE 'g', 'g' | fields level) | stats count(*) as n";
    assert_eq!(rows(&bed, "g", twice).await, ["n=3"]);
}
