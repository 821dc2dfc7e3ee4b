use tidegate_api_s3::{CreateMultipartUploadOutput, CreateMultipartUploadRequest};
use tidegate_protocol::Call;
use tidegate_record::Stored;
use tidegate_store::{Space, Tx};

use crate::error::Error;
use crate::ops::objects::{checked_key, draft_of};
use crate::ops::versions::bucket_in_tx;
use crate::service::S3;
use crate::store::{ChecksumKind, UploadRecord, keys};
use crate::wire;

/// Begins an upload in parts.
pub(crate) async fn create_multipart_upload(
    s3: &S3,
    call: &Call,
    input: CreateMultipartUploadRequest,
) -> Result<CreateMultipartUploadOutput, Error> {
    let bucket = s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    let key = checked_key(input.key.as_deref())?;
    let (checksum, is_composite) = checksum_mode(input.checksum_algorithm.as_deref(), input.checksum_type.as_deref())?;
    let draft = draft_of!(input).check(call, &bucket, s3.now())?;
    let upload = UploadRecord {
        created_at: s3.now(),
        owner: draft.owner,
        initiator: call.caller.principal_arn.clone(),
        checksum,
        is_composite,
        storage_class: draft.storage_class,
        headers: draft.headers,
        metadata: draft.metadata,
        tags: draft.tags,
        acl: draft.acl,
        lock: draft.lock,
        legal_hold: draft.legal_hold,
        encryption: draft.encryption,
        redirect: draft.redirect,
    };
    let id = s3.draw_version();
    let kept = &upload;
    let name = bucket.name.as_str();
    s3.transact(&[], async |tx: &mut Tx| {
        let record = bucket_in_tx(tx, name).await?;
        tx.put(Space::Map, keys::upload(record.id, key, id), kept.encode());
        Ok(())
    })
    .await?;
    let (abort_date, abort_rule_id) = s3.upload_ends(&bucket, key, upload.created_at).unzip();
    let mut output = CreateMultipartUploadOutput {
        abort_date,
        abort_rule_id,
        bucket: Some(bucket.name.clone()),
        key: Some(key.to_owned()),
        upload_id: Some(id.to_string()),
        checksum_algorithm: checksum.map(|kind| kind.name().to_owned()),
        checksum_type: checksum.map(|_| wire::checksum_type(is_composite)),
        ..CreateMultipartUploadOutput::default()
    };
    wire::show_encryption!(output, upload.encryption);
    Ok(output)
}

/// How parts' checksums are computed, and whether the object's is made of theirs.
fn checksum_mode(algorithm: Option<&str>, mode: Option<&str>) -> Result<(Option<ChecksumKind>, bool), Error> {
    let invalid = |words: String| Err(Error::InvalidRequest(words));
    let Some(algorithm) = algorithm else {
        return match mode {
            None => Ok((None, false)),
            Some(_) => invalid(
                "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.".to_owned(),
            ),
        };
    };
    let Some(kind) = ChecksumKind::named(algorithm) else { return Err(wire::unknown_checksum()) };
    let is_composite = match mode {
        None => kind.can_be_composite(),
        Some("COMPOSITE") => true,
        Some("FULL_OBJECT") => false,
        Some(_) => return invalid("Value for x-amz-checksum-type header is invalid.".to_owned()),
    };
    if if is_composite { kind.can_be_composite() } else { kind.can_be_full_object() } {
        return Ok((Some(kind), is_composite));
    }
    let (mode, kind) = (wire::checksum_type(is_composite), kind.name().to_lowercase());
    invalid(format!("The {mode} checksum type cannot be used with the {kind} checksum algorithm."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_of_checksums() {
        let ok = |algorithm, mode| checksum_mode(algorithm, mode).unwrap();
        assert_eq!(ok(None, None), (None, false));
        assert_eq!(ok(Some("crc32"), None), (Some(ChecksumKind::Crc32), true));
        assert_eq!(ok(Some("CRC32"), Some("FULL_OBJECT")), (Some(ChecksumKind::Crc32), false));
        assert_eq!(ok(Some("CRC64NVME"), None), (Some(ChecksumKind::Crc64Nvme), false));
        assert_eq!(ok(Some("SHA256"), Some("COMPOSITE")), (Some(ChecksumKind::Sha256), true));
        let refused = |algorithm, mode, words: &str| {
            assert!(checksum_mode(algorithm, mode).unwrap_err().to_string().starts_with(words), "{words}");
        };
        refused(None, Some("COMPOSITE"), "The x-amz-checksum-type header can only");
        refused(Some("MD4"), None, "Checksum algorithm provided is unsupported.");
        refused(Some("CRC64NVME"), Some("COMPOSITE"), "The COMPOSITE checksum type cannot be used with the crc64nvme");
        refused(Some("SHA1"), Some("FULL_OBJECT"), "The FULL_OBJECT checksum type cannot be used with the sha1");
        refused(Some("SHA1"), Some("x"), "Value for x-amz-checksum-type header is invalid.");
    }
}
