//! The many ways in which a request names a function.

use tidegate_types::{AccountId, Arn, Region};

/// The version or the alias that a request means.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Qualifier {
    /// `$LATEST`, or nothing.
    Latest,
    /// A published version.
    Version(u64),
    /// An alias.
    Alias(String),
}

impl Qualifier {
    /// Reads one.
    pub fn parse(text: &str) -> Qualifier {
        match text.parse() {
            _ if text == "$LATEST" => Qualifier::Latest,
            Ok(version) => Qualifier::Version(version),
            Err(_) => Qualifier::Alias(text.to_owned()),
        }
    }
}

/// A function, as a request names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionRef {
    /// Whose.
    pub account: AccountId,
    /// Where.
    pub region: Region,
    /// Its name.
    pub name: String,
    /// What stands behind the name, or in the parameter of its own.
    pub qualifier: Option<String>,
}

/// Why a text names no function.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// It has none of the forms.
    #[error("{0} is not the name of a function")]
    Malformed(String),
    /// The qualifier in the name is not the one beside it.
    #[error("two qualifiers")]
    TwoQualifiers,
    /// It is too long.
    #[error("{0} is longer than a name may be")]
    TooLong(String),
    /// It lies in another region.
    #[error("it lies in {}, and this is {}", own.as_str(), here.as_str())]
    OtherRegion {
        /// Where the function lies.
        own: Region,
        /// Where the request was sent.
        here: Region,
    },
}

impl FunctionRef {
    /// Reads a name (`f`, `f:1`), a partial ARN (`account:function:f`, `function:f`) or an ARN, with an optional
    /// qualifier beside it.
    ///
    /// # Errors
    /// [`InvalidName`].
    pub fn parse(
        text: &str,
        beside: Option<&str>,
        account: AccountId,
        region: &Region,
    ) -> Result<FunctionRef, InvalidName> {
        let malformed = || InvalidName::Malformed(text.to_owned());
        let (account, rest) = if text.starts_with("arn:") {
            let arn: Arn = text.parse().map_err(|_| malformed())?;
            if arn.service != "lambda" {
                return Err(malformed());
            }
            if let Some(own) = arn.region.filter(|own| own != region) {
                return Err(InvalidName::OtherRegion { own, here: region.clone() });
            }
            let rest = arn.resource.strip_prefix("function:").ok_or_else(malformed)?.to_owned();
            (arn.account.ok_or_else(malformed)?, rest)
        } else if let Some((owner, rest)) = text.split_once(":function:") {
            (owner.parse().map_err(|_| malformed())?, rest.to_owned())
        } else {
            (account, text.strip_prefix("function:").unwrap_or(text).to_owned())
        };
        let (name, within) = match rest.split_once(':') {
            Some((name, qualifier)) => (name.to_owned(), Some(qualifier.to_owned())),
            None => (rest, None),
        };
        let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || !name.chars().all(is_letter) {
            return Err(malformed());
        }
        if name.len() > 64 {
            return Err(InvalidName::TooLong(name));
        }
        let qualifier = match (within, beside) {
            (Some(within), Some(beside)) if within != beside => return Err(InvalidName::TwoQualifiers),
            (Some(qualifier), _) => Some(qualifier),
            (None, beside) => beside.map(str::to_owned),
        };
        Ok(FunctionRef { account, region: region.clone(), name, qualifier })
    }

    /// The function that an ARN of one names, in the ARN's own account and region.
    pub fn of_arn(arn: &Arn) -> Option<FunctionRef> {
        FunctionRef::parse(&arn.to_string(), None, arn.account?, arn.region.as_ref()?).ok()
    }

    /// The function's ARN, without the qualifier.
    pub fn arn(&self) -> Arn {
        Arn::new("lambda", &self.region, self.account, format!("function:{}", self.name))
    }

    /// The ARN with the qualifier, if there is one.
    pub fn qualified_arn(&self) -> String {
        match &self.qualifier {
            Some(qualifier) => format!("{}:{qualifier}", self.arn()),
            None => self.arn().to_string(),
        }
    }

    /// What the qualifier means.
    pub fn meant(&self) -> Qualifier {
        self.qualifier.as_deref().map_or(Qualifier::Latest, Qualifier::parse)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str, beside: Option<&str>) -> Result<String, InvalidName> {
        let found = FunctionRef::parse(text, beside, AccountId::DEFAULT, &Region::us_east_1())?;
        Ok(found.qualified_arn())
    }

    #[test]
    fn every_form_of_a_name() {
        let bare = "arn:aws:lambda:us-east-1:000000000000:function:f";
        for (text, beside, expected) in [
            ("f", None, bare.to_owned()),
            ("f:live", None, format!("{bare}:live")),
            ("f", Some("3"), format!("{bare}:3")),
            ("f:3", Some("3"), format!("{bare}:3")),
            ("function:f", None, bare.to_owned()),
            ("000000000000:function:f:$LATEST", None, format!("{bare}:$LATEST")),
            (bare, Some("live"), format!("{bare}:live")),
            ("111111111111:function:f", None, "arn:aws:lambda:us-east-1:111111111111:function:f".to_owned()),
        ] {
            assert_eq!(parse(text, beside).unwrap(), expected, "{text}");
        }
        assert_eq!(parse("f:1", Some("2")), Err(InvalidName::TwoQualifiers));
        for text in ["", "a b", "arn:aws:sqs:us-east-1:000000000000:f", "x:function:f"] {
            assert!(parse(text, None).is_err(), "{text}");
        }
        let elsewhere = "arn:aws:lambda:eu-west-1:000000000000:function:f";
        assert!(matches!(parse(elsewhere, None), Err(InvalidName::OtherRegion { .. })));
        assert_eq!(parse(&"a".repeat(65), None), Err(InvalidName::TooLong("a".repeat(65))));
    }
}
