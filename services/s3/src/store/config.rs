use tidegate_record::{DecodeError, Reader, Stored, Writer};

/// A kind of configuration. The numbers are in keys and never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[allow(missing_docs, reason = "they are called as the operations that set them")]
pub enum ConfigKind {
    Accelerate = 1,
    Acl = 2,
    Analytics = 3,
    Cors = 4,
    Encryption = 5,
    IntelligentTiering = 6,
    Inventory = 7,
    Lifecycle = 8,
    Logging = 9,
    Metrics = 10,
    Notification = 11,
    OwnershipControls = 12,
    /// A JSON document; all others are XML.
    Policy = 13,
    PublicAccessBlock = 14,
    Replication = 15,
    RequestPayment = 16,
    Tagging = 17,
    Website = 18,
    Abac = 19,
}

impl ConfigKind {
    const ALL: [ConfigKind; 19] = [
        ConfigKind::Accelerate,
        ConfigKind::Acl,
        ConfigKind::Analytics,
        ConfigKind::Cors,
        ConfigKind::Encryption,
        ConfigKind::IntelligentTiering,
        ConfigKind::Inventory,
        ConfigKind::Lifecycle,
        ConfigKind::Logging,
        ConfigKind::Metrics,
        ConfigKind::Notification,
        ConfigKind::OwnershipControls,
        ConfigKind::Policy,
        ConfigKind::PublicAccessBlock,
        ConfigKind::Replication,
        ConfigKind::RequestPayment,
        ConfigKind::Tagging,
        ConfigKind::Website,
        ConfigKind::Abac,
    ];
}

impl TryFrom<u8> for ConfigKind {
    type Error = ();

    fn try_from(number: u8) -> Result<ConfigKind, ()> {
        ConfigKind::ALL.into_iter().find(|kind| *kind as u8 == number).ok_or(())
    }
}

/// One of a bucket's configurations.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConfigKey {
    /// Its kind.
    pub kind: ConfigKind,
    /// Which of its kind, where there may be several; empty otherwise.
    pub id: String,
}

impl ConfigKey {
    /// The only one of its kind.
    pub fn of(kind: ConfigKind) -> ConfigKey {
        ConfigKey { kind, id: String::new() }
    }
}

/// A configuration, as the document that its owner sent: S3's schemas only ever grow, and what this release
/// does not understand is kept for one that does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigRecord {
    /// XML, or JSON for a policy.
    pub document: String,
}

impl Stored for ConfigRecord {
    const NAME: &'static str = "configuration of a bucket";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.text(&self.document);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(ConfigRecord { document: from.text()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_record::testing::assert_golden;

    #[test]
    fn golden_bytes() {
        assert_golden("01043c612f3e", &ConfigRecord { document: "<a/>".to_owned() });
    }

    #[test]
    fn kinds_have_the_numbers_they_had() {
        for (place, kind) in ConfigKind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, place + 1);
            assert_eq!(ConfigKind::try_from(kind as u8), Ok(kind));
        }
    }
}
