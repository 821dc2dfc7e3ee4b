use tidegate_api_sts::{AssumeRoleRequest, AssumeRoleResponse, AssumedRoleUser};
use tidegate_ports::AssumableRole;
use tidegate_protocol::Call;
use tidegate_types::AccountId;

use super::draw::{Drawn, draw, end, iso, shown};
use super::{limits, mfa, text};
use crate::error::Error;
use crate::service::Sts;
use crate::store::SessionRecord;

/// How long a session lasts where nothing is said, and at most where a session made it.
const HOUR_SECONDS: u32 = 3600;

/// The account in a role's ARN.
pub(crate) fn role_account(arn: &str) -> Result<AccountId, Error> {
    let parts = arn.strip_prefix("arn:aws:iam::").and_then(|rest| rest.split_once(':'));
    let account = parts.filter(|(_, what)| what.starts_with("role/")).and_then(|(account, _)| account.parse().ok());
    account.ok_or_else(|| Error::RoleArn(arn.to_owned()))
}

/// Makes a session of a role.
pub(crate) async fn assume_role(sts: &Sts, call: &Call, input: AssumeRoleRequest) -> Result<AssumeRoleResponse, Error> {
    let caller = &call.caller;
    if caller.permissions.guard().is_some() && caller.principal_arn.ends_with(":root") {
        return Err(Error::Root);
    }
    let proven = mfa::spend(sts, call, &input.serial_number, &input.token_code).await?;
    let by = sts.session(call).filter(|issued| issued.record.role_arn.is_some());
    let role = find(sts, call, text(&input.role_arn))?;
    let seconds = duration(&role, input.duration_seconds, by.is_some())?;
    let policies = limits::policies(sts, role.account, &input.policy, &input.policy_arns)?;
    let mut tags = limits::tags(&input.tags)?;
    let mut transitive = input.transitive_tag_keys.unwrap_or_default();
    if let Some(key) = transitive.iter().find(|key| !tags.iter().any(|(name, _)| name == *key)) {
        return Err(Error::TransitiveKey(key.clone()));
    }
    let packed = limits::packed(&policies, &tags)?;
    // What a session was given to pass on comes along, and cannot be changed on the way.
    let inherited = by
        .iter()
        .flat_map(|issued| issued.record.tags.iter().filter(|(key, _)| issued.record.transitive.contains(key)));
    for tag in inherited {
        if tags.iter().any(|(key, _)| key.eq_ignore_ascii_case(&tag.0)) {
            return Err(Error::TransitiveTag(tag.0.clone()));
        }
        tags.push(tag.clone());
        transitive.push(tag.0.clone());
    }
    let inherited_identity =
        by.iter().flat_map(|issued| &issued.record.keys).find(|(key, _)| key == "aws:SourceIdentity");
    let source_identity = inherited_identity.and_then(|(_, values)| values.first().cloned()).or(input.source_identity);
    let mut keys = vec![("aws:TokenIssueTime".to_owned(), vec![iso(sts.env.real_now())])];
    keys.extend(source_identity.iter().map(|identity| ("aws:SourceIdentity".to_owned(), vec![identity.clone()])));
    if proven {
        keys.push((mfa::PRESENT.to_owned(), vec!["true".to_owned()]));
    }
    let made = Made { seconds, policies, tags, transitive, keys };
    let (credentials, user) = session(sts, &role, text(&input.role_arn), text(&input.role_session_name), made).await?;
    Ok(AssumeRoleResponse {
        credentials: Some(credentials),
        assumed_role_user: Some(user),
        packed_policy_size: packed,
        source_identity,
    })
}

/// The role. One that does not exist is one that nobody may assume: AWS does not tell them apart.
fn find(sts: &Sts, call: &Call, arn: &str) -> Result<AssumableRole, Error> {
    role_account(arn)?;
    let caller = call.caller.principal_arn.clone();
    sts.iam.role(arn).ok_or_else(|| Error::NoRole { role: arn.to_owned(), caller })
}

pub(super) fn duration(role: &AssumableRole, asked: Option<i32>, chained: bool) -> Result<u64, Error> {
    let seconds = asked.map_or(HOUR_SECONDS, i32::unsigned_abs);
    if chained && seconds > HOUR_SECONDS {
        return Err(Error::TooLongChained);
    }
    if seconds > role.max_session_seconds { Err(Error::TooLong) } else { Ok(u64::from(seconds)) }
}

/// What a session of a role is made with.
pub(super) struct Made {
    pub(super) seconds: u64,
    pub(super) policies: limits::Limits,
    pub(super) tags: Vec<(String, String)>,
    pub(super) transitive: Vec<String>,
    pub(super) keys: Vec<(String, Vec<String>)>,
}

pub(super) async fn session(
    sts: &Sts,
    role: &AssumableRole,
    role_arn: &str,
    name: &str,
    made: Made,
) -> Result<(tidegate_api_sts::Credentials, AssumedRoleUser), Error> {
    let (access_key, record) = record(sts, role, role_arn, name, made);
    sts.issue(&access_key, &record).await?;
    let user = AssumedRoleUser { assumed_role_id: Some(record.user_id.clone()), arn: Some(record.arn.clone()) };
    Ok((shown(access_key, &record), user))
}

/// A session of a role, drawn and not yet kept.
fn record(sts: &Sts, role: &AssumableRole, role_arn: &str, name: &str, made: Made) -> (String, SessionRecord) {
    let Drawn { access_key, secret, token } = draw(&sts.env);
    let record = SessionRecord {
        secret,
        token,
        expires_at: end(&sts.env, made.seconds),
        account: role.account.to_string(),
        arn: format!("arn:aws:sts::{}:assumed-role/{}/{name}", role.account, role.name),
        role_arn: Some(role_arn.to_owned()),
        user_id: format!("{}:{name}", role.id),
        user_name: None,
        policies_of: Some(role_arn.to_owned()),
        owner_id: Some(role.id.clone()),
        policies: made.policies,
        tags: made.tags,
        transitive: made.transitive,
        keys: made.keys,
    };
    (access_key, record)
}

/// A session that a service asks for, to act by the role.
pub(crate) fn service_session(
    sts: &Sts,
    role: &AssumableRole,
    role_arn: &str,
    name: &str,
    seconds: u64,
) -> (String, SessionRecord) {
    let keys = vec![("aws:TokenIssueTime".to_owned(), vec![iso(sts.env.real_now())])];
    let made = Made { seconds, policies: None, tags: Vec::new(), transitive: Vec::new(), keys };
    record(sts, role, role_arn, name, made)
}
