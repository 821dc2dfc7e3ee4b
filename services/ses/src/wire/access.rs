//! Which permission each operation needs.
//!
//! SES's actions are its operations, and the resource is what the input names. So there is one rule for all of
//! them: look at the members by their names. Version 1 of the API has resources for what sends only; all else
//! is about `*`, as the service authorization reference has it.

use tidegate_protocol::{Access, Call, Coverage, Members, Need, ServiceError, needs_by_name};

use crate::domain::address::Mailbox;
use crate::service::Api;
use crate::store::Place;

/// The entries of everything that is served.
pub(super) fn accesses<A: Api>(
    coverage: &'static [(&'static str, Coverage)],
    is_v2: bool,
) -> impl Iterator<Item = (&'static str, Access<A>)> {
    let served = coverage.iter().filter(|(_, state)| *state != Coverage::NotImplemented);
    served.map(move |(name, _)| (*name, if is_v2 { needs_by_name(two::<A>) } else { needs_by_name(one::<A>) }))
}

/// What an input needs can always be told.
enum Never {}

impl From<Never> for ServiceError {
    fn from(never: Never) -> ServiceError {
        match never {}
    }
}

fn one<A: Api>(api: &A, call: &Call, input: &Members) -> Result<Need, Never> {
    Ok(need(api, call, input, false))
}

fn two<A: Api>(api: &A, call: &Call, input: &Members) -> Result<Need, Never> {
    Ok(need(api, call, input, true))
}

fn need<A: Api>(api: &A, call: &Call, input: &Members, is_v2: bool) -> Need {
    // The same operation, wherever it is asked for.
    let operation = call.operation.name.trim_end_matches("ByPost");
    let action = format!("ses:{operation}");
    let place = Place { account: call.account, region: call.region.clone() };
    let source = input.text("Source").or_else(|| input.text("FromEmailAddress")).or_else(|| input.text("BounceSender"));
    if operation.starts_with("Send") && operation != "SendCustomVerificationEmail" {
        return sending(api, &place, action, input, source);
    }
    let need = match resource(operation, input).filter(|_| is_v2) {
        Some(resource) if resource.starts_with("arn:") => Need::new(action, resource),
        Some(resource) => Need::new(action, place.arn(&resource)),
        None => Need::anywhere(action),
    };
    need.with_request_tags(input.pairs("Tags")).with_tag_names(input.list("TagKeys").iter().map(String::as_str))
}

/// What sends needs the identity, whose policy may let others use it.
fn sending<A: Api>(api: &A, place: &Place, action: String, input: &Members, source: Option<&str>) -> Need {
    let lent = ["SourceArn", "FromArn", "FromEmailAddressIdentityArn", "BounceSenderArn"];
    let lent = lent.iter().find_map(|name| input.text(name)).map(str::to_owned);
    let mailbox = source.and_then(|source| Mailbox::parse(source).ok());
    let own = mailbox.as_ref().map(|mailbox| {
        let name = api.ses().directory.nearest(place, &mailbox.address);
        place.arn(&format!("identity/{}", name.unwrap_or_else(|| mailbox.address.clone())))
    });
    let feedback = input.text("ReturnPath").or_else(|| input.text("FeedbackForwardingEmailAddress"));
    Need::new(action, lent.or(own).unwrap_or_else(|| "*".to_owned()))
        .with_some("ses:FromAddress", mailbox.as_ref().map(|mailbox| mailbox.address.clone()))
        .with_some("ses:FromDisplayName", mailbox.map(|mailbox| mailbox.name).filter(|name| !name.is_empty()))
        .with_some("ses:FeedbackAddress", feedback)
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
        ("TenantName", "tenant"),
        ("ConfigurationSetName", "configuration-set"),
    ];
    kinds.iter().find_map(|(member, kind)| Some(format!("{kind}/{}", input.text(member)?)))
}
