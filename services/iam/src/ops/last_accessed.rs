//! Reports of which services users, groups, roles and policies let somebody use, and who last did.
//!
//! AWS takes some minutes for one. Here what a report says is known at any time, so its job is done when it is
//! asked for, and what it says is what holds then.

use tidegate_api_iam as api;
use tidegate_policy::Document;
use tidegate_types::Timestamp;

use super::service_access::{Holder, holders};
use super::{policies, text};
use crate::domain::{
    AccessReport, Grants, Header, MAX_REPORTS, REPORT_MS, SERVICES, TRACKED_MS, Thing, User, name_key,
};
use crate::error::Error;
use crate::ports::of_kind;
use crate::service::Desk;
use crate::store::{Use, newest};
use crate::wire::Listing;

const COMPLETED: &str = "COMPLETED";

pub(crate) fn generate_service_last_accessed_details(
    desk: &mut Desk<'_>,
    input: &api::GenerateServiceLastAccessedDetailsRequest,
) -> Result<api::GenerateServiceLastAccessedDetailsResponse, Error> {
    let arn = text(&input.arn);
    if is_policy(arn) {
        policies::document(desk, arn).ok_or_else(|| Error::NoSuch(Thing::AttachablePolicy, arn.to_owned()))?;
    } else {
        holders(desk, arn)?;
    }
    let report = AccessReport {
        id: desk.env.uuid().to_string(),
        arn: arn.to_owned(),
        with_actions: input.granularity.as_deref() == Some("ACTION_LEVEL"),
        created_at: desk.now,
    };
    let (gone, id) = (outdated(desk), report.id.clone());
    for id in gone {
        desk.edit().reports.remove(&id)?;
    }
    desk.edit().reports.add(report)?;
    Ok(api::GenerateServiceLastAccessedDetailsResponse { job_id: Some(id) })
}

/// The reports that make room for one more: those whose time is over, and the oldest if there are still too many.
fn outdated(desk: &Desk<'_>) -> Vec<String> {
    let mut reports: Vec<_> = desk.state.reports.all().map(|(_, report)| (report.created_at, &report.id)).collect();
    reports.sort_unstable();
    let over = reports.iter().filter(|(made, _)| made.plus_millis(REPORT_MS) <= desk.now).count();
    let gone = over.max((reports.len() + 1).saturating_sub(MAX_REPORTS));
    reports.into_iter().take(gone).map(|(_, id)| id.clone()).collect()
}

pub(crate) fn get_service_last_accessed_details(
    desk: &Desk<'_>,
    input: &api::GetServiceLastAccessedDetailsRequest,
) -> Result<api::GetServiceLastAccessedDetailsResponse, Error> {
    let report = find(desk, text(&input.job_id))?;
    let people = Person::of(desk, &report.arn);
    let services = services(desk, &report.arn);
    let listing = Listing::new(input.max_items, &input.marker)?;
    let show = |(namespace, name): (&str, &str)| shown(desk, report, &people, namespace, name);
    let page = listing.page(services, |(namespace, _)| (*namespace).to_owned(), show);
    Ok(api::GetServiceLastAccessedDetailsResponse {
        job_status: Some(COMPLETED.to_owned()),
        job_type: Some(if report.with_actions { "ACTION_LEVEL" } else { "SERVICE_LEVEL" }.to_owned()),
        job_creation_date: Some(report.created_at),
        job_completion_date: Some(report.created_at),
        services_last_accessed: Some(page.items),
        is_truncated: Some(page.marker.is_some()),
        marker: page.marker,
        error: None,
    })
}

pub(crate) fn get_service_last_accessed_details_with_entities(
    desk: &Desk<'_>,
    input: &api::GetServiceLastAccessedDetailsWithEntitiesRequest,
) -> Result<api::GetServiceLastAccessedDetailsWithEntitiesResponse, Error> {
    let report = find(desk, text(&input.job_id))?;
    let service = text(&input.service_namespace);
    if !services(desk, &report.arn).iter().any(|(namespace, _)| *namespace == service) {
        return Err(Error::NoSuch(Thing::ReportedService, service.to_owned()));
    }
    let mut people = Person::of(desk, &report.arn);
    people.sort_by(|one, other| one.header.id.cmp(&other.header.id));
    let listing = Listing::new(input.max_items, &input.marker)?;
    let page = listing.page(people, |person| person.header.id.clone(), |person| person.shown(desk, service));
    Ok(api::GetServiceLastAccessedDetailsWithEntitiesResponse {
        job_status: Some(COMPLETED.to_owned()),
        job_creation_date: Some(report.created_at),
        job_completion_date: Some(report.created_at),
        entity_details_list: Some(page.items),
        is_truncated: Some(page.marker.is_some()),
        marker: page.marker,
        error: None,
    })
}

fn is_policy(arn: &str) -> bool {
    arn.split(':').nth(5).is_some_and(|resource| resource.starts_with("policy/"))
}

fn find<'a>(desk: &'a Desk<'_>, id: &str) -> Result<&'a AccessReport, Error> {
    let found = desk.state.reports.find(id).map(|report| &**report);
    let found = found.filter(|report| desk.now < report.created_at.plus_millis(REPORT_MS));
    found.ok_or_else(|| Error::NoSuch(Thing::AccessReport, id.to_owned()))
}

/// Since when accesses are told of.
fn since(desk: &Desk<'_>) -> Timestamp {
    Timestamp::from_millis(desk.now.as_millis().saturating_sub(TRACKED_MS))
}

/// The services that a user, group, role or policy lets somebody use. What is gone lets nobody use anything.
fn services(desk: &Desk<'_>, arn: &str) -> Vec<(&'static str, &'static str)> {
    let mut documents: Vec<&str> = Vec::new();
    let held = if is_policy(arn) { Vec::new() } else { holders(desk, arn).unwrap_or_default() };
    for Holder { grants, .. } in &held {
        documents.extend(grants.inline.values().map(String::as_str));
        documents.extend(grants.attached.iter().filter_map(|arn| policies::document(desk, arn)));
    }
    documents.extend(Some(arn).filter(|arn| is_policy(arn)).and_then(|arn| policies::document(desk, arn)));
    let documents: Vec<Document> = documents.into_iter().filter_map(|text| Document::parse(text).ok()).collect();
    let allows = |namespace: &str| documents.iter().any(|document| document.allows_service(namespace));
    SERVICES.into_iter().filter(|(namespace, _)| allows(namespace)).collect()
}

/// Somebody who may use what a report is about.
struct Person<'a> {
    kind: &'static str,
    header: &'a Header,
}

impl<'a> Person<'a> {
    /// Everybody: the user or role itself, a group's members, whoever has a policy.
    fn of(desk: &'a Desk<'_>, arn: &str) -> Vec<Person<'a>> {
        let state = &desk.state;
        let user = |user: &'a User| Person { kind: "user", header: &user.header };
        let users = || state.users.all().map(|(_, user)| &**user);
        if is_policy(arn) {
            let has = |grants: &Grants| grants.attached.iter().any(|attached| attached == arn);
            let in_groups = |user: &User| {
                user.groups.iter().filter_map(|group| state.groups.find(group)).any(|group| has(&group.grants))
            };
            let roles = state.roles.all().map(|(_, role)| &**role).filter(|role| has(&role.grants));
            let roles = roles.map(|role| Person { kind: "role", header: &role.header });
            let users = users().filter(|user| has(&user.grants) || in_groups(user)).map(user);
            return users.chain(roles).collect();
        }
        let own = |kind| of_kind(arn, kind).filter(|(account, _)| *account == desk.account).map(|(_, name)| name);
        if let Some(name) = own("group") {
            let key = name_key(name);
            return users().filter(|user| user.groups.contains(&key)).map(user).collect();
        }
        if let Some(name) = own("user") {
            return state.users.find(name).map(|found| user(found)).into_iter().collect();
        }
        let role = own("role").and_then(|name| state.roles.find(name));
        role.map(|role| Person { kind: "role", header: &role.header }).into_iter().collect()
    }

    fn arn(&self, desk: &Desk<'_>) -> String {
        self.header.arn(desk.account, self.kind)
    }

    fn last(&self, desk: &Desk<'_>, service: &str) -> Option<Use> {
        desk.accesses.of_service(&self.header.id, service).filter(|last| last.at >= since(desk))
    }

    fn shown(&self, desk: &Desk<'_>, service: &str) -> api::EntityDetails {
        let info = api::EntityInfo {
            arn: Some(self.arn(desk)),
            name: Some(self.header.name.clone()),
            r#type: Some(self.kind.to_ascii_uppercase()),
            id: Some(self.header.id.clone()),
            path: Some(self.header.path.clone()),
        };
        let last = self.last(desk, service).map(|last| last.at);
        api::EntityDetails { entity_info: Some(info), last_authenticated: last }
    }
}

/// What a report says of a service.
fn shown(
    desk: &Desk<'_>,
    report: &AccessReport,
    people: &[Person<'_>],
    namespace: &str,
    name: &str,
) -> api::ServiceLastAccessed {
    let uses: Vec<_> = people.iter().filter_map(|person| Some((person, person.last(desk, namespace)?))).collect();
    let total = i32::try_from(uses.len()).unwrap_or(i32::MAX);
    let last = newest(uses, since(desk));
    api::ServiceLastAccessed {
        service_name: Some(name.to_owned()),
        service_namespace: Some(namespace.to_owned()),
        last_authenticated: last.as_ref().map(|(_, one)| one.at),
        last_authenticated_entity: last.as_ref().map(|(person, _)| person.arn(desk)),
        last_authenticated_region: last.map(|(_, one)| one.region),
        total_authenticated_entities: Some(total),
        tracked_actions_last_accessed: report.with_actions.then(|| actions(desk, people, namespace)),
    }
}

/// Which of a service's actions were asked for, by whom last.
fn actions(desk: &Desk<'_>, people: &[Person<'_>], namespace: &str) -> Vec<api::TrackedActionLastAccessed> {
    let mut all: Vec<(String, &Person<'_>, Use)> = Vec::new();
    for person in people {
        let uses = desk.accesses.of_operations(&person.header.id, namespace);
        all.extend(uses.into_iter().filter(|(_, one)| one.at >= since(desk)).map(|(name, one)| (name, person, one)));
    }
    // The newest of each comes first, and stays.
    all.sort_by(|one, other| one.0.cmp(&other.0).then(other.2.at.cmp(&one.2.at)));
    all.dedup_by(|later, first| later.0 == first.0);
    let show = |(name, person, one): (String, &Person<'_>, Use)| api::TrackedActionLastAccessed {
        action_name: Some(name),
        last_accessed_entity: Some(person.arn(desk)),
        last_accessed_time: Some(one.at),
        last_accessed_region: Some(one.region),
    };
    all.into_iter().map(show).collect()
}
