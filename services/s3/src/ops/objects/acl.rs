//! Who may do what with an object, as a list.

use tidegate_api_s3::{
    AccessControlPolicy, GetObjectAclOutput, GetObjectAclRequest, PutObjectAclOutput, PutObjectAclRequest,
};
use tidegate_protocol::rest_xml::XmlReader;
use tidegate_protocol::{Call, Shape};

use super::editing::Named;
use crate::domain::{Event, acl};
use crate::error::Error;
use crate::ops::acl_headers::acl_of_headers;
use crate::ops::configs::{check_grants, check_list, is_owner_enforced, missing_header, no_lists, unexpected_content};
use crate::service::S3;

/// `GetObjectAcl`
pub(crate) async fn get_object_acl(
    s3: &S3,
    _call: &Call,
    input: GetObjectAclRequest,
) -> Result<GetObjectAclOutput, Error> {
    let bucket = &s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    let key = input.key.as_deref().unwrap_or_default();
    let (_, object) = Named { bucket, key, version: input.version_id.as_deref() }.read(s3).await?;
    let kept = object.acl.filter(|_| !is_owner_enforced(bucket));
    let list = match kept {
        Some(list) => {
            let read = XmlReader::new(list.as_bytes()).and_then(|mut reader| AccessControlPolicy::read(&mut reader));
            read.map_err(|_| Error::MalformedXml)?
        }
        None if is_owner_enforced(bucket) => acl::private(bucket.record.account),
        None => acl::private(object.owner),
    };
    Ok(GetObjectAclOutput { owner: list.owner, grants: list.grants, request_charged: None })
}

/// `PutObjectAcl`
pub(crate) async fn put_object_acl(
    s3: &S3,
    call: &Call,
    input: PutObjectAclRequest,
) -> Result<PutObjectAclOutput, Error> {
    let bucket = &s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    let key = input.key.as_deref().unwrap_or_default();
    if is_owner_enforced(bucket) {
        return Err(no_lists());
    }
    let named = Named { bucket, key, version: input.version_id.as_deref() };
    let (_, object) = named.read(s3).await?;
    let grants = [
        ("FULL_CONTROL", input.grant_full_control.as_deref()),
        ("READ", input.grant_read.as_deref()),
        ("READ_ACP", input.grant_read_acp.as_deref()),
        ("WRITE", input.grant_write.as_deref()),
        ("WRITE_ACP", input.grant_write_acp.as_deref()),
    ];
    let by_headers = input.acl.is_some() || grants.iter().any(|(_, header)| header.is_some());
    let list = match input.access_control_policy {
        Some(_) if by_headers => return Err(unexpected_content()),
        Some(list) => Some(check_grants(list, &acl::canonical_id(object.owner))?),
        None if by_headers => acl_of_headers(call, bucket.record.account, input.acl.as_deref(), &grants)?,
        None => return Err(missing_header()),
    };
    check_list(bucket, list.as_deref())?;
    named
        .edit(s3, call, Some(Event::AclPut), |object| {
            object.acl.clone_from(&list);
            Ok(())
        })
        .await?;
    Ok(PutObjectAclOutput::default())
}
