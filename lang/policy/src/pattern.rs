//! Wildcards: `*` is any run of characters, `?` any one of them.

use crate::context::Request;

/// One piece of a pattern: what a `*` or `?` in the *policy* means is decided before policy variables
/// are filled in, so that a user named `*` gains nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Literal(char),
    AnyOne,
    AnyRun,
}

/// Whether `text` matches `pattern`, case and all. No policy variables.
pub fn wildcard_matches(pattern: &str, text: &str) -> bool {
    matches(&pieces(pattern), text)
}

/// Whether an action such as `sqs:SendMessage` matches a pattern such as `SQS:Send*`. Actions are
/// compared without regard to case.
pub fn action_matches(pattern: &str, action: &str) -> bool {
    // Most patterns are about another service; AWS's own policies have hundreds of them.
    if let (Some((wanted, _)), Some((service, _))) = (pattern.split_once(':'), action.split_once(':'))
        && !wanted.contains(['*', '?'])
        && !wanted.eq_ignore_ascii_case(service)
    {
        return false;
    }
    wildcard_matches(&pattern.to_ascii_lowercase(), &action.to_ascii_lowercase())
}

/// Whether an ARN matches a pattern, each of its six parts for itself: a `*` does not reach over a
/// colon, except in the last part.
pub fn arn_matches(pattern: &str, arn: &str) -> bool {
    if pattern == "*" {
        return true;
    }
    let (patterns, parts): (Vec<_>, Vec<_>) = (pattern.splitn(6, ':').collect(), arn.splitn(6, ':').collect());
    patterns.len() == 6
        && parts.len() == 6
        && patterns.iter().zip(&parts).all(|(pattern, part)| wildcard_matches(pattern, part))
}

/// Whether `text` matches `pattern` once the policy variables of `pattern` are filled in from
/// `request`. A variable without a value and without a default matches nothing.
pub(crate) fn matches_with_variables(pattern: &str, text: &str, request: &Request) -> bool {
    expand(pattern, request).is_some_and(|pieces| matches(&pieces, text))
}

/// As [`arn_matches`], with policy variables.
pub(crate) fn arn_matches_with_variables(pattern: &str, arn: &str, request: &Request) -> bool {
    if pattern == "*" {
        return true;
    }
    let (patterns, parts): (Vec<_>, Vec<_>) = (split_arn(pattern), arn.splitn(6, ':').collect());
    patterns.len() == 6
        && parts.len() == 6
        && patterns.iter().zip(&parts).all(|(pattern, part)| matches_with_variables(pattern, part, request))
}

/// Splits a pattern at its first five colons; those inside `${…}` do not count.
pub(crate) fn split_arn(pattern: &str) -> Vec<&str> {
    let (mut parts, mut start, mut in_variable) = (Vec::with_capacity(6), 0, false);
    for (at, c) in pattern.char_indices() {
        match c {
            '$' if pattern[at..].starts_with("${") => in_variable = true,
            '}' => in_variable = false,
            ':' if !in_variable && parts.len() < 5 => {
                parts.push(&pattern[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&pattern[start..]);
    parts
}

/// The text that `template` stands for, its wildcards being ordinary characters; `None` if a
/// variable has no value.
pub(crate) fn expand_text(template: &str, request: &Request) -> Option<String> {
    let pieces = expand(template, request)?;
    Some(
        pieces
            .into_iter()
            .map(|piece| match piece {
                Piece::Literal(c) => c,
                Piece::AnyOne => '?',
                Piece::AnyRun => '*',
            })
            .collect(),
    )
}

fn pieces(pattern: &str) -> Vec<Piece> {
    pattern.chars().map(piece).collect()
}

fn piece(c: char) -> Piece {
    match c {
        '*' => Piece::AnyRun,
        '?' => Piece::AnyOne,
        c => Piece::Literal(c),
    }
}

/// The keys of the policy variables in a text.
pub(crate) fn variables(text: &str) -> impl Iterator<Item = &str> {
    let pieces = text.split("${").skip(1).filter_map(|rest| Some(rest.split_once('}')?.0));
    let keys = pieces.map(|variable| variable.split_once(',').map_or(variable, |(key, _)| key).trim());
    keys.filter(|key| !matches!(*key, "*" | "?" | "$"))
}

fn expand(pattern: &str, request: &Request) -> Option<Vec<Piece>> {
    let mut expanded = Vec::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some(at) = rest.find("${") {
        let Some(length) = rest[at..].find('}') else { break };
        expanded.extend(pieces(&rest[..at]));
        let variable = &rest[at + 2..at + length];
        expanded.extend(variable_value(variable, request)?.chars().map(Piece::Literal));
        rest = &rest[at + length + 1..];
    }
    expanded.extend(pieces(rest));
    Some(expanded)
}

/// `${*}`, `${?}` and `${$}` are those characters; `${key, 'default'}` has a default.
fn variable_value(variable: &str, request: &Request) -> Option<String> {
    if matches!(variable, "*" | "?" | "$") {
        return Some(variable.to_owned());
    }
    let (key, default) = match variable.split_once(',') {
        Some((key, default)) => (key.trim(), Some(default.trim().trim_matches('\''))),
        None => (variable.trim(), None),
    };
    match request.values(key) {
        // A key with several values cannot be used as a variable.
        Some([value]) => Some(value.clone()),
        _ => default.map(str::to_owned),
    }
}

/// Greedy with one point to come back to: linear in practice, quadratic at worst, never exponential.
fn matches(pattern: &[Piece], text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(Piece::AnyRun) => {
                retry = Some((p + 1, t));
                p += 1;
            }
            Some(Piece::AnyOne) => {
                p += 1;
                t += 1;
            }
            Some(Piece::Literal(c)) if *c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match retry {
                Some((after_run, from)) => {
                    retry = Some((after_run, from + 1));
                    p = after_run;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|piece| *piece == Piece::AnyRun)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("a*c", "abc", true),
            ("a*c", "ac", true),
            ("a*c", "abcd", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*b*b*", "abab", true),
            ("*b*b*b", "abab", false),
            ("A", "a", false),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(wildcard_matches(pattern, text), expected, "{pattern} against {text}");
        }
    }

    #[test]
    fn a_star_in_an_arn_stays_in_its_part() {
        let arn = "arn:aws:sqs:us-east-1:000000000000:orders";
        for (pattern, expected) in [
            ("*", true),
            ("arn:aws:sqs:*:*:orders", true),
            ("arn:aws:sqs:us-east-1:000000000000:*", true),
            ("arn:aws:sqs:*:orders", false),
            ("arn:aws:sqs:us-*:0000*:ord?rs", true),
            ("arn:*", false),
        ] {
            assert_eq!(arn_matches(pattern, arn), expected, "{pattern}");
        }
        assert!(arn_matches("arn:aws:s3:::b/*", "arn:aws:s3:::b/x:y/z"));
    }

    #[test]
    fn variables_are_filled_in_as_plain_text() {
        let mut request = Request::for_test();
        request.set("aws:username", "*");
        assert!(matches_with_variables("home/${aws:username}", "home/*", &request));
        assert!(!matches_with_variables("home/${aws:username}", "home/ann", &request));
        assert!(matches_with_variables("home/${aws:nobody, 'guest'}", "home/guest", &request));
        assert!(!matches_with_variables("home/${aws:nobody}", "home/", &request));
        assert!(matches_with_variables("a${*}b", "a*b", &request));
        assert!(!matches_with_variables("a${*}b", "axb", &request));
        assert!(arn_matches_with_variables(
            "arn:aws:sqs:*:*:q-${aws:username}",
            "arn:aws:sqs:eu-west-1:000000000000:q-*",
            &request
        ));
    }
}
