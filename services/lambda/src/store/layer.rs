use tidegate_record::{DecodeError, Reader, Stored, Writer};
use tidegate_types::Timestamp;

use super::PolicyRecord;

/// One version of a layer. Its account, region, layer and number are its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerVersionRecord {
    /// Its number among all of Lambda's, never used again: its zip file lies under that.
    pub id: u64,
    /// When it was published.
    pub created_at: Timestamp,
    /// What its owner says of it.
    pub description: String,
    /// The licence of what is in it.
    pub license: Option<String>,
    /// The runtimes that it is for; all if there are none.
    pub runtimes: Vec<String>,
    /// The architectures that it is for; all if there are none.
    pub architectures: Vec<String>,
    /// Of its zip file.
    pub sha256: [u8; 32],
    /// The bytes of the zip file.
    pub code_size: u64,
    /// The bytes of the files in it.
    pub unzipped_size: u64,
    /// Whether it was deleted: functions that use it go on, nobody else sees it.
    pub is_deleted: bool,
    /// Who else may use it.
    pub policy: Option<PolicyRecord>,
}

impl Stored for LayerVersionRecord {
    const NAME: &'static str = "lambda layer version";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.fixed_u64(self.id);
        to.timestamp(self.created_at);
        to.text(&self.description);
        to.option(self.license.as_deref(), Writer::text);
        to.list(self.runtimes.iter(), |to, runtime| to.text(runtime));
        to.list(self.architectures.iter(), |to, architecture| to.text(architecture));
        to.array(&self.sha256);
        to.varint(self.code_size);
        to.varint(self.unzipped_size);
        to.bool(self.is_deleted);
        to.option(self.policy.as_ref(), |to, policy| policy.write(to));
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(LayerVersionRecord {
            id: from.fixed_u64()?,
            created_at: from.timestamp()?,
            description: from.text()?,
            license: from.option(Reader::text)?,
            runtimes: from.list(Reader::text)?,
            architectures: from.list(Reader::text)?,
            sha256: from.array()?,
            code_size: from.varint()?,
            unzipped_size: from.varint()?,
            is_deleted: from.bool()?,
            policy: from.option(PolicyRecord::read)?,
        })
    }
}

/// What the versions of a layer have in common. It outlives them, as no number is given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LayerRecord {
    /// The number of the version that was published last.
    pub last_version: u64,
}

impl Stored for LayerRecord {
    const NAME: &'static str = "lambda layer";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.varint(self.last_version);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(LayerRecord { last_version: from.varint()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StatementRecord;
    use tidegate_record::testing::{assert_golden, assert_round_trip};

    fn version() -> LayerVersionRecord {
        LayerVersionRecord {
            id: 1,
            created_at: Timestamp::from_millis(5),
            description: "d".to_owned(),
            license: Some("MIT".to_owned()),
            runtimes: vec!["python3.12".to_owned()],
            architectures: Vec::new(),
            sha256: [7; 32],
            code_size: 2,
            unzipped_size: 3,
            is_deleted: false,
            policy: None,
        }
    }

    #[test]
    fn golden_bytes() {
        let sum = "07".repeat(32);
        let hex = format!("010000000000000001 05 0164 01034d4954 01 0a707974686f6e332e3132 00 {sum} 02 03 00 00");
        assert_golden(hex.replace(' ', "").as_str(), &version());
        let statement = StatementRecord { sid: "s".to_owned(), text: "{}".to_owned() };
        let policy = Some(PolicyRecord { revision: "r".to_owned(), statements: vec![statement] });
        assert_round_trip(&LayerVersionRecord { is_deleted: true, policy, license: None, ..version() });
        assert_golden("0107", &LayerRecord { last_version: 7 });
    }
}
