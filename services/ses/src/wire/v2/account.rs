//! What holds for the account, the suppression list, and pools of addresses.

use tidegate_api_sesv2 as api;
use tidegate_types::Timestamp;

use super::configuration_sets::{reasons, shown_reasons};
use super::tags;
use crate::desk::Desk;
use crate::domain::account::{Details, Pool, Suppressed};
use crate::domain::address;
use crate::domain::configuration_set::{Reason, Vdm};
use crate::error::{Error, Thing};
use crate::ops::statistics;
use crate::wire::paging::Paging;
use crate::wire::text;

pub(crate) async fn get_account(
    mut desk: Desk<'_>,
    _: &api::GetAccountRequest,
) -> Result<api::GetAccountResponse, Error> {
    let quota = statistics::quota(&desk);
    let sent = statistics::sent_today(&desk).await?;
    let own = desk.shelf.settings().await?;
    let vdm = api::VdmAttributes {
        vdm_enabled: Some(own.vdm_enabled.unwrap_or_else(|| "DISABLED".to_owned())),
        dashboard_attributes: own
            .vdm
            .engagement_metrics
            .map(|metrics| api::DashboardAttributes { engagement_metrics: Some(metrics) }),
        guardian_attributes: own
            .vdm
            .optimized_shared_delivery
            .map(|optimized| api::GuardianAttributes { optimized_shared_delivery: Some(optimized) }),
    };
    let details = own.details.map(|own| api::AccountDetails {
        mail_type: Some(own.mail_type),
        website_url: Some(own.website),
        contact_language: own.language,
        use_case_description: own.use_case,
        additional_contact_email_addresses: Some(own.contacts).filter(|contacts| !contacts.is_empty()),
        review_details: None,
    });
    Ok(api::GetAccountResponse {
        dedicated_ip_auto_warmup_enabled: Some(own.auto_warmup),
        enforcement_status: Some("HEALTHY".to_owned()),
        production_access_enabled: Some(!desk.ses.options.sandbox),
        send_quota: Some(api::SendQuota {
            max24_hour_send: Some(quota.per_day),
            max_send_rate: Some(quota.per_second),
            sent_last24_hours: Some(sent as f64),
        }),
        sending_enabled: Some(own.sending_enabled),
        suppression_attributes: Some(api::SuppressionAttributes {
            suppressed_reasons: Some(shown_reasons(&own.suppression)),
            ..api::SuppressionAttributes::default()
        }),
        details,
        vdm_attributes: Some(vdm),
    })
}

pub(crate) async fn put_sending(
    mut desk: Desk<'_>,
    input: &api::PutAccountSendingAttributesRequest,
) -> Result<api::PutAccountSendingAttributesResponse, Error> {
    let mut settings = desk.shelf.settings().await?;
    settings.sending_enabled = input.sending_enabled.unwrap_or(false);
    desk.shelf.put(&settings);
    Ok(api::PutAccountSendingAttributesResponse {})
}

pub(crate) async fn put_suppression(
    mut desk: Desk<'_>,
    input: &api::PutAccountSuppressionAttributesRequest,
) -> Result<api::PutAccountSuppressionAttributesResponse, Error> {
    let mut settings = desk.shelf.settings().await?;
    settings.suppression = reasons(&input.suppressed_reasons);
    desk.shelf.put(&settings);
    Ok(api::PutAccountSuppressionAttributesResponse {})
}

pub(crate) async fn put_vdm(
    mut desk: Desk<'_>,
    input: &api::PutAccountVdmAttributesRequest,
) -> Result<api::PutAccountVdmAttributesResponse, Error> {
    let given = input.vdm_attributes.clone().unwrap_or_default();
    let mut settings = desk.shelf.settings().await?;
    settings.vdm_enabled = given.vdm_enabled;
    settings.vdm = Vdm {
        engagement_metrics: given.dashboard_attributes.and_then(|own| own.engagement_metrics),
        optimized_shared_delivery: given.guardian_attributes.and_then(|own| own.optimized_shared_delivery),
    };
    desk.shelf.put(&settings);
    Ok(api::PutAccountVdmAttributesResponse {})
}

pub(crate) async fn put_details(
    mut desk: Desk<'_>,
    input: &api::PutAccountDetailsRequest,
) -> Result<api::PutAccountDetailsResponse, Error> {
    let mut settings = desk.shelf.settings().await?;
    settings.details = Some(Details {
        mail_type: text(&input.mail_type).to_owned(),
        website: text(&input.website_url).to_owned(),
        language: input.contact_language.clone(),
        use_case: input.use_case_description.clone(),
        contacts: input.additional_contact_email_addresses.clone().unwrap_or_default(),
        asked_for_production: input.production_access_enabled.unwrap_or(false),
    });
    desk.shelf.put(&settings);
    Ok(api::PutAccountDetailsResponse {})
}

pub(crate) async fn put_warmup(
    mut desk: Desk<'_>,
    input: &api::PutAccountDedicatedIpWarmupAttributesRequest,
) -> Result<api::PutAccountDedicatedIpWarmupAttributesResponse, Error> {
    let mut settings = desk.shelf.settings().await?;
    settings.auto_warmup = input.auto_warmup_enabled.unwrap_or(false);
    desk.shelf.put(&settings);
    Ok(api::PutAccountDedicatedIpWarmupAttributesResponse {})
}

pub(crate) async fn put_suppressed(
    mut desk: Desk<'_>,
    input: &api::PutSuppressedDestinationRequest,
) -> Result<api::PutSuppressedDestinationResponse, Error> {
    let address = text(&input.email_address);
    if address::check(address).is_err() {
        return Err(Error::invalid(format!("Invalid email address<{address}>.")));
    }
    let reason = Reason::parse(text(&input.reason)).ok_or_else(|| Error::invalid("Invalid suppression reason."))?;
    let suppressed =
        Suppressed { address: address.to_lowercase(), reason, at: desk.millis(), message_id: None, feedback_id: None };
    desk.shelf.put(&suppressed);
    Ok(api::PutSuppressedDestinationResponse {})
}

async fn suppressed(desk: &mut Desk<'_>, address: &Option<String>) -> Result<Suppressed, Error> {
    let address = text(address).to_lowercase();
    desk.shelf.find(&address).await?.ok_or(Error::NoSuch(Thing::Suppressed, address))
}

pub(crate) async fn get_suppressed(
    mut desk: Desk<'_>,
    input: &api::GetSuppressedDestinationRequest,
) -> Result<api::GetSuppressedDestinationResponse, Error> {
    let found = suppressed(&mut desk, &input.email_address).await?;
    let attributes = found
        .message_id
        .map(|id| api::SuppressedDestinationAttributes { message_id: Some(id), feedback_id: found.feedback_id });
    Ok(api::GetSuppressedDestinationResponse {
        suppressed_destination: Some(api::SuppressedDestination {
            email_address: Some(found.address),
            reason: Some(found.reason.as_str().to_owned()),
            last_update_time: Some(Timestamp::from_millis(found.at)),
            attributes,
        }),
    })
}

pub(crate) async fn delete_suppressed(
    mut desk: Desk<'_>,
    input: &api::DeleteSuppressedDestinationRequest,
) -> Result<api::DeleteSuppressedDestinationResponse, Error> {
    let found = suppressed(&mut desk, &input.email_address).await?;
    desk.shelf.remove::<Suppressed>(&found.address);
    Ok(api::DeleteSuppressedDestinationResponse {})
}

pub(crate) async fn list_suppressed(
    desk: Desk<'_>,
    input: &api::ListSuppressedDestinationsRequest,
) -> Result<api::ListSuppressedDestinationsResponse, Error> {
    let paging = Paging::new(&input.next_token, input.page_size.map(i64::from), 1000)?;
    let wanted = reasons(&input.reasons);
    let within = |own: &Suppressed| {
        let at = Timestamp::from_millis(own.at);
        (wanted.is_empty() || wanted.contains(&own.reason))
            && input.start_date.is_none_or(|start| start <= at)
            && input.end_date.is_none_or(|end| at < end)
    };
    let (mut found, mut after) = (Vec::new(), paging.after.clone());
    while found.len() < paging.reach() {
        let some: Vec<Suppressed> = desk.shelf.list("", after.as_deref(), paging.reach()).await?;
        let Some(last) = some.last() else { break };
        after = Some(last.address.clone());
        found.extend(some.into_iter().filter(within));
    }
    let (page, next_token) = paging.cut(found, |own| own.address.clone());
    let shown = page.into_iter().map(|own| api::SuppressedDestinationSummary {
        email_address: Some(own.address),
        reason: Some(own.reason.as_str().to_owned()),
        last_update_time: Some(Timestamp::from_millis(own.at)),
    });
    Ok(api::ListSuppressedDestinationsResponse { suppressed_destination_summaries: Some(shown.collect()), next_token })
}

async fn pool(desk: &mut Desk<'_>, name: &Option<String>) -> Result<Pool, Error> {
    desk.shelf.find(text(name)).await?.ok_or_else(|| Error::NoSuch(Thing::Pool, text(name).to_owned()))
}

pub(crate) async fn create_pool(
    mut desk: Desk<'_>,
    input: &api::CreateDedicatedIpPoolRequest,
) -> Result<api::CreateDedicatedIpPoolResponse, Error> {
    let name = text(&input.pool_name);
    if desk.shelf.find::<Pool>(name).await?.is_some() {
        return Err(Error::Exists(Thing::Pool, name.to_owned()));
    }
    let scaling = input.scaling_mode.clone().unwrap_or_else(|| "STANDARD".to_owned());
    let pool = Pool { name: name.to_owned(), scaling, tags: tags::new(&input.tags)? };
    desk.shelf.put(&pool);
    Ok(api::CreateDedicatedIpPoolResponse {})
}

pub(crate) async fn get_pool(
    mut desk: Desk<'_>,
    input: &api::GetDedicatedIpPoolRequest,
) -> Result<api::GetDedicatedIpPoolResponse, Error> {
    let found = pool(&mut desk, &input.pool_name).await?;
    let shown = api::DedicatedIpPool { pool_name: Some(found.name), scaling_mode: Some(found.scaling) };
    Ok(api::GetDedicatedIpPoolResponse { dedicated_ip_pool: Some(shown) })
}

pub(crate) async fn list_pools(
    desk: Desk<'_>,
    input: &api::ListDedicatedIpPoolsRequest,
) -> Result<api::ListDedicatedIpPoolsResponse, Error> {
    let paging = Paging::new(&input.next_token, input.page_size.map(i64::from), 1000)?;
    let found: Vec<Pool> = desk.shelf.list("", paging.after.as_deref(), paging.reach()).await?;
    let (page, next_token) = paging.cut(found, |pool| pool.name.clone());
    let names = page.into_iter().map(|pool| pool.name).collect();
    Ok(api::ListDedicatedIpPoolsResponse { dedicated_ip_pools: Some(names), next_token })
}

pub(crate) async fn delete_pool(
    mut desk: Desk<'_>,
    input: &api::DeleteDedicatedIpPoolRequest,
) -> Result<api::DeleteDedicatedIpPoolResponse, Error> {
    let found = pool(&mut desk, &input.pool_name).await?;
    desk.shelf.remove::<Pool>(&found.name);
    Ok(api::DeleteDedicatedIpPoolResponse {})
}

pub(crate) async fn put_pool_scaling(
    mut desk: Desk<'_>,
    input: &api::PutDedicatedIpPoolScalingAttributesRequest,
) -> Result<api::PutDedicatedIpPoolScalingAttributesResponse, Error> {
    let mut found = pool(&mut desk, &input.pool_name).await?;
    // "You can't convert a MANAGED pool to STANDARD."
    if found.scaling == "MANAGED" && input.scaling_mode.as_deref() == Some("STANDARD") {
        return Err(Error::invalid("A managed dedicated IP pool cannot be converted to a standard one."));
    }
    text(&input.scaling_mode).clone_into(&mut found.scaling);
    desk.shelf.put(&found);
    Ok(api::PutDedicatedIpPoolScalingAttributesResponse {})
}

/// No pool has addresses.
pub(crate) async fn get_dedicated_ips(
    mut desk: Desk<'_>,
    input: &api::GetDedicatedIpsRequest,
) -> Result<api::GetDedicatedIpsResponse, Error> {
    if input.pool_name.is_some() {
        pool(&mut desk, &input.pool_name).await?;
    }
    Ok(api::GetDedicatedIpsResponse { dedicated_ips: Some(Vec::new()), next_token: None })
}

/// No account has dedicated addresses, so none is found.
fn no_address(ip: &Option<String>) -> Error {
    Error::NoSuch(Thing::Resource, format!("Dedicated IP address {} does not exist.", text(ip)))
}

pub(crate) async fn get_dedicated_ip(
    _: Desk<'_>,
    input: &api::GetDedicatedIpRequest,
) -> Result<api::GetDedicatedIpResponse, Error> {
    Err(no_address(&input.ip))
}

pub(crate) async fn put_dedicated_ip_in_pool(
    mut desk: Desk<'_>,
    input: &api::PutDedicatedIpInPoolRequest,
) -> Result<api::PutDedicatedIpInPoolResponse, Error> {
    pool(&mut desk, &input.destination_pool_name).await?;
    Err(no_address(&input.ip))
}

pub(crate) async fn put_dedicated_ip_warmup(
    _: Desk<'_>,
    input: &api::PutDedicatedIpWarmupAttributesRequest,
) -> Result<api::PutDedicatedIpWarmupAttributesResponse, Error> {
    Err(no_address(&input.ip))
}
