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

impl Throughput {
    /// What a new table, or global index, that is paid for by use serves at once.
    pub const INITIAL_ON_DEMAND: Throughput = Throughput { read: 12_000, write: 4_000 };
    /// Nothing.
    pub const NONE: Throughput = Throughput { read: 0, write: 0 };

    /// The larger one of reads and the larger one of writes.
    #[must_use]
    pub fn or_more(self, other: Throughput) -> Throughput {
        Throughput { read: self.read.max(other.read), write: self.write.max(other.write) }
    }
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
    /// Lets what is served at once grow to what the table, and each of its global indexes, may be asked for now.
    /// It never shrinks.
    pub fn grow_warm(&mut self) {
        let initial = Throughput::INITIAL_ON_DEMAND;
        let (whole, on_demand) = match self.billing {
            Billing::OnDemand => (initial, true),
            Billing::Provisioned(whole) => (whole, false),
        };
        self.warm = self.warm.or_more(whole);
        for index in self.indexes.iter_mut().filter(|index| index.global) {
            let own = if on_demand { initial } else { index.throughput.unwrap_or(whole) };
            index.warm = index.warm.or_more(own);
        }
    }

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
