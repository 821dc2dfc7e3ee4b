//! Consumed capacity, as answers show it.

use std::collections::BTreeMap;

use tidegate_api_dynamodb::{Capacity, ConsumedCapacity};

/// What an operation consumed, in half units.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Consumed {
    /// At the table.
    pub table: u64,
    /// At each index, and whether it is global.
    pub indexes: BTreeMap<String, (bool, u64)>,
}

impl Consumed {
    /// What the table consumed.
    pub(crate) fn of_table(halves: u64) -> Consumed {
        Consumed { table: halves, indexes: BTreeMap::new() }
    }

    /// Adds what an index consumed.
    pub(crate) fn add_index(&mut self, name: &str, global: bool, halves: u64) {
        if halves > 0 {
            self.indexes.entry(name.to_owned()).or_insert((global, 0)).1 += halves;
        }
    }

    /// Adds what another operation on the same table consumed.
    pub(crate) fn add(&mut self, other: &Consumed) {
        self.table += other.table;
        for (name, (global, halves)) in &other.indexes {
            self.add_index(name, *global, *halves);
        }
    }

    /// The same, twice: transactions prepare and commit.
    pub(crate) fn doubled(&self) -> Consumed {
        let mut twice = self.clone();
        twice.add(self);
        twice
    }

    fn total(&self) -> u64 {
        self.table + self.indexes.values().map(|(_, halves)| halves).sum::<u64>()
    }
}

/// Which capacity units a transaction's answer shows beside the sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// None: single operations show the sum alone.
    Plain,
    /// Those of reads.
    Reads,
    /// Those of writes.
    Writes,
}

/// What `ReturnConsumedCapacity` asks for.
pub(crate) fn consumed_capacity(
    wish: Option<&str>,
    table: &str,
    consumed: &Consumed,
    kind: Kind,
) -> Option<ConsumedCapacity> {
    let with_indexes = match wish {
        Some("TOTAL") => false,
        Some("INDEXES") => true,
        _ => return None,
    };
    let units = |halves: u64| halves as f64 / 2.0;
    let of = |wanted: Kind, halves: u64| (kind == wanted).then(|| units(halves));
    let capacity = |halves: u64| Capacity {
        read_capacity_units: of(Kind::Reads, halves),
        write_capacity_units: of(Kind::Writes, halves),
        capacity_units: Some(units(halves)),
    };
    let indexes = |wanted: bool| {
        let chosen = consumed.indexes.iter().filter(|(_, (global, _))| *global == wanted);
        let map: BTreeMap<_, _> = chosen.map(|(name, (_, halves))| (name.clone(), capacity(*halves))).collect();
        (with_indexes && !map.is_empty()).then_some(map)
    };
    let total = consumed.total();
    Some(ConsumedCapacity {
        table_name: Some(table.to_owned()),
        capacity_units: Some(units(total)),
        read_capacity_units: of(Kind::Reads, total),
        write_capacity_units: of(Kind::Writes, total),
        table: with_indexes.then(|| capacity(consumed.table)),
        local_secondary_indexes: indexes(false),
        global_secondary_indexes: indexes(true),
    })
}
