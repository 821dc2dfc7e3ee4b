use std::collections::BTreeMap;

use tidegate_types::Timestamp;

use super::check;
use crate::decode::DecodeError;
use crate::model::Validation;
use crate::schema::{Kind, ListSchema, MapSchema, Member, Rules, Schema, StructSchema};
use crate::shape::{Reader, Shape, Writer, write_list, write_map};

static NAME: Rules = Rules { min: Some(2), max: Some(5), pattern: Some("[a-z]+"), values: &[] };
static COLOUR: Rules = Rules { values: &["red", "green"], ..Rules::NONE };
static SHARE: Rules = Rules { min: Some(0), max: Some(1), ..Rules::NONE };
static COUNT: Rules = Rules { min: Some(1), max: Some(10), ..Rules::NONE };
static LOOK_AHEAD: Rules = Rules { pattern: Some("(?!aws:).*"), ..Rules::NONE };
static NAMES: ListSchema = ListSchema { element: Schema::STRING.ruled(&NAME), entry_name: "member" };
static LEAVES: ListSchema = ListSchema { element: Schema::of(Kind::Struct(&LEAF)), entry_name: "member" };
static LABELS: MapSchema = MapSchema {
    key: Schema::STRING.ruled(&NAME),
    value: Schema::STRING.ruled(&NAME),
    key_name: "key",
    value_name: "value",
};
static LEAF: StructSchema =
    StructSchema { name: "Leaf", members: &[Member::new("Key", Schema::STRING.ruled(&NAME)).required()] };
static TREE: StructSchema = StructSchema {
    name: "Tree",
    members: &[
        Member::new("Name", Schema::STRING.ruled(&NAME)).required(),
        Member::new("Colour", Schema::STRING.ruled(&COLOUR)),
        Member::new("Count", Schema::INTEGER.ruled(&COUNT)),
        Member::new("Names", Schema::of(Kind::List(&NAMES))),
        Member::new("Leaves", Schema::of(Kind::List(&LEAVES)).ruled(&COUNT)),
        Member::new("Labels", Schema::of(Kind::Map(&LABELS))),
        Member::new("Free", Schema::STRING.ruled(&LOOK_AHEAD)),
        Member::new("When", Schema::TIMESTAMP),
    ],
};

#[derive(Debug, Clone, Default)]
struct Leaf(Option<&'static str>);

#[derive(Debug, Clone, Default)]
struct Tree {
    name: Option<&'static str>,
    colour: Option<&'static str>,
    count: Option<i64>,
    names: Option<Vec<&'static str>>,
    leaves: Option<Vec<Leaf>>,
    labels: Option<BTreeMap<String, &'static str>>,
    free: Option<&'static str>,
}

impl Shape for Leaf {
    fn schema(&self) -> &'static StructSchema {
        &LEAF
    }

    fn read(_: &mut dyn Reader) -> Result<Self, DecodeError> {
        unreachable!("the tests only write")
    }

    fn write(&self, writer: &mut dyn Writer) {
        writer.begin_struct(&LEAF);
        if let Some(key) = self.0 {
            writer.member(&LEAF, 0);
            writer.string(key);
        }
        writer.end_struct();
    }
}

impl Shape for Tree {
    fn schema(&self) -> &'static StructSchema {
        &TREE
    }

    fn read(_: &mut dyn Reader) -> Result<Self, DecodeError> {
        unreachable!("the tests only write")
    }

    fn write(&self, writer: &mut dyn Writer) {
        writer.begin_struct(&TREE);
        for (index, text) in [(0, self.name), (1, self.colour), (6, self.free)] {
            if let Some(text) = text {
                writer.member(&TREE, index);
                writer.string(text);
            }
        }
        if let Some(count) = self.count {
            writer.member(&TREE, 2);
            writer.long(count);
        }
        if let Some(names) = &self.names {
            writer.member(&TREE, 3);
            write_list(writer, &NAMES, names, |writer, name| writer.string(name));
        }
        if let Some(leaves) = &self.leaves {
            writer.member(&TREE, 4);
            write_list(writer, &LEAVES, leaves, |writer, leaf| leaf.write(writer));
        }
        if let Some(labels) = &self.labels {
            writer.member(&TREE, 5);
            write_map(writer, &LABELS, labels, |writer, label| writer.string(label));
        }
        writer.member(&TREE, 7);
        writer.timestamp(Timestamp::EPOCH);
        writer.end_struct();
    }
}

fn good() -> Tree {
    Tree {
        name: Some("oak"),
        colour: Some("red"),
        count: Some(10),
        names: Some(vec!["ab", "abcde"]),
        leaves: Some(vec![Leaf(Some("key"))]),
        labels: Some(BTreeMap::from([("key".to_owned(), "value")])),
        free: Some("aws:not-checked"),
    }
}

fn said(tree: &Tree) -> Option<String> {
    let error = check(Validation::Coral, tree).err()?;
    assert_eq!((error.shape.code, error.shape.query_code), ("ValidationException", "ValidationError"));
    Some(error.message)
}

#[test]
fn what_keeps_to_the_model_passes() {
    assert_eq!(said(&good()), None);
    assert_eq!(said(&Tree { name: Some("oak"), ..Tree::default() }), None);
}

#[test]
fn each_violation_in_aws_words() {
    let length = "Member must have length less than or equal to 5";
    let elements = "[Member must have length less than or equal to 5, Member must have length greater than or equal to 2, Member must satisfy regular expression pattern: [a-z]+]";
    for (tree, violation) in [
        (Tree { name: None, ..good() }, "Value null at 'name' failed to satisfy constraint: Member must not be null".to_owned()),
        (Tree { name: Some("birches"), ..good() }, format!("Value 'birches' at 'name' failed to satisfy constraint: {length}")),
        (Tree { name: Some("b"), ..good() }, "Value 'b' at 'name' failed to satisfy constraint: Member must have length greater than or equal to 2".to_owned()),
        (Tree { name: Some("OAK"), ..good() }, "Value 'OAK' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-z]+".to_owned()),
        (Tree { colour: Some("blue"), ..good() }, "Value 'blue' at 'colour' failed to satisfy constraint: Member must satisfy enum value set: [red, green]".to_owned()),
        (Tree { count: Some(0), ..good() }, "Value '0' at 'count' failed to satisfy constraint: Member must have value greater than or equal to 1".to_owned()),
        (Tree { count: Some(11), ..good() }, "Value '11' at 'count' failed to satisfy constraint: Member must have value less than or equal to 10".to_owned()),
        (Tree { names: Some(vec!["ab", "A"]), ..good() }, format!("Value '[ab, A]' at 'names' failed to satisfy constraint: Member must satisfy constraint: {elements}")),
        (Tree { leaves: Some(Vec::new()), ..good() }, "Value '[]' at 'leaves' failed to satisfy constraint: Member must have length greater than or equal to 1".to_owned()),
        (Tree { leaves: Some(vec![Leaf(Some("key")), Leaf(Some(""))]), ..good() }, "Value '' at 'leaves.2.member.key' failed to satisfy constraint: Member must have length greater than or equal to 2; Value '' at 'leaves.2.member.key' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-z]+".to_owned()),
        (Tree { leaves: Some(vec![Leaf(None)]), ..good() }, "Value null at 'leaves.1.member.key' failed to satisfy constraint: Member must not be null".to_owned()),
        (Tree { labels: Some(BTreeMap::from([("K".to_owned(), "value")])), ..good() }, format!("Value '{{K=value}}' at 'labels' failed to satisfy constraint: Map keys must satisfy constraint: {elements}")),
        (Tree { labels: Some(BTreeMap::from([("key".to_owned(), "V")])), ..good() }, format!("Value '{{key=V}}' at 'labels' failed to satisfy constraint: Map value must satisfy constraint: {elements}")),
    ] {
        let count = violation.matches("failed to satisfy").count();
        let plural = if count == 1 { "" } else { "s" };
        assert_eq!(said(&tree), Some(format!("{count} validation error{plural} detected: {violation}")));
    }
}

#[test]
fn all_violations_are_said_at_once() {
    let tree = Tree { name: Some("B"), count: Some(0), ..good() };
    let said = said(&tree).unwrap();
    assert!(said.starts_with("3 validation errors detected: Value 'B' at 'name'"), "{said}");
    assert_eq!(said.matches("; Value ").count(), 2, "{said}");
}

#[test]
fn a_missing_parameter_in_the_query_services_words() {
    let missing = |except: &'static [&'static str], tree: &Tree| {
        check(Validation::MissingParameter { except }, tree).err().map(|error| error.message)
    };
    let empty = Tree::default();
    assert_eq!(missing(&[], &empty).as_deref(), Some("The request must contain the parameter Name."));
    assert_eq!(missing(&["Name"], &empty), None);
    assert_eq!(missing(&[], &Tree { name: Some("BAD"), leaves: Some(vec![Leaf(None)]), ..empty }), None);
}

#[test]
fn newer_services_say_that_members_must_not_be_null() {
    let said = |tree: &Tree| {
        let check = check(Validation::NewerCoral { except: &["Tree.Colour"] }, tree);
        check.err().map(|error| error.message).unwrap_or_default()
    };
    let tree = Tree { names: Some(vec!["ab", "A"]), ..good() };
    assert!(said(&tree).ends_with("pattern: [a-z]+, Member must not be null]"), "{}", said(&tree));
    let tree = Tree { labels: Some(BTreeMap::from([("K".to_owned(), "v"), ("key".to_owned(), "value")])), ..good() };
    let both = said(&tree);
    assert!(both.starts_with("2 validation errors detected: Value '{K=v, key=value}' at 'labels' failed"), "{both}");
    assert_eq!(both.matches(", Member must not be null]").count(), 2, "{both}");
    assert_eq!(said(&Tree { colour: Some("blue"), ..good() }), "", "the service checks it itself");
}

#[test]
fn fractions_have_bounds_with_a_point() {
    use super::rules::{Value, broken, described};
    let demands =
        ["Member must have value less than or equal to 1.0", "Member must have value greater than or equal to 0.0"];
    assert_eq!(described(&SHARE, &Value::Fraction(0.5)), demands);
    assert_eq!(broken(&SHARE, &Value::Fraction(1.5)), demands[..1]);
    assert_eq!(broken(&SHARE, &Value::Fraction(-0.5)), demands[1..]);
}

#[test]
fn of_documents_it_is_only_said_that_they_are_malformed() {
    let is_refused = |tree: &Tree, except: &'static [&'static str]| {
        let refused = check(Validation::Documents { except }, tree).err();
        refused.inspect(|error| assert_eq!(error.shape.code, "MalformedXML")).is_some()
    };
    assert!(!is_refused(&good(), &[]));
    // The input's own members are headers and parameters.
    let parameters = Tree { name: None, colour: Some("blue"), count: Some(11), names: Some(vec!["a"]), ..good() };
    assert!(!is_refused(&parameters, &[]));
    for leaf in [Leaf(Some("k")), Leaf(None)] {
        let document = Tree { leaves: Some(vec![Leaf(Some("key")), leaf]), ..good() };
        assert!(is_refused(&document, &[]));
        assert!(!is_refused(&document, &["Leaf.Key"]));
        assert!(is_refused(&document, &["Tree.Key", "Leaf.Name"]));
    }
}
