//! The tags of mappings.

use std::collections::BTreeMap;

use tidegate_protocol::Call;
use tidegate_record::Stored;
use tidegate_store::{Space, Tx};
use tidegate_types::Arn;
use uuid::Uuid;

use super::known;
use crate::error::Error;
use crate::service::Lambda;
use crate::store::{MappingRecord, mapping_key};
use crate::wire;

/// A mapping's id and its tags.
type Tagged = (Uuid, BTreeMap<String, String>);

/// The mapping that a resource's ARN names; `None` if it names something else.
pub(crate) fn mapping_of(lambda: &Lambda, call: &Call, resource: Option<&str>) -> Option<Result<Tagged, Error>> {
    let arn: Arn = resource?.parse().ok()?;
    let uuid = arn.resource.strip_prefix("event-source-mapping:")?;
    Some(known(lambda, call, Some(uuid)).map(|(id, record)| (id, record.tags.clone())))
}

/// Changes a mapping's tags. What it does is not touched, so its revision stays.
pub(crate) async fn change_tags(
    lambda: &Lambda,
    id: Uuid,
    change: impl Fn(&mut BTreeMap<String, String>) + Copy,
) -> Result<(), Error> {
    let key = &mapping_key(id);
    lambda
        .transact(&[], async |tx: &mut Tx| {
            let missing = || Error::NoResource(id.to_string());
            let found = tx.get(Space::Map, key).await?.ok_or_else(missing)?;
            let mut record = MappingRecord::decode(&found.value).map_err(|_| missing())?;
            change(&mut record.tags);
            record.tags = wire::tags(Some(record.tags))?;
            tx.put(Space::Map, key.clone(), record.encode());
            Ok(())
        })
        .await?;
    Ok(())
}
