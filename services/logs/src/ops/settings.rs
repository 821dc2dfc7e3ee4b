//! The operations that change one thing about a group.

use tidegate_api_logs::{
    AssociateKmsKeyRequest, DeleteRetentionPolicyRequest, DisassociateKmsKeyRequest,
    PutLogGroupDeletionProtectionRequest, PutRetentionPolicyRequest,
};
use tidegate_protocol::Call;
use tidegate_record::Stored;
use tidegate_store::{Space, Tx};

use super::read_group;
use crate::domain::{GroupAddress, is_retention};
use crate::error::Error;
use crate::service::CloudWatchLogs;
use crate::store::{GroupRecord, keys};
use crate::wire;

/// Changes a group's record.
pub(crate) async fn change(
    service: &CloudWatchLogs,
    address: &GroupAddress,
    change: impl Fn(&mut GroupRecord) -> Result<(), Error>,
) -> Result<(), Error> {
    let change = &change;
    service
        .transact(&[], async |tx: &mut Tx| {
            let mut group = read_group(tx, address).await?.ok_or(Error::NoSuchGroup)?;
            change(&mut group)?;
            tx.put(Space::Map, keys::group(address), group.encode());
            Ok(())
        })
        .await?;
    Ok(())
}

/// From now on the group keeps events for so many days.
pub(crate) async fn put_retention_policy(
    service: &CloudWatchLogs,
    call: &Call,
    input: PutRetentionPolicyRequest,
) -> Result<(), Error> {
    let address = service.address(call, input.log_group_name, None)?;
    let given = input.retention_in_days.unwrap_or_default();
    let days = is_retention(given).ok_or_else(|| Error::Invalid(wire::not_a_retention(given)))?;
    change(service, &address, |group| {
        group.retention_days = Some(days);
        Ok(())
    })
    .await
}

/// From now on the group keeps events for ever.
pub(crate) async fn delete_retention_policy(
    service: &CloudWatchLogs,
    call: &Call,
    input: DeleteRetentionPolicyRequest,
) -> Result<(), Error> {
    let address = service.address(call, input.log_group_name, None)?;
    change(service, &address, |group| {
        group.retention_days = None;
        Ok(())
    })
    .await
}

/// Notes the key by which the group's owner wants it encrypted.
pub(crate) async fn associate_kms_key(
    service: &CloudWatchLogs,
    call: &Call,
    input: AssociateKmsKeyRequest,
) -> Result<(), Error> {
    let address = service.address(call, input.log_group_name, input.resource_identifier)?;
    let key = &input.kms_key_id;
    change(service, &address, |group| {
        group.kms_key.clone_from(key);
        Ok(())
    })
    .await
}

/// Forgets that key.
pub(crate) async fn disassociate_kms_key(
    service: &CloudWatchLogs,
    call: &Call,
    input: DisassociateKmsKeyRequest,
) -> Result<(), Error> {
    let address = service.address(call, input.log_group_name, input.resource_identifier)?;
    change(service, &address, |group| {
        group.kms_key = None;
        Ok(())
    })
    .await
}

/// Whether the group refuses to be deleted.
pub(crate) async fn put_log_group_deletion_protection(
    service: &CloudWatchLogs,
    call: &Call,
    input: PutLogGroupDeletionProtectionRequest,
) -> Result<(), Error> {
    let address = service.address(call, None, input.log_group_identifier)?;
    let is_protected = input.deletion_protection_enabled.unwrap_or(false);
    change(service, &address, |group| {
        group.is_protected = is_protected;
        Ok(())
    })
    .await
}
