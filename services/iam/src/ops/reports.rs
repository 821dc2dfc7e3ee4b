//! The account as a whole: the credential report, and everything about everybody.

use bytes::Bytes;
use tidegate_api_iam as api;
use tidegate_types::Timestamp;

use super::{devices, policies};
use crate::domain::{Grants, Group, InstanceProfile, Policy, Role, User, managed_policies, name_key};
use crate::error::Error;
use crate::service::Desk;
use crate::wire::{Listing, encoded, shown};

/// How long a credential report is good for.
const REPORT_MS: u64 = 4 * 3600 * 1000;

const COLUMNS: &str = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,\
                       password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,\
                       access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,\
                       access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,\
                       access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,\
                       cert_1_last_rotated,cert_2_active,cert_2_last_rotated";

fn is_fresh(desk: &Desk<'_>, at: Timestamp) -> bool {
    desk.now < at.plus_millis(REPORT_MS)
}

/// The report is there when this answers. AWS says of the first call that it started, so this does too.
pub(crate) fn generate_credential_report(
    desk: &mut Desk<'_>,
    _: &(),
) -> Result<api::GenerateCredentialReportResponse, Error> {
    let fresh = desk.state.account().report.is_some_and(|(at, _)| is_fresh(desk, at));
    if fresh {
        return Ok(api::GenerateCredentialReportResponse { state: Some("COMPLETE".to_owned()), description: None });
    }
    let report = (desk.now, credential_report(desk));
    desk.edit().account_mut().report = Some(report);
    Ok(api::GenerateCredentialReportResponse {
        state: Some("STARTED".to_owned()),
        description: Some("No report exists. Starting a new report generation task".to_owned()),
    })
}

pub(crate) fn get_credential_report(desk: &Desk<'_>, _: &()) -> Result<api::GetCredentialReportResponse, Error> {
    let (at, report) = desk.state.account().report.ok_or(Error::NoReport)?;
    if !is_fresh(desk, at) {
        return Err(Error::ReportExpired);
    }
    Ok(api::GetCredentialReportResponse {
        content: Some(Bytes::from(report)),
        report_format: Some("text/csv".to_owned()),
        generated_time: Some(at),
    })
}

fn credential_report(desk: &Desk<'_>) -> String {
    let root = format!("<root_account>,arn:aws:iam::{}:root,{}", desk.account, iso(Timestamp::EPOCH));
    // The root has neither a password nor keys of IAM's.
    let mut lines =
        vec![COLUMNS.to_owned(), format!("{root},not_supported,N/A,not_supported,not_supported,false{}", NO_KEYS)];
    lines.extend(desk.state.users.all().map(|(_, user)| line(desk, user)));
    lines.join("\n")
}

const NO_KEYS: &str = ",false,N/A,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A";

fn line(desk: &Desk<'_>, user: &User) -> String {
    let header = &user.header;
    let mut fields = vec![header.name.clone(), header.arn(desk.account, "user"), iso(header.created_at)];
    let unknown = || "N/A".to_owned();
    match &user.login {
        Some(login) => {
            let rotation = desk.state.account().password_policy.and_then(|policy| policy.max_age_days);
            let next = rotation.map(|days| iso(login.created_at.plus_millis(u64::from(days) * 24 * 3600 * 1000)));
            let changed = iso(login.created_at);
            fields.extend(["true".to_owned(), "no_information".to_owned(), changed, next.unwrap_or_else(unknown)]);
        }
        None => fields.extend(["false".to_owned(), unknown(), unknown(), unknown()]),
    }
    fields.push(devices::of(desk, &header.name).next().is_some().to_string());
    for index in 0..2 {
        let Some(key) = user.keys.get(index) else {
            fields.extend(["false".to_owned(), unknown(), unknown(), unknown(), unknown()]);
            continue;
        };
        fields.extend([key.active.to_string(), iso(key.created_at)]);
        match desk.uses.of_key(&key.id) {
            Some(used) => fields.extend([iso(used.at), used.region, used.service]),
            None => fields.extend([unknown(), unknown(), unknown()]),
        }
    }
    for index in 0..2 {
        let certificate = user.certificates.get(index);
        fields.push(certificate.is_some_and(|certificate| certificate.active).to_string());
        fields.push(certificate.map_or_else(unknown, |certificate| iso(certificate.created_at)));
    }
    fields.join(",")
}

fn iso(time: Timestamp) -> String {
    let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    let text = jiff::Timestamp::from_second(seconds).map(|time| time.to_string()).unwrap_or_default();
    text.replace('Z', "+00:00")
}

/// An entity of the account, in the order in which they are listed.
enum Detail<'a> {
    User(&'a User),
    Group(&'a Group),
    Role(&'a Role),
    Own(&'a Policy),
    Aws(&'a str),
}

pub(crate) fn get_account_authorization_details(
    desk: &Desk<'_>,
    input: &api::GetAccountAuthorizationDetailsRequest,
) -> Result<api::GetAccountAuthorizationDetailsResponse, Error> {
    let wanted = |kind: &str| {
        let filter = input.filter.as_deref().unwrap_or_default();
        filter.is_empty() || filter.iter().any(|wanted| wanted == kind)
    };
    let state = &desk.state;
    let mut all: Vec<(String, Detail<'_>)> = Vec::new();
    if wanted("User") {
        all.extend(state.users.all().map(|(name, user)| (format!("1{name}"), Detail::User(user))));
    }
    if wanted("Group") {
        all.extend(state.groups.all().map(|(name, group)| (format!("2{name}"), Detail::Group(group))));
    }
    if wanted("Role") {
        all.extend(state.roles.all().map(|(name, role)| (format!("3{name}"), Detail::Role(role))));
    }
    if wanted("LocalManagedPolicy") {
        all.extend(state.policies.all().map(|(name, policy)| (format!("4{name}"), Detail::Own(policy))));
    }
    if wanted("AWSManagedPolicy") {
        // Only those that somebody has.
        let used = managed_policies().keys().filter(|arn| policies::usage(desk, arn) != (0, 0));
        all.extend(used.map(|arn| (format!("5{arn}"), Detail::Aws(arn))));
    }
    let page = Listing::new(input.max_items, &input.marker)?.page(all, |(key, _)| key.clone(), |(_, detail)| detail);
    let mut answer = api::GetAccountAuthorizationDetailsResponse {
        user_detail_list: Some(Vec::new()),
        group_detail_list: Some(Vec::new()),
        role_detail_list: Some(Vec::new()),
        policies: Some(Vec::new()),
        is_truncated: Some(page.marker.is_some()),
        marker: page.marker,
    };
    for detail in page.items {
        match detail {
            Detail::User(one) => answer.user_detail_list.get_or_insert_default().push(user(desk, one)),
            Detail::Group(one) => answer.group_detail_list.get_or_insert_default().push(group(desk, one)),
            Detail::Role(one) => answer.role_detail_list.get_or_insert_default().push(role(desk, one)),
            Detail::Own(one) => answer.policies.get_or_insert_default().push(own_policy(desk, one)),
            Detail::Aws(arn) => answer.policies.get_or_insert_default().extend(aws_policy(desk, arn)),
        }
    }
    Ok(answer)
}

fn inline(grants: &Grants) -> Option<Vec<api::PolicyDetail>> {
    let inline = grants.inline.iter().map(|(name, document)| api::PolicyDetail {
        policy_name: Some(name.clone()),
        policy_document: Some(encoded(document)),
    });
    Some(inline.collect())
}

fn attached(grants: &Grants) -> Option<Vec<api::AttachedPolicy>> {
    let attached = grants.attached.iter().map(|arn| api::AttachedPolicy {
        policy_name: Some(policies::place(arn).1.to_owned()),
        policy_arn: Some(arn.clone()),
    });
    Some(attached.collect())
}

fn user(desk: &Desk<'_>, user: &User) -> api::UserDetail {
    let groups = user.groups.iter().filter_map(|group| desk.state.groups.find(group));
    let api::User { path, user_name, user_id, arn, create_date, permissions_boundary, .. } =
        shown::user(desk.account, user);
    api::UserDetail {
        path,
        user_name,
        user_id,
        arn,
        create_date,
        user_policy_list: inline(&user.grants),
        group_list: Some(groups.map(|group| group.header.name.clone()).collect()),
        attached_managed_policies: attached(&user.grants),
        permissions_boundary,
        tags: Some(shown::tags(&user.tags)),
    }
}

fn group(desk: &Desk<'_>, group: &Group) -> api::GroupDetail {
    let api::Group { path, group_name, group_id, arn, create_date } = shown::group(desk.account, group);
    api::GroupDetail {
        path,
        group_name,
        group_id,
        arn,
        create_date,
        group_policy_list: inline(&group.grants),
        attached_managed_policies: attached(&group.grants),
    }
}

fn role(desk: &Desk<'_>, role: &Role) -> api::RoleDetail {
    let key = name_key(&role.header.name);
    let has = |profile: &&InstanceProfile| profile.role.as_ref() == Some(&key);
    let profiles = desk.state.profiles.all().map(|(_, profile)| &**profile).filter(has);
    let api::Role {
        path, role_name, role_id, arn, create_date, assume_role_policy_document, permissions_boundary, ..
    } = shown::role(desk.account, role);
    api::RoleDetail {
        path,
        role_name,
        role_id,
        arn,
        create_date,
        assume_role_policy_document,
        instance_profile_list: Some(profiles.map(|profile| shown::profile(desk, profile)).collect()),
        role_policy_list: inline(&role.grants),
        attached_managed_policies: attached(&role.grants),
        permissions_boundary,
        tags: Some(shown::tags(&role.tags)),
        role_last_used: Some(super::roles::last_used(desk, role)),
    }
}

fn detail(policy: api::Policy, versions: Vec<api::PolicyVersion>) -> api::ManagedPolicyDetail {
    api::ManagedPolicyDetail {
        policy_name: policy.policy_name,
        policy_id: policy.policy_id,
        arn: policy.arn,
        path: policy.path,
        default_version_id: policy.default_version_id,
        attachment_count: policy.attachment_count,
        permissions_boundary_usage_count: policy.permissions_boundary_usage_count,
        is_attachable: policy.is_attachable,
        description: policy.description,
        create_date: policy.create_date,
        update_date: policy.update_date,
        policy_version_list: Some(versions),
    }
}

fn own_policy(desk: &Desk<'_>, policy: &Policy) -> api::ManagedPolicyDetail {
    let versions = policy.versions.iter().rev().map(|version| shown::version(policy, version));
    detail(shown::policy(desk, policy), versions.collect())
}

fn aws_policy(desk: &Desk<'_>, arn: &str) -> Option<api::ManagedPolicyDetail> {
    let policy = crate::domain::managed(arn)?;
    Some(detail(shown::managed_policy(desk, arn, policy), vec![shown::managed_version(policy)]))
}
