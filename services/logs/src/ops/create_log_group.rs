use std::collections::BTreeMap;

use tidegate_api_logs::CreateLogGroupRequest;
use tidegate_protocol::Call;
use tidegate_record::Stored;
use tidegate_store::{Space, Tx};

use super::read_group;
use crate::domain::GroupAddress;
use crate::error::Error;
use crate::service::CloudWatchLogs;
use crate::store::{GroupClass, GroupId, GroupRecord, keys};
use crate::wire;

/// Creates a group.
pub(crate) async fn create_log_group(
    service: &CloudWatchLogs,
    call: &Call,
    input: CreateLogGroupRequest,
) -> Result<(), Error> {
    let address = &service.address(call, input.log_group_name, None)?;
    let record = &GroupRecord {
        id: GroupId(service.env.random_u64()),
        created_at: service.now(),
        retention_days: None,
        class: input.log_group_class.as_deref().map_or(GroupClass::Standard, wire::class),
        kms_key: input.kms_key_id,
        is_protected: input.deletion_protection_enabled.unwrap_or(false),
        tags: input.tags.unwrap_or_default(),
    };
    service
        .transact(&[], async |tx: &mut Tx| {
            if read_group(tx, address).await?.is_some() {
                return Err(Error::GroupExists);
            }
            tx.put(Space::Map, keys::group(address), record.encode());
            Ok(())
        })
        .await?;
    Ok(())
}

/// Creates a group for output that nobody made a group for, unless somebody was faster.
pub(crate) async fn create_group_if_absent(service: &CloudWatchLogs, address: &GroupAddress) -> Result<(), Error> {
    let record = &GroupRecord {
        id: GroupId(service.env.random_u64()),
        created_at: service.now(),
        retention_days: None,
        class: GroupClass::Standard,
        kms_key: None,
        is_protected: false,
        tags: BTreeMap::new(),
    };
    service
        .transact(&[], async |tx: &mut Tx| {
            if read_group(tx, address).await?.is_none() {
                tx.put(Space::Map, keys::group(address), record.encode());
            }
            Ok(())
        })
        .await?;
    Ok(())
}
