use std::collections::BTreeMap;
use std::fmt;

use tidegate_types::{AccountId, Arn, Region, Timestamp};

use super::{
    Index, IndexState, Insights, Item, KeyPart, KeySchema, Misuse, OnDemandLimit, Recovery, Restored, Stream,
    Throughput, Value,
};

/// Where a table is and what it is called.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TableAddress {
    /// Whose it is.
    pub account: AccountId,
    /// Where it is.
    pub region: Region,
    /// What it is called.
    pub name: String,
}

impl TableAddress {
    /// Its ARN.
    pub fn arn(&self) -> Arn {
        Arn::new("dynamodb", &self.region, self.account, format!("table/{}", self.name))
    }

    /// The table that a request names, by its name or its ARN.
    ///
    /// # Errors
    /// A text that is neither.
    pub fn parse(text: &str, account: AccountId, region: &Region) -> Result<TableAddress, Misuse> {
        if text.starts_with("arn:")
            && let Ok(arn) = text.parse::<Arn>()
        {
            let name = arn.resource.strip_prefix("table/").filter(|name| !name.contains('/'));
            if let ("dynamodb", Some(name), Some(account), Some(region)) =
                (arn.service.as_str(), name, arn.account, arn.region.clone())
            {
                check_table_name(name)?;
                return Ok(TableAddress { account, region, name: name.to_owned() });
            }
        }
        check_table_name(text)?;
        Ok(TableAddress { account, region: region.clone(), name: text.to_owned() })
    }
}

/// The ARN.
impl fmt::Display for TableAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.arn(), f)
    }
}

/// Refuses what cannot be a table's name.
///
/// # Errors
/// A wrong length, or a character that cannot be in it.
pub fn check_table_name(name: &str) -> Result<(), Misuse> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    let demands = [
        (name.bytes().all(fits), "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"),
        (name.len() >= 3, "Member must have length greater than or equal to 3"),
        (name.len() <= 255, "Member must have length less than or equal to 255"),
    ];
    let broken = demands.iter().filter(|(holds, _)| !holds);
    let broken: Vec<String> = broken
        .map(|(_, demand)| format!("Value '{name}' at 'tableName' failed to satisfy constraint: {demand}"))
        .collect();
    match broken.len() {
        0 => Ok(()),
        1 => Err(Misuse::new(format!("1 validation error detected: {}", broken[0]))),
        count => Err(Misuse::new(format!("{count} validation errors detected: {}", broken.join("; ")))),
    }
}

/// How a table is paid for, and, where throughput is enforced, what it serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Billing {
    /// For what is used.
    OnDemand,
    /// For what is provisioned.
    Provisioned(Throughput),
}

impl Billing {
    /// What is provisioned, if anything is.
    pub fn provisioned(self) -> Option<Throughput> {
        match self {
            Billing::OnDemand => None,
            Billing::Provisioned(throughput) => Some(throughput),
        }
    }
}

/// The time to live of items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ttl {
    /// The number of this time to live among the table's indexes: its expiries lie under it, apart
    /// from those of an earlier one that are still being swept.
    pub id: u32,
    /// The attribute with the second in which an item expires.
    pub attribute: String,
    /// Whether the items that were there before are still being entered by their expiry.
    pub state: IndexState,
}

/// Encryption settings; stored without effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encryption {
    /// The KMS key, if one was named.
    pub key: Option<String>,
}

/// A table: everything but its items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The number under which its items lie; a table of the same name that comes later has another.
    pub id: u64,
    /// When it was created.
    pub created_at: Timestamp,
    /// Its key.
    pub keys: KeySchema,
    /// The attributes that are part of any key.
    pub definitions: Vec<KeyPart>,
    /// Its secondary indexes, in the order in which they were added.
    pub indexes: Vec<Index>,
    /// The number of the next index.
    pub next_index: u32,
    /// How it is paid for.
    pub billing: Billing,
    /// The most it serves while it is paid for by use.
    pub on_demand_limit: OnDemandLimit,
    /// What it serves at once. Shown, without effect.
    pub warm: Throughput,
    /// When the billing last became on-demand.
    pub on_demand_since: Option<Timestamp>,
    /// Its stream, while one is enabled.
    pub stream: Option<Stream>,
    /// Its time to live, while that is enabled.
    pub ttl: Option<Ttl>,
    /// Whether deleting it is refused.
    pub deletion_protection: bool,
    /// Its class, if one was named.
    pub class: Option<String>,
    /// Its encryption, if it was set.
    pub encryption: Option<Encryption>,
    /// Its resource policy and the policy's revision.
    pub policy: Option<(String, String)>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Its point-in-time recovery, while that is enabled.
    pub recovery: Option<Recovery>,
    /// The journals of backups that are under way: every change goes into each.
    pub copies: Vec<u64>,
    /// What it was restored from, if it was.
    pub restored: Option<Restored>,
    /// Its contributor insights, if they were ever switched on.
    pub insights: Option<Insights>,
}

impl Table {
    /// Whether its items are still being restored.
    pub fn is_restoring(&self) -> bool {
        self.restored.as_ref().is_some_and(|restored| restored.in_progress)
    }

    /// The logs that hold each change with the item as it was before.
    pub fn journals(&self) -> impl Iterator<Item = u64> {
        self.recovery.iter().map(|recovery| recovery.journal).chain(self.copies.iter().copied())
    }

    /// The index of this name.
    pub fn index(&self, name: &str) -> Option<&Index> {
        self.indexes.iter().find(|index| index.name == name)
    }

    /// Whether its item collections are bounded: AWS keeps one with its entries in local indexes together.
    pub fn bounds_collections(&self) -> bool {
        self.indexes.iter().any(|index| !index.global)
    }

    /// The second in which an item expires, if it does.
    pub fn expiry(&self, item: &Item) -> Option<u64> {
        let Some(Value::N(number)) = item.get(&self.ttl.as_ref()?.attribute) else { return None };
        u64::try_from(number.whole_part()?).ok().filter(|second| *second > 0)
    }
}
