//! Who may do what with a bucket, as a list; and what may stand in lists at all.

use tidegate_api_s3::{
    AccessControlPolicy, GetBucketAclOutput, GetBucketAclRequest, Grant, OwnershipControls, PutBucketAclRequest,
};
use tidegate_protocol::Call;
use tidegate_protocol::Shape;
use tidegate_protocol::rest_xml::XmlReader;

use super::{access_block, document, invalid, request, set};
use crate::domain::acl;
use crate::error::Error;
use crate::ops::acl_headers::acl_of_headers;
use crate::service::S3;
use crate::store::{Bucket, ConfigKind};

/// The most grants of a list.
const MAX_GRANTS: usize = 100;

/// `GetBucketAcl`
pub(crate) async fn get_bucket_acl(
    s3: &S3,
    _call: &Call,
    input: GetBucketAclRequest,
) -> Result<GetBucketAclOutput, Error> {
    let bucket = s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    let list = bucket.config(ConfigKind::Acl).unwrap_or_else(|| acl::private(bucket.record.account));
    Ok(GetBucketAclOutput { owner: list.owner, grants: list.grants })
}

/// `PutBucketAcl`
pub(crate) async fn put_bucket_acl(s3: &S3, call: &Call, input: PutBucketAclRequest) -> Result<(), Error> {
    let bucket = s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    if is_owner_enforced(&bucket) {
        return Err(no_lists());
    }
    let grants = [
        ("FULL_CONTROL", input.grant_full_control.as_deref()),
        ("READ", input.grant_read.as_deref()),
        ("READ_ACP", input.grant_read_acp.as_deref()),
        ("WRITE", input.grant_write.as_deref()),
        ("WRITE_ACP", input.grant_write_acp.as_deref()),
    ];
    let by_headers = input.acl.is_some() || grants.iter().any(|(_, header)| header.is_some());
    let owner = bucket.record.account;
    let list = match input.access_control_policy {
        Some(_) if by_headers => return Err(unexpected_content()),
        Some(list) => checked(list, &acl::canonical_id(owner))?,
        None if !by_headers => return Err(missing_header()),
        None => match acl_of_headers(call, owner, input.acl.as_deref(), &grants)? {
            Some(list) => return keep_public_or_not(s3, &bucket, list).await,
            None => acl::private(owner),
        },
    };
    keep_public_or_not(s3, &bucket, document("AccessControlPolicy", &list)).await
}

async fn keep_public_or_not(s3: &S3, bucket: &Bucket, list: String) -> Result<(), Error> {
    check_list(bucket, Some(&list))?;
    set(s3, bucket, ConfigKind::Acl, list).await
}

/// What a list for an object or a bucket is held against: whether the bucket takes lists at all, and whether it
/// takes public ones.
///
/// # Errors
/// What S3 says of lists that the bucket does not take.
pub(crate) fn check_list(bucket: &Bucket, list: Option<&str>) -> Result<(), Error> {
    let Some(list) = list else { return Ok(()) };
    let list = read(list)?;
    // The bucket's owner owns everything: a list that says no more than that is taken.
    let owner = acl::canonical_id(bucket.record.account);
    let is_owners = |grant: &Grant| {
        let id = grant.grantee.as_ref().and_then(|grantee| grantee.id.as_ref());
        id == Some(&owner) && grant.permission.as_deref() == Some("FULL_CONTROL")
    };
    if is_owner_enforced(bucket) && !list.grants.iter().flatten().all(is_owners) {
        return Err(no_lists());
    }
    if access_block(bucket).block_public_acls == Some(true) && acl::is_public(&list) {
        return Err(Error::Denied("Access Denied".to_owned()));
    }
    Ok(())
}

/// What becomes of a list that a bucket is to be made with: it is made with all that is public blocked.
///
/// # Errors
/// If the list is public.
pub(crate) fn refuse_public(list: Option<&str>) -> Result<(), Error> {
    let Some(list) = list else { return Ok(()) };
    if !acl::is_public(&read(list)?) {
        return Ok(());
    }
    let words = "Bucket cannot have public ACLs set with BlockPublicAccess enabled".to_owned();
    Err(Error::Refused { code: "InvalidBucketAclWithBlockPublicAccessError", status: 400, words })
}

/// A list that was kept.
pub(crate) fn read(list: &str) -> Result<AccessControlPolicy, Error> {
    let read = XmlReader::new(list.as_bytes()).and_then(|mut reader| AccessControlPolicy::read(&mut reader));
    read.map_err(|_| Error::MalformedXml)
}

/// Whether a bucket has no lists: its owner owns everything.
pub(crate) fn is_owner_enforced(bucket: &Bucket) -> bool {
    ownership(bucket).as_deref() == Some("BucketOwnerEnforced")
}

/// Who owns what is written into a bucket; `None` is as `ObjectWriter`.
pub(crate) fn ownership(bucket: &Bucket) -> Option<String> {
    let controls: Option<OwnershipControls> = bucket.config(ConfigKind::OwnershipControls);
    controls?.rules?.into_iter().next()?.object_ownership
}

/// The list of a request's body, as it is kept.
pub(crate) fn check_grants(list: AccessControlPolicy, owner: &str) -> Result<String, Error> {
    checked(list, owner).map(|list| document("AccessControlPolicy", &list))
}

fn checked(mut list: AccessControlPolicy, owner: &str) -> Result<AccessControlPolicy, Error> {
    let said = list.owner.as_ref().and_then(|owner| owner.id.as_deref()).ok_or(Error::MalformedXml)?;
    if said != owner {
        // Lists do not move what they are of to other owners.
        return Err(Error::Denied("Access Denied".to_owned()));
    }
    let grants = list.grants.get_or_insert_default();
    if grants.len() > MAX_GRANTS {
        return Err(request("The number of grants exceeds the limit of 100"));
    }
    grants.iter().try_for_each(check_grant)?;
    Ok(list)
}

/// Whether a grant names somebody whom there may be.
pub(crate) fn check_grant(grant: &Grant) -> Result<(), Error> {
    let permissions = ["FULL_CONTROL", "READ", "READ_ACP", "WRITE", "WRITE_ACP"];
    super::one_of(grant.permission.as_deref(), &permissions)?;
    let grantee = grant.grantee.as_ref().ok_or(Error::MalformedXml)?;
    match grantee.r#type.as_deref() {
        Some("CanonicalUser") => {
            let id = grantee.id.as_deref().ok_or(Error::MalformedXml)?;
            acl::is_canonical_id(id).then_some(()).ok_or_else(|| invalid("Invalid id", "CanonicalUser/ID", id))
        }
        Some("Group") => {
            let uri = grantee.uri.as_deref().ok_or(Error::MalformedXml)?;
            acl::is_group(uri).then_some(()).ok_or_else(|| invalid("Invalid group uri", "Group/URI", uri))
        }
        // Since October 2025 nobody can be named by an address any more.
        Some("AmazonCustomerByEmail") => {
            let words = "The specified method is not allowed against this resource.".to_owned();
            Err(Error::Refused { code: "MethodNotAllowed", status: 405, words })
        }
        _ => Err(Error::MalformedXml),
    }
}

pub(crate) fn no_lists() -> Error {
    let words = "The bucket does not allow ACLs".to_owned();
    Error::Refused { code: "AccessControlListNotSupported", status: 400, words }
}

pub(crate) fn unexpected_content() -> Error {
    Error::Refused { code: "UnexpectedContent", status: 400, words: "This request does not support content".to_owned() }
}

pub(crate) fn missing_header() -> Error {
    let words = "Your request was missing a required header".to_owned();
    Error::Refused { code: "MissingSecurityHeader", status: 400, words }
}
