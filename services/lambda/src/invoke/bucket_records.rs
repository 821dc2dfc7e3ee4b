//! Records of what failed, on their way into buckets: an effect, because an object is not written within a
//! transaction. Written twice, it is the same object. It is written for the function's account, if the function's role
//! may put it there.

use std::sync::Arc;

use bytes::Bytes;
use tidegate_effects::{Attempt, Effect, Kind};
use tidegate_env::Env;
use tidegate_ports::{Acting, ObjectAddress, ObjectRefusal, Objects, ServiceRoles};
use tidegate_record::{DecodeError, Reader, Stored, Writer};
use tidegate_store::{LatchKey, StoreError, Tx};
use tidegate_types::{AccountId, Arn};

use crate::permits::{Permits, role_use};

/// The pause before the first new try; it doubles up to the longest.
const FIRST_PAUSE_MS: u64 = 1_000;
const LONGEST_PAUSE_MS: u64 = 300_000;
/// How long a bucket that cannot be written to is tried.
const MAX_AGE_MS: u64 = 6 * 3_600_000;

/// An object to be written. Its bucket is the effect's target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BucketRecord {
    /// The account whose bucket it must be.
    pub account: AccountId,
    pub key: String,
    pub body: Bytes,
    /// Whose record it is.
    pub function: String,
    /// The function's role. Records of earlier releases have none, and are not held against it.
    pub role: Option<String>,
}

impl Stored for BucketRecord {
    const NAME: &'static str = "lambda record for a bucket";
    const VERSION: u8 = 2;

    fn write(&self, to: &mut Writer) {
        to.text(&self.account.to_string());
        to.text(&self.key);
        to.bytes(&self.body);
        to.text(&self.function);
        to.option(self.role.as_deref(), Writer::text);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let first = BucketRecord::read_first(from)?;
        Ok(BucketRecord { function: from.text()?, role: from.option(Reader::text)?, ..first })
    }

    fn read_older(version: u8, from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match version {
            1 => BucketRecord::read_first(from),
            found => Err(DecodeError::UnknownVersion { record: Self::NAME, found }),
        }
    }
}

impl BucketRecord {
    /// What all versions have.
    fn read_first(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let account = from.text()?.parse().map_err(|_| from.malformed("an account that is none"))?;
        Ok(BucketRecord { account, key: from.text()?, body: from.bytes()?, function: String::new(), role: None })
    }
}

/// The kind of effect.
pub(crate) struct BucketRecords {
    pub env: Env,
    pub objects: Arc<dyn Objects>,
    pub roles: Arc<dyn ServiceRoles>,
    /// Whether a role must exist.
    pub strict: bool,
}

impl BucketRecords {
    /// Whether the function's role lets the record be written.
    fn may_put(&self, bucket: &str, record: &BucketRecord) -> bool {
        let Some((role, function)) = record.role.as_ref().zip(record.function.parse::<Arn>().ok()) else { return true };
        let permits = Permits { roles: &*self.roles, strict: self.strict };
        let object = format!("arn:aws:s3:::{bucket}/{}", record.key);
        permits.denied(&role_use(&function, role), &["s3:PutObject"], &object).is_none()
    }
}

impl Kind for BucketRecords {
    const NAME: &'static str = "function records for buckets";
    const TAG: u8 = 3;
    type Permit = ();
    type Outcome = ();

    async fn admit(&self, _bucket: &str) {}

    async fn attempt(&self, (): (), effect: &Effect) -> Attempt<()> {
        let record = match BucketRecord::decode(&effect.body) {
            Ok(record) => record,
            Err(error) => return lost(&effect.target, &error),
        };
        if !self.may_put(&effect.target, &record) {
            return lost(&effect.target, &"the function's role does not have permissions to call PutObject on it");
        }
        let address = ObjectAddress { bucket: effect.target.clone(), key: record.key, version: None };
        let acting = Acting::Account(record.account);
        match self.objects.write(acting, &address, record.body, "application/json").await {
            Ok(()) => Attempt::Over(()),
            Err(ObjectRefusal::Unavailable(reason)) => {
                let pause = (FIRST_PAUSE_MS << effect.failures.min(16)).min(LONGEST_PAUSE_MS);
                let at = self.env.now().plus_millis(pause);
                match at > effect.raised_at.plus_millis(MAX_AGE_MS) {
                    true => lost(&effect.target, &reason),
                    false => Attempt::Again { at, counts: true },
                }
            }
            Err(refusal) => lost(&effect.target, &refusal),
        }
    }

    fn latches(&self, _effect: &Effect, (): &()) -> Vec<LatchKey> {
        Vec::new()
    }

    async fn conclude(&self, _tx: &mut Tx, _effect: &Effect, (): &()) -> Result<(), StoreError> {
        Ok(())
    }
}

/// There is nobody left to tell but the operator.
fn lost(bucket: &str, why: &dyn std::fmt::Display) -> Attempt<()> {
    metrics::counter!("tidegate_lambda_destination_failures_total").increment(1);
    tracing::warn!(bucket, %why, "a record of what failed could not be written into its bucket");
    Attempt::Over(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_record::testing::{assert_golden, assert_round_trip};

    #[test]
    fn golden_bytes() {
        let account: AccountId = "123456789012".parse().unwrap();
        let (body, function) = (Bytes::from_static(b"{}"), "f".to_owned());
        let record = BucketRecord { account, key: "k".to_owned(), body, function, role: Some("r".to_owned()) };
        assert_round_trip(&record);
        assert_golden("020c313233343536373839303132016b027b7d0166010172", &record);
        let first = BucketRecord { function: String::new(), role: None, ..record };
        let bytes = Bytes::from_static(b"\x01\x0c123456789012\x01k\x02{}");
        assert_eq!(BucketRecord::decode(&bytes).unwrap(), first);
    }
}
