use tidegate_api_sts as api;
use tidegate_protocol::Call;

use super::draw::{Drawn, draw, end, iso, shown};
use super::{limits, mfa, text};
use crate::error::Error;
use crate::service::Sts;
use crate::store::SessionRecord;

/// How long a token lasts where nothing is said: twelve hours.
const DEFAULT_SECONDS: u64 = 43_200;
/// The longest for a root.
const ROOT_SECONDS: u64 = 3600;

/// A session of the caller itself.
pub(crate) async fn get_session_token(
    sts: &Sts,
    call: &Call,
    input: api::GetSessionTokenRequest,
) -> Result<api::GetSessionTokenResponse, Error> {
    if sts.session(call).is_some() {
        return Err(Error::BySession("GetSessionToken"));
    }
    must_be_somebody(call)?;
    let proven = mfa::spend(sts, call, &input.serial_number, &input.token_code).await?;
    let (access_key, record) = make(sts, call, input.duration_seconds, proven);
    sts.issue(&access_key, &record).await?;
    Ok(api::GetSessionTokenResponse { credentials: Some(shown(access_key, &record)) })
}

/// A session of somebody whom the caller vouches for. It may what both the caller and its own policies
/// allow; without policies nothing but what resources let it do.
pub(crate) async fn get_federation_token(
    sts: &Sts,
    call: &Call,
    input: api::GetFederationTokenRequest,
) -> Result<api::GetFederationTokenResponse, Error> {
    if sts.session(call).is_some() {
        return Err(Error::BySession("GetFederationToken"));
    }
    must_be_somebody(call)?;
    let policies = limits::policies(sts, call.account, &input.policy, &input.policy_arns)?;
    let tags = limits::tags(&input.tags)?;
    let packed = limits::packed(&policies, &tags)?;
    let name = text(&input.name);
    let (access_key, record) = make(sts, call, input.duration_seconds, false);
    let record = SessionRecord {
        arn: format!("arn:aws:sts::{}:federated-user/{name}", call.account),
        user_id: format!("{}:{name}", call.account),
        user_name: None,
        policies: Some(policies.unwrap_or_default()),
        tags,
        ..record
    };
    sts.issue(&access_key, &record).await?;
    let user = api::FederatedUser { federated_user_id: Some(record.user_id.clone()), arn: Some(record.arn.clone()) };
    Ok(api::GetFederationTokenResponse {
        credentials: Some(shown(access_key, &record)),
        federated_user: Some(user),
        packed_policy_size: packed,
    })
}

/// Refuses who has not signed. The edge does so where callers are checked; where they are only watched it lets
/// them pass, and there is nobody whose session it could be.
fn must_be_somebody(call: &Call) -> Result<(), Error> {
    if call.caller.principal_arn.starts_with("arn:") { Ok(()) } else { Err(Error::Unsigned) }
}

/// A session with the caller's own identity.
fn make(sts: &Sts, call: &Call, asked: Option<i32>, with_mfa: bool) -> (String, SessionRecord) {
    let arn = call.caller.principal_arn.clone();
    let is_root = arn.ends_with(":root");
    let seconds = asked.map_or(DEFAULT_SECONDS, |seconds| u64::from(seconds.unsigned_abs()));
    let user_name = arn.split_once(":user/").and_then(|(_, path)| path.rsplit('/').next()).map(str::to_owned);
    let Drawn { access_key, secret, token } = draw(&sts.env);
    let record = SessionRecord {
        secret,
        token,
        expires_at: end(&sts.env, if is_root { seconds.min(ROOT_SECONDS) } else { seconds }),
        account: call.account.to_string(),
        role_arn: None,
        user_id: call.caller.user_id.clone(),
        user_name,
        policies_of: Some(arn.clone()).filter(|_| !is_root),
        owner_id: Some(call.caller.user_id.clone()).filter(|_| !is_root),
        policies: None,
        tags: Vec::new(),
        transitive: Vec::new(),
        keys: vec![
            ("aws:TokenIssueTime".to_owned(), vec![iso(sts.env.real_now())]),
            (mfa::PRESENT.to_owned(), vec![with_mfa.to_string()]),
        ],
        arn,
    };
    (access_key, record)
}
