//! What many answers show alike. Macros, because each answer is a structure of its own with members of the same
//! names.

use crate::store::LockMode;

/// AWS's word for how strict a lock is.
pub(crate) fn lock_mode(mode: LockMode) -> &'static str {
    match mode {
        LockMode::Governance => "GOVERNANCE",
        LockMode::Compliance => "COMPLIANCE",
    }
}

/// Fills in the checksum of its kind, if there is one.
macro_rules! show_checksum_value {
    ($output:expr, $checksum:expr) => {
        if let Some(checksum) = $checksum {
            let checksum: &$crate::store::Checksum = checksum;
            let text = Some(checksum.text());
            match checksum.kind {
                $crate::store::ChecksumKind::Crc32 => $output.checksum_crc32 = text,
                $crate::store::ChecksumKind::Crc32c => $output.checksum_crc32c = text,
                $crate::store::ChecksumKind::Crc64Nvme => $output.checksum_crc64nvme = text,
                $crate::store::ChecksumKind::Sha1 => $output.checksum_sha1 = text,
                $crate::store::ChecksumKind::Sha256 => $output.checksum_sha256 = text,
                $crate::store::ChecksumKind::Sha512 => $output.checksum_sha512 = text,
                $crate::store::ChecksumKind::Md5 => $output.checksum_md5 = text,
                $crate::store::ChecksumKind::XxHash64 => $output.checksum_xxhash64 = text,
                $crate::store::ChecksumKind::XxHash3 => $output.checksum_xxhash3 = text,
                $crate::store::ChecksumKind::XxHash128 => $output.checksum_xxhash128 = text,
            }
        }
    };
}
pub(crate) use show_checksum_value;

/// Fills in the checksum and what it is computed of, if there is one.
macro_rules! show_checksum {
    ($output:expr, $checksum:expr) => {
        if let Some(checksum) = $checksum {
            let checksum: &$crate::store::Checksum = checksum;
            $crate::wire::show_checksum_value!($output, Some(checksum));
            $output.checksum_type = Some(checksum.type_name().to_owned());
        }
    };
}
pub(crate) use show_checksum;

/// Fills in how an object is encrypted.
macro_rules! show_encryption {
    ($output:expr, $encryption:expr) => {
        match &$encryption {
            Some($crate::store::Encryption::Customer { key_md5 }) => {
                $output.sse_customer_algorithm = Some("AES256".to_owned());
                $output.sse_customer_key_md5 = Some(key_md5.clone());
            }
            Some($crate::store::Encryption::Service { algorithm, key, has_bucket_key }) => {
                $output.server_side_encryption = Some(algorithm.clone());
                $output.ssekms_key_id = key.clone();
                $output.bucket_key_enabled = has_bucket_key.then_some(true);
            }
            None => {}
        }
    };
}
pub(crate) use show_encryption;
