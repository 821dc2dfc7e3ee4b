use tidegate_api_iam::MODEL;
use tidegate_protocol::{Access, Route, Router, Shape, needs, route};

use super::COVERAGE;
use super::access;
use crate::error::Error;
use crate::ops::{
    account, certificates, credentials, devices, grants, groups, keys, last_accessed, policies, profiles, providers,
    reports, roles, service_access, simulation, tags, users,
};
use crate::service::{Edit, Editing, Iam, Look, Looking};

struct Row {
    name: &'static str,
    route: Route<Iam>,
    access: Access<Iam>,
}

fn entry<I: Shape>() -> Access<Iam> {
    needs(|iam: &Iam, call, input: &I| Ok::<_, Error>(access::needs(iam, call, input)))
}

/// An operation that looks.
fn look<I: Shape, O: Shape>(name: &'static str, run: Look<I, O>) -> Row {
    Row { name, route: route(Looking(run)), access: entry::<I>() }
}

/// An operation that changes something.
fn edit<I: Shape, O: Shape>(name: &'static str, run: Edit<I, O>) -> Row {
    Row { name, route: route(Editing(run)), access: entry::<I>() }
}

/// Every operation, what performs it and what it needs.
pub(crate) fn router() -> Router<Iam> {
    let (mut routes, mut accesses) = (Vec::new(), Vec::new());
    for Row { name, route, access } in rows() {
        routes.push((name, route));
        accesses.push((name, access));
    }
    Router::new(&MODEL, COVERAGE, routes).with_accesses(accesses)
}

fn rows() -> Vec<Row> {
    vec![
        edit("AddClientIDToOpenIDConnectProvider", providers::add_client_id),
        edit("AddRoleToInstanceProfile", profiles::add_role_to_instance_profile),
        edit("AddUserToGroup", users::add_user_to_group),
        edit("AttachGroupPolicy", grants::attach_group_policy),
        edit("AttachRolePolicy", grants::attach_role_policy),
        edit("AttachUserPolicy", grants::attach_user_policy),
        edit("ChangePassword", users::change_password),
        edit("CreateAccessKey", keys::create_access_key),
        edit("CreateAccountAlias", account::create_account_alias),
        edit("CreateGroup", groups::create_group),
        edit("CreateInstanceProfile", profiles::create_instance_profile),
        edit("CreateLoginProfile", users::create_login_profile),
        edit("CreateOpenIDConnectProvider", providers::create_oidc_provider),
        edit("CreatePolicy", policies::create_policy),
        edit("CreatePolicyVersion", policies::create_policy_version),
        edit("CreateRole", roles::create_role),
        edit("CreateSAMLProvider", providers::create_saml_provider),
        edit("CreateServiceLinkedRole", roles::create_service_linked_role),
        edit("CreateServiceSpecificCredential", credentials::create_service_specific_credential),
        edit("CreateUser", users::create_user),
        edit("CreateVirtualMFADevice", devices::create_virtual_mfa_device),
        edit("DeactivateMFADevice", devices::deactivate_mfa_device),
        edit("DeleteAccessKey", keys::delete_access_key),
        edit("DeleteAccountAlias", account::delete_account_alias),
        edit("DeleteAccountPasswordPolicy", account::delete_account_password_policy),
        edit("DeleteGroup", groups::delete_group),
        edit("DeleteGroupPolicy", grants::delete_group_policy),
        edit("DeleteInstanceProfile", profiles::delete_instance_profile),
        edit("DeleteLoginProfile", users::delete_login_profile),
        edit("DeleteOpenIDConnectProvider", providers::delete_oidc_provider),
        edit("DeletePolicy", policies::delete_policy),
        edit("DeletePolicyVersion", policies::delete_policy_version),
        edit("DeleteRole", roles::delete_role),
        edit("DeleteRolePermissionsBoundary", roles::delete_role_boundary),
        edit("DeleteRolePolicy", grants::delete_role_policy),
        edit("DeleteSAMLProvider", providers::delete_saml_provider),
        edit("DeleteSSHPublicKey", credentials::delete_ssh_public_key),
        edit("DeleteServerCertificate", certificates::delete_server_certificate),
        edit("DeleteServiceLinkedRole", roles::delete_service_linked_role),
        edit("DeleteServiceSpecificCredential", credentials::delete_service_specific_credential),
        edit("DeleteSigningCertificate", credentials::delete_signing_certificate),
        edit("DeleteUser", users::delete_user),
        edit("DeleteUserPermissionsBoundary", users::delete_user_boundary),
        edit("DeleteUserPolicy", grants::delete_user_policy),
        edit("DeleteVirtualMFADevice", devices::delete_virtual_mfa_device),
        edit("DetachGroupPolicy", grants::detach_group_policy),
        edit("DetachRolePolicy", grants::detach_role_policy),
        edit("DetachUserPolicy", grants::detach_user_policy),
        edit("EnableMFADevice", devices::enable_mfa_device),
        edit("GenerateCredentialReport", reports::generate_credential_report),
        look("GetAccessKeyLastUsed", keys::get_access_key_last_used),
        look("GetAccountAuthorizationDetails", reports::get_account_authorization_details),
        look("GetAccountPasswordPolicy", account::get_account_password_policy),
        look("GetAccountSummary", account::get_account_summary),
        look("GetContextKeysForCustomPolicy", simulation::get_context_keys_for_custom_policy),
        look("GetContextKeysForPrincipalPolicy", simulation::get_context_keys_for_principal_policy),
        look("GetCredentialReport", reports::get_credential_report),
        look("GetGroup", groups::get_group),
        look("GetGroupPolicy", grants::get_group_policy),
        look("GetInstanceProfile", profiles::get_instance_profile),
        look("GetLoginProfile", users::get_login_profile),
        look("GetMFADevice", devices::get_mfa_device),
        look("GetOpenIDConnectProvider", providers::get_oidc_provider),
        look("GetPolicy", policies::get_policy),
        look("GetPolicyVersion", policies::get_policy_version),
        look("GetRole", roles::get_role),
        look("GetRolePolicy", grants::get_role_policy),
        look("GetSAMLProvider", providers::get_saml_provider),
        look("GetSSHPublicKey", credentials::get_ssh_public_key),
        look("GetServerCertificate", certificates::get_server_certificate),
        look("GetServiceLinkedRoleDeletionStatus", roles::get_service_linked_role_deletion_status),
        edit("GenerateServiceLastAccessedDetails", last_accessed::generate_service_last_accessed_details),
        look("GetServiceLastAccessedDetails", last_accessed::get_service_last_accessed_details),
        look(
            "GetServiceLastAccessedDetailsWithEntities",
            last_accessed::get_service_last_accessed_details_with_entities,
        ),
        look("GetUser", users::get_user),
        look("GetUserPolicy", grants::get_user_policy),
        look("ListAccessKeys", keys::list_access_keys),
        look("ListAccountAliases", account::list_account_aliases),
        look("ListAttachedGroupPolicies", grants::list_attached_group_policies),
        look("ListAttachedRolePolicies", grants::list_attached_role_policies),
        look("ListAttachedUserPolicies", grants::list_attached_user_policies),
        look("ListEntitiesForPolicy", policies::list_entities_for_policy),
        look("ListGroupPolicies", grants::list_group_policies),
        look("ListGroups", groups::list_groups),
        look("ListGroupsForUser", users::list_groups_for_user),
        look("ListInstanceProfileTags", tags::list_instance_profile_tags),
        look("ListInstanceProfiles", profiles::list_instance_profiles),
        look("ListInstanceProfilesForRole", profiles::list_instance_profiles_for_role),
        look("ListMFADeviceTags", devices::list_mfa_device_tags),
        look("ListMFADevices", devices::list_mfa_devices),
        look("ListOpenIDConnectProviderTags", providers::list_oidc_provider_tags),
        look("ListOpenIDConnectProviders", providers::list_oidc_providers),
        look("ListPolicies", policies::list_policies),
        look("ListPoliciesGrantingServiceAccess", service_access::list_policies_granting_service_access),
        look("ListPolicyTags", tags::list_policy_tags),
        look("ListPolicyVersions", policies::list_policy_versions),
        look("ListRolePolicies", grants::list_role_policies),
        look("ListRoleTags", tags::list_role_tags),
        look("ListRoles", roles::list_roles),
        look("ListSAMLProviderTags", providers::list_saml_provider_tags),
        look("ListSAMLProviders", providers::list_saml_providers),
        look("ListSSHPublicKeys", credentials::list_ssh_public_keys),
        look("ListServerCertificateTags", certificates::list_server_certificate_tags),
        look("ListServerCertificates", certificates::list_server_certificates),
        look("ListServiceSpecificCredentials", credentials::list_service_specific_credentials),
        look("ListSigningCertificates", credentials::list_signing_certificates),
        look("ListUserPolicies", grants::list_user_policies),
        look("ListUserTags", tags::list_user_tags),
        look("ListUsers", users::list_users),
        look("ListVirtualMFADevices", devices::list_virtual_mfa_devices),
        edit("PutGroupPolicy", grants::put_group_policy),
        edit("PutRolePermissionsBoundary", roles::put_role_boundary),
        edit("PutRolePolicy", grants::put_role_policy),
        edit("PutUserPermissionsBoundary", users::put_user_boundary),
        edit("PutUserPolicy", grants::put_user_policy),
        edit("RemoveClientIDFromOpenIDConnectProvider", providers::remove_client_id),
        edit("RemoveRoleFromInstanceProfile", profiles::remove_role_from_instance_profile),
        edit("RemoveUserFromGroup", users::remove_user_from_group),
        edit("ResetServiceSpecificCredential", credentials::reset_service_specific_credential),
        look("ResyncMFADevice", devices::resync_mfa_device),
        edit("SetDefaultPolicyVersion", policies::set_default_policy_version),
        look("SimulateCustomPolicy", simulation::simulate_custom_policy),
        look("SimulatePrincipalPolicy", simulation::simulate_principal_policy),
        edit("TagInstanceProfile", tags::tag_instance_profile),
        edit("TagMFADevice", devices::tag_mfa_device),
        edit("TagOpenIDConnectProvider", providers::tag_oidc_provider),
        edit("TagPolicy", tags::tag_policy),
        edit("TagRole", tags::tag_role),
        edit("TagSAMLProvider", providers::tag_saml_provider),
        edit("TagServerCertificate", certificates::tag_server_certificate),
        edit("TagUser", tags::tag_user),
        edit("UntagInstanceProfile", tags::untag_instance_profile),
        edit("UntagMFADevice", devices::untag_mfa_device),
        edit("UntagOpenIDConnectProvider", providers::untag_oidc_provider),
        edit("UntagPolicy", tags::untag_policy),
        edit("UntagRole", tags::untag_role),
        edit("UntagSAMLProvider", providers::untag_saml_provider),
        edit("UntagServerCertificate", certificates::untag_server_certificate),
        edit("UntagUser", tags::untag_user),
        edit("UpdateAccessKey", keys::update_access_key),
        edit("UpdateAccountPasswordPolicy", account::update_account_password_policy),
        edit("UpdateAssumeRolePolicy", roles::update_assume_role_policy),
        edit("UpdateGroup", groups::update_group),
        edit("UpdateLoginProfile", users::update_login_profile),
        edit("UpdateOpenIDConnectProviderThumbprint", providers::update_thumbprints),
        edit("UpdateRole", roles::update_role),
        edit("UpdateRoleDescription", roles::update_role_description),
        edit("UpdateSAMLProvider", providers::update_saml_provider),
        edit("UpdateSSHPublicKey", credentials::update_ssh_public_key),
        edit("UpdateServerCertificate", certificates::update_server_certificate),
        edit("UpdateServiceSpecificCredential", credentials::update_service_specific_credential),
        edit("UpdateSigningCertificate", credentials::update_signing_certificate),
        edit("UpdateUser", users::update_user),
        edit("UploadSSHPublicKey", credentials::upload_ssh_public_key),
        edit("UploadServerCertificate", certificates::upload_server_certificate),
        edit("UploadSigningCertificate", credentials::upload_signing_certificate),
    ]
}
