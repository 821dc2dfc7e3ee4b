//! Global indexes whose keys have several attributes, against a list in memory: every number of attributes,
//! every type, sparse items, an index that comes late, crashes, and queries of every form, page by page.

use std::collections::BTreeMap;

use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};
use serde_json::{Value, json};

use crate::bed::Bed;

/// The attributes that keys may have: the first half chooses the partition, the second half orders.
const NAMES: [&str; 8] = ["h0", "h1", "h2", "h3", "r0", "r1", "r2", "r3"];
/// What attributes may be, by type, in DynamoDB's order.
const VALUES: [(&str, [&str; 4]); 3] = [
    ("S", ["a", "a\0", "aa", "\u{fffd}"]),
    ("N", ["-1e3", "-2.5", "0", "30"]),
    // Zero; zero and 0xff; 0xff; 0xff twice.
    ("B", ["AA==", "AP8=", "/w==", "//8="]),
];

/// Which attributes the index has, and their types.
#[derive(Debug, Clone, Copy)]
struct Shape {
    partition: usize,
    sort: usize,
    kinds: [usize; 8],
    /// Whether the index is there from the beginning.
    early: bool,
}

/// Values by their place among the possible ones; `None`: the item lacks the attribute.
type Attributes = [Option<usize>; 8];
type Model = BTreeMap<usize, Attributes>;

#[derive(Debug, Clone)]
enum Step {
    Put(usize, Attributes),
    Change(usize, usize, Option<usize>),
    Delete(usize),
    Crash,
    Ask(Question),
}

#[derive(Debug, Clone)]
struct Question {
    partition: [usize; 4],
    /// How many sort attributes the condition names, before it is cut to how many there are.
    named: usize,
    sort: [usize; 4],
    operator: usize,
    forward: bool,
    limit: usize,
}

fn shape() -> impl Strategy<Value = Shape> {
    (1usize..5, 0usize..5, any::<[u8; 8]>(), any::<bool>()).prop_map(|(partition, sort, kinds, early)| Shape {
        partition,
        sort,
        kinds: kinds.map(|kind| usize::from(kind) % VALUES.len()),
        early,
    })
}

fn attributes() -> impl Strategy<Value = Attributes> {
    any::<[u8; 8]>().prop_map(|bytes| {
        let mut attributes = [None; 8];
        for (at, byte) in bytes.into_iter().enumerate() {
            // Partitions have two values each, so that they meet; one attribute in sixteen is lacking.
            let among = if at < 4 { 2 } else { 4 };
            attributes[at] = (byte >= 16).then_some(usize::from(byte) % among);
        }
        attributes
    })
}

fn question() -> impl Strategy<Value = Question> {
    (any::<[u8; 4]>(), 0usize..5, any::<[u8; 4]>(), 0usize..7, any::<bool>(), 1usize..6).prop_map(
        |(partition, named, sort, operator, forward, limit)| Question {
            partition: partition.map(|value| usize::from(value) % 2),
            named,
            sort: sort.map(|value| usize::from(value) % 4),
            operator,
            forward,
            limit,
        },
    )
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0usize..12, attributes()).prop_map(|(id, attributes)| Step::Put(id, attributes)),
        4 => (0usize..12, 0usize..8, proptest::option::of(0usize..2)).prop_map(|(id, at, to)| Step::Change(id, at, to)),
        1 => (0usize..12).prop_map(Step::Delete),
        1 => Just(Step::Crash),
        5 => question().prop_map(Step::Ask),
    ]
}

impl Shape {
    fn value(&self, at: usize, value: usize) -> Value {
        let (kind, values) = VALUES[self.kinds[at]];
        json!({ kind: values[value] })
    }

    /// Where the index's attributes are among all.
    fn places(&self) -> impl Iterator<Item = usize> + use<> {
        (0..self.partition).chain(4..4 + self.sort)
    }

    fn item(&self, id: usize, attributes: &Attributes) -> Value {
        let mut item = key(id);
        for (at, value) in attributes.iter().enumerate() {
            if let Some(value) = value {
                item[NAMES[at]] = self.value(at, *value);
            }
        }
        item
    }

    fn index(&self) -> Value {
        let element =
            |at: usize| json!({ "AttributeName": NAMES[at], "KeyType": if at < 4 { "HASH" } else { "RANGE" } });
        let keys: Vec<_> = self.places().map(element).collect();
        json!({ "IndexName": "index", "KeySchema": keys, "Projection": {"ProjectionType": "ALL"} })
    }

    fn definitions(&self) -> Vec<Value> {
        let definition = |at: usize| json!({ "AttributeName": NAMES[at], "AttributeType": VALUES[self.kinds[at]].0 });
        self.places().map(definition).collect()
    }

    /// The items of the index in its order: those that have all attributes.
    fn indexed(&self, model: &Model) -> Vec<(Vec<usize>, usize)> {
        let of = |(id, attributes): (&usize, &Attributes)| {
            Some((self.places().map(|at| attributes[at]).collect::<Option<Vec<_>>>()?, *id))
        };
        let mut all: Vec<_> = model.iter().filter_map(of).collect();
        all.sort();
        all
    }

    /// What a question finds, told naively.
    fn found(&self, model: &Model, question: &Question) -> Vec<usize> {
        let named = question.named.min(self.sort);
        let fits = |values: &[usize]| {
            let (partition, sort) = values.split_at(self.partition);
            let is_there = *partition == question.partition[..self.partition];
            is_there
                && (named == 0
                    || (sort[..named - 1] == question.sort[..named - 1]
                        && self.holds(question.operator(self, named), named - 1, sort[named - 1], question)))
        };
        let mut found: Vec<_> =
            self.indexed(model).into_iter().filter(|(values, _)| fits(values)).map(|(_, id)| id).collect();
        if !question.forward {
            found.reverse();
        }
        found
    }

    fn holds(&self, operator: &str, at: usize, value: usize, question: &Question) -> bool {
        let (asked, upper) = (question.sort[at], question.upper(at));
        match operator {
            "=" => value == asked,
            "<" => value < asked,
            "<=" => value <= asked,
            ">" => value > asked,
            ">=" => value >= asked,
            "BETWEEN" => asked <= value && value <= upper,
            _ => {
                let (kind, values) = VALUES[self.kinds[4 + at]];
                match kind {
                    "S" => values[value].starts_with(values[asked]),
                    // Of the four, only one with zero begins with zero, and one with 0xff with 0xff.
                    _ => value == asked || matches!((asked, value), (0, 1) | (2, 3)),
                }
            }
        }
    }
}

impl Question {
    fn upper(&self, at: usize) -> usize {
        self.sort[at].max(self.partition[at] + 2)
    }

    /// The operator on the last attribute named: numbers have no beginnings.
    fn operator(&self, shape: &Shape, named: usize) -> &'static str {
        let operator = ["=", "<", "<=", ">", ">=", "BETWEEN", "begins_with"][self.operator];
        match operator {
            "begins_with" if VALUES[shape.kinds[3 + named]].0 == "N" => "=",
            other => other,
        }
    }

    fn request(&self, shape: &Shape) -> Value {
        let mut values = json!({});
        let mut parts = Vec::new();
        for at in 0..shape.partition {
            parts.push(format!("{0} = :{0}", NAMES[at]));
            values[format!(":{}", NAMES[at])] = shape.value(at, self.partition[at]);
        }
        let named = self.named.min(shape.sort);
        for at in 0..named {
            let name = NAMES[4 + at];
            values[format!(":{name}")] = shape.value(4 + at, self.sort[at]);
            parts.push(match if at + 1 == named { self.operator(shape, named) } else { "=" } {
                "BETWEEN" => {
                    values[":upper"] = shape.value(4 + at, self.upper(at));
                    format!("{name} BETWEEN :{name} AND :upper")
                }
                "begins_with" => format!("begins_with({name}, :{name})"),
                operator => format!("{name} {operator} :{name}"),
            });
        }
        // The order in which conditions are written means nothing.
        parts.reverse();
        json!({
            "TableName": "tbl", "IndexName": "index", "KeyConditionExpression": parts.join(" AND "),
            "ExpressionAttributeValues": values, "ScanIndexForward": self.forward, "Limit": self.limit,
        })
    }
}

fn key(id: usize) -> Value {
    json!({ "p": {"S": "p"}, "s": {"N": id.to_string()} })
}

fn ids(items: &Value) -> Vec<usize> {
    items.as_array().unwrap().iter().map(|item| item["s"]["N"].as_str().unwrap().parse().unwrap()).collect()
}

async fn ask(bed: &Bed, shape: &Shape, question: &Question) -> Vec<usize> {
    let (mut request, mut found) = (question.request(shape), Vec::new());
    loop {
        let answer = bed.ok("Query", request.clone()).await;
        found.extend(ids(&answer["Items"]));
        match answer.get("LastEvaluatedKey") {
            Some(last) => request["ExclusiveStartKey"] = last.clone(),
            None => return found,
        }
    }
}

async fn carry_out(bed: Bed, shape: &Shape, step: Step, model: &mut Model, asks: bool) -> Bed {
    match step {
        Step::Crash => return bed.crash().await,
        Step::Put(id, attributes) => {
            bed.ok("PutItem", json!({ "TableName": "tbl", "Item": shape.item(id, &attributes) })).await;
            model.insert(id, attributes);
        }
        Step::Change(id, at, to) => {
            let mut request =
                json!({ "TableName": "tbl", "Key": key(id), "UpdateExpression": format!("REMOVE {}", NAMES[at]) });
            if let Some(value) = to {
                request["UpdateExpression"] = json!(format!("SET {} = :v", NAMES[at]));
                request["ExpressionAttributeValues"] = json!({ ":v": shape.value(at, value) });
            }
            bed.ok("UpdateItem", request).await;
            // What takes away from an item that is not there makes none.
            if to.is_some() || model.contains_key(&id) {
                model.entry(id).or_default()[at] = to;
            }
        }
        Step::Delete(id) => {
            bed.ok("DeleteItem", json!({ "TableName": "tbl", "Key": key(id) })).await;
            model.remove(&id);
        }
        Step::Ask(question) if asks => {
            assert_eq!(ask(&bed, shape, &question).await, shape.found(model, &question), "{question:?}");
        }
        Step::Ask(_) => {}
    }
    bed
}

async fn run(shape: Shape, before: Vec<Step>, after: Vec<Step>) {
    let mut bed = Bed::new().await;
    let mut definitions =
        vec![json!({"AttributeName": "p", "AttributeType": "S"}), json!({"AttributeName": "s", "AttributeType": "N"})];
    let mut extra = json!({});
    if shape.early {
        definitions.extend(shape.definitions());
        extra = json!({ "AttributeDefinitions": definitions, "GlobalSecondaryIndexes": [shape.index()] });
    }
    bed.create("tbl", extra).await;
    let mut model = Model::new();
    for step in before {
        bed = carry_out(bed, &shape, step, &mut model, shape.early).await;
    }
    if !shape.early {
        let update = json!({
            "TableName": "tbl", "AttributeDefinitions": shape.definitions(),
            "GlobalSecondaryIndexUpdates": [{"Create": shape.index()}],
        });
        bed.ok("UpdateTable", update).await;
        bed.settle().await;
    }
    for step in after {
        bed = carry_out(bed, &shape, step, &mut model, true).await;
    }
    let entries = Value::Array(bed.scan("tbl", Some("index")).await);
    let (mut found, mut expected) =
        (ids(&entries), shape.indexed(&model).into_iter().map(|(_, id)| id).collect::<Vec<_>>());
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
    bed.check().await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn a_composite_index_is_a_sorted_list(
        shape in shape(),
        before in proptest::collection::vec(step(), 1..30),
        after in proptest::collection::vec(step(), 1..40),
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(run(shape, before, after));
    }
}
