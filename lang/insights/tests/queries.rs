//! Queries over events: one function that checks, and tables of cases.

#![allow(clippy::unwrap_used, reason = "in a test a failure is a failure")]

use tidegate_insights::{Event, Query, Results, Settings};

/// 2024-05-01 12:00:00.000 UTC.
const NOON_MS: i64 = 1_714_564_800_000;

fn event(at: i64, message: &str) -> Event {
    Event {
        timestamp_ms: NOON_MS + at * 60_000,
        ingestion_ms: NOON_MS + at * 60_000 + 500,
        message: message.to_owned(),
        log: "000000000000:app".into(),
        log_stream: if at % 2 == 0 { "even".into() } else { "odd".into() },
        unmasked: None,
        transformed: None,
        ptr: format!("p{at}"),
    }
}

/// One event a minute.
fn events(messages: &[&str]) -> Vec<Event> {
    messages.iter().zip(0..).map(|(message, at)| event(at, message)).collect()
}

fn run(query: &str, events: Vec<Event>) -> Results {
    let settings = Settings { now_ms: NOON_MS, ..Settings::default() };
    let mut run = Query::parse(query).unwrap_or_else(|error| panic!("{query}: {error}")).start(settings);
    for event in events {
        if run.is_satisfied() {
            break;
        }
        run.push(event).unwrap();
    }
    run.finish().unwrap()
}

/// The rows as `name=value` without the pointers.
fn rows(query: &str, events: Vec<Event>) -> Vec<String> {
    let row = |row: &Vec<(String, String)>| {
        let fields = row.iter().filter(|(name, _)| name != "@ptr").map(|(name, value)| format!("{name}={value}"));
        fields.collect::<Vec<_>>().join(" ")
    };
    run(query, events).rows.iter().map(row).collect()
}

/// The value of an expression about one event; `-` if it is missing.
fn value(expression: &str, message: &str) -> String {
    let rows = run(&format!("fields {expression} as x | display x"), events(&[message])).rows;
    rows[0].iter().find(|(name, _)| name == "x").map_or("-".to_owned(), |(_, value)| value.clone())
}

const ACCESS: [&str; 6] = [
    r#"{"path":"/a","status":200,"ms":12.5,"user":{"name":"ann","tags":["x","y"]},"ok":true}"#,
    r#"{"path":"/b","status":500,"ms":100,"user":{"name":"bob","tags":["y"]},"ok":false}"#,
    r#"{"path":"/a","status":404,"ms":7,"user":{"name":"ann","tags":[]},"ok":false,"a-b":1}"#,
    r#"{"path":"/c","status":200,"ms":30,"dotted.key":{"in.ner":"deep"},"nothing":null}"#,
    "plain text with ERROR in it",
    r#"{"path":"/a10","status":"201","ms":"9"}"#,
];

fn access() -> Vec<Event> {
    events(&ACCESS)
}

#[test]
fn what_is_shown() {
    let results = run("", events(&["one", "two"]));
    let fields =
        |at: usize| results.rows[at].iter().map(|(name, value)| (name.as_str(), value.as_str())).collect::<Vec<_>>();
    assert_eq!(fields(0), [("@timestamp", "2024-05-01 12:01:00.000"), ("@message", "two"), ("@ptr", "p1")]);
    assert_eq!(fields(1), [("@timestamp", "2024-05-01 12:00:00.000"), ("@message", "one"), ("@ptr", "p0")]);
    for (query, row) in [
        ("fields @message", "@message=m"),
        (
            "fields @logStream, @log, @ingestionTime",
            "@logStream=even @log=000000000000:app @ingestionTime=2024-05-01 12:00:00.500",
        ),
        ("fields @message as text", "text=m"),
        ("fields strlen(@message)", "strlen(@message)=1"),
        ("fields 1 + 1 as a, a as b | fields a as b", "a=2 b=2"),
        ("fields @message | fields @logStream", "@message=m @logStream=even"),
        ("fields @message, @log | display @logStream", "@logStream=even"),
        ("display @log | display @logStream", "@logStream=even"),
        ("fields absent, @message", "@message=m"),
        ("filter 1 = 1", "@timestamp=2024-05-01 12:00:00.000 @message=m"),
        ("unmask @message", "@message=m"),
        ("# a comment\nfields @message # another\n| limit 5", "@message=m"),
        ("FIELDS @message | LIMIT 5", "@message=m"),
        ("parse @message \"*\" as x", "@timestamp=2024-05-01 12:00:00.000 @message=m x=m"),
        ("fields @message | parse @message /(?<y>.)/", "@message=m y=m"),
    ] {
        assert_eq!(rows(query, events(&["m"])), [row], "{query}");
    }
}

#[test]
fn which_events_pass_a_filter() {
    let all = |query: &str| -> Vec<usize> {
        let mut numbers: Vec<usize> =
            run(query, access()).rows.iter().map(|row| row.last().unwrap().1[1..].parse().unwrap()).collect();
        numbers.sort_unstable();
        numbers
    };
    for (condition, expected) in [
        ("status = 200", vec![0, 3]),
        ("status = \"200\"", vec![0, 3]),
        ("status = 201", vec![5]),
        ("status != 200", vec![1, 2, 4, 5]),
        ("status >= 400", vec![1, 2]),
        ("status > 199 and status < 300", vec![0, 3, 5]),
        ("(status>=400 or ms<10) and path = '/a'", vec![2]),
        ("status>=400 or ms<10 and path = '/a10'", vec![1, 2, 5]),
        ("not status >= 400", vec![0, 3, 4, 5]),
        ("not not status >= 400", vec![1, 2]),
        ("user.name = \"ann\"", vec![0, 2]),
        ("user.tags.0 = 'y'", vec![1]),
        ("user.tags[1] = 'y'", vec![0]),
        ("user.`name` like /^a/", vec![0, 2]),
        ("`a-b` = 1", vec![2]),
        ("dotted.key.in.ner = 'deep'", vec![3]),
        ("ok = 1", vec![0]),
        ("ok = 0", vec![1, 2]),
        ("ok = 'true'", vec![0]),
        ("ok", vec![0]),
        ("ispresent(ok)", vec![0, 1, 2]),
        ("not ispresent(status)", vec![4]),
        ("ispresent(nothing)", vec![]),
        ("ispresent(user)", vec![]),
        ("@message like 'ERROR'", vec![4]),
        ("@message like \"error\"", vec![]),
        ("@message like /(?i)error/", vec![4]),
        ("@message =~ /ERR.R|absent/", vec![4]),
        (r"@message like /\/b/", vec![1]),
        ("@message not like /status/", vec![4]),
        ("path in ['/b', \"/c\"]", vec![1, 3]),
        ("status in [200, 404]", vec![0, 2, 3]),
        ("path not in ['/a','/b','/c']", vec![4, 5]),
        ("path in []", vec![]),
        ("strcontains(@message, 'ERROR')", vec![4]),
        ("strcontains(@message, 'ERROR') = 1", vec![4]),
        ("isempty(path) and isblank(path)", vec![4]),
        ("ms * 2 > 50", vec![1, 3]),
        ("@timestamp >= 1714565040000", vec![4, 5]),
        ("@logStream = 'odd'", vec![1, 3, 5]),
        ("missing = 1", vec![]),
        ("missing != 1", vec![0, 1, 2, 3, 4, 5]),
        ("missing > 1 or missing <= 1", vec![]),
        ("missing like /x/", vec![]),
        ("filterish = 1", vec![]),
    ] {
        assert_eq!(all(&format!("filter {condition}")), expected, "{condition}");
    }
    assert_eq!(all("filter status = 200 | filter path = '/c'"), [3]);
    assert_eq!(all("where status = 200"), [0, 3]);
    assert_eq!(all("filterIndex status = 200"), [0, 3]);
}

#[test]
fn what_expressions_are_worth() {
    let message = r#"{"n":-2.5,"big":12345678901234567890,"s":"  foo ","t":"xyZfooxyZ","json":"{\"a\":[1,{\"b\":\"c\"}]}","ip":"10.1.2.3","v6":"2001:db8::1"}"#;
    for (expression, expected) in [
        ("1 + 2 * 3", "7"),
        ("(1 + 2) * 3", "9"),
        ("2 ^ 3", "8"),
        ("2 ^ 3 ^ 2", "512"),
        ("-2 ^ 2", "-4"),
        ("10 % 3", "1"),
        ("7 / 2", "3.5"),
        ("2 / 3", "0.6667"),
        ("1 / 0", "-"),
        ("10 - 3 - 2", "5"),
        ("1.5e3", "1500"),
        ("n", "-2.5"),
        ("big", "12345678901234567890"),
        ("n * 2", "-5"),
        ("s + 1", "-"),
        ("abs(n)", "2.5"),
        ("ceil(n)", "-2"),
        ("floor(n)", "-3"),
        ("round(2.567, 2)", "2.57"),
        ("greatest(1, n, 3)", "3"),
        ("least(1, n, 3)", "-2.5"),
        ("log(1)", "0"),
        ("sqrt(16)", "4"),
        ("sqrt(n)", "-"),
        ("toInt('7.9')", "7"),
        ("toNumber('7.9')", "7.9"),
        ("floor(haversine(52.52, 13.405, 48.8566, 2.3522))", "877"),
        ("trim(s)", "foo"),
        ("ltrim(s)", "foo "),
        ("rtrim(s)", "  foo"),
        ("ltrim(t, 'xyZ')", "fooxyZ"),
        ("rtrim(t, 'xyZ')", "xyZfoo"),
        ("trim(t, 'xyZ')", "foo"),
        ("strlen('größe')", "5"),
        ("toupper(t)", "XYZFOOXYZ"),
        ("tolower(t)", "xyzfooxyz"),
        ("substr(t, 3)", "fooxyZ"),
        ("substr(t, 3, 3)", "foo"),
        ("substr(t, 100)", ""),
        ("replace('foo', 'o', '0')", "f00"),
        ("regex_replace('a1b22', /\\d+/, '#')", "a#b#"),
        ("regex_replace('a1b22', '[0-9]', '#')", "a#b##"),
        ("concat(t, '-', n, absent)", "xyZfooxyZ--2.5"),
        ("strcontains(t, 'foo')", "1"),
        ("strcontains(t, 'FOO')", "0"),
        ("strcontains(t, 'FOO', true)", "0"),
        ("startsWith(t, 'xy')", "1"),
        ("endsWith(t, 'xy')", "0"),
        ("urlencode('a b/ü')", "a%20b%2F%C3%BC"),
        ("urldecode('a%20b%2F%C3%BC')", "a b/ü"),
        ("base64encode('hi')", "aGk="),
        ("base64decode('aGk=')", "hi"),
        ("md5('hi')", "49f68a5c8493ec2c0bf489821c21fc3b"),
        ("sha256('')", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("split('a,b', ',')", r#"["a","b"]"#),
        ("isempty('')", "1"),
        ("isblank('  ')", "1"),
        ("isblank('x')", "0"),
        ("coalesce(absent, n, 1)", "-2.5"),
        ("ispresent(n)", "1"),
        ("if(n < 0, 'neg', 'pos')", "neg"),
        ("case(n > 0, 'pos', n < 0, 'neg', 'nought')", "neg"),
        ("case(n > 0, 'pos')", "-"),
        ("jsonParse(json)", r#"{"a":[1,{"b":"c"}]}"#),
        ("jsonParse(json).a[0]", "1"),
        ("jsonParse(json).a[1].b", "c"),
        ("jsonParse('nope')", "-"),
        ("jsonStringify(jsonParse(json))", r#"{"a":[1,{"b":"c"}]}"#),
        ("isValidIp(ip)", "1"),
        ("isValidIp('10.1.2')", "0"),
        ("isValidIpV4(v6)", "0"),
        ("isValidIpV6(v6)", "1"),
        ("isIpInSubnet(ip, '10.1.0.0/16')", "1"),
        ("isIpv4InSubnet(ip, '10.2.0.0/16')", "0"),
        ("isIpv6InSubnet(v6, '2001:db8::/32')", "1"),
        ("isIpv6InSubnet(ip, '0.0.0.0/0')", "0"),
        ("isIpInSubnet(ip, '0.0.0.0/0')", "1"),
        ("isIpInSubnet(ip, '10.0.0.0/99')", "0"),
        ("ipv4ToNumber('1.0.0.1')", "16777217"),
        ("isPrivateIP(ip)", "1"),
        ("isPublicIP('8.8.8.8')", "1"),
        ("isReservedIP('127.0.0.1')", "1"),
        ("isReservedIP(v6)", "1"),
        ("@timestamp", "2024-05-01 12:00:00.000"),
        ("toMillis(@timestamp)", "1714564800000"),
        ("fromMillis(1714564800001)", "2024-05-01 12:00:00.001"),
        ("@timestamp - 1000", "2024-05-01 11:59:59.000"),
        ("@ingestionTime - @timestamp", "500"),
        ("bin(1h)", "2024-05-01 12:00:00.000"),
        ("bin(1d)", "2024-05-01 00:00:00.000"),
        ("bin(1mo)", "2024-05-01 00:00:00.000"),
        ("datefloor(@timestamp, 1w)", "2024-04-29 00:00:00.000"),
        ("dateceil(@timestamp, 7h)", "2024-05-01 17:00:00.000"),
        ("now()", "1714564800"),
        ("'it\\'s'", "it's"),
        ("\"tab\\there\"", "tab\there"),
        ("absent", "-"),
    ] {
        assert_eq!(value(expression, message), expected, "{expression}");
    }
}

#[test]
fn parse_takes_fields_apart() {
    let message = "user=ann, method:GET, latency := 25 ms";
    for (command, expected) in [
        (
            r#"parse @message "user=*, method:*, latency := *" as @user, @method, @latency"#,
            "@user=ann @method=GET @latency=25 ms",
        ),
        (r#"parse @message "user=*, " as u"#, "u=ann"),
        (r#"parse "method:*," as m"#, "m=GET"),
        (r"parse @message /user=(?<u>\w+), method:(?<m>[A-Z]+)/", "u=ann m=GET"),
        (r"parse @message /user=(\w+), method:([A-Z]+)/ as u, m", "u=ann m=GET"),
        (r#"parse @message "nothing * here" as u"#, ""),
        (r"parse @message /latency := (?<l>\d+)/ | filter l > 20", "l=25"),
        (r"parse @message /latency := (?<l>\d+)/ | filter l > 30 | display l", "none"),
    ] {
        let found = rows(&format!("{command} | fields ''  as none"), events(&[message]));
        let shown = found.first().map_or("none".to_owned(), |row| row.replace(" none=", "").replace("none=", ""));
        assert_eq!(shown, expected, "{command}");
    }
    assert_eq!(
        rows("parse @message '[*] *' as a, b | display a, b", events(&["[x] two\nlines"])),
        ["a=x b=two\nlines"]
    );
    assert_eq!(
        rows("parse @message logfmt as lf | display lf.a, lf.b, lf.c", events(&["a=1 b=\"two words\" c"])),
        ["lf.a=1 lf.b=two words lf.c="]
    );
    assert_eq!(
        rows(
            "fields jsonParse(@message) as j, j.x as early | fields j.x as late | display early, late",
            events(&["{\"x\":5}"])
        ),
        ["late=5"]
    );
}

#[test]
fn sort_limit_and_dedup() {
    let by = |query: &str| -> Vec<String> {
        run(query, access()).rows.iter().map(|row| row.last().unwrap().1[1..].to_owned()).collect()
    };
    for (query, expected) in [
        ("fields @message", "5 4 3 2 1 0"),
        ("sort @timestamp asc", "0 1 2 3 4 5"),
        ("sort @timestamp", "0 1 2 3 4 5"),
        ("sort @timestamp desc | limit 2", "5 4"),
        ("limit 2", "5 4"),
        ("head 2", "5 4"),
        ("sort status desc, ms asc", "1 2 5 0 3 4"),
        ("sort status asc, @timestamp desc", "3 0 5 2 1 4"),
        ("sort path asc, @timestamp asc", "0 2 5 1 3 4"),
        ("sort path desc | limit 3", "3 1 5"),
        ("sort ms", "2 5 0 3 1 4"),
        ("sort ms * -1", "1 3 0 5 2 4"),
        ("order by ms desc | limit 1", "1"),
        ("sort @timestamp asc | limit 3 | filter status >= 400", "1 2"),
        ("sort @timestamp asc | filter status >= 400 | limit 1", "1"),
        ("sort @timestamp asc | limit 4 | limit 2", "0 1"),
        ("sort @timestamp asc | limit 3 | sort ms desc | limit 2", "1 0"),
        ("limit any 2", "1 0"),
        ("filter ispresent(path) | dedup path", "5 3 2 1"),
        ("sort @timestamp asc | dedup path", "0 1 3 4 5"),
        ("sort @timestamp asc | dedup path, status | limit 3", "0 1 2"),
        ("dedup user.name | limit 10", "5 4 3 2 1"),
    ] {
        assert_eq!(by(query).join(" "), expected, "{query}");
    }
}

#[test]
fn stats_group_and_aggregate() {
    for (query, expected) in [
        ("stats count(*)", vec!["count(*)=6"]),
        ("stats count() as n", vec!["n=6"]),
        ("stats count(status) as n", vec!["n=5"]),
        ("stats count_distinct(path) as n", vec!["n=4"]),
        ("stats sum(ms), avg(ms), min(ms), max(ms)", vec!["sum(ms)=158.5 avg(ms)=31.7 min(ms)=7 max(ms)=100"]),
        ("stats pct(ms, 50) as p50, pct(ms, 95) as p95, stddev(status) as d", vec!["p50=12.5 p95=100 d=126.974"]),
        ("stats max(ms) - min(ms) as spread, count(*) * 2 as twice", vec!["spread=93 twice=12"]),
        ("stats sum(status >= 400) as bad", vec!["bad=2"]),
        ("stats earliest(path) as e, latest(path) as l", vec!["e=/a l=/a10"]),
        ("stats sortsFirst(path) as f, sortsLast(path) as l", vec!["f=/a l=/c"]),
        ("stats earliest(@timestamp) as e", vec!["e=1714564800000"]),
        ("stats sum(absent) as s, count(*) as n", vec!["n=6"]),
        (
            "stats count(*) as n by path | sort path asc",
            vec!["path=/a n=2", "path=/a10 n=1", "path=/b n=1", "path=/c n=1", "n=1"],
        ),
        ("filter ispresent(path) | stats count(*) as n by path | sort n desc, path asc | limit 1", vec!["path=/a n=2"]),
        (
            "stats count(*) by bin(2m)",
            vec![
                "bin(2m)=2024-05-01 12:00:00.000 count(*)=2",
                "bin(2m)=2024-05-01 12:02:00.000 count(*)=2",
                "bin(2m)=2024-05-01 12:04:00.000 count(*)=2",
            ],
        ),
        ("stats count(*) as n by bin(2m) as t | sort t desc | limit 1", vec!["t=2024-05-01 12:04:00.000 n=2"]),
        ("stats count(*) by bin(2m) | sort bin(2m) desc | limit 1", vec!["bin(2m)=2024-05-01 12:04:00.000 count(*)=2"]),
        ("stats count(*) as n by @logStream | sort @logStream", vec!["@logStream=even n=3", "@logStream=odd n=3"]),
        ("stats count(*) as n by path, status | filter n > 1", vec![]),
        ("stats count(*) as n by path | stats max(n) as most, count(*) as groups", vec!["most=2 groups=5"]),
        (
            "stats count(*) as n by bin(1m) | stats avg(n) by bin(1m) | limit 1",
            vec!["bin(1m)=2024-05-01 12:00:00.000 avg(n)=1"],
        ),
        (
            "stats count(*) as n by path | fields n * 10 as ten | display path, ten | sort ten desc | limit 1",
            vec!["path=/a ten=20"],
        ),
        ("stats count(*) as n by toupper(path) as p | filter p = '/A'", vec!["p=/A n=2"]),
        ("filter absent = 1 | stats count(*)", vec![]),
        ("fields ms * 2 as double | stats sum(double) as s", vec!["s=317"]),
        ("sort @timestamp desc | limit 2 | stats count(*) as n, latest(path) as p", vec!["n=2 p=/a10"]),
        ("parse @message '\"path\":\"*\"' as p | stats count(*) as n by p | sort n desc | limit 1", vec!["p=/a n=2"]),
        (
            "fields jsonParse(@message) as j | stats count() as n by j.status | sort n desc | limit 1",
            vec!["j.status=200 n=2"],
        ),
    ] {
        assert_eq!(rows(query, access()), expected, "{query}");
    }
    let pointers = run("stats count(*)", access());
    assert_eq!(pointers.rows[0].len(), 1, "groups have no pointer");
}

#[test]
fn unnest_makes_a_row_of_each_element() {
    let messages = [r#"{"tags":"[\"x\",\"y\"]","id":1}"#, r#"{"tags":"[\"y\"]","id":2}"#];
    assert_eq!(
        rows(
            "fields jsonParse(tags) as list | unnest list into tag | stats count(*) as n by tag | sort tag",
            events(&messages)
        ),
        ["tag=x n=1", "tag=y n=2"]
    );
}

#[test]
fn lambda_lines_have_fields() {
    let lambda = |at: i64, message: &str| Event { log: "000000000000:/aws/lambda/f".into(), ..event(at, message) };
    let id = "5d1edb97-5b1c-5a6e-9f2c-1c3f5a2f3b4e";
    let report = format!(
        "REPORT RequestId: {id}\tDuration: 102.25 ms\tBilled Duration: 103 ms\tMemory Size: 128 MB\tMax Memory Used: 70 MB\tInit Duration: 150.5 ms\t\nXRAY TraceId: 1-5e1b\tSegmentId: 6f\tSampled: true\t\n"
    );
    let lines = vec![
        lambda(0, &format!("START RequestId: {id} Version: $LATEST\n")),
        lambda(
            1,
            &format!("2024-05-01T12:00:01.000Z\t{id}\tINFO\thello {{\"level\":\"warn\",\"n\":3}} and {{\"n\":4}}\n"),
        ),
        lambda(2, &format!("END RequestId: {id}\n")),
        lambda(3, &report),
    ];
    assert_eq!(
        rows(
            "filter @type = 'REPORT' | fields @duration, @billedDuration, @memorySize, @maxMemoryUsed, @initDuration, @xrayTraceId, @xraySegmentId",
            lines.clone()
        ),
        [
            "@duration=102.25 @billedDuration=103 @memorySize=128000000 @maxMemoryUsed=70000000 @initDuration=150.5 @xrayTraceId=1-5e1b @xraySegmentId=6f"
        ]
    );
    assert_eq!(rows("stats max(@memorySize / 1024 / 1024) as mb", lines.clone()), ["mb=122.0703"]);
    assert_eq!(rows("stats count(*) as n by @requestId", lines.clone()), [format!("@requestId={id} n=4")]);
    assert_eq!(rows("filter level = 'warn' | fields n", lines.clone()), ["n=3"]);
    let names: Vec<String> = tidegate_insights::fields(&lines[1]).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["@timestamp", "@ingestionTime", "@message", "@logStream", "@log", "@requestId", "level", "n"]);
}

#[test]
fn fields_of_an_event() {
    let event = event(0, r#"{"a":{"b":[1,{"c":true}]},"@x":"y","n":null,"t":1.0}"#);
    let fields = tidegate_insights::fields(&event);
    let of_message: Vec<_> = fields[5..].iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(of_message, ["a.b.0=1", "a.b.1.c=1", "@@x=y", "t=1.0"]);
    assert_eq!(rows("fields @@x, a.b.1.c", vec![event]), ["@@x=y a.b.1.c=1"]);
    let wide = format!("{{{}}}", (0..500).map(|n| format!("\"f{n}\":{n}")).collect::<Vec<_>>().join(","));
    assert_eq!(tidegate_insights::fields(&self::event(0, &wide)).len(), 205);
}

#[test]
fn statistics_count_what_was_looked_at() {
    let results = run("filter status = 200 | stats count(*)", access());
    assert_eq!(results.statistics.records_scanned, 6);
    assert_eq!(results.statistics.records_matched, 2);
    assert_eq!(results.statistics.bytes_scanned, ACCESS.iter().map(|message| message.len() as u64).sum::<u64>());
    assert_eq!(run("limit any 1", access()).statistics.records_scanned, 1);
}

#[test]
fn memory_is_bounded() {
    let start =
        |query: &str| Query::parse(query).unwrap().start(Settings { memory_bytes: 100_000, ..Settings::default() });
    let push = |query: &str| {
        let mut run = start(query);
        (0..10_000).try_for_each(|at| run.push(event(at, &format!("message number {at}")))).and_then(|()| run.finish())
    };
    assert!(push("sort @timestamp").is_err());
    assert!(push("stats count(*) by @message").is_err());
    assert!(push("dedup @message").is_err());
    assert_eq!(push("sort @timestamp | limit 10").unwrap().rows.len(), 10);
    assert_eq!(push("stats count(*) by @logStream").unwrap().rows.len(), 2);
    assert!(push("stats count_distinct(@message), pct(@timestamp, 50)").is_err(), "a sketch costs what it costs");
}

#[test]
fn patterns_are_counted() {
    let lines = ["took 5 ms", "took 17 ms", "took 9 ms", "[ERROR] request a1 failed"];
    assert_eq!(
        rows("pattern @message", events(&lines)),
        [
            "@pattern=took <Number-1> ms @ratio=0.75 @sampleCount=3 @severityLabel=NONE",
            "@pattern=[ERROR] request <Token-1> failed @ratio=0.25 @sampleCount=1 @severityLabel=ERROR",
        ]
    );
    let query =
        "filter @message like /took/ | pattern @message | filter @sampleCount > 2 | display @pattern, @ratio | limit 1";
    assert_eq!(rows(query, events(&lines)), ["@pattern=took <Number-1> ms @ratio=1"]);
}

#[test]
fn a_source_is_no_command() {
    let query = r#"SOURCE logGroups(namePrefix: ["/app"]) | fields @message | limit 1"#;
    assert_eq!(rows(query, events(&["a"])), ["@message=a"]);
    assert_eq!(Query::parse(query).unwrap().source().unwrap().prefixes, ["/app"]);
}

#[test]
fn an_event_with_a_masked_number_keeps_its_fields() {
    let event = Event {
        unmasked: Some(String::new()),
        ..event(0, r#"{"card":****,"a":{"b":[1,-**.5]},"text":"x ** \" **","n":2}"#)
    };
    let shown = rows("display card, a.b.0, a.b.1, text, n", vec![event.clone()]);
    assert_eq!(shown, [r#"card=**** a.b.0=1 a.b.1=-**.5 text=x ** " ** n=2"#]);
    assert!(tidegate_insights::fields(&event).contains(&("card".to_owned(), "****".to_owned())));
}
