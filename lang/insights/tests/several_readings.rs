//! Queries that know more than their own events: joins, subqueries, tables, earlier times; and commands about all rows.

#![allow(clippy::unwrap_used, reason = "in a test a failure is a failure")]

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
    let mut tables = query.tables(settings);
    tables.add("users", &users)?;
    let mut run = query.start_with(settings, tables);
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
        "limit 10 | diff",
        "filldown x | diff",
        "accum x | diff",
        "limit 10 | pattern @message | diff",
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
    // What they make of little: a row for each minute, and the same long text in each row.
    let text = "x".repeat(500);
    let rows: Vec<String> = std::iter::once(format!(r#"{{"v":1,"w":"{text}"}}"#)).chain((0..90).map(minute)).collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let settings = Settings { memory_bytes: 60_000, ..settings };
    let of = |bytes| Overflow::Memory { limit_bytes: bytes };
    for (query, fits) in [
        ("filter v = 1 or v = 80 | stats count(*) as n by bin(1m) as t | display n".to_owned(), true),
        (
            format!(
                "filter v = 1 or v = 80 | stats count(*) as n by bin(1m) as t
                 | fillmissing with '{text}' for n | display n"
            ),
            false,
        ),
        ("fields v | sort v | limit 100".to_owned(), true),
        ("fields w | sort @timestamp | filldown w | limit 100".to_owned(), false),
    ] {
        assert_eq!(answer(&query, &[&rows], settings).err(), (!fits).then(|| of(60_000)), "{query}");
    }
    let settings = Settings { memory_bytes: 45_000, ..settings };
    for (query, fits) in [
        ("fields v | sort v | limit 100", true),
        ("fields v | sort v | accum v as a | limit 100", true),
        ("fields v | sort v | addtotals fieldname=Sum v | limit 100", true),
        ("fields v | sort v | accum v as a | accum v as b | limit 100", false),
        ("fields v | sort v | addtotals fieldname=Sum v | addtotals fieldname=More v | limit 100", false),
    ] {
        assert_eq!(answer(query, &[&rows], settings).is_ok(), fits, "{query}");
    }
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

fn minute(at: i64) -> String {
    format!(r#"{{"v":{at}}}"#)
}

#[test]
fn a_row_for_each_stretch_of_time_is_no_million() {
    let query = |unit: &str| format!("stats count(*) as n by bin({unit}) as t | fillmissing with 0 for n | display n");
    let run = |unit| {
        let mut run = Query::parse(&query(unit)).unwrap().start(Settings::default());
        [0, 70_000].into_iter().for_each(|at| run.push(event(at, "")).unwrap());
        run.finish().map(|results| results.rows.len())
    };
    assert_eq!(run("1m"), Ok(10_000));
    assert_eq!(run("30s"), Err(Overflow::Filled { limit: 100_000 }));
}

/// As many groups as there are rows, each with a place of its own.
#[test]
fn groups_are_filled_as_fast_as_they_are_found() {
    let query = "stats count(*) as n by bin(1d) as t, @message as id | fillmissing with 0 for n | stats count(*) as n";
    let mut run = Query::parse(query).unwrap().start(Settings::default());
    for at in 0..50_000 {
        run.push(Event { timestamp_ms: NOON_MS, ..event(0, &at.to_string()) }).unwrap();
    }
    assert_eq!(run.finish().unwrap().rows, [[("n".to_owned(), "50000".to_owned())]]);
}

#[test]
fn what_joins_make_is_bounded() {
    let key = r#"{"id":1}"#;
    let same = vec![key; 300];
    let settings = Settings { joined_rows: 200_000, ..Settings::default() };
    let query = "join where left.id = right.id (SOURCE 'a')
        | join left=l right=r where l.id = r.id (SOURCE 'a') | stats count(*) as n";
    let parsed = Query::parse(query).unwrap();
    let mut run = parsed.start(settings);
    for messages in [&same[..], &same[..]] {
        messages.iter().for_each(|message| run.push(event(0, message)).unwrap());
        assert!(run.turn().unwrap());
    }
    // Three hundred times three hundred rows of one event: a little at a time, and matched is the event.
    run.push(event(0, key)).unwrap();
    let mut times = 0;
    while run.work().unwrap() {
        times += 1;
    }
    assert!(times > 80, "{times}");
    let statistics = run.statistics();
    assert_eq!((statistics.records_scanned, statistics.records_matched), (601, 601));
    let pushed = (0..3).try_for_each(|_| run.push(event(0, key))).and_then(|()| run.finish().map(drop));
    assert_eq!(pushed, Err(Overflow::Joined { limit: 200_000 }));
}

#[test]
fn what_is_joined_is_exactly_equal() {
    let ids = |ids: &[&str]| ids.iter().map(|id| format!(r#"{{"id":"{id}"}}"#)).collect::<Vec<_>>();
    let left = ids(&["0.12341", "12345678901234567890", "007", "12e4", "5"]);
    let right = ids(&["0.12344", "12345678901234567891", "7", "120000", "5"]);
    let [left, right] = [&left, &right].map(|ids| ids.iter().map(String::as_str).collect::<Vec<_>>());
    check("join where left.id = right.id (SOURCE 'a') | display left.id", &[&right, &left], &["left.id=5"]);
    check("filter id in (SOURCE 'a' | fields id) | display id", &[&right, &left], &["id=5"]);
}

#[test]
fn no_calendar_is_that_long() {
    for query in [
        "logcompare timeshift 20000y",
        "stats count(*) as n by bin(20000y) | fillmissing",
        "logcompare timeshift 240000mo",
    ] {
        assert!(Query::parse(query).is_err(), "{query}");
    }
    let query = Query::parse("logcompare timeshift 19000y").unwrap();
    assert_eq!(query.readings()[1].shift.unwrap().of(1_000, 5_000), (0, 4_000));
}
