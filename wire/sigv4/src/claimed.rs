//! What a request says about its signer, read without verifying it: access key, region, service.

use std::borrow::Cow;

use http::{HeaderMap, header};
use percent_encoding::percent_decode_str;

/// The credential that a request claims: `AKID/20261121/us-east-1/sqs/aws4_request`. Nothing is verified:
/// this is for routing, and for servers that trust their callers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed<'a> {
    /// The access key id.
    pub access_key: Cow<'a, str>,
    /// The day of the signature, `YYYYMMDD`.
    pub date: Cow<'a, str>,
    /// The region; empty in asymmetric signatures (SigV4A), which name a set of regions elsewhere.
    pub region: Cow<'a, str>,
    /// The service's signing name.
    pub service: Cow<'a, str>,
}

impl<'a> Claimed<'a> {
    /// What a signed request claims: from its `Authorization` header, or from the query of a
    /// presigned URL.
    pub fn of(headers: &'a HeaderMap, query: Option<&'a str>) -> Option<Claimed<'a>> {
        match headers.get(header::AUTHORIZATION) {
            Some(value) => Claimed::of_authorization(value.to_str().ok()?),
            None => Claimed::of_query(query?),
        }
    }

    fn of_authorization(value: &'a str) -> Option<Claimed<'a>> {
        let parameters = value.strip_prefix("AWS4-")?.split_once(' ')?.1;
        let credential = parameters.split(',').find_map(|part| part.trim_start().strip_prefix("Credential="))?;
        let [access_key, date, region, service] = split(credential.trim_end())?.map(Cow::Borrowed);
        Some(Claimed { access_key, date, region, service })
    }

    fn of_query(query: &'a str) -> Option<Claimed<'a>> {
        let encoded = query.split('&').find_map(|pair| pair.strip_prefix("X-Amz-Credential="))?;
        let credential = percent_decode_str(encoded).decode_utf8().ok()?;
        let [access_key, date, region, service] = split(&credential)?.map(|part| Cow::Owned(part.to_owned()));
        Some(Claimed { access_key, date, region, service })
    }
}

/// From the right: nothing forbids a slash in an access key id.
fn split(credential: &str) -> Option<[&str; 4]> {
    let mut parts = credential.rsplitn(4, '/');
    let (end, service, region, start) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    if end != "aws4_request" || service.is_empty() {
        return None;
    }
    match start.rsplit_once('/') {
        Some((access_key, date)) if is_date(date) => Some([access_key, date, region, service]),
        // SigV4A: AKID/date/service/aws4_request.
        _ if is_date(region) => Some([start, region, "", service]),
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
        let claimed = Claimed::of(&headers, query)?;
        Some((claimed.access_key.into_owned(), claimed.region.into_owned(), claimed.service.into_owned()))
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

    #[test]
    fn the_day_is_read_from_header_and_query() {
        let mut headers = HeaderMap::new();
        let value =
            "AWS4-HMAC-SHA256 Credential=AKID/20150830/eu-west-1/sqs/aws4_request, SignedHeaders=host, Signature=0";
        headers.insert(header::AUTHORIZATION, value.parse().unwrap());
        let expected = Claimed {
            access_key: "AKID".into(),
            date: "20150830".into(),
            region: "eu-west-1".into(),
            service: "sqs".into(),
        };
        assert_eq!(Claimed::of(&headers, None), Some(expected.clone()));
        let query = "a=b&X-Amz-Credential=AKID%2F20150830%2Feu-west-1%2Fsqs%2Faws4_request&X-Amz-Signature=0";
        assert_eq!(Claimed::of(&HeaderMap::new(), Some(query)), Some(expected));
    }

    #[test]
    fn what_names_no_scope_is_none() {
        for authorization in ["", "Bearer x", "AWS AKID:signature", "AWS4-HMAC-SHA256 Credential=AKID/x/aws4_request"] {
            assert_eq!(parts(Some(authorization), None), None, "{authorization}");
        }
        assert_eq!(parts(None, Some("X-Amz-Credential=x")), None);
    }
}
