use super::{IndexKey, IndexSchema, Insights, Item, KeySchema, OnDemandLimit, Throughput};

/// What of an item stands in an index, beside the keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Projected {
    /// Everything.
    All,
    /// Nothing.
    KeysOnly,
    /// These attributes.
    Include(Vec<String>),
}

impl Projected {
    /// The name on the wire.
    pub fn name(&self) -> &'static str {
        match self {
            Projected::All => "ALL",
            Projected::KeysOnly => "KEYS_ONLY",
            Projected::Include(_) => "INCLUDE",
        }
    }
}

/// How far an index is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IndexState {
    /// Items that were there before it are still being added. New writes maintain it already.
    Backfilling,
    /// It holds every item.
    Active,
}

/// A secondary index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// Its number within the table, never used twice.
    pub id: u32,
    /// Its name.
    pub name: String,
    /// Whether it is global; a local one shares the table's partitions.
    pub global: bool,
    /// Its key.
    pub keys: IndexSchema,
    /// What it holds beside keys.
    pub projected: Projected,
    /// How far it is.
    pub state: IndexState,
    /// Its own throughput, if the table's is provisioned.
    pub throughput: Option<Throughput>,
    /// The most it serves while the table is paid for by use.
    pub on_demand_limit: OnDemandLimit,
    /// What it serves at once, if it is global. Shown, without effect.
    pub warm: Throughput,
    /// Its contributor insights, if they were ever switched on.
    pub insights: Option<Insights>,
}

impl Index {
    /// What the index holds of an item, and under which key; nothing if the item lacks an attribute
    /// of the index's key: indexes are sparse.
    pub fn entry(&self, table: &KeySchema, item: &Item) -> Option<(IndexKey, Item)> {
        let key = self.keys.of_indexed(item)?;
        let entry = match &self.projected {
            Projected::All => item.clone(),
            _ => item.iter().filter(|(name, _)| self.holds(table, name)).map(|(n, v)| (n.clone(), v.clone())).collect(),
        };
        Some((key, entry))
    }

    /// Whether the index holds an attribute.
    pub fn holds(&self, table: &KeySchema, name: &str) -> bool {
        let included = match &self.projected {
            Projected::All => true,
            Projected::KeysOnly => false,
            Projected::Include(names) => names.iter().any(|included| included == name),
        };
        included || self.keys.has(name) || table.has(name)
    }
}
