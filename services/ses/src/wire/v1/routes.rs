use tidegate_api_ses::MODEL;
use tidegate_protocol::{Route, Router, Shape, route};

use super::{account, configuration_sets, identities, receipt, sending, templates};
use crate::desk::Operation;
use crate::service::{Run, SesV1};
use crate::wire::{COVERAGE, access, senders};

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
        ("CloneReceiptRuleSet", plain(receipt::clone_rule_set)),
        ("CreateConfigurationSet", plain(configuration_sets::create_configuration_set)),
        ("CreateConfigurationSetEventDestination", sends(configuration_sets::create_event_destination)),
        ("CreateConfigurationSetTrackingOptions", plain(configuration_sets::create_tracking_options)),
        ("CreateCustomVerificationEmailTemplate", plain(templates::create_custom_verification_email_template)),
        ("CreateReceiptFilter", plain(receipt::create_filter)),
        ("CreateReceiptRule", plain(receipt::create_rule)),
        ("CreateReceiptRuleSet", plain(receipt::create_rule_set)),
        ("CreateTemplate", plain(templates::create_template)),
        ("DeleteConfigurationSet", plain(configuration_sets::delete_configuration_set)),
        ("DeleteConfigurationSetEventDestination", plain(configuration_sets::delete_event_destination)),
        ("DeleteConfigurationSetTrackingOptions", plain(configuration_sets::delete_tracking_options)),
        ("DeleteCustomVerificationEmailTemplate", plain(templates::delete_custom_verification_email_template)),
        ("DeleteIdentity", plain(identities::delete_identity)),
        ("DeleteIdentityPolicy", plain(identities::delete_identity_policy)),
        ("DeleteReceiptFilter", plain(receipt::delete_filter)),
        ("DeleteReceiptRule", plain(receipt::delete_rule)),
        ("DeleteReceiptRuleSet", plain(receipt::delete_rule_set)),
        ("DeleteTemplate", plain(templates::delete_template)),
        ("DeleteVerifiedEmailAddress", plain(identities::delete_verified_email_address)),
        ("DescribeActiveReceiptRuleSet", plain(receipt::describe_active_rule_set)),
        ("DescribeConfigurationSet", plain(configuration_sets::describe_configuration_set)),
        ("DescribeReceiptRule", plain(receipt::describe_rule)),
        ("DescribeReceiptRuleSet", plain(receipt::describe_rule_set)),
        ("GetAccountSendingEnabled", plain(account::get_account_sending_enabled)),
        ("GetCustomVerificationEmailTemplate", plain(templates::get_custom_verification_email_template)),
        ("GetIdentityDkimAttributes", plain(identities::get_identity_dkim_attributes)),
        ("GetIdentityMailFromDomainAttributes", plain(identities::get_identity_mail_from_domain_attributes)),
        ("GetIdentityNotificationAttributes", plain(identities::get_identity_notification_attributes)),
        ("GetIdentityPolicies", plain(identities::get_identity_policies)),
        ("GetIdentityVerificationAttributes", plain(identities::get_identity_verification_attributes)),
        ("GetSendQuota", plain(account::get_send_quota)),
        ("GetSendStatistics", plain(account::get_send_statistics)),
        ("GetTemplate", plain(templates::get_template)),
        ("ListConfigurationSets", plain(configuration_sets::list_configuration_sets)),
        ("ListCustomVerificationEmailTemplates", plain(templates::list_custom_verification_email_templates)),
        ("ListIdentities", plain(identities::list_identities)),
        ("ListIdentityPolicies", plain(identities::list_identity_policies)),
        ("ListReceiptFilters", plain(receipt::list_filters)),
        ("ListReceiptRuleSets", plain(receipt::list_rule_sets)),
        ("ListTemplates", plain(templates::list_templates)),
        ("ListVerifiedEmailAddresses", plain(identities::list_verified_email_addresses)),
        ("PutConfigurationSetDeliveryOptions", plain(configuration_sets::put_delivery_options)),
        ("PutIdentityPolicy", plain(identities::put_identity_policy)),
        ("ReorderReceiptRuleSet", plain(receipt::reorder_rule_set)),
        ("SendBounce", sends(sending::send_bounce)),
        ("SendBulkTemplatedEmail", sends(sending::send_bulk_templated_email)),
        ("SendCustomVerificationEmail", sends(templates::send_custom_verification_email)),
        ("SendEmail", sends(sending::send_email)),
        ("SendRawEmail", sends(sending::send_raw_email)),
        ("SendTemplatedEmail", sends(sending::send_templated_email)),
        ("SetActiveReceiptRuleSet", plain(receipt::set_active_rule_set)),
        ("SetIdentityDkimEnabled", plain(identities::set_identity_dkim_enabled)),
        ("SetIdentityFeedbackForwardingEnabled", plain(identities::set_identity_feedback_forwarding_enabled)),
        ("SetIdentityHeadersInNotificationsEnabled", plain(identities::set_identity_headers_in_notifications_enabled)),
        ("SetIdentityMailFromDomain", plain(identities::set_identity_mail_from_domain)),
        ("SetIdentityNotificationTopic", plain(identities::set_identity_notification_topic)),
        ("SetReceiptRulePosition", plain(receipt::set_rule_position)),
        ("TestRenderTemplate", plain(templates::test_render_template)),
        ("UpdateAccountSendingEnabled", plain(account::update_account_sending_enabled)),
        ("UpdateConfigurationSetEventDestination", sends(configuration_sets::update_event_destination)),
        (
            "UpdateConfigurationSetReputationMetricsEnabled",
            plain(configuration_sets::update_reputation_metrics_enabled),
        ),
        ("UpdateConfigurationSetSendingEnabled", plain(configuration_sets::update_sending_enabled)),
        ("UpdateConfigurationSetTrackingOptions", plain(configuration_sets::update_tracking_options)),
        ("UpdateCustomVerificationEmailTemplate", plain(templates::update_custom_verification_email_template)),
        ("UpdateReceiptRule", plain(receipt::update_rule)),
        ("UpdateTemplate", plain(templates::update_template)),
        ("VerifyDomainDkim", plain(identities::verify_domain_dkim)),
        ("VerifyDomainIdentity", plain(identities::verify_domain_identity)),
        ("VerifyEmailAddress", sends(identities::verify_email_address)),
        ("VerifyEmailIdentity", sends(identities::verify_email_identity)),
    ];
    Router::new(&MODEL, COVERAGE, routes).with_accesses(access::accesses(COVERAGE, false).chain(senders::v1()))
}
