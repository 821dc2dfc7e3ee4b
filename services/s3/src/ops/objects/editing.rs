//! Changing what is said of a version without changing its body, and reading it back.

use tidegate_protocol::Call;
use tidegate_store::Tx;

use crate::domain::Event;
use crate::error::Error;
use crate::ops::versions::{bucket_in_tx, find, latch, locate_in_tx};
use crate::service::S3;
use crate::store::{Bucket, ObjectRecord, Stands, VersionRecord, Versioning};

/// The version that a request names.
pub(super) struct Named<'a> {
    pub bucket: &'a Bucket,
    pub key: &'a str,
    pub version: Option<&'a str>,
}

impl Named<'_> {
    /// The version as it is durable, and its object.
    pub(super) async fn read(&self, s3: &S3) -> Result<(VersionRecord, ObjectRecord), Error> {
        let snapshot = s3.store.snapshot()?;
        let (record, is_current) = find(&*snapshot, self.bucket.id(), self.key, self.version).await?;
        match &record.stands {
            Stands::Object(object) => {
                let object = (**object).clone();
                Ok((record, object))
            }
            Stands::Marker { .. } => Err(self.marker(&record, is_current)),
        }
    }

    /// Changes the object, and tells of it.
    pub(super) async fn edit(
        &self,
        s3: &S3,
        call: &Call,
        event: Option<Event>,
        change: impl Fn(&mut ObjectRecord) -> Result<(), Error> + Sync,
    ) -> Result<VersionRecord, Error> {
        let (bucket, change) = (self.bucket, &change);
        let audience = &s3.audience(call, bucket, self.key);
        let mut latches = event.map(|_| audience.latches(s3)).unwrap_or_default();
        latches.push(latch(bucket.id(), self.key));
        let edited = s3.transact(&latches, async |tx: &mut Tx| {
            let record = bucket_in_tx(tx, &bucket.name).await?;
            let mut located = locate_in_tx(tx, record.id, self.key, self.version).await?;
            match &mut located.record.stands {
                Stands::Object(object) => change(object)?,
                Stands::Marker { .. } => return Err(self.marker(&located.record, located.is_current)),
            }
            located.put(tx);
            if let Some(event) = event {
                audience.raise_in_tx(s3, tx, event, &located.record).await?;
            }
            Ok(located.record)
        });
        Ok(edited.await?.value)
    }

    fn marker(&self, record: &VersionRecord, is_current: bool) -> Error {
        // A deletion that is named is a version to which nothing of this can be done.
        let latest = is_current && self.version.is_none();
        Error::IsMarker { key: self.key.to_owned(), version: record.name(), latest }
    }

    /// What answers call the version.
    pub(super) fn shown_version(&self, record: &VersionRecord) -> Option<String> {
        (self.bucket.record.versioning != Versioning::Never).then(|| record.name())
    }
}
