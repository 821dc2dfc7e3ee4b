//! Expressions against a naive interpreter, and a table of texts that cannot be parsed.

use std::collections::BTreeMap;

use proptest::prelude::{Just, Strategy, any, prop_assert_eq, prop_oneof, proptest};
use proptest::sample::select;

use super::{
    Comparator, Condition, Element, Operand, Path, Placeholders, apply, holds, parse_condition, parse_projection,
    parse_update,
};
use crate::domain::{Item, Number, Type, Value};

fn number(value: i64) -> Value {
    Value::N(Number::parse(&value.to_string()).unwrap())
}

fn text(value: &str) -> Value {
    Value::S(value.to_owned())
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        (-3i64..4).prop_map(number),
        select(vec!["", "a", "ab", "b"]).prop_map(text),
        any::<bool>().prop_map(Value::Bool),
        Just(Value::Null),
        select(vec!["x", "y"]).prop_map(|one| Value::Ss([one.to_owned(), "z".to_owned()].into())),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        3 => scalar(),
        1 => proptest::collection::vec(scalar(), 0..3).prop_map(Value::L),
        1 => proptest::collection::btree_map("[mn]", scalar(), 0..3).prop_map(Value::M),
    ]
}

fn item() -> impl Strategy<Value = Item> {
    proptest::collection::btree_map("[abc]", value(), 0..4)
}

fn path() -> impl Strategy<Value = Path> {
    let element = prop_oneof!["[mn]".prop_map(Element::Field), (0usize..3).prop_map(Element::Index)];
    ("[abc]", proptest::option::of(element)).prop_map(|(head, rest)| Path { head, rest: rest.into_iter().collect() })
}

fn comparator() -> impl Strategy<Value = Comparator> {
    select(vec![
        Comparator::Equal,
        Comparator::NotEqual,
        Comparator::Less,
        Comparator::LessOrEqual,
        Comparator::Greater,
        Comparator::GreaterOrEqual,
    ])
}

fn condition() -> impl Strategy<Value = Condition> {
    let at = || path().prop_map(Operand::Path);
    let given = || value().prop_map(Operand::Value);
    let leaf = prop_oneof![
        (comparator(), at(), given())
            .prop_filter("what has no order is refused", |(how, _, b)| {
                !how.is_ordering() || b.known_type().is_none_or(Type::is_key)
            })
            .prop_map(|(how, a, b)| Condition::Compare(how, a, b)),
        (comparator(), at(), 0i64..4)
            .prop_map(|(how, a, n)| { Condition::Compare(how, Operand::Size(Box::new(a)), Operand::Value(number(n))) }),
        (at(), -3i64..1, 0i64..4).prop_map(|(a, low, high)| {
            Condition::Between(a, Operand::Value(number(low)), Operand::Value(number(high)))
        }),
        (at(), proptest::collection::vec(given(), 1..4)).prop_map(|(a, list)| Condition::In(a, list)),
        path().prop_map(Condition::Exists),
        path().prop_map(Condition::NotExists),
        (at(), select(Type::ALL.to_vec())).prop_map(|(a, kind)| Condition::HasType(a, kind)),
        (at(), select(vec!["", "a"])).prop_map(|(a, b)| Condition::BeginsWith(a, Operand::Value(text(b)))),
        (at(), given()).prop_map(|(a, b)| Condition::Contains(a, b)),
    ];
    leaf.prop_recursive(3, 12, 2, |inner| {
        let pair = || (inner.clone(), inner.clone()).prop_map(|(a, b)| (Box::new(a), Box::new(b)));
        prop_oneof![
            pair().prop_map(|(a, b)| Condition::And(a, b)),
            pair().prop_map(|(a, b)| Condition::Or(a, b)),
            inner.clone().prop_map(|a| Condition::Not(Box::new(a))),
        ]
    })
}

/// Writes conditions as a client does, with a placeholder for each value and name.
#[derive(Default)]
struct Spelling {
    names: BTreeMap<String, String>,
    values: BTreeMap<String, Value>,
}

impl Spelling {
    fn path(&mut self, path: &Path) -> String {
        let mut name = |name: &str| {
            self.names.insert(format!("#{name}"), name.to_owned());
            format!("#{name}")
        };
        let mut text = name(&path.head);
        for element in &path.rest {
            match element {
                Element::Field(field) => text.push_str(&format!(".{}", name(field))),
                Element::Index(index) => text.push_str(&format!("[{index}]")),
            }
        }
        text
    }

    fn operand(&mut self, operand: &Operand) -> String {
        match operand {
            Operand::Path(path) => self.path(path),
            Operand::Size(inner) => format!("size({})", self.operand(inner)),
            Operand::Value(value) => {
                let key = format!(":v{}", self.values.len());
                self.values.insert(key.clone(), value.clone());
                key
            }
        }
    }

    fn condition(&mut self, condition: &Condition) -> String {
        match condition {
            Condition::And(a, b) => format!("({} AND {})", self.condition(a), self.condition(b)),
            Condition::Or(a, b) => format!("({} or {})", self.condition(a), self.condition(b)),
            Condition::Not(a) => format!("(NOT {})", self.condition(a)),
            Condition::Compare(how, a, b) => {
                format!("{} {} {}", self.operand(a), how.symbol(), self.operand(b))
            }
            Condition::Between(a, b, c) => {
                format!("{} BETWEEN {} AND {}", self.operand(a), self.operand(b), self.operand(c))
            }
            Condition::In(a, list) => {
                let a = self.operand(a);
                let list: Vec<String> = list.iter().map(|each| self.operand(each)).collect();
                format!("{a} IN ({})", list.join(", "))
            }
            Condition::Exists(path) => format!("attribute_exists({})", self.path(path)),
            Condition::NotExists(path) => format!("attribute_not_exists({})", self.path(path)),
            Condition::HasType(a, kind) => {
                let kind = Operand::Value(text(kind.name()));
                format!("attribute_type({}, {})", self.operand(a), self.operand(&kind))
            }
            Condition::BeginsWith(a, b) => format!("begins_with({}, {})", self.operand(a), self.operand(b)),
            Condition::Contains(a, b) => format!("contains({}, {})", self.operand(a), self.operand(b)),
        }
    }
}

/// What lies at a path, found in another way than the real thing does: by trying every attribute.
fn find(item: &Item, path: &Path) -> Option<Value> {
    let mut found = item.iter().find(|(name, _)| **name == path.head).map(|(_, value)| value.clone())?;
    for element in &path.rest {
        let children: Vec<(Element, Value)> = match found {
            Value::M(map) => map.into_iter().map(|(name, value)| (Element::Field(name), value)).collect(),
            Value::L(list) => list.into_iter().enumerate().map(|(at, value)| (Element::Index(at), value)).collect(),
            _ => Vec::new(),
        };
        found = children.into_iter().find(|(name, _)| name == element)?.1;
    }
    Some(found)
}

fn naive_value(operand: &Operand, item: &Item) -> Option<Value> {
    match operand {
        Operand::Value(value) => Some(value.clone()),
        Operand::Path(path) => find(item, path),
        Operand::Size(inner) => match naive_value(inner, item)? {
            Value::S(text) => Some(number(text.len() as i64)),
            Value::L(list) => Some(number(list.len() as i64)),
            Value::M(map) => Some(number(map.len() as i64)),
            Value::Ss(set) => Some(number(set.len() as i64)),
            _ => None,
        },
    }
}

/// Less, equal or greater as a number below, at or above nought.
fn naive_order(a: &Value, b: &Value) -> Option<i64> {
    let whole = |number: &Number| number.to_string().parse::<i64>().unwrap();
    match (a, b) {
        (Value::N(a), Value::N(b)) => Some(whole(a) - whole(b)),
        (Value::S(a), Value::S(b)) if a == b => Some(0),
        (Value::S(a), Value::S(b)) => Some(if a < b { -1 } else { 1 }),
        _ => None,
    }
}

fn naive(condition: &Condition, item: &Item) -> bool {
    let pair = |a: &Operand, b: &Operand| Some((naive_value(a, item)?, naive_value(b, item)?));
    match condition {
        Condition::And(a, b) => ![a, b].iter().any(|each| !naive(each, item)),
        Condition::Or(a, b) => [a, b].iter().any(|each| naive(each, item)),
        Condition::Not(a) => !naive(a, item),
        Condition::Compare(Comparator::NotEqual, a, b) => pair(a, b).is_none_or(|(a, b)| a != b),
        Condition::Compare(Comparator::Equal, a, b) => pair(a, b).is_some_and(|(a, b)| a == b),
        Condition::Compare(how, a, b) => {
            let order = pair(a, b).and_then(|(a, b)| naive_order(&a, &b));
            order.is_some_and(|order| match how {
                Comparator::Less => order < 0,
                Comparator::LessOrEqual => order < 1,
                Comparator::Greater => order > 0,
                _ => order > -1,
            })
        }
        Condition::Between(a, low, high) => {
            let over = Condition::Compare(Comparator::LessOrEqual, low.clone(), a.clone());
            let under = Condition::Compare(Comparator::LessOrEqual, a.clone(), high.clone());
            naive(&over, item) && naive(&under, item)
        }
        Condition::In(a, list) => list.iter().filter(|b| pair(a, b).is_some_and(|(a, b)| a == b)).count() > 0,
        Condition::Exists(path) => find(item, path).is_some(),
        Condition::NotExists(path) => find(item, path).is_none(),
        Condition::HasType(a, kind) => naive_value(a, item).map(|value| value.kind()) == Some(*kind),
        Condition::BeginsWith(a, b) => match pair(a, b) {
            Some((Value::S(a), Value::S(b))) => a.get(..b.len()) == Some(b.as_str()),
            _ => false,
        },
        Condition::Contains(a, b) => match pair(a, b) {
            Some((Value::S(a), Value::S(b))) => a.matches(&b).next().is_some(),
            Some((Value::Ss(a), Value::S(b))) => a.iter().any(|each| *each == b),
            Some((Value::L(a), b)) => a.iter().filter(|each| **each == b).count() > 0,
            _ => false,
        },
    }
}

/// An update of one attribute: its text, and what a naive reader makes of the attribute.
type Naive = fn(Option<&Value>) -> Result<Option<Value>, ()>;

fn whole(value: Option<&Value>) -> Result<i64, ()> {
    match value {
        Some(Value::N(number)) => Ok(number.to_i64().unwrap()),
        _ => Err(()),
    }
}

const UPDATES: &[(&str, &str, Naive)] = &[
    ("SET", "@ = :one", |_| Ok(Some(number(1)))),
    ("SET", "@ = @ + :one", |old| Ok(Some(number(whole(old)? + 1)))),
    ("SET", "@ = @ - :one", |old| Ok(Some(number(whole(old)? - 1)))),
    ("SET", "@ = if_not_exists(@, :one)", |old| Ok(Some(old.cloned().unwrap_or(number(1))))),
    ("SET", "@ = if_not_exists(@, :zero) + :one", |old| {
        Ok(Some(number(old.map_or(Ok(0), |old| whole(Some(old)))? + 1)))
    }),
    ("SET", "@ = list_append(@, :list)", |old| match old {
        Some(Value::L(list)) => Ok(Some(Value::L([&list[..], &[number(1)]].concat()))),
        _ => Err(()),
    }),
    ("SET", "@[9] = :one", |old| match old {
        Some(Value::L(list)) => Ok(Some(Value::L([&list[..], &[number(1)]].concat()))),
        _ => Err(()),
    }),
    ("SET", "@.m = :one", |old| match old {
        Some(Value::M(map)) => {
            let others = map.iter().filter(|(name, _)| *name != "m").map(|(name, value)| (name.clone(), value.clone()));
            Ok(Some(Value::M(others.chain([("m".to_owned(), number(1))]).collect())))
        }
        _ => Err(()),
    }),
    ("REMOVE", "@", |_| Ok(None)),
    ("REMOVE", "@[0]", |old| match old {
        Some(Value::L(list)) => Ok(Some(Value::L(list.iter().skip(1).cloned().collect()))),
        _ => Err(()),
    }),
    ("ADD", "@ :one", |old| Ok(Some(number(old.map_or(Ok(0), |old| whole(Some(old)))? + 1)))),
    ("ADD", "@ :set", |old| match old {
        None => Ok(Some(Value::Ss(["x".to_owned()].into()))),
        Some(Value::Ss(set)) => Ok(Some(Value::Ss(set.iter().cloned().chain(["x".to_owned()]).collect()))),
        Some(_) => Err(()),
    }),
    ("DELETE", "@ :set", |old| match old {
        None => Ok(None),
        Some(Value::Ss(set)) => Ok(Some(Value::Ss(set.iter().filter(|each| *each != "x").cloned().collect()))),
        Some(_) => Err(()),
    }),
];

fn values() -> BTreeMap<String, Value> {
    BTreeMap::from([
        (":one".to_owned(), number(1)),
        (":zero".to_owned(), number(0)),
        (":list".to_owned(), Value::L(vec![number(1)])),
        (":set".to_owned(), Value::Ss(["x".to_owned()].into())),
    ])
}

proptest! {
    #[test]
    fn conditions_mean_what_a_naive_reader_takes_them_for(condition in condition(), item in item()) {
        let mut spelling = Spelling::default();
        let text = spelling.condition(&condition);
        let values = (!spelling.values.is_empty()).then_some(spelling.values);
        let placeholders = Placeholders::new(Some(spelling.names), values).unwrap();
        let parsed = parse_condition(&text, &placeholders).unwrap_or_else(|misuse| panic!("{text}: {misuse}"));
        prop_assert_eq!(&parsed, &condition, "{}", text);
        prop_assert_eq!(placeholders.check_all_used(), Ok(()));
        prop_assert_eq!(holds(&parsed, &item), naive(&condition, &item), "{} of {:?}", text, item);
    }

    #[test]
    fn updates_do_what_a_naive_reader_takes_them_for(
        wanted in proptest::collection::vec((select(vec!["a", "b", "c"]), 0..UPDATES.len()), 1..4), item in item(),
    ) {
        let wanted: BTreeMap<&str, usize> = wanted.into_iter().collect();
        let mut sections: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        let mut expected = Ok(item.clone());
        for (name, index) in wanted {
            let (section, text, naive) = UPDATES[index];
            sections.entry(section).or_default().push(text.replace('@', name));
            expected = match (expected, naive(item.get(name))) {
                (Ok(mut after), Ok(new)) => {
                    after.remove(name);
                    after.extend(new.map(|new| (name.to_owned(), new)));
                    Ok(after)
                }
                _ => Err(()),
            };
        }
        let text: Vec<String> = sections.iter().map(|(section, list)| format!("{section} {}", list.join(", "))).collect();
        let text = text.join(" ");
        let placeholders = Placeholders::new(None, Some(values())).unwrap();
        let update = parse_update(&text, &placeholders).unwrap_or_else(|misuse| panic!("{text}: {misuse}"));
        prop_assert_eq!(apply(&update, &item).map_err(|_| ()), expected, "{} of {:?}", text, item);
    }

    #[test]
    fn any_text_is_an_expression_or_an_error(text in "[a-c#:., ()\\[\\]<>=+0-9é-]{0,30}") {
        let placeholders = Placeholders::new(None, None).unwrap();
        let parsed = (
            parse_condition(&text, &placeholders).is_ok(),
            parse_update(&text, &placeholders).is_ok(),
            parse_projection(&text, &placeholders).is_ok(),
        );
        // `SET` is in none of these texts.
        prop_assert_eq!(parsed.1, false);
    }
}

#[test]
fn texts_that_are_no_conditions_are_refused_in_aws_words() {
    let cases = [
        ("a", "Syntax error; token: \"<EOF>\", near: \"a\""),
        ("a = ", "Syntax error; token: \"<EOF>\", near: \"=\""),
        ("= :one", "Syntax error; token: \"=\", near: \"= :one\""),
        ("a ! :one", "Syntax error; token: \"!\", near: \"a ! \""),
        ("a BETWEEN :one", "Syntax error; token: \"<EOF>\", near: \":one\""),
        ("a[x] = :one", "Syntax error; token: \"x\", near: \"[x]\""),
        ("a = :one b", "Syntax error; token: \"b\", near: \":one b\""),
        (
            "attribute_exists(:one)",
            "Operator or function requires a document path; operator or function: attribute_exists",
        ),
        (
            "attribute_type(a, :one)",
            "Incorrect operand type for operator or function; operator or function: attribute_type, operand type: N",
        ),
        (
            "size(:one) = :one",
            "Incorrect operand type for operator or function; operator or function: size, operand type: N",
        ),
        (
            "attribute_exists(a) = :one",
            "The function is not allowed to be used this way in an expression; function: attribute_exists",
        ),
        (
            "a BETWEEN :one AND :zero",
            "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: {N:1}, upper bound operand: AttributeValue: {N:0}",
        ),
        (
            "contains(a, a)",
            "The first operand must be distinct from the remaining operands for this operator or function; operator: contains, first operand: [a]",
        ),
        ("user = :none", "Attribute name is a reserved keyword; reserved keyword: user"),
    ];
    for (text, expected) in cases {
        let placeholders = Placeholders::new(None, Some(values())).unwrap();
        let refused = parse_condition(text, &placeholders).unwrap_err().to_string();
        assert_eq!(refused, expected, "{text}");
    }
    let placeholders = Placeholders::new(None, None).unwrap();
    let deep = format!("{}a = b{}", "(".repeat(2000), ")".repeat(2000));
    assert!(parse_condition(&deep, &placeholders).is_err());
}

#[test]
fn a_projection_keeps_the_shape_of_what_it_shows() {
    let list = Value::L(vec![number(0), number(1), number(2)]);
    let item = Item::from([
        ("a".to_owned(), Value::M([("m".to_owned(), list), ("n".to_owned(), Value::Null)].into())),
        ("b".to_owned(), number(7)),
    ]);
    let placeholders = Placeholders::new(None, None).unwrap();
    let projection = parse_projection("a.m[2], a.m[0], b, nowhere.x", &placeholders).unwrap();
    let shown = Value::M([("m".to_owned(), Value::L(vec![number(0), number(2)]))].into());
    assert_eq!(projection.of(&item), Item::from([("a".to_owned(), shown), ("b".to_owned(), number(7))]));
}

/// What DynamoDB allows is allowed here, and fits into the stack that threads have by default.
#[test]
fn expressions_nest_as_deep_as_their_operators_allow() {
    let deep = |levels: usize, open: &str, last: &str| format!("{}{last}{}", open.repeat(levels), ")".repeat(levels));
    let error = |text: &str| {
        let values = BTreeMap::from([(":v".to_owned(), number(1))]);
        let placeholders = Placeholders::new(None, Some(values)).unwrap();
        parse_condition(text, &placeholders).err().map(|misuse| misuse.to_string())
    };
    assert_eq!(error(&deep(149, "a<:v AND (", "a<:v")), None);
    assert_eq!(error(&deep(299, "NOT(", "a<:v")), None);
    let too_many = "The expression contains too many operators; operator count: 301";
    assert_eq!(error(&deep(150, "a<:v AND (", "a<:v")).as_deref(), Some(too_many));
    assert_eq!(error(&deep(300, "NOT(", "a<:v")).as_deref(), Some(too_many));
    assert_eq!(error(&deep(800, "NOT(", "a<:v")).as_deref(), Some(too_many));
    let redundant = "The expression has redundant parentheses;";
    assert_eq!(error(&deep(2, "(", "a<:v")).as_deref(), Some(redundant));
    assert_eq!(error(&deep(2000, "(", "a<:v")).as_deref(), Some(redundant));
    let condition = deep(299, "NOT(", "a<:v");
    let placeholders = Placeholders::new(None, Some([(":v".to_owned(), number(1))].into())).unwrap();
    let parsed = parse_condition(&condition, &placeholders).unwrap();
    assert!(!holds(&parsed, &Item::from([("a".to_owned(), number(0))])));
    assert_eq!(format!("{parsed:?}"), format!("{:?}", parsed.clone()));
}
