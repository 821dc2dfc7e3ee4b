use tidegate_protocol::Call;

use super::text;
use crate::error::Error;
use crate::service::Sts;

/// Whether the caller shows a code of its MFA device. A code may be shown more than once while it holds.
///
/// # Errors
/// [`Error::HalfMfa`], [`Error::NoMfaDevice`] and [`Error::MfaCode`].
pub(crate) fn proven(sts: &Sts, call: &Call, serial: &Option<String>, code: &Option<String>) -> Result<bool, Error> {
    match (serial, code) {
        (None, None) => Ok(false),
        (Some(_), Some(_)) => {
            let user = &call.caller.principal_arn;
            match sts.iam.mfa_code_holds(user, text(serial), text(code), sts.env.real_now()) {
                Some(true) => Ok(true),
                Some(false) => Err(Error::MfaCode),
                None => Err(Error::NoMfaDevice),
            }
        }
        (Some(_), None) | (None, Some(_)) => Err(Error::HalfMfa),
    }
}

/// The condition key that says so.
pub(crate) const PRESENT: &str = "aws:MultiFactorAuthPresent";
