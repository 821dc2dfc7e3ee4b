//! Identities.

use tidegate_api_sesv2 as api;
use tidegate_types::Timestamp;

use super::tags;
use crate::desk::Desk;
use crate::domain::identity::{Identity, Status, is_domain};
use crate::error::{Error, Thing};
use crate::ops::identities::{ask, begin, check_address, check_domain, check_policy, forget, settle, sign};
use crate::ops::signing::bring;
use crate::wire::paging::Paging;
use crate::wire::text;
use crate::wire::v1::mail_from;

fn status(status: Status) -> String {
    match status {
        Status::NotStarted => "NOT_STARTED",
        Status::Pending => "PENDING",
        Status::Success => "SUCCESS",
        Status::Failed => "FAILED",
    }
    .to_owned()
}

fn identity_type(identity: &Identity) -> String {
    if identity.is_address() { "EMAIL_ADDRESS" } else { "DOMAIN" }.to_owned()
}

fn dkim(identity: &Identity) -> api::DkimAttributes {
    let own = &identity.dkim;
    let key = own
        .next_key
        .clone()
        .unwrap_or_else(|| if own.tokens.is_empty() { "RSA_1024_BIT" } else { "RSA_2048_BIT" }.to_owned());
    api::DkimAttributes {
        signing_enabled: Some(own.enabled),
        status: Some(status(own.status)),
        tokens: Some(own.tokens.clone()).filter(|tokens| !tokens.is_empty()),
        signing_hosted_zone: (!own.tokens.is_empty() && !own.external).then(|| "dkim.amazonses.com".to_owned()),
        signing_attributes_origin: Some(if own.external { "EXTERNAL" } else { "AWS_SES" }.to_owned()),
        current_signing_key_length: own.key_made_at.filter(|_| !own.external).map(|_| key.clone()),
        next_signing_key_length: (!own.external).then_some(key),
        last_key_generation_timestamp: own.key_made_at.map(Timestamp::from_millis),
    }
}

/// Takes over a key that the owner brings along, or gives tokens.
fn signed_by(
    desk: &mut Desk<'_>,
    identity: &mut Identity,
    given: Option<&api::DkimSigningAttributes>,
) -> Result<(), Error> {
    let none = api::DkimSigningAttributes::default();
    let given = given.unwrap_or(&none);
    match (&given.domain_signing_selector, &given.domain_signing_private_key) {
        (Some(selector), Some(key)) => {
            bring(desk, &identity.name, selector, key)?;
            identity.dkim.external = true;
            identity.dkim.tokens = vec![selector.clone()];
            identity.dkim.enabled = true;
            identity.dkim.status = Status::Pending;
            identity.dkim.key_made_at = Some(desk.millis());
        }
        (None, None) => {
            sign(desk, identity);
            identity.dkim.next_key =
                Some(given.next_signing_key_length.clone().unwrap_or_else(|| "RSA_2048_BIT".to_owned()));
        }
        _ => return Err(Error::invalid("Both DomainSigningSelector and DomainSigningPrivateKey must be specified.")),
    }
    settle(desk, identity);
    Ok(())
}

pub(crate) async fn create_email_identity(
    mut desk: Desk<'_>,
    input: &api::CreateEmailIdentityRequest,
) -> Result<api::CreateEmailIdentityResponse, Error> {
    let name = text(&input.email_identity);
    if name.contains('@') {
        check_address(name)?
    } else {
        check_domain(name)?
    }
    if desk.shelf.identity(name).await?.is_some() {
        return Err(Error::Exists(Thing::Identity, name.to_owned()));
    }
    if let Some(set) = &input.configuration_set_name {
        desk.shelf.set(set).await?;
    }
    let mut identity = begin(&mut desk, name).await?;
    identity.tags = tags::new(&input.tags)?;
    identity.configuration_set.clone_from(&input.configuration_set_name);
    if !identity.is_address() {
        signed_by(&mut desk, &mut identity, input.dkim_signing_attributes.as_ref())?;
    }
    desk.shelf.put(&identity);
    if identity.is_address() {
        ask(&mut desk, &identity).await?;
    }
    Ok(api::CreateEmailIdentityResponse {
        identity_type: Some(identity_type(&identity)),
        verified_for_sending_status: Some(identity.is_verified()),
        dkim_attributes: Some(dkim(&identity)),
    })
}

/// The identity that a request names.
async fn existing(desk: &mut Desk<'_>, name: &Option<String>) -> Result<Identity, Error> {
    let found = desk.shelf.identity(text(name)).await?;
    found.ok_or_else(|| Error::NoSuch(Thing::Identity, text(name).to_owned()))
}

pub(crate) async fn get_email_identity(
    mut desk: Desk<'_>,
    input: &api::GetEmailIdentityRequest,
) -> Result<api::GetEmailIdentityResponse, Error> {
    let identity = existing(&mut desk, &input.email_identity).await?;
    let own = identity.mail_from.as_ref();
    let behaviour = if own.is_some_and(|own| own.rejects) { "REJECT_MESSAGE" } else { "USE_DEFAULT_VALUE" };
    let mail_from = api::MailFromAttributes {
        mail_from_domain: own.map(|own| own.domain.clone()),
        mail_from_domain_status: own.map(|own| status(own.status)),
        behavior_on_mx_failure: Some(behaviour.to_owned()),
    };
    let verified_at = identity.verified_at.map(Timestamp::from_millis);
    Ok(api::GetEmailIdentityResponse {
        identity_type: Some(identity_type(&identity)),
        feedback_forwarding_status: Some(identity.forwards_feedback),
        verified_for_sending_status: Some(identity.is_verified()),
        dkim_attributes: Some(dkim(&identity)),
        mail_from_attributes: Some(mail_from),
        tags: Some(tags::shown(&identity.tags)),
        verification_status: Some(status(identity.status)),
        verification_info: Some(api::VerificationInfo {
            last_checked_timestamp: verified_at,
            last_success_timestamp: verified_at,
            ..api::VerificationInfo::default()
        }),
        policies: Some(identity.policies),
        configuration_set_name: identity.configuration_set,
    })
}

/// As [`list_email_identities`], from where later SDKs ask for it: the page is asked for in the body.
pub(crate) async fn list_email_identities_by_post(
    desk: Desk<'_>,
    input: &api::ListTenantsRequest,
) -> Result<api::ListEmailIdentitiesResponse, Error> {
    let input = api::ListEmailIdentitiesRequest { next_token: input.next_token.clone(), page_size: input.page_size };
    list_email_identities(desk, &input).await
}

pub(crate) async fn list_email_identities(
    desk: Desk<'_>,
    input: &api::ListEmailIdentitiesRequest,
) -> Result<api::ListEmailIdentitiesResponse, Error> {
    let paging = Paging::new(&input.next_token, input.page_size.map(i64::from), 1000)?;
    let found: Vec<Identity> = desk.shelf.list("", paging.after.as_deref(), paging.reach()).await?;
    let (page, next_token) = paging.cut(found, |identity| identity.name.clone());
    let shown = page.into_iter().map(|identity| api::IdentityInfo {
        identity_type: Some(identity_type(&identity)),
        sending_enabled: Some(identity.is_verified()),
        verification_status: Some(status(identity.status)),
        identity_name: Some(identity.name),
    });
    Ok(api::ListEmailIdentitiesResponse { email_identities: Some(shown.collect()), next_token })
}

pub(crate) async fn delete_email_identity(
    mut desk: Desk<'_>,
    input: &api::DeleteEmailIdentityRequest,
) -> Result<api::DeleteEmailIdentityResponse, Error> {
    existing(&mut desk, &input.email_identity).await?;
    forget(&mut desk, text(&input.email_identity));
    Ok(api::DeleteEmailIdentityResponse {})
}

pub(crate) async fn put_configuration_set(
    mut desk: Desk<'_>,
    input: &api::PutEmailIdentityConfigurationSetAttributesRequest,
) -> Result<api::PutEmailIdentityConfigurationSetAttributesResponse, Error> {
    let mut identity = existing(&mut desk, &input.email_identity).await?;
    identity.configuration_set = match &input.configuration_set_name {
        Some(name) => Some(desk.shelf.set(name).await?.name),
        None => None,
    };
    desk.shelf.put(&identity);
    Ok(api::PutEmailIdentityConfigurationSetAttributesResponse {})
}

pub(crate) async fn put_dkim(
    mut desk: Desk<'_>,
    input: &api::PutEmailIdentityDkimAttributesRequest,
) -> Result<api::PutEmailIdentityDkimAttributesResponse, Error> {
    let name = text(&input.email_identity);
    let Some(mut identity) = desk.shelf.identity(name).await? else {
        let domain = name.rsplit('@').next().unwrap_or_default();
        // An address is signed by its domain: nothing of its own changes.
        if name.contains('@') && desk.shelf.identity(domain).await?.is_some() {
            return Ok(api::PutEmailIdentityDkimAttributesResponse {});
        }
        return Err(Error::invalid(format!("Domain {domain} is not verified for DKIM signing.")));
    };
    identity.dkim.enabled = input.signing_enabled.unwrap_or(false);
    desk.shelf.put(&identity);
    Ok(api::PutEmailIdentityDkimAttributesResponse {})
}

pub(crate) async fn put_dkim_signing(
    mut desk: Desk<'_>,
    input: &api::PutEmailIdentityDkimSigningAttributesRequest,
) -> Result<api::PutEmailIdentityDkimSigningAttributesResponse, Error> {
    let mut identity = existing(&mut desk, &input.email_identity).await?;
    if !is_domain(&identity.name) {
        return Err(Error::invalid("The EmailIdentity value must be a valid domain."));
    }
    let brings = input.signing_attributes.as_ref().is_some_and(|own| own.domain_signing_private_key.is_some());
    match (text(&input.signing_attributes_origin), brings) {
        ("EXTERNAL", true) | ("AWS_SES", false) => {}
        ("EXTERNAL", false) => {
            let text = "EXTERNAL origin requires DomainSigningSelector and DomainSigningPrivateKey.";
            return Err(Error::invalid(text));
        }
        _ => return Err(Error::invalid("SigningAttributesOrigin must be AWS_SES or EXTERNAL.")),
    }
    signed_by(&mut desk, &mut identity, input.signing_attributes.as_ref())?;
    desk.shelf.put(&identity);
    Ok(api::PutEmailIdentityDkimSigningAttributesResponse {
        dkim_status: Some(status(identity.dkim.status)),
        dkim_tokens: Some(identity.dkim.tokens),
        signing_hosted_zone: (!identity.dkim.external).then(|| "dkim.amazonses.com".to_owned()),
    })
}

pub(crate) async fn put_feedback(
    mut desk: Desk<'_>,
    input: &api::PutEmailIdentityFeedbackAttributesRequest,
) -> Result<api::PutEmailIdentityFeedbackAttributesResponse, Error> {
    let mut identity = existing(&mut desk, &input.email_identity).await?;
    identity.forwards_feedback = input.email_forwarding_enabled.unwrap_or(false);
    desk.shelf.put(&identity);
    Ok(api::PutEmailIdentityFeedbackAttributesResponse {})
}

pub(crate) async fn put_mail_from(
    mut desk: Desk<'_>,
    input: &api::PutEmailIdentityMailFromAttributesRequest,
) -> Result<api::PutEmailIdentityMailFromAttributesResponse, Error> {
    let mut identity = existing(&mut desk, &input.email_identity).await?;
    let rejects = input.behavior_on_mx_failure.as_deref() == Some("REJECT_MESSAGE");
    identity.mail_from = mail_from(&identity, input.mail_from_domain.as_deref(), rejects)?;
    settle(&desk, &mut identity);
    desk.shelf.put(&identity);
    Ok(api::PutEmailIdentityMailFromAttributesResponse {})
}

pub(crate) async fn create_policy(
    mut desk: Desk<'_>,
    input: &api::CreateEmailIdentityPolicyRequest,
) -> Result<api::CreateEmailIdentityPolicyResponse, Error> {
    let mut identity = existing(&mut desk, &input.email_identity).await?;
    let (name, policy) = (text(&input.policy_name), text(&input.policy));
    if identity.policies.contains_key(name) {
        return Err(Error::Exists(Thing::Policy, name.to_owned()));
    }
    check_policy(&identity, name, policy)?;
    identity.policies.insert(name.to_owned(), policy.to_owned());
    desk.shelf.put(&identity);
    Ok(api::CreateEmailIdentityPolicyResponse {})
}

pub(crate) async fn update_policy(
    mut desk: Desk<'_>,
    input: &api::UpdateEmailIdentityPolicyRequest,
) -> Result<api::UpdateEmailIdentityPolicyResponse, Error> {
    let mut identity = existing(&mut desk, &input.email_identity).await?;
    let (name, policy) = (text(&input.policy_name), text(&input.policy));
    if !identity.policies.contains_key(name) {
        return Err(Error::NoSuch(Thing::Policy, name.to_owned()));
    }
    check_policy(&identity, name, policy)?;
    identity.policies.insert(name.to_owned(), policy.to_owned());
    desk.shelf.put(&identity);
    Ok(api::UpdateEmailIdentityPolicyResponse {})
}

pub(crate) async fn delete_policy(
    mut desk: Desk<'_>,
    input: &api::DeleteEmailIdentityPolicyRequest,
) -> Result<api::DeleteEmailIdentityPolicyResponse, Error> {
    let mut identity = existing(&mut desk, &input.email_identity).await?;
    identity.policies.remove(text(&input.policy_name));
    desk.shelf.put(&identity);
    Ok(api::DeleteEmailIdentityPolicyResponse {})
}

pub(crate) async fn get_policies(
    mut desk: Desk<'_>,
    input: &api::GetEmailIdentityPoliciesRequest,
) -> Result<api::GetEmailIdentityPoliciesResponse, Error> {
    let identity = existing(&mut desk, &input.email_identity).await?;
    Ok(api::GetEmailIdentityPoliciesResponse { policies: Some(identity.policies) })
}
