//! Object locks: "How S3 Object Lock works" of the user guide.

use tidegate_types::Timestamp;

use crate::error::Error;
use crate::store::{Lock, LockMode};

/// The mode of this name.
///
/// # Errors
/// [`Error::MalformedXml`] if there is no such mode.
pub fn mode(name: Option<&str>) -> Result<LockMode, Error> {
    match name {
        Some("GOVERNANCE") => Ok(LockMode::Governance),
        Some("COMPLIANCE") => Ok(LockMode::Compliance),
        _ => Err(Error::MalformedXml),
    }
}

/// What a mode is called.
pub fn mode_name(mode: LockMode) -> &'static str {
    match mode {
        LockMode::Governance => "GOVERNANCE",
        LockMode::Compliance => "COMPLIANCE",
    }
}

/// Whether a lock may give way to another one, or to none. Whoever may bypass governance may do what he likes
/// with such locks; a compliant one can only be made longer, by anybody.
pub fn may_become(old: Option<Lock>, new: Option<Lock>, now: Timestamp, bypasses_governance: bool) -> bool {
    let Some(old) = old.filter(|old| old.until > now) else { return true };
    let is_longer = new.is_some_and(|new| new.until >= old.until);
    let keeps_mode = new.is_some_and(|new| new.mode == old.mode);
    match old.mode {
        LockMode::Governance => bypasses_governance || is_longer,
        LockMode::Compliance => is_longer && keeps_mode,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locks_only_grow_unless_they_are_bypassed() {
        let now = Timestamp::from_millis(10);
        let lock = |mode, until| Some(Lock { mode, until: Timestamp::from_millis(until) });
        let (governance, compliance) = (LockMode::Governance, LockMode::Compliance);
        let cases = [
            (None, lock(governance, 20), false, true),
            (lock(governance, 20), lock(governance, 30), false, true),
            (lock(governance, 20), lock(governance, 15), false, false),
            (lock(governance, 20), lock(governance, 15), true, true),
            (lock(governance, 20), lock(compliance, 20), false, true),
            (lock(governance, 20), None, false, false),
            (lock(governance, 20), None, true, true),
            (lock(compliance, 20), lock(compliance, 30), false, true),
            (lock(compliance, 20), lock(compliance, 15), true, false),
            (lock(compliance, 20), lock(governance, 30), true, false),
            (lock(compliance, 20), None, true, false),
            (lock(compliance, 5), None, false, true),
        ];
        for (old, new, bypasses, expected) in cases {
            assert_eq!(may_become(old, new, now, bypasses), expected, "{old:?} to {new:?}, bypassing: {bypasses}");
        }
    }
}
