//! What an `UpdateTable` may ask for at once: nearly always one thing, as the service's own answers to pairs of
//! parameters show.

use tidegate_api_dynamodb::UpdateTableInput;

use super::throughput::asks_for_warm;
use crate::domain::Misuse;

/// Refuses a request for nothing, and one for things that do not go together.
///
/// # Errors
/// Says which.
pub(crate) fn check(input: &UpdateTableInput) -> Result<(), Misuse> {
    let asked = Asked::of(input);
    let count = asked.count();
    if count == 0 {
        return Err(Misuse::new(
            "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates, SSESpecification, ReplicaUpdates, MultiAccountReplicaReady, ReplicaTransitRoleArn, MultiRegionConsistency, DeletionProtectionEnabled, OnDemandThroughput, WarmThroughput or TableClass is required",
        ));
    }
    let creates = input.global_secondary_index_updates.iter().flatten().any(|update| update.create.is_some());
    let deletes = input.global_secondary_index_updates.iter().flatten().any(|update| update.delete.is_some());
    let only = |what: &str| Misuse::parameter(format!("{what} must be the only operation in the request"));
    let rules = [
        (asked.encryption && count > 1, only("Server-Side Encryption modification")),
        (asked.class && count > 1, only("TableClass modification")),
        (asked.protection && count > 1, only("DeletionProtection modification")),
        (
            asked.warm && creates,
            Misuse::parameter("Create global secondary index cannot be specified when updating WarmThroughput"),
        ),
        (asked.bounds && count > 1 + usize::from(asked.billing), {
            Misuse::parameter("OnDemandThroughput can only be combined with BillingMode in an UpdateTable request")
        }),
        (asked.warm && count > 1 + usize::from(asked.indexes), only("WarmThroughput")),
        (
            asked.stream && (asked.throughput || input.billing_mode.as_deref() == Some("PROVISIONED")),
            Misuse::parameter("You cannot modify stream status while updating table IOPS"),
        ),
        (
            asked.throughput && !asked.billing && (creates || deletes),
            Misuse::parameter("You cannot create or delete index while updating table IOPS"),
        ),
        (
            asked.stream && (creates || deletes),
            Misuse::parameter("You cannot create or delete index while changing stream status"),
        ),
    ];
    match rules.into_iter().find(|(broken, _)| *broken) {
        Some((_, misuse)) => Err(misuse),
        None => check_indexes(input),
    }
}

/// Refuses to let an index serve more at once without saying how much.
fn check_indexes(input: &UpdateTableInput) -> Result<(), Misuse> {
    for update in input.global_secondary_index_updates.iter().flatten().filter_map(|update| update.update.as_ref()) {
        if update.warm_throughput.is_some() && !asks_for_warm(update.warm_throughput.as_ref()) {
            return Err(Misuse::parameter(format!(
                "WarmThroughput must have at least one of ReadUnitsPerSecond or WriteUnitsPerSecond specified for index: {}",
                update.index_name.as_deref().unwrap_or_default()
            )));
        }
    }
    Ok(())
}

/// What a request asks for. Structures without members ask for nothing.
struct Asked {
    throughput: bool,
    billing: bool,
    stream: bool,
    indexes: bool,
    encryption: bool,
    class: bool,
    protection: bool,
    bounds: bool,
    warm: bool,
}

impl Asked {
    fn of(input: &UpdateTableInput) -> Asked {
        let bounds = input.on_demand_throughput.as_ref();
        Asked {
            throughput: input.provisioned_throughput.is_some(),
            billing: input.billing_mode.is_some(),
            stream: input.stream_specification.is_some(),
            indexes: input.global_secondary_index_updates.as_ref().is_some_and(|updates| !updates.is_empty()),
            encryption: input.sse_specification.is_some(),
            class: input.table_class.is_some(),
            protection: input.deletion_protection_enabled.is_some(),
            bounds: bounds
                .is_some_and(|wire| wire.max_read_request_units.is_some() || wire.max_write_request_units.is_some()),
            warm: asks_for_warm(input.warm_throughput.as_ref()),
        }
    }

    fn count(&self) -> usize {
        let Asked { throughput, billing, stream, indexes, encryption, class, protection, bounds, warm } = self;
        // How a table is paid for, and for how much, is one thing.
        let all = [&(*throughput || *billing), stream, indexes, encryption, class, protection, bounds, warm];
        all.into_iter().filter(|asked| **asked).count()
    }
}
