//! A second evaluator, written from AWS's flow chart and tables and from nothing of the first: it walks JSON,
//! knows no types, and is as slow as it likes. It covers what the table's cases say.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::cases::{Caller, Case};

type Keys = BTreeMap<String, Vec<String>>;

/// `Allow`, `ExplicitDeny` or `ImplicitDeny`.
pub fn decide(case: &Case) -> &'static str {
    let keys: Keys = case.keys.iter().map(|(key, values)| (key.to_lowercase(), values.clone())).collect();
    let says = |document: &Option<Value>, effect: &str| {
        document.iter().flat_map(statements).any(|statement| matches(statement, effect, case, &keys))
    };
    let all = [&case.identity, &case.resource, &case.boundary, &case.session];
    if all.iter().any(|document| says(document, "Deny")) {
        return "ExplicitDeny";
    }
    let resource = says(&case.resource, "Allow");
    // Whether a statement names the caller itself, rather than its account.
    let to_caller = case.resource.iter().flat_map(statements).any(|statement| {
        matches(statement, "Allow", case, &keys)
            && (statement.get("NotPrincipal").is_some() || names(&statement["Principal"], case.caller, true))
    });
    let (identity, boundary, session) = (
        says(&case.identity, "Allow"),
        case.boundary.is_none() || says(&case.boundary, "Allow"),
        case.session.is_none() || says(&case.session, "Allow"),
    );
    let is_ours = case.caller.account() == Some("111111111111");
    let allowed = match case.caller {
        Caller::Root(_) => is_ours || resource,
        Caller::Service(_) | Caller::Anybody => resource,
        Caller::User(_) | Caller::Session(_) if is_ours => to_caller || (identity && boundary && session),
        Caller::User(_) | Caller::Session(_) => resource && identity && boundary && session,
    };
    if allowed { "Allow" } else { "ImplicitDeny" }
}

fn statements(document: &Value) -> Vec<&Value> {
    match &document["Statement"] {
        Value::Array(list) => list.iter().collect(),
        one => vec![one],
    }
}

fn list(value: &Value) -> Vec<String> {
    match value {
        Value::Array(values) => values.iter().flat_map(list).collect(),
        Value::String(text) => vec![text.clone()],
        other => vec![other.to_string()],
    }
}

fn matches(statement: &Value, effect: &str, case: &Case, keys: &Keys) -> bool {
    let any = |values: &Value, text: &str, fold: bool| {
        list(values).iter().any(|pattern| {
            let Some(pattern) = fill(pattern, keys) else { return false };
            if fold { like(&pattern.to_lowercase(), &text.to_lowercase()) } else { like(&pattern, text) }
        })
    };
    let action = match statement.get("Action") {
        Some(action) => any(action, &case.action, true),
        None => !any(&statement["NotAction"], &case.action, true),
    };
    let resource = match (statement.get("Resource"), statement.get("NotResource")) {
        (Some(resource), _) => any(resource, &case.on, false),
        (None, Some(other)) => !any(other, &case.on, false),
        (None, None) => true,
    };
    let principal = match (statement.get("Principal"), statement.get("NotPrincipal")) {
        (Some(principal), _) => names(principal, case.caller, false),
        (None, Some(other)) if effect == "Deny" => {
            // Every link must be named, from the account to the caller.
            let named = |link: &String| match other {
                Value::Object(kinds) => kinds
                    .values()
                    .flat_map(list)
                    .any(|name| name == "*" || name == *link || *link == format!("arn:aws:iam::{name}:root")),
                everybody => everybody == "*",
            };
            !case.caller.chain().iter().all(named)
        }
        (None, Some(other)) => !names(other, case.caller, false),
        (None, None) => true,
    };
    let conditions = statement.get("Condition").and_then(Value::as_object);
    let holds = conditions.into_iter().flatten().all(|(operator, wanted)| {
        wanted.as_object().unwrap().iter().all(|(key, values)| condition(operator, key, &list(values), keys))
    });
    statement["Effect"] == effect && action && resource && principal && holds
}

fn names(principal: &Value, caller: Caller, exactly: bool) -> bool {
    if *principal == "*" {
        return true;
    }
    principal.as_object().unwrap().iter().any(|(kind, values)| {
        list(values).iter().any(|name| match (kind.as_str(), caller) {
            ("AWS", _) if name == "*" => true,
            ("AWS", Caller::User(account)) => {
                *name == caller.arn()
                    || (!exactly && (name == account || *name == format!("arn:aws:iam::{account}:root")))
            }
            ("AWS", Caller::Root(account)) => name == account || *name == caller.arn(),
            ("Service", Caller::Service(service)) => name == service,
            _ => false,
        })
    })
}

fn condition(operator: &str, key: &str, wanted: &[String], keys: &Keys) -> bool {
    let (quantifier, rest) = operator.split_once(':').unwrap_or(("", operator));
    let (name, if_exists) = match rest.strip_suffix("IfExists") {
        Some(name) => (name, true),
        None => (rest, false),
    };
    let given = keys.get(&key.to_lowercase());
    if name == "Null" {
        return wanted.iter().any(|wanted| (wanted == "true") == given.is_none());
    }
    let negated = name.contains("Not");
    let name = name.replace("Not", "");
    let Some(given) = given else {
        return match quantifier {
            "ForAllValues" => true,
            "ForAnyValue" => if_exists,
            _ => if_exists || negated,
        };
    };
    let holds = |value: &String| {
        let any = wanted.iter().filter_map(|wanted| Some((fill(wanted, keys)?, wanted))).any(|(filled, raw)| {
            let wanted = if name.contains("Like") || name.contains("Arn") { raw } else { &filled };
            compare(&name, wanted, &filled, value)
        });
        any != negated
    };
    match quantifier {
        "ForAllValues" => given.iter().all(holds),
        "ForAnyValue" => given.iter().any(holds),
        _ if negated => given.iter().all(holds),
        _ => given.iter().any(holds),
    }
}

fn compare(name: &str, _raw: &str, wanted: &str, value: &str) -> bool {
    let number = |text: &str| text.parse::<f64>().ok();
    let both = |with: fn(f64, f64) -> bool, read: &dyn Fn(&str) -> Option<f64>| match (read(value), read(wanted)) {
        (Some(value), Some(wanted)) => with(value, wanted),
        _ => false,
    };
    match name.to_lowercase().as_str() {
        "stringequals" => value == wanted,
        "stringequalsignorecase" => value.to_lowercase() == wanted.to_lowercase(),
        "stringlike" => like(wanted, value),
        "numericequals" => both(|a, b| a == b, &number),
        "numericlessthan" => both(|a, b| a < b, &number),
        "numericlessthanequals" => both(|a, b| a <= b, &number),
        "numericgreaterthan" => both(|a, b| a > b, &number),
        "numericgreaterthanequals" => both(|a, b| a >= b, &number),
        "dateequals" => both(|a, b| a == b, &seconds),
        "datelessthan" => both(|a, b| a < b, &seconds),
        "datelessthanequals" => both(|a, b| a <= b, &seconds),
        "dategreaterthan" => both(|a, b| a > b, &seconds),
        "dategreaterthanequals" => both(|a, b| a >= b, &seconds),
        "bool" => value.to_lowercase() == wanted.to_lowercase(),
        // The table's texts are canonical base64: equal bytes are equal texts.
        "binaryequals" => value == wanted,
        "ipaddress" => inside(wanted, value),
        "arnequals" | "arnlike" => {
            let (patterns, parts): (Vec<_>, Vec<_>) = (wanted.splitn(6, ':').collect(), value.splitn(6, ':').collect());
            patterns.len() == parts.len() && patterns.iter().zip(parts).all(|(pattern, part)| like(pattern, part))
        }
        other => panic!("the naive evaluator does not know {other}"),
    }
}

/// Seconds since the epoch, of a number or of `YYYY-MM-DDThh:mm:ssZ`.
fn seconds(text: &str) -> Option<f64> {
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    let digits: Vec<i64> = text.split(['-', 'T', ':', 'Z']).filter_map(|part| part.parse().ok()).collect();
    let [year, month, day, hour, minute, second] = digits[..] else { return None };
    // Days before a year, and before a month, counted out.
    let leap = |year: i64| (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let years: i64 = (1970..year).map(|year| if leap(year) { 366 } else { 365 }).sum();
    let lengths = [31, if leap(year) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let months: i64 = lengths.iter().take(usize::try_from(month - 1).ok()?).sum();
    Some((((years + months + day - 1) * 24 + hour) * 3600 + minute * 60 + second) as f64)
}

fn inside(block: &str, address: &str) -> bool {
    let bits = |text: &str| -> String {
        match text.parse::<std::net::IpAddr>() {
            Ok(std::net::IpAddr::V4(v4)) => v4.octets().iter().map(|byte| format!("{byte:08b}")).collect(),
            Ok(std::net::IpAddr::V6(v6)) => v6.octets().iter().map(|byte| format!("{byte:08b}")).collect(),
            Err(_) => String::new(),
        }
    };
    let (network, length) = block.split_once('/').unwrap_or((block, "999"));
    let (network, address) = (bits(network), bits(address));
    let length = length.parse().unwrap_or(0).min(network.len());
    network.len() == address.len() && !network.is_empty() && network[..length] == address[..length]
}

/// Fills in variables; a value with a wildcard in it is not in the table.
fn fill(text: &str, keys: &Keys) -> Option<String> {
    let Some(start) = text.find("${") else { return Some(text.to_owned()) };
    let end = start + text[start..].find('}')?;
    let variable = &text[start + 2..end];
    let (key, default) = match variable.split_once(',') {
        Some((key, default)) => (key, Some(default.trim().trim_matches('\'').to_owned())),
        None => (variable, None),
    };
    let value = match keys.get(&key.trim().to_lowercase()).map(Vec::as_slice) {
        Some([one]) => one.clone(),
        _ => default?,
    };
    fill(&format!("{}{value}{}", &text[..start], &text[end + 1..]), keys)
}

fn like(pattern: &str, text: &str) -> bool {
    match (pattern.chars().next(), text.chars().next()) {
        (None, None) => true,
        (Some('*'), _) => {
            like(&pattern[1..], text) || text.chars().next().is_some_and(|c| like(pattern, &text[c.len_utf8()..]))
        }
        (Some('?'), Some(c)) => like(&pattern[1..], &text[c.len_utf8()..]),
        (Some(p), Some(c)) if p == c => like(&pattern[p.len_utf8()..], &text[c.len_utf8()..]),
        _ => false,
    }
}
