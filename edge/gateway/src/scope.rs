//! What a request says about its signer, read without verifying it: access key, region, service.

use std::borrow::Cow;

use http::{HeaderMap, header};
use percent_encoding::percent_decode_str;

/// The credential scope of a request: `AKID/20261121/us-east-1/sqs/aws4_request`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope<'a> {
    /// The access key id.
    pub access_key: Cow<'a, str>,
    /// The region; empty in asymmetric signatures (SigV4A), which name a set of regions elsewhere.
    pub region: Cow<'a, str>,
    /// The service's signing name.
    pub service: Cow<'a, str>,
}

impl<'a> Scope<'a> {
    /// The scope of a signed request: from its `Authorization` header, or from the query of a
    /// presigned URL.
    pub fn of(headers: &'a HeaderMap, query: Option<&'a str>) -> Option<Scope<'a>> {
        match headers.get(header::AUTHORIZATION) {
            Some(value) => Scope::of_authorization(value.to_str().ok()?),
            None => Scope::of_query(query?),
        }
    }

    fn of_authorization(value: &'a str) -> Option<Scope<'a>> {
        let parameters = value.strip_prefix("AWS4-")?.split_once(' ')?.1;
        let credential = parameters.split(',').find_map(|part| part.trim_start().strip_prefix("Credential="))?;
        let (access_key, region, service) = split(credential.trim_end())?;
        Some(Scope { access_key: access_key.into(), region: region.into(), service: service.into() })
    }

    fn of_query(query: &'a str) -> Option<Scope<'a>> {
        let encoded = query.split('&').find_map(|pair| pair.strip_prefix("X-Amz-Credential="))?;
        let credential = percent_decode_str(encoded).decode_utf8().ok()?;
        let (access_key, region, service) = split(&credential)?;
        let owned = |part: &str| Cow::Owned(part.to_owned());
        Some(Scope { access_key: owned(access_key), region: owned(region), service: owned(service) })
    }
}

/// From the right: nothing forbids a slash in an access key id.
fn split(credential: &str) -> Option<(&str, &str, &str)> {
    let mut parts = credential.rsplitn(4, '/');
    let (end, service, region, start) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    if end != "aws4_request" || service.is_empty() {
        return None;
    }
    match start.rsplit_once('/') {
        Some((access_key, date)) if is_date(date) => Some((access_key, region, service)),
        // SigV4A: AKID/date/service/aws4_request.
        _ if is_date(region) => Some((start, "", service)),
        _ => None,
    }
}

fn is_date(text: &str) -> bool {
    text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(authorization: Option<&str>, query: Option<&str>) -> Option<(String, String, String)> {
        let mut headers = HeaderMap::new();
        if let Some(value) = authorization {
            headers.insert(header::AUTHORIZATION, value.parse().unwrap());
        }
        let scope = Scope::of(&headers, query)?;
        Some((scope.access_key.into_owned(), scope.region.into_owned(), scope.service.into_owned()))
    }

    #[test]
    fn scopes_are_found_where_signers_put_them() {
        let signed =
            |credential: &str| format!("AWS4-HMAC-SHA256 SignedHeaders=host,Credential={credential},Signature=0");
        let presigned =
            "Action=ListQueues&X-Amz-Credential=AKID%2F20261121%2Fus-west-2%2Fsqs%2Faws4_request&X-Amz-Date=0";
        for (authorization, query, expected) in [
            (Some(signed("AKID/20261121/eu-west-1/sqs/aws4_request")), None, Some(("AKID", "eu-west-1", "sqs"))),
            (Some(signed("a/b/20261121/us-east-1/sns/aws4_request ")), None, Some(("a/b", "us-east-1", "sns"))),
            (Some(signed("AKID/20261121/s3/aws4_request")), None, Some(("AKID", "", "s3"))),
            (None, Some(presigned), Some(("AKID", "us-west-2", "sqs"))),
            (Some("Bearer abc".to_owned()), None, None),
            (Some(signed("AKID/20261121/us-east-1/sqs")), None, None),
            (None, Some("Action=ListQueues"), None),
            (None, None, None),
        ] {
            let expected = expected.map(|(key, region, name)| (key.to_owned(), region.to_owned(), name.to_owned()));
            assert_eq!(parts(authorization.as_deref(), query), expected, "{authorization:?} {query:?}");
        }
    }
}
