use tidegate_api_s3::{CompleteMultipartUploadOutput, CompleteMultipartUploadRequest};
use tidegate_protocol::Call;
use tidegate_record::Stored;
use tidegate_store::{Space, Tx};

use super::completion::{Came, Listed, Stated, etag_of, read};
use super::{check_customer_key, draft, find, find_in_tx, parse, parts_in_tx, remove_in_tx};
use crate::domain::Event;
use crate::error::Error;
use crate::ops::content::remove_content_in_tx;
use crate::ops::objects::{Put, Write, checked_key, shown_version};
use crate::ops::versions;
use crate::service::S3;
use crate::store::{Bucket, Content, ContentId, Encryption, PiecesRecord, Stands, VersionId, VersionRecord, keys};
use crate::wire;

/// Makes an object of an upload's parts.
pub(crate) async fn complete_multipart_upload(
    s3: &S3,
    call: &Call,
    input: CompleteMultipartUploadRequest,
) -> Result<CompleteMultipartUploadOutput, Error> {
    let bucket = s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    let key = checked_key(input.key.as_deref())?;
    let write = Write { if_match: input.if_match.as_deref(), if_none_match: input.if_none_match.as_deref() }.check()?;
    let id = parse(input.upload_id.as_deref())?;
    let stated = Stated {
        checksum: wire::stated_checksums!(input).into_iter().next(),
        mode: input.checksum_type,
        size: input.mpu_object_size,
    };
    let listed = read(input.multipart_upload)?;
    let customer_key = input.sse_customer_key_md5.as_deref();
    let put = Put { s3, call, bucket: &bucket, key, event: Event::CompleteMultipartUpload, write };
    let version = match complete(put, id, &listed, &stated, customer_key).await {
        // Whoever did not hear our answer asks again.
        Err(error @ (Error::NoSuchUpload(_) | Error::Precondition(_))) => {
            repeated(s3, &bucket, key, id, &listed).await?.ok_or(error)?
        }
        completed => completed?,
    };
    Ok(answer(s3, call, &bucket, key, &version))
}

async fn complete(
    put: Put<'_>,
    id: VersionId,
    listed: &[Listed],
    stated: &Stated,
    customer_key: Option<&str>,
) -> Result<VersionRecord, Error> {
    let Put { s3, bucket, key, .. } = put;
    let (_, upload) = find(&*s3.store.snapshot()?, bucket.id(), key, Some(&id.to_string())).await?;
    if customer_key.is_some() {
        check_customer_key(&upload, customer_key)?;
    }
    let content = ContentId(s3.env.uuid().as_u128());
    put.commit(async |tx: &mut Tx| {
        let upload = find_in_tx(tx, bucket.id(), key, id).await?;
        let parts = parts_in_tx(tx, id).await?;
        let made = Came { id, upload: &upload, parts: &parts }.make(listed, stated)?;
        remove_in_tx(tx, bucket.id(), key, id, &parts);
        let mut gone = Vec::new();
        for left_over in made.left_over {
            remove_content_in_tx(tx, left_over, &mut gone).await?;
        }
        let pieces = PiecesRecord { pieces: made.pieces };
        tx.put(Space::Map, keys::pieces(content), pieces.encode());
        let object = draft(&upload).object(Content::Pieces(content), made.size, made.etag, Some(made.checksum));
        Ok((object, gone))
    })
    .await
}

/// The object that this very upload became: it is gone, and what stands there is what its parts make.
async fn repeated(
    s3: &S3,
    bucket: &Bucket,
    key: &str,
    id: VersionId,
    listed: &[Listed],
) -> Result<Option<VersionRecord>, Error> {
    let snapshot = s3.store.snapshot()?;
    match find(&*snapshot, bucket.id(), key, Some(&id.to_string())).await {
        Err(Error::NoSuchUpload(_)) => {}
        Err(error) => return Err(error),
        Ok(_) => return Ok(None),
    }
    match versions::find(&*snapshot, bucket.id(), key, None).await {
        Ok((version, _)) => {
            let is_it = version.object().is_some_and(|object| Some(object.etag) == etag_of(listed));
            // An upload's number is earlier than that of the version it becomes.
            Ok(Some(version).filter(|version| is_it && id < version.version))
        }
        Err(Error::NoSuchKey(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

fn answer(s3: &S3, call: &Call, bucket: &Bucket, key: &str, version: &VersionRecord) -> CompleteMultipartUploadOutput {
    let mut output = CompleteMultipartUploadOutput {
        location: Some(wire::location(&call.base_url, &bucket.name, key)),
        bucket: Some(bucket.name.clone()),
        key: Some(key.to_owned()),
        expiration: s3.expiration_of(bucket, key, version),
        version_id: shown_version(bucket, version),
        ..CompleteMultipartUploadOutput::default()
    };
    if let Stands::Object(object) = &version.stands {
        output.e_tag = Some(wire::quoted_etag(object));
        wire::show_checksum!(output, object.checksum.as_ref());
        if let Some(Encryption::Service { algorithm, key, has_bucket_key }) = &object.encryption {
            output.server_side_encryption = Some(algorithm.clone());
            output.ssekms_key_id = key.clone();
            output.bucket_key_enabled = has_bucket_key.then_some(true);
        }
    }
    output
}
