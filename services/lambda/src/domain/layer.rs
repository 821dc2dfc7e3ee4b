//! How requests name layers, and which of them go together.

use tidegate_types::{AccountId, Arn, Region};

use super::MAX_LAYERS;

/// Which layer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LayerName {
    /// Whose.
    pub account: AccountId,
    /// Where.
    pub region: Region,
    /// Its name.
    pub name: String,
}

/// A version of a layer, as a function names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerRef {
    /// Of which layer.
    pub layer: LayerName,
    /// Which one.
    pub version: u64,
}

/// Why a function cannot have the layers that a request names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLayers {
    /// One of them is no ARN of a layer's version.
    #[error("{0} is not the ARN of a layer's version")]
    Malformed(String),
    /// Too many.
    #[error("more than {MAX_LAYERS} layers")]
    TooMany,
    /// One lies elsewhere.
    #[error("a layer lies in another region than {0}")]
    OtherRegion(Region),
    /// Two are of one layer.
    #[error("{0} and {1} are versions of one layer")]
    SameLayer(String, String),
}

impl LayerName {
    /// Reads a name or the ARN of a layer.
    pub fn parse(text: &str, account: AccountId, region: &Region) -> Option<LayerName> {
        let (account, region, name) = match text.starts_with("arn:") {
            true => {
                let arn: Arn = text.parse().ok().filter(|arn: &Arn| arn.service == "lambda")?;
                (arn.account?, arn.region?, arn.resource.strip_prefix("layer:")?.to_owned())
            }
            false => (account, region.clone(), text.to_owned()),
        };
        let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let is_name = (1..=64).contains(&name.len()) && name.chars().all(is_letter);
        is_name.then_some(LayerName { account, region, name })
    }

    /// Its ARN.
    pub fn arn(&self) -> Arn {
        Arn::new("lambda", &self.region, self.account, format!("layer:{}", self.name))
    }

    /// The ARN of one of its versions.
    pub fn version_arn(&self, version: u64) -> String {
        format!("{}:{version}", self.arn())
    }
}

impl LayerRef {
    /// Reads the ARN of a layer's version.
    pub fn parse(text: &str) -> Option<LayerRef> {
        let (layer, version) = text.rsplit_once(':').filter(|_| text.starts_with("arn:"))?;
        let layer = LayerName::parse(layer, AccountId::DEFAULT, &Region::us_east_1())?;
        let version = version.parse().ok().filter(|version| *version > 0)?;
        Some(LayerRef { layer, version })
    }
}

/// Reads the layers of a function that lies in `region`.
///
/// # Errors
/// [`InvalidLayers`].
pub fn layers_of(arns: &[String], region: &Region) -> Result<Vec<LayerRef>, InvalidLayers> {
    if arns.len() > MAX_LAYERS {
        return Err(InvalidLayers::TooMany);
    }
    let mut found: Vec<LayerRef> = Vec::with_capacity(arns.len());
    for arn in arns {
        let layer = LayerRef::parse(arn).ok_or_else(|| InvalidLayers::Malformed(arns.join(", ")))?;
        if layer.layer.region != *region {
            return Err(InvalidLayers::OtherRegion(region.clone()));
        }
        if let Some(same) = found.iter().find(|other| other.layer == layer.layer) {
            return Err(InvalidLayers::SameLayer(same.layer.version_arn(same.version), arn.clone()));
        }
        found.push(layer);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:lambda:us-east-1:000000000000:layer:tools";

    #[test]
    fn names_and_arns() {
        let parse = |text| LayerName::parse(text, AccountId::DEFAULT, &Region::us_east_1());
        assert_eq!(parse("tools").unwrap().arn().to_string(), ARN);
        assert_eq!(parse(ARN), parse("tools"));
        for text in ["", "a b", "arn:aws:lambda:us-east-1:000000000000:function:f", "arn:aws:sqs:us-east-1:0:layer:a"] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(LayerRef::parse(&format!("{ARN}:3")).unwrap().version, 3);
        for text in ["tools:3", ARN, &format!("{ARN}:0"), &format!("{ARN}:x")] {
            assert_eq!(LayerRef::parse(text), None, "{text}");
        }
    }

    #[test]
    fn which_layers_go_together() {
        let check = |arns: &[String]| layers_of(arns, &Region::us_east_1()).map(|found| found.len());
        let (one, two) = (format!("{ARN}:1"), format!("{ARN}:2"));
        assert_eq!(check(&[one.clone(), format!("{ARN}-b:1")]), Ok(2));
        assert_eq!(check(&[one.clone(), two.clone()]), Err(InvalidLayers::SameLayer(one.clone(), two)));
        let six: Vec<String> = (0..6).map(|number| format!("{ARN}-{number}:1")).collect();
        assert_eq!(check(&six), Err(InvalidLayers::TooMany));
        let elsewhere = one.replace("us-east-1", "eu-west-1");
        assert_eq!(check(&[elsewhere]), Err(InvalidLayers::OtherRegion(Region::us_east_1())));
        assert_eq!(check(&["x".to_owned()]), Err(InvalidLayers::Malformed("x".to_owned())));
    }
}
