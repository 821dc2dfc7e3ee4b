//! Tenants, and what each of them may use.

use tidegate_api_sesv2 as api;
use tidegate_types::Timestamp;

use super::tags;
use crate::desk::Desk;
use crate::domain::address::Mailbox;
use crate::domain::configuration_set::{ConfigurationSet, is_plain_name};
use crate::domain::identity::{Identity, canonical};
use crate::domain::template::Template;
use crate::domain::tenant::{Tenant, resource_type};
use crate::error::{Error, Thing};
use crate::ops::identities::token;
use crate::store::Place;
use crate::wire::paging::Paging;
use crate::wire::text;

fn arn(place: &Place, tenant: &Tenant) -> String {
    place.arn(&format!("tenant/{}/{}", tenant.name, tenant.id))
}

async fn tenant(desk: &mut Desk<'_>, name: &Option<String>) -> Result<Tenant, Error> {
    desk.shelf.find(text(name)).await?.ok_or_else(|| Error::NoSuch(Thing::Tenant, text(name).to_owned()))
}

pub(crate) async fn create_tenant(
    mut desk: Desk<'_>,
    input: &api::CreateTenantRequest,
) -> Result<api::CreateTenantResponse, Error> {
    let name = text(&input.tenant_name);
    if name.len() > 64 || !is_plain_name(name) {
        let text = "TenantName can contain up to 64 characters. Only alphanumeric characters, underscores(_) and \
                    hyphens(-) are allowed.";
        return Err(Error::invalid(text));
    }
    if desk.shelf.find::<Tenant>(name).await?.is_some() {
        return Err(Error::Exists(Thing::Tenant, name.to_owned()));
    }
    let tenant = Tenant {
        name: name.to_owned(),
        id: format!("tn-{}", token(&desk, 30)),
        created_at: desk.millis(),
        tags: tags::new(&input.tags)?,
        resources: Vec::new(),
    };
    desk.shelf.put(&tenant);
    Ok(api::CreateTenantResponse {
        tenant_arn: Some(arn(&desk.shelf.place, &tenant)),
        created_timestamp: Some(Timestamp::from_millis(tenant.created_at)),
        tags: Some(tags::shown(&tenant.tags)),
        sending_status: Some("ENABLED".to_owned()),
        tenant_name: Some(tenant.name),
        tenant_id: Some(tenant.id),
    })
}

pub(crate) async fn get_tenant(
    mut desk: Desk<'_>,
    input: &api::GetTenantRequest,
) -> Result<api::GetTenantResponse, Error> {
    let tenant = tenant(&mut desk, &input.tenant_name).await?;
    let shown = api::Tenant {
        tenant_arn: Some(arn(&desk.shelf.place, &tenant)),
        created_timestamp: Some(Timestamp::from_millis(tenant.created_at)),
        tags: Some(tags::shown(&tenant.tags)),
        sending_status: Some("ENABLED".to_owned()),
        tenant_name: Some(tenant.name),
        tenant_id: Some(tenant.id),
    };
    Ok(api::GetTenantResponse { tenant: Some(shown) })
}

pub(crate) async fn delete_tenant(
    mut desk: Desk<'_>,
    input: &api::DeleteTenantRequest,
) -> Result<api::DeleteTenantResponse, Error> {
    let tenant = tenant(&mut desk, &input.tenant_name).await?;
    desk.shelf.remove::<Tenant>(&tenant.name);
    Ok(api::DeleteTenantResponse {})
}

pub(crate) async fn list_tenants(
    desk: Desk<'_>,
    input: &api::ListTenantsRequest,
) -> Result<api::ListTenantsResponse, Error> {
    let paging = Paging::new(&input.next_token, input.page_size.map(i64::from), 1000)?;
    let found: Vec<Tenant> = desk.shelf.list("", paging.after.as_deref(), paging.reach()).await?;
    let (page, next_token) = paging.cut(found, |tenant| tenant.name.clone());
    let place = &desk.shelf.place;
    let shown = page.into_iter().map(|tenant| api::TenantInfo {
        tenant_arn: Some(arn(place, &tenant)),
        created_timestamp: Some(Timestamp::from_millis(tenant.created_at)),
        tenant_name: Some(tenant.name),
        tenant_id: Some(tenant.id),
    });
    Ok(api::ListTenantsResponse { tenants: Some(shown.collect()), next_token })
}

/// What an ARN names must be the account's, and be there.
async fn check_resource(desk: &mut Desk<'_>, given: &str) -> Result<(), Error> {
    let gone = || Error::NoSuch(Thing::Resource, format!("Resource {given} does not exist."));
    let place = desk.shelf.place.arn("");
    let Some((kind, name)) = given.strip_prefix(&place).and_then(|resource| resource.split_once('/')) else {
        return Err(if given.starts_with("arn:") { gone() } else { Error::invalid(format!("Invalid ARN: {given}")) });
    };
    let is_there = match kind {
        "identity" => desk.shelf.find::<Identity>(&canonical(name)).await?.is_some(),
        "configuration-set" => desk.shelf.find::<ConfigurationSet>(name).await?.is_some(),
        "template" => desk.shelf.find::<Template>(name).await?.is_some(),
        _ => return Err(Error::invalid(format!("Resource type of {given} cannot be associated with a tenant."))),
    };
    if is_there { Ok(()) } else { Err(gone()) }
}

pub(crate) async fn create_association(
    mut desk: Desk<'_>,
    input: &api::CreateTenantResourceAssociationRequest,
) -> Result<api::CreateTenantResourceAssociationResponse, Error> {
    let mut tenant = tenant(&mut desk, &input.tenant_name).await?;
    let resource = text(&input.resource_arn);
    check_resource(&mut desk, resource).await?;
    if tenant.uses(resource) {
        let text = format!("Resource {resource} is already associated with tenant {}", tenant.name);
        return Err(Error::Exists(Thing::Resource, text));
    }
    tenant.resources.push((resource.to_owned(), desk.millis()));
    desk.shelf.put(&tenant);
    Ok(api::CreateTenantResourceAssociationResponse {})
}

pub(crate) async fn delete_association(
    mut desk: Desk<'_>,
    input: &api::DeleteTenantResourceAssociationRequest,
) -> Result<api::DeleteTenantResourceAssociationResponse, Error> {
    let mut tenant = tenant(&mut desk, &input.tenant_name).await?;
    let resource = text(&input.resource_arn);
    if !tenant.uses(resource) {
        let text = format!("Resource {resource} is not associated with tenant {}.", tenant.name);
        return Err(Error::NoSuch(Thing::Resource, text));
    }
    tenant.resources.retain(|(own, _)| own != resource);
    desk.shelf.put(&tenant);
    Ok(api::DeleteTenantResourceAssociationResponse {})
}

pub(crate) async fn list_tenant_resources(
    mut desk: Desk<'_>,
    input: &api::ListTenantResourcesRequest,
) -> Result<api::ListTenantResourcesResponse, Error> {
    let tenant = tenant(&mut desk, &input.tenant_name).await?;
    let paging = Paging::new(&input.next_token, input.page_size.map(i64::from), 1000)?;
    let wanted = input.filter.as_ref().and_then(|filter| filter.get("RESOURCE_TYPE")).map(String::as_str);
    let mut all: Vec<String> = tenant.resources.into_iter().map(|(own, _)| own).collect();
    all.retain(|own| wanted.is_none() || resource_type(own) == wanted);
    all.sort_unstable();
    let (page, next_token) = paging.cut_whole(all, String::clone);
    let shown = page.into_iter().map(|own| api::TenantResource {
        resource_type: resource_type(&own).map(str::to_owned),
        resource_arn: Some(own),
    });
    Ok(api::ListTenantResourcesResponse { tenant_resources: Some(shown.collect()), next_token })
}

pub(crate) async fn list_resource_tenants(
    mut desk: Desk<'_>,
    input: &api::ListResourceTenantsRequest,
) -> Result<api::ListResourceTenantsResponse, Error> {
    let resource = text(&input.resource_arn);
    check_resource(&mut desk, resource).await?;
    let paging = Paging::new(&input.next_token, input.page_size.map(i64::from), 1000)?;
    let mut all: Vec<Tenant> = desk.shelf.all().await?;
    all.retain(|tenant| tenant.uses(resource));
    let (page, next_token) = paging.cut_whole(all, |tenant| tenant.name.clone());
    let shown = page.into_iter().map(|tenant| {
        let since = tenant.resources.iter().find(|(own, _)| own == resource).map(|(_, at)| *at);
        api::ResourceTenantMetadata {
            tenant_name: Some(tenant.name),
            tenant_id: Some(tenant.id),
            resource_arn: Some(resource.to_owned()),
            associated_timestamp: since.map(Timestamp::from_millis),
        }
    });
    Ok(api::ListResourceTenantsResponse { resource_tenants: Some(shown.collect()), next_token })
}

/// A tenant sends with what it may use, and with nothing else.
pub(super) async fn check(
    desk: &mut Desk<'_>,
    name: &Option<String>,
    from: &Option<String>,
    set: &Option<String>,
    template: Option<&str>,
) -> Result<(), Error> {
    if name.is_none() {
        return Ok(());
    }
    let tenant = tenant(desk, name).await?;
    let place = desk.shelf.place.clone();
    let mailbox = Mailbox::parse(text(from)).ok();
    let identity = mailbox.and_then(|mailbox| desk.ses.directory.nearest(&place, &mailbox.address));
    let set = set.as_deref().filter(|set| !set.is_empty());
    let used = [("identity", identity.as_deref()), ("configuration-set", set), ("template", template)];
    for (kind, name) in used.into_iter().filter_map(|(kind, name)| Some((kind, name?))) {
        let resource = place.arn(&format!("{kind}/{name}"));
        if !tenant.uses(&resource) {
            let text = format!("Resource {resource} is not associated with tenant {}.", tenant.name);
            return Err(Error::Invalid(text));
        }
    }
    Ok(())
}
