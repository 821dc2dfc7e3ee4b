use tidegate_api_sts as api;
use tidegate_ports::Credentials;
use tidegate_protocol::Call;

use super::text;
use crate::error::Error;
use crate::service::Sts;

/// Who the caller is. Everybody may ask.
pub(crate) async fn get_caller_identity(
    _: &Sts,
    call: &Call,
    _: api::GetCallerIdentityRequest,
) -> Result<api::GetCallerIdentityResponse, Error> {
    Ok(api::GetCallerIdentityResponse {
        user_id: Some(call.caller.user_id.clone()),
        account: Some(call.account.to_string()),
        arn: Some(call.caller.principal_arn.clone()),
    })
}

/// The account that an access key belongs to. AWS reads it out of the id; ours are drawn by lot, so only
/// keys that were issued here have one.
pub(crate) async fn get_access_key_info(
    sts: &Sts,
    _: &Call,
    input: api::GetAccessKeyInfoRequest,
) -> Result<api::GetAccessKeyInfoResponse, Error> {
    let id = text(&input.access_key_id);
    let issued = sts.issuers.iter().find_map(|issuer| issuer.find(id)).or_else(|| sts.find(id));
    let account = issued.map(|credential| credential.identity.account).or_else(|| sts.iam.owner_of_key(id));
    let account = account.ok_or_else(|| Error::NoKey(id.to_owned()))?;
    Ok(api::GetAccessKeyInfoResponse { account: Some(account.to_string()) })
}

/// Only some services of AWS refuse with an encoded message, EC2 above all, and none of those that are here: so there
/// is no message that could be decoded.
pub(crate) async fn decode_authorization_message(
    _: &Sts,
    _: &Call,
    _: api::DecodeAuthorizationMessageRequest,
) -> Result<api::DecodeAuthorizationMessageResponse, Error> {
    Err(Error::Message)
}
