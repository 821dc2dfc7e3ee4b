use tidegate_protocol::Call;

use super::text;
use crate::error::Error;
use crate::service::Sts;
use crate::store::Code;

fn code_of(serial: &Option<String>, code: &Option<String>) -> Code {
    (text(serial).to_owned(), text(code).to_owned())
}

/// Whether the caller shows a code of its MFA device that was not used before. It stays unused.
///
/// # Errors
/// [`Error::HalfMfa`], [`Error::NoMfaDevice`] and [`Error::MfaCode`].
pub(crate) fn proven(sts: &Sts, call: &Call, serial: &Option<String>, code: &Option<String>) -> Result<bool, Error> {
    match (serial, code) {
        (None, None) => Ok(false),
        (Some(device), Some(shown)) => {
            let user = &call.caller.principal_arn;
            match sts.iam.mfa_code_holds(user, device, shown, sts.env.real_now()) {
                Some(true) if !sts.shown_codes.has(&code_of(serial, code)) => Ok(true),
                Some(_) => Err(Error::MfaCode),
                None => Err(Error::NoMfaDevice),
            }
        }
        (Some(_), None) | (None, Some(_)) => Err(Error::HalfMfa),
    }
}

/// The same, and the code is used by it, durably.
///
/// # Errors
/// As [`proven`], and what the store answers: the code is used then too.
pub(crate) async fn spend(
    sts: &Sts,
    call: &Call,
    serial: &Option<String>,
    code: &Option<String>,
) -> Result<bool, Error> {
    let is_proven = proven(sts, call, serial, code)?;
    if is_proven {
        sts.spend_code(code_of(serial, code)).await?;
    }
    Ok(is_proven)
}

/// The condition key that says so.
pub(crate) const PRESENT: &str = "aws:MultiFactorAuthPresent";
