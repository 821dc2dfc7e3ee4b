use super::ast::{Comparator, Condition, Operand};
use super::lexer::Kind;
use super::operands::{check_bounds, check_ordered, check_types, type_named};
use super::parser::{Parser, Rank};
use super::placeholders::Placeholders;
use crate::domain::{Misuse, Type, Value};

/// Words that cannot be attribute names in a condition.
const KEYWORDS: [&str; 5] = ["AND", "BETWEEN", "IN", "NOT", "OR"];
/// The most operands of `IN`.
const MAX_IN: usize = 100;

/// Parses a condition or a filter.
///
/// # Errors
/// What is wrong with it, without the parameter's name.
pub fn parse_condition(text: &str, placeholders: &Placeholders) -> Result<Condition, Misuse> {
    let mut parser = Parser::new(text, placeholders)?;
    let node = disjunction(&mut parser)?;
    let condition = condition_of(&mut parser, node)?;
    parser.finish()?;
    Ok(condition)
}

/// What parentheses can hold.
struct Node {
    content: Content,
    /// Whether it stands in parentheses of its own.
    wrapped: bool,
}

enum Content {
    Operand(Operand),
    Condition(Condition),
    /// A function that answers yes or no; it may stand as a condition only.
    Function(&'static str, Condition),
    /// A function that there is not, which is noted: it may stand anywhere.
    Unknown,
}

impl Node {
    fn condition(condition: Condition) -> Node {
        Node { content: Content::Condition(condition), wrapped: false }
    }

    fn operand(operand: Operand) -> Node {
        Node { content: Content::Operand(operand), wrapped: false }
    }
}

/// What is begun and not yet whole.
enum Open {
    Parenthesis,
    Not,
    And(Condition),
    Or(Condition),
}

/// A condition, or an operand. What is nested is kept in a list rather than in the thread's stack: DynamoDB
/// bounds the operators, not the depth.
fn disjunction(parser: &mut Parser<'_>) -> Result<Node, Misuse> {
    let mut open = Vec::new();
    loop {
        if parser.take_word("NOT") {
            parser.operator()?;
            open.push(Open::Not);
        } else if parser.take("(") {
            open.push(Open::Parenthesis);
        } else {
            let left = primary(parser)?;
            let node = comparison(parser, left)?;
            if let Some(whole) = closed(parser, &mut open, node)? {
                return Ok(whole);
            }
        }
    }
}

/// Closes what a node makes whole, in the order of precedence. Nothing comes back if an operator follows,
/// which is then open.
fn closed(parser: &mut Parser<'_>, open: &mut Vec<Open>, mut node: Node) -> Result<Option<Node>, Misuse> {
    loop {
        while open.pop_if(|last| matches!(last, Open::Not)).is_some() {
            let inner = condition_of(parser, node)?;
            node = Node::condition(Condition::Not(Box::new(inner)));
        }
        if let Some(Open::And(a)) = open.pop_if(|last| matches!(last, Open::And(_))) {
            let b = condition_of(parser, node)?;
            node = Node::condition(Condition::And(Box::new(a), Box::new(b)));
        }
        if parser.is_word("AND") {
            open.push(Open::And(left_of_operator(parser, node)?));
            return Ok(None);
        }
        if let Some(Open::Or(a)) = open.pop_if(|last| matches!(last, Open::Or(_))) {
            let b = condition_of(parser, node)?;
            node = Node::condition(Condition::Or(Box::new(a), Box::new(b)));
        }
        if parser.is_word("OR") {
            open.push(Open::Or(left_of_operator(parser, node)?));
            return Ok(None);
        }
        if open.pop().is_none() {
            return Ok(Some(node));
        }
        // A parenthesis, for nothing else is left; it may hold the first operand of a comparison.
        parser.expect(")")?;
        if node.wrapped {
            parser.redundant_parentheses();
        }
        node = comparison(parser, Node { wrapped: true, ..node })?;
    }
}

fn left_of_operator(parser: &mut Parser<'_>, node: Node) -> Result<Condition, Misuse> {
    parser.operator()?;
    let left = condition_of(parser, node)?;
    parser.next();
    Ok(left)
}

/// What a comparison makes of its first operand; that itself, if none follows.
fn comparison(parser: &mut Parser<'_>, left: Node) -> Result<Node, Misuse> {
    if let Some(comparator) = comparator(parser) {
        parser.operator()?;
        let a = operand_of(parser, left)?;
        parser.next();
        let b = operand(parser)?;
        check_distinct(parser, comparator.symbol(), &a, &b);
        if comparator.is_ordering() {
            parser.note(Rank::OperandType, check_ordered(comparator.symbol(), &[&a, &b]));
        }
        return Ok(Node::condition(Condition::Compare(comparator, a, b)));
    }
    if parser.is_word("BETWEEN") {
        parser.operator()?;
        let a = operand_of(parser, left)?;
        parser.next();
        let low = operand(parser)?;
        if !parser.take_word("AND") {
            return Err(parser.unexpected());
        }
        let high = operand(parser)?;
        parser.note(Rank::OperandType, check_ordered("BETWEEN", &[&a, &low, &high]));
        parser.note(Rank::OperandType, check_bounds(&low, &high));
        return Ok(Node::condition(Condition::Between(a, low, high)));
    }
    if parser.is_word("IN") {
        parser.operator()?;
        let a = operand_of(parser, left)?;
        parser.next();
        parser.expect("(")?;
        let list = operands(parser)?;
        if list.len() > MAX_IN {
            parser.fault(Rank::OperandCount, || {
                format!("The IN operator is provided with too many operands; number of operands: {}", list.len())
            });
        }
        return Ok(Node::condition(Condition::In(a, list)));
    }
    Ok(left)
}

fn comparator(parser: &Parser<'_>) -> Option<Comparator> {
    let all = [
        Comparator::Equal,
        Comparator::NotEqual,
        Comparator::Less,
        Comparator::LessOrEqual,
        Comparator::Greater,
        Comparator::GreaterOrEqual,
    ];
    all.into_iter().find(|comparator| parser.is_symbol(comparator.symbol()))
}

fn primary(parser: &mut Parser<'_>) -> Result<Node, Misuse> {
    if parser.take("(") {
        let inner = parser.descend(disjunction)?;
        parser.expect(")")?;
        if inner.wrapped {
            parser.redundant_parentheses();
        }
        return Ok(Node { wrapped: true, ..inner });
    }
    if parser.peek().kind == Kind::ValuePlaceholder {
        return Ok(Node::operand(Operand::Value(parser.value()?)));
    }
    if parser.is_function() && !KEYWORDS.iter().any(|word| parser.is_word(word)) {
        return function(parser);
    }
    Ok(Node::operand(Operand::Path(parser.path(&KEYWORDS)?)))
}

/// An operand where nothing else can stand.
fn operand(parser: &mut Parser<'_>) -> Result<Operand, Misuse> {
    let node = primary(parser)?;
    operand_of(parser, node)
}

/// Operands up to the closing parenthesis.
fn operands(parser: &mut Parser<'_>) -> Result<Vec<Operand>, Misuse> {
    let mut list = vec![parser.descend(operand)?];
    while parser.take(",") {
        list.push(parser.descend(operand)?);
    }
    parser.expect(")")?;
    Ok(list)
}

fn operand_of(parser: &mut Parser<'_>, node: Node) -> Result<Operand, Misuse> {
    match node.content {
        Content::Operand(operand) => Ok(operand),
        Content::Unknown => Ok(Operand::Value(Value::Null)),
        Content::Function(name, _) => {
            misused(parser, name);
            Ok(Operand::Value(Value::Bool(true)))
        }
        Content::Condition(_) => Err(parser.unexpected()),
    }
}

fn condition_of(parser: &mut Parser<'_>, node: Node) -> Result<Condition, Misuse> {
    match node.content {
        Content::Condition(condition) | Content::Function(_, condition) => Ok(condition),
        Content::Unknown => Ok(Condition::HasType(Operand::Value(Value::Null), Type::Null)),
        Content::Operand(operand @ Operand::Size(_)) => {
            misused(parser, "size");
            Ok(Condition::HasType(operand, Type::N))
        }
        Content::Operand(_) => Err(parser.unexpected()),
    }
}

/// Notes a function that stands where its result cannot be used.
pub(super) fn misused(parser: &mut Parser<'_>, name: &str) {
    parser.fault(Rank::MisusedFunction, || {
        format!("The function is not allowed to be used this way in an expression; function: {name}")
    });
}

fn function(parser: &mut Parser<'_>) -> Result<Node, Misuse> {
    let name = parser.next().text;
    parser.operator()?;
    parser.expect("(")?;
    let mut list = operands(parser)?;
    let count = match name {
        "attribute_exists" | "attribute_not_exists" | "size" => 1,
        "attribute_type" | "begins_with" | "contains" => 2,
        "if_not_exists" | "list_append" => {
            parser.misplaced_function(name, "a condition");
            return Ok(Node { content: Content::Unknown, wrapped: false });
        }
        _ => {
            parser.unknown_function(name);
            return Ok(Node { content: Content::Unknown, wrapped: false });
        }
    };
    if list.len() != count {
        parser.wrong_operand_count(name, list.len());
        list.resize(count, Operand::Value(Value::Null));
    }
    if let [a, b] = &list[..] {
        check_distinct(parser, name, a, b);
    }
    let second = if count == 2 { list.pop() } else { None };
    let first = list.pop().expect("every function has an operand");
    Ok(called(parser, name, first, second.unwrap_or(Operand::Value(Value::Null))))
}

fn called(parser: &mut Parser<'_>, name: &str, first: Operand, second: Operand) -> Node {
    let (name, condition) = match name {
        "size" => {
            let sized = |kind| !matches!(kind, Type::N | Type::Bool | Type::Null);
            parser.note(Rank::OperandType, check_types(name, &[&first], sized));
            return Node::operand(Operand::Size(Box::new(first)));
        }
        "attribute_exists" => ("attribute_exists", existence(parser, name, first, Condition::Exists)),
        "attribute_not_exists" => ("attribute_not_exists", existence(parser, name, first, Condition::NotExists)),
        "attribute_type" => {
            let kind = wanted_type(parser, &second);
            ("attribute_type", Condition::HasType(first, kind))
        }
        "begins_with" => {
            let fits = |kind| matches!(kind, Type::S | Type::B);
            parser.note(Rank::OperandType, check_types(name, &[&first, &second], fits));
            ("begins_with", Condition::BeginsWith(first, second))
        }
        _ => ("contains", Condition::Contains(first, second)),
    };
    Node { content: Content::Function(name, condition), wrapped: false }
}

fn existence(
    parser: &mut Parser<'_>,
    name: &str,
    operand: Operand,
    condition: fn(super::Path) -> Condition,
) -> Condition {
    match operand {
        Operand::Path(path) => condition(path),
        other => {
            parser.no_path(name);
            Condition::HasType(other, Type::Null)
        }
    }
}

fn wanted_type(parser: &mut Parser<'_>, operand: &Operand) -> Type {
    let Operand::Value(Value::S(name)) = operand else {
        let kind = operand.known_type().map_or("{NS,SS,L,BS,N,M,B,BOOL,NULL,S}", Type::name);
        parser.wrong_operand_type("attribute_type", kind);
        return Type::Null;
    };
    type_named(name).unwrap_or_else(|misuse| {
        parser.note(Rank::OperandType, Err(misuse));
        Type::Null
    })
}

fn check_distinct(parser: &mut Parser<'_>, operator: &str, a: &Operand, b: &Operand) {
    let (Operand::Path(a), Operand::Path(b)) = (a, b) else { return };
    if a == b {
        parser.fault(Rank::Distinct, || {
            format!(
                "The first operand must be distinct from the remaining operands for this operator or function; operator: {operator}, first operand: {a}"
            )
        });
    }
}
