//! The index and the matcher against an evaluator that tries all combinations.
//!
//! The evaluator below shares nothing with the crate: it works on the parsed pattern and the parsed event, tries
//! every value of every field with every other, and knows every operator in its plainest form.

use std::collections::BTreeMap;

use proptest::prelude::{Just, Strategy, any, prop, prop_oneof, proptest};
use serde_json::{Value, json};
use tidegate_pattern::{Dialect, Pattern, Rules};

/// A value and the elements of the arrays that it lies in.
type Placed<'v> = (&'v Value, BTreeMap<usize, usize>);

/// Gathers the leaves under their paths.
fn flatten<'v>(
    value: &'v Value,
    path: &str,
    place: &BTreeMap<usize, usize>,
    arrays: &mut usize,
    leaves: &mut BTreeMap<String, Vec<Placed<'v>>>,
) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let below = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                flatten(value, &below, place, arrays, leaves);
            }
        }
        Value::Array(elements) => {
            let array = *arrays;
            *arrays += 1;
            for (index, element) in elements.iter().enumerate() {
                let mut inner = place.clone();
                if element.is_object() || element.is_array() {
                    inner.insert(array, index);
                }
                flatten(element, path, &inner, arrays, leaves);
            }
        }
        leaf => leaves.entry(path.to_owned()).or_default().push((leaf, place.clone())),
    }
}

fn alternatives(pattern: &Value, path: &str, mut so_far: Vec<BTreeMap<String, Value>>) -> Vec<BTreeMap<String, Value>> {
    for (name, value) in pattern.as_object().expect("a pattern") {
        let below = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        match value {
            Value::Array(choices) if name == "$or" => {
                so_far = choices.iter().flat_map(|choice| alternatives(choice, path, so_far.clone())).collect();
            }
            Value::Array(_) => so_far.iter_mut().for_each(|fields| drop(fields.insert(below.clone(), value.clone()))),
            _ => so_far = alternatives(value, &below, so_far),
        }
    }
    so_far
}

fn glob(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern, text) {
        ([], []) => true,
        ([b'*', rest @ ..], _) => glob(rest, text) || (!text.is_empty() && glob(pattern, &text[1..])),
        ([first, rest @ ..], [head, tail @ ..]) => first == head && glob(rest, tail),
        _ => false,
    }
}

fn network(text: &str, address: &str) -> bool {
    let (base, length) = text.split_once('/').expect("a network");
    let (Ok(base), Ok(address)) = (base.parse::<std::net::Ipv4Addr>(), address.parse::<std::net::Ipv4Addr>()) else {
        return false;
    };
    let shift = 32 - length.parse::<u32>().expect("a length");
    u64::from(base.to_bits()) >> shift == u64::from(address.to_bits()) >> shift
}

/// One condition on a value that is there.
fn holds(condition: &Value, value: &Value) -> bool {
    let Some((operator, given)) = condition.as_object().and_then(|object| object.iter().next()) else {
        return match (condition.as_f64(), value.as_f64()) {
            (Some(left), Some(right)) => left == right,
            _ => condition == value,
        };
    };
    let text = value.as_str();
    match (operator.as_str(), given) {
        ("exists", exists) => *exists == json!(true),
        ("anything-but", Value::Object(inner)) => {
            let (operator, values) = inner.iter().next().expect("an operator");
            let values = values.as_array().cloned().unwrap_or_else(|| vec![values.clone()]);
            !values.iter().any(|given| holds(&json!({ operator: given }), value))
        }
        ("anything-but", Value::Array(values)) => !values.iter().any(|given| holds(given, value)),
        ("anything-but", given) => !holds(given, value),
        ("numeric", given) => value.as_f64().is_some_and(|value| {
            given.as_array().expect("a range").chunks(2).all(|pair| {
                let bound = pair[1].as_f64().expect("a number");
                match pair[0].as_str().expect("an operator") {
                    "=" => value == bound,
                    "<" => value < bound,
                    "<=" => value <= bound,
                    ">" => value > bound,
                    _ => value >= bound,
                }
            })
        }),
        ("prefix", Value::Object(inner)) => {
            let given = inner["equals-ignore-case"].as_str().expect("a text").to_lowercase();
            text.is_some_and(|text| text.to_lowercase().starts_with(&given))
        }
        ("suffix", Value::Object(inner)) => {
            let given = inner["equals-ignore-case"].as_str().expect("a text").to_lowercase();
            text.is_some_and(|text| text.to_lowercase().ends_with(&given))
        }
        (operator, given) => {
            let given = given.as_str().expect("a text");
            text.is_some_and(|text| match operator {
                "prefix" => text.starts_with(given),
                "suffix" => text.ends_with(given),
                "equals-ignore-case" => text.to_lowercase() == given.to_lowercase(),
                "wildcard" => glob(given.as_bytes(), text.as_bytes()),
                "cidr" => network(given, text),
                other => panic!("no operator {other}"),
            })
        }
    }
}

fn consistent(left: &BTreeMap<usize, usize>, right: &BTreeMap<usize, usize>) -> bool {
    left.iter().all(|(array, element)| right.get(array).is_none_or(|other| other == element))
}

fn meets(
    fields: &[(&String, &Value)],
    leaves: &BTreeMap<String, Vec<Placed<'_>>>,
    place: &BTreeMap<usize, usize>,
) -> bool {
    let [(path, conditions), rest @ ..] = fields else { return true };
    let conditions = conditions.as_array().expect("conditions");
    let values: Vec<&Placed<'_>> =
        leaves.get(*path).into_iter().flatten().filter(|(_, at)| consistent(place, at)).collect();
    if values.is_empty() && conditions.contains(&json!({"exists": false})) && meets(rest, leaves, place) {
        return true;
    }
    values.iter().any(|(value, at)| {
        let mut merged = place.clone();
        merged.extend(at);
        conditions.iter().any(|condition| holds(condition, value)) && meets(rest, leaves, &merged)
    })
}

fn naive(pattern: &Value, event: &Value) -> bool {
    let mut leaves = BTreeMap::new();
    flatten(event, "", &BTreeMap::new(), &mut 0, &mut leaves);
    alternatives(pattern, "", vec![BTreeMap::new()])
        .iter()
        .any(|fields| meets(&fields.iter().collect::<Vec<_>>(), &leaves, &BTreeMap::new()))
}

fn texts() -> impl Strategy<Value = String> {
    prop_oneof!["[abAB]{0,3}", Just("10.0.0.1".to_owned()), Just("10.0.9.1".to_owned()), "é?[ab]É?"]
}

fn numbers() -> impl Strategy<Value = Value> {
    prop_oneof![(-3i64..4).prop_map(Value::from), (-3i32..4).prop_map(|half| json!(f64::from(half) / 2.0))]
}

fn scalars() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => texts().prop_map(Value::from),
        2 => numbers(),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
    ]
}

fn names() -> impl Strategy<Value = String> {
    prop_oneof![6 => "[abc]", 1 => Just("a.b".to_owned())]
}

fn events() -> impl Strategy<Value = Value> {
    let values = scalars().prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(names(), inner, 0..4).prop_map(|fields| json!(fields)),
        ]
    });
    prop::collection::btree_map(names(), values, 0..4).prop_map(|fields| json!(fields))
}

fn ranges() -> impl Strategy<Value = Value> {
    prop_oneof![
        (prop_oneof![Just("="), Just("<"), Just("<="), Just(">"), Just(">=")], numbers())
            .prop_map(|(operator, number)| json!([operator, number])),
        (-3i64..1, 1i64..4).prop_map(|(low, high)| json!([">", low, "<=", high])),
        (-3i64..1, 1i64..4).prop_map(|(low, high)| json!([">=", low, "<", high])),
    ]
}

fn conditions() -> impl Strategy<Value = Value> {
    let filled = || texts().prop_filter("no empty ones", |text| !text.is_empty());
    let wildcards = || "[ab]?(\\*[abé]){0,2}\\*?";
    let texts_or = |strategy: prop::strategy::BoxedStrategy<String>| {
        prop_oneof![strategy.clone().prop_map(Value::from), prop::collection::vec(strategy, 1..3).prop_map(Value::from),]
    };
    prop_oneof![
        6 => scalars().prop_filter("an address is no text", |value| !value.to_string().contains('.') || value.is_number()),
        1 => texts().prop_map(|text| json!({"prefix": text})),
        1 => texts().prop_map(|text| json!({"suffix": text})),
        1 => texts().prop_map(|text| json!({"equals-ignore-case": text})),
        1 => texts().prop_map(|text| json!({"prefix": {"equals-ignore-case": text}})),
        1 => texts().prop_map(|text| json!({"suffix": {"equals-ignore-case": text}})),
        1 => wildcards().prop_map(|text| json!({"wildcard": text})),
        1 => ranges().prop_map(|range| json!({"numeric": range})),
        1 => (0u32..32).prop_map(|length| json!({"cidr": format!("10.0.1.1/{length}")})),
        2 => any::<bool>().prop_map(|exists| json!({"exists": exists})),
        1 => texts_or(texts().boxed()).prop_map(|given| json!({"anything-but": given})),
        1 => prop::collection::vec(numbers(), 1..3).prop_map(|given| json!({"anything-but": given})),
        1 => texts_or(filled().boxed()).prop_map(|given| json!({"anything-but": {"prefix": given}})),
        1 => texts_or(filled().boxed()).prop_map(|given| json!({"anything-but": {"suffix": given}})),
        1 => texts_or(texts().boxed()).prop_map(|given| json!({"anything-but": {"equals-ignore-case": given}})),
        1 => texts_or(wildcards().boxed()).prop_map(|given| json!({"anything-but": {"wildcard": given}})),
    ]
}

fn patterns() -> impl Strategy<Value = Value> {
    let lists = || prop::collection::vec(conditions(), 1..4).prop_map(Value::from);
    let fields = prop::collection::btree_map(names(), lists(), 1..4).prop_map(|fields| json!(fields));
    fields.prop_recursive(3, 12, 3, move |inner| {
        let nested = || prop::collection::btree_map(names(), prop_oneof![2 => lists(), 1 => inner.clone()], 1..3);
        let with_or = (nested(), prop::collection::vec(inner.clone(), 2..4)).prop_map(|(fields, choices)| {
            let mut fields = json!(fields);
            fields["$or"] = choices.into();
            fields
        });
        prop_oneof![2 => nested().prop_map(|fields| json!(fields)), 1 => with_or]
    })
}

proptest! {
    /// One pattern, and many of them in an index of which some are taken away again, say what trying all says.
    #[test]
    fn the_matcher_and_the_index_agree_with_trying_all(
        patterns in prop::collection::vec(patterns(), 1..30),
        events in prop::collection::vec(events(), 1..12),
        removed in prop::collection::vec(any::<bool>(), 30),
    ) {
        let mut rules = Rules::new();
        let mut parsed = BTreeMap::new();
        for (id, pattern) in patterns.iter().enumerate() {
            // What multiplies out too far is refused.
            if let Ok(compiled) = Pattern::parse(&pattern.to_string(), Dialect::EventBridge) {
                rules.insert(id, &compiled);
                parsed.insert(id, compiled);
            }
        }
        let check = |rules: &Rules<usize>, parsed: &BTreeMap<usize, Pattern>| {
            for event in &events {
                let bytes = event.to_string().into_bytes();
                let expected: Vec<&usize> =
                    parsed.keys().filter(|id| naive(&patterns[**id], event)).collect();
                for (id, pattern) in parsed {
                    let matched = pattern.matches_bytes(&bytes).expect("an event");
                    assert_eq!(matched, expected.contains(&id), "{} {event}", patterns[*id]);
                }
                assert_eq!(rules.matches(&bytes).expect("an event"), expected, "{event}");
            }
        };
        check(&rules, &parsed);
        for (id, removed) in removed.iter().enumerate() {
            if *removed {
                assert_eq!(rules.remove(&id), parsed.remove(&id).is_some());
            }
        }
        check(&rules, &parsed);
    }
}
