//! The operations: functions of an account and an input.

pub(crate) mod account;
pub(crate) mod certificates;
pub(crate) mod credentials;
pub(crate) mod devices;
mod draw;
pub(crate) mod grants;
pub(crate) mod groups;
pub(crate) mod keys;
pub(crate) mod last_accessed;
pub(crate) mod policies;
pub(crate) mod profiles;
pub(crate) mod providers;
pub(crate) mod reports;
pub(crate) mod roles;
pub(crate) mod service_access;
pub(crate) mod simulation;
pub(crate) mod tags;
pub(crate) mod users;

use tidegate_api_iam as api;

use crate::domain::{Header, PolicyFault, TagFault, Tags, check_tags};
use crate::error::{Error, ValueFault};
use crate::service::Desk;

/// A required text; the constraint check has seen that it is there.
pub(crate) fn text(value: &Option<String>) -> &str {
    value.as_deref().unwrap_or_default()
}

/// The user that a request names, or the caller if it names none.
pub(crate) fn user_name<'a>(desk: &'a Desk<'_>, given: &'a Option<String>) -> Result<&'a str, Error> {
    match given {
        Some(name) => Ok(name),
        None => caller(desk).ok_or(Error::NoUser),
    }
}

/// The name of the caller, if it is a user.
pub(crate) fn caller<'a>(desk: &'a Desk<'_>) -> Option<&'a str> {
    let (_, what) = desk.call.caller.principal_arn.split_once(":user/")?;
    what.rsplit('/').next()
}

/// Name, path, id and time of a new entity.
fn header(desk: &Desk<'_>, name: &Option<String>, path: &Option<String>, id: &str) -> Result<Header, Error> {
    let path = path_of(path)?;
    Ok(Header { name: text(name).to_owned(), path, id: draw::id(desk.env, id), created_at: desk.now })
}

fn path_of(path: &Option<String>) -> Result<String, Error> {
    let path = path.as_deref().unwrap_or("/");
    let valid = path.starts_with('/') && path.ends_with('/') && path.chars().all(|c| c.is_ascii_graphic());
    if valid && !path.contains("//") { Ok(path.to_owned()) } else { Err(Error::Value(ValueFault::Path("path"))) }
}

/// The tags that a request brings.
fn given_tags(tags: &Option<Vec<api::Tag>>) -> Vec<(String, String)> {
    tags.iter().flatten().map(|tag| (text(&tag.key).to_owned(), text(&tag.value).to_owned())).collect()
}

fn new_tags(tags: &Option<Vec<api::Tag>>) -> Result<Tags, TagFault> {
    check_tags(given_tags(tags))
}

/// A permissions boundary: a managed policy that exists.
fn boundary(desk: &Desk<'_>, arn: &str) -> Result<String, Error> {
    if policies::document(desk, arn).is_none() {
        return Err(Error::NoSuch(crate::domain::Thing::Boundary, arn.to_owned()));
    }
    Ok(arn.to_owned())
}

fn trust(desk: &Desk<'_>, document: &str) -> Result<String, Error> {
    let own = format!("arn:aws:iam::{}:", desk.account);
    let exists = |arn: &str| match arn.strip_prefix(&own).map(|rest| (rest, rest.rsplit('/').next().unwrap_or(rest))) {
        Some((rest, name)) if rest.starts_with("user/") => desk.state.users.find(name).is_some(),
        Some((rest, name)) if rest.starts_with("role/") => desk.state.roles.find(name).is_some(),
        Some(_) => false,
        // Whom other accounts have is theirs to know.
        None => true,
    };
    crate::domain::check_trust(document, exists)?;
    quota("ACLSizePerRole", crate::domain::squeezed_len(document), 2048)?;
    Ok(document.to_owned())
}

/// Refuses more than a quota allows.
fn quota(quota: &'static str, size: usize, limit: usize) -> Result<(), Error> {
    if size > limit { Err(Error::Quota { quota, limit }) } else { Ok(()) }
}

fn identity_document(document: &str) -> Result<(), PolicyFault> {
    crate::domain::check_identity(document)
}
