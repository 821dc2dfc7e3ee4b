//! Patterns against messages. The cases of the guide, and those that others have tried against the service.

#![allow(clippy::unwrap_used, reason = "in a test a failure is a failure")]

use tidegate_logfilter::{Error, Kind, Pattern, Place};

/// Patterns that must match the message, and patterns that must not.
fn check(message: &str, matching: &[&str], other: &[&str]) {
    for pattern in matching {
        let parsed = Pattern::parse(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
        assert!(parsed.is_match(message), "{pattern} must match {message}");
        assert!(parsed.matches(message).is_some(), "{pattern} must match {message}");
    }
    for pattern in other {
        let parsed = Pattern::parse(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
        assert!(!parsed.is_match(message), "{pattern} must not match {message}");
        assert_eq!(parsed.matches(message), None);
    }
}

fn values(pattern: &str, message: &str) -> Vec<(String, String)> {
    Pattern::parse(pattern).unwrap().matches(message).unwrap().values().into_iter().collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut pairs: Vec<(String, String)> = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    pairs.sort();
    pairs
}

#[test]
fn terms_are_parts_of_the_message() {
    check(
        "[ERROR 400] BAD REQUEST",
        &[
            "",
            "   ",
            "ERROR",
            "ERR",
            "ERROR REQUEST",
            "?ERROR ?WARN",
            "?WARN ?ERROR",
            "\"BAD REQUEST\"",
            "\"[ERROR 400]\"",
        ],
        &["error", "WARN", "ERROR WARN", "-ERROR", "ERROR -400", "?WARN ?INFO", "\"REQUEST BAD\"", "-\"BAD REQUEST\""],
    );
    check(
        "Exiting with ERRORCODE: -1",
        &["ERROR", "\"-1\"", "-WARN", "ERROR -WARN", "\": -1\"", "Exiting \"ERRORCODE\""],
        &["\"ERROR\" -\"Exiting\"", "\"ERROR\" - \"Exiting\""],
    );
    check("ERROR WARN message", &["?ERROR ?WARN", "ERROR WARN", "WARN ERROR"], &["ERROR -WARN"]);
    check("say \"hi\" c:\\x", &[r#""\"hi\"""#, r#""c:\\x""#], &[r#""\"ho\"""#]);
    check("übergröße", &["größe"], &["grösse"]);
}

#[test]
fn a_question_mark_beside_another_term_is_nothing() {
    check("INFO done", &["?ERROR INFO", "INFO ?ERROR", "?ERROR -FATAL"], &["?INFO ERROR", "?INFO -done"]);
}

#[test]
fn a_minus_within_a_word_excludes() {
    check("request", &["request-id"], &[]);
    check("request id", &[], &["request-id"]);
}

#[test]
fn regular_expressions_have_no_groups() {
    check(
        "[ERROR 401] UNAUTHORIZED REQUEST from 10.10.0.1 taking 9ms",
        &[
            "%AUTHORIZED%",
            r"%10\.10\.0\.1%",
            r"%\d{1,3}\.\d{1,3}%",
            "%[Ee]rror|[Ff]ail|ERR%",
            "%^.ERROR%",
            "%ms$%",
            r"%\x55NAUTH%",
            r"%4\d\d% REQUEST",
            r"%\sREQUEST\s%",
            "-%absent%",
            "%colou?r|UNA+UTH%",
        ],
        &["%^ERROR%", "%ms.%", "-%AUTHORIZED%", r"%5\d\d%"],
    );
}

const TRAIL: &str = r#"{
    "eventType": "UpdateTrail", "sourceIPAddress": "111.111.111.111",
    "arrayKey": ["value", "another value"],
    "objectList": [{"name": "a", "id": 1}, {"name": "b", "id": 2}],
    "SomeObject": null, "someInt": 123, "someFloat": 12.34, "someFloat2": 12.0, "ThisFlag": true, "Off": false,
    "someString": "111.111.111.111", "obj": {}, "someEscaped": "error \"message\"", "digits": "404", "detail-type": "x",
    "coordinates": [[0, 1, 2], [4, 5, 6]], "star": "Ev*ent", "large": 12000
}"#;

/// The cases that were tried against the service with `TestMetricFilter`, and the guide's.
#[test]
fn json_equality() {
    check(
        TRAIL,
        &[
            r#"{ $.eventType = "UpdateTrail" }"#,
            "{ $.eventType = UpdateTrail }",
            "{$.eventType=UpdateTrail}",
            "{ $.eventType = *Trail }",
            "{ $.eventType = Update* }",
            "{ $.eventType = *teTr* }",
            "{ $.eventType != NoTrail }",
            "{ $.eventType = %Trail% }",
            "{ $.eventType = %^Update[A-Z]% }",
            "{ $.eventType != %Delete% }",
            "{ $.sourceIPAddress != 123.123.* }",
            r#"{ $.someString = "111.111.111.111" }"#,
            "{ $.someString = 111.111.111.111 }",
            "{ $.someString != 111*111 }",
            r#"{ $.someString = "*" }"#,
            "{ $.someString = * }",
            r#"{ $.someString = "*.111.111.111" }"#,
            "{ $.someString = 111* }",
            r#"{ $.someInt = "123" }"#,
            r#"{ $.someInt != "123.0" }"#,
            "{ $.someInt = 123 }",
            "{ $.someInt = 123.0 }",
            "{ $.someInt = 1.23e2 }",
            "{ $.someInt = * }",
            "{ $.someInt = 12* }",
            "{ $.someInt = *3 }",
            "{ $.someInt != 321* }",
            "{ $.someInt != 111 }",
            r#"{ $.someFloat = "12.34" }"#,
            "{ $.someFloat = 12.* }",
            "{ $.someFloat = *.34 }",
            "{ $.someFloat2 = 12 }",
            r#"{ $.someFloat2 != "12" }"#,
            r#"{ $.someFloat != "4*1" }"#,
            r#"{ $.star = "Ev*ent" }"#,
            r#"{ $.someEscaped = "error \"message\"" }"#,
            "{ $.digits = 404 }",
            "{ $.detail-type = x }",
            r#"{ $.arrayKey[0] = "value" }"#,
            "{ $.objectList[1].id    = 2 }",
            "{ $.coordinates[1][2] = 6 }",
        ],
        &[
            r#"{ $.notExisted = "UpdateTrail" }"#,
            r#"{ $.notExisted != "UpdateTrail" }"#,
            "{ $.someInt != 123 }",
            r#"{ $.someInt != "123" }"#,
            "{ $.sourceIPAddress = 11*1 }",
            r#"{ $.arrayKey = "value" }"#,
            r#"{ $.arrayKey != "value" }"#,
            r#"{ $.obj = "value" }"#,
            r#"{ $.obj != "value" }"#,
            r#"{ $.ThisFlag[0] = "value" }"#,
            "{ $.objectList[1].number = 2 }",
            "{ $.eventType = updatetrail }",
            "{ $.eventType != %Trail% }",
            "{ $.SomeObject = * }",
            "{ $.arrayKey[2] = * }",
        ],
    );
}

#[test]
fn json_order_null_flags_and_existence() {
    check(
        TRAIL,
        &[
            "{ $.someInt > 1 }",
            "{ $.someInt >= 123.0 }",
            "{ $.someInt < 10e3 }",
            "{ $.someInt <= +1000 }",
            "{ $.someInt > -5 }",
            "{ $.someInt > 10e-3 }",
            "{ $.someFloat <=     100.0 }",
            "{ $.large > 1.1e4 }",
            "{ $.SomeObject IS NULL }",
            "{ $.ThisFlag IS TRUE }",
            "{ $.Off IS FALSE }",
            "{ $.SomeOtherObject NOT EXISTS         }",
            "{ $.ThisFlag.deeper NOT EXISTS }",
        ],
        &[
            "{ $.someInt > 123 }",
            "{ $.eventType >= 123 }",
            "{ $.SomeOtherObject IS NULL }",
            "{ $.someInt IS NULL }",
            "{ $.ThisFlag IS FALSE }",
            "{ $.eventType IS TRUE }",
            "{ $.SomeObject NOT EXISTS }",
            "{ $.missing > 1 }",
        ],
    );
}

#[test]
fn json_wildcards_ask_any_element() {
    check(
        TRAIL,
        &[
            "{ $.objectList[*].id = 2 }",
            "{ $.arrayKey[*] = *value }",
            "{ $.* = UpdateTrail }",
            "{ $.coordinates[0][*] = 1 }",
        ],
        &["{ $.objectList[*].id = 3 }", "{ $.arrayKey.* = value }", "{ $.* = absent }"],
    );
}

const USERS: &str = r#"{"user": {"id": 1, "email": "John.Stiles@example.com"},
    "users": [{"id": 2, "email": "John.Doe@example.com"}, {"id": 3, "email": "Jane.Doe@example.com"}],
    "actions": ["GET", "PUT", "DELETE"], "coordinates": [[0, 1, 2], [4, 5, 6], [7, 8, 9]]}"#;

#[test]
fn json_conditions_join() {
    check(
        USERS,
        &[
            r#"{ ($.user.id = 1) && ($.users[0].email = "John.Doe@example.com") }"#,
            r#"{ $.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = nonmatch && $.actions[2] = nomatch }"#,
            "{ (($.user.id = 1)) }",
            "{ $.user.id = 9 || $.user.id = 8 || $.user.id = 1 }",
        ],
        &[
            r#"{ ($.user.id = 2 && $.users[0].email = "nonmatch") || $.actions[2] = "GET" }"#,
            r#"{ ($.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = nonmatch) && $.actions[2] = nomatch }"#,
        ],
    );
}

#[test]
fn messages_that_are_no_documents_match_no_json_pattern() {
    for message in ["", "plain", "{\"a\":", "{\"a\":1} trailing", "17", "\"text\""] {
        check(message, &[], &["{ $.a NOT EXISTS }", "{ $.a = * }", "{ $.a != 2 }"]);
    }
    check("  [{\"a\":1}]", &["{ $[0].a = 1 }"], &["{ $.a = 1 }"]);
}

const ACCESS: &str = r#"127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534"#;

#[test]
fn fields_by_position() {
    check(
        ACCESS,
        &[
            "[ip, user, username, timestamp, request, status_code, bytes]",
            "[ip, user, username, timestamp, request, status_code, bytes > 1000]",
            "[ip, user, username, timestamp, request, status_code = 404, bytes]",
            "[ip, user, username, timestamp, request = *html*, status_code = 4*, bytes]",
            "[ip, user, username, timestamp, request, status_code = 4* && status_code != 403, bytes]",
            "[..., status_code, bytes]",
            "[ip, user, ..., status_code, bytes]",
            "[ip, user, ...]",
            "[...]",
            "[]",
            "[ip=%127\\.0\\.0\\.[1-9]%, ...]",
            "[..., status = 5* || status = 4*, bytes]",
            "[..., (status = 5* || status = 4*) && status != 403, bytes >= 1.5e3]",
            "[..., request=*.html*, status_code=4*,]",
            "[ip=\"127.0.0.1\", ...]",
            "[ip!=10.*, ...]",
        ],
        &[
            "[ip, user]",
            "[a,b,c,d,e,f,g,h]",
            "[..., status = 5*, bytes]",
            "[..., bytes < 1000]",
            "[ip=10.*, ...]",
            "[..., request > 5, status, bytes]",
            "[..., status = 4* && status != 404, bytes]",
        ],
    );
    check(
        "ERROR message",
        &["[w1=ERROR, w2]", "[w1=ERROR || w1=WARN, w2]"],
        &["[w1!=ERROR&&w1!=WARN, w2]", "[w1=!ERROR, w2]"],
    );
}

#[test]
fn what_is_extracted() {
    assert_eq!(
        values("[..., request=*.html*, status_code=4*,]", ACCESS),
        pairs(&[
            ("$status_code", "404"),
            ("$request", "GET /index.html HTTP/1.0"),
            ("$7", "1534"),
            ("$4", "10/Oct/2000:13:25:15 -0700"),
            ("$3", "frank"),
            ("$2", "-"),
            ("$1", "127.0.0.1"),
        ])
    );
    assert_eq!(values("[]", "a [b c] d"), pairs(&[("$1", "a"), ("$2", "b c"), ("$3", "d")]));
    assert_eq!(values("ERROR", "ERROR"), pairs(&[]));
    assert_eq!(
        values("{ $.user.id = 1 && $.actions[0] = GET && $.absent NOT EXISTS }", USERS),
        pairs(&[("$.user.id", "1"), ("$.actions[0]", "GET")])
    );
}

#[test]
fn any_value_of_a_document_can_be_asked() {
    let extracted = Pattern::parse("{ $.user.id = 1 }").unwrap().matches(USERS).unwrap();
    assert_eq!(extracted.value("$.coordinates[2][1]").as_deref(), Some("8"));
    assert_eq!(extracted.value("$.users"), None);
    assert_eq!(extracted.value("1"), None);
    let extracted = Pattern::parse("[ip, ...]").unwrap().matches(ACCESS).unwrap();
    assert_eq!(extracted.value("$ip").as_deref(), Some("127.0.0.1"));
    assert_eq!(extracted.value("$7").as_deref(), Some("1534"));
}

#[test]
fn kinds() {
    for (pattern, kind) in
        [("", Kind::All), (" ", Kind::All), ("a", Kind::Terms), ("{ $.a = 1 }\n", Kind::Json), ("[a]", Kind::Fields)]
    {
        let parsed = Pattern::parse(pattern).unwrap();
        assert_eq!(parsed.kind(), kind);
        assert_eq!(parsed.supports_dimensions(), matches!(kind, Kind::Json | Kind::Fields));
    }
    assert_eq!(Pattern::parse("{ $.a = %x% || $.b = %y% }").unwrap().regexes(), 2);
}

#[test]
fn refusals() {
    let term = |text: &str| Error::Term(text.to_owned());
    for (pattern, error) in [
        ("?Status: timeout", term(":")),
        ("[retrievedReferences\":[]", term("\"")),
        ("user@host", term("@")),
        ("a/b", term("/")),
        ("(a", term("(")),
        ("level\\\"", term("\\")),
        ("`", term("`")),
        ("\"\"", term("\"\"")),
        ("\"open", term("\"")),
        ("%open", term("%")),
        ("%a(b)%", term("(")),
        ("%some thing%", term(" ")),
        ("%something!%", term("!")),
        ("%é%", term("é")),
        ("%%", term("%%")),
        ("%[a%", term("%[a%")),
        (" {$.ThisFlag IS TRUE} ", term("{")),
        ("{ $.a = 1", Error::OpenJson),
        ("[a, b", Error::OpenFields),
        ("{ $.\"sc-status\" = 5* }", term("$.\"")),
        ("{ $.a = 'Root' }", term("'")),
        ("{ $.a >= someString }", term("someString")),
        ("{ $.a >= \"someString\" }", term("\"someString\"")),
        ("{ $.a >= \"123\" }", term("\"123\"")),
        ("{ $.a > inf }", term("inf")),
        ("{ }", Error::Syntax),
        ("{ $.a }", Error::Syntax),
        ("{ $ = 1 }", term("$")),
        ("{ $.a IS MAYBE }", Error::Syntax),
        ("{ $.a NOT }", Error::Syntax),
        ("{ status = 401 }", term("s")),
        ("{ $.a = 1 && }", Error::Syntax),
        ("{ ($.a = 1 }", Error::Syntax),
        ("{ $.a = 1 ) }", term(")")),
        ("{ $.a[x] = 1 }", term("x")),
        ("{ $.a[*].b[*] = 1 }", Error::TooManyWildcards),
        ("{ $.a[*] = 1 || $.b[*] = 1 || $.c[*] = 1 || $.d[*] = 1 }", Error::TooManyWildcards),
        ("{ $.a = %x% || $.b = %y% || $.c = %z% }", Error::TooManyRegexes),
        ("[a=%x%, b=%x%, c=%x%]", Error::TooManyRegexes),
        ("[ip, status = 4* && bytes > 1000]", Error::Syntax),
        ("[..., a, ...]", Error::Syntax),
        ("[a b]", term("b")),
        ("[a=*Z && b]", Error::Syntax),
        ("[a && a=1]", Error::Syntax),
        ("-", Error::Syntax),
        ("ERROR ?", Error::Syntax),
    ] {
        assert_eq!(Pattern::parse(pattern).err(), Some(error), "{pattern}");
    }
    assert_eq!(Pattern::parse(&"a".repeat(1025)).err(), Some(Error::TooLong));
    assert_eq!(
        Pattern::parse(&format!("{{ {}$.a = 1{} }}", "(".repeat(300), ")".repeat(300))).err(),
        Some(Error::Syntax)
    );
}

#[test]
fn messages_by_operation() {
    let message = |pattern: &str, place| Pattern::parse(pattern).unwrap_err().message(place);
    assert_eq!(message("a:", Place::FilterLogEvents), "Invalid character(s) in term ':'");
    assert_eq!(message("\"\"", Place::LiveTail), "Invalid filter pattern: Invalid character(s) in term '\"\"'");
    assert_eq!(message("{ $.a }", Place::MetricFilter), "Invalid metric filter pattern");
    assert_eq!(message("{ $.a }", Place::FilterLogEvents), "Invalid filter pattern");
    assert_eq!(message("{$.a", Place::FilterLogEvents), "If a filter pattern starts with '{' it must end with '}'");
}
