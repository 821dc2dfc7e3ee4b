//! The operators: what stands in an object in a field's list.
//!
//! The order of the checks is AWS's, because it decides which reason and which column a client is told.

use crate::address::Network;
use crate::dialect::Dialect;
use crate::error::PatternError;
use crate::matcher::Matcher;
use crate::number::Number;
use crate::reader::{Reader, Token};
use crate::wildcard::Wildcard;

type Outcome<T> = Result<T, PatternError>;

/// Reads one operator with what it is given; its object was entered.
pub(crate) fn read(reader: &mut Reader<'_>, dialect: Dialect) -> Outcome<Matcher> {
    if reader.next()? != Token::Name {
        return Err(reader.refuse("Match expression name not found"));
    }
    let operator = reader.name().to_owned();
    match operator.as_str() {
        "exactly" => {
            let text = only_text(reader, "exact match pattern must be a string")?;
            Ok(Matcher::Text(text.into()))
        }
        "prefix" | "suffix" => affix(reader, &operator),
        "numeric" => {
            if reader.next()? != Token::StartArray {
                return Err(reader.refuse("Value of numeric must be an array."));
            }
            let matcher = numeric(reader)?;
            close(reader, TOO_MANY_ELEMENTS)?;
            Ok(matcher)
        }
        "anything-but" => anything_but(reader, dialect),
        "exists" => {
            let matcher = match reader.next()? {
                Token::True => Matcher::Present,
                Token::False => Matcher::Absent,
                _ => return Err(reader.refuse("exists match pattern must be either true or false.")),
            };
            close(reader, ONE_KEY)?;
            Ok(matcher)
        }
        "cidr" => {
            // AWS says prefix.
            let text = text(reader, "prefix match pattern must be a string")?;
            let network =
                Network::parse(&text).map_err(|reason| PatternError::Invalid { reason, place: Vec::new() })?;
            close(reader, ONE_KEY)?;
            Ok(Matcher::Network(network))
        }
        "equals-ignore-case" => {
            let text = only_text(reader, "equals-ignore-case match pattern must be a string")?;
            Ok(Matcher::SameButCase(text.into()))
        }
        "wildcard" => {
            let text = text(reader, WILDCARD_TEXT)?;
            let wildcard = Wildcard::parse(&text).map_err(|reason| reader.refuse(reason))?;
            close(reader, ONE_KEY)?;
            Ok(wildcard_or_text(wildcard))
        }
        _ => Err(reader.refuse(format!("Unrecognized match type {operator}"))),
    }
}

const ONE_KEY: &str = "Only one key allowed in match expression";
const TOO_MANY_ELEMENTS: &str = "Too many elements in numeric expression";
const WILDCARD_TEXT: &str = "wildcard match pattern must be a string";
const AFFIX_TEXT: &str = "prefix/suffix match pattern must be a string";

fn close(reader: &mut Reader<'_>, otherwise: &str) -> Outcome<()> {
    if reader.next()? == Token::EndObject { Ok(()) } else { Err(reader.refuse(otherwise)) }
}

fn text(reader: &mut Reader<'_>, otherwise: &str) -> Outcome<String> {
    if reader.next()? == Token::Text { reader.token_text() } else { Err(reader.refuse(otherwise)) }
}

fn only_text(reader: &mut Reader<'_>, otherwise: &str) -> Outcome<String> {
    let text = text(reader, otherwise)?;
    close(reader, ONE_KEY)?;
    Ok(text)
}

fn wildcard_or_text(mut wildcard: Wildcard) -> Matcher {
    if wildcard.is_literal() {
        let literal = wildcard.literals.pop().unwrap_or_default().into_vec();
        // What was cut out of a text at ASCII characters is text.
        return Matcher::Text(String::from_utf8(literal).unwrap_or_default().into());
    }
    Matcher::Wildcard(wildcard)
}

fn affix(reader: &mut Reader<'_>, operator: &str) -> Outcome<Matcher> {
    let prefix = operator == "prefix";
    match reader.next()? {
        Token::Text => {
            let text = reader.token_text()?.into();
            close(reader, ONE_KEY)?;
            Ok(if prefix { Matcher::Prefix(text) } else { Matcher::Suffix(text) })
        }
        Token::StartObject => {
            let named = if prefix { "Prefix" } else { "Suffix" };
            if reader.next()? != Token::Name {
                return Err(reader.refuse(format!("{named} expression name not found")));
            }
            if reader.name() != "equals-ignore-case" {
                let name = reader.name();
                return Err(reader.refuse(format!("Unsupported {operator} pattern: {name}")));
            }
            let text = only_text(reader, "equals-ignore-case match pattern must be a string")?.into();
            close(reader, ONE_KEY)?;
            Ok(if prefix { Matcher::PrefixButCase(text) } else { Matcher::SuffixButCase(text) })
        }
        _ => Err(reader.refuse(format!("{operator} match pattern must be a string"))),
    }
}

/// What `anything-but` is applied to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum But {
    Values,
    Case,
    Prefix,
    Suffix,
    Wildcard,
}

fn anything_but(reader: &mut Reader<'_>, dialect: Dialect) -> Outcome<Matcher> {
    let mut but = But::Values;
    let mut token = reader.next()?;
    if token == Token::StartObject {
        if reader.next()? != Token::Name {
            return Err(reader.refuse("Anything-But expression name not found"));
        }
        but = match reader.name() {
            "prefix" => But::Prefix,
            "equals-ignore-case" if !dialect.is_sns() => But::Case,
            "suffix" if !dialect.is_sns() => But::Suffix,
            "wildcard" if !dialect.is_sns() => But::Wildcard,
            other => return Err(reader.refuse(format!("Unsupported anything-but pattern: {other}"))),
        };
        token = reader.next()?;
    }
    if dialect.is_sns() && but == But::Prefix && token != Token::Text {
        return Err(reader.refuse("prefix match pattern must be a string"));
    }
    let matchers = match token {
        Token::StartArray => but_list(reader, but)?,
        Token::Text | Token::Number => {
            let text = but_text(reader, but, token)?;
            vec![but_value(reader, but, token, text).map_err(|error| nowhere_if_number(error, token))?]
        }
        _ => {
            return Err(reader.refuse("Value of anything-but must be an array or single string/number value."));
        }
    };
    close(reader, TOO_MANY_ELEMENTS)?;
    if but != But::Values {
        close(reader, TOO_MANY_ELEMENTS)?;
    }
    Ok(Matcher::AnythingBut(matchers))
}

fn but_list(reader: &mut Reader<'_>, but: But) -> Outcome<Vec<Matcher>> {
    let mut values = Vec::new();
    loop {
        let token = reader.next().map_err(|error| twice(error, reader))?;
        if token == Token::EndArray {
            break;
        }
        let text = but_text(reader, but, token).map_err(|error| twice(error, reader))?;
        if token == Token::Number {
            number(reader, &text)?;
        }
        values.push((token, text));
    }
    let numbers = values.iter().filter(|(token, _)| *token == Token::Number).count();
    if but == But::Values && (values.is_empty() || (numbers > 0 && numbers < values.len())) {
        return Err(reader
            .refuse("Inside anything but list, either all values are number or string, mixed type is not supported"));
    }
    values.into_iter().map(|(token, text)| but_value(reader, but, token, text)).collect()
}

/// AWS tells no place of a single number that it cannot compare.
fn nowhere_if_number(error: PatternError, token: Token) -> PatternError {
    match error {
        PatternError::Invalid { reason, .. } if token == Token::Number => {
            PatternError::Invalid { reason, place: Vec::new() }
        }
        other => other,
    }
}

/// AWS words what goes wrong within a list of `anything-but` a second time, with the place in it.
fn twice(error: PatternError, reader: &Reader<'_>) -> PatternError {
    match error {
        PatternError::Invalid { reason, mut place } => {
            place.push(reader.place());
            PatternError::Invalid { reason, place }
        }
        other => other,
    }
}

fn but_text(reader: &mut Reader<'_>, but: But, token: Token) -> Outcome<String> {
    let takes = token == Token::Text || (token == Token::Number && but == But::Values);
    if !takes {
        return Err(reader.refuse(match but {
            But::Values => "Inside anything but list, start|null|boolean is not supported.",
            But::Case => "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.",
            But::Wildcard => WILDCARD_TEXT,
            But::Prefix | But::Suffix => AFFIX_TEXT,
        }));
    }
    let text = reader.token_text()?;
    if matches!(but, But::Prefix | But::Suffix) && text.is_empty() {
        return Err(reader.refuse("Null prefix/suffix not allowed"));
    }
    Ok(text)
}

fn but_value(reader: &Reader<'_>, but: But, token: Token, text: String) -> Outcome<Matcher> {
    Ok(match but {
        But::Values if token == Token::Number => Matcher::Number(number(reader, &text)?),
        But::Values => Matcher::Text(text.into()),
        But::Case => Matcher::SameButCase(text.into()),
        But::Prefix => Matcher::Prefix(text.into()),
        But::Suffix => Matcher::Suffix(text.into()),
        But::Wildcard => wildcard_or_text(Wildcard::parse(&text).map_err(|reason| reader.refuse(reason))?),
    })
}

fn number(reader: &Reader<'_>, text: &str) -> Outcome<Number> {
    Number::parse(text).ok_or_else(|| reader.refuse(format!("Cannot compare number : {text}")))
}

fn numeric(reader: &mut Reader<'_>) -> Outcome<Matcher> {
    if reader.next()? != Token::Text {
        let text = reader.token_text()?;
        return Err(reader.refuse(format!("Invalid member in numeric match: {text}")));
    }
    let operator = reader.token_text()?;
    let token = reader.next()?;
    let named = match operator.as_str() {
        "=" => "equals",
        ">=" | ">" | "<=" | "<" => operator.as_str(),
        _ => return Err(reader.refuse(format!("Unrecognized numeric range operator: {operator}"))),
    };
    if token != Token::Number {
        return Err(reader.refuse(format!("Value of {named} must be numeric")));
    }
    let text = reader.token_text()?;
    let next = reader.next()?;
    if matches!(operator.as_str(), ">" | ">=") && next != Token::EndArray {
        return between(reader, next, &text, operator == ">");
    }
    if next != Token::EndArray {
        return Err(reader.refuse(TOO_MANY_ELEMENTS));
    }
    let value = number(reader, &text)?;
    Ok(match operator.as_str() {
        "=" => Matcher::Number(value),
        ">=" => Matcher::Range(value, Number::GREATEST),
        ">" => Matcher::Range(Number(value.0 + 1), Number::GREATEST),
        "<=" => Matcher::Range(Number::LEAST, value),
        _ => Matcher::Range(Number::LEAST, Number(value.0 - 1)),
    })
}

fn between(reader: &mut Reader<'_>, token: Token, bottom: &str, open_bottom: bool) -> Outcome<Matcher> {
    let operator = reader.token_text()?;
    if token != Token::Text {
        return Err(reader.refuse(format!("Bad value in numeric range: {operator}")));
    }
    if operator != "<" && operator != "<=" {
        return Err(reader.refuse(format!("Bad numeric range operator: {operator}")));
    }
    if reader.next()? != Token::Number {
        return Err(reader.refuse(format!("Value of {operator} must be numeric")));
    }
    let top = reader.token_text()?;
    if reader.next()? != Token::EndArray {
        return Err(reader.refuse("Too many terms in numeric range expression"));
    }
    let (bottom, top) = (number(reader, bottom)?, number(reader, &top)?);
    if bottom >= top {
        return Err(reader.refuse("Bottom must be less than top"));
    }
    let low = if open_bottom { Number(bottom.0 + 1) } else { bottom };
    let high = if operator == "<" { Number(top.0 - 1) } else { top };
    Ok(Matcher::Range(low, high))
}
