use std::sync::Arc;

use bytes::Bytes;
use metrics::counter;
use sha2::{Digest, Sha256};
use tidegate_api_s3::{BucketLoggingStatus, LoggingEnabled};
use tidegate_ports::{Acting, ObjectAddress, ObjectRefusal};
use tidegate_store::{Entry, KeyRange, Order, Page, Space, Tx};
use tidegate_types::Timestamp;
use tidegate_workers::{Next, Worker};

use crate::domain::access_log::LogNames;
use crate::error::Error;
use crate::service::S3;
use crate::store::{AccessLineRecord, Bucket, BucketId, ConfigKind, VersionId, decode, keys};

/// How long, in product time, lines wait for more before they become an object. AWS takes hours.
const PERIOD_MS: u64 = 5 * 60_000;
/// The most lines of one object.
const MOST_LINES: usize = 5000;

/// Makes objects of the lines of access logs.
///
/// An object's name follows from its lines: one that was written, and whose lines were not removed because the server
/// died, is written once more with the same name.
pub(crate) struct AccessLogs {
    s3: Arc<S3>,
}

/// The lines that wait, of one bucket.
struct Waiting {
    bucket: BucketId,
    first: VersionId,
}

impl Waiting {
    fn due(&self) -> Timestamp {
        self.first.drawn_at().plus_millis(PERIOD_MS)
    }
}

impl AccessLogs {
    pub(crate) fn new(s3: Arc<S3>) -> AccessLogs {
        AccessLogs { s3 }
    }

    /// The bucket whose lines have waited longest.
    async fn longest_waiting(&self) -> Result<Option<Waiting>, Error> {
        let snapshot = self.s3.store.snapshot()?;
        let (mut range, mut found) = (KeyRange::prefix(&keys::all_access_lines()), None::<Waiting>);
        loop {
            let entries = snapshot.scan(Space::Log, &range, Order::Ascending, Page::of(1)).await?;
            let Some(entry) = entries.first() else { return Ok(found) };
            let (bucket, first) = keys::read_access_line(&entry.key)
                .map_err(|error| Error::from(crate::store::corrupt(Space::Log, &entry.key, &error)))?;
            if found.as_ref().is_none_or(|found| first < found.first) {
                found = Some(Waiting { bucket, first });
            }
            let Some(behind) = KeyRange::prefix(&keys::access_lines(bucket)).end else { return Ok(found) };
            range.start = behind;
        }
    }

    async fn deliver(&self, waiting: &Waiting) -> Result<(), Error> {
        let range = KeyRange::prefix(&keys::access_lines(waiting.bucket));
        let snapshot = self.s3.store.snapshot()?;
        let entries = snapshot.scan(Space::Log, &range, Order::Ascending, Page::of(MOST_LINES)).await?;
        let buckets = self.s3.directory.of_account(None)?;
        let source = buckets.into_iter().find(|bucket| bucket.id() == waiting.bucket);
        let enabled = source.as_ref().and_then(|bucket| {
            let status: Option<BucketLoggingStatus> = bucket.config(ConfigKind::Logging);
            status?.logging_enabled
        });
        if let Some((source, enabled)) = source.zip(enabled) {
            self.write(&source, &enabled, waiting, &entries).await?;
        }
        // Nobody wants the lines of a bucket that is gone, or whose log was given up.
        let (entries, s3) = (&entries, &self.s3);
        let removed = s3.transact(&[], async |tx: &mut Tx| {
            entries.iter().for_each(|entry| tx.delete(Space::Log, entry.key.clone()));
            Ok(())
        });
        removed.await.map(drop)
    }

    async fn write(
        &self,
        source: &Bucket,
        enabled: &LoggingEnabled,
        waiting: &Waiting,
        entries: &[Entry],
    ) -> Result<(), Error> {
        let mut body = String::new();
        for entry in entries {
            let record: AccessLineRecord = decode(Space::Log, &entry.key, &entry.record)?;
            body.push_str(&record.line);
            body.push('\n');
        }
        let format = enabled.target_object_key_format.as_ref();
        let account = source.record.account;
        let names = LogNames {
            prefix: enabled.target_prefix.as_deref().unwrap_or_default(),
            account: &account.to_string(),
            region: source.record.region.as_str(),
            bucket: &source.name,
            is_partitioned: format.is_some_and(|format| format.partitioned_prefix.is_some()),
        };
        let unique = &hex::encode_upper(Sha256::digest(format!("{}{}", source.name, waiting.first)))[..16];
        let target = enabled.target_bucket.clone().unwrap_or_default();
        let key = names.key(waiting.first.drawn_at(), unique);
        let address = ObjectAddress { bucket: target, key, version: None };
        let written =
            self.s3.objects().write(Acting::Account(account), &address, Bytes::from(body), "text/plain").await;
        match written {
            Ok(()) => Ok(()),
            Err(ObjectRefusal::Unavailable(words)) => {
                Err(Error::Refused { code: "ServiceUnavailable", status: 503, words })
            }
            // The target is gone, or somebody else's by now.
            Err(refusal) => {
                counter!("tidegate_s3_access_lines_lost_total").increment(entries.len() as u64);
                tracing::warn!(bucket = source.name, target = address.bucket, ?refusal, "an access log is not taken");
                Ok(())
            }
        }
    }
}

impl Worker for AccessLogs {
    type Error = Error;

    fn name(&self) -> &'static str {
        "s3 access logs"
    }

    async fn run_once(&self) -> Result<Next, Error> {
        match self.longest_waiting().await? {
            None => Ok(Next::OnHint),
            Some(waiting) if waiting.due() <= self.s3.now() => {
                self.deliver(&waiting).await?;
                Ok(Next::Again)
            }
            Some(waiting) => Ok(Next::At(waiting.due())),
        }
    }
}
