//! Patterns that are none, in AWS's words: a table. Most were recorded from AWS.

use tidegate_pattern::sns::{Attribute, attributes};
use tidegate_pattern::{Dialect, Pattern, PatternError};

fn reason(text: &str, dialect: Dialect) -> PatternError {
    match Pattern::parse(text, dialect) {
        Ok(_) => panic!("{text} is a pattern"),
        Err(error) => error,
    }
}

/// A pattern, the reason, and the column that is told.
const CASES: &[(&str, &str, usize)] = &[
    (r#"{"int": 42}"#, r#""int" must be an object or an array"#, 11),
    (r#"{"string": "my-value"}"#, r#""string" must be an object or an array"#, 13),
    (r#"{"resources": []}"#, "Empty arrays are not allowed", 17),
    (r#"{"source": ["aws.health"], "detail": {}}"#, "Empty objects are not allowed", 40),
    ("{}", "Empty objects are not allowed", 3),
    ("[]", "Filter is not an object", 2),
    ("", "Filter is not an object", 1),
    (r#"{"key":[["value"]]}"#, "Match value must be String, number, true, false, or null", 10),
    (r#"{"my_key": [{"EXISTS": true}]}"#, "Unrecognized match type EXISTS", 28),
    (r#"{"detail": {"equal": [{"NUMERIC": ["=", 5]}]}}"#, "Unrecognized match type NUMERIC", 36),
    (r#"{"key":[{}]}"#, "Match expression name not found", 11),
    (r#"{"key":[{"suffix":"value","prefix":"value2"}]}"#, "Only one key allowed in match expression", 37),
    (r#"{"key":[{"exists":"no"}]}"#, "exists match pattern must be either true or false.", 20),
    (r#"{"key":[{"exists":null}]}"#, "exists match pattern must be either true or false.", 23),
    (r#"{"time": [{"prefix": ["2022-07-13"]}]}"#, "prefix match pattern must be a string", 23),
    (r#"{"time": [{"prefix": 123}]}"#, "prefix match pattern must be a string", 25),
    (r#"{"key":[{"suffix":null}]}"#, "suffix match pattern must be a string", 23),
    (r#"{"a":[{"prefix":{"x":"y"}}]}"#, "Unsupported prefix pattern: x", 23),
    (r#"{"a":[{"exactly":1}]}"#, "exact match pattern must be a string", 19),
    (
        r#"{"detail-type": [{"equals-ignore-case": ["ec2 instance state-change notification"]}]}"#,
        "equals-ignore-case match pattern must be a string",
        42,
    ),
    (r#"{"EventBusArn": [{"wildcard": 123}]}"#, "wildcard match pattern must be a string", 34),
    (r#"{"a":[{"wildcard":"a**"}]}"#, "Consecutive wildcard characters at pos 2", 24),
    (r#"{"a":[{"wildcard":"a\\b"}]}"#, "Invalid escape character at pos 2", 25),
    // Numbers.
    (r#"{"detail": {"c-count": [{"numeric": 10}]}}"#, "Value of numeric must be an array.", 39),
    (r#"{"detail": {"c-count": [{"numeric": [">", 0, ">", 0]}]}}"#, "Bad numeric range operator: >", 49),
    (r#"{"detail": {"c-count": [{"numeric": [">", 0, "<"]}]}}"#, "Value of < must be numeric", 50),
    (r#"{"key":[{"numeric":[]}]}"#, "Invalid member in numeric match: ]", 22),
    (r#"{"key":[{"numeric":[1,"<="]}]}"#, "Invalid member in numeric match: 1", 22),
    (r#"{"key":[{"numeric":["operator"]}]}"#, "Unrecognized numeric range operator: operator", 32),
    (r#"{"key":[{"numeric":[">="]}]}"#, "Value of >= must be numeric", 26),
    (r#"{"key":[{"numeric":["=","000"]}]}"#, "Value of equals must be numeric", 26),
    (r#"{"key":[{"numeric":[">",20,30]}]}"#, "Bad value in numeric range: 30", 30),
    (r#"{"key":[{"numeric":[">",3,"<",1]}]}"#, "Bottom must be less than top", 33),
    (r#"{"key":[{"numeric":["<",100,">",10]}]}"#, "Too many elements in numeric expression", 30),
    (r#"{"key":[{"numeric":[">",20,"<",30,"<",50]}]}"#, "Too many terms in numeric range expression", 36),
    (r#"{"key":[{"numeric":["=",1e400]}]}"#, "Cannot compare number : 1e400", 31),
    // Anything but.
    (
        r#"{"detail": {"state": [{"anything-but": null}]}}"#,
        "Value of anything-but must be an array or single string/number value.",
        44,
    ),
    (
        r#"{"detail": {"FileName": [{"anything-but": {"prefix": {"equals-ignore-case": "file"}}}]}}"#,
        "Value of anything-but must be an array or single string/number value.",
        55,
    ),
    (
        r#"{"detail": {"state": [{"anything-but": {"equals-ignore-case": 123}}]}}"#,
        "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.",
        66,
    ),
    (
        r#"{"detail": {"FilePath": [{"anything-but": {"wildcard": 123}}]}}"#,
        "wildcard match pattern must be a string",
        59,
    ),
    (
        r#"{"detail": {"state": [{"anything-but": {"prefix": 123}}]}}"#,
        "prefix/suffix match pattern must be a string",
        54,
    ),
    (r#"{"detail": {"FileName": [{"anything-but": {"suffix": ""}}]}}"#, "Null prefix/suffix not allowed", 56),
    (r#"{"key":[{"anything-but":{"exists":false}}]}"#, "Unsupported anything-but pattern: exists", 40),
    (
        r#"{"a":[{"anything-but":[1,"x"]}]}"#,
        "Inside anything but list, either all values are number or string, mixed type is not supported",
        30,
    ),
    (
        r#"{"a":[{"anything-but":[]}]}"#,
        "Inside anything but list, either all values are number or string, mixed type is not supported",
        25,
    ),
    (r#"{"key":[{"cidr":["bad-filter"]}]}"#, "prefix match pattern must be a string", 18),
    // `$or` that is no field either.
    (r#"{"$or":[{"a":[1]}]}"#, "There must have at least 2 Objects in $or relationship.", 19),
    (r#"{"$or":[{"a":[1]},1]}"#, "Only JSON object is allowed in array of $or relationship.", 20),
    (r#"{"$or":1}"#, "It must be an Array followed with $or.", 9),
    (
        r#"{"$or":[{"numeric":[1]},{"prefix":["abc"]}]}"#,
        "numeric is Ruler reserved fieldName which cannot be used inside $or.",
        21,
    ),
    // Not JSON.
    (r#"{"a":"#, "Unexpected end-of-input within/between Object entries", 6),
    (
        r#"{"a":[tru]}"#,
        "Unrecognized token 'tru': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')",
        10,
    ),
    (r#"{"a" 1}"#, "Unexpected character ('1' (code 49)): was expecting a colon to separate field name and value", 7),
    ("{a:1}", "Unexpected character ('a' (code 97)): was expecting double-quote to start field name", 3),
    (r#"{"a":[1 2]}"#, "Unexpected character ('2' (code 50)): was expecting comma to separate Array entries", 10),
    (
        r#"{"a":[1,]}"#,
        "Unexpected character (']' (code 93)): expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')",
        10,
    ),
    (r#"{"a":["\q"]}"#, "Unrecognized character escape 'q' (code 113)", 10),
    (r#"{"a":["abc"#, "Unexpected end-of-input: was expecting closing quote for a string value", 11),
    (r#"{"a"#, "Unexpected end-of-input in field name", 4),
    (r#"{"a":[01]}"#, "Invalid numeric value: Leading zeroes not allowed", 8),
];

#[test]
fn reasons_and_columns() {
    for (text, expected, column) in CASES {
        let expected = format!("{expected}\n at [Source: (String)\"{text}\"; line: 1, column: {column}]");
        assert_eq!(reason(text, Dialect::EventBridge).to_string(), expected);
    }
}

#[test]
fn within_a_list_the_place_is_told_twice() {
    let text = r#"{"detail": {"state": [{"anything-but": ["stopped", null]}]}}"#;
    let place = format!("\n at [Source: (String)\"{text}\"; line: 1, column: 56]");
    let expected = format!("Inside anything but list, start|null|boolean is not supported.{place}{place}");
    assert_eq!(reason(text, Dialect::EventBridge).to_string(), expected);
}

#[test]
fn addresses_have_no_place() {
    for (network, expected) in [
        ("10.0.0.0", "Malformed CIDR, one '/' required"),
        ("10.0.0.0/bad", "Malformed CIDR, mask bits must be an integer"),
        ("xx.11.xx/8", "Nonstandard IP address: xx.11.xx"),
    ] {
        let text = format!(r#"{{"ip":[{{"cidr":"{network}"}}]}}"#);
        assert_eq!(reason(&text, Dialect::EventBridge).to_string(), expected);
    }
    let number = reason(r#"{"a":[{"anything-but":1e400}]}"#, Dialect::EventBridge);
    assert_eq!(number.to_string(), "Cannot compare number : 1e400");
}

#[test]
fn long_patterns_are_shown_in_part() {
    let text = format!("{{\"{}\": 1}}", "é".repeat(600));
    let shown = format!("{{\"{}\"[truncated 107 chars]; line: 1, column: 607]", "é".repeat(498));
    assert!(reason(&text, Dialect::EventBridge).to_string().ends_with(&shown));
    let lines = reason("{\n  \"a\": 1\n}", Dialect::EventBridge).to_string();
    assert!(lines.ends_with("line: 2, column: 9]"), "{lines}");
}

#[test]
fn complexity() {
    let text = r#"{"EventBusArn":[{"wildcard":"*:*:*:*:*:event-bus/*"}]}"#;
    assert_eq!(
        reason(text, Dialect::EventBridge).event_bridge_message(),
        "Event pattern is not valid. Reason: Rule is too complex - try using fewer wildcard characters or fewer repeating character sequences after a wildcard character"
    );
    let or = r#""$or":[{"a":[1]},{"b":[1]}]"#;
    let text = format!("{{{}}}", vec![or; 60].join(","));
    assert_eq!(reason(&text, Dialect::EventBridge), PatternError::TooManyCombinations);
    let text = format!(r#"{{"a":["{}"]}}"#, "x".repeat(5000));
    assert_eq!(reason(&text, Dialect::LambdaFilter), PatternError::TooLong { limit: 4096 });
}

#[test]
fn filter_policies() {
    let check = |text: &str, dialect, subscribing, expected: &str| {
        assert_eq!(reason(text, dialect).sns_message(subscribing), expected, "{text}");
    };
    let attributes = Dialect::SnsMessageAttributes;
    check(
        r#"{"key_a":"value_one"}"#,
        attributes,
        false,
        "Invalid parameter: FilterPolicy: \"key_a\" must be an object or an array\n at [Source: (String)\"{\"key_a\":\"value_one\"}\"; line: 1, column: 11]",
    );
    check(
        r#"{"a":{"b":["x"]}}"#,
        attributes,
        false,
        "Invalid parameter: Filter policy scope MessageAttributes does not support nested filter policy",
    );
    let six = r#"{"a":[1],"b":[1],"c":[1],"d":[1],"e":[1],"f":[1]}"#;
    check(
        six,
        attributes,
        true,
        "Invalid parameter: Attributes Reason: FilterPolicy: Filter policy can not have more than 5 keys",
    );
    check(
        r#"{"key":[{"anything-but":{"suffix":"test"}}]}"#,
        attributes,
        true,
        "Invalid parameter: Attributes Reason: FilterPolicy: Unsupported anything-but pattern: suffix\n at [Source: (String)\"{\"key\":[{\"anything-but\":{\"suffix\":\"test\"}}]}\"; line: 1, column: 36]",
    );
    check(
        r#"{"key":[{"anything-but":{"prefix":false}}]}"#,
        attributes,
        true,
        "Invalid parameter: Attributes Reason: FilterPolicy: prefix match pattern must be a string\n at [Source: (String)\"{\"key\":[{\"anything-but\":{\"prefix\":false}}]}\"; line: 1, column: 40]",
    );
    // Three levels deep, four values; two levels, three: 4 × 3 × 3 × 2 = 72, and with one level more too many.
    let nested = r#"{"a":{"b":{"c":[1,2,3,4]}},"d":{"e":[1,2,3]}}"#;
    assert!(Pattern::parse(nested, Dialect::SnsBody).is_ok());
    let deeper = r#"{"a":{"b":{"c":[1,2,3,4]}},"d":{"e":{"f":[1,2,3],"g":[1,2]}}}"#;
    check(deeper, Dialect::SnsBody, false, "Invalid parameter: FilterPolicy: Filter policy is too complex");
    let all = Pattern::parse("{}", attributes).unwrap();
    assert_eq!(all.matches_bytes(b"{}"), Ok(true), "the empty policy lets everything pass");
}

#[test]
fn attributes_of_messages() {
    let event = attributes([
        ("store", Attribute::String("example \"corp\"")),
        ("price", Attribute::Number("210.75")),
        ("interests", Attribute::StringArray(r#"["rugby",1,true,null]"#)),
        ("image", Attribute::Binary),
        ("odd", Attribute::Number("1]")),
        ("broken", Attribute::StringArray("[1")),
    ]);
    let check = |text: &str, expected| {
        let policy = Pattern::parse(text, Dialect::SnsMessageAttributes).unwrap();
        assert_eq!(policy.matches_bytes(&event), Ok(expected), "{text}");
    };
    check(r#"{"store":["example \"corp\""]}"#, true);
    check(r#"{"price":[{"numeric":[">=",100,"<",300]}],"interests":["rugby"]}"#, true);
    check(r#"{"price":["210.75"]}"#, false);
    check(r#"{"interests":[1]}"#, true);
    check(r#"{"interests":[{"anything-but":["rugby"]}]}"#, true);
    check(r#"{"image":[{"exists":true}]}"#, false);
    check(r#"{"odd":[{"exists":false}],"broken":[{"exists":false}]}"#, true);
    check(r#"{"$or":[{"store":["x"]},{"interests":[null]}]}"#, true);
}
