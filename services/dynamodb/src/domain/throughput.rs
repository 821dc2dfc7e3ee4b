//! How much a table and each of its global indexes may serve.

use super::{Billing, Index, Table, TableAddress};

/// Provisioned capacity units a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Throughput {
    /// Of reads.
    pub read: u64,
    /// Of writes.
    pub write: u64,
}

/// The most units a second of what is paid for by use, where there is a bound.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OnDemandLimit {
    /// Of reads.
    pub read: Option<u64>,
    /// Of writes.
    pub write: Option<u64>,
}

/// What capacity is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Flow {
    /// Reading.
    Reads,
    /// Writing.
    Writes,
}

impl Table {
    /// How many units a second the table, or a global index of it, serves; `None` if as many as are
    /// asked for.
    pub fn rate(&self, index: Option<&Index>, flow: Flow) -> Option<u64> {
        match self.billing {
            Billing::Provisioned(whole) => {
                let own = index.and_then(|index| index.throughput).unwrap_or(whole);
                Some(if flow == Flow::Reads { own.read } else { own.write })
            }
            Billing::OnDemand => {
                let limit = index.map_or(self.on_demand_limit, |index| index.on_demand_limit);
                if flow == Flow::Reads { limit.read } else { limit.write }
            }
        }
    }
}

/// Why an operation was throttled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Throttled {
    /// Whether what is paid for by use has a bound, rather than having been provisioned.
    pub on_demand: bool,
    /// Whether it is an index that has nothing left.
    pub by_index: bool,
    /// Of what.
    pub flow: Flow,
    /// The ARN of the table or index.
    pub resource: String,
}

impl Throttled {
    /// A table, or an index of it, has nothing left.
    pub fn new(address: &TableAddress, table: &Table, index: Option<&Index>, flow: Flow) -> Throttled {
        let table_arn = address.arn();
        Throttled {
            on_demand: table.billing == Billing::OnDemand,
            by_index: index.is_some(),
            flow,
            resource: index.map_or_else(|| table_arn.to_string(), |index| format!("{table_arn}/index/{}", index.name)),
        }
    }
}
