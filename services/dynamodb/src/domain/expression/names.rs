//! What an expression is about, without reading it as one: for permissions, which are asked before the
//! table is. A text that is no expression names nothing; its operation refuses it.

use std::collections::BTreeMap;

use super::lexer::{Kind, Token, tokens};

type Names<'a> = Option<&'a BTreeMap<String, String>>;

/// The words of the language, which are no attributes. Those that are reserved cannot be attributes
/// without a placeholder; the functions are told by the parenthesis behind them.
const WORDS: &[&str] = &["AND", "OR", "NOT", "BETWEEN", "IN", "SET", "REMOVE", "ADD", "DELETE"];

/// The attributes that an expression names, by the first step of each path.
pub fn attribute_names<'a>(text: &'a str, names: Names<'a>) -> Vec<&'a str> {
    let Ok(tokens) = tokens(text) else { return Vec::new() };
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let is_step = at > 0 && tokens[at - 1].text == ".";
        let is_function = tokens.get(at + 1).is_some_and(|next| next.text == "(");
        match token.kind {
            Kind::Name if is_step || is_function => {}
            Kind::Name if WORDS.iter().any(|word| token.text.eq_ignore_ascii_case(word)) => {}
            Kind::Name | Kind::NamePlaceholder if !is_step => found.extend(name_of(token, names)),
            Kind::Name | Kind::NamePlaceholder => {}
            Kind::ValuePlaceholder | Kind::Digits | Kind::Symbol | Kind::End => {}
        }
    }
    found
}

/// The value placeholder that an attribute is compared with by `=`.
pub fn equals_to<'a>(text: &'a str, names: Names<'a>, attribute: &str) -> Option<&'a str> {
    let tokens = tokens(text).ok()?;
    tokens.windows(3).find_map(|three| {
        let [left, sign, right] = three else { return None };
        let named = |token: &Token<'a>| name_of(token, names).is_some_and(|name| name == attribute);
        match (left.kind, right.kind) {
            _ if sign.text != "=" => None,
            (_, Kind::ValuePlaceholder) if named(left) => Some(right.text),
            (Kind::ValuePlaceholder, _) if named(right) => Some(left.text),
            _ => None,
        }
    })
}

fn name_of<'a>(token: &Token<'a>, names: Names<'a>) -> Option<&'a str> {
    match token.kind {
        Kind::Name => Some(token.text),
        Kind::NamePlaceholder => names?.get(token.text).map(String::as_str),
        Kind::ValuePlaceholder | Kind::Digits | Kind::Symbol | Kind::End => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_name_attributes() {
        let names = BTreeMap::from([("#n".to_owned(), "name".to_owned())]);
        for (text, expected) in [
            ("a, b.c, d[0].e", &["a", "b", "d"][..]),
            ("attribute_exists(a) AND NOT #n = :v", &["a", "name"]),
            ("SET a = if_not_exists(b, :zero) + :one REMOVE c ADD n :x", &["a", "b", "c", "n"]),
            ("pk = :p and begins_with(sk, :s)", &["pk", "sk"]),
            ("a.#n", &["a"]),
            ("a ? b", &[]),
        ] {
            assert_eq!(attribute_names(text, Some(&names)), expected, "{text}");
        }
    }

    #[test]
    fn a_key_condition_names_its_partition() {
        let names = BTreeMap::from([("#p".to_owned(), "pk".to_owned())]);
        for (text, expected) in [
            ("pk = :p AND sk > :s", Some(":p")),
            ("#p=:p", Some(":p")),
            (":p = pk", Some(":p")),
            ("(sk BETWEEN :a AND :b) AND (#p = :p)", Some(":p")),
            ("sk = :s", None),
        ] {
            assert_eq!(equals_to(text, Some(&names), "pk"), expected, "{text}");
        }
    }
}
