//! Every operator, what it takes and what it does not: a table.

use tidegate_pattern::{Dialect, EventError, Pattern, Rules};

/// A pattern, events that match, events that do not.
type Case = (&'static str, &'static [&'static str], &'static [&'static str]);

const CASES: &[Case] = &[
    // Values.
    (
        r#"{"a":["x","y"]}"#,
        &[r#"{"a":"x"}"#, r#"{"a":["z","y"]}"#],
        &[r#"{"a":"X"}"#, r#"{"a":["z"]}"#, r#"{"b":"x"}"#, "{}"],
    ),
    (r#"{"a":[""]}"#, &[r#"{"a":""}"#], &[r#"{"a":" "}"#, r#"{"a":null}"#, r#"{"a":[]}"#]),
    (r#"{"a":[300]}"#, &[r#"{"a":300.0}"#, r#"{"a":3e2}"#, r#"{"a":[1,300]}"#], &[r#"{"a":"300"}"#, r#"{"a":301}"#]),
    (r#"{"a":[123456789012345678901]}"#, &[r#"{"a":123456789012345678901}"#], &[r#"{"a":123456789012345678901.0}"#]),
    (r#"{"a":[null]}"#, &[r#"{"a":null}"#], &[r#"{"a":"null"}"#, r#"{"a":false}"#, "{}"]),
    (r#"{"a":[true,false]}"#, &[r#"{"a":true}"#, r#"{"a":false}"#], &[r#"{"a":"true"}"#, r#"{"a":1}"#]),
    (r#"{"a":["10.0.0.1"]}"#, &[r#"{"a":"10.0.0.1"}"#, r#"{"a":"010.0.0.01"}"#], &[r#"{"a":"10.0.0.2"}"#]),
    (r#"{"a":["\u00e9\n\""]}"#, &["{\"a\":\"é\\n\\u0022\"}"], &[r#"{"a":"e"}"#]),
    (r#"{"a":[{"exactly":"x"}]}"#, &[r#"{"a":"x"}"#], &[r#"{"a":"xx"}"#]),
    // Where.
    (
        r#"{"a":{"b":["x"]}}"#,
        &[r#"{"a":{"b":"x"}}"#, r#"{"a.b":"x"}"#, r#"{"a":[{"b":"x"}]}"#],
        &[r#"{"a":"x"}"#, r#"{"b":"x"}"#, r#"{"a":{"b":{"b":"x"}}}"#],
    ),
    (r#"{"a.b":["x"]}"#, &[r#"{"a":{"b":"x"}}"#, r#"{"a.b":"x"}"#], &[r#"{"a":{"b.b":"x"}}"#]),
    (r#"{"a":[1],"b":[2]}"#, &[r#"{"b":2,"a":1}"#], &[r#"{"a":1}"#, r#"{"a":1,"b":1}"#]),
    (r#"{"a":[1],"a":[2]}"#, &[r#"{"a":2}"#, r#"{"a":1,"a":2}"#], &[r#"{"a":1}"#]),
    // Prefix and suffix.
    (
        r#"{"a":[{"prefix":"ab"}]}"#,
        &[r#"{"a":"ab"}"#, r#"{"a":"abc"}"#],
        &[r#"{"a":"a"}"#, r#"{"a":"ABc"}"#, r#"{"a":1}"#],
    ),
    (r#"{"a":[{"prefix":""}]}"#, &[r#"{"a":""}"#, r#"{"a":"x"}"#], &[r#"{"a":1}"#, r#"{"a":null}"#, "{}"]),
    (r#"{"a":[{"suffix":"é.png"}]}"#, &[r#"{"a":"xé.png"}"#], &[r#"{"a":"é.png "}"#, r#"{"a":".png"}"#]),
    (r#"{"a":[{"prefix":{"equals-ignore-case":"aB"}}]}"#, &[r#"{"a":"Abc"}"#], &[r#"{"a":"ac"}"#]),
    (r#"{"a":[{"suffix":{"equals-ignore-case":"É"}}]}"#, &[r#"{"a":"xé"}"#, r#"{"a":"É"}"#], &[r#"{"a":"e"}"#]),
    (
        r#"{"a":[{"equals-ignore-case":"straße"}]}"#,
        &[r#"{"a":"STRAßE"}"#, r#"{"a":"STRASSE"}"#],
        &[r#"{"a":"strasze"}"#],
    ),
    // Wildcards.
    (r#"{"a":[{"wildcard":"*"}]}"#, &[r#"{"a":""}"#, r#"{"a":"x"}"#], &[r#"{"a":1}"#, "{}"]),
    (
        r#"{"a":[{"wildcard":"d*/f*.png"}]}"#,
        &[r#"{"a":"d/f.png"}"#, r#"{"a":"dir/file.png"}"#],
        &[r#"{"a":"dir/file.jpg"}"#],
    ),
    (r#"{"a":[{"wildcard":"*b*"}]}"#, &[r#"{"a":"b"}"#, r#"{"a":"abc"}"#], &[r#"{"a":"ac"}"#]),
    (r#"{"a":[{"wildcard":"*\\**"}]}"#, &[r#"{"a":"x*y"}"#], &[r#"{"a":"xy"}"#]),
    (r#"{"a":[{"wildcard":"x"}]}"#, &[r#"{"a":"x"}"#], &[r#"{"a":"xy"}"#]),
    // Anything but.
    (
        r#"{"a":[{"anything-but":"x"}]}"#,
        &[r#"{"a":"y"}"#, r#"{"a":1}"#, r#"{"a":null}"#, r#"{"a":["x","y"]}"#],
        &[r#"{"a":"x"}"#, "{}", r#"{"a":[]}"#],
    ),
    (r#"{"a":[{"anything-but":["x","y"]}]}"#, &[r#"{"a":"z"}"#], &[r#"{"a":["x","y"]}"#]),
    (r#"{"a":[{"anything-but":[1,2]}]}"#, &[r#"{"a":3}"#, r#"{"a":"1"}"#], &[r#"{"a":1.0}"#]),
    (r#"{"a":[{"anything-but":0}]}"#, &[r#"{"a":1}"#], &[r#"{"a":-0.0}"#]),
    (r#"{"a":[{"anything-but":{"prefix":"x"}}]}"#, &[r#"{"a":"yx"}"#, r#"{"a":1}"#], &[r#"{"a":"xy"}"#]),
    (r#"{"a":[{"anything-but":{"prefix":["x","y"]}}]}"#, &[r#"{"a":"z"}"#], &[r#"{"a":"yy"}"#]),
    (r#"{"a":[{"anything-but":{"suffix":["x","y"]}}]}"#, &[r#"{"a":"xz"}"#], &[r#"{"a":"zx"}"#]),
    (r#"{"a":[{"anything-but":{"equals-ignore-case":["x","y"]}}]}"#, &[r#"{"a":"z"}"#], &[r#"{"a":"X"}"#]),
    (r#"{"a":[{"anything-but":{"wildcard":"*/lib/*"}}]}"#, &[r#"{"a":"/bin/x"}"#], &[r#"{"a":"/lib/x"}"#]),
    (r#"{"a":[{"anything-but":{"wildcard":["a*","*b"]}}]}"#, &[r#"{"a":"cc"}"#], &[r#"{"a":"ac"}"#, r#"{"a":"cb"}"#]),
    // Numbers.
    (r#"{"a":[{"numeric":["=",3.018e2]}]}"#, &[r#"{"a":301.8}"#], &[r#"{"a":"301.8"}"#]),
    (
        r#"{"a":[{"numeric":[">",0,"<=",5]}]}"#,
        &[r#"{"a":5}"#, r#"{"a":1e-300}"#],
        &[r#"{"a":0}"#, r#"{"a":5.000000001}"#],
    ),
    (r#"{"a":[{"numeric":[">=",0,"<",5]}]}"#, &[r#"{"a":-0}"#], &[r#"{"a":5.0}"#, r#"{"a":-1}"#]),
    (
        r#"{"a":[{"numeric":["<",-1]},{"numeric":[">",1]}]}"#,
        &[r#"{"a":-2}"#, r#"{"a":2}"#],
        &[r#"{"a":1}"#, r#"{"a":-1}"#],
    ),
    (
        r#"{"a":[{"numeric":["<=",-1]},{"numeric":[">=",1]}]}"#,
        &[r#"{"a":-1}"#, r#"{"a":1e308}"#],
        &[r#"{"a":0.999}"#, r#"{"a":1e999}"#],
    ),
    // Networks.
    (
        r#"{"a":[{"cidr":"10.0.0.0/24"}]}"#,
        &[r#"{"a":"10.0.0.255"}"#],
        &[r#"{"a":"10.0.1.0"}"#, r#"{"a":"10.0.0"}"#, r#"{"a":10}"#],
    ),
    (r#"{"a":[{"cidr":"2001:db8::/56"}]}"#, &[r#"{"a":"2001:0DB8:0:00ff::1"}"#], &[r#"{"a":"2001:db8:0:100::1"}"#]),
    // Whether there is any.
    (
        r#"{"a":[{"exists":true}]}"#,
        &[r#"{"a":null}"#, r#"{"a":[[1]]}"#],
        &["{}", r#"{"a":{}}"#, r#"{"a":[]}"#, r#"{"a":{"b":1}}"#],
    ),
    (r#"{"a":[{"exists":false}]}"#, &["{}", r#"{"a":{"b":1}}"#, r#"{"a":[]}"#], &[r#"{"a":null}"#]),
    (r#"{"a":[{"exists":false},"x"]}"#, &["{}", r#"{"a":"x"}"#], &[r#"{"a":"y"}"#]),
    (
        r#"{"a":{"b":[{"exists":false}]},"c":[1]}"#,
        &[r#"{"c":1}"#, r#"{"a":{"b":{}},"c":1}"#],
        &[r#"{"a":{"b":0},"c":1}"#],
    ),
    // Alternatives.
    (
        r#"{"c":[1],"$or":[{"a":[1]},{"b":[1]}]}"#,
        &[r#"{"a":1,"c":1}"#, r#"{"b":1,"c":1}"#],
        &[r#"{"c":1}"#, r#"{"a":1,"b":1}"#],
    ),
    (
        r#"{"d":{"$or":[{"a":[1]},{"b":[1],"$or":[{"x":[1]},{"y":[1]}]}]}}"#,
        &[r#"{"d":{"a":1}}"#, r#"{"d":{"b":1,"y":1}}"#],
        &[r#"{"d":{"b":1}}"#, r#"{"a":1}"#],
    ),
    (r#"{"a":["x","y"],"$or":[{"a":["z"]},{"b":[1]}]}"#, &[r#"{"a":"z"}"#, r#"{"a":"x","b":1}"#], &[r#"{"a":"x"}"#]),
    (r#"{"$or":["x"]}"#, &[r#"{"$or":"x"}"#], &["{}"]),
    (r#"{"$or":{"a":[1]}}"#, &[r#"{"$or":{"a":1}}"#], &[r#"{"a":1}"#]),
    // One element of an array at a time.
    (
        r#"{"users":{"first":["anna"],"last":["kay"]}}"#,
        &[
            r#"{"users":[{"first":"bo"},{"first":"anna","last":"kay"}]}"#,
            r#"{"users":{"first":["x","anna"],"last":["kay","y"]}}"#,
        ],
        &[
            r#"{"users":[{"first":"anna"},{"last":"kay"}]}"#,
            r#"{"users":[{"first":"anna","last":"x"},{"first":"x","last":"kay"}]}"#,
        ],
    ),
    (
        r#"{"a":{"b":{"x":[1],"y":[2]},"z":[3]}}"#,
        &[r#"{"a":[{"b":[{"x":1,"y":2},{"x":1}],"z":3}]}"#, r#"{"a":[{"b":[{"x":1,"y":2}]},{"z":3}],"a.z":3}"#],
        &[r#"{"a":[{"b":[{"x":1},{"y":2}],"z":3}]}"#, r#"{"a":[{"b":[{"x":1,"y":2}]},{"z":3}]}"#],
    ),
    (
        r#"{"a":{"x":[1],"y":[{"exists":false}]}}"#,
        &[r#"{"a":[{"x":1},{"x":2,"y":1}]}"#],
        &[r#"{"a":[{"x":1,"y":1},{"x":2}]}"#],
    ),
    (
        r#"{"a":{"x":[1]},"b":{"x":[2]}}"#,
        &[r#"{"a":[{"x":0},{"x":1}],"b":[{"x":2},{"x":1}]}"#],
        &[r#"{"a":[{"x":2}],"b":[{"x":1}]}"#],
    ),
];

#[test]
fn every_operator() {
    for (text, matching, others) in CASES {
        let pattern = Pattern::parse(text, Dialect::EventBridge).unwrap_or_else(|error| panic!("{text}: {error}"));
        let mut rules = Rules::new();
        rules.insert("rule", &pattern);
        for (event, expected) in
            matching.iter().map(|event| (event, true)).chain(others.iter().map(|event| (event, false)))
        {
            assert_eq!(pattern.matches_bytes(event.as_bytes()), Ok(expected), "{text} {event}");
            let found = rules.matches(event.as_bytes()).unwrap();
            assert_eq!(found, if expected { vec![&"rule"] } else { vec![] }, "{text} {event}");
        }
    }
}

#[test]
fn parsed_events() {
    let pattern = Pattern::parse(r#"{"a":[{"numeric":[">",1]}]}"#, Dialect::LambdaFilter).unwrap();
    assert!(pattern.matches(&serde_json::json!({"a": 1.5})));
    assert!(!pattern.matches(&serde_json::json!({"a": 1})));
    assert!(!pattern.matches(&serde_json::json!([{"a": 2}])));
}

#[test]
fn events_that_are_none() {
    let pattern = Pattern::parse(r#"{"a":[1]}"#, Dialect::EventBridge).unwrap();
    let check = |event: &str, expected| assert_eq!(pattern.matches_bytes(event.as_bytes()), Err(expected), "{event}");
    check("", EventError::NotAnObject);
    check("[]", EventError::NotAnObject);
    check(r#"{"b":[1,]}"#, EventError::Syntax { at: 8 });
    check(r#"{"b":01}"#, EventError::Syntax { at: 7 });
    check(r#"{"b":"x}"#, EventError::Syntax { at: 6 });
    check(&format!("{{\"b\":{}", "[".repeat(2000)), EventError::TooDeep);
    assert_eq!(pattern.matches_bytes(b"{\"a\":\"\xff\"}"), Err(EventError::Syntax { at: 6 }));
}

#[test]
fn rules_come_and_go() {
    let pattern = |text: &str| Pattern::parse(text, Dialect::EventBridge).unwrap();
    let mut rules = Rules::new();
    assert!(rules.is_empty());
    for number in 0..50 {
        rules.insert(number, &pattern(&format!(r#"{{"s":["same"],"t":["{}"],"u":[{{"exists":true}}]}}"#, number % 5)));
    }
    let event = br#"{"s":"same","t":"3","u":1}"#;
    assert_eq!(rules.matches(event).unwrap(), [&3, &8, &13, &18, &23, &28, &33, &38, &43, &48]);
    // A replaced rule is the youngest.
    rules.insert(3, &pattern(r#"{"s":[{"prefix":"sa"}]}"#));
    assert_eq!(rules.len(), 50);
    assert_eq!(rules.matches(event).unwrap().last(), Some(&&3));
    assert!(rules.remove(&8) && !rules.remove(&8));
    assert_eq!(rules.matches(event).unwrap().len(), 9);
    for number in 0..50 {
        rules.remove(&number);
    }
    assert!(rules.is_empty() && rules.matches(event).unwrap().is_empty());
}

/// Fields that hold in many elements would multiply if all combinations were tried.
#[test]
fn large_arrays_are_quick() {
    let element = |name: &str| format!(r#"{{"x":1,"y":1,"{name}":0}}"#);
    let array = |name: &str| vec![element(name); 2000].join(",");
    let event = format!(r#"{{"a":[{}],"b":[{}],"c":[{}]}}"#, array("z"), array("z"), array("z"));
    let pattern = |text: &str| Pattern::parse(text, Dialect::EventBridge).unwrap();
    let text = r#"{"a":{"x":[1],"y":[1],"z":[0]},"b":{"x":[1],"y":[1],"z":[0]},"c":{"x":[1],"y":[1],"z":[0]}}"#;
    assert_eq!(pattern(text).matches_bytes(event.as_bytes()), Ok(true));
    let text = text.replacen(r#""z":[0]"#, r#""z":[{"exists":false}]"#, 1);
    assert_eq!(pattern(&text).matches_bytes(event.as_bytes()), Ok(false));
}
