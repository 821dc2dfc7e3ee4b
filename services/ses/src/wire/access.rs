//! Which permission each operation needs.
//!
//! SES's actions are its operations, and the resource is what the input names. So there is one rule for all of
//! them: look at the members by their names. Version 1 of the API has resources for what sends only; all else
//! is about `*`, as the service authorization reference has it.

use tidegate_protocol::{Access, Call, Coverage, Members, Need, ServiceError, needs_by_name};

use crate::service::Api;
use crate::store::Place;

/// Whether an operation sends in somebody's name, or reads a bucket: `senders.rs` has it.
fn needs_more(operation: &str) -> bool {
    operation == "CreateImportJob" || operation.starts_with("Send") && operation != "SendCustomVerificationEmail"
}

/// The entries of everything that is served and sends nothing.
pub(super) fn accesses<A: Api>(
    coverage: &'static [(&'static str, Coverage)],
    is_v2: bool,
) -> impl Iterator<Item = (&'static str, Access<A>)> {
    let served = coverage.iter().filter(|(name, state)| *state != Coverage::NotImplemented && !needs_more(name));
    served.map(move |(name, _)| (*name, if is_v2 { needs_by_name(two::<A>) } else { needs_by_name(one::<A>) }))
}

/// What an input needs can always be told.
pub(super) enum Never {}

impl From<Never> for ServiceError {
    fn from(never: Never) -> ServiceError {
        match never {}
    }
}

fn one<A: Api>(_: &A, call: &Call, input: &Members) -> Result<Need, Never> {
    Ok(need(call, input, false))
}

fn two<A: Api>(_: &A, call: &Call, input: &Members) -> Result<Vec<Need>, Never> {
    let need = need(call, input, true);
    let mut also = Vec::new();
    // What is tagged as it is created needs the permission to tag.
    if call.operation.name.starts_with("Create") && input.pairs("Tags").next().is_some() {
        also.push(Need { action: "ses:TagResource".into(), ..need.clone() });
    }
    // What is given to a tenant, or taken from it, is about both.
    if let (Some(_), Some(tenant)) = (input.text("ResourceArn"), input.text("TenantName")) {
        let place = Place { account: call.account, region: call.region.clone() };
        also.push(Need { resource: place.arn(&format!("tenant/{tenant}")), ..need.clone() });
    }
    Ok(std::iter::once(need).chain(also).collect())
}

fn need(call: &Call, input: &Members, is_v2: bool) -> Need {
    // The same operation, wherever it is asked for.
    let operation = call.operation.name.trim_end_matches("ByPost").trim_end_matches("AtV1");
    let action = format!("ses:{operation}");
    let place = Place { account: call.account, region: call.region.clone() };
    let need = match resource(operation, input).filter(|_| is_v2) {
        Some(resource) if resource.starts_with("arn:") => Need::new(action, resource),
        Some(resource) => Need::new(action, place.arn(&resource)),
        None => Need::anywhere(action),
    };
    let need = need.with("ses:ApiVersion", if is_v2 { "2" } else { "1" });
    need.with_request_tags(input.pairs("Tags")).with_tag_names(input.list("TagKeys").iter().map(String::as_str))
}

/// What an input of version 2 names.
fn resource(operation: &str, input: &Members) -> Option<String> {
    if let Some(arn) = input.text("ResourceArn") {
        return Some(arn.to_owned());
    }
    let template = match operation.contains("CustomVerification") {
        true => "custom-verification-email-template",
        false => "template",
    };
    let kinds = [
        ("EmailIdentity", "identity"),
        ("TemplateName", template),
        ("ContactListName", "contact-list"),
        ("PoolName", "dedicated-ip-pool"),
        ("DestinationPoolName", "dedicated-ip-pool"),
        ("JobId", "import-job"),
        ("TenantName", "tenant"),
        ("ConfigurationSetName", "configuration-set"),
    ];
    kinds.iter().find_map(|(member, kind)| Some(format!("{kind}/{}", input.text(member)?)))
}
