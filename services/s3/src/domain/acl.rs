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

/// What has a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "their names say it")]
pub enum Listed {
    Bucket,
    Object,
}

/// Whose list has a say on an action, and what it must grant: "Mapping of ACL permissions and access policy
/// permissions" of the user guide.
pub fn permission_of(action: &str) -> Option<(Listed, &'static str)> {
    Some(match action.strip_prefix("s3:")? {
        "ListBucket" | "ListBucketVersions" | "ListBucketMultipartUploads" => (Listed::Bucket, "READ"),
        "PutObject" | "DeleteObject" => (Listed::Bucket, "WRITE"),
        "GetBucketAcl" => (Listed::Bucket, "READ_ACP"),
        "PutBucketAcl" => (Listed::Bucket, "WRITE_ACP"),
        "GetObject" | "GetObjectVersion" => (Listed::Object, "READ"),
        "GetObjectAcl" | "GetObjectVersionAcl" => (Listed::Object, "READ_ACP"),
        "PutObjectAcl" | "PutObjectVersionAcl" => (Listed::Object, "WRITE_ACP"),
        _ => return None,
    })
}

/// Who asks, as lists see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asker {
    /// The account, if it is another than the owner's.
    pub stranger: Option<AccountId>,
    /// Whether there is a signature.
    pub has_signed: bool,
    /// Whether grants to groups are ignored.
    pub is_public_ignored: bool,
}

impl Asker {
    /// Whether a list grants a permission to whoever asks.
    pub fn is_granted(&self, list: &AccessControlPolicy, permission: &str) -> bool {
        list.grants.iter().flatten().any(|grant| {
            let said = grant.permission.as_deref().unwrap_or_default();
            let is_meant = grant.grantee.as_ref().is_some_and(|grantee| self.is(grantee));
            is_meant && (said == permission || said == "FULL_CONTROL")
        })
    }

    fn is(&self, grantee: &Grantee) -> bool {
        match grantee.uri.as_deref() {
            Some(ALL_USERS) => !self.is_public_ignored,
            Some(AUTHENTICATED_USERS) => self.has_signed && !self.is_public_ignored,
            Some(_) => false,
            None => self.stranger.is_some_and(|account| grantee.id == Some(canonical_id(account))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_grant_to_whom_they_name() {
        let owner = AccountId::DEFAULT;
        let friend: AccountId = "123456789012".parse().unwrap();
        let anonymous = Asker { stranger: None, has_signed: false, is_public_ignored: false };
        let own = Asker { has_signed: true, ..anonymous };
        let stranger = Asker { stranger: Some(friend), ..own };
        let deaf = Asker { is_public_ignored: true, ..stranger };
        let to_friend = to_user(canonical_id(friend), "READ");
        for (grant, permission, expected) in [
            (to_group(ALL_USERS, "READ"), "READ", [true, true, true, false]),
            (to_group(ALL_USERS, "READ"), "WRITE", [false; 4]),
            (to_group(AUTHENTICATED_USERS, "FULL_CONTROL"), "READ_ACP", [false, true, true, false]),
            (to_group(LOG_DELIVERY, "WRITE"), "WRITE", [false; 4]),
            (to_friend, "READ", [false, false, true, true]),
        ] {
            let list = AccessControlPolicy { grants: Some(vec![grant.clone()]), owner: Some(super::owner(owner)) };
            let granted = [anonymous, own, stranger, deaf].map(|asker| asker.is_granted(&list, permission));
            assert_eq!(granted, expected, "{grant:?} {permission}");
        }
        // The owner's own entry grants nothing to the owner's people.
        assert!(!own.is_granted(&private(owner), "READ"));
    }

    #[test]
    fn actions_and_the_lists_that_have_a_say() {
        assert_eq!(permission_of("s3:GetObjectVersion"), Some((Listed::Object, "READ")));
        assert_eq!(permission_of("s3:PutObject"), Some((Listed::Bucket, "WRITE")));
        assert_eq!(permission_of("s3:GetObjectTagging"), None);
    }
}
