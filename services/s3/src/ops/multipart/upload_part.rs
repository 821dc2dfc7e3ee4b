use std::sync::Arc;

use futures::StreamExt;
use parking_lot::Mutex;
use tidegate_api_s3::{UploadPartOutput, UploadPartRequest};
use tidegate_protocol::{Call, HttpRequest, Pieces};

use super::{Place, check_customer_key, find, part_number};
use crate::domain::Hasher;
use crate::error::Error;
use crate::ops::content::{Announced, receive};
use crate::ops::objects::{announced, checked_key};
use crate::service::S3;
use crate::store::{Checksum, ChecksumKind, UploadRecord};
use crate::wire;

/// Takes a part.
pub(crate) async fn upload_part(s3: &S3, call: &Call, input: UploadPartRequest) -> Result<UploadPartOutput, Error> {
    let bucket = s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    let key = checked_key(input.key.as_deref())?;
    let number = part_number(input.part_number)?;
    let (id, upload) = find(&*s3.store.snapshot()?, bucket.id(), key, input.upload_id.as_deref()).await?;
    check_customer_key(&upload, input.sse_customer_key_md5.as_deref())?;
    let http = call.http.as_deref();
    let algorithm = input.checksum_algorithm.as_deref();
    let mut announced = announced(http, input.content_md5.as_deref(), algorithm)?;
    let is_stated = algorithm.is_some() || http.is_some_and(states_checksum);
    agree(&upload, &mut announced, is_stated)?;
    let pieces = http.and_then(HttpRequest::take_body);
    let (pieces, aside) = match (upload.checksum, pieces) {
        (None, Some(pieces)) => hashed_aside(pieces),
        (_, pieces) => (pieces, None),
    };
    let received = receive(s3, http, pieces, announced).await?;
    let kept = aside.and_then(|aside| aside.lock().take()).map(|hasher| Checksum {
        kind: ChecksumKind::DEFAULT,
        value: hasher.finish(),
        composite_of: None,
    });
    let place = Place { s3, bucket: &bucket, key, upload: id, number };
    place.put(&received, kept.or_else(|| received.checksum.clone())).await?;
    let mut output = UploadPartOutput { e_tag: Some(wire::quoted_md5(&received.md5)), ..UploadPartOutput::default() };
    wire::show_encryption!(output, upload.encryption);
    if is_stated || upload.checksum.is_some() {
        wire::show_checksum_value!(output, received.checksum.as_ref());
    }
    Ok(output)
}

fn states_checksum(http: &HttpRequest) -> bool {
    http.header("x-amz-trailer").is_some() || ChecksumKind::ALL.iter().any(|kind| http.header(kind.header()).is_some())
}

/// The part's checksum must be of the upload's kind, and must be there if the object's is made of it.
fn agree(upload: &UploadRecord, announced: &mut Announced, is_stated: bool) -> Result<(), Error> {
    let Some(expected) = upload.checksum else { return Ok(()) };
    let actual = announced.checksum.as_ref().map(|(kind, _)| *kind).filter(|_| is_stated);
    match actual {
        Some(actual) if actual == expected => Ok(()),
        None if !upload.is_composite => {
            announced.checksum = Some((expected, None));
            Ok(())
        }
        actual => {
            let actual = actual.map_or_else(|| "null".to_owned(), |kind| kind.name().to_lowercase());
            let expected = expected.name().to_lowercase();
            Err(Error::InvalidRequest(format!(
                "Checksum Type mismatch occurred, expected checksum Type: {expected}, actual checksum Type: {actual}"
            )))
        }
    }
}

type Aside = Arc<Mutex<Option<Hasher>>>;

/// The object of an upload without checksums has one all the same, of the kind that S3 computes by itself:
/// whatever the parts say of themselves, it must follow from them.
fn hashed_aside(pieces: Pieces) -> (Option<Pieces>, Option<Aside>) {
    let aside: Aside = Arc::new(Mutex::new(Some(Hasher::new(ChecksumKind::DEFAULT))));
    let hasher = aside.clone();
    let pieces = pieces.inspect(move |piece| {
        if let (Ok(piece), Some(hasher)) = (piece, &mut *hasher.lock()) {
            hasher.update(piece);
        }
    });
    (Some(pieces.boxed()), Some(aside))
}
