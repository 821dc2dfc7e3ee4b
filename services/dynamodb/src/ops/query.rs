use tidegate_api_dynamodb::{QUERY_OUTPUT, QueryInput};
use tidegate_protocol::Call;
use tidegate_store::{KeyRange, Order};

use super::reading::{Target, Walk, shown};
use crate::domain::expression::{
    Comparator, Condition, KeyCondition, Placeholders, SortCondition, check_key_condition, from_condition,
    parse_key_condition, unsearchable,
};
use crate::domain::{Item, KeyParts, Misuse};
use crate::error::Error;
use crate::service::DynamoDb;
use crate::store::keys::component;
use crate::wire::{self, ItemsAnswer, Kind, consumed_capacity, inputs};

/// Reads the items of one partition, in order of their sort key.
pub(crate) async fn query(dynamodb: &DynamoDb, call: &Call, mut input: QueryInput) -> Result<ItemsAnswer, Error> {
    let placeholders = inputs::placeholders(
        &[
            ("ProjectionExpression", input.projection_expression.is_some()),
            ("FilterExpression", input.filter_expression.is_some()),
            ("KeyConditionExpression", input.key_condition_expression.is_some()),
        ],
        &[
            ("AttributesToGet", input.attributes_to_get.is_some()),
            ("QueryFilter", input.query_filter.is_some()),
            ("ConditionalOperator", input.conditional_operator.is_some()),
            ("KeyConditions", input.key_conditions.is_some() && input.key_condition_expression.is_some()),
        ],
        input.expression_attribute_names.take(),
        input.expression_attribute_values.take(),
    )?;
    let wanted = Wanted::of(&mut input, &placeholders)?;
    let parameter = if input.query_filter.is_some() { "QueryFilter" } else { "Filter Expression" };
    let filter = inputs::filter(
        input.filter_expression.as_deref(),
        input.query_filter,
        input.conditional_operator.as_deref(),
        &placeholders,
    )?;
    let projected = if input.attributes_to_get.is_some() { "AttributesToGet" } else { "ProjectionExpression" };
    let projection =
        inputs::projection(input.projection_expression.as_deref(), input.attributes_to_get, &placeholders)?;
    let start = input.exclusive_start_key.map(inputs::start_key).transpose()?;
    let known = match dynamodb.table(call, input.table_name.as_deref()) {
        Ok(known) => known,
        // What is wrong for every table is said before that there is none.
        Err(error) if wanted.searches() => return Err(error),
        Err(error) => {
            check_key_condition(&wanted.condition)?;
            return Err(error);
        }
    };
    let consistent = input.consistent_read == Some(true);
    let target = Target::new(&known, input.index_name.as_deref(), consistent)?;
    let condition = wanted.on(target.keys())?;
    projection.iter().try_for_each(|projection| projection.check_scalars(&known.table))?;
    check_filter(filter.as_ref(), target.keys(), parameter)?;
    filter.iter().try_for_each(|filter| filter.check_scalars(&known.table))?;
    placeholders.check_all_used()?;
    let shown = shown(&target, input.select.as_deref(), projection, projected)?;
    let order = if input.scan_index_forward == Some(false) { Order::Descending } else { Order::Ascending };
    let range = range(&target, &condition);
    let limit = input.limit.and_then(|limit| usize::try_from(limit).ok());
    let counts = matches!(shown, super::reading::Shown::Count);
    let mut walk = Walk { target, range, order, limit, filter, shown, consistent };
    if let Some(start) = start {
        check_start(&walk.target, &condition, &start)?;
        walk.start_behind(&start)?;
    }
    let is_single = is_single(&walk.target);
    let mut found = walk.run(dynamodb).await?;
    if is_single {
        found.last = None;
    }
    let wish = input.return_consumed_capacity.as_deref();
    Ok(ItemsAnswer {
        schema: &QUERY_OUTPUT,
        items: (!counts).then_some(found.items),
        count: wire::count(found.count),
        scanned_count: wire::count(found.scanned),
        last_evaluated_key: found.last.map(wire::wire_item),
        consumed_capacity: consumed_capacity(wish, &known.address.name, &found.consumed, Kind::Plain),
    })
}

/// Whether a partition is one item, behind which nothing comes: of a table without a sort key.
fn is_single(target: &Target<'_>) -> bool {
    target.index.is_none() && target.table().keys.sort.is_none()
}

/// Refuses a start key that is none of the sort keys that are wanted, of this partition or of another one, and any
/// where there is nothing to go on to.
fn check_start(target: &Target<'_>, condition: &KeyCondition, start: &Item) -> Result<(), Misuse> {
    let key = target.start(start)?;
    if is_single(target) {
        let shown: Vec<String> = start.iter().map(|(name, value)| format!("{name}=AttributeValue: {value}")).collect();
        return Err(Misuse::new(format!(
            "The provided exclusive start key is invalid: ExclusiveStartKey: {{{}}}",
            shown.join(", ")
        )));
    }
    if condition.sort.is_none() {
        return Ok(());
    }
    let partition = target.keys().partition.iter().filter_map(|part| start.get(&part.name).cloned()).collect();
    let there = KeyCondition { partition, ..condition.clone() };
    if !range(target, &there).contains(&key) {
        return Err(Misuse::new("The provided starting key does not match the range key predicate"));
    }
    match there.partition == condition.partition {
        true => Ok(()),
        false => Err(Misuse::new("The query can return at most one row and cannot be restarted")),
    }
}

/// What a request wants of the keys, before it is known which they are.
struct Wanted {
    condition: Condition,
    /// The attributes that legacy conditions are about, and whether an order of keys is not enough for it.
    searched: Vec<(String, bool)>,
}

impl Wanted {
    fn of(input: &mut QueryInput, placeholders: &Placeholders) -> Result<Wanted, Misuse> {
        if let Some(text) = &input.key_condition_expression {
            return Ok(Wanted { condition: parse_key_condition(text, placeholders)?, searched: Vec::new() });
        }
        let missing = || {
            Misuse::new(
                "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.",
            )
        };
        let conditions = input.key_conditions.take().ok_or_else(missing)?;
        let searches = |condition: &tidegate_api_dynamodb::Condition| {
            condition.comparison_operator.as_deref().is_some_and(|kind| SEARCHING.contains(&kind))
        };
        let searched = conditions.iter().map(|(name, condition)| (name.clone(), searches(condition))).collect();
        let of_no_length = || Misuse::new("Conditions can be of length 1 or 2 only");
        let condition = inputs::legacy_condition(Some(conditions), false)?.ok_or_else(of_no_length)?;
        Ok(Wanted { condition, searched })
    }

    /// Whether an order of keys is not enough for it.
    fn searches(&self) -> bool {
        self.searched.iter().any(|(_, searches)| *searches)
    }

    /// The key condition that this is for these keys.
    fn on(&self, schema: KeyParts<'_>) -> Result<KeyCondition, Misuse> {
        if self.searches() {
            let names: Vec<&str> = self.searched.iter().map(|(name, _)| name.as_str()).collect();
            return Err(unsearchable(&names, schema));
        }
        from_condition(&self.condition, schema)
    }
}

/// The legacy operators that need more than an order of keys.
const SEARCHING: [&str; 6] = ["NULL", "NOT_NULL", "NE", "CONTAINS", "NOT_CONTAINS", "IN"];

fn check_filter(filter: Option<&Condition>, keys: KeyParts<'_>, parameter: &str) -> Result<(), Misuse> {
    let mut key = None;
    if let Some(filter) = filter {
        filter.paths(&mut |path| {
            if keys.has(&path.head) {
                key.get_or_insert(&path.head);
            }
        });
    }
    match key {
        Some(name) => Err(Misuse::new(format!(
            "{parameter} can only contain non-primary key attributes: Primary key attribute: {name}"
        ))),
        None => Ok(()),
    }
}

/// The keys of the items that a key condition wants: one contiguous range.
pub(super) fn range(target: &Target<'_>, condition: &KeyCondition) -> KeyRange {
    let partition = target.place().partition(&condition.partition);
    let partition = condition.before.iter().fold(partition, |range, value| range.bytes(&component(value)));
    let mut range = KeyRange::prefix(partition.as_ref());
    let exactly = |value| KeyRange::prefix(partition.clone().bytes(&component(value)).as_ref());
    match &condition.sort {
        None => {}
        Some(SortCondition::Compare(comparator, value)) => {
            let exactly = exactly(value);
            match comparator {
                Comparator::Equal | Comparator::NotEqual => range = exactly,
                Comparator::Less => range.end = Some(exactly.start),
                Comparator::LessOrEqual => range.end = exactly.end,
                Comparator::Greater => range.start = exactly.end.unwrap_or(range.start),
                Comparator::GreaterOrEqual => range.start = exactly.start,
            }
        }
        Some(SortCondition::Between(low, high)) => {
            range.start = exactly(low).start;
            range.end = exactly(high).end;
        }
        Some(SortCondition::BeginsWith(value)) => {
            range = KeyRange::prefix(partition.clone().bytes_prefix(&component(value)).as_ref());
        }
    }
    range
}
