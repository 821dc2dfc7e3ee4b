//! What users prove themselves with besides access keys and passwords, and the account's certificates.

use tidegate_types::Timestamp;

use super::entity::{Header, Tags};

/// A virtual MFA device. Its serial number is its ARN.
#[derive(Clone, PartialEq, Eq)]
pub struct MfaDevice {
    /// Name, path, time of creation; it has no id.
    pub header: Header,
    /// What its codes are made from.
    pub seed: Vec<u8>,
    /// The key of the name of the user who has it, and since when.
    pub owner: Option<(String, Timestamp)>,
    /// Its tags.
    pub tags: Tags,
}

/// Seeds are never printed.
impl std::fmt::Debug for MfaDevice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MfaDevice").field("header", &self.header).field("owner", &self.owner).finish_non_exhaustive()
    }
}

/// How long a code of a device holds, in seconds, and how many digits it has (RFC 6238).
const STEP_SECONDS: u64 = 30;
const CODE_DIGITS: u32 = 6;
/// By how many steps the clock of a device may differ.
const DRIFT_STEPS: u64 = 10;

impl MfaDevice {
    /// Whether these are two codes in a row of this device, near `now`.
    pub fn made(&self, first: &str, second: &str, now: Timestamp) -> bool {
        let step = now.as_secs() / STEP_SECONDS;
        let mut steps = step.saturating_sub(DRIFT_STEPS)..=step + DRIFT_STEPS;
        steps.any(|step| self.code(step) == first && self.code(step + 1) == second)
    }

    /// Whether this is the code of the moment, or of the one before or after.
    pub fn shows(&self, code: &str, now: Timestamp) -> bool {
        let step = now.as_secs() / STEP_SECONDS;
        (step.saturating_sub(1)..=step + 1).any(|step| self.code(step) == code)
    }

    fn code(&self, step: u64) -> String {
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.seed);
        let digest = ring::hmac::sign(&key, &step.to_be_bytes());
        let digest = digest.as_ref();
        let at = usize::from(digest[digest.len() - 1] & 0x0f);
        let number = u32::from_be_bytes([digest[at] & 0x7f, digest[at + 1], digest[at + 2], digest[at + 3]]);
        format!("{:0width$}", number % 10u32.pow(CODE_DIGITS), width = CODE_DIGITS as usize)
    }
}

/// An X.509 certificate with which a user signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningCertificate {
    /// Drawn for it.
    pub id: String,
    /// As it was given: PEM.
    pub body: String,
    /// Whether it can be used.
    pub active: bool,
    /// When it was uploaded.
    pub created_at: Timestamp,
}

/// An SSH public key of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SshKey {
    /// `APKA…`.
    pub id: String,
    /// As it was given.
    pub body: String,
    /// Whether it can be used.
    pub active: bool,
    /// When it was uploaded.
    pub created_at: Timestamp,
}

/// A name and a password of a user for one service.
#[derive(Clone, PartialEq, Eq)]
pub struct ServiceCredential {
    /// `ACCA…`.
    pub id: String,
    /// The service, such as `codecommit.amazonaws.com`.
    pub service: String,
    /// The name that the service knows the user by.
    pub user_name: String,
    /// The password, which is shown once. Nothing here logs in with it.
    pub password: String,
    /// Whether it can be used.
    pub active: bool,
    /// When it was created.
    pub created_at: Timestamp,
}

/// Passwords are never printed.
impl std::fmt::Debug for ServiceCredential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServiceCredential")
            .field("id", &self.id)
            .field("user_name", &self.user_name)
            .finish_non_exhaustive()
    }
}

/// A server certificate. Its private key is not kept: nothing here could use it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerCertificate {
    /// Name, path, id.
    pub header: Header,
    /// The certificate: PEM.
    pub body: String,
    /// Those that vouch for it: PEM.
    pub chain: Option<String>,
    /// Its tags.
    pub tags: Tags,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_standard() {
        let header = Header {
            name: "d".to_owned(),
            path: "/".to_owned(),
            id: String::new(),
            created_at: Timestamp::from_secs(0),
        };
        let device = MfaDevice { header, seed: b"12345678901234567890".to_vec(), owner: None, tags: Tags::new() };
        // RFC 6238, appendix B, of which these are the last six digits.
        for (seconds, code) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")] {
            assert_eq!(device.code(seconds / STEP_SECONDS), code);
        }
        let (first, second) = (device.code(100), device.code(101));
        assert!(device.made(&first, &second, Timestamp::from_secs(3000)));
        assert!(device.shows(&first, Timestamp::from_secs(3029)) && device.shows(&first, Timestamp::from_secs(3030)));
        assert!(!device.shows(&first, Timestamp::from_secs(3060)));
        assert!(!device.made(&second, &first, Timestamp::from_secs(3000)));
        assert!(!device.made(&first, &second, Timestamp::from_secs(30_000)));
    }
}
