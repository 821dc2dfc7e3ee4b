use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;
use tidegate_protocol::Call;
use tidegate_types::Timestamp;

use super::text;
use crate::error::Error;
use crate::service::Sts;

/// Longer than any code holds.
const REMEMBERED: Duration = Duration::from_secs(5 * 60);

/// The codes that were shown lately, by device and code, and when: none counts twice. They are in memory only: a
/// server that starts again may take one a second time within the minute that it holds.
#[derive(Default)]
pub(crate) struct ShownCodes(Mutex<HashMap<(String, String), Timestamp>>);

impl ShownCodes {
    fn has(&self, serial: &str, code: &str) -> bool {
        self.0.lock().contains_key(&(serial.to_owned(), code.to_owned()))
    }

    /// Notes a code. `false` if somebody was faster.
    fn note(&self, serial: &str, code: &str, now: Timestamp) -> bool {
        let mut shown = self.0.lock();
        shown.retain(|_, at| at.plus(REMEMBERED) > now);
        shown.insert((serial.to_owned(), code.to_owned()), now).is_none()
    }
}

/// Whether the caller shows a code of its MFA device that was not used before. It stays unused.
///
/// # Errors
/// [`Error::HalfMfa`], [`Error::NoMfaDevice`] and [`Error::MfaCode`].
pub(crate) fn proven(sts: &Sts, call: &Call, serial: &Option<String>, code: &Option<String>) -> Result<bool, Error> {
    match (serial, code) {
        (None, None) => Ok(false),
        (Some(serial), Some(code)) => {
            let user = &call.caller.principal_arn;
            match sts.iam.mfa_code_holds(user, serial, code, sts.env.real_now()) {
                Some(true) if !sts.shown_codes.has(serial, code) => Ok(true),
                Some(_) => Err(Error::MfaCode),
                None => Err(Error::NoMfaDevice),
            }
        }
        (Some(_), None) | (None, Some(_)) => Err(Error::HalfMfa),
    }
}

/// The same, and the code is used by it.
///
/// # Errors
/// As [`proven`].
pub(crate) fn spend(sts: &Sts, call: &Call, serial: &Option<String>, code: &Option<String>) -> Result<bool, Error> {
    let is_proven = proven(sts, call, serial, code)?;
    if is_proven && !sts.shown_codes.note(text(serial), text(code), sts.env.real_now()) {
        return Err(Error::MfaCode);
    }
    Ok(is_proven)
}

/// The condition key that says so.
pub(crate) const PRESENT: &str = "aws:MultiFactorAuthPresent";
