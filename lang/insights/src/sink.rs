//! What a segment keeps: the best rows, or the groups of a `stats`.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_128;

use crate::aggregate::State;
use crate::expression::{Expression, Scope};
use crate::inputs::Inputs;
use crate::order::directed;
use crate::plan::{Groups, Order};
use crate::row::Row;
use crate::run::{Budget, Overflow};
use crate::value::Value;

/// What is kept of one segment.
#[derive(Debug)]
pub(crate) enum Kept {
    Groups(HashMap<u128, Group>),
    Rows(Best),
}

/// A group of `stats`.
#[derive(Debug)]
pub(crate) struct Group {
    by: Vec<Value>,
    states: Vec<State>,
    number: u64,
}

/// The rows that come first.
#[derive(Debug)]
pub(crate) struct Best {
    order: Arc<Order>,
    limit: usize,
    /// The last of them on top.
    heap: BinaryHeap<Ranked>,
    /// With `dedup`: the first of each.
    distinct: HashMap<u128, Ranked>,
}

#[derive(Debug)]
struct Ranked {
    row: Row,
    order: Arc<Order>,
}

impl Ord for Ranked {
    fn cmp(&self, other: &Ranked) -> Ordering {
        let (one, two) = (&self.row, &other.row);
        match &*self.order {
            Order::Arrival => one.number.cmp(&two.number),
            Order::Newest => two.timestamp_ms().cmp(&one.timestamp_ms()).then(two.number.cmp(&one.number)),
            Order::Keys(descending) => {
                let keys = one.keys.iter().zip(&two.keys).zip(descending);
                let orders = keys.map(|((one, two), descending)| directed(one, two, *descending));
                orders.fold(Ordering::Equal, Ordering::then).then(one.number.cmp(&two.number))
            }
        }
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Ranked) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ranked {
    fn eq(&self, other: &Ranked) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ranked {}

/// A hash of some values; two texts next to each other are not one.
pub(crate) fn key(values: &[Value]) -> u128 {
    let mut bytes = Vec::new();
    for value in values {
        match value.text() {
            None => bytes.push(0),
            Some(text) => {
                bytes.push(1);
                bytes.extend_from_slice(&(text.len() as u64).to_be_bytes());
                bytes.extend_from_slice(text.as_bytes());
            }
        }
    }
    xxh3_128(&bytes)
}

impl Best {
    pub(crate) fn new(order: Order, limit: usize) -> Best {
        Best { order: Arc::new(order), limit, heap: BinaryHeap::new(), distinct: HashMap::new() }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.heap.len() >= self.limit
    }

    pub(crate) fn add(&mut self, row: Row, dedup: &[Value], budget: &mut Budget) -> Result<(), Overflow> {
        let mut ranked = Ranked { row, order: self.order.clone() };
        // Rows without the field that `dedup` asks for are all kept.
        if dedup.is_empty() || dedup.iter().any(Value::is_missing) {
            return self.add_ranked(ranked, budget);
        }
        match self.distinct.get_mut(&key(dedup)) {
            None => {
                ranked.row.compact();
                budget.take(ranked.row.cost())?;
                self.distinct.insert(key(dedup), ranked);
            }
            Some(first) if ranked < *first => {
                ranked.row.compact();
                budget.take(ranked.row.cost())?;
                budget.give(first.row.cost());
                *first = ranked;
            }
            Some(_) => {}
        }
        Ok(())
    }

    fn add_ranked(&mut self, mut ranked: Ranked, budget: &mut Budget) -> Result<(), Overflow> {
        if self.is_full() {
            match self.heap.peek() {
                Some(last) if ranked < *last => budget.give(last.row.cost()),
                _ => return Ok(()),
            }
            self.heap.pop();
        }
        ranked.row.compact();
        budget.take(ranked.row.cost())?;
        self.heap.push(ranked);
        Ok(())
    }

    pub(crate) fn finish(self) -> Vec<Row> {
        let mut rows = self.heap.into_vec();
        rows.extend(self.distinct.into_values());
        rows.sort();
        rows.into_iter().take(self.limit).map(|ranked| ranked.row).collect()
    }
}

/// Adds a row to its group.
pub(crate) fn add_to_group(
    groups: &mut HashMap<u128, Group>,
    plan: &Groups,
    scope: &Scope<'_>,
    budget: &mut Budget,
) -> Result<(), Overflow> {
    let by: Vec<Value> = plan.by.iter().map(|(_, expression)| expression.value(scope)).collect();
    let number = groups.len() as u64;
    let group = match groups.entry(key(&by)) {
        std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
        std::collections::hash_map::Entry::Vacant(entry) => {
            budget.take(size_of::<Group>() + by.iter().map(Value::cost).sum::<usize>())?;
            let states = plan.aggregates.iter().map(|aggregate| aggregate.function.start()).collect();
            entry.insert(Group { by, states, number })
        }
    };
    for (aggregate, state) in plan.aggregates.iter().zip(&mut group.states) {
        let before = state.cost();
        aggregate.add(state, scope);
        budget.give(before);
        budget.take(state.cost())?;
    }
    Ok(())
}

/// The rows of all groups, in the order in which the groups came up.
pub(crate) fn finish_groups(groups: HashMap<u128, Group>, plan: &Groups, inputs: &Inputs, now_ms: i64) -> Vec<Row> {
    let mut groups: Vec<Group> = groups.into_values().collect();
    groups.sort_by_key(|group| group.number);
    let count = |group: &Group, at: usize| plan.aggregates[at].value(&group.states[at]).number().unwrap_or(0.0);
    let total = |at| -> f64 { groups.iter().map(|group| count(group, at)).sum() };
    let totals: Vec<f64> = (0..plan.shares.len()).map(total).collect();
    let finished = groups.into_iter().map(|group| {
        let own: Vec<f64> = totals.iter().enumerate().map(|(at, total)| count(&group, at) / total.max(1.0)).collect();
        let mut row = finish_group(group, plan, inputs, now_ms);
        plan.shares.iter().zip(own).for_each(|(name, share)| row.set(name, Value::Number(share)));
        row
    });
    finished.collect()
}

fn finish_group(group: Group, plan: &Groups, inputs: &Inputs, now_ms: i64) -> Row {
    let named: Vec<(Arc<str>, Value)> = plan.by.iter().map(|(name, _)| name.clone()).zip(group.by).collect();
    let aggregates: Vec<Value> =
        plan.aggregates.iter().zip(&group.states).map(|(aggregate, state)| aggregate.value(state)).collect();
    let mut row = Row::of_group(named, group.number);
    let values: Vec<Value> = {
        let scope = Scope { row: &row, aggregates: &aggregates, inputs, now_ms };
        plan.columns.iter().map(|(_, expression): &(_, Expression)| expression.value(&scope)).collect()
    };
    for ((name, _), value) in plan.columns.iter().zip(values) {
        row.set(name, value);
    }
    row
}
