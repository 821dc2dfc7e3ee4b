//! Agreement with cases recorded from AWS's own matcher.
//!
//! The cases are not part of the repository. `TIDEGATE_PATTERN_CASES` names a file of them: one JSON object on
//! each line, with `pattern` and `event` as texts and `result` as `match` or `no`. Without it, a file
//! `event-patterns.jsonl` in a folder `shared/data` beside the repository is read if there is one; otherwise
//! there is nothing to compare and the test says so.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tidegate_pattern::{Dialect, Pattern, Rules};

fn cases() -> Option<PathBuf> {
    if let Some(given) = std::env::var_os("TIDEGATE_PATTERN_CASES") {
        return Some(given.into());
    }
    // lang/pattern, lang, the repository, what it lies in.
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3)?;
    let file = beside.join("shared").join("data").join("event-patterns.jsonl");
    file.exists().then_some(file)
}

/// What was recorded of a rule after another had been taken away: these say `no` where the same matcher, asked
/// about this pattern and this event alone, says `match`, and so does AWS's documentation.
const RECORDED_WITHOUT_THE_RULE: [(&str, &str); 3] = [
    (r#"{ "foo": { "bar": [ "ab" ] }}"#, r#"{ "foo": { "bar": [ "ab", "cd" ]}}"#),
    (r#"{ "foo": { "bar": [ "cd" ] }}"#, r#"{ "foo": { "bar": "cd" }}"#),
    (r#"{ "foo": { "bar": [ "cd" ] }}"#, r#"{ "foo": { "bar": [ "ab", "cd" ]}}"#),
];

#[test]
fn recorded_cases_agree() {
    let Some(file) = cases() else {
        eprintln!("no recorded cases: set TIDEGATE_PATTERN_CASES");
        return;
    };
    let text = std::fs::read_to_string(&file).expect("the cases can be read");
    let mut wrong = Vec::new();
    let mut rules = Rules::new();
    let parsed: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("a case is JSON")).collect();
    for (number, case) in parsed.iter().enumerate() {
        let pattern = case["pattern"].as_str().expect("a pattern");
        let event = case["event"].as_str().expect("an event");
        if RECORDED_WITHOUT_THE_RULE.contains(&(pattern, event)) {
            continue;
        }
        let expected = case["result"] == "match";
        match Pattern::parse(pattern, Dialect::EventBridge) {
            Ok(pattern) => {
                if pattern.matches_bytes(event.as_bytes()) != Ok(expected) {
                    wrong.push(format!("line {}: {case}", number + 1));
                }
                rules.insert(number, &pattern);
            }
            Err(error) => wrong.push(format!("line {}: {case}: {error}", number + 1)),
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), parsed.len(), wrong.join("\n"));
    // All patterns at once say of every event what they say alone.
    for (number, case) in parsed.iter().enumerate() {
        let pattern = case["pattern"].as_str().expect("a pattern");
        let event = case["event"].as_str().expect("an event");
        if RECORDED_WITHOUT_THE_RULE.contains(&(pattern, event)) {
            continue;
        }
        let found = rules.matches(event.as_bytes()).expect("an event");
        assert_eq!(found.contains(&&number), case["result"] == "match", "line {}: {case}", number + 1);
    }
}
