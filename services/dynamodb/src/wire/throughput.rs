//! Throughput between the wire and the domain: bounds of what is paid for by use, and what is served at once.

use std::fmt;

use tidegate_api_dynamodb::{
    GlobalSecondaryIndexWarmThroughputDescription, OnDemandThroughput, TableWarmThroughputDescription, WarmThroughput,
};

use crate::domain::{Billing, Index, IndexState, Misuse, OnDemandLimit, Table, Throughput};

/// Where AWS explains what a new table that is paid for by use serves at once.
const INITIAL: &str = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html#on-demand-capacity-mode-initial";

/// Whose throughput a request speaks of.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Owner<'a> {
    Table,
    Index(&'a str),
}

impl Owner<'_> {
    /// Its words where bounds of what is paid for by use are spoken of, which have a colon.
    fn with_colon(self) -> String {
        match self {
            Owner::Table => "table".to_owned(),
            Owner::Index(name) => format!("index : {name}"),
        }
    }
}

impl fmt::Display for Owner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Owner::Table => f.write_str("table"),
            Owner::Index(name) => write!(f, "index {name}"),
        }
    }
}

/// The bounds that a request names, each with its name. A structure without any says nothing.
fn bounds(wire: &OnDemandThroughput) -> [(&'static str, Option<i64>); 2] {
    [("MaxReadRequestUnits", wire.max_read_request_units), ("MaxWriteRequestUnits", wire.max_write_request_units)]
}

/// A bound; none if the request takes it away with -1.
fn bound(units: i64) -> Option<Option<u64>> {
    match units {
        -1 => Some(None),
        units => u64::try_from(units).ok().filter(|units| *units > 0).map(Some),
    }
}

fn out_of_range(name: &str, owner: Owner<'_>) -> Misuse {
    let owner = owner.with_colon();
    Misuse::parameter(format!("Requested {name} for OnDemandThroughput for {owner} is outside of valid range"))
}

/// `when` differs between what is new and what is updated, as it does on AWS.
fn provisioned(name: &str, owner: Owner<'_>, when: &str) -> Misuse {
    let owner = match owner {
        Owner::Table => String::new(),
        Owner::Index(_) => format!(" for {}", owner.with_colon()),
    };
    Misuse::parameter(format!("{name} for OnDemandThroughput{owner} cannot be specified when {when}"))
}

/// The bounds of a new table or index. A table cannot be made without bounds by saying -1, an index can.
///
/// # Errors
/// Bounds of nothing, and bounds of what is provisioned.
pub(crate) fn new_limit(
    wire: Option<&OnDemandThroughput>,
    billing: Billing,
    owner: Owner<'_>,
) -> Result<OnDemandLimit, Misuse> {
    let Some(wire) = wire else { return Ok(OnDemandLimit::default()) };
    for (name, units) in bounds(wire) {
        let Some(units) = units else { continue };
        if billing != Billing::OnDemand {
            return Err(provisioned(name, owner, "table BillingMode is PROVISIONED."));
        }
        if bound(units).is_none() || (units == -1 && matches!(owner, Owner::Table)) {
            return Err(out_of_range(name, owner));
        }
    }
    changed_limit(OnDemandLimit::default(), wire, billing, owner)
}

/// The bounds after an update, which leaves those that it does not name; -1 takes one away.
///
/// # Errors
/// As [`new_limit`].
pub(crate) fn changed_limit(
    old: OnDemandLimit,
    wire: &OnDemandThroughput,
    billing: Billing,
    owner: Owner<'_>,
) -> Result<OnDemandLimit, Misuse> {
    let mut new = old;
    for ((name, units), place) in bounds(wire).into_iter().zip([&mut new.read, &mut new.write]) {
        let Some(units) = units else { continue };
        if billing != Billing::OnDemand {
            return Err(provisioned(name, owner, "the table BillingMode is PROVISIONED"));
        }
        *place = bound(units).ok_or_else(|| out_of_range(name, owner))?;
    }
    Ok(new)
}

/// The bounds of a table that is restored.
///
/// # Errors
/// Bounds of nothing.
pub(crate) fn restored_limit(wire: &OnDemandThroughput) -> Result<OnDemandLimit, Misuse> {
    let mut limit = OnDemandLimit::default();
    for ((name, units), place) in bounds(wire).into_iter().zip([&mut limit.read, &mut limit.write]) {
        let Some(units) = units else { continue };
        *place = bound(units).ok_or_else(|| {
            Misuse::new(format!("Invalid Request: Requested {name} for OnDemandThroughput is outside of valid range"))
        })?;
    }
    Ok(limit)
}

/// Bounds as they are shown: those that there are.
pub(crate) fn limit_description(limit: OnDemandLimit) -> Option<OnDemandThroughput> {
    let bound = |units: Option<u64>| units.map(shown);
    let wire =
        OnDemandThroughput { max_read_request_units: bound(limit.read), max_write_request_units: bound(limit.write) };
    (limit != OnDemandLimit::default()).then_some(wire)
}

fn shown(units: u64) -> i64 {
    i64::try_from(units).unwrap_or(i64::MAX)
}

/// What is served at once when a request asks for it to grow from `floor`; `why` says why less than that is refused.
fn grown(
    floor: Throughput,
    wire: &WarmThroughput,
    owner: Owner<'_>,
    why: impl Fn(&str) -> String,
) -> Result<Throughput, Misuse> {
    let unit = |asked: Option<i64>, floor: u64, flow: &str| match asked.map(u64::try_from) {
        None => Ok(floor),
        Some(Ok(asked)) if asked >= floor => Ok(asked),
        Some(_) => Err(Misuse::parameter(format!(
            "Requested {flow}UnitsPerSecond for WarmThroughput for {owner} is lower than {}",
            why(flow)
        ))),
    };
    Ok(Throughput {
        read: unit(wire.read_units_per_second, floor.read, "Read")?,
        write: unit(wire.write_units_per_second, floor.write, "Write")?,
    })
}

/// What a new table or index serves at once.
///
/// # Errors
/// Less than is provisioned, or than what is paid for by use serves from the beginning.
pub(crate) fn new_warm(
    wire: Option<&WarmThroughput>,
    provisioned: Option<Throughput>,
    owner: Owner<'_>,
) -> Result<Throughput, Misuse> {
    let floor = provisioned.unwrap_or(Throughput::INITIAL_ON_DEMAND);
    let Some(wire) = wire else { return Ok(floor) };
    grown(floor, wire, owner, |flow| match provisioned {
        Some(_) => format!("{flow}CapacityUnits of ProvisionedThroughput"),
        None => format!("initial throughput for OnDemand. See: {INITIAL}"),
    })
}

/// What is served at once after an update.
///
/// # Errors
/// Less than before.
pub(crate) fn changed_warm(old: Throughput, wire: &WarmThroughput, owner: Owner<'_>) -> Result<Throughput, Misuse> {
    grown(old, wire, owner, |_| "current WarmThroughput, decreasing WarmThroughput is not supported".to_owned())
}

/// Whether a request asks for anything to be served at once.
pub(crate) fn asks_for_warm(wire: Option<&WarmThroughput>) -> bool {
    wire.is_some_and(|wire| wire.read_units_per_second.is_some() || wire.write_units_per_second.is_some())
}

/// What a table serves at once, as it is shown.
pub(crate) fn warm_description(table: &Table) -> TableWarmThroughputDescription {
    TableWarmThroughputDescription {
        read_units_per_second: Some(shown(table.warm.read)),
        write_units_per_second: Some(shown(table.warm.write)),
        status: Some("ACTIVE".to_owned()),
    }
}

/// The same of a global index. Of one that is being filled it may still grow.
pub(crate) fn index_warm_description(index: &Index) -> GlobalSecondaryIndexWarmThroughputDescription {
    let status = if index.state == IndexState::Active { "ACTIVE" } else { "UPDATING" };
    GlobalSecondaryIndexWarmThroughputDescription {
        read_units_per_second: Some(shown(index.warm.read)),
        write_units_per_second: Some(shown(index.warm.write)),
        status: Some(status.to_owned()),
    }
}
