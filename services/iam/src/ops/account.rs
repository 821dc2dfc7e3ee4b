//! The account itself: its alias, its password policy, its numbers.

use std::collections::BTreeMap;

use tidegate_api_iam as api;

use super::text;
use crate::domain::{PasswordPolicy, Thing, managed_policies};
use crate::error::Error;
use crate::service::Desk;

pub(crate) fn create_account_alias(desk: &mut Desk<'_>, input: &api::CreateAccountAliasRequest) -> Result<(), Error> {
    desk.edit().account_mut().alias = Some(text(&input.account_alias).to_owned());
    Ok(())
}

pub(crate) fn delete_account_alias(desk: &mut Desk<'_>, input: &api::DeleteAccountAliasRequest) -> Result<(), Error> {
    let alias = text(&input.account_alias);
    if desk.state.account().alias.as_deref() != Some(alias) {
        return Err(Error::NoSuch(Thing::Alias, alias.to_owned()));
    }
    desk.edit().account_mut().alias = None;
    Ok(())
}

pub(crate) fn list_account_aliases(
    desk: &Desk<'_>,
    _: &api::ListAccountAliasesRequest,
) -> Result<api::ListAccountAliasesResponse, Error> {
    let aliases = desk.state.account().alias.into_iter().collect();
    Ok(api::ListAccountAliasesResponse { account_aliases: Some(aliases), is_truncated: Some(false), marker: None })
}

pub(crate) fn update_account_password_policy(
    desk: &mut Desk<'_>,
    input: &api::UpdateAccountPasswordPolicyRequest,
) -> Result<(), Error> {
    let number = |value: Option<i32>| value.filter(|value| *value > 0).map(i32::unsigned_abs);
    desk.edit().account_mut().password_policy = Some(PasswordPolicy {
        minimum_length: number(input.minimum_password_length).unwrap_or(PasswordPolicy::DEFAULT.minimum_length),
        symbols: input.require_symbols.unwrap_or(false),
        numbers: input.require_numbers.unwrap_or(false),
        uppercase: input.require_uppercase_characters.unwrap_or(false),
        lowercase: input.require_lowercase_characters.unwrap_or(false),
        users_may_change: input.allow_users_to_change_password.unwrap_or(false),
        max_age_days: number(input.max_password_age),
        reuse_prevention: number(input.password_reuse_prevention),
        hard_expiry: input.hard_expiry,
    });
    Ok(())
}

pub(crate) fn get_account_password_policy(
    desk: &Desk<'_>,
    _: &(),
) -> Result<api::GetAccountPasswordPolicyResponse, Error> {
    let policy = desk.state.account().password_policy;
    let policy = policy.ok_or_else(|| Error::NoSuch(Thing::PasswordPolicy, desk.account.to_string()))?;
    let number = |value: u32| i32::try_from(value).unwrap_or(i32::MAX);
    Ok(api::GetAccountPasswordPolicyResponse {
        password_policy: Some(api::PasswordPolicy {
            minimum_password_length: Some(number(policy.minimum_length)),
            require_symbols: Some(policy.symbols),
            require_numbers: Some(policy.numbers),
            require_uppercase_characters: Some(policy.uppercase),
            require_lowercase_characters: Some(policy.lowercase),
            allow_users_to_change_password: Some(policy.users_may_change),
            expire_passwords: Some(policy.max_age_days.is_some()),
            max_password_age: policy.max_age_days.map(number),
            password_reuse_prevention: policy.reuse_prevention.map(number),
            hard_expiry: policy.hard_expiry,
        }),
    })
}

pub(crate) fn delete_account_password_policy(desk: &mut Desk<'_>, _: &()) -> Result<(), Error> {
    let policy = desk.edit().account_mut().password_policy.take();
    policy.map(drop).ok_or_else(|| Error::NoSuch(Thing::PasswordPolicy, desk.account.to_string()))
}

/// The counts are of this account; the quotas are those that are enforced here.
pub(crate) fn get_account_summary(desk: &Desk<'_>, _: &()) -> Result<api::GetAccountSummaryResponse, Error> {
    let state = &desk.state;
    let versions: usize = state.policies.all().map(|(_, policy)| policy.versions.len()).sum();
    let counts = [
        ("Users", state.users.len()),
        ("UsersQuota", 5000),
        ("Groups", state.groups.len()),
        ("GroupsQuota", 300),
        ("Roles", state.roles.len()),
        ("RolesQuota", 1000),
        ("Policies", state.policies.len()),
        ("PoliciesQuota", 1500),
        ("PolicyVersionsInUse", versions + managed_policies().len()),
        ("PolicyVersionsInUseQuota", 10_000),
        ("PolicySizeQuota", 6144),
        ("VersionsPerPolicyQuota", 5),
        ("InstanceProfiles", state.profiles.len()),
        ("InstanceProfilesQuota", 1000),
        ("Providers", state.oidc.len() + state.saml.len()),
        ("ServerCertificates", state.certificates.len()),
        ("ServerCertificatesQuota", 20),
        ("MFADevices", state.devices.len()),
        ("MFADevicesInUse", state.devices.all().filter(|(_, device)| device.owner.is_some()).count()),
        ("AccountMFAEnabled", 0),
        ("AccountAccessKeysPresent", 0),
        ("AccountPasswordPresent", 0),
        ("AccountSigningCertificatesPresent", 0),
        ("AccessKeysPerUserQuota", 2),
        ("GroupsPerUserQuota", 10),
        ("AttachedPoliciesPerUserQuota", 10),
        ("AttachedPoliciesPerGroupQuota", 10),
        ("AttachedPoliciesPerRoleQuota", 10),
        ("UserPolicySizeQuota", 2048),
        ("GroupPolicySizeQuota", 5120),
        ("RolePolicySizeQuota", 10_240),
        ("AssumeRolePolicySizeQuota", 2048),
        ("SigningCertificatesPerUserQuota", 2),
        ("GlobalEndpointTokenVersion", 1),
    ];
    let counts = counts.into_iter().map(|(name, count)| (name.to_owned(), i32::try_from(count).unwrap_or(i32::MAX)));
    Ok(api::GetAccountSummaryResponse { summary_map: Some(counts.collect::<BTreeMap<_, _>>()) })
}
