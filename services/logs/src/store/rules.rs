use tidegate_record::{DecodeError, Reader, Stored, Writer};
use tidegate_types::Timestamp;

use crate::domain::{Masking, indexed_fields, transformer};

/// What a group's owner wants of it: a document of one of the kinds of [`RuleKind`]. Its group and kind are its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleRecord {
    /// The document, as it was given.
    pub document: String,
    /// When there was none before.
    pub created_at: Timestamp,
    /// When it was last written.
    pub updated_at: Timestamp,
}

/// What a rule of a group is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RuleKind {
    /// What is masked.
    DataProtection,
    /// Which fields are indexed.
    FieldIndex,
    /// What events become.
    Transformer,
    /// Who may do what with it.
    ResourcePolicy,
}

impl RuleKind {
    /// All of them.
    pub const ALL: [RuleKind; 4] =
        [RuleKind::DataProtection, RuleKind::FieldIndex, RuleKind::Transformer, RuleKind::ResourcePolicy];

    /// Whether a document of this kind is understood.
    ///
    /// # Errors
    /// What is wrong with it, in words for its owner.
    pub fn check(self, document: &str) -> Result<(), String> {
        match self {
            RuleKind::DataProtection => Masking::parse(document).map(drop),
            RuleKind::FieldIndex => indexed_fields(document).map(drop),
            RuleKind::Transformer => transformer(document).map(drop),
            // Kept and shown.
            RuleKind::ResourcePolicy => Ok(()),
        }
    }

    pub(super) fn number(self) -> u8 {
        match self {
            RuleKind::DataProtection => 1,
            RuleKind::FieldIndex => 2,
            RuleKind::Transformer => 3,
            RuleKind::ResourcePolicy => 4,
        }
    }

    pub(super) fn of_number(number: u8) -> Option<RuleKind> {
        RuleKind::ALL.into_iter().find(|kind| kind.number() == number)
    }
}

impl Stored for RuleRecord {
    const NAME: &'static str = "rule of a log group";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.text(&self.document);
        to.timestamp(self.created_at);
        to.timestamp(self.updated_at);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(RuleRecord { document: from.text()?, created_at: from.timestamp()?, updated_at: from.timestamp()? })
    }
}

/// A policy of an account. Its owner, kind and name are its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountPolicyRecord {
    /// The document, as it was given.
    pub document: String,
    /// Which groups it is about, as its owner wrote it.
    pub criteria: Option<String>,
    /// Where a subscription goes in the end.
    pub target: Option<String>,
    /// When there was none before.
    pub created_at: Timestamp,
    /// When it was last written.
    pub updated_at: Timestamp,
}

impl Stored for AccountPolicyRecord {
    const NAME: &'static str = "logs account policy";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.text(&self.document);
        to.option(self.criteria.as_deref(), Writer::text);
        to.option(self.target.as_deref(), Writer::text);
        to.timestamp(self.created_at);
        to.timestamp(self.updated_at);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(AccountPolicyRecord {
            document: from.text()?,
            criteria: from.option(Reader::text)?,
            target: from.option(Reader::text)?,
            created_at: from.timestamp()?,
            updated_at: from.timestamp()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_record::testing::{assert_golden, assert_round_trip};

    #[test]
    fn golden_bytes() {
        let at = Timestamp::from_millis;
        let rule = RuleRecord { document: "{}".to_owned(), created_at: at(5), updated_at: at(6) };
        assert_golden("01027b7d0506", &rule);
        let policy = AccountPolicyRecord {
            document: "{}".to_owned(),
            criteria: Some("c".to_owned()),
            target: None,
            created_at: at(5),
            updated_at: at(6),
        };
        assert_golden("01027b7d010163000506", &policy);
        assert_round_trip(&AccountPolicyRecord { criteria: None, target: Some("t".to_owned()), ..policy });
        for kind in RuleKind::ALL {
            assert_eq!(RuleKind::of_number(kind.number()), Some(kind));
        }
    }
}
