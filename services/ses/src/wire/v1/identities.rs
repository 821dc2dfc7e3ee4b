//! Identities.

use std::collections::BTreeMap;

use tidegate_api_ses as api;

use crate::desk::Desk;
use crate::domain::identity::{Identity, MailFrom, Notification, Status, is_domain};
use crate::error::Error;
use crate::ops::identities::{ask, begin, check_address, check_domain, check_policy, forget, settle, sign};
use crate::wire::paging::Paging;
use crate::wire::text;

/// The most identities that one request may ask about, and that one page lists.
const MOST: usize = 1000;

fn status(status: Status) -> String {
    match status {
        Status::NotStarted => "NotStarted",
        Status::Pending => "Pending",
        Status::Success => "Success",
        Status::Failed => "Failed",
    }
    .to_owned()
}

async fn verify(mut desk: Desk<'_>, address: &str) -> Result<(), Error> {
    check_address(address)?;
    let mut identity = begin(&mut desk, address).await?;
    if !identity.is_verified() && identity.status != Status::Pending {
        identity.status = Status::Pending;
        desk.shelf.put(&identity);
    }
    ask(&mut desk, &identity).await
}

pub(crate) async fn verify_email_identity(
    desk: Desk<'_>,
    input: &api::VerifyEmailIdentityRequest,
) -> Result<api::VerifyEmailIdentityResponse, Error> {
    verify(desk, text(&input.email_address)).await?;
    Ok(api::VerifyEmailIdentityResponse {})
}

pub(crate) async fn verify_email_address(desk: Desk<'_>, input: &api::VerifyEmailAddressRequest) -> Result<(), Error> {
    verify(desk, text(&input.email_address)).await
}

pub(crate) async fn verify_domain_identity(
    mut desk: Desk<'_>,
    input: &api::VerifyDomainIdentityRequest,
) -> Result<api::VerifyDomainIdentityResponse, Error> {
    check_domain(text(&input.domain))?;
    let identity = begin(&mut desk, text(&input.domain)).await?;
    Ok(api::VerifyDomainIdentityResponse { verification_token: Some(identity.token) })
}

pub(crate) async fn verify_domain_dkim(
    mut desk: Desk<'_>,
    input: &api::VerifyDomainDkimRequest,
) -> Result<api::VerifyDomainDkimResponse, Error> {
    check_domain(text(&input.domain))?;
    let mut identity = begin(&mut desk, text(&input.domain)).await?;
    sign(&desk, &mut identity);
    settle(&desk, &mut identity);
    desk.shelf.put(&identity);
    Ok(api::VerifyDomainDkimResponse { dkim_tokens: Some(identity.dkim.tokens) })
}

pub(crate) async fn delete_identity(
    mut desk: Desk<'_>,
    input: &api::DeleteIdentityRequest,
) -> Result<api::DeleteIdentityResponse, Error> {
    let name = name_of(&desk, text(&input.identity)).to_owned();
    forget(&mut desk, &name);
    Ok(api::DeleteIdentityResponse {})
}

pub(crate) async fn delete_verified_email_address(
    mut desk: Desk<'_>,
    input: &api::DeleteVerifiedEmailAddressRequest,
) -> Result<(), Error> {
    forget(&mut desk, text(&input.email_address));
    Ok(())
}

pub(crate) async fn list_identities(
    desk: Desk<'_>,
    input: &api::ListIdentitiesRequest,
) -> Result<api::ListIdentitiesResponse, Error> {
    let paging = Paging::new(&input.next_token, input.max_items.map(i64::from), MOST)?;
    let wanted = |identity: &Identity| match input.identity_type.as_deref() {
        Some("EmailAddress") => identity.is_address(),
        Some("Domain") => !identity.is_address(),
        _ => true,
    };
    let all: Vec<Identity> = desk.shelf.all().await?;
    let (page, next_token) =
        paging.cut_whole(all.into_iter().filter(wanted).collect(), |identity| identity.name.clone());
    Ok(api::ListIdentitiesResponse {
        identities: Some(page.into_iter().map(|identity| identity.name).collect()),
        next_token,
    })
}

pub(crate) async fn list_verified_email_addresses(
    desk: Desk<'_>,
    _: &(),
) -> Result<api::ListVerifiedEmailAddressesResponse, Error> {
    let all: Vec<Identity> = desk.shelf.all().await?;
    let verified = all.into_iter().filter(|identity| identity.is_address() && identity.is_verified());
    let names = verified.map(|identity| identity.name).collect();
    Ok(api::ListVerifiedEmailAddressesResponse { verified_email_addresses: Some(names) })
}

/// What is shown of each identity that a request names and that is there.
async fn each<T>(
    desk: &mut Desk<'_>,
    names: &Option<Vec<String>>,
    show: impl Fn(Identity) -> Option<T> + Send,
) -> Result<BTreeMap<String, T>, Error> {
    let mut shown = BTreeMap::new();
    for name in names.iter().flatten() {
        let own = name_of(desk, name).to_owned();
        if let Some(found) = desk.shelf.identity(&own).await?.and_then(&show) {
            shown.insert(name.clone(), found);
        }
    }
    Ok(shown)
}

pub(crate) async fn get_identity_verification_attributes(
    mut desk: Desk<'_>,
    input: &api::GetIdentityVerificationAttributesRequest,
) -> Result<api::GetIdentityVerificationAttributesResponse, Error> {
    let all = each(&mut desk, &input.identities, |identity| {
        let token = (!identity.is_address()).then_some(identity.token);
        Some(api::IdentityVerificationAttributes {
            verification_status: Some(status(identity.status)),
            verification_token: token,
        })
    });
    Ok(api::GetIdentityVerificationAttributesResponse { verification_attributes: Some(all.await?) })
}

pub(crate) async fn get_identity_dkim_attributes(
    mut desk: Desk<'_>,
    input: &api::GetIdentityDkimAttributesRequest,
) -> Result<api::GetIdentityDkimAttributesResponse, Error> {
    let all = each(&mut desk, &input.identities, |identity| {
        let dkim = identity.dkim;
        Some(api::IdentityDkimAttributes {
            dkim_enabled: Some(dkim.enabled),
            dkim_verification_status: Some(status(dkim.status)),
            dkim_tokens: Some(dkim.tokens).filter(|tokens| !tokens.is_empty()),
        })
    });
    Ok(api::GetIdentityDkimAttributesResponse { dkim_attributes: Some(all.await?) })
}

pub(crate) async fn get_identity_mail_from_domain_attributes(
    mut desk: Desk<'_>,
    input: &api::GetIdentityMailFromDomainAttributesRequest,
) -> Result<api::GetIdentityMailFromDomainAttributesResponse, Error> {
    let all = each(&mut desk, &input.identities, |identity| {
        let own = identity.mail_from?;
        let behaviour = if own.rejects { "RejectMessage" } else { "UseDefaultValue" };
        Some(api::IdentityMailFromDomainAttributes {
            mail_from_domain: Some(own.domain),
            mail_from_domain_status: Some(status(own.status)),
            behavior_on_mx_failure: Some(behaviour.to_owned()),
        })
    });
    Ok(api::GetIdentityMailFromDomainAttributesResponse { mail_from_domain_attributes: Some(all.await?) })
}

pub(crate) async fn get_identity_notification_attributes(
    mut desk: Desk<'_>,
    input: &api::GetIdentityNotificationAttributesRequest,
) -> Result<api::GetIdentityNotificationAttributesResponse, Error> {
    let all = each(&mut desk, &input.identities, |identity| {
        let notice = |kind| identity.notices.get(&kind).cloned().unwrap_or_default();
        let (bounce, complaint) = (notice(Notification::Bounce), notice(Notification::Complaint));
        let delivery = notice(Notification::Delivery);
        Some(api::IdentityNotificationAttributes {
            bounce_topic: bounce.topic,
            complaint_topic: complaint.topic,
            delivery_topic: delivery.topic,
            forwarding_enabled: Some(identity.forwards_feedback),
            headers_in_bounce_notifications_enabled: Some(bounce.headers),
            headers_in_complaint_notifications_enabled: Some(complaint.headers),
            headers_in_delivery_notifications_enabled: Some(delivery.headers),
        })
    });
    Ok(api::GetIdentityNotificationAttributesResponse { notification_attributes: Some(all.await?) })
}

/// The name of an identity that may be given by its ARN. One without an account is the caller's: programs that do
/// not know the account write such (Terraform with `skip_requesting_account_id`).
fn name_of<'n>(desk: &Desk<'_>, given: &'n str) -> &'n str {
    let place = &desk.shelf.place;
    let own = given.strip_prefix("arn:aws:ses:").and_then(|rest| rest.strip_prefix(place.region.as_str()));
    let own = own.and_then(|rest| rest.strip_prefix(':')).and_then(|rest| rest.split_once(":identity/"));
    match own {
        Some((account, name)) if account.is_empty() || account == place.account.to_string() => name,
        _ => given,
    }
}

/// The identity that a setting is for.
async fn existing(desk: &mut Desk<'_>, name: &Option<String>) -> Result<Identity, Error> {
    let name = &name_of(desk, text(name)).to_owned();
    if !name.contains('@') && !is_domain(name) {
        let text = format!("Identity {name} is invalid. It must be a verified email address or domain.");
        return Err(Error::invalid(text));
    }
    let found = desk.shelf.identity(name).await?;
    found.ok_or_else(|| {
        Error::invalid(format!("Identity {name} is invalid. Must be a verified email address or domain."))
    })
}

fn kind(text: &str) -> Result<Notification, Error> {
    match text {
        "Bounce" => Ok(Notification::Bounce),
        "Complaint" => Ok(Notification::Complaint),
        "Delivery" => Ok(Notification::Delivery),
        _ => Err(Error::Constraint(
            "1 validation error detected: Value at 'notificationType' failed to satisfy constraint: Member must \
             satisfy enum value set: [Bounce, Delivery, Complaint]"
                .to_owned(),
        )),
    }
}

pub(crate) async fn set_identity_notification_topic(
    mut desk: Desk<'_>,
    input: &api::SetIdentityNotificationTopicRequest,
) -> Result<api::SetIdentityNotificationTopicResponse, Error> {
    let kind = kind(text(&input.notification_type))?;
    let mut identity = existing(&mut desk, &input.identity).await?;
    let topic = input.sns_topic.clone().filter(|topic| !topic.is_empty());
    if let Some(topic) = &topic {
        check_topic(topic)?;
    }
    identity.notice(kind).topic = topic;
    desk.shelf.put(&identity);
    Ok(api::SetIdentityNotificationTopicResponse {})
}

/// Checks the ARN of a topic.
fn check_topic(topic: &str) -> Result<(), Error> {
    let parsed: Result<tidegate_types::Arn, _> = topic.parse();
    match parsed {
        Ok(arn) if arn.service == "sns" => Ok(()),
        _ => Err(Error::invalid(format!("Invalid SNS topic <{topic}>."))),
    }
}

pub(crate) async fn set_identity_headers_in_notifications_enabled(
    mut desk: Desk<'_>,
    input: &api::SetIdentityHeadersInNotificationsEnabledRequest,
) -> Result<api::SetIdentityHeadersInNotificationsEnabledResponse, Error> {
    let kind = kind(text(&input.notification_type))?;
    let mut identity = existing(&mut desk, &input.identity).await?;
    identity.notice(kind).headers = input.enabled.unwrap_or(false);
    desk.shelf.put(&identity);
    Ok(api::SetIdentityHeadersInNotificationsEnabledResponse {})
}

pub(crate) async fn set_identity_feedback_forwarding_enabled(
    mut desk: Desk<'_>,
    input: &api::SetIdentityFeedbackForwardingEnabledRequest,
) -> Result<api::SetIdentityFeedbackForwardingEnabledResponse, Error> {
    let mut identity = existing(&mut desk, &input.identity).await?;
    let enabled = input.forwarding_enabled.unwrap_or(false);
    let has_topic = |kind| identity.notices.get(&kind).is_some_and(|notice| notice.topic.is_some());
    let told_otherwise = has_topic(Notification::Bounce) && has_topic(Notification::Complaint);
    if !enabled && !told_otherwise {
        let text = format!(
            "Identity {} does not have SNS topics for bounces and complaints, so feedback forwarding cannot be disabled.",
            identity.name
        );
        return Err(Error::invalid(text));
    }
    identity.forwards_feedback = enabled;
    desk.shelf.put(&identity);
    Ok(api::SetIdentityFeedbackForwardingEnabledResponse {})
}

pub(crate) async fn set_identity_dkim_enabled(
    mut desk: Desk<'_>,
    input: &api::SetIdentityDkimEnabledRequest,
) -> Result<api::SetIdentityDkimEnabledResponse, Error> {
    let name = &name_of(&desk, text(&input.identity)).to_owned();
    let domain = crate::domain::address::domain_of(name);
    let domain = if domain.is_empty() { name } else { domain };
    let mut identity = match desk.shelf.identity(name).await? {
        Some(identity) => identity,
        None => return Err(Error::invalid(format!("Domain {domain} is not verified for DKIM signing."))),
    };
    identity.dkim.enabled = input.dkim_enabled.unwrap_or(false);
    desk.shelf.put(&identity);
    Ok(api::SetIdentityDkimEnabledResponse {})
}

pub(crate) async fn set_identity_mail_from_domain(
    mut desk: Desk<'_>,
    input: &api::SetIdentityMailFromDomainRequest,
) -> Result<api::SetIdentityMailFromDomainResponse, Error> {
    let name = &name_of(&desk, text(&input.identity)).to_owned();
    let Some(mut identity) = desk.shelf.identity(name).await? else {
        return Err(Error::invalid(format!("Identity <{name}> does not exist.")));
    };
    let rejects = input.behavior_on_mx_failure.as_deref() == Some("RejectMessage");
    identity.mail_from = mail_from(&identity, input.mail_from_domain.as_deref(), rejects)?;
    settle(&desk, &mut identity);
    desk.shelf.put(&identity);
    Ok(api::SetIdentityMailFromDomainResponse {})
}

/// The `MAIL FROM` domain that is asked for: one below the identity's own.
pub(crate) fn mail_from(identity: &Identity, domain: Option<&str>, rejects: bool) -> Result<Option<MailFrom>, Error> {
    let Some(domain) = domain.filter(|domain| !domain.is_empty()) else { return Ok(None) };
    if !is_domain(domain) {
        return Err(Error::invalid(format!("Invalid MAIL FROM domain <{domain}>.")));
    }
    let own = identity.name.rsplit('@').next().unwrap_or_default();
    let is_below = domain.to_ascii_lowercase().strip_suffix(own).is_some_and(|below| below.ends_with('.'));
    if !is_below {
        let text =
            format!("Provided MAIL-FROM domain <{domain}> is not subdomain of the domain of the identity <{own}>.");
        return Err(Error::invalid(text));
    }
    Ok(Some(MailFrom { domain: domain.to_ascii_lowercase(), status: Status::Pending, rejects }))
}

pub(crate) async fn put_identity_policy(
    mut desk: Desk<'_>,
    input: &api::PutIdentityPolicyRequest,
) -> Result<api::PutIdentityPolicyResponse, Error> {
    let mut identity = owner(&mut desk, &input.identity).await?;
    check_policy(&identity, text(&input.policy_name), text(&input.policy))?;
    identity.policies.insert(text(&input.policy_name).to_owned(), text(&input.policy).to_owned());
    desk.shelf.put(&identity);
    Ok(api::PutIdentityPolicyResponse {})
}

/// The identity that a policy is of.
async fn owner(desk: &mut Desk<'_>, name: &Option<String>) -> Result<Identity, Error> {
    let own = name_of(desk, text(name)).to_owned();
    let found = desk.shelf.identity(&own).await?;
    found.ok_or_else(|| Error::invalid(format!("Identity does not exist: {}", text(name))))
}

pub(crate) async fn delete_identity_policy(
    mut desk: Desk<'_>,
    input: &api::DeleteIdentityPolicyRequest,
) -> Result<api::DeleteIdentityPolicyResponse, Error> {
    let mut identity = owner(&mut desk, &input.identity).await?;
    identity.policies.remove(text(&input.policy_name));
    desk.shelf.put(&identity);
    Ok(api::DeleteIdentityPolicyResponse {})
}

pub(crate) async fn list_identity_policies(
    mut desk: Desk<'_>,
    input: &api::ListIdentityPoliciesRequest,
) -> Result<api::ListIdentityPoliciesResponse, Error> {
    let identity = owner(&mut desk, &input.identity).await?;
    Ok(api::ListIdentityPoliciesResponse { policy_names: Some(identity.policies.into_keys().collect()) })
}

pub(crate) async fn get_identity_policies(
    mut desk: Desk<'_>,
    input: &api::GetIdentityPoliciesRequest,
) -> Result<api::GetIdentityPoliciesResponse, Error> {
    let mut identity = owner(&mut desk, &input.identity).await?;
    identity.policies.retain(|name, _| input.policy_names.iter().flatten().any(|wanted| wanted == name));
    Ok(api::GetIdentityPoliciesResponse { policies: Some(identity.policies) })
}
