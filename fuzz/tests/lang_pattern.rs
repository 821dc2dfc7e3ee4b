//! Event patterns and filter policies, and the events that they are matched with.

use tidegate_fuzz::{Material, fuzz};
use tidegate_pattern::{Dialect, Pattern, Rules};

/// What every pattern is matched with, beside what comes with it.
const EVENTS: [&str; 3] = [
    r#"{"source":"my.app","detail":{"state":"running","load":0.5,"ip":"10.0.0.1","none":null,"flag":true},"a":["x",1]}"#,
    r#"{"a":[{"x":1,"y":[{"z":"ab"},{"z":"ba"}]},{"x":2,"y":{"z":"é"}}],"a.x":3,"b":[[[{"x":1}]]]}"#,
    "{}",
];

/// Other rules in the same index.
const OTHERS: [&str; 4] = [
    r#"{"source":["my.app"],"detail":{"state":[{"prefix":"run"}]}}"#,
    r#"{"a":{"x":[1],"y":{"z":[{"wildcard":"*b*"}]}}}"#,
    r#"{"$or":[{"a":["x"]},{"detail":{"load":[{"numeric":[">",0,"<=",1]}]}}]}"#,
    r#"{"detail":{"missing":[{"exists":false}]}}"#,
];

/// A pattern, a line, an event.
const MATERIAL: Material<'static> = Material {
    examples: &[
        b"{\"source\":[\"my.app\",{\"prefix\":\"aws.\"}],\"detail\":{\"state\":[{\"anything-but\":[\"idle\",\"off\"]}]}}\n{\"source\":\"my.app\",\"detail\":{\"state\":\"on\"}}",
        b"{\"a\":{\"x\":[{\"numeric\":[\">=\",-1.5e3,\"<\",2]}],\"y\":{\"z\":[{\"suffix\":{\"equals-ignore-case\":\"B\"}}]}}}\n{\"a\":[{\"x\":1,\"y\":[{\"z\":\"aB\"}]}]}",
        b"{\"$or\":[{\"a\":[{\"cidr\":\"10.0.0.0/8\"},{\"cidr\":\"2001:db8::/32\"}]},{\"b\":[{\"exists\":false},null,true]}]}\n{\"a\":\"2001:db8::1\",\"b\":[]}",
        b"{\"a\":[{\"wildcard\":\"a*\\\\*b*\"},{\"anything-but\":{\"wildcard\":[\"x*\",\"*y\"]}},{\"equals-ignore-case\":\"Stra\xc3\x9fe\"}]}\n{\"a\":[\"a*b\",\"\\u00e9\\ud83d\\ude00\"]}",
        b"{\"a.b\":[\"10.0.0.1\",123456789012345678901,\"\"]}\n{\"a\":{\"b\":1e400},\"a.b\":\"\\\"\"}",
    ],
    words: &[
        "{", "}", "[", "]", ",", ":", "\"", "\\", "\n", "\"a\"", "\"a.b\"", "\"$or\":[", "{\"prefix\":\"", "{\"suffix\":\"",
        "{\"anything-but\":", "{\"equals-ignore-case\":\"", "{\"wildcard\":\"*", "{\"numeric\":[\"=\",", "{\"exists\":false}",
        "{\"cidr\":\"::/0\"}", "null", "true", "1e308", "-0.0", "*", "**", "\\u00df", "\\ud800", "{}", "[]", "é", "0x", "999999999999999999999",
    ],
};

/// What is understood is decided for every event; the index says what the pattern says alone, also after the
/// rule was taken away and came back; and bytes that are no event are refused by both.
#[test]
fn event_patterns() {
    let others: Vec<Pattern> =
        OTHERS.iter().map(|text| Pattern::parse(text, Dialect::EventBridge).expect("a pattern")).collect();
    fuzz(MATERIAL, |bytes| {
        let split = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
        let text = String::from_utf8_lossy(&bytes[..split]);
        let event = bytes.get(split + 1..).unwrap_or_default();
        for dialect in [Dialect::EventBridge, Dialect::SnsMessageAttributes] {
            let pattern = match Pattern::parse(&text, dialect) {
                Ok(pattern) => pattern,
                Err(error) => {
                    assert!(!error.sns_message(true).is_empty() && !error.event_bridge_message().is_empty());
                    continue;
                }
            };
            let mut rules = Rules::new();
            others.iter().enumerate().for_each(|(id, other)| rules.insert(id, other));
            for _ in 0..2 {
                rules.insert(OTHERS.len(), &pattern);
                for event in EVENTS.iter().map(|event| event.as_bytes()).chain([event]) {
                    let alone = pattern.matches_bytes(event);
                    let found = rules.matches(event);
                    assert_eq!(alone.is_ok(), found.is_ok());
                    let expected: Vec<usize> = others
                        .iter()
                        .chain([&pattern])
                        .enumerate()
                        .filter(|(_, pattern)| pattern.matches_bytes(event) == Ok(true))
                        .map(|(id, _)| id)
                        .collect();
                    assert_eq!(found.unwrap_or_default().into_iter().copied().collect::<Vec<_>>(), expected);
                }
                assert!(rules.remove(&OTHERS.len()));
            }
        }
    });
}
