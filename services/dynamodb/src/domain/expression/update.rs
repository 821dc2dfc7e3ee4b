use super::ast::{Action, Change, Source, Update};
use super::condition::misused;
use super::lexer::Kind;
use super::parser::{Parser, Rank};
use super::placeholders::Placeholders;
use crate::domain::{Misuse, Type, Value};

/// Words that cannot be attribute names in an update.
const KEYWORDS: [&str; 4] = ["SET", "REMOVE", "ADD", "DELETE"];

/// Parses an update.
///
/// # Errors
/// What is wrong with it, without the parameter's name.
pub fn parse_update(text: &str, placeholders: &Placeholders) -> Result<Update, Misuse> {
    let mut parser = Parser::new(text, placeholders)?;
    let mut update = Update::default();
    let mut seen: Vec<&str> = Vec::new();
    loop {
        let Some(section) = KEYWORDS.into_iter().find(|word| parser.is_word(word)) else {
            return Err(parser.unexpected());
        };
        parser.next();
        if seen.contains(&section) {
            parser.fault(Rank::Section, || {
                format!("The \"{section}\" section can only be used once in an update expression;")
            });
        }
        seen.push(section);
        actions(&mut parser, section, &mut update)?;
        if parser.peek().kind == Kind::End {
            break;
        }
    }
    parser.finish()?;
    Ok(update)
}

fn actions(parser: &mut Parser<'_>, section: &str, update: &mut Update) -> Result<(), Misuse> {
    loop {
        let path = parser.path(&KEYWORDS)?;
        let change = match section {
            "SET" => {
                parser.expect("=")?;
                Change::Set(sum(parser)?)
            }
            "REMOVE" => Change::Remove,
            "ADD" => Change::Add(operand_value(parser, "ADD")?),
            _ => Change::Delete(operand_value(parser, "DELETE")?),
        };
        parser.check_apart(update.actions.iter().map(|action| &action.path), &path);
        update.actions.push(Action { path, change });
        if !parser.take(",") {
            return Ok(());
        }
    }
}

fn operand_value(parser: &mut Parser<'_>, operator: &str) -> Result<Value, Misuse> {
    let value = parser.value()?;
    let kind = value.kind();
    let is_set = matches!(kind, Type::Ss | Type::Ns | Type::Bs);
    let fits = is_set || (operator == "ADD" && kind == Type::N);
    if !fits {
        parser.fault(Rank::OperandType, || {
            format!(
                "Incorrect operand type for operator or function; operator: {operator}, operand type: {}, typeSet: {}",
                kind.long_name(),
                if operator == "ADD" { "ALLOWED_FOR_ADD_OPERAND" } else { "ALLOWED_FOR_DELETE_OPERAND" },
            )
        });
    }
    Ok(value)
}

fn sum(parser: &mut Parser<'_>) -> Result<Source, Misuse> {
    let left = operand(parser)?;
    let operator = match (parser.is_symbol("+"), parser.is_symbol("-")) {
        (true, _) => "+",
        (_, true) => "-",
        _ => return Ok(left),
    };
    parser.operator()?;
    parser.next();
    let right = operand(parser)?;
    for side in [&left, &right] {
        check_type(parser, operator, side, Type::N);
    }
    let (left, right) = (Box::new(left), Box::new(right));
    Ok(if operator == "+" { Source::Plus(left, right) } else { Source::Minus(left, right) })
}

/// Notes an operand whose type is wrong whatever the item.
fn check_type(parser: &mut Parser<'_>, operator: &str, source: &Source, wanted: Type) {
    if let Some(kind) = source.known_type().filter(|kind| *kind != wanted) {
        parser.wrong_operand_type(operator, kind.name());
    }
}

fn operand(parser: &mut Parser<'_>) -> Result<Source, Misuse> {
    if parser.take("(") {
        let inner = parser.descend(sum)?;
        parser.expect(")")?;
        return Ok(inner);
    }
    if parser.peek().kind == Kind::ValuePlaceholder {
        return Ok(Source::Value(parser.value()?));
    }
    if parser.is_function() {
        return function(parser);
    }
    Ok(Source::Path(parser.path(&KEYWORDS)?))
}

fn function(parser: &mut Parser<'_>) -> Result<Source, Misuse> {
    let name = parser.next().text;
    parser.operator()?;
    parser.expect("(")?;
    let mut list = vec![parser.descend(operand)?];
    while parser.take(",") {
        list.push(parser.descend(operand)?);
    }
    parser.expect(")")?;
    if ["attribute_exists", "attribute_not_exists", "attribute_type", "begins_with", "contains", "size"].contains(&name)
    {
        parser.misplaced_function(name, "an update");
        return Ok(Source::Value(Value::Null));
    }
    if !matches!(name, "if_not_exists" | "list_append") {
        parser.unknown_function(name);
        return Ok(Source::Value(Value::Null));
    }
    let count = list.len();
    let Ok([first, second]) = <[Source; 2]>::try_from(list) else {
        parser.wrong_operand_count(name, count);
        return Ok(Source::Value(Value::Null));
    };
    if name == "list_append" {
        for side in [&first, &second] {
            check_type(parser, name, side, Type::L);
            if matches!(side, Source::ListAppend(..)) {
                misused(parser, name);
            }
        }
        return Ok(Source::ListAppend(Box::new(first), Box::new(second)));
    }
    match first {
        Source::Path(path) => Ok(Source::IfNotExists(path, Box::new(second))),
        other => {
            parser.no_path(name);
            Ok(other)
        }
    }
}
