//! The languages of CloudWatch Logs: filter patterns, Insights queries, transformers.

use tidegate_fuzz::{Material, fuzz};
use tidegate_insights::{Event, Query, Settings};
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
        b"",
    ],
    words: &[
        "fields ", "display ", "filter ", "stats ", "sort ", "limit ", "dedup ", "parse ", "unnest ", " by ", " as ", " | ",
        "(", ")", "[", "]", ",", "`", "'", "\"", "/", "\\", "#", "\n", "=~", "!=", "not ", " and ", " or ", " like ", " in ",
        "count(*)", "pct(", "bin(1mo)", "bin(9999999y)", "9e99", "0", "-", "^", "*", "@message", "replace(", "a.b.c",
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
        let mut run = query.start(Settings { now_ms: 1_714_564_800_000, limit: 3, memory_bytes: 1 << 20 });
        for (at, message) in (0..).zip(MESSAGES) {
            if run.push(event(at, message)).is_err() {
                return;
            }
        }
        if let Ok(results) = run.finish() {
            assert_eq!(results.statistics.records_scanned, MESSAGES.len() as u64);
            assert!(results.rows.len() <= 8, "no example asks for more");
        }
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
