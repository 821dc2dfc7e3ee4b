//! Selections. A condition that names partition keys reads their ranges one after the other, any other
//! one passes over the whole table; the whole condition is then the filter, so that nothing depends on
//! how much of it the ranges already say.

use tidegate_store::{KeyRange, Order, Snapshot};
use xxhash_rust::xxh3::xxh3_64;

use super::super::get_item::read;
use super::super::query::range;
use super::super::reading::{Shown, Target, Walk, shown};
use super::token::{Position, position, token};
use crate::domain::expression::{Condition, Element, KeyCondition, Path, Projection, holds};
use crate::domain::partiql::{Read, Selection, selection};
use crate::domain::{Item, Key, KeyParts, Misuse, item_size, read_units};
use crate::error::Error;
use crate::service::DynamoDb;
use crate::store::{Known, keys::component};
use crate::wire::Consumed;

/// The most partitions of one selection.
const MAX_PARTITIONS: usize = 50;

/// What a request asks for beside its statement.
pub(crate) struct Wish<'a> {
    pub consistent: bool,
    pub limit: Option<usize>,
    pub token: Option<&'a str>,
}

/// What a selection found.
#[derive(Default)]
pub(crate) struct Found {
    pub items: Vec<Item>,
    /// Where the next page goes on; absent at the end.
    pub next: Option<(String, Item)>,
    pub consumed: Consumed,
}

/// Carries out a selection.
pub(crate) async fn select(
    dynamodb: &DynamoDb,
    known: &Known,
    statement: &Read,
    wish: &Wish<'_>,
) -> Result<Found, Error> {
    let digest = xxh3_64(format!("{statement:?}").as_bytes());
    let place = Place::new(known, statement, wish.consistent)?;
    let (ranges, order) = place.ranges(statement)?;
    let mut from = wish.token.map(|token| position(digest, token)).transpose()?;
    let skipped = from.as_ref().map_or(0, |position| position.partition as usize);
    let (mut found, mut scanned) = (Found::default(), 0);
    for (index, range) in ranges.iter().enumerate().skip(skipped) {
        let limit = wish.limit.map(|limit| limit - scanned);
        let mut walk = place.walk(statement, range.clone(), order, limit)?;
        if let Some(position) = from.take() {
            walk.start_behind(&position.last).map_err(|_| Misuse::new("Invalid NextToken"))?;
        }
        let page = walk.run(dynamodb).await?;
        scanned += page.scanned;
        found.consumed.add(&page.consumed);
        found.items.extend(page.items.into_iter().map(|item| projected(item.into_item(), statement.paths.as_deref())));
        if let Some(last) = page.last {
            let partition = u32::try_from(index).unwrap_or(u32::MAX);
            let next = token(digest, &Position { partition, last: last.clone() });
            found.next = Some((next, last));
            break;
        }
    }
    Ok(found)
}

/// Reads the one item that a statement names, in a view; nothing if its condition does not hold.
pub(crate) async fn one(
    dynamodb: &DynamoDb,
    view: &dyn Snapshot,
    known: &Known,
    statement: &Read,
    key: &Key,
    consistent: bool,
) -> Result<(Option<Item>, Consumed), Error> {
    dynamodb.admit_read(known, None)?;
    let item = read(view, &known.table, key).await?;
    let consumed = Consumed::of_table(read_units(item.as_ref().map_or(0, item_size), consistent));
    dynamodb.charge_read(known, &consumed)?;
    let fits = |item: &Item| statement.condition.as_ref().is_none_or(|condition| holds(condition, item));
    let item = item.filter(fits).map(|item| projected(item, statement.paths.as_deref()));
    Ok((item, consumed))
}

/// What a selection shows of an item: each path under its last name.
fn projected(item: Item, paths: Option<&[Path]>) -> Item {
    let Some(paths) = paths else { return item };
    let named = paths.iter().enumerate().filter_map(|(index, path)| {
        let name = match path.rest.last() {
            None => path.head.clone(),
            Some(Element::Field(name)) => name.clone(),
            // PartiQL numbers what has no name.
            Some(Element::Index(_)) => format!("_{}", index + 1),
        };
        Some((name, path.of(&item)?.clone()))
    });
    named.collect()
}

/// Refuses an index with a composite key: PartiQL reads none, whatever AWS's words about tables say.
pub(crate) fn check_index(known: &Known, statement: &Read) -> Result<(), Misuse> {
    let index = statement.index.as_deref().and_then(|name| known.table.index(name));
    if index.is_some_and(|index| index.keys.as_parts().is_composite()) {
        return Err(Misuse::new(
            "PartiQL statements cannot be executed on tables with multi-attribute HASH keys or multi-attribute RANGE keys.",
        ));
    }
    Ok(())
}

/// What is read from.
struct Place<'a> {
    known: &'a Known,
    index: Option<&'a str>,
    consistent: bool,
    keys: KeyParts<'a>,
}

impl<'a> Place<'a> {
    fn new(known: &'a Known, statement: &'a Read, consistent: bool) -> Result<Place<'a>, Misuse> {
        check_index(known, statement)?;
        let index = statement.index.as_deref();
        if let Some(name) = index {
            let found = known.table.index(name);
            let found = found.ok_or_else(|| Misuse::new("The table does not have the specified index"))?;
            if found.global && consistent {
                return Err(Misuse::new("Strongly consistent read is not supported on Global Secondary Indexes"));
            }
        }
        let keys = Target::new(known, index, consistent)?.keys();
        Ok(Place { known, index, consistent, keys })
    }

    /// The ranges that hold everything that a statement can find, and in which order each is read.
    fn ranges(&self, statement: &Read) -> Result<(Vec<KeyRange>, Order), Misuse> {
        let target = Target::new(self.known, self.index, self.consistent)?;
        let selected = selection(statement.condition.as_ref(), self.keys);
        check_order(statement, selected.as_ref(), self.keys)?;
        let Some(Selection { mut partitions, sort }) = selected else {
            return Ok((vec![KeyRange::prefix(&target.place().all())], Order::Ascending));
        };
        if partitions.len() > MAX_PARTITIONS {
            return Err(Misuse::new(format!(
                "The IN operator is provided with too many operands; number of operands: {}",
                partitions.len()
            )));
        }
        if partitions.iter().any(|value| value.kind() != self.keys.partition[0].kind) {
            return Err(Misuse::parameter("Condition parameter type does not match schema type"));
        }
        self.check_filter(statement.condition.as_ref())?;
        let mut order = Order::Ascending;
        for (path, descending) in &statement.order {
            if path.head == self.keys.partition[0].name {
                partitions.sort_by_key(component);
                if *descending {
                    partitions.reverse();
                }
            } else if *descending {
                order = Order::Descending;
            }
        }
        let range = |partition| {
            range(&target, &KeyCondition { partition: vec![partition], before: Vec::new(), sort: sort.clone() })
        };
        Ok((partitions.into_iter().map(range).collect(), order))
    }

    /// A filter beside a key may ask only for what an index holds; a pass over the whole index finds
    /// nothing of it instead.
    fn check_filter(&self, condition: Option<&Condition>) -> Result<(), Misuse> {
        let (Some(index), Some(condition)) = (self.index.and_then(|name| self.known.table.index(name)), condition)
        else {
            return Ok(());
        };
        let mut lacking: Vec<&str> = Vec::new();
        condition.paths(&mut |path| {
            if !index.holds(&self.known.table.keys, &path.head) && !lacking.contains(&path.head.as_str()) {
                lacking.push(&path.head);
            }
        });
        if lacking.is_empty() {
            return Ok(());
        }
        Err(Misuse::parameter(format!(
            "Secondary index {} does not project one or more filter attributes: [{}]",
            index.name,
            lacking.join(", ")
        )))
    }

    fn walk(&self, statement: &Read, range: KeyRange, order: Order, limit: Option<usize>) -> Result<Walk<'a>, Misuse> {
        let target = Target::new(self.known, self.index, self.consistent)?;
        let heads = statement.paths.as_ref().map(|paths| paths.iter().map(|path| path.head.clone()));
        let projection = heads.map(Projection::of_attributes);
        let shown: Shown = shown(&target, None, projection, "ProjectionExpression")?;
        let filter = statement.condition.clone();
        Ok(Walk { target, range, order, limit, filter, shown, consistent: self.consistent })
    }
}

fn check_order(statement: &Read, selected: Option<&Selection>, keys: KeyParts<'_>) -> Result<(), Misuse> {
    if statement.order.is_empty() {
        return Ok(());
    }
    if statement.condition.is_none() {
        return Err(Misuse::new("Must have WHERE clause in the statement when using ORDER BY clause."));
    }
    let Some(selected) = selected else {
        return Err(Misuse::new(
            "Must have at least one non-optional hash key condition in WHERE clause when using ORDER BY clause.",
        ));
    };
    if let Some((path, _)) = statement.order.iter().find(|(path, _)| !path.rest.is_empty() || !keys.has(&path.head)) {
        return Err(Misuse::new(format!(
            "Variable reference {} in ORDER BY clause must be part of the primary key",
            path.head
        )));
    }
    let by_partition = statement.order.iter().any(|(path, _)| path.head == keys.partition[0].name);
    if selected.partitions.len() > 1 && !by_partition {
        return Err(Misuse::new(
            "Must have hash key in ORDER BY clause when more than one hash key condition specified in WHERE clause.",
        ));
    }
    Ok(())
}
