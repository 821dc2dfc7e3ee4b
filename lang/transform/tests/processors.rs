//! What each processor makes of an event: AWS's documented examples, and what lies beside them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use proptest::prelude::*;
use serde_json::{Value, json};
use tidegate_transform::{Malformed, Source, Transformer};

const SOURCE: Source<'_> = Source { group: "g", stream: "s", account: "000000000000", region: "us-east-1" };

fn applied(processors: Value, message: &str) -> Option<Value> {
    let transformer = Transformer::parse(&processors).unwrap_or_else(|error| panic!("{processors}: {error}"));
    transformer.apply(message, SOURCE).map(|text| serde_json::from_str(&text).unwrap())
}

fn check(processors: Value, message: &str, expected: Value) {
    assert_eq!(applied(processors.clone(), message), Some(expected), "{processors} of {message}");
}

/// With parseJSON before it.
fn check_json(processor: Value, message: Value, expected: Value) {
    check(json!([{ "parseJSON": {} }, processor]), &message.to_string(), expected);
}

#[test]
fn json_is_parsed_to_the_root_or_below_a_key() {
    let message = r#"{"outer_key":{"inner_key":"inner_value"}}"#;
    check(
        json!([{ "parseJSON": { "destination": "new_key" } }]),
        message,
        json!({ "new_key": { "outer_key": { "inner_key": "inner_value" } } }),
    );
    check(json!([{ "parseJSON": {} }]), message, json!({ "outer_key": { "inner_key": "inner_value" } }));
    let nested = json!({ "a": r#"{"b":1}"#, "c": "no json" });
    check_json(
        json!({ "parseJSON": { "source": "a" } }),
        nested.clone(),
        json!({ "a": r#"{"b":1}"#, "b": 1, "c": "no json" }),
    );
    check_json(json!({ "parseJSON": { "source": "c" } }), nested.clone(), nested);
    assert_eq!(applied(json!([{ "parseJSON": {} }]), "no json"), None);
    assert_eq!(applied(json!([{ "parseJSON": {} }]), "[1]"), None);
}

#[test]
fn grok_follows_the_documented_examples() {
    let grok = |pattern: &str| json!([{ "grok": { "match": pattern } }]);
    check(
        grok("%{NUMBER:version} %{HOSTNAME:hostname} %{NOTSPACE:status} %{QUOTEDSTRING:logMsg}"),
        r#"293750 server-01.internal-network.local OK "[Thread-000] token generated""#,
        json!({ "version": "293750", "hostname": "server-01.internal-network.local", "status": "OK", "logMsg": "[Thread-000] token generated" }),
    );
    check(
        grok("%{HTTPDATE:timestamp} %{IPORHOST:clientip} %{NUMBER:response_status}"),
        "23/Nov/2024:10:25:15 -0900 172.16.0.1 200",
        json!({ "timestamp": "23/Nov/2024:10:25:15 -0900", "clientip": "172.16.0.1", "response_status": "200" }),
    );
    check(
        grok(
            "%{IP:client.ip} %{WORD:method} %{URIPATHPARAM:request.uri} %{NUMBER:response.status} %{NUMBER:response.bytes}",
        ),
        "192.168.1.1 GET /index.html?param=value 200 1234",
        json!({ "client": { "ip": "192.168.1.1" }, "method": "GET", "request": { "uri": "/index.html?param=value" }, "response": { "status": "200", "bytes": "1234" } }),
    );
    check(
        grok("%{NUMBER:timestamp} [%{NUMBER:db} %{IP:client_ip}:%{NUMBER:client_port}] %{GREEDYDATA:data}"),
        r#"1629860738.123456 [0 127.0.0.1:6379] "SET" "key1" "value1""#,
        json!({ "timestamp": "1629860738.123456", "db": "0", "client_ip": "127.0.0.1", "client_port": "6379", "data": r#""SET" "key1" "value1""# }),
    );
    check(grok("%{DATA:x} %{DATA:y}"), "abc def ghi", json!({ "x": "abc", "y": "def ghi" }));
    check(grok("%{GREEDYDATA:x} %{GREEDYDATA:y}"), "abc def ghi", json!({ "x": "abc def", "y": "ghi" }));
    check(
        grok("%{TIMESTAMP_ISO8601:t} %{LOGLEVEL:l}"),
        "2023-05-15T14:30:00+05:30 INFO",
        json!({ "t": "2023-05-15T14:30:00+05:30", "l": "INFO" }),
    );
    check(
        grok("%{IPV6:a}|%{UUID}"),
        "2001:db8::8888|123e4567-e89b-12d3-a456-426614174000",
        json!({ "a": "2001:db8::8888" }),
    );
    assert_eq!(applied(grok("%{INT:a}"), "no number"), None);
    let message = json!({ "level": "ERROR", "logMsg": "GET /page.html HTTP/1.1" });
    check_json(
        json!({ "grok": { "source": "logMsg", "match": "%{WORD:http_method} %{NOTSPACE:request} HTTP/%{NUMBER:http_version}" } }),
        message,
        json!({ "level": "ERROR", "logMsg": "GET /page.html HTTP/1.1", "http_method": "GET", "request": "/page.html", "http_version": "1.1" }),
    );
}

#[test]
fn common_formats_have_fields_of_their_own() {
    let grok = |pattern: &str| json!([{ "grok": { "match": pattern } }]);
    check(
        grok("%{APACHE_ACCESS_LOG}"),
        r#"127.0.0.1 - - [03/Aug/2023:12:34:56 +0000] "GET /page.html HTTP/1.1" 200 1234"#,
        json!({ "request": "/page.html", "http_method": "GET", "status_code": 200, "http_version": "1.1", "response_size": 1234, "remote_host": "127.0.0.1", "timestamp": "2023-08-03T12:34:56Z" }),
    );
    check(
        grok("%{NGINX_ACCESS_LOG}"),
        r#"192.168.1.100 - Foo [03/Aug/2023:12:34:56 +0000] "GET /account/login.html HTTP/1.1" 200 42 "https://www.amazon.com/" "Mozilla/5.0""#,
        json!({ "request": "/account/login.html", "referrer": "https://www.amazon.com/", "agent": "Mozilla/5.0", "http_method": "GET", "status_code": 200, "auth_user": "Foo", "http_version": "1.1", "response_size": 42, "remote_host": "192.168.1.100", "timestamp": "2023-08-03T12:34:56Z" }),
    );
    check(
        grok("%{SYSLOG5424}"),
        r#"<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 [exampleSDID@32473 iut="3" eventSource= "Application" eventID="1011"][examplePriority@32473 class="high"]"#,
        json!({ "pri": 165, "version": 1, "timestamp": "2003-10-11T22:14:15.003Z", "hostname": "mymachine.example.com", "app": "evntslog", "msg_id": "ID47", "structured_data": r#"exampleSDID@32473 iut="3" eventSource= "Application" eventID="1011""#, "message": r#"[examplePriority@32473 class="high"]"# }),
    );
}

#[test]
fn lines_with_delimiters() {
    check(
        json!([{ "csv": { "delimiter": ":", "quoteCharacter": "'" } }]),
        "'Akua Mansa':28:'New York: USA'",
        json!({ "column_1": "Akua Mansa", "column_2": "28", "column_3": "New York: USA" }),
    );
    check(
        json!([{ "csv": { "columns": ["a", "b.c"] } }]),
        "1,\"two \"\"2\"\"\",3",
        json!({ "a": "1", "b": { "c": "two \"2\"" }, "column_3": "3" }),
    );
    check(
        json!([{ "parseKeyValue": { "destination": "new_key", "fieldDelimiter": "!", "keyValueDelimiter": ":", "nonMatchValue": "defaultValue", "keyPrefix": "parsed_" } }]),
        "key1:value1!key2:value2!key3:value3!key4",
        json!({ "new_key": { "parsed_key1": "value1", "parsed_key2": "value2", "parsed_key3": "value3", "parsed_key4": "defaultValue" } }),
    );
    check(json!([{ "parseKeyValue": {} }]), "a=1&b=2=3", json!({ "a": "1", "b": "2=3" }));
}

#[test]
fn what_aws_services_write() {
    check(
        json!([{ "parseVPC": {} }]),
        "2 123456789010 eni-abc123de 192.0.2.0 192.0.2.24 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK",
        json!({ "version": 2, "accountId": "123456789010", "interfaceId": "eni-abc123de", "srcAddr": "192.0.2.0", "dstAddr": "192.0.2.24", "srcPort": 20641, "dstPort": 22, "protocol": 6, "packets": 20, "bytes": 4249, "start": 1418530010, "end": 1418530070, "action": "ACCEPT", "logStatus": "OK" }),
    );
    check(
        json!([{ "parseRoute53": {} }]),
        "1.0 2017-12-13T08:15:50.235Z Z123412341234 example.com AAAA NOERROR TCP IAD12 192.0.2.0 198.51.100.0/24",
        json!({ "version": 1.0, "queryTimestamp": "2017-12-13T08:15:50.235Z", "hostZoneId": "Z123412341234", "queryName": "example.com", "queryType": "AAAA", "responseCode": "NOERROR", "protocol": "TCP", "edgeLocation": "IAD12", "resolverIp": "192.0.2.0", "ednsClientSubnet": "198.51.100.0/24" }),
    );
    check(
        json!([{ "parsePostgres": {} }]),
        "2019-03-10 03:54:59 UTC:10.0.0.123(52834):postgres@logtestdb:[20175]:ERROR: column \"wrong_column_name\" does not exist at character 8",
        json!({ "logTime": "2019-03-10 03:54:59 UTC", "srcIp": "10.0.0.123(52834)", "userName": "postgres", "dbName": "logtestdb", "processId": "20175", "logLevel": "ERROR" }),
    );
    let line = "2019-12-04 21:02:31 LAX1 392 192.0.2.24 GET d.cloudfront.net /index.html 200 - Mozilla/5.0%20(Windows) - - Hit SOX4 d.cloudfront.net https 23 0.001 - TLSv1.2 ECDHE Hit HTTP/2.0 - - 11040 0.001 Hit text/html 78 - -";
    let found = applied(json!([{ "parseCloudfront": {} }]), line).unwrap();
    assert_eq!(
        (&found["sc-bytes"], &found["time-taken"], &found["cs(User-Agent)"]),
        (&json!(392), &json!(0.001), &json!("Mozilla/5.0 (Windows)"))
    );
    check(
        json!([{ "parseWAF": {} }]),
        r#"{"action":"BLOCK","httpRequest":{"uri":"/u","headers":[{"name":"Host","value":"h"}]},"labels":[{"name":"value"}]}"#,
        json!({ "action": "BLOCK", "httpRequest": { "uri": "/u", "headers": { "Host": "h" } }, "labels": { "name": "value" } }),
    );
    assert_eq!(applied(json!([{ "parseVPC": {} }]), "NODATA"), None);
}

#[test]
fn keys_come_go_and_move() {
    let event = json!({ "outer_key": { "inner_key": "v" }, "n": 1 });
    let entry = |name: &str, entries: Value| json!({ name: { "entries": entries } });
    check_json(
        entry("addKeys", json!([{ "key": "outer_key.new_key", "value": "x" }])),
        event.clone(),
        json!({ "outer_key": { "inner_key": "v", "new_key": "x" }, "n": 1 }),
    );
    check_json(entry("addKeys", json!([{ "key": "n", "value": "x" }])), event.clone(), event.clone());
    check_json(
        entry("addKeys", json!([{ "key": "n", "value": "x", "overwriteIfExists": true }])),
        event.clone(),
        json!({ "outer_key": { "inner_key": "v" }, "n": "x" }),
    );
    check_json(
        json!({ "deleteKeys": { "withKeys": ["outer_key.inner_key", "absent.x"] } }),
        event.clone(),
        json!({ "outer_key": {}, "n": 1 }),
    );
    check_json(
        entry("moveKeys", json!([{ "source": "outer_key.inner_key", "target": "top" }])),
        event.clone(),
        json!({ "outer_key": {}, "n": 1, "top": "v" }),
    );
    check_json(
        entry("renameKeys", json!([{ "key": "outer_key.inner_key", "renameTo": "renamed" }])),
        event.clone(),
        json!({ "outer_key": { "renamed": "v" }, "n": 1 }),
    );
    check_json(entry("moveKeys", json!([{ "source": "n", "target": "outer_key" }])), event.clone(), event.clone());
    check_json(
        entry(
            "copyValue",
            json!([{ "source": "outer_key.inner_key", "target": "copy" }, { "source": "@logGroupName", "target": "group" }, { "source": "@regionName", "target": "region" }]),
        ),
        event,
        json!({ "outer_key": { "inner_key": "v" }, "n": 1, "copy": "v", "group": "g", "region": "us-east-1" }),
    );
}

#[test]
fn texts_change() {
    let event = json!({ "a": " One_Two ", "l": ["X"], "n": 5 });
    let keys = |name: &str| json!({ name: { "withKeys": ["a", "l[0]", "n", "absent"] } });
    check_json(keys("lowerCaseString"), event.clone(), json!({ "a": " one_two ", "l": ["x"], "n": 5 }));
    check_json(keys("upperCaseString"), event.clone(), json!({ "a": " ONE_TWO ", "l": ["X"], "n": 5 }));
    check_json(keys("trimString"), event.clone(), json!({ "a": "One_Two", "l": ["X"], "n": 5 }));
    check_json(
        json!({ "splitString": { "entries": [{ "source": "a", "delimiter": "_" }] } }),
        event.clone(),
        json!({ "a": [" One", "Two "], "l": ["X"], "n": 5 }),
    );
    check_json(
        json!({ "substituteString": { "entries": [{ "source": "a", "from": "[A-Z]([a-z]+)", "to": "<$1>" }] } }),
        event,
        json!({ "a": " <ne>_<wo> ", "l": ["X"], "n": 5 }),
    );
}

#[test]
fn values_change_their_types() {
    let convert = |kind: &str| json!({ "typeConverter": { "entries": [{ "key": "v", "type": kind }] } });
    for (value, kind, expected) in [
        (json!("200"), "integer", json!(200)),
        (json!("2.9"), "integer", json!(2)),
        (json!("2.5"), "double", json!(2.5)),
        (json!(7), "string", json!("7")),
        (json!("TRUE"), "boolean", json!(true)),
        (json!(0), "boolean", json!(false)),
        (json!("slow"), "integer", json!("slow")),
        (json!([1]), "string", json!([1])),
    ] {
        check_json(convert(kind), json!({ "v": value }), json!({ "v": expected }));
    }
}

#[test]
fn times_change_their_form() {
    for (text, pattern, more, expected) in [
        ("2024-11-23 16:03:12", "yyyy-MM-dd HH:mm:ss", json!({}), "2024-11-23T16:03:12.000Z"),
        (
            "23/Nov/2024:10:25:15 -0900",
            "dd/MMM/yyyy:HH:mm:ss Z",
            json!({ "targetFormat": "yyyy-MM-dd'T'HH:mm:ssXXX" }),
            "2024-11-23T19:25:15Z",
        ),
        ("1732378992", "epoch", json!({ "targetFormat": "EEE, d MMM yyyy hh:mm a" }), "Sat, 23 Nov 2024 04:23 PM"),
        (
            "12/01/2024 09:30",
            "MM/dd/yyyy HH:mm",
            json!({ "sourceTimezone": "America/New_York", "targetTimezone": "Asia/Tokyo", "targetFormat": "yyyy-MM-dd HH:mm XXX" }),
            "2024-12-01 23:30 +09:00",
        ),
        ("20230515143000", "yyyyMMddHHmmss", json!({ "targetFormat": "epoch_milli" }), "1684161000000"),
    ] {
        let mut inner = json!({ "source": "t", "target": "u", "matchPatterns": ["nn", pattern] });
        inner.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        check_json(json!({ "dateTimeConverter": inner }), json!({ "t": text }), json!({ "t": text, "u": expected }));
    }
}

#[test]
fn a_list_becomes_a_map() {
    let list = json!([{ "k": "a", "v": 1 }, { "k": "b", "v": 2 }, { "k": "b", "v": 3 }, { "v": 4 }]);
    let how = |more: Value| {
        let mut inner = json!({ "source": "l", "key": "k", "valueKey": "v" });
        inner.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({ "listToMap": inner })
    };
    check_json(how(json!({})), json!({ "l": list }), json!({ "l": list, "a": [1], "b": [2, 3] }));
    check_json(
        how(json!({ "flatten": true, "flattenedElement": "first", "target": "m" })),
        json!({ "l": list }),
        json!({ "l": list, "m": { "a": 1, "b": 2 } }),
    );
    check_json(
        how(json!({ "flatten": true, "flattenedElement": "last" })),
        json!({ "l": list }),
        json!({ "l": list, "a": 1, "b": 3 }),
    );
}

#[test]
fn transformers_that_are_refused() {
    let parse = json!({ "parseJSON": {} });
    let add = json!({ "addKeys": { "entries": [{ "key": "a", "value": "b" }] } });
    for (processors, words) in [
        (json!([]), "A transformer must have between 1 and 20 processors."),
        (json!(vec![parse.clone(); 21]), "A transformer must have between 1 and 20 processors."),
        (json!([add]), "The first processor in a transformer must be a parser."),
        (json!(vec![parse.clone(); 6]), "A transformer can have at most 5 parser processors."),
        (
            json!([parse, { "parseVPC": {} }]),
            "A parser of AWS vended logs must be the first processor in a transformer.",
        ),
        (
            json!([{ "parseJSON": { "source": "a" } }]),
            "The first processor in a transformer must use @message as its source.",
        ),
        (json!([parse, add, add]), "A transformer can have only one addKeys processor."),
        (json!([{ "parseJSON": {}, "csv": {} }]), "Each processor must have exactly one type."),
        (json!([{ "parseXML": {} }]), "Unknown processor: parseXML"),
        (
            json!([{ "parseToOCSF": { "eventSource": "CloudTrail", "ocsfVersion": "V1.1" } }]),
            "The parseToOCSF processor is not supported.",
        ),
        (json!([{ "grok": { "match": "%{NOPE:a}" } }]), "Invalid grok pattern: unknown pattern NOPE"),
        (json!([{ "grok": { "match": "plain" } }]), "Invalid grok pattern: it has no pattern"),
        (json!([{ "grok": { "match": "%{INT:a:int}" } }]), "Invalid grok pattern: type conversions are not supported"),
        (
            json!([{ "grok": { "match": "%{GREEDYDATA:a}%{SYSLOG5424}" } }]),
            "Invalid grok pattern: SYSLOG5424 must be the first pattern",
        ),
        (
            json!([parse, { "deleteKeys": { "withKeys": ["a.b.c.d"] } }]),
            "The nested depth of key a.b.c.d exceeds the maximum of 3.",
        ),
        (
            json!([parse, { "substituteString": { "entries": [{ "source": "a", "from": "(", "to": "" }] } }]),
            "Invalid regular expression: (",
        ),
    ] {
        let error: Malformed = Transformer::parse(&processors).unwrap_err();
        assert_eq!(error.to_string(), words, "{processors}");
    }
}

proptest! {
    #[test]
    fn any_text_goes_through_any_pattern(text in ".{0,60}", pattern in "[%{}A-Z:a ]{0,30}", format in "[a-zA-Z':/ ]{0,12}") {
        for processors in [
            json!([{ "grok": { "match": pattern } }]),
            json!([{ "csv": {} }, { "dateTimeConverter": { "source": "column_1", "target": "t", "matchPatterns": [format], "targetFormat": format } }]),
            json!([{ "parseKeyValue": { "fieldDelimiter": pattern, "keyValueDelimiter": "a" } }]),
            json!([{ "parsePostgres": {} }]),
        ] {
            if let Ok(transformer) = Transformer::parse(&processors)
                && let Some(shown) = transformer.apply(&text, SOURCE)
            {
                prop_assert!(serde_json::from_str::<Value>(&shown).unwrap().is_object());
            }
        }
    }
}

#[test]
fn no_event_grows_beyond_what_one_may_be() {
    let doubled = json!({ "substituteString": { "entries": [
        { "source": "a", "from": "(?s).+", "to": "$0$0" }, { "source": "a", "from": "(?s).+", "to": "${0}$0" },
    ] } });
    let many = |step: &Value, count: usize| {
        let steps: Vec<Value> = std::iter::once(json!({ "parseJSON": {} })).chain(vec![step.clone(); count]).collect();
        Value::Array(steps)
    };
    let message = json!({ "a": "x".repeat(16) }).to_string();
    let once = applied(many(&doubled, 1), &message).unwrap();
    assert_eq!(once["a"].as_str().map(str::len), Some(64));
    // What is longer than a field that is replaced in stays: 16 letters, doubled eleven times.
    let often = applied(many(&doubled, 19), &message).unwrap();
    assert_eq!(often["a"].as_str().map(str::len), Some(32_768));
    let wide = json!({ "substituteString": { "entries": [
        { "source": "a", "from": "(?s).+", "to": "$0".repeat(10_000) },
    ] } });
    assert_eq!(applied(many(&wide, 1), &json!({ "a": "x".repeat(16_000) }).to_string()), None);
    let copies: Vec<Value> =
        (0..5).map(|at| json!({ "source": "a", "target": format!("a.b{at}.c"), "overwriteIfExists": true })).collect();
    let message = json!({ "a": { "text": "x".repeat(100_000) } }).to_string();
    assert_eq!(applied(json!([{ "parseJSON": {} }, { "copyValue": { "entries": copies } }]), &message), None);
    assert_eq!(applied(json!([{ "csv": {} }]), &",".repeat(200_000)), None);
    let pairs: String = (0..2000).map(|at| format!("{at}&")).collect();
    assert_eq!(applied(json!([{ "parseKeyValue": { "keyPrefix": "p".repeat(1000) } }]), &pairs), None);
    assert_eq!(applied(json!([{ "parseKeyValue": { "nonMatchValue": "v".repeat(1000) } }]), &pairs), None);
    let split = json!({ "splitString": { "entries": [{ "source": "a", "delimiter": "," }] } });
    assert_eq!(applied(many(&split, 1), &json!({ "a": ",".repeat(500_000) }).to_string()), None);
}

#[test]
fn expressions_and_formats_have_a_largest_size() {
    let substitute = |from: &str| {
        Transformer::parse(&json!([{ "parseJSON": {} }, { "substituteString": { "entries": [
            { "source": "a", "from": from, "to": "" },
        ] } }]))
    };
    assert!(substitute(r"(\d{1,3}\.){3}\d{1,3} [\w-]{1,20}").is_ok());
    assert!(substitute(r"\w{100}{100}").is_err());
    // Each of them may be, and all together may not.
    let large = json!({ "source": "a", "from": r"\w{40}", "to": "" });
    let of = |count: usize| {
        Transformer::parse(
            &json!([{ "parseJSON": {} }, { "substituteString": { "entries": vec![large.clone(); count] } }]),
        )
    };
    assert!(of(1).is_ok());
    assert!(of(10).is_err());
    let date = |format: &str| {
        Transformer::parse(&json!([{ "parseJSON": {} }, { "dateTimeConverter": {
            "source": "a", "target": "b", "matchPatterns": [format], "targetFormat": format,
        } }]))
    };
    assert!(date("yyyy-MM-dd'T'HH:mm:ss.SSSXXX").is_ok());
    assert!(date(&"y".repeat(20)).is_err());
    assert!(date(&"y".repeat(70_000)).is_err());
    assert!(date(&"yM".repeat(33)).is_err());
}

#[test]
fn distances_from_utc_are_four_digits() {
    let date = |zone: &str| {
        json!([{ "parseJSON": {} }, { "dateTimeConverter": {
            "source": "a", "target": "b", "matchPatterns": ["yyyy-MM-dd HH:mm Z"], "targetFormat": "HH:mm",
            "sourceTimezone": zone,
        } }])
    };
    for zone in ["+éa", "+é", "+1é2", "+-1", "++1", "+", "+12345", "+99999999", "-9999", "GMT+é1a", "+\u{661}\u{662}"]
    {
        assert!(Transformer::parse(&date(zone)).is_err(), "{zone}");
        let message = json!({ "a": format!("2024-01-01 00:00 {zone}") });
        check(date("UTC"), &message.to_string(), message);
    }
    let message = json!({ "a": "2024-01-01 00:00 -05:30" });
    check(date("+5"), &message.to_string(), json!({ "a": "2024-01-01 00:00 -05:30", "b": "05:30" }));
}
