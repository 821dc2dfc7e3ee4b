//! The access control list that a request's headers ask for: a canned one, or grants.

use tidegate_api_s3::{AccessControlPolicy, Grant, Grantee};
use tidegate_protocol::Call;
use tidegate_types::AccountId;

use super::configs::{check_grant, document};
use crate::domain::acl;
use crate::error::Error;

/// A list as the document that is kept.
pub(crate) fn document_of(list: &AccessControlPolicy) -> String {
    document("AccessControlPolicy", list)
}

/// The list that headers ask for; `None` if they ask for nothing but the owner's own.
///
/// # Errors
/// What S3 says of names that it does not know, and of both kinds of headers at once.
pub(crate) fn acl_of_headers(
    call: &Call,
    bucket_owner: AccountId,
    canned: Option<&str>,
    grants: &[(&str, Option<&str>)],
) -> Result<Option<String>, Error> {
    let has_grants = grants.iter().any(|(_, header)| header.is_some());
    match canned {
        Some(_) if has_grants => {
            let words = "Specifying both Canned ACLs and Header Grants is not allowed";
            Err(Error::InvalidRequest(words.to_owned()))
        }
        Some("private") => Ok(None),
        Some(name) => {
            let unknown = || Error::InvalidArgument {
                words: String::new(),
                name: "x-amz-acl".to_owned(),
                value: name.to_owned(),
            };
            acl::canned(name, call.account, bucket_owner).map(|list| Some(document_of(&list))).ok_or_else(unknown)
        }
        None if has_grants => {
            let mut all = Vec::new();
            for (permission, header) in grants {
                for grantee in header.iter().flat_map(|header| header.split(',')) {
                    let grantee = Some(grantee_of(grantee)?);
                    let grant = Grant { grantee, permission: Some((*permission).to_owned()) };
                    check_grant(&grant)?;
                    all.push(grant);
                }
            }
            let list = AccessControlPolicy { grants: Some(all), owner: Some(acl::owner(call.account)) };
            Ok(Some(document_of(&list)))
        }
        None => Ok(None),
    }
}

/// `id="…"`, `uri="…"` or `emailAddress="…"`.
fn grantee_of(text: &str) -> Result<Grantee, Error> {
    let invalid = || Error::InvalidArgument {
        words: "Argument format not recognized".to_owned(),
        name: "x-amz-grant".to_owned(),
        value: text.to_owned(),
    };
    let (kind, value) = text.trim().split_once('=').ok_or_else(invalid)?;
    let value = value.trim().trim_matches('"').to_owned();
    let grantee = match kind.trim() {
        "id" => Grantee { id: Some(value), r#type: Some("CanonicalUser".to_owned()), ..Grantee::default() },
        "uri" => Grantee { uri: Some(value), r#type: Some("Group".to_owned()), ..Grantee::default() },
        "emailAddress" => {
            let kind = Some("AmazonCustomerByEmail".to_owned());
            Grantee { email_address: Some(value), r#type: kind, ..Grantee::default() }
        }
        _ => return Err(invalid()),
    };
    Ok(grantee)
}
