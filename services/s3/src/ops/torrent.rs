use tidegate_api_s3::GetObjectTorrentRequest;
use tidegate_protocol::{Call, ServiceError};

use crate::error::Error;
use crate::service::S3;

/// `GetObjectTorrent`. S3 has given torrents up, and says so since April 2022.
pub(crate) async fn get_object_torrent(s3: &S3, _call: &Call, input: GetObjectTorrentRequest) -> Result<(), Error> {
    s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    let words = "The specified method is not allowed against this resource.".to_owned();
    let error = ServiceError::from(Error::Refused { code: "MethodNotAllowed", status: 405, words });
    Err(Error::from(error.with_field("Method", "GET").with_field("ResourceType", "TORRENT")))
}
