//! Roles, those of services included.

use tidegate_api_iam as api;

use super::{boundary, header, new_tags, quota, text, trust};
use crate::domain::{Grants, Header, Role, Thing, name_key};
use crate::error::{Error, Holding, ValueFault};
use crate::service::Desk;
use crate::wire::{Listing, shown};

/// The longest session where nothing else is said.
const DEFAULT_SESSION_SECONDS: u32 = 3600;

pub(crate) fn create_role(
    desk: &mut Desk<'_>,
    input: &api::CreateRoleRequest,
) -> Result<api::CreateRoleResponse, Error> {
    quota("RolesPerAccount", desk.state.roles.len() + 1, 1000)?;
    let name = text(&input.role_name);
    if desk.state.roles.find(name).is_some() {
        return Err(Error::Exists(Thing::Role, name.to_owned()));
    }
    let boundary = input.permissions_boundary.as_deref().map(|arn| boundary(desk, arn)).transpose()?;
    let role = Role {
        header: header(desk, &input.role_name, &input.path, "AROA")?,
        grants: Grants { boundary, ..Grants::default() },
        tags: new_tags(&input.tags)?,
        trust: trust(desk, text(&input.assume_role_policy_document))?,
        description: input.description.clone(),
        max_session_seconds: input.max_session_duration.map_or(DEFAULT_SESSION_SECONDS, i32::unsigned_abs),
        linked_service: None,
    };
    let answer = shown::role(desk.account, &role);
    desk.edit().roles.add(role)?;
    Ok(api::CreateRoleResponse { role: Some(answer) })
}

pub(crate) fn get_role(desk: &Desk<'_>, input: &api::GetRoleRequest) -> Result<api::GetRoleResponse, Error> {
    let role = desk.state.roles.get(text(&input.role_name))?;
    let role = api::Role { role_last_used: Some(last_used(desk, role)), ..shown::role(desk.account, role) };
    Ok(api::GetRoleResponse { role: Some(role) })
}

/// Empty if no session of it was ever used.
pub(super) fn last_used(desk: &Desk<'_>, role: &Role) -> api::RoleLastUsed {
    let last = desk.uses.of_role(&role.header.id);
    api::RoleLastUsed { last_used_date: last.as_ref().map(|last| last.at), region: last.map(|last| last.region) }
}

pub(crate) fn list_roles(desk: &Desk<'_>, input: &api::ListRolesRequest) -> Result<api::ListRolesResponse, Error> {
    let roles = desk.state.roles.all().filter(|(_, role)| shown::within(&role.header, &input.path_prefix));
    let page = Listing::new(input.max_items, &input.marker)?.page(
        roles,
        |(name, _)| (*name).clone(),
        |(_, role)| api::Role { tags: None, permissions_boundary: None, ..shown::role(desk.account, role) },
    );
    Ok(api::ListRolesResponse {
        roles: Some(page.items),
        is_truncated: Some(page.marker.is_some()),
        marker: page.marker,
    })
}

pub(crate) fn update_role(
    desk: &mut Desk<'_>,
    input: &api::UpdateRoleRequest,
) -> Result<api::UpdateRoleResponse, Error> {
    let role = editable(desk, &input.role_name)?;
    if let Some(description) = &input.description {
        role.description = Some(description.clone());
    }
    if let Some(seconds) = input.max_session_duration {
        role.max_session_seconds = seconds.unsigned_abs();
    }
    Ok(api::UpdateRoleResponse {})
}

pub(crate) fn update_role_description(
    desk: &mut Desk<'_>,
    input: &api::UpdateRoleDescriptionRequest,
) -> Result<api::UpdateRoleDescriptionResponse, Error> {
    let account = desk.account;
    let role = editable(desk, &input.role_name)?;
    role.description.clone_from(&input.description);
    Ok(api::UpdateRoleDescriptionResponse { role: Some(shown::role(account, role)) })
}

pub(crate) fn update_assume_role_policy(
    desk: &mut Desk<'_>,
    input: &api::UpdateAssumeRolePolicyRequest,
) -> Result<(), Error> {
    desk.state.roles.get(text(&input.role_name))?;
    let document = trust(desk, text(&input.policy_document))?;
    editable(desk, &input.role_name)?.trust = document;
    Ok(())
}

pub(crate) fn put_role_boundary(
    desk: &mut Desk<'_>,
    input: &api::PutRolePermissionsBoundaryRequest,
) -> Result<(), Error> {
    let arn = boundary(desk, text(&input.permissions_boundary))?;
    editable(desk, &input.role_name)?.grants.boundary = Some(arn);
    Ok(())
}

pub(crate) fn delete_role_boundary(
    desk: &mut Desk<'_>,
    input: &api::DeleteRolePermissionsBoundaryRequest,
) -> Result<(), Error> {
    editable(desk, &input.role_name)?.grants.boundary = None;
    Ok(())
}

pub(crate) fn delete_role(desk: &mut Desk<'_>, input: &api::DeleteRoleRequest) -> Result<(), Error> {
    let name = text(&input.role_name);
    let role = desk.state.roles.get(name)?;
    if role.linked_service.is_some() {
        return Err(Error::ServiceLinked(name.to_owned()));
    }
    let key = name_key(name);
    let held = [
        (desk.state.profiles.all().any(|(_, profile)| profile.role.as_ref() == Some(&key)), Holding::InstanceProfiles),
        (!role.grants.attached.is_empty(), Holding::AttachedPolicies),
        (!role.grants.inline.is_empty(), Holding::InlinePolicies),
    ];
    if let Some((_, holding)) = held.into_iter().find(|(held, _)| *held) {
        return Err(Error::StillHas(holding));
    }
    desk.edit().roles.remove(name).map(drop)
}

/// A role that is its owner's to change: one that belongs to a service is not.
pub(super) fn editable<'a>(desk: &'a mut Desk<'_>, name: &Option<String>) -> Result<&'a mut Role, Error> {
    let role = desk.edit().roles.edit(text(name))?;
    if role.linked_service.is_some() { Err(Error::ServiceLinked(role.header.name.clone())) } else { Ok(role) }
}

/// The names of the roles of services whose names do not follow from the service's.
const LINKED_NAMES: [(&str, &str); 12] = [
    ("autoscaling.amazonaws.com", "AutoScaling"),
    ("apidestinations.events.amazonaws.com", "AmazonEventBridgeApiDestinations"),
    ("cloudwatch-crossaccount.amazonaws.com", "CloudWatchCrossAccount"),
    ("dynamodb.application-autoscaling.amazonaws.com", "ApplicationAutoScaling_DynamoDBTable"),
    ("ecs.amazonaws.com", "ECS"),
    ("ecs.application-autoscaling.amazonaws.com", "ApplicationAutoScaling_ECSService"),
    ("elasticbeanstalk.amazonaws.com", "ElasticBeanstalk"),
    ("elasticloadbalancing.amazonaws.com", "ElasticLoadBalancing"),
    ("ops.apigateway.amazonaws.com", "APIGateway"),
    ("rds.amazonaws.com", "RDS"),
    ("replication.dynamodb.amazonaws.com", "DynamoDBReplication"),
    ("spot.amazonaws.com", "EC2Spot"),
];

pub(crate) fn create_service_linked_role(
    desk: &mut Desk<'_>,
    input: &api::CreateServiceLinkedRoleRequest,
) -> Result<api::CreateServiceLinkedRoleResponse, Error> {
    let service = text(&input.aws_service_name);
    let name = linked_role_name(service, input.custom_suffix.as_deref());
    let name = name.ok_or_else(|| Error::Value(ValueFault::LinkedService(service.to_owned())))?;
    let trust = serde_json::json!({
        "Version": "2012-10-17",
        "Statement": [{ "Action": ["sts:AssumeRole"], "Effect": "Allow", "Principal": { "Service": [service] } }],
    });
    let role = Role {
        header: Header { path: format!("/aws-service-role/{service}/"), ..header(desk, &Some(name), &None, "AROA")? },
        grants: Grants::default(),
        tags: Default::default(),
        trust: trust.to_string(),
        description: input.description.clone(),
        max_session_seconds: DEFAULT_SESSION_SECONDS,
        linked_service: Some(service.to_owned()),
    };
    let answer = shown::role(desk.account, &role);
    desk.edit().roles.add(role)?;
    Ok(api::CreateServiceLinkedRoleResponse { role: Some(answer) })
}

/// What the role of a service is called; `None` if it is no service.
pub(crate) fn linked_role_name(service: &str, suffix: Option<&str>) -> Option<String> {
    let prefix = service.strip_suffix(".amazonaws.com").filter(|prefix| !prefix.is_empty())?;
    let title = LINKED_NAMES.iter().find(|(known, _)| *known == service).map(|(_, name)| (*name).to_owned());
    let title = title.unwrap_or_else(|| capitalised(prefix));
    let suffix = suffix.map(|suffix| format!("_{suffix}")).unwrap_or_default();
    Some(format!("AWSServiceRoleFor{title}{suffix}"))
}

fn capitalised(prefix: &str) -> String {
    let words = prefix.split(['.', '-']).map(|word| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
    });
    words.collect()
}

pub(crate) fn delete_service_linked_role(
    desk: &mut Desk<'_>,
    input: &api::DeleteServiceLinkedRoleRequest,
) -> Result<api::DeleteServiceLinkedRoleResponse, Error> {
    let name = text(&input.role_name);
    let role = desk.state.roles.get(name)?;
    let service = role.linked_service.clone().ok_or_else(|| Error::NoSuch(Thing::Role, name.to_owned()))?;
    desk.edit().roles.remove(name)?;
    let id = format!("task/aws-service-role/{service}/{name}/{}", desk.env.uuid());
    Ok(api::DeleteServiceLinkedRoleResponse { deletion_task_id: Some(id) })
}

/// Deletion is done when its task is answered, so the task has succeeded unless the role is there again.
pub(crate) fn get_service_linked_role_deletion_status(
    desk: &Desk<'_>,
    input: &api::GetServiceLinkedRoleDeletionStatusRequest,
) -> Result<api::GetServiceLinkedRoleDeletionStatusResponse, Error> {
    let id = text(&input.deletion_task_id);
    match id.split('/').collect::<Vec<_>>()[..] {
        ["task", "aws-service-role", _, name, _] if desk.state.roles.find(name).is_none() => {
            Ok(api::GetServiceLinkedRoleDeletionStatusResponse { status: Some("SUCCEEDED".to_owned()), reason: None })
        }
        _ => Err(Error::NoSuch(Thing::DeletionTask, id.to_owned())),
    }
}
