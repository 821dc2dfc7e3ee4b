use tidegate_types::{AccountId, Arn, Region, Timestamp};

use super::TableAddress;

/// Which backup: its table and its number among that table's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupAddress {
    /// The table, which may be gone.
    pub table: TableAddress,
    /// When it was made and eight digits of chance, as in AWS's ARNs.
    pub id: String,
}

impl BackupAddress {
    /// The address of a backup that is made now.
    pub fn new(table: TableAddress, now: Timestamp, random: u64) -> BackupAddress {
        let id = format!("{:014}-{:08x}", now.as_millis(), random >> 32);
        BackupAddress { table, id }
    }

    /// Its ARN.
    pub fn arn(&self) -> String {
        format!("{}/backup/{}", self.table.arn(), self.id)
    }

    /// The backup of an ARN; none if it is no backup's.
    pub fn parse(text: &str) -> Option<BackupAddress> {
        let arn: Arn = text.parse().ok()?;
        let (name, id) = arn.resource.strip_prefix("table/")?.split_once("/backup/")?;
        let (account, region): (AccountId, Region) = (arn.account?, arn.region.clone()?);
        let whole = arn.service == "dynamodb" && !id.is_empty() && !id.contains('/');
        let table = TableAddress { account, region, name: name.to_owned() };
        whole.then(|| BackupAddress { table, id: id.to_owned() })
    }
}

/// Who made a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackupKind {
    /// A request.
    User,
    /// The deletion of a table that had point-in-time recovery.
    System,
}

impl BackupKind {
    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            BackupKind::User => "USER",
            BackupKind::System => "SYSTEM",
        }
    }
}

/// How far a backup is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackupState {
    /// It is being made.
    Creating,
    /// It has all its items.
    Available,
    /// It could not be made.
    Failed,
}
