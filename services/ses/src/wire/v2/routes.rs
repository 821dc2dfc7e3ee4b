use tidegate_api_sesv2::MODEL;
use tidegate_protocol::{Route, Router, Shape, route};

use super::{account, configuration_sets, contacts, identities, imports, insights, sending, tags, templates, tenants};
use crate::desk::Operation;
use crate::service::{Run, SesV2};
use crate::wire::{V2_COVERAGE, access, senders};

/// An operation that sends nothing.
fn plain<I, O, F>(operation: F) -> Route<SesV2>
where
    I: Shape,
    O: Shape,
    F: for<'d> Operation<'d, I, O>,
{
    route(Run { operation, sends: false })
}

/// An operation that sends mail or events.
fn sends<I, O, F>(operation: F) -> Route<SesV2>
where
    I: Shape,
    O: Shape,
    F: for<'d> Operation<'d, I, O>,
{
    route(Run { operation, sends: true })
}

/// Every operation, what performs it and what it needs.
pub(crate) fn router() -> Router<SesV2> {
    let routes = vec![
        ("BatchGetMetricData", plain(insights::batch_get_metric_data)),
        ("CreateConfigurationSet", plain(configuration_sets::create_configuration_set)),
        ("CreateConfigurationSetEventDestination", sends(configuration_sets::create_event_destination)),
        ("CreateContact", plain(contacts::create_contact)),
        ("CreateContactList", plain(contacts::create_contact_list)),
        ("CreateCustomVerificationEmailTemplate", plain(templates::create_custom)),
        ("CreateDedicatedIpPool", plain(account::create_pool)),
        ("CreateEmailIdentity", sends(identities::create_email_identity)),
        ("CreateEmailIdentityPolicy", plain(identities::create_policy)),
        ("CreateEmailTemplate", plain(templates::create_email_template)),
        ("CreateImportJob", plain(imports::create_import_job)),
        ("CreateTenant", plain(tenants::create_tenant)),
        ("CreateTenantResourceAssociation", plain(tenants::create_association)),
        ("DeleteConfigurationSet", plain(configuration_sets::delete_configuration_set)),
        ("DeleteConfigurationSetEventDestination", plain(configuration_sets::delete_event_destination)),
        ("DeleteContact", plain(contacts::delete_contact)),
        ("DeleteContactList", plain(contacts::delete_contact_list)),
        ("DeleteCustomVerificationEmailTemplate", plain(templates::delete_custom)),
        ("DeleteDedicatedIpPool", plain(account::delete_pool)),
        ("DeleteEmailIdentity", plain(identities::delete_email_identity)),
        ("DeleteEmailIdentityPolicy", plain(identities::delete_policy)),
        ("DeleteEmailTemplate", plain(templates::delete_email_template)),
        ("DeleteSuppressedDestination", plain(account::delete_suppressed)),
        ("DeleteTenant", plain(tenants::delete_tenant)),
        ("DeleteTenantResourceAssociation", plain(tenants::delete_association)),
        ("GetAccount", plain(account::get_account)),
        ("GetConfigurationSet", plain(configuration_sets::get_configuration_set)),
        ("GetConfigurationSetEventDestinations", plain(configuration_sets::get_event_destinations)),
        ("GetContact", plain(contacts::get_contact)),
        ("GetContactList", plain(contacts::get_contact_list)),
        ("GetCustomVerificationEmailTemplate", plain(templates::get_custom)),
        ("GetDedicatedIp", plain(account::get_dedicated_ip)),
        ("GetDedicatedIpPool", plain(account::get_pool)),
        ("GetDedicatedIps", plain(account::get_dedicated_ips)),
        ("GetEmailIdentity", plain(identities::get_email_identity)),
        ("GetEmailIdentityPolicies", plain(identities::get_policies)),
        ("GetEmailTemplate", plain(templates::get_email_template)),
        ("GetImportJob", plain(imports::get_import_job)),
        ("GetMessageInsights", plain(insights::get_message_insights)),
        ("GetSuppressedDestination", plain(account::get_suppressed)),
        ("GetTenant", plain(tenants::get_tenant)),
        ("ListConfigurationSets", plain(configuration_sets::list_configuration_sets)),
        ("ListConfigurationSetsByPost", plain(configuration_sets::list_configuration_sets_by_post)),
        ("ListContactLists", plain(contacts::list_contact_lists)),
        ("ListContacts", plain(contacts::list_contacts)),
        ("ListCustomVerificationEmailTemplates", plain(templates::list_custom)),
        ("ListDedicatedIpPools", plain(account::list_pools)),
        ("ListEmailIdentities", plain(identities::list_email_identities)),
        ("ListEmailIdentitiesByPost", plain(identities::list_email_identities_by_post)),
        ("ListEmailTemplates", plain(templates::list_email_templates)),
        ("ListImportJobs", plain(imports::list_import_jobs)),
        ("ListResourceTenants", plain(tenants::list_resource_tenants)),
        ("ListSuppressedDestinations", plain(account::list_suppressed)),
        ("ListTagsForResource", plain(tags::list_tags_for_resource)),
        ("ListTenantResources", plain(tenants::list_tenant_resources)),
        ("ListTenants", plain(tenants::list_tenants)),
        ("PutAccountDedicatedIpWarmupAttributes", plain(account::put_warmup)),
        ("PutAccountDetails", plain(account::put_details)),
        ("PutAccountSendingAttributes", plain(account::put_sending)),
        ("PutAccountSuppressionAttributes", plain(account::put_suppression)),
        ("PutAccountVdmAttributes", plain(account::put_vdm)),
        ("PutConfigurationSetArchivingOptions", plain(configuration_sets::put_archiving)),
        ("PutConfigurationSetDeliveryOptions", plain(configuration_sets::put_delivery)),
        ("PutConfigurationSetReputationOptions", plain(configuration_sets::put_reputation)),
        ("PutConfigurationSetSendingOptions", plain(configuration_sets::put_sending)),
        ("PutConfigurationSetSuppressionOptions", plain(configuration_sets::put_suppression)),
        ("PutConfigurationSetTrackingOptions", plain(configuration_sets::put_tracking)),
        ("PutConfigurationSetVdmOptions", plain(configuration_sets::put_vdm)),
        ("PutDedicatedIpInPool", plain(account::put_dedicated_ip_in_pool)),
        ("PutDedicatedIpPoolScalingAttributes", plain(account::put_pool_scaling)),
        ("PutDedicatedIpWarmupAttributes", plain(account::put_dedicated_ip_warmup)),
        ("PutEmailIdentityConfigurationSetAttributes", plain(identities::put_configuration_set)),
        ("PutEmailIdentityDkimAttributes", plain(identities::put_dkim)),
        ("PutEmailIdentityDkimSigningAttributes", plain(identities::put_dkim_signing)),
        ("PutEmailIdentityDkimSigningAttributesAtV1", plain(identities::put_dkim_signing)),
        ("PutEmailIdentityFeedbackAttributes", plain(identities::put_feedback)),
        ("PutEmailIdentityMailFromAttributes", plain(identities::put_mail_from)),
        ("PutSuppressedDestination", plain(account::put_suppressed)),
        ("SendBulkEmail", sends(sending::send_bulk_email)),
        ("SendCustomVerificationEmail", sends(templates::send_custom)),
        ("SendEmail", sends(sending::send_email)),
        ("TagResource", plain(tags::tag_resource)),
        ("TestRenderEmailTemplate", plain(templates::test_render_email_template)),
        ("UntagResource", plain(tags::untag_resource)),
        ("UpdateConfigurationSetEventDestination", sends(configuration_sets::update_event_destination)),
        ("UpdateContact", plain(contacts::update_contact)),
        ("UpdateContactList", plain(contacts::update_contact_list)),
        ("UpdateCustomVerificationEmailTemplate", plain(templates::update_custom)),
        ("UpdateEmailIdentityPolicy", plain(identities::update_policy)),
        ("UpdateEmailTemplate", plain(templates::update_email_template)),
    ];
    Router::new(&MODEL, V2_COVERAGE, routes).with_accesses(access::accesses(V2_COVERAGE, true).chain(senders::v2()))
}
