//! Queries that know more than their own events: joins, subqueries, tables, earlier times; and commands about all rows.

#![allow(clippy::unwrap_used, reason = "in a test a failure is a failure")]

use std::collections::BTreeMap;

use tidegate_insights::{Event, Overflow, Query, Settings, Table};

/// 2024-05-01 12:00:00.000 UTC.
const NOON_MS: i64 = 1_714_564_800_000;

fn event(at: i64, message: &str) -> Event {
    Event {
        timestamp_ms: NOON_MS + at * 60_000,
        ingestion_ms: NOON_MS + at * 60_000,
        message: message.to_owned(),
        log: "000000000000:app".into(),
        log_stream: "s".into(),
        unmasked: None,
        transformed: None,
        ptr: format!("p{at}"),
    }
}

fn answer(query: &str, readings: &[&[&str]], settings: Settings) -> Result<Vec<String>, Overflow> {
    let query = Query::parse(query).unwrap_or_else(|error| panic!("{query}: {error}"));
    assert_eq!(query.readings().len(), readings.len());
    let users = Table::parse("id,name,team\n1,ann,red\n2,bob,blue\n2,late,none\n").unwrap();
    let mut run = query.start_with(settings, &BTreeMap::from([("users".to_owned(), users)]))?;
    for (number, messages) in readings.iter().enumerate() {
        for (message, at) in messages.iter().zip(0..) {
            run.push(event(at, message))?;
        }
        assert_eq!(run.turn()?, number + 1 < readings.len());
    }
    let row = |row: &Vec<(String, String)>| {
        let fields = row.iter().filter(|(name, _)| name != "@ptr").map(|(name, value)| format!("{name}={value}"));
        fields.collect::<Vec<_>>().join(" ")
    };
    Ok(run.finish()?.rows.iter().map(row).collect())
}

#[track_caller]
fn check(query: &str, readings: &[&[&str]], expected: &[&str]) {
    assert_eq!(answer(query, readings, Settings::default()).unwrap(), expected, "{query}");
}

const REQUESTS: &[&str] =
    &[r#"{"id":1,"path":"/a"}"#, r#"{"id":2,"path":"/b"}"#, r#"{"id":"3","path":"/c"}"#, r#"{"path":"/none"}"#];
const ANSWERS: &[&str] = &[r#"{"id":"1","ms":10}"#, r#"{"id":3,"ms":30}"#, r#"{"id":3,"ms":31}"#, "text"];

#[test]
fn joins_put_fields_of_two_sides_together() {
    check(
        "join type=inner left=req right=ans where req.id=ans.id (SOURCE '/answers' | filter ms < 31)
         | fields req.path, ans.ms, path, ms | sort req.path",
        &[ANSWERS, REQUESTS],
        &["req.path=/a ans.ms=10 path=/a ms=10", "req.path=/c ans.ms=30 path=/c ms=30"],
    );
    check(
        "filter ispresent(id) | join type=left where right.id = left.id (SOURCE '/answers')
         | stats count(*) as n, sum(right.ms) as ms by left.path | sort left.path",
        &[ANSWERS, REQUESTS],
        &["left.path=/a n=1 ms=10", "left.path=/b n=1", "left.path=/c n=2 ms=61"],
    );
    check(
        "stats count(*) as n by id | join right=a where left.id=a.id (SOURCE 'a' | stats max(ms) as worst by id)
         | fields id, n, a.worst | sort id",
        &[ANSWERS, REQUESTS],
        &["id=1 n=1 a.worst=10", "id=3 n=1 a.worst=31"],
    );
}

#[test]
fn subqueries_give_values() {
    for (query, expected) in [
        ("filter id in (SOURCE '/a' | filter ms > 10 | fields id) | display path", "path=/c"),
        ("filter id in (SOURCE '/a' | filter ms = 10) | display path", "path=/a"),
        ("filter id not in (SOURCE '/a' | fields id) and ispresent(id) | display path", "path=/b"),
        ("filter id in (filter ms = 10 | stats max(id) as most) | display path", "path=/a"),
        (
            "filter id in (SOURCE 'a' | filter ms > 10 | stats count(*) as n by id | filter n > 1 | fields id)
             | display path",
            "path=/c",
        ),
    ] {
        check(query, &[ANSWERS, REQUESTS], &[expected]);
    }
    // One inside another is run before it.
    check(
        "filter id in (SOURCE 'b' | filter id in (SOURCE 'a' | filter ms = 10) | fields id) | display path",
        &[ANSWERS, REQUESTS, REQUESTS],
        &["path=/a"],
    );
}

#[test]
fn tables_are_looked_up() {
    check(
        "filter id <= 3 | lookup users id as id OUTPUT name, team | sort path | display path, name, team",
        &[REQUESTS],
        &["path=/a name=ann team=red", "path=/b name=bob team=blue", "path=/c"],
    );
    check(
        "stats count(*) as n by path, id | lookup users id as id, name as path output team",
        &[&[r#"{"path":"bob","id":2}"#, r#"{"path":"ann","id":2}"#]],
        &["path=bob id=2 n=1 team=blue", "path=ann id=2 n=1"],
    );
    check("filter id=1 | lookup none id as id OUTPUT name | display path, name", &[REQUESTS], &["path=/a"]);
}

#[test]
fn templates_are_compared_with_earlier() {
    let now: &[&str] = &["took 1 ms", "took 2 ms", "[ERROR] lost", "took 3 ms"];
    let before: &[&str] = &["took 4 ms", "gone"];
    let expected = [
        "@pattern=took <Number-1> ms @severityLabel=NONE @differenceDescription=+200% @differenceCount=2 \
         @sampleCount=3 @ratio=0.75 @baselineSampleCount=1 @baselineRatio=0.5",
        "@pattern=[ERROR] lost @severityLabel=ERROR @differenceDescription=New @differenceCount=1 @sampleCount=1 \
         @ratio=0.25 @baselineSampleCount=0 @baselineRatio=0",
        "@pattern=gone @severityLabel=NONE @differenceDescription=Disappeared @differenceCount=-1 @sampleCount=0 \
         @ratio=0 @baselineSampleCount=1 @baselineRatio=0.5",
    ];
    for query in ["diff", "pattern @message | diff previousWeek", "logcompare timeshift 7d"] {
        check(query, &[now, before], &expected);
    }
    check(
        "diff previousDay | filter @differenceDescription = 'New' | display @pattern",
        &[now, before],
        &["@pattern=[ERROR] lost"],
    );
    check(
        "join where left.@message = right.@message (SOURCE 'a') | diff | display @sampleCount, @baselineSampleCount",
        &[now, now, &now[..1]],
        &["@sampleCount=3 @baselineSampleCount=1", "@sampleCount=1 @baselineSampleCount=0"],
    );
    for query in [
        "pattern @message | filter @ratio > 0 | diff",
        "stats count(*) by a | pattern a | diff",
        "stats count(*) | diff",
        "diff | diff",
        "filter a in (SOURCE 'a' | diff)",
    ] {
        assert!(Query::parse(query).is_err(), "{query}");
    }
}

#[test]
fn gaps_are_filled_and_sums_made() {
    let rows: &[&str] = &[r#"{"h":"x","v":1}"#, "", "", r#"{"v":5}"#, r#"{"h":"y","v":2}"#];
    check(
        "filter ispresent(v) | stats sum(v) as s by bin(1m) as t | fillmissing with 0 for s | fields toMillis(t) as m
         | display s",
        &[rows],
        &["s=1", "s=0", "s=0", "s=5", "s=2"],
    );
    check(
        "filter ispresent(v) | stats count(*) as n by bin(2m) as t, h | fillmissing with -1 for n, with '?' for u
         | display h, n, u",
        &[rows],
        &[
            "h=x n=1",
            "n=-1 u=?",
            "h=y n=-1 u=?",
            "h=x n=-1 u=?",
            "n=1",
            "h=y n=-1 u=?",
            "h=x n=-1 u=?",
            "n=-1 u=?",
            "h=y n=1",
        ],
    );
    check(
        "fields h, v | sort @timestamp | filldown h | accum v as total | display h, v, total",
        &[rows],
        &["h=x v=1 total=1", "h=x", "h=x", "h=x v=5 total=6", "h=y v=2 total=8"],
    );
    check(
        "filter ispresent(h) | fields v, v * 2 as w, h | sort v | addtotals fieldname=Sum col=true | display v, w, Sum",
        &[rows],
        &["v=1 w=2 Sum=3", "v=2 w=4 Sum=6", "v=3 w=6 Sum=9"],
    );
    check("filter v = 5 | fields v | addtotals row=false col=true v | display v, Total", &[rows], &["v=5", "v=5"]);
    assert!(Query::parse("stats count(*) by h | fillmissing").is_err());
}

#[test]
fn what_they_keep_is_bounded() {
    let long = format!(r#"{{"id":1,"x":"{}"}}"#, "x".repeat(4000));
    let settings = Settings { memory_bytes: 10_000, ..Settings::default() };
    let many: Vec<&str> = vec![&long; 10];
    let query = "join where left.id=right.id (SOURCE 'a') | display left.id";
    assert!(answer(query, &[&many, REQUESTS], settings).is_err());
    assert_eq!(answer(query, &[&many[..1], REQUESTS], settings).unwrap(), ["left.id=1"]);
    assert!(
        answer("lookup users id as id OUTPUT name", &[REQUESTS], Settings { memory_bytes: 100, ..settings }).is_err()
    );
    let nested = |depth| (0..depth).fold("a = 1".to_owned(), |text, _| format!("a in (SOURCE 'g' | filter {text})"));
    assert!(Query::parse(&format!("filter {}", nested(3))).is_ok());
    assert!(Query::parse(&format!("filter {}", nested(4))).is_err());
    for query in [
        "join where left.id = other.id (SOURCE 'a')",
        "join type=right where left.id = right.id (SOURCE 'a')",
        "join where left.id = right.id",
        "filter a in ()",
        "filter a in (SOURCE 'a' filter b)",
        "lookup users id as id",
        "SOURCE 'a')",
        "fillmissing with for x",
        "logcompare 7d",
        "addtotals what=1",
    ] {
        assert!(Query::parse(query).is_err(), "{query}");
    }
}
