//! The languages of CloudWatch Logs: filter patterns, Insights queries, transformers.

use tidegate_fuzz::{Material, fuzz};
use tidegate_insights::{Event, Query, Settings, Table};
use tidegate_logfilter::Pattern;
use tidegate_transform::{MAX_EVENT_BYTES, Source, Transformer};

const MESSAGES: [&str; 4] = [
    r#"{"a":{"b":[1,{"c":"text"}]},"n":12.5,"flag":true,"nothing":null,"level":"ERROR","ip":"10.0.0.1"}"#,
    r#"127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534"#,
    "[ERROR 401] größe UNAUTHORIZED \u{1F600} \"open",
    "",
];

const PATTERNS: Material<'static> = Material {
    examples: &[
        b"ERROR -\"exit 0\" ?WARN %4\\d\\d% request-id",
        br#"{ ($.a.b[1].c = "t*t" && $.n >= 1.2e1) || $.nothing IS NULL || $.x NOT EXISTS || $.a.* != %^[a-z]+$% }"#,
        b"{ $.a.b[*] = 1 && $.flag IS TRUE && $.level != *ERR* }",
        br#"[ip=%127\.0\.0\.[1-9]%, user, ..., request=*.html*, (status=4* || status=5*) && status!=403, bytes>1e3]"#,
    ],
    words: &[
        "{",
        "}",
        "[",
        "]",
        "(",
        ")",
        "&&",
        "||",
        "...",
        ",",
        "$.",
        "$[0]",
        "[*]",
        "*",
        "%",
        "\"",
        "\\",
        "-",
        "?",
        "=",
        "!=",
        "=!",
        "<=",
        ">",
        "IS NULL",
        "IS FALSE",
        "NOT EXISTS",
        "1e400",
        "99999999999999999999",
        "{1000}",
        "\\x28",
        "é",
    ],
};

/// A pattern that is understood is decided for every message, and in the same way by both questions.
#[test]
fn filter_patterns() {
    fuzz(PATTERNS, |bytes| {
        let Ok(pattern) = Pattern::parse(&String::from_utf8_lossy(bytes)) else { return };
        for message in MESSAGES {
            let extracted = pattern.matches(message);
            assert_eq!(extracted.is_some(), pattern.is_match(message));
            for (name, value) in extracted.iter().flat_map(|extracted| extracted.values()) {
                assert_eq!(extracted.as_ref().and_then(|extracted| extracted.value(&name)), Some(value), "{name}");
            }
        }
    });
}

const QUERIES: Material<'static> = Material {
    examples: &[
        br#"parse @message "user=*, took *ms" as user, took | filter took > 100 and @logStream like /ap?i/ | stats count(*) as n, pct(took, 95) by bin(5m), user | sort n desc | limit 20"#,
        br#"fields @timestamp, a.b.0, `odd-name`, concat(level, '-', n) as x, if(n > 1, substr(level, 1, 2), coalesce(y, 3)) | filter not (level in ["ERROR", 'WARN'] or n ^ 2 % 3 = -1.5e1) | dedup level, x | limit any 3"#,
        br"parse @message /(?<ip>\d+\.\d+)\.(?<rest>.*)/ | display ip, rest # comment",
        b"stats sum(n), avg(n)/2 as half, stddev(n), min(n), max(n), count_distinct(level), earliest(@message), latest(n), sortsFirst(level), sortsLast(level) by datefloor(@timestamp, 1w) as week | stats max(half) by week",
        b"fields jsonParse(@message) as j | fields j.a.b[1] as c | unnest c into d | filter isIpv4InSubnet(ip, '10.0.0.0/8') | sort @timestamp asc, n | filter n > 0 | limit 5 | fields regex_replace(level, 'R+', 'r')",
        b"filter ispresent(n) | join type=left left=one right=two where one.n = two.n and one.level = two.level (SOURCE logGroups(namePrefix: ['a']) | stats max(n) as n by level | limit 5) | fields one.n, two.n | lookup users level as level, n as id OUTPUT name, team",
        b"filter n in (SOURCE 'g' | filter n not in (filter flag = 1 | fields n) | stats max(n) as most) | dedup n",
        b"pattern @message | diff previousMonth | filter @differenceCount > 0",
        b"filter @message like /a/ | logcompare timeshift 13mo",
        b"stats sum(n) as s by bin(1m) as t, level | fillmissing with -1 for s, with 'none' for u | filldown u s* | accum s as total | addtotals fieldname=Sum row=true col=true s, total",
        b"",
    ],
    words: &[
        "fields ", "display ", "filter ", "stats ", "sort ", "limit ", "dedup ", "parse ", "unnest ", " by ", " as ", " | ",
        "(", ")", "[", "]", ",", "`", "'", "\"", "/", "\\", "#", "\n", "=~", "!=", "not ", " and ", " or ", " like ", " in ",
        "count(*)", "pct(", "bin(1mo)", "bin(9999999y)", "9e99", "0", "-", "^", "*", "@message", "replace(", "a.b.c",
        "join ", "left=", "right=", "where ", "type=left ", "lookup users ", "OUTPUT ", "SOURCE 'g'", "diff ", "previousWeek",
        "logcompare timeshift ", "20000y", "fillmissing ", "with 0 for ", "filldown ", "accum ", "addtotals ", "col=true ", "pattern ",
    ],
};

/// A query that is understood comes to an end, within its memory, with no more rows than it may have.
#[test]
fn insights_queries() {
    let event = |at: i64, message: &str| Event {
        timestamp_ms: 1_714_564_800_000 + at * 61_000,
        ingestion_ms: 1_714_564_800_500,
        message: message.to_owned(),
        log: if at % 2 == 0 { "000000000000:app".into() } else { "000000000000:/aws/lambda/f".into() },
        log_stream: "s".into(),
        unmasked: None,
        transformed: None,
        ptr: at.to_string(),
    };
    fuzz(QUERIES, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let query = match Query::parse(&text) {
            Ok(query) => query,
            Err(error) => {
                assert!(error.start <= error.end && error.end <= text.chars().count(), "{error:?}");
                return;
            }
        };
        let settings = Settings { now_ms: 1_714_564_800_000, limit: 3, memory_bytes: 1 << 20, ..Settings::default() };
        let users = Table::parse("id,level,name,team\n12.5,ERROR,ann,red\n").expect("a table");
        let mut tables = query.tables(settings);
        for lookup in query.lookups() {
            tables.add(&lookup.table, &users).expect("a row is little");
        }
        let mut run = query.start_with(settings, tables);
        let mut pushed = 0;
        let readings = query.readings();
        for (number, reading) in readings.iter().enumerate() {
            let (from, to) = (1_714_564_800_000, 1_714_568_400_000);
            let (from, to) = reading.shift.map_or((from, to), |shift| shift.of(from, to));
            assert!(from <= to && to <= 1_714_568_400_000);
            for (at, message) in (0..).zip(MESSAGES) {
                if run.push(event(at, message)).is_err() {
                    return;
                }
                pushed += 1;
            }
            match run.turn() {
                Ok(more) => assert_eq!(more, number + 1 < readings.len()),
                Err(_) => return,
            }
        }
        if let Ok(results) = run.finish() {
            assert_eq!(results.statistics.records_scanned, pushed);
            assert!(results.statistics.records_matched <= pushed);
            assert!(results.rows.len() <= 100_000);
        }
    });
}

const TABLES: Material<'static> = Material {
    examples: &[
        b"id,name\r\n1,\"Ann, \"\"A\"\"\"\n\n2,\"line\nbreak\"",
        "\u{feff}größe, b ,c\n,,\n\"\",x,\"y\"".as_bytes(),
        b"",
    ],
    words: &["\"", "\"\"", ",", "\n", "\r\n", "\r", "\u{feff}", ",,,,", "\"\n", " "],
};

/// A table that is understood has as many cells in each row as its header, and is looked up.
#[test]
fn lookup_tables() {
    fuzz(TABLES, |bytes| {
        let Ok(table) = Table::parse(&String::from_utf8_lossy(bytes)) else { return };
        assert!(table.columns().iter().all(|name| !name.is_empty()));
        let query = Query::parse("lookup t id as n OUTPUT name").expect("a query");
        query.tables(Settings::default()).add("t", &table).expect("it is small");
    });
}

const TRANSFORMERS: Material<'static> = Material {
    examples: &[
        br#"[{"grok":{"match":"%{IP:client.ip} %{WORD:method} [%{NUMBER:n}] %{GREEDYDATA:rest}"}},{"typeConverter":{"entries":[{"key":"n","type":"integer"}]}}]"#,
        br#"[{"parseJSON":{}},{"moveKeys":{"entries":[{"source":"a.b[0]","target":"c"}]}},{"substituteString":{"entries":[{"source":"level","from":"(E)","to":"$1"}]}}]"#,
        br#"[{"csv":{"delimiter":"\\t","columns":["a","b.c"]}},{"dateTimeConverter":{"source":"a","target":"t","matchPatterns":["dd/MMM/yyyy:HH:mm:ss Z"],"targetFormat":"EEE hh:mm a XXX"}}]"#,
        br#"[{"parseKeyValue":{"fieldDelimiter":" ","keyValueDelimiter":"="}},{"listToMap":{"source":"a","key":"k","flatten":true,"flattenedElement":"last"}}]"#,
        br#"[{"parseJSON":{}},{"dateTimeConverter":{"source":"at","target":"t","matchPatterns":["yyyy-MM-dd HH:mm:ss Z","epoch"],"sourceTimezone":"+05:30","targetTimezone":"Europe/Berlin","targetFormat":"yyyy-DDD'T'KK:mm:ss.SSSSSSnnn 'o''clock' VV O xxx"}}]"#,
        br#"[{"parseJSON":{}},{"substituteString":{"entries":[{"source":"level","from":"(?s).+","to":"$0${0}$$"},{"source":"level","from":"","to":"$0$0"}]}},{"copyValue":{"entries":[{"source":"@message","target":"a.x"}]}}]"#,
        br#"[{"parsePostgres":{}}]"#,
    ],
    words: &["%{", "}", "\"", ":", "'", "yyyy", "SSS", "epoch", "%{DATA}", "[0]", ".", "{1000}", "(", "null", "[]", "{}", "+9999999999", "-0530", "é", "GMT", "yyyyyyyyyyyyyyyyyyyy", "$0", "${", "$$"],
};

/// Times as nobody writes them.
const TIMES: [&str; 3] = [
    r#"{"at":"2024-02-29 12:34:56 +éa","level":"é"}"#,
    r#"{"at":"2024-02-29 12:34:56 +99999999999","level":"$0"}"#,
    r#"{"at":"2024-02-29 12:34:56 -0530","a":{"x":{}}}"#,
];

/// What a transformer makes of a message is an object, and no larger than an event may be.
#[test]
fn transformers() {
    fuzz(TRANSFORMERS, |bytes| {
        let Ok(processors) = serde_json::from_slice(bytes) else { return };
        let Ok(transformer) = Transformer::parse(&processors) else { return };
        let source = Source { group: "g", stream: "s", account: "000000000000", region: "us-east-1" };
        for message in MESSAGES.into_iter().chain(TIMES) {
            if let Some(made) = transformer.apply(message, source) {
                assert!(made.len() <= MAX_EVENT_BYTES);
                assert!(serde_json::from_str::<serde_json::Value>(&made).is_ok_and(|value| value.is_object()));
            }
        }
    });
}
