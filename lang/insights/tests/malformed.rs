//! Queries that are refused, with AWS's words where they are known, and the place.

use tidegate_insights::{MAX_QUERY_CHARS, Query};

fn check(query: &str, message: &str, place: (usize, usize)) {
    let error = Query::parse(query).err().unwrap_or_else(|| panic!("{query} must be refused"));
    assert_eq!(error.message, message, "{query}");
    assert_eq!((error.start, error.end), place, "{query}");
}

#[test]
fn symbols_that_cannot_stand_where_they_stand() {
    for (query, symbol, position, length) in [
        ("fields @timestamp, custom | count()", "count", 28, 5),
        ("fields foo(1)", "(", 10, 1),
        ("fields", "<EOF>", 6, 0),
        ("fields a,", "<EOF>", 9, 0),
        ("fields a |", "<EOF>", 10, 0),
        ("| fields a", "|", 0, 1),
        ("fields a b", "b", 9, 1),
        ("filter a ==  1", "=", 10, 1),
        ("filter a like b", "b", 14, 1),
        ("filter a in 'x'", "'x'", 12, 3),
        ("filter (a = 1", "<EOF>", 13, 0),
        ("filter a = 'x", "<EOF>", 13, 0),
        ("filter a like /x", "<EOF>", 16, 0),
        ("filter a = ;", ";", 11, 1),
        ("filter and", "and", 7, 3),
        ("limit 0", "0", 6, 1),
        ("limit 1.5", "1.5", 6, 3),
        ("limit x", "x", 6, 1),
        ("limit 100001", "100001", 6, 6),
        ("fields count(a)", "(", 12, 1),
        ("filter max(a) > 1", "(", 10, 1),
        ("stats sum(*)", "*", 10, 1),
        ("stats pct(a)", ")", 11, 1),
        ("stats pct(a, 101)", "101", 13, 3),
        ("stats count(max(a))", "(", 15, 1),
        ("stats count(*) by", "<EOF>", 17, 0),
        ("stats count(*) by bin(5x)", "5x", 22, 2),
        ("parse @message", "<EOF>", 14, 0),
        ("dedup a | sort a", "sort", 10, 4),
        ("dedup a | limit 1 | fields a", "fields", 20, 6),
        ("fields ``", "`", 7, 1),
        ("sort a sideways", "sideways", 7, 8),
        ("frobnicate a", "frobnicate", 0, 10),
    ] {
        let message = format!("unexpected symbol found {symbol} at line 1 and position {position}");
        check(query, &message, (position, position + length));
    }
    check("fields a\n| filter ä =", "unexpected symbol found <EOF> at line 2 and position 12", (21, 21));
}

#[test]
fn other_faults() {
    check("stats count(*) as n by a | sort b", "Unknown symbols found in or after stats: b", (32, 33));
    check("stats count(*) as n by a | stats sum(b) by c", "Unknown symbols found in or after stats: b", (27, 32));
    check("stats count(*) | filter bin(5m) > 1", "Unknown symbols found in or after stats: @timestamp", (24, 35));
    check("stats a by b", "The stats command needs an aggregation function", (6, 7));
    check("filter a like /(/", "Invalid regular expression: (", (14, 17));
    check("fields regex_replace(a, '[', '')", "Invalid regular expression: [", (7, 32));
    check("fields substr(a)", "Invalid arguments for the function substr", (7, 16));
    check("fields now(1)", "Invalid arguments for the function now", (7, 13));
    check("anomaly", "The anomaly command is not supported", (0, 7));
    check("SOURCE logGroups() | anomaly", "The anomaly command is not supported", (21, 28));
    let mismatch = "The number of fields does not match the number of captured values in parse";
    check("parse @message '* *' as a", mismatch, (6, 25));
    check("parse @message '*'", mismatch, (6, 18));
    check("parse @message /(a)/", mismatch, (6, 20));
    check("parse @message /(a)(b)/ as x", mismatch, (6, 28));
    let deep = format!("fields {}1{}", "(".repeat(500), ")".repeat(500));
    assert!(Query::parse(&deep).is_err());
    let powers = format!("fields {}1", "1^".repeat(2000));
    assert!(Query::parse(&powers).is_err());
    let sum = format!("fields {}1", "1+".repeat(2000));
    assert!(Query::parse(&sum).is_err());
    assert!(Query::parse(&format!("{}fields a", "#\n".repeat(MAX_QUERY_CHARS))).is_err());
    assert!(Query::parse(&vec!["unnest a into a"; 20].join("|")).is_err());
}
