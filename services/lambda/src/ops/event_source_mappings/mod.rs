//! Event source mappings: which queues and streams call which functions.
//!
//! The record says what is wanted. What is done about it is the engine's matter (`tidegate_mapping`), and a
//! mapping's state is what the two say together: there is no state to be kept that could be wrong after a
//! crash.

mod checks;
mod create;
mod delete;
mod following;
mod get;
mod list;
mod tags;
mod update;

pub(crate) use create::create_event_source_mapping;
pub(crate) use delete::{delete_event_source_mapping, delete_mapping};
pub(crate) use following::Following;
pub(crate) use get::get_event_source_mapping;
pub(crate) use list::list_event_source_mappings;
pub(crate) use tags::{change_tags, mapping_of};
pub(crate) use update::update_event_source_mapping;

use std::sync::Arc;

use tidegate_api_lambda::EventSourceMappingConfiguration;
use tidegate_mapping::{LastResult, Phase};
use tidegate_protocol::Call;
use uuid::Uuid;

use crate::error::Error;
use crate::service::Lambda;
use crate::store::MappingRecord;
use crate::wire;

/// The mapping that a request means.
fn known(lambda: &Lambda, call: &Call, uuid: Option<&str>) -> Result<(Uuid, Arc<MappingRecord>), Error> {
    let text = uuid.unwrap_or_default();
    let missing = || Error::NoResource(text.to_owned());
    let id: Uuid = text.parse().map_err(|_| missing())?;
    let record = lambda.following.mappings.get(id).ok_or_else(missing)?;
    if record.account != call.account || record.region != call.region {
        return Err(missing());
    }
    Ok((id, record))
}

/// A mapping as it stands.
fn shown(lambda: &Lambda, id: Uuid, record: &MappingRecord) -> EventSourceMappingConfiguration {
    let standing = lambda.following.standing(id);
    let last = standing.map(|standing| standing.last).unwrap_or_default();
    let phase = standing.map(|standing| standing.phase);
    wire::mapping(id, record, state(record, phase, last), last)
}

fn state(record: &MappingRecord, phase: Option<Phase>, last: LastResult) -> &'static str {
    match phase {
        Some(Phase::Running) if record.settings.enabled => "Enabled",
        // AWS: a mapping whose source is gone stays enabled, and says so in its last result.
        Some(_) if record.settings.enabled && last == LastResult::NoSource => "Enabled",
        Some(Phase::Stopping) if record.settings.enabled => "Updating",
        _ if record.settings.enabled && record.revision == 1 => "Creating",
        _ if record.settings.enabled => "Enabling",
        Some(Phase::Starting | Phase::Running | Phase::Stopping) => "Disabling",
        Some(Phase::Stopped) | None => "Disabled",
    }
}
