//! Receipt rule sets: kept, put in order, and one of them active.

use tidegate_types::Arn;

use crate::desk::Desk;
use crate::domain::receipt::{Action, Filter, Range, Rule, RuleSet, What};
use crate::error::{Error, Target, Thing};

/// The most rule sets of an account, rules of a set, actions and recipients of a rule, filters of an account.
const MAX_SETS: usize = 40;
const MAX_RULES: usize = 200;
const MAX_ACTIONS: usize = 10;
const MAX_RECIPIENTS: usize = 500;
const MAX_FILTERS: usize = 100;

/// The rule set of this name.
pub(crate) async fn find(desk: &mut Desk<'_>, name: &str) -> Result<RuleSet, Error> {
    desk.shelf.find(name).await?.ok_or_else(|| Error::NoSuch(Thing::RuleSet, name.to_owned()))
}

/// Checks the name of a rule set or a rule.
fn check_name(what: &str, name: &str) -> Result<(), Error> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_.-".contains(&b);
    if name.is_empty() || !name.bytes().all(allowed) {
        let text = format!(
            "1 validation error detected: Value at '{what}' failed to satisfy constraint: Member must satisfy regular \
             expression pattern: ^[a-zA-Z0-9_.-]+$"
        );
        return Err(Error::Constraint(text));
    }
    let ends = |end: Option<u8>| end.is_some_and(|b| b.is_ascii_alphanumeric());
    if name.len() > 64 || !ends(name.bytes().next()) || !ends(name.bytes().last()) {
        return Err(Error::invalid(format!("Not a valid {what}: {name}")));
    }
    Ok(())
}

/// Stores a new rule set.
pub(crate) async fn create_set(desk: &mut Desk<'_>, name: &str, rules: Vec<Rule>) -> Result<(), Error> {
    check_name("ruleSetName", name)?;
    if desk.shelf.find::<RuleSet>(name).await?.is_some() {
        return Err(Error::Exists(Thing::RuleSet, name.to_owned()));
    }
    if desk.shelf.all::<RuleSet>().await?.len() >= MAX_SETS {
        return Err(Error::Limit(format!("Number of rule sets exceeds the limit of {MAX_SETS}")));
    }
    desk.shelf.put(&RuleSet { name: name.to_owned(), created_at: desk.millis(), rules });
    Ok(())
}

/// Removes a rule set, if it is there and not active.
pub(crate) async fn delete_set(desk: &mut Desk<'_>, name: &str) -> Result<(), Error> {
    if desk.shelf.settings().await?.active_rule_set.as_deref() == Some(name) {
        return Err(Error::Active(name.to_owned()));
    }
    desk.shelf.remove::<RuleSet>(name);
    Ok(())
}

/// Makes a rule set the active one, or none.
pub(crate) async fn activate(desk: &mut Desk<'_>, name: Option<&str>) -> Result<(), Error> {
    if let Some(name) = name {
        find(desk, name).await?;
    }
    let mut settings = desk.shelf.settings().await?;
    settings.active_rule_set = name.map(str::to_owned);
    desk.shelf.put(&settings);
    Ok(())
}

/// Where a rule goes: behind the one that is named, or to the beginning.
fn place(set: &RuleSet, after: Option<&str>) -> Result<usize, Error> {
    match after.filter(|after| !after.is_empty()) {
        Some(after) => match set.rules.iter().position(|rule| rule.name == after) {
            Some(found) => Ok(found + 1),
            None => Err(Error::NoSuch(Thing::Rule, after.to_owned())),
        },
        None => Ok(0),
    }
}

/// Adds a rule.
pub(crate) async fn create_rule(desk: &mut Desk<'_>, set: &str, after: Option<&str>, rule: Rule) -> Result<(), Error> {
    let mut found = find(desk, set).await?;
    check_rule(desk, &rule)?;
    if found.rules.iter().any(|own| own.name == rule.name) {
        return Err(Error::Exists(Thing::Rule, rule.name));
    }
    if found.rules.len() >= MAX_RULES {
        return Err(Error::Limit(format!("Number of rules exceeds the limit of {MAX_RULES}")));
    }
    let at = place(&found, after)?;
    found.rules.insert(at, rule);
    desk.shelf.put(&found);
    Ok(())
}

/// Replaces a rule where it stands.
pub(crate) async fn update_rule(desk: &mut Desk<'_>, set: &str, rule: Rule) -> Result<(), Error> {
    let mut found = find(desk, set).await?;
    check_rule(desk, &rule)?;
    let Some(own) = found.rules.iter_mut().find(|own| own.name == rule.name) else {
        return Err(Error::NoSuch(Thing::Rule, rule.name));
    };
    *own = rule;
    desk.shelf.put(&found);
    Ok(())
}

/// Removes a rule, if it is there.
pub(crate) async fn delete_rule(desk: &mut Desk<'_>, set: &str, name: &str) -> Result<(), Error> {
    let mut found = find(desk, set).await?;
    found.rules.retain(|rule| rule.name != name);
    desk.shelf.put(&found);
    Ok(())
}

/// Moves a rule behind another, or to the beginning.
pub(crate) async fn move_rule(desk: &mut Desk<'_>, set: &str, name: &str, after: Option<&str>) -> Result<(), Error> {
    let mut found = find(desk, set).await?;
    let Some(from) = found.rules.iter().position(|rule| rule.name == name) else {
        return Err(Error::NoSuch(Thing::Rule, name.to_owned()));
    };
    let rule = found.rules.remove(from);
    let at = place(&found, after)?;
    found.rules.insert(at, rule);
    desk.shelf.put(&found);
    Ok(())
}

/// Puts all rules into another order.
pub(crate) async fn reorder(desk: &mut Desk<'_>, set: &str, names: &[String]) -> Result<(), Error> {
    let mut found = find(desk, set).await?;
    let mut ordered = Vec::with_capacity(found.rules.len());
    for name in names {
        let Some(at) = found.rules.iter().position(|rule| rule.name == *name) else {
            return Err(Error::NoSuch(Thing::Rule, name.clone()));
        };
        ordered.push(found.rules.remove(at));
    }
    if !found.rules.is_empty() {
        return Err(Error::invalid("All of the rules in the rule set must be represented in the list"));
    }
    found.rules = ordered;
    desk.shelf.put(&found);
    Ok(())
}

/// Stores a new filter.
pub(crate) async fn create_filter(desk: &mut Desk<'_>, filter: Filter) -> Result<(), Error> {
    check_name("filterName", &filter.name)?;
    if Range::parse(&filter.cidr).is_none() {
        return Err(Error::invalid(format!("Not a valid CIDR block: {}", filter.cidr)));
    }
    if desk.shelf.find::<Filter>(&filter.name).await?.is_some() {
        return Err(Error::Exists(Thing::Filter, filter.name));
    }
    if desk.shelf.all::<Filter>().await?.len() >= MAX_FILTERS {
        return Err(Error::Limit(format!("Number of filters exceeds the limit of {MAX_FILTERS}")));
    }
    desk.shelf.put(&filter);
    Ok(())
}

fn check_rule(desk: &Desk<'_>, rule: &Rule) -> Result<(), Error> {
    check_name("ruleName", &rule.name)?;
    if rule.actions.len() > MAX_ACTIONS {
        return Err(Error::Limit(format!("Number of actions exceeds the limit of {MAX_ACTIONS}")));
    }
    if rule.recipients.len() > MAX_RECIPIENTS {
        return Err(Error::Limit(format!("Number of recipients exceeds the limit of {MAX_RECIPIENTS}")));
    }
    rule.actions.iter().try_for_each(|action| check_action(desk, action))
}

fn check_action(desk: &Desk<'_>, action: &Action) -> Result<(), Error> {
    let fault = |target, what: String| Err(Error::Target { target, what });
    if let Some(topic) = &action.topic
        && !topic.parse::<Arn>().is_ok_and(|arn| arn.service == "sns")
    {
        return fault(Target::SnsTopic, format!("Invalid SNS topic: {topic}"));
    }
    match &action.what {
        What::Sns { .. } if action.topic.is_none() => fault(Target::SnsTopic, "Invalid SNS topic: null".to_owned()),
        What::Lambda { function, .. } => match function.parse::<Arn>() {
            Ok(arn) if arn.service == "lambda" && desk.ses.has_function(&arn) => Ok(()),
            _ => fault(Target::Lambda, format!("Invalid Lambda function: {function}")),
        },
        What::S3 { bucket, .. } if bucket.is_empty() => fault(Target::S3, "Could not write to bucket: null".to_owned()),
        What::AddHeader { name, value } => check_header(name, value),
        What::Bounce { reply_code, .. } if !is_reply_code(reply_code) => {
            Err(Error::invalid(format!("Invalid SMTP reply code: {reply_code}")))
        }
        _ => Ok(()),
    }
}

fn is_reply_code(code: &str) -> bool {
    code.len() == 3 && code.starts_with(['4', '5']) && code.bytes().all(|b| b.is_ascii_digit())
}

fn check_header(name: &str, value: &str) -> Result<(), Error> {
    let is_name = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    if name.is_empty() || name.len() > 50 || !name.bytes().all(is_name) {
        return Err(Error::invalid(format!("Invalid header name: {name}")));
    }
    if value.len() > 2048 || value.contains(['\r', '\n']) {
        return Err(Error::invalid(format!("Invalid header value: {value}")));
    }
    Ok(())
}
