use std::fmt;

use crate::domain::{Item, Type, Value};

/// One step of a document path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Element {
    /// A name in a map, or of an attribute.
    Field(String),
    /// An index in a list.
    Index(usize),
}

/// A document path: an attribute's name, then names and indexes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path {
    /// The attribute.
    pub head: String,
    /// What follows it.
    pub rest: Vec<Element>,
}

impl Path {
    /// The path of an attribute.
    pub fn attribute(name: impl Into<String>) -> Path {
        Path { head: name.into(), rest: Vec::new() }
    }

    /// What lies there in an item.
    pub fn of<'a>(&self, item: &'a Item) -> Option<&'a Value> {
        self.rest.iter().try_fold(item.get(&self.head)?, |value, element| match (value, element) {
            (Value::M(map), Element::Field(name)) => map.get(name),
            (Value::L(list), Element::Index(index)) => list.get(*index),
            _ => None,
        })
    }
}

/// As errors show a path: `[a, b, [0]]`.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}", self.head)?;
        for element in &self.rest {
            match element {
                Element::Field(name) => write!(f, ", {name}")?,
                Element::Index(index) => write!(f, ", [{index}]")?,
            }
        }
        f.write_str("]")
    }
}

/// What a condition compares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operand {
    /// What lies at a path.
    Path(Path),
    /// A given value.
    Value(Value),
    /// The size of what lies there.
    Size(Box<Operand>),
}

impl Operand {
    /// The type that it has whatever the item.
    pub fn known_type(&self) -> Option<Type> {
        match self {
            Operand::Value(value) => Some(value.kind()),
            Operand::Size(_) => Some(Type::N),
            Operand::Path(_) => None,
        }
    }
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparator {
    /// `=`
    Equal,
    /// `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Comparator {
    /// Whether it asks for an order.
    pub fn is_ordering(self) -> bool {
        !matches!(self, Comparator::Equal | Comparator::NotEqual)
    }

    /// As it is written.
    pub fn symbol(self) -> &'static str {
        match self {
            Comparator::Equal => "=",
            Comparator::NotEqual => "<>",
            Comparator::Less => "<",
            Comparator::LessOrEqual => "<=",
            Comparator::Greater => ">",
            Comparator::GreaterOrEqual => ">=",
        }
    }

    /// The one that says the same with the operands exchanged.
    pub fn mirrored(self) -> Comparator {
        match self {
            Comparator::Equal => Comparator::Equal,
            Comparator::NotEqual => Comparator::NotEqual,
            Comparator::Less => Comparator::Greater,
            Comparator::LessOrEqual => Comparator::GreaterOrEqual,
            Comparator::Greater => Comparator::Less,
            Comparator::GreaterOrEqual => Comparator::LessOrEqual,
        }
    }
}

/// A condition over an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Both hold.
    And(Box<Condition>, Box<Condition>),
    /// One holds.
    Or(Box<Condition>, Box<Condition>),
    /// It does not hold.
    Not(Box<Condition>),
    /// A comparison.
    Compare(Comparator, Operand, Operand),
    /// The first lies between the two others, inclusively.
    Between(Operand, Operand, Operand),
    /// The first equals one of the others.
    In(Operand, Vec<Operand>),
    /// Something lies at the path.
    Exists(Path),
    /// Nothing lies at the path.
    NotExists(Path),
    /// What lies there has this type.
    HasType(Operand, Type),
    /// The first begins with the second.
    BeginsWith(Operand, Operand),
    /// The first, a text, a set or a list, contains the second.
    Contains(Operand, Operand),
}

impl Condition {
    /// Calls `visit` with every path.
    pub fn paths<'a>(&'a self, visit: &mut impl FnMut(&'a Path)) {
        match self {
            Condition::And(a, b) | Condition::Or(a, b) => {
                a.paths(visit);
                b.paths(visit);
            }
            Condition::Not(inner) => inner.paths(visit),
            Condition::Compare(_, a, b) | Condition::BeginsWith(a, b) | Condition::Contains(a, b) => {
                operand_of(a, visit);
                operand_of(b, visit);
            }
            Condition::Between(a, b, c) => [a, b, c].into_iter().for_each(|each| operand_of(each, visit)),
            Condition::In(a, list) => {
                operand_of(a, visit);
                list.iter().for_each(|each| operand_of(each, visit));
            }
            Condition::Exists(path) | Condition::NotExists(path) => visit(path),
            Condition::HasType(a, _) => operand_of(a, visit),
        }
    }
}

fn operand_of<'a>(operand: &'a Operand, visit: &mut impl FnMut(&'a Path)) {
    match operand {
        Operand::Path(path) => visit(path),
        Operand::Size(inner) => operand_of(inner, visit),
        Operand::Value(_) => {}
    }
}

/// What an update sets something to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// What lies at a path before the update.
    Path(Path),
    /// A given value.
    Value(Value),
    /// What lies at the path, or else the other.
    IfNotExists(Path, Box<Source>),
    /// Two lists, one behind the other.
    ListAppend(Box<Source>, Box<Source>),
    /// A sum.
    Plus(Box<Source>, Box<Source>),
    /// A difference.
    Minus(Box<Source>, Box<Source>),
}

/// What an update does to one path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Sets it.
    Set(Source),
    /// Removes it.
    Remove,
    /// Adds a number, or elements to a set.
    Add(Value),
    /// Takes elements out of a set.
    Delete(Value),
}

/// One action of an update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// Where.
    pub path: Path,
    /// What.
    pub change: Change,
}

/// An update: its paths neither overlap nor conflict.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Update {
    /// In the order in which they are written.
    pub actions: Vec<Action>,
    /// Whether it was written as `AttributeUpdates`, of which errors speak differently.
    pub legacy: bool,
}

impl Update {
    /// Whether it only takes away: then it makes no item where there is none.
    pub fn only_removes(&self) -> bool {
        !self.actions.is_empty()
            && self.actions.iter().all(|action| matches!(action.change, Change::Remove | Change::Delete(_)))
    }
}
