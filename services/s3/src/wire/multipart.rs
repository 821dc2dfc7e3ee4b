//! What uploads in parts say of themselves.

use tidegate_api_s3::{Initiator, Part};
use tidegate_types::AccountId;

use super::{argument, show_checksum_value};
use crate::domain::acl::canonical_id;
use crate::error::Error;
use crate::store::{ChecksumKind, PartRecord, UploadRecord};

/// AWS's word for what a checksum is computed of.
pub(crate) fn checksum_type(is_composite: bool) -> String {
    if is_composite { "COMPOSITE" } else { "FULL_OBJECT" }.to_owned()
}

/// What is said of a kind of checksum that nobody knows.
pub(crate) fn unknown_checksum() -> Error {
    let words = "Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, \
                 CRC32C, CRC64NVME, SHA1, SHA256]";
    Error::InvalidRequest(words.to_owned())
}

/// The entity tag of a part.
pub(crate) fn quoted_md5(md5: &[u8; 16]) -> String {
    format!("\"{}\"", hex::encode(md5))
}

/// Who began an upload: an account by its number, anybody else by the ARN.
pub(crate) fn initiator(upload: &UploadRecord) -> Initiator {
    let id =
        if is_root(&upload.initiator, upload.owner) { canonical_id(upload.owner) } else { upload.initiator.clone() };
    Initiator { id: Some(id), display_name: None }
}

fn is_root(arn: &str, account: AccountId) -> bool {
    arn == format!("arn:aws:iam::{account}:root")
}

/// A part, as listings show it: with its checksum if its upload's parts have some.
pub(crate) fn part(number: u16, part: &PartRecord, checksum: Option<ChecksumKind>) -> Part {
    let mut shown = Part {
        part_number: Some(i32::from(number)),
        last_modified: Some(part.created_at),
        e_tag: Some(quoted_md5(&part.md5)),
        size: i64::try_from(part.size).ok(),
        ..Part::default()
    };
    show_checksum_value!(shown, part.checksum.as_ref().filter(|_| checksum.is_some()));
    shown
}

/// Where a new object is found, in the style of the request's own URL.
pub(crate) fn location(base_url: &str, bucket: &str, key: &str) -> String {
    let key = super::Encoding::Url.show(key).replace('+', "%20");
    let host = base_url.split_once("://").map_or(base_url, |(_, host)| host);
    match host.strip_prefix(bucket).is_some_and(|rest| rest.starts_with('.')) {
        true => format!("{base_url}/{key}"),
        false => format!("{base_url}/{bucket}/{key}"),
    }
}

/// The checksums that a request states, each with its kind and as it was written.
macro_rules! stated_checksums {
    ($input:expr) => {
        [
            ($crate::store::ChecksumKind::Crc32, &$input.checksum_crc32),
            ($crate::store::ChecksumKind::Crc32c, &$input.checksum_crc32c),
            ($crate::store::ChecksumKind::Crc64Nvme, &$input.checksum_crc64nvme),
            ($crate::store::ChecksumKind::Sha1, &$input.checksum_sha1),
            ($crate::store::ChecksumKind::Sha256, &$input.checksum_sha256),
            ($crate::store::ChecksumKind::Sha512, &$input.checksum_sha512),
            ($crate::store::ChecksumKind::Md5, &$input.checksum_md5),
            ($crate::store::ChecksumKind::XxHash64, &$input.checksum_xxhash64),
            ($crate::store::ChecksumKind::XxHash3, &$input.checksum_xxhash3),
            ($crate::store::ChecksumKind::XxHash128, &$input.checksum_xxhash128),
        ]
        .into_iter()
        .filter_map(|(kind, text)| Some((kind, text.clone()?)))
        .collect::<Vec<_>>()
    };
}
pub(crate) use stated_checksums;

/// A page of parts: its size and the number behind which it begins.
pub(crate) fn part_page(most: Option<i32>, marker: Option<i32>) -> Result<(i32, i32), Error> {
    let most = super::page_size(most, "max-parts", "max-parts")?;
    match marker.unwrap_or(0) {
        marker if marker < 0 => {
            let words = "Argument part-number-marker must be an integer between 0 and 2147483647";
            Err(argument(words, "part-number-marker", &marker.to_string()))
        }
        marker => Ok((most, marker)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_are_in_the_style_of_the_request() {
        assert_eq!(location("http://localhost:4566", "b", "a b/c+d"), "http://localhost:4566/b/a%20b/c%2Bd");
        assert_eq!(location("http://b.s3.localhost:4566", "b", "k"), "http://b.s3.localhost:4566/k");
    }
}
