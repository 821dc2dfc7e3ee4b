use tidegate_api_ses::MODEL;
use tidegate_protocol::{Route, Router, Shape, route};

use super::{account, identities, sending};
use crate::desk::Operation;
use crate::service::{Run, SesV1};
use crate::wire::{COVERAGE, access};

/// An operation that sends nothing.
fn plain<I, O, F>(operation: F) -> Route<SesV1>
where
    I: Shape,
    O: Shape,
    F: for<'d> Operation<'d, I, O>,
{
    route(Run { operation, sends: false })
}

/// An operation that sends mail or events.
fn sends<I, O, F>(operation: F) -> Route<SesV1>
where
    I: Shape,
    O: Shape,
    F: for<'d> Operation<'d, I, O>,
{
    route(Run { operation, sends: true })
}

/// Every operation, what performs it and what it needs.
pub(crate) fn router() -> Router<SesV1> {
    let routes = vec![
        ("DeleteIdentity", plain(identities::delete_identity)),
        ("DeleteIdentityPolicy", plain(identities::delete_identity_policy)),
        ("DeleteVerifiedEmailAddress", plain(identities::delete_verified_email_address)),
        ("GetAccountSendingEnabled", plain(account::get_account_sending_enabled)),
        ("GetIdentityDkimAttributes", plain(identities::get_identity_dkim_attributes)),
        ("GetIdentityMailFromDomainAttributes", plain(identities::get_identity_mail_from_domain_attributes)),
        ("GetIdentityNotificationAttributes", plain(identities::get_identity_notification_attributes)),
        ("GetIdentityPolicies", plain(identities::get_identity_policies)),
        ("GetIdentityVerificationAttributes", plain(identities::get_identity_verification_attributes)),
        ("GetSendQuota", plain(account::get_send_quota)),
        ("GetSendStatistics", plain(account::get_send_statistics)),
        ("ListIdentities", plain(identities::list_identities)),
        ("ListIdentityPolicies", plain(identities::list_identity_policies)),
        ("ListVerifiedEmailAddresses", plain(identities::list_verified_email_addresses)),
        ("PutIdentityPolicy", plain(identities::put_identity_policy)),
        ("SendEmail", sends(sending::send_email)),
        ("SendRawEmail", sends(sending::send_raw_email)),
        ("SetIdentityDkimEnabled", plain(identities::set_identity_dkim_enabled)),
        ("SetIdentityFeedbackForwardingEnabled", plain(identities::set_identity_feedback_forwarding_enabled)),
        ("SetIdentityHeadersInNotificationsEnabled", plain(identities::set_identity_headers_in_notifications_enabled)),
        ("SetIdentityMailFromDomain", plain(identities::set_identity_mail_from_domain)),
        ("SetIdentityNotificationTopic", plain(identities::set_identity_notification_topic)),
        ("UpdateAccountSendingEnabled", plain(account::update_account_sending_enabled)),
        ("VerifyDomainDkim", plain(identities::verify_domain_dkim)),
        ("VerifyDomainIdentity", plain(identities::verify_domain_identity)),
        ("VerifyEmailAddress", sends(identities::verify_email_address)),
        ("VerifyEmailIdentity", sends(identities::verify_email_identity)),
    ];
    Router::new(&MODEL, COVERAGE, routes).with_accesses(access::accesses(COVERAGE, false))
}
