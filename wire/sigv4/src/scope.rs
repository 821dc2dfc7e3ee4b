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
