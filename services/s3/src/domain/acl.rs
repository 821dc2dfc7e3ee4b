//! Access control lists: who owns something, and what others may do with it. "Access control list (ACL)
//! overview" of the user guide.

use sha2::{Digest, Sha256};
use tidegate_api_s3::{AccessControlPolicy, Grant, Grantee, Owner};
use tidegate_types::AccountId;

/// Everybody.
pub const ALL_USERS: &str = "http://acs.amazonaws.com/groups/global/AllUsers";
/// Everybody who has signed.
pub const AUTHENTICATED_USERS: &str = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers";
/// Who writes a bucket's access logs.
pub const LOG_DELIVERY: &str = "http://acs.amazonaws.com/groups/s3/LogDelivery";

/// The number by which S3 knows an account: 64 hexadecimal digits that follow from the account.
pub fn canonical_id(account: AccountId) -> String {
    hex::encode(Sha256::digest(format!("canonical user of {account}")))
}

/// An account as an owner.
pub fn owner(account: AccountId) -> Owner {
    Owner { display_name: None, id: Some(canonical_id(account)) }
}

/// A grant to an account by its number.
pub fn to_user(id: String, permission: &str) -> Grant {
    let grantee = Grantee { id: Some(id), r#type: Some("CanonicalUser".to_owned()), ..Grantee::default() };
    Grant { grantee: Some(grantee), permission: Some(permission.to_owned()) }
}

/// A grant to a group.
pub fn to_group(uri: &str, permission: &str) -> Grant {
    let grantee = Grantee { uri: Some(uri.to_owned()), r#type: Some("Group".to_owned()), ..Grantee::default() };
    Grant { grantee: Some(grantee), permission: Some(permission.to_owned()) }
}

/// The list that has nobody in it but the owner.
pub fn private(account: AccountId) -> AccessControlPolicy {
    let grants = vec![to_user(canonical_id(account), "FULL_CONTROL")];
    AccessControlPolicy { grants: Some(grants), owner: Some(owner(account)) }
}

/// The list that a canned name stands for; `None` if there is no such name.
pub fn canned(name: &str, account: AccountId, bucket_owner: AccountId) -> Option<AccessControlPolicy> {
    let mut list = private(account);
    let more = match name {
        "private" | "bucket-owner-full-control" | "bucket-owner-read" if account == bucket_owner => vec![],
        "private" => vec![],
        "public-read" => vec![to_group(ALL_USERS, "READ")],
        "public-read-write" => vec![to_group(ALL_USERS, "READ"), to_group(ALL_USERS, "WRITE")],
        "authenticated-read" => vec![to_group(AUTHENTICATED_USERS, "READ")],
        "log-delivery-write" => vec![to_group(LOG_DELIVERY, "WRITE"), to_group(LOG_DELIVERY, "READ_ACP")],
        "aws-exec-read" => vec![],
        "bucket-owner-read" => vec![to_user(canonical_id(bucket_owner), "READ")],
        "bucket-owner-full-control" => vec![to_user(canonical_id(bucket_owner), "FULL_CONTROL")],
        _ => return None,
    };
    list.grants.get_or_insert_default().extend(more);
    Some(list)
}

/// Whether something can be the number of an account.
pub fn is_canonical_id(id: &str) -> bool {
    id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether there is a group of this name.
pub fn is_group(uri: &str) -> bool {
    [ALL_USERS, AUTHENTICATED_USERS, LOG_DELIVERY].contains(&uri)
}

/// Whether a list grants something to whom its owner cannot name.
pub fn is_public(list: &AccessControlPolicy) -> bool {
    let grantees = list.grants.iter().flatten().filter_map(|grant| grant.grantee.as_ref());
    grantees.filter_map(|grantee| grantee.uri.as_deref()).any(|uri| uri == ALL_USERS || uri == AUTHENTICATED_USERS)
}
