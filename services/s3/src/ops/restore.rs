use tidegate_api_s3::{RestoreObjectOutput, RestoreObjectRequest};
use tidegate_protocol::{Answered, Call, HttpAnswer, ServiceError};
use tidegate_store::Tx;

use super::objects::checked_key;
use super::versions::{bucket_in_tx, latch, locate_in_tx};
use crate::domain::lifecycle::next_midnight;
use crate::domain::{Event, StorageClass};
use crate::error::Error;
use crate::service::S3;
use crate::store::{ObjectRecord, Stands};

const DAY_MS: u64 = 86_400_000;

/// Makes an archived object readable for some days and until the next midnight. Here that takes no time.
pub(crate) async fn restore_object(
    s3: &S3,
    call: &Call,
    input: RestoreObjectRequest,
) -> Result<Answered<RestoreObjectOutput>, Error> {
    let bucket = s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    let key = checked_key(input.key.as_deref())?;
    let request = input.restore_request.unwrap_or_default();
    if request.r#type.is_some() || request.select_parameters.is_some() {
        return Err(Error::NotImplemented("Restoring the result of a selection"));
    }
    let days = request.days.and_then(|days| u64::try_from(days).ok()).filter(|days| *days > 0);
    let days = days.ok_or(Error::MalformedXml)?;
    let (now, version) = (s3.now(), input.version_id.as_deref());
    let until = next_midnight(now.plus_millis(days.saturating_mul(DAY_MS)));
    let audience = &s3.audience(call, &bucket, key);
    let mut latches = audience.latches(s3);
    latches.push(latch(bucket.id(), key));
    let name = bucket.name.as_str();
    let restored = s3
        .transact(&latches, async |tx: &mut Tx| {
            let record = bucket_in_tx(tx, name).await?;
            let mut located = locate_in_tx(tx, record.id, key, version).await?;
            let (found, latest) = (located.record.name(), version.is_none());
            let Stands::Object(object) = &mut located.record.stands else {
                return Err(Error::IsMarker { key: key.to_owned(), version: found, latest });
            };
            check_class(object)?;
            let was_restored = object.restored_until.is_some_and(|until| until > now);
            object.restored_until = Some(until);
            located.put(tx);
            if !was_restored {
                audience.raise_in_tx(s3, tx, Event::RestorePost, &located.record).await?;
            }
            Ok(was_restored)
        })
        .await?;
    // It says which of the two happened: a copy is being made, or one that is there stays longer.
    let status = if restored.value { 200 } else { 202 };
    Ok(Answered { shape: RestoreObjectOutput::default(), http: HttpAnswer::default().with_status(status) })
}

fn check_class(object: &ObjectRecord) -> Result<(), Error> {
    if StorageClass::is_archive(&object.storage_class) {
        return Ok(());
    }
    let words = "Restore is not allowed for the object's current storage class".to_owned();
    let error = ServiceError::from(Error::Refused { code: "InvalidObjectState", status: 403, words });
    Err(Error::from(error.with_field("StorageClass", object.storage_class.clone())))
}
