use http::HeaderMap;

use crate::canonical::decode_query;

/// A credential: an access key and where it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// The access key id.
    pub access_key: String,
    /// The day of the signature, `YYYYMMDD`.
    pub date: String,
    /// The region.
    pub region: String,
    /// The service's signing name.
    pub service: String,
}

/// Why a credential cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BadScope {
    /// It has not five parts.
    Parts,
    /// It does not end in `aws4_request`.
    Terminator(String),
}

impl Scope {
    /// Parses `AKID/20150830/us-east-1/service/aws4_request`. Access key ids may contain slashes.
    pub(crate) fn parse(credential: &str) -> Result<Scope, BadScope> {
        let mut parts = credential.rsplitn(5, '/');
        let mut next = || parts.next().ok_or(BadScope::Parts);
        let (terminator, service, region, date, access_key) = (next()?, next()?, next()?, next()?, next()?);
        if terminator != "aws4_request" {
            return Err(BadScope::Terminator(terminator.to_owned()));
        }
        Ok(Scope {
            access_key: access_key.to_owned(),
            date: date.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
        })
    }

    /// Everything but the access key, as it is signed.
    pub(crate) fn signed(&self) -> String {
        format!("{}/{}/{}/aws4_request", self.date, self.region, self.service)
    }
}

/// Who claims to call, and which service in which region, from the `Authorization` header or a
/// presigned URL. Nothing is verified: this is for routing, and for servers that trust their callers.
pub fn parse_scope(headers: &HeaderMap, query: &str) -> Option<Scope> {
    if let Some(authorization) = headers.get(http::header::AUTHORIZATION) {
        let (_, rest) = authorization.to_str().ok()?.split_once("Credential=")?;
        let credential = rest.split([',', ' ']).next()?;
        return Scope::parse(credential).ok();
    }
    let credential = query.split('&').find_map(|pair| pair.strip_prefix("X-Amz-Credential="))?;
    Scope::parse(&decode_query(credential)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(authorization: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", authorization.parse().unwrap());
        headers
    }

    #[test]
    fn a_scope_is_read_from_header_and_query() {
        let expected = Scope {
            access_key: "AKID".to_owned(),
            date: "20150830".to_owned(),
            region: "eu-west-1".to_owned(),
            service: "sqs".to_owned(),
        };
        for authorization in [
            "AWS4-HMAC-SHA256 Credential=AKID/20150830/eu-west-1/sqs/aws4_request, SignedHeaders=host, Signature=0",
            "AWS4-HMAC-SHA256 SignedHeaders=host,Credential=AKID/20150830/eu-west-1/sqs/aws4_request,Signature=0",
        ] {
            assert_eq!(parse_scope(&headers(authorization), ""), Some(expected.clone()));
        }
        let query = "a=b&X-Amz-Credential=AKID%2F20150830%2Feu-west-1%2Fsqs%2Faws4_request&X-Amz-Signature=0";
        assert_eq!(parse_scope(&HeaderMap::new(), query), Some(expected));
    }

    #[test]
    fn what_names_no_scope_is_none() {
        for authorization in ["", "Bearer x", "AWS AKID:signature", "AWS4-HMAC-SHA256 Credential=AKID/x/aws4_request"] {
            assert_eq!(parse_scope(&headers(authorization), ""), None, "{authorization}");
        }
        assert_eq!(parse_scope(&HeaderMap::new(), "X-Amz-Credential=x"), None);
    }
}
