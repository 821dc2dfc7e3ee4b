//! Which permission each operation needs.
//!
//! SES's actions are its operations, and the resource is what the input names. So there is one rule for all of
//! them: look at the members by their names. Version 1 of the API has resources for what sends only; all else
//! is about `*`, as the service authorization reference has it.

use futures::FutureExt;
use futures::future::BoxFuture;
use tidegate_protocol::{Access, Call, Coverage, Members, Need, Needs, ServiceError, needs_by_name, needs_of_stored};
use tidegate_record::Stored;
use tidegate_store::{Snapshot, Space, StoreError};

use crate::domain::configuration_set::ConfigurationSet;
use crate::domain::contact::ContactList;
use crate::domain::identity::Identity;
use crate::domain::template::{CustomTemplate, Template};
use crate::domain::tenant::Tenant;
use crate::service::Api;
use crate::store::{Kept, Place, Row, keys};

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
    served.map(move |(name, _)| (*name, if is_v2 { needs_of_stored(two::<A>) } else { needs_by_name(one::<A>) }))
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

/// Version 2 names resources, which have tags; a tenant's ARN has its number in it, which is stored alone.
fn two<'a, A: Api>(api: &'a A, call: &'a Call, input: Members) -> BoxFuture<'a, Result<Needs, ServiceError>> {
    async move {
        let place = Place { account: call.account, region: call.region.clone() };
        let mut needs = vec![need(call, &input, true)];
        // What is tagged as it is created needs the permission to tag.
        if call.operation.name.starts_with("Create") && input.pairs("Tags").next().is_some() {
            needs.push(Need { action: "ses:TagResource".into(), ..needs[0].clone() });
        }
        // What is given to a tenant, or taken from it, is about both.
        if let (Some(_), Some(tenant)) = (input.text("ResourceArn"), input.text("TenantName")) {
            needs.push(Need { resource: place.arn(&format!("tenant/{tenant}")), ..needs[0].clone() });
        }
        let found = async {
            let snapshot = api.ses().store.snapshot()?;
            let mut described = Vec::new();
            for need in needs {
                described.push(describe(&*snapshot, &place, need).await?);
            }
            Ok::<_, StoreError>(described)
        };
        Ok(Needs::All(found.await.map_err(|error| A::fault(error.into()))?))
    }
    .boxed()
}

/// With the tags of what it is about, if that is there, and with its whole ARN.
async fn describe(snapshot: &dyn Snapshot, place: &Place, need: Need) -> Result<Need, StoreError> {
    let own = place.arn("");
    let Some((kind, name)) = need.resource.strip_prefix(&own).and_then(|rest| rest.split_once('/')) else {
        return Ok(need);
    };
    let tags = match kind {
        "identity" => read::<Identity>(snapshot, place, name).await?.map(|found| found.tags),
        "configuration-set" => read::<ConfigurationSet>(snapshot, place, name).await?.map(|found| found.tags),
        "template" => read::<Template>(snapshot, place, name).await?.map(|found| found.tags),
        "custom-verification-email-template" => {
            read::<CustomTemplate>(snapshot, place, name).await?.map(|found| found.tags)
        }
        "contact-list" => read::<ContactList>(snapshot, place, name).await?.map(|found| found.tags),
        "tenant" => {
            let name = name.split('/').next().unwrap_or_default();
            let found = read::<Tenant>(snapshot, place, name).await?;
            let id = found.as_ref().map_or("*", |found| &found.id);
            let need = Need { resource: place.arn(&format!("tenant/{name}/{id}")), ..need };
            let tags = found.iter().flat_map(|found| &found.tags);
            return Ok(need.with_resource_tags(tags.map(|(name, value)| (name.as_str(), value.as_str()))));
        }
        _ => None,
    };
    let tags = tags.iter().flatten().map(|(name, value)| (name.as_str(), value.as_str()));
    Ok(need.with_resource_tags(tags))
}

async fn read<T: Row>(snapshot: &dyn Snapshot, place: &Place, name: &str) -> Result<Option<T>, StoreError> {
    let key = keys::row(place.account, &place.region, T::KIND, name);
    match snapshot.get(Space::Map, &key).await? {
        // What cannot be read has no tags; the operation tells of it.
        Some(record) => Ok(Kept::<T>::decode(&record.value).ok().map(|kept| kept.0)),
        None => Ok(None),
    }
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
